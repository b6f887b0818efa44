"""Reading some tasks again, one call after another, and when each was read."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass

from taskframe.changes.edit import Row
from taskframe.engine.caller import Caller
from taskframe.services.base import Call, Service


@dataclass(frozen=True, slots=True)
class Seen:
    """A task as the service showed it to a call that left at `at` (of the clock's `now()`)."""

    id: str
    row: Row
    at: float


class Reading:
    """Drives a service's `reread` of `bases` page by page: nothing is asked for before `page` is called again."""

    def __init__(self, service: Service, caller: Caller, bases: Sequence[Row]) -> None:
        self._service = service
        self._caller = caller
        self._listing = service.reread(bases)
        self._waiting: deque[Call] = deque(self._listing.start())

    @property
    def done(self) -> bool:
        """Whether no call is left: what was not found by now is nowhere."""
        return not self._waiting

    async def page(self) -> list[Seen]:
        """What the next call finds. Raises ServiceError, AuthError or ProtocolError when it can't be read; Halted."""
        call, at = self._waiting[0], self._caller.clock.now()

        def leave() -> None:
            nonlocal at
            at = self._caller.clock.now()

        verdict = await self._caller.read(call, on_leave=leave)
        if verdict.kind == "stale":
            raise verdict.error(call)  # no answer to a read
        self._waiting.popleft()
        new, further = self._listing.receive(call, verdict)
        self._waiting += further
        rows = (self._service.row(task) for task in new)
        return [Seen(str(row[self._service.index]), row, at) for row in rows]
