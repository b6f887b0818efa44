"""Edited rows that were made on another state of their task than the baseline."""

from __future__ import annotations

import numpy as np

from taskframe.changes.baseline import Baseline, shares_memory
from taskframe.changes.edited import Edited
from taskframe.changes.judge import Judge
from taskframe.changes.match import Rows
from taskframe.changes.normal import normal_values, plain, same
from taskframe.problem import Problem
from taskframe.schema import Column, Schema, Unfit


def stale_rows(
    baseline: Baseline, edited: Edited, rows: Rows, touched: np.ndarray, load: str
) -> dict[int, Problem]:
    """By position in the edited rows: those of the `touched` ones that show another state than the baseline.

    Only rows with edits are looked at: a row that says what the baseline says has nothing to put back.
    """
    column = _state_column(baseline.schema, baseline, edited)
    if column is None or not len(touched):
        return {}
    if rows.whole and shares_memory(baseline.frame[column.name], edited.columns[column.name]):
        return {}
    at = touched if rows.whole else np.searchsorted(rows.rows, touched)
    before = normal_values(baseline.frame[column.name].take(rows.places[at]), column)
    values = edited.columns[column.name].take(touched)
    skip = edited.skip.get(column.name)
    judge = Judge(column, ())
    stale: dict[int, Problem] = {}
    for row, old, value in zip(touched.tolist(), before, values, strict=True):
        if skip is not None and skip[row]:
            continue
        try:
            now = judge(old, value)
        except Unfit:
            now = value
        if now is None or same(old, now, column):
            continue
        words = (
            f"stale: these edits were made on {column.name} {plain(now)}, {load} has {plain(old)}, so cells nobody "
            "edited would put old values back: plan against the load they came from, or edit a fresh one"
        )
        stale[row] = Problem("stale", str(edited.ids[row]), None, plain(now), words, edited.line(row))
    return stale


def _state_column(schema: Schema, baseline: Baseline, edited: Edited) -> Column | None:
    """The version, or where the service (or the frame) has none, the time of the last update."""
    for role in (schema.role("version"), schema.role("updated")):
        if role is not None and role.name in edited.columns and role.name in baseline.frame:
            return role
    return None
