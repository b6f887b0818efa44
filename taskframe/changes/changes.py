"""The changes: one cell each, held by column."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.edit import Edit, Row
from taskframe.changes.normal import objects
from taskframe.changes.picked import Picked
from taskframe.changes.places import among
from taskframe.changes.rows import Table
from taskframe.changes.values import Values, read
from taskframe.schema import Schema

SLICE = 2_048
"""So many edits are made at a time."""


@dataclass(frozen=True)
class ColumnChanges:
    """The changes of one column. `rows` are positions in `Changes.base`, ascending; values are in normal form."""

    column: str
    rows: np.ndarray
    _before: np.ndarray | Values
    _after: np.ndarray | Values

    @property
    def before(self) -> np.ndarray:
        """The values as loaded."""
        return read(self._before)

    @property
    def after(self) -> np.ndarray:
        """The values to be."""
        return read(self._after)

    def __len__(self) -> int:
        return len(self.rows)

    @property
    def cleared(self) -> int:
        """How many cells lose their value: to null, or a text to ""."""
        if isinstance(self._after, Values) and self._after.filled:
            return 0
        blank = [at for at, value in enumerate(self.after.tolist()) if _blank(value)]
        return sum(1 for value in self.before[blank] if not _blank(value)) if blank else 0

    def keep(self, mask: np.ndarray) -> ColumnChanges:
        """Only the cells where `mask` is true."""
        at = np.flatnonzero(mask)
        return ColumnChanges(self.column, self.rows[at], self._before.take(at), self._after.take(at))

    def moved(self, rows: np.ndarray) -> ColumnChanges:
        """The same cells in other rows."""
        return ColumnChanges(self.column, rows, self._before, self._after)

    def had(self, before: np.ndarray) -> ColumnChanges:
        """The same cells, of which it is known that other values were loaded."""
        return ColumnChanges(self.column, self.rows, before, self._after)


def _blank(value: Any) -> bool:
    return value is None or (isinstance(value, str) and not value)


@dataclass(frozen=True)
class Changes:
    """All changes of a plan. The whole rows of the tasks that change may be `Picked`: most of them nobody looks at.

    `len(changes)` counts cells; `changes.ids` are the tasks.
    """

    _base: pd.DataFrame | Picked
    columns: Mapping[str, ColumnChanges] = field(default_factory=dict)

    @cached_property
    def base(self) -> pd.DataFrame:
        """The whole row, as loaded, of each task that changes (index: the ids)."""
        return self._base.rows() if isinstance(self._base, Picked) else self._base

    def loaded(self, name: str) -> pd.Series | None:
        """A column of `base`, without the cost of the others; None where there is none."""
        return self._base[name] if name in self._base.columns else None

    @classmethod
    def of(cls, edits: Sequence[Edit], schema: Schema) -> Changes:
        """The changes that these edits make, one a task."""
        names = dict.fromkeys(name for edit in edits for name in edit.base if name in schema)
        values = {name: [edit.base.get(name) for edit in edits] for name in names}
        base = schema.frame([edit.id for edit in edits], values)
        columns = {}
        for column in schema:
            rows = [row for row, edit in enumerate(edits) if column.name in edit.after]
            if rows:
                before = objects([edits[row].base.get(column.name) for row in rows])
                after = objects([edits[row].after[column.name] for row in rows])
                columns[column.name] = ColumnChanges(column.name, np.array(rows, dtype=np.intp), before, after)
        return cls(base, columns)

    @classmethod
    def joined(cls, parts: Sequence[Changes]) -> Changes:
        """What `parts` was made of."""
        if len(parts) == 1:
            return parts[0]
        starts = np.cumsum([0, *(len(part.ids) for part in parts)])
        columns = {}
        order = {name: at for at, name in enumerate(parts[0].base.columns)}  # a part has only the columns it changes
        names = dict.fromkeys(name for part in parts for name in part.columns)
        for name in sorted(names, key=lambda name: order.get(name, len(order))):
            cells = [
                (start, part.columns[name]) for start, part in zip(starts, parts, strict=False) if name in part.columns
            ]
            columns[name] = ColumnChanges(
                name,
                np.concatenate([c.rows + start for start, c in cells]),
                _joined([c.before for _, c in cells]),
                _joined([c.after for _, c in cells]),
            )
        return cls(pd.concat([part.base for part in parts]), columns)

    def parts(self, size: int) -> Iterator[Changes]:
        """The same, `size` tasks at a time; without any, one part of none."""
        for first in range(0, max(len(self.ids), 1), size):
            columns = {}
            for name, change in self.columns.items():
                low, high = np.searchsorted(change.rows, [first, first + size])
                if high > low:
                    rows = change.rows[low:high] - first
                    columns[name] = ColumnChanges(name, rows, change.before[low:high], change.after[low:high])
            picked = self._base
            if isinstance(picked, Picked):
                base: pd.DataFrame | Picked = picked.take(np.arange(first, min(first + size, len(picked))))
            else:
                base = picked.iloc[first : first + size]
            yield Changes(base, columns)

    def __len__(self) -> int:
        return sum(len(c) for c in self.columns.values())

    @cached_property
    def ids(self) -> pd.Index:
        """The ids of the tasks that change, in the baseline's order."""
        return self._base.index

    @property
    def cleared(self) -> int:
        """How many cells lose their value."""
        return sum(c.cleared for c in self.columns.values())

    def frame(self) -> pd.DataFrame:
        """As a DataFrame: id, column, before, after; a row a cell, by task, then by column."""
        parts = list(self.columns.values())
        rows = np.concatenate([c.rows for c in parts]) if parts else np.empty(0, dtype=np.intp)
        names = [c.column for c in parts for _ in range(len(c))]
        order = np.argsort(rows, kind="stable")
        return pd.DataFrame(
            {
                "id": self.ids[rows[order]].astype("str"),
                "column": pd.Series(names, dtype="str").to_numpy()[order],
                "before": pd.Series(_joined([c.before for c in parts])[order], dtype="object"),
                "after": pd.Series(_joined([c.after for c in parts])[order], dtype="object"),
            }
        ).astype({"id": "str", "column": "str"})

    def after(self) -> list[dict[str, Any]]:
        """Per task, in the order of `ids`: the changed cells."""
        cells: list[dict[str, Any]] = [{} for _ in range(len(self._base))]
        for change in self.columns.values():
            for row, value in zip(change.rows.tolist(), change.after.tolist(), strict=True):
                cells[row][change.column] = value
        return cells

    def bases(self) -> Iterator[Row]:
        """Per task, in the order of `ids`: the whole row as loaded, in normal form, the id among it."""
        return Table(self._base).rows()

    def edits(self) -> Iterator[Edit]:
        """One edit a task, in the order of `ids`. Made as they are taken, so that few are held at a time."""
        for part in self.parts(SLICE):
            ids = map(str, part.ids.to_numpy(dtype=object).tolist())
            yield from map(Edit, ids, part.bases(), part.after())

    def keep(self, masks: Mapping[str, np.ndarray]) -> Changes:
        """Only the cells where their column's mask is true; tasks without a cell left are gone."""
        kept = {name: c.keep(masks[name]) for name, c in self.columns.items() if masks[name].any()}
        rows = np.unique(np.concatenate([c.rows for c in kept.values()])) if kept else np.empty(0, dtype=np.intp)
        columns = {name: c.moved(np.searchsorted(rows, c.rows)) for name, c in kept.items()}
        return Changes(self._base.take(rows), columns)

    def masks(
        self,
        *,
        ids: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        cells: Iterable[tuple[str, str]] | None = None,
    ) -> dict[str, np.ndarray]:
        """Per column, which cells are in all of `ids`, `columns` and `cells` (pairs of id and column)."""
        tasks = np.ones(len(self._base), dtype=bool) if ids is None else among(self.ids, ids)
        by_column: dict[str, list[str]] = {}
        for task, column in cells or ():
            by_column.setdefault(column, []).append(task)
        masks = {}
        for name, change in self.columns.items():
            mask = tasks[change.rows]
            if columns is not None and name not in columns:
                mask = np.zeros_like(mask)
            if cells is not None:
                mask = mask & among(self.ids[change.rows], by_column.get(name, ()))
            masks[name] = mask
        return masks


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    joined = np.empty(sum(map(len, parts)), dtype=object)
    start = 0
    for part in parts:
        joined[start : start + len(part)] = part
        start += len(part)
    return joined
