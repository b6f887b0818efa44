"""Which cells of a column may differ from the baseline: whole columns at a time, whatever their dtype.

The answer may be too wide (a `"3"` where the baseline has 3 is looked at again, cell by cell), never too narrow.
"""

from __future__ import annotations

from typing import Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.jsontext import encode_lines, json_text
from taskframe.changes.normal import EXACT, is_null, normal_values, objects, parse
from taskframe.schema import NESTED, Column, Unfit

_UNFIT = "unfit"  # equal to no JSON text of a list or object


def differing(base: pd.Series, edited: pd.Series, column: Column) -> np.ndarray:
    """A mask over the rows of `edited`, which is aligned with `base` by position.

    `base` has the column's own dtype (JSON text for lists and objects); `edited` has any.
    """
    if not isinstance(edited.dtype, pd.StringDtype):
        try:
            edited.isna()
        except ArithmeticError:  # a signalling Decimal("sNaN") must not even be compared
            edited = edited.map(lambda value: None if is_null(value) else value)
    if column.kind in NESTED:
        return _differing_text(base, pd.Series(_texts(edited, column), dtype="str"))
    if column.kind == "text":
        return _differing_words(base, edited)
    if column.kind == "choice":
        if isinstance(edited.dtype, pd.CategoricalDtype):
            return _differing_categories(base, edited)
        return _differing_words(base, edited)
    if base.dtype == np.dtype(object):  # an answer held what the column has no dtype for: a text among the numbers
        return _each(base, edited)
    if column.kind == "timestamp":
        instants = _instants(edited)
        return _each(base, edited) if instants is None else np.asarray(_instants(base) != instants)
    if column.kind == "boolean":
        return _differing_numbers(base, edited, "bool") if _is_bool(edited.dtype) else _each(base, edited)
    integer, floating = _is_int64(edited.dtype), pd.api.types.is_float_dtype(edited.dtype)
    if integer and not pd.api.types.is_float_dtype(base.dtype):
        return _differing_numbers(base, edited, "int64")
    if integer or floating:
        return _differing_floats(base, edited)
    return _each(base, edited)


def _differing_words(base: pd.Series, edited: pd.Series) -> np.ndarray:
    ours, theirs = _as_text(base), _as_text(edited)
    return _each(base, edited) if ours is None or theirs is None else _differing_text(ours, theirs)


def _as_text(series: pd.Series) -> pd.Series | None:
    """The same values as pandas `str`, or None where some are no text."""
    dtype = series.dtype
    if isinstance(dtype, pd.StringDtype) and dtype.na_value is not pd.NA:
        return series
    try:
        if isinstance(dtype, pd.CategoricalDtype):
            words = dtype.categories
            text = isinstance(words.dtype, pd.StringDtype) or pd.api.types.infer_dtype(words) in ("string", "empty")
            return series.astype("str") if text else None
        if isinstance(dtype, pd.StringDtype) or (
            isinstance(dtype, pd.ArrowDtype) and str(dtype).startswith(("string", "large_string"))
        ):
            return series.astype("str")
        if pd.api.types.infer_dtype(series, skipna=True) in ("string", "empty"):
            return series.astype("str")
    except (UnicodeError, ValueError, TypeError):
        return None  # half a surrogate pair does not fit into Arrow: look at each cell
    return None


def _differing_text(base: pd.Series, edited: pd.Series) -> np.ndarray:
    ours, theirs = base.array, edited.array
    if isinstance(ours, pd.arrays.NumpyExtensionArray) and isinstance(theirs, pd.arrays.NumpyExtensionArray):
        unequal = np.asarray(np.asarray(ours) != np.asarray(theirs), dtype=bool)  # pandas looks for nulls four times
    else:
        unequal = np.array(ours != theirs, dtype=bool)
    if isinstance(ours, pd.arrays.ArrowStringArray) and isinstance(theirs, pd.arrays.ArrowStringArray):
        if base.hasnans and edited.hasnans:
            unequal &= ~(ours.isna() & theirs.isna())
        return unequal
    at = np.flatnonzero(unequal)  # null differs from null up to here
    unequal[at] = ~(np.asarray(ours.take(at).isna()) & np.asarray(theirs.take(at).isna()))
    return unequal


def _differing_categories(base: pd.Series, edited: pd.Series) -> np.ndarray:
    """By code. Where the categories differ, those of `edited` are looked up among the baseline's."""
    known, mine = base.cat.categories, edited.cat.categories
    codes = edited.cat.codes.to_numpy()
    truths = _truths(mine)
    if truths.any() or not known.equals(mine):
        places = np.asarray(known.get_indexer(mine))
        places = np.where((places < 0) | truths, -2, places)  # -2: a value the baseline has not; -1 is null
        codes = np.where(codes < 0, -1, places[codes]) if len(places) else np.full(len(codes), -1)
    return np.asarray(base.cat.codes.to_numpy() != codes)


def _instants(series: pd.Series) -> np.ndarray | None:
    """Microseconds since 1970 UTC; a naive timestamp is read as UTC wall time (the cell is judged later).

    None for what are no timestamps, or too distant ones.
    """
    dtype = series.dtype
    try:
        if isinstance(dtype, pd.ArrowDtype) and dtype.kind == "M" and str(dtype).startswith("timestamp"):
            series = series.astype("datetime64[us, UTC]" if "tz=" in str(dtype) else "datetime64[us]")
        elif not (isinstance(dtype, np.dtype | pd.DatetimeTZDtype) and dtype.kind == "M"):
            return None
        return np.asarray(pd.DatetimeIndex(series).as_unit("us").asi8)
    except (ValueError, OverflowError, TypeError):  # OutOfBoundsDatetime is a ValueError
        return None


def _is_bool(dtype: Any) -> bool:
    return bool(pd.api.types.is_bool_dtype(dtype)) and not isinstance(dtype, pd.CategoricalDtype)


def _is_int64(dtype: Any) -> bool:
    """Whether every value fits into int64: it may be the dtype of a sparse or an Arrow array."""
    return bool(pd.api.types.is_integer_dtype(dtype)) and "uint64" not in str(dtype).lower()


def _differing_floats(base: pd.Series, edited: pd.Series) -> np.ndarray:
    """A float equals the integer that it is the nearest float of: pandas makes floats of integers beside a null.

    In the same way a float32 equals the float64 that it is the nearest float32 of. The other way round an integer
    may say more than the baseline's float.
    """
    dtype = edited.dtype.subtype if isinstance(edited.dtype, pd.SparseDtype) else edited.dtype
    size = getattr(dtype, "itemsize", 8)
    exact = pd.api.types.is_integer_dtype(edited.dtype)
    unequal = _differing_numbers(base, edited, "float64" if exact or size >= 8 else f"float{8 * size}")
    if exact:
        unequal |= np.abs(_numbers(edited, "float64")) >= EXACT
    return unequal


def _differing_numbers(base: pd.Series, edited: pd.Series, dtype: str) -> np.ndarray:
    base_null, edited_null = base.isna().to_numpy(), edited.isna().to_numpy()
    with np.errstate(over="ignore"):
        unequal = np.asarray(_numbers(base, dtype) != _numbers(edited, dtype))
    return _unequal_or_null(unequal, base_null, edited_null)


def _unequal_or_null(unequal: np.ndarray, base_null: np.ndarray, edited_null: np.ndarray) -> np.ndarray:
    return np.asarray((unequal & ~base_null & ~edited_null) | (base_null != edited_null))


def _numbers(series: pd.Series, dtype: str) -> np.ndarray:
    if series.hasnans:
        series = series.fillna(False if dtype == "bool" else 0)
    return np.asarray(series.to_numpy(dtype=dtype))


def _each(base: pd.Series, edited: pd.Series) -> np.ndarray:
    """Any other dtype: cell by cell, in one comparison of Python objects."""
    null = edited.isna().to_numpy()
    before = objects(normal_values(base))
    after = edited.astype("object").to_numpy(dtype=object, copy=True)
    after[null] = None
    try:
        unequal = np.asarray(before != after, dtype=bool)
    except (TypeError, ValueError):  # an array or something worse sits in a cell
        pairs = zip(before, after, strict=True)
        unequal = np.fromiter((_unequal(b, a) for b, a in pairs), dtype=bool, count=len(base))
    unequal |= _truths(after) != _truths(before)  # in Python True == 1
    return np.asarray(unequal | (null != np.fromiter((b is None for b in before), dtype=bool, count=len(before))))


def _truths(values: Any) -> np.ndarray:
    return np.fromiter((isinstance(v, (bool, np.bool_)) for v in values), dtype=bool, count=len(values))


def _unequal(before: Any, after: Any) -> bool:
    try:
        return bool(before != after)
    except (TypeError, ValueError):
        return True


def _texts(edited: pd.Series, column: Column) -> list[str | None]:
    """Lists and objects as JSON text; what is neither is unequal to any, and is judged by its cell."""
    wanted = list if column.kind == "list" else dict
    values = edited.tolist()
    texts: list[str | None] = []
    for start in range(0, len(values), _BLOCK):
        block = values[start : start + _BLOCK]
        texts += _exact(block, wanted) or [_text(value, column, wanted) for value in block]
    return texts


def _exact(values: list[Any], wanted: type) -> list[str] | None:
    """The texts where all values are `wanted`, and what JSON makes of them is the very same. None otherwise."""
    if set(map(type, values)) != {wanted}:
        return None
    try:
        texts = encode_lines(values)
        same = msgspec.json.decode(f"[{','.join(texts)}]") == values
    except (TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return None
    return texts if same else None


def _text(value: Any, column: Column, wanted: type) -> str | None:
    try:
        text = _encode(value) if type(value) is wanted else None
        if text is not None and msgspec.json.decode(text) == value:  # msgspec writes null for inf, text for a Decimal
            return text.decode()
        return None if is_null(value) else json_text(parse(value, column))
    except (Unfit, TypeError, ValueError, OverflowError, RecursionError, msgspec.MsgspecError):
        return _UNFIT


_BLOCK = 1_024
_encode = msgspec.json.Encoder(order="deterministic").encode
