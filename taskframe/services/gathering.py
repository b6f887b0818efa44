"""From pages to typed columns: the tasks of a listing, made into arrays as they come.

So no task is kept as an object of its own, and texts that repeat, numbers and times take the little that they need.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from typing import Any, Final, Protocol

import numpy as np
import pandas as pd
from msgspec import UNSET
from msgspec.structs import astuple

from taskframe import arrays
from taskframe.schema import Column

Lists = Mapping[str, Any]
"""Column → its values, all of one length."""

BATCH: Final = 1_000
"""Tasks that are made into arrays at once. Many more would leave the processor's cache before they are looked at, which
takes twice as long; with many fewer, what numpy and Arrow take for each array would count."""


def lists_of(tasks: Sequence[Any], whole: Any) -> Lists:
    """Tasks as a list for each of their attributes; what a task left out is None.

    They are msgspec structs; those of the kind `whole` never hold `UNSET`, and have the attributes of all.
    """
    names = whole.__struct_fields__
    if not tasks:
        return dict.fromkeys(names, ())
    if set(map(type, tasks)) == {whole}:
        return dict(zip(names, zip(*map(astuple, tasks), strict=True), strict=True))
    cells = {name: [getattr(task, name) for task in tasks] for name in names}
    return {name: [None if value is UNSET else value for value in values] for name, values in cells.items()}


class Gathering:
    """Columns of which pieces come, as lists of values in normal form (timestamps may be RFC 3339 text).

    `check` is given the lists of a batch in which a timestamp is not written as services do it, before pandas reads
    "now" as now. It raises when it is no timestamp at all.
    """

    def __init__(self, columns: Sequence[Column], check: Callable[[Lists], None]) -> None:
        self._check = check
        self._pieces: dict[str, _Pieces] = {column.name: _pieces(column) for column in columns}

    def extend(self, lists: Lists) -> None:
        """Some tasks more: a list of values for each column, all of one length."""
        checked = False
        for name, pieces in self._pieces.items():
            if not pieces.add(lists[name], checked=checked):
                self._check(lists)
                checked = True
                pieces.add(lists[name], checked=True)

    def arrays(self) -> dict[str, Any]:
        """All that came, column by column. Once: they are given away."""
        return {name: self._pieces.pop(name).array() for name in list(self._pieces)}


class _Pieces(Protocol):
    """What came of one column so far."""

    def add(self, values: Sequence[Any], *, checked: bool) -> bool:
        """Some values more. False, and nothing is added, when they are to be checked first."""

    def array(self) -> Any:
        """All of them."""


def _pieces(column: Column) -> _Pieces:
    match column.kind:
        case "text":
            return _Texts()
        case "timestamp":
            return _Times()
        case "choice":
            return _Choices(column)
        case "list" | "object" | "any":
            return _Nested()
        case _:
            return _Any(column)


class _Any:
    """Values of any kind: pandas makes the array in the end."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._values: list[Any] = []

    def add(self, values: Sequence[Any], *, checked: bool) -> bool:  # noqa: ARG002
        self._values += values
        return True

    def array(self) -> Any:
        return self._column.array(self._values)


class _Nested:
    """Lists and objects."""

    def __init__(self) -> None:
        self._objects = arrays.Objects()

    def add(self, values: Sequence[Any], *, checked: bool) -> bool:  # noqa: ARG002
        self._objects.add(values)
        return True

    def array(self) -> Any:
        return pd.arrays.NumpyExtensionArray(self._objects.array())


class _Texts:
    """Texts."""

    def __init__(self) -> None:
        self._texts = arrays.Texts()

    def add(self, values: Sequence[Any], *, checked: bool) -> bool:  # noqa: ARG002
        self._texts.add(values)
        return True

    def array(self) -> Any:
        return self._texts.array()


class _Times:
    """Times; those that are not written as services do it are to be checked. Moments in UTC need no look."""

    def __init__(self) -> None:
        self._parts: list[Any] = []

    def add(self, values: Any, *, checked: bool) -> bool:
        found = values if isinstance(values, np.ndarray) else arrays.wire_times(values)
        if found is None and not checked:
            return False
        self._parts.append(arrays.moments(values) if found is None else found)
        return True

    def array(self) -> Any:
        return arrays.utc(np.concatenate(self._parts) if self._parts else np.empty(0, "datetime64[us]"))


class _Choices:
    """Choices as small numbers. One that the service does not document comes behind those that it does."""

    def __init__(self, column: Column) -> None:
        self._column = column
        self._codes = arrays.Codes(column.choices)
        self._parts: list[Any] = []

    def add(self, values: Sequence[Any], *, checked: bool) -> bool:  # noqa: ARG002
        self._parts.append(self._codes.of(values))
        return True

    def array(self) -> Any:
        return self._codes.array(self._parts, ordered=self._column.ordered)
