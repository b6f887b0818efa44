"""Edited rows that were made on another state of their task than the baseline."""

from __future__ import annotations

from typing import Any

import numpy as np

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.changes.judge import Judge
from taskframe.changes.match import Rows
from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values, plain, same
from taskframe.problem import Problem
from taskframe.schema import Column, Schema, Unfit


def stale_rows(baseline: Baseline, edited: Edited, rows: Rows, touched: np.ndarray, load: str) -> dict[int, Problem]:
    """By position in the edited rows: those of the `touched` ones that show another state than the baseline.

    Only rows with edits are looked at: a row that says what the baseline says has nothing to put back. What tells the
    state is the version, or where the service, the frame or the row has none, the time of the last update.
    """
    stale: dict[int, Problem] = {}
    left = touched
    for column in _state_columns(baseline.schema, baseline, edited):
        if not len(left):
            break
        if rows.whole and shares_memory(baseline.frame[column.name], edited.columns[column.name]):
            break
        found, left = _compare(baseline, edited, rows, column, left, load)
        stale |= found
    return stale


def _compare(
    baseline: Baseline, edited: Edited, rows: Rows, column: Column, touched: np.ndarray, load: str
) -> tuple[dict[int, Problem], np.ndarray]:
    """The stale rows, and those in which this column says nothing."""
    stale: dict[int, Problem] = {}
    places = rows.places[touched if rows.whole else np.searchsorted(rows.rows, touched)]  # rows.rows ascends
    before = normal_values(baseline.frame[column.name].take(places), column)
    values = edited.columns[column.name].take(touched)
    skip = edited.skip.get(column.name)
    judge = Judge(column)
    silent: list[int] = []
    for row, old, value in zip(touched.tolist(), before, values, strict=True):
        now = None if skip is not None and skip[row] else _state(judge, old, value)
        if now is None or old is None:
            silent.append(row)
        elif not same(old, now, column):
            words = (
                f"stale: these edits were made on {column.name} {plain(now)}, {load} has {plain(old)}, so cells nobody "
                "edited would put old values back: plan against the load they came from, or edit a fresh one"
            )
            stale[row] = Problem("stale", str(edited.ids[row]), None, plain(now), words, edited.line(row))
    return stale, np.array(silent, dtype=np.intp)


def _state(judge: Judge, old: Any, value: Any) -> Any:
    try:
        return judge(old, value)
    except Unfit:  # no version at all: not the baseline's
        return value


def _state_columns(schema: Schema, baseline: Baseline, edited: Edited) -> list[Column]:
    columns = (schema.role("version"), schema.role("updated"))
    return [c for c in columns if c is not None and c.name in edited.columns and c.name in baseline.frame]
