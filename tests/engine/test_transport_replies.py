"""Replies of any form that HTTP/1.1 has, and what is none, over a real socket: on both transports of our own."""

import asyncio
import gzip
import zlib
from collections.abc import Callable
from typing import Any

import pytest
from engine_wire import Seen, Wire
from transport_stage import get, on

from taskframe.engine.transport import NoReply, Transport, build_request
from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Reply

USUAL = b"HTTP/1.1 200 OK\r\nX-A: 1\r\nx-a:  2 \r\nContent-Length: 5\r\n\r\nhello"
CHUNKED = (
    b"HTTP/1.1 200 OK\r\nTransfer-Encoding: chunked\r\nX-A: 1, 2\r\n\r\n2\r\nhe\r\n3;x=y\r\nllo\r\n0\r\nT: r\r\n\r\n"
)
FORMS = {
    "usual": (USUAL, True),
    "in chunks": (CHUNKED, True),
    "after an early hint": (b"HTTP/1.1 103 Early Hints\r\nlink: x\r\n\r\n" + USUAL, True),
    "after a continue": (b"HTTP/1.1 100 Continue\r\n\r\n" + CHUNKED, True),
    "without a phrase": (USUAL.replace(b"200 OK", b"200"), True),
    "that closes": (USUAL.replace(b"X-A: 1", b"Connection: Close\r\nX-A: 1"), False),
    "of an older server": (USUAL.replace(b"HTTP/1.1", b"HTTP/1.0"), False),
}


@pytest.fixture(params=["direct", "proxied"])
def ours(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What is used where the way is direct, and what where the environment names a proxy."""
    return {} if request.param == "direct" else {"client": "default"}


def pieces(data: bytes, size: int) -> list[bytes]:
    return [data[at : at + size] for at in range(0, len(data), size)]


def wrote(data: bytes, size: int = 10_000, *, drop: bool = False) -> Callable[[Seen], Any]:
    """Answers with these bytes, which arrive in pieces; `drop`: and closes."""

    async def answer(seen: Seen) -> bytes | None:
        for piece in pieces(data, size):
            seen.writer.write(piece)
            await seen.writer.drain()
            await asyncio.sleep(0)
        return None if drop else b""

    return answer


def got(answer: Callable[[Seen], Any], ours: dict[str, Any], method: str = "GET", calls: int = 1) -> tuple[Any, int]:
    """What comes of so many calls: the last one's reply or error, and how many connections they took."""
    ends: list[Any] = []
    connections = 0

    async def do(transport: Transport, wire: Wire) -> None:
        nonlocal connections
        for _ in range(calls):
            try:
                ends.append(await transport.send(build_request(wire.url, Call(method, "/"), {}), 5))
            except (NoReply, ProtocolError) as error:
                ends.append(error)
        assert len(wire.seen) == calls
        connections = wire.connections

    on(answer, do, **ours)
    return ends[-1], connections


@pytest.mark.parametrize("size", [1, 2, 7, 10_000])
@pytest.mark.parametrize("form", FORMS)
def test_a_reply_of_any_form_is_read_whole_however_it_arrives(form: str, size: int, ours: dict[str, Any]) -> None:
    """Status, headers and body are the same in every form; a connection that can be used again is."""
    data, again = FORMS[form]
    found, connections = got(wrote(data, size), ours, calls=2)
    assert isinstance(found, Reply), found
    assert (found.status, found.body, found.headers["x-a"]) == (200, b"hello", "1, 2")
    assert connections == (1 if again else 2)


def test_a_reply_without_a_length_ends_with_its_connection(ours: dict[str, Any]) -> None:
    """And only then."""
    found, _ = got(wrote(b"HTTP/1.1 200 OK\r\nx-a: 1\r\n\r\nhello", 9, drop=True), ours)
    assert isinstance(found, Reply)
    assert found.body == b"hello"


@pytest.mark.parametrize("status", [204, 304])
def test_a_status_without_a_body_ends_at_once(status: int, ours: dict[str, Any]) -> None:
    """Whatever length it tells of."""
    found, _ = got(wrote(b"HTTP/1.1 %d X\r\ncontent-length: 9\r\n\r\n" % status), ours, calls=2)
    assert (found.status, found.body) == (status, b"")


def test_a_head_has_no_body(ours: dict[str, Any]) -> None:
    """As the request asked for none."""
    found, _ = got(wrote(USUAL.removesuffix(b"hello")), ours, method="HEAD", calls=2)
    assert (found.status, found.body) == (200, b"")


BROKEN = {
    "two lengths": b"HTTP/1.1 200 OK\r\ncontent-length: 5\r\ncontent-length: 6\r\n\r\nhello",
    "a negative length": b"HTTP/1.1 200 OK\r\ncontent-length: -5\r\n\r\nhello",
    "a length of other digits": "HTTP/1.1 200 OK\r\ncontent-length: \u00b25\r\n\r\nhello".encode("latin-1"),
    "a line without a colon": b"HTTP/1.1 200 OK\r\nnonsense\r\ncontent-length: 5\r\n\r\nhello",
    "a NUL in a value": b"HTTP/1.1 200 OK\r\nx: a\x00b\r\ncontent-length: 5\r\n\r\nhello",
    "a bare CR in a value": b"HTTP/1.1 200 OK\r\nx: a\rb\r\ncontent-length: 5\r\n\r\nhello",
    "a status of two digits": b"HTTP/1.1 20 OK\r\ncontent-length: 5\r\n\r\nhello",
    "another protocol": b"SSH-2.0-x\r\n\r\n",
    "another version": b"HTTP/3.1 200 OK\r\ncontent-length: 5\r\n\r\nhello",
    "a chunk of nonsense": b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\nzz\r\nhello",
    "headers without end": b"HTTP/1.1 200 OK\r\n" + b"x: y\r\n" * 50_000,
    "a header without end": b"HTTP/1.1 200 OK\r\nx: " + b"y" * 300_000,
}


@pytest.mark.parametrize("size", [3, 10_000])
@pytest.mark.parametrize("name", BROKEN)
def test_what_is_no_http_is_no_reply(name: str, size: int, ours: dict[str, Any]) -> None:
    """It was sent, so it is in doubt; the connection is not used again."""
    if size == 3 and len(BROKEN[name]) > 10_000:
        size = 3_000
    found, connections = got(wrote(BROKEN[name], size), ours, calls=2)
    assert isinstance(found, NoReply), found
    assert found.sent
    assert connections == 2


@pytest.mark.parametrize("form", FORMS)
def test_every_cut_of_every_form_is_noticed(form: str, ours: dict[str, Any]) -> None:
    """No piece of a reply passes for a whole one."""
    data, _ = FORMS[form]

    async def do(transport: Transport, wire: Wire) -> None:
        for _ in range(0, len(data), 3):
            with pytest.raises(NoReply) as caught:
                await transport.send(get(wire), 5)
            assert caught.value.sent

    async def cut(seen: Seen) -> None:
        at = 3 * next(ats)
        seen.writer.write(data[:at])
        await seen.writer.drain()

    ats = iter(range(len(data)))
    on(cut, do, **ours)


@pytest.mark.parametrize(
    ("encoding", "pack"),
    [
        ("gzip", gzip.compress),
        ("deflate", zlib.compress),
        ("deflate", lambda data: zlib.compress(data)[2:-4]),
        ("identity", lambda data: data),
    ],
    ids=["gzip", "deflate", "bare deflate", "identity"],
)
def test_encodings_are_undone(encoding: str, pack: Callable[[bytes], bytes], ours: dict[str, Any]) -> None:
    """Those that we say we take, in all their forms."""
    body = pack(b"hello" * 100)
    found, _ = got(
        wrote(
            b"HTTP/1.1 200 OK\r\ncontent-encoding: %s\r\ncontent-length: %d\r\n\r\n%s"
            % (encoding.encode(), len(body), body)
        ),
        ours,
    )
    assert found.body == b"hello" * 100
