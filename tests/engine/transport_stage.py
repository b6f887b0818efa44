"""A transport against a tiny server: what a user may give to `connect`, and how it is run."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

from engine_wire import Seen, Wire

from taskframe.engine.httpx_transport import HttpxTransport, default_client
from taskframe.engine.transport import MAX_BODY, Request, Transport, build_request, make_transport
from taskframe.services.base import Call

SECRET = "sk_live_3f9a"


def on(answer: Callable[[Seen], Any], do: Callable[[Transport, Wire], Any], **options: Any) -> None:
    """Run `do(transport, wire)` with the default transport against a server that answers so."""

    async def main() -> None:
        async with Wire(answer) as wire:
            if options.get("client") == "default":
                client = default_client(concurrency=options.get("concurrency", 64))
                most = options.get("max_body", MAX_BODY)
                transport: Transport = HttpxTransport(client, owned=True, max_body=most)
            else:
                transport = make_transport(wire.url, **options)
            try:
                await do(transport, wire)
            finally:
                await transport.aclose()
                for brought in (options.get("client"), options.get("transport")):
                    if brought not in (None, "default"):
                        await brought.aclose()

    asyncio.run(main())


def post(wire: Wire, **headers: str) -> Request:
    return build_request(wire.url, Call("POST", "/"), headers)


def get(wire: Wire, path: str = "/", **headers: str) -> Request:
    return build_request(wire.url, Call("GET", path), headers)
