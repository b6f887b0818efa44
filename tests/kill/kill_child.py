"""The process that is killed: connects, opens a saved plan or a report, applies it or goes on with it, and may die.

Its job comes as one line of JSON, so that it may be started well ahead.
"""

from __future__ import annotations

import json
import os
import signal
import sys
from collections.abc import Callable
from typing import Any

import taskframe as tf
from taskframe import runs
from taskframe.engine.transport import Request, default_transport
from taskframe.journal import recorder

WRITES = {
    "reload": lambda method, url: url.endswith("/update-task"),
    "kore": lambda method, url: "/updateTask/" in url,
    "pragmatiks": lambda method, url: method == "PATCH" or url.endswith("/transition"),
}


def die() -> None:
    """As the power does."""
    os.kill(os.getpid(), signal.SIGKILL)


def kind_of(service: str, request: Request) -> str:
    """What sort of call it is: "read", "write", or of Pragmatiks' two "patch" and "move"."""
    if not WRITES[service](request.method, request.url):
        return "read"
    if service != "pragmatiks":
        return "write"
    return "patch" if request.method == "PATCH" else "move"


class Deadly:
    """A transport that kills its own process ahead of the nth call of a kind, or when its reply is there."""

    def __init__(self, base_url: str, service: str, point: dict[str, Any]) -> None:
        self._inner = default_transport(base_url)
        self._service = service
        self._kind = point.get("kind", "")
        self._left = int(point.get("n", 1))
        self._before = point.get("when") == "before"

    async def send(self, request: Request, timeout: float) -> Any:  # noqa: ASYNC109
        counts = self._kind in ("any", kind_of(self._service, request))
        self._left -= counts
        mine = counts and not self._left
        if mine and self._before:
            die()
        reply = await self._inner.send(request, timeout)
        if mine:
            die()
        return reply

    async def aclose(self) -> None:
        await self._inner.aclose()


def in_the_intents() -> None:
    """While the plan is being put down, ahead of the commit."""
    parts = runs.parts_of

    def deadly(plan: Any) -> Any:
        yield from parts(plan)
        die()

    runs.parts_of = deadly


def behind_the_intents() -> None:
    """Right after that commit."""

    def deadly(*_: Any, **__: Any) -> None:
        die()

    recorder.Recorder.__init__ = deadly  # type: ignore[method-assign]


def at_commit(kind: str, *, after: bool) -> Callable[[], None]:
    """Ahead of the first commit that holds a job of this kind, or right behind it."""

    def arm() -> None:
        commit = recorder.Recorder._commit

        def deadly(self: Any, database: Any, group: Any) -> None:
            mine = any(job.kind == kind for job in group)
            if mine and not after:
                die()
            commit(self, database, group)
            if mine:
                die()

        recorder.Recorder._commit = deadly  # type: ignore[method-assign]

    return arm


POINTS: dict[str, Callable[[], None]] = {
    "in the intents": in_the_intents,
    "behind the intents": behind_the_intents,
    "ahead of a mark": at_commit("marks", after=False),
    "behind a mark": at_commit("marks", after=True),
    "ahead of a step": at_commit("step", after=False),
    "behind a step": at_commit("step", after=True),
    "ahead of an outcome": at_commit("outcome", after=False),
    "behind an outcome": at_commit("outcome", after=True),
    "ahead of the end": at_commit("end", after=False),
    "behind the end": at_commit("end", after=True),
}


def told(report: tf.Report) -> dict[str, Any]:
    """A report as plain JSON, to be held against another process's."""
    outcomes = report.outcomes.drop(columns="read_age")
    return {
        "counts": report.counts,
        "stopped": report.stopped,
        "outcomes": json.loads(outcomes.reset_index().to_json(orient="values")),
        "conflicts": json.loads(report.conflicts.to_json(orient="values", default_handler=str)),
        "undo": json.loads(report.undo().changes.to_json(orient="values", default_handler=str)),
    }


def main() -> None:
    job = json.loads(sys.stdin.readline())
    service, settings, point = job["service"], job["settings"], job["point"]
    transport = Deadly(settings["base_url"], service, point)
    options = {"progress": False, "timeout": 1.0, "concurrency": 8, "transport": transport, **job["options"]}
    rate = [tf.Limit(calls, per) for calls, per in job["rate"]]
    conn = tf.connect(service, journal=job["journal"], rate=rate, **settings, **options)
    if job["do"] == "tell":
        print(json.dumps(told(conn.report(job["run"]))), flush=True)
    elif job["do"] == "apply":
        plan = tf.open_plan(job["plan"], conn)
        POINTS.get(point.get("name", ""), bool)()
        print("begin", flush=True)
        plan.apply(confirm=len(plan), **job["apply"])
        print("end", flush=True)
        sys.stdin.readline()
    else:
        report = conn.report(job["run"])
        POINTS.get(point.get("name", ""), bool)()
        print("begin", flush=True)
        report.resume(**job["apply"])
        print("end", flush=True)
        sys.stdin.readline()
    conn.close()


if __name__ == "__main__":
    main()
