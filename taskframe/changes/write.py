"""Putting values in normal form into an analyst's column, whose dtype may be any."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from contextlib import suppress
from datetime import datetime
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.compare import differing
from taskframe.changes.jsontext import json_text
from taskframe.changes.judge import Judge
from taskframe.changes.normal import objects, plain, same
from taskframe.schema import NESTED, UTC_DTYPE, Column, Kind, Unfit


def write(series: pd.Series, at: np.ndarray, values: Sequence[Any], column: Column) -> pd.Series:
    """`series` with `values` (in normal form) at the positions `at`.

    It keeps its dtype where that holds the values (a category gets what it lacks); else it takes the column's own, or
    becomes objects.
    """
    for dtype in (series.dtype, column.dtype) if fits(values, column) else ():
        try:
            written = _written(series, at, values, dtype, column)
        except (TypeError, ValueError, OverflowError):
            continue
        if says(written.take(at), values, column).all():  # int8 takes 300, and holds 44
            return written
    return _written(series, at, values, np.dtype(object), column)


def _written(series: pd.Series, at: np.ndarray, values: Sequence[Any], dtype: Any, column: Column) -> pd.Series:
    if isinstance(dtype, pd.CategoricalDtype) and isinstance(series.dtype, pd.CategoricalDtype):
        known = set(series.cat.categories)
        missing = [v for v in dict.fromkeys(values) if v is not None and v not in known]
        series = series.cat.add_categories(missing) if missing else series
        dtype = series.dtype
    elif series.dtype != dtype:
        series = series.astype(dtype)
    array = series.array.copy()
    array[at] = _array(values, dtype, column)
    written: pd.Series = pd.Series(array, index=series.index, name=series.name, dtype=dtype)  # objects stay objects
    return written


def _array(values: Sequence[Any], dtype: Any, column: Column) -> Any:
    """`values` as an array of `dtype`."""
    if dtype == np.dtype(object):
        return objects(values)
    if isinstance(dtype, pd.CategoricalDtype):
        return pd.Categorical(values, dtype=dtype)
    if isinstance(dtype, pd.StringDtype) or str(dtype).startswith(("string", "large_string")):
        return pd.array([_word(v, column) for v in values], dtype=dtype)
    if column.kind == "timestamp" and getattr(dtype, "kind", "") == "M":
        times = pd.Series(values, dtype=UTC_DTYPE)
        zoned = isinstance(dtype, pd.DatetimeTZDtype) or "tz=" in str(dtype)
        return (times if zoned else times.dt.tz_localize(None)).astype(dtype).array
    return pd.array(values, dtype=dtype)


def _word(value: Any, column: Column) -> str | None:
    if value is None:
        return None
    if column.kind in NESTED:
        return msgspec.json.encode(value).decode()
    return str(value).lower() if isinstance(value, bool) else str(plain(value))


def says(cells: pd.Series, values: Sequence[Any], column: Column) -> np.ndarray:
    """A mask: which cells, of any dtype, say these values (in normal form)."""
    if not len(cells):
        return np.zeros(0, dtype=bool)
    texts = column.kind in NESTED
    unequal = np.ones(len(cells), dtype=bool)  # what the column's own dtype can't hold: look at each cell
    if texts or fits(values, column):  # pandas would make "3" of 3, and 3.0 of "3"
        with suppress(TypeError, ValueError, OverflowError):
            base = [json_text(v) for v in values] if texts else column.array(list(values))
            unequal = differing(pd.Series(base, dtype="str") if texts else pd.Series(base), cells, column)
    said = ~unequal
    at = np.flatnonzero(unequal)
    if len(at):
        judge = Judge(column, [v for v in values if isinstance(v, str | int)] if column.kind == "choice" else ())
        pairs = zip(cells.take(at), (values[n] for n in at.tolist()), strict=True)
        said[at] = [_one_says(judge, cell, value, column) for cell, value in pairs]
    return said


def _one_says(judge: Judge, cell: Any, value: Any, column: Column) -> bool:
    try:
        return same(judge(value, cell), value, column)
    except Unfit:
        return False


_TYPES: Mapping[Kind, tuple[type, ...]] = {
    "text": (str,), "integer": (int,), "number": (int, float), "boolean": (bool,), "timestamp": (datetime,),
}  # fmt: skip


def fits(values: Sequence[Any], column: Column) -> bool:
    """Whether all values are of the column's kind: an answer may hold others, in an account's own field."""
    types = _TYPES.get(column.kind)
    if types is None:
        return True
    bools = column.kind == "boolean"
    return all(
        found is type(None) or (issubclass(found, types) and (bools or not issubclass(found, bool)))
        for found in set(map(type, values))
    )
