"""What the sandbox of one service looks like to the server that carries it.

A new service is one file with one subclass of `ServiceSandbox`, named in the entry-point group
`taskframe.sandboxes`. The server mounts it under `/<name>`, reads calls, injects faults and keeps the log;
the service only answers. `answer` runs under `world.lock` and never waits, so that a call takes effect as a
whole and the log's order is the order of effects.
"""

from __future__ import annotations

import asyncio
import time
from abc import ABC, abstractmethod
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

import msgspec

from taskframe.sandbox.limits import Limit, Windows
from taskframe.sandbox.log import Record

if TYPE_CHECKING:
    import threading

    from taskframe.sandbox.log import Log
    from taskframe.sandbox.table import Database

Form = Literal["seconds", "date", "ms"]
"""How a reply says when to come back: `Retry-After` in seconds or as a date, or `retry-after-ms`."""


class Clock(Protocol):
    """What time it is, and how to wait. `now` is called from several threads."""

    def now(self) -> float:
        """Seconds since the epoch."""
        ...

    async def sleep(self, seconds: float) -> None:
        """Return once `seconds` have gone by."""
        ...


class RealClock:
    """The computer's own clock."""

    def now(self) -> float:
        """Seconds since the epoch."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait for real."""
        await asyncio.sleep(seconds)


@dataclass(slots=True)
class Call:
    """One request as it came in.

    `path` is without the service's prefix and percent-encoded as sent; header names are in lower case.
    """

    service: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...]
    headers: dict[str, str]
    content: bytes
    at: float
    _json: Any = msgspec.UNSET

    @property
    def json(self) -> Any:
        """The parsed body; None when it is empty or no JSON."""
        if self._json is msgspec.UNSET:
            try:
                self._json = msgspec.json.decode(self.content) if self.content else None
            except (msgspec.DecodeError, UnicodeDecodeError):
                self._json = None
        return self._json


@dataclass(slots=True)
class Reply:
    """What the service answers, and what the call changed (see `Record` for `before` and `after`)."""

    status: int
    content: bytes
    task_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None
    headers: list[tuple[str, str]] = field(default_factory=list)
    content_type: str = "application/json"


@dataclass(frozen=True, slots=True)
class World:
    """What the services of one sandbox share."""

    database: Database
    clock: Clock
    log: Log
    tasks: int
    seed: int

    @property
    def lock(self) -> threading.RLock:
        """Held while a call takes effect; hold it to look at several things at one moment."""
        return self.database.lock


class ServiceSandbox(ABC):
    """One service's server side: its protocol over the wire, and the oracle's view of what it holds."""

    name: ClassVar[str]
    secret_headers: ClassVar[frozenset[str]] = frozenset({"authorization", "cookie"})

    def __init__(self, world: World) -> None:
        self.world = world
        self._limits: tuple[Limit, ...] = ()
        self._windows = Windows()

    @abstractmethod
    def settings(self, url: str) -> dict[str, Any]:
        """What a client needs to connect, given the server's address."""

    @abstractmethod
    def label(self, header: str, value: str) -> str:
        """A short name for the secret in a header: what the log shows in its place, and whom limits count."""

    @abstractmethod
    def answer(self, call: Call) -> Reply:
        """Carry out a call. Runs under the lock."""

    @abstractmethod
    def refuse(self, status: int) -> Reply:
        """How this service words a failure that has nothing to do with the call: 401, 429, 500, …"""

    @abstractmethod
    def target(self, call: Call) -> str | None:
        """The id of the one existing task that this call would write, else None."""

    @abstractmethod
    def meddle(self, call: Call, columns: str | Mapping[str, Any]) -> None:
        """A colleague's edit just ahead of `call`.

        `columns` is "same" (a column that the call writes), "other" (one that it does not) or the values.
        """

    @abstractmethod
    def other_task(self, call: Call) -> Reply:
        """A well-formed reply that is about another task than `call` asked for."""

    @property
    def limits(self) -> Sequence[Limit | tuple[int, float, str]]:
        """Rate windows per caller, to be set to any number of `(calls, seconds, form)`; see `Limit`."""
        return self._limits

    @limits.setter
    def limits(self, limits: Iterable[Limit | tuple[int, float, str]]) -> None:
        self._limits = tuple(limit if isinstance(limit, Limit) else Limit(*limit) for limit in limits)

    def unsuccessful(self) -> Reply:
        """A reply with status 200 that says in its body that the call failed."""
        reply = self.refuse(500)
        reply.status = 200
        return reply

    def who(self, call: Call) -> str:
        """Whose windows a call counts in: the label of the first secret header."""
        for header in sorted(self.secret_headers):
            if header in call.headers:
                return self.label(header, call.headers[header])
        return "nobody"

    def throttle(self, call: Call) -> Reply | None:
        """The 429 for a call beyond a rate window. A refused call does not count in the windows."""
        if not self._limits:
            return None
        now = self.world.clock.now()
        over = self._windows.take(self.who(call), self._limits, now)
        if over is None:
            return None
        wait, form = over
        reply = self.refuse(429)
        if form is not None:
            reply.headers.append(retry_after(wait, form, now))
        return reply

    def record_other(
        self, task_id: str, before: Mapping[str, Any], after: Mapping[str, Any], fault: str | None = None
    ) -> None:
        """Log an edit by somebody else."""
        now = self.world.clock.now()
        self.world.log.append(
            lambda n: Record(
                n, now, now, self.name, "", "", fault=fault,
                task_id=task_id, actor="other", before=before, after=after,
            )
        )  # fmt: skip


def retry_after(seconds: float, form: Form, now: float) -> tuple[str, str]:
    """The header that asks to come back in `seconds`; whole seconds are rounded up, as HTTP has no others."""
    if form == "ms":
        return "retry-after-ms", str(max(0, round(seconds * 1000)))
    whole = max(0, -int(-seconds // 1))
    return "retry-after", http_date(now + seconds + 0.999) if form == "date" else str(whole)


def http_date(seconds: float) -> str:
    """A moment as HTTP writes it: `Fri, 02 Jan 2026 09:00:00 GMT`."""
    from email.utils import formatdate

    return formatdate(int(seconds), usegmt=True)


def timestamp(seconds: float) -> str:
    """A moment in RFC 3339, UTC, with milliseconds and Z."""
    return datetime.fromtimestamp(seconds, UTC).isoformat(timespec="milliseconds")[:-6] + "Z"
