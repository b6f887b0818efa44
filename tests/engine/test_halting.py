"""`Caller.halt`: nothing leaves any more, what is in flight goes on."""

from __future__ import annotations

import asyncio
import random
from collections.abc import Awaitable, Callable
from typing import Any

import pytest
from engine_wire import NoSettings, Plain, Seen, Wire, reply

from taskframe.engine.caller import Caller, Halted
from taskframe.engine.clock import Clock, ScaledClock, SystemClock
from taskframe.engine.limits import Limiter
from taskframe.engine.tokens import TokenSource
from taskframe.engine.transport import make_transport
from taskframe.services.base import Call, Limit

READ = Call("GET", "/tasks/1")
WRITE = Call("POST", "/tasks/1", json={"a": 1}, kind="unlocked")


def on(
    answer: Callable[[Seen], Any],
    do: Callable[[Caller, Wire], Awaitable[None]],
    *,
    limits: tuple[Limit, ...] = (),
    token: Any = "sk",
    clock: Clock | None = None,
) -> None:
    clock = clock or SystemClock()

    async def main() -> None:
        async with Wire(answer) as wire:
            transport = make_transport(wire.url)
            caller = Caller(
                Plain(), NoSettings(), transport, Limiter(limits, clock), TokenSource(token), clock, random.Random(1),
                base_url=wire.url, timeout=10.0,
            )  # fmt: skip
            try:
                await do(caller, wire)
            finally:
                await transport.aclose()

    asyncio.run(main())


def test_who_waits_for_a_slot_never_leaves() -> None:
    """Halted, not sent, not counted; and so is whoever comes later."""

    async def do(caller: Caller, wire: Wire) -> None:
        left: list[int] = []
        await caller.attempt(WRITE, on_leave=lambda: left.append(1))
        waiting = [asyncio.create_task(caller.attempt(WRITE, on_leave=lambda: left.append(1))) for _ in range(3)]
        await asyncio.sleep(0.01)
        caller.halt()
        caller.halt()
        assert [type(e) for e in await asyncio.gather(*waiting, return_exceptions=True)] == [Halted] * 3
        with pytest.raises(Halted):
            await caller.attempt(WRITE)
        assert len(left) == len(wire.seen) == caller.calls == 1

    on(lambda _: reply({}), do, limits=(Limit(1, per=1000),))


def test_a_call_in_flight_goes_on() -> None:
    """It left before: its reply counts."""
    arrived, go = asyncio.Event(), asyncio.Event()

    async def answer(_: Seen) -> bytes:
        arrived.set()
        await go.wait()
        return reply({"x": 1})

    async def do(caller: Caller, wire: Wire) -> None:
        call = asyncio.create_task(caller.attempt(WRITE))
        await arrived.wait()
        caller.halt()
        go.set()
        attempt = await call
        assert attempt.verdict is not None
        assert attempt.verdict.data == {"x": 1}

    on(answer, do)


@pytest.mark.parametrize("failure", [reply(status=500), reply(status=429, retry_after="200")])
def test_who_sleeps_before_another_attempt_wakes(failure: bytes) -> None:
    """A read between two attempts, after a failure or "come back in a while"."""
    arrived = asyncio.Event()

    def answer(_: Seen) -> bytes:
        arrived.set()
        return failure

    async def do(caller: Caller, wire: Wire) -> None:
        reading = asyncio.create_task(caller.read(READ))
        await arrived.wait()
        await asyncio.sleep(0.05)
        caller.halt()
        with pytest.raises(Halted):
            await reading
        assert len(wire.seen) == 1

    on(answer, do, clock=ScaledClock(0.001))  # what it sleeps would take minutes


def test_who_waits_for_a_token_never_leaves() -> None:
    """A callable that takes its time is not waited for; its slot is given back."""
    asked, go = asyncio.Event(), asyncio.Event()

    async def fresh() -> str:
        asked.set()
        await go.wait()
        return "sk"

    async def do(caller: Caller, wire: Wire) -> None:
        call = asyncio.create_task(caller.attempt(WRITE))
        await asked.wait()
        caller.halt()
        with pytest.raises(Halted):
            await call
        assert wire.seen == []

    on(lambda _: reply({}), do, token=fresh)


def test_a_cancellation_is_still_one() -> None:
    """Cancelled by somebody else at the same moment: that is what counts."""

    async def do(caller: Caller, wire: Wire) -> None:
        await caller.attempt(WRITE)
        waiting = asyncio.create_task(caller.attempt(WRITE))
        await asyncio.sleep(0.01)
        waiting.cancel()
        caller.halt()
        with pytest.raises(asyncio.CancelledError):
            await waiting

    on(lambda _: reply({}), do, limits=(Limit(1, per=1000),))


def test_a_halted_task_may_go_on_with_other_things() -> None:
    """The wake-up call is used up: what the task awaits next is not cancelled."""

    async def do(caller: Caller, wire: Wire) -> None:
        async def work() -> str:
            try:
                await caller.attempt(WRITE)
            except Halted:
                await asyncio.sleep(0.01)
                return "went on"
            return "sent"

        await caller.attempt(WRITE)
        task = asyncio.create_task(work())
        await asyncio.sleep(0.01)
        caller.halt()
        assert await task == "went on"
        assert task.cancelling() == 0

    on(lambda _: reply({}), do, limits=(Limit(1, per=1000),))
