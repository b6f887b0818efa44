"""Kore's getTasks in memory: what the tests of listings read from. No network."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import dataclass, field
from random import Random
from typing import Any

from taskframe.services.base import Call, Listing, Reply
from taskframe.services.kore import Kore

SERVICE = Kore()
STATUS = {
    "_id": "sts-1", "name": "Open", "lname": "open", "statusCategory": "open", "type": "system", "desc": "New",
    "isEnabled": True, "isActive": True,
}  # fmt: skip
PRIORITY = {"_id": "pr-1", "name": "Medium", "lname": "medium", "color": "#16A34A", "score": 10}


def stamp(seconds: float) -> str:
    """A time of creation."""
    minutes, rest = divmod(int(seconds), 60)
    return f"2026-01-{1 + minutes // 1440:02}T{minutes // 60 % 24:02}:{minutes % 60:02}:{rest:02}.000Z"


def make(count: int, rng: Random | None = None) -> list[dict[str, Any]]:
    """`count` tasks in the order of creation; with `rng` unevenly spread over time, some at the same one."""
    times = sorted(rng.choice((rng.uniform(0, 9e5), rng.expovariate(1e-4))) for _ in range(count)) if rng else None
    return [
        {"_id": f"ti-{n}", "refId": f"TS{n:06}", "createdAt": stamp(times[n] if times else 60 * n), "name": f"Task {n}"}
        for n in range(count)
    ]


def nothing(lists: Lists) -> None:
    """Nobody edits the tasks."""


@dataclass
class Lists:
    """A service's list. `full`: the longest page; `total`, `more`: are these told; `extra`: counted and never listed;
    `before` is called ahead of each call; `stuck`: `skip` is ignored; `order`: False for one that is not asked for."""

    tasks: list[dict[str, Any]]
    full: int = 100
    total: bool = True
    more: bool = True
    extra: int = 0
    stuck: bool = False
    before: Callable[[Lists], None] = nothing
    calls: list[Call] = field(default_factory=list)

    def __call__(self, call: Call) -> Reply:
        self.before(self)
        self.calls.append(call)
        assert (call.method, call.path, call.kind) == ("POST", "/getTasks", "read")
        assert call.json["sortBy"] == {"createdAt": "asc"}
        skip = 0 if self.stuck else call.json["skip"]
        page = self.tasks[skip : skip + min(call.json["limit"], self.full)]
        body: dict[str, Any] = {"results": page, "page": 1, "limit": 10}
        if self.more:
            body["hasMore"] = skip + len(page) < len(self.tasks)
        if self.total:
            body |= {"totalPages": 1, "totalResults": len(self.tasks) + self.extra}
        return Reply(200, {}, json.dumps(body).encode())


def read(
    listing: Listing, lists: Callable[[Call], Reply], rng: Random | None = None, *, most: int = 5_000, wide: int = 64
) -> list[Any]:
    """All tasks of a listing, its replies coming in any order; refuses an id given twice, and a reading without end."""
    waiting: list[tuple[Call, Reply | None]] = [(call, None) for call in listing.start()]
    found: dict[str, Any] = {}
    asked = 0
    while waiting:
        assert len(waiting) <= wide
        at = rng.randrange(len(waiting)) if rng else 0
        call, reply = waiting.pop(at)
        if reply is None:
            asked += 1
            assert asked <= most, "a reading without end"
            reply = lists(call)
            if rng and rng.random() < 0.5:  # answered now, handed over later
                waiting.append((call, reply))
                continue
        tasks, calls = listing.receive(call, SERVICE.judge(call, reply))
        for task in tasks:
            assert task.id not in found, "an id twice"
            found[task.id] = task
        waiting += [(c, None) for c in calls]
    return list(found.values())
