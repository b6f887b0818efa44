"""The runs of one connection: plans applied at the right place, once each, put down in the journal, ended in order."""

from __future__ import annotations

import asyncio
import logging
import math
from collections.abc import Callable, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.engine.applying import OnConflict, Verify
from taskframe.engine.aside import aside
from taskframe.engine.outcome import Outcome
from taskframe.errors import ApplyInterrupted, JournalError, PlanError
from taskframe.history import caught_up, head_of, parts_of, report_of, runs_table
from taskframe.journal import Journal, Recorder, Story
from taskframe.place import Place
from taskframe.progress import Progress
from taskframe.report import Report
from taskframe.running import after_run, new_run_id, run_plan
from taskframe.session import Session, Stop

if TYPE_CHECKING:
    from taskframe.connection import Connection
    from taskframe.plan import Plan

log = logging.getLogger("taskframe")


class Runs:
    """Applies plans, and remembers which. Without a `journal` only as long as it lives."""

    def __init__(self, session: Session, place: Place, progress: Progress, journal: Journal | None) -> None:
        self._session = session
        self._place = place
        self._progress = progress
        self._journal = journal
        self._applied: dict[str, str] = {}
        self._resumed: dict[str, float] = {}

    def check_not_applied(self, plan: Plan) -> None:
        """Raises PlanError when the plan was applied here, or by this journal."""
        run = self._applied.get(plan.id)
        if run is None and self._journal is not None:
            run = self._journal.applied(plan.id)
        if run is not None:
            raise PlanError(
                f"this plan was applied before, as run {run}: for what is left, report.retry() or tasks.plan()"
            )

    # looking back

    def table(self) -> pd.DataFrame:
        """The runs at this place, the latest first."""
        source = self._place.source
        entries = [] if self._journal is None else self._journal.entries(source.service, source.base_url)
        ours = source.account
        return runs_table([e for e in entries if not ours or not e.account or dict(e.account) == dict(ours)])

    def report(self, run: str, connection: Connection) -> Report:
        """The report of a run, from the journal."""
        if self._journal is None:
            raise JournalError("this connection has no journal: its runs are known by their reports only")
        return report_of(self._journal.story(run), connection, f"the journal {self._journal.path}")

    def caught_up(self, report: Report) -> Report:
        """With what was found out since, where somebody went on with the run."""
        if self._journal is None:
            return report
        try:
            return caught_up(report, self._journal.story(report.run_id))[0]
        except JournalError:  # it was forgotten since, or the journal is no use: then this is what is known
            return report

    # running

    async def dry_run(self, plan: Plan, names: Mapping[str, str], verify: Verify | None) -> Report:
        """A run that reads and writes nothing."""
        with self._session.at_work(None):
            await self._check_place(plan)
            return (await self._run(plan, None, None, names=names, verify=verify, dry=True))[0]

    def apply(self, plan: Plan, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None) -> Report:
        """A run, waited for; an interrupt ends it in order and raises ApplyInterrupted."""
        stop = Stop()
        return self._in_order(plan, stop, self._new(plan, names, on_conflict, verify, stop))

    def resume(
        self, report: Report, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None
    ) -> Report:
        """Goes on with a run, waited for in the same way."""
        stop = Stop()
        return self._in_order(report.plan, stop, self._rest(report, names, on_conflict, verify, stop))

    def _in_order(self, plan: Plan, stop: Stop, work: Any) -> Report:
        report, outcomes = self._session.run(work, stop=stop)
        return after_run(plan, report, outcomes, interrupted=stop.asked and not self._session.closed)

    async def apply_async(
        self, plan: Plan, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None
    ) -> Report:
        """A run, awaited. A cancellation ends it in order too, and the frame follows what was applied."""
        stop = Stop()
        return await self._awaited(plan, stop, self._new(plan, names, on_conflict, verify, stop))

    async def resume_async(
        self, report: Report, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None
    ) -> Report:
        """Goes on with a run, awaited in the same way."""
        stop = Stop()
        return await self._awaited(report.plan, stop, self._rest(report, names, on_conflict, verify, stop))

    async def _awaited(self, plan: Plan, stop: Stop, work: Any) -> Report:
        report, outcomes = await self._session.arun_in_order(work, stop)
        if not stop.asked or self._session.closed:
            return after_run(plan, report, outcomes)
        with suppress(ApplyInterrupted):
            after_run(plan, report, outcomes)
        log.warning("run %s was cancelled: %s", report.run_id, report.counts)
        raise asyncio.CancelledError(report)  # whoever cancelled it, and catches this, has the report

    async def _new(
        self, plan: Plan, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None, stop: Stop
    ) -> tuple[Report, Sequence[Outcome]]:
        with self._session.at_work(stop):
            await self._check_place(plan)
            self.check_not_applied(plan)
            run = self._applied[plan.id] = new_run_id()
            options = {"on_conflict": on_conflict if isinstance(on_conflict, str) else None, "verify": verify}
            journal, link = self._journal, self._session.link

            def begin(fail: Callable[[str], object]) -> Recorder | None:
                head = head_of(plan, run, self._place.source, link.timeout, options)
                return None if journal is None else journal.begin(head, parts_of(plan), fail)

            try:
                record = await self._begun(begin, stop)
            except BaseException:
                del self._applied[plan.id]  # nothing was sent
                raise
            return await self._run(plan, record, stop, run_id=run, names=names, on_conflict=on_conflict, verify=verify)

    async def _rest(
        self, report: Report, names: Mapping[str, str], on_conflict: OnConflict, verify: Verify | None, stop: Stop
    ) -> tuple[Report, Sequence[Outcome]]:
        with self._session.at_work(stop):
            await self._check_place(report.plan)
            journal, run, stories = self._journal, report.run_id, list[Story]()
            if journal is None and report.seen < self._resumed.get(run, 0.0):
                raise PlanError(f"run {run} was gone on with already: use the report which that gave")
            if journal is None:
                self._resumed[run] = math.inf  # until there is a later report, nobody else goes on with it

            def begin(fail: Callable[[str], object]) -> Recorder | None:
                if journal is None:
                    return None
                record, story = journal.resume(run, fail, exclusive=not report.plan.load.service.versioned)
                stories.append(story)
                return record

            record = await self._begun(begin, stop)
            try:
                if record is not None:
                    report, lacking = caught_up(report, stories[0])
                    for position, outcome in lacking.items():
                        record.outcome(position, outcome)
            except BaseException:
                if record is not None:
                    await aside(record.abandon)
                raise
            last = report
            try:
                last, outcomes = await self._run(
                    report.plan, record, stop, run_id=run, names=names, on_conflict=on_conflict, verify=verify,
                    earlier=report,
                )  # fmt: skip
            finally:
                self._resumed[run] = last.seen
            return last, outcomes

    async def _check_place(self, plan: Plan) -> None:
        if plan.source.account and not self._place.account:
            await self._place.visit(self._session.link)
        self._place.check_same(plan.source, f"plan {plan.id}")

    async def _begun(self, begin: Callable[[Callable[[str], object]], Recorder | None], stop: Stop) -> Recorder | None:
        """All is on disk before the first call. Where the disk fails later on, the run ends in order.

        An interrupt meanwhile waits: the run is then begun, and ended in order. By a second one it is left behind.
        """
        loop = asyncio.get_running_loop()
        stop.begun = True
        beginning = asyncio.ensure_future(
            aside(lambda: begin(lambda why: loop.call_soon_threadsafe(stop.because, why)))
        )
        try:
            return await asyncio.shield(beginning)
        except asyncio.CancelledError:
            beginning.add_done_callback(_leave_behind)
            raise

    async def _run(
        self, plan: Plan, record: Recorder | None, stop: Stop | None, *, run_id: str | None = None, **options: Any
    ) -> tuple[Report, Sequence[Outcome]]:
        try:
            report, outcomes = await run_plan(
                self._session.link,
                plan,
                self._place.source,
                run_id=run_id or new_run_id(),
                stop=stop,
                record=record,
                progress=self._progress,
                **options,
            )
        except BaseException:
            if record is not None:
                await aside(record.abandon)
            raise
        if record is not None:
            earlier = options.get("earlier")
            calls, elapsed = (earlier.calls, earlier.elapsed) if earlier else (0, 0.0)
            try:
                await aside(lambda: record.close(report.stopped, report.calls - calls, report.elapsed - elapsed))
            except asyncio.CancelledError:  # a second interrupt: it is closed without us, and the report is here
                log.warning("run %s is still being closed in the journal", report.run_id)
            except JournalError as error:  # the report has it all, and says so if it stopped the run
                log.error("run %s is not whole in the journal: %s", report.run_id, error)  # noqa: TRY400
        return report, outcomes


def _leave_behind(beginning: asyncio.Future[Recorder | None]) -> None:
    """Nobody waits any more for this run to begin: it is left as one that broke off."""
    if not beginning.cancelled() and not beginning.exception() and (record := beginning.result()) is not None:
        record.abandon()
