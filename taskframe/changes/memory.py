"""The memory behind a column: whether two columns share it, and whether it was written to."""

from __future__ import annotations

import ctypes
import zlib
from typing import Any

import numpy as np
import pandas as pd


def shares_memory(a: pd.Series, b: pd.Series) -> bool:
    """Whether two columns are views of the very same memory, so that no cell can differ.

    False means "don't know": then the cells are compared.
    """
    if a.dtype != b.dtype or len(a) != len(b):
        return False
    first, second = _buffers(a.array), _buffers(b.array)
    return first is not None and first == second


def checksum(series: pd.Series) -> int | None:
    """Of memory that writing through `.array` would change behind the back of every snapshot; None for any other.

    pandas' own ways to edit copy such memory first. Arrow's is never written to.
    """
    array, dtype = series.array, series.dtype
    if isinstance(array, _MASKED):
        plain: Any = getattr(dtype, "numpy_dtype", "float64")
        filled = array.to_numpy(dtype=plain, na_value=0)
        return zlib.crc32(np.ascontiguousarray(array.isna()).data, zlib.crc32(filled.data))
    values = _own(array)
    if values is None:
        return None
    values = np.ascontiguousarray(values)
    if values.dtype.hasobject:  # text without pyarrow: which objects, not what they say
        return zlib.crc32((ctypes.c_char * values.nbytes).from_address(values.ctypes.data))
    return zlib.crc32(values.data)


_MASKED = (pd.arrays.IntegerArray, pd.arrays.FloatingArray, pd.arrays.BooleanArray)


def _buffers(array: Any) -> Any:
    """What tells this memory from all other that is in use; None where that is not known."""
    values = _own(array)
    if values is not None:
        interface = values.__array_interface__
        labels = array.categories.tolist() if isinstance(array, pd.Categorical) else None
        return interface["data"], interface["shape"], interface["strides"], interface["typestr"], labels
    if isinstance(array, pd.arrays.ArrowStringArray | pd.arrays.ArrowExtensionArray):
        chunked = array.__arrow_array__()
        chunks = getattr(chunked, "chunks", [chunked])
        return [(c.offset, len(c), [b.address if b is not None else 0 for b in c.buffers()]) for c in chunks]
    return None


def _own(array: Any) -> np.ndarray | None:
    """The array's own memory as numpy sees it. Never a copy: a copy's address may be that of an earlier copy."""
    if isinstance(array, pd.Categorical):
        return np.asarray(array.codes)
    if isinstance(array, pd.arrays.DatetimeArray):
        return np.asarray(array.view("int64"))
    if isinstance(array, pd.arrays.NumpyExtensionArray):  # also text, without pyarrow
        return np.asarray(array)
    return None
