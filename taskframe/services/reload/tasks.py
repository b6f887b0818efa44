"""Reload's tasks: the columns, the object on the wire, rows and columns made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from taskframe.errors import ProtocolError
from taskframe.schema import Column, Schema
from taskframe.services.http import words

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
_TIMES: Final = list[datetime | None]

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
    for name in TIMES:
        _check_times(name, lists)
    return lists


def _age(task: Any) -> tuple[str, str]:
    return task.createdAt or "", task.id


def _check_times(name: str, lists: Mapping[str, Sequence[Any]]) -> None:
    """Every timestamp must be one, before pandas reads "now" as now and "" as nothing."""
    try:
        msgspec.convert(lists[name], _TIMES)
    except msgspec.ValidationError:
        for task, value in zip(lists["id"], lists[name], strict=True):
            if not are_times([value]):
                message = f"task {words(task, 60)}: {name} is no RFC 3339 timestamp: {words(value, 40)!r}"
                raise ProtocolError(message) from None
        raise


def are_times(values: Sequence[str | None]) -> bool:
    """Is each null, or an RFC 3339 timestamp?"""
    try:
        msgspec.convert(values, _TIMES)
    except msgspec.ValidationError:
        return False
    return True
