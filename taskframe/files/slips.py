"""Columns and rows that slipped in a spreadsheet: sorted by themselves, filled down, or with ids made into numbers."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Collection, Iterator
from dataclasses import dataclass, replace
from decimal import Context, Decimal, InvalidOperation
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.changes.unfit import shown
from taskframe.files.untouched import Untouched
from taskframe.problem import Problem
from taskframe.schema import Column

_FEW, _SEVERAL = 3, 5
_COUNTED = re.compile(r"(.*?)(\d{1,15})", re.DOTALL | re.ASCII)
_SCIENTIFIC = re.compile(r"\d(?:[.,]\d+)?[eE]\+?\d{1,3}", re.ASCII)


@dataclass(frozen=True)
class Touched:
    """The cells of a column that differ from the baseline: by position in the file, what they were and are.

    `lines` are those of all the file's rows.
    """

    column: Column
    base: pd.Series[Any]
    values: pd.Series[Any]
    rows: np.ndarray[Any, np.dtype[Any]]
    before: list[Any]
    after: list[Any]
    places: np.ndarray[Any, np.dtype[Any]]
    lines: np.ndarray[Any, np.dtype[Any]] | None = None

    def cells(self) -> Iterator[tuple[int, Any, Any]]:
        """Position, before and after of each."""
        return zip(self.rows.tolist(), self.before, self.after, strict=True)

    def without(self, rows: Collection[int]) -> Touched:
        """The others."""
        keep = ~np.isin(self.rows, list(rows))
        at = np.flatnonzero(keep).tolist()
        return replace(
            self, rows=self.rows[keep], before=[self.before[n] for n in at], after=[self.after[n] for n in at]
        )


def lost_ids(
    edited: Edited, baseline: Baseline, places: np.ndarray[Any, np.dtype[Any]]
) -> Iterator[tuple[int, Problem]]:
    """Rows whose id is a number that a spreadsheet made of one: with the row's position."""
    lost = [at for at in np.flatnonzero(places < 0).tolist() if isinstance(edited.ids[at], str)]
    numbers = [(at, edited.ids[at]) for at in lost if _value(edited.ids[at]) is not None]
    if not numbers:
        return
    known: dict[Decimal, list[str]] = {}
    for task in baseline.ids:
        if isinstance(task, str) and task.isascii() and task.isdigit():
            known.setdefault(_short(Decimal(task)), []).append(task)
    for at, cell in numbers:
        value = _value(cell)
        tasks = known.get(_short(value), []) if value is not None else []
        if not tasks and not _SCIENTIFIC.fullmatch(cell):
            continue
        meant = f" (of {shown(tasks[0])}{' or another' if len(tasks) > 1 else ''}?)" if tasks else ""
        words = (
            f"{shown(cell)} is a number that a spreadsheet made of an id{meant}: digits or zeros are gone, so whose "
            "row it is can't be told; import the id column as text, or use to_excel"
        )
        yield at, Problem("unknown id", str(cell), None, None, words, edited.line(at))


def _value(cell: str) -> Decimal | None:
    if len(cell) > 100 or not (_SCIENTIFIC.fullmatch(cell) or (cell.isascii() and cell.isdigit())):
        return None
    try:
        return Decimal(cell.replace(",", "."))
    except InvalidOperation:  # pragma: no cover - the pattern lets none through
        return None


def _short(value: Decimal) -> Decimal:
    """What a spreadsheet keeps of a number."""
    return Context(prec=15).plus(value)


def moved_rows(
    edited: Edited, baseline: Baseline, places: np.ndarray[Any, np.dtype[Any]]
) -> Iterator[tuple[int, Problem]]:
    """Rows whose identifier is that of another task: a column was sorted by itself, or cells were moved."""
    column = baseline.schema.role("identifier")
    if column is None or column.name not in edited.columns or column.name not in baseline.frame:
        return
    base = baseline.frame[column.name].to_numpy(dtype=object)
    values = edited.columns[column.name].to_numpy(dtype=object)
    skip = edited.skip.get(column.name)
    fine = (places < 0) | pd.isna(values) | (values == base[places] if len(base) else True)
    at = np.flatnonzero(~fine if skip is None else ~fine & ~skip)
    if not len(at):
        return
    owners = {word: task for task, word in zip(baseline.ids, base, strict=True) if isinstance(word, str)}
    for row in at.tolist():
        owner, task = owners.get(values[row]), str(edited.ids[row])
        if owner is None or owner == task:
            continue
        words = (
            f"{column.name} {shown(values[row])} is that of another task ({owner}): was a column sorted by itself? "
            "which of the cells belong to this id can't be told: undo it, or start from a new export"
        )
        yield row, Problem("ambiguous", task, None, None, words, edited.line(row))


def sorted_alone(touched: Touched, untouched: Untouched | None = None) -> dict[int, str]:
    """The cells of a column that was sorted by itself: the same values as before, in other rows.

    `untouched` are rows of the file that `touched` knows nothing of.
    """
    if len(touched.rows) < _FEW or any(v is None for v in touched.after):
        return {}
    try:
        before, after = Counter(touched.before), Counter(touched.after)
    except TypeError:
        return {}
    if before != after:
        return {}
    words = (
        f"all {len(touched.rows):,} changed cells of {touched.column.name} hold one another's values: was the column "
        "sorted by itself? undo it, or start from a new export; if it is meant: damage='take'"
    )
    if len(after) < len(touched.rows) and (len(touched.rows) < _SEVERAL or not _in_order(touched, untouched)):
        return {}
    return dict.fromkeys(touched.rows.tolist(), words)


def _in_order(touched: Touched, untouched: Untouched | None) -> bool:
    """Whether the column is sorted in the file, by its words or by the rank of its choices."""
    values = touched.values.tolist()
    if untouched is not None and touched.lines is not None:
        values = untouched.whole(touched.column.name, touched.lines.tolist(), values)
    words = [str(value) for value in values if isinstance(value, (str, int))]
    ranks = {str(choice): rank for rank, choice in enumerate(touched.column.choices)}
    keys: list[list[Any]] = [[word.casefold() for word in words]]
    if ranks and all(word in ranks for word in words):
        keys.append([ranks[word] for word in words])
    return any(key in (sorted(key), sorted(key, reverse=True)) for key in keys)


def counted_on(touched: Touched) -> tuple[dict[int, str], str]:
    """Cells that a fill-down counted on (`u_1`, `u_2`, `u_3`) to people never seen; and a note of other columns."""
    if touched.column.kind not in ("text", "integer") or len(touched.rows) < _FEW - 1:
        return {}, ""
    people = touched.column.people
    runs = [run for run in _runs(touched) if len(run) >= _FEW]
    if not runs:
        return {}, ""
    if not people:
        cells = sum(map(len, runs))
        first = touched.values.iloc[runs[0][0]]
        return {}, f"{touched.column.name}: {cells:,} cells count on from the one above, such as {shown(first)}: meant?"
    seen = set(touched.base.dropna())
    changed = set(touched.rows.tolist())
    found = {}
    for run in runs:
        first = touched.values.iloc[run[0]]
        for row in run[1:]:
            value = touched.values.iloc[row]
            if row in changed and value not in seen:
                found[row] = (
                    f"{shown(value)} was never seen, and counts on from {shown(first)} above: a fill-down that counted "
                    "on? fill it down without counting; if it is meant: damage='take'"
                )
    return found, ""


def _runs(touched: Touched) -> Iterator[list[int]]:
    """Rows one below the other, each with the number of the one above and one more."""
    run: list[int] = []
    for row in touched.rows.tolist():
        if run and run[-1] == row - 1 and _follows(touched.values.iloc[row - 1], touched.values.iloc[row]):
            run.append(row)
            continue
        yield run
        above = row > 0 and _follows(touched.values.iloc[row - 1], touched.values.iloc[row])
        run = [row - 1, row] if above else [row]
    yield run


def _follows(above: Any, value: Any) -> bool:
    a, b = (_COUNTED.fullmatch(str(v)) if isinstance(v, (str, int)) else None for v in (above, value))
    return a is not None and b is not None and a[1] == b[1] and int(b[2]) == int(a[2]) + 1
