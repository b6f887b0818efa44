"""The runs of one connection: plans applied at the right place, once each, and ended in order."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING

from taskframe.engine.applying import OnConflict, Verify
from taskframe.engine.outcome import Outcome
from taskframe.errors import ApplyInterrupted, PlanError
from taskframe.place import Place
from taskframe.progress import Progress
from taskframe.report import Report
from taskframe.running import after_run, new_run_id, run_plan
from taskframe.session import Session, Stop

if TYPE_CHECKING:
    from taskframe.plan import Plan

log = logging.getLogger("taskframe")


class Runs:
    """Applies plans, and remembers which."""

    def __init__(self, session: Session, place: Place, progress: Progress) -> None:
        self._session = session
        self._place = place
        self._progress = progress
        self._applied: dict[str, str] = {}

    def check_not_applied(self, plan: Plan) -> None:
        """Raises PlanError when the plan was applied here."""
        run = self._applied.get(plan.id)
        if run is not None:
            raise PlanError(
                f"this plan was applied before, as run {run}: for what is left, report.retry() or tasks.plan()"
            )

    async def dry_run(self, plan: Plan, names: Mapping[str, str], verify: Verify | None) -> Report:
        """A run that reads and writes nothing."""
        return (await self._run(plan, names, "report", verify, None, dry=True))[0]

    def apply(self, plan: Plan, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None) -> Report:
        """A run, waited for; an interrupt ends it in order and raises ApplyInterrupted."""
        stop = Stop()
        report, outcomes = self._session.run(self._run(plan, names, on_conflict, verify, stop), stop=stop)
        return after_run(plan, report, outcomes, interrupted=stop.asked and not self._session.closed)

    async def apply_async(
        self, plan: Plan, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None
    ) -> Report:
        """A run, awaited. A cancellation ends it in order too, and the frame follows what was applied."""
        stop = Stop()
        report, outcomes = await self._session.arun_in_order(self._run(plan, names, on_conflict, verify, stop), stop)
        if not stop.asked or self._session.closed:
            return after_run(plan, report, outcomes)
        with suppress(ApplyInterrupted):
            after_run(plan, report, outcomes)
        log.warning("run %s was cancelled: %s", report.run_id, report.counts)
        raise asyncio.CancelledError

    async def _run(
        self,
        plan: Plan,
        names: Mapping[str, str],
        on_conflict: OnConflict,
        verify: Verify | None,
        stop: Stop | None,
        *,
        dry: bool = False,
    ) -> tuple[Report, Sequence[Outcome]]:
        with self._session.at_work(stop):
            if plan.source.account and not self._place.account:
                await self._place.visit(self._session.link)
            self._place.check_same(plan.source, f"plan {plan.id}")
            run_id = new_run_id()
            if not dry:
                self.check_not_applied(plan)
                self._applied[plan.id] = run_id
            return await run_plan(
                self._session.link,
                plan,
                self._place.source,
                run_id=run_id,
                on_conflict=on_conflict,
                verify=verify,
                dry=dry,
                stop=stop,
                progress=self._progress,
                names=names,
            )
