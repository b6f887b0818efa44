"""After an apply: the baseline takes the service's answers, and the analyst's frame follows where it may."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline, json_text
from taskframe.changes.edit import Row
from taskframe.changes.normal import is_null, normal_values, parse, same
from taskframe.schema import NESTED, Column, Unfit


def advance(baseline: Baseline, rows: Mapping[str, Row]) -> Baseline:
    """The baseline with the answered rows in it (task id → the columns that the answer held)."""
    places = {task: int(at) for task, at in zip(rows, baseline.ids.get_indexer(list(rows)), strict=True) if at >= 0}
    if not places:
        return baseline
    frame = baseline.frame.copy(deep=False)
    for name in frame.columns:
        held = [(places[task], row[name]) for task, row in rows.items() if task in places and name in row]
        if held:
            column = baseline.schema[str(name)]
            frame[name] = _put(frame[name], np.array([at for at, _ in held]), [v for _, v in held], column)
    return Baseline(frame, baseline.schema, baseline.frozen)


def _put(series: pd.Series, at: np.ndarray, values: Sequence[Any], column: Column) -> pd.Series:
    new = pd.array([json_text(v) for v in values], dtype="str") if column.kind in NESTED else column.array(values)
    return _assigned(series, at, new)


def _assigned(series: pd.Series, at: np.ndarray, new: Any) -> pd.Series:
    """`series` with `new` at these positions; categories that it lacks are added."""
    if isinstance(new, pd.Categorical) and isinstance(series.dtype, pd.CategoricalDtype):
        missing = [c for c in new.categories if c not in series.cat.categories and c in new]
        series = series.cat.add_categories(missing) if missing else series
        new = new.set_categories(series.cat.categories, ordered=series.cat.ordered)
    elif isinstance(new, pd.Categorical):
        new = new.astype("object")
    array = series.array.copy()
    array[at] = new
    return pd.Series(array, index=series.index, name=series.name)


def follow(df: pd.DataFrame, before: Baseline, after: Baseline, sent: Mapping[str, Row]) -> None:
    """Brings `df`, in place, to the new baseline, for the tasks in `sent` (task id → the cells that were sent).

    A cell follows where it still has the old baseline, or what was sent: later edits stay. Tasks and columns that
    `df` does not have are left out, and so are ids that it has twice.
    """
    ids = df.index if df.index.name == before.schema.index else pd.Index(df.get(before.schema.index, []))
    tasks = [t for t in sent if t in before.ids]
    if not tasks or ids.has_duplicates:
        return
    rows = np.asarray(ids.get_indexer(tasks))
    tasks = [t for t, r in zip(tasks, rows, strict=True) if r >= 0]
    rows = rows[rows >= 0]
    places = np.asarray(before.ids.get_indexer(tasks))
    for name in after.frame.columns:
        if name not in df.columns:
            continue
        column = before.schema[str(name)]
        old = normal_values(before.rows(places)[name], column)
        new = after.rows(places)[name]
        fresh = normal_values(new, column)
        moved = [n for n in range(len(tasks)) if not same(old[n], fresh[n], column)]
        cells = df[name].array
        keep = [
            n for n in moved if _follows(cells[int(rows[n])], column, old[n], sent[tasks[n]].get(str(name), old[n]))
        ]
        if keep:
            _write(df, str(name), rows[keep], new.array[keep], [fresh[n] for n in keep])


def _follows(cell: Any, column: Column, old: Any, sent: Any) -> bool:
    try:
        value = None if is_null(cell) else parse(cell, column, tuple(v for v in (old, sent) if isinstance(v, str | int)))
    except Unfit:
        return False
    if isinstance(value, pd.Timestamp) and value.tzinfo is None:
        value = value.tz_localize("UTC")
    return same(value, old, column) or same(value, sent, column)


def _write(df: pd.DataFrame, name: str, at: np.ndarray, new: Any, plain: list[Any]) -> None:
    """Into the analyst's column, whose dtype may be any."""
    try:
        df[name] = _assigned(df[name], at, new)
    except (TypeError, ValueError):
        values = df[name].astype("object")
        array = values.array.copy()
        for place, value in zip(at, plain, strict=True):
            array[int(place)] = value
        df[name] = pd.Series(array, index=values.index, name=name)
