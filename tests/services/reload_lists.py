"""A list of tasks with list-tasks' documented semantics, in memory: what the listing tests read from. No network."""

from __future__ import annotations

import json
from collections import defaultdict
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from taskframe.services.base import Call, Listing, Reply
from taskframe.services.reload import Reload

STATUSES = ("triage", "backlog", "todo", "in_progress", "blocked", "in_review", "done", "cancelled")
PRIORITIES = ("none", "low", "medium", "high", "urgent")
SERVICE = Reload()


def make(count: int, rng: Random, *, users: int = 12, agents: int = 5, unassigned: float = 0.0) -> list[dict[str, Any]]:
    """`count` tasks; some statuses are far commoner than others."""
    tasks = []
    for n in range(count):
        nobody = rng.random() < unassigned
        user = None if nobody or not users else f"u_{rng.randrange(users)}"
        agent = None if nobody or not agents or rng.random() < 0.7 else f"a_{rng.randrange(agents)}"
        tasks.append(
            {
                "id": f"id-{n}",
                "identifier": f"T-{n}",
                "title": f"Task {n}",
                "version": 1,
                "status": STATUSES[min(int(rng.expovariate(0.5)), 7)],
                "priority": PRIORITIES[min(int(rng.expovariate(0.7)), 4)],
                "assigneeUserId": user,
                "assigneeAgentId": agent,
            }
        )
    rng.shuffle(tasks)
    return tasks


def nothing(lists: Lists) -> None:
    """Nobody edits the tasks."""


@dataclass
class Lists:
    """A service's lists.

    - `cursors`: "honour", "offset" (honoured, but by position: a shifting list skips), "ignore" (the first page
      again), "refuse" (400), "none" (no cursor is ever given), "loop" (each page, but the last one points back)
    - `totals`: "true", "none", "page" (the number of tasks in the page, which says nothing), "hidden" (counts `extra`
      tasks that are never listed)
    - `more`: "true", or "never" (hasMore is always false), or "untold" (no pagination at all)
    - `full`: how many tasks a page holds at most
    """

    tasks: list[dict[str, Any]]
    cursors: str = "ignore"
    totals: str = "true"
    more: str = "true"
    full: int = 100
    extra: int = 0
    beyond: int = 0
    gone: frozenset[str] = frozenset()
    before: Callable[[Lists], None] = nothing
    calls: list[Call] = field(default_factory=list)
    parts: dict[tuple[Any, Any], list[dict[str, Any]]] = field(default_factory=lambda: defaultdict(list))

    def __call__(self, call: Call) -> Reply:
        self.before(self)
        self.calls.append(call)
        params = dict(call.params)
        cursor = params.pop("cursor", None)
        limit = min(int(params.pop("limit", "50")), self.full)
        query = params.pop("query", None)
        found = self._matching(params)
        if query is not None:
            found = [t for t in found if query in t["identifier"] or query in t["title"]]
        if any(value in self.gone for value in params.values()):
            return _error(400, "invalid_input", "no such assignee")
        start = 0
        if cursor is not None:
            if self.cursors == "refuse":
                return _error(400, "invalid_input", "unknown parameter cursor")
            if self.cursors == "honour":
                after = [i for i, t in enumerate(found) if t["id"] == cursor]
                start = after[0] + 1 if after else len(found)
            elif self.cursors in ("offset", "loop"):
                start = int(cursor)
        page = found[start : start + limit]
        more = start + limit < len(found)
        following = None
        if more and self.cursors != "none":
            following = page[-1]["id"] if self.cursors == "honour" else str(start + limit)
        if self.cursors == "loop" and start and start + 2 * limit >= len(found):
            more, following = True, str(start)
        total = {"true": len(found), "none": None, "page": len(page), "hidden": len(found) + self.extra}[self.totals]
        paging: dict[str, Any] = {"hasMore": more and self.more == "true", "cursor": following, "total": total}
        if self.beyond:
            paging["historyCutoff"] = {"beyondCount": self.beyond, "cutoffAt": "2026-01-01T00:00:00Z"}
        meta = {"requestId": "r", "timestamp": "2026-01-01T00:00:00Z"}
        if self.more != "untold":
            meta |= {"pagination": paging}
        return Reply(200, {}, json.dumps({"success": True, "data": page, "meta": meta}).encode())

    def _matching(self, params: dict[str, str]) -> list[dict[str, Any]]:
        rest = dict(params)
        tasks = self.tasks
        if self.before is nothing and "status" in rest:  # nobody edits the tasks: look in a part of them
            if not self.parts:
                for task in self.tasks:
                    self.parts[(task.get("status"), None)].append(task)
                    self.parts[(task.get("status"), task.get("priority"))].append(task)
            tasks = self.parts.get((rest.pop("status"), rest.pop("priority", None)), [])
        for name, value in rest.items():
            tasks = [t for t in tasks if t.get(name) == value]
        return tasks


def _error(status: int, code: str, message: str) -> Reply:
    body = {"success": False, "error": {"code": code, "message": message}}
    return Reply(status, {}, json.dumps(body).encode())


def read(
    listing: Listing, lists: Callable[[Call], Reply], rng: Random | None = None, *, most: int = 20_000
) -> list[Any]:
    """All tasks of a listing; with `rng` its replies come in any order.

    Refuses an id given twice, a call given twice, and a reading without end.
    """
    waiting = [(call, None) for call in listing.start()]
    found: dict[str, Any] = {}
    asked = 0
    while waiting:
        call, reply = waiting.pop(rng.randrange(len(waiting)) if rng else 0)
        if reply is None and rng and rng.random() < 0.5:  # answered now, handed over later
            waiting.append((call, lists(call)))
            asked += 1
            continue
        if reply is None:
            reply = lists(call)
            asked += 1
        assert asked <= most, "a reading without end"
        tasks, calls = listing.receive(call, SERVICE.judge(call, reply))
        for task in tasks:
            assert task.id not in found, "an id twice"
            found[task.id] = task
        assert len(set(calls)) == len(calls)
        waiting += [(c, None) for c in calls]
    return list(found.values())


def named(gaps: list[str] | tuple[str, ...]) -> list[dict[str, str]]:
    """The filters that each gap names."""
    parts = []
    for gap in gaps:
        words = gap.split(": ")[0]
        parts.append({} if words == "all tasks" else dict(w.split("=") for w in words.split(", ")))
    return parts


def silently_short(tasks: list[dict[str, Any]], found: list[Any], gaps: list[str] | tuple[str, ...]) -> list[str]:
    """The tasks that are neither found nor in a part that a gap names."""
    ids = {t.id for t in found}
    parts = named(gaps)
    return [
        t["id"]
        for t in tasks
        if t["id"] not in ids and not any(all(t.get(k) == v for k, v in part.items()) for part in parts)
    ]


def by_part(tasks: list[dict[str, Any]], *names: str) -> dict[tuple[Any, ...], int]:
    """How many tasks have each combination of values."""
    counts: dict[tuple[Any, ...], int] = defaultdict(int)
    for task in tasks:
        counts[tuple(task.get(n) for n in names)] += 1
    return counts
