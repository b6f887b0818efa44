"""Many of Reload's tasks, as a load leaves them: 20 columns without lists or objects, and two of lists where wanted."""

from __future__ import annotations

import json
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

import taskframe as tf
from taskframe.changes.normal import objects
from taskframe.frame import TaskFrame
from taskframe.schema import Column, Schema

LISTS = ("labels", "watchers")
"""The columns of lists. Reload has none, so they are added to its schema; Kore's multi-select fields are such."""

_START = 1_700_000_000_000_000  # microseconds
_YEAR = 365 * 86_400 * 1_000_000


def many(rows: int, *, lists: bool = False) -> TaskFrame:
    """So many tasks, the same in each call; nobody edited them yet."""
    table = _table(rows, lists=lists)
    few = tf.from_frame(table[[c for c in table if c not in LISTS]].head(100), "reload")
    schema = few.schema
    if lists:
        more = tuple(Column(name, "list", editable=True, nullable=False, unordered=True) for name in LISTS)
        schema = Schema((*schema.columns, *more), schema.index)
    frame = pd.DataFrame({c.name: table[c.name].astype(c.dtype) for c in schema if c.name in table}, index=table.index)
    return TaskFrame(frame, replace(few.load, schema=schema, size=rows), None)


def edit(df: pd.DataFrame, share: float = 0.05) -> None:
    """One task in 20 gets another priority, and one in 20 another title: in place, by `.loc`."""
    rng = np.random.default_rng(11)
    df.loc[rng.random(len(df)) < share, "priority"] = "urgent"
    mask = rng.random(len(df)) < share
    df.loc[mask, "title"] = "Later: " + df.loc[mask, "title"]


def _table(rows: int, *, lists: bool) -> pd.DataFrame:
    rng = np.random.default_rng(7)
    people = np.array([f"usr_{n:020}" for n in range(300)], dtype=object)

    def time(share: float) -> Any:
        times = pd.Series(pd.to_datetime(_START + rng.integers(0, _YEAR, rows), unit="us", utc=True))
        return times.where(rng.random(rows) < share).array

    def person(share: float) -> np.ndarray:
        return np.where(rng.random(rows) < share, rng.choice(people, rows), None)

    numbers = range(rows)
    columns: dict[str, Any] = {
        "identifier": [f"T-{n}" for n in numbers],
        "workspaceId": ["wsp_9o9kslgd5dg39rbbrfjb"] * rows,
        "title": [f"Upgrade Terraform modules on the store {n}" for n in numbers],
        "description": [f"What is to be done about {n}, and why it matters" if n % 3 else None for n in numbers],
        "status": rng.choice(["todo", "done", "in_progress", "blocked"], rows),
        "priority": rng.choice(["none", "low", "medium", "high"], rows),
        "version": np.arange(rows) % 9 + 1,
        "dueAt": time(0.6),
        "assigneeUserId": person(0.7),
        "assigneeAgentId": person(0.1),
        "createdByUserId": person(0.9),
        "createdByAgentId": person(0.1),
        "parentTaskId": person(0.1),
        "channelId": person(0.5),
        "startedAt": time(0.5),
        "completedAt": time(0.3),
        "cancelledAt": time(0.05),
        "archivedAt": time(0.1),
        "createdAt": time(1),
        "updatedAt": time(1),
    }
    if lists:
        words = [f"label {n}" for n in range(40)]
        for name in LISTS:
            sizes, picks = rng.integers(0, 5, rows).tolist(), rng.integers(0, 36, rows).tolist()
            texts = [words[at : at + size] for size, at in zip(sizes, picks, strict=True)]
            columns[name] = objects(json.loads(json.dumps(texts)))  # no two lists share a text, as none do in replies
    return pd.DataFrame(columns, index=pd.Index([f"tsk_{n:020}" for n in numbers], name="id", dtype="str"))
