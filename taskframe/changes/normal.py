"""The normal form of a cell (see `taskframe.schema`): reading any cell into it, and comparing two."""

from __future__ import annotations

import json
import math
import re
from collections import Counter
from collections.abc import Callable, Collection, Mapping, Sequence
from datetime import UTC, date, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.unfit import shown, wrong
from taskframe.errors import did_you_mean
from taskframe.schema import Column, Unfit

EXACT = 2**53
"""From here on a float stands for more than one integer."""

_INTEGER = re.compile(r"[+-]?[0-9]+(\.0+)?")
_NUMBER = re.compile(r"[+-]?([0-9]+(\.[0-9]*)?|\.[0-9]+)([eE][+-]?[0-9]+)?")
_ISO = re.compile(
    r"(?P<date>\d{4}-\d\d-\d\d)"
    r"([Tt ](?P<time>\d\d:\d\d(:\d\d([.,]\d{1,30})?)?) ?(?P<offset>[Zz]|[+-]\d\d(:?\d\d){0,2})?)?",
    re.ASCII,
)
_BOOLEANS: Mapping[Any, bool] = {"true": True, "false": False, 1: True, 0: False}
_SHOWN_CHOICES = 30
_MOST_DIGITS = 4000  # just below what Python itself refuses


def is_null(value: Any) -> bool:
    """Whether `value` is a null of any sort: None, NaN, NaT, pd.NA. A list or an array is none."""
    if value is None or value is pd.NA or value is pd.NaT:
        return True
    if isinstance(value, (float, np.floating)):
        return bool(value != value)
    if isinstance(value, (np.datetime64, np.timedelta64)):
        return bool(np.isnat(value))
    return isinstance(value, Decimal) and value.is_nan()


def parse(value: Any, column: Column, choices: Collection[Any] = ()) -> Any:
    """One cell, of any kind that an analyst's frame or file may hold, in normal form.

    `choices` are further values known to exist. A timestamp without an offset stays naive: only the
    baseline can tell what it means. Raises `Unfit`, which says what would be right.
    """
    if is_null(value) or (column.blank_is_null and isinstance(value, str) and not value):
        return None
    if column.aliases and isinstance(value, str):
        value = column.aliases.get(value, value)
    if column.kind == "choice":
        return _choice(value, column, choices)
    return _PARSERS[column.kind](value, column)


def _text(value: Any, column: Column) -> str:
    if isinstance(value, str):
        return _str(value)
    if (whole := _whole(value)) is not None:
        value = whole  # nulls beside it made a float of it, say
    way_out = f"text: write {shown(str(value))}" if isinstance(value, (float, date, np.generic)) else "text"
    raise wrong(value, column, f"text: write '{shown(value)}'" if isinstance(value, int) else way_out)


def _choice(value: Any, column: Column, choices: Collection[Any]) -> str | int:
    found: str | int | None = _str(value) if isinstance(value, str) else _whole(value)
    if found is not None and (found in column.choices or found in choices):
        return found
    number = _whole(found)
    if number is not None and (number in column.choices or number in choices):
        return number
    documented = column.choices or tuple(choices)
    if not documented:
        raise Unfit(f"no value is known for {column.name}")
    listed = ", ".join(map(str, documented[:_SHOWN_CHOICES]))
    if len(documented) > _SHOWN_CHOICES:
        listed += f" and {len(documented) - _SHOWN_CHOICES} more"
    near = did_you_mean(value, [*column.choices, *choices]).strip() if isinstance(value, str) else ""
    raise Unfit(f"{shown(value)} is not one of {listed}" + (f"; d{near[1:]}" if near else ""))


def _whole(value: Any) -> int | None:
    """The integer that `value` stands for exactly, if any. A float that may stand for several is none."""
    if _is_integer(value):
        # longer ones Python itself refuses to print, and JSON to hold
        return None if isinstance(value, bool) or int(value).bit_length() > _MOST_BITS else int(value)
    if isinstance(value, str) and len(value) <= _MOST_DIGITS and _INTEGER.fullmatch(value):
        return int(value) if "." not in value else _whole(float(value))
    if isinstance(value, (float, np.floating)):
        number = float(value)
        return int(number) if abs(number) < EXACT and number.is_integer() else None
    if isinstance(value, Decimal) and value.is_finite() and value.adjusted() < _MOST_DIGITS:
        return int(value) if value == value.to_integral_value() else None
    return None


_MOST_BITS = 12_000  # some 3,600 digits


def _is_integer(value: Any) -> bool:
    """Of Python or numpy, which counts time spans among them: 5 days are no 5."""
    return isinstance(value, (int, np.integer)) and not isinstance(value, np.timedelta64)


def _integer(value: Any, column: Column) -> int:
    number = _whole(value)
    if number is None and isinstance(value, (float, np.floating)) and EXACT <= abs(float(value)) < math.inf:
        raise Unfit(f"{shown(value)} is a float too large to be exact; {column.name}: write all its digits")
    if number is None:
        raise wrong(value, column, "a whole number")
    return number


def _number(value: Any, column: Column) -> int | float:
    if isinstance(value, (int, np.integer, Decimal)) and (whole := _whole(value)) is not None:
        return whole
    number = math.inf
    if isinstance(value, (float, np.floating, Decimal)):
        number = float(value)
    elif isinstance(value, str) and len(value) <= _MOST_DIGITS and _NUMBER.fullmatch(value):
        if value.lstrip("+-").isdigit():
            return int(value)
        number = float(value)
    if not math.isfinite(number):
        raise wrong(value, column, "a number" if isinstance(value, str) else "a number that is finite")
    return number + 0.0  # -0.0 is 0.0


def _boolean(value: Any, column: Column) -> bool:
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    found = _BOOLEANS.get(value.lower() if isinstance(value, str) else _whole(value))
    if found is None:
        raise wrong(value, column, "true or false")
    return found


def _timestamp(value: Any, column: Column) -> pd.Timestamp:
    try:
        stamp = _stamp(value)
        there = stamp is None or 1 <= stamp.year <= 9999  # what RFC 3339 can say
    except (ValueError, OverflowError):  # pandas' OutOfBoundsDatetime is a ValueError
        stamp, there = None, False
    takes = "a time with its offset, such as '2026-01-31T09:00:00Z'"
    if not there:
        raise Unfit(f"{shown(value)} is no time in the years 1 to 9999; {column.name} takes {takes}")
    if stamp is None:
        raise wrong(value, column, takes)
    return stamp.floor("ms") if column.unit == "ms" else stamp


def _stamp(value: Any) -> pd.Timestamp | None:
    """`value` as a Timestamp of unit "us", in UTC or naive; None when it is no time at all."""
    if isinstance(value, str):
        found = _ISO.fullmatch(value)
        if not found:
            return None
        time, offset = found["time"] or "00:00", found["offset"] or ""
        value = datetime.fromisoformat(f"{found['date']}T{time}{offset.upper()}")
    if isinstance(value, pd.Timestamp):
        stamp = value
    elif isinstance(value, datetime):  # Python converts: pandas would lose the fold of a repeated hour
        stamp = pd.Timestamp(value if value.tzinfo is None else value.astimezone(UTC))
    elif isinstance(value, (date, np.datetime64)):
        stamp = pd.Timestamp(value)
    else:
        return None
    if stamp.tzinfo is not None:
        stamp = stamp.tz_convert("UTC")
    return stamp.as_unit("us")


def _list(value: Any, column: Column) -> list[Any]:
    if isinstance(value, str):
        value = _loads(value, column, '["a", "b"]')
    if isinstance(value, np.ndarray):
        value = _items(value)
    elif isinstance(value, (pd.Series, pd.Index, pd.api.extensions.ExtensionArray)):
        value = value.tolist()
    elif isinstance(value, (set, frozenset)) and column.unordered:
        value = sorted(value, key=str)
    if not isinstance(value, (list, tuple)):
        raise wrong(value, column, "a list")
    return [_json(item, column) for item in value]


def _object(value: Any, column: Column) -> dict[str, Any]:
    if isinstance(value, str):
        value = _loads(value, column, '{"key": "value"}')
    if not isinstance(value, Mapping):
        raise wrong(value, column, "an object (a dict)")
    found: dict[str, Any] = _json(value, column)
    return found


def _loads(text: str, column: Column, example: str) -> Any:
    def unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
        if len(dict(pairs)) < len(pairs):
            raise ValueError("a key twice")
        return dict(pairs)

    try:  # int is no constant: NaN and Infinity raise
        return json.loads(text, object_pairs_hook=unique, parse_constant=int)
    except (ValueError, RecursionError):
        raise Unfit(f"{shown(text)} is no JSON; {column.name} takes JSON such as {example}") from None


def _json(value: Any, column: Column, depth: int = 0) -> Any:
    """A value within a list or an object, as plain JSON."""
    if is_null(value):
        return None
    if isinstance(value, (bool, np.bool_)):
        return bool(value)
    if isinstance(value, str):
        return _str(value)
    if _is_integer(value):
        return int(value)
    if depth > 100:
        raise Unfit(f"{column.name} is nested too deeply")
    if isinstance(value, (float, np.floating, Decimal)):
        return _number(value, column)
    if isinstance(value, datetime) and value.tzinfo is not None:
        return plain(_timestamp(value, column))
    if isinstance(value, np.ndarray):
        value = _items(value)
    if isinstance(value, (list, tuple)):
        return [_json(item, column, depth + 1) for item in value]
    if isinstance(value, Mapping) and all(isinstance(key, str) for key in value):
        return {_str(key): _json(item, column, depth + 1) for key, item in value.items()}
    raise wrong(value, column, "JSON values only")


def _items(array: np.ndarray) -> Any:
    return list(array) if array.dtype.kind in "mM" and array.ndim else array.tolist()  # else times become integers


_PARSERS: Mapping[str, Callable[[Any, Column], Any]] = {
    "text": _text, "integer": _integer, "number": _number, "boolean": _boolean, "timestamp": _timestamp,
    "list": _list, "object": _object, "any": _json,
}  # fmt: skip


def same(a: Any, b: Any, column: Column) -> bool:
    """Whether the service sees no difference between two values in normal form (times may be ISO text)."""
    if column.blank_is_null:
        a, b = (None if isinstance(value, str) and not value else value for value in (a, b))
    if a is None or b is None:
        return a is b
    if column.kind == "list" and column.unordered and isinstance(a, list) and isinstance(b, list):
        return Counter(map(_key, a)) == Counter(map(_key, b))
    if column.kind == "timestamp":
        return bool(_instant(a, column) == _instant(b, column))
    return bool(_key(a) == _key(b))


def _instant(value: Any, column: Column) -> Any:
    try:
        return _timestamp(value, column)
    except Unfit:
        return value


def _key(value: Any) -> Any:
    """What stands for a JSON value where equality matters: true is not 1, but 3 is 3.0."""
    if isinstance(value, bool):
        return (bool, value)
    if isinstance(value, (list, tuple)):
        return (list, *map(_key, value))
    if isinstance(value, Mapping):
        return (dict, frozenset((key, _key(item)) for key, item in value.items()))
    return value


def normal_values(series: pd.Series[Any], column: Column | None = None) -> list[Any]:
    """A baseline's column as a list of values in normal form; fast. `column` is only a hint."""
    del column
    dtype = series.dtype
    if isinstance(dtype, pd.CategoricalDtype):
        words = np.empty(len(dtype.categories) + 1, dtype=object)  # the last, None, is what code -1 picks
        words[:-1] = dtype.categories.tolist()
        found: list[Any] = words[series.array.codes].tolist()
        return found
    if isinstance(dtype, pd.DatetimeTZDtype) and str(dtype.tz) != "UTC":
        series = series.dt.tz_convert("UTC")
    if isinstance(dtype, np.dtype) and dtype.kind == "f":
        series = series + 0.0
    if isinstance(dtype, pd.StringDtype):
        texts: list[Any] = series.array.to_numpy(dtype=object, na_value=None).tolist()
        return texts
    values = series.tolist()
    if isinstance(dtype, np.dtype) and dtype.kind == "O":
        return [None if is_null(value) else value for value in values]
    for position in np.flatnonzero(series.isna().to_numpy()).tolist():
        values[position] = None
    return values


def objects(values: Sequence[Any]) -> np.ndarray:
    """The values as an array of objects. Lists stay lists: by assignment numpy would unfold those of one length."""
    return np.fromiter(values, dtype=object, count=len(values))


def plain(value: Any) -> Any:
    """A value in normal form as JSON: times as ISO text with Z, microseconds only where there are any."""
    if isinstance(value, datetime):
        return value.isoformat().replace("+00:00", "Z")
    return value


def _str(value: str) -> str:
    return str.__str__(value)  # numpy's str_ and string enums too
