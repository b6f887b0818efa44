"""Values in normal form as typed arrays, in bulk: texts, choices, times, anything."""

from __future__ import annotations

import math
from array import array
from collections.abc import Callable, Iterable, Sequence
from functools import lru_cache
from importlib import import_module
from typing import Any, Final, cast

import numpy as np
import pandas as pd

TEXT_DTYPE: Final = pd.StringDtype(na_value=math.nan)
"""pandas' own `str`: on Arrow where pyarrow is installed, else on Python's texts."""

UTC_DTYPE: Final = pd.DatetimeTZDtype("us", "UTC")


def objects(values: Sequence[Any]) -> np.ndarray:
    """The values as an array of objects. Lists stay lists: by assignment numpy would unfold those of one length."""
    return np.fromiter(values, dtype=object, count=len(values))


class Objects:
    """Objects that come in pieces, put down in an array that grows.

    Who walks over all of them once they are there waits for memory at each of them: so that is not done.
    """

    def __init__(self) -> None:
        self._held = np.empty(0, dtype=object)
        self._count = 0

    def add(self, values: Sequence[Any]) -> None:
        """Some more."""
        end = self._count + len(values)
        if end > len(self._held):
            self._held.resize(end + end // 4, refcheck=False)
        self._held[self._count : end] = objects(values)
        self._count = end

    def array(self) -> np.ndarray:
        """All of them. Once: the array is given away."""
        self._held.resize(self._count, refcheck=False)
        return self._held


# Texts.


def texts(values: Sequence[Any]) -> Any:
    """Texts and None as an array of `TEXT_DTYPE`."""
    found = Texts()
    found.add(values)
    return found.array()


class _ArrowTexts:
    """Texts that come in pieces; each piece is Arrow's at once.

    Their memory is the C library's: what is freed piece by piece is used again, where Arrow's own pool (mimalloc) gives
    much of it back to the system, and pays for new pages a moment later: a seventh of the time of a whole load.
    """

    def __init__(self) -> None:
        self._parts: list[Any] = []

    def add(self, values: Sequence[Any]) -> None:
        """Some texts more, and None."""
        pa: Any = import_module("pyarrow")
        try:
            self._parts.append(pa.array(values, type=pa.large_string(), memory_pool=pa.system_memory_pool()))
        except (TypeError, ValueError):  # not text, all of it, or half a surrogate pair: pandas' own way, or words
            found = cast(Any, pd.array(list(values), dtype=TEXT_DTYPE)).__arrow_array__()
            self._parts += found.chunks if isinstance(found, pa.ChunkedArray) else [found]

    def array(self) -> Any:
        """All of them, in one piece: in many, each look into it would be slow."""
        pa: Any = import_module("pyarrow")
        parts = self._parts or [pa.array([], type=pa.large_string())]
        return cast(Any, TEXT_DTYPE).__from_arrow__(pa.concat_arrays(parts, memory_pool=pa.system_memory_pool()))


def utf8_texts(written: Any, ends: Any, there: np.ndarray) -> Any:
    """UTF-8 as an array of `TEXT_DTYPE`, where that is Arrow's: the memory handed in is the array's own from now on.

    `ends`: where each text ends, in 64 bits, behind a 0. `there`: False for None.
    """
    pa: Any = import_module("pyarrow")
    bits = None if there.all() else pa.py_buffer(np.packbits(there, bitorder="little"))
    buffers = pa.py_buffer(ends), pa.py_buffer(written), bits
    return cast(Any, TEXT_DTYPE).__from_arrow__(pa.LargeStringArray.from_buffers(len(ends) - 1, *buffers))


def written_texts(values: Sequence[Any], write: Callable[[Any, bytearray, int], object]) -> Any:
    """What `write` (msgspec's `encode_into`) makes of each value, as an array of `TEXT_DTYPE`; None stays None.

    It is written straight to where Arrow keeps it: no text is made on the way, and none copied, which of long ones
    takes most of the time, and thrice the memory. ValueError where a value is written as null, or where texts are
    Python's own.
    """
    if TEXT_DTYPE.storage != "pyarrow":
        raise ValueError("no Arrow")
    written, ends = bytearray(), array("q", [0])
    end = ends.append
    for value in values:
        if value is not None:
            write(value, written, -1)
        end(len(written))
    places = np.frombuffer(ends, dtype=np.int64)
    lengths = np.diff(places)
    starts = places[:-1][lengths == len("null")]
    if starts.size and (np.frombuffer(written, dtype=np.uint8)[starts] == ord("n")).any():
        raise ValueError("a value has no JSON")  # NaN, or infinity
    return utf8_texts(written, ends, lengths > 0)  # no JSON is empty


class _PlainTexts:
    """Texts that come in pieces. Each is once in memory, as long as texts repeat (who has a task): where few do, it
    would not pay.
    """

    def __init__(self) -> None:
        self._held = Objects()
        self._one: dict[Any, Any] = {}
        self._asked = 0

    def add(self, values: Sequence[Any]) -> None:
        """Some texts more, and None."""
        size = len(values)
        if 2 * len(self._one) <= self._asked + _TRIAL and 2 * values.count(None) < size:
            self._asked += size
            values = list(map(self._one.setdefault, values, values))
        self._held.add(values)

    def array(self) -> Any:
        """All of them."""
        self._one.clear()
        return pd.array(self._held.array(), dtype=TEXT_DTYPE, copy=False)


Texts: Final = _ArrowTexts if TEXT_DTYPE.storage == "pyarrow" else _PlainTexts
_TRIAL: Final = 500


# Choices.


class Codes(dict[Any, int]):
    """The number of each choice: the `known` ones first, then others in the order in which they come; -1 for None."""

    def __init__(self, known: Iterable[Any]) -> None:
        super().__init__({value: code for code, value in enumerate(known)})
        self[None] = -1

    def __missing__(self, value: Any) -> int:
        self[value] = code = len(self) - 1  # None is no choice
        return code

    def of(self, values: Sequence[Any]) -> np.ndarray:
        """The numbers of many values."""
        return np.fromiter(map(self.__getitem__, values), dtype=np.int32, count=len(values))

    def array(self, parts: Sequence[np.ndarray], *, ordered: bool) -> pd.Categorical:
        """What `of` gave, one behind the other, as a categorical."""
        dtype = pd.CategoricalDtype([value for value in self if value is not None], ordered=ordered)
        return pd.Categorical.from_codes(np.concatenate(parts) if parts else [], dtype=dtype)


def choices(values: Sequence[Any], known: Sequence[Any], *, ordered: bool) -> pd.Categorical:
    """As a categorical of the `known` values; those that are not, in the order in which they come, behind them."""
    codes = Codes(known)
    return codes.array([codes.of(values)], ordered=ordered)


# Times.


def times(values: Sequence[Any]) -> Any:
    """Times (ISO 8601 text, or anything that pandas takes for one) and None as an array of instants in UTC."""
    found = wire_times(values)
    return utc(moments(values) if found is None else found)


def moments(values: Sequence[Any]) -> np.ndarray:
    """The same as `datetime64[us]`, by pandas, which reads anything."""
    parsed = pd.to_datetime(pd.Series(values, dtype="object"), utc=True, format="ISO8601")
    return pd.DatetimeIndex(parsed).tz_localize(None).as_unit("us").to_numpy()


def utc(found: np.ndarray) -> Any:
    """Moments in UTC (`datetime64[us]`) as an array of `UTC_DTYPE`."""
    return pd.array(found, dtype=UTC_DTYPE)


def wire_times(values: Sequence[Any]) -> np.ndarray | None:
    """Times as services write them, `2026-01-31T09:00:00.000Z` with or without a fraction, and None, as
    `datetime64[us]` in UTC; some ten times as fast, as numpy reads texts of one length as one block of memory.

    None where one of them is anything else, right or wrong.
    """
    try:
        there = list(filter(None, values))
        read = _read(there)
    except (TypeError, ValueError):  # no text; not ASCII; the 31st of April
        return None
    if read is None or len(there) == len(values):
        return read
    found = np.full(len(values), np.datetime64("NaT"), dtype="datetime64[us]")
    if not there:
        return found if values.count(None) == len(values) else None
    places = np.flatnonzero(objects(values) != None)  # noqa: E711 - of each cell, twice as fast as in Python
    if len(places) != len(there):
        return None  # "" is no time
    found[places] = read
    return found


def _read(there: Sequence[str]) -> np.ndarray | None:
    if not there:
        return np.empty(0, dtype="datetime64[us]")
    width = len(there[0])
    block = "\n".join(there).encode("ascii")
    if len(block) == len(there) * (width + 1) - 1:
        return _same_width(block + b"\n", width)
    # fractions of several lengths: `.5Z`, and none at all where it would be zero
    lengths = np.fromiter(map(len, there), dtype=np.intp, count=len(there))
    found = np.empty(len(there), dtype="datetime64[us]")
    for width in np.unique(lengths).tolist():
        places = np.flatnonzero(lengths == width)
        read = _same_width("\n".join([*(there[at] for at in places.tolist()), ""]).encode("ascii"), width)
        if read is None:
            return None
        found[places] = read
    return found


def _same_width(block: bytes, width: int) -> np.ndarray | None:
    """Times of one width, a line each; None where one of them is none. ValueError where there is no such day or hour.

    There are as many line ends as lines in what has the right shape, so none of them is of a text's own.
    """
    size = len(block) // (width + 1)
    shape = _shape(width, 1 << size.bit_length())
    if shape is None:
        return None
    least, span = (lines[: len(block)] for lines in shape)
    letters = np.frombuffer(block, dtype=np.uint8)
    if not (letters - least <= span).all():  # what is less than the least wraps round
        return None
    text = np.ndarray(size, dtype=f"S{width - 1}", buffer=block, strides=(width + 1,))  # without Z and line end
    read = text.astype("datetime64[us]")
    return read if read.min() >= _YEAR_1 else None


_YEAR_1: Final = np.datetime64("0001-01-01", "us")


@lru_cache(maxsize=64)
def _shape(width: int, size: int) -> tuple[np.ndarray, np.ndarray] | None:
    """For `size` lines with times of this width: the least that may stand in each place, and how much more."""
    digits = width - len("2026-01-31T09:00:00.Z")
    if digits == -1:
        like = "0000-00-00T00:00:00Z\n"
    elif 1 <= digits <= 6:  # what is finer than microseconds is cut by pandas
        like = f"0000-00-00T00:00:00.{'0' * digits}Z\n"
    else:
        return None
    least = np.frombuffer(like.encode("ascii"), dtype=np.uint8)
    span = np.where(least == ord("0"), 9, 0).astype(np.uint8)
    return np.tile(least, size), np.tile(span, size)
