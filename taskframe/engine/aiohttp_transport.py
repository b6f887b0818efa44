"""The fast transport: aiohttp, with nothing between it and us. Imported when a transport is made.

httpx costs more a call than all of aiohttp, and its own pool gets slower with each connection.
"""

from __future__ import annotations

import ssl

import aiohttp
from yarl import URL

from taskframe.engine.transport import MAX_BODY, NoReply, Request, headers_of
from taskframe.errors import ProtocolError
from taskframe.services.base import Reply

# Many servers drop a connection that was idle for 5 s. A call on one that is just being dropped gets no answer and is
# in doubt: better let go of it first.
IDLE = 4.0

UNSENT = (
    aiohttp.ClientConnectorError,
    aiohttp.ConnectionTimeoutError,
    aiohttp.ClientHttpProxyError,
    aiohttp.InvalidURL,
)
"""The errors after which nothing can have been written: there was no connection to the service."""


class AiohttpTransport:
    """Sends with an `aiohttp.ClientSession` of its own, opened with the first call. Knows no proxies."""

    def __init__(self, *, context: ssl.SSLContext | None, concurrency: int = 64, max_body: int = MAX_BODY) -> None:
        self._context = context
        self._concurrency = concurrency
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None

    async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - part of the protocol
        """Send once. Raises `NoReply`, or `ProtocolError` for a body that is too long or can't be decoded."""
        session = self._session
        if session is None:  # here, as a session belongs to the loop that runs
            session = self._session = open_session(self._concurrency, self._context)
        status: int | None = None
        # Raised after the `except`, not in it: the frames of aiohttp hold the headers, and so the token.
        try:
            async with session.request(
                request.method,
                URL(request.url, encoded=True),  # as it is: yarl would decode "%3A" and the like
                headers=request.headers,
                data=request.content,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(total=timeout, connect=connect_timeout(timeout)),
            ) as response:
                status = response.status
                chunks, size = [], 0
                async for chunk in response.content.iter_any():
                    size += len(chunk)
                    if size > self._max_body:
                        break
                    chunks.append(chunk)
                else:
                    return Reply(status, headers_of(response.raw_headers), b"".join(chunks))
            failure: Exception = too_long(self._max_body, status)
        except UNSENT as error:
            failure = NoReply(f"no connection could be made ({_words(error)})", sent=False)
        except TimeoutError:
            failure = NoReply(f"no answer within {timeout:g} s", sent=True)
        except (aiohttp.ClientError, OSError) as error:
            if isinstance(error.__cause__, aiohttp.http_exceptions.ContentEncodingError):
                failure = ProtocolError("the reply can't be decoded", status_code=status)
            elif status is not None:
                failure = NoReply(f"the reply broke off ({type(error).__name__})", sent=True)
            else:
                failure = NoReply(f"no answer came ({type(error).__name__})", sent=True)
        raise failure

    async def aclose(self) -> None:
        """Close the connections."""
        if self._session is not None:
            await self._session.close()


def open_session(
    concurrency: int, context: ssl.SSLContext | None, *, idle: float | None = IDLE, decode: bool = True
) -> aiohttp.ClientSession:
    """A session that keeps no cookies and sends nothing twice; on the loop that runs."""
    connector = aiohttp.TCPConnector(
        limit=concurrency, ssl=True if context is None else context, keepalive_timeout=idle
    )
    return aiohttp.ClientSession(
        connector=connector,
        cookie_jar=aiohttp.DummyCookieJar(),
        auto_decompress=decode,
        middlewares=(_once,),
    )


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


def connect_timeout(timeout: float) -> float:
    """Seconds to get a connection: over before the whole call is, as one that never left is not in doubt."""
    return min(10.0, 0.8 * timeout)


def too_long(most: int, status: int | None) -> ProtocolError:
    """The error for a reply beyond the bound."""
    return ProtocolError(f"a reply of more than {most:,} bytes", status_code=status)


def _words(error: Exception) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, aiohttp.ClientConnectorError) else name
