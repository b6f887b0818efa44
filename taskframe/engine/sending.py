"""Sending an edit once, and what follows from the reply."""

from __future__ import annotations

from collections.abc import Sequence

from taskframe.changes.normal import same
from taskframe.engine.backoff import delay
from taskframe.engine.caller import Attempt
from taskframe.engine.work import Bench, Work
from taskframe.errors import AuthError, ServiceError, SettingsError
from taskframe.services.base import Call, Verdict

ATTEMPTS = 6
"""How often in a row a call may fail before it is given up."""


class Sender:
    """Sends edits, one call at a time each; any number of them at once.

    `_answers` counts the replies that were more than "not now": while there are some, to wait is no dead end.
    `_first` is the token that this run began with, `_taken` the newest one that the service took.
    """

    def __init__(self, bench: Bench) -> None:
        self._bench = bench
        self._answers = 0
        self._first: int | None = None
        self._taken = -1

    async def send(self, work: Work) -> None:
        """Send the next call of an edit; then it is finished, or queued again."""
        bench = self._bench
        calls = bench.service.calls(work.edit, bench.catalogue)
        call = calls[work.step]
        try:
            attempt = await bench.caller.attempt(call, on_leave=work.leave)
        except (AuthError, SettingsError) as error:
            if work.flying:
                raise
            self._stop(work, str(error))  # no token is to be had, or none that can be sent: for nobody
            return
        work.land(attempt)
        verdict = attempt.verdict
        if verdict is None:
            self._again(work, call, attempt.detail)
            return
        if verdict.kind != "throttled":
            self._answers += 1
        if self._first is None:
            self._first = attempt.generation
        if verdict.kind != "expired":
            self._taken = max(self._taken, attempt.generation)
        match verdict.kind:
            case "ok":
                self._went_through(work, calls, verdict)
            case "stale":
                work.stale, work.failures = True, 0
                bench.queue.read(work)
            case "expired":
                await self._renew(work, call, attempt)
            case "throttled":
                self._hold_back(work, call, verdict)
            case "retry":
                self._again(work, call, attempt.detail, verdict.after)
            case "missing":
                words = "no such task: deleted, or not visible to us"
                self.refuse(work, f"{words} ({verdict.detail})" if verdict.detail else words)
            case "refused":
                self.refuse(work, attempt.detail)

    def refuse(self, work: Work, why: str) -> None:
        """It will not be sent again. An earlier attempt may have been written: then only a read can tell."""
        if work.doubt:
            work.refusal, work.failures = why, 0
            self._bench.queue.read(work)
        else:
            self._bench.ledger.finish(work, "partial" if work.step else "failed", why)

    def _went_through(self, work: Work, calls: Sequence[Call], verdict: Verdict) -> None:
        row = verdict.data
        work.row = row if work.row is None else {**work.row, **row}
        work.doubt, work.failures, work.step = False, 0, work.step + 1
        if work.step < len(calls):
            self._bench.queue.send(work)
            return
        schema = self._bench.schema
        odd = [n for n, ours in work.edit.after.items() if n in row and not same(row[n], ours, schema[n])]
        words = f"the service answered with another value for {', '.join(odd)}" if odd else ""
        self._bench.ledger.finish(work, "applied", words)

    def _again(self, work: Work, call: Call, why: str, after: float | None = None) -> None:
        work.failures += 1
        if work.failures >= ATTEMPTS:
            self.refuse(work, f"given up after {work.failures} attempts: {why}")
            return
        wait = delay(work.failures, after=after, rng=self._bench.rng)
        most = self._bench.caller.max_wait
        if wait > most:
            self._stop(work, f"{why}; to wait {wait:.0f} s is more than max_wait={most:g}")
        elif work.doubt and call.kind == "unlocked":
            self._bench.queue.read(work, after=wait)
        else:
            self._bench.queue.send(work, after=wait)

    def _hold_back(self, work: Work, call: Call, verdict: Verdict) -> None:
        """Everybody pauses. To be turned away is nobody's failure; that nobody gets through for too long, is."""
        caller = self._bench.caller
        if work.heard != self._answers:
            work.heard, work.waited, work.throttles = self._answers, 0.0, 0
        work.throttles += 1
        try:
            work.waited += caller.hold_back(call, verdict, work.throttles)
        except ServiceError as error:
            self._stop(work, str(error))
            return
        if work.waited > caller.max_wait:
            words = f"{work.detail}; nobody got through for longer than max_wait={caller.max_wait:g} s"
            self._stop(work, words)
        else:
            self._bench.queue.send(work)

    async def _renew(self, work: Work, call: Call, attempt: Attempt) -> None:
        """A token that was taken, or is of before this run, may have expired; a new one that is not taken is no use."""
        caller, generation = self._bench.caller, attempt.generation
        vain = generation > max(self._first or 0, self._taken)
        if vain or not caller.tokens.renewable:
            self._stop(work, f"the service does not take the {'new ' if vain else ''}token: {attempt.detail}")
            return
        try:
            await caller.renew(generation)
        except AuthError as error:
            self._stop(work, str(error))
            return
        self._again(work, call, attempt.detail)

    def _stop(self, work: Work, why: str) -> None:
        """Nothing more can be sent: the run ends in order, and this work is left like those behind it."""
        self._bench.stop(why)
        self._bench.queue.send(work)
