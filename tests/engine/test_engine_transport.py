"""What every transport does, over a real socket: ours, and what users bring."""

import asyncio
import gzip
import json
import shutil
import ssl
import subprocess
import zlib
from collections.abc import Callable
from pathlib import Path
from typing import Any
from urllib.parse import quote

import httpx
import pytest
from engine_wire import Seen, Wire, reply
from httpx_aiohttp import AiohttpTransport
from transport_stage import SECRET, get, on, post

from taskframe.engine.httpx_transport import HttpxTransport, default_client
from taskframe.engine.transport import (
    NoReply,
    Transport,
    build_request,
    make_transport,
)
from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Reply


def odd_client() -> httpx.AsyncClient:
    return httpx.AsyncClient(follow_redirects=True, trust_env=False)


@pytest.fixture(params=["default", "proxied", "client", "transport", "aiohttp"])
def options(request: pytest.FixtureRequest) -> dict[str, Any]:
    """What a user may give to `connect`."""
    match request.param:
        case "proxied":
            return {"client": "default"}  # what is used when the environment names a proxy
        case "client":
            return {"client": odd_client()}
        case "transport":
            return {"transport": httpx.AsyncHTTPTransport()}
        case "aiohttp":
            return {"transport": AiohttpTransport()}
    return {}


@pytest.mark.parametrize("ours", [{}, {"client": "default"}])
def test_a_path_goes_over_the_wire_byte_for_byte(ours: dict[str, Any]) -> None:
    """Ids that hold ":", "/", "?", "#", "%", spaces and more come through as they were encoded."""
    ids = [
        "task:⟨a/b?c#d%2F⟩",
        "a b",
        "%",
        "%25",
        "a+b&c=d;e",
        "'\"<>[]{}|\\^`",
        "~._-!$()*,@",
        "a%zz",
        "é\u0301",
        "日本",
    ]
    paths = [f"/tasks/{quote(i, safe='')}" for i in ids] + ["/a:b@c/%3a%3A%7e~'()*!$&+,;=/", "/tasks/"]
    calls = [Call("GET", path, params=(("id", i),)) for path, i in zip(paths, [*ids, "x", "y"], strict=True)]

    async def do(transport: Transport, wire: Wire) -> None:
        for call in calls:
            await transport.send(build_request(wire.url, call, {}), 5)
        sent = [f"{call.path}?id={quote(call.params[0][1], safe='')}" for call in calls]
        assert [seen.target for seen in wire.seen] == sent

    on(lambda seen: reply(), do, **ours)


def test_a_reply_comes_back_whole(options: dict[str, Any]) -> None:
    """Status, headers with lower-case names, bytes; the request with its own headers and body."""

    async def do(transport: Transport, wire: Wire) -> None:
        call = Call("PATCH", "/t", json={"a": 1})
        got = await transport.send(build_request(wire.url, call, {"X-Key": SECRET}), 5)
        assert isinstance(got, Reply)
        assert (got.status, got.body) == (418, b'{"b": 2}')
        assert got.headers["x-request-id"] == "r1"
        seen = wire.seen[0]
        assert (seen.method, seen.body) == ("PATCH", b'{"a":1}')
        assert seen.headers["x-key"] == SECRET
        assert seen.headers["user-agent"].startswith("taskframe/")
        assert seen.headers["content-type"] == "application/json"
        assert seen.headers["accept"] == "application/json"

    on(lambda seen: reply({"b": 2}, 418, X_Request_Id="r1"), do, **options)


@pytest.mark.parametrize(("name", "pack"), [("gzip", gzip.compress), ("deflate", zlib.compress)])
def test_compressed_replies_are_decoded(name: str, pack: Callable[[bytes], bytes], options: dict[str, Any]) -> None:
    """gzip and deflate, on every kind of transport."""

    async def do(transport: Transport, wire: Wire) -> None:
        got = await transport.send(get(wire), 5)
        assert json.loads(got.body) == {"a": "x" * 1000}

    on(lambda seen: reply(pack(json.dumps({"a": "x" * 1000}).encode()), content_encoding=name), do, **options)


def test_a_reply_that_can_not_be_decoded_is_a_protocol_error(options: dict[str, Any]) -> None:
    """It came, but makes no sense."""

    async def do(transport: Transport, wire: Wire) -> None:
        with pytest.raises(ProtocolError, match="decoded"):
            await transport.send(get(wire), 5)

    on(lambda seen: reply(b"not gzip", content_encoding="gzip"), do, **options)


def test_redirects_are_not_followed_and_cookies_not_kept(options: dict[str, Any]) -> None:
    """The token goes to nobody else, even when the user's client follows redirects; no state between calls."""

    async def do(transport: Transport, wire: Wire) -> None:
        got = await transport.send(get(wire), 5)
        assert got.status == 302
        await transport.send(get(wire), 5)
        assert [seen.target for seen in wire.seen] == ["/", "/"]
        if not isinstance(options.get("client"), httpx.AsyncClient):  # a client of the user's may keep what it likes
            assert "cookie" not in wire.seen[1].headers

    on(lambda seen: reply(b"", 302, location="/elsewhere", set_cookie="a=b; Path=/"), do, **options)


@pytest.mark.parametrize("method", ["GET", "PUT", "DELETE", "POST"])
def test_a_dropped_connection_is_not_tried_again(method: str, options: dict[str, Any]) -> None:
    """A kept-alive connection that the server drops on the next call: one call there, one call here, in doubt."""
    if isinstance(options.get("transport"), AiohttpTransport) and method != "POST":
        pytest.skip("aiohttp repeats these by itself: what the user brings behaves as the user's")

    def answer(seen: Seen) -> bytes | None:
        return reply() if len(wires[0].seen) == 1 else None

    wires: list[Wire] = []

    async def do(transport: Transport, wire: Wire) -> None:
        wires.append(wire)
        await transport.send(get(wire), 5)
        with pytest.raises(NoReply) as caught:
            await transport.send(build_request(wire.url, Call(method, "/"), {"authorization": SECRET}), 5)
        assert caught.value.sent
        assert len(wire.seen) == 2
        assert [seen.connection for seen in wire.seen] == [1, 1]
        assert SECRET not in str(caught.value)

    on(answer, do, **options)


def test_no_secret_is_in_the_traceback_of_a_lost_reply(options: dict[str, Any]) -> None:
    """Not in the words, nor in the locals of any frame, nor in an exception that hangs on it."""

    async def do(transport: Transport, wire: Wire) -> None:
        with pytest.raises(NoReply) as caught:
            await transport.send(post(wire, authorization=SECRET), 5)
        assert caught.value.__cause__ is None
        assert caught.value.__context__ is None
        assert SECRET not in "".join(repr(entry.frame.f_locals) for entry in caught.traceback)

    on(lambda seen: None, do, **options)


def test_a_connection_that_can_not_be_made_was_not_sent(options: dict[str, Any]) -> None:
    """Nobody listens: nothing can have been written."""

    async def do(transport: Transport, wire: Wire) -> None:
        with pytest.raises(NoReply, match="no connection") as caught:
            await transport.send(build_request("http://127.0.0.1:9", Call("POST", "/"), {}), 5)
        assert not caught.value.sent

    on(lambda seen: None, do, **options)


@pytest.mark.parametrize(
    "answer",
    [
        b"",
        b"HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf",
        b"\x00\x01 nonsense\r\n\r\n",
        b"HTTP/1.1 200 OK\r\ncont",
    ],
)
def test_a_reply_that_breaks_off_was_sent(answer: bytes, options: dict[str, Any]) -> None:
    """Half a reply is none; the server may have done its work."""

    async def broken(seen: Seen) -> None:
        seen.writer.write(answer)
        await seen.writer.drain()

    async def do(transport: Transport, wire: Wire) -> None:
        with pytest.raises(NoReply) as caught:
            await transport.send(post(wire), 5)
        assert caught.value.sent
        assert len(wire.seen) == 1

    on(broken, do, **options)


@pytest.mark.parametrize("start", [b"", b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n1\r\na\r\n"])
def test_a_timeout_is_for_the_whole_call(start: bytes, options: dict[str, Any]) -> None:
    """A server that says nothing, or one byte every now and then: over after `timeout`, and in doubt."""

    async def drip(seen: Seen) -> None:
        if not start:
            await asyncio.sleep(60)
        seen.writer.write(start)
        while True:
            seen.writer.write(b"1\r\na\r\n")
            await seen.writer.drain()
            await asyncio.sleep(0.01)

    async def do(transport: Transport, wire: Wire) -> None:
        with pytest.raises(NoReply, match=r"within 0.3 s") as caught:
            await transport.send(get(wire), 0.3)
        assert caught.value.sent

    on(drip, do, **options)


def test_an_endless_reply_is_cut_off(options: dict[str, Any]) -> None:
    """Past the bound it is an error that names it, with bombs measured unpacked; the connection is not used again."""

    async def endless(seen: Seen) -> None:
        seen.writer.write(b"HTTP/1.1 200 OK\r\ntransfer-encoding: chunked\r\n\r\n")
        while True:
            seen.writer.write(b"1000\r\n" + b"a" * 0x1000 + b"\r\n")
            await seen.writer.drain()

    async def do(transport: Transport, wire: Wire) -> None:
        for _ in range(2):
            with pytest.raises(ProtocolError, match="100,000 bytes") as caught:
                await transport.send(get(wire), 20)
            assert caught.value.status_code == 200
        assert wire.connections == 2

    on(endless, do, max_body=100_000, **options)
    fresh = {"client": "default"} if options.get("client") == "default" else {}
    on(lambda seen: reply(gzip.compress(b"0" * 10**7), content_encoding="gzip"), do_bomb, max_body=100_000, **fresh)


async def do_bomb(transport: Transport, wire: Wire) -> None:
    with pytest.raises(ProtocolError, match="100,000 bytes"):
        await transport.send(get(wire), 20)


@pytest.mark.parametrize("ours", [{}, {"client": "default"}])
def test_as_many_connections_as_calls_in_flight(ours: dict[str, Any]) -> None:
    """64 calls at once use at most `concurrency` connections, and keep them."""

    async def slow(seen: Seen) -> bytes:
        await asyncio.sleep(0.01)
        return reply()

    async def do(transport: Transport, wire: Wire) -> None:
        for _ in range(3):
            await asyncio.gather(*[transport.send(get(wire), 10) for _ in range(64)])
        assert wire.connections == 16

    on(slow, do, concurrency=16, **ours)


@pytest.mark.skipif(shutil.which("openssl") is None, reason="needs openssl to make a certificate")
@pytest.mark.parametrize("proxied", [False, True])
def test_certificates_are_checked(proxied: bool, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """A certificate that nobody vouches for: nothing is sent. One that SSL_CERT_FILE vouches for: it is."""
    key, cert = str(tmp_path / "key.pem"), str(tmp_path / "cert.pem")
    make = ["openssl", "req", "-x509", "-newkey", "rsa:2048", "-nodes", "-days", "2", "-subj", "/CN=x"]
    subprocess.run(
        [*make, "-addext", "subjectAltName=IP:127.0.0.1", "-keyout", key, "-out", cert], check=True, capture_output=True
    )
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    context.load_cert_chain(cert, key)

    def fresh(url: str) -> Transport:
        return HttpxTransport(default_client(), owned=True) if proxied else make_transport(url)

    async def main() -> None:
        async with Wire(lambda seen: reply(), tls=context) as wire:
            strict = fresh(wire.url)
            with pytest.raises(NoReply, match=r"no connection.*ertificate") as caught:
                await strict.send(get(wire), 5)
            await strict.aclose()
            assert not caught.value.sent
            assert wire.seen == []
            monkeypatch.setenv("SSL_CERT_FILE", cert)
            trusting = fresh(wire.url)
            assert (await trusting.send(get(wire), 5)).status == 200
            await trusting.aclose()

    asyncio.run(main())
