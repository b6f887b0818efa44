"""The oracle: do a run's outcomes agree with what the server saw, call by call and write by write?

It knows nothing of the engine: only what was planned, what the report says, the sandbox's log and what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskframe.sandbox import Record

Cells = Mapping[str, Any]


@dataclass(frozen=True)
class Planned:
    """One task: the cells as loaded and as planned."""

    id: str
    base: Cells
    ours: Cells


@dataclass(frozen=True)
class Told:
    """What the report says of one task."""

    id: str
    kind: str
    attempts: int
    conflicts: frozenset[str]


def planned_of(plan: Any) -> list[Planned]:
    return [Planned(e.id, {c: e.base[c] for c in e.after}, dict(e.after)) for e in plan.edits()]


def told_of(report: Any) -> list[Told]:
    cells: dict[str, set[str]] = {}
    for row in report.conflicts.itertuples():
        cells.setdefault(row.id, set()).add(row.column)
    return [
        Told(str(row.Index), row.outcome, row.attempts, frozenset(cells.get(str(row.Index), ())))
        for row in report.outcomes.itertuples()
    ]


def complaints(
    planned: Sequence[Planned],
    told: Sequence[Told],
    log: Sequence[Record],
    held: Mapping[str, Cells],
    *,
    calls: int,
    overwrite: bool = False,
) -> list[str]:
    """All that is wrong with the run. `log`: from after the load; `held`: what the server holds in the end."""
    wrong: list[str] = []
    if [t.id for t in told] != [p.id for p in planned]:
        wrong.append("not one outcome for every task, in the plan's order")
    by_task: dict[str, list[Record]] = {}
    for record in log:
        if record.task_id is not None:
            by_task.setdefault(record.task_id, []).append(record)
    sent = Counter(r.body["taskId"] for r in log if r.actor == "caller" and r.method == "POST")
    for stranger in set(sent) - {p.id for p in planned}:
        wrong.append(f"{stranger}: sent, and not planned")
    arrived = sum(1 for r in log if r.actor == "caller")
    if calls != arrived:
        wrong.append(f"the report tells of {calls} calls, the server saw {arrived}")
    tellings = {t.id: t for t in told}
    for plan in planned:
        tale = tellings.get(plan.id)
        if tale is None:
            wrong.append(f"{plan.id}: no outcome")
            continue
        if tale.attempts != sent[plan.id]:
            wrong.append(f"{plan.id}: {tale.attempts} attempts told, {sent[plan.id]} seen")
        wrong += [f"{plan.id}: {words}" for words in _of_task(plan, tale, by_task.get(plan.id, []), overwrite)]
        final = _replay(plan, by_task.get(plan.id, []))[-1]
        if any(held[plan.id][column] != value for column, value in final.items()):
            wrong.append(f"{plan.id}: the log does not lead to what the server holds: the oracle itself is wrong")
    return wrong


def _of_task(plan: Planned, tale: Told, records: Sequence[Record], overwrite: bool) -> list[str]:
    wrong = []
    states = _replay(plan, records)
    ours_once = any(all(state[c] == v for c, v in plan.ours.items()) for state in states)
    mine = [r for r in records if r.actor == "caller" and r.after and not plan.ours.keys().isdisjoint(r.after)]
    touched = {c for r in records if r.actor == "other" for c in r.after or () if c in plan.ours}
    match tale.kind:
        case "applied":
            if not ours_once:
                wrong.append("said to be applied, and it never held our values")
            if not mine:
                wrong.append("said to be applied, and we wrote nothing")
        case "unchanged":
            if mine:
                wrong.append("said to be unchanged, and we wrote it")
            if not ours_once:
                wrong.append("said to be unchanged, and it never held our values")
        case "conflict":
            if overwrite:
                wrong.append("a conflict, though others were to be overwritten")
            if not touched and not mine and not _left_open(records):
                wrong.append("said to be in conflict, and nobody touched a column of ours")
            if not tale.conflicts:
                wrong.append("a conflict without a cell")
        case "failed" | "skipped":
            if mine:
                wrong.append(f"said to be {tale.kind}, and it was written")
        case "unknown":
            pass
        case kind:
            wrong.append(f"{kind} is no outcome of an apply here")
    if tale.kind == "skipped" and any(r.actor == "caller" for r in records):
        wrong.append("said to be skipped, and it was sent")
    if not overwrite:
        if len(mine) > 1:
            wrong.append(f"written {len(mine)} times")
        wrong += _overwritten(plan, records)
    elif tale.kind == "applied" and records and any(states[-1][c] != v for c, v in plan.ours.items()):
        wrong.append("others were to be overwritten, and theirs is there in the end")
    return wrong


def _left_open(records: Sequence[Record]) -> bool:
    """Whether one of ours was not answered, and others made versions enough to have put it back: nobody can tell."""
    lost = any(r.actor == "caller" and r.method and (r.status in (None, 500, 502, 504) or r.fault) for r in records)
    return lost and sum(1 for r in records if r.actor == "other" and r.after) > 1


def _replay(plan: Planned, records: Sequence[Record]) -> list[dict[str, Any]]:
    """The planned columns as loaded, and after each write."""
    states = [dict(plan.base)]
    for record in records:
        if record.after:
            states.append({c: record.after.get(c, v) for c, v in states[-1].items()})
    return states


def _overwritten(plan: Planned, records: Sequence[Record]) -> list[str]:
    """The columns of ours where we wrote over what somebody else had put there since the load.

    What came back to the value as loaded before we ever wrote counts as unmoved.
    """
    wrong = []
    written: set[str] = set()
    theirs: dict[str, Any] = {}
    for record in records:
        for column, value in (record.after or {}).items():
            if column not in plan.ours:
                continue
            if record.actor == "other":
                theirs[column] = value
                if value == plan.base[column] and column not in written:
                    del theirs[column]
            else:
                if column in theirs:
                    wrong.append(f"{column}: their {theirs[column]!r} was overwritten")
                written.add(column)
                theirs.pop(column, None)
    return wrong
