"""A column of lists or objects as a baseline keeps it, so that no edit inside a cell can change it: as JSON texts, and
the finger prints that tell which cells may have been changed.

Where lists are made of things that repeat, each thing is written once, and what was written is put together: JSON and
marshal both write a list as its parts one behind the other. A print that were not that of the cells would only mean
that they are looked at; texts are what `json_text` gives, and tests hold both against the cells.
"""

from __future__ import annotations

import marshal
from array import array
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from typing import Any, Final

import msgspec
import numpy as np

from taskframe import arrays
from taskframe.changes.prints import BLOCK


@dataclass(frozen=True)
class Frozen:
    """`texts`: an array with the JSON text of each cell. `prints`: one for each block of cells."""

    texts: Any
    prints: tuple[int | None, ...]


class Written:
    """A JSON value as both writers write it; None where one of them can't."""

    __slots__ = ("json", "marshalled")

    def __init__(self, value: Any) -> None:
        self.json: Any = None
        self.marshalled: Any = None
        with suppress(ValueError):  # half a surrogate pair, which is no UTF-8
            self.json, self.marshalled = _encode(value), marshal.dumps(value, 0)


class FrozenLists:
    """A column of lists that come one by one, each as what its things were written as."""

    def __init__(self) -> None:
        self._json = bytearray()
        self._ends = array("q", [0])
        self._marshalled: list[bytes] = []
        self._rows = 0
        self._prints: list[int] = []
        self._whole = arrays.TEXT_DTYPE.storage == "pyarrow"  # else texts are Python's own, made of the cells at once

    def add(self, things: Sequence[Written] | None) -> None:
        """One more; None for null."""
        if not self._whole:
            return
        if things is None:
            self._marshalled.append(_NULL)
        else:
            texts = [thing.json for thing in things]
            if None in texts:
                self._whole = False
                self._json.clear()
                return
            self._json += b"[%b]" % b",".join(texts)
            self._marshalled.append(_begun(len(things)))
            self._marshalled += [thing.marshalled for thing in things]
        self._ends.append(len(self._json))
        self._rows += 1
        if self._rows == BLOCK:
            self._close()

    def frozen(self) -> Frozen | None:
        """All of them; None where that is not known. Once: what was gathered is given away."""
        if not self._whole:
            return None
        if self._rows:
            self._close()
        there = np.diff(np.frombuffer(self._ends, dtype=np.int64)) > 0
        return Frozen(arrays.utf8_texts(self._json, self._ends, there), tuple(self._prints))

    def _close(self) -> None:
        self._prints.append(hash(b"".join([_begun(self._rows), *self._marshalled])))
        self._marshalled.clear()
        self._rows = 0


def _begun(size: int) -> bytes:
    """How marshal begins a list."""
    return b"[" + size.to_bytes(4, "little")


_NULL: Final = marshal.dumps(None, 0)
_encode: Final = msgspec.json.Encoder(order="deterministic").encode
