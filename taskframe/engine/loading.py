"""Reads a list: drives a service's `Listing` with several calls in flight."""

from __future__ import annotations

import asyncio
from collections import deque
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from typing import Any

from taskframe.engine.caller import Caller
from taskframe.services.base import Call, Listing, Verdict


@dataclass(frozen=True, slots=True)
class Loaded:
    """What a list held.

    `tasks` are the service's own objects, in the order in which pages were asked for; none where they were taken as
    they came. `calls` counts the calls that were answered (not their retries). `stopped`: not read to its end, because
    `limit` or `until` said enough; then `gaps` is empty, as nothing is known of the rest.
    """

    tasks: list[Any]
    calls: int
    total: int | None
    gaps: tuple[str, ...]
    notes: tuple[str, ...]
    stopped: bool


async def load(
    listing: Listing,
    caller: Caller,
    *,
    concurrency: int,
    limit: int | None = None,
    until: Callable[[list[Any]], bool] | None = None,
    progress: Callable[[int, int | None], object] | None = None,
    take: Callable[[Sequence[Any]], object] | None = None,
) -> Loaded:
    """Read `listing` with up to `concurrency` calls in flight.

    Stops early when there are `limit` tasks, or when `until(tasks)` holds (asked after each page, with all tasks so
    far). `progress(done, total)` is told after each page; `total` is None where nobody knows. `take(tasks)` is given
    each page's new tasks in the order in which pages were asked for, and then they are not kept. Raises ServiceError,
    AuthError or ProtocolError when one page can't be had; the calls in flight are then cancelled, as they are when
    this is.
    """
    waiting: deque[Call] = deque(listing.start())
    flying: dict[asyncio.Task[Verdict], tuple[int, Call]] = {}
    landed: deque[asyncio.Task[Verdict]] = deque()
    landing = asyncio.Event()
    pages = _InOrder(limit, take)
    so_far: list[Any] = []
    asked = calls = count = 0
    stopped = limit is not None and limit <= 0

    def land(task: asyncio.Task[Verdict]) -> None:
        landed.append(task)
        landing.set()

    try:
        while not stopped and (waiting or flying):
            while waiting and len(flying) < concurrency:
                call = waiting.popleft()
                task = asyncio.create_task(caller.read(call))
                task.add_done_callback(land)  # `asyncio.wait` would look at all that fly for each that lands
                flying[task] = asked, call
                asked += 1
            await landing.wait()
            landing.clear()
            while landed and not stopped:
                task = landed.popleft()
                verdict = task.result()
                place, call = flying.pop(task)
                if verdict.kind == "stale":
                    raise verdict.error(call)  # no answer to a read
                new, further = listing.receive(call, verdict)
                calls += 1
                count += len(new)
                pages.add(place, new)
                waiting += further
                if progress is not None:
                    progress(count if limit is None else min(count, limit), _total(listing, limit))
                if until is not None:
                    so_far += new
                stopped = (limit is not None and count >= limit) or (until is not None and until(so_far))
    finally:
        for task in flying:
            task.cancel()
        if flying:
            await asyncio.gather(*flying, return_exceptions=True)
    stopped = (stopped and bool(waiting or flying)) or (limit is not None and count > limit)
    pages.end()
    gaps = () if stopped else tuple(listing.gaps())
    return Loaded(pages.kept, calls, listing.total(), gaps, tuple(listing.notes()), stopped)


class _InOrder:
    """Pages as they come, handed on in the order in which they were asked for: two loads of one list are in one order.

    At most `limit` tasks of them, to `take`, or they are `kept`.
    """

    def __init__(self, limit: int | None, take: Callable[[Sequence[Any]], object] | None) -> None:
        self.kept: list[Any] = []
        self._take = self.kept.extend if take is None else take
        self._left = limit
        self._early: dict[int, Sequence[Any]] = {}
        self._next = 0

    def add(self, place: int, tasks: Sequence[Any]) -> None:
        self._early[place] = tasks
        while self._next in self._early:
            self._hand_on(self._early.pop(self._next))
            self._next += 1

    def end(self) -> None:
        """No more will come: of a reading that was stopped, what came early."""
        for place in sorted(self._early):
            self._hand_on(self._early.pop(place))

    def _hand_on(self, tasks: Sequence[Any]) -> None:
        if self._left is not None:
            tasks = tasks[: self._left]
            self._left -= len(tasks)
        if tasks:
            self._take(tasks)


def _total(listing: Listing, limit: int | None) -> int | None:
    total = listing.total()
    if total is None or limit is None:
        return total
    return min(total, limit)
