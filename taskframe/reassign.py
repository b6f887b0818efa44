"""Dealing somebody's tasks out to others: exact in numbers, and fair over age and priority."""

from __future__ import annotations

import math
from collections.abc import Mapping
from typing import Any

import numpy as np
import pandas as pd

from taskframe.errors import PlanError, did_you_mean
from taskframe.schema import Column, Schema


def reassign(
    df: pd.DataFrame,
    schema: Schema,
    source: str | None,
    targets: Mapping[str | None, float],
    *,
    where: pd.Series | str | None = None,
    column: str | None = None,
) -> pd.DataFrame:
    """Edits `df` in place; see `TaskFrame.reassign`. The table's index is the person (None: unassigned)."""
    name = _assignee(df, schema, column).name
    _check(targets)
    holders = df[name]
    mask = (holders.isna() if source is None else (holders == source).fillna(False)).to_numpy(dtype=bool)
    if not mask.any():
        raise PlanError(
            f"nobody to take from: no task has {source!r} in {name}.{did_you_mean(source, holders.unique())}"
        )
    mask = mask & _where(df, where)
    if not mask.any():
        raise PlanError(f"where= leaves none of the tasks that {source!r} has in {name}")
    places = np.flatnonzero(mask)
    order = places[_queue(df.iloc[places], schema)]
    before = _load(holders)
    dealt = deal(len(order), list(targets.values()))
    people = list(targets)
    values = holders.astype("object").to_numpy(copy=True)
    for place, who in zip(order, dealt, strict=True):
        values[place] = people[who]
    df[name] = pd.Series(values, index=df.index).astype(holders.dtype)
    after = _load(df[name])
    everyone = list(dict.fromkeys([source, *people]))
    counts = np.bincount(dealt, minlength=len(people))
    given = {who: int(n) for who, n in zip(people, counts, strict=True)}
    return pd.DataFrame(
        {
            "weight": [float(targets.get(who, 0.0)) for who in everyone],
            "dealt": [given.get(who, 0) for who in everyone],
            "before": [before.get(who, 0) for who in everyone],
            "after": [after.get(who, 0) for who in everyone],
        },
        index=pd.Index(everyone, dtype="object", name=name),
    )


def deal(count: int, weights: list[float]) -> list[int]:
    """Which of the weights each of `count` items goes to, in turn: exact by largest remainder, evenly spread.

    Equal remainders go to whoever comes first.
    """
    total = math.fsum(weights)
    shares = [count * w / total for w in weights]
    counts = [math.floor(s) for s in shares]
    by_remainder = sorted(range(len(weights)), key=lambda i: (counts[i] - shares[i], i))
    for i in by_remainder[: count - sum(counts)]:
        counts[i] += 1
    # each one's k-th item is due at (k + 1/2) / n of the way: merged, the turns lie as evenly as they can
    turns = [((k + 0.5) / n, i) for i, n in enumerate(counts) for k in range(n)]
    return [i for _, i in sorted(turns)]


def _assignee(df: pd.DataFrame, schema: Schema, name: str | None) -> Column:
    kinds = [c.name for c in schema.roles("assignee")]
    column = schema.role("assignee") if name is None else schema[name]
    if column is None or column.name not in kinds:
        raise PlanError(f"column={name!r} holds no assignee; these do: {', '.join(kinds) or 'none'}")
    if column.name not in df:
        raise PlanError(f"the frame has no column {column.name!r}")
    return column


def _check(targets: Mapping[str | None, float]) -> None:
    if not targets:
        raise PlanError("reassign to whom? targets is empty")
    for who, weight in targets.items():
        if isinstance(weight, bool) or not isinstance(weight, int | float) or not 0 < weight < math.inf:
            raise PlanError(f"the weight of {who!r} is {weight!r}: a weight is a number above 0")


def _where(df: pd.DataFrame, where: pd.Series | str | None) -> np.ndarray:
    if where is None:
        return np.ones(len(df), dtype=bool)
    if isinstance(where, str):
        where = df.eval(where)
    if not isinstance(where, pd.Series) or not pd.api.types.is_bool_dtype(where.dtype):
        raise PlanError("where= takes a boolean Series, or a query whose result is one")
    if not where.index.equals(df.index):
        raise PlanError("where= has another index than tasks.df: make it from tasks.df")
    return np.asarray(where.fillna(False).to_numpy(dtype=bool))


def _queue(df: pd.DataFrame, schema: Schema) -> np.ndarray:
    """The order in which tasks are dealt: the most urgent first, then by due date (none last), then by id."""
    keys: list[Any] = [np.asarray(df.index.astype("str"))]
    due, priority = schema.role("due"), schema.role("priority")
    if due is not None and due.name in df:
        times = df[due.name]
        keys.append(times.rank(method="dense", na_option="bottom").to_numpy())
    if priority is not None and priority.name in df:
        ranks = {choice: rank for rank, choice in enumerate(priority.choices)}
        keys.append(np.array([-ranks.get(p, -1) for p in df[priority.name].astype("object")]))
    return np.lexsort(keys)


def _load(holders: pd.Series) -> dict[Any, int]:
    counts = holders.value_counts()
    return {**{who: int(n) for who, n in counts.items()}, None: int(holders.isna().sum())}
