"""Loaded tasks: a plain DataFrame to edit, and the baseline that edits are held against."""

from __future__ import annotations

import os
import threading
import warnings
from collections.abc import Collection, Generator, Iterable, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import datetime
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from taskframe.changes.answered import Answered
from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.edited import Edited
from taskframe.changes.follow import follow
from taskframe.changes.frozen import Frozen
from taskframe.changes.intake import take_frame
from taskframe.changes.lineage import Lineage
from taskframe.changes.persons import resolve
from taskframe.errors import FrameError, PlanError, ServiceError, SettingsError, did_you_mean
from taskframe.files.saved import frame_payload, write_document
from taskframe.load import Load
from taskframe.people import People, known_id
from taskframe.pictures import tasks_picture
from taskframe.plan import Plan
from taskframe.preview.html import frame_html
from taskframe.preview.text import frame_text
from taskframe.preview.views import FrameView
from taskframe.preview.words import count
from taskframe.reassign import reassign
from taskframe.refresh import Loaded, Moved, Refreshed, Wanted, refreshing
from taskframe.schema import Schema, Unfit
from taskframe.sheets import Sheets

if TYPE_CHECKING:
    from taskframe.catalogue import Catalogue
    from taskframe.connection import Connection
    from taskframe.widgets.editor import Editor

_MOST_ASKED = 100
"""So many names of one file are looked up at the service: each is a call."""


class TaskFrame(Sheets):
    """Loaded tasks. Edit `tasks.df` with everything pandas can do; `tasks.plan()` says what would change.

    `df` is one plain DataFrame for the frame's life (index: the task id); another one may be assigned.
    """

    def __init__(
        self,
        df: pd.DataFrame,
        load: Load,
        connection: Connection | None,
        frozen: Mapping[str, Frozen] = MappingProxyType({}),
    ) -> None:
        self._load = load
        self._connection = connection
        self._baseline = Baseline.of(df, load.schema, frozen)
        self._df = df
        self._answering = threading.Lock()
        self._moved: Moved | None = None

    @property
    def df(self) -> pd.DataFrame:
        """The tasks, to be edited."""
        return self._df

    @df.setter
    def df(self, df: pd.DataFrame) -> None:
        if not isinstance(df, pd.DataFrame):
            raise FrameError(f"tasks.df takes a DataFrame, not {type(df).__name__}")
        self._df = df

    @property
    def baseline(self) -> Baseline:
        """The tasks as loaded, or as the service last answered. Never edited."""
        return self._baseline

    @property
    def schema(self) -> Schema:
        """The columns: `tasks.schema["status"].choices`, `tasks.schema.role("status")`."""
        return self._load.schema

    @property
    def load(self) -> Load:
        """What is known of the load: where from, when, which filters."""
        return self._load

    @property
    def complete(self) -> bool:
        """False when the list was cut and was loaded with `allow_incomplete=True`."""
        return self._load.complete

    @property
    def loaded_at(self) -> datetime:
        """When, in UTC."""
        return self._load.loaded_at

    @property
    def notes(self) -> tuple[str, ...]:
        """What the service said of this load that one should know."""
        return tuple(self._load.notes)

    @property
    def catalogue(self) -> Catalogue:
        """What the names in the frame stand for; empty where values go out as they are shown."""
        return self._load.catalogue

    @property
    def known(self) -> People:
        """The people that tasks can be assigned to: whom the connection knows, or the load."""
        return self._connection.known if self._connection else People(self._load.people)

    def __len__(self) -> int:
        return len(self._df)

    def __repr__(self) -> str:
        return self.text()

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """What was loaded, as text, at most `width` columns wide; `colour` is for terminals."""
        return frame_text(self._view(), width=width, colour=colour)

    def _repr_html_(self) -> str:
        return frame_html(self._view())

    def _view(self) -> FrameView:
        return FrameView(
            service=self._load.service.label,
            source=self._load.place,
            loaded_at=self._load.loaded_at,
            frame=self._df,
            schema=self.schema,
            complete=self._load.complete,
            gaps=self._load.gaps,
            filters=self._load.filters,
            limited=self._load.limited,
            notes=self._load.notes,
            edited=self._edited(),
            names=self.known.names,
        )

    def _edited(self) -> int | None:
        """How many cells would change; None when the frame has lost its task ids."""
        try:
            return len(diff(self._baseline, self._taken(self._df)).changes)
        except PlanError:
            return None

    def plot(self) -> np.ndarray[Any, Any]:
        """Three panels: tasks by status, by days since their last change, by assignee; an array of matplotlib's Axes.

        Of `tasks.df` as it is. Needs the extra `plot`.
        """
        title = f"{count(len(self._df), 'task')} of {self._load.service.label}"
        return tasks_picture(self._df, self.schema, self.known.names, self._load.loaded_at, title)

    def editor(self, *, columns: Sequence[str] | None = None, height: int = 420) -> Editor:
        """The editor for a notebook: filter, grid, changes, apply. It edits `tasks.df` itself.

        `columns`: which to show, in this order; by default those that can be edited go first. `height`: of the grid, in
        pixels. Needs the extra `notebook`.
        """
        from taskframe.widgets import open_editor

        return open_editor(self, columns=columns, height=height)

    # planning

    def plan(
        self,
        frame: pd.DataFrame | None = None,
        *,
        columns: Collection[str] | None = None,
        ids: Collection[str] | None = None,
    ) -> Plan:
        """What changed in `tasks.df`, or in another frame that came from it; everything is checked, nothing is sent.

        `columns` and `ids` narrow what counts. Rows and columns that are left out are untouched.
        Raises PlanError where the frame has no usable task ids.
        """
        self._refresh()
        hint = "no edits in tasks.df; edited a copy? tasks.plan(copy)" if frame is None else "no edits in this frame"
        return self._plan(self._taken(self._df if frame is None else frame), columns, ids, hint)

    def _refresh(self) -> None:
        """Takes up the names that loads over the connection have told since, and those that the user added."""
        load = self._load if self._connection is None else self._load.knowing(self._connection.catalogue)
        if load is not self._load:
            self._load, self._baseline = load, self._baseline.with_schema(load.schema)

    def _taken(self, frame: pd.DataFrame) -> Edited:
        return self._resolved(take_frame(frame, self.schema))

    def _resolved(self, edited: Edited, *, ask: bool = False) -> Edited:
        """With ids where people were named. `ask`: the service is asked who goes by a handle or mail address."""
        people = self.known
        asked: list[str] = []

        def find(word: str) -> str | None:
            try:
                person = people.find(word)
                if person is None and ask and "@" in word and self._connection is not None and len(asked) < _MOST_ASKED:
                    asked.append(word)
                    with suppress(ServiceError):  # not there just now: then it is nobody we know
                        return self._connection.person_id(word)
                    asked.extend([word] * _MOST_ASKED)
            except SettingsError as error:
                raise Unfit(str(error)) from None
            if person is None and (near := did_you_mean(word, people.names.values())) and " " in word:
                raise Unfit(f"nobody is known as {word!r}.{near}")
            return None if person is None else person.id

        return resolve(edited, self._baseline, find)

    def _plan_file(
        self, path: str | os.PathLike[str], edited: Edited, columns: Collection[str] | None, ids: Collection[str] | None
    ) -> Plan:
        return self._plan(self._resolved(edited, ask=True), columns, ids, f"no edits in {os.fspath(path)}")

    def _plan(self, edited: Edited, columns: Collection[str] | None, ids: Collection[str] | None, hint: str) -> Plan:
        lineage = Lineage.of(self._baseline, edited)
        found = diff(lineage.seen, edited, columns=columns, ids=ids, load=self._load.label)
        found = replace(found, changes=lineage.changes(found.changes))
        note = self._label(edited)
        if note and (len(found.changes) or found.problems):
            found = replace(found, notes=(*found.notes, note))
        return Plan.of(found, self._load, connection=self._connection, frame=self, _hint=hint)

    def _label(self, edited: Edited) -> str:
        """What to say of edits that don't tell which state of their tasks was edited."""
        states = [c.name for c in (self.schema.role("version"), self.schema.role("updated")) if c is not None]
        if any(name in edited.columns and name in self._baseline.frame for name in states):
            return ""  # the diff tells of the rows that have none
        return f"compared with {self._load.label}: without {' or '.join(states)} it can't be told whether it is stale"

    def reassign(
        self,
        source: str | None,
        targets: str | Sequence[str] | Mapping[str, float] | None,
        *,
        where: pd.Series | np.ndarray | Sequence[bool] | str | None = None,
        column: str | None = None,
    ) -> pd.DataFrame:
        """Deals the tasks of `source` out to `targets`, in `tasks.df`; nothing is sent.

        - `source`, `targets`: an id, or where the connection can tell, `@handle`, a mail address or a name.
          `targets` is one, a list, or a mapping to weights (`{"u_2": 2, "u_3": 1}`: twice as many for u_2).
          None stands for unassigned; as the source, without `column`: tasks with no assignee of any kind.
        - `where`: a boolean Series, array or list, or a pandas query (`"status not in ['done', 'cancelled']"`).
        - `column`: another kind of assignee; by default the service's first.

        Counts are by largest remainder (10 at 2:1 is 7:3), dealt in turn over priority, due date and id, so that
        nobody gets all the old ones. Returns a table: a row a person, with weight, dealt, before and after.
        Raises PlanError when nobody has the source.
        """
        who = self._person(source)
        people = self.whom(targets)
        return reassign(self._df, self.schema, who, people, where=where, column=column, called={who: source})

    def whom(self, targets: str | Sequence[str] | Mapping[str, float] | None) -> dict[str | None, float]:
        """The `targets` of `reassign` as id → weight. Raises PlanError or SettingsError for somebody nobody knows."""
        if targets is None or isinstance(targets, str):
            targets = [targets]  # type: ignore[list-item]
        if not isinstance(targets, Iterable):
            raise PlanError(f"targets are ids or names, one or a list, or a mapping to weights, not {targets!r}")
        weights = dict(targets) if isinstance(targets, Mapping) else dict.fromkeys(targets, 1.0)
        people = {who: self._person(who) for who in weights}
        if len(set(people.values())) < len(people):
            twice = next(p for p in people.values() if list(people.values()).count(p) > 1)
            raise PlanError(f"targets: {' and '.join(repr(w) for w, p in people.items() if p == twice)} are one person")
        return {people[who]: weight for who, weight in weights.items()}

    def _person(self, who: str | None) -> str | None:
        """The id of `who`; a name that nobody has is an error, and no new assignee."""
        if who is None:
            return None
        found = known_id(self.known, who) if self._connection is None else self._connection.person_id(who)
        names = self.known.names
        near = did_you_mean(found, names.values())
        if (
            found == who
            and found not in names
            and (near or any(map(str.isspace, found)))
            and not self._is_assignee(found)
        ):
            raise PlanError(f"nobody is known as {who!r}.{near or ' Use the id.'}")
        return found

    def _is_assignee(self, who: str) -> bool:
        frame = self._baseline.frame
        return any((frame[c.name] == who).any() for c in self.schema.roles("assignee") if c.name in frame)

    # loading again

    def refresh(self) -> TaskFrame:
        """The same tasks, loaded again, with the edits of `tasks.df` on top; this frame stays as it is.

        Asked for is what was asked for then: filters, limit or ids. Each edited cell goes by the rule for conflicts:
        where the service still has what was loaded, it is an edit of the new frame; where it has the edit's value,
        nothing is left to do; where others changed the cell, the edit stays, on the old value, and an apply reports
        the conflict. Edited tasks that the filters no longer find are looked up (a reading of the whole list). What
        moved is in `moved` of the new frame. Columns of your own go along; edits of what can't be edited don't.

        Raises what `Connection.load` does, and FrameError for a frame without a connection.
        """
        connection, steps = self._anew()
        try:
            wanted = next(steps)
            while True:
                tasks = connection.load(**wanted)
                wanted = steps.send((tasks.df, tasks.load))
        except StopIteration as end:
            return self._refreshed(end.value)

    async def refresh_async(self) -> TaskFrame:
        """`refresh`, awaited."""
        connection, steps = self._anew()
        wanted = next(steps)
        while True:
            tasks = await connection.load_async(**wanted)
            try:
                wanted = steps.send((tasks.df, tasks.load))
            except StopIteration as end:
                return self._refreshed(end.value)

    @property
    def moved(self) -> Moved | None:
        """What moved since the load that this one refreshed; None where it refreshed none."""
        return self._moved

    def _anew(self) -> tuple[Connection, Generator[Wanted, Loaded, Refreshed]]:
        if self._connection is None:
            raise FrameError(
                "this frame has no connection to load it with: tf.open_tasks(path, conn) and tf.from_frame(df, conn) "
                "give one that has"
            )
        self._refresh()
        edited = self._taken(self._df)
        lineage = Lineage.of(self._baseline, edited)
        found = diff(lineage.seen, edited, load=self._load.label)
        found = replace(found, changes=lineage.changes(found.changes))
        return self._connection, refreshing(self._load, self._baseline, edited, found, self._df)

    def _refreshed(self, made: Refreshed) -> TaskFrame:
        tasks = TaskFrame(made.df, made.load, self._connection)
        tasks._baseline, tasks._moved = made.baseline, made.moved
        return tasks

    # files

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the baseline, and the edits that are in `tasks.df`, to a file that only its owner can read.

        Kept is what `plan()` would send. A UserWarning names what is not: edits with problems (rows that the load never
        had are among them), edits of what can't be edited, and columns that are not the service's.
        """
        plan = self.plan()
        rows = self._baseline.rows(np.arange(len(self._baseline)))
        payload = {
            "load": self._load.to_json(),
            "frame": frame_payload(rows, self.schema),
            "edits": plan.payload["changes"],
        }
        write_document(path, "tasks", payload)
        lost = [*plan.warnings]
        if len(plan.problems):
            lost.append(f"{count(len(plan.problems), 'problem')}, see tasks.plan().problems")
        if plan.ignored:
            lost.append(f"{'columns' if len(plan.ignored) > 1 else 'the column'} {', '.join(plan.ignored)}")
        if lost:
            warnings.warn(f"{os.fspath(path)} does not keep all of tasks.df: {'; '.join(lost)}", stacklevel=2)

    # following

    def take_answers(self, given: Answered) -> None:
        """After an apply: the baseline takes the service's answers, `tasks.df` follows where it may."""
        edited: Edited | None = None
        with self._answering:  # plans of one frame may be applied in several threads
            with suppress(PlanError):
                edited = self._taken(self._df)
            followed = follow(self._df, edited, self._baseline, given)
            for name, column in followed.columns.items():
                self._df[name] = column
            self._baseline = followed.baseline
