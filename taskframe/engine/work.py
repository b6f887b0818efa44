"""One edit on its way, and what the workers of a run share."""

from __future__ import annotations

import math
import random
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit, Row
from taskframe.engine.caller import Attempt, Caller
from taskframe.engine.recording import Recording, Unrecorded
from taskframe.errors import JournalError
from taskframe.schema import Schema
from taskframe.services.base import Call, Service

if TYPE_CHECKING:
    from taskframe.engine.ledger import Ledger
    from taskframe.engine.workqueue import WorkQueue


_NOTHING: Mapping[str, Any] = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Begun:
    """What is known of a task that an earlier part of its run left behind.

    `doubt`: it may have been written. `written`: cells that were, over `before`; `row` is the task as answered then.
    """

    doubt: bool
    written: Row = field(default_factory=lambda: _NOTHING)
    before: Row = field(default_factory=lambda: _NOTHING)
    row: Row | None = None
    attempts: int = 0
    answered: Row = field(default_factory=lambda: _NOTHING)


@dataclass(slots=True, eq=False)
class Work:
    """One edit on its way: `plan` as it was planned, `edit` as it goes out, on the task as it was last read.

    - `flying`: a call is out. `doubt`: one was sent, and may have been written. `stale`: refused for its version.
    - `step` counts the calls that went through, `written` are their cells: `edit` holds what is left. `before`: what
      those cells held when they were last read ahead of that; `answered`: what they did right after, where a further
      call follows.
    - `lost`: cells that went out without a lock and were not answered, unless they were seen to be there since.
    - `denied`: why the task as it is now does not take the edit. `refusal`: why it will not be sent again, once a read
      has shown that no earlier attempt was written.
    - `remark`: what to say of a write that went through. `detail`: what to say of the last attempt that did not.
    - `read_at`: when it was last read. `put_off`: how often it has waited too long since, and was not sent.
    - `failures`: in a row. `waited`: seconds that the service made it wait, since `heard` (see `Sender`).
    - `decided`: column → (theirs, the value that `on_conflict` gave for it).
    """

    position: int
    plan: Edit
    edit: Edit = field(init=False)
    step: int = 0
    attempts: int = 0
    failures: int = 0
    throttles: int = 0
    heard: int = 0
    rebases: int = 0
    put_off: int = 0
    flying: bool = False
    doubt: bool = False
    stale: bool = False
    written: Row = field(default_factory=lambda: _NOTHING)
    before: Row = field(default_factory=lambda: _NOTHING)
    answered: Row = field(default_factory=lambda: _NOTHING)
    lost: Row = field(default_factory=lambda: _NOTHING)
    denied: str = ""
    refusal: str = ""
    remark: str = ""
    detail: str = ""
    row: Row | None = None
    status_code: int | None = None
    request_id: str | None = None
    decided: dict[str, tuple[Any, Any]] = field(default_factory=dict)
    read_at: float | None = None
    waited: float = 0.0
    age: float = math.nan
    lost_age: float | None = None
    written_age: float | None = None

    def __post_init__(self) -> None:
        self.edit = self.plan

    @property
    def unclear(self) -> bool:
        """Whether it may have been written although no reply says so."""
        return self.doubt or self.flying

    @property
    def rest(self) -> Edit:
        """What was planned and is not written yet."""
        if not self.written:
            return self.plan
        return Edit(self.plan.id, self.plan.base, {n: v for n, v in self.plan.after.items() if n not in self.written})

    @property
    def read_age(self) -> float | None:
        """Seconds from the last read of the task to its write, of two writes the longer; None where not known."""
        return None if self.written_age is None or math.isnan(self.written_age) else self.written_age

    def cells(self, call: Call) -> Mapping[str, Any]:
        """The cells of `edit` that a call of it carries."""
        after = self.edit.after
        if not call.columns or call.columns >= after.keys():
            return after
        return {n: v for n, v in after.items() if n in call.columns}

    def go_on(self, begun: Begun) -> None:
        """Takes up what an earlier part of the run left behind."""
        base = self.plan.base if begun.row is None else {**self.plan.base, **begun.row}
        self.doubt, self.row, self.attempts = begun.doubt, begun.row, begun.attempts
        if begun.written:
            self.step, self.written, self.before = 1, begun.written, begun.before
            self.answered = {n: base.get(n, v) for n, v in begun.written.items()} | dict(begun.answered)
        self.edit = Edit(self.plan.id, base, self.rest.after)

    def leave(self, now: float) -> None:
        """A call has left."""
        self.flying, self.put_off = True, 0
        self.age = math.nan if self.read_at is None else now - self.read_at
        self.attempts += 1

    def land(self, attempt: Attempt, call: Call) -> None:
        """And this is what came of it."""
        self.flying = False
        self.attempts -= not attempt.sent
        self.doubt = self.doubt or attempt.in_doubt
        if attempt.in_doubt and call.kind == "unlocked":
            self.lost = {**self.lost, **self.cells(call)}
            self.lost_age = _longer(self.lost_age, self.age)
        if attempt.status is not None:
            self.status_code, self.request_id = attempt.status, attempt.request_id
        verdict = attempt.verdict
        if verdict is None or verdict.kind != "ok":
            self.detail = attempt.detail

    def moved(self) -> Mapping[str, Any]:
        """Of `answered`, what `row` does not show any more."""
        if not self.answered or self.row is None:
            return _NOTHING
        return {n: v for n, v in self.answered.items() if self.row.get(n, v) != v}

    def went_through(self, cells: Mapping[str, Any], *, age: float | None = None) -> None:
        """These cells were written: by the last call, or (`age`) by one whose reply was lost."""
        self.step += 1
        base = self.edit.base
        before = {name: base.get(name) for name in cells}
        self.before = {**before, **self.before} if self.before else before
        self.written = {**self.written, **cells} if self.written else cells
        self.lost = {n: v for n, v in self.lost.items() if n not in cells} if self.lost else self.lost
        self.written_age = _longer(self.written_age, self.age if age is None else age)


def _longer(one: float | None, other: float) -> float:
    """The longer of two waits; NaN where one of them is not known."""
    return other if one is None else math.nan if math.isnan(one) or math.isnan(other) else max(one, other)


@dataclass(frozen=True, slots=True)
class Bench:
    """What the workers of a run share. `stop(why)` ends the run in order.

    `record` writes down what a crash must not lose. `fresh`: seconds after which a task is read again before it is
    sent.
    """

    service: Service
    schema: Schema
    catalogue: Catalogue
    caller: Caller
    rng: random.Random
    queue: WorkQueue[Work]
    ledger: Ledger
    stop: Callable[[str], None]
    fresh: float = math.inf
    record: Recording = field(default_factory=Unrecorded)

    async def step(self, work: Work, row: Row) -> bool:
        """Puts down what was written of `work`, as `row` shows it, ahead of its next call.

        False where that fails: then the run ends.
        """
        work.answered = {n: row.get(n, v) for n, v in work.written.items()} | dict(work.answered)
        try:
            await self.record.step(work.position, work.written, work.before, row)
        except JournalError as error:
            self.stop(str(error))
            self.queue.send(work)
            return False
        return True
