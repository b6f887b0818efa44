"""What sends: a request in, a reply out. And how a call becomes a request.

Building is apart from sending: what a preview prints is the very request that goes out. httpx and aiohttp are
imported when a transport is made, not before.
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Iterable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol
from urllib.parse import quote, urlsplit
from urllib.request import getproxies

import msgspec

from taskframe._version import __version__
from taskframe.errors import ProtocolError, SettingsError
from taskframe.services.base import Call, Reply

if TYPE_CHECKING:
    import httpx

MAX_BODY = 64 * 2**20
"""Bytes of a reply's body, decoded; what is longer is no answer to any of our calls."""

IDLE = 4.0
"""Seconds. Many servers drop a connection that was idle for 5 s. A call on one that is just being dropped gets no
answer and is in doubt: better let go of it first."""


@dataclass(slots=True)  # not frozen: that would cost a call more than all else that is in it
class Request:
    """What goes over the wire. `headers` may hold secrets, so the repr leaves them out."""

    method: str
    url: str
    headers: Mapping[str, str] = field(repr=False)
    content: bytes | None


class NoReply(Exception):
    """No answer came. `sent` is False only where no connection was made, so that nothing can have been written.

    The words hold no secrets.
    """

    def __init__(self, message: str, *, sent: bool) -> None:
        super().__init__(message)
        self.sent = sent


class Transport(Protocol):
    """Sends requests. All calls come from one event loop, the one that `aclose` is awaited on."""

    async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109 - it is the transport's to keep
        """Send once: no retry, no redirect. `timeout` is for the whole call, in seconds.

        Raises `NoReply`, or `ProtocolError` for a reply that is too long or can't be decoded.
        """

    async def aclose(self) -> None:
        """Close what this transport opened."""


class Borrowed:
    """Somebody else's transport: used, never closed."""

    def __init__(self, transport: Transport) -> None:
        self.send = transport.send

    async def aclose(self) -> None:
        """Nothing: it isn't ours."""


def make_transport(
    base_url: str,
    *,
    client: httpx.AsyncClient | None = None,
    transport: Transport | httpx.AsyncBaseTransport | None = None,
    concurrency: int = 64,
    max_body: int = MAX_BODY,
) -> Transport:
    """The transport for a connection: of the user's `client` or `transport`, else one of our own.

    What the user brought is never closed, and its limits, proxies and certificates are the user's; its `auth` and
    `follow_redirects` are not used. SettingsError for what can't send, with what to pass instead.
    """
    if client is not None and transport is not None:
        raise SettingsError("client= or transport=, not both: an httpx client has its own transport")
    if client is not None:
        return _of_client(client, max_body)
    if transport is not None:
        return _of_transport(transport, max_body)
    return default_transport(base_url, concurrency=concurrency, max_body=max_body)


def _of_client(client: httpx.AsyncClient, max_body: int) -> Transport:
    import httpx

    from taskframe.engine.httpx_transport import HttpxTransport

    given: object = client
    if isinstance(given, httpx.Client):
        raise SettingsError("client= takes an httpx.AsyncClient, not an httpx.Client (the sync calls work with it too)")
    if not isinstance(given, httpx.AsyncClient):
        raise SettingsError(f"client= takes an httpx.AsyncClient, not {type(given).__name__}")
    return HttpxTransport(client, owned=False, max_body=max_body)


def _of_transport(transport: Transport | httpx.AsyncBaseTransport, max_body: int) -> Transport:
    import httpx

    from taskframe.engine.httpx_transport import HttpxTransport, no_cookies

    if isinstance(transport, httpx.AsyncBaseTransport):
        # never closed: closing this client would close the user's transport
        client = httpx.AsyncClient(transport=transport, cookies=no_cookies())
        return HttpxTransport(client, owned=False, max_body=max_body)
    kind = type(transport).__name__
    if isinstance(transport, httpx.BaseTransport):
        raise SettingsError(f"transport= takes an async transport (httpx.AsyncHTTPTransport, …), not {kind}")
    if not (callable(getattr(transport, "send", None)) and callable(getattr(transport, "aclose", None))):
        raise SettingsError(
            "transport= takes an httpx.AsyncBaseTransport, or an object with async send(request, timeout) "
            f"and aclose(), not {kind}"
        )
    return Borrowed(transport)


def default_transport(base_url: str, *, concurrency: int = 64, max_body: int = MAX_BODY) -> Transport:
    """aiohttp where the way is direct, httpx on aiohttp where the environment names a proxy (HTTPS_PROXY, NO_PROXY, …).

    This very machine is never behind a proxy: there http is allowed, and no proxy shall read it.
    """
    direct = is_loopback(base_url) or not any(getproxies().get(kind) for kind in ("http", "https", "all"))
    if not direct:
        from taskframe.engine.httpx_transport import HttpxTransport, default_client

        return HttpxTransport(default_client(concurrency=concurrency), owned=True, max_body=max_body)
    from taskframe.engine.aiohttp_transport import AiohttpTransport

    context = None
    if base_url.startswith("https:"):
        import httpx

        context = httpx.create_ssl_context()  # certifi's certificates, or SSL_CERT_FILE's, as httpx has it
    return AiohttpTransport(context=context, concurrency=concurrency, max_body=max_body)


def connect_timeout(timeout: float) -> float:
    """Seconds to get a connection: over before the whole call is, as one that never left is not in doubt."""
    return min(10.0, 0.8 * timeout)


def too_long(most: int, status: int | None) -> ProtocolError:
    """The error for a reply beyond the bound."""
    return ProtocolError(f"a reply of more than {most:,} bytes", status_code=status)


def headers_of(raw: Iterable[tuple[bytes, bytes]]) -> dict[str, str]:
    """A reply's headers with lower-case names; those that came more than once joined."""
    headers: dict[str, str] = {}
    for name_, value_ in raw:
        name, value = name_.decode("latin-1").lower(), value_.decode("latin-1")
        headers[name] = f"{headers[name]}, {value}" if name in headers else value
    return headers


def build_request(base_url: str, call: Call, headers: Mapping[str, str]) -> Request:
    """The request for `call`; `headers` are those that the service signed with. Pure.

    `base_url` as `check_base_url` gives it. SettingsError for a header that can't be sent, ProtocolError for a path
    that would lead elsewhere.
    """
    if "/." in call.path or "%2" in call.path:
        _check_path(call)
    out = {"user-agent": f"taskframe/{__version__}", "accept": "application/json", "accept-encoding": "gzip, deflate"}
    for name, value in headers.items():
        if not (value.isascii() and value.isprintable()):
            del headers, value, out  # a traceback that shows locals must not show these
            raise SettingsError(f"the header {name} holds characters that can't be sent")
        out[name.lower()] = value
    url = base_url + call.path
    if call.params:
        url += "?" + "&".join([f"{quote(k, safe='')}={quote(v, safe='')}" for k, v in call.params])
    if call.json is None:
        return Request(call.method, url, out, None)
    out["content-type"] = "application/json"
    return Request(call.method, url, out, msgspec.json.encode(call.json))


_DOTS = re.compile(r"(?:\.|%2e){1,2}", re.IGNORECASE)


def _check_path(call: Call) -> None:
    """Refuse the segments "." and "..", which clients and servers resolve: a task's id may be anything."""
    if any(_DOTS.fullmatch(segment) for segment in call.path.split("/")):
        raise ProtocolError(f"{call.method} {call.path}: an id that is “.” or “..” can't be sent in a path")


_PLAIN = re.compile(r"[A-Za-z0-9._~!$&'()*+,;=:@%/-]*")


def is_loopback(url: str) -> bool:
    """Whether `url` is of this very machine: localhost, 127.0.0.0/8 or ::1."""
    host = urlsplit(url).hostname or ""
    try:
        return ipaddress.ip_address(host).is_loopback
    except ValueError:
        return host == "localhost"


def check_base_url(url: str) -> str:
    """`url` without a slash at its end, or SettingsError: https (http on this very machine only), no user, no query."""
    text = str(url)  # None, bytes: from a settings file anything may come
    try:
        parts = urlsplit(text)
        host, port = parts.hostname, parts.port
    except ValueError:
        parts, host, port = urlsplit(""), None, None
    if "@" in parts.netloc:  # said without the URL: there may be a password in it
        raise SettingsError(
            "base_url holds a user name or password: leave it out, credentials have options of their own"
        )
    if parts.scheme not in ("https", "http") or not host or not text.isprintable() or text != text.strip():
        raise SettingsError(f"base_url is like 'https://api.example.com', not {url!r}")
    if "?" in text or "#" in text:
        raise SettingsError(f"base_url goes without “?” and “#”: {url!r}")
    if not _PLAIN.fullmatch(parts.path) or " " in host or "\\" in host:
        raise SettingsError(f"base_url holds characters that must be percent-encoded: {url!r}")
    if parts.scheme == "http" and not is_loopback(text):
        raise SettingsError(f"base_url must be https, as the token would go out in the clear: {url!r}")
    where = f"[{host}]" if ":" in host else host
    return f"{parts.scheme}://{where}{'' if port is None else f':{port}'}{parts.path.rstrip('/')}"
