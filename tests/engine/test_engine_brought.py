"""Clients and transports of the user's, and proxies of the environment."""

import asyncio
import subprocess
import sys

import httpx
import pytest
from engine_wire import Wire, reply
from transport_stage import SECRET, get, on

from taskframe.engine.transport import (
    NoReply,
    Request,
    Transport,
    build_request,
    make_transport,
)
from taskframe.errors import SettingsError
from taskframe.services.base import Call, Reply

# what users bring


@pytest.mark.parametrize("kind", ["client", "transport"])
def test_what_the_user_brought_is_not_closed(kind: str) -> None:
    """It can be used after the connection was closed; only the socket that it opened for us went with our loop."""

    async def main() -> None:
        async with Wire(lambda seen: reply()) as wire, httpx.AsyncHTTPTransport() as inner:
            client = httpx.AsyncClient(transport=inner)
            transport = make_transport(wire.url, **({"client": client} if kind == "client" else {"transport": inner}))
            await transport.send(get(wire), 5)
            await transport.aclose()
            assert not client.is_closed
            assert (await client.get(wire.url)).status_code == 200
            assert wire.connections == 2

    asyncio.run(main())


def test_the_clients_own_auth_does_not_sign_our_calls() -> None:
    """We sign: a client with `auth=` can't replace our header, and its redirects are off."""

    async def main() -> None:
        async with (
            Wire(lambda seen: reply()) as wire,
            httpx.AsyncClient(auth=("me", "pw"), headers={"X-Team": "a"}) as client,
        ):
            transport = make_transport(wire.url, client=client)
            await transport.send(get(wire, authorization="Bearer ours"), 5)
            assert wire.seen[0].headers["authorization"] == "Bearer ours"
            assert wire.seen[0].headers["x-team"] == "a"

    asyncio.run(main())


def test_an_own_transport_object_is_used_and_not_closed() -> None:
    """Anything with `send` and `aclose`."""

    class Canned:
        closed = False

        async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - the protocol
            return Reply(200, {}, request.url.encode())

        async def aclose(self) -> None:
            self.closed = True

    canned = Canned()

    async def main() -> None:
        transport = make_transport("https://a", transport=canned)
        assert (await transport.send(build_request("https://a", Call("GET", "/x"), {}), 1)).body == b"https://a/x"
        await transport.aclose()

    asyncio.run(main())
    assert not canned.closed


def test_what_can_not_send_is_refused_with_what_to_pass() -> None:
    """Sync clients and transports, both options at once, and things that are neither."""
    with httpx.Client() as client, httpx.HTTPTransport() as transport:
        for options, words in [
            ({"client": client}, "AsyncClient"),
            ({"transport": transport}, "AsyncHTTPTransport"),
            ({"client": httpx.AsyncClient(), "transport": httpx.AsyncHTTPTransport()}, "not both"),
            ({"client": 7}, "int"),
            ({"transport": "x"}, "str"),
        ]:
            with pytest.raises(SettingsError, match=words):
                make_transport("https://a", **options)  # type: ignore[arg-type]


# proxies


@pytest.mark.parametrize("user", ["", "me:p%40ss@"])
def test_the_environments_proxy_is_used(user: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """HTTPS_PROXY as httpx reads it, with its password; a proxy that refuses leaves nothing in doubt."""

    async def main() -> None:
        async with Wire(lambda seen: reply(status=407)) as wire:
            monkeypatch.setenv("HTTPS_PROXY", f"http://{user}127.0.0.1:{wire.port}")
            monkeypatch.setenv("NO_PROXY", "")
            transport = make_transport("https://api.example.com")
            with pytest.raises(NoReply) as caught:
                await transport.send(
                    build_request("https://api.example.com", Call("GET", "/"), {"authorization": SECRET}), 5
                )
            await transport.aclose()
            assert not caught.value.sent
            assert (wire.seen[0].method, wire.seen[0].target) == ("CONNECT", "api.example.com:443")
            assert wire.seen[0].headers.get("proxy-authorization") == ("Basic bWU6cEBzcw==" if user else None)
            assert "authorization" not in wire.seen[0].headers
            assert "ss" not in str(caught.value).replace("passed", "")

    asyncio.run(main())


def test_this_very_machine_is_never_behind_a_proxy(monkeypatch: pytest.MonkeyPatch) -> None:
    """http to loopback is allowed because nobody reads it: no proxy does."""
    monkeypatch.setenv("HTTP_PROXY", "http://127.0.0.1:9")
    monkeypatch.setenv("ALL_PROXY", "http://127.0.0.1:9")

    async def do(transport: Transport, wire: Wire) -> None:
        assert (await transport.send(get(wire), 5)).status == 200

    on(lambda seen: reply(), do)


def test_httpx_is_imported_when_a_transport_is_made() -> None:
    """Not with the engine: importing stays light."""
    code = (
        "import sys, taskframe.engine.transport, taskframe.engine.caller, taskframe.engine.loading;"
        "sys.exit(bool({'httpx', 'aiohttp', 'yarl'} & set(sys.modules)))"
    )
    assert subprocess.run([sys.executable, "-c", code], timeout=60).returncode == 0
