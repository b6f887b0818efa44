"""What was emptied, in a file where a blank cell says "leave alone"."""

from __future__ import annotations

from collections.abc import Callable
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.normal import normal_values, same
from taskframe.files.escape import CLEAR
from taskframe.schema import Column

Mark = Callable[[list[str], "pd.Series[Any]", int], None]
"""Given the cells of some rows, what they were made of, and the first row: writes down what was emptied."""

EMPTY = "'"


def emptied(baseline: Baseline, ids: Any) -> dict[str, Mark]:
    """For each column that may be edited: what marks the cells that are blank, and that the baseline has otherwise.

    `ids` are those of the rows that are written.
    """
    places = np.asarray(baseline.ids.get_indexer(pd.Index(ids)))
    editable = [c for c in baseline.schema.editable if c.name in baseline.frame]
    return {c.name: partial(_mark, baseline.frame[c.name], places, c) for c in editable}


def _mark(
    base: pd.Series[Any], places: np.ndarray, column: Column, cells: list[str], values: pd.Series[Any], start: int
) -> None:
    blank = np.array([at for at, cell in enumerate(cells) if not cell], dtype=np.intp)
    blank = blank[places[blank + start] >= 0]
    before = normal_values(base.take(places[blank + start]), column)
    for at, old, value in zip(blank.tolist(), before, values.take(blank), strict=True):
        text = isinstance(value, str)
        if not same(old, "" if text else None, column):
            cells[at] = EMPTY if text else CLEAR
