"""Pragmatiks' agent tasks: the columns, the object on the wire, rows and columns made of it."""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from taskframe.schema import Column, Schema
from taskframe.services.times import check_times

if TYPE_CHECKING:
    from taskframe.changes.edit import Row
    from taskframe.services.base import Columns

STATUSES: Final = ("backlog", "assigned", "running", "review", "done")
PRIORITIES: Final = (4, 3, 2, 1)
"""4 low, 3 normal, 2 high, 1 urgent: the least urgent first, so that `df["priority"] > 3` are the more urgent ones."""

SOURCES: Final = ("triage", "conversation", "manual")
PATCHED: Final = (
    "title", "description", "priority", "assigned_to_type_id", "assigned_to_instance_id", "assigned_to_user_id",
    "correlation_bucket_id", "source",
)  # fmt: skip
"""The columns that PATCH takes, in the order of its documented body. `status` goes by a transition."""

_PATCH: Final = "seed: PATCH /agents/tasks/{task_id}, body"
_TASK: Final = "seed: PATCH /agents/tasks/{task_id}, response"


def _column(name: str, label: str, kind: Any = "text", **more: Any) -> Column:
    more.setdefault("source", _PATCH if name in PATCHED else _TASK)
    return Column(name, kind, label=label, editable=name in PATCHED or name == "status", **more)


def _assignee(name: str, label: str) -> Column:
    return _column(name, label, clearable=True, role="assignee", people=True)


SCHEMA: Final = Schema(
    (
        _column("organization_id", "Organization"),
        _column("title", "Title", nullable=False, role="title"),
        _column("description", "Description", clearable=True),
        _column(
            "status", "Status", "choice", nullable=False, role="status", choices=STATUSES,
            source="docs: POST /agents/tasks/{task_id}/transition",
        ),
        _column(
            "priority", "Priority", "choice", nullable=False, role="priority", choices=PRIORITIES, ordered=True
        ),
        _assignee("assigned_to_user_id", "Assignee"),  # the first is what code that goes by role takes
        _assignee("assigned_to_instance_id", "Agent instance"),
        _assignee("assigned_to_type_id", "Agent type"),
        _column("correlation_bucket_id", "Correlation bucket", clearable=True),
        _column("created_by", "Created by"),
        _column("source", "Source", "choice", nullable=False, choices=SOURCES),
        _column("created_at", "Created", "timestamp", nullable=False),
        _column("updated_at", "Updated", "timestamp", nullable=False, role="updated"),
    )
)  # fmt: skip
"""What PATCH takes as null clears where the reply documents null too; a title, priority or source is never null."""

TIMES: Final = tuple(c.name for c in SCHEMA if c.kind == "timestamp")
_Text = str | None | UnsetType
Task: Any = msgspec.defstruct(
    "Task",
    [
        ("id", str),
        ("priority", int | None | UnsetType, UNSET),
        *((c.name, _Text, UNSET) for c in SCHEMA if c.name != "priority"),
    ],
    gc=False,
)
"""A task as the service sent it: one attribute a column, `UNSET` where the key was absent."""


def row(task: Any) -> Row:
    """One task as a row: id, and only the columns whose keys the service sent."""
    built: Row = msgspec.to_builtins(task)
    return built


def columns(tasks: Sequence[Any]) -> Columns:
    """Many tasks as plain lists, the id among them; what a task left out is None."""
    lists: dict[str, list[Any]] = {"id": [task.id for task in tasks]}
    for column in SCHEMA:
        values = list(map(attrgetter(column.name), tasks))
        lists[column.name] = [None if v is UNSET else v for v in values] if UNSET in values else values
    check_times(lists, TIMES)
    return lists
