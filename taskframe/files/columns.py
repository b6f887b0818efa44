"""Frames and changes as plain JSON, and back with the very same values and dtypes.

Each column is a list; times are microseconds since 1970, which is several times as fast as text, and categories are
codes. What comes back is checked: a file may say anything.
"""

from __future__ import annotations

import contextlib
import math
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.changes.normal import normal_values, parse, plain
from taskframe.errors import FileError
from taskframe.schema import Column, Schema, Unfit


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
    """The DataFrame that `frame_payload` was given, dtypes and all. FileError when the payload makes no sense."""
    with _sense("tasks"):
        ids = [_checked(i, str) for i in payload["ids"]]
        _require(len(set(ids)) == len(ids), "an id twice")
        index = pd.Index(pd.array(ids, dtype=_STR), name=_checked(payload["index"], str))
        data: dict[str, Any] = {}
        for column in payload["columns"]:
            name = _name(column, schema, data)
            data[name] = _array(column)
            _require(len(data[name]) == len(ids), f"{len(data[name])} cells of {name}")
        return pd.DataFrame(data, index=index)


def _array(column: Mapping[str, Any]) -> Any:
    values = _checked(column["values"], list)
    if column["dtype"] == "category":
        choices = _checked(column["categories"], list)
        _require(set(map(type, choices)) <= {str, int}, "a choice that is neither text nor a number")
        dtype = pd.CategoricalDtype(choices, ordered=_checked(column["ordered"], bool))
        return pd.Categorical.from_codes([_checked(code, int) for code in values], dtype=dtype)
    if column["dtype"] == "timestamp":
        _require(set(map(type, values)) <= {int, _NULL}, "a time that is no number")
        times = np.array([_NAT if v is None else v for v in values], dtype="int64")
        index = pd.DatetimeIndex(times.view("datetime64[us]"))
        years = index.year
        _require(bool((index.isna() | ((years >= 1) & (years <= 9999))).all()), "a time out of all bounds")
        return index.tz_localize("UTC").array
    return _DTYPES[column["dtype"]](values)


def _objects(values: list[Any]) -> np.ndarray[Any, np.dtype[Any]]:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):  # one by one: numpy would unfold lists of one length
        array[at] = value
    return array


def _of(dtype: Any, *kinds: type) -> Callable[[list[Any]], Any]:
    def array(values: list[Any]) -> Any:
        if not set(map(type, values)) <= {*kinds}:
            raise TypeError(f"something else in a column of {dtype}")
        return pd.array(values, dtype=dtype)

    return array


_NULL = type(None)
_NAT = -(2**63)
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
    with _sense("changes"):
        base = payload_frame(payload["base"], schema)
        columns: dict[str, ColumnChanges] = {}
        for saved in payload["columns"]:
            name = _name(saved, schema, columns)
            rows = np.array([_checked(row, int) for row in saved["rows"]], dtype=np.intp)
            before = _values(saved["before"], schema[name], known=True)
            after = _values(saved["after"], schema[name])
            _require(len(rows) == len(before) == len(after), f"cells of {name}")
            inside = not len(rows) or (rows[0] >= 0 and rows[-1] < len(base) and bool((np.diff(rows) > 0).all()))
            _require(inside, f"rows of {name}")
            columns[name] = ColumnChanges(name, rows, before, after)
        return Changes(base, columns)


def _values(values: Any, column: Column, *, known: bool = False) -> np.ndarray[Any, np.dtype[Any]]:
    """Saved cells in normal form. A choice that was seen exists, and "" stays what it was.

    `known`: the service had these, be they of the column's kind or not.
    """
    found = []
    for value in _checked(values, list):
        seen = (value,) if isinstance(value, (str, int)) else ()
        try:
            found.append(value if value == "" and column.kind == "text" else parse(value, column, seen))
        except Unfit:
            if not known:
                raise
            found.append(value)
    return _objects(found)


def _name(saved: Mapping[str, Any], schema: Schema, earlier: Collection[str]) -> str:
    name: str = _checked(saved["name"], str)
    _require(name not in earlier, "a column twice")
    if name not in schema:
        raise FileError(
            f"the file has a column {name[:80]!r} that this taskframe does not know for the service: another version "
            "made it, or the service has changed: load the tasks again"
        )
    return name


def _checked(value: Any, kind: type) -> Any:
    _require(type(value) is kind, f"{type(value).__name__} where {kind.__name__} belongs")
    return value


def _require(fine: bool, what: str) -> None:
    if not fine:
        raise ValueError(what)


@contextlib.contextmanager
def _sense(what: str) -> Iterator[None]:
    """What goes wrong in here is the file's fault."""
    try:
        yield
    except FileError:
        raise
    except (KeyError, TypeError, AttributeError, ValueError, OverflowError, RecursionError) as error:
        why = f"{type(error).__name__}: {error}"[:200]
        raise FileError(f"the file's {what} make no sense ({why}): load the tasks again") from error
