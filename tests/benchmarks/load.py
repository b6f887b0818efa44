"""Loading: from pages as bytes to the finished frame, beside `json.loads`, `pandas.json_normalize` and `to_datetime`.

Ours is `conn.load()` with a transport that has the pages at hand: all of it but the network, baseline included. Both
sides hold the pages' bytes meanwhile, which don't count in the peaks.
"""

from __future__ import annotations

import json
import statistics
import tempfile
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd

import taskframe as tf
from taskframe.engine.transport import Request
from taskframe.services.base import Reply
from tests.benchmarks.harness import Goal, Line, Measured, Size, check, in_process
from tests.benchmarks.pages import SIZES, Pages, read_pages, write_pages

_HEADERS = {"content-type": "application/json"}
_TIMES = {
    "reload": (
        "dueAt", "startedAt", "completedAt", "cancelledAt", "archivedAt", "createdAt", "updatedAt", "deletedAt",
    ),
    "kore": ("createdAt", "updatedAt", "ETA"),
    "pragmatiks": ("created_at", "updated_at"),
}  # fmt: skip
_MILLISECONDS = {"kore": ("timestampValue", "dueDate")}
_INDEX = {"reload": "id", "kore": "_id", "pragmatiks": "id"}


def lines(size: Size) -> Iterator[Line]:
    """Flat tasks, nested ones, a list in one reply; and how it grows."""
    with tempfile.TemporaryDirectory() as folder:
        yield from _versus(
            Path(folder), "reload", "load, flat", size, (200_000, 2_000), Goal("least", 5), Goal("most", 0.35)
        )
        yield from _versus(
            Path(folder), "kore", "load, nested", size, (50_000, 500), Goal("least", 2.8), Goal("most", 0.7)
        )
        yield from _versus(Path(folder), "pragmatiks", "load, one reply", size, (50_000, 500), None, None)
        yield _growth(Path(folder), size)


# The two sides.


def load(pages: Pages) -> int:
    """Ours: how many tasks there are."""
    return len(loaded(pages))


def normalize(pages: Pages) -> int:
    """Theirs."""
    return len(normalized(pages))


def loaded(pages: Pages) -> tf.TaskFrame:
    """The tasks, by `conn.load()`."""
    options: dict[str, Any] = {
        "token": "any",
        "transport": _AtHand(pages),
        "rate": [],
        "journal": None,
        "progress": False,
    }
    if pages.service == "kore":
        options |= {"host": "kore.example.com", "stream_id": "st-1", "account_id": "acc-1"}
    with tf.connect(pages.service, **options) as conn:
        return conn.load()


def normalized(pages: Pages) -> pd.DataFrame:
    """The tasks, as one would load them with pandas alone; of Kore's fields each value has a column of its own too."""
    tasks: list[dict[str, Any]] = []
    seen: set[str] = set()
    for body in pages.bodies:
        reply = json.loads(body)
        match pages.service:
            case "reload":
                tasks += reply["data"]
            case "pragmatiks":
                tasks += reply
            case _:
                for task in reply["results"]:
                    if task["_id"] not in seen:  # pages overlap
                        seen.add(task["_id"])
                        for field in task["fields"]:
                            task[f"fields.{field['displayName']}"] = field.get("value")
                        tasks.append(task)
    df = pd.json_normalize(tasks)
    del tasks
    for name in _TIMES[pages.service]:
        df[name] = pd.to_datetime(df[name], format="ISO8601", utc=True)
    for name in _MILLISECONDS.get(pages.service, ()):
        df[name] = pd.to_datetime(df[name], unit="ms", utc=True)
    return df


class _AtHand:
    """A transport that has all replies already."""

    def __init__(self, pages: Pages) -> None:
        self._pages = pages

    async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109
        return Reply(200, _HEADERS, self._body(request))

    async def aclose(self) -> None:
        pass

    def _body(self, request: Request) -> bytes:
        bodies = self._pages.bodies
        match self._pages.service:
            case "reload":
                return bodies[int(request.url.partition("cursor=")[2] or 0)]  # quickly: it is in our time
            case "kore":
                return bodies[json.loads(request.content or b"")["skip"] // (SIZES["kore"] - 1)]
            case _ if request.url.endswith("/board"):
                return json.dumps({"counts": {}, "total": self._pages.count}).encode()
            case _:
                return bodies[0]


# What is measured.


def warmed_up(service: str, count: int, path: Path) -> Pages:
    """The pages; all that either side imports when it is first used is there."""
    few = _few(service)
    loaded(few), normalized(few)
    return read_pages(service, count, path)


def _few(service: str) -> Pages:
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, service)
        write_pages(service, 60, path)
        return read_pages(service, 60, path)


def _versus(
    folder: Path, service: str, what: str, size: Size, counts: tuple[int, int], speed: Goal | None, memory: Goal | None
) -> Iterator[Line]:
    """Both sides in processes of their own, in turn."""
    count = size.pick(*counts)
    in_process(check_same, *_made(folder, service, min(count, 5_000)))
    pages = _made(folder, service, count)
    sides: dict[str, list[Measured]] = {"load": [], "normalize": []}
    for round_ in range(size.pick(5, 1)):
        for side in list(sides)[:: -1 if round_ % 2 else 1]:
            sides[side].append(_measured(side, pages))
    ours, theirs = sides.values()
    faster = [their.seconds / our.seconds for our, their in zip(ours, theirs, strict=True)]
    cpu = statistics.median(their.cpu / our.cpu for our, their in zip(ours, theirs, strict=True))
    smaller = [our.above_mb / their.above_mb for our, their in zip(ours, theirs, strict=True)]
    our_mb, their_mb = (statistics.median(found.above_mb for found in side) for side in (ours, theirs))
    work = f"{count:,} {service.title()} tasks, pages as bytes → finished frame; against json_normalize, times parsed"
    yield Line(
        what=what,
        work=work,
        unit="rows/s",
        ours=statistics.median(count / found.seconds for found in ours),
        theirs=statistics.median(count / found.seconds for found in theirs),
        ratio=statistics.median(faster),
        low=min(faster),
        high=max(faster),
        ours_mb=our_mb,
        theirs_mb=their_mb,
        goal=speed,
        note=f"{cpu:.2f} × in processor time",
    )
    yield Line(
        what=f"{what}: peak memory",
        work=f"{work}; peaks above the bytes",
        unit="MB",
        ours=our_mb,
        theirs=their_mb,
        ratio=statistics.median(smaller),
        low=min(smaller),
        high=max(smaller),
        goal=memory,
    )


def _growth(folder: Path, size: Size) -> Line:
    """The time of a task in a list of 1M beside that in one of 100k."""
    counts = size.pick(10_000, 200), size.pick(100_000, 1_000), size.pick(1_000_000, 2_000)
    every = {count: _made(folder, "reload", count) for count in counts}
    times: dict[int, list[float]] = {count: [] for count in counts}
    for round_ in range(size.pick(3, 1)):
        for count in counts[:: -1 if round_ % 2 else 1]:
            times[count].append(_measured("load", every[count]).seconds / count * 1e6)
    _, middle, top = counts
    ratios = [a / b for a, b in zip(times[top], times[middle], strict=True)]
    spoken = ", ".join(f"{count:,}: {statistics.median(found):.2f} µs" for count, found in times.items())
    return Line(
        what="growth, load",
        work=f"the time of a task in a list of {top:,} Reload tasks, against one of {middle:,}",
        unit="µs",
        ours=statistics.median(times[top]),
        theirs=statistics.median(times[middle]),
        ratio=statistics.median(ratios),
        low=min(ratios),
        high=max(ratios),
        goal=Goal("most", 1.25),
        note=f"a task at {spoken}",
    )


def _made(folder: Path, service: str, count: int) -> tuple[str, int, Path]:
    """What `read_pages` takes. Made in a process of their own: making them takes more memory than they do."""
    path = folder / f"{service}-{count}"
    if not path.exists():
        in_process(write_pages, service, count, path)
    return service, count, path


def _measured(side: str, pages: tuple[str, int, Path]) -> Measured:
    found = in_process({"load": load, "normalize": normalize}[side], *pages, holding=warmed_up)
    check(found.result == pages[1], f"{side} found {found.result:,} of {pages[1]:,} {pages[0]} tasks")
    return found


# Is it right?


def check_same(service: str, count: int, path: Path) -> None:
    """Raises WrongResult unless both sides' frames hold the same values, in all columns that the tasks tell of."""
    pages = read_pages(service, count, path)
    ours, theirs = loaded(pages).df, normalized(pages).set_index(_INDEX[service])
    check(sorted(ours.index) == sorted(theirs.index), f"{service}: the ids differ")
    theirs = theirs.loc[ours.index]
    shared = [name for name in ours if name in theirs]
    check(len(shared) > {"reload": 22, "kore": 45, "pragmatiks": 12}[service], f"{service}: columns are missing")
    for name in shared:
        here, there = (_cells(frame[name]) for frame in (ours, theirs))
        wrong = [(a, b) for a, b in zip(here, there, strict=True) if a != b]
        check(not wrong, f"{service}, {name}: {len(wrong):,} cells differ, {wrong[:1]}")


def _cells(column: pd.Series) -> list[Any]:
    """Values that can be compared: None where there is nothing (Kore's way to say so is "")."""
    return [None if _is_nothing(v) else v for v in column]


def _is_nothing(value: Any) -> bool:
    return value == "" if isinstance(value, str) else not isinstance(value, list | dict) and bool(pd.isna(value))
