"""A part of a plan: the cells and the problems that ids, columns and rows of its tables name."""

from __future__ import annotations

from collections.abc import Collection, Sequence
from dataclasses import dataclass
from typing import Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.changes.diff import listed
from taskframe.errors import PlanError, SettingsError, did_you_mean
from taskframe.problem import Problem
from taskframe.schema import Schema

Pair = tuple[Any, Any]
"""A task's id and a column; None for a row that has none, and for a problem of the whole row."""


@dataclass(frozen=True)
class Narrowing:
    """Ids, columns and pairs of both; None where anything goes. A cell is inside when it is in all three."""

    ids: Collection[str] | None
    columns: Collection[str] | None
    pairs: Collection[Pair] | None

    @classmethod
    def of(cls, ids: Collection[str] | None, columns: Collection[str] | None, cells: pd.DataFrame | None) -> Narrowing:
        """What these name, in any form that pandas gives ids and names in.

        `cells` are rows of `plan.changes` or `plan.problems`. Raises PlanError for what is none of these.
        """
        ids, columns = listed("ids", ids, "task ids"), listed("columns", columns, "names")
        if cells is None:
            return cls(ids, columns, None)
        if not (isinstance(cells, pd.DataFrame) and {"id", "column"} <= set(cells.columns)):
            raise PlanError("cells= takes rows of plan.changes or plan.problems, with the columns id and column")
        pairs = cells[["id", "column"]].itertuples(index=False, name=None)
        return cls(ids, columns, {(_none(task), _none(column)) for task, column in pairs})

    def check(self, schema: Schema, changes: Changes, problems: Sequence[Problem]) -> None:
        """Raises SettingsError for a column that there is not, PlanError for an id that is not in the plan."""
        for name in self.columns or ():
            if name not in schema:
                raise SettingsError(f"columns=: there is no column {name!r}.{did_you_mean(name, schema.names)}")
        known = set(changes.ids) | {p.id for p in problems}
        strange = [i for i in self.ids or () if i not in known]
        if strange:
            raise PlanError(f"ids=: {strange[0]!r} is not in this plan ({len(strange):,} such)")

    def changes(self, changes: Changes, *, inside: bool) -> Changes:
        """The changes inside, or else those outside."""
        masks = changes.masks(ids=self.ids, columns=self.columns, cells=self.pairs)
        return changes.keep(masks if inside else {name: ~mask for name, mask in masks.items()})

    def problems(self, problems: Sequence[Problem], *, inside: bool) -> tuple[Problem, ...]:
        """The problems inside, or else those outside.

        A row with a problem stays one, whichever of its columns are named: no columns= lets it slip past.
        """
        ids = None if self.ids is None else frozenset(self.ids)
        return tuple(p for p in problems if self._has(p, ids, rows=inside) is inside)

    def _has(self, problem: Problem, ids: Collection[str] | None, *, rows: bool) -> bool:
        """Whether a problem is in all three. `rows`: one of a whole row is in, whatever the columns."""
        return (
            (ids is None or problem.id in ids)
            and (self.columns is None or problem.column in self.columns or (rows and problem.column is None))
            and (self.pairs is None or (problem.id, problem.column) in self.pairs)
        )


def _none(value: Any) -> Any:
    return None if pd.isna(value) else value
