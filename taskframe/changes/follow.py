"""After an apply: the baseline takes the service's answers, and the analyst's frame follows where it may."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from contextlib import suppress
from dataclasses import dataclass
from datetime import datetime
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.answered import Answered, Sent, places_of
from taskframe.changes.basecells import base_values, base_written
from taskframe.changes.baseline import Baseline, Step
from taskframe.changes.edited import Edited
from taskframe.changes.jsontext import json_text, json_value
from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values, objects, parse, same
from taskframe.changes.write import fits, says, write
from taskframe.schema import NESTED, UTC_DTYPE, Column, Unfit

STEPS = 50
"""So many of our own applies can an edited copy be behind."""

_LEFT = object()


@dataclass(frozen=True)
class Followed:
    """What an apply leaves: the baseline, and those columns of the frame that follow, whole, by name."""

    baseline: Baseline
    columns: Mapping[str, pd.Series]


def follow(
    df: pd.DataFrame,
    edited: Edited | None,
    before: Baseline,
    given: Answered,
) -> Followed:
    """What the answers make of the baseline and of `df`; neither is changed.

    - `edited`: what `df` holds, or None where it can't be told whose rows these are
    - `given`: the answers, what was sent, and which of them are replies to our own writes

    A cell of `df` follows where it still has the old baseline, or what was sent: other edits stay. Where others changed
    the cell beneath such an edit, the baseline stays too, and the task's lock (see `Baseline`): the edit was made
    without knowing theirs. Tasks and columns that `df` does not have are left out, and so are ids that it has twice.
    Columns in which nothing moved still share their memory with the frame that shared it with the old baseline.
    """
    answers = _Answers(df, edited, before, given)
    if not len(answers.places):
        return Followed(before, {})
    frame = before.frame.copy(deep=False)
    columns: dict[str, pd.Series] = {}
    moved: list[str] = []
    held: dict[str, np.ndarray] = {}
    for column in sorted((before.schema[str(name)] for name in frame.columns), key=lambda c: not c.editable):
        change = _Change(answers, column, held.get(column.handle))
        if column.editable and change.held.any():
            held[column.name] = change.held
        at = np.flatnonzero(change.moved)
        if len(at):
            moved.append(column.name)
            frame[column.name] = base_written(frame[column.name], answers.places[at], change.fresh(at), column)
        if len(change.follows) and change.shared:
            columns[column.name] = frame[column.name].set_axis(df.index)
        elif len(change.follows):
            cells = change.fresh(change.follows)
            columns[column.name] = write(df[column.name], answers.mine[change.follows], cells, column)
    baseline = Baseline(
        frame,
        before.schema,
        before.frozen,
        before.altered(),
        answers.locks(held),
        answers.steps(moved),
        before.answered | frozenset(answers.places.tolist()),
        before.prints,
    )
    return Followed(baseline, columns)


class _Answers:
    """The answered tasks.

    `places` are theirs in the baseline, `mine` those of their rows in the frame (-1: it has none, or several).
    `ours`: whether the answer shows what our write made of the baseline's state, and nobody else's.
    """

    def __init__(self, df: pd.DataFrame, edited: Edited | None, before: Baseline, given: Answered) -> None:
        found = places_of(pd.Index(given.ids, dtype=before.ids.dtype), before.ids)
        known = (found >= 0) & ~_outdated(before, found, given)
        self.before = before
        self.places = found[known]
        self.given = given.only(known)
        self.labels = frozenset(map(str, df.columns))
        self.edited = edited
        self.whole = edited is not None and _same_ids(edited.ids, before.ids)
        self.mine = self._mine()
        self.ours = self._ours()

    def values(self, name: str) -> list[Any]:
        """The service's values of one column, as they came; `_LEFT` where an answer did not hold it."""
        return self.given.cells(name, _LEFT)

    def _mine(self) -> np.ndarray:
        if self.edited is None:
            return np.full(len(self.places), -1)
        if self.whole:
            return np.asarray(self.places)
        ids = self.edited.ids
        single = np.flatnonzero(~np.asarray(ids.duplicated(keep=False)) & ~np.asarray(ids.isna()))
        found = np.asarray(ids[single].get_indexer(self.before.ids[self.places]))
        return np.asarray(np.where(found >= 0, single[found] if len(single) else -1, -1))

    def _ours(self) -> np.ndarray:
        ours = np.zeros(len(self.places), dtype=bool)
        column = self.before.schema.role("version")
        if not self.given.own.any() or column is None or column.name not in self.before.frame:
            return ours
        locks, own = self.before.locks, self.given.own.tolist()
        versions = normal_values(self.before.frame[column.name].take(self.places), column)
        tasks = zip(own, self.places.tolist(), versions, self.values(column.name), strict=True)
        for at, (mine, place, version, now) in enumerate(tasks):
            ours[at] = mine and place not in locks and version is not None and now == version + 1
        return ours

    def locks(self, held: Mapping[str, np.ndarray]) -> dict[int, int]:
        """The locks from now on. A task loses its lock with an answer that is whole, and leaves no cell behind."""
        locks, column = dict(self.before.locks), self.before.schema.role("version")
        if column is None or column.name not in self.before.frame:
            return locks
        stay = np.logical_or.reduce([np.zeros(len(self.places), dtype=bool), *held.values()])
        versions = self.before.frame[column.name]
        for place in self.places[stay].tolist():
            locks.setdefault(place, int(versions.iloc[place]))
        if len(locks):
            editable = [c.name for c in self.before.schema.editable if c.name in self.before.frame]
            for at in np.flatnonzero(~stay).tolist():
                if int(self.places[at]) in locks and all(name in self.given.row(at) for name in editable):
                    del locks[int(self.places[at])]
        return locks

    def steps(self, moved: list[str]) -> tuple[Step, ...]:
        """The states that our own writes left behind."""
        places = np.sort(self.places[self.ours])
        if not len(places):
            return self.before.steps
        return (*self.before.steps, Step(places, self.before.frame[moved].take(places)))[-STEPS:]


def _outdated(before: Baseline, places: np.ndarray, given: Answered) -> np.ndarray:
    """Which answers are older than what the baseline knows: of two runs at once, the later one answered first."""
    column = before.schema.role("version")
    if column is None or column.name not in before.frame:
        return np.zeros(len(places), dtype=bool)
    known = normal_values(before.frame[column.name].take(np.maximum(places, 0)), column) if len(before) else []
    pairs = zip(known, given.cells(column.name, None), strict=False)
    old = [was is not None and now is not None and now < was for was, now in pairs]
    return np.array(old, dtype=bool) if old else np.zeros(len(places), dtype=bool)


def _same_ids(mine: pd.Index, ids: pd.Index) -> bool:
    return mine is ids or (len(mine) == len(ids) and bool(mine.equals(ids)))


class _Change:
    """What the answers make of one column; positions are those of the answers.

    `moved`: where the baseline takes the answer. `held`: where it does not, for an edit's sake. `follows`: where the
    frame takes it. `shared`: the frame has the baseline's own memory, so that it follows as a whole.
    """

    def __init__(self, answers: _Answers, column: Column, held: np.ndarray | None) -> None:
        self._column = column
        self._base = answers.before.frame[column.name].take(answers.places)
        self._values = answers.values(column.name)
        self.moved = self._moved()
        self.held = np.zeros(len(self.moved), dtype=bool)
        self.follows = np.empty(0, dtype=np.intp)
        if held is not None:  # a part of an object of which the handle was held
            self.moved &= ~held
        cells = None if answers.edited is None else answers.edited.columns.get(column.name)
        self.shared = (
            cells is not None
            and answers.whole
            and column.name in answers.labels
            and column.kind not in NESTED
            and shares_memory(answers.before.frame[column.name], cells)
        )
        if self.shared:
            self.follows = np.flatnonzero(self.moved)
        elif cells is not None:
            self._judge(answers, cells, answers.given.sent.get(column.name))

    def fresh(self, at: np.ndarray) -> list[Any]:
        """The service's values, in normal form."""
        old = iter(base_values(self._base.take(at[~self.moved[at]]), self._column))
        return [self._values[n] if self.moved[n] else next(old) for n in at.tolist()]

    def _moved(self) -> np.ndarray:
        column, base, values = self._column, self._base, self._values
        moved = np.zeros(len(values), dtype=bool)
        if column.kind == "timestamp":
            if base.dtype == UTC_DTYPE and all(v is None or v is _LEFT or _is_instant(v) for v in _distinct(values)):
                with suppress(ValueError):  # it looked like a time, such as one in a 13th month
                    return self._moved_times(moved)
            self._values = values = [_instant(value) for value in values]
        if column.kind in NESTED:
            texts = [text if isinstance(text, str) else None for text in base]
            for at, (text, value) in enumerate(zip(texts, values, strict=True)):
                if value is not _LEFT and text != json_text(value):
                    moved[at] = not same(json_value(text), value, column)
            return moved
        old, looser = normal_values(base, column), column.blank_is_null or column.kind == "timestamp"
        unequal = np.asarray(objects(old) != objects(values), dtype=bool)
        if base.dtype == np.dtype(object) or not fits(values, column):  # True == 1
            pairs = zip(old, values, strict=True)
            unequal |= np.fromiter((isinstance(a, bool) is not isinstance(b, bool) for a, b in pairs), dtype=bool)
        for at in np.flatnonzero(unequal).tolist():
            moved[at] = values[at] is not _LEFT and not (looser and same(old[at], values[at], column))
        return moved

    def _moved_times(self, moved: np.ndarray) -> np.ndarray:
        """All at once. What moved is a Timestamp from then on."""
        told = np.array([at for at, value in enumerate(self._values) if value is not _LEFT], dtype=np.intp)
        times = pd.DatetimeIndex(self._column.array([self._values[at] for at in told.tolist()]))
        unequal = times.asi8 != pd.DatetimeIndex(self._base.take(told)).asi8
        moved[told[unequal]] = True
        for at, time in zip(told[unequal].tolist(), times[unequal].tolist(), strict=True):
            self._values[at] = None if time is pd.NaT else time
        return moved

    def _judge(self, answers: _Answers, cells: pd.Series, sent: Sent | None) -> None:
        """Which cells of the frame have what the baseline had, or what was sent, and which an edit of their own."""
        wanted = self.moved.copy()
        which = np.full(len(wanted), -1)  # of the cells that were sent
        if sent is not None:
            wanted[sent.at] = True
            which[sent.at] = np.arange(len(sent.at))
        at = np.flatnonzero(wanted & (answers.mine >= 0))
        if not len(at):
            return
        column, cells = self._column, cells.take(answers.mine[at])
        fresh = self.fresh(at)

        def say(which: np.ndarray, values: list[Any]) -> np.ndarray:
            return says(cells.take(which), values, column)

        went = np.flatnonzero(which[at] >= 0)
        if sent is not None:
            went = went[say(went, sent.values[which[at[went]]].tolist())]
        rest = np.setdiff1d(np.arange(len(at)), went)
        old = say(rest, base_values(self._base.take(at[rest]), column))
        edits = rest[~old]
        edits = edits[~say(edits, [fresh[n] for n in edits.tolist()])]
        behind = went[~say(went, [fresh[n] for n in went.tolist()])]  # the service made something else of it
        if column.aliases:  # a name that was written for an id: the frame shows what the service does
            texts = cells.take(went).astype("object")
            behind = np.union1d(behind, went[texts.isin(list(column.aliases)).to_numpy(dtype=bool)])
        follows = np.union1d(rest[old], behind)
        if column.name in answers.labels:
            self.follows = at[follows]
        else:  # a level of the index is not written to: its cells stay as they are, on the old baseline
            edits = np.union1d(edits, follows)
        if column.editable:
            for n in edits.tolist():
                task = int(at[n])
                if self.moved[task] and not answers.ours[task]:
                    ours = which[task]
                    self.held[task] = sent is None or ours < 0 or not same(fresh[n], sent.values[ours], column)
            self.moved &= ~self.held


_INSTANT = re.compile(r"\d{4}-\d\d-\d\d[Tt ].+([Zz]|[+-]\d\d:?\d\d)", re.ASCII)


def _is_instant(value: Any) -> bool:
    return isinstance(value, datetime) or (isinstance(value, str) and _INSTANT.fullmatch(value) is not None)


def _distinct(values: list[Any]) -> Collection[Any]:
    """Each value once; all, where that can't be told."""
    try:
        return set(values)
    except TypeError:  # an account's own field may hold a list
        return values


def _instant(value: Any) -> Any:
    """A time as a Timestamp; what else an answer may hold in an account's own field stays as it is."""
    if not isinstance(value, str) or not _is_instant(value):
        return value
    try:
        return parse(value, Column("", "timestamp"))
    except Unfit:
        return value
