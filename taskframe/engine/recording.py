"""What a run writes down while it is under way: the seam for a journal."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Protocol

from taskframe.changes.edit import Row
from taskframe.engine.outcome import Outcome


class Recording(Protocol):
    """Told of all that must be known after a crash. `position` is the task's place in the plan.

    Nothing is sent for a task before it is admitted. `admit` and `admit_all` raise JournalError when they can't.
    """

    def covers(self, position: int) -> bool:
        """Whether this task is admitted already."""

    async def admit(self, position: int) -> None:
        """This task may be sent from now on, and perhaps those behind it."""

    async def admit_all(self, positions: Sequence[int]) -> None:
        """These tasks may be sent from now on, and no others."""

    async def step(self, position: int, cells: Row, before: Row, row: Row) -> None:
        """One of several calls of a task went through: these cells were written, over `before`.

        Waits until that is put down: the next call leaves only then, so that after a crash it is known which one may
        have been sent. Raises JournalError.
        """

    def outcome(self, position: int, outcome: Outcome) -> None:
        """This became of a task."""


class Unrecorded:
    """Nothing is written down."""

    def covers(self, position: int) -> bool:  # noqa: ARG002
        """Always."""
        return True

    async def admit(self, position: int) -> None:
        """Nothing is to be waited for."""

    async def admit_all(self, positions: Sequence[int]) -> None:
        """Nothing is to be waited for."""

    async def step(self, position: int, cells: Row, before: Row, row: Row) -> None:
        """Not kept."""

    def outcome(self, position: int, outcome: Outcome) -> None:
        """Not kept."""
