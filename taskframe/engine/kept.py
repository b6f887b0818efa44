"""Rows as outcomes keep them: of many thousand tasks, so small."""

from __future__ import annotations

from collections.abc import Iterator, KeysView, Mapping
from typing import Any, Final

from taskframe.changes.edit import Row

SHAPES: Final = 64
"""So many sets of columns are remembered; a row that has yet another one is kept as it is."""

TEXTS: Final = 256
"""So many texts of a column are remembered. A column of more has one for each task, like a title."""


class KeptRow(Mapping[str, Any]):
    """A row whose columns' names are shared with others: a third of a dict. It can't be changed."""

    __slots__ = ("_places", "_values")

    def __init__(self, places: dict[str, int], values: tuple[Any, ...]) -> None:
        self._places = places
        self._values = values

    def __getitem__(self, name: str) -> Any:
        return self._values[self._places[name]]

    def __iter__(self) -> Iterator[str]:
        return iter(self._places)

    def __len__(self) -> int:
        return len(self._places)

    def __contains__(self, name: object) -> bool:
        return name in self._places

    @property
    def parts(self) -> tuple[Any, ...]:
        """The values, in the order of the names."""
        return self._values

    def keys(self) -> KeysView[str]:
        """The names, without a mapping's detour."""
        return self._places.keys()

    def __repr__(self) -> str:
        return repr(dict(self))


class Keeper:
    """Makes kept rows of a run's rows. A text that is in many of them is held once."""

    def __init__(self) -> None:
        self._shapes: dict[tuple[str, ...], tuple[dict[str, int], list[dict[str, str]]]] = {}

    def keep(self, row: Row, task: str) -> Row:
        """The same row, of the task with this id."""
        names = tuple(row)
        shape = self._shapes.get(names)
        if shape is None:
            if len(self._shapes) >= SHAPES:
                return row
            shape = self._shapes[names] = {name: at for at, name in enumerate(names)}, [{} for _ in names]
        places, texts = shape
        values = []
        for value, known in zip(row.values(), texts, strict=True):
            if type(value) is not str:
                values.append(value)
            elif value in known:
                values.append(known[value])
            elif value == task:
                values.append(task)
            else:
                if len(known) < TEXTS:
                    known[value] = value
                values.append(value)
        return KeptRow(places, tuple(values))
