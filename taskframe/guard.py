"""What a plan must be told before it is applied, what stays open, and who in it was never seen before."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from typing import Any

from taskframe.changes.changes import Changes
from taskframe.engine.verifying import fresh_for, ways
from taskframe.load import Load
from taskframe.preview.words import duration
from taskframe.schema import Schema

CLEARED_WITHOUT_CONFIRMATION = 50
"""How many cells a plan may clear before `apply` asks for the number of tasks."""


def confirmation(changes: Changes, load: Load) -> tuple[int | None, str]:
    """The number of tasks that `apply` wants to be told, and why; None when it wants none."""
    cleared, tasks = changes.cleared, len(changes.ids)
    if cleared > CLEARED_WITHOUT_CONFIRMATION:
        return tasks, f"this plan clears {cleared:,} cells"
    if load.whole and 2 * tasks > load.size:
        return tasks, "this plan touches more than half of all tasks"
    return None, ""


def unseen(changes: Changes, schema: Schema, seen: Callable[[str], Collection[Any]]) -> Mapping[str, Mapping[str, int]]:
    """Column → {assignee: cells}, of the assignees that are not among those `seen` in the column."""
    found: dict[str, dict[str, int]] = {}
    for name, change in changes.columns.items():
        if not schema[name].people:
            continue
        known = set(seen(name))
        counts: dict[str, int] = {}
        for value in change.after:
            if value is not None and value not in known:
                counts[value] = counts.get(value, 0) + 1
        if counts:
            found[name] = counts
    return found


def open_risk(tasks: int, calls: int, load: Load, seconds_for: Callable[[int], float | None] | None) -> str:
    """What nothing guards while this is applied, and what it costs to keep that small; "" where versions guard it.

    `calls` are those that write; `seconds_for` tells how long calls take at the known rate.
    """
    service = load.service
    known = ways(service)
    if not known or not tasks:
        return ""

    def cost(reads: int, least: str = "") -> str:
        seconds = seconds_for(reads) if seconds_for else None
        time = "" if seconds is None else f", {duration(seconds)} at the known rate"
        return f"{least}{reads:,} {'call' if reads == 1 else 'calls'}{time}"

    reads = service.reads(tasks, load.size)
    fresh = fresh_for(service, known[0])
    writing = seconds_for(calls) if seconds_for else None
    if writing is not None and fresh < math.inf:
        reads *= max(1, math.ceil(writing / fresh))
    words = (
        f"{service.label} keeps no versions: what others change between our last read of a task and our write is "
        f"overwritten unnoticed. Reading ahead of the writes costs {cost(reads, '' if load.whole else 'at least ')}"
    )
    if "each" in known:
        words += f'; verify="each", right before each write, {cost(tasks)}'
    return f'{words}; verify="none" reads nothing'
