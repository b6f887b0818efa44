"""Planning from a large CSV file beside `pandas.read_csv(dtype=str)` alone: rows a second, and memory."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Iterator
from functools import partial
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd

import taskframe as tf
from taskframe.frame import TaskFrame
from tests.benchmarks.harness import Goal, Line, Size, check, in_process, interleaved


def lines(size: Size) -> Iterator[Line]:
    """`tasks.plan_csv(path)` of a file with one cell in a hundred edited."""
    rows = size.pick(1_000_000, 4_000)
    with tempfile.TemporaryDirectory() as folder:
        path = str(Path(folder) / "tasks.csv")
        tasks, edits = written(rows, path), edited(path)
        check(tasks.plan_csv(path).problems.empty and len(tasks.plan_csv(path)) == edits, "not all that was edited")
        times = interleaved(
            {"ours": partial(_cpu, partial(tasks.plan_csv, path)), "theirs": partial(_cpu, partial(read, path))},
            size.pick(5, 2),
        )
        del tasks
        ours = in_process(planned, rows, path, holding=held)
        theirs = in_process(read, path)
        check(ours.result == edits, f"{ours.result} tasks in the plan, {edits} edited")
    ratio = times.ratio("theirs", "ours")
    yield Line(
        what="tasks.plan_csv()",
        work=f"{rows:,} rows × 8 columns, {edits:,} cells edited: read, checked and compared",
        unit="rows/s",
        ours=rows / times.median("ours"),
        theirs=rows / times.median("theirs"),
        ratio=ratio.median,
        low=ratio.low,
        high=ratio.high,
        ours_mb=ours.above_mb,
        theirs_mb=theirs.above_mb,
        goal=Goal("least", 0.5),
        note="Processor time; theirs is `pandas.read_csv(dtype=str)` alone. Memory is what comes on top of the load",
    )


def written(rows: int, path: str) -> TaskFrame:
    """So many tasks, and a file of them in which nothing is edited yet."""
    tasks = _tasks(rows)
    tasks.to_csv(path)
    return tasks


def edited(path: str) -> int:
    """Edits one cell in a hundred; gives how many."""
    text = Path(path).read_text("utf-8")
    edits = text.count("7,done,none,")
    Path(path).write_text(text.replace("7,done,none,", "7,done,high,"), "utf-8", newline="")
    return edits


def held(rows: int, path: str) -> tuple[TaskFrame, str]:
    """What is there before."""
    return _tasks(rows), path


def planned(before: tuple[TaskFrame, str]) -> int:
    """How many tasks the plan has."""
    tasks, path = before
    return len(tasks.plan_csv(path))


def read(path: str) -> int:
    """pandas alone."""
    return len(pd.read_csv(path, dtype="str"))


def _cpu(function: Callable[[], Any]) -> float:
    started = time.process_time()
    function()
    return time.process_time() - started


def _tasks(rows: int) -> TaskFrame:
    rng = np.random.default_rng(7)
    due = pd.to_datetime(rng.integers(1_700_000_000, 1_800_000_000, rows), unit="s", utc=True)
    table = pd.DataFrame(
        {
            "identifier": [f"T-{n}" for n in range(rows)],
            "title": [f"Upgrade Terraform modules on the store {n}" for n in range(rows)],
            "status": rng.choice(["todo", "done", "in_progress"], rows),
            "priority": rng.choice(["none", "low", "high"], rows),
            "assigneeUserId": rng.choice(["usr_t0erjmb1oogh2l3cfrcq", "usr_b", None], rows),
            "version": np.arange(rows) % 9 + 1,
            "dueAt": due,
        },
        index=pd.Index([f"tsk_{n:020}" for n in range(rows)], name="id"),
    )
    return tf.from_frame(table, "reload")
