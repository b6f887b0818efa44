"""What is to be done next: settling reads first, then retries that are due, then new tasks."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, Literal, TypeVar

from taskframe.engine.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """Items to be read again together, or one item to be sent."""

    kind: Literal["read", "send"]
    items: list[T]


class WorkQueue(Generic[T]):
    """A queue for a fixed pool of workers. `take()` gives None when all is done, or when it was stopped.

    New items are drawn from an iterator as workers come free: nothing is queued up front.
    """

    def __init__(self, new: Iterable[T], clock: Clock, *, batch: int = 1) -> None:
        self._new: Iterator[T] = iter(new)
        self._clock = clock
        self._batch = batch
        self._reads: deque[T] = deque()
        self._ready: deque[T] = deque()
        self._later: list[tuple[float, int, bool, T]] = []
        self._ordinal = count()
        self._taken = 0
        self._exhausted = False
        self._changed = asyncio.Event()
        self.stopped = False

    def send(self, item: T, *, after: float = 0.0) -> None:
        """Queues an item to be sent (again), `after` so many seconds."""
        self._put(item, after, read=False)

    def read(self, item: T, *, after: float = 0.0) -> None:
        """Queues an item to be read again."""
        self._put(item, after, read=True)

    def _put(self, item: T, after: float, *, read: bool) -> None:
        if after > 0:
            heapq.heappush(self._later, (self._clock.now() + after, next(self._ordinal), read, item))
        else:
            (self._reads if read else self._ready).append(item)
        self._changed.set()

    def stop(self) -> None:
        """No worker gets anything more. What is left comes out of `left()`."""
        self.stopped = True
        self._changed.set()

    def left(self) -> Iterator[T]:
        """After a stop: what was queued, and what was never drawn."""
        yield from self._reads
        yield from self._ready
        for *_, item in sorted(self._later, key=lambda entry: entry[:2]):
            yield item
        if not self._exhausted:
            yield from self._new

    def done(self) -> None:
        """A taken job is finished (its items are settled, or queued again)."""
        self._taken -= 1
        self._changed.set()

    async def take(self) -> Job[T] | None:
        """The next job; waits while others may still queue something."""
        while True:
            if self.stopped:
                return None
            job = self._next()
            if job is not None:
                self._taken += 1
                return job
            if not self._taken and not self._later:
                self._changed.set()  # the last one out wakes those who wait
                return None
            await self._wait()

    def _next(self) -> Job[T] | None:
        now = self._clock.now()
        while self._later and self._later[0][0] <= now:
            *_, read, item = heapq.heappop(self._later)
            (self._reads if read else self._ready).append(item)
        if self._reads:
            size = min(self._batch, len(self._reads))
            return Job("read", [self._reads.popleft() for _ in range(size)])
        if self._ready:
            return Job("send", [self._ready.popleft()])
        if not self._exhausted:
            for item in self._new:
                return Job("send", [item])
            self._exhausted = True
        return None

    async def _wait(self) -> None:
        """Until something changes, or the earliest delayed item is due."""
        self._changed.clear()
        if not self._later:
            await self._changed.wait()
            return
        sleeper = asyncio.ensure_future(self._clock.sleep(max(0.0, self._later[0][0] - self._clock.now())))
        waker = asyncio.ensure_future(self._changed.wait())
        try:
            await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
        finally:
            sleeper.cancel()
            waker.cancel()
