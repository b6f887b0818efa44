"""Values of cells in normal form, made when somebody looks at them: of a large plan's nobody looks at most."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from functools import cached_property
from typing import Any

import numpy as np

from taskframe.changes.memory import writable


class Values:
    """What `read` makes of `array.take(at)` (without `at`: of all of it), once it is asked for: an array of objects.

    Nobody can write to `array`: it is Arrow's, or nobody else has it. So it makes no difference when it is read.

    - `filled`: whether it is known already that none of the values is null or "".
    """

    def __init__(
        self, array: Any, read: Callable[[Any], np.ndarray], at: np.ndarray | None = None, *, filled: bool = False
    ) -> None:
        self._array = array
        self._read = read
        self._at = at
        self.filled = filled

    @classmethod
    def of(cls, array: Any, read: Callable[[Any], np.ndarray], at: np.ndarray) -> Values:
        """Those at `at` of a column that others have too: they are copied now if they could be written to later."""
        return cls(array.take(at), read) if writable(array) else cls(array, read, at)

    @cached_property
    def objects(self) -> np.ndarray:
        """The values. Whoever wants to write to them makes a copy."""
        return self._read(self._array if self._at is None else self._array.take(self._at))

    def take(self, at: np.ndarray) -> Values:
        """Those at these positions."""
        return Values(self._array, self._read, at if self._at is None else self._at[at], filled=self.filled)

    def __len__(self) -> int:
        return len(self._array if self._at is None else self._at)

    def __getitem__(self, at: Any) -> Any:
        return self.objects[at]

    def __iter__(self) -> Iterator[Any]:
        return iter(self.objects)


def read(values: np.ndarray | Values) -> np.ndarray:
    """As an array of objects."""
    return values.objects if isinstance(values, Values) else values
