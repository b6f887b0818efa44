"""Reading some tasks of Pragmatiks again, by id: one by one where they are few, else from the whole list."""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from taskframe.services.pragmatiks.wire import TASKS, list_tasks, read_task

if TYPE_CHECKING:
    from taskframe.changes.edit import Row
    from taskframe.services.base import Call, Verdict

FEW: Final = 4
"""Up to so many tasks are read one by one."""

LEFT: Final = 20
"""So many tasks that the list does not hold are asked for one by one, to be sure of it."""


class PragmatiksReread:
    """Finds the tasks of `bases`. What is not found is gone, or another organization's: it is no gap."""

    def __init__(self, bases: Sequence[Row]) -> None:
        self._left = dict.fromkeys(str(base["id"]) for base in bases)
        self._asked = len(self._left)

    def start(self) -> Sequence[Call]:
        """A call a task, or one for the list."""
        if len(self._left) > FEW:
            return [list_tasks()]
        return [read_task(task) for task in self._left]

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        """Those of the tasks that were looked for; after the list, calls for the few that it lacks."""
        if verdict.kind == "missing" and call.path != TASKS:
            return (), ()
        if verdict.kind != "ok":
            raise verdict.error(call)
        found = {task.id: task for task in verdict.data if task.id in self._left}
        for task in found:
            del self._left[task]
        again = call.path == TASKS and len(self._left) <= LEFT
        return list(found.values()), [read_task(task) for task in self._left] if again else ()

    def total(self) -> int | None:
        """How many tasks are looked for."""
        return self._asked

    def gaps(self) -> Sequence[str]:
        """None: what was not found may be hidden from us."""
        return ()

    def notes(self) -> Sequence[str]:
        """None: this is no list that anybody sees."""
        return ()
