"""A stage: a sandbox with one service in it, connections to it, and one clock, which may run faster than ours."""

from __future__ import annotations

import random
import uuid
from collections.abc import Callable, Collection, Iterator, Mapping
from typing import TYPE_CHECKING, Any

import httpx
from pydantic import SecretStr

from taskframe.connection import Connection
from taskframe.engine.clock import ScaledClock
from taskframe.local import LocalSandbox
from taskframe.options import token_source
from taskframe.services.base import Call, Limit, Reply, Service, Verdict

if TYPE_CHECKING:
    from taskframe.frame import TaskFrame
    from taskframe.report import Report
    from taskframe.sandbox.log import Record
    from taskframe.testing.server import Server


class ServerClock:
    """The engine's clock as the sandbox wants it: `now` in seconds since 1970."""

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock

    def now(self) -> float:
        """Seconds since 1970."""
        return self._clock.wall()

    async def sleep(self, seconds: float) -> None:
        """Wait."""
        await self._clock.sleep(seconds)


class Signing:
    """A service that remembers the headers it signed with: they hold the secrets that must show nowhere."""

    def __init__(self, service: Service) -> None:
        self._service = service
        self.signed: list[Mapping[str, str]] = []

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def sign(self, settings: Any, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:
        """The service's own headers, put down."""
        headers = self._service.sign(settings, token, now, nonce)
        self.signed.append(headers)
        return headers

    def secrets(self, names: Collection[str]) -> Iterator[str]:
        """The secrets in the headers of these names (in lower case), without the scheme ahead of them."""
        for headers in self.signed:
            for name, value in headers.items():
                if name.lower() in names:
                    yield value.rpartition(" ")[2]


class Stage:
    """`factor`: how many seconds of theirs, the sandbox's and the engine's, go into one of ours.

    `box` is the sandbox, with `box.faults` and `box.log`; `server` is the service's own part of it (see `Server`).
    Close it, or use it in a `with` block.
    """

    def __init__(self, service: Service, *, tasks: int = 80, seed: int = 7, factor: float = 100.0) -> None:
        self.service = service
        self.clock = ScaledClock(factor)
        self.box = LocalSandbox(tasks=tasks, seed=seed, services=[service.name], clock=ServerClock(self.clock))
        self.server: Server = self.box[service.name]
        self.faults = self.box.faults
        self._connections: list[Connection] = []

    def __enter__(self) -> Stage:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    def close(self) -> None:
        """Close the connections, then the sandbox."""
        for connection in self._connections:
            connection.close()
        self.box.close()

    # connections

    def settings(self) -> Any:
        """The service's settings, as the sandbox gives them."""
        return self.service.settings(**self.box.settings(self.service.name))

    def connect(self, *, token: Callable[[], str] | None = None, service: Any = None, **options: Any) -> Connection:
        """A connection on this stage's clock, within the sandbox's limits; `token` is a callable, or the sandbox's."""
        service = service or self.service
        settings = self.settings()
        rate = [Limit(limit.calls, limit.per) for limit in self.server.limits if not isinstance(limit, tuple)]
        options = {"clock": self.clock, "rng": random.Random(1), "progress": False, "rate": rate, **options}
        tokens = token_source(service, settings, token)
        self._connections.append(Connection(service, settings, tokens=tokens, **options))
        return self._connections[-1]

    def load(self, **options: Any) -> TaskFrame:
        """All tasks, over a new connection; `options` are those of `Connection.load`."""
        return self.connect().load(**options)

    def apply(self, tasks: TaskFrame, **options: Any) -> Report:
        """What was edited in `tasks.df`, applied."""
        plan = tasks.plan()
        assert plan.problems.empty, f"nothing of this should be a problem:\n{plan.problems}"
        return plan.apply(confirm=len(plan), **options)

    # calls without the engine

    def ask(self, call: Call) -> Verdict:
        """One call, sent at once and judged."""
        return self.service.judge(call, self.send(call))

    def send(self, call: Call) -> Reply:
        """One call, sent at once."""
        settings = self.settings()
        token = getattr(settings, "token", None)
        signed = self.service.sign(settings, token, self.clock.wall(), uuid.uuid4().hex)
        body = {} if call.json is None else {"json": call.json}
        url = f"{str(settings.base_url).rstrip('/')}{call.path}"
        with httpx.Client(timeout=30, trust_env=False) as client:
            reply = client.request(call.method, url, params=list(call.params), headers=dict(signed), **body)
        return Reply(reply.status_code, {k.lower(): v for k, v in reply.headers.items()}, reply.content)

    def objects(self, filters: Mapping[str, object] | None = None) -> list[Any]:
        """The tasks of a listing, as the service's own objects, read without the engine."""
        listing = self.service.listing(filters or {})
        found: list[Any] = []
        calls = list(listing.start())
        while calls:
            call = calls.pop(0)
            new, further = listing.receive(call, self.ask(call))
            found += new
            calls += further
        assert not listing.gaps(), f"a whole list is said to be cut: {listing.gaps()}"
        return found

    # what the server saw

    def since(self, start: int) -> list[Record]:
        """The log from a place on: `start = len(stage.box.log)`."""
        return self.box.log[start:]

    def writing(self, record: Record) -> str | None:
        """The task that a call over the wire wrote, or would have; None for a read and for a colleague's edit."""
        return record.task_id if record.actor == "caller" and record.method else None

    def writes(self, start: int, task: str | None = None) -> list[Record]:
        """The calls that would write, from a place in the log on; to one task, or to any."""
        calls = [(self.writing(record), record) for record in self.since(start)]
        return [record for target, record in calls if target is not None and task in (None, target)]

    def hits(self, task: str) -> Callable[[Any], bool]:
        """For `faults.add(match=…)`: the calls that write this task."""
        return lambda call: self.server.target(call) == task

    def any_write(self, call: Any) -> bool:
        """For `faults.add(match=…)`: the calls that write a task."""
        return self.server.target(call) is not None

    def any_read(self, call: Any) -> bool:
        """For `faults.add(match=…)`: all other calls."""
        return self.server.target(call) is None

    def secrets(self) -> Iterator[str]:
        """What must be shown nowhere: the secret settings."""
        settings = self.settings()
        for name in type(settings).model_fields:
            value = getattr(settings, name)
            if isinstance(value, SecretStr):
                yield value.get_secret_value()
