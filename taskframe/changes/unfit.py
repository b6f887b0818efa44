"""Words for a value that does not fit its column."""

from __future__ import annotations

from datetime import date, timedelta
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd

from taskframe.schema import Column, Unfit

WIDTH = 80


def wrong(value: Any, column: Column, takes: str) -> Unfit:
    """The error for a value of the wrong sort; `takes` says what would be right."""
    return Unfit(f"{shown(value)} is {_sort(value)}; {column.name} takes {takes}")


def shown(value: Any) -> str:
    """`value` as a person would write it in Python, cut to a bearable length."""
    scalar = isinstance(value, np.generic) and not isinstance(value, np.datetime64)
    try:
        words = repr(value.item() if scalar else value)
    except ValueError:  # Python prints no integer of more than 4300 digits
        return "what is too long to show"
    words = " ".join(words.split()) if "\n" in words else words  # a table, say
    return words if len(words) <= WIDTH else f"{words[: WIDTH - 1]}…"


def _sort(value: Any) -> str:
    """What sort of thing `value` is, for a person."""
    return next((words for types, words in _SORTS if isinstance(value, types)), f"a {type(value).__name__}")


_SORTS: tuple[tuple[type | tuple[type, ...], str], ...] = (
    ((bool, np.bool_), "a boolean"),
    ((timedelta, np.timedelta64), "a time span"),  # numpy counts them among its integers
    ((int, float, np.integer, np.floating, Decimal), "a number"),
    (str, "text"),
    ((bytes, bytearray), "bytes"),
    ((date, np.datetime64), "a time"),
    ((list, tuple, np.ndarray, pd.Series, pd.Index), "a list"),
    (dict, "an object"),
)
