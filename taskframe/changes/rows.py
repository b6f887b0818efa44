"""Rows of a DataFrame in normal form, read when they are looked at: most of a row never is."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import Any

import pandas as pd

from taskframe.changes.normal import normal_values
from taskframe.changes.picked import Picked


class Table:
    """A frame whose columns are turned into normal form once, when the first of their cells is read."""

    def __init__(self, frame: pd.DataFrame | Picked) -> None:
        self._frame = frame
        self._index = str(frame.index.name)
        self._values: dict[str, list[Any]] = {}
        self.names = (self._index, *map(str, frame.columns))

    def column(self, name: str) -> list[Any]:
        """The values of a column; KeyError when there is none."""
        values = self._values.get(name)
        if values is None:
            ids = name == self._index
            values = [str(i) for i in self._frame.index] if ids else normal_values(self._frame[name])
            self._values[name] = values
        return values

    def rows(self) -> Iterator[TableRow]:
        """All rows, in order."""
        return (TableRow(self, at) for at in range(len(self._frame)))


class TableRow(Mapping[str, Any]):
    """One row, the id among its columns."""

    __slots__ = ("_at", "_table")

    def __init__(self, table: Table, at: int) -> None:
        self._table = table
        self._at = at

    def __getitem__(self, name: str) -> Any:
        return self._table.column(name)[self._at]

    def get(self, name: str, default: Any = None) -> Any:
        """As of any mapping, without its detour."""
        try:
            return self._table.column(name)[self._at]
        except KeyError:
            return default

    def __iter__(self) -> Iterator[str]:
        return iter(self._table.names)

    def __len__(self) -> int:
        return len(self._table.names)

    def __repr__(self) -> str:
        return repr(dict(self))
