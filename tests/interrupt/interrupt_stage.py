"""A sandbox here, a process that works on it there, and what the server's log says of both."""

from __future__ import annotations

import json
import os
import queue
import signal
import sqlite3
import subprocess
import sys
import threading
import time
from collections.abc import Callable, Iterator
from contextlib import closing, contextmanager, suppress
from pathlib import Path
from typing import Any

import taskframe as tf
from taskframe.journal.store import opened
from taskframe.sandbox import Record

CHILD = Path(__file__).with_name("interrupt_child.py")
TITLE = {"reload": "title", "kore": "name", "pragmatiks": "title"}
UPDATE = {"reload": "/update-task", "kore": "/updateTask/", "pragmatiks": "/agents/tasks/"}
SERVICES = tuple(TITLE)
LONG = 60.0
"""Seconds that nothing here takes, on the busiest machine."""


def until(condition: Callable[[], Any]) -> Any:
    """Waits until it holds, and gives what it gave."""
    end = time.monotonic() + LONG
    while not (found := condition()):
        assert time.monotonic() < end, "it never came"
        time.sleep(0.005)
    return found


class Child:
    """The other process."""

    def __init__(self) -> None:
        self._process = subprocess.Popen(
            [sys.executable, "-W", "error", str(CHILD)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, text=True
        )
        self._said: queue.SimpleQueue[str] = queue.SimpleQueue()
        threading.Thread(target=self._listen, daemon=True).start()
        assert self.hear() == {"up": True}

    def _listen(self) -> None:
        assert self._process.stdout is not None
        for line in self._process.stdout:
            self._said.put(line)

    def kill(self) -> None:
        """After a test that failed: who knows what it is at."""
        self._process.kill()
        self.end()

    def tell(self, **order: Any) -> None:
        assert self._process.stdin is not None
        self._process.stdin.write(json.dumps(order) + "\n")
        self._process.stdin.flush()

    def hear(self, seconds: float = LONG) -> Any:
        """The next line that it says; TimeoutError where it says none."""
        try:
            return json.loads(self._said.get(timeout=seconds))
        except queue.Empty:
            raise TimeoutError from None

    def ask(self, **order: Any) -> Any:
        self.tell(**order)
        return self.hear()

    def interrupt(self) -> None:
        assert self._process.poll() is None
        os.kill(self._process.pid, signal.SIGINT)

    def end(self) -> int:
        """Its orders end, and so does it: the exit code."""
        assert self._process.stdin is not None
        with suppress(BrokenPipeError):
            self._process.stdin.close()
        try:
            return self._process.wait(LONG)
        finally:
            self._process.kill()
            self._process.wait()
            if self._process.stdout is not None:
                self._process.stdout.close()


class Children:
    """The process that is interrupted, and the one that takes a run up; each serves many tests."""

    def __init__(self) -> None:
        self._found: dict[str, Child] = {}

    def __getitem__(self, name: str) -> Child:
        if name not in self._found:
            self._found[name] = Child()
        return self._found[name]

    def renew(self) -> None:
        """Others, after a test that failed."""
        while self._found:
            self._found.popitem()[1].kill()

    def end(self) -> None:
        for child in self._found.values():
            assert child.end() == 0


class Stage:
    """One service with tasks, a plan for all of them in the child, and the log."""

    def __init__(self, service: str, child: Child, journal: Path, *, tasks: int = 40) -> None:
        self.service, self.child, self.journal = service, child, journal
        self.box = tf.sandbox(tasks=tasks, services=[service])
        self.server: Any = self.box[service]
        self.faults = self.box.faults
        self.start = self.visits = 0
        self.options: dict[str, Any] = {}
        with opened(journal):
            """It is there."""
        self.title = TITLE[service]
        self.ids: list[str] = []
        self.before: list[str] = []

    def plan(self, **order: Any) -> None:
        """The child loads, and edits the title of each task."""
        self.options = {k: v for k, v in order.get("options", {}).items() if k != "rate"}
        self.ids = self._told(do="plan", tasks=None, column=TITLE[self.service], **order)["ready"]
        self.before = [self.server.task(task)[self.title] for task in self.ids]
        self.start, self.visits = len(self.box.log), 0

    def apply(self, **order: Any) -> None:
        """The child begins to apply."""
        self.child.tell(**self._order(do="apply", **order))

    def interrupt(self) -> Any:
        """Ctrl-C, and what came of it."""
        self.child.interrupt()
        return self.child.hear()

    def resume(self) -> Any:
        return self.child.ask(do="resume")

    def take_up(self, child: Child, run: str) -> tuple[Any, Any]:
        """Another process finds the run in the journal and goes on with it: what it found, and what came of it."""
        before = len(self.box.log)
        found = child.ask(**self._order(do="find", run=run, options=self.options))
        self.visits = len(self.box.log) - before
        return found, child.ask(do="resume")

    def _told(self, **order: Any) -> Any:
        return self.child.ask(**self._order(**order))

    def _order(self, **order: Any) -> dict[str, Any]:
        settings = self.box.settings(self.service)
        return {"service": self.service, "settings": settings, "journal": str(self.journal), **order}

    @contextmanager
    def held(self) -> Iterator[None]:
        """Somebody else writes in the journal for as long as this takes."""
        with closing(sqlite3.connect(self.journal, timeout=LONG, isolation_level=None)) as database:
            database.execute("BEGIN IMMEDIATE")
            yield

    def runs(self) -> list[str]:
        """The runs in the journal, the latest first."""
        with self.box.connect(self.service, journal=self.journal, progress=False) as conn:
            return list(conn.runs().index)

    # what the server saw since the plan was made

    def is_write(self, call: Any) -> bool:
        return call.method not in ("", "GET") and UPDATE[self.service] in call.path

    def is_read(self, call: Any) -> bool:
        return call.method != "" and not self.is_write(call)

    @property
    def calls(self) -> list[Record]:
        return [r for r in self.box.log[self.start :] if r.actor == "caller"]

    def writes(self) -> list[Record]:
        return [r for r in self.calls if self.is_write(r)]

    def reads(self) -> list[Record]:
        return [r for r in self.calls if not self.is_write(r)]

    def target(self, record: Record) -> Any:
        """The task that a write is about; it is in the log only where it was written."""
        if record.task_id is None and self.service == "reload":
            return record.body["taskId"]
        return record.task_id or record.path.rpartition("/")[2]

    def check(self, told: Any) -> dict[str, int]:
        """An outcome for each task, in order, that the log bears out; how often each."""
        assert [row[0] for row in told["rows"]] == self.ids
        sent = {self.target(r) for r in self.writes()}
        written = {r.task_id for r in self.writes() if r.after}
        counts: dict[str, int] = {}
        for task, outcome, detail in told["rows"]:
            counts[outcome] = counts.get(outcome, 0) + 1
            if outcome == "applied":
                assert task in written
            elif outcome == "skipped":
                assert task not in sent
                assert detail
            elif outcome == "unknown":
                assert task in sent
                assert "may have been written" in detail
            else:
                assert outcome == "failed"
                assert task not in written
                assert "interrupted" in detail
        assert told["calls"] == len(self.calls) - self.visits
        return counts

    def check_all_there(self) -> None:
        """The server holds what was planned, each task written once."""
        assert [self.server.task(task)[TITLE[self.service]] for task in self.ids] == [
            f"ours {n}" for n in range(len(self.ids))
        ]
        written = [r.task_id for r in self.writes() if r.after]
        assert sorted(written) == sorted(self.ids)

    def close(self) -> None:
        self.faults.clear()
        self.box.close()
