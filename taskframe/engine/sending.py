"""Sending an edit once, and what follows from the reply."""

from __future__ import annotations

from collections.abc import Awaitable, Callable
from typing import Any

from taskframe.changes.edit import Row
from taskframe.changes.normal import same
from taskframe.engine.backoff import delay
from taskframe.engine.caller import Attempt
from taskframe.engine.limits import Unused
from taskframe.engine.work import Bench, Work
from taskframe.errors import AuthError, JournalError, ServiceError, SettingsError
from taskframe.schema import Column
from taskframe.services.base import Call, Verdict

ATTEMPTS = 6
"""How often in a row a call may fail before it is given up."""

PATIENCE = 3
"""How often an edit is read again, as it waited too long for its slot, before it is sent at any age: where one call in
a minute is allowed, no read is ever fresh."""

SILENCE = 10
"""After so many tasks in a row that were given up without any reply, the service is taken to be out of reach."""


class Sender:
    """Sends edits, one call at a time each; any number of them at once.

    What waited too long since it was read goes to `outdated`; what has a further call goes through `rule`, with the
    reply as its last read.

    `_answers` counts the replies that were more than "not now": while there are some, to wait is no dead end.
    `_silent` counts the tasks given up without a reply since the last one: it may be one task's fault, not so many's.
    `_first` is the token that this run began with.
    """

    def __init__(
        self,
        bench: Bench,
        rule: Callable[[Work, Row, float], Awaitable[None]],
        outdated: Callable[[Work], object],
    ) -> None:
        self._bench = bench
        self._rule = rule
        self._outdated = outdated
        self._answers = 0
        self._silent = 0
        self._first: int | None = None

    async def send(self, work: Work) -> None:
        """Send the next call of an edit; then it is finished, or queued again."""
        bench = self._bench
        call = bench.service.calls(work.edit, bench.catalogue)[0]
        if not bench.record.covers(work.position):
            try:
                await bench.record.admit(work.position)
            except JournalError as error:
                self._stop(work, str(error))
                return

        def leave() -> None:
            now = bench.caller.clock.now()
            if work.put_off < PATIENCE and work.read_at is not None and now - work.read_at > bench.fresh:
                raise Unused
            work.leave(now)

        try:
            attempt = await bench.caller.attempt(call, on_leave=leave)
        except Unused:
            work.put_off += 1
            self._outdated(work)
            return
        except (AuthError, SettingsError) as error:
            if work.flying:
                raise
            self._stop(work, str(error))  # no token is to be had, or none that can be sent: for nobody
            return
        work.land(attempt, call)
        verdict = attempt.verdict
        if verdict is None:
            self._silent += work.failures + 1 >= ATTEMPTS
            if self._silent < SILENCE:
                self._again(work, call, attempt.detail)
            else:
                self._stop(work, f"the service does not answer: {attempt.detail}")
            return
        self._silent = 0
        if verdict.kind != "throttled":
            self._answers += 1
        if self._first is None:
            self._first = attempt.generation
        match verdict.kind:
            case "ok":
                await self._went_through(work, call, verdict.data, attempt.started)
            case "stale":
                work.stale, work.failures = True, 0
                work.denied = attempt.detail if verdict.refusal else ""
                bench.queue.read(work)
            case "expired":
                await self._renew(work, call, attempt)
            case "throttled":
                self._hold_back(work, call, verdict, attempt)
            case "retry":
                self._again(work, call, attempt.detail, verdict.after)
            case "missing":
                words = "no such task: deleted, or not visible to us"
                self.refuse(work, f"{words} ({verdict.detail})" if verdict.detail else words)
            case "refused":
                self.refuse(work, attempt.detail)

    def refuse(self, work: Work, why: str) -> None:
        """It will not be sent again. An earlier attempt may have been written: then only a read can tell."""
        if work.doubt or work.lost:
            work.refusal, work.failures, work.doubt = why, 0, True
            self._bench.queue.read(work)
        else:
            self._bench.ledger.finish(work, "failed", why)

    async def _went_through(self, work: Work, call: Call, row: Row, at: float) -> None:
        work.row = row if work.row is None else {**work.row, **row}
        work.doubt, work.failures = False, 0
        cells, schema = work.cells(call), self._bench.schema
        work.went_through(cells)
        odd = [n for n, ours in cells.items() if n in row and not _agree(row[n], ours, schema[n])]
        if odd:
            work.remark = f"the service answered with another value for {', '.join(odd)}"
        if len(cells) < len(work.edit.after) or self._is_lacking(work, row):
            if await self._bench.step(work, work.row):
                await self._rule(work, work.row, at)
        else:
            self._bench.ledger.finish(work, "applied", work.remark)

    def _is_lacking(self, work: Work, row: Row) -> bool:
        """Whether the answer shows another value for a cell that was not sent, as it was ours when it was read."""
        if len(work.written) == len(work.plan.after):
            return False
        schema = self._bench.schema
        return any(n in row and not same(row[n], v, schema[n]) for n, v in work.rest.after.items())

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

    def _hold_back(self, work: Work, call: Call, verdict: Verdict, attempt: Attempt) -> None:
        """Everybody pauses. To be turned away is nobody's failure; that nobody gets through for too long, is."""
        caller = self._bench.caller
        if work.heard != self._answers:
            work.heard, work.waited, work.throttles = self._answers, 0.0, 0
        work.throttles += 1
        try:
            work.waited += caller.hold_back(call, verdict, work.throttles, scout=attempt.scout)
        except ServiceError as error:
            self._stop(work, str(error))
            return
        if work.waited > caller.max_wait:
            words = f"{work.detail}; nobody got through for longer than max_wait={caller.max_wait:g} s"
            self._stop(work, words)
        elif work.doubt and call.kind == "unlocked":
            self._bench.queue.read(work)
        else:
            self._bench.queue.send(work)

    async def _renew(self, work: Work, call: Call, attempt: Attempt) -> None:
        """A token that was taken, or is of before this run, may have expired; a new one that is not taken is no use."""
        caller, generation = self._bench.caller, attempt.generation
        vain = generation > max(self._first or 0, caller.taken)
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


def _agree(theirs: Any, ours: Any, column: Column) -> bool:
    """`same`; sooner told where it is the very text."""
    return (type(ours) is str and type(theirs) is str and theirs == ours) or same(theirs, ours, column)
