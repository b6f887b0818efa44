"""Reload's tasks without a server: a frame to edit, plan and look at."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd

import taskframe as tf
from taskframe.frame import TaskFrame

COUNT = 20


def table(count: int = COUNT, **more: Any) -> pd.DataFrame:
    """What a warehouse might hold of them."""
    ids = [f"tsk_{i:03}" for i in range(count)]
    columns: dict[str, Any] = {
        "identifier": [f"T-{i}" for i in range(count)],
        "workspaceId": ["ws_1"] * count,
        "title": [f"Task {i}" for i in range(count)],
        "description": [f"What {i} is about" for i in range(count)],
        "status": [("todo", "done", "in_progress")[i % 3] for i in range(count)],
        "priority": [("none", "low", "medium", "high", "urgent")[i % 5] for i in range(count)],
        "version": [i + 1 for i in range(count)],
        "dueAt": [None if i % 4 == 3 else f"2026-0{1 + i % 9}-01T09:00:00Z" for i in range(count)],
        "assigneeUserId": ["u_1" if i % 2 else None for i in range(count)],
        "updatedAt": ["2026-06-01T00:00:00Z"] * count,
    }
    return pd.DataFrame({**columns, **more}, index=pd.Index(ids, name="id"))


def tasks(count: int = COUNT, connection: Any = "reload", *, whole: bool = False, **more: Any) -> TaskFrame:
    made = tf.from_frame(table(count, **more), connection)
    if not whole:
        return made
    load = replace(made._load, limited=False)
    return TaskFrame(made.df, load, None if isinstance(connection, str) else connection)


def cells(plan: Any) -> dict[tuple[str, str], Any]:
    return {(i, c): after for i, c, _, after in plan.changes.itertuples(index=False)}
