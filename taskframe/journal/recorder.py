"""Writes one run down while it is under way: marks ahead of its calls, steps and outcomes behind them."""

from __future__ import annotations

import asyncio
import sqlite3
import threading
import time
from collections import deque
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from queue import Empty, SimpleQueue
from typing import Any, Final, Literal

from taskframe.changes.edit import Row
from taskframe.engine.outcome import Outcome
from taskframe.errors import JournalError
from taskframe.journal.locks import LiveLock
from taskframe.journal.records import encoded, outcome_json
from taskframe.journal.store import failure

AHEAD: Final = 256
"""So many tasks may be sent before the next mark; after a crash, so many at most are in doubt without need."""

GROUP: Final = 256
PATIENCE: Final = 0.1
"""Outcomes are committed in groups of at most `GROUP`, or after so many seconds."""

PULSE: Final = 1.0
"""While a run is under way it says so once in so many seconds, at least."""


class Recorder:
    """The journal of one live run. What is not awaited returns at once: a thread of its own writes.

    `database` is its own from now on: it closes it. When the journal can't be written any more, `fail` is told why,
    once, in that thread; then nothing is admitted.
    """

    def __init__(
        self,
        path: Path,
        run: str,
        tasks: int,
        lock: LiveLock,
        wall: Callable[[], float],
        fail: Callable[[str], object],
        database: sqlite3.Connection,
    ) -> None:
        self._path = path
        self._database = database
        self._run = run
        self._tasks = tasks
        self._lock = lock
        self._wall = wall
        self._fail = fail
        self._jobs: SimpleQueue[_Job] = SimpleQueue()
        self._outcomes: deque[tuple[int, Outcome]] = deque()  # no queue: to wake the thread costs more than to write
        self._error: JournalError | None = None
        self._mark = self._asked = 0
        self._waiting: list[tuple[int, asyncio.Future[None]]] = []
        self._singles: set[int] = set()
        self._thread = threading.Thread(target=self._work, name=f"taskframe-journal-{run}", daemon=True)
        self._thread.start()

    # the run's side, on its event loop

    def covers(self, position: int) -> bool:
        """Whether this task may be sent: it is marked, on disk. Asks for the next mark in time."""
        if position < self._mark:
            if position >= self._asked - AHEAD // 2:
                self._ask(position)
            return True
        return position in self._singles

    async def admit(self, position: int) -> None:
        """Waits until this task may be sent, and those behind it. Raises JournalError when the disk says no."""
        if self._error is not None:
            raise self._error
        if self.covers(position):
            return
        done: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._waiting.append((position, done))
        if position >= self._asked:
            self._ask(position)
        await done

    async def admit_all(self, positions: Sequence[int]) -> None:
        """Waits until these may be sent, and no others."""
        if self._error is not None:
            raise self._error
        wanted = [p for p in positions if not self.covers(p)]
        if wanted:
            await self._put_down("marks", [(p, p) for p in wanted])
            self._singles.update(wanted)

    async def _put_down(self, kind: Literal["marks", "step"], what: Any) -> None:
        """Waits until this is on disk. Raises JournalError when the disk says no."""
        loop = asyncio.get_running_loop()
        done: asyncio.Future[None] = loop.create_future()
        self._jobs.put(_Job(kind, what, loop, lambda error: _settle(done, error)))
        await done

    def _ask(self, position: int) -> None:
        """For a mark that is well ahead of this task."""
        first, last = self._asked, min(position + AHEAD, self._tasks) - 1
        if last >= first:
            self._asked = last + 1
            loop = asyncio.get_running_loop()
            self._jobs.put(_Job("marks", [(first, last)], loop, lambda error: self._reach(last + 1, error)))

    def _reach(self, mark: int, error: JournalError | None) -> None:
        if error is None:
            self._mark = max(self._mark, mark)
        for position, done in self._waiting:
            if error is not None or position < self._mark:
                _settle(done, error)
        self._waiting = [(p, done) for p, done in self._waiting if not done.done()]

    async def step(self, position: int, cells: Row, before: Row, row: Row) -> None:
        """One of several calls of a task went through: these cells were written. Waits until that is on disk."""
        if self._error is not None:
            raise self._error
        await self._put_down("step", (position, {"written": dict(cells), "before": dict(before), "row": dict(row)}))

    def outcome(self, position: int, outcome: Outcome) -> None:
        """This became of a task."""
        self._outcomes.append((position, outcome))
        if len(self._outcomes) == GROUP:
            self._jobs.put(_Job("nudge", None))

    def close(self, stopped: str, calls: int, elapsed: float) -> None:
        """The run has ended, and all is on disk when this returns. Raises JournalError where it is not."""
        self._jobs.put(_Job("end", (stopped, calls, elapsed)))
        self._thread.join()
        self._lock.drop()
        if self._error is not None:
            raise self._error

    def abandon(self) -> None:
        """The run broke off: what is queued is written, and the run stays open, to be gone on with."""
        self._jobs.put(_Job("leave", None))
        self._thread.join()
        self._lock.drop()

    # the writing side, in the thread

    def _work(self) -> None:
        database = self._database
        written = time.monotonic()
        try:
            while True:
                jobs = self._next()
                over = any(job.kind in ("end", "leave") for job in jobs)
                for group in self._groups(jobs):
                    if not group and time.monotonic() < written + PULSE:
                        continue
                    if self._error is None:
                        try:
                            self._commit(database, group)
                            written = time.monotonic()
                        except Exception as error:  # a value that JSON has not, too: nobody may wait for ever
                            self._give_up(error)
                    for job in group:
                        job.finish(self._error)
                if over:
                    return
        finally:
            database.close()

    def _next(self) -> list[_Job]:
        """What waits to be written; empty when nothing came for a while, but for outcomes."""
        jobs: list[_Job] = []
        with suppress(Empty):
            jobs.append(self._jobs.get(timeout=PATIENCE))
            while jobs[-1].kind not in ("end", "leave"):
                jobs.append(self._jobs.get_nowait())
        return [job for job in jobs if job.kind != "nudge"]

    def _groups(self, jobs: list[_Job]) -> Iterator[list[_Job]]:
        """What is to be committed together: the jobs go with the last of the outcomes."""
        while True:
            outcomes = [self._outcomes.popleft() for _ in range(min(len(self._outcomes), GROUP))]
            made = [_Job("outcome", outcomes)] if outcomes else []
            if not self._outcomes:
                yield made + jobs
                return
            yield made

    def _commit(self, database: sqlite3.Connection, group: Sequence[_Job]) -> None:
        run = self._run
        database.execute("BEGIN IMMEDIATE")
        try:
            for job in group:
                if job.kind == "marks":
                    database.executemany(
                        "INSERT INTO marks (run, first, last) VALUES (?, ?, ?)", [(run, *m) for m in job.what]
                    )
                elif job.kind == "outcome":
                    database.executemany(
                        "INSERT OR REPLACE INTO outcomes (run, position, kind, outcome) VALUES (?, ?, ?, ?)",
                        [(run, position, found.kind, encoded(outcome_json(found))) for position, found in job.what],
                    )
                elif job.kind == "step":
                    position, made = job.what
                    row = (run, position, encoded(made))
                    database.execute("INSERT INTO steps (run, position, step) VALUES (?, ?, ?)", row)
                elif job.kind == "end":
                    database.execute(
                        "UPDATE runs SET ended = ?, stopped = ?, calls = calls + ?, elapsed = elapsed + ? WHERE id = ?",
                        (self._wall(), *job.what, run),
                    )
            database.execute("UPDATE runs SET seen = ? WHERE id = ?", (self._wall(), run))
            database.execute("COMMIT")
        except BaseException:
            if database.in_transaction:
                database.execute("ROLLBACK")
            raise

    def _give_up(self, error: Exception) -> None:
        self._error = error if isinstance(error, JournalError) else failure(self._path, error)
        self._fail(str(self._error))


def _settle(done: asyncio.Future[None], error: JournalError | None) -> None:
    if done.done():
        return
    if error is None:
        done.set_result(None)
    else:
        done.set_exception(error)


@dataclass(frozen=True)
class _Job:
    """Something to be written; `then` is called on `loop` when it is on disk, or will never be."""

    kind: Literal["marks", "step", "outcome", "end", "leave", "nudge"]
    what: Any
    loop: asyncio.AbstractEventLoop | None = None
    then: Callable[[JournalError | None], object] | None = None

    def finish(self, error: JournalError | None) -> None:
        if self.loop is not None and self.then is not None:
            with suppress(RuntimeError):  # the loop is closed: nobody waits any more
                self.loop.call_soon_threadsafe(self.then, error)
