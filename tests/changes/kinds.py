"""A small service of every kind of column, and what was edited in it."""

from __future__ import annotations

from copy import deepcopy
from typing import Any

import numpy as np
import pandas as pd

from taskframe.catalogue import Catalogue
from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.intake import take_frame
from taskframe.changes.normal import normal_values, parse, same
from taskframe.schema import Column, Schema
from taskframe.services.reload import Reload

try:
    import pyarrow
except ImportError:
    pyarrow = None

RELOAD = Reload().schema(Catalogue())

SCHEMA = Schema(
    (
        Column("title", "text", editable=True, nullable=False, role="title", min_length=1, max_length=40),
        Column("note", "text", editable=True, clearable=True, blank_is_null=True),
        Column("status", "choice", editable=True, clearable=True, role="status", choices=("todo", "doing", "done")),
        Column("level", "choice", editable=True, clearable=True, choices=(1, 2, 3), ordered=True, role="priority"),
        Column("points", "integer", editable=True, clearable=True, minimum=0),
        Column("size", "number", editable=True, clearable=True, maximum=1e6),
        Column("urgent", "boolean", editable=True, clearable=True),
        Column("dueAt", "timestamp", editable=True, clearable=True, role="due"),
        Column("labels", "list", editable=True, clearable=True, unordered=True),
        Column("steps", "list", editable=True, clearable=True),
        Column("meta", "object", editable=True, clearable=True),
        Column("assignee", "text", editable=True, clearable=True, role="assignee", people=True),
        Column("score", "number"),
        Column("version", "integer", nullable=False, role="version"),
        Column("updatedAt", "timestamp", nullable=False, role="updated"),
    )
)
EDITABLE = tuple(c.name for c in SCHEMA.editable)

ROWS: dict[str, list[Any]] = {
    "title": ["Fix the login page", "Café", "Café", "007", "1234567890123456789012345678901234"],
    "note": ["x", None, "NA", "null", "2026-01-01"],
    "status": ["todo", "done", None, "doing", "todo"],
    "level": [1, 2, None, 3, 1],
    "points": [3, 0, None, 2**53 + 1, 8],
    "size": [1.5, 3, None, 0.0, 0.1],
    "urgent": [True, False, None, True, False],
    "dueAt": ["2026-01-31T09:00Z", "2026-07-01T09:00:00.123456Z", None, "0001-01-01T00:00:00Z", "9999-12-31T23:59:59Z"],
    "labels": [["a", "b"], [], None, ["b", "b", "a"], ["é", 1, True, None]],
    "steps": [["a", "b"], [], None, [{"k": [1, 2.5]}], ["x"]],
    "meta": [{"a": 1, "b": [True]}, {}, None, {"deep": {"er": None}}, {"n": 2**70}],
    "assignee": ["u_1", "u_2", None, "u_1", "u_1"],
    "score": [1.0, 2.0, None, 4.0, 5.0],
    "version": [1, 2, 3, 4, 5],
    "updatedAt": ["2026-01-01T00:00:00Z"] * 5,
}  # fmt: skip
IDS = [f"t{i}" for i in range(5)]


def frame(**values: list[Any]) -> pd.DataFrame:
    """The five tasks, or as many as there are values."""
    if not values:
        return SCHEMA.frame(IDS, deepcopy(ROWS))  # lists are meant to be changed in their cells
    return SCHEMA.frame([f"t{i}" for i in range(len(next(iter(values.values()))))], values)


def compared(edited: pd.DataFrame, base: pd.DataFrame | Baseline, schema: Schema = SCHEMA, **more: Any) -> Diff:
    baseline = base if isinstance(base, Baseline) else Baseline.of(base, schema)
    return diff(baseline, take_frame(edited, schema), **more)


def cells(found: Diff) -> dict[tuple[str, str], Any]:
    """(id, column) → after."""
    table = found.changes.frame()
    return dict(zip(zip(table["id"], table["column"], strict=True), table["after"], strict=True))


def complaints(found: Diff) -> list[tuple[str, str | None, str | None]]:
    return [(p.kind, p.id, p.column) for p in found.problems]


def is_untouched(found: Diff) -> bool:
    return not len(found.changes) and not found.problems and not found.warnings


def one(column: Column, before: Any, cell: Any, dtype: Any = "object") -> Diff:
    """What became of one cell: the baseline has `before`, the edited frame `cell`."""
    schema = Schema((column,))
    base = schema.frame(["t0"], {column.name: [before]})
    return compared(edited_column(column.name, [cell], dtype), base, schema)


def edited_column(name: str, values: list[Any], dtype: Any = "object") -> pd.DataFrame:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        array[at] = value
    index = pd.Index([f"t{i}" for i in range(len(values))], name="id")
    series = pd.Series(array, index=index, dtype="object")
    return pd.DataFrame({name: series if dtype == "object" else series.astype(dtype)})


def put_on(base: pd.DataFrame, found: Diff, schema: Schema = SCHEMA) -> dict[str, list[Any]]:
    """The baseline's values with the changes on them, by column."""
    values = {name: normal_values(base[name]) for name in base.columns if name in schema}
    places = {task: at for at, task in enumerate(base.index)}
    for (task, name), after in cells(found).items():
        values[name][places[task]] = after
    return values


def agree(values: dict[str, list[Any]], edited: dict[str, list[Any]], schema: Schema = SCHEMA) -> bool:
    return all(
        same(mine, parse(theirs, schema[name], (theirs,) if isinstance(theirs, str | int) else ()), schema[name])
        for name in edited
        for mine, theirs in zip(values[name], edited[name], strict=True)
    )
