"""The diff: by value against the baseline, never by remembering touches."""

from __future__ import annotations

from collections.abc import Collection
from dataclasses import dataclass
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline, shares_memory
from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.changes.compare import differing
from taskframe.changes.edited import Edited
from taskframe.changes.judge import Judge
from taskframe.changes.match import Rows
from taskframe.changes.normal import normal_values, plain, same
from taskframe.changes.stale import stale_rows
from taskframe.errors import PlanError, did_you_mean
from taskframe.problem import Problem
from taskframe.schema import NESTED, Column, Unfit


@dataclass(frozen=True)
class Diff:
    """What was edited, and what is wrong with it. A cell is in `changes` or has a problem, never both."""

    changes: Changes
    problems: tuple[Problem, ...] = ()
    warnings: tuple[str, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()


def diff(
    baseline: Baseline,
    edited: Edited,
    *,
    columns: Collection[str] | None = None,
    ids: Collection[str] | None = None,
    load: str = "the load",
) -> Diff:
    """Compares `edited` with `baseline`; `columns` and `ids` narrow what counts. `load` names the load in messages."""
    _check_columns(baseline, columns)
    rows = Rows.match(baseline, edited, ids)
    problems = list(rows.problems)
    if ids is None:
        problems += edited.problems
    else:
        wanted = set(ids)
        problems += [p for p in edited.problems if p.id in wanted]
    if columns is not None:
        problems = [p for p in problems if p.column is None or p.column in columns]
    warnings: list[str] = []
    found: list[_Cells] = []
    for column in baseline.schema:
        if column.name not in edited.columns or column.name not in baseline.frame:
            continue
        if columns is not None and column.name not in columns:
            continue
        if not column.editable and column.role in ("version", "updated"):
            continue  # never an edit: it tells which state of the task was edited
        if (
            rows.whole
            and column.kind not in NESTED
            and shares_memory(baseline.frame[column.name], edited.columns[column.name])
        ):
            continue
        cells = _compare(baseline, edited, rows, column)
        if column.editable:
            found.append(cells)
            problems += cells.problems
        elif edited.strict:
            problems += cells.read_only(rows, edited)
        elif len(cells.rows) + len(cells.problems):
            count = len(cells.rows) + len(cells.problems)
            warnings.append(f"{count:,} edit{'s'[: count > 1]} in the read-only column {column.name} ignored")
    touched = np.unique(np.concatenate([*(c.rows for c in found), np.empty(0, dtype=np.intp)])).astype(
        np.intp
    )
    stale = stale_rows(baseline, edited, rows, touched, load)
    if stale:
        gone = {p.id for p in stale.values()}
        problems = [p for p in problems if p.id not in gone or p.column is None] + [*stale.values()]
        found = [c.without(np.fromiter(stale, dtype=np.intp, count=len(stale))) for c in found]
    order = {name: at for at, name in enumerate(baseline.ids)} if len(problems) > 1 else {}
    problems.sort(key=lambda p: (p.line or 0, order.get(p.id, -1)))
    return Diff(
        _changes(baseline, rows, found), tuple(problems), tuple(warnings), edited.ignored, edited.notes
    )


def _check_columns(baseline: Baseline, columns: Collection[str] | None) -> None:
    if isinstance(columns, str):
        raise PlanError(f"columns= takes a list of names: columns=[{columns!r}]")
    for name in columns or ():
        if name not in baseline.schema:
            raise PlanError(
                f"columns=: there is no column {name!r}.{did_you_mean(name, baseline.schema.names)}"
            )
        if not baseline.schema[name].editable:
            editable = ", ".join(c.name for c in baseline.schema.editable)
            raise PlanError(f"columns=: {name} is read-only; the service takes edits of {editable}")


@dataclass(frozen=True)
class _Cells:
    """The edited cells of one column: positions in the edited rows and in the baseline, before, after."""

    column: Column
    rows: np.ndarray
    places: np.ndarray
    before: list[Any]
    after: list[Any]
    problems: list[Problem]

    def without(self, rows: np.ndarray) -> _Cells:
        keep = ~np.isin(self.rows, rows)
        before = [v for v, k in zip(self.before, keep, strict=True) if k]
        after = [v for v, k in zip(self.after, keep, strict=True) if k]
        return _Cells(self.column, self.rows[keep], self.places[keep], before, after, self.problems)

    def read_only(self, rows: Rows, edited: Edited) -> list[Problem]:
        words = f"{self.column.name} is read-only: the service has no call that changes it; put the old value back"
        edits = [
            Problem("read-only", str(edited.ids[r]), self.column.name, plain(after), words, edited.line(r))
            for r, after in zip(self.rows, self.after, strict=True)
        ]
        return edits + [
            Problem("read-only", p.id, p.column, p.value, f"{words} ({p.problem})", p.line)
            for p in self.problems
        ]


def _compare(baseline: Baseline, edited: Edited, rows: Rows, column: Column) -> _Cells:
    base, values = baseline.frame[column.name], edited.columns[column.name]
    if not rows.whole:
        base, values = base.take(rows.places), values.take(rows.rows)
    mask = differing(base, values, column)
    skip = edited.skip.get(column.name)
    if skip is not None:
        mask &= ~skip[rows.rows]
    at = np.flatnonzero(mask)
    before = _normal(base.take(at), column)
    judge = Judge(column, base.cat.categories if column.kind == "choice" else ())
    problems: list[Problem] = []
    keep: list[int] = []
    after: list[Any] = []
    for n, (old, value) in enumerate(zip(before, values.take(at), strict=True)):
        try:
            new = judge(old, value)
        except Unfit as unfit:
            row = int(rows.rows[at[n]])
            kind = judge.kind(value)
            problems.append(
                Problem(kind, str(edited.ids[row]), column.name, value, str(unfit), edited.line(row))
            )
            continue
        if not same(old, new, column):
            keep.append(n)
            after.append(new)
    places = at[np.asarray(keep, dtype=np.intp)]
    return _Cells(column, rows.rows[places], rows.places[places], [before[n] for n in keep], after, problems)


def _normal(base: pd.Series, column: Column) -> list[Any]:
    if column.kind not in NESTED:
        return normal_values(base, column)
    return [None if pd.isna(text) else msgspec.json.decode(text) for text in base]


def _changes(baseline: Baseline, rows: Rows, found: list[_Cells]) -> Changes:
    parts = [c for c in found if len(c.rows)]
    places = np.unique(np.concatenate([*(c.places for c in parts), np.empty(0, dtype=np.intp)])).astype(
        np.intp
    )
    columns = {}
    for cells in parts:
        order = np.argsort(cells.places, kind="stable")
        columns[cells.column.name] = ColumnChanges(
            cells.column.name,
            np.searchsorted(places, cells.places[order]),
            _objects(cells.before)[order],
            _objects(cells.after)[order],
        )
    return Changes(baseline.rows(places), columns)


def _objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):  # one by one: numpy would unfold lists of one length
        array[at] = value
    return array
