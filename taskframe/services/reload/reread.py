"""Reading some tasks of Reload again, by id. No call reads one task: the list is searched for its identifier."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from taskframe.services.reload.listing import ReloadListing
from taskframe.services.reload.parts import Part
from taskframe.services.reload.wire import LIST_TASKS

if TYPE_CHECKING:
    from taskframe.changes.edit import Row
    from taskframe.services.base import Call

SINGLY: Final = 50
"""So many tasks are searched for one by one. Beyond, a page of the list, which holds 100, is likely to find several."""


class ReloadReread(ReloadListing):
    """Finds the tasks of `bases`, and stops asking once it has them all.

    Few tasks are searched for by identifier, one call each ("T-1" finds "T-10" too: the id decides). Many, or some
    without identifier, are first looked for in the full list, for no more calls than searching would take; what that
    does not find is searched for. What nothing finds is hidden or gone: it is no gap, it is just not there.
    """

    def __init__(self, bases: Sequence[Row]) -> None:
        self._left: dict[str, str | None] = {str(base["id"]): base.get("identifier") or None for base in bases}
        self._asked = len(self._left)
        self._goals: dict[Part, set[str]] = {}
        self._full = len(self._left) > SINGLY or None in self._left.values()
        self._budget = None if None in self._left.values() else len(self._left)
        super().__init__([Part(LIST_TASKS)] if self._full and self._left else self._searches())

    def total(self) -> int | None:
        """How many tasks are looked for."""
        return self._asked

    def gaps(self) -> Sequence[str]:
        """None: what was not found may be hidden from us."""
        return ()

    def notes(self) -> Sequence[str]:
        """None: this is no list that anybody sees."""
        return ()

    def _searches(self) -> list[Part]:
        self._full = False
        by_identifier: dict[str, set[str]] = {}
        for task, identifier in self._left.items():
            if identifier:
                by_identifier.setdefault(identifier, set()).add(task)
        self._goals = {Part(LIST_TASKS, (("query", text),)): tasks for text, tasks in by_identifier.items()}
        return list(self._goals)

    def _wanted(self, part: Part) -> bool:
        if not self._full:
            *_, top = part.lineage()
            return any(task in self._left for task in self._goals[top])
        return bool(self._left) and (self._budget is None or self._budget > 0)

    def _ask(self, part: Part, cursor: str | None = None) -> Call:
        if self._full and self._budget is not None:
            self._budget -= 1
        return super()._ask(part, cursor)

    def _new(self, tasks: Sequence[Any], ids: set[str]) -> list[Any]:
        new = [task for task in super()._new(tasks, ids) if task.id in self._left]
        for task in new:
            del self._left[task.id]
        return new

    def _settle(self) -> list[Call]:
        calls = super()._settle()
        if calls or not self._full:
            return calls
        self._parts = self._searches()
        self._divided = []
        return [self._ask(part) for part in self._parts]
