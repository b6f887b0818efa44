"""One run: a plan applied, or tried, with a bar and a report."""

from __future__ import annotations

import logging
import uuid
from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import TYPE_CHECKING

from taskframe.engine.applying import OnConflict, Run, Verify
from taskframe.engine.interrupts import uninterrupted
from taskframe.engine.link import Link
from taskframe.engine.outcome import Outcome
from taskframe.errors import ApplyInterrupted
from taskframe.progress import Progress, progress_bar
from taskframe.report import Report
from taskframe.services.base import Source
from taskframe.session import INTERRUPTED, Stop

if TYPE_CHECKING:
    from taskframe.plan import Plan

log = logging.getLogger("taskframe")


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
) -> tuple[Report, Sequence[Outcome]]:
    """Applies `plan`, or with `dry` reads what an apply would read."""
    caller = link.caller()
    started = link.clock.now()
    counts: dict[str, int] = {}
    desc = f"{'Checking' if dry else 'Applying to'} {link.service.label}"
    with progress_bar(progress, desc=desc, total=len(plan)) as bar:

        def show(outcome: Outcome) -> None:
            counts[outcome.kind] = counts.get(outcome.kind, 0) + 1
            bar.set_postfix(counts, refresh=False)
            bar.update()

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
        )
        if stop is not None:
            stop.run = run
        outcomes = await (run.dry_run(list(plan.edits())) if dry else run.apply(plan.edits(), grace=link.timeout))
    report = Report(
        run_id,
        plan,
        dry,
        link.clock.now() - started,
        caller.calls,
        run.stopped,
        outcomes,
        _load=replace(plan.load, source=source),
        _names=names,
    )
    return report, outcomes


def new_run_id() -> str:
    """A name for a run."""
    return uuid.uuid4().hex[:16]


def after_run(plan: Plan, report: Report, outcomes: Sequence[Outcome], *, interrupted: bool = False) -> Report:
    """The frame follows what the service answered, in the thread of the caller, who works with it.

    Whatever comes in between, the report is had: an interrupt waits, and so does `interrupted`, one that came before.
    """
    came = uninterrupted(lambda: _follow(plan, outcomes))
    if came or interrupted or report.stopped == INTERRUPTED:
        raise ApplyInterrupted(f"interrupted: {report.summary}; the report is in .report", report)
    return report


def _follow(plan: Plan, outcomes: Sequence[Outcome]) -> None:
    rows = {o.id: o.row for o in outcomes if o.row is not None and o.kind in ("applied", "unchanged", "partial")}
    if plan.frame is None or not rows:
        return
    halves = {o.id: o.written for o in outcomes if o.kind == "partial"}  # the other half stays an edit
    own = frozenset(o.id for o in outcomes if o.kind == "applied" and o.written)
    try:
        plan.frame.take_answers(rows, plan.sent(rows) | halves, own=own)
    except Exception:  # must not cost the report; the frame is as it was, and each task's next apply reads it again
        log.exception("tasks.df could not follow what was applied: load again")
