"""The sandbox: all services at one address, with what a test needs to arrange and to judge."""

from __future__ import annotations

import importlib
from collections.abc import Iterable
from importlib.metadata import entry_points
from typing import TYPE_CHECKING, Any

from taskframe.errors import ClosedError, MissingExtra, SettingsError, did_you_mean
from taskframe.sandbox.base import Clock, RealClock, ServiceSandbox, World
from taskframe.sandbox.faults import Faults
from taskframe.sandbox.log import Log

if TYPE_CHECKING:
    import asyncio
    from pathlib import Path
    from types import TracebackType
    from typing import Self

_OURS = {
    "kore": "taskframe.sandbox.kore:KoreSandbox",
    "pragmatiks": "taskframe.sandbox.pragmatiks:PragmatiksSandbox",
    "reload": "taskframe.sandbox.reload:ReloadSandbox",
}
"""Ours are found in a checkout that was never installed, too; an entry point of the same name goes first."""


def available() -> dict[str, str]:
    """The services that can be had, and where each one's sandbox is: `module:class`."""
    found = {point.name: point.value for point in entry_points(group="taskframe.sandboxes")}
    return dict(sorted((_OURS | found).items()))


class Sandbox:
    """A running server on 127.0.0.1 with seeded tasks and people; use it in a `with` block, or `close()` it.

    `tasks` is how many tasks each service holds, all of them made from `seed`; `port=0` takes a free one.
    `clock` gives the time for timestamps, latency and rate windows; `path` keeps the tasks in an SQLite file
    (opened again, it goes on with what it holds); `faults` are what goes wrong from the start; `services`
    narrows which services there are. Raises `MissingExtra` without Starlette and uvicorn.
    """

    def __init__(
        self,
        *,
        tasks: int = 2_000,
        seed: int = 7,
        port: int = 0,
        clock: Clock | None = None,
        path: str | Path = ":memory:",
        faults: Faults | None = None,
        services: Iterable[str] | None = None,
    ) -> None:
        if tasks < 0:
            raise SettingsError(f"tasks is how many there are, 0 or more; got {tasks!r}")
        classes = _classes(services)
        try:
            from taskframe.sandbox.app import application
            from taskframe.sandbox.server import Server
        except ImportError as error:
            if (error.name or "").partition(".")[0] not in ("starlette", "uvicorn"):
                raise
            raise MissingExtra("the sandbox", "sandbox") from error
        from taskframe.sandbox.table import Database

        self.log = Log()
        self.faults = Faults() if faults is None else faults
        self.clock: Clock = RealClock() if clock is None else clock
        self._closed = False
        self._database = Database(path)
        world = World(self._database, self.clock, self.log, tasks, seed)
        transports: dict[tuple[str, int], asyncio.Transport] = {}
        try:
            self._database.claim(seed)
            self._services = {name: make(world) for name, make in classes.items()}
            app = application(self._services, world, self.faults, transports)
            self._server = Server(app, port, transports)
        except BaseException:
            self._database.close()
            raise

    @property
    def url(self) -> str:
        """The address, like `http://127.0.0.1:8123`; each service is beneath it under its own name."""
        return self._server.url

    @property
    def services(self) -> tuple[str, ...]:
        """The names of the services there are."""
        return tuple(self._services)

    def settings(self, service: str) -> dict[str, Any]:
        """What a client of `service` needs to connect: its base URL and credentials."""
        found: ServiceSandbox = self[service]
        return found.settings(f"{self.url}/{service}")

    def __getitem__(self, service: str) -> Any:
        """A service's own sandbox: the oracle's side. `Any`, since each service has its own verbs."""
        if self._closed:
            raise ClosedError("this sandbox is closed")
        if service not in self._services:
            raise SettingsError(_unknown(service, self._services))
        return self._services[service]

    def close(self) -> None:
        """Stop the server and let go of the tasks; the log stays. Calling it again is fine."""
        if not self._closed:
            self._closed = True
            self._server.close()
            self._database.close()

    def __enter__(self) -> Self:
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self.close()

    def __repr__(self) -> str:
        return f"<Sandbox {'closed' if self._closed else self.url}: {', '.join(self._services)}>"


def _classes(services: Iterable[str] | None) -> dict[str, type[ServiceSandbox]]:
    places = available()
    names = list(places) if services is None else list(dict.fromkeys(services))
    for name in names:
        if name not in places:
            raise SettingsError(_unknown(name, places))
    found: dict[str, type[ServiceSandbox]] = {}
    for name in names:
        module, _, attribute = places[name].partition(":")
        found[name] = getattr(importlib.import_module(module), attribute)
    return found


def _unknown(name: str, known: Iterable[str]) -> str:
    names = list(known)
    return f"no sandbox for {name!r}.{did_you_mean(name, names)} There are: {', '.join(names)}"
