"""The part of a plan that is to be applied: a tick for each task, column and cell."""

from __future__ import annotations

from collections.abc import Mapping
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taskframe.plan import Plan
from taskframe.preview.cells import is_cleared, persons_in, shown, shown_apart
from taskframe.preview.persons import Persons
from taskframe.preview.width import head
from taskframe.preview.words import count

PAGE = 50
_LONG = 120
_PROBLEMS = 50


class Part:
    """Ticks on the cells of a plan. A task or column is ticked when all its cells are, None when only some are."""

    def __init__(self, plan: Plan, names: Mapping[str, str], earlier: Part | None = None) -> None:
        self.whole = plan
        self._names = names
        self._cells = plan.changes
        self._on = np.ones(len(self._cells), dtype=bool)
        self._narrowed: Plan | None = None
        if earlier is not None and not earlier._on.all():
            off = earlier._off
            pairs = zip(self._cells["id"], self._cells["column"], strict=True)
            self._on = np.array([pair not in off for pair in pairs], dtype=bool)

    @property
    def _off(self) -> set[tuple[str, str]]:
        cells = self._cells[~self._on]
        return set(zip(cells["id"], cells["column"], strict=True))

    def tick(self, on: bool, *, task: str | None = None, column: str | None = None) -> None:
        """Ticks, or unticks, the cells of this task and column; of one of them where the other is not given."""
        mask = np.ones(len(self._cells), dtype=bool)
        if task is not None:
            mask &= (self._cells["id"] == task).to_numpy(dtype=bool)
        if column is not None:
            mask &= (self._cells["column"] == column).to_numpy(dtype=bool)
        self._on[mask] = on
        self._narrowed = None

    @property
    def plan(self) -> Plan:
        """The plan of what is ticked; the problems stay in it. The same one until a tick changes."""
        if self._narrowed is None:
            self._narrowed = self.whole if self._on.all() else self.whole.drop(cells=self._cells[~self._on])
        return self._narrowed

    @property
    def ticked(self) -> int:
        """How many cells are."""
        return int(self._on.sum())

    def place_of(self, task: str) -> int:
        """The first task of the page that has this one."""
        at = self._order.get(task, 0)
        return at - at % PAGE

    @cached_property
    def _order(self) -> dict[str, int]:
        return {task: n for n, task in enumerate(dict.fromkeys(self._cells["id"]))}

    def page(self, start: int) -> dict[str, Any]:
        """The tasks from `start` on, as the list of changes shows them; all in it is text."""
        tasks = list(self._order)
        here = tasks[start : start + PAGE]
        places = self._cells["id"].map(self._order).to_numpy(dtype=np.intp)
        rows = np.flatnonzero((places >= start) & (places < start + PAGE))
        by_task: dict[str, list[int]] = {}
        for n in rows.tolist():
            by_task.setdefault(str(self._cells["id"].iat[n]), []).append(n)
        last = start + len(here)
        return {
            "start": start,
            "size": PAGE,
            "total": len(tasks),
            "words": f"{start + 1:,} to {last:,} of {count(len(tasks), 'task')}" if here else "",
            "columns": self._columns(),
            "tasks": [self._task(task, by_task[task]) for task in here],
            "problems": self._problems(),
            "problem_words": self._problem_words(),
        }

    def _columns(self) -> list[dict[str, Any]]:
        found = []
        names = self._cells["column"].to_numpy()
        for name in dict.fromkeys(names.tolist()):
            on = self._on[names == name]
            found.append({"name": name, "on": _all(on), "words": f"{int(on.sum()):,} of {count(len(on), 'cell')}"})
        return found

    def _task(self, task: str, rows: list[int]) -> dict[str, Any]:
        base = self.whole.base
        return {
            "id": task,
            "label": self._word(task, "identifier", base) or shown(task),
            "title": head(self._word(task, "title", base), 60),
            "on": _all(self._on[rows]),
            "cells": [self._cell(n) for n in rows],
        }

    def _cell(self, n: int) -> dict[str, Any]:
        row = self._cells.iloc[n]
        persons = persons_in(self.whole.schema[row["column"]], Persons(self._names))
        before, after = (head(text, _LONG) for text in shown_apart(row["before"], row["after"], persons=persons))
        cleared = is_cleared(row["before"], row["after"])
        return {"column": row["column"], "before": before, "after": "cleared" if cleared else after,
                "cleared": cleared, "on": bool(self._on[n])}  # fmt: skip

    def _word(self, task: str, role: Any, base: pd.DataFrame) -> str:
        column = self.whole.schema.role(role)
        if column is None or column.name not in base or task not in base.index:
            return ""
        cell: Any = base.at[task, column.name]
        return "" if pd.isna(cell) else shown(cell)

    def _problems(self) -> list[dict[str, Any]]:
        found = []
        row: Any
        for row in self.whole.problems.head(_PROBLEMS).itertuples(index=False):
            task = None if pd.isna(row.id) else self._called(str(row.id))
            where = " · ".join(str(v) for v in (task, row.column) if not pd.isna(v)) or "a row without an id"
            found.append({"id": _none(row.id), "column": _none(row.column), "where": shown(where),
                          "words": shown(str(row.problem))})  # fmt: skip
        return found

    def _called(self, task: str) -> str:
        """Its identifier where it has one; of a task with problems only, as it was loaded."""
        frame = self.whole.base if self.whole.frame is None else self.whole.frame.baseline.frame
        return self._word(task, "identifier", frame) or task

    def _problem_words(self) -> str:
        n = len(self.whole.problems)
        first = f", the first {_PROBLEMS} of them here" if n > _PROBLEMS else ""
        return f"{count(n, 'problem')}{first}: mend the cell, or apply without it" if n else ""


def _all(on: np.ndarray) -> bool | None:
    return True if on.all() else False if not on.any() else None


def _none(value: Any) -> str | None:
    return None if pd.isna(value) else str(value)
