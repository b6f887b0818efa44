"""One run: edits out, outcomes in, by a fixed pool of workers; one outcome for every edit, whatever happens."""

from __future__ import annotations

import asyncio
import math
import random
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from itertools import chain
from types import MappingProxyType

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit, Row
from taskframe.changes.merge import resolve
from taskframe.engine.caller import Caller, Halted
from taskframe.engine.clock import Clock
from taskframe.engine.decider import Decider, OnConflict
from taskframe.engine.ledger import Ledger
from taskframe.engine.loading import load
from taskframe.engine.outcome import Outcome, OutcomeKind
from taskframe.engine.recording import Recording, Unrecorded
from taskframe.engine.sealed import OutcomeBook
from taskframe.engine.sending import Sender
from taskframe.engine.settling import GONE, Settler, changed_too
from taskframe.engine.verifying import Verifier, Verify, fresh_for, way_of
from taskframe.engine.work import Begun, Bench, Work
from taskframe.engine.workqueue import Job, WorkQueue
from taskframe.errors import JournalError
from taskframe.schema import Schema
from taskframe.services.base import Service

__all__ = ["OnConflict", "Run", "Verify"]

NONE_BEGUN: Mapping[int, Begun] = MappingProxyType({})

REREAD_BATCH = 50
"""How many tasks are read again together."""

NARROWER = 0.85
"""With each pause that the service asks for, so much of the concurrency is left."""

NARROWEST = 0.25
"""But never less than this."""


class Run:
    """One application of edits to a service; used once, and so is `caller`.

    `verify`: how tasks are read ahead of their write; None: the service's default. PlanError for a way that it lacks.
    `stopped` says why it ended early; "" while it did not. `on_outcome` is told each outcome when it is known.
    """

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
        verify: Verify | None = None,
        on_outcome: Callable[[Outcome], object] = lambda _: None,
        record: Recording | None = None,
    ) -> None:
        self.stopped = ""
        self._concurrency = concurrency
        self._caller = caller
        self._edits: Iterable[Edit] = ()
        self._begun: Mapping[int, Begun] = {}
        self._done: Collection[int] = ()
        self._way = way_of(service, verify)
        self._queue = WorkQueue(
            () if self._way == "listing" else self._works(),
            clock,
            batch=REREAD_BATCH,
            more=lambda idle: self._verifier.more(idle=idle),
        )
        record = Unrecorded() if record is None else record
        self._ledger = Ledger(on_outcome, record, clock.wall)
        fresh = fresh_for(service, self._way)
        self._bench = Bench(
            service, schema, catalogue, caller, rng, self._queue, self._ledger, self.stop, fresh, record
        )
        decider = Decider(on_conflict, schema, lambda edit: service.check(edit, catalogue))
        self._settler = Settler(self._bench, decider)
        self._verifier = Verifier(self._bench, self._settler, self._way)
        self._sender = Sender(self._bench, self._settler.rule, self._verifier.again)
        self._stopping = asyncio.Event()
        self._workers: Sequence[asyncio.Task[None]] = ()

    def stop(self, why: str) -> None:
        """Ends the run in order: nothing more is sent, calls in flight may end. The first reason counts."""
        if self.stopped:
            return
        self.stopped = why or "stopped"
        self._queue.stop()
        self._caller.halt()
        self._stopping.set()

    def hurry(self) -> bool:
        """After a `stop`: calls in flight are not waited for any more, and are `unknown`. False where none is left."""
        waited_for = [worker for worker in self._workers if worker.cancel()]
        return bool(waited_for)

    async def apply(
        self,
        edits: Iterable[Edit],
        *,
        grace: float,
        begun: Mapping[int, Begun] = NONE_BEGUN,
        done: Collection[int] = (),
        settle_after: float = 0.0,
    ) -> OutcomeBook:
        """Sends the edits; outcomes come by position, in their order. After a `stop`, calls in flight have `grace`
        seconds.

        To go on with a run: `done` are the positions that have their outcome, `begun` those that an earlier part left
        behind. A call of that part may still arrive for `settle_after` seconds.
        """
        self._edits = list(edits) if begun else edits  # an iterator can be walked only once
        self._begun, self._done = begun, done
        if begun:
            await self._go_on(settle_after)
        if self._way == "listing":
            self._verifier.begin(self._works())
        self._workers = workers = [asyncio.create_task(self._worker(n)) for n in range(self._concurrency)]
        watch = asyncio.create_task(self._watch(workers, grace))
        try:
            ends = await asyncio.gather(*workers, return_exceptions=True)
        finally:
            watch.cancel()
            for worker in workers:
                worker.cancel()
            await asyncio.gather(watch, *workers, return_exceptions=True)
        for end in ends:
            if isinstance(end, Exception):  # the edits themselves could not be had: there is no list to be whole
                raise end
        for work in chain(self._queue.left(), self._verifier.left()):
            self._leave(work)
        return self._ledger.outcomes()

    async def _go_on(self, settle_after: float) -> None:
        """Queues what is in doubt, or half done: to be read, or where a version makes it harmless, to be sent again."""
        bench, versioned = self._bench, self._bench.service.versioned
        if not versioned:
            try:
                await bench.record.admit_all(sorted(self._begun))
            except JournalError as error:
                self.stop(str(error))
        for position, edit in enumerate(self._edits):
            begun = self._begun.get(position)
            if begun is None:
                continue
            work = Work(position, edit)
            work.go_on(begun)
            if versioned:
                self._queue.send(work)
                continue
            if begun.doubt:  # each call leaves when the one before it is on disk: it can only be the first one left
                work.lost = work.cells(bench.service.calls(work.edit, bench.catalogue)[0])
            self._queue.read(work, after=settle_after if begun.doubt else 0.0)

    async def dry_run(self, edits: Sequence[Edit]) -> OutcomeBook:
        """Reads the tasks again and says what an apply would do; writes nothing. Raises when they can't be read."""
        works = [Work(position, edit) for position, edit in enumerate(edits)]
        found = await self._read(works)
        for work in works:
            if self._way == "none":
                self._ledger.finish(work, "ready", 'verify="none": not read')
                continue
            work.row = theirs = found.get(work.plan.id)
            if theirs is None:
                self._ledger.finish(work, "unknown", GONE)
                continue
            resolution = resolve(work.plan, theirs, self._bench.schema)
            kind: OutcomeKind = "ready" if resolution.kind == "go" else resolution.kind
            self._ledger.finish(work, kind, changed_too(resolution.conflicts), resolution.conflicts)
        return self._ledger.outcomes()

    async def _read(self, works: Sequence[Work]) -> Mapping[str, Row]:
        """What an apply would read."""
        service, rows = self._bench.service, dict[str, Row]()
        if self._way == "each":
            left = iter(works)

            async def read() -> None:
                for work in left:
                    found = await self._settler.read([work])
                    rows.update({task: seen.row for task, seen in found.items()})

            readers = [asyncio.create_task(read()) for _ in range(self._concurrency)]
            try:
                await asyncio.gather(*readers)
            finally:
                for reader in readers:
                    reader.cancel()
                await asyncio.gather(*readers, return_exceptions=True)
        elif self._way != "none":
            listing = service.reread([work.plan.base for work in works])
            loaded = await load(listing, self._caller, concurrency=self._concurrency)
            rows.update((str(row[service.index]), row) for row in map(service.row, loaded.tasks))
        return rows

    def _works(self) -> Iterable[Work]:
        done, begun = self._done, self._begun
        for position, edit in enumerate(self._edits):
            if position not in done and position not in begun:
                yield Work(position, edit)

    def _width(self) -> int:
        """How many workers there shall be by now."""
        left = self._concurrency * NARROWER**self._caller.pauses
        return max(math.ceil(self._concurrency * NARROWEST), int(left))

    async def _worker(self, number: int) -> None:
        while number < self._width() and (job := await self._queue.take()) is not None:
            try:
                await self._do(job)
            finally:
                self._queue.done()

    async def _do(self, job: Job[Work]) -> None:
        try:
            if job.kind == "page":
                await self._verifier.page()
            elif job.kind == "read" or self._verifier.wants(job.items[0]):
                await self._settler.settle(job.items)
            else:
                await self._sender.send(job.items[0])
        except Halted:
            for work in job.items:
                self._leave(work)
        except asyncio.CancelledError:
            for work in job.items:
                self._leave(work)
            raise
        except (Exception, SystemExit) as bug:  # ours or a service's: it must not cost the others their outcome
            for work in job.items:
                self._ledger.crash(work, bug)

    def _leave(self, work: Work) -> None:
        self._ledger.leave(work, self.stopped or "the run was cancelled")

    async def _watch(self, workers: Sequence[asyncio.Task[None]], grace: float) -> None:
        await self._stopping.wait()
        await asyncio.wait(workers, timeout=grace)
        for worker in workers:
            worker.cancel()
