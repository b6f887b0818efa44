"""What a plan must be told before it is applied, and who in it was never seen before."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping
from typing import Any

from taskframe.changes.changes import Changes
from taskframe.load import Load
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
