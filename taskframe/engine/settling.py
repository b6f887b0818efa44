"""Settling by a read: a refused version, a lost reply; and the three-way rule."""

from __future__ import annotations

from collections.abc import Sequence

from taskframe.changes.edit import Edit, Row
from taskframe.changes.merge import Conflict, resolve
from taskframe.changes.normal import same
from taskframe.engine.backoff import delay
from taskframe.engine.caller import Halted
from taskframe.engine.decider import Decider, Undecided
from taskframe.engine.loading import load
from taskframe.engine.sending import ATTEMPTS
from taskframe.engine.work import Bench, Work
from taskframe.errors import AuthError

REBASES = 5
"""How often an edit goes ahead on a new state of its task before it is given up ("kept changing")."""

PUT_BACK = "a reply was lost: it may have been applied, and changed again by others"


class Settler:
    """Reads tasks again, and decides what becomes of the edits that hang on it."""

    def __init__(self, bench: Bench, decider: Decider) -> None:
        self._bench = bench
        self._decider = decider

    async def read(self, works: Sequence[Work], *, concurrency: int = 1) -> dict[str, Row]:
        """The tasks as they are now, by id; without those that are not found."""
        service = self._bench.service
        listing = service.reread([work.edit.base for work in works])
        loaded = await load(listing, self._bench.caller, concurrency=concurrency)
        rows = (service.row(task) for task in loaded.tasks)
        return {str(row[service.index]): row for row in rows}

    async def settle(self, works: Sequence[Work]) -> None:
        """Read these tasks again; then each edit is finished, or queued again."""
        found, errors = await self._found(works)
        for work in works:
            error = errors.get(work.plan.id)
            try:
                if error is not None:
                    self._unread(work, error)
                else:
                    await self._settle(work, found.get(work.plan.id))
            except Exception as bug:  # must not cost the others their outcome
                self._bench.ledger.crash(work, bug)

    async def _found(self, works: Sequence[Work]) -> tuple[dict[str, Row], dict[str, Exception]]:
        """What a read finds. One that fails is tried task by task, so that one odd task does not take the rest along;
        when two in a row can't be read either, it is no odd task."""
        try:
            return await self.read(works), {}
        except Halted:
            raise
        except Exception as error:
            if len(works) == 1 or isinstance(error, AuthError):
                return {}, {work.plan.id: error for work in works}
        found: dict[str, Row] = {}
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
        if isinstance(error, AuthError):
            self._bench.stop(str(error))
            ledger.leave(work, str(error))
        else:
            ledger.finish(work, "unknown" if work.doubt else "failed", f"it could not be read again: {error}")

    async def _settle(self, work: Work, theirs: Row | None) -> None:
        ledger = self._bench.ledger
        if theirs is None:
            why = work.refusal or ("changed by others" if work.stale else "a reply was lost")
            ledger.finish(work, "unknown", f"{why}; and it is not in the list any more: deleted, or hidden from us")
            return
        if self._is_old(work, theirs):
            self._wait(work)
            return
        doubt, work.doubt = work.doubt, False
        if work.stale:
            work.stale, work.failures = False, 0
        work.row = theirs
        missing = self._missing(work.edit, theirs)
        if doubt and not missing:
            ledger.finish(work, "applied", "a reply was lost; read again: our values are there")
            return
        # From the plan, not from what went out last: a column that was fine then may have moved since.
        resolution = resolve(work.plan, theirs, self._bench.schema)
        if resolution.kind == "unchanged":
            ledger.finish(work, "unchanged", "the service had these values already")
            return
        conflicts = resolution.conflicts
        if doubt and self._may_be_put_back(work.edit, theirs):
            known = {conflict.column for conflict in conflicts}
            conflicts += tuple(conflict for conflict in missing if conflict.column not in known)
        if work.refusal and not conflicts:
            ledger.finish(work, "failed", work.refusal)
        elif conflicts and (work.refusal or self._decider.reports):
            words = PUT_BACK if doubt else changed_too(conflicts)
            ledger.finish(work, "conflict", f"{words}; {work.refusal}" if work.refusal else words, conflicts)
        elif conflicts:
            await self._decide(work, resolution.edit, conflicts, wrote=doubt and len(missing) < len(work.edit.after))
        else:
            self._go_ahead(work, resolution.edit)

    def _is_old(self, work: Work, theirs: Row) -> bool:
        """Whether it shows a version that is older than ours, or was refused: it came from a copy that lags behind."""
        versions = self._versions(work.edit, theirs)
        if versions is None:
            return False
        ours, now = versions
        return now < ours or (work.stale and now == ours)

    def _may_be_put_back(self, edit: Edit, theirs: Row) -> bool:
        """Whether an edit that was sent, and is not there, may have been: each write takes a new version, so that
        one write since can't have been ours, but the first of several can."""
        versions = self._versions(edit, theirs)
        return versions is not None and versions[1] - versions[0] > 1

    def _versions(self, edit: Edit, theirs: Row) -> tuple[int, int] | None:
        column = self._bench.schema.role("version")
        if column is None:
            return None
        ours, now = edit.base.get(column.name), theirs.get(column.name)
        return None if ours is None or now is None else (ours, now)

    def _missing(self, edit: Edit, theirs: Row) -> tuple[Conflict, ...]:
        """The cells that went out and are not there."""
        cells = []
        for name, ours in edit.after.items():
            base = edit.base.get(name)
            now = theirs.get(name, base)
            if not same(now, ours, self._bench.schema[name]):
                cells.append(Conflict(name, base, ours, now))
        return tuple(cells)

    def _wait(self, work: Work) -> None:
        work.failures += 1
        if work.failures < ATTEMPTS:
            self._bench.queue.read(work, after=delay(work.failures, after=None, rng=self._bench.rng))
        else:
            words = "the service refuses the version that it shows"
            self._bench.ledger.finish(work, "unknown" if work.doubt else "failed", words)

    async def _decide(self, work: Work, edit: Edit, conflicts: tuple[Conflict, ...], *, wrote: bool) -> None:
        """What `on_conflict` makes of it. `wrote`: a part of a lost attempt is there."""
        bench = self._bench
        try:
            edit = await self._decider.decide(edit, conflicts, work.decided)
        except Undecided as undecided:
            bench.ledger.finish(work, "failed", str(undecided), conflicts)
            return
        if edit.after:
            self._go_ahead(work, edit)
        elif wrote:
            bench.ledger.finish(
                work, "applied", "a reply was lost; for what is not there the service's values were taken"
            )
        else:
            bench.ledger.finish(work, "unchanged", "the service's values were taken")

    def _go_ahead(self, work: Work, edit: Edit) -> None:
        work.edit = edit
        work.rebases += 1
        if work.rebases > REBASES:
            words = f"kept changing: others changed it {work.rebases} times while we tried"
            self._bench.ledger.finish(work, "failed", words)
        else:
            self._bench.queue.send(work)


def changed_too(conflicts: Sequence[Conflict]) -> str:
    """The words for cells in conflict."""
    return f"changed by others too: {', '.join(c.column for c in conflicts)}" if conflicts else ""
