"""Edited rows that were made on another state of their task than the baseline."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.compare import differing
from taskframe.changes.edited import Edited
from taskframe.changes.judge import Judge
from taskframe.changes.match import Rows
from taskframe.changes.normal import normal_values, parse, plain, same
from taskframe.changes.unfit import shown
from taskframe.problem import Problem
from taskframe.schema import Column, Unfit


def stale_rows(
    baseline: Baseline, edited: Edited, rows: Rows, touched: np.ndarray, load: str
) -> tuple[dict[int, Problem], np.ndarray]:
    """By position in the edited rows: those of the `touched` ones that show another state than the baseline.

    Only rows with edits are looked at: a row that says what the baseline says has nothing to put back. What tells the
    state is the version, or where the service, the frame or the row has none, the time of the last update. The second
    answer are the rows that have neither, of which it can't be told.
    """
    stale: dict[int, Problem] = {}
    left = touched
    for column in state_columns(baseline, edited):
        if not len(left):
            break
        if rows.whole and baseline.shares(column.name, edited.columns[column.name]):
            left = left[:0]
            break
        found, left = _compare(baseline, edited, rows, column, left, load)
        stale |= found
    return stale, left


def _compare(
    baseline: Baseline, edited: Edited, rows: Rows, column: Column, touched: np.ndarray, load: str
) -> tuple[dict[int, Problem], np.ndarray]:
    """The stale rows, and those in which this column says nothing."""
    stale: dict[int, Problem] = {}
    places = rows.places[touched if rows.whole else np.searchsorted(rows.rows, touched)]  # rows.rows ascends
    base, values = baseline.frame[column.name].take(places), edited.columns[column.name].take(touched)
    skip = edited.skip.get(column.name)
    unsure = differing(base, values, column) | base.isna().to_numpy() | values.isna().to_numpy()
    if skip is not None:
        unsure |= skip[touched]
    at = np.flatnonzero(unsure)  # the others say what the baseline says
    touched, places, values = touched[at], places[at], values.take(at)
    before = normal_values(base.take(at), column)
    judge = Judge(column)
    silent: list[int] = []
    for row, place, old, value in zip(touched.tolist(), places.tolist(), before, values, strict=True):
        now, known = (None, True) if skip is not None and skip[row] else _state(judge, column, old, value)
        if now is None or old is None:
            silent.append(row)
        elif not same(old, now, column):
            words = _words(column, now, old, load) if known else _unknown(column, now, old, load)
            if known and place in baseline.answered:
                words = _applied_since(column, now, old)
            stale[row] = Problem("stale", str(edited.ids[row]), None, plain(now), words, edited.line(row))
    return stale, np.array(silent, dtype=np.intp)


def _words(column: Column, now: Any, old: Any, load: str) -> str:
    states = f"{column.name} {plain(now)}, {load} has {plain(old)}"
    if not isinstance(now, str) and now > old:
        return f"stale: the row names {states}: it is of a newer load. Plan against that one, or edit a fresh one"
    return (
        f"stale: these edits were made on {states}, so cells nobody edited would put old values back: plan against the "
        "load they came from, or edit a fresh one"
    )


def _applied_since(column: Column, now: Any, old: Any) -> str:
    return (
        f"stale: these edits were made on {column.name} {plain(now)}; you applied to this task since, which now has "
        f"{plain(old)}, so cells nobody edited would put old values back: start from tasks.df or a new export"
    )


def _unknown(column: Column, now: Any, old: Any, load: str) -> str:
    return (
        f"stale: the row names {column.name} {shown(now)}, which no task has ({load} has {plain(old)}), so what was "
        f"edited can't be told: put its {column.name} back, or edit a fresh export"
    )


def _state(judge: Judge, column: Column, old: Any, value: Any) -> tuple[Any, bool]:
    """The state that a cell names, and whether a task may have it. A time without a zone is taken for UTC."""
    try:
        return judge(old, value), True
    except Unfit:
        pass
    try:
        time = parse(value, column)
    except Unfit:
        return value, False
    if isinstance(time, pd.Timestamp) and time.tzinfo is None:
        return time.tz_localize("UTC"), True
    return value, False


def state_columns(baseline: Baseline, edited: Edited) -> list[Column]:
    """What tells which state of a task was edited, as far as both have it."""
    columns = (baseline.schema.role("version"), baseline.schema.role("updated"))
    return [c for c in columns if c is not None and c.name in edited.columns and c.name in baseline.frame]
