"""Whose rows are these? Edited rows matched with the tasks of the baseline."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from functools import cached_property

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.changes.places import places_of
from taskframe.errors import PlanError, did_you_mean
from taskframe.problem import Problem, ProblemKind

_NEAR_AMONG, _NEAR_FOR = 2_000, 20  # looking for the nearest id is slow


@dataclass(frozen=True)
class Rows:
    """Which edited rows count, and where their tasks are in the baseline. `rows` and `places` go together."""

    whole: bool  # the same tasks in the same order: columns can be compared as they are
    problems: tuple[Problem, ...]
    _found: tuple[np.ndarray, np.ndarray] | int  # how many, if whole: then each row is at its own place

    @cached_property
    def rows(self) -> np.ndarray:
        """Positions in the edited rows, ascending."""
        return np.arange(self._found) if isinstance(self._found, int) else self._found[0]

    @property
    def places(self) -> np.ndarray:
        """Positions in the baseline."""
        return self.rows if isinstance(self._found, int) else self._found[1]

    def at(self, positions: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Those of `rows` and of `places` at these positions."""
        if isinstance(self._found, int):
            return positions, positions
        return self._found[0][positions], self._found[1][positions]

    @classmethod
    def match(cls, baseline: Baseline, edited: Edited, ids: Collection[str] | None) -> Rows:
        """The rows of `edited` whose tasks are in the baseline (and among `ids`); the others are problems."""
        mine = edited.ids
        if ids is None and mine.equals(baseline.ids):
            return cls(True, (), len(mine))
        places = places_of(mine, baseline.ids)
        null = np.asarray(mine.isna())
        wanted = np.ones(len(mine), dtype=bool)
        if ids is not None:
            wanted = _wanted(baseline, mine, ids)
        double = _doubles(mine, places) & ~null & wanted
        unknown = (places < 0) & ~null & wanted & ~double
        problems = [
            *(_row_problem(edited, "null id", at, "this row has no task id: fill it in, or drop the row")
              for at in np.flatnonzero(null & wanted).tolist()),
            *_duplicates(edited, double),
            *(_row_problem(edited, "unknown id", at, _unknown(baseline, str(mine[at]) if n < _NEAR_FOR else None))
              for n, at in enumerate(np.flatnonzero(unknown).tolist())),
        ]  # fmt: skip
        good = np.flatnonzero(wanted & ~null & ~double & (places >= 0))
        return cls(False, tuple(problems), (good, places[good]))


def _doubles(mine: pd.Index, places: np.ndarray) -> np.ndarray:
    """Which ids come more than once. Where each has a place, the places tell, without a table of all ids."""
    if (places >= 0).all() and np.bincount(places).max(initial=0) <= 1:
        return np.zeros(len(mine), dtype=bool)
    return np.asarray(mine.duplicated(keep=False))


def _wanted(baseline: Baseline, mine: pd.Index, ids: Collection[str]) -> np.ndarray:
    strangers = [i for i in ids if i not in baseline.ids]
    if strangers:
        raise PlanError(
            f"ids=: {strangers[0]!r} is no task of this load ({len(strangers):,} such).{_near(baseline, strangers[0])}"
        )
    return np.asarray(mine.isin(list(ids)))


def _row_problem(edited: Edited, kind: ProblemKind, at: int, words: str) -> Problem:
    task = None if pd.isna(edited.ids[at]) else str(edited.ids[at]).encode("utf-8", "backslashreplace").decode()
    return Problem(kind, task, None, None, words, edited.line(at))


def _duplicates(edited: Edited, double: np.ndarray) -> list[Problem]:
    """One problem an id: which of its rows is meant can't be known, so none of them counts."""
    places: dict[str, list[int]] = {}
    for at in np.flatnonzero(double).tolist():
        places.setdefault(str(edited.ids[at]), []).append(at)
    problems = []
    for rows in places.values():
        where = f" (lines {', '.join(str(edited.line(r)) for r in rows[:5])})" if edited.lines is not None else ""
        words = f"{len(rows)} rows have this id{where}: which one is meant? keep one"
        problems.append(_row_problem(edited, "duplicate id", rows[0], words))
    return problems


def _unknown(baseline: Baseline, task: str | None) -> str:
    near = _near(baseline, task) if task else ""
    return f"no task of this load has this id: taskframe updates tasks, it never creates them.{near}"


def _near(baseline: Baseline, task: object) -> str:
    return did_you_mean(task, baseline.ids) if len(baseline) <= _NEAR_AMONG else ""
