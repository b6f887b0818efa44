"""What becomes of connections: used again, let go, given up, never mixed up. On both transports of our own."""

import asyncio
import itertools
import socket
from collections.abc import Iterator
from contextlib import suppress
from typing import Any

import aiohttp.connector
import pytest
from engine_wire import Seen, Wire, reply
from transport_stage import get, on, post

from taskframe.engine.transport import IDLE, NoReply, Request, Transport, make_transport
from taskframe.services.base import Reply


@pytest.fixture(params=["direct", "proxied"])
def ours(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What is used where the way is direct, and what where the environment names a proxy."""
    return {} if request.param == "direct" else {"client": "default"}


def test_a_connection_is_used_again_and_again_and_not_when_the_server_closes_it(ours: dict[str, Any]) -> None:
    """Ten calls one after another take one connection; after `Connection: close` it is another one."""

    async def do(transport: Transport, wire: Wire) -> None:
        for _ in range(10):
            await transport.send(get(wire), 5)
        assert wire.connections == 1
        await transport.send(get(wire, "/last"), 5)
        await transport.send(get(wire), 5)
        assert wire.connections == 2

    on(lambda seen: reply(connection="close") if seen.target == "/last" else reply(), do, **ours)


def test_a_connection_that_was_idle_for_long_is_let_go(ours: dict[str, Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """The server may just be dropping it: a call on it would be in doubt."""

    async def do(transport: Transport, wire: Wire) -> None:
        await transport.send(get(wire), 5)
        now = aiohttp.connector.monotonic
        monkeypatch.setattr(aiohttp.connector, "monotonic", lambda: now() + IDLE + 1)
        await transport.send(get(wire), 5)
        assert wire.connections == 2

    on(lambda seen: reply(), do, **ours)


LATE = {
    "the same reply": reply({"call": 1}),
    "a reply without an end": b"HTTP/1.1 408 X\r\n\r\n",
    "a half": b"HTTP/1.1 200 OK\r\ncontent-length: 11\r\n\r\n{",
    "nonsense": b"x",
}


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_bytes_that_nobody_asked_for_end_a_connection(late: bytes, ours: dict[str, Any]) -> None:
    """A second reply to one request must not be taken for the reply to the next one."""

    async def more(seen: Seen) -> bytes:
        if len(wires[0].seen) == 1:
            seen.writer.write(reply({"call": 1}))
            await seen.writer.drain()
            await asyncio.sleep(0.05)
            return late
        return reply({"call": len(wires[0].seen)})

    wires: list[Wire] = []

    async def do(transport: Transport, wire: Wire) -> None:
        wires.append(wire)
        assert (await transport.send(get(wire), 5)).body == b'{"call": 1}'
        await asyncio.sleep(0.2)
        assert (await transport.send(get(wire), 5)).body == b'{"call": 2}'
        assert wire.connections == 2

    on(more, do, **ours)


@pytest.mark.parametrize("late", LATE.values(), ids=LATE)
def test_bytes_right_behind_a_reply_are_not_the_next_one(late: bytes, ours: dict[str, Any]) -> None:
    """In one piece with the reply: that may be lost by it, but the next call gets its own."""

    async def do(transport: Transport, wire: Wire) -> None:
        with suppress(NoReply):
            assert (await transport.send(get(wire, "/1"), 5)).body == b'{"call": "/1"}'
        assert (await transport.send(get(wire, "/2"), 5)).body == b'{"call": "/2"}'
        assert wire.connections == 2

    on(lambda seen: reply({"call": seen.target}) + (late if seen.target == "/1" else b""), do, **ours)


def test_a_call_that_is_cancelled_leaves_its_reply_to_nobody(ours: dict[str, Any]) -> None:
    """Its connection is closed: what comes late is never the reply to another call."""

    async def slow(seen: Seen) -> bytes:
        if seen.target == "/slow":
            await asyncio.sleep(0.1)
        return reply({"target": seen.target})

    async def do(transport: Transport, wire: Wire) -> None:
        task = asyncio.create_task(transport.send(get(wire, "/slow"), 5))
        await wire.until(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        for n in range(5):
            assert (await transport.send(get(wire, f"/{n}"), 5)).body == b'{"target": "/%d"}' % n
            await asyncio.sleep(0.05)
        assert wire.connections == 2

    on(slow, do, **ours)


def test_who_waits_for_a_connection_was_not_sent(ours: dict[str, Any]) -> None:
    """One connection, and it is busy: the others' time is over before they have sent anything, and they say so."""

    async def slow(seen: Seen) -> bytes:
        await asyncio.sleep(1.0)
        return reply()

    async def do(transport: Transport, wire: Wire) -> None:
        ends = await asyncio.gather(
            transport.send(post(wire), 5), *[transport.send(post(wire), 0.3) for _ in range(3)], return_exceptions=True
        )
        assert isinstance(ends[0], Reply)
        assert all(isinstance(end, NoReply) and not end.sent for end in ends[1:])
        assert len(wire.seen) == 1

    on(slow, do, concurrency=1, **ours)


def test_many_calls_share_few_connections_and_all_get_their_own_reply(ours: dict[str, Any]) -> None:
    """500 calls over 7 connections; some are cancelled, some lose their reply, and nobody gets another's reply."""
    counter = itertools.count()
    lost: list[NoReply] = []

    async def some(seen: Seen) -> bytes | None:
        turn = next(counter)
        if turn % 11 == 0:
            return None
        if turn % 5 == 0:
            await asyncio.sleep(0.01)
        return reply({"target": seen.target})

    async def do(transport: Transport, wire: Wire) -> None:
        async def call(n: int) -> bool:
            try:
                found = await transport.send(get(wire, f"/{n}"), 20)
            except NoReply as error:
                lost.append(error)
                return False
            assert found.body == b'{"target": "/%d"}' % n
            return True

        tasks = [asyncio.create_task(call(n)) for n in range(500)]
        await wire.until(50)
        for task in tasks[::13]:
            task.cancel()
        ends = await asyncio.gather(*tasks, return_exceptions=True)
        assert sum(end is True for end in ends) > 300
        assert all(error.sent for error in lost)
        assert not [end for end in ends if isinstance(end, Exception)]

    on(some, do, concurrency=7, **ours)


def test_one_place_after_another_shares_the_connections() -> None:
    """Idle ones to one place don't keep those to another from being made."""

    async def main() -> None:
        async with Wire(lambda seen: reply()) as one, Wire(lambda seen: reply()) as other:
            transport = make_transport(one.url, concurrency=2)
            for _ in range(3):
                for wire in (one, other, one, other):
                    await asyncio.gather(*[transport.send(get(wire), 5) for _ in range(2)])
            await transport.aclose()

    asyncio.run(main())


@pytest.fixture
def sockets(monkeypatch: pytest.MonkeyPatch) -> Iterator[list[socket.socket]]:
    """All that aiohttp opens."""
    opened: list[socket.socket] = []
    start = aiohttp.connector.aiohappyeyeballs.start_connection

    async def kept(*args: Any, **options: Any) -> socket.socket:
        opened.append(await start(*args, **options))
        return opened[-1]

    monkeypatch.setattr(aiohttp.connector.aiohappyeyeballs, "start_connection", kept)
    yield opened
    for made in opened:
        made.close()


def test_closing_ends_calls_and_leaves_no_socket_behind(sockets: list[socket.socket]) -> None:
    """Who waits for a reply gets no reply, and was sent; after it nothing is sent any more."""

    async def never(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return reply()

    async def main() -> None:
        async with Wire(never) as wire:
            transport = make_transport(wire.url)
            calls = [asyncio.create_task(transport.send(get(wire), 30)) for _ in range(5)]
            await wire.until(5)
            await transport.aclose()
            ends = await asyncio.gather(*calls, return_exceptions=True)
            assert all(isinstance(end, NoReply) and end.sent for end in ends)
            assert [made.fileno() for made in sockets] == [-1] * 5
            with pytest.raises(NoReply, match="closed") as caught:
                await transport.send(get(wire), 5)
            assert not caught.value.sent
            assert len(wire.seen) == 5

    asyncio.run(main())


def test_what_was_closed_before_its_first_call_sends_nothing() -> None:
    """It opens no connection that nobody would close."""

    async def main() -> None:
        async with Wire(lambda seen: reply()) as wire:
            transport = make_transport(wire.url)
            await transport.aclose()
            with pytest.raises(NoReply, match="closed") as caught:
                await transport.send(get(wire), 5)
            assert not caught.value.sent
            assert not wire.connections

    asyncio.run(main())


@pytest.mark.parametrize("target", ["/a b", "/ü", "/a\r\nx-evil: 1"])
def test_an_address_that_is_not_encoded_is_not_sent(target: str) -> None:
    """It would be another request than the one that was asked for."""

    async def do(transport: Transport, wire: Wire) -> None:
        with pytest.raises(NoReply, match="percent-encoded") as caught:
            await transport.send(Request("GET", wire.url + target, {}, None), 5)
        assert not caught.value.sent
        assert wire.seen == []

    on(lambda seen: reply(), do)


def test_a_host_that_nobody_knows_was_not_sent() -> None:
    """A name without an address."""

    async def main() -> None:
        transport = make_transport("https://nobody.invalid")
        with pytest.raises(NoReply, match="no connection") as caught:
            await transport.send(Request("GET", "https://nobody.invalid/", {}, None), 5)
        assert not caught.value.sent
        await transport.aclose()

    asyncio.run(main())
