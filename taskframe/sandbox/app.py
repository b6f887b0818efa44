"""The ASGI application: reads a call, lets a fault strike, has the service answer, logs, replies."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping
from functools import lru_cache
from typing import TYPE_CHECKING
from urllib.parse import parse_qsl

from starlette.routing import Mount, Router

from taskframe.sandbox.base import Call, Reply, ServiceSandbox, World, http_date, retry_after
from taskframe.sandbox.log import Record

if TYPE_CHECKING:
    from starlette.types import ASGIApp, Receive, Scope, Send

    from taskframe.sandbox.faults import Fault, Faults

logger = logging.getLogger("taskframe.sandbox")

_LOGIN_PAGE = b"<!doctype html><html><head><title>Sign in</title></head><body><h1>Sign in</h1></body></html>"
_WRONG_SHAPE = b'{"success":true,"data":{"items":[1,2,3]},"meta":"none"}'
_CHUNK = b" " * 65_536

Transports = dict[tuple[str, int], asyncio.Transport]


def application(
    services: Mapping[str, ServiceSandbox], world: World, faults: Faults, transports: Transports
) -> ASGIApp:
    """All services under one roof, each under its own prefix."""
    mounts = [
        Mount(f"/{name}", app=_Endpoint(service, world, faults, transports)) for name, service in services.items()
    ]
    return Router(routes=mounts, redirect_slashes=False, default=_Nowhere(world))


class _Endpoint:
    """One service at its prefix."""

    def __init__(self, service: ServiceSandbox, world: World, faults: Faults, transports: Transports) -> None:
        self._service = service
        self._world = world
        self._faults = faults
        self._transports = transports
        self._date = (0, "")

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = await _read(receive)
        if content is None:
            return  # the client left before it had sent its call
        clock, service = self._world.clock, self._service
        headers = {_text(name): _text(value) for name, value in scope["headers"]}
        query = parse_qsl(scope["query_string"].decode("latin-1"), keep_blank_values=True)
        path = scope["raw_path"].decode("ascii")[len(service.name) + 1 :]
        call = Call(service.name, scope["method"], path, tuple(query), headers, content, clock.now())
        target = service.target(call)
        fault = self._faults.strike(call, target)
        if fault is not None and fault.kind == "latency":
            await clock.sleep(fault.seconds)
        held = fault is not None and fault.kind != "latency" and fault.seconds > 0
        transport = self._transports.get(scope["client"])
        with self._world.lock:
            reply, shown = self._carry_out(call, fault)
            # A client that gave up during a latency gets no reply, and the log says so.
            sent = None if held or not _open(transport) else shown
            n = self._log(call, fault, reply, sent, held=held)
        if fault is None:
            if reply.status == 401:
                self._faults.came_to_nothing(call, target)
            await self._send(send, shown)
            return
        if held:
            try:
                await clock.sleep(fault.seconds)
            finally:
                sent = shown if _open(transport) else None
                status, raw = (sent.status, sent.content) if sent else (None, b"")
                self._world.log.finish(n, status=status, raw=raw, ended=clock.now())
        if shown is None or fault.kind == "cut-socket":
            if shown is not None:
                await self._send(send, shown, length=len(reply.content), more=True)
            await _hang_up(transport, receive, reset=fault.reset)
        elif fault.kind == "endless":
            await self._send_endlessly(send, shown, transport)
        else:
            await self._send(send, shown)

    def _carry_out(self, call: Call, fault: Fault | None) -> tuple[Reply, Reply | None]:
        """What the service answered, and what the client gets to see of it: None is nothing at all."""
        service = self._service
        if fault is None:
            reply = self._answer(call)
            return reply, reply
        if fault.kind == "others-edit":
            service.meddle(call, fault.columns)
        reply = self._answer(call) if fault.write else Reply(0, b"")
        return reply, self._distort(call, fault, reply)

    def _answer(self, call: Call) -> Reply:
        try:
            return self._service.throttle(call) or self._service.answer(call)
        except Exception:
            # A mistake of the sandbox itself must not pass for a fault that somebody asked for.
            logger.exception("the sandbox broke on %s %s%s", call.method, call.service, call.path)
            raise

    def _distort(self, call: Call, fault: Fault, reply: Reply) -> Reply | None:
        service, kind = self._service, fault.kind
        if kind in ("drop", "drop-after"):
            return None
        if fault.status is not None:
            refusal = service.refuse(fault.status)
            if fault.retry_after is not None:
                header = retry_after(fault.retry_after, fault.form, self._world.clock.now())
                refusal.headers.append(header)
            return refusal
        if kind == "html":
            return Reply(200, fault.body or _LOGIN_PAGE, content_type="text/html; charset=utf-8")
        if kind in ("cut", "cut-socket"):
            return Reply(reply.status, fault.body or reply.content[: len(reply.content) // 2])
        if kind == "wrong-shape":
            return Reply(200, fault.body or _WRONG_SHAPE)
        if kind == "unsuccessful":
            return service.unsuccessful()
        if kind == "other-task":
            return service.other_task(call)
        if kind == "endless":
            return Reply(200, b"")
        return reply

    def _log(self, call: Call, fault: Fault | None, reply: Reply, sent: Reply | None, *, held: bool) -> int:
        """Before the reply goes out, so that whoever has the reply finds its record."""
        service, now = self._service, self._world.clock.now()
        headers = call.headers.copy()
        for header in service.secret_headers & headers.keys():
            headers[header] = service.label(header, headers[header])
        return self._world.log.append(
            lambda n: Record(
                n=n,
                at=call.at,
                ended=None if held else now,
                service=call.service,
                method=call.method,
                path=call.path,
                query=call.query,
                headers=headers,
                content=call.content,
                status=sent.status if sent else None,
                raw=sent.content if sent else b"",
                fault=fault.kind if fault else None,
                task_id=reply.task_id or service.target(call),
                before=reply.before,
                after=reply.after,
            )
        )

    async def _send(self, send: Send, reply: Reply | None, *, length: int | None = None, more: bool = False) -> None:
        if reply is None:
            return
        size = len(reply.content) if length is None else length
        await send({"type": "http.response.start", "status": reply.status, "headers": self._head(reply, size)})
        await send({"type": "http.response.body", "body": reply.content, "more_body": more})

    async def _send_endlessly(self, send: Send, reply: Reply, transport: asyncio.Transport | None) -> None:
        head = self._head(reply, None)
        await send({"type": "http.response.start", "status": reply.status, "headers": head})
        while _open(transport):
            await send({"type": "http.response.body", "body": _CHUNK, "more_body": True})
            await asyncio.sleep(0)  # sending does not wait while the buffer has room; others want a turn

    def _head(self, reply: Reply, size: int | None) -> list[tuple[bytes, bytes]]:
        second = int(self._world.clock.now())
        if self._date[0] != second:
            self._date = (second, http_date(second))
        head = [(b"content-type", reply.content_type.encode()), (b"date", self._date[1].encode())]
        if size is not None:
            head.append((b"content-length", b"%d" % size))
        head.extend((name.encode(), value.encode()) for name, value in reply.headers)
        return head


class _Nowhere:
    """Answers for paths under no service's prefix: 404, and a record like any other."""

    def __init__(self, world: World) -> None:
        self._world = world

    async def __call__(self, scope: Scope, receive: Receive, send: Send) -> None:
        content = await _read(receive) or b""
        now = self._world.clock.now()
        path = scope["raw_path"].decode("ascii")
        raw = b'{"detail":"no service answers here"}'
        self._world.log.append(
            lambda n: Record(n, now, now, "", scope["method"], path, content=content, status=404, raw=raw)
        )
        head = [(b"content-type", b"application/json"), (b"content-length", b"%d" % len(raw))]
        await send({"type": "http.response.start", "status": 404, "headers": head})
        await send({"type": "http.response.body", "body": raw})


@lru_cache(maxsize=1024)
def _text(raw: bytes) -> str:
    """Header names and values hardly vary: the log of many calls holds each of them once."""
    return raw.decode("latin-1")


def _open(transport: asyncio.Transport | None) -> bool:
    return transport is not None and not transport.is_closing()


async def _read(receive: Receive) -> bytes | None:
    parts: list[bytes] = []
    while True:
        message = await receive()
        if message["type"] == "http.disconnect":
            return None
        parts.append(message.get("body", b""))
        if not message.get("more_body"):
            return b"".join(parts) if len(parts) > 1 else parts[0]


async def _hang_up(transport: asyncio.Transport | None, receive: Receive, *, reset: bool) -> None:
    """Close the connection under the server, and wait until it knows: else it would add a reply of its own."""
    if transport is not None:
        if reset:
            transport.abort()
        else:
            transport.close()
    while (await receive())["type"] != "http.disconnect":
        pass
