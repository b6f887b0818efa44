"""What a plan, a run and a load look like: counted here, drawn by `plots`."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.engine.outcome import Outcome
from taskframe.errors import PlanError, did_you_mean
from taskframe.plots import NOBODY, outcomes_plot, tasks_plot, work_plot
from taskframe.schema import Column, Schema

if TYPE_CHECKING:
    import numpy as np
    from matplotlib.axes import Axes

_BY = ("assignee", "status", "priority")


def plan_picture(
    changes: Changes, everything: pd.DataFrame, schema: Schema, names: Mapping[str, str], by: str, column: str | None
) -> Axes:
    """Tasks per assignee (or status, or priority) of `everything`, before and after the changes."""
    found = _column(schema, by, column)
    if found.name not in everything:
        raise PlanError(f"the load has no column {found.name}, so there is nothing to count")
    before = everything[found.name].astype("object")
    after = before.copy()
    change = changes.columns.get(found.name)
    if change is not None:
        after.loc[changes.ids[change.rows]] = change.after
    counted = [_counts(series, found, names) for series in (before, after)]
    return work_plot(
        *counted, title=f"Tasks by {found.label.lower() or found.name}, before and after this plan", what=found.label
    )


def _column(schema: Schema, by: str, column: str | None) -> Column:
    if column is not None:
        return schema[column]
    if by not in _BY:
        raise PlanError(f"by= is one of {', '.join(_BY)}, not {by!r}.{did_you_mean(by, _BY)}")
    found = schema.role(by)  # type: ignore[arg-type]
    if found is None:
        raise PlanError(f"this service has no {by}: name a column=")
    return found


def report_picture(outcomes: Sequence[Outcome], started: float, elapsed: float, title: str) -> Axes:
    """Outcomes over the time of the run, and their rate."""
    known = [o for o in outcomes if o.at is not None]
    if not known:
        raise PlanError("there is nothing to plot: no task of this run has an outcome with its time")
    at = [max(0.0, o.at - started) for o in known if o.at is not None]
    return outcomes_plot(at, [o.kind for o in known], elapsed=elapsed, title=title)


def tasks_picture(
    df: pd.DataFrame, schema: Schema, names: Mapping[str, str], now: datetime, title: str
) -> np.ndarray[Any, Any]:
    """Tasks by status, by the days since their last change, and by assignee, as far as the frame has those columns."""
    status, updated, assignee = schema.role("status"), schema.role("updated"), schema.role("assignee")
    by_status = ages = load = None
    if status is not None and status.name in df:
        by_status = _counts(df[status.name], status, names, ordered=bool(status.choices))
    if updated is not None and updated.name in df:
        times = pd.to_datetime(df[updated.name], utc=True).dropna()
        ages = (pd.Timestamp(now) - times).dt.total_seconds() / 86_400
    if assignee is not None and assignee.name in df:
        load = _counts(df[assignee.name], assignee, names)
    if by_status is None and ages is None and load is None:
        raise PlanError("there is nothing to plot: the frame has neither a status nor an assignee nor a last change")
    return tasks_plot(by_status, ages, load, title=title)


def _counts(
    series: pd.Series[Any], column: Column, names: Mapping[str, str], *, ordered: bool = False
) -> pd.Series[int]:
    """Cells per value, by the names of people; the most first, or in the order of the choices."""
    none = NOBODY if column.role == "assignee" else "none"
    counts: dict[str, int] = {}
    for value, number in series.astype("object").value_counts().items():
        counts[_name(value, column, names)] = counts.get(_name(value, column, names), 0) + int(number)
    missing = int(series.isna().sum())
    if missing:
        counts[none] = counts.get(none, 0) + missing
    found = pd.Series(counts, dtype="int64").sort_values(ascending=False, kind="stable")
    if ordered:
        known = [str(choice) for choice in column.choices if str(choice) in found]
        found = found.reindex([*known, *(name for name in found.index if name not in known)])
    return found


def _name(value: Any, column: Column, names: Mapping[str, str]) -> str:
    """A person's name where only one has it."""
    name = names.get(str(value)) if column.people else None
    return name if name is not None and list(names.values()).count(name) == 1 else str(value)
