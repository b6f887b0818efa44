"""Reload's tasks: the columns, the object on the wire, rows and columns made of it."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from operator import gt
from typing import TYPE_CHECKING, Annotated, Any, Final

import msgspec
import numpy as np
from msgspec import UNSET, UnsetType

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.schema import Column, Schema
from taskframe.services.gathering import BATCH, Gathering, lists_of
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

_Id = Annotated[str, msgspec.Meta(min_length=1)]
_Version = Annotated[int, msgspec.Meta(ge=-LARGEST, le=LARGEST)]
WholeTask: Any = msgspec.defstruct(
    "WholeTask",
    [("id", _Id), *((c.name, _Version if c.name == "version" else str | None) for c in SCHEMA)],
    gc=False,
)
"""The same where no key was, and nothing is to be mended: as documented, and so no cell needs to be looked at for it.
The keys are in the order in which the service sends them, in which they are found at once."""


def row(task: Any) -> Row:
    """One task as a row: id, and only the columns whose keys the service sent."""
    built: Row = msgspec.to_builtins(task)
    return built


def columns(tasks: Sequence[Any]) -> Columns:
    """Many tasks as plain lists, the id among them, the newest task first; what a task left out is None.

    Pages come in the order of the replies, which is chance: a load must not depend on it.
    """
    tasks = sorted(tasks, key=_age, reverse=True)
    lists = lists_of(tasks, WholeTask)
    check(lists)
    return {name: list(lists[name]) for name in ("id", *SCHEMA.names)}


def _age(task: Any) -> tuple[str, str]:
    return task.createdAt or "", task.id


def check(lists: Mapping[str, Sequence[Any]]) -> None:
    """Raises ProtocolError for a timestamp that is none, before pandas reads "now" as now and "" as nothing."""
    check_times(lists, TIMES)


class ReloadGatherer:
    """`columns`, page by page; see `Gatherer`."""

    def __init__(self) -> None:
        self._gathering = Gathering((Column("id", "text"), *SCHEMA), check)
        self._waiting: list[Any] = []

    def add(self, tasks: Sequence[Any]) -> None:
        """One page's new tasks."""
        self._waiting += tasks
        if len(self._waiting) >= BATCH:
            self._make()

    def _make(self) -> None:
        lists = lists_of(self._waiting, WholeTask)
        if not _in_order(lists["createdAt"]):  # to move few tasks now spares moving all columns in the end
            self._waiting.sort(key=_age, reverse=True)
            lists = lists_of(self._waiting, WholeTask)
        self._gathering.extend(lists)
        self._waiting = []

    def columns(self) -> tuple[Columns, Catalogue]:
        """All of them, the newest first, as arrays."""
        self._make()
        columns = self._gathering.arrays()
        order = _newest_first(columns["createdAt"], columns["id"])
        if order is not None:
            for name in columns:
                columns[name] = columns[name].take(order)
        return columns, EMPTY


def _in_order(created: Sequence[Any]) -> bool:
    """Whether each task is older than the one before."""
    try:
        return all(map(gt, created, created[1:]))
    except TypeError:  # one does not say when it was made
        return False


def _newest_first(created: Any, ids: Any) -> np.ndarray | None:
    """Where in the columns the newest task is, then the next; None where they are in that order.

    Of tasks of one moment the ids decide: only those are looked at.
    """
    moments = created.asi8
    if (moments[1:] < moments[:-1]).all():
        return None
    order = np.argsort(moments, kind="stable")[::-1]
    ordered = moments[order]
    same = np.concatenate(([False], ordered[1:] == ordered[:-1], [False]))
    places = np.flatnonzero(same[1:] | same[:-1])
    tied = order[places]
    keys = list(zip(moments[tied].tolist(), ids.take(tied).tolist(), strict=True))
    order[places] = tied[sorted(range(len(keys)), key=keys.__getitem__, reverse=True)]
    return None if (order[1:] > order[:-1]).all() else order
