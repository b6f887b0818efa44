"""What a plan holds: changes that were checked, and what is known of them and of the load behind them."""

from __future__ import annotations

import uuid
from collections.abc import Collection, Iterator, Mapping
from dataclasses import asdict, dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.answered import Sent, planned
from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit, Row
from taskframe.changes.places import among
from taskframe.engine.transport import build_request
from taskframe.files.saved import changes_payload
from taskframe.guard import confirmation, open_risk, unseen
from taskframe.load import Load
from taskframe.people import People
from taskframe.preview.views import PlanView
from taskframe.problem import Problem, problems_frame
from taskframe.schema import Schema
from taskframe.services.base import Call, Source
from taskframe.shifts import shifts_of

if TYPE_CHECKING:
    from taskframe.connection import Connection
    from taskframe.frame import TaskFrame


def new_id() -> str:
    """The id of a new plan."""
    return uuid.uuid4().hex[:16]


@dataclass(frozen=True, repr=False)
class Contents:
    """What a plan holds.

    A plan from a file has no frame behind it. It holds what it takes of one: `_strangers`, by column the assignees that
    the load had not, and `_identified`, task id → identifier of the tasks with problems.
    """

    _load: Load
    _changes: Changes
    _problems: tuple[Problem, ...] = ()
    _warnings: tuple[str, ...] = ()
    _ignored: tuple[str, ...] = ()
    _notes: tuple[str, ...] = ()
    _connection: Connection | None = None
    _frame: TaskFrame | None = None
    id: str = field(default_factory=new_id)
    parent: str | None = None
    _hint: str = ""
    _strangers: Mapping[str, Collection[str]] = field(default_factory=dict)
    _identified: Mapping[str, str] = field(default_factory=dict)

    def __len__(self) -> int:
        return len(self._changes.ids)

    def __bool__(self) -> bool:
        return len(self) > 0

    @property
    def changes(self) -> pd.DataFrame:
        """A row a changed cell: id, column (text), before, after (objects in normal form; None for null)."""
        return self._changes.frame()

    @property
    def problems(self) -> pd.DataFrame:
        """A row a problem: id, column, value, problem, line. `apply` refuses while there is any."""
        return problems_frame(self._problems)

    @property
    def load(self) -> Load:
        """The load that the changes were compared with."""
        return self._load

    @property
    def schema(self) -> Schema:
        """The columns of that load."""
        return self._load.schema

    @cached_property
    def confirmation(self) -> tuple[int | None, str]:
        """The number of tasks that `apply` wants to be told, and why; None when it wants none."""
        return confirmation(self._changes, self._load)

    @property
    def connection(self) -> Connection | None:
        """What it is applied over."""
        return self._connection

    def parts(self, size: int) -> Iterator[Changes]:
        """The changes, `size` tasks at a time."""
        return self._changes.parts(size)

    @property
    def source(self) -> Source:
        """Where that load came from."""
        return self._load.source

    @property
    def frame(self) -> TaskFrame | None:
        """The frame that follows when the plan is applied; None for a plan from a file."""
        return self._frame

    @property
    def _people(self) -> People:
        return self._connection.known if self._connection else People(self._load.people)

    def edits(self) -> Iterator[Edit]:
        """One edit a task."""
        return self._changes.edits()

    def sent(self, ids: list[str], but: Mapping[str, Row]) -> dict[str, Sent]:
        """By column, the cells of these tasks that were to be sent; of the tasks in `but` only those cells."""
        return planned(self._changes, ids, but)

    @property
    def base(self) -> pd.DataFrame:
        """The whole row, as loaded, of each task that would change (index: the ids)."""
        return self._changes.base

    @property
    def warnings(self) -> tuple[str, ...]:
        """What is worth knowing and no obstacle: edits in read-only columns."""
        return self._warnings

    @property
    def ignored(self) -> tuple[str, ...]:
        """The columns that the service does not know: nothing in them counts."""
        return self._ignored

    @property
    def notes(self) -> tuple[str, ...]:
        """What the preview notes: of the load, and of how the edits were read."""
        return (*self._load.notes, *self._notes)

    def requests(self) -> Iterator[dict[str, Any]]:
        """The calls of the first attempt, one after another: method, url, json. No secrets."""
        for call in self._calls():  # the very ones that are sent, but for who we are
            request = build_request(self._load.source.base_url, call, {})
            yield {"method": request.method, "url": request.url, "json": call.json}

    @cached_property
    def calls(self) -> int:
        """How many calls the first attempt takes."""
        return sum(1 for _ in self._calls())

    def _calls(self) -> Iterator[Call]:
        for edit in self._changes.edits():
            yield from self._load.service.calls(edit, self._load.catalogue)

    @property
    def payload(self) -> dict[str, Any]:
        """The plan as plain JSON, for files."""
        return {**self.head, "changes": changes_payload(self._changes)}

    @property
    def head(self) -> dict[str, Any]:
        """The same without the changes."""
        return {
            "id": self.id,
            "parent": self.parent,
            "load": self._load.to_json(),
            "problems": [{**asdict(p), "value": _json(p.value)} for p in self._problems],
            "identifiers": self._identifiers(),
            "strangers": {name: sorted(counts) for name, counts in self._unseen().items()},
            "warnings": list(self._warnings),
            "ignored": list(self._ignored),
            "notes": list(self._notes),
        }

    @cached_property
    def view(self) -> PlanView:
        """What the preview shows."""
        number, why = self.confirmation
        seconds_for = self._connection.seconds_for if self._connection else None
        return PlanView(
            service=self._load.service.label,
            source=self._load.place,
            loaded_at=self._load.loaded_at,
            complete=self._load.complete,
            filters=self._load.filters,
            limited=self._load.limited,
            changes=self._changes,
            schema=self._load.schema,
            calls=self.calls,
            problems=self._problems,
            warnings=self._warnings,
            ignored=self._ignored,
            notes=self.notes,
            unseen=self._unseen(),
            names=self._people.names,
            identifiers=self._identifiers(),
            seconds=seconds_for(self.calls) if seconds_for else None,
            shifts=() if self._frame is None else tuple(shifts_of(self._changes, self._everything, self.schema)),
            open_risk=open_risk(len(self), self.calls, self._load, seconds_for),
            confirm=number,
            confirm_why=why,
            hint="nothing that can be sent: see the warnings" if self._warnings else self._hint,
        )

    @property
    def _everything(self) -> pd.DataFrame:
        """All tasks of the load; in a plan from a file, which does not hold them, the plan's own."""
        return self.base if self._frame is None else self._frame.baseline.frame

    def _unseen(self) -> Mapping[str, Mapping[str, int]]:
        """Column → {assignee: cells}, of those that neither the load nor the connection ever had."""
        people = set(self._people.ids)
        return unseen(self._changes, self._load.schema, lambda column: people | self._assignees(column))

    def _assignees(self, column: str) -> set[Any]:
        """Everybody who had a task in the load; a plan from a file holds those of its own tasks, and of its changes."""
        if self._frame is not None:
            return set(self._frame.baseline.frame[column].dropna().unique())
        strangers = set(self._strangers.get(column, ()))
        return set(self._changes.columns[column].after) - strangers

    def _identifiers(self) -> Mapping[str, str]:
        """Task id → identifier, of the tasks with problems; a plan from a file holds those."""
        column = self._load.schema.role("identifier")
        if column is None or self._frame is None or column.name not in self._frame.baseline.frame:
            return self._identified
        names = self._frame.baseline.frame[column.name]
        found = names[among(names.index, [p.id for p in self._problems])].dropna()
        return dict(zip(map(str, found.index.tolist()), map(str, found.tolist()), strict=True))


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)
