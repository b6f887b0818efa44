"""Pages of tasks as each service sends them, in a file: of the sandbox's stories, with texts that do not repeat."""

from __future__ import annotations

import random
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import msgspec

from taskframe.sandbox import kore_seed, pragmatiks_tasks, reload_tasks
from taskframe.sandbox.kore_account import Account
from taskframe.sandbox.kore_tasks import KEYS
from taskframe.sandbox.people import make_id

SIZES = {"reload": 100, "kore": 50}
"""Tasks in a page; Pragmatiks has but one."""

_SEED = 7

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


def _told_apart(tasks: Iterator[Task], *names: str) -> Iterator[Task]:
    """With texts of their own: the sandbox's stories tell the same again and again."""
    for number, task in enumerate(tasks, start=1):
        yield task | {name: _text(task[name], number) for name in names if name in task}


def _ids(kind: str, count: int, rng: random.Random) -> list[str]:
    return [make_id(kind, rng) for _ in range(count)]


def _reload(count: int) -> Iterator[Task]:
    rng = random.Random(_SEED)
    users, agents, channels = _ids("usr", 14, rng), _ids("agt", 4, rng), _ids("chn", 5, rng)
    seeded = reload_tasks.seeded(count, _SEED, make_id("wsp", rng), users, agents, channels)
    return _told_apart(seeded, "title", "description")


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
    for held in _told_apart(kore_seed.seeded(count, _SEED, account), "name", "lname", "desc"):
        task = {key: held[key] for key in KEYS if key in held}
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
    people = {kind: _ids(kind, many, rng) for kind, many in (("user", 14), ("type", 4), ("instance", 4))}
    return _told_apart(pragmatiks_tasks.seeded(count, _SEED, make_id("org", rng), people, []), "title", "description")


def _pragmatiks_pages(tasks: list[bytes]) -> Iterator[bytes]:
    """All in one reply."""
    yield b"[" + b",".join(tasks) + b"]"
