"""Small real plans, frames and reports to look at."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.preview.views import FrameView, PlanView, ReportView
from taskframe.schema import Column, Schema

LOADED = datetime(2026, 7, 1, 9, 30, 12, tzinfo=UTC)
SOURCE = "https://api.reload.chat · workspaceId ws_1"
HOSTILE = "<img src=x onerror=alert(1)></script></style>\"'>\x1b[31m\x1b]0;own\x07\u202etxt\u2066\u200b\nnext\r\x9b"

SCHEMA = Schema(
    (
        Column("id", "text"),
        Column("identifier", "text", role="identifier"),
        Column("title", "text", editable=True, role="title"),
        Column(
            "status", "choice", editable=True, role="status", choices=("todo", "in_progress", "done"), clearable=True
        ),
        Column("assigneeUserId", "text", editable=True, role="assignee", people=True, clearable=True),
        Column("dueAt", "timestamp", editable=True, role="due", clearable=True),
        Column("description", "text", editable=True, clearable=True),
        Column("labels", "list", editable=True),
        Column("extra", "object", editable=True),
    )
)


def objects(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    for position, value in enumerate(values):
        array[position] = value
    return array


def changes(tasks: int = 3, title: str = "Fix the login page", **columns: list[tuple[Any, Any]]) -> Changes:
    """Each column's cells, (before, after), go to the first tasks in turn."""
    ids = [f"tsk_{i}" for i in range(tasks)]
    base = SCHEMA.frame(ids, {"identifier": [f"REL-{i}" for i in range(tasks)], "title": [title] * tasks})
    return Changes(
        base,
        {
            name: ColumnChanges(
                name, np.arange(len(cells)), objects([b for b, _ in cells]), objects([a for _, a in cells])
            )
            for name, cells in columns.items()
        },
    )


def plan(changes: Changes, **more: Any) -> PlanView:
    settings = {"service": "Reload", "source": SOURCE, "loaded_at": LOADED, "schema": SCHEMA, "calls": 4}
    return PlanView(**{**settings, "changes": changes, **more})


def frame(df: pd.DataFrame, **more: Any) -> FrameView:
    settings = {"service": "Reload", "source": SOURCE, "loaded_at": LOADED, "schema": SCHEMA}
    return FrameView(**{**settings, "frame": df, **more})


def tasks(count: int = 30, title: str = "Fix the login page") -> pd.DataFrame:
    return SCHEMA.frame(
        [f"tsk_{i}" for i in range(count)],
        {
            "identifier": [f"REL-{i}" for i in range(count)],
            "title": [title] * count,
            "status": ["todo" if i % 3 else "done" for i in range(count)],
            "assigneeUserId": ["usr_1" if i % 2 else None for i in range(count)],
            "dueAt": ["2026-07-01T09:00:00Z"] * count,
        },
    )


def report(outcomes: list[tuple[str, str | None]], conflicts: list[tuple[Any, ...]] = (), **more: Any) -> ReportView:
    df = pd.DataFrame(
        {
            "identifier": pd.array([f"REL-{i}" for i in range(len(outcomes))], dtype="str"),
            "outcome": pd.array([o for o, _ in outcomes], dtype="str"),
            "detail": pd.array([d for _, d in outcomes], dtype="str"),
            "attempts": pd.array([1] * len(outcomes), dtype="Int64"),
            "status_code": pd.array([422 if o == "failed" else None for o, _ in outcomes], dtype="Int64"),
            "request_id": pd.array([None] * len(outcomes), dtype="str"),
        },
        index=pd.Index([f"tsk_{i}" for i in range(len(outcomes))], name="id"),
    )
    cells = pd.DataFrame(list(conflicts), columns=["id", "column", "base", "ours", "theirs"], dtype="object")
    counts = {o: int(n) for o, n in df["outcome"].value_counts(sort=False).items()}
    settings = {"service": "Reload", "source": SOURCE, "run_id": "run-7", "elapsed": 10.0, "calls": 40}
    return ReportView(**{**settings, "counts": counts, "outcomes": df, "conflicts": cells, **more})
