"""Two hundred applies in one process, and what is left of them: told as one line of JSON.

A process of its own, so that nothing else in it opens or closes anything meanwhile.
"""

from __future__ import annotations

import asyncio
import gc
import json
import os
import sys
import threading
import time
from collections import Counter
from collections.abc import Callable
from contextlib import suppress
from typing import Any

import taskframe as tf
from taskframe.engine.applying import Run
from taskframe.engine.caller import Caller
from taskframe.journal import Recorder
from taskframe.session import Session

KINDS = (tf.Connection, Run, Recorder, Caller, Session, tf.Report, tf.Plan, tf.TaskFrame)
CYCLES = {"applied": 34, "interrupted": 5, "cancelled": 2}
COLUMNS = {"reload": "title", "kore": "name", "pragmatiks": "title"}


def files() -> Counter[str]:
    """What is open: names without numbers."""
    found: Counter[str] = Counter()
    for number in os.listdir("/proc/self/fd"):  # noqa: PTH208 - names only: they may be gone when they are looked at
        try:
            found[os.readlink(f"/proc/self/fd/{number}").partition("[")[0]] += 1  # noqa: PTH115
        except OSError:
            continue
    return found


def objects() -> dict[str, int]:
    """How many of our own there are."""
    gc.collect()
    found = Counter(type(o).__name__ for o in gc.get_objects() if type(o) in KINDS)
    return dict(sorted(found.items()))


def threads() -> list[str]:
    return sorted(t.name.partition("-")[0] for t in threading.enumerate())


def tasks_on(conn: tf.Connection) -> int:
    """The tasks on our loop, but for the one that asks."""

    async def count() -> int:
        return len(asyncio.all_tasks()) - 1

    return conn.run(count())


def settled(look: Callable[[], Any], wanted: Callable[[Any], object]) -> Any:
    """What there is, once it is as wanted; a socket's end comes a moment later."""
    end = time.monotonic() + 20
    while not wanted(found := look()) and time.monotonic() < end:
        time.sleep(0.02)
    return found


class Interrupts:
    """A bar that is a Ctrl-C: at the nth outcome."""

    def __init__(self, desc: str, **_: Any) -> None:
        self._seen = 0 if desc.startswith("Applying") else 1_000

    def update(self, _: int = 1) -> None:
        self._seen += 1
        if self._seen == 2:
            os.kill(os.getpid(), 2)

    def set_postfix(self, *_: Any, **__: Any) -> None: ...

    def close(self) -> None: ...


def edit(conn: tf.Connection, column: str, words: str) -> tf.Plan:
    tasks = conn.load(limit=5)
    tasks.df[column] = [f"{words} {n}" for n in range(len(tasks))]
    return tasks.plan()


def cycle(conn: tf.Connection, column: str, words: str, way: str, number: int) -> None:
    """One apply; of the interrupted ones every other is gone on with."""
    plan = edit(conn, column, f"{words} {way} {number}")
    if way == "applied":
        assert plan.apply(confirm=5).counts == {"applied": 5}
    elif way == "cancelled":
        asyncio.run(cancelled(plan))
    else:
        try:
            plan.apply(confirm=5)
        except tf.ApplyInterrupted as stopped:
            if number % 2:
                go_on(stopped.report)
        else:
            raise AssertionError("it was not interrupted")


def go_on(report: tf.Report) -> None:
    """Interrupted again, perhaps, by the same bar."""
    with suppress(tf.ApplyInterrupted):
        report.resume()


async def cancelled(plan: tf.Plan) -> None:
    """Cancelled as soon as it runs."""
    apply = asyncio.create_task(plan.apply_async(confirm=5))
    await asyncio.sleep(0.02)
    apply.cancel()
    await asyncio.wait([apply])


def fits(after: Any, held: Any) -> bool:
    """Whether nothing came on top; a pool of sockets may be smaller for a moment."""
    return all(not (now - then) for now, then in zip(after, held, strict=True))


def state() -> tuple[Counter[str], Counter[str], Counter[str]]:
    return files(), Counter(threads()), Counter(objects())


def many(service: str, settings: dict[str, Any], journal: str, *, closing: bool) -> None:
    """So many of each, with a connection each or with one for all."""

    def connect(way: str) -> tf.Connection:
        progress: Any = Interrupts if way == "interrupted" else False
        options = {"concurrency": 2, "journal": journal, "rate": [tf.Limit(1_000_000, 60)]}
        return tf.connect(service, **settings, **options, progress=progress)

    for way, full in CYCLES.items():
        conn = None
        held: Any = None
        for at in range(full):
            conn = conn or connect(way)
            cycle(conn, COLUMNS[service], f"{closing}", way, at)
            if closing:
                conn.close()
                conn = None
            elif at == 0:
                held = state()
        if conn is not None:
            after = settled(state, lambda found: fits(found, held))  # noqa: B023 - asked at once
            assert fits(after, held), (way, held, after)
            assert settled(lambda: tasks_on(conn), lambda found: not found) == 0  # noqa: B023
            conn.close()


def main(settings: dict[str, dict[str, Any]], journal: str) -> None:
    """The first one of each kind is no part of what is compared: it fills caches."""
    for service, given in settings.items():
        for way in ("interrupted", "cancelled"):
            progress: Any = Interrupts if way == "interrupted" else False
            with tf.connect(service, **given, journal=journal, progress=progress) as conn:
                cycle(conn, COLUMNS[service], "first", way, 0)
    gc.collect()
    before = settled(state, lambda found: list(found[1]) == ["MainThread"])
    for service, given in settings.items():
        for closing in (True, False):
            many(service, given, journal, closing=closing)
    after = settled(state, lambda found: found == before)
    sys.stdout.write(json.dumps({"before": before, "after": after}))


if __name__ == "__main__":
    main(json.loads(sys.argv[1]), sys.argv[2])
