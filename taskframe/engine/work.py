"""One edit on its way, and what the workers of a run share."""

from __future__ import annotations

import random
from collections.abc import Callable
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit, Row
from taskframe.engine.caller import Attempt, Caller
from taskframe.schema import Schema
from taskframe.services.base import Service

if TYPE_CHECKING:
    from taskframe.engine.ledger import Ledger
    from taskframe.engine.workqueue import WorkQueue


@dataclass(eq=False, slots=True)
class Work:
    """One edit on its way: `plan` as it was planned, `edit` as it goes out, on the task as it was last read.

    - `flying`: a call is out. `doubt`: one was sent, and may have been written. `stale`: refused for its version.
    - `refusal`: why it will not be sent again, once a read has shown that no earlier attempt was written.
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
    waited: float = 0.0
    heard: int = 0
    rebases: int = 0
    flying: bool = False
    doubt: bool = False
    stale: bool = False
    refusal: str = ""
    detail: str = ""
    row: Row | None = None
    status_code: int | None = None
    request_id: str | None = None
    decided: dict[str, tuple[Any, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        self.edit = self.plan

    @property
    def unclear(self) -> bool:
        """Whether it may have been written although no reply says so."""
        return self.doubt or self.flying

    def leave(self) -> None:
        """A call has left."""
        self.flying = True
        self.attempts += 1

    def land(self, attempt: Attempt) -> None:
        """And this is what came of it."""
        self.flying = False
        self.attempts -= not attempt.sent
        self.doubt = self.doubt or attempt.in_doubt
        if attempt.status is not None:
            self.status_code, self.request_id = attempt.status, attempt.request_id
        verdict = attempt.verdict
        if verdict is None or verdict.kind != "ok":
            self.detail = attempt.detail


@dataclass(frozen=True, slots=True)
class Bench:
    """What the workers of a run share. `stop(why)` ends the run in order."""

    service: Service
    schema: Schema
    catalogue: Catalogue
    caller: Caller
    rng: random.Random
    queue: WorkQueue[Work]
    ledger: Ledger
    stop: Callable[[str], None]
