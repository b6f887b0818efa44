"""The oracle: do a run's outcomes agree with what the server saw, write by write?

It knows nothing of the engine: only what was planned, what the report says, the sandbox's log and what it holds.
"""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from taskframe.plan import Plan
    from taskframe.report import Report
    from taskframe.sandbox.log import Record

Task = Mapping[str, Any]
Same = Callable[[str, Any, Any], bool]
"""Whether two values of a column are the same to the service."""


@dataclass(frozen=True)
class Planned:
    """One task: its wire form at the load, the cells planned, and how many calls they take."""

    id: str
    task: Task
    ours: Mapping[str, Any]
    calls: int


@dataclass(frozen=True)
class Told:
    """What the report says of one task."""

    id: str
    kind: str
    attempts: int
    conflicts: frozenset[str] = frozenset()
    detail: str = ""


def planned_of(plan: Plan, tasks: Mapping[str, Task], calls: Callable[[Any], int]) -> list[Planned]:
    """What was planned; `tasks`: the server's, in wire form, as they were loaded."""
    return [Planned(e.id, tasks[e.id], dict(e.after), calls(e)) for e in plan.edits()]


def told_of(report: Report) -> list[Told]:
    """What the report says."""
    cells: dict[str, set[str]] = {}
    for row in report.conflicts.to_dict("records"):
        cells.setdefault(row["id"], set()).add(row["column"])
    table = report.outcomes
    return [
        Told(str(task), str(kind), int(attempts), frozenset(cells.get(str(task), ())), str(detail))
        for task, kind, attempts, detail in zip(
            table.index, table["outcome"], table["attempts"], table["detail"], strict=True
        )
    ]


@dataclass(frozen=True)
class Oracle:
    """`cells`: a task in wire form → the values of these columns; `records`: the log, from after the load.

    `held`: what the server holds in the end; `calls`: how many the report tells of.
    """

    planned: Sequence[Planned]
    told: Sequence[Told]
    records: Sequence[Record]
    held: Mapping[str, Task]
    calls: int
    cells: Callable[[Task, Sequence[str]], dict[str, Any]]
    same: Same
    _by_task: Mapping[str, list[Record]] = field(init=False, repr=False)

    def __post_init__(self) -> None:
        by_task: dict[str, list[Record]] = {}
        for record in self.records:
            if record.task_id is not None:
                by_task.setdefault(record.task_id, []).append(record)
        object.__setattr__(self, "_by_task", by_task)

    def complaints(self) -> list[str]:
        """All that is wrong with the run."""
        wrong: list[str] = []
        if [t.id for t in self.told] != [p.id for p in self.planned]:
            wrong.append("not one outcome for every task, in the plan's order")
        arrived = sum(1 for r in self.records if r.actor == "caller")
        if self.calls != arrived:
            wrong.append(f"the report tells of {self.calls} calls, the server saw {arrived}")
        sent = Counter(r.task_id for r in self.records if r.actor == "caller" and r.task_id is not None)
        strangers = set(sent) - {p.id for p in self.planned}
        wrong += [f"{stranger}: sent, and not planned" for stranger in strangers]
        tellings = {t.id: t for t in self.told}
        for plan in self.planned:
            tale = tellings.get(plan.id)
            if tale is None:
                wrong.append(f"{plan.id}: no outcome")
                continue
            if tale.attempts != sent[plan.id]:
                wrong.append(f"{plan.id}: {tale.attempts} attempts told, {sent[plan.id]} seen")
            wrong += [f"{plan.id}: {words}" for words in self._of_task(plan, tale)]
        return wrong

    def _of_task(self, plan: Planned, tale: Told) -> list[str]:
        records = self._by_task.get(plan.id, [])
        states = self._states(plan, records)
        final = self.cells(self.held[plan.id], list(plan.ours)) if plan.id in self.held else None
        if final is None or not self._equal(states[-1], final):
            return ["the log does not lead to what the server holds: the oracle itself is wrong"]
        ours_once = self._held_ours(plan, states)
        touched = {r.n: self._touched(plan, r) for r in records}
        mine = [r for r in records if r.actor == "caller" and touched[r.n]]
        others = [r for r in records if r.actor == "other" and touched[r.n]]
        wrong = self._overwritten(plan, records)
        # Each column once. A call more than planned may be right: a cell that was ours when we read is not sent, and
        # is after all when the answer shows that others took it back.
        twice = [name for name, times in Counter(n for r in mine for n in touched[r.n]).items() if times > 1]
        if twice:
            log = "; ".join(f"{r.n} {r.actor} {r.status} {r.fault} {touched[r.n]}" for r in records)
            wrong.append(f"written more than once: {', '.join(twice)}; the log has of it: {log}")
        if tale.kind in ("applied", "unchanged") and not ours_once:
            wrong.append(f"said to be {tale.kind}, and it never held our values")
        lost = "a reply was lost" in tale.detail and any(map(_unanswered, records))
        moved = any(r.actor == "other" and r.after for r in records)
        accepted = any(r.actor == "caller" and r.after is not None for r in records)
        if tale.kind == "applied" and not (accepted or lost):
            wrong.append("said to be applied, and we wrote nothing")
        if tale.kind in ("unchanged", "failed", "skipped", "ready") and mine:
            wrong.append(f"said to be {tale.kind}, and we wrote it")
        if tale.kind == "conflict" and not (others or mine or (lost and moved)):
            wrong.append("said to be in conflict, and nobody touched a column of ours")
        if tale.kind == "conflict" and not tale.conflicts:
            wrong.append("a conflict without a cell")
        if tale.kind == "partial":
            wrong += self._of_halves(plan, records, mine)
        return wrong

    def _held_ours(self, plan: Planned, states: Sequence[Mapping[str, Any]]) -> bool:
        """Whether it ever held our values: all at once, or where several calls write them, each of them."""
        if plan.calls == 1:
            return any(self._equal(state, plan.ours) for state in states)
        return all(any(self.same(name, state[name], value) for state in states) for name, value in plan.ours.items())

    def _of_halves(self, plan: Planned, records: Sequence[Record], mine: Sequence[Record]) -> list[str]:
        """What is wrong with saying that some of it went through.

        Of two calls one may. Of one call a cell may be left out that others had made ours when we read; that they
        changed it before our write of the other cells, the answer tells.
        """
        written = {name for record in mine for name in self._touched(plan, record)}
        left = [name for name in plan.ours if name not in written]
        wrong = []
        if not written:
            wrong.append("said to be partial, and we wrote nothing")
        if not left:
            wrong.append("said to be partial, and we wrote all of it")
        if plan.calls == 1 and not wrong:
            until = self._states(plan, [record for record in records if record.n <= mine[-1].n])
            ours = [{n for n in left if self.same(n, state[n], plan.ours[n])} for state in until]
            if set(left) - set().union(*ours) or ours[-1] == set(left):
                wrong.append("said to be partial, and it is one call")
        return wrong

    def may_overwrite(self, plan: Planned, theirs: Record, ours: Record) -> bool:  # noqa: ARG002
        """Whether our write could not know of theirs, the first edit that it overwrote: by default it could."""
        return False

    def _touched(self, plan: Planned, record: Record) -> list[str]:
        """The columns of ours that a record changed."""
        if not record.after:
            return []
        names = list(plan.ours)
        before, after = (self.cells({**plan.task, **part}, names) for part in (record.before or {}, record.after))
        return [name for name in names if not self.same(name, before[name], after[name])]

    def _states(self, plan: Planned, records: Sequence[Record]) -> list[dict[str, Any]]:
        """The planned columns as loaded, and after each write."""
        task = dict(plan.task)
        states = [self.cells(task, list(plan.ours))]
        for record in records:
            if record.after:
                task |= record.after
                states.append(self.cells(task, list(plan.ours)))
        return states

    def _overwritten(self, plan: Planned, records: Sequence[Record]) -> list[str]:
        """The columns of ours where we wrote over what somebody else had put there since the load.

        What came back to the value as loaded before we ever wrote counts as unmoved.
        """
        wrong = []
        base = self.cells(plan.task, list(plan.ours))
        written: set[str] = set()
        theirs: dict[str, Any] = {}
        edits: dict[str, Record] = {}
        for record in records:
            after = self.cells({**plan.task, **(record.after or {})}, list(plan.ours))
            for name in self._touched(plan, record):
                if record.actor == "other":
                    theirs[name] = after[name]
                    edits.setdefault(name, record)
                    if name not in written and self.same(name, after[name], base[name]):
                        del theirs[name], edits[name]
                else:
                    if name in theirs and not self.may_overwrite(plan, edits[name], record):
                        wrong.append(f"{name}: their {theirs[name]!r} was overwritten")
                    written.add(name)
                    theirs.pop(name, None)
                    edits.pop(name, None)
        return wrong

    def _equal(self, here: Mapping[str, Any], there: Mapping[str, Any]) -> bool:
        return all(self.same(name, here[name], value) for name, value in there.items())


def _unanswered(record: Record) -> bool:
    """Whether a call of ours may have been carried out, as far as its caller can tell."""
    if record.actor != "caller" or not record.method:
        return False
    told_all = record.fault in (None, "latency", "others-edit", "stall")
    return record.status in (None, 500, 502, 504) or (record.status == 200 and not told_all)
