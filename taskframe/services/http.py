"""What an HTTP reply says whatever the service: the kind of its status, how long to wait, a short detail."""

from __future__ import annotations

import math
from collections.abc import Mapping
from email.utils import parsedate_to_datetime
from http import HTTPStatus

from taskframe.services.base import Call, Reply, Verdict, VerdictKind

DETAIL = 400
"""Characters of a service's own words that a detail may hold."""


def kind_of(status: int) -> VerdictKind:
    """What a status means unless the service documents more. A 409 is the service's own: `refused` here."""
    if 200 <= status < 300:
        return "ok"
    if status in (429, 503):
        return "throttled"
    if status >= 500 or status in (408, 425):
        return "retry"
    by_status: dict[int, VerdictKind] = {401: "expired", 404: "missing", 410: "missing", 412: "stale"}
    return by_status.get(status, "refused")


def in_doubt(call: Call, status: int) -> bool:
    """May a write have happened although this is its reply? 503, as 429 and 425, says that it was not looked at."""
    return call.kind != "read" and (status == 408 or (status >= 500 and status != 503))


def failure(
    call: Call,
    reply: Reply,
    *,
    kind: VerdictKind | None = None,
    message: str = "",
    code: str | None = None,
    request_id: str | None = None,
    doubt: bool = False,
) -> Verdict:
    """The verdict on a reply that is no success; the HTTP status decides where `kind` is left out.

    `doubt`: the service's own words say that a write may have happened, whatever the status says.
    """
    kind = kind or kind_of(reply.status)
    waits = kind in ("throttled", "retry")
    return Verdict(
        kind,
        after=retry_after(reply.headers) if waits else None,
        detail=words(message) if message else describe(reply),
        code=words(code, 80) if code else None,
        request_id=request_id or request_id_of(reply.headers),
        status=reply.status,
        in_doubt=waits and (in_doubt(call, reply.status) or (doubt and call.kind != "read")),
    )


def unreadable(call: Call, reply: Reply, why: str, *, request_id: str | None = None) -> Verdict:
    """The verdict on a *write* that was answered with a success nobody can read: it may have happened."""
    return Verdict(
        "retry",
        detail=f"the write was answered, but not understood: {why}",
        request_id=request_id or request_id_of(reply.headers),
        status=reply.status,
        in_doubt=call.kind != "read",
    )


def request_id_of(headers: Mapping[str, str]) -> str | None:
    """The `x-request-id` header, bounded."""
    value = headers.get("x-request-id")
    return words(value, 100) if value else None


def retry_after(headers: Mapping[str, str]) -> float | None:
    """Seconds to wait, from `retry-after-ms` or `Retry-After` (seconds, or a date judged by the reply's own `Date`).

    None when there is neither, when it makes no sense, or when it is a date in a reply without `Date`: this machine's
    clock may be wrong by more than the wait.
    """
    milliseconds = _seconds(headers.get("retry-after-ms"))
    if milliseconds is not None:
        return milliseconds / 1000
    value = headers.get("retry-after")
    seconds = _seconds(value)
    if seconds is not None or value is None:
        return seconds
    try:
        until, now = parsedate_to_datetime(value), parsedate_to_datetime(headers["date"])
        return max(0.0, until.timestamp() - now.timestamp())
    except (KeyError, ValueError, TypeError, OverflowError):
        return None


def _seconds(value: str | None) -> float | None:
    try:
        seconds = float(value or "")
    except ValueError:
        return None
    return max(0.0, seconds) if math.isfinite(seconds) else None


def describe(reply: Reply) -> str:
    """A short detail for a reply without words of its own: the status, and how its body begins."""
    try:
        status = f"{reply.status} {HTTPStatus(reply.status).phrase}"
    except ValueError:
        status = str(reply.status)
    if 300 <= reply.status < 400:
        target = reply.headers.get("location", "")
        where = f" to {words(target, 120)}" if target else ""
        return f"HTTP {status}: a redirect{where}, which is not followed. Is base_url right?"
    begin = words(reply.body[: 4 * DETAIL].decode("utf-8", "replace"), 160)
    return f"HTTP {status}: {begin}" if begin else f"HTTP {status}"


def words(text: str, most: int = DETAIL) -> str:
    """Foreign text as one bounded line in which nothing acts on a terminal. HTML is escaped where HTML is made."""
    line = " ".join(text[: 4 * most].split())
    if not line.isprintable():
        line = "".join(c if c.isprintable() else c.encode("unicode_escape").decode("ascii") for c in line)
    return line if len(line) <= most and len(text) <= 4 * most else line[: most - 1] + "…"
