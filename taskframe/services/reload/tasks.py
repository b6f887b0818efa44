"""Reload's tasks: the columns, the object on the wire, rows and columns made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from taskframe.schema import Column, Schema
from taskframe.services.times import check_times

if TYPE_CHECKING:
    from taskframe.changes.edit import Row
    from taskframe.services.base import Columns

STATUSES: Final = ("triage", "backlog", "todo", "in_progress", "blocked", "in_review", "done", "cancelled")
PRIORITIES: Final = ("none", "low", "medium", "high", "urgent")
WRITABLE: Final = ("status", "priority", "title", "description", "assigneeAgentId", "assigneeUserId")
"""The columns that update-task takes, in the order of its documented body."""

_BODY: Final = "docs: update-task, body"
_TASK: Final = "docs: update-task, response (the Task object)"


def _column(name: str, label: str, kind: Any = "text", **more: Any) -> Column:
    more.setdefault("source", _BODY if more.get("editable") else _TASK)
    return Column(name, kind, label=label, **more)


_PERSON: Final[Mapping[str, Any]] = {
    "editable": True, "clearable": True, "role": "assignee", "people": True, "min_length": 1,
}  # fmt: skip

SCHEMA: Final = Schema(
    (
        _column("identifier", "Identifier", nullable=False, role="identifier"),
        _column("workspaceId", "Workspace", nullable=False),
        _column(
            "title", "Title", editable=True, nullable=False, role="title", min_length=1, max_length=500,
            source="docs: create-task, body (1–500 characters)",
        ),
        _column("description", "Description", editable=True),
        _column("status", "Status", "choice", editable=True, nullable=False, role="status", choices=STATUSES),
        _column(
            "priority", "Priority", "choice", editable=True, nullable=False, role="priority", choices=PRIORITIES,
            ordered=True,
        ),
        _column("version", "Version", "integer", nullable=False, role="version"),
        _column("dueAt", "Due", "timestamp", role="due"),
        _column("assigneeUserId", "Assignee", **_PERSON),
        _column("assigneeAgentId", "Agent", **_PERSON),
        _column("createdByUserId", "Created by"),
        _column("createdByAgentId", "Created by agent"),
        _column("parentTaskId", "Parent task"),
        _column("channelId", "Channel"),
        _column("originMessageId", "Origin message"),
        _column("originExtractionId", "Origin extraction"),
        _column("startedAt", "Started", "timestamp"),
        _column("completedAt", "Completed", "timestamp"),
        _column("cancelledAt", "Cancelled", "timestamp"),
        _column("archivedAt", "Archived", "timestamp"),
        _column("createdAt", "Created", "timestamp", nullable=False),
        _column("updatedAt", "Updated", "timestamp", nullable=False, role="updated"),
        _column("deletedAt", "Deleted", "timestamp"),
    )
)  # fmt: skip

TIMES: Final = tuple(c.name for c in SCHEMA if c.kind == "timestamp")
LARGEST: Final = 2**63 - 1

_Text = str | None | UnsetType
Task: Any = msgspec.defstruct(
    "Task",
    [
        ("id", str),
        ("version", int | float),
        *((c.name, _Text, UNSET) for c in SCHEMA if c.name != "version"),
    ],
    gc=False,
)
"""A task as the service sent it: one attribute a column, `UNSET` where the key was absent."""


def row(task: Any) -> Row:
    """One task as a row: id, and only the columns whose keys the service sent."""
    built: Row = msgspec.to_builtins(task)
    return built


def columns(tasks: Sequence[Any]) -> Columns:
    """Many tasks as plain lists, the id among them, the newest task first; what a task left out is None.

    Pages come in the order of the replies, which is chance: a load must not depend on it.
    """
    tasks = sorted(tasks, key=_age, reverse=True)
    lists: dict[str, list[Any]] = {"id": [task.id for task in tasks]}
    for column in SCHEMA:
        values = list(map(attrgetter(column.name), tasks))
        lists[column.name] = [None if v is UNSET else v for v in values] if UNSET in values else values
    check_times(lists, TIMES)  # before pandas reads "now" as now and "" as nothing
    return lists


def _age(task: Any) -> tuple[str, str]:
    return task.createdAt or "", task.id
