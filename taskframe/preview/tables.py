"""The first rows of a frame and of a report, as text that is safe for a terminal."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskframe.preview.cells import is_null, persons_in, shown, shown_apart
from taskframe.preview.difference import Pieces, side_by_side
from taskframe.preview.persons import NOBODY, Persons
from taskframe.preview.summary import by_role, column_of
from taskframe.preview.views import FrameView, ReportView
from taskframe.preview.words import DONE
from taskframe.schema import Role

_ROLES: tuple[Role, ...] = ("title", "status", "priority", "assignee", "due")


@dataclass(frozen=True)
class Table:
    """A heading and the first of `total` rows; the first column says which task. `persons`: who may be in the cells."""

    heads: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    total: int
    persons: Persons = NOBODY


def frame_table(view: FrameView, rows: int) -> Table:
    """The first tasks: identifier (or id), then the columns that every service has, by role."""
    frame = view.frame.iloc[:rows]
    identifiers = by_role(frame, view.schema, "identifier")
    persons = Persons(view.names)
    columns: dict[str, list[str]] = {}
    if identifiers is None or identifiers.isna().all():
        columns[shown(frame.index.name or view.schema.index)] = [shown(v) for v in frame.index]
    else:
        columns[shown(identifiers.name)] = [shown(v) for v in identifiers]
    for role in _ROLES:
        for column in view.schema.roles(role):
            values = column_of(frame, column.name)
            first = column == view.schema.role(role)
            if values is not None and (first or (role == "assignee" and values.notna().any())):
                inside = persons_in(column, persons)
                columns[shown(column.name)] = [shown(v, inside) for v in values]
    return Table(tuple(columns), tuple(zip(*columns.values(), strict=True)), len(view.frame), persons)


def conflict_table(view: ReportView, rows: int, columns: int) -> Table:
    """The first conflicting cells: what was loaded, what we wanted, what the service has, each in `columns`.

    People are left whole: `persons.fit` knows how to cut them.
    """
    conflicts, persons = view.conflicts, Persons(view.names)
    identifiers = _identifiers(view)
    lines = []
    for row in conflicts.iloc[:rows][["id", "column", "base", "ours", "theirs"]].itertuples(index=False, name=None):
        task, column, *values = row
        base, ours, theirs = shown_apart(*values, persons=persons)
        if not any(map(persons.id_of, (base, ours, theirs))):
            (before, after), (_, other) = side_by_side(base, ours, columns), side_by_side(base, theirs, columns)
            base, ours, theirs = _joined(before), _joined(after), _joined(other)
        lines.append((_task(task, identifiers), shown(column), base, ours, theirs))
    return Table(("task", "column", "base", "ours", "theirs"), tuple(lines), len(conflicts), persons)


def left_table(view: ReportView, rows: int) -> Table:
    """The first tasks that did not go through, conflicts apart: they have a table of their own."""
    outcomes = view.outcomes
    left = outcomes.loc[~outcomes["outcome"].isin([*DONE, "conflict"]).to_numpy(dtype=bool)]
    first = left.iloc[:rows]
    identifiers = _identifiers(view)
    columns = {"task": [_task(task, identifiers) for task in first.index]}
    for name, head in (("outcome", "outcome"), ("status_code", "status"), ("attempts", "attempts"),
                       ("request_id", "request id"), ("detail", "detail")):  # fmt: skip
        values = column_of(first, name)
        if values is not None and not values.isna().all():
            columns[head] = ["" if is_null(v) else shown(_whole(v)) for v in values]
    return Table(tuple(columns), tuple(zip(*columns.values(), strict=True)), len(left))


def _identifiers(view: ReportView) -> pd.Series | None:
    return column_of(view.outcomes, "identifier")


def _task(task: Any, identifiers: pd.Series | Mapping[str, str] | None) -> str:
    identifier = None if identifiers is None else identifiers.get(task)
    return shown(task) if is_null(identifier) else shown(str(identifier))


def _joined(pieces: Pieces) -> str:
    return "".join(piece.text for piece in pieces)


def _whole(value: Any) -> Any:
    return int(value) if isinstance(value, float) and value.is_integer() else value
