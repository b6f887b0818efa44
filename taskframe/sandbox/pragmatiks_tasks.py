"""Pragmatiks' tasks: the tables, and how the company's stories become tasks."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from datetime import UTC, datetime
from typing import Any

from taskframe.sandbox.oracle import Task, Written, changed, moved_on
from taskframe.sandbox.people import make_id
from taskframe.sandbox.pragmatiks_checks import ASSIGNEES
from taskframe.sandbox.stories import Story, stories
from taskframe.sandbox.table import Database, Table

_COLUMNS = {
    "id": "TEXT PRIMARY KEY",
    "organization_id": "TEXT NOT NULL",
    "title": "TEXT NOT NULL",
    "description": "TEXT",
    "status": "TEXT NOT NULL",
    "priority": "INTEGER NOT NULL",
    "assigned_to_type_id": "TEXT",
    "assigned_to_instance_id": "TEXT",
    "assigned_to_user_id": "TEXT",
    "correlation_bucket_id": "TEXT",
    "created_by": "TEXT",
    "source": "TEXT NOT NULL",
    "created_at": "TEXT NOT NULL",
    "updated_at": "TEXT NOT NULL",
}
_INDEXES = ('"priority"', '"status"', '"assigned_to_instance_id"')

_STATUS_OF = {
    "new": "backlog", "queued": "backlog", "ready": "assigned", "doing": "running", "stuck": "running",
    "review": "review", "done": "done", "dropped": "done",
}  # fmt: skip
_PRIORITY_OF = (3, 4, 3, 2, 1)

AWKWARD = ("Q3/über", "a b", "100%", "50%25 off", "東京:1", "x?y#z", "a+b&c=d", "it's", "..;v=1", "“é”", "back\\slash")
"""What ids may hold, as far as anybody knows: all that breaks a path which is not percent-encoded."""


class Tasks:
    """The organization's tasks: a `Store`, and `find` for lists. Tasks are ordered by priority, then age."""

    def __init__(
        self, database: Database, organization: str, people: Mapping[str, Sequence[str]], seed: int, n: int
    ) -> None:
        self._database = database
        self._table = Table(database, "pragmatiks_tasks", _COLUMNS, _INDEXES)
        self._organization = organization
        database.execute("CREATE TABLE IF NOT EXISTS pragmatiks_subtasks (parent TEXT, child TEXT PRIMARY KEY)")
        if not self._table.count():
            edges: list[tuple[str, str]] = []
            self._table.add(seeded(n, seed, organization, people, edges))
            database.execute_many("INSERT INTO pragmatiks_subtasks VALUES (?, ?)", edges)
        # A file that is opened again already holds the ids that the first run made.
        self._rng = random.Random(f"{seed}:pragmatiks:{self._table.count()}")

    def get(self, task_id: str) -> Task | None:
        """The task."""
        return self._table.get(task_id)

    def all(self) -> list[Task]:
        """Every task, newest first."""
        return self._table.rows("ORDER BY rowid DESC")

    def find(self, where: str, values: Sequence[Any] = (), *, limit: int | None = None) -> list[Task]:
        """The tasks that a condition picks, the most urgent first, older ones before younger ones."""
        return self._table.rows(
            f'{where} ORDER BY "priority", rowid LIMIT ?', (*values, -1 if limit is None else limit)
        )

    def board(self) -> dict[str, int]:
        """How many tasks there are in each status."""
        return dict(self._database.execute('SELECT "status", count(*) FROM pragmatiks_tasks GROUP BY "status"'))

    def change(self, task_id: str, fields: Mapping[str, Any], now: float) -> Written:
        """Set fields; `updated_at` follows the clock, and never stands still."""
        before = self._table.get(task_id) or {}
        last = datetime.fromisoformat(before["updated_at"]).timestamp()
        after = {**before, **fields, "updated_at": stamp(moved_on(now, last, 0.000001))}
        written = changed(before, after)
        self._table.change(task_id, written.after)
        return written

    def create(self, fields: Mapping[str, Any], now: float) -> Task:
        """A new task; what `fields` leaves out is as documented."""
        task: Task = dict.fromkeys(_COLUMNS)
        task |= {"id": f"agent_task:{make_id('', self._rng)[1:]}", "organization_id": self._organization}
        task |= {"title": "New task", "status": "backlog", "priority": 3, "source": "manual"}
        task |= {"created_at": stamp(now), "updated_at": stamp(now), **fields}
        self._table.add([task])
        return task

    def remove(self, task_id: str) -> None:
        """Let a task be gone, and its place among subtasks."""
        self._database.execute('DELETE FROM pragmatiks_tasks WHERE "id" = ?', (task_id,))
        self._database.execute("DELETE FROM pragmatiks_subtasks WHERE ? IN (parent, child)", (task_id,))

    def subtasks(self, task_id: str) -> list[Task]:
        """The direct subtasks of a task."""
        return self.find('WHERE "id" IN (SELECT child FROM pragmatiks_subtasks WHERE parent = ?)', (task_id,))

    def ancestors(self, task_id: str) -> list[str]:
        """The ids of a task and of all those that it is beneath."""
        found = [task_id]
        while rows := self._database.execute("SELECT parent FROM pragmatiks_subtasks WHERE child = ?", (found[-1],)):
            found.append(rows[0][0])
        return found

    def link(self, parent: str, child: str) -> None:
        """Put a task beneath another one, and no longer where it was."""
        self._database.execute("INSERT OR REPLACE INTO pragmatiks_subtasks VALUES (?, ?)", (parent, child))

    def unlink(self, parent: str, child: str) -> bool:
        """Take a task from beneath another one; False when it was not there."""
        where = "WHERE parent = ? AND child = ?"
        there = self._database.execute(f"SELECT 1 FROM pragmatiks_subtasks {where}", (parent, child))  # noqa: S608
        self._database.execute(f"DELETE FROM pragmatiks_subtasks {where}", (parent, child))  # noqa: S608
        return bool(there)


def stamp(seconds: float) -> str:
    """A moment as Pydantic writes it: microseconds, unless there are none."""
    return datetime.fromtimestamp(seconds, UTC).isoformat().replace("+00:00", "Z")


def seeded(
    n: int, seed: int, organization: str, people: Mapping[str, Sequence[str]], edges: list[tuple[str, str]]
) -> Iterator[Task]:
    """Tasks of a new account: `n` stories as this service keeps them; `edges` takes parent and child of each pair."""
    rng = random.Random(f"{seed}:pragmatiks:tasks")
    ids = [_make_id(i, rng) for i in range(n)]
    for i, story in enumerate(stories(n, seed, users=len(people["user"]), agents=len(people["instance"]))):
        if story.parent is not None:
            edges.append((ids[story.parent], ids[i]))
        source = "triage" if story.by_agent else "conversation" if rng.random() < 0.3 else "manual"
        yield {
            "id": ids[i],
            "organization_id": organization,
            "title": story.title,
            "description": story.description,
            "status": _STATUS_OF[story.stage],
            "priority": _PRIORITY_OF[story.urgency],
            **_assigned(story, people),
            "correlation_bucket_id": make_id("bucket", rng) if rng.random() < 0.15 else None,
            "created_by": None if story.by_agent else people["user"][story.creator],
            "source": source,
            # Microseconds, as the service's own clock has them.
            "created_at": stamp(story.created + rng.randrange(1_000) / 1e6),
            "updated_at": stamp(story.updated + rng.randrange(1_000, 2_000) / 1e6),
        }


def _assigned(story: Story, people: Mapping[str, Sequence[str]]) -> dict[str, str | None]:
    found: dict[str, str | None] = dict.fromkeys(ASSIGNEES.values())
    if story.user is not None:
        found["assigned_to_user_id"] = people["user"][story.user]
    if story.agent is not None:
        found["assigned_to_type_id"] = people["type"][story.agent]
        found["assigned_to_instance_id"] = people["instance"][story.agent] if story.started else None
    return found


def _make_id(i: int, rng: random.Random) -> str:
    """A SurrealDB record id. Those that hold more than letters and digits are written in angle brackets."""
    plain = make_id("", rng)[1:]
    return f"agent_task:⟨{AWKWARD[i // 5 % len(AWKWARD)]} {plain[:6]}⟩" if i % 5 == 3 else f"agent_task:{plain}"
