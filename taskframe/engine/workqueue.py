"""What is to be done next: settling reads first, then retries that are due, then new items, then a page of more."""

from __future__ import annotations

import asyncio
import heapq
from collections import deque
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from itertools import count
from typing import Generic, Literal, TypeVar

from taskframe.engine.clock import Clock

T = TypeVar("T")


@dataclass(frozen=True, slots=True)
class Job(Generic[T]):
    """Items to be read again together, one item to be sent, or none: a page of new ones to be had."""

    kind: Literal["read", "send", "page"]
    items: list[T]


class WorkQueue(Generic[T]):
    """A queue for a fixed pool of workers, all on one event loop.

    Whoever takes a job calls `done` when its items are finished or queued again. New items are drawn from an iterator
    as workers come free: nothing is queued up front. At most `batch` items are read together.

    While there are `more`, a worker that finds nothing else is asked for a page of them, which it queues by `add`.
    `more` is told whether all other workers are idle; items that wait for a later moment hold up no page.
    """

    def __init__(
        self, new: Iterable[T], clock: Clock, *, batch: int = 1, more: Callable[[bool], bool] = lambda _: False
    ) -> None:
        self._new: Iterator[T] = iter(new)
        self._more = more
        self._added: deque[T] = deque()
        self._clock = clock
        self._batch = batch
        self._reads: deque[T] = deque()
        self._ready: deque[T] = deque()
        self._later: list[tuple[float, int, bool, T]] = []
        self._ordinal = count()
        self._taken = 0
        self._wakers: set[asyncio.Future[None]] = set()
        self.stopped = False

    def add(self, item: T) -> None:
        """Queues an item to be sent for the first time."""
        self._added.append(item)
        self._wake()

    def send(self, item: T, *, after: float = 0.0) -> None:
        """Queues an item to be sent (again), `after` so many seconds."""
        self._put(item, after, read=False)

    def read(self, item: T, *, after: float = 0.0) -> None:
        """Queues an item to be read again, `after` so many seconds."""
        self._put(item, after, read=True)

    def _put(self, item: T, after: float, *, read: bool) -> None:
        if after > 0:
            heapq.heappush(self._later, (self._clock.now() + after, next(self._ordinal), read, item))
        else:
            (self._reads if read else self._ready).append(item)
        self._wake()

    def stop(self) -> None:
        """No worker gets anything more. What is left comes out of `left()`."""
        self.stopped = True
        self._wake()

    def left(self) -> Iterator[T]:
        """After a stop: what was queued, and what was never drawn."""
        yield from self._reads
        yield from self._ready
        for *_, item in sorted(self._later, key=lambda entry: entry[:2]):
            yield item
        yield from self._added
        yield from self._new

    def done(self) -> None:
        """A job that was taken is through: its items are finished, or queued again."""
        self._taken -= 1
        self._wake()

    async def take(self) -> Job[T] | None:
        """The next job. Waits while others may yet queue something; None when all is done, or after a stop."""
        while not self.stopped:
            job = self._next()
            if job is not None:
                self._taken += 1
                return job
            if not self._taken and not self._later:
                break
            await self._wait()
        self._wake()
        return None

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
        if self._added:
            return Job("send", [self._added.popleft()])
        for item in self._new:
            return Job("send", [item])
        if self._more(not self._taken):
            return Job("page", [])
        return None

    def _wake(self) -> None:
        for waker in self._wakers:
            if not waker.done():
                waker.set_result(None)
        self._wakers.clear()

    async def _wait(self) -> None:
        """Until something changes, or the first delayed item is due."""
        waker: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._wakers.add(waker)
        try:
            if not self._later:
                await waker
                return
            wait = max(0.0, self._later[0][0] - self._clock.now())
            sleeper = asyncio.ensure_future(self._clock.sleep(wait))
            try:
                await asyncio.wait({sleeper, waker}, return_when=asyncio.FIRST_COMPLETED)
            finally:
                sleeper.cancel()
        finally:
            self._wakers.discard(waker)
