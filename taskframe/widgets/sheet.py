"""The sheet that the grid shows: which tasks, in which order, and each cell with its marks."""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values
from taskframe.errors import TaskframeError
from taskframe.frame import TaskFrame
from taskframe.preview.cells import persons_in, shown
from taskframe.preview.persons import Persons
from taskframe.widgets.columns import GridColumn, grid_columns
from taskframe.widgets.edits import Edits
from taskframe.widgets.filters import Filter
from taskframe.widgets.values import normal, wire

Order = tuple[int, bool] | None
"""The column that is sorted by, and whether upwards; None: as in the frame."""


@dataclass(frozen=True)
class _Seen:
    """The frame as it was when it was last shown: cheap, since pandas copies only what is written to."""

    frame: pd.DataFrame
    snapshot: pd.DataFrame

    def same(self, frame: pd.DataFrame) -> bool:
        """Whether nothing can have changed since."""
        return (
            frame is self.frame
            and frame.columns.equals(self.snapshot.columns)
            and frame.index.equals(self.snapshot.index)
            and all(shares_memory(frame[name], self.snapshot[name]) for name in frame.columns)
        )


class Sheet:
    """The rows of `tasks.df` that a filter leaves, in order. Row `k` of the grid is the row `rows[k]` of the frame.

    `version` moves on when contents may be other ones, `order` when the rows are.
    """

    def __init__(self, tasks: TaskFrame, edits: Edits, columns: Sequence[str] | None = None) -> None:
        self._tasks = tasks
        self._edits = edits
        self._wanted = columns
        self.filter = Filter()
        self.sort: Order = None
        self.version = self.order = 0
        self.columns: tuple[GridColumn, ...] = grid_columns(tasks.df, tasks.schema, tasks.known.names, columns)
        self.rows = np.arange(0)
        self.show()

    @property
    def view(self) -> dict[str, Any]:
        """What the grid must know of it."""
        sort = None if self.sort is None else list(self.sort)
        return {"version": self.version, "order": self.order, "rows": len(self.rows), "sort": sort}

    def show(self, chosen: Filter | None = None) -> None:
        """Filters and sorts anew. Raises SettingsError when the filter's query is none; then all is as it was."""
        chosen = self.filter if chosen is None else chosen
        df = self._tasks.df
        ids = self._edits.ids()
        rows = np.flatnonzero(chosen.mask(df, self._tasks.schema, self._tasks.known.names, ids))
        if self.sort is not None and self.sort[0] < len(self.columns):
            rows = rows[_sorted(df[self.columns[self.sort[0]].name].iloc[rows], self.columns[self.sort[0]], self.sort)]
        self.order += not np.array_equal(rows, self.rows)
        self.filter, self.rows = chosen, rows
        self.touch()

    def touch(self) -> None:
        """The rows are the same ones, their contents may be others."""
        self.version += 1
        self.remember()

    def remember(self) -> None:
        """What is in the frame now is shown."""
        self._seen = _Seen(self._tasks.df, self._tasks.df.copy(deep=False))

    def turn(self, column: int) -> None:
        """Sorts by a column: upwards, then downwards, then not at all."""
        now = self.sort if self.sort is not None and self.sort[0] == column else None
        self.sort = (column, True) if now is None else (column, False) if now[1] else None
        self.show()

    def behind(self) -> bool:
        """Whether the frame was changed since it was shown."""
        return not self._seen.same(self._tasks.df)

    def follow(self) -> bool:
        """Shows the frame as it is now. Tells whether there are other columns than before."""
        columns = grid_columns(self._tasks.df, self._tasks.schema, self._tasks.known.names, self._there())
        other = [c.to_json() for c in columns] != [c.to_json() for c in self.columns]
        if [c.name for c in columns] != [c.name for c in self.columns]:
            self.sort = None
        self.columns = columns
        self.show()
        return other

    def _there(self) -> list[str] | None:
        if self._wanted is None:
            return None
        return [name for name in self._wanted if name in self._tasks.df]

    # rows for the grid

    def block(self, at: Sequence[int]) -> list[dict[str, Any]]:
        """The grid's rows at these places: id, a value a column, and by column what changed, what is wrong, what was.

        What is marked is what `tasks.plan()` would say of these tasks.
        """
        places = self.rows[np.asarray(at, dtype=np.intp)]
        part = self._tasks.df.iloc[places]
        ids = self._edits.ids()[places]
        cells = [self._cells(part[c.name], c) for c in self.columns]
        changed, before, problems = self._marks(part)
        return [
            {
                "id": None if pd.isna(task) else str(task),
                "values": [column[n] for column in cells],
                "changed": changed.get(str(task), []),
                "before": before.get(str(task), {}),
                "problems": problems.get(str(task), {}),
            }
            for n, task in enumerate(ids)
        ]

    def _cells(self, series: pd.Series[Any], column: GridColumn) -> list[Any]:
        return [wire(normal(cell, column.column), column.column) for cell in series]

    def _marks(self, part: pd.DataFrame) -> tuple[dict[str, list[int]], dict[str, Any], dict[str, Any]]:
        changed: dict[str, list[int]] = {}
        before: dict[str, dict[int, str]] = {}
        problems: dict[str, dict[int, str]] = {}
        place = {c.name: j for j, c in enumerate(self.columns)}
        try:
            plan = self._tasks.plan(part)
        except TaskframeError:
            return changed, before, problems  # the panel says why there is no plan
        persons = Persons(self._tasks.known.names)
        for row in plan.changes.itertuples(index=False):
            task, name, old = str(row.id), str(row.column), row.before
            if (j := place.get(name)) is None:
                continue
            changed.setdefault(task, []).append(j)
            words = shown(old, persons_in(self.columns[j].column, persons))
            before.setdefault(task, {})[j] = f"was: {words}"
        for problem in plan.problems.itertuples(index=False):
            j = place.get(str(problem.column), 0)
            problems.setdefault(str(problem.id), {})[j] = str(problem.problem)
        return changed, before, problems

    def place_of(self, task: str, column: str) -> tuple[int, int] | None:
        """Where the grid has this cell; None where the filter hides it or it has no such column."""
        ids = self._edits.ids()[self.rows]
        found = np.flatnonzero(np.asarray(ids == task))
        names = [c.name for c in self.columns]
        if not len(found):
            return None
        return int(found[0]), names.index(column) if column in names else 0


def _sorted(series: pd.Series[Any], column: GridColumn, order: tuple[int, bool]) -> np.ndarray:
    """The places of the cells in order; nulls last either way, equal ones as they come."""
    upwards = order[1]
    try:
        keys = _keys(series, column)
        ranks = keys.rank(method="dense", na_option="keep")
    except TypeError:  # cells of several types: by what they say
        ranks = series.astype("str").where(series.notna()).rank(method="dense", na_option="keep")
    numbers = ranks.to_numpy(dtype=float, na_value=np.nan)
    numbers = np.where(np.isnan(numbers), np.inf, numbers if upwards else -numbers)
    return np.argsort(numbers, kind="stable")


def _keys(series: pd.Series[Any], column: GridColumn) -> pd.Series[Any]:
    if isinstance(series.dtype, pd.CategoricalDtype):
        return pd.Series(series.cat.codes.where(series.cat.codes >= 0))
    if column.labels:
        return series.astype("object").map(lambda v: column.labels.get(v, v), na_action="ignore").str.casefold()
    if isinstance(series.dtype, pd.StringDtype):
        return series.str.casefold()
    if series.dtype == object:
        return pd.Series(normal_values(series), index=series.index, dtype="object")
    return series
