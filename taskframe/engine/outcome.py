"""What became of a planned task: exactly one outcome each."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Literal

from taskframe.changes.edit import Row
from taskframe.changes.merge import Conflict

OutcomeKind = Literal["applied", "unchanged", "ready", "conflict", "partial", "failed", "unknown", "skipped"]

OUTCOMES: tuple[OutcomeKind, ...] = (
    "applied", "unchanged", "ready", "conflict", "partial", "failed", "unknown", "skipped",
)  # fmt: skip


@dataclass(slots=True)  # not frozen: that would cost a call more than all else that is in it
class Outcome:
    """What became of one task.

    - `applied`: the service answered that it holds our values
    - `unchanged`: the service had these values already, and not from this run
    - `ready`: in a dry run: an apply would send it
    - `conflict`: a cell of ours was changed by somebody else, and theirs was left as it is (`conflicts`)
    - `partial`: one of two calls went through
    - `failed`: the service refused it, or could not be brought to answer; nothing was written
    - `unknown`: it can't be told whether it was written
    - `skipped`: never sent, because the run ended before

    `row` is the task as the service last showed it, where it did. `attempts` counts the writes that were sent.
    `read_age`: seconds from the last read of the task to its write, both as they left us (of two writes the longer);
    None where nothing was written, nothing was read before, or versions guard the write. `written`: the cells that
    went through, `before` what they held when they were last read ahead of that. `left`: the run ended before this
    task was through with, so that `resume` goes on with it. `at`: when it was known, in epoch seconds.
    `answered`: written cells that `row` shows otherwise than the service did right after their write, as somebody else
    changed them since.
    """

    id: str
    kind: OutcomeKind
    detail: str = ""
    attempts: int = 0
    status_code: int | None = None
    request_id: str | None = None
    row: Row | None = None
    conflicts: tuple[Conflict, ...] = ()
    read_age: float | None = None
    written: Row = field(default_factory=dict)
    before: Row = field(default_factory=dict)
    left: bool = False
    at: float | None = None
    answered: Row = field(default_factory=dict)

    def of_cell(self, name: str) -> OutcomeKind:
        """What became of one planned cell: of a task that is `partial` or `unknown`, a part may be written.

        A cell of an `applied` task that was not written is `unchanged`: the service had it, or its value was taken.
        """
        if name in self.written:
            return "applied"
        if self.kind == "applied":
            return "unchanged"
        if self.kind != "partial":
            return self.kind
        if any(conflict.column == name for conflict in self.conflicts):
            return "conflict"
        return "skipped" if self.left else "failed"
