"""One run: edits out, outcomes in, by a fixed pool of workers; one outcome for every edit, whatever happens."""

from __future__ import annotations

import asyncio
import logging
import random
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass
from typing import Any, Literal

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit, Row
from taskframe.changes.merge import Conflict, resolve
from taskframe.changes.normal import parse, same
from taskframe.engine.backoff import delay
from taskframe.engine.caller import Attempt, Caller
from taskframe.engine.clock import Clock
from taskframe.engine.loading import load
from taskframe.engine.outcome import Outcome, OutcomeKind
from taskframe.engine.workqueue import Job, WorkQueue
from taskframe.errors import AuthError, ServiceError, TaskframeError
from taskframe.schema import Schema, Unfit
from taskframe.services.base import Call, Service, Verdict

log = logging.getLogger("taskframe")

OnConflict = Literal["report", "overwrite"] | Callable[[str, str, Any, Any, Any], Any]
"""What to do with a cell that others changed too: `f(id, column, base, ours, theirs)` gives the value to write."""

ATTEMPTS = 6
"""How often a call is sent in a row without an answer that settles it."""

REBASES = 5
"""How often an edit goes ahead on a new state of its task before it is given up ("kept changing")."""

REREAD_BATCH = 50
"""How many tasks are read again together."""


@dataclass(slots=True)
class Work:
    """One edit on its way. `edit.base` moves as the task does.

    `doubt`: it was sent, and may have been written. `flying`: a call is out. `stale`: refused for its version.
    `refusal`: why it will not be sent again, once a read has shown that no earlier attempt was written.
    """

    position: int
    edit: Edit
    step: int = 0
    attempts: int = 0
    failures: int = 0
    throttles: int = 0
    waited: float = 0.0
    rebases: int = 0
    doubt: bool = False
    flying: bool = False
    stale: bool = False
    refusal: str = ""
    detail: str = ""
    row: Row | None = None
    status_code: int | None = None
    request_id: str | None = None


class Run:
    """One application of edits to a service."""

    def __init__(
        self,
        service: Service,
        schema: Schema,
        catalogue: Catalogue,
        caller: Caller,
        *,
        clock: Clock,
        rng: random.Random,
        concurrency: int,
        on_conflict: OnConflict = "report",
        on_outcome: Callable[[Outcome], None] = lambda _: None,
    ) -> None:
        self._service = service
        self._schema = schema
        self._catalogue = catalogue
        self._caller = caller
        self._clock = clock
        self._rng = rng
        self._concurrency = concurrency
        self._on_conflict = on_conflict
        self._on_outcome = on_outcome
        self._outcomes: dict[int, Outcome] = {}
        self._stopped = asyncio.Event()
        self.stopped = ""

    def stop(self, why: str) -> None:
        """Takes no new task; calls in flight may end. What was never sent is `skipped`. The first reason counts."""
        self.stopped = self.stopped or why
        self._stopped.set()

    async def apply(self, edits: Iterable[Edit], *, grace: float) -> list[Outcome]:
        """Sends the edits; outcomes come in their order. After a `stop`, calls in flight have `grace` seconds."""
        works = (Work(position, edit) for position, edit in enumerate(edits))
        queue = WorkQueue(works, self._clock, batch=REREAD_BATCH)
        workers = [asyncio.create_task(self._worker(queue)) for _ in range(self._concurrency)]
        watch = asyncio.create_task(self._watch(queue, workers, grace))
        try:
            await asyncio.gather(*workers, return_exceptions=True)
        finally:
            watch.cancel()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(watch, *workers, return_exceptions=True)
        for work in queue.left():
            self._leave(work)
        return [self._outcomes[position] for position in sorted(self._outcomes)]

    async def dry_run(self, edits: Sequence[Edit]) -> list[Outcome]:
        """Reads the tasks again and says what an apply would do; writes nothing."""
        found = await self._reread([Work(n, e) for n, e in enumerate(edits)], self._concurrency)
        for position, edit in enumerate(edits):
            work = Work(position, edit)
            theirs = found.get(edit.id)
            if theirs is None:
                self._finish(work, "unknown", "not found: deleted, or no longer visible to this key")
                continue
            work.row = theirs
            resolution = resolve(edit, theirs, self._schema)
            kind: OutcomeKind = "ready" if resolution.kind == "go" else resolution.kind
            self._finish(work, kind, _words(resolution.conflicts), resolution.conflicts)
        return [self._outcomes[position] for position in sorted(self._outcomes)]

    async def _watch(self, queue: WorkQueue[Work], workers: list[asyncio.Task[None]], grace: float) -> None:
        await self._stopped.wait()
        queue.stop()
        await asyncio.wait(workers, timeout=grace)
        for worker in workers:
            worker.cancel()

    async def _worker(self, queue: WorkQueue[Work]) -> None:
        while (job := await queue.take()) is not None:
            try:
                await (self._settle(job, queue) if job.kind == "read" else self._send(job.items[0], queue))
            except asyncio.CancelledError:
                for work in job.items:
                    self._leave(work)
                raise
            except Exception as error:  # a bug, ours or of a user's function, must not cost the others their outcome
                log.exception("task %s", job.items[0].edit.id)
                for work in job.items:
                    self._finish(work, "unknown" if work.doubt or work.flying else "failed", f"internal error: {error!r}")
            finally:
                queue.done()

    # sending

    async def _send(self, work: Work, queue: WorkQueue[Work]) -> None:
        call = self._service.calls(work.edit, self._catalogue)[work.step]
        work.flying = True
        try:
            attempt = await self._caller.attempt(call)
        except TaskframeError as error:  # raised before anything was sent: no token is to be had
            work.flying = False
            self._stop_with(work, queue, error)
            return
        work.flying = False
        work.attempts += attempt.sent
        work.status_code, work.request_id = attempt.status, attempt.request_id
        work.doubt = work.doubt or attempt.in_doubt
        verdict = attempt.verdict
        if verdict is None:
            self._again(work, queue, call, str(attempt.failure))
            return
        match verdict.kind:
            case "ok":
                self._went_through(work, queue, verdict.data)
            case "stale":
                work.stale, work.failures = True, 0
                queue.read(work)
            case "expired":
                await self._renew(work, queue, call, attempt)
            case "throttled":
                self._hold_back(work, queue, call, verdict)
            case "retry":
                self._again(work, queue, call, verdict.detail, verdict.after)
            case "missing":
                self._refused(work, queue, verdict.detail or "no such task: deleted, or not visible to this key")
            case "refused":
                self._refused(work, queue, verdict.detail)

    def _went_through(self, work: Work, queue: WorkQueue[Work], row: Row) -> None:
        work.row = {**(work.row or {}), **row}
        work.doubt, work.failures, work.step = False, 0, work.step + 1
        if work.step < len(self._service.calls(work.edit, self._catalogue)):
            queue.send(work)
            return
        self._finish(work, "applied", self._otherwise(work.edit, row))

    def _otherwise(self, edit: Edit, row: Row) -> str:
        """Where the service answered with another value than was sent (it may trim a title, say)."""
        odd = [n for n, ours in edit.after.items() if n in row and not same(row[n], ours, self._schema[n])]
        return f"the service answered with another value for {', '.join(odd)}" if odd else ""

    def _refused(self, work: Work, queue: WorkQueue[Work], detail: str) -> None:
        if not work.doubt:
            self._finish(work, "partial" if work.step else "failed", detail)
            return
        work.refusal = detail  # an earlier attempt may have been written: only a read can tell
        work.failures = 0
        queue.read(work)

    def _again(
        self, work: Work, queue: WorkQueue[Work], call: Call, detail: str, after: float | None = None
    ) -> None:
        work.failures += 1
        work.detail = detail
        if work.failures >= ATTEMPTS:
            self._refused(work, queue, f"given up after {work.failures} attempts: {detail}")
        elif work.doubt and call.kind == "unlocked":
            queue.read(work, after=self._delay(work, after))
        else:
            queue.send(work, after=self._delay(work, after))

    def _delay(self, work: Work, after: float | None) -> float:
        return delay(work.failures, after=after, rng=self._rng)

    def _hold_back(self, work: Work, queue: WorkQueue[Work], call: Call, verdict: Verdict) -> None:
        """Everybody pauses; being throttled is nobody's failure, and counts against `max_wait` alone."""
        work.throttles += 1
        work.detail = verdict.detail
        try:
            work.waited += self._caller.hold_back(call, verdict, work.throttles)
            if work.waited > self._caller.max_wait:
                raise ServiceError(f"{verdict.detail}: throttled for longer than max_wait={self._caller.max_wait:g} s")
        except ServiceError as error:
            self._stop_with(work, queue, error)
        else:
            queue.send(work)

    async def _renew(self, work: Work, queue: WorkQueue[Work], call: Call, attempt: Attempt) -> None:
        detail = attempt.verdict.detail if attempt.verdict else ""
        tokens = self._caller.tokens
        if tokens is None or not tokens.renewable:
            self._stop_with(work, queue, AuthError(detail or "the service does not take the token"))
            return
        try:
            await tokens.renew(attempt.generation)
        except AuthError as error:
            self._stop_with(work, queue, error)
            return
        self._again(work, queue, call, detail)

    def _stop_with(self, work: Work, queue: WorkQueue[Work], error: TaskframeError) -> None:
        """Nothing more can be sent: the run ends in order, and this work is left like those behind it."""
        self.stop(str(error))
        queue.stop()
        queue.send(work)

    # settling: a conflict, or a lost reply

    async def _settle(self, job: Job[Work], queue: WorkQueue[Work]) -> None:
        try:
            found = await self._reread(job.items, 1)
        except TaskframeError as error:
            for work in job.items:
                self._finish(work, "unknown" if work.doubt else "failed", f"it could not be read again: {error}")
            if isinstance(error, AuthError):
                self.stop(str(error))
            return
        for work in job.items:
            theirs = found.get(work.edit.id)
            if theirs is None:
                self._finish(work, "unknown", "changed by others, and no longer in the list: deleted, or hidden from us")
            elif work.stale and self._is_old(work.edit.base, theirs):
                self._read_again(work, queue)
            else:
                self._settle_one(work, theirs, queue)

    def _is_old(self, base: Row, theirs: Row) -> bool:
        """Whether a read shows a version that was refused already: it came from a copy that lags behind."""
        column = self._schema.role("version")
        return column is not None and bool(theirs[column.name] <= base[column.name])

    def _read_again(self, work: Work, queue: WorkQueue[Work]) -> None:
        work.failures += 1
        if work.failures < ATTEMPTS:
            queue.read(work, after=self._delay(work, None))
            return
        words = "the service refuses the version that it shows"
        self._finish(work, "unknown" if work.doubt else "failed", words)

    def _settle_one(self, work: Work, theirs: Row, queue: WorkQueue[Work]) -> None:
        doubt, work.doubt, work.stale = work.doubt, False, False
        work.row = theirs
        resolution = resolve(work.edit, theirs, self._schema)
        if resolution.kind == "unchanged":
            if doubt:
                self._finish(work, "applied", "the reply was lost; read again: our values are there")
            else:
                self._finish(work, "unchanged", "the service had these values already")
        elif doubt and resolution.kind == "conflict":
            words = "the reply was lost: it may have been applied and put back"
            self._finish(work, "conflict", words, resolution.conflicts)
        elif doubt and work.refusal:
            self._finish(work, "failed", work.refusal)
        else:
            edit: Edit | None = resolution.edit
            if resolution.conflicts:
                edit = self._decide(work, resolution.edit, resolution.conflicts)
            if edit is not None:
                self._go_ahead(work, edit, queue)

    def _go_ahead(self, work: Work, edit: Edit, queue: WorkQueue[Work]) -> None:
        work.edit, work.refusal = edit, ""
        work.rebases += 1
        if not edit.after:
            self._finish(work, "unchanged", "the service's values were taken")
        elif work.rebases > REBASES:
            self._finish(work, "failed", f"kept changing: others changed it {work.rebases} times while we tried")
        else:
            queue.send(work)

    def _decide(self, work: Work, edit: Edit, conflicts: tuple[Conflict, ...]) -> Edit | None:
        """What `on_conflict` makes of it; None when the task is finished as a conflict."""
        if self._on_conflict == "overwrite":
            return edit
        if not callable(self._on_conflict):
            self._finish(work, "conflict", _words(conflicts), conflicts)
            return None
        after = dict(edit.after)
        for conflict in conflicts:
            column = self._schema[conflict.column]
            try:
                answer = self._on_conflict(edit.id, *_cells(conflict))
            except Exception as error:
                self._finish(work, "failed", f"on_conflict raised {error!r}", conflicts)
                return None
            try:
                value = parse(answer, column, _seen(conflict))
                if same(value, conflict.theirs, column):
                    del after[conflict.column]
                    continue
                column.check(value)
                after[conflict.column] = value
            except Unfit as unfit:
                self._finish(work, "failed", f"on_conflict gave a value that can't be sent: {unfit}", conflicts)
                return None
        return Edit(edit.id, edit.base, after)

    async def _reread(self, works: Sequence[Work], concurrency: int) -> dict[str, Row]:
        listing = self._service.reread([w.edit.base for w in works])
        loaded = await load(listing, self._caller, concurrency=concurrency)
        rows = (self._service.row(task) for task in loaded.tasks)
        return {str(row[self._schema.index]): row for row in rows}

    # ending

    def _finish(
        self, work: Work, kind: OutcomeKind, detail: str = "", conflicts: tuple[Conflict, ...] = ()
    ) -> None:
        outcome = Outcome(
            work.edit.id, kind, detail, work.attempts, work.status_code, work.request_id, work.row, conflicts
        )
        self._outcomes[work.position] = outcome
        self._on_outcome(outcome)

    def _leave(self, work: Work) -> None:
        """A work that the end of the run left where it was."""
        if work.position in self._outcomes:
            return
        why = self.stopped or "the run was cancelled"
        if work.doubt or work.flying:
            self._finish(work, "unknown", f"{why}; it was sent, and no reply came")
        elif work.step:
            self._finish(work, "partial", why)
        elif work.attempts:
            self._finish(work, "failed", f"{why}; last: {work.detail}" if work.detail else why)
        else:
            self._finish(work, "skipped", why)


def _cells(conflict: Conflict) -> tuple[str, Any, Any, Any]:
    return conflict.column, conflict.base, conflict.ours, conflict.theirs


def _seen(conflict: Conflict) -> tuple[Any, ...]:
    return tuple(v for v in (conflict.base, conflict.ours, conflict.theirs) if isinstance(v, str | int))


def _words(conflicts: Sequence[Conflict]) -> str:
    return f"changed by others too: {', '.join(c.column for c in conflicts)}" if conflicts else ""
