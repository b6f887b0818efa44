"""What a service answered to an apply, had by column: of many thousand tasks nobody holds all rows at once."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from dataclasses import dataclass
from types import MappingProxyType
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.changes.edit import Row
from taskframe.changes.normal import objects

_NOTHING: Mapping[str, Row] = MappingProxyType({})


@dataclass(frozen=True)
class Sent:
    """The cells of one column that were sent: `at` are the positions of their answers, ascending."""

    at: np.ndarray
    values: np.ndarray


@dataclass(frozen=True)
class Answered:
    """The answers of some tasks, one each.

    - `ids`: the tasks. `row(at)`: the columns that one answer held.
    - `cells(name, default)`: one column of all of them; `default` where an answer did not hold it.
    - `sent`: by column, the cells that were sent.
    - `own`: a mask: whose answer was the reply to our own write.
    """

    ids: list[str]
    row: Callable[[int], Row]
    cells: Callable[[str, Any], list[Any]]
    sent: Mapping[str, Sent]
    own: np.ndarray

    @classmethod
    def of(
        cls, rows: Mapping[str, Row], sent: Mapping[str, Row] = _NOTHING, own: Collection[str] = frozenset()
    ) -> Answered:
        """Of rows and cells by task id; `own` are ids."""
        ids, answers, own = list(rows), list(rows.values()), frozenset(own)

        def cells(name: str, default: Any) -> list[Any]:
            return [row.get(name, default) for row in answers]

        return cls(
            ids, answers.__getitem__, cells, sent_of(ids, sent), np.array([task in own for task in ids], dtype=bool)
        )

    def __len__(self) -> int:
        return len(self.ids)

    def only(self, keep: np.ndarray) -> Answered:
        """Those where `keep` is true."""
        if keep.all():
            return self
        kept, place = np.flatnonzero(keep), np.cumsum(keep) - 1
        at = kept.tolist()

        def cells(name: str, default: Any) -> list[Any]:
            found = self.cells(name, default)
            return [found[n] for n in at]

        sent = {}
        for name, each in self.sent.items():
            mine = keep[each.at]
            sent[name] = Sent(place[each.at[mine]], each.values[mine])
        return Answered([self.ids[n] for n in at], lambda n: self.row(at[n]), cells, sent, self.own[kept])


def sent_of(ids: list[str], sent: Mapping[str, Row]) -> dict[str, Sent]:
    """By column, what is given by task."""
    found: dict[str, dict[int, Any]] = {}
    for at, task in enumerate(ids if sent else ()):
        for name, value in sent.get(task, {}).items():
            found.setdefault(name, {})[at] = value
    return {name: Sent(np.array(list(c), dtype=np.intp), objects(list(c.values()))) for name, c in found.items()}


def planned(changes: Changes, ids: list[str], but: Mapping[str, Row]) -> dict[str, Sent]:
    """What was sent where it went out as planned; of the tasks in `but` only those cells."""
    tasks = pd.Index(ids, dtype=changes.ids.dtype)
    answer = np.full(len(changes.ids), -1)
    answer[places_of(tasks, changes.ids)] = np.arange(len(ids))  # each of them was planned
    answer[np.isin(answer, [at for at, task in enumerate(ids) if task in but])] = -1
    some = sent_of(ids, but)
    sent = dict[str, Sent]()
    for name in dict.fromkeys((*changes.columns, *some)):
        found = [some[name]] if name in some else []
        if name in changes.columns:
            change = changes.columns[name]
            at = answer[change.rows]
            found.append(Sent(at[at >= 0], change.after[at >= 0]))
        at, values = (np.concatenate([getattr(each, part) for each in found]) for part in ("at", "values"))
        order = np.argsort(at)
        sent[name] = Sent(at[order], values[order])
    return sent


def places_of(tasks: pd.Index, ids: pd.Index) -> np.ndarray:
    """Where these tasks are among the ids; -1 for one that is not. Without a table of all ids, where both are alike."""
    if tasks.equals(ids):
        return np.arange(len(ids))
    return np.asarray(ids.get_indexer(tasks))
