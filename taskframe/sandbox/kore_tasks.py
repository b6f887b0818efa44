"""Kore's tasks: how they are held, and how a task goes out and comes in over the wire.

A task is held as its wire object, but for what belongs to the account: of a status, a priority and an assignee
only the `_id`, of custom fields only `[_id, value]`.
"""

from __future__ import annotations

import random
from collections.abc import Callable, Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import Raw

from taskframe.sandbox.base import timestamp
from taskframe.sandbox.kore_account import Account, make_id
from taskframe.sandbox.kore_seed import blank, seeded
from taskframe.sandbox.oracle import Task, Written, changed, moved_on
from taskframe.sandbox.table import Database, Table

KEYS = (
    "_id", "caseId", "caseRefId", "taskTmp", "caseTmp", "name", "lname", "desc", "tags", "userInfo", "sessIds",
    "accountId", "iId", "orgId", "convIds", "status", "language", "source", "conversationType", "fields",
    "participants", "priority", "refId", "assigneeType", "isCustTsk", "isActive", "taskIds", "attachments",
    "feedback", "createdBy", "updatedBy", "timestampValue", "activityIds", "commentIds", "resolutionCmts", "dueDate",
    "isBreached", "supportCustomTasks", "queues", "channel", "createdAt", "updatedAt", "currAssignee", "ETA",
)  # fmt: skip
"""The order of a reply's keys. Those of `SPARSE` are there when they were set."""

SPARSE = frozenset({"caseTmp", "desc", "language", "taskIds", "dueDate", "supportCustomTasks"})

_COLUMNS = {
    "id": "TEXT PRIMARY KEY",
    "task": "TEXT NOT NULL",
    "created": "TEXT NOT NULL",
    "updated": "TEXT NOT NULL",
    "status": "TEXT NOT NULL",
    "priority": "TEXT NOT NULL",
    "assignee": "TEXT",
}
_INDEXES = ('"created", "id"', '"updated", "id"', '"status"', '"assignee"')


class Tasks:
    """The account's tasks: a `Store` in wire form, and `find` for lists."""

    def __init__(self, database: Database, account: Account, seed: int, n: int) -> None:
        self._database = database
        self._table = Table(database, "kore_tasks", _COLUMNS, _INDEXES)
        self._account = account
        if not self._table.count():
            self._table.add(_row(task) for task in seeded(n, seed, account))
        # A file that is opened again already holds the ids that the first run made.
        self._rng = random.Random(f"{seed}:kore:{len(self)}")
        self._by = b""
        self._said: dict[str, tuple[str, Raw]] = {}

    def __len__(self) -> int:
        return self._table.count()

    def get(self, task_id: str) -> Task | None:
        """The task, in wire form."""
        row = self._table.get(task_id)
        return None if row is None else self.wire(_held(row))

    def all(self) -> list[Task]:
        """Every task, newest first."""
        return self.find("", [], 'ORDER BY "created" DESC, "id" DESC')

    def find(self, where: str, values: Sequence[Any], rest: str) -> list[Task]:
        """The tasks that a condition picks; `rest` is the order and the limit."""
        return [self.wire(_held(row)) for row in self._table.rows(f"{where} {rest}", values)]

    def said(self, where: str, values: Sequence[Any], rest: str, say: Callable[[Task], Task], by: bytes) -> list[Raw]:
        """The same, each as JSON of what `say` makes of it; `by` is all that this depends on besides the task.

        What was said of a task is kept until either changes: a list is asked for again and again.
        """
        if by != self._by:
            self._by, self._said = by, {}
        found = []
        for task_id, held in self._table.pairs("id", "task", f"{where} {rest}", values):
            known = self._said.get(task_id)
            if known is None or known[0] != held:
                known = held, Raw(msgspec.json.encode(say(self.wire(msgspec.json.decode(held)))))
                self._said[task_id] = known
            found.append(known[1])
        return found

    def count(self, where: str, values: Sequence[Any]) -> int:
        """How many tasks a condition picks."""
        return self._table.count(where, values)

    def change(self, task_id: str, fields: Mapping[str, Any], now: float) -> Written:
        """Set fields, in the form in which tasks are held. `lname` follows `name`, `updatedAt` the clock."""
        held = _held(self._table.get(task_id) or {})
        last = datetime.fromisoformat(held["updatedAt"]).timestamp()
        after = {**held, **fields, "updatedAt": timestamp(moved_on(now, last, 0.001))}
        row = _row(after)
        del row["id"]
        self._table.change(task_id, row)
        return changed(self.wire(held), self.wire(after))

    def create(self, fields: Mapping[str, Any], now: float) -> Task:
        """A new task: open, of medium priority, nobody's, unless `fields` say otherwise."""
        account, at, number = self._account, timestamp(now), len(self) + 1
        task = blank(account) | {
            "_id": make_id("ti", self._rng),
            "caseId": make_id("ci", self._rng),
            "caseRefId": f"CS{number:06}",
            "taskTmp": "General",
            "name": "New task",
            "userInfo": {"_id": account.people[0]["_id"], "name": account.people[0]["name"]},
            "status": account.statuses[0]["_id"],
            "priority": account.priorities[2]["_id"],
            "refId": f"TS{number:06}",
            "timestampValue": round(now * 1000),
            "createdBy": account.author(account.people[1]["_id"]),
            "createdAt": at,
            "updatedAt": at,
        }
        task |= {"lname": fields.get("name", task["name"]).lower(), "updatedBy": task["createdBy"], **fields}
        self._table.add([_row(task)])
        return self.wire(task)

    def remove(self, task_id: str) -> None:
        """Let a task be gone."""
        self._database.execute('DELETE FROM kore_tasks WHERE "id" = ?', (task_id,))

    def wire(self, held: Task) -> Task:
        """A task as the wire has it."""
        account = self._account
        task = {key: held[key] for key in KEYS if key in held}
        task["status"] = account.show("status", held["status"], short=False)
        task["priority"] = account.show("priority", held["priority"], short=False)
        task["currAssignee"] = account.assignee(held["currAssignee"])
        task["fields"] = account.show_fields(held["fields"])
        return task


def _held(row: Mapping[str, Any]) -> Task:
    task: Task = msgspec.json.decode(row["task"])
    return task


def _row(task: Task) -> dict[str, Any]:
    return {
        "id": task["_id"],
        "task": msgspec.json.encode(task).decode(),
        "created": task["createdAt"],
        "updated": task["updatedAt"],
        "status": task["status"],
        "priority": task["priority"],
        "assignee": task["currAssignee"],
    }
