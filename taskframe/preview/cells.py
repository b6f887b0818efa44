"""How one value is shown, and how two are shown that differ."""

from __future__ import annotations

import json
from datetime import datetime
from typing import Any, Literal

import numpy as np
import pandas as pd

from taskframe.preview.escape import exact, visible
from taskframe.preview.persons import NOBODY, Persons
from taskframe.schema import Column

NULL = "∅"
"""How null is shown; a text that is just this sign is shown in quotes."""


def shown(value: Any, persons: Persons = NOBODY) -> str:
    """`value` on one line, safe for a terminal; of `persons`, with the name."""
    if is_null(value):
        return NULL
    if isinstance(value, str):
        return visible(_text(value, persons))
    if isinstance(value, bool | np.bool_):
        return "true" if value else "false"
    if isinstance(value, datetime):
        return _timestamp(value, "minutes")
    if isinstance(value, list | tuple | set | frozenset | dict | np.ndarray):
        return visible(as_json(value, persons))
    return visible(str(value))


def shown_apart(*values: Any, persons: Persons = NOBODY) -> list[str]:
    """Each as `shown`, but no two alike: what looks the same is spelled out, to the second and the code point."""
    texts = [shown(value, persons) for value in values]
    return texts if len(set(texts)) == len(texts) else [_spelled_out(value) for value in values]


def persons_in(column: Column | None, persons: Persons) -> Persons:
    """`persons`, when the column holds people."""
    return persons if column is not None and (column.people or column.role == "assignee") else NOBODY


def is_null(value: Any) -> bool:
    """None, NaN, NaT and NA; never a list, whatever is in it."""
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)


def is_cleared(before: Any, after: Any) -> bool:
    """Whether this change takes a value away: `ColumnChanges.cleared` for one cell."""
    return _blank(after) and not _blank(before)


def as_json(value: Any, persons: Persons = NOBODY) -> str:
    """A list or object as JSON text; what JSON does not know as its own text."""
    if isinstance(value, np.ndarray):
        value = value.tolist()
    if isinstance(value, set | frozenset):
        value = sorted(value, key=str)
    if persons and isinstance(value, list | tuple):
        value = [_text(v, persons) if isinstance(v, str) else v for v in value]
    return json.dumps(value, ensure_ascii=False, sort_keys=True, default=str)


def _blank(value: Any) -> bool:
    return is_null(value) or (isinstance(value, str) and not value)


def _text(value: str, persons: Persons) -> str:
    if label := persons.label(value):
        return label
    return f'"{value}"' if value in ("", NULL) or value != value.strip() else value


def _timestamp(value: datetime, precision: Literal["minutes", "seconds", "microseconds"]) -> str:
    if value.tzinfo is None:
        return value.isoformat(timespec=precision)
    return pd.Timestamp(value).tz_convert("UTC").isoformat(timespec=precision).replace("+00:00", "Z")


def _spelled_out(value: Any) -> str:
    if is_null(value):
        return NULL
    if isinstance(value, str):
        return exact(value)
    if isinstance(value, datetime):
        return _timestamp(value, "microseconds" if value.microsecond else "seconds")
    return exact(repr(value))
