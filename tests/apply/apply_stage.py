"""A sandbox and connections to it, all on one clock that may run faster than ours."""

from __future__ import annotations

import random
from collections.abc import Iterable
from typing import Any

import pandas as pd

import taskframe as tf
from taskframe.connection import Connection
from taskframe.engine.clock import ScaledClock
from taskframe.engine.limits import Limiter
from taskframe.engine.link import Link
from taskframe.engine.tokens import TokenSource
from taskframe.engine.transport import make_transport
from taskframe.sandbox import Record, Sandbox
from taskframe.services.reload import Reload, ReloadSettings

UPDATE = "/v1/agent/update-task"
LIST = "/v1/agent/list-tasks"


class ServerClock:
    """The engine's clock as the sandbox wants it: `now` in epoch seconds."""

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.wall()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


class Stage:
    """`factor`: how many seconds of theirs, the sandbox's and the engine's, go into one of ours."""

    def __init__(self, *, tasks: int = 40, seed: int = 7, factor: float = 100.0) -> None:
        self.clock = ScaledClock(factor)
        self.box = Sandbox(tasks=tasks, seed=seed, clock=ServerClock(self.clock))
        self.reload: Any = self.box["reload"]
        self.faults = self.box.faults
        self._connections: list[Connection] = []

    def connect(self, *, token: Any = None, service: Any = None, **options: Any) -> Connection:
        settings = self.box.settings("reload")
        options = {"clock": self.clock, "rng": random.Random(1), "progress": False, **options}
        tokens = TokenSource(settings["token"] if token is None else token)
        self._connections.append(Connection(service or Reload(), ReloadSettings(**settings), tokens=tokens, **options))
        return self._connections[-1]

    def link(self) -> Link:
        """What a connection sends with, for a loop of the test's own; its transport is the test's to close."""
        settings = ReloadSettings(**self.box.settings("reload"))
        return Link(
            service=Reload(), base_url=settings.base_url, settings=settings, tokens=TokenSource(settings.token or ""),
            transport=make_transport(settings.base_url), limiter=Limiter((), self.clock), clock=self.clock,
            rng=random.Random(1), concurrency=16, timeout=30, max_wait=300,
        )  # fmt: skip

    def load(self, count: int | None = None, **options: Any) -> tf.TaskFrame:
        """The first `count` tasks (of the list's order), over a new connection."""
        return self.connect(**options).load(limit=count)

    def edited(self, count: int | None = None, **options: Any) -> tf.TaskFrame:
        """Loaded tasks, all of them with a new title and priority."""
        tasks = self.load(count, **options)
        tasks.df["title"] = [f"ours {n}" for n in range(len(tasks))]
        tasks.df["priority"] = ["low" if p != "low" else "high" for p in tasks.df["priority"]]
        return tasks

    def apply(self, tasks: tf.TaskFrame, **options: Any) -> tf.Report:
        plan = tasks.plan()
        return plan.apply(confirm=len(plan), **options)

    def updates(self, task: str | None = None) -> list[Record]:
        """The update calls that arrived, of one task or of all."""
        calls = self.box.log.calls("reload", UPDATE)
        return [c for c in calls if task is None or (isinstance(c.body, dict) and c.body.get("taskId") == task)]

    def reads(self) -> list[Record]:
        return self.box.log.calls("reload", LIST)

    def written(self, task: str) -> list[Record]:
        """What we wrote to a task: calls that changed it, answered or not."""
        return [w for w in self.box.log.writes(task) if w.actor == "caller"]

    def close(self) -> None:
        for connection in self._connections:
            connection.close()
        self.box.close()


def one(report: tf.Report, task: str | None = None) -> pd.Series:
    """The outcome of one task: of this one, or of the only one."""
    rows = report.outcomes
    assert task is not None or len(rows) == 1
    return rows.iloc[0] if task is None else rows.loc[task]


def kinds(report: tf.Report) -> list[str]:
    return list(report.outcomes["outcome"])


def ids(records: Iterable[Record]) -> list[Any]:
    return [record.body["taskId"] for record in records]
