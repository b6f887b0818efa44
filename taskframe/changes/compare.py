"""Which cells of a column may differ from the baseline: whole columns at a time, whatever their dtype.

The answer may be too wide (a `"3"` where the baseline has 3 is looked at again, cell by cell), never too narrow.
"""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import json_text
from taskframe.changes.normal import is_null, normal_values, parse
from taskframe.schema import NESTED, Column, Unfit


def differing(base: pd.Series, edited: pd.Series, column: Column) -> np.ndarray:
    """A mask over the rows of `edited`, which is aligned with `base` by position.

    `base` has the column's own dtype (JSON text for lists and objects); `edited` has any.
    """
    if column.kind in NESTED:
        return _differing_text(base, pd.Series(_texts(edited, column), dtype="str"))
    if column.kind == "text":
        text = _as_text(edited)
        if text is not None:
            return _differing_text(base, text)
    elif column.kind == "choice":
        if isinstance(edited.dtype, pd.CategoricalDtype):
            return _differing_categories(base, edited)
        text = _as_text(edited)
        if text is not None:
            return (
                _differing_text(_as_text(base.astype("object")), text)
                if _is_text(base)
                else _each(base, edited)
            )
    elif column.kind == "timestamp" and isinstance(edited.dtype, np.dtype | pd.DatetimeTZDtype):
        if edited.dtype.kind == "M":
            return _instants(base) != _instants(edited)
    elif column.kind in ("integer", "number") and _is_numeric(edited):
        return _differing_numbers(base, edited)
    return _each(base, edited)


def _is_text(base: pd.Series) -> bool:
    return bool(base.cat.categories.map(lambda c: isinstance(c, str)).all())


def _as_text(series: pd.Series) -> pd.Series | None:
    """The same values as pandas `str`, or None where some are no text."""
    if isinstance(series.dtype, pd.StringDtype) and series.dtype.na_value is not pd.NA:
        return series
    dtype = series.dtype
    try:
        if isinstance(dtype, pd.CategoricalDtype):
            return series.astype("str") if isinstance(dtype.categories.dtype, pd.StringDtype) else None
        if isinstance(dtype, pd.StringDtype) or (
            isinstance(dtype, pd.ArrowDtype) and str(dtype).startswith(("string", "large_string"))
        ):
            return series.astype("str")
        if pd.api.types.infer_dtype(series, skipna=True) in ("string", "empty"):
            return series.astype("str")
    except (UnicodeError, ValueError, TypeError):
        return None  # half a surrogate pair does not fit into Arrow: look at each cell
    return None


def _differing_text(base: pd.Series | None, edited: pd.Series) -> np.ndarray:
    assert base is not None
    base_null, edited_null = base.isna().to_numpy(), edited.isna().to_numpy()
    unequal = np.asarray(base.array != edited.array, dtype=bool)
    return (unequal & ~base_null & ~edited_null) | (base_null != edited_null)


def _differing_categories(base: pd.Series, edited: pd.Series) -> np.ndarray:
    """By code. Where the categories differ, those of `edited` are looked up among the baseline's."""
    known, mine = base.cat.categories, edited.cat.categories
    codes = edited.cat.codes.to_numpy()
    if not known.equals(mine):
        places = np.asarray(known.get_indexer(mine))
        places = np.where(places < 0, -2, places)  # -2: a value the baseline has not; -1 is null
        codes = np.where(codes < 0, -1, places[codes]) if len(places) else np.full(len(codes), -1)
    return np.asarray(base.cat.codes.to_numpy() != codes)


def _instants(series: pd.Series) -> np.ndarray:
    """Microseconds since 1970 UTC; a naive timestamp is read as UTC wall time (the cell is judged later)."""
    return np.asarray(pd.DatetimeIndex(series).as_unit("us").asi8)


def _is_numeric(series: pd.Series) -> bool:
    return pd.api.types.is_numeric_dtype(series) and not pd.api.types.is_bool_dtype(series)


def _differing_numbers(base: pd.Series, edited: pd.Series) -> np.ndarray:
    """A float equals the integer that it is the nearest float of: pandas makes floats of integers beside a null."""
    base_null, edited_null = base.isna().to_numpy(), edited.isna().to_numpy()
    floats = pd.api.types.is_float_dtype(base) or pd.api.types.is_float_dtype(edited)
    dtype: Any = "float64" if floats else "int64"
    try:
        ours = base.array.to_numpy(dtype=dtype, na_value=0) if base_null.any() else base.to_numpy(dtype=dtype)
        theirs = edited.fillna(0).to_numpy(dtype=dtype) if edited_null.any() else edited.to_numpy(dtype=dtype)
    except (OverflowError, ValueError, TypeError):
        return _each(base, edited)
    return ((ours != theirs) & ~base_null & ~edited_null) | (base_null != edited_null)


def _each(base: pd.Series, edited: pd.Series) -> np.ndarray:
    """Any other dtype: cell by cell, in one comparison of Python objects."""
    null = edited.isna().to_numpy()
    before = np.empty(len(base), dtype=object)
    before[:] = normal_values(base)
    after = edited.astype("object").to_numpy(dtype=object, copy=True)
    after[null] = None
    try:
        unequal = np.asarray(before != after, dtype=bool)
    except (TypeError, ValueError):  # an array or something worse sits in a cell
        unequal = np.fromiter(
            (_unequal(b, a) for b, a in zip(before, after, strict=True)), dtype=bool, count=len(base)
        )
    return unequal | (null != np.fromiter((b is None for b in before), dtype=bool, count=len(before)))


def _unequal(before: Any, after: Any) -> bool:
    try:
        return bool(before != after)
    except (TypeError, ValueError):
        return True


def _texts(edited: pd.Series, column: Column) -> list[str | None]:
    """Lists and objects as canonical JSON text; what is neither stays unequal to any, and is judged by its cell."""
    texts: list[str | None] = []
    for value in edited:
        try:
            texts.append(None if is_null(value) else json_text(parse(value, column)))
        except Unfit:
            texts.append("\0unfit")
    return texts
