"""Pages of tasks as each service sends them, in a file: of the sandbox's stories, with texts that do not repeat."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import msgspec

from taskframe.sandbox.base import timestamp
from taskframe.sandbox.kore_account import Account
from taskframe.sandbox.kore_seed import seeded
from taskframe.sandbox.kore_tasks import KEYS
from taskframe.sandbox.people import make_id
from taskframe.sandbox.stories import stories

SIZES = {"reload": 100, "kore": 50}
"""Tasks in a page; Pragmatiks has but one."""

_SEED = 7
_STATUSES = {
    "reload": ("triage", "backlog", "todo", "in_progress", "blocked", "in_review", "done", "cancelled"),
    "pragmatiks": ("backlog", "backlog", "assigned", "running", "running", "review", "done", "done"),
}
_STAGES = ("new", "queued", "ready", "doing", "stuck", "review", "done", "dropped")
_PRIORITIES = ("none", "low", "medium", "high", "urgent")

Task = dict[str, Any]


@dataclass(frozen=True)
class Pages:
    """The bodies of all pages of a list, in order."""

    service: str
    count: int
    bodies: tuple[bytes, ...]


def write_pages(service: str, count: int, path: Path) -> None:
    """Makes the pages of a list of `count` tasks, for `read_pages`."""
    tasks = [
        msgspec.json.encode(task)
        for task in {"reload": _reload, "kore": _kore, "pragmatiks": _pragmatiks}[service](count)
    ]
    bodies = {"reload": _reload_pages, "kore": _kore_pages, "pragmatiks": _pragmatiks_pages}[service](tasks)
    with path.open("wb") as file:
        for body in bodies:
            file.write(body + b"\n")  # in JSON like this there are no line ends


def read_pages(service: str, count: int, path: Path) -> Pages:
    """What `write_pages` made."""
    return Pages(service, count, tuple(path.read_bytes().splitlines()))


def _text(text: str | None, number: int) -> str | None:
    return text and f"{text} ({number})"


def _at(moment: float | None) -> str | None:
    return None if moment is None else timestamp(moment)


def _reload(count: int) -> Iterator[Task]:
    rng = random.Random(_SEED)
    users, agents, channels = (
        [make_id(kind, rng) for _ in range(n)] for kind, n in (("usr", 14), ("agt", 4), ("chn", 5))
    )
    workspace, ids = make_id("wsp", rng), [make_id("tsk", rng) for _ in range(count)]
    for number, story in enumerate(stories(count, _SEED), start=1):
        channel = channels[story.team] if rng.random() < 0.4 else None
        said = channel is not None and rng.random() < 0.3
        yield {
            "id": ids[number - 1],
            "identifier": f"T-{number}",
            "workspaceId": workspace,
            "title": _text(story.title, number),
            "description": _text(story.description, number),
            "status": _STATUSES["reload"][_STAGES.index(story.stage)],
            "priority": _PRIORITIES[story.urgency],
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
            "startedAt": _at(story.started),
            "completedAt": _at(story.ended) if story.stage == "done" else None,
            "cancelledAt": _at(story.ended) if story.stage == "dropped" else None,
            "archivedAt": _at(story.archived),
            "createdAt": _at(story.created),
            "updatedAt": _at(story.updated),
            "deletedAt": None,
        }


def _reload_pages(tasks: list[bytes]) -> Iterator[bytes]:
    """Newest first, 100 a page; the cursor is the place of the next page."""
    tasks.reverse()
    size, total = SIZES["reload"], len(tasks)
    for start in range(0, total, size):
        more = start + size < total
        paging = {
            "hasMore": more,
            "cursor": str(start // size + 1) if more else None,
            "total": total,
            "historyCutoff": None,
        }
        meta = {"requestId": f"req_{start:020}", "timestamp": "2026-01-09T09:00:00.000Z", "pagination": paging}
        data = b",".join(tasks[start : start + size])
        yield b'{"success":true,"data":[' + data + b'],"meta":' + msgspec.json.encode(meta) + b"}"


def _kore(count: int) -> Iterator[Task]:
    account = Account(_SEED)
    for number, held in enumerate(seeded(count, _SEED, account), start=1):
        task = {key: held[key] for key in KEYS if key in held}
        for key in ("name", "lname", "desc"):
            if key in task:
                task[key] = _text(task[key], number)
        task["status"] = account.show("status", held["status"], short=False)
        task["priority"] = account.show("priority", held["priority"], short=False)
        task["currAssignee"] = account.assignee(held["currAssignee"])
        task["fields"] = account.show_fields(held["fields"])
        yield task


def _kore_pages(tasks: list[bytes]) -> Iterator[bytes]:
    """50 a page, each with the last task of the one before, as they are asked for."""
    size, total = SIZES["kore"], len(tasks)
    for start in range(0, max(1, total - 1), size - 1):
        more = start + size < total
        paging = {"page": 1, "limit": size, "hasMore": more, "totalPages": -(-total // size), "totalResults": total}
        yield b'{"results":[' + b",".join(tasks[start : start + size]) + b"]," + msgspec.json.encode(paging)[1:]


def _pragmatiks(count: int) -> Iterator[Task]:
    rng = random.Random(_SEED)
    users, agents = ([make_id(kind, rng) for _ in range(n)] for kind, n in (("user", 14), ("instance", 4)))
    organization = make_id("org", rng)
    for number, story in enumerate(stories(count, _SEED), start=1):
        yield {
            "id": f"agent_{make_id('task', rng).replace('_', ':')}",
            "organization_id": organization,
            "title": _text(story.title, number),
            "description": _text(story.description, number),
            "status": _STATUSES["pragmatiks"][_STAGES.index(story.stage)],
            "priority": (3, 4, 3, 2, 1)[story.urgency],
            "assigned_to_type_id": None,
            "assigned_to_instance_id": None if story.agent is None else agents[story.agent],
            "assigned_to_user_id": None if story.user is None else users[story.user],
            "correlation_bucket_id": make_id("bucket", rng) if rng.random() < 0.15 else None,
            "created_by": None if story.by_agent else users[story.creator],
            "source": ("manual", "triage")[story.by_agent],
            "created_at": _stamp(story.created, rng),
            "updated_at": _stamp(story.updated, rng),
        }


def _stamp(moment: float, rng: random.Random) -> str:
    """Microseconds, unless there are none."""
    at = datetime.fromtimestamp(round(moment), UTC).replace(microsecond=rng.randrange(1_000_000))
    return at.isoformat().replace("+00:00", "Z")


def _pragmatiks_pages(tasks: list[bytes]) -> Iterator[bytes]:
    """All in one reply."""
    yield b"[" + b",".join(tasks) + b"]"
