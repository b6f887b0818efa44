"""A sandbox of a service without versions and connections to it, on one fast clock; and what its log tells."""

from __future__ import annotations

import random
from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import taskframe as tf
from taskframe.config import find_service, read_settings
from taskframe.connection import Connection
from taskframe.engine.clock import ScaledClock
from taskframe.options import token_source
from taskframe.sandbox import Record, Sandbox
from tests.apply.apply_stage import ServerClock

TITLE = {"kore": "name", "pragmatiks": "title"}
UPDATE = {"kore": "/updateTask/", "pragmatiks": "/agents/tasks/"}


class Stage:
    """`factor`: how many seconds of theirs, the sandbox's and the engine's, go into one of ours."""

    def __init__(self, service: str, *, tasks: int = 40, seed: int = 7, factor: float = 100.0) -> None:
        self.name = service
        self.clock = ScaledClock(factor)
        self.box = Sandbox(tasks=tasks, seed=seed, clock=ServerClock(self.clock), services=[service])
        self.server: Any = self.box[service]
        self.faults = self.box.faults
        self.title = TITLE[service]
        self.start = self.loaded = 0
        self._connections: list[Connection] = []

    def connect(self, *, token: Any = None, **options: Any) -> Connection:
        """What `tf.connect` makes, but for its clock; settings of the service's own may be among `options`."""
        service = find_service(self.name)
        given = self.box.settings(self.name)
        given |= {name: options.pop(name) for name in list(options) if name in service.settings.model_fields}
        if token is not None:
            given.pop("token", None)
        settings = read_settings(service.settings, self.name, given)
        options = {"clock": self.clock, "rng": random.Random(1), "progress": False, **options}
        tokens = token_source(service, settings, token)
        self._connections.append(Connection(service, settings, tokens=tokens, **options))
        return self._connections[-1]

    def load(self, count: int | None = None, **options: Any) -> tf.TaskFrame:
        """The first `count` tasks (of the list's order), over a new connection."""
        tasks = self.connect(**options).load(limit=count)
        self.loaded = len(self.box.log)
        return tasks

    def edited(self, count: int | None = None, **options: Any) -> tf.TaskFrame:
        """Loaded tasks, all of them with a new title."""
        tasks = self.load(count, **options)
        tasks.df[self.title] = [f"ours {n}" for n in range(len(tasks))]
        return tasks

    def apply(self, tasks: tf.TaskFrame, **options: Any) -> tf.Report:
        plan = tasks.plan()
        self.start = len(self.box.log)
        return plan.apply(confirm=len(plan), **options)

    # what the server saw

    @property
    def log(self) -> list[Record]:
        """All since the last apply began."""
        return self.box.log[self.start :]

    def is_write(self, call: Any) -> bool:
        """Whether a call, or a record of one, writes a task."""
        return call.method != "" and UPDATE[self.name] in call.path and call.method != "GET"

    def is_read(self, call: Any) -> bool:
        return call.method != "" and not self.is_write(call)

    def writes(self, task: str | None = None) -> list[Record]:
        """The writing calls since the last apply began, of one task or of all."""
        return [r for r in self.log if r.actor == "caller" and self.is_write(r) and task in (None, self.target(r))]

    def reads(self) -> list[Record]:
        return [r for r in self.log if r.actor == "caller" and self.is_read(r)]

    def target(self, record: Record) -> str | None:
        return self.server.target(_Call(record))

    def held(self, task: str) -> Any:
        """The title that the server holds."""
        return self.server.task(task)[self.title]

    def shown(self, record: Record) -> set[str]:
        """The ids of the tasks in a reply."""
        reply = record.reply
        rows = reply.get("results", [reply]) if isinstance(reply, dict) else reply
        return {row.get("_id", row.get("id")) for row in rows}

    def overwritten(self) -> dict[str, float]:
        """The tasks where we wrote over another title than the one last loaded, and for how long it had been there."""
        theirs: dict[str, Record] = {}
        found: dict[str, float] = {}
        for record in self.box.log[self.loaded :]:
            if record.task_id is None or self.title not in (record.after or ()):
                continue
            if record.actor == "other":
                theirs[record.task_id] = record
            elif record.task_id in theirs:
                found[record.task_id] = record.at - theirs.pop(record.task_id).at
        return found

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self.box.close()


class _Call:
    """A record as the sandbox's own call."""

    def __init__(self, record: Record) -> None:
        self.path, self.method = record.path, record.method


@contextmanager
def staged(service: str, **options: Any) -> Iterator[Stage]:
    stage = Stage(service, **options)
    try:
        yield stage
    finally:
        stage.close()
