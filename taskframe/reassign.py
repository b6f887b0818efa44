"""Dealing somebody's tasks out to others: exact in numbers, and fair over age and priority."""

from __future__ import annotations

import math
import re
from collections.abc import Mapping, Sequence
from fractions import Fraction
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.intake import take_frame
from taskframe.changes.judge import Judge
from taskframe.changes.write import write
from taskframe.errors import PlanError, SettingsError, did_you_mean
from taskframe.schema import Column, Schema, Unfit


def reassign(
    df: pd.DataFrame,
    schema: Schema,
    source: str | None,
    targets: Mapping[str | None, float],
    *,
    where: pd.Series | np.ndarray | Sequence[bool] | str | None = None,
    column: str | None = None,
    called: Mapping[str | None, str | None] = MappingProxyType({}),
) -> pd.DataFrame:
    """Edits `df` in place; see `TaskFrame.reassign`. The table's index is the person (None: unassigned).

    `called`: id → what the user calls that person, for errors.
    """
    assignee = _assignee(df, schema, column)
    name = assignee.name
    _check(targets)
    ids = take_frame(df, schema).ids
    holders = _holders(df[name], assignee)
    mask = (holders.isna() if source is None else holders == source).to_numpy(dtype=bool)
    if source is None and column is None:  # a task of another kind of assignee is not unassigned
        for other in schema.roles("assignee"):
            mask = mask & df[other.name].isna().to_numpy(dtype=bool) if other.name in df else mask
    word = called.get(source, source)
    who = repr(word) if word == source else f"{word!r} ({source})"
    if not mask.any():
        near = did_you_mean(source, holders.dropna().unique()) if source else ""
        what = "every task has somebody" if source is None else f"no task has {who} in {name}"
        others = [c.name for c in schema.roles("assignee") if c.name != name and c.name in df]
        there = [other for other in others if source is not None and bool((df[other] == source).any())]
        way_out = f" {who} is in {there[0]}: column={there[0]!r}" if there else near
        raise PlanError(f"nobody to take from: {what}.{way_out}")
    mask = mask & _where(df, where)
    if not mask.any():
        tasks = "tasks that nobody has" if source is None else f"tasks that {who} has in {name}"
        raise PlanError(f"where= leaves none of the {tasks}")
    places = np.flatnonzero(mask)
    order = places[queue(ids[places], df.iloc[places], schema)]
    people = list(targets)
    dealt = deal(len(order), list(targets.values()))
    before = _load(holders)
    df[name] = write(df[name], order, [people[n] for n in dealt], assignee)
    after = _load(_holders(df[name], assignee))
    everyone = list(dict.fromkeys([source, *people]))
    counts = dict(zip(people, np.bincount(dealt, minlength=len(people)).tolist(), strict=True))
    return pd.DataFrame(
        {
            "weight": [float(targets.get(who, 0.0)) for who in everyone],
            "dealt": [counts.get(who, 0) for who in everyone],
            "before": [before.get(who, 0) for who in everyone],
            "after": [after.get(who, 0) for who in everyone],
        },
        index=pd.Index(everyone, dtype="object", name=name),
    )


def _holders(cells: pd.Series, assignee: Column) -> pd.Series:
    """Who has each task: ids, also where a cell says a name or mail address that stands for one."""
    holders = cells.astype("object")
    return holders.replace(dict(assignee.aliases)) if assignee.aliases else holders


def deal(count: int, weights: Sequence[float]) -> list[int]:
    """Which of the weights each of `count` items goes to, in turn: exact by largest remainder, evenly spread.

    Equal remainders go to whoever comes first. Weights count as they are written: 0.1 and 0.2 are 1 and 2.
    """
    exact = [Fraction(repr(float(w))) for w in weights]
    shares = [count * w / sum(exact) for w in exact]
    counts = [math.floor(s) for s in shares]
    by_remainder = sorted(range(len(weights)), key=lambda i: (counts[i] - shares[i], i))
    for i in by_remainder[: count - sum(counts)]:
        counts[i] += 1
    return _turns(count, counts)


def _turns(count: int, counts: Sequence[int]) -> list[int]:
    """The turns in which everybody gets so many: at each place nobody is a whole item off.

    That is Tijdeman's chairman assignment: of those whose turn may have come, whoever has to take one the soonest.
    """
    left = [i for i, n in enumerate(counts) if n]
    grain = max(2 * len(left) - 2, 1)
    taken = dict.fromkeys(left, 0)
    latest = {i: (grain - 1) / counts[i] for i in left}
    turns = []
    for place in range(1, count + 1):
        open_to = [i for i in left if (counts[i] * place - taken[i] * count) * grain >= count]
        who = min(open_to, key=latest.__getitem__)  # equal: whoever comes first
        taken[who] += 1
        latest[who] = (grain * (taken[who] + 1) - 1) / counts[who]
        turns.append(who)
    return turns


def _assignee(df: pd.DataFrame, schema: Schema, name: str | None) -> Column:
    kinds = {c.name: c for c in schema.roles("assignee")}
    column = schema.role("assignee") if name is None else kinds.get(name)
    if column is None and name is not None and name not in schema:
        near = did_you_mean(name, kinds) or f" These hold assignees: {', '.join(kinds) or 'none'}"
        raise SettingsError(f"column=: there is no column {name!r}.{near}")
    if column is None:
        raise PlanError(f"column={name!r} holds no assignee; these do: {', '.join(kinds) or 'none'}")
    if column.name not in df:
        raise PlanError(f"the frame has no column {column.name!r}")
    return column


def _check(targets: Mapping[str | None, float]) -> None:
    if not targets:
        raise PlanError("reassign to whom? targets is empty")
    for who, weight in targets.items():
        if isinstance(weight, bool) or not _is_number(weight) or not 0 < weight < math.inf:
            raise PlanError(f"the weight of {who!r} is {weight!r}: a weight is a number above 0")


def _is_number(value: object) -> bool:
    return isinstance(value, int | float | np.integer)


def _where(df: pd.DataFrame, where: pd.Series | np.ndarray | Sequence[bool] | str | None) -> np.ndarray:
    if where is None:
        return np.ones(len(df), dtype=bool)
    if isinstance(where, str):
        where = _queried(df, where)
    elif not isinstance(where, pd.Series):
        where = _series(df, where)
    if not isinstance(where, pd.Series) or not pd.api.types.is_bool_dtype(where.dtype):
        raise PlanError("where= takes a boolean Series, array or list, or a query whose result is a Series")
    if not where.index.equals(df.index):
        raise PlanError("where= has another index than tasks.df: make it from tasks.df")
    return where.fillna(False).to_numpy(dtype=bool)


def _series(df: pd.DataFrame, mask: Any) -> Any:
    """A mask without an index, by position."""
    if not isinstance(mask, np.ndarray | list | tuple | pd.api.extensions.ExtensionArray):
        return mask
    if len(mask) != len(df):
        raise PlanError(f"where= has {len(mask):,} values for {len(df):,} rows of tasks.df")
    return pd.Series(mask, index=df.index)


_UNKNOWN = re.compile(r"name '(.+)' is not defined")


def _queried(df: pd.DataFrame, query: str) -> Any:
    try:
        return df.eval(query)
    except Exception as error:  # pandas raises whatever its parser, or the comparison, did
        unknown = _UNKNOWN.fullmatch(str(error))
        near = did_you_mean(unknown[1], df.columns) if unknown else ""
        way_out = near or " Write, say, where=\"status != 'done'\""
        raise PlanError(f"where={query!r} is no query of this frame: {error}.{way_out}") from error


def queue(ids: pd.Index, df: pd.DataFrame, schema: Schema) -> np.ndarray:
    """The order in which tasks are dealt: the most urgent first, then by due date (none last), then by id."""
    keys: list[Any] = [np.asarray(ids.astype("object").fillna(""))]
    due, priority = schema.role("due"), schema.role("priority")
    if due is not None and due.name in df:
        times = [_read(cell, due) for cell in df[due.name]]
        keys.append(np.array([math.inf if t is None else t.timestamp() for t in times]))
    if priority is not None and priority.name in df:
        ranks = {choice: rank for rank, choice in enumerate(priority.choices)}
        keys.append(np.array([-ranks.get(_read(cell, priority), -1) for cell in df[priority.name]]))
    return np.lexsort(keys)


def _read(cell: Any, column: Column) -> Any:
    """The cell in normal form, None where it makes no sense; a time without a zone is taken for UTC."""
    try:
        if column.kind == "timestamp" and isinstance(cell, pd.Timestamp) and cell.tzinfo is None:
            cell = cell.tz_localize("UTC")
        return Judge(column).read(cell)
    except Unfit:
        return None


def _load(holders: pd.Series) -> dict[Any, int]:
    counts = holders.value_counts()
    return {**{who: int(n) for who, n in counts.items()}, None: int(holders.isna().sum())}
