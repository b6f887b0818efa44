"""A plan: changes that were checked; to be looked at, narrowed, saved and applied."""

from __future__ import annotations

import os
import uuid
from collections.abc import Collection, Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.changes.diff import Diff, listed
from taskframe.changes.edit import Edit, Row
from taskframe.engine.applying import OnConflict
from taskframe.engine.decider import check_on_conflict
from taskframe.engine.transport import build_request
from taskframe.engine.verifying import Verify, way_of
from taskframe.errors import ConfirmationNeeded, PlanError, SettingsError, did_you_mean
from taskframe.files.saved import changes_payload, write_document
from taskframe.guard import confirmation, open_risk, unseen
from taskframe.load import Load
from taskframe.people import People
from taskframe.pictures import plan_picture
from taskframe.preview.html import plan_html
from taskframe.preview.text import plan_text
from taskframe.preview.views import PlanView
from taskframe.problem import Problem, problems_frame
from taskframe.schema import Schema
from taskframe.services.base import Call, Source
from taskframe.shifts import shifts_of

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from taskframe.connection import Connection
    from taskframe.frame import TaskFrame
    from taskframe.report import Report


def _new_id() -> str:
    return uuid.uuid4().hex[:16]


@dataclass(frozen=True, repr=False)
class Plan:
    """Changes that were checked. Frozen: `select`, `drop` and `drop_problems` give new plans.

    In Jupyter it shows as its preview; `print(plan)` gives the same as text. `len(plan)` counts tasks.
    """

    _load: Load
    _changes: Changes
    _problems: tuple[Problem, ...] = ()
    _warnings: tuple[str, ...] = ()
    _ignored: tuple[str, ...] = ()
    _notes: tuple[str, ...] = ()
    _connection: Connection | None = None
    _frame: TaskFrame | None = None
    id: str = field(default_factory=_new_id)
    parent: str | None = None
    _hint: str = ""
    _strangers: Mapping[str, Collection[str]] | None = None
    _identified: Mapping[str, str] = field(default_factory=dict)

    @classmethod
    def of(cls, diff: Diff, load: Load, *, connection: Connection | None, frame: TaskFrame | None, **more: Any) -> Plan:
        """A plan of what was edited; checks what no single column can tell."""
        plan = cls(
            load,
            diff.changes,
            diff.problems,
            diff.warnings,
            diff.ignored,
            diff.notes,
            _connection=connection,
            _frame=frame,
            **more,
        )
        found = [p for edit in diff.changes.edits() for p in load.service.check(edit, load.catalogue)]
        if not found:
            return plan
        bad = {(p.id, p.column) for p in found}
        rows = {task for task, column in bad if column is None}
        keep = {
            name: ~pd.Series(list(diff.changes.ids[c.rows]))
            .map(lambda t, n=name: t in rows or (t, n) in bad)
            .to_numpy()
            for name, c in diff.changes.columns.items()
        }
        found = [replace(p, line=diff.lines.get(str(p.id))) for p in found]
        problems = sorted((*diff.problems, *found), key=lambda p: p.line or 0)
        return replace(plan, _changes=diff.changes.keep(keep), _problems=tuple(problems))

    def __len__(self) -> int:
        return len(self._changes.ids)

    def __bool__(self) -> bool:
        return len(self) > 0

    def __repr__(self) -> str:
        return self.text()

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """The preview as text, at most `width` columns wide; `colour` is for terminals."""
        return plan_text(self._view, width=width, colour=colour)

    def _repr_html_(self) -> str:
        return plan_html(self._view)

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

    @property
    def confirmation(self) -> tuple[int | None, str]:
        """The number of tasks that `apply` wants to be told, and why; None when it wants none."""
        return self._confirmation

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

    def sent(self, ids: Collection[str]) -> dict[str, Row]:
        """Of these tasks: the cells that were to be sent."""
        return {str(t): after for t, after in zip(self._changes.ids, self._changes.after(), strict=True) if t in ids}

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
        for call in self._calls():
            request = build_request(
                self._load.source.base_url, call, {}
            )  # the very one that is sent, but for who we are
            yield {"method": request.method, "url": request.url, "json": call.json}

    def hinted(self, hint: str) -> Plan:
        """The same, with what to say when there is nothing to do."""
        return replace(self, _hint=hint)

    @cached_property
    def calls(self) -> int:
        """How many calls the first attempt takes."""
        return sum(1 for _ in self._calls())

    def _calls(self) -> Iterator[Call]:
        for edit in self._changes.edits():
            yield from self._load.service.calls(edit, self._load.catalogue)

    def plot(self, by: str = "assignee", *, column: str | None = None) -> Axes:
        """Bars of tasks per assignee, before and after this plan; gives matplotlib's Axes.

        `by` may be "status" or "priority", too; `column` names any column, such as another kind of assignee. Counted
        are all tasks of the load; in a plan from a file, which does not hold them, the plan's own. Needs the extra
        `plot`.
        Raises PlanError for a `by` that the service has not, SettingsError for a column that there is not.
        """
        everything = self.base if self._frame is None else self._frame.baseline.frame
        return plan_picture(self._changes, everything, self.schema, self._people.names, by, column)

    # narrowing

    def select(
        self,
        *,
        ids: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        cells: pd.DataFrame | None = None,
    ) -> Plan:
        """A plan of only these tasks, columns and cells (rows of `.changes` or `.problems`)."""
        return self._narrowed(ids, columns, cells, inside=True)

    def drop(
        self,
        *,
        ids: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        cells: pd.DataFrame | None = None,
    ) -> Plan:
        """A plan without these tasks, columns or cells (rows of `.changes` or `.problems`).

        Given several, only what is in all of them is dropped: `drop(ids=["a"], columns=["title"])` drops one cell.
        """
        if ids is None and columns is None and cells is None:
            raise PlanError("drop what? name ids=, columns= or cells=")
        return self._narrowed(ids, columns, cells, inside=False)

    def drop_problems(self) -> Plan:
        """A plan of what is fine as it is, of cells and rows."""
        return self._with(self._changes, ())

    def again(self, ids: Collection[str], *, parent: str) -> Plan:
        """A plan of the same changes of only these tasks, as a child of the run `parent`."""
        changes = self._changes.keep(self._changes.masks(ids=ids))
        notes = (*self._notes, f"what run {parent} left")
        return replace(self, _changes=changes, _problems=(), _notes=notes, id=_new_id(), parent=parent)

    def after(
        self, changes: Changes, *, parent: str, problems: Sequence[Problem] = (), notes: Sequence[str] = ()
    ) -> Plan:
        """A plan of other changes of the same tasks, as a child of the run `parent`; checked like any other."""
        found = Diff(changes, tuple(problems), notes=tuple(notes))
        return Plan.of(found, self._load, connection=self._connection, frame=self._frame, parent=parent)

    def _narrowed(
        self, ids: Collection[str] | None, columns: Collection[str] | None, cells: pd.DataFrame | None, *, inside: bool
    ) -> Plan:
        ids, columns = listed("ids", ids, "task ids"), listed("columns", columns, "names")
        if cells is not None and not (isinstance(cells, pd.DataFrame) and {"id", "column"} <= set(cells.columns)):
            raise PlanError("cells= takes rows of plan.changes or plan.problems, with the columns id and column")
        self._check_names(ids, columns)
        pairs = (
            None if cells is None else {(_none(i), _none(c)) for i, c in zip(cells["id"], cells["column"], strict=True)}
        )
        masks = self._changes.masks(
            ids=ids, columns=columns, cells=None if pairs is None else [(i, c) for i, c in pairs if i and c]
        )
        masks = masks if inside else {name: ~mask for name, mask in masks.items()}
        # a row with a problem stays one, whichever of its columns are selected or dropped
        tasks = None if ids is None else frozenset(ids)
        problems = tuple(p for p in self._problems if _inside(p, tasks, columns, pairs, rows=inside) is inside)
        return self._with(self._changes.keep(masks), problems)

    def _check_names(self, ids: Collection[str] | None, columns: Collection[str] | None) -> None:
        schema = self._load.schema
        for name in columns or ():
            if name not in schema:
                raise SettingsError(f"columns=: there is no column {name!r}.{did_you_mean(name, schema.names)}")
        known = set(self._changes.ids) | {p.id for p in self._problems}
        strange = [i for i in ids or () if i not in known]
        if strange:
            raise PlanError(f"ids=: {strange[0]!r} is not in this plan ({len(strange):,} such)")

    def _with(self, changes: Changes, problems: Sequence[Problem]) -> Plan:
        return replace(self, _changes=changes, _problems=tuple(problems), id=_new_id())

    # saving

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the plan to a file that only its owner can read. It holds no secret."""
        write_document(path, "plan", self.payload)

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

    # applying

    def dry_run(self, *, verify: Verify | None = None) -> Report:
        """Reads what an apply would read and writes nothing: the outcomes are ready, unchanged, conflict or unknown.

        `verify`: as for `apply`; with "none" nothing is read.
        """
        connection = self._ready(verify)
        return connection.run(connection.dry_run_plan(self, verify))

    async def dry_run_async(self, *, verify: Verify | None = None) -> Report:
        """`dry_run`, awaited."""
        connection = self._ready(verify)
        return await connection.arun(connection.dry_run_plan(self, verify))

    def apply(
        self, *, on_conflict: OnConflict = "report", verify: Verify | None = None, confirm: int | None = None
    ) -> Report:
        """Sends the changes; gives a report with one outcome for every task.

        - `on_conflict`: what to do where others changed a cell of ours since the load: "report" it and send nothing
          for that task, "overwrite" it, or a function `f(id, column, base, ours, theirs)` that gives the value to
          write.
        - `verify`: how tasks are read ahead of their write where the service has no versions to guard it: from the
          "listing", just before each page's tasks are written (the default); "each" by a call of its own, right before
          its write; or "none". What others changed before that read is never overwritten unasked; what they change
          after it can be, unnoticed. Where versions guard each write, leave it out.
        - `confirm`: the number of tasks, as the preview shows it, when the plan asks for it.

        Raises SettingsError for another `on_conflict`; PlanError for a `verify` that the service has not, while
        problems are left, when the plan was made elsewhere or was applied before; ConfirmationNeeded. A Ctrl-C takes
        no new task, lets calls in flight end and raises ApplyInterrupted, with the report.
        """
        check_on_conflict(on_conflict)
        connection = self._ready(verify, applying=True, confirm=confirm)
        return connection.apply_plan(self, on_conflict, verify)

    async def apply_async(
        self, *, on_conflict: OnConflict = "report", verify: Verify | None = None, confirm: int | None = None
    ) -> Report:
        """`apply`, awaited."""
        check_on_conflict(on_conflict)
        connection = self._ready(verify, applying=True, confirm=confirm)
        return await connection.apply_plan_async(self, on_conflict, verify)

    def _ready(self, verify: Verify | None, *, applying: bool = False, confirm: int | None = None) -> Connection:
        way_of(self._load.service, verify)
        if self._connection is None:
            raise PlanError(
                "this plan has no connection: make the frame with from_frame(df, conn) or open_tasks(path, conn), or "
                "save the plan and open_plan(path, conn)"
            )
        if self._problems:
            left = "1 problem is" if len(self._problems) == 1 else f"{len(self._problems):,} problems are"
            raise PlanError(
                f"{left} left: look at plan.problems, mend them, or go on without them: plan.drop_problems()"
            )
        if applying:
            self._connection.check_not_applied(self)
            number, why = self._confirmation
            if number is not None and confirm != number:
                told = f"confirm={confirm!r} is not that number; " if confirm is not None else ""
                raise ConfirmationNeeded(
                    f"{why}: {told}look at the preview, and pass confirm= with the number of tasks that it shows"
                )
        return self._connection

    @cached_property
    def _confirmation(self) -> tuple[int | None, str]:
        return confirmation(self._changes, self._load)

    @cached_property
    def _view(self) -> PlanView:
        number, why = self._confirmation
        names = self._people.names
        calls = self.calls
        return PlanView(
            service=self._load.service.label,
            source=self._load.place,
            loaded_at=self._load.loaded_at,
            complete=self._load.complete,
            filters=self._load.filters,
            limited=self._load.limited,
            changes=self._changes,
            schema=self._load.schema,
            calls=calls,
            problems=self._problems,
            warnings=self._warnings,
            ignored=self._ignored,
            notes=self.notes,
            unseen=self._unseen(),
            names=names,
            identifiers=self._identifiers(),
            seconds=self._connection.seconds_for(calls) if self._connection else None,
            shifts=()
            if self._frame is None
            else tuple(shifts_of(self._changes, self._frame.baseline.frame, self.schema)),
            open_risk=open_risk(
                len(self), calls, self._load, self._connection.seconds_for if self._connection else None
            ),
            confirm=number,
            confirm_why=why,
            hint="nothing that can be sent: see the warnings" if self._warnings else self._hint,
        )

    def _unseen(self) -> Mapping[str, Mapping[str, int]]:
        """Column → {assignee: cells}, of those that neither the load nor the connection ever had."""
        people = set(self._people.ids)
        return unseen(self._changes, self._load.schema, lambda column: people | self._assignees(column))

    def _assignees(self, column: str) -> set[Any]:
        """Everybody who had a task in the load; a plan from a file holds those of its own tasks, and of its changes."""
        if self._frame is not None:
            return set(self._frame.baseline.frame[column].dropna().unique())
        strangers = set((self._strangers or {}).get(column, ()))
        return {v for v in self._changes.columns[column].after if v is not None} - strangers

    def _identifiers(self) -> Mapping[str, str]:
        """Task id → identifier, of the tasks with problems; a plan from a file holds those."""
        column = self._load.schema.role("identifier")
        if column is None or self._frame is None or column.name not in self._frame.baseline.frame:
            return self._identified
        wanted = {p.id for p in self._problems if p.id is not None}
        names = self._frame.baseline.frame[column.name]
        found = names[names.index.isin(list(wanted))].dropna()
        return {str(i): str(name) for i, name in zip(found.index, found, strict=True)}


def _json(value: Any) -> Any:
    return value if value is None or isinstance(value, str | int | float | bool) else str(value)


def _none(value: Any) -> Any:
    return None if pd.isna(value) else value


def _inside(
    problem: Problem,
    ids: Collection[str] | None,
    columns: Collection[str] | None,
    cells: Collection[Any] | None,
    *,
    rows: bool,
) -> bool:
    """Whether a problem is in all three. `rows`: one of a whole row is in any choice of columns."""
    return (
        (ids is None or problem.id in ids)
        and (columns is None or problem.column in columns or (rows and problem.column is None))
        and (cells is None or (problem.id, problem.column) in cells)
    )
