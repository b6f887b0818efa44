"""The states that tasks went through by our own applies: what was edited on one of them is not stale."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.changes import Changes
from taskframe.changes.compare import differing
from taskframe.changes.edited import Edited
from taskframe.changes.jsontext import json_value
from taskframe.changes.judge import Judge
from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values, same
from taskframe.changes.write import write
from taskframe.schema import NESTED, Column, Unfit


@dataclass(frozen=True)
class Lineage:
    """A baseline as an edited frame saw it. `places`: of the tasks that were put back to an earlier state of theirs."""

    now: Baseline
    seen: Baseline
    places: np.ndarray

    @classmethod
    def of(cls, baseline: Baseline, edited: Edited) -> Lineage:
        """Puts those tasks back that `edited` shows with an earlier version, where all that wrote since were we."""
        wanted = _earlier(baseline, edited)
        places, targets = np.array(list(wanted), dtype=np.intp), np.array(list(wanted.values()), dtype=np.int64)
        column = baseline.schema.role("version")
        if column is None or not len(places):
            return cls(baseline, baseline, places[:0])
        start = baseline.frame[column.name].take(places).to_numpy(dtype="int64")
        versions = start.copy()
        for step in reversed(baseline.steps):
            hit, at = _hit(step.places, places, versions, targets, step.rows[column.name])
            versions[hit] = step.rows[column.name].take(at).to_numpy(dtype="int64")
        reached = versions == targets
        places, targets, versions = places[reached], targets[reached], start[reached]
        frame = baseline.frame.copy(deep=False)
        for step in reversed(baseline.steps):
            hit, at = _hit(step.places, places, versions, targets, step.rows[column.name])
            versions[hit] = step.rows[column.name].take(at).to_numpy(dtype="int64")
            for name in step.rows.columns if len(at) else ():
                frame[name] = _put(frame[name], places[hit], step.rows[name].take(at), baseline.schema[str(name)])
        seen = replace(baseline, frame=frame, spoilt=baseline.altered(), steps=())
        return cls(baseline, seen, places)

    def changes(self, found: Changes) -> Changes:
        """What was found to be changed since then, as changes of the tasks as they are now."""
        if not len(self.places):
            return found
        places = np.asarray(self.now.ids.get_indexer(found.ids))
        back = np.isin(places, self.places)
        if not back.any():
            return found
        columns, masks = {}, {}
        for name, change in found.columns.items():
            column = self.now.schema[name]
            before, keep = change.before.copy(), np.ones(len(change), dtype=bool)
            at = np.flatnonzero(back[change.rows])
            series = self.now.frame[name].take(places[change.rows[at]])
            for n, value in zip(at.tolist(), _normal(series, column), strict=True):
                before[n], keep[n] = value, not same(value, change.after[n], column)
            columns[name], masks[name] = change.had(before), keep
        return Changes(self.now.rows(places), columns).keep(masks)


def _earlier(baseline: Baseline, edited: Edited) -> dict[int, int]:
    """Of the edited tasks that name an earlier version than the baseline's: place in the baseline → that version."""
    column = baseline.schema.role("version")
    if column is None or not baseline.steps or column.name not in edited.columns or column.name not in baseline.frame:
        return {}
    base, cells = baseline.frame[column.name], edited.columns[column.name]
    whole = len(edited.ids) == len(baseline) and bool(edited.ids.equals(baseline.ids))
    if whole and shares_memory(base, cells):
        return {}
    found = np.arange(len(baseline)) if whole else np.asarray(baseline.ids.get_indexer(edited.ids))
    rows = np.flatnonzero(found >= 0)
    base, cells, places = base.take(found[rows]), cells.take(rows), found[rows]
    at = np.flatnonzero(differing(base, cells, column))
    judge = Judge(column)
    wanted: dict[int, int] = {}
    triples = zip(places[at].tolist(), _normal(base.take(at), column), cells.take(at), strict=True)
    for place, now, cell in triples:
        try:
            version = judge.read(cell, now)
        except Unfit:
            continue
        if isinstance(now, int) and isinstance(version, int) and 0 <= version < now:
            wanted[place] = version
    return wanted


def _hit(
    known: np.ndarray, places: np.ndarray, versions: np.ndarray, targets: np.ndarray, befores: pd.Series
) -> tuple[np.ndarray, np.ndarray]:
    """Which of the tasks at `places` took their step to `versions` here, and where those are in `known`."""
    at = np.searchsorted(known, places)
    there = at < len(known)
    there[there] = known[at[there]] == places[there]
    hit = np.flatnonzero(there & (versions > targets))
    hit = hit[befores.take(at[hit]).to_numpy(dtype="int64") + 1 == versions[hit]]
    return hit, at[hit]


def _put(series: pd.Series, at: np.ndarray, values: pd.Series, column: Column) -> pd.Series:
    if column.kind not in NESTED:
        return write(series, at, normal_values(values, column), column)
    array = series.array.copy()
    array[at] = values.array
    return pd.Series(array, index=series.index, name=series.name)


def _normal(series: pd.Series, column: Column) -> list[object]:
    return [json_value(text) for text in series] if column.kind in NESTED else normal_values(series, column)
