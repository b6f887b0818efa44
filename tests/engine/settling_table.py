"""A settler at work on a table of tasks: a service in its simplest form, and what was queued and told in the end."""

from __future__ import annotations

import json
import random
from collections.abc import Callable, Sequence
from typing import Any, cast

from engine_wire import NoSettings, Plain, VirtualClock

from taskframe.catalogue import EMPTY
from taskframe.changes.edit import Edit, Row
from taskframe.engine.caller import Caller
from taskframe.engine.decider import Decider, OnConflict
from taskframe.engine.ledger import Ledger
from taskframe.engine.limits import Limiter
from taskframe.engine.outcome import Outcome
from taskframe.engine.recording import Recording, Unrecorded
from taskframe.engine.settling import Settler
from taskframe.engine.transport import NoReply, Request
from taskframe.engine.work import Bench, Work
from taskframe.engine.workqueue import WorkQueue
from taskframe.schema import Column, Schema
from taskframe.services.base import Call, Reply, Service, Verdict

CELLS = (
    Column("id", "text"),
    Column("title", "text", editable=True),
    Column("note", "text", editable=True, clearable=True),
    Column("mine", "text", editable=True),
)
SCHEMA = Schema(CELLS)
VERSIONED = Schema((*CELLS, Column("version", "integer", role="version")))
BASE = {"title": "a", "note": "x", "mine": "m"}


def work(after: Row, position: int = 0, base: Row = BASE, **state: Any) -> Work:
    task = f"t{position}"
    made = Work(position, Edit(task, {"id": task, "version": 1, **base}, after))
    for name, value in state.items():
        setattr(made, name, value)
    return made


class OneByOne:
    """Reads a task a call."""

    def __init__(self, bases: Sequence[Row]) -> None:
        self._bases = bases

    def start(self) -> Sequence[Call]:
        return [Call("GET", f"/tasks/{base['id']}") for base in self._bases]

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        if verdict.kind == "refused":
            raise verdict.error(call)
        return ([verdict.data] if verdict.kind == "ok" else []), []


class Tasks(Plain):
    """A service whose tasks are rows as they stand."""

    index = "id"

    def __init__(self, versioned: bool) -> None:
        self.versioned = versioned

    def reread(self, bases: Sequence[Row]) -> OneByOne:
        return OneByOne(bases)

    def row(self, task: Row) -> Row:
        if "torn" in task:
            raise LookupError("half of it is missing")
        return task


Answer = Row | int | None
"""A task, a status that goes out in place of one, or no answer at all."""


class Table:
    """`answers`: by task id, what a read of it gives; a task that is not there is missing."""

    def __init__(
        self,
        on_conflict: OnConflict = "report",
        *,
        versioned: bool = True,
        record: Recording | None = None,
        answers: dict[str, Answer] | None = None,
    ) -> None:
        self.clock = VirtualClock()
        self.clock.time = 100.0
        self.answers: dict[str, Answer] = {} if answers is None else answers
        self.asked: list[str] = []
        self.halt_at = 0
        self.stopped: list[str] = []
        self.queue: WorkQueue[Work] = WorkQueue((), self.clock)
        self._told: list[Outcome] = []
        service, schema = cast("Service", Tasks(versioned)), VERSIONED if versioned else SCHEMA
        self.caller = Caller(
            service, NoSettings(), self, Limiter((), self.clock), None, self.clock, random.Random(1),
            base_url="http://127.0.0.1:1", timeout=1.0,
        )  # fmt: skip
        bench = Bench(
            service, schema, EMPTY, self.caller, random.Random(1), self.queue, Ledger(self._told.append),
            self.stopped.append, record=Unrecorded() if record is None else record,
        )  # fmt: skip
        self.settler = Settler(bench, Decider(on_conflict, schema, lambda _: ()))

    async def send(self, request: Request, timeout: float) -> Reply:  # noqa: ASYNC109
        task = request.url.rsplit("/", 1)[1]
        self.asked.append(task)
        if len(self.asked) == self.halt_at:
            self.caller.halt()
        answer = self.answers.get(task, 404)
        if answer is None:
            raise NoReply("nobody there", sent=True)
        if isinstance(answer, int):
            return Reply(answer, {}, b"{}")
        return Reply(200, {}, json.dumps({"id": task, **answer}).encode())

    async def aclose(self) -> None:
        pass

    def rule(self, made: Work, *, at: float = 7.0, **theirs: Any) -> Outcome | None:
        """The rule, on the task as it was with `theirs` since; gives its outcome, if that is known now."""
        row = {"id": made.plan.id, "version": 1, **BASE, **theirs}
        self.clock.run(self.settler.rule(made, row, at))
        return self._told.pop() if self._told else None

    def settle(self, *works: Work) -> dict[str, Outcome]:
        self.clock.run(self.settler.settle(works))
        told, self._told[:] = {o.id: o for o in self._told}, []
        return told

    def finish(self, ends: Callable[[Settler], object]) -> Outcome:
        ends(self.settler)
        return self._told.pop()

    def queued(self) -> list[tuple[str, str, bool]]:
        """What is to be done, in turn: read or send, the task, and whether only later."""

        async def all_of() -> list[tuple[str, str, bool]]:
            found, start = [], self.clock.now()
            while (job := await self.queue.take()) is not None:
                found += [(job.kind, made.plan.id, self.clock.now() > start) for made in job.items]
                self.queue.done()
            return found

        return self.clock.run(all_of())
