"""Reading Pragmatiks' list, which comes in one piece, and proving it whole by the board; a state machine without I/O.

A reply that was cut short by a proxy, or a list with a limit that nobody documents, looks like any other. So the tasks
are counted against the board: by status where one was asked for, else all of them. Where the board counts more, both
are read again, as tasks come while we read; what it counts even then is a gap. The board does not count by agent
instance: such a list is taken as it comes, and so is any where there is no board.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, Final

from taskframe.errors import SettingsError, did_you_mean
from taskframe.services.asked import texts
from taskframe.services.base import Call, Verdict
from taskframe.services.http import words
from taskframe.services.pragmatiks.tasks import STATUSES
from taskframe.services.pragmatiks.wire import BOARD, Board, list_tasks, read_board

KNOWN: Final = ("status", "assigned_to_instance_id")
"""The filters [docs]. The service takes one value of each."""

READINGS: Final = 3
"""How often list and board are read, at most."""


class PragmatiksListing:
    """A list being read; see `Listing`.

    Several statuses are picked from one list of all: a task that moves between two lists could be missed. Several agent
    instances are a call each.
    """

    def __init__(self, filters: Mapping[str, object]) -> None:
        for name in filters:
            if name not in KNOWN:
                near = did_you_mean(name, KNOWN)
                raise SettingsError(f"Pragmatiks has no filter {name!r}.{near} There are: {', '.join(KNOWN)}.")
        choices = {"status": STATUSES}
        wanted = {n: texts("Pragmatiks", n, filters[n], choices.get(n, ())) for n in KNOWN if n in filters}
        self._statuses = tuple(wanted.get("status", ()))
        fixed = {"status": self._statuses[0]} if len(self._statuses) == 1 else {}
        instances = wanted.get("assigned_to_instance_id")
        self._lists = (
            [list_tasks(**fixed)]
            if instances is None
            else [list_tasks(**fixed, assigned_to_instance_id=instance) for instance in instances]
        )
        self._counted = instances is None
        self._pending: set[Call] = set()
        self._seen: set[str] = set()
        self._found = 0
        self._board: Board | None = None
        self._no_board = ""
        self._readings = 0

    def start(self) -> Sequence[Call]:
        """The list, and the board where it can tell whether that is whole."""
        self._readings += 1
        self._found = 0
        calls = [*self._lists, read_board()] if self._counted and not self._no_board else [*self._lists]
        self._pending = set(calls)
        return calls

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        """The tasks not seen before; and both calls again where the board counts more. `ServiceError` when refused."""
        if call not in self._pending:
            return (), ()
        self._pending.discard(call)
        new: list[Any] = []
        if call.path == BOARD:
            self._take_board(verdict)
        elif verdict.kind != "ok":
            raise verdict.error(call)
        else:
            new = self._take(verdict.data)
        again = not self._pending and self._short() and self._readings < READINGS
        return new, self.start() if again else ()

    def total(self) -> int | None:
        """How many tasks there are, where the board tells."""
        count = self._count()
        if count is None or len(self._statuses) < 2 or self._board is None:
            return count
        return sum(self._board.counts.get(status, 0) for status in self._statuses)

    def gaps(self) -> Sequence[str]:
        """What is, or may be, missing. Empty: proven whole, or nothing says otherwise."""
        if self._pending:
            return [f"{self._words()}: not read to its end"]
        if self._short():
            return [f"{self._words()}: {self._found:,} of {self._count():,} tasks found; the service lists no more"]
        return []

    def notes(self) -> Sequence[str]:
        """What the user should know of this list."""
        if self._no_board:
            return (f"nothing proves that this list is whole: the service's board can't be read ({self._no_board})",)
        if not self._counted:
            return ("nothing proves that this list is whole: the service's board does not count by agent instance",)
        return ()

    def _take(self, tasks: Sequence[Any]) -> list[Any]:
        self._found += len({task.id for task in tasks})
        new = {task.id: task for task in tasks if task.id not in self._seen}
        self._seen.update(new)
        return [task for task in new.values() if len(self._statuses) < 2 or task.status in self._statuses]

    def _take_board(self, verdict: Verdict) -> None:
        if verdict.kind == "ok":
            self._board = verdict.data
        else:
            self._no_board = words(verdict.detail or verdict.kind, 100)

    def _count(self) -> int | None:
        """What the board counts of what was listed; None where it tells nothing of that."""
        board = self._board
        if board is None or not self._counted:
            return None
        if len(self._statuses) == 1:
            return board.counts.get(self._statuses[0], 0)
        return sum(board.counts.values()) if board.total is None else board.total

    def _short(self) -> bool:
        count = self._count()
        return count is not None and self._found < count

    def _words(self) -> str:
        return f"status={self._statuses[0]}" if len(self._statuses) == 1 else "all tasks"
