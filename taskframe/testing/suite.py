"""What all groups of tests share: the stage, and the hooks by which a service says what can't be found out."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.edit import Edit
from taskframe.changes.jsontext import json_value
from taskframe.changes.normal import normal_values, parse, plain, same
from taskframe.changes.rows import Table
from taskframe.config import find_service
from taskframe.schema import Column, Schema, Unfit
from taskframe.services.base import Service
from taskframe.testing.stage import Stage

if TYPE_CHECKING:
    from taskframe.frame import TaskFrame
    from taskframe.sandbox.log import Record

Task = Mapping[str, Any]
"""A task in wire form, as the sandbox holds it."""


class Suite:
    """The hooks; what their defaults do fits a service whose columns are the fields of its wire objects.

    - `service`: the name of the service and of its sandbox (entry points).
    - `tasks`, `seed`: how many made-up tasks a stage has; fewer than 40 are too few for some tests.
    - `filters`: filter → the column that it picks by, for filters that take values of that column.
    - `companions`: column → wire fields that rightly go out with an edit of it, beside those of `fields`.
    - `counted`: whether the service tells how many tasks there are, so that a missing one can be noticed.
    """

    service: ClassVar[str] = ""
    tasks: ClassVar[int] = 80
    seed: ClassVar[int] = 7
    filters: ClassVar[Mapping[str, str]] = {}
    companions: ClassVar[Mapping[str, Collection[str]]] = {}
    counted: ClassVar[bool] = True

    # hooks

    def make_service(self) -> Service:
        """The service: the one that is registered under the name."""
        return find_service(self.service)

    def cell(self, task: Task, column: Column) -> Any:
        """What the server holds in a column: by default what lies at its dotted path; a missing key is None."""
        value: Any = task
        for key in column.name.split("."):
            value = value.get(key) if isinstance(value, Mapping) else None
        return value

    def fields(self, task: Task, column: Column, value: Any) -> Mapping[str, Any]:  # noqa: ARG002
        """The wire fields, as `Server.edit` takes them, of a colleague who puts `value` (in normal form) there."""
        return {column.name: plain(value)}

    def sent(self, record: Record, known: Collection[Any]) -> set[str]:
        """The wire fields that a call wrote: the keys of its body, but for those that repeat the id or the version.

        `known`: that id, and that version where there is one.
        """
        body = record.body if isinstance(record.body, dict) else {}
        return {key for key, value in body.items() if value not in known}

    def values(self, stage: Stage, tasks: TaskFrame, task: str, column: Column) -> Sequence[Any]:  # noqa: ARG002
        """Values, in normal form, that the service takes in this cell; what is there already may be among them.

        By default the choices; where there are none what other tasks have, then something made up. Where the service
        takes only some of them (a status that moves along a graph), only it knows: override this.
        """
        if column.choices:
            return column.choices
        if column.kind == "boolean":
            return [True, False]
        held = _held(tasks, column.name)
        seen: list[Any] = []
        for value in held:
            if value is not None and value not in seen:
                seen.append(value)
        return seen if column.people else [*seen, *_made(column, held[tasks.df.index.get_loc(task)])]

    # fixtures

    @pytest.fixture
    def stage(self) -> Iterator[Stage]:
        """A sandbox of the test's own, a hundred times as fast as we are."""
        with self.open_stage() as stage:
            yield stage

    def open_stage(self, **options: Any) -> Stage:
        """A stage, to be closed; `options` as for `Stage`."""
        return Stage(self.make_service(), **{"tasks": self.tasks, "seed": self.seed, **options})

    # help for the tests

    def title(self, schema: Schema) -> Column:
        """The column that tests write their own words to: the title."""
        column = schema.role("title")
        assert column is not None, "a service has a column with the role title: it is what people know a task by"
        assert column.editable, "the title can be edited"
        return column

    def second(self, schema: Schema) -> Column:
        """Another column that can be edited."""
        title = self.title(schema)
        names = [schema.role("priority"), schema.role("assignee"), *schema.editable]
        return next(c for c in names if c is not None and c.editable and c.name != title.name)

    def held(self, task: Task, column: Column) -> Any:
        """A cell of the server's, in normal form."""
        value = self.cell(task, column)
        return parse(value, column, [value] if isinstance(value, str | int) else [])

    def rows(self, tasks: TaskFrame) -> dict[str, Mapping[str, Any]]:
        """Each loaded task as a row in normal form."""
        table = tasks.baseline.rows(np.arange(len(tasks.baseline)))
        return {str(task): row for task, row in zip(tasks.df.index, Table(table).rows(), strict=True)}

    def differences(self, stage: Stage, frame: pd.DataFrame, schema: Schema) -> list[str]:
        """Where the frame and the server differ, cell by cell; a column that the server holds nowhere is null."""
        wrong = []
        held = {self.id_of(stage, task): task for task in stage.server.tasks()}
        for column in schema:
            for task, value in zip(frame.index, normal_values(frame[column.name]), strict=True):
                theirs = self.held(held[str(task)], column)
                if not same(value, theirs, column):
                    wrong.append(f"{task} {column.name}: loaded {value!r}, the server holds {theirs!r}")
        return wrong

    def id_of(self, stage: Stage, task: Task) -> str:
        """The id of a task in wire form."""
        return str(self.cell(task, Column(stage.service.index, "text")))

    def colleague(self, stage: Stage, task: str, column: Column, value: Any) -> None:
        """Somebody else puts `value` there."""
        stage.server.edit(task, **self.fields(stage.server.task(task), column, value))

    def picks(
        self, stage: Stage, tasks: TaskFrame, columns: Sequence[Column], *, clear: bool = False
    ) -> dict[str, tuple[str, Any]]:
        """For each column a task of its own, and another value for it that the service takes: null, with `clear`."""
        rows = self.rows(tasks)
        free = dict.fromkeys(rows)
        found: dict[str, tuple[str, Any]] = {}
        for column in columns:
            task, value = next(
                (
                    (task, value)
                    for task in free
                    for value in self._others(stage, tasks, task, column, rows[task], clear=clear)
                    if not stage.service.check(Edit(task, rows[task], {column.name: value}), tasks.catalogue)
                ),
                (None, None),
            )
            assert task is not None, f"no task takes an edit of {column.name}: override `values`, or raise `tasks`"
            found[column.name] = task, value
            del free[task]
        return found

    def _others(
        self, stage: Stage, tasks: TaskFrame, task: str, column: Column, row: Mapping[str, Any], *, clear: bool
    ) -> Iterator[Any]:
        now = row.get(column.name)
        for value in [None] if clear else self.values(stage, tasks, task, column):
            try:
                column.check(value)
            except Unfit:
                continue
            if not same(value, now, column):
                yield value


def put(frame: pd.DataFrame, task: str, column: str, value: Any) -> None:
    """Edit one cell, whatever its kind: a list too, which `df.loc` would spread over rows."""
    if isinstance(value, list | dict):
        cells = frame[column].tolist()
        cells[frame.index.get_loc(task)] = value
        frame[column] = pd.Series(pd.array(cells, dtype="object"), index=frame.index)
    else:
        frame.loc[task, column] = value


def _held(tasks: TaskFrame, name: str) -> list[Any]:
    """A column as loaded, in normal form."""
    series = tasks.baseline.frame[name]
    return [json_value(text) for text in series] if name in tasks.baseline.frozen else normal_values(series)


def _made(column: Column, now: Any) -> list[Any]:
    """Values of a column's kind that no task need have."""
    match column.kind:
        case "text":
            return [f"{word} edit"[: column.max_length] for word in ("first", "second", "third")]
        case "integer" | "number":
            near = [(now or 0) + step for step in (1, -1, 2)]
            return [n for n in near if (column.minimum or n) <= n <= (column.maximum or n)]
        case "timestamp":
            start = pd.Timestamp(now or "2026-01-01T09:00:00Z").floor("s").as_unit("us")
            return [start + pd.Timedelta(days=days) for days in (1, 2, 3)]
        case "list":
            return [[*(now or []), "edited"], ["edited"]]
        case "object":
            return [{**(now or {}), "edited": True}]
        case _:
            return []
