"""After an apply: the baseline takes the service's answers, and the analyst's frame follows where it may."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline, json_text
from taskframe.changes.edit import Row
from taskframe.changes.intake import take_frame
from taskframe.changes.judge import Judge
from taskframe.changes.normal import normal_values, same
from taskframe.changes.write import write
from taskframe.errors import PlanError
from taskframe.schema import NESTED, Column, Unfit

_LEFT = object()


def advance(baseline: Baseline, rows: Mapping[str, Row]) -> Baseline:
    """The baseline with the answered rows in it (task id → the columns that the answer held).

    Columns in which nothing moved still share their memory with the frame that shared it with the old baseline.
    """
    found = baseline.ids.get_indexer(pd.Index(list(rows), dtype="object"))
    known = [(at, row) for at, row in zip(found.tolist(), rows.values(), strict=True) if at >= 0]
    if not known:
        return baseline
    frame = baseline.frame.copy(deep=False)
    old = baseline.rows(np.array([at for at, _ in known]))
    for name in frame.columns:
        column = baseline.schema[str(name)]
        moved = {
            at: row[name]
            for (at, row), before in zip(known, normal_values(old[name], column), strict=True)
            if name in row and not same(before, row[name], column)
        }
        if moved:
            frame[name] = _put(frame[name], np.array(list(moved)), list(moved.values()), column)
    return Baseline(frame, baseline.schema, baseline.frozen, baseline.altered())


def _put(series: pd.Series, at: np.ndarray, values: list[Any], column: Column) -> pd.Series:
    if column.kind in NESTED:
        array = series.array.copy()
        array[at] = pd.array([json_text(v) for v in values], dtype="str")
        return pd.Series(array, index=series.index, name=series.name)
    judge = Judge(column, [v for v in values if isinstance(v, str | int)])
    return write(series, at, [judge.read(v) for v in values], column)


def follow(df: pd.DataFrame, before: Baseline, after: Baseline, sent: Mapping[str, Row]) -> None:
    """Brings `df`, in place, to the new baseline, for the tasks in `sent` (task id → the cells that were sent).

    A cell follows where it still has the old baseline, or what was sent: later edits stay. Tasks and columns that
    `df` does not have are left out, and so are ids that it has twice.
    """
    try:
        ids = take_frame(df, before.schema).ids
    except PlanError:  # whose rows these are can't be told
        return
    single = np.flatnonzero(~np.asarray(ids.duplicated(keep=False)) & ~np.asarray(ids.isna()))
    wanted = [task for task in sent if task in before.ids]
    found = ids[single].get_indexer(pd.Index(wanted))
    tasks = [task for task, at in zip(wanted, found, strict=True) if at >= 0]
    rows = single[found[found >= 0]]
    places = before.ids.get_indexer(pd.Index(tasks))
    if not tasks:
        return
    old, new = before.rows(places), after.rows(places)
    for name in after.frame.columns:
        if name not in df.columns:
            continue
        column = before.schema[str(name)]
        ours = [sent[task].get(str(name), _LEFT) for task in tasks]
        cells = df[name].take(rows)
        fresh = normal_values(new[name], column)
        keep = [
            n
            for n, values in enumerate(zip(cells, normal_values(old[name], column), fresh, ours, strict=True))
            if _follows(column, *values)
        ]
        if keep:
            df[name] = write(df[name], rows[keep], [fresh[n] for n in keep], column)


def _follows(column: Column, cell: Any, old: Any, fresh: Any, sent: Any) -> bool:
    if sent is _LEFT:
        sent = old
        if same(old, fresh, column):
            return False
    judge = Judge(column, [v for v in (old, fresh, sent) if isinstance(v, str | int)])
    if any(_says(judge, cell, value, column) for value in (old, sent)):
        return not _says(judge, cell, fresh, column)
    return False


def _says(judge: Judge, cell: Any, value: Any, column: Column) -> bool:
    try:
        return same(judge.read(cell, value), value, column)
    except Unfit:
        return False
