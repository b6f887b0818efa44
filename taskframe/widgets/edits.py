"""Edits of `tasks.df` by hand: put in cell by cell, checked, undone and redone."""

from __future__ import annotations

from collections.abc import Callable, Iterable
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.intake import take_frame
from taskframe.changes.normal import same
from taskframe.changes.write import write
from taskframe.frame import TaskFrame
from taskframe.schema import Column
from taskframe.widgets.values import normal


@dataclass(frozen=True)
class Cell:
    """One cell that was edited, by hand: before and after in normal form."""

    id: str
    column: str
    before: Any
    after: Any


@dataclass(frozen=True)
class Step:
    """What one go of the hand did: undone as one. `left` counts cells that somebody else had changed since."""

    words: str
    cells: tuple[Cell, ...]
    left: int = 0

    def __bool__(self) -> bool:
        return bool(self.cells)


class Edits:
    """The edits of one editor. They are in `tasks.df`: nothing else holds them but the memory for undo."""

    def __init__(self, tasks: TaskFrame) -> None:
        self._tasks = tasks
        self._done: list[Step] = []
        self._undone: list[Step] = []

    @property
    def undoable(self) -> str:
        """What `undo` would take back; "" when there is nothing."""
        return self._done[-1].words if self._done else ""

    @property
    def redoable(self) -> str:
        """What `redo` would do again."""
        return self._undone[-1].words if self._undone else ""

    def put(self, words: str, cells: Iterable[tuple[int, Column, Any]]) -> Step:
        """Puts values in normal form into rows of `tasks.df`, given by position; those that are there are no edits.

        `words` say what was done.
        """
        ids = self.ids()
        by_column: dict[str, tuple[Column, dict[int, Any]]] = {}
        for position, column, value in cells:
            by_column.setdefault(column.name, (column, {}))[1][position] = value
        done: list[Cell] = []
        for column, values in by_column.values():
            done += self._write(column, values, ids)
        step = Step(words, tuple(done))
        if step:
            self._done.append(step)
            self._undone.clear()
        return step

    def undo(self) -> Step:
        """Takes the last step back, but for cells that hold something else by now."""
        return self._turn(self._done, self._undone, lambda c: (c.after, c.before))

    def redo(self) -> Step:
        """Does again what was undone last."""
        return self._turn(self._undone, self._done, lambda c: (c.before, c.after))

    def forget(self) -> None:
        """After an apply: what the service has taken is undone by the report's undo, which the service sees too."""
        self._done.clear()
        self._undone.clear()

    def ids(self) -> pd.Index:
        """The task id of each row of `tasks.df`. Raises PlanError when it has none."""
        return take_frame(self._tasks.df, self._tasks.schema).ids

    def _turn(self, source: list[Step], target: list[Step], way: Callable[[Cell], tuple[Any, Any]]) -> Step:
        if not source:
            return Step("", ())
        step = source.pop()
        ids = self.ids()
        df, schema = self._tasks.df, self._tasks.schema
        place = {task: at for at, task in reversed(list(enumerate(ids)))}
        values: dict[str, dict[int, Any]] = {}
        kept: list[Cell] = []
        for cell in step.cells:
            now, then = way(cell)
            at = place.get(cell.id)
            column = schema[cell.column]
            if at is None or cell.column not in df or not _equal(normal(df[cell.column].iat[at], column), now, column):
                continue
            values.setdefault(cell.column, {})[at] = then
            kept.append(cell)
        for name, there in values.items():
            self._write(schema[name], there, ids)
        turned = Step(step.words, tuple(kept), len(step.cells) - len(kept))
        if turned:
            target.append(turned)
        return turned

    def _write(self, column: Column, values: dict[int, Any], ids: pd.Index) -> list[Cell]:
        df = self._tasks.df
        series = df[column.name]
        positions = np.fromiter(values, dtype=np.intp, count=len(values))
        olds = [normal(cell, column) for cell in series.take(positions)]
        news = list(values.values())
        moved = [n for n, (old, new) in enumerate(zip(olds, news, strict=True)) if not _equal(old, new, column)]
        if not moved:
            return []
        at = positions[moved]
        df[column.name] = write(series, at, [news[n] for n in moved], column)
        return [Cell(str(ids[positions[n]]), column.name, olds[n], news[n]) for n in moved]


def _equal(a: Any, b: Any, column: Column) -> bool:
    try:
        return same(a, b, column)
    except (TypeError, ValueError):  # a cell that makes no sense in its column equals nothing
        return False
