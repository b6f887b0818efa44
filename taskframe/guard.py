"""What guards a plan: checks, what it must be told before it is applied, what stays open, whom nobody knows."""

from __future__ import annotations

import math
from collections.abc import Callable, Collection, Mapping
from dataclasses import replace
from typing import Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.changes.diff import Diff
from taskframe.engine.verifying import fresh_for, ways
from taskframe.errors import ConfirmationNeeded, PlanError
from taskframe.load import Load
from taskframe.preview.words import duration
from taskframe.problem import Problem
from taskframe.schema import Schema
from taskframe.services.base import doubtful

CLEARED_WITHOUT_CONFIRMATION = 50
"""How many cells a plan may clear before `apply` asks for the number of tasks."""


def checked(diff: Diff, load: Load) -> tuple[Changes, tuple[Problem, ...]]:
    """The changes that can be sent, and all problems: what no single column can tell is checked here."""
    changes = diff.changes
    found = _found(changes, load)
    if not found:
        return changes, diff.problems
    bad = {(p.id, p.column) for p in found}
    rows = {task for task, column in bad if column is None}
    keep = {
        name: ~pd.Series(list(changes.ids[c.rows])).map(lambda t, n=name: t in rows or (t, n) in bad).to_numpy()
        for name, c in changes.columns.items()
    }
    found = [replace(p, line=diff.lines.get(str(p.id))) for p in found]
    return changes.keep(keep), tuple(sorted((*diff.problems, *found), key=lambda p: p.line or 0))


def _found(changes: Changes, load: Load) -> list[Problem]:
    """What the service finds wrong. An edit is made only of the tasks that it can't pass by whole columns."""
    doubts = doubtful(load.service, changes, load.catalogue)
    if doubts is not None:
        changes = changes.keep({name: doubts[c.rows] for name, c in changes.columns.items()})
    return [p for edit in changes.edits() for p in load.service.check(edit, load.catalogue)]


def confirmation(changes: Changes, load: Load) -> tuple[int | None, str]:
    """The number of tasks that `apply` wants to be told, and why; None when it wants none."""
    cleared, tasks = changes.cleared, len(changes.ids)
    if cleared > CLEARED_WITHOUT_CONFIRMATION:
        return tasks, f"this plan clears {cleared:,} cells"
    if load.whole and 2 * tasks > load.size:
        return tasks, "this plan touches more than half of all tasks"
    return None, ""


def check_problems(count: int) -> None:
    """Raises PlanError while there are any."""
    if count:
        left = "1 problem is" if count == 1 else f"{count:,} problems are"
        raise PlanError(f"{left} left: look at plan.problems, mend them, or go on without them: plan.drop_problems()")


def check_confirmed(wanted: tuple[int | None, str], confirm: int | None) -> None:
    """Raises ConfirmationNeeded when another number is `wanted` (as `confirmation` gives it)."""
    number, why = wanted
    if number is not None and confirm != number:
        told = f"confirm={confirm!r} is not that number; " if confirm is not None else ""
        raise ConfirmationNeeded(
            f"{why}: {told}look at the preview, and pass confirm= with the number of tasks that it shows"
        )


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
    if writing is not None:  # what stays fresh for ever is read once
        reads *= max(1, math.ceil(writing / fresh))
    words = (
        f"{service.label} keeps no versions: what others change between our last read of a task and our write is "
        f"overwritten unnoticed. Reading ahead of the writes costs {cost(reads, '' if load.whole else 'at least ')}"
    )
    if "each" in known:
        words += f'; verify="each", right before each write, {cost(tasks)}'
    return f'{words}; verify="none" reads nothing'
