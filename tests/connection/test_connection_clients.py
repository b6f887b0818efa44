"""The user's own client or transport: used as it is, and never closed behind their back."""

from __future__ import annotations

import asyncio
from typing import Any

import httpx
import pytest

import taskframe as tf


class Counting(httpx.AsyncBaseTransport):
    """A transport of the user's, around httpx's own."""

    def __init__(self) -> None:
        self._inner = httpx.AsyncHTTPTransport()
        self.calls = 0
        self.closed = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        self.calls += 1
        return await self._inner.handle_async_request(request)

    async def aclose(self) -> None:
        self.closed += 1
        await self._inner.aclose()


class Own:
    """An object with `send` and `aclose`, on top of anything."""

    def __init__(self) -> None:
        self._client = httpx.AsyncClient()
        self.requests: list[tf.Request] = []
        self.closed = 0

    async def send(self, request: tf.Request, timeout: float) -> tf.Reply:  # noqa: ASYNC109
        self.requests.append(request)
        try:
            reply = await self._client.request(
                request.method, request.url, headers=dict(request.headers), content=request.content, timeout=timeout
            )
        except httpx.HTTPError as error:
            raise tf.NoReply(type(error).__name__, sent=True) from None
        return tf.Reply(reply.status_code, dict(reply.headers), reply.content)

    async def aclose(self) -> None:
        self.closed += 1
        await self._client.aclose()


def _work(conn: tf.Connection) -> tf.Report:
    tasks = conn.load()
    rows = tasks.df.index[tasks.df["priority"] == "none"]
    tasks.df.loc[rows, "priority"] = "low"
    return tasks.plan().apply()


def test_an_httpx_client_is_used_and_left_open(box: tf.LocalSandbox) -> None:
    """Its headers go out with ours, its own timeout does not cut in; it is the user's to close."""
    client = httpx.AsyncClient(headers={"X-Team": "blue", "User-Agent": "theirs"}, timeout=0.001)
    with box.connect("reload", client=client, progress=False) as conn:
        assert _work(conn).ok
        assert {call.headers["x-team"] for call in box.log} == {"blue"}
        assert {call.headers["authorization"] for call in box.log} == {"<caller>"}
    assert not client.is_closed
    asyncio.run(client.aclose())


def test_an_httpx_client_survives_the_connection(box: tf.LocalSandbox) -> None:
    """Closing the connection does not close the client: another connection goes on with it."""
    client = httpx.AsyncClient()
    for _ in range(3):
        with box.connect("reload", client=client, progress=False) as conn:
            assert len(conn.load()) == 300
        assert not client.is_closed

    async def use_and_close() -> None:
        assert (await client.get(f"{box.url}/reload/v1/agent/list-tasks")).status_code == 401
        await client.aclose()

    asyncio.run(use_and_close())


def test_a_client_closes_with_async_with(box: tf.LocalSandbox) -> None:
    """In async code the client outlives the connection: `async with` around both is silent."""

    async def main() -> None:
        async with httpx.AsyncClient() as client:
            async with box.connect("reload", client=client, progress=False) as conn:
                assert len(await conn.load_async()) == 300
            assert not client.is_closed
        assert client.is_closed

    asyncio.run(main())


def test_an_httpx_transport_is_used_and_left_open(box: tf.LocalSandbox) -> None:
    """All calls go through it."""
    transport = Counting()
    with box.connect("reload", transport=transport, progress=False) as conn:
        assert _work(conn).ok
        assert transport.calls == len(box.log)
    assert transport.closed == 0
    asyncio.run(transport.aclose())


def test_an_object_with_send_and_aclose_is_used_and_left_open(box: tf.LocalSandbox) -> None:
    """Three lines are enough for any other client; the request's repr holds no secret."""
    own = Own()
    with box.connect("reload", transport=own, progress=False) as conn:
        assert _work(conn).ok
        assert len(own.requests) == len(box.log)
        assert box.settings("reload")["token"] not in repr(own.requests)
        assert own.closed == 0
        conn.run(own.aclose())
    assert own.closed == 1


def test_their_failures_are_tried_again(box: tf.LocalSandbox) -> None:
    """NoReply from a transport of the user's is a lost reply like any other."""
    own = Own()
    box.faults.add("drop", times=2, match="list-tasks")
    with box.connect("reload", transport=own, progress=False) as conn:
        assert len(conn.load(limit=10)) == 10
        conn.run(own.aclose())


@pytest.mark.parametrize(
    ("options", "words"),
    [
        ({"client": httpx.Client}, "AsyncClient, not an httpx.Client"),
        ({"client": object}, "AsyncClient, not object"),
        ({"transport": httpx.HTTPTransport}, "async transport"),
        ({"transport": object}, "send"),
    ],
)
def test_what_cannot_send_is_refused_with_words(box: tf.LocalSandbox, options: dict[str, Any], words: str) -> None:
    """SettingsError says what to pass instead."""
    made = {name: kind() for name, kind in options.items()}
    with pytest.raises(tf.SettingsError, match=words):
        box.connect("reload", **made)
    for each in made.values():
        getattr(each, "close", lambda: None)()


def test_both_are_one_too_many(box: tf.LocalSandbox) -> None:
    """A client has its own transport."""
    with pytest.raises(tf.SettingsError, match="not both"):
        box.connect("reload", client=httpx.AsyncClient(), transport=Own())
