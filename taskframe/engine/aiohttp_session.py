"""aiohttp's connections, as both transports of our own use them. Imported when one is made."""

from __future__ import annotations

import ssl
import weakref
from typing import Any

import aiohttp

from taskframe.engine.transport import IDLE

UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""The errors after which nothing can have been written: there was no connection to the service."""


def open_session(
    concurrency: int, context: ssl.SSLContext | None, *, idle: float | None = IDLE, decode: bool = True
) -> aiohttp.ClientSession:
    """A session that keeps no cookies and sends nothing twice; on the loop that runs."""
    connector = _Connector(limit=concurrency, ssl=True if context is None else context, keepalive_timeout=idle)
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=decode,
        middlewares=(_once,),
    )


class _Connector(aiohttp.TCPConnector):
    """aiohttp's, but that a connection on which something came while nobody had asked is not used again.

    aiohttp would take it for the reply to the next call, and wait for the rest of it without end.
    """

    def __init__(self, **options: Any) -> None:
        super().__init__(**options)
        self._used: weakref.WeakSet[object] = weakref.WeakSet()

    async def connect(
        self,
        req: aiohttp.ClientRequest,
        traces: list[Any],
        timeout: aiohttp.ClientTimeout,  # noqa: ASYNC109 - aiohttp's own
    ) -> aiohttp.connector.Connection:
        while True:
            connection = await super().connect(req, traces, timeout)
            protocol = connection.protocol
            if protocol is None or protocol not in self._used or not protocol.should_close:
                break
            connection.close()
        if protocol is not None:
            self._used.add(protocol)
        return connection


class _Dropped(aiohttp.ClientError):
    """The connection was dropped after the request may have been written; not a kind that aiohttp repeats."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending an idempotent request again when a kept-alive connection was dropped.

    It may have arrived, and every call is counted and limited: whether to send again is the engine's to decide.
    """
    try:
        return await handler(request)
    except UNSENT:
        raise  # never sent, never repeated
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Dropped(type(error).__name__) from error
