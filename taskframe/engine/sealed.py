"""Outcomes put away by columns: of many thousand tasks, so small.

An outcome with its row is over 30 objects, most of which are the same in thousands of tasks, or texts of a few letters.
A few hundred of them put away together take a sixth of that: one list a field, as bytes, and one value where all are
the same. What is looked at is made again.
"""

from __future__ import annotations

import pickle
from bisect import bisect_right
from collections.abc import Iterator, Mapping, Sequence
from contextlib import suppress
from dataclasses import fields
from itertools import accumulate
from operator import attrgetter
from typing import Any, Final, overload

import pandas as pd

from taskframe.changes.edit import Row
from taskframe.engine.kept import KeptRow
from taskframe.engine.outcome import Outcome

_ROWS: Final = ("row", "written", "before", "answered")
_FLAT: Final = tuple(field.name for field in fields(Outcome) if field.name not in _ROWS)
_NAMES: Final = tuple(field.name for field in fields(Outcome))
_FIELDS: Final = attrgetter(*_NAMES)
_PLAIN: Final = frozenset({type(None), bool, int, str})
"""Where values of these types are equal, and of one type, they are the same. (0.0 and -0.0 are not.)"""
_KNOWN: Final = _PLAIN | {float, list, dict, tuple, pd.Timestamp}
"""What is put away as bytes; any other object, which may be of somebody's own class, stays as it is."""


class _Column:
    """Values in a row, all of which can be had again: equal, and of the same types."""

    __slots__ = ("_all", "_count", "_one", "_packed")

    _all: list[Any] | None

    def __init__(self, values: Sequence[Any]) -> None:
        self._one, self._packed, self._all = values[0], b"", None
        self._count = len(values)
        kinds = set(map(type, values))
        if len(kinds) == 1 and kinds <= _PLAIN and values.count(values[0]) == len(values):
            return
        self._one = None
        if kinds <= _KNOWN:
            with suppress(Exception):  # what somebody's service made of a cell within a list
                self._packed = pickle.dumps(list(values), pickle.HIGHEST_PROTOCOL)
        if not self._packed:
            self._all = list(values)

    def values(self) -> list[Any]:
        if self._packed:
            found: list[Any] = pickle.loads(self._packed)  # noqa: S301 - our own bytes, that never left this process
            return found
        return [self._one] * self._count if self._all is None else self._all


class _Rows:
    """One mapping a task, or None. Those with the same names in the same order are put away together."""

    __slots__ = ("_shapes", "_which")

    def __init__(self, rows: Sequence[Row | None]) -> None:
        shapes: dict[tuple[str, ...] | None, list[Row]] = {}
        which = []
        for row in rows:
            names = None if row is None else tuple(row)
            which.append(names)
            shapes.setdefault(names, []).append({} if row is None else row)
        order = {names: at for at, names in enumerate(shapes)}
        self._which = _Column([order[names] for names in which])
        self._shapes = [(None if names is None else _Shape(names, found)) for names, found in shapes.items()]

    def values(self) -> list[Row | None]:
        made = [None if shape is None else iter(shape.rows()) for shape in self._shapes]
        return [None if (rows := made[at]) is None else next(rows) for at in self._which.values()]

    def sizes(self) -> list[int]:
        """How many cells each has; -1 for None."""
        sizes = [-1 if shape is None else len(shape) for shape in self._shapes]
        return [sizes[at] for at in self._which.values()]

    def cells(self, name: str, default: Any) -> list[Any]:
        """Of one name; `default` where a row has no such name, or is None."""
        made = [iter(()) if shape is None else iter(shape.cells(name, default)) for shape in self._shapes]
        if len(made) == 1 and self._shapes[0] is not None:
            return self._shapes[0].cells(name, default)
        return [next(made[at], default) for at in self._which.values()]


class _Shape:
    """Rows that all have the same names."""

    __slots__ = ("_columns", "_count", "_places")

    def __init__(self, names: tuple[str, ...], rows: Sequence[Row]) -> None:
        self._places = {name: at for at, name in enumerate(names)}
        self._count = len(rows)
        self._columns = [_Column(values) for values in zip(*[_values(row) for row in rows], strict=True)]

    def __len__(self) -> int:
        return len(self._places)

    def rows(self) -> list[Row]:
        columns = [column.values() for column in self._columns]
        rows = zip(*columns, strict=True) if columns else [()] * self._count
        return [KeptRow(self._places, values) for values in rows]

    def cells(self, name: str, default: Any) -> list[Any]:
        at = self._places.get(name)
        return [default] * self._count if at is None else self._columns[at].values()


def _values(row: Row) -> tuple[Any, ...]:
    return row.parts if isinstance(row, KeptRow) else tuple(row.values())


class Sealed:
    """Some outcomes, put away."""

    __slots__ = ("_columns", "_count", "_rows")

    def __init__(self, outcomes: Sequence[Outcome]) -> None:
        self._count = len(outcomes)
        found = dict(zip(_NAMES, zip(*map(_FIELDS, outcomes), strict=True), strict=True))
        self._columns = {name: _Column(found[name]) for name in _FLAT}
        self._rows = {name: _Rows(found[name]) for name in _ROWS}

    def __len__(self) -> int:
        return self._count

    def outcomes(self) -> list[Outcome]:
        """Them, made again."""
        return list(map(Outcome, *(self.field(name) for name in _NAMES)))

    def field(self, name: str) -> list[Any]:
        """One field of each."""
        column = self._columns.get(name)
        return self._rows[name].values() if column is None else column.values()

    def sizes(self, name: str) -> list[int]:
        """Of a field that holds cells: how many each holds; -1 for None."""
        return self._rows[name].sizes()

    def cells(self, name: str, default: Any) -> list[Any]:
        """What each one's `row` holds under this name."""
        return self._rows["row"].cells(name, default)


class OutcomeList(Sequence[Outcome]):
    """Outcomes, some of them put away: those are made again when they are looked at."""

    def __init__(self, parts: Sequence[Sealed | Sequence[Outcome]]) -> None:
        self._parts = [part for part in parts if len(part)]
        self._ends = list(accumulate(map(len, self._parts)))
        self._last: tuple[int, Sequence[Outcome]] = (-1, ())

    def __len__(self) -> int:
        return self._ends[-1] if self._ends else 0

    @overload
    def __getitem__(self, at: int) -> Outcome: ...

    @overload
    def __getitem__(self, at: slice) -> list[Outcome]: ...

    def __getitem__(self, at: int | slice) -> Outcome | list[Outcome]:
        if isinstance(at, slice):
            return [self[n] for n in range(*at.indices(len(self)))]
        at = at + len(self) if at < 0 else at
        if not 0 <= at < len(self):
            raise IndexError("there are fewer outcomes")
        part = bisect_right(self._ends, at)
        last = self._last  # read once: several threads may look
        if last[0] != part:  # who looks at one often looks at the next
            last = self._last = part, _opened(self._parts[part])
        return last[1][at - self._ends[part]]

    def __iter__(self) -> Iterator[Outcome]:
        for part in self._parts:
            yield from _opened(part)

    def field(self, name: str) -> list[Any]:
        """One field of each."""
        return [value for part in self._parts for value in _field(part, name)]

    def sizes(self, name: str) -> list[int]:
        """Of a field that holds cells: how many each holds; -1 for None."""
        return [size for part in self._parts for size in _sizes(part, name)]

    def cells(self, name: str, default: Any) -> list[Any]:
        """What each one's `row` holds under this name; `default` where there is none."""
        return [value for part in self._parts for value in _cells(part, name, default)]


def field_of(outcomes: Sequence[Outcome], name: str) -> list[Any]:
    """One field of each outcome: without making them, where they are put away."""
    return outcomes.field(name) if isinstance(outcomes, OutcomeList) else _field(outcomes, name)


def _opened(part: Sealed | Sequence[Outcome]) -> Sequence[Outcome]:
    return part.outcomes() if isinstance(part, Sealed) else part


def _field(part: Sealed | Sequence[Outcome], name: str) -> list[Any]:
    return part.field(name) if isinstance(part, Sealed) else [getattr(outcome, name) for outcome in part]


def _sizes(part: Sealed | Sequence[Outcome], name: str) -> list[int]:
    return part.sizes(name) if isinstance(part, Sealed) else [_size(getattr(outcome, name)) for outcome in part]


def _size(row: Row | None) -> int:
    return -1 if row is None else len(row)


def _cells(part: Sealed | Sequence[Outcome], name: str, default: Any) -> list[Any]:
    if isinstance(part, Sealed):
        return part.cells(name, default)
    return [default if o.row is None else o.row.get(name, default) for o in part]


class OutcomeBook:
    """Outcomes by position, as they come. Where all of `SIZE` positions in a row are there, they are put away.

    In order of the positions: `iter` gives those, `values` the outcomes.
    """

    SIZE: Final = 256
    OPEN: Final = 8

    def __init__(self) -> None:
        self._parts: dict[int, Sealed | dict[int, Outcome]] = {}
        self._open = 0

    @property
    def scattered(self) -> bool:
        """Whether outcomes come from so many places at once that it will be long until those are put away."""
        return self._open > self.OPEN

    def put(self, position: int, outcome: Outcome) -> None:
        """This is the outcome at `position`, which had none."""
        number = position // self.SIZE
        part = self._parts.get(number)
        if part is None:
            part = self._parts[number] = {}
            self._open += 1
        elif isinstance(part, Sealed):
            raise KeyError(position)
        part[position] = outcome
        if len(part) == self.SIZE:
            self._parts[number] = _sealed(part)
            self._open -= 1

    def __contains__(self, position: object) -> bool:
        part = self._parts.get(position // self.SIZE) if isinstance(position, int) else None
        return isinstance(part, Sealed) or (part is not None and position in part)

    def __len__(self) -> int:
        return sum(map(len, self._parts.values()))

    def __iter__(self) -> Iterator[int]:
        for number, part in sorted(self._parts.items(), key=lambda item: item[0]):
            first = number * self.SIZE
            yield from range(first, first + len(part)) if isinstance(part, Sealed) else sorted(part)

    def values(self) -> OutcomeList:
        """All of them."""
        parts = [part for _, part in sorted(self._parts.items(), key=lambda item: item[0])]
        return OutcomeList([part if isinstance(part, Sealed) else _sealed(part) for part in parts])


def _sealed(part: Mapping[int, Outcome]) -> Sealed:
    return Sealed([part[at] for at in sorted(part)])
