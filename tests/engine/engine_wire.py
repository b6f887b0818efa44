"""A tiny server on a real socket, and a service that speaks to it; time that passes only when all are waiting."""

from __future__ import annotations

import asyncio
import heapq
import json
import ssl
from collections.abc import Awaitable, Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any, cast

from pydantic import BaseModel, SecretStr

from taskframe.services.base import Call, Limit, Reply, Service, Verdict


@dataclass
class Seen:
    """A request as it came over the wire."""

    method: str
    target: str
    headers: dict[str, str]
    body: bytes
    connection: int
    writer: asyncio.StreamWriter = field(repr=False)


Answer = Callable[[Seen], "bytes | Awaitable[bytes | None] | None"]
"""The bytes to send back; None: drop the connection."""


def reply(body: bytes | dict[str, Any] = b"{}", status: int = 200, **headers: str) -> bytes:
    data = body if isinstance(body, bytes) else json.dumps(body).encode()
    lines = [f"HTTP/1.1 {status} X", f"content-length: {len(data)}"]
    lines += [f"{name.replace('_', '-')}: {value}" for name, value in headers.items()]
    return "\r\n".join(lines).encode() + b"\r\n\r\n" + data


class Wire:
    """`async with Wire(answer) as wire`: answers, and keeps what it saw."""

    def __init__(self, answer: Answer, *, tls: ssl.SSLContext | None = None) -> None:
        self.answer = answer
        self.tls = tls
        self.seen: list[Seen] = []
        self.connections = 0

    async def __aenter__(self) -> Wire:
        self._news = asyncio.Condition()
        self._open: set[asyncio.Task[Any]] = set()
        self._server = await asyncio.start_server(self._serve, "127.0.0.1", 0, ssl=self.tls)
        self.port = self._server.sockets[0].getsockname()[1]
        self.url = f"http{'s' if self.tls else ''}://127.0.0.1:{self.port}"
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        for task in self._open:
            task.cancel()
        await asyncio.gather(*self._open, return_exceptions=True)
        await self._server.wait_closed()

    async def until(self, calls: int) -> None:
        """Wait for as many calls."""
        async with self._news:
            await self._news.wait_for(lambda: len(self.seen) >= calls)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        task = asyncio.current_task()
        assert task is not None
        self._open.add(task)
        self.connections += 1
        number = self.connections
        try:
            while True:
                head = (await reader.readuntil(b"\r\n\r\n")).decode("latin-1").split("\r\n")
                method, target, _ = head[0].split(" ", 2)
                headers = {k.lower(): v.strip() for k, v in (line.split(":", 1) for line in head[1:] if line)}
                body = await reader.readexactly(int(headers.get("content-length", 0)))
                seen = Seen(method, target, headers, body, number, writer)
                self.seen.append(seen)
                async with self._news:
                    self._news.notify_all()
                answer = self.answer(seen)
                data = await answer if isinstance(answer, Awaitable) else answer
                if data is None:
                    return
                writer.write(data)
                await writer.drain()
        except (asyncio.IncompleteReadError, ConnectionError, asyncio.CancelledError):
            pass
        finally:
            self._open.discard(task)
            writer.close()


class VirtualClock:
    """Time stands still while anything can run, then jumps to where the next sleeper wakes."""

    def __init__(self) -> None:
        self.time = 0.0
        self._sleepers: list[tuple[float, int, asyncio.Future[None]]] = []
        self._count = 0

    def now(self) -> float:
        return self.time

    def wall(self) -> float:
        return 1_700_000_000.0 + self.time

    async def sleep(self, seconds: float) -> None:
        self._count += 1
        future: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        heapq.heappush(self._sleepers, (self.time + max(0.0, seconds), self._count, future))
        await future

    async def drive(self, until: asyncio.Future[Any]) -> None:
        """Let time pass until `until` is done."""
        while not until.done():
            for _ in range(20):
                await asyncio.sleep(0)
            while self._sleepers and self._sleepers[0][2].done():
                heapq.heappop(self._sleepers)
            if self._sleepers and not until.done():
                self.time, _, future = heapq.heappop(self._sleepers)
                future.set_result(None)

    def run(self, coro: Any) -> Any:
        """Run `coro` on this time."""

        async def main() -> Any:
            task = asyncio.ensure_future(coro)
            await self.drive(task)
            return task.result()

        return asyncio.run(main())


class NoSettings(BaseModel):
    pass


class Plain:
    """A service in its simplest form: JSON, a bearer token, statuses that mean what they say."""

    name = "plain"
    label = "Plain"
    settings = NoSettings
    limits: Sequence[Limit] = ()

    def judge(self, call: Call, reply: Reply) -> Verdict:
        from taskframe.errors import ProtocolError

        request_id = reply.headers.get("x-request-id")
        about: dict[str, Any] = {"request_id": request_id, "status": reply.status}
        after = reply.headers.get("retry-after")
        match reply.status:
            case 200:
                try:
                    return Verdict("ok", json.loads(reply.body), **about)
                except ValueError:
                    raise ProtocolError("not JSON", status_code=200, request_id=request_id) from None
            case 401:
                return Verdict("expired", detail="bad key", **about)
            case 404:
                return Verdict("missing", **about)
            case 409:
                return Verdict("stale", detail="changed", **about)
            case 429:
                return Verdict("throttled", after=float(after) if after else None, detail="slow down", **about)
            case status if status >= 500:
                return Verdict("retry", detail="out of order", code="oops", in_doubt=True, **about)
        return Verdict("refused", detail="no", **about)

    def sign(self, settings: Any, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:
        secret = "" if token is None else token.get_secret_value()
        return {"Authorization": f"Bearer {secret}", "X-Nonce": nonce}


def plain() -> Service:
    """As much of a service as sending needs."""
    return cast("Service", Plain())


class Pages:
    """A list of `pages` pages, all known after the first, each of `size` tasks."""

    def __init__(self, pages: int, size: int = 2) -> None:
        self.pages = pages
        self.size = size
        self.got: list[int] = []

    def start(self) -> Sequence[Call]:
        return [Call("GET", "/tasks", params=(("page", "0"),))]

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        page = int(call.params[0][1])
        self.got.append(page)
        more = [Call("GET", "/tasks", params=(("page", str(n)),)) for n in range(1, self.pages)] if page == 0 else []
        return verdict.data["tasks"], more

    def total(self) -> int | None:
        return self.pages * self.size

    def gaps(self) -> Sequence[str]:
        return () if len(self.got) == self.pages else ("a page",)

    def notes(self) -> Sequence[str]:
        return ("a note",)


def page_of(seen: Seen) -> int:
    return int(seen.target.rsplit("=", 1)[1])
