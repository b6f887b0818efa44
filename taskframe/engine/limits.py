"""How many calls the service takes: a log of calls in sliding windows, shared by all connections of a process."""

from __future__ import annotations

import asyncio
import os
import threading
import weakref
from bisect import bisect_right, insort
from collections import deque
from collections.abc import Hashable, Iterable, Sequence
from types import TracebackType
from typing import Protocol

from taskframe.engine.clock import Clock, SystemClock
from taskframe.engine.finding import Finder
from taskframe.services.base import Limit

_SLOWEST = 0.25
_FASTER, _SMOOTH = 0.05, 100  # so much of the lost pace comes back after so many calls that were not too many


class Spending(Protocol):
    """Keeps count of calls across processes. Must not fail: what can't be kept is not kept."""

    async def earlier(self, longest: float) -> Iterable[float]:
        """When the calls of earlier processes ended, in epoch seconds, as far as a window of that length matters."""

    def ended(self, longest: float) -> None:
        """A call has ended now."""

    def flush_soon(self) -> None:
        """What was counted is to be kept: some work has ended."""

    async def flush(self) -> None:
        """What was counted is kept when this returns."""


class Unused(Exception):
    """Raised in a slot by who does not want it any more: no call was made in it, and none is counted."""


class _Gate:
    """What the connections to one account share: the log, the queue, the pause. Used on one event loop only."""

    def __init__(self, clock: Clock) -> None:
        self._clock = clock
        self._claims: weakref.WeakSet[Limiter] = weakref.WeakSet()
        self._limits: dict[float, int] = {}  # seconds → calls
        self._flying = 0
        self._ended: list[float] = []  # when calls ended, oldest first
        self._queue: deque[asyncio.Future[None]] = deque()
        self._freed: asyncio.Future[None] | None = None
        self._until = 0.0
        self._speed = 1.0
        self._smooth = 0
        self._seeded = False
        self._seeding: asyncio.Future[None] | None = None
        self.finder = Finder()
        self.changed = True

    def claim(self, limiter: Limiter) -> None:
        self._claims.add(limiter)
        self.changed = True

    def withdraw(self, limiter: Limiter) -> None:
        self._claims.discard(limiter)
        self.changed = True

    @property
    def limits(self) -> tuple[Limit, ...]:
        self._recount()
        limits, found = dict(self._limits), self.finder.limit
        if found is not None:
            limits[found.per] = min(found.calls, limits.get(found.per, found.calls))
        return tuple(Limit(calls, per) for per, calls in sorted(limits.items()))

    @property
    def longest(self) -> float:
        """Seconds of the longest known window; 0 where none is known."""
        if self.changed:
            self._recount()
        return max(self._limits, default=0.0)

    def _recount(self) -> None:
        self.changed = False
        limits: dict[float, int] = {}
        for limiter in list(self._claims):
            for limit in limiter.limits:
                calls = max(1, int(limit.calls * self._speed))
                limits[limit.per] = min(calls, limits.get(limit.per, calls))
        self._limits = limits

    def wait(self) -> float | None:
        """Seconds until a call may start; None: not before one that is in flight has ended."""
        now = self._clock.now()
        wait = 0.0
        if self._until:
            if now < self._until:
                wait = self._until - now
            else:
                self._until = 0.0
        if self.changed:
            self._recount()
        ended, total = self._ended, len(self._ended)
        for per, calls in self._limits.items():
            first = bisect_right(ended, now - per)
            over = self._flying + (total - first) - calls  # as many, and one more, must leave the window
            if over < 0:
                continue
            if first + over >= total:
                return None
            wait = max(wait, ended[first + over] + per - now)
        more = self.finder.wait(now, self._flying)
        return None if more is None else max(wait, more)

    def take(self) -> bool:
        if self._queue or ((self.changed or self._limits or self._until or self.finder.wary) and self.wait() != 0.0):
            return False
        self._left()
        return True

    async def acquire(self) -> None:
        if self._queue or self.wait() != 0.0:
            await self._stand_in_line()
        self._left()

    def _left(self) -> None:
        self.finder.leave(self._clock.now(), self._flying)
        self._flying += 1

    async def seed(self, spending: Spending) -> None:
        """Once, for whoever comes first; all others wait."""
        while not self._seeded:
            if self._seeding is not None:
                await asyncio.wait([self._seeding])
                continue
            self._seeding = asyncio.get_running_loop().create_future()
            try:
                self.remember(await spending.earlier(self.longest))
                self._seeded = True
            finally:
                self._seeding.set_result(None)
                self._seeding = None

    @property
    def seeded(self) -> bool:
        return self._seeded

    async def _stand_in_line(self) -> None:
        # The first in line does the waiting, so there is no task of the limiter's own to leave behind.
        loop = asyncio.get_running_loop()
        turn: asyncio.Future[None] = loop.create_future()
        self._queue.append(turn)
        try:
            if self._queue[0] is not turn:
                await turn
            while (wait := self.wait()) != 0.0:
                if wait is None:
                    self._freed = loop.create_future()
                    await self._freed
                else:
                    await self._clock.sleep(wait)
        finally:
            first = self._queue[0] is turn
            self._queue.remove(turn)
            if first and self._queue and not self._queue[0].done():
                self._queue[0].set_result(None)

    def release(self, *, used: bool = True) -> None:
        self._flying -= 1
        self.finder.back()
        if self._limits and used:
            now = self._clock.now()
            self._ended.append(now)
            if len(self._ended) > 2 * max(self._limits.values()) + 1000:
                del self._ended[: bisect_right(self._ended, now - max(self._limits))]
        self._wake()

    def _wake(self) -> None:
        if self._freed is not None:
            if not self._freed.done():
                self._freed.set_result(None)
            self._freed = None

    def pause(self, seconds: float) -> bool:
        now = self._clock.now()
        new = now >= self._until
        self._until = max(self._until, now + seconds)
        return new

    def ease(self, factor: float) -> None:
        self._speed = max(_SLOWEST, self._speed * factor)
        self._smooth = 0
        self.changed = True

    def passed(self, started: float, ended: float) -> None:
        self.finder.passed(started, ended)
        if self._speed < 1.0:
            self._smooth += 1
            if self._smooth >= _SMOOTH:
                self._speed, self._smooth, self.changed = min(1.0, self._speed + _FASTER), 0, True

    def remember(self, ended: Iterable[float]) -> None:
        now, wall = self._clock.now(), self._clock.wall()
        for when in ended:
            insort(self._ended, now - max(0.0, wall - when))


class Limiter:
    """Keeps to `limits` (all of them at once; none: no bound). `async with limiter.slot(): …` around each call.

    A slot is taken from before its call starts until one period after it *ended*: wherever the service's clock puts
    the call, no window of its holds more than allowed. Who comes first goes first. Cancelling a wait loses no slot.
    """

    def __init__(
        self, limits: Sequence[Limit], clock: Clock, *, gate: _Gate | None = None, spending: Spending | None = None
    ) -> None:
        self.limits = tuple(limits)
        self._spending = spending
        self._gate = _Gate(clock) if gate is None else gate
        self._gate.claim(self)
        weakref.finalize(self, setattr, self._gate, "changed", True).atexit = False

    @property
    def effective(self) -> tuple[Limit, ...]:
        """What holds now: of all connections that share the account, the strictest for each period, and lowered
        when the service said "too many"; and what was found out since."""
        return self._gate.limits

    def slot(self) -> Limiter:
        """A context manager for one call."""
        return self

    async def __aenter__(self) -> None:
        await self.acquire()

    async def __aexit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.release(used=not isinstance(error, Unused))

    def take(self) -> bool:
        """A slot, where one is to be had without waiting; `release` must follow. Else False."""
        if self._spending is not None and not self._gate.seeded and self._gate.longest:
            return False
        return self._gate.take()

    async def acquire(self) -> None:
        """Wait for a slot; `release` must follow."""
        if self._spending is not None and not self._gate.seeded and self._gate.longest:
            await self._gate.seed(self._spending)
        await self._gate.acquire()

    def release(self, *, used: bool = True) -> None:
        """The call has ended; or was none, after all."""
        self._gate.release(used=used)
        if used and self._spending is not None and (longest := self._gate.longest):
            self._spending.ended(longest)

    def passed(self, started: float, ended: float) -> None:
        """A call was answered, and not with "too many": times of the clock's `now()`."""
        self._gate.passed(started, ended)

    def refused(self, started: float, ended: float) -> bool:
        """A call was answered with "too many". True where that was to be expected: it was a scout, sent to find out."""
        self._gate.finder.refused(started, ended)
        return self._gate.finder.scouted

    @property
    def rounds(self) -> int:
        """How many pauses in a row were in vain: after each, those who were sent ahead were refused again."""
        return self._gate.finder.rounds

    def flush_soon(self) -> None:
        """What this connection has spent goes to disk, as a load or a run has ended."""
        if self._spending is not None:
            self._spending.flush_soon()

    async def flush(self) -> None:
        """What this connection has spent is on disk when this returns."""
        if self._spending is not None:
            await self._spending.flush()

    def wait(self) -> float | None:
        """Seconds until a call could start if nobody were waiting; None while that hangs on calls in flight."""
        return self._gate.wait()

    def pause(self, seconds: float) -> bool:
        """Hold back all calls that have not started, of everybody; of several pauses the one that ends last counts.

        True when there was no pause yet: the moment to `ease`, once.
        """
        return self._gate.pause(seconds)

    def ease(self, factor: float = 0.85) -> None:
        """Go slower from now on: each limit times `factor`, down to a quarter of what was given."""
        self._gate.ease(factor)

    def remember(self, ended: Iterable[float]) -> None:
        """Count calls that were made before, in another process: when they ended, in epoch seconds."""
        self._gate.remember(ended)

    def close(self) -> None:
        """This connection's limits hold for the others no longer."""
        self._gate.withdraw(self)


class _Registry:
    """Account → what its connections share, as long as one of them lives."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._gates: weakref.WeakValueDictionary[Hashable, _Gate] = weakref.WeakValueDictionary()

    def limiter(self, key: Hashable, limits: Sequence[Limit], clock: Clock, spending: Spending | None) -> Limiter:
        # Two clocks' times can't be in one log, and after a fork the parent's calls in flight don't end here.
        clock_id = 0 if isinstance(clock, SystemClock) else id(clock)
        full = (key, clock_id, os.getpid())
        with self._lock:
            gate = self._gates.get(full)
            if gate is None:
                gate = self._gates[full] = _Gate(clock)
            return Limiter(limits, clock, gate=gate, spending=spending)


_registry = _Registry()


def shared_limiter(
    key: Hashable, limits: Sequence[Limit], clock: Clock, *, spending: Spending | None = None
) -> Limiter:
    """The limiter of one connection, with a log, a queue and pauses shared by all that have the same `key`.

    `key`: (service, base URL, account). Each connection's limits hold for all of them, for each period the strictest,
    until that connection is closed (or gone): none may break a promise that another made. A connection opened again
    with other limits so gets what it asked for once the old one is closed.

    `spending` tells what earlier processes spent, once, and keeps what is spent now; only where a limit is known.
    """
    return _registry.limiter(key, limits, clock, spending)
