"""The default transport: httpx on aiohttp, and any httpx client that a user brings.

Stock httpx gets slower with each connection in its pool; aiohttp's does not. Imported when a transport is made.
"""

from __future__ import annotations

import asyncio
import base64
from http.cookiejar import CookieJar, DefaultCookiePolicy
from typing import Any

import aiohttp
import httpx
from aiohttp import hdrs
from httpx_aiohttp import AiohttpTransport
from httpx_aiohttp.transport import AiohttpResponseStream
from yarl import URL

from taskframe.engine.transport import MAX_BODY, NoReply, Request, is_loopback
from taskframe.errors import ProtocolError
from taskframe.services.base import Reply

# Many servers drop a connection that was idle for 5 s. A call on one that is just being dropped gets no answer and is
# in doubt: better let go of it first.
_IDLE = 4.0
_CONNECT = 10.0


class HttpxTransport:
    """Sends with an `httpx.AsyncClient`; closes it only when `owned`."""

    def __init__(self, client: httpx.AsyncClient, *, owned: bool, max_body: int = MAX_BODY) -> None:
        self._client = client
        self._owned = owned
        self._max_body = max_body

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
        except _Bad as error:
            failure = ProtocolError(error.words, status_code=error.status)
        raise failure

    async def aclose(self) -> None:
        """Close the client, if it is ours."""
        if self._owned:
            await self._client.aclose()

    async def _send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - handed on to httpx
        connect = min(_CONNECT, 0.8 * timeout)  # before the whole is over: a call that never left is not in doubt
        limits = {"connect": connect, "read": timeout, "write": timeout, "pool": timeout}
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
            )
        response = await self._client.send(outgoing, stream=True, auth=None, follow_redirects=False)
        try:
            body = await self._read(response)
        except (httpx.TransportError, aiohttp.ClientError, OSError) as error:
            raise _Broken(f"the reply broke off ({type(error).__name__})") from error
        finally:
            await response.aclose()
        headers: dict[str, str] = {}
        for raw, value in response.headers.raw:
            name, text = raw.decode("latin-1").lower(), value.decode("latin-1")
            headers[name] = f"{headers[name]}, {text}" if name in headers else text
        return Reply(response.status_code, headers, body)

    async def _read(self, response: httpx.Response) -> bytes:
        chunks, size = [], 0
        async for chunk in response.aiter_bytes():
            size += len(chunk)
            if size > self._max_body:
                raise _Bad(f"a reply of more than {self._max_body:,} bytes", response.status_code)
            chunks.append(chunk)
        return b"".join(chunks)


class _Bad(Exception):
    def __init__(self, words: str, status: int) -> None:
        super().__init__(words)
        self.words = words
        self.status = status


class _Broken(httpx.ReadError):
    """The reply had begun."""


def _no_reply(error: Exception) -> NoReply:
    """What an error of httpx means. Its own words stay out where they may quote headers."""
    cause = error.__cause__
    if isinstance(cause, aiohttp.ClientError):
        # httpx-aiohttp's own transport calls a connection that was dropped *after* the request a ConnectTimeout
        error = cause
    unsent = isinstance(
        error,
        httpx.ConnectError
        | httpx.ConnectTimeout
        | httpx.PoolTimeout
        | httpx.UnsupportedProtocol
        | httpx.InvalidURL
        | aiohttp.ClientConnectorError
        | aiohttp.ConnectionTimeoutError
        | aiohttp.ClientHttpProxyError
        | aiohttp.InvalidURL,
    )
    if isinstance(error, _Broken):
        return NoReply(str(error), sent=True)
    words = type(error).__name__
    if isinstance(error, httpx.ConnectError | aiohttp.ClientConnectorError):
        words += f": {error}"
    return NoReply(f"no connection could be made ({words})" if unsent else f"no answer came ({words})", sent=not unsent)


def default_client(base_url: str, *, concurrency: int = 64) -> httpx.AsyncClient:
    """An httpx client on aiohttp, for `concurrency` connections; proxies from the environment, as httpx reads them.

    This very machine is never behind a proxy: there http is allowed, and no proxy shall read it.
    """
    return _Client(
        verify=httpx.create_ssl_context(),
        trust_env=not is_loopback(base_url),
        limits=httpx.Limits(max_connections=concurrency, keepalive_expiry=_IDLE),
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
        connector = aiohttp.TCPConnector(
            limit=self.limits.max_connections or 0, ssl=self.ssl_context, keepalive_timeout=self.limits.keepalive_expiry
        )
        return aiohttp.ClientSession(
            connector=connector,
            cookie_jar=aiohttp.DummyCookieJar(),
            auto_decompress=False,  # httpx does
            middlewares=(_once,),
        )

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
                timeout=aiohttp.ClientTimeout(sock_connect=limits["connect"]),  # the whole is timed by who calls
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


class _Dropped(aiohttp.ClientError):
    """The connection was dropped after the request may have been written; not a kind that aiohttp repeats."""


async def _once(request: aiohttp.ClientRequest, handler: aiohttp.ClientHandlerType) -> aiohttp.ClientResponse:
    """Keep aiohttp from sending an idempotent request again when a kept-alive connection was dropped.

    It may have arrived, and every call is counted and limited: whether to send again is the engine's to decide.
    """
    try:
        return await handler(request)
    except (aiohttp.ClientConnectorError, aiohttp.ConnectionTimeoutError):
        raise  # never sent, never repeated
    except (aiohttp.ClientOSError, aiohttp.ServerDisconnectedError) as error:
        raise _Dropped(type(error).__name__) from error


def _proxy_headers(proxy: httpx.Proxy) -> dict[str, str]:
    headers = dict(proxy.headers)
    if proxy.raw_auth is not None:
        user, password = proxy.raw_auth
        headers[hdrs.PROXY_AUTHORIZATION] = f"Basic {base64.b64encode(user + b':' + password).decode('ascii')}"
    return headers
