"""What following costs: a small part of the apply that it comes after."""

from __future__ import annotations

import time
from typing import Any

from kinds import RELOAD

from taskframe.changes.answered import Answered
from taskframe.changes.baseline import Baseline
from taskframe.changes.follow import follow
from taskframe.changes.intake import take_frame

COUNT = 20_000


def column(kind: str, choices: Any, *, nullable: bool) -> list[Any]:
    if kind == "choice":
        return [choices[n % len(choices)] for n in range(COUNT)]
    if kind == "integer":
        return [1] * COUNT
    if kind == "timestamp":
        return [f"2026-01-{1 + n % 28:02}T00:00:00.{n % 1000:03}Z" for n in range(COUNT)]
    return [None if nullable and n % 2 else f"word {n}" for n in range(COUNT)]


def test_20_000_answers_are_followed_in_bulk() -> None:
    """Whole answers of all columns, of which four moved, and one holds edits made meanwhile: no cell by cell.

    Held against the time that it takes to make the frame, on the same machine at the same moment (about 3 times; cell
    by cell it was some 80 times).
    """
    values = {c.name: column(c.kind, c.choices, nullable=c.nullable) for c in RELOAD}
    ids = [f"t{n}" for n in range(COUNT)]
    start = time.process_time()
    df = RELOAD.frame(ids, values)
    made = time.process_time() - start
    baseline = Baseline.of(df, RELOAD)
    priority = ["low" if p != "low" else "high" for p in values["priority"]]
    df["title"], df["priority"] = [f"ours {n}" for n in range(COUNT)], priority
    df.loc[df.index[::50], "description"] = "later"
    sent = {task: {"title": f"ours {n}", "priority": priority[n]} for n, task in enumerate(ids)}
    answers = {
        task: {
            **{name: cells[n] for name, cells in values.items()},
            **sent[task],
            "version": 2,
            "updatedAt": f"2026-06-01T00:00:00.{n % 1000:03}Z",
        }
        for n, task in enumerate(ids)
    }
    start = time.process_time()
    followed = follow(df, take_frame(df, RELOAD), baseline, Answered.of(answers, sent, own=ids))
    spent = time.process_time() - start
    assert followed.baseline.frame["version"].eq(2).all()
    assert set(followed.columns) == {"version", "updatedAt"}
    assert spent < 25 * made
