"""What can follow a run: another try, and the way back. Both are plans, with the same preview, checks and rules."""

from __future__ import annotations

from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Literal

from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit, Row
from taskframe.changes.normal import same
from taskframe.engine.outcome import Outcome
from taskframe.errors import PlanError, did_you_mean
from taskframe.problem import Problem
from taskframe.schema import Schema, Unfit

if TYPE_CHECKING:
    from taskframe.plan import Plan

Conflicts = Literal["ours"] | None
_DONE = frozenset({"applied", "unchanged", "ready"})


def retry_plan(plan: Plan, outcomes: Sequence[Outcome], run: str, conflicts: Conflicts) -> Plan:
    """The changes of what failed, was skipped or is unknown, and what a `partial` left; with `conflicts="ours"` also
    those in conflict, with theirs as the new before."""
    if conflicts not in (None, "ours"):
        near = did_you_mean(conflicts, ("ours",))
        raise PlanError(
            f'conflicts= takes "ours", or nothing at all: theirs stay as they are; not {conflicts!r}.{near}'
        )
    kinds: set[str] = {"failed", "skipped", "unknown", "partial"} | ({"conflict"} if conflicts else set())
    again = {o.id: o for o in outcomes if o.kind in kinds}
    if not any(o.kind in ("partial", "conflict") for o in again.values()):
        return plan.again(again, parent=run)
    return plan.after(_changes(_again(plan, again), plan.schema), parent=run, notes=[f"what run {run} left"])


def _again(plan: Plan, outcomes: Mapping[str, Outcome]) -> Iterator[Edit]:
    schema = plan.schema
    for edit in plan.edits():
        outcome = outcomes.get(edit.id)
        if outcome is None:
            continue
        base = _base(edit, outcome) if outcome.kind in ("partial", "conflict") else edit.base
        left = {n: v for n, v in edit.after.items() if n not in outcome.written}
        after = {n: v for n, v in left.items() if not same(base.get(n), v, schema[n])}
        if after:
            yield Edit(edit.id, base, after)


def left_edits(plan: Plan, outcomes: Sequence[Outcome]) -> Iterator[Edit]:
    """What did not go through, in the plan's order, with the cells that are left."""
    left = {o.id: o for o in outcomes if o.kind not in _DONE}
    for edit in plan.edits():
        outcome = left.get(edit.id)
        if outcome is not None:
            after = {n: v for n, v in edit.after.items() if n not in outcome.written}
            yield Edit(edit.id, edit.base, after or edit.after)


def undo_plan(plan: Plan, outcomes: Sequence[Outcome], run: str) -> Plan:
    """Puts back what this run wrote, a `partial`'s half too; what others changed since will be a conflict."""
    schema, problems = plan.schema, list[Problem]()
    written = {o.id: o for o in outcomes if o.written}
    edits = list(_back(plan, written, schema, problems))
    notes = [f"puts back what run {run} wrote"] if written else []
    unknown = sum(1 for o in outcomes if o.kind == "unknown" and (o.attempts or o.left))
    if unknown:
        tasks, them = ("1 task is", "it") if unknown == 1 else (f"{unknown:,} tasks are", "them")
        notes.append(f"{tasks} not undone: nobody knows whether this run wrote to {them}; report.resume() may find out")
    unread = 0 if plan.load.service.versioned else sum(1 for o in written.values() if o.read_age is None)
    if unread:
        tasks = "1 task was" if unread == 1 else f"{unread:,} tasks were"
        notes.append(f"{tasks} not read ahead of the write: what is put back is what was loaded, or read before")
    return plan.after(_changes(edits, schema), parent=run, problems=problems, notes=notes)


def _back(plan: Plan, outcomes: Mapping[str, Outcome], schema: Schema, problems: list[Problem]) -> Iterator[Edit]:
    for edit in plan.edits():
        outcome = outcomes.get(edit.id)
        if outcome is None:
            continue
        base, after = _base(edit, outcome), dict[str, Any]()
        for name, ours in outcome.written.items():
            column, before = schema[name], outcome.before.get(name)
            now = base.get(name, ours)
            if same(now, before, column):
                continue
            try:
                column.check(before)
            except Unfit as unfit:
                problems.append(Problem("null" if before is None else "service", edit.id, name, before, _words(unfit)))
            else:
                after[name] = before
        if after:
            yield Edit(edit.id, base, after)


def _base(edit: Edit, outcome: Outcome) -> Row:
    """The task as it was when the run was through with it; what it wrote, as it was right after."""
    return {**edit.base, **outcome.written, **(outcome.row or {}), **outcome.answered}


def _words(unfit: Unfit) -> str:
    return f"it can't be put back: {unfit}"


def _changes(edits: Iterator[Edit] | Collection[Edit], schema: Schema) -> Changes:
    return Changes.of(list(edits), schema)
