"""The ledger of a run: one outcome for every edit, in the edits' order."""

from __future__ import annotations

import logging
import time
from collections.abc import Callable

from taskframe.changes.merge import Conflict
from taskframe.engine.kept import Keeper
from taskframe.engine.outcome import Outcome, OutcomeKind
from taskframe.engine.recording import Recording, Unrecorded
from taskframe.engine.sealed import OutcomeBook
from taskframe.engine.work import Work

log = logging.getLogger("taskframe")

DETAIL = 500
"""Characters of an unexpected error's own words that a detail may hold."""


class Ledger:
    """Each work's outcome is put down once; what comes later for the same work does not count."""

    def __init__(
        self,
        on_outcome: Callable[[Outcome], object],
        record: Recording | None = None,
        wall: Callable[[], float] = time.time,
    ) -> None:
        self._on_outcome = on_outcome
        self._wall = wall
        self._record = Unrecorded() if record is None else record
        self._outcomes = OutcomeBook()
        self._keeper = Keeper()
        self._told = True

    def __contains__(self, work: Work) -> bool:
        return work.position in self._outcomes

    def outcomes(self) -> OutcomeBook:
        """Those put down so far, by position, in the edits' order."""
        return self._outcomes

    def finish(
        self,
        work: Work,
        kind: OutcomeKind,
        detail: str = "",
        conflicts: tuple[Conflict, ...] = (),
        *,
        left: bool = False,
    ) -> None:
        """This became of it."""
        if work in self:
            return
        if work.step:
            kind, detail = _halves(work, kind, detail)
        row = work.row
        if row is not None and self._outcomes.scattered:
            row = self._keeper.keep(row, work.plan.id)
        outcome = Outcome(
            work.plan.id, kind, detail, work.attempts, work.status_code, work.request_id, row, conflicts,
            work.read_age, work.written, work.before, left, self._wall(), work.moved(),
        )  # fmt: skip
        self._outcomes.put(work.position, outcome)
        self._record.outcome(work.position, outcome)
        try:
            self._on_outcome(outcome)
        except Exception:  # somebody's progress bar must not change what is true of a task
            if self._told:
                log.exception("the progress of this run can't be shown")
            self._told = False

    def leave(self, work: Work, why: str) -> None:
        """The run has ended, and left it where it was."""
        last = f"; last: {work.detail}" if work.detail and work.detail not in why else ""
        if work.unclear:
            self.finish(work, "unknown", f"{why}; it was sent, and may have been written{last}", left=True)
        elif work.attempts:
            self.finish(work, "failed", f"{why}{last}", left=True)
        else:
            self.finish(work, "skipped", why, left=True)

    def crash(self, work: Work, error: BaseException) -> None:
        """Something broke over it, in our own code or in somebody's service or transport."""
        log.error("task %s", work.plan.id, exc_info=error)
        words = f"internal error: {type(error).__name__}: {error}"[:DETAIL]
        self.finish(work, "unknown" if work.unclear else "failed", words)


def _halves(work: Work, kind: OutcomeKind, detail: str) -> tuple[OutcomeKind, str]:
    """What `kind` is when a call before it went through: of several calls, a task has one outcome."""
    if kind in ("applied", "unchanged", "partial"):
        return ("partial" if kind == "partial" else "applied"), detail
    written = ", ".join(work.written)
    left = ", ".join(name for name in work.edit.after if name not in work.written)
    if kind == "unknown":
        return kind, f"{written} went through; for {left} it is not known: {detail}" if written else detail
    return "partial", f"{written} went through, {left} did not: {detail}" if written else detail
