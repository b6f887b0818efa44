"""The edited cells of one column."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline, json_value
from taskframe.changes.changes import ColumnChanges
from taskframe.changes.compare import differing
from taskframe.changes.edited import Edited
from taskframe.changes.judge import Judge
from taskframe.changes.match import Rows
from taskframe.changes.normal import normal_values, plain
from taskframe.problem import Problem
from taskframe.schema import NESTED, Column, Unfit


@dataclass(frozen=True)
class Cells:
    """The edited cells of one column, and those with a problem.

    `rows` are positions in the edited rows, `places` those of their tasks in the baseline; `bad` are the positions
    of the problems. A cell is in one of the two.
    """

    column: Column
    rows: np.ndarray
    places: np.ndarray
    before: np.ndarray
    after: np.ndarray
    bad: np.ndarray
    problems: tuple[Problem, ...] = ()

    @classmethod
    def compare(cls, baseline: Baseline, edited: Edited, rows: Rows, column: Column) -> Cells:
        """The cells of `column` that differ from the baseline."""
        base, values = baseline.frame[column.name], edited.columns[column.name]
        if not rows.whole:
            base, values = base.take(rows.places), values.take(rows.rows)
        mask = differing(base, values, column)
        skip = edited.skip.get(column.name)
        if skip is not None:
            mask = mask & ~skip[rows.rows]
        at = np.flatnonzero(mask)
        judge = Judge(column, base.cat.categories if isinstance(base.dtype, pd.CategoricalDtype) else ())
        found: list[int] = []
        before: list[Any] = []
        after: list[Any] = []
        bad: list[int] = []
        problems: list[Problem] = []
        cells = zip(at.tolist(), _normal(base.take(at), column), values.take(at).tolist(), strict=True)
        for position, old, value in cells:
            try:
                new = judge(old, value)
            except Unfit as unfit:
                row = int(rows.rows[position])
                bad.append(row)
                kind, task = judge.kind(value), str(edited.ids[row])
                problems.append(Problem(kind, task, column.name, value, str(unfit), edited.line(row)))
            else:
                if new is not old:
                    found.append(position)
                    before.append(old)
                    after.append(new)
        return cls(
            column,
            rows.rows[found],
            rows.places[found],
            _objects(before, column),
            _objects(after, column),
            np.array(bad, dtype=np.intp),
            tuple(problems),
        )

    @property
    def touched(self) -> np.ndarray:
        """The edited rows with a changed cell, or one with a problem."""
        return np.concatenate([self.rows, self.bad])

    def without(self, rows: np.ndarray) -> Cells:
        """Those that are not in these edited rows."""
        keep, fine = ~np.isin(self.rows, rows), ~np.isin(self.bad, rows)
        problems = tuple(p for p, k in zip(self.problems, fine, strict=True) if k)
        rows, places, bad = self.rows[keep], self.places[keep], self.bad[fine]
        return Cells(self.column, rows, places, self.before[keep], self.after[keep], bad, problems)

    def read_only(self, edited: Edited) -> list[Problem]:
        """A problem a cell: what a file gets for editing what the service does not take."""
        words = f"{self.column.name} is read-only: the service has no call that changes it; put the old value back"
        edits = [
            Problem("read-only", str(edited.ids[r]), self.column.name, plain(after), words, edited.line(r))
            for r, after in zip(self.rows.tolist(), self.after, strict=True)
        ]
        return edits + [
            Problem("read-only", p.id, p.column, p.value, f"{words} ({p.problem})", p.line) for p in self.problems
        ]

    def warning(self) -> str:
        """What a frame gets for it."""
        count = len(self.rows) + len(self.bad)
        return f"{count:,} edit{'s'[: count > 1]} in the read-only column {self.column.name} ignored"

    def changes(self, places: np.ndarray) -> ColumnChanges:
        """As changes of the tasks at `places` in the baseline (ascending)."""
        order = np.argsort(self.places, kind="stable")
        at = np.searchsorted(places, self.places[order])
        return ColumnChanges(self.column.name, at, self.before[order], self.after[order])


def _normal(base: pd.Series, column: Column) -> list[Any]:
    return [json_value(text) for text in base] if column.kind in NESTED else normal_values(base, column)


def _objects(values: Sequence[Any], column: Column) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    if column.kind not in NESTED:
        array[:] = values
        return array
    for at, value in enumerate(values):  # one by one: numpy would unfold lists of one length
        array[at] = value
    return array
