"""Edited cells that are plain edits, told by whole columns: most cells of most edits are.

What is told here is what `Judge` would say, never more: a cell that it might see otherwise is left to be looked at.
"""

from __future__ import annotations

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.normal import EXACT, objects
from taskframe.changes.values import Values
from taskframe.schema import UTC_DTYPE, Column, is_sendable

UNSETTLED = object()
"""In place of a cell's new value: it is no plain edit."""

Decide = Callable[[Any, Any], Any]
"""What becomes of a cell, given its old value and what stands in it: its new value, the very old one, or UNSETTLED."""

_MOST_PAIRS = 10_000  # of the old and the new choice
_FIRST, _LAST = (int(np.datetime64(day, "us").astype("int64")) for day in ("0001-01-01", "9999-12-31"))


@dataclass(frozen=True)
class Settled:
    """Masks over some cells: `fine` are edits, to the values in `after`; `same` are none. The others are open."""

    fine: np.ndarray
    same: np.ndarray
    after: np.ndarray | Values

    @property
    def open(self) -> np.ndarray:
        """The positions of the cells that are to be looked at one by one."""
        return np.flatnonzero(~(self.fine | self.same))


def settle(
    base: pd.Series | None, values: pd.Series, before: np.ndarray | Values, column: Column, decide: Decide
) -> Settled:
    """Settles cells that differ: `base` and `before` (in normal form) are what they were, `values` what they are.

    Texts are settled without `base`.
    """
    found: Settled | None = None
    if not len(values) or column.aliases:
        pass
    elif column.kind == "text":
        found = _texts(values, before, column)
    elif base is None:
        pass
    elif column.kind == "choice":
        found = _choices(base, values, decide)
    elif column.kind == "timestamp":
        found = _times(base, values, column)
    elif column.kind in ("integer", "number"):
        found = _numbers(base, values, column)
    none = np.zeros(len(values), dtype=bool)
    return Settled(none, none, np.empty(len(values), dtype=object)) if found is None else found


def _edits(fine: np.ndarray, after: np.ndarray | Values) -> Settled:
    return Settled(fine, np.zeros(len(fine), dtype=bool), after)


def _texts(values: pd.Series, before: np.ndarray | Values, column: Column) -> Settled | None:
    """A text that Python itself holds, fits the column, and may not be a file's way to write the old one."""
    if isinstance(values.array, pd.arrays.ArrowStringArray):
        return _arrow_texts(values.array, column)
    texts = isinstance(values.dtype, pd.StringDtype)
    if not texts and values.dtype != np.dtype(object):
        return None
    after = values.array.to_numpy(dtype=object, copy=True)
    words = after.tolist()
    fine = np.ones(len(words), dtype=bool)
    if set(map(type, words)) != {str}:
        fine = np.fromiter((type(word) is str for word in words), dtype=bool, count=len(words))
        words = [word if type(word) is str else "" for word in words]
    least = max(column.min_length, 1)  # whether "" is null, or a blank cell of a file, is for the judge
    lengths = list(map(len, words))
    if min(lengths) < least or (column.max_length is not None and max(lengths) > column.max_length):
        sizes = np.array(lengths)
        fine &= (sizes >= least) & (sizes <= (sizes if column.max_length is None else column.max_length))
    every = "\0".join(words)
    if "'" in every or "\r" in every or "\n" in every:  # formulas in files begin with ', and editors change line ends
        fine &= np.fromiter((not (w[:1] == "'" or "\n" in w or "\r" in w) for w in words), bool, count=len(words))
    if not every.isascii():
        try:
            every.encode()
        except UnicodeEncodeError:  # half a surrogate pair
            fine &= np.fromiter(map(is_sendable, words), dtype=bool, count=len(words))
    if not texts:
        fine[fine] = before[fine] != after[fine]
    return _edits(fine, after)


def _arrow_texts(array: Any, column: Column) -> Settled:
    """The same of Arrow's texts, by their bytes: no text is made of them before somebody looks at it.

    They are UTF-8 through and through, in which letters of ASCII stand for themselves alone.
    """
    whole = array.__arrow_array__().combine_chunks().cast("large_string")
    _, places, written = whole.buffers()
    ends = np.frombuffer(places, dtype=np.int64)[whole.offset : whole.offset + len(whole) + 1]
    letters = np.frombuffer(written or b"", dtype=np.uint8)[ends[0] : ends[-1]]
    ends = ends - ends[0]
    sizes = _sizes(letters, ends)
    least = max(column.min_length, 1)
    fine = (sizes >= least) & (sizes <= (sizes if column.max_length is None else column.max_length))
    if whole.null_count:
        fine &= ~array.isna()
    fine[fine] = letters[ends[:-1][fine]] != ord("'")
    low = np.flatnonzero(letters <= ord("\r"))  # "\n" among them
    low = low[(letters[low] == ord("\r")) | (letters[low] == ord("\n"))]
    fine[np.searchsorted(ends, low, side="right") - 1] = False
    return _edits(fine, Values(array, _words, filled=True))


def _sizes(letters: np.ndarray, ends: np.ndarray) -> np.ndarray:
    """How many letters each text has: as many as bytes, but for those that only continue one."""
    sizes = np.diff(ends)
    if len(letters) and letters.max() >= 0x80:
        at = np.flatnonzero(letters & 0xC0 == 0x80)
        sizes -= np.bincount(np.searchsorted(ends, at, side="right") - 1, minlength=len(sizes))
    return sizes


def _words(array: Any) -> np.ndarray:
    words: np.ndarray = array.to_numpy(dtype=object, na_value=None)
    return words


def _choices(base: pd.Series, values: pd.Series, decide: Decide) -> Settled | None:
    """Each pair of an old and a new choice is decided once."""
    if not isinstance(base.dtype, pd.CategoricalDtype):
        return None
    if isinstance(values.dtype, pd.CategoricalDtype):
        new, words = values.cat.codes.to_numpy(), values.dtype.categories
    elif isinstance(values.dtype, pd.StringDtype):
        new, words = pd.factorize(values.array)
    else:
        return None
    olds, news = [*base.dtype.categories.tolist(), None], [*words.tolist(), np.nan]
    if len(olds) * len(news) > _MOST_PAIRS:
        return None
    old = base.cat.codes.to_numpy()
    pairs = old.astype(np.intp) % len(olds) * len(news) + new.astype(np.intp) % len(news)  # -1, null, is the last
    there = np.flatnonzero(np.bincount(pairs, minlength=len(olds) * len(news)))
    fine, same = (np.zeros(len(olds) * len(news), dtype=bool) for _ in range(2))
    after = np.empty(len(fine), dtype=object)
    for pair in there.tolist():
        was = olds[pair // len(news)]
        found = decide(was, news[pair % len(news)])
        if found is was:
            same[pair] = True
        elif found is not UNSETTLED:
            fine[pair], after[pair] = True, found
    return Settled(fine[pairs], same[pairs], Values(after, np.asarray, pairs))


def _times(base: pd.Series, values: pd.Series, column: Column) -> Settled | None:
    """A moment as the baseline has them."""
    if base.dtype != UTC_DTYPE or values.dtype != UTC_DTYPE:
        return None
    old, new = (np.asarray(series.array.view("int64")) for series in (base, values))
    fine = (new >= _FIRST) & (new < _LAST) & (old != new)  # a null is far below
    if column.unit == "ms":
        fine &= new % 1000 == 0
        fine &= old % 1000 == 0
    return _edits(fine, values.to_numpy(dtype=object))


def _numbers(base: pd.Series, values: pd.Series, column: Column) -> Settled | None:
    """Integers in a column of integers, and floats among floats."""
    if column.kind == "integer":
        if not all(str(series.dtype) in ("int64", "Int64") for series in (base, values)):
            return None
        old, new = (series.to_numpy(dtype="int64", na_value=0) for series in (base, values))
    else:
        if base.dtype != np.dtype("float64") or values.dtype != np.dtype("float64"):
            return None
        old, new = base.to_numpy(), values.to_numpy() + 0.0
    fine = values.notna().to_numpy() & ((old != new) | base.isna().to_numpy()) & (np.abs(new) < EXACT)
    if column.minimum is not None:
        fine &= new >= column.minimum
    if column.maximum is not None:
        fine &= new <= column.maximum
    return _edits(fine, objects(new.tolist()))
