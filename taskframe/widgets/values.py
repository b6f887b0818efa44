"""A cell on its way to the grid and back: plain JSON out; what a person typed, chose or pasted in, checked."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any

import msgspec
import pandas as pd

from taskframe.changes.judge import Judge
from taskframe.changes.normal import EXACT, parse, plain
from taskframe.changes.unfit import shown
from taskframe.errors import did_you_mean
from taskframe.files.cells import is_json
from taskframe.files.escape import is_clear
from taskframe.files.names import fold, folded
from taskframe.schema import NESTED, Column, Unfit

Wire = str | int | float | bool | None


def normal(cell: Any, column: Column) -> Any:
    """A cell of the frame in normal form; as it is, where it makes no sense in its column."""
    try:
        value = Judge(column).read(cell)
    except Unfit:
        return cell
    return _zoned(value)


def wire(value: Any, column: Column) -> Wire:
    """A value in normal form as the grid takes it. What JavaScript's numbers can't say goes as text."""
    if value is None:
        return None
    if column.kind in NESTED and not isinstance(value, str):
        return msgspec.json.encode(value).decode()
    value = plain(value)
    if isinstance(value, bool | str):
        return value
    if isinstance(value, int):
        return value if abs(value) < EXACT else str(value)
    return value if isinstance(value, float) else str(value)


def read(value: Any, column: Column, choices: Collection[Any] = (), names: Mapping[str, str] | None = None) -> Any:
    """What somebody put into a cell, in normal form. `names`: what else stands for a value, such as a person's name.

    Blank is null; a text that must not be null, and may be empty, is empty. `<clear>` is null. A choice may differ in
    case, spaces, `-` and `_`; a time without an offset is UTC, as the grid shows it.
    Raises Unfit, which says what would be right.
    """
    if isinstance(value, str):
        if is_clear(value):
            value = None
        elif not value.strip() and column.kind != "any":
            value = "" if column.kind == "text" and not column.clearable and not column.min_length else None
    if isinstance(value, str):
        value = _named(value, column, choices, names or {})
    found = _zoned(parse(value, column, choices))
    if choices and found is not None and column.kind == "text" and found not in choices:
        near = did_you_mean(found, choices).strip()
        raise Unfit(f"{shown(found)} is no {column.name} that is known" + (f"; d{near[1:]}" if near else ""))
    column.check(found)
    return found


def _named(text: str, column: Column, choices: Collection[Any], names: Mapping[str, str]) -> Any:
    if column.kind != "text":
        text = text.strip() if column.kind != "any" else text
    if text in names:
        return names[text]
    if (column.kind == "choice" or choices) and text not in column.choices and text not in choices:
        return folded([*column.choices, *choices]).get(fold(text), text)
    if column.kind == "any" and is_json(text):
        return msgspec.json.decode(text)
    return text


def _zoned(value: Any) -> Any:
    if isinstance(value, pd.Timestamp) and value.tzinfo is None:
        return value.tz_localize("UTC")
    return value
