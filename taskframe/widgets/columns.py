"""The grid's columns: which there are, in which order, and how each is edited."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskframe.errors import SettingsError, did_you_mean
from taskframe.preview.persons import Persons
from taskframe.schema import NESTED, Column, Schema

_MOST_CHOICES = 500
_WIDTHS: Mapping[str, int] = {"integer": 90, "number": 90, "boolean": 90, "timestamp": 140, "choice": 110}


@dataclass(frozen=True)
class GridColumn:
    """One column of the grid. `choices`: what its drop-down offers (None: it has none); `open`: other values are fine.

    `labels`: how some values are shown; `names`: the labels the other way round, to be typed or pasted.
    """

    column: Column
    choices: tuple[Any, ...] | None
    open: bool
    labels: Mapping[str, str]

    @property
    def name(self) -> str:
        """As in the frame."""
        return self.column.name

    @property
    def names(self) -> dict[str, str]:
        """Label → value."""
        return {label: value for value, label in self.labels.items()}

    def to_json(self) -> dict[str, Any]:
        """For the grid."""
        column = self.column
        choices = self.choices if column.editable else None
        return {
            "name": self.name,
            "kind": column.kind,
            "editable": column.editable,
            "clearable": column.clearable,
            "choices": None if choices is None else list(choices),
            "open": self.open,
            "labels": dict(self.labels),
            "minimum": column.minimum,
            "maximum": column.maximum,
            "width": _width(column),
        }


def grid_columns(
    df: pd.DataFrame, schema: Schema, people: Mapping[str, str], wanted: Sequence[str] | None = None
) -> tuple[GridColumn, ...]:
    """The columns to show: the `wanted` ones; else those that tell which task it is, the editable ones, then the rest
    as far as they hold anything. `people`: id → name of all who are known.

    Raises SettingsError for a wanted column that there is not.
    """
    for name in wanted or ():
        if name not in schema or name not in df:
            raise SettingsError(f"columns=: the frame has no column {name!r}.{did_you_mean(name, schema.names)}")
    chosen = [schema[name] for name in dict.fromkeys(wanted)] if wanted else _ordered(df, schema)
    seen = {c.name: _seen(df[c.name]) for c in schema if c.people and c.name in df}
    persons = Persons(people)
    return tuple(_grid_column(c, df, seen, people, persons) for c in chosen)


def _ordered(df: pd.DataFrame, schema: Schema) -> list[Column]:
    there = [c for c in schema if c.name in df]
    first = [c for c in there if c.role == "identifier"]
    editable = [c for c in there if c.editable and c.kind not in NESTED]
    rest = [c for c in there if c not in first and c not in editable and (c.editable or _tells(df[c.name], c))]
    return [*first, *sorted(editable, key=_rank), *rest]


def _tells(series: pd.Series[Any], column: Column) -> bool:
    """Whether a column that can't be edited is worth a look: it holds something, and no long lists or objects."""
    return column.kind not in NESTED and bool(series.notna().any())


def _rank(column: Column) -> int:
    roles = ("title", "status", "priority", "assignee", "due")
    return roles.index(column.role) if column.role in roles else len(roles)


def _seen(series: pd.Series[Any]) -> list[str]:
    return [str(v) for v in series.dropna().unique()] if series.dtype != object else []


def _grid_column(
    column: Column, df: pd.DataFrame, seen: Mapping[str, list[str]], people: Mapping[str, str], persons: Persons
) -> GridColumn:
    if column.people and column.kind == "text":
        elsewhere = {who for name, ids in seen.items() if name != column.name for who in ids}
        known = [who for who in people if who not in elsewhere]
        ids = list(dict.fromkeys([*known, *seen.get(column.name, ())]))
        labels = {who: label for who in ids if (label := persons.label(who))}
        ids = sorted(ids, key=lambda who: (who not in labels, str(labels.get(who, who)).casefold()))
        return GridColumn(column, tuple(ids[:_MOST_CHOICES]), True, labels)
    return GridColumn(column, _choices(column, df[column.name]), False, {})


def _choices(column: Column, series: pd.Series[Any]) -> tuple[Any, ...] | None:
    if column.kind == "boolean":
        return (True, False)
    if column.kind == "choice":
        extra = series.cat.categories if isinstance(series.dtype, pd.CategoricalDtype) else ()
        return tuple(dict.fromkeys([*column.choices, *(v for v in extra if isinstance(v, str | int))]))
    if column.kind == "text" and column.things:
        return tuple(dict.fromkeys([*column.things, *series.dropna().astype("str")]))[:_MOST_CHOICES]
    return None


def choices_of(column: GridColumn) -> Collection[Any]:
    """The values that are known to exist, for reading what somebody typed."""
    return () if column.choices is None or column.open else column.choices


def _width(column: Column) -> int:
    if column.role == "identifier":
        return 105
    if column.role == "title":
        return 300
    if column.people:
        return 212
    return _WIDTHS.get(column.kind, 170)
