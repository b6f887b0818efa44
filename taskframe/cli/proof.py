"""What the server holds after an apply, read over a new connection; and what its log says of the calls."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskframe.local import LocalSandbox
from taskframe.plan import Plan
from taskframe.report import Report
from taskframe.sandbox.log import Record


@dataclass(frozen=True)
class Colleague:
    """Two edits by somebody else: `task`, `column`, `value` of each; the first in a cell that the plan changes too."""

    rival: tuple[str, str, Any]
    friend: tuple[str, str, Any]


@dataclass(frozen=True)
class Proof:
    """What was found, a line each, and whether it is as planned."""

    lines: tuple[str, ...]
    fine: bool


def prove(box: LocalSandbox, plan: Plan, report: Report, colleague: Colleague, log: list[Record]) -> Proof:
    """Reads the tasks again; `log` has the calls of the apply."""
    with box.connect(plan.source.service, progress=False) as conn:
        now: dict[str, dict[str, Any]] = conn.load().df.to_dict("index")  # type: ignore[assignment]
    outcomes = {str(task): str(outcome) for task, outcome in report.outcomes["outcome"].items()}
    written = [c for c in plan.changes.to_dict("records") if outcomes[c["id"]] == "applied"]
    held = sum(now[c["id"]][c["column"]] == c["after"] for c in written)
    theirs = all(now[task][name] == value for task, name, value in (colleague.rival, colleague.friend))
    halves = [task for task, outcome in outcomes.items() if outcome == "partial"]
    split = all(_is_half(plan, now[task], task) for task in halves)

    taken = [r for r in log if r.after is not None]
    refused = [r for r in log if r.status is not None and r.status >= 400]
    right = _is_right(plan, outcomes, taken)
    tasks = sum(outcome == "applied" for outcome in outcomes.values())
    reads = len(log) - len(taken) - len(refused)
    lines = [
        f"The server holds {held:,} of the {len(written):,} new values on {tasks:,} tasks.",
        f"The colleague's two edits {'are still there' if theirs else 'ARE GONE'}.",
        f"Its log has {reads:,} reads, {len(taken):,} updates taken and {len(refused):,} turned away: "
        f"{'each planned update once, and no other' if right else 'NOT WHAT WAS PLANNED'}.",
    ]
    if halves:
        lines.append(f"The partial task has our fields and its old status: {'as reported' if split else 'IT HAS NOT'}.")
    return Proof(tuple(lines), held == len(written) and theirs and split and right)


def _is_half(plan: Plan, now: Mapping[str, Any], task: str) -> bool:
    """The fields are ours, the status is the one before."""
    cells = plan.select(ids=[task]).changes.to_dict("records")
    status = plan.load.schema.role("status")
    return all(
        now[c["column"]] == (c["before"] if status and c["column"] == status.name else c["after"]) for c in cells
    )


def _is_right(plan: Plan, outcomes: Mapping[str, str], taken: list[Record]) -> bool:
    """Each update that was planned for an applied task was taken once; of a partial one, all but the last."""
    service, catalogue = plan.load.service, plan.load.catalogue
    planned: dict[str | None, int] = {}
    for edit in plan.edits():
        outcome = outcomes[edit.id]
        if outcome in ("applied", "partial"):
            planned[edit.id] = len(service.calls(edit, catalogue)) - (outcome == "partial")
    found: dict[str | None, int] = {}
    for record in taken:
        found[record.task_id] = found.get(record.task_id, 0) + 1
    return found == planned
