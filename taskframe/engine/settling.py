"""Settling by a read: a refused version, a lost reply; and the three-way rule."""

from __future__ import annotations

from collections.abc import Sequence

from taskframe.changes.edit import Edit, Row
from taskframe.changes.merge import Conflict, resolve
from taskframe.engine.backoff import delay
from taskframe.engine.caller import Halted
from taskframe.engine.decider import Decider, Undecided
from taskframe.engine.doubt import doubt_of, versions
from taskframe.engine.reading import Reading, Seen
from taskframe.engine.sending import ATTEMPTS, SILENCE
from taskframe.engine.work import Bench, Work
from taskframe.errors import AuthError, ServiceError

REBASES = 5
"""How often an edit goes ahead on a new state of its task before it is given up ("kept changing")."""

PUT_BACK = "a reply was lost: it may have been applied and put back, or changed again, by others"
THERE = "a reply was lost; read again: our values are there"
GONE = "it is not in the list any more: deleted, or hidden from us"


class Settler:
    """Reads tasks again, and decides what becomes of the edits that hang on it."""

    def __init__(self, bench: Bench, decider: Decider) -> None:
        self._bench = bench
        self._decider = decider
        self._unanswered = 0

    async def read(self, works: Sequence[Work]) -> dict[str, Seen]:
        """The tasks as they are now, by id; without those that are not found."""
        found: dict[str, Seen] = {}
        reading = Reading(self._bench.service, self._bench.caller, [work.edit.base for work in works])
        while not reading.done:
            found |= {seen.id: seen for seen in await reading.page()}
        return found

    async def settle(self, works: Sequence[Work]) -> None:
        """Read these tasks again; then each edit is finished, or queued again."""
        found, errors = await self._found(works)
        for work in works:
            error, seen = errors.get(work.plan.id), found.get(work.plan.id)
            try:
                if error is not None:
                    self._unread(work, error)
                elif seen is None:
                    self.nowhere(work)
                else:
                    self._unanswered = 0
                    await self.rule(work, seen.row, seen.at)
            except Exception as bug:  # must not cost the others their outcome
                self._bench.ledger.crash(work, bug)

    async def _found(self, works: Sequence[Work]) -> tuple[dict[str, Seen], dict[str, Exception]]:
        """What a read finds. One that fails is tried task by task, so that one odd task does not take the rest along;
        when two in a row can't be read either, it is no odd task."""
        try:
            return await self.read(works), {}
        except Halted:
            raise
        except Exception as error:
            if len(works) == 1 or is_for_all(error):
                return {}, {work.plan.id: error for work in works}
        found: dict[str, Seen] = {}
        errors: dict[str, Exception] = {}
        for at, work in enumerate(works):
            try:
                found |= await self.read([work])
            except Halted:
                raise
            except Exception as error:
                errors[work.plan.id] = error
                if at and works[at - 1].plan.id in errors:
                    return found, errors | {left.plan.id: error for left in works[at:]}
        return found, errors

    def _unread(self, work: Work, error: Exception) -> None:
        ledger = self._bench.ledger
        first = not work.attempts and not work.unclear
        self._unanswered += first and isinstance(error, ServiceError) and error.status_code is None
        if is_for_all(error) or self._unanswered >= SILENCE:
            self._bench.stop(str(error))
            ledger.leave(work, str(error))
        else:
            words = f"it could not be read {'ahead of its write' if first else 'again'}: {error}"
            ledger.finish(work, "unknown" if work.doubt else "failed", words)

    def nowhere(self, work: Work) -> None:
        """A read did not find it."""
        if not work.attempts and not work.unclear:
            words = f"{GONE}; nothing was sent"
        else:
            lost = "a reply was lost" if work.doubt else work.detail
            why = work.refusal or work.denied or ("changed by others" if work.stale else lost)
            words = f"{why}; and {GONE}"
        self._bench.ledger.finish(work, "unknown", words)

    async def rule(self, work: Work, theirs: Row, at: float) -> None:
        """The rule, on a task as a call that left at `at` read it: it is finished, or queued to be sent."""
        ledger, schema = self._bench.ledger, self._bench.schema
        if self._is_old(work, theirs):
            self._wait(work)
            return
        found = doubt_of(work, theirs, schema)
        doubt, work.doubt = work.doubt, False
        stale, work.stale = work.stale, False
        if stale:
            work.failures = 0
        work.row = theirs
        if not self._bench.service.versioned:
            work.read_at = at
        if found.settled:
            work.went_through(found.sent, age=work.lost_age)
            if found.unlocked and len(work.written) < len(work.plan.after) and not await self._bench.step(work, theirs):
                return
            if not found.unlocked:
                ledger.finish(work, "applied", THERE)
                return
            work.refusal = work.denied = ""  # said of these very calls
        if work.denied and found.still:
            work.refusal = work.denied
        why, work.denied = work.refusal or work.denied, ""
        # From the plan, not from what went out last: a column that was fine then may have moved since.
        resolution = resolve(work.rest, theirs, schema)
        edit = Edit(work.plan.id, {**work.edit.base, **theirs}, resolution.edit.after)
        if resolution.kind == "unchanged":
            names = ", ".join(work.rest.after) if work.step else "these values"
            words = THERE if found.settled else f"the service had {names} already"
            ledger.finish(work, "unchanged", "; ".join(filter(None, (work.remark, words))))
            return
        conflicts = resolution.conflicts
        if found.put_back:
            known = {conflict.column for conflict in conflicts}
            lost = {n: v for n, v in edit.after.items() if n in found.sent and n not in known}
            conflicts += tuple(Conflict(n, work.plan.base.get(n), v, theirs.get(n)) for n, v in lost.items())
        counts = stale or (doubt and (not found.unlocked or bool(conflicts)))
        if not conflicts and work.refusal:
            ledger.finish(work, "failed", work.refusal)
        elif not conflicts:
            self._go_ahead(work, edit, counts=counts)
        elif work.refusal or self._decider.reports:
            work.edit = edit
            words = PUT_BACK if found.put_back or (doubt and not found.settled) else changed_too(conflicts)
            ledger.finish(work, "conflict", f"{words}; {why}" if why else words, conflicts)
        else:
            await self._decide(work, edit, conflicts, doubt=doubt, wrote=doubt and bool(found.there), counts=counts)

    def _is_old(self, work: Work, theirs: Row) -> bool:
        """Whether it shows a version that is older than ours, or was refused: it came from a copy that lags behind."""
        found = versions(work.edit, theirs, self._bench.schema)
        if found is None:
            return False
        ours, now = found
        return now < ours or (work.stale and now == ours)

    def _wait(self, work: Work) -> None:
        work.failures += 1
        if work.failures < ATTEMPTS:
            self._bench.queue.read(work, after=delay(work.failures, after=None, rng=self._bench.rng))
        else:
            words = "the service refuses the version that it shows"
            self._bench.ledger.finish(work, "unknown" if work.doubt else "failed", words)

    async def _decide(
        self, work: Work, edit: Edit, conflicts: tuple[Conflict, ...], *, doubt: bool, wrote: bool, counts: bool
    ) -> None:
        """What `on_conflict` makes of it. `wrote`: a part of a lost attempt is there."""
        bench = self._bench
        async with self._decider.turn:
            try:
                with bench.caller.grounded():
                    edit = await self._decider.decide(edit, conflicts, work.decided)
            except Halted:  # nobody is asked any more, or waited for
                work.doubt = doubt
                bench.queue.read(work)
                return
            except Undecided as undecided:
                bench.ledger.finish(work, "failed", str(undecided), conflicts)
                return
        if edit.after:
            self._go_ahead(work, edit, counts=counts)
        elif wrote:
            bench.ledger.finish(
                work, "applied", "a reply was lost; for what is not there the service's values were taken"
            )
        else:
            bench.ledger.finish(work, "unchanged", "the service's values were taken")

    def _go_ahead(self, work: Work, edit: Edit, *, counts: bool) -> None:
        """`counts`: an attempt was in vain. To read ahead of a write is no rebase."""
        work.edit = edit
        work.rebases += counts
        if work.rebases > REBASES:
            words = f"kept changing: others changed it {work.rebases} times while we tried"
            self._bench.ledger.finish(work, "failed", words)
        elif work.attempts:
            self._bench.queue.send(work)
        else:
            self._bench.queue.add(work)


def is_for_all(error: Exception) -> bool:
    """Whether it is no task's own failure: not signed in, or asked to stay away for longer than we wait."""
    return isinstance(error, AuthError) or (isinstance(error, ServiceError) and error.status_code in (429, 503))


def changed_too(conflicts: Sequence[Conflict]) -> str:
    """The words for cells in conflict."""
    return f"changed by others too: {', '.join(c.column for c in conflicts)}" if conflicts else ""
