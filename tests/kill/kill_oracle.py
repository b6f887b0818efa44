"""The oracle of a run that was killed: does its report agree with what the server saw, whoever of us wrote it?

It knows nothing of the engine and of the journal: only what was planned, what is told, the log, and what is held.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import Any

from taskframe.sandbox import Record

Cells = Mapping[str, Any]


@dataclass(frozen=True)
class Ours:
    """One task: the planned columns as loaded and as planned; `calls` in order, each with its columns."""

    id: str
    base: Cells
    ours: Cells
    calls: Sequence[Sequence[str]]


def complaints(
    planned: Sequence[Ours],
    told: Mapping[str, str],
    log: Sequence[Record],
    held: Mapping[str, Cells],
    *,
    versioned: bool,
) -> list[str]:
    """All that is wrong. `told`: id → outcome; `log`: from after the load on, to the end of the resumed run."""
    wrong = []
    if list(told) != [plan.id for plan in planned]:
        wrong.append("not one outcome for each task, in the plan's order")
    for plan in planned:
        records = [r for r in log if r.task_id == plan.id and r.after]
        reads = [r for r in log if r.actor == "caller" and plan.id.encode() in r.raw]
        found = _of_task(plan, told.get(plan.id, "nothing"), records, held[plan.id], versioned=versioned)
        found += overwritten(plan, records, () if versioned else reads)
        wrong += [f"{plan.id} ({told.get(plan.id)}): {words}" for words in found]
    return wrong


def _of_task(plan: Ours, kind: str, records: Sequence[Record], held: Cells, *, versioned: bool) -> list[str]:
    states = [dict(plan.base)]
    for record in records:
        states.append({c: record.after.get(c, v) for c, v in states[-1].items()})  # type: ignore[union-attr]
    if any(held[c] != v for c, v in states[-1].items()):
        return ["the log does not lead to what the server holds: the oracle itself is wrong"]
    mine = [r for r in records if r.actor == "caller" and touched(plan, r)]
    others = [r for r in records if r.actor == "other"]
    same = [r for r in others if touched(plan, r)]
    written = {c for r in mine for c in touched(plan, r)}
    wrong = []
    match kind:
        case "applied":
            if written != {c for c, v in plan.ours.items() if v != plan.base[c]}:
                wrong.append(f"we wrote only {sorted(written)}")
            if not same and any(held[c] != v for c, v in plan.ours.items()):
                wrong.append("our values are not there, and nobody else touched them")
        case "unchanged":
            if mine:
                wrong.append("we wrote it")
            if not any(all(state[c] == v for c, v in plan.ours.items()) for state in states):
                wrong.append("it never held our values")
        case "conflict":
            # with a version, two writes by others look like one of ours and one that put it back
            if not (same or (others if not versioned else len(others) > 1)):
                wrong.append("nobody else touched it")
        case "partial":
            halves = [set(call) <= written for call in plan.calls]
            if all(halves) or not any(halves):
                wrong.append(f"of its calls these were written: {halves}")
            if not others:
                wrong.append("nobody else touched it")
        case _:
            wrong.append(f"{kind} is no outcome where no fault is left")
    return wrong


def touched(plan: Ours, record: Record) -> set[str]:
    """The planned columns that a record changed."""
    return {c for c in plan.ours if c in (record.after or {})}


def overwritten(plan: Ours, records: Sequence[Record], reads: Sequence[Record]) -> list[str]:
    """Where we wrote over what others had put there, though it was there at our last read ahead of that call.

    A call may take effect long after it came, when its sender is dead and the next process reads. Where `reads` is
    empty, wherever we did. What came back to the value as loaded before we ever wrote is unmoved.
    """
    wrong, written = [], set[str]()
    theirs: dict[str, Record] = {}
    for record in records:
        for column in touched(plan, record):
            if record.actor == "other":
                theirs[column] = record
                if record.after[column] == plan.base[column] and column not in written:  # type: ignore[index]
                    del theirs[column]
            else:
                edit = theirs.pop(column, None)
                last = max((r.n for r in reads if r.n < record.n and r.at <= record.at), default=None)
                if edit is not None and (last is None or edit.n < last):
                    wrong.append(f"{column}: their {edit.after[column]!r} was overwritten")  # type: ignore[index]
                written.add(column)
    return wrong


def not_put_back(planned: Sequence[Ours], told: Mapping[str, str], log: Sequence[Record], start: int) -> list[str]:
    """What an undo that began at place `start` of the log left behind of tasks that nobody else touched since.

    Back is what we last read: what others put there between that and our write is nowhere to be seen.
    """
    wrong = []
    for plan in planned:
        if told[plan.id] not in ("applied", "partial"):
            continue
        states = dict(plan.base)
        reads = [(0.0, dict(plan.base))]  # when we read it, and what that showed
        back: dict[str, Any] = {}
        since: set[str] = set()
        for record in log:
            if record.actor == "caller" and plan.id.encode() in record.raw and not record.after:
                reads.append((record.at, dict(states)))
            if record.task_id != plan.id:
                continue
            for column in touched(plan, record):
                if record.n >= start:
                    if record.actor == "caller" and column in since:
                        wrong.append(f"{plan.id} {column}: others' value was undone")
                elif record.actor == "caller":
                    back.setdefault(column, next(seen for at, seen in reversed(reads) if at <= record.at)[column])
                    since.discard(column)
                else:
                    since.add(column)
                states[column] = record.after[column]  # type: ignore[index]
        if not since & back.keys():
            wrong += [f"{plan.id} {c}: {states[c]!r} is left of us" for c, v in back.items() if states[c] != v]
    return wrong
