"""Frames and changes as plain JSON, and back with the very same values and dtypes.

Each column is a list; times are microseconds since 1970, which is several times as fast as text, and categories are
codes. What comes back is checked: a file may say anything.
"""

from __future__ import annotations

import math
from collections.abc import Callable, Mapping
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.changes.normal import normal_values, parse, plain
from taskframe.errors import FileError
from taskframe.schema import Schema, Unfit


def frame_payload(frame: pd.DataFrame, schema: Schema) -> dict[str, Any]:
    """The schema's columns of a baseline as plain JSON, in the frame's order, with the ids of its index."""
    return _payload(frame[[name for name in frame.columns if name in schema]])


def _payload(frame: pd.DataFrame) -> dict[str, Any]:
    columns = [{"name": str(name), **_column(frame[name])} for name in frame.columns]
    return {"index": str(frame.index.name), "ids": normal_values(frame.index.to_series()), "columns": columns}


def _column(series: pd.Series[Any]) -> dict[str, Any]:
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        categories = dtype.categories.tolist()
        codes = np.asarray(series.cat.codes).tolist()
        return {"dtype": "category", "categories": categories, "ordered": bool(dtype.ordered), "values": codes}
    if isinstance(dtype, pd.DatetimeTZDtype):
        times = pd.DatetimeIndex(series).as_unit("us")
        values: list[Any] = times.asi8.tolist()
        for at in np.flatnonzero(times.isna()).tolist():
            values[at] = None
        return {"dtype": "timestamp", "values": values}
    name = "str" if isinstance(dtype, pd.StringDtype) else str(dtype)
    if name not in _DTYPES:
        raise FileError(f"column {series.name} has the dtype {dtype}, which no baseline has: it can't be saved")
    return {
        "dtype": name,
        "values": [*map(plain, normal_values(series))] if name == "object" else normal_values(series),
    }


def payload_frame(payload: Mapping[str, Any], schema: Schema) -> pd.DataFrame:
    """The DataFrame that `frame_payload` was given, dtypes and all. Raises FileError when the payload makes no sense."""
    try:
        ids = [_checked(i, str) for i in payload["ids"]]
        if len(set(ids)) < len(ids):
            raise ValueError("an id twice")
        index = pd.Index(pd.array(ids, dtype=_STR), name=_checked(payload["index"], str))
        data = {}
        for column in payload["columns"]:
            name = _checked(column["name"], str)
            if name not in schema:
                raise _other_schema(name)
            data[name] = _array(column)
        return pd.DataFrame(data, index=index)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, FileError):
            raise
        raise _senseless("tasks", error) from error


def _array(column: Mapping[str, Any]) -> Any:
    values = _checked(column["values"], list)
    if column["dtype"] == "category":
        dtype = pd.CategoricalDtype(column["categories"], ordered=column["ordered"])
        return pd.Categorical.from_codes([_checked(code, int) for code in values], dtype=dtype)
    if column["dtype"] == "timestamp":
        times = np.array(["NaT" if v is None else _checked(v, int) for v in values], dtype="datetime64[us]")
        return pd.DatetimeIndex(times).tz_localize("UTC").array
    return _DTYPES[column["dtype"]](values)


def _objects(values: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):  # one by one: numpy would unfold lists of one length
        array[at] = value
    return array


def _of(dtype: Any, *kinds: type) -> Callable[[list[Any]], Any]:
    def array(values: list[Any]) -> Any:
        if not set(map(type, values)) <= {*kinds}:
            raise TypeError(f"{dtype} of {sorted(t.__name__ for t in set(map(type, values)))}")
        return pd.array(values, dtype=dtype)

    return array


_NULL = type(None)
_STR = pd.StringDtype(na_value=math.nan)
_DTYPES: Mapping[str, Callable[[list[Any]], Any]] = {
    "str": _of(_STR, str, _NULL),
    "Int64": _of("Int64", int, _NULL),
    "int64": _of("int64", int),
    "float64": _of("float64", float, int, _NULL),
    "boolean": _of("boolean", bool, _NULL),
    "bool": _of("bool", bool),
    "object": _objects,
}


def changes_payload(changes: Changes) -> dict[str, Any]:
    """Changes as plain JSON: the whole row of each task, and per column the positions, before and after."""
    columns = [
        {
            "name": name,
            "rows": change.rows.tolist(),
            "before": [*map(plain, change.before)],
            "after": [*map(plain, change.after)],
        }
        for name, change in changes.columns.items()
    ]
    return {"base": _payload(changes.base), "columns": columns}


def payload_changes(payload: Mapping[str, Any], schema: Schema) -> Changes:
    """The Changes that `changes_payload` was given. Raises FileError when the payload makes no sense."""
    try:
        base = payload_frame(payload["base"], schema)
        columns = {}
        for saved in payload["columns"]:
            name = _checked(saved["name"], str)
            if name not in schema:
                raise _other_schema(name)
            rows = np.array([_checked(row, int) for row in saved["rows"]], dtype=np.intp)
            before, after = (
                _objects([parse(v, schema[name], _seen(v)) for v in saved[k]]) for k in ("before", "after")
            )
            if not len(rows) == len(before) == len(after) or name in columns:
                raise ValueError(f"the cells of {name}")
            if len(rows) and (rows[0] < 0 or rows[-1] >= len(base) or (np.diff(rows) <= 0).any()):
                raise ValueError(f"the rows of {name}")
            columns[name] = ColumnChanges(name, rows, before, after)
        return Changes(base, columns)
    except (KeyError, TypeError, ValueError, OverflowError) as error:
        if isinstance(error, FileError):
            raise
        raise _senseless("changes", error) from error


def _seen(value: Any) -> tuple[Any, ...]:
    return (value,) if isinstance(value, (str, int)) else ()


def _checked(value: Any, kind: type) -> Any:
    if type(value) is not kind:
        raise TypeError(f"{type(value).__name__} where {kind.__name__} belongs")
    return value


def _other_schema(name: str) -> FileError:
    return FileError(
        f"the file has a column {name[:80]!r} that this taskframe does not know for the service: it was made by another "
        "version, or the service has changed: load the tasks again"
    )


def _senseless(what: str, error: Exception) -> FileError:
    words = str(error) if not isinstance(error, (KeyError, Unfit)) else f"{type(error).__name__} {error}"
    return FileError(
        f"the file's {what} make no sense ({words[:200]}): it was not written by taskframe; load them again"
    )
