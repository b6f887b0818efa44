"""One run: a plan applied, or tried, with a bar and a report."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np

from taskframe.changes.answered import Answered
from taskframe.engine.applying import OnConflict, Run, Verify
from taskframe.engine.garbage import collector_paused
from taskframe.engine.interrupts import uninterrupted
from taskframe.engine.link import Link
from taskframe.engine.outcome import Outcome
from taskframe.engine.recording import Recording
from taskframe.engine.sealed import OutcomeList
from taskframe.errors import ApplyInterrupted
from taskframe.history import left_of
from taskframe.progress import Progress, progress_bar
from taskframe.report import Report
from taskframe.services.base import Source
from taskframe.session import INTERRUPTED, Stop

if TYPE_CHECKING:
    from taskframe.plan import Plan

log = logging.getLogger("taskframe")

_SLACK = 2.0
"""Seconds: a run that broke off may have sent its last call a little after it last said that it was alive."""


_SHOWN = frozenset({"applied", "unchanged", "partial"})
"""What the frame follows: the service holds what was planned, or a part of it."""


async def run_plan(
    link: Link,
    plan: Plan,
    source: Source,
    *,
    run_id: str,
    on_conflict: OnConflict = "report",
    verify: Verify | None = None,
    dry: bool = False,
    stop: Stop | None = None,
    progress: Progress = True,
    names: Mapping[str, str],
    record: Recording | None = None,
    earlier: Report | None = None,
) -> tuple[Report, Sequence[Outcome]]:
    """Applies `plan`, or with `dry` reads what an apply would read; gives the report, and the outcomes that are new.

    `earlier`: the report of a first part of the run, which is gone on with.
    """
    caller = link.caller()
    started = link.clock.now()
    desc = f"{'Checking' if dry else 'Applying to'} {link.service.label}"
    begun, done = ({}, set()) if earlier is None else left_of(earlier.found)
    with progress_bar(progress, desc=desc, total=len(plan) - len(done)) as bar:

        def show(outcome: Outcome) -> None:
            bar.count(outcome.kind)

        run = Run(
            link.service,
            plan.load.schema,
            plan.load.catalogue,
            caller,
            clock=link.clock,
            rng=link.rng,
            concurrency=link.concurrency,
            on_conflict=on_conflict,
            verify=verify,
            on_outcome=show,
            record=record,
        )
        if stop is not None:
            stop.takes(run)
        if dry:
            found = await run.dry_run(list(plan.edits()))
        else:
            wait = 0.0
            if earlier is not None:  # never for longer, whatever became of the machine's clock since
                late = max(link.timeout, earlier.timeout) + _SLACK
                wait = min(late, max(0.0, earlier.seen + late - link.clock.wall()))
            found = await run.apply(plan.edits(), grace=link.timeout, begun=begun, done=done, settle_after=wait)
    new = found.values()
    options = {"on_conflict": on_conflict if isinstance(on_conflict, str) else None, "verify": verify}
    report = Report(
        run_id,
        plan,
        dry,
        link.clock.now() - started + (earlier.elapsed if earlier else 0.0),
        caller.calls + (earlier.calls if earlier else 0),
        run.stopped,
        new if earlier is None else _with(earlier.found, dict(zip(found, new, strict=True))),
        _load=replace(plan.load, source=source),
        _names=names,
        _options=options,
        _seen=link.clock.wall(),
        _timeout=max(link.timeout, earlier.timeout if earlier else 0.0),
    )
    return report, new


def _with(earlier: Sequence[Outcome], new: Mapping[int, Outcome]) -> list[Outcome]:
    return [new.get(at, outcome) for at, outcome in enumerate(earlier)]


def new_run_id() -> str:
    """A name for a run."""
    return uuid.uuid4().hex[:16]


def after_run(plan: Plan, report: Report, outcomes: Sequence[Outcome], *, interrupted: bool = False) -> Report:
    """The frame follows what the service answered, in the thread of the caller, who works with it.

    Whatever comes in between, the report is had: an interrupt waits, and so does `interrupted`, one that came before.
    """
    with collector_paused():
        came = uninterrupted(lambda: _follow(plan, outcomes))
    if came or interrupted or report.stopped == INTERRUPTED:
        words = (
            f"run {report.run_id}; the report is in .report (a notebook's next cell has it as sys.last_value.report)"
        )
        way = "" if report.ok else ", and report.resume() goes on with it"
        raise ApplyInterrupted(f"interrupted: {report.summary}; {words}{way}", report)
    return report


def _follow(plan: Plan, outcomes: Sequence[Outcome]) -> None:
    if plan.frame is None:
        return
    try:
        answered = _answered(plan, outcomes)
        if len(answered):
            plan.frame.take_answers(answered)
    except Exception:  # must not cost the report; the frame is as it was, and each task's next apply reads it again
        log.exception("tasks.df could not follow what was applied: load again")


def _answered(plan: Plan, outcomes: Sequence[Outcome]) -> Answered:
    """By column, as the outcomes are put away: all their rows at once would take more memory than all else."""
    found = outcomes if isinstance(outcomes, OutcomeList) else OutcomeList([outcomes])
    ids, kinds = found.field("id"), found.field("kind")
    halves = {o.id: o.written for o in found if o.kind == "partial"} if "partial" in kinds else {}
    cells, written = found.sizes("row"), found.sizes("written")
    own = np.array([kind == "applied" and size > 0 for kind, size in zip(kinds, written, strict=True)], dtype=bool)
    there = np.array([kind in _SHOWN and size >= 0 for kind, size in zip(kinds, cells, strict=True)], dtype=bool)
    answered = Answered(ids, lambda at: found[at].row or {}, found.cells, {}, own).only(there)
    return replace(answered, sent=plan.sent(answered.ids, halves))
