"""The same updates by other means: each sends the bodies that it is given, reads the replies, and parses them.

All are run in processes of their own, and import what they need when they are.
"""

from __future__ import annotations

import asyncio
import json
from collections.abc import Awaitable, Callable, Sequence
from dataclasses import dataclass
from typing import Any

import msgspec

from tests.benchmarks.harness import check
from tests.benchmarks.serving import body_of

HEADERS = {"authorization": "Bearer rl_sk_x", "accept": "application/json", "content-type": "application/json"}
PATH = "/v1/agent/update-task"


@dataclass(frozen=True)
class Order:
    """What is to be sent, and where."""

    url: str
    bodies: Sequence[bytes]
    width: int


def order(url: str, calls: int, width: int) -> Order:
    """The updates of the first so many tasks."""
    return Order(url + PATH, [msgspec.json.encode(body_of(n)) for n in range(calls)], width)


Send = Callable[[bytes], Awaitable[bytes]]


async def _all(given: Order, send: Send) -> None:
    """As many coroutines as calls at once, and nothing else: no retries, no limits, no journal, no report."""
    left = iter(given.bodies)

    async def work() -> None:
        for body in left:
            _look(json.loads(await send(body)))

    await asyncio.gather(*[work() for _ in range(given.width)])


def _look(answer: Any) -> None:
    check(answer["data"]["version"] == 2, f"the answer is {answer}")


async def _over_httpx(given: Order, client: Any) -> None:
    async with client:

        async def send(body: bytes) -> bytes:
            content: bytes = (await client.post(given.url, content=body, headers=HEADERS)).content
            return content

        await _all(given, send)


def bare_httpx_aiohttp(given: Order) -> None:
    """httpx on the connections of aiohttp."""
    import httpx
    from httpx_aiohttp import HttpxAiohttpClient

    asyncio.run(_over_httpx(given, HttpxAiohttpClient(limits=httpx.Limits(max_connections=given.width))))


def stock_httpx(given: Order) -> None:
    """`httpx.AsyncClient` with its own pool, as many connections as calls at once."""
    import httpx

    limits = httpx.Limits(max_connections=given.width, max_keepalive_connections=given.width)
    asyncio.run(_over_httpx(given, httpx.AsyncClient(limits=limits, timeout=60)))


def requests_session(given: Order) -> None:
    """`requests.Session`, one call after another."""
    import requests

    with requests.Session() as session:
        for body in given.bodies:
            _look(json.loads(session.post(given.url, data=body, headers=HEADERS).content))


def bare_pyreqwest(given: Order) -> None:
    """pyreqwest, in Rust."""
    from pyreqwest.client import ClientBuilder

    async def main() -> None:
        async with ClientBuilder().build() as client:

            async def send(body: bytes) -> bytes:
                response = await client.post(given.url).headers(HEADERS).body_bytes(body).build().send()
                return bytes(await response.bytes())

            await _all(given, send)

    asyncio.run(main())


def reload_sdk(given: Order) -> None:
    """The vendor's own async client."""
    import httpx
    from reload import AsyncReloadApi

    async def main() -> None:
        limits = httpx.Limits(max_connections=given.width, max_keepalive_connections=given.width)
        async with httpx.AsyncClient(limits=limits, timeout=60) as http:
            base_url = given.url.removesuffix(PATH)
            client = AsyncReloadApi(base_url=base_url, token="rl_sk_x", httpx_client=http)
            left = iter(given.bodies)

            async def work() -> None:
                for body in left:
                    asked = json.loads(body)
                    answer = await client.tasks.update_task(
                        task_id=asked["taskId"], version=asked["version"], priority=asked["priority"]
                    )
                    check(answer.data.version == 2, "the answer is another")

            await asyncio.gather(*[work() for _ in range(given.width)])

    asyncio.run(main())
