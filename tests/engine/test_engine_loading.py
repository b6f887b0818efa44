import asyncio
import random
from collections.abc import Callable
from typing import Any

import pytest
from engine_wire import NoSettings, Pages, Seen, Wire, page_of, plain, reply

from taskframe.engine.caller import Caller
from taskframe.engine.clock import ScaledClock
from taskframe.engine.limits import Limiter
from taskframe.engine.loading import Loaded, load
from taskframe.engine.tokens import TokenSource
from taskframe.engine.transport import make_transport
from taskframe.errors import ServiceError


def page(seen: Seen) -> bytes:
    number = page_of(seen)
    return reply({"tasks": [2 * number, 2 * number + 1]})


async def loading(wire: Wire, listing: Any, **options: Any) -> Loaded:
    clock = ScaledClock(1000)
    transport = make_transport(wire.url)
    caller = Caller(
        plain(), NoSettings(), transport, Limiter((), clock), TokenSource("t"), clock, random.Random(1),
        base_url=wire.url, timeout=10,
    )  # fmt: skip
    try:
        return await load(listing, caller, **{"concurrency": 4, **options})
    finally:
        await transport.aclose()
        assert len(asyncio.all_tasks()) == 1 + len(wire._open), "a task was left behind"


def run(answer: Callable[[Seen], Any], do: Callable[[Wire], Any]) -> Any:
    async def main() -> Any:
        async with Wire(answer) as wire:
            return await do(wire)

    return asyncio.run(main())


def test_all_pages_are_read() -> None:
    """Each once; with counts, gaps and notes of the listing."""

    async def do(wire: Wire) -> None:
        told: list[tuple[int, int | None]] = []
        loaded = await loading(wire, Pages(10), progress=lambda done, total: told.append((done, total)))
        assert sorted(loaded.tasks) == list(range(20))
        assert (loaded.calls, loaded.total, loaded.gaps, loaded.notes, loaded.stopped) == (
            10,
            20,
            (),
            ("a note",),
            False,
        )
        assert len(wire.seen) == 10
        assert told == [(n, 20) for n in range(2, 21, 2)]

    run(page, do)


def test_tasks_are_in_the_order_of_their_pages_whatever_comes_first() -> None:
    """Two loads of one list are in one order: what pandas does by position gives the same again."""
    last = asyncio.Event()

    async def answer(seen: Seen) -> bytes:
        if page_of(seen) == 3:
            last.set()
        elif page_of(seen) == 1:
            await last.wait()
            await asyncio.sleep(0.05)  # the last is answered first, as a rule
        return page(seen)

    async def do(wire: Wire) -> None:
        assert (await loading(wire, Pages(4))).tasks == list(range(8))

    run(answer, do)


def test_several_calls_are_in_flight_and_never_more_than_asked_for() -> None:
    """`concurrency` is reached where paging allows, and not passed."""
    flying, most = 0, 0

    async def answer(seen: Seen) -> bytes:
        nonlocal flying, most
        flying += 1
        most = max(most, flying)
        await asyncio.sleep(0.01)
        flying -= 1
        return page(seen)

    async def do(wire: Wire) -> None:
        await loading(wire, Pages(30), concurrency=5)
        assert most == 5

    run(answer, do)


@pytest.mark.parametrize("limit", [0, 1, 2, 5, 20])
def test_a_limit_stops_early(limit: int) -> None:
    """Exactly `limit` tasks, without reading the whole list; a wanted limit is no gap."""

    async def do(wire: Wire) -> None:
        loaded = await loading(wire, Pages(10), limit=limit, concurrency=2)
        assert len(loaded.tasks) == limit
        assert loaded.gaps == ()
        assert loaded.stopped == (limit < 20)
        if limit < 20:
            assert len(wire.seen) <= 5

    run(page, do)


def test_until_stops_early() -> None:
    """As soon as the tasks asked for are there."""

    async def do(wire: Wire) -> None:
        loaded = await loading(wire, Pages(100), until=lambda tasks: 3 in tasks, concurrency=2)
        assert loaded.stopped
        assert len(wire.seen) <= 5

    run(page, do)


def test_a_page_that_fails_fails_the_load() -> None:
    """The calls in flight are cancelled, nothing is left behind, and the error is the page's."""

    async def answer(seen: Seen) -> bytes:
        if page_of(seen) == 2:
            return reply(status=500)
        if page_of(seen) > 2:
            await asyncio.sleep(60)
        return page(seen)

    async def do(wire: Wire) -> None:
        with pytest.raises(ServiceError, match="out of order"):
            await loading(wire, Pages(10))

    run(answer, do)


def test_a_listing_that_gives_up_fails_the_load() -> None:
    """`receive` may raise: a list that can't be read at all."""

    class Refuses(Pages):
        def receive(self, call: Any, verdict: Any) -> Any:
            if call.params[0][1] == "3":
                raise verdict.error(call)
            return super().receive(call, verdict)

    async def do(wire: Wire) -> None:
        with pytest.raises(ServiceError, match="no"):
            await loading(wire, Refuses(10))

    run(lambda seen: reply(status=400) if page_of(seen) == 3 else page(seen), do)


def test_a_cancelled_load_leaves_nothing_behind() -> None:
    """An interrupt in the middle: no task, no call in flight."""

    async def answer(seen: Seen) -> bytes:
        if page_of(seen):
            await asyncio.sleep(60)
        return page(seen)

    async def do(wire: Wire) -> None:
        before = len(asyncio.all_tasks())
        task = asyncio.create_task(load_and_close(wire))
        await wire.until(5)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for _ in range(100):
            await asyncio.sleep(0.001)
        assert len(asyncio.all_tasks()) == before + len(wire._open)

    async def load_and_close(wire: Wire) -> None:
        clock = ScaledClock(1000)
        transport = make_transport(wire.url)
        caller = Caller(
            plain(), NoSettings(), transport, Limiter((), clock), TokenSource("t"), clock, random.Random(1),
            base_url=wire.url, timeout=10,
        )  # fmt: skip
        try:
            await load(Pages(10), caller, concurrency=4)
        finally:
            await transport.aclose()

    run(answer, do)
