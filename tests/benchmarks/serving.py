"""The server that updates are sent to (server.c), the tasks that it knows, and what it tells of what was written."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
import time
import urllib.request
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import msgspec
import pandas as pd

import taskframe as tf
from tests.benchmarks.harness import check

_SOURCE = Path(__file__).with_name("server.c")
CORES = sorted(os.sched_getaffinity(0)) if hasattr(os, "sched_getaffinity") else [0]
CLIENT = CORES[0] if len(CORES) > 1 else None
"""The core that clients run on; the server has the last one."""

NO_SERVER = "not measured: the server needs a C compiler and Linux"


class Server:
    """A server that runs. `url` is Reload's base URL."""

    def __init__(self, url: str) -> None:
        self.url = url

    def check(self, tasks: int, calls: int) -> float:
        """Each of the first `tasks` tasks was written once, as it was to be; gives the server's CPU seconds for it.

        Then it starts anew.
        """
        served, micros = map(int, self._get("/usage").split())
        found = self._get("/state").splitlines()
        check(len(found) == tasks, f"{len(found):,} tasks were written, not {tasks:,}")
        for at, line in enumerate(found):
            number, times, version, body = line.split(b" ", 3)
            check((int(number), int(times), int(version)) == (at, 1, 2), f"task {at}: {line!r}")
            check(msgspec.json.decode(body) == body_of(at), f"task {at} was written otherwise: {body!r}")
        check(served == calls, f"{served:,} calls arrived, not {calls:,}")
        self._get("/reset")
        return micros / 1e6

    def _get(self, path: str) -> bytes:
        with urllib.request.urlopen(self.url + path, timeout=60) as reply:
            found: bytes = reply.read()
            return found


@contextmanager
def serving(delay_ms: int = 0) -> Iterator[Server | None]:
    """A server on the last core; None where it can't be built. `delay_ms`: how long it holds each update back."""
    compiler = shutil.which("cc") or shutil.which("gcc")
    with tempfile.TemporaryDirectory() as folder:
        program, port = Path(folder, "server"), Path(folder, "port")
        if compiler is None or _failed([compiler, "-O2", "-o", str(program), str(_SOURCE)]):
            yield None
            return
        core = CORES[-1] if len(CORES) > 1 else -1
        process = subprocess.Popen([str(program), str(port), str(core), str(delay_ms)])
        try:
            end = time.monotonic() + 20
            while not (port.exists() and port.read_text().endswith("\n")):
                check(process.poll() is None and time.monotonic() < end, "the server did not start")
                time.sleep(0.01)
            yield Server(f"http://127.0.0.1:{int(port.read_text())}")
        finally:
            process.kill()
            process.wait()


def _failed(command: list[str]) -> bool:
    return subprocess.run(command, capture_output=True).returncode != 0


# the tasks


def task_id(number: int) -> str:
    """Its id."""
    return f"tsk_{number:012d}"


def body_of(number: int) -> dict[str, object]:
    """What is sent for it: one cell, on the version that it was loaded at."""
    return {"taskId": task_id(number), "version": 1, "priority": "high"}


def frame(rows: int) -> pd.DataFrame:
    """The first so many tasks, as the server shows them."""
    numbers = range(rows)
    made = pd.Timestamp("2026-01-01T09:00:00Z")
    columns: dict[str, object] = {
        "identifier": [f"T-{n}" for n in numbers],
        "workspaceId": "wsp_0000000000000001",
        "title": [f"Look after matter number {n}" for n in numbers],
        "description": [f"What is to be done about number {n}, and by whom" for n in numbers],
        "status": "todo",
        "priority": "medium",
        "version": 1,
        "dueAt": pd.Timestamp("2027-01-01T09:00:00Z"),
        "assigneeUserId": [f"usr_{n % 100:012d}" for n in numbers],
        "createdByUserId": "usr_000000000007",
        "channelId": "chn_0000000000000001",
        "createdAt": made,
        "updatedAt": made,
    }
    nothing = ("assigneeAgentId", "createdByAgentId", "parentTaskId", "originMessageId", "originExtractionId")
    never = ("startedAt", "completedAt", "cancelledAt", "archivedAt", "deletedAt")
    columns |= dict.fromkeys(nothing) | dict.fromkeys(never, pd.NaT)
    return pd.DataFrame(columns, index=pd.Index([task_id(n) for n in numbers], name="id", dtype="str"))


def edited(url: str, rows: int, concurrency: int = 64) -> tf.TaskFrame:
    """A connection's frame of so many tasks, one cell of each edited."""
    os.environ["XDG_STATE_HOME"] = tempfile.mkdtemp()  # a journal of this process's own
    conn = tf.connect("reload", token="rl_sk_x", base_url=url, concurrency=concurrency, rate=[])
    conn.load(limit=1)  # what a program does first: it brings the modules and the connection along
    tasks = tf.from_frame(frame(rows), conn)
    tasks.df["priority"] = "high"
    return tasks
