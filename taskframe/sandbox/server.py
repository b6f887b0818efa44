"""The HTTP server: uvicorn on 127.0.0.1, in a thread of its own that ends with `close`."""

from __future__ import annotations

import asyncio
import os
import socket
import threading
from importlib.util import find_spec
from typing import TYPE_CHECKING, Any, Literal

import uvicorn
from uvicorn.config import HTTP_PROTOCOLS
from uvicorn.importer import import_from_string

if TYPE_CHECKING:
    from starlette.types import ASGIApp

HOST = "127.0.0.1"

Address = tuple[str, int]


def _protocol(transports: dict[Address, asyncio.Transport]) -> type[asyncio.Protocol]:
    """uvicorn's protocol, which also notes each connection's transport: to drop one, ASGI has no word for it."""
    kind: Literal["httptools", "h11"] = "httptools" if find_spec("httptools") else "h11"
    base: Any = HTTP_PROTOCOLS[kind]  # a dotted name, and in older versions of uvicorn too
    if isinstance(base, str):
        base = import_from_string(base)

    class Protocol(base):  # type: ignore[misc]
        def connection_made(self, transport: asyncio.Transport) -> None:
            self._mine = transport
            self._peer = transport.get_extra_info("peername")
            transports[self._peer] = transport
            super().connection_made(transport)

        def connection_lost(self, error: Exception | None) -> None:
            if transports.get(self._peer) is self._mine:  # the port may have a new connection by now
                del transports[self._peer]
            super().connection_lost(error)

    return Protocol


class _Uvicorn(uvicorn.Server):
    """uvicorn that stops at once when told to, rather than at the next tick and after the last client."""

    def __init__(self, config: uvicorn.Config, transports: dict[Address, asyncio.Transport]) -> None:
        super().__init__(config)
        self._transports = transports
        self.running = threading.Event()
        self._stop: asyncio.Event | None = None
        self._loop: asyncio.AbstractEventLoop | None = None

    async def main_loop(self) -> None:
        self._loop = asyncio.get_running_loop()
        self._stop = asyncio.Event()
        self.running.set()
        await self._stop.wait()

    async def shutdown(self, sockets: list[socket.socket] | None = None) -> None:
        for server in self.servers:
            server.close()
        for sock in sockets or ():
            sock.close()
        for transport in list(self._transports.values()):
            transport.abort()
        tasks = list(self.server_state.tasks)
        for task in tasks:
            task.cancel()
        await asyncio.gather(*tasks, return_exceptions=True)
        while self._transports:  # noqa: ASYNC110 - they empty within a turn or two of the loop
            await asyncio.sleep(0)
        for server in self.servers:
            await server.wait_closed()

    def stop(self) -> None:
        """Ask the server to stop, from any thread."""
        if self._loop is not None and self._stop is not None:
            self._loop.call_soon_threadsafe(self._stop.set)


def _listen(port: int) -> socket.socket:
    """A listening socket. Made by hand: asyncio turns Nagle's algorithm off only for sockets that say TCP,
    and `socket.create_server` makes ones that don't, which costs 40 ms a call.
    """
    sock = socket.socket(socket.AF_INET, socket.SOCK_STREAM, socket.IPPROTO_TCP)
    try:
        if os.name == "posix":
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        sock.bind((HOST, port))
    except BaseException:
        sock.close()
        raise
    return sock


class Server:
    """A running server. `transports` maps a client's address to its connection."""

    def __init__(self, app: ASGIApp, port: int, transports: dict[Address, asyncio.Transport]) -> None:
        self._socket = _listen(port)
        self.port: int = self._socket.getsockname()[1]
        config = uvicorn.Config(
            app,
            http=_protocol(transports),
            ws="none",
            loop="asyncio",
            lifespan="off",
            interface="asgi3",
            log_config=None,
            log_level="critical",
            access_log=False,
            proxy_headers=False,  # they would change the address by which a connection is found
            server_header=False,
            date_header=False,  # the sandbox's clock says what time it is
            timeout_keep_alive=3600,
            backlog=1024,
        )
        self._uvicorn = _Uvicorn(config, transports)
        self._errors: list[BaseException] = []
        self._thread = threading.Thread(target=self._run, name=f"taskframe-sandbox-{self.port}", daemon=True)
        self._thread.start()
        self._uvicorn.running.wait()
        if self._errors:
            self._thread.join()
            raise self._errors[0]

    @property
    def url(self) -> str:
        """Where the server answers."""
        return f"http://{HOST}:{self.port}"

    def _run(self) -> None:
        try:
            asyncio.run(self._uvicorn.serve(sockets=[self._socket]))
        except BaseException as error:
            self._errors.append(error)
        finally:
            self._socket.close()
            self._uvicorn.running.set()

    def close(self) -> None:
        """Stop: connections are aborted, calls in flight cancelled, the thread has ended on return."""
        self._uvicorn.stop()
        self._thread.join()
