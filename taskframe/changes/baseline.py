"""The baseline: the tasks as loaded, never edited, and cheap to keep."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.schema import NESTED, Schema


@dataclass(frozen=True)
class Baseline:
    """The tasks as loaded. `frame` has the schema's columns that were loaded; its index are the ids.

    It is a copy-on-write snapshot: it shares its memory with the analyst's frame until that is edited. Lists and
    objects, which can be changed *inside* a cell, are kept as JSON text (`frozen`), which can't.
    """

    frame: pd.DataFrame
    schema: Schema
    frozen: frozenset[str] = frozenset()

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> Baseline:
        """A snapshot of `frame`, which has the schema's dtypes and unique ids as its index."""
        snapshot = frame[[c.name for c in schema if c.name in frame]].copy(deep=False)
        nested = [c.name for c in schema if c.kind in NESTED and c.name in snapshot]
        for name in nested:
            snapshot[name] = pd.array([json_text(v) for v in snapshot[name]], dtype="str")
        return cls(snapshot, schema, frozenset(nested))

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def ids(self) -> pd.Index:
        """The ids, in the order of the load."""
        return self.frame.index

    def rows(self, positions: np.ndarray) -> pd.DataFrame:
        """The tasks at these positions, with lists and objects as such."""
        rows = self.frame.iloc[positions]
        if not self.frozen:
            return rows
        rows = rows.copy()
        for name in self.frozen:
            values = pd.Series([None] * len(rows), index=rows.index, dtype="object")
            values[:] = [None if pd.isna(text) else msgspec.json.decode(text) for text in rows[name]]
            rows[name] = values
        return rows


def json_text(value: Any) -> str | None:
    """A list or object as JSON text with sorted keys; None for null. Equal values give equal text."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    return msgspec.json.encode(value, order="deterministic").decode()


def shares_memory(a: pd.Series, b: pd.Series) -> bool:
    """Whether two columns are views of the very same memory, so that no cell can differ.

    False means "don't know": then the cells are compared.
    """
    if a.dtype != b.dtype or len(a) != len(b):
        return False
    first, second = _buffers(a), _buffers(b)
    return first is not None and first == second


def _buffers(series: pd.Series) -> Any:
    array = series.array
    if isinstance(array, pd.Categorical):
        return _address(array.codes)
    if isinstance(array, pd.arrays.DatetimeArray):
        return _address(array.asi8)
    if isinstance(array, pd.arrays.IntegerArray | pd.arrays.BooleanArray | pd.arrays.FloatingArray):
        return None
    if hasattr(array, "__arrow_array__") and getattr(series.dtype, "storage", "pyarrow") == "pyarrow":
        chunked = array.__arrow_array__()
        chunks = getattr(chunked, "chunks", [chunked])
        return [(c.offset, len(c), [b.address if b is not None else 0 for b in c.buffers()]) for c in chunks]
    return _address(np.asarray(array))


def _address(values: np.ndarray) -> tuple[Any, ...]:
    interface = values.__array_interface__
    return interface["data"], interface["shape"], interface["strides"], interface["typestr"]
