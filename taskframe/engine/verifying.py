"""Reading tasks just ahead of their write, for services that have no version to refuse a stale one."""

from __future__ import annotations

import math
from collections import deque
from collections.abc import Iterable, Iterator
from itertools import islice
from typing import Literal

from taskframe.engine.caller import Halted
from taskframe.engine.reading import Reading, Seen
from taskframe.engine.settling import Settler, is_for_all
from taskframe.engine.work import Bench, Work
from taskframe.errors import JournalError, PlanError, ServiceError
from taskframe.services.base import Service

Verify = Literal["listing", "each", "none"]
"""How tasks are read ahead of their write: from the list, a page at a time; each by a call of its own; not at all."""

SLICE = 50
"""So many tasks of what was read are put through the rule and written before the next ones."""


def ways(service: Service) -> tuple[Verify, ...]:
    """The ways to verify that a service has, the default first; none where versions guard each write."""
    if service.versioned:
        return ()
    return ("listing", "each", "none") if service.singly else ("listing", "none")


def way_of(service: Service, verify: str | None) -> Verify | None:
    """The way that `verify` stands for; None where versions guard each write. PlanError for one that there is not."""
    known = ways(service)
    if verify is None:
        return known[0] if known else None
    if not known:
        raise PlanError(
            f"verify={verify!r}: {service.label} checks the version of each task itself, so that there is nothing to "
            "verify: leave verify= out"
        )
    for way in known:
        if way == verify:
            return way
    why = f"no call of {service.label} reads a single task" if verify == "each" else "there is no such way"
    raise PlanError(f"verify={verify!r}: {why}; there are {', '.join(map(repr, known))}")


def fresh_for(service: Service, way: Verify | None) -> float:
    """Seconds after which a task that was read is read again before it is sent."""
    return service.fresh if way in ("listing", "each") else math.inf


class Verifier:
    """Hands out works that were just read and went through the rule, a slice at a time.

    By `listing`: the next page is read when the last one is written (but for what waits to be tried again), a page is
    handed out in slices, and what was read too long ago is read again.
    """

    def __init__(self, bench: Bench, settler: Settler, way: Verify | None) -> None:
        self._bench = bench
        self._settler = settler
        self._way = way
        self._left: dict[str, Work] = {}
        self._returned: dict[str, Work] = {}
        self._found: deque[tuple[Work, Seen]] = deque()
        self._reading: Reading | None = None
        self._busy = False

    def begin(self, works: Iterable[Work]) -> None:
        """These are to be verified from the list."""
        self._left = {work.plan.id: work for work in works}

    def more(self, *, idle: bool) -> bool:
        """Whether to ask for a `page`. `idle`: all that was handed out is written, or waits to be tried again."""
        if self._busy:
            return False
        if idle:
            return bool(self._left or self._found or self._returned)
        return bool(self._found) and self._is_fresh(self._found[0][1])

    def left(self) -> Iterator[Work]:
        """After a stop: the works that were not handed out."""
        yield from (work for work, _ in self._found)
        yield from self._left.values()
        yield from self._returned.values()

    def wants(self, work: Work) -> bool:
        """Whether it must be read, by a call of its own, before it may be sent."""
        return self._way == "each" and work.read_at is None

    def again(self, work: Work) -> None:
        """It waited too long since it was read: it is verified once more."""
        if self._way == "each":
            work.read_at = None
            self._bench.queue.send(work)
        else:
            self._returned[work.plan.id] = work

    async def page(self) -> None:
        """Reads on where all that was read is handed out; then hands out the next slice."""
        self._busy = True
        try:
            await self._next()
        finally:
            self._busy = False

    async def _next(self) -> None:
        if self._found and not self._is_fresh(self._found[0][1]):
            self._left |= {work.plan.id: work for work, _ in self._found}
            self._found.clear()
            self._reading = None
        if not self._found:
            try:
                await self._read()
            except Halted:
                raise
            except Exception as error:
                self._give_up(error)
                return
        await self._hand_out()

    def _is_fresh(self, seen: Seen) -> bool:
        return self._bench.caller.clock.now() - seen.at <= self._bench.fresh

    async def _read(self) -> None:
        """One call. Without any left, what was not found is nowhere."""
        if self._reading is None:
            self._left |= self._returned
            self._returned = {}
            bases = [work.edit.base for work in self._left.values()]
            self._reading = Reading(self._bench.service, self._bench.caller, bases)
        if self._reading.done:
            for work in self._left.values():
                self._settler.nowhere(work)
            self._left = {}
        else:
            for seen in await self._reading.page():
                if seen.id in self._left:
                    self._found.append((self._left.pop(seen.id), seen))
        if not self._left:
            self._reading = None

    async def _hand_out(self) -> None:
        try:
            await self._bench.record.admit_all([work.position for work, _ in islice(self._found, SLICE)])
        except JournalError as error:
            self._bench.stop(str(error))
            return
        for n in range(SLICE):
            if not self._found or self._bench.queue.stopped or (n and not self._is_fresh(self._found[0][1])):
                return
            work, seen = self._found[0]  # it stays there meanwhile: whoever cancels this must find it
            try:
                await self._settler.rule(work, seen.row, seen.at)
            except Exception as bug:  # must not cost the others their outcome
                self._bench.ledger.crash(work, bug)
            self._found.popleft()

    def _give_up(self, error: Exception) -> None:
        """Nothing can be verified any more: nothing more is written."""
        words = f"the tasks can't be read ahead of their write: {error}"
        if is_for_all(error) or (isinstance(error, ServiceError) and error.status_code is None):
            self._bench.stop(words)
            return
        for work in (*self._left.values(), *self._returned.values()):
            if isinstance(error, ServiceError):
                self._bench.ledger.finish(work, "failed", words)
            else:
                self._bench.ledger.crash(work, error)
        self._left, self._returned, self._reading = {}, {}, None
