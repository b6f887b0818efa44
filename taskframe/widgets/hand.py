"""What a person does to the sheet, checked before it is done: a cell, a block, a column of all filtered tasks."""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from taskframe.changes.unfit import shown
from taskframe.errors import PlanError, SettingsError
from taskframe.frame import TaskFrame
from taskframe.preview.words import count
from taskframe.reassign import deal, queue
from taskframe.schema import Column, Unfit
from taskframe.widgets.columns import GridColumn, choices_of
from taskframe.widgets.edits import Edits, Step
from taskframe.widgets.sheet import Sheet
from taskframe.widgets.values import read

_SAID = 3


@dataclass
class Done:
    """What became of it: the step, the rows of the grid that it touched, and what was refused, with why."""

    step: Step = field(default_factory=lambda: Step("", ()))
    rows: list[int] = field(default_factory=list)
    refused: list[str] = field(default_factory=list)
    locked: dict[str, int] = field(default_factory=dict)
    outside: int = 0

    @property
    def words(self) -> str:
        """For the line beneath the grid."""
        parts = [f"{self.step.words}: {count(len(self.step.cells), 'cell')}" if self.step else ""]
        if self.locked:
            cells = count(sum(self.locked.values()), "cell")
            parts.append(
                f"{cells} refused: {', '.join(self.locked)} {'is' if len(self.locked) == 1 else 'are'} read-only"
            )
        if self.outside:
            parts.append(f"{count(self.outside, 'cell')} refused: beyond the last row or column")
        if self.refused:
            more = len(self.refused) - _SAID
            told = "; ".join(dict.fromkeys(self.refused[:_SAID]))
            parts.append(
                f"{count(len(self.refused), 'cell')} refused: {told}" + (f"; and {more:,} more" if more > 0 else "")
            )
        if self.step.left:
            parts.append(f"{count(self.step.left, 'cell')} left alone: something else is there by now")
        return ". ".join(filter(None, parts))


class Hand:
    """Edits through the sheet. Whatever the browser says is checked again in here."""

    def __init__(self, tasks: TaskFrame, sheet: Sheet, edits: Edits) -> None:
        self._tasks = tasks
        self._sheet = sheet
        self._edits = edits

    def edit(self, k: int, task: str, column: int, value: Any) -> Done:
        """One cell; `task` is the id that the grid showed in its row `k`."""
        if not self._is(k, task):
            return Done(refused=["tasks.df was changed meanwhile: look at the row again"])
        return self._put("edited", [(k, column, value)])

    def paste(self, top: int, bottom: int, columns: Sequence[int], block: Sequence[Sequence[Any]]) -> Done:
        """A block of cells as a spreadsheet has it, from the first selected cell on.

        A selection that is larger is filled with it again and again, as a spreadsheet does.
        """
        if not block or not columns:
            return Done()
        wide = max(len(row) for row in block)
        high = max(len(block), bottom - top + 1)
        high -= high % len(block) if high > len(block) else 0
        across = max(wide, len(columns))
        across -= across % wide if across > wide else 0
        first = columns[0]
        cells = []
        outside = 0
        for i in range(high):
            row = block[i % len(block)]
            for j in range(across):
                if j % wide >= len(row):
                    continue
                if top + i >= len(self._sheet.rows) or first + j >= len(self._sheet.columns):
                    outside += 1
                    continue
                cells.append((top + i, first + j, row[j % wide]))
        done = self._put("pasted", cells)
        done.outside += outside
        return done

    def clear(self, top: int, bottom: int, columns: Sequence[int]) -> Done:
        """Takes the values of selected cells away, where the service takes null or an empty text."""
        last = min(bottom, len(self._sheet.rows) - 1)
        return self._put("cleared", [(k, j, None) for k in range(top, last + 1) for j in columns], clearing=True)

    def set_all(self, name: str, value: Any, *, clear: bool = False) -> Done:
        """One column of all rows of the sheet. Raises SettingsError for a value that it can't hold."""
        column = self._named(name)
        try:
            new = self._read(None if clear else value, column, clearing=clear)
        except Unfit as unfit:
            raise SettingsError(str(unfit)) from None
        words = f"{name} {'cleared' if clear else f'set to {shown(new)}'}"
        return self._apply(words, [(k, column.column, new) for k in range(len(self._sheet.rows))])

    def split(self, name: str, weights: str) -> Done:
        """Deals the rows of the sheet out to people: `ada: 2, @liam: 1`. Fair over priority and due date.

        Raises SettingsError or PlanError for somebody whom nobody knows, or for a weight that is none.
        """
        column = self._named(name)
        if column.column.role != "assignee":
            raise SettingsError(f"{name} holds no assignee, so that there is nobody to split among")
        people = self._tasks.whom(read_weights(weights))
        for who, weight in people.items():
            if not weight > 0:
                raise PlanError(f"the weight of {who!r} is {weight:g}: a weight is a number above 0")
        rows = self._sheet.rows
        order = queue(self._edits.ids()[rows], self._tasks.df.iloc[rows], self._tasks.schema)
        dealt = deal(len(order), list(people.values()))
        ids = list(people)
        cells = [(int(k), column.column, ids[n]) for k, n in zip(order, dealt, strict=True)]
        return self._apply(f"{name} split among {len(ids)}", cells)

    def undo(self) -> Done:
        """The last step of this hand."""
        return self._turned("undone", self._edits.undo())

    def redo(self) -> Done:
        """What was undone last."""
        return self._turned("done again", self._edits.redo())

    def _turned(self, what: str, step: Step) -> Done:
        if not step and not step.left:
            return Done(refused=[])
        step = Step(f"{what} ({step.words})", step.cells, step.left)
        touched = {cell.id for cell in step.cells}
        ids = self._edits.ids()[self._sheet.rows]
        return Done(step, np.flatnonzero(np.asarray(ids.isin(list(touched)))).tolist())

    def _put(self, words: str, cells: Sequence[tuple[int, int, Any]], *, clearing: bool = False) -> Done:
        done = Done()
        fine: list[tuple[int, Column, Any]] = []
        known: dict[tuple[int, type, Any], Any] = {}
        for k, j, value in cells:
            if not (0 <= k < len(self._sheet.rows) and 0 <= j < len(self._sheet.columns)):
                done.outside += 1
                continue
            column = self._sheet.columns[j]
            if not column.column.editable:
                done.locked[column.name] = done.locked.get(column.name, 0) + 1
                continue
            key = (j, type(value), value)
            if key not in known:
                try:
                    known[key] = self._read(value, column, clearing=clearing)
                except Unfit as unfit:
                    known[key] = unfit
            new = known[key]
            if isinstance(new, Unfit):
                done.refused.append(str(new))
            else:
                fine.append((k, column.column, new))
        found = self._apply(words, fine)
        done.step, done.rows = found.step, found.rows
        if done.refused or done.locked:  # the grid shows what was typed: it is told what is there
            done.rows = sorted({*done.rows, *(k for k, _, _ in cells if 0 <= k < len(self._sheet.rows))})
        return done

    def _apply(self, words: str, cells: Sequence[tuple[int, Column, Any]]) -> Done:
        step = self._edits.put(words, ((int(self._sheet.rows[k]), column, value) for k, column, value in cells))
        return Done(step, sorted({k for k, _, _ in cells}))

    def _read(self, value: Any, column: GridColumn, *, clearing: bool) -> Any:
        if clearing and value is None and not column.column.clearable:
            value = ""  # the most that may be taken away, where anything may
            if column.column.kind != "text" or column.column.min_length:
                raise Unfit(f"{column.name} can't be cleared: the service takes no null there")
        return read(value, column.column, choices_of(column), self._names(column))

    def _names(self, column: GridColumn) -> Mapping[str, str]:
        return column.names if column.labels else {}

    def _named(self, name: str) -> GridColumn:
        found = next((c for c in self._sheet.columns if c.name == name), None)
        if found is None or not found.column.editable:
            raise SettingsError(f"{name} is {'no column of this sheet' if found is None else 'read-only'}")
        return found

    def _is(self, k: int, task: str) -> bool:
        return 0 <= k < len(self._sheet.rows) and str(self._edits.ids()[self._sheet.rows[k]]) == task


_WEIGHT = re.compile(r"\s*(?P<who>[^,;\n]+?)\s*(?:[:=]\s*(?P<weight>[^,;\n]*?)\s*)?(?:[,;\n]|$)")


def read_weights(text: str) -> dict[str, float]:
    """`ada: 2, @liam` as {"ada": 2, "@liam": 1}. Raises SettingsError for what makes no sense."""
    found: dict[str, float] = {}
    for who, weight in _weights(text):
        try:
            number = float(weight) if weight is not None else 1.0
        except ValueError:
            raise SettingsError(f"the weight of {who!r} is {weight!r}: write a number, as in {who}: 2") from None
        if who in found:
            raise SettingsError(f"{who!r} is there twice")
        found[who] = number
    if not found:
        raise SettingsError("split among whom? Write, say, @ada: 2, @liam: 1")
    return found


def _weights(text: str) -> Iterator[tuple[str, str | None]]:
    for match in _WEIGHT.finditer(text):
        yield match["who"], match["weight"]
