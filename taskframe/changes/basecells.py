"""The cells of a baseline, in which lists and objects are JSON text: read in normal form, and written."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.jsontext import json_text, json_value
from taskframe.changes.normal import normal_values
from taskframe.changes.write import write
from taskframe.schema import NESTED, Column


def base_values(series: pd.Series, column: Column) -> list[Any]:
    """A baseline's cells in normal form."""
    return [json_value(text) for text in series] if column.kind in NESTED else normal_values(series, column)


def base_written(series: pd.Series, at: np.ndarray, values: Sequence[Any], column: Column) -> pd.Series:
    """A baseline's column with values in normal form written at places; the column handed in stays as it is."""
    if column.kind not in NESTED:
        return write(series, at, values, column)
    array = series.array.copy()
    array[at] = pd.array([json_text(v) for v in values], dtype="str")
    return pd.Series(array, index=series.index, name=series.name)
