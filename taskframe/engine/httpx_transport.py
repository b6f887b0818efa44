"""httpx: for a client or transport that a user brings, and for proxies. Imported when such a transport is made.

Our own client runs on aiohttp's connections: httpx's pool gets slower with each connection in it.
"""

from __future__ import annotations

import asyncio
import base64
import weakref
from collections.abc import Mapping
from contextlib import suppress
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from aiohttp import hdrs
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from yarl import URL

from taskframe.engine.aiohttp_session import UNSENT, open_session
from taskframe.engine.transport import IDLE, MAX_BODY, NoReply, Request, connect_timeout, headers_of, too_long
from taskframe.errors import ProtocolError
from taskframe.services.base import Reply


class HttpxTransport:
    """Sends with an `httpx.AsyncClient`; closes it only when `owned`.

    Of a borrowed one, it closes the sockets that were opened for us: they live on our loop, which may end with us, and
    would then break the client's own `aclose`, and its next call. httpx takes new ones.
    """

    def __init__(self, client: httpx.AsyncClient, *, owned: bool, max_body: int = MAX_BODY) -> None:
        self._client = client
        self._owned = owned
        self._max_body = max_body
        self._opened: weakref.WeakSet[Any] = weakref.WeakSet()

    async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - part of the protocol
        """Send once. Raises `NoReply`, or `ProtocolError` for a body that is too long or can't be decoded."""
        # Raised after the `except`, not in it: the frames of httpx and aiohttp hold the headers, and so the token.
        try:
            async with asyncio.timeout(timeout):
                return await self._send(request, timeout)
        except TimeoutError:
            failure: Exception = NoReply(f"no answer within {timeout:g} s", sent=True)
        except httpx.DecodingError as error:
            failure = ProtocolError(f"the reply can't be decoded: {error}")
        except (httpx.HTTPError, httpx.InvalidURL, httpx.StreamError, aiohttp.ClientError, OSError) as error:
            failure = _no_reply(error)
        except ProtocolError as error:
            failure = too_long(self._max_body, error.status_code)
        raise failure

    async def aclose(self) -> None:
        """Close the client, if it is ours; else the sockets that it opened for us."""
        if self._owned:
            await self._client.aclose()
        for stream in list(self._opened):
            with suppress(Exception):  # it is going away
                await stream.aclose()

    async def _trace(self, event: str, info: Mapping[str, Any]) -> None:
        """What httpcore tells of its work: `connection.connect_tcp.complete` and the like bring the new socket."""
        if event.startswith("connection.connect_") and event.endswith(".complete"):
            self._opened.add(info["return_value"])

    async def _send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - handed on to httpx
        limits = {"connect": connect_timeout(timeout), "read": timeout, "write": timeout, "pool": timeout}
        if self._owned:
            # nothing of a client's to merge in
            outgoing = httpx.Request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                extensions={"timeout": limits},
            )
        else:
            outgoing = self._client.build_request(
                request.method,
                request.url,
                headers=request.headers,
                content=request.content,
                timeout=httpx.Timeout(**limits),
                extensions={"trace": self._trace},
            )
        response = await self._client.send(outgoing, stream=True, auth=None, follow_redirects=False)
        try:
            body = await self._read(response)
        except (httpx.TransportError, aiohttp.ClientError, OSError) as error:
            raise _Broken(f"the reply broke off ({type(error).__name__})") from error
        finally:
            await response.aclose()
        return Reply(response.status_code, headers_of(response.headers.raw), body)

    async def _read(self, response: httpx.Response) -> bytes:
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self._max_body:
                raise too_long(self._max_body, response.status_code)
            chunks.append(chunk)
        return b"".join(chunks)


class _Broken(httpx.ReadError):
    """The reply had begun."""


_UNSENT = (
    httpx.ConnectError,
    httpx.ConnectTimeout,
    httpx.PoolTimeout,
    httpx.UnsupportedProtocol,
    httpx.InvalidURL,
)


def _no_reply(error: Exception) -> NoReply:
    """What an error of httpx means. Its own words stay out where they may quote headers."""
    if isinstance(error, _Broken):
        return NoReply(str(error), sent=True)
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientError):
        # httpx-aiohttp's own transport calls a connection that was dropped *after* the request a ConnectTimeout
        error = cause
    unsent = isinstance(error, (*_UNSENT, *UNSENT))
    words = type(error).__name__
    if isinstance(error, httpx.ConnectError | aiohttp.ClientConnectorError):
        words += f": {error}"
    return NoReply(f"no connection could be made ({words})" if unsent else f"no answer came ({words})", sent=not unsent)


def default_client(*, concurrency: int = 64) -> httpx.AsyncClient:
    """An httpx client on aiohttp, for `concurrency` connections; proxies from the environment, as httpx reads them."""
    return _Client(
        verify=httpx.create_ssl_context(),
        limits=httpx.Limits(max_connections=concurrency, keepalive_expiry=IDLE),
        cookies=no_cookies(),
    )


def no_cookies() -> CookieJar:
    """A jar that takes none: no state between calls."""
    return CookieJar(DefaultCookiePolicy(allowed_domains=[]))


class _Client(httpx.AsyncClient):
    # The two hooks that httpx-aiohttp's own client overrides. A SOCKS proxy is left to httpx: aiohttp speaks none.

    def _init_transport(self, *_: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        return _Aiohttp(verify=kwargs["verify"], limits=kwargs["limits"])

    def _init_proxy_transport(self, proxy: httpx.Proxy, *_: Any, **kwargs: Any) -> httpx.AsyncBaseTransport:
        if proxy.url.scheme.startswith("socks"):
            return super()._init_proxy_transport(proxy, **kwargs)
        return _Aiohttp(verify=kwargs["verify"], limits=kwargs["limits"], proxy=proxy)


class _Aiohttp(AiohttpTransport):
    """httpx-aiohttp's transport, but that the URL goes out as it is and no error is taken for another."""

    def get_client(self) -> aiohttp.ClientSession:
        limits = self.limits
        # httpx decodes
        return open_session(limits.max_connections or 0, self.ssl_context, idle=limits.keepalive_expiry, decode=False)

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        session = self.client
        if not isinstance(session, aiohttp.ClientSession):
            session = self.client = self.get_client()  # here, as a session belongs to the loop that runs
        limits = request.extensions["timeout"]
        try:
            response = await session.request(
                request.method,
                # as it is: yarl would decode "%3A" and the like, and ids may hold anything
                URL(str(request.url), encoded=True),
                headers=request.headers,
                data=request.content or None,
                allow_redirects=False,
                timeout=aiohttp.ClientTimeout(connect=limits["connect"]),  # the whole is timed by who calls
                proxy=str(self.proxy.url) if self.proxy else None,
                proxy_headers=_proxy_headers(self.proxy) if self.proxy else None,
            )
        except (aiohttp.ClientError, OSError) as error:
            raise httpx.TransportError(str(error)) from error
        return httpx.Response(
            response.status,
            headers=response.raw_headers,
            stream=AiohttpResponseStream(response),
            request=request,
        )


def _proxy_headers(proxy: httpx.Proxy) -> dict[str, str]:
    headers = dict(proxy.headers)
    if proxy.raw_auth is not None:
        user, password = proxy.raw_auth
        headers[hdrs.PROXY_AUTHORIZATION] = f"Basic {base64.b64encode(user + b':' + password).decode('ascii')}"
    return headers
