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

    `tasks` are the service's own objects, in the order in which pages were asked for. `calls` counts the calls that
    were answered (not their retries). `stopped`: not read to its end, because `limit` or `until` said enough; then
    `gaps` is empty, as nothing is known of the rest.
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
) -> Loaded:
    """Read `listing` with up to `concurrency` calls in flight.

    Stops early when there are `limit` tasks, or when `until(tasks)` holds (asked after each page, with all tasks so
    far). `progress(done, total)` is told after each page; `total` is None where nobody knows. Raises ServiceError,
    AuthError or ProtocolError when one page can't be had; the calls in flight are then cancelled, as they are when
    this is.
    """
    waiting: deque[Call] = deque(listing.start())
    flying: dict[asyncio.Task[Verdict], tuple[int, Call]] = {}
    tasks: list[Any] = []
    pages: dict[int, Sequence[Any]] = {}  # by when they were asked for: two loads of one list are in one order
    asked = calls = 0
    stopped = limit is not None and limit <= 0
    try:
        while not stopped and (waiting or flying):
            while waiting and len(flying) < concurrency:
                call = waiting.popleft()
                flying[asyncio.create_task(caller.read(call))] = asked, call
                asked += 1
            done, _ = await asyncio.wait(flying, return_when=asyncio.FIRST_COMPLETED)
            for task in done:
                verdict = task.result()
                place, call = flying.pop(task)
                if verdict.kind == "stale":
                    raise verdict.error(call)  # no answer to a read
                new, further = listing.receive(call, verdict)
                calls += 1
                tasks += new
                pages[place] = new
                waiting += further
                total = _total(listing, limit)
                if progress is not None:
                    progress(len(tasks) if limit is None else min(len(tasks), limit), total)
                if (limit is not None and len(tasks) >= limit) or (until is not None and until(tasks)):
                    stopped = True
                    break
    finally:
        for task in flying:
            task.cancel()
        if flying:
            await asyncio.gather(*flying, return_exceptions=True)
    stopped = stopped and bool(waiting or flying)
    tasks = [task for place in sorted(pages) for task in pages[place]]
    if limit is not None:
        stopped = stopped or len(tasks) > limit
        del tasks[limit:]
    gaps = () if stopped else tuple(listing.gaps())
    return Loaded(tasks, calls, listing.total(), gaps, tuple(listing.notes()), stopped)


def _total(listing: Listing, limit: int | None) -> int | None:
    total = listing.total()
    if total is None or limit is None:
        return total
    return min(total, limit)
