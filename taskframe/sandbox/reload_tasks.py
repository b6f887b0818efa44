"""Reload's tasks: the table, the rules by which a task changes, and how stories become tasks."""

from __future__ import annotations

import base64
import json
import random
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import msgspec

from taskframe.sandbox.base import timestamp
from taskframe.sandbox.people import make_id
from taskframe.sandbox.stories import Story, stories
from taskframe.sandbox.table import Database, Table

STATUSES = ("triage", "backlog", "todo", "in_progress", "blocked", "in_review", "done", "cancelled")
PRIORITIES = ("none", "low", "medium", "high", "urgent")

COLUMNS = {
    "id": "TEXT PRIMARY KEY",
    "identifier": "TEXT NOT NULL UNIQUE",
    "workspaceId": "TEXT NOT NULL",
    "title": "TEXT NOT NULL",
    "description": "TEXT",
    "status": "TEXT NOT NULL",
    "priority": "TEXT NOT NULL",
    "version": "INTEGER NOT NULL",
    "dueAt": "TEXT",
    "assigneeUserId": "TEXT",
    "assigneeAgentId": "TEXT",
    "createdByUserId": "TEXT",
    "createdByAgentId": "TEXT",
    "parentTaskId": "TEXT",
    "channelId": "TEXT",
    "originMessageId": "TEXT",
    "originExtractionId": "TEXT",
    "startedAt": "TEXT",
    "completedAt": "TEXT",
    "cancelledAt": "TEXT",
    "archivedAt": "TEXT",
    "createdAt": "TEXT NOT NULL",
    "updatedAt": "TEXT NOT NULL",
    "deletedAt": "TEXT",
}
_INDEXES = (
    '"createdAt", "id"', '"updatedAt", "id"', '"status", "priority"', '"assigneeUserId"', '"assigneeAgentId"',
)  # fmt: skip
_STATUS_OF = dict(zip(("new", "queued", "ready", "doing", "stuck", "review", "done", "dropped"), STATUSES, strict=True))
_SEARCHED = frozenset({"title", "description"})

Task = dict[str, Any]


class Tasks:
    """The workspace's tasks. Every method expects the database's lock to be held by whoever needs several."""

    def __init__(self, database: Database, workspace: str) -> None:
        self._database = database
        self._table = Table(database, "reload_tasks", COLUMNS, _INDEXES)
        self._workspace = workspace
        self._counts: dict[tuple[str, tuple[Any, ...]], int] = {}
        self._haystacks: dict[str, str] | None = None

    def __len__(self) -> int:
        return self._table.count()

    def seed(self, n: int, seed: int, users: Sequence[str], agents: Sequence[str], channels: Sequence[str]) -> None:
        """Fill an empty table with `n` tasks."""
        self._table.add(seeded(n, seed, self._workspace, users, agents, channels))

    def get(self, task_id: str) -> Task | None:
        """The task, unless it is deleted."""
        task = self._table.get(task_id)
        return task if task is not None and task["deletedAt"] is None else None

    def all(self) -> list[Task]:
        """Every task that is not deleted, newest first."""
        return self._table.rows('WHERE "deletedAt" IS NULL ORDER BY "createdAt" DESC, "id" DESC')

    def find(self, where: str, values: Sequence[Any], rest: str, more: Sequence[Any] = ()) -> list[Task]:
        """The tasks that a condition picks; `rest` goes on after it (a keyset, order, limit)."""
        return self._table.rows(f'WHERE "deletedAt" IS NULL {where} {rest}', (*values, *more))

    def count(self, where: str, values: Sequence[Any]) -> int:
        """How many tasks a condition picks; remembered until the next write, as each page asks again."""
        key = (where, tuple(values))
        if key not in self._counts:
            if len(self._counts) > 1_000:
                self._counts.clear()
            self._counts[key] = self._table.count(f'WHERE "deletedAt" IS NULL {where}', values)
        return self._counts[key]

    def search(self, text: str) -> str:
        """The ids (a JSON array) of the tasks whose title, description or identifier holds `text` in any case.

        Kept in memory: SQLite folds case for ASCII only, and reading every text for each of the many
        look-ups by identifier would make the server the slow part.
        """
        if self._haystacks is None:
            self._haystacks = {t["id"]: _haystack(t) for t in self._table.rows()}
        needle = text.casefold()
        return json.dumps([i for i, haystack in self._haystacks.items() if needle in haystack])

    def change(
        self, task: Task, fields: Mapping[str, Any], now: float, *, touch: bool = False
    ) -> tuple[Task, Task, Task]:
        """Set fields of a task; returns it as it is then, and what changed: before and after.

        The version goes up by one when anything changes, or when the task is touched (a comment).
        """
        after = {k: v for k, v in fields.items() if task[k] != v}
        if not after and not touch:
            return task, {}, {}
        if "status" in after:
            after |= _moments(task, after["status"], timestamp(now))
        after |= {"version": task["version"] + 1, "updatedAt": timestamp(now)}
        after = {k: v for k, v in after.items() if task[k] != v}
        self._table.change(task["id"], after)
        changed = {**task, **after}
        self._counts.clear()
        if self._haystacks is not None and not _SEARCHED.isdisjoint(after):
            self._haystacks[task["id"]] = _haystack(changed)
        return changed, {k: task[k] for k in after}, after

    def create(self, fields: Sequence[Mapping[str, Any]], now: float, rng: random.Random) -> list[Task]:
        """New tasks, all or none; what `fields` leaves out is null, status `todo`, priority `none`."""
        at, number = timestamp(now), len(self)
        made: list[Task] = []
        for i, given in enumerate(fields, start=1):
            task: Task = dict.fromkeys(COLUMNS)
            task |= {"id": make_id("tsk", rng), "identifier": f"T-{number + i}", "workspaceId": self._workspace}
            task |= {"status": "todo", "priority": "none", "version": 1, "createdAt": at, "updatedAt": at}
            task |= given
            task |= _moments(task, task["status"], at)
            made.append(task)
        self._table.add(made)
        self._counts.clear()
        if self._haystacks is not None:
            self._haystacks |= {t["id"]: _haystack(t) for t in made}
        return made


def cursor_of(*position: Any) -> str:
    """A place in a list, as an opaque text."""
    return base64.urlsafe_b64encode(msgspec.json.encode(position)).decode().rstrip("=")


def position_of(cursor: str) -> list[Any] | None:
    """The place that a cursor stands for; None when it is none of ours."""
    try:
        found = msgspec.json.decode(base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4)))
    except (ValueError, msgspec.DecodeError):
        return None
    return found if isinstance(found, list) else None


def _haystack(task: Mapping[str, Any]) -> str:
    return f"{task['title']}\n{task['description'] or ''}\n{task['identifier']}".casefold()


def _moments(task: Mapping[str, Any], status: str, at: str) -> Task:
    """`startedAt`, `completedAt` and `cancelledAt` follow the status."""
    waiting = status in ("triage", "backlog", "todo")
    begun = status in ("in_progress", "in_review", "done")
    return {
        "startedAt": None if waiting else task["startedAt"] or (at if begun else None),
        "completedAt": (task["completedAt"] or at) if status == "done" else None,
        "cancelledAt": (task["cancelledAt"] or at) if status == "cancelled" else None,
    }


def seeded(
    n: int, seed: int, workspace: str, users: Sequence[str], agents: Sequence[str], channels: Sequence[str]
) -> Iterator[Task]:
    """Tasks of a new account: `n` stories as this service keeps them."""
    rng = random.Random(f"{seed}:reload:tasks")
    ids = [make_id("tsk", rng) for _ in range(n)]
    told = stories(n, seed, users=len(users), agents=len(agents))
    for i, (task_id, story) in enumerate(zip(ids, told, strict=True)):
        channel = channels[story.team] if rng.random() < 0.4 else None
        said = channel is not None and rng.random() < 0.3
        yield {
            "id": task_id,
            "identifier": f"T-{i + 1}",
            "workspaceId": workspace,
            "title": story.title,
            "description": story.description,
            "status": _STATUS_OF[story.stage],
            "priority": PRIORITIES[story.urgency],
            "version": story.edits + 1,
            "dueAt": _at(story.due),
            "assigneeUserId": None if story.user is None else users[story.user],
            "assigneeAgentId": None if story.agent is None else agents[story.agent],
            "createdByUserId": None if story.by_agent else users[story.creator],
            "createdByAgentId": agents[story.creator] if story.by_agent else None,
            "parentTaskId": None if story.parent is None else ids[story.parent],
            "channelId": channel,
            "originMessageId": make_id("msg", rng) if said else None,
            "originExtractionId": make_id("ext", rng) if said and story.by_agent else None,
            **_ended(story),
            "createdAt": timestamp(story.created),
            "updatedAt": timestamp(story.updated),
            "deletedAt": None,
        }


def _ended(story: Story) -> dict[str, str | None]:
    return {
        "startedAt": _at(story.started),
        "completedAt": _at(story.ended) if story.stage == "done" else None,
        "cancelledAt": _at(story.ended) if story.stage == "dropped" else None,
        "archivedAt": _at(story.archived),
    }


def _at(moment: float | None) -> str | None:
    return None if moment is None else timestamp(moment)
