"""The transport where the way is direct: aiohttp, with nothing between it and us. Imported when one is made.

httpx costs more a call than all of aiohttp, and its own pool gets slower with each connection.
"""

from __future__ import annotations

import asyncio
import ssl

import aiohttp
from yarl import URL

from taskframe.engine.aiohttp_session import UNSENT, open_session
from taskframe.engine.transport import MAX_BODY, NoReply, Request, connect_timeout, headers_of, too_long
from taskframe.errors import ProtocolError
from taskframe.services.base import Reply


class AiohttpTransport:
    """Sends with an `aiohttp.ClientSession` of its own, opened with the first call. Knows no proxies."""

    def __init__(self, *, context: ssl.SSLContext | None, concurrency: int = 64, max_body: int = MAX_BODY) -> None:
        self._context = context
        self._concurrency = concurrency
        self._max_body = max_body
        self._session: aiohttp.ClientSession | None = None
        self._closed = False

    async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - part of the protocol
        """Send once. Raises `NoReply`, or `ProtocolError` for a body that is too long or can't be decoded."""
        session = self._session
        if self._closed:
            raise NoReply("no connection could be made (the transport was closed)", sent=False)
        if session is None:  # here, as a session belongs to the loop that runs
            session = self._session = open_session(self._concurrency, self._context)
        url = request.url
        if not (url.isascii() and url.isprintable()) or " " in url:
            raise NoReply("no call could be made: its address is not percent-encoded", sent=False)
        status: int | None = None
        # Raised after the `except`, not in it: the frames of aiohttp hold the headers, and so the token.
        try:
            # asyncio's timeout, as aiohttp's own does not end all waiting for a body
            async with (
                asyncio.timeout(timeout),
                session.request(
                    request.method,
                    URL(url, encoded=True),  # as it is: yarl would decode "%3A" and the like
                    headers=request.headers,
                    data=request.content,
                    allow_redirects=False,
                    timeout=aiohttp.ClientTimeout(connect=connect_timeout(timeout)),
                ) as response,
            ):
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
        """Close the connections. Who waits for a reply, or for a connection, gets `NoReply`."""
        self._closed = True
        if self._session is not None:
            await self._session.close()


def _words(error: Exception) -> str:
    name = type(error).__name__
    return f"{name}: {error}" if isinstance(error, aiohttp.ClientConnectorError) else name
