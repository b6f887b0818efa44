"""The edited cells of one column."""

from __future__ import annotations

from dataclasses import dataclass, replace
from functools import partial
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.changes import ColumnChanges
from taskframe.changes.compare import differing
from taskframe.changes.edited import Edited
from taskframe.changes.jsontext import json_value
from taskframe.changes.judge import Judge
from taskframe.changes.match import Rows
from taskframe.changes.normal import is_null, normal_values, objects, plain
from taskframe.changes.settle import UNSETTLED, settle
from taskframe.changes.values import Values, read
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
    before: np.ndarray | Values
    after: np.ndarray | Values
    bad: np.ndarray
    problems: tuple[Problem, ...] = ()
    line_ends: int = 0  # cells of a file that differ in nothing else, and are no edits
    quoted: int = 0  # cells of a frame that differ in a `'` that our own files put before a formula, and are no edits

    @classmethod
    def compare(cls, baseline: Baseline, edited: Edited, rows: Rows, column: Column) -> Cells:
        """The cells of `column` that differ from the baseline."""
        base, values = baseline.frame[column.name], edited.columns[column.name]
        if not rows.whole:
            base = _at(base, rows.places)
            values = values if len(rows.rows) == len(values) else _at(values, rows.rows)  # they ascend
        prints = baseline.prints.get(column.name) if rows.whole else None
        doubtful = None if prints is None else prints.doubtful(base, values)
        if doubtful is None:
            mask = differing(base, values, column)
        else:
            mask = np.zeros(len(base), dtype=bool)
            mask[doubtful] = differing(_at(base, doubtful), _at(values, doubtful), column)
        skip = edited.skip.get(column.name)
        if skip is not None:
            mask = mask & ~(skip if rows.whole else skip[rows.rows])
        at = np.flatnonzero(mask)
        judge = Judge(column, base.cat.categories if isinstance(base.dtype, pd.CategoricalDtype) else ())
        before = Values.of(base.array, partial(_read, base.dtype, column), at)
        values = _at(values, at)
        settled = settle(
            None if column.kind == "text" else _at(base, at), values, before, column, partial(_plain, judge)
        )
        edits = settled.fine
        bad: list[int] = []
        problems: list[Problem] = []
        line_ends = quoted = 0
        blank = edited.blank.get(column.name)
        left = settled.open
        after: Any = read(settled.after).copy() if len(left) else settled.after
        cells = zip(left.tolist(), rows.at(at[left])[0].tolist(), values.take(left).tolist(), strict=True)
        for n, row, value in cells:
            old = before[n]
            if edited.strict and column.kind == "text":
                if old == "" and blank is not None and blank[row]:
                    continue  # "" has no cell of its own in a file: it went out blank
                if _same_lines(old, value):
                    line_ends += 1
                    continue
            elif _is_quoted(old, value):
                quoted += 1
                continue
            try:
                new = judge(old, value)
            except Unfit as unfit:
                bad.append(row)
                kind, task = judge.kind(value), str(edited.ids[row])
                if edited.strict and is_null(value):
                    value = "" if blank is not None and blank[row] else "<clear>"  # what stands in the file
                problems.append(Problem(kind, task, column.name, value, str(unfit), edited.line(row)))
            else:
                if new is not old:
                    after[n], edits[n] = new, True
        if not edits.all():
            kept = np.flatnonzero(edits)
            at, before, after = at[kept], before.take(kept), after.take(kept)
        return cls(
            column, *rows.at(at), before, after, np.array(bad, dtype=np.intp), tuple(problems), line_ends, quoted
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
        before, after = (values.take(np.flatnonzero(keep)) for values in (self.before, self.after))
        return replace(self, rows=rows, places=places, before=before, after=after, bad=bad, problems=problems)

    def read_only(self, edited: Edited) -> list[Problem]:
        """A problem a cell: what a file gets for editing what the service does not take."""
        words = f"{self.column.name} is read-only: {_instead(self.column) or _NO_CALL}; put the old value back"
        edits = [
            Problem("read-only", str(edited.ids[r]), self.column.name, plain(after), words, edited.line(r))
            for r, after in zip(self.rows.tolist(), self.after, strict=True)
        ]
        return edits + [replace(p, kind="read-only", value=plain(p.value), problem=words) for p in self.problems]

    def notes(self) -> list[str]:
        """What was not counted as an edit."""
        found = []
        if self.line_ends:
            cells = "cell differs only in its" if self.line_ends == 1 else "cells differ only in their"
            found.append(f"{self.column.name}: {self.line_ends:,} {cells} line ends, which is no edit")
        if self.quoted:
            cells = "cell differs" if self.quoted == 1 else "cells differ"
            found.append(
                f"{self.column.name}: {self.quoted:,} {cells} only in the ' that to_csv puts before what a spreadsheet "
                "would run as a formula, which is no edit: plan_csv reads such a file as it was meant"
            )
        return found

    def warning(self) -> str:
        """What a frame gets for it."""
        count = len(self.rows) + len(self.bad)
        words = f"{count:,} edit{'s'[: count > 1]} in the read-only column {self.column.name} ignored"
        return ": ".join(filter(None, (words, _instead(self.column))))

    def changes(self, rows: np.ndarray) -> ColumnChanges:
        """As changes of the tasks in these rows of `Changes.base`, one for each of `places`."""
        before, after = self.before, self.after
        if (rows[1:] < rows[:-1]).any():
            order = np.argsort(rows, kind="stable")
            rows, before, after = rows[order], before.take(order), after.take(order)
        return ColumnChanges(self.column.name, rows, before, after)


def _at(series: pd.Series, at: np.ndarray) -> pd.Series:
    """These cells without their labels, which take time."""
    return pd.Series(series.array.take(at), dtype=series.dtype, copy=False)  # pandas would make text of objects


def _read(dtype: Any, column: Column, array: Any) -> np.ndarray:
    """Cells of a baseline, as it keeps them, in normal form."""
    return objects(_normal(pd.Series(array, dtype=dtype, copy=False), column))


def _plain(judge: Judge, old: Any, value: Any) -> Any:
    """What becomes of a cell; UNSETTLED where there is more to say of it."""
    if _is_quoted(old, value):
        return UNSETTLED
    try:
        return judge(old, value)
    except Unfit:
        return UNSETTLED


def _is_quoted(old: Any, value: Any) -> bool:
    """Whether a cell has the `'` that our own files put before a formula, and nothing else."""
    return isinstance(old, str) and old[:1] in _FORMULA and isinstance(value, str) and value == f"'{old}"


_FORMULA = ("=", "+", "-", "@")

_NO_CALL = "the service has no call that changes it"


def _instead(column: Column) -> str:
    """What to do where a column is read-only."""
    if column.handle:
        return f"edit {column.handle}, which it follows"
    return f"load(editable=[{column.name!r}]) makes it editable" if column.system else ""


def _same_lines(old: Any, value: Any) -> bool:
    """Whether two texts are the same but for \\r\\n, \\n and \\r: editors of files change those by themselves."""
    if not isinstance(old, str) or not isinstance(value, str):
        return False
    return _lines(old) == _lines(value)


def _lines(text: str) -> str:
    return text.replace("\r\n", "\n").replace("\r", "\n")


def _normal(base: pd.Series, column: Column) -> list[Any]:
    return [json_value(text) for text in base] if column.kind in NESTED else normal_values(base, column)
