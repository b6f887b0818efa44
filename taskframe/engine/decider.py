"""What `on_conflict` makes of cells that others changed too."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Callable, Sequence
from typing import Any, Literal

from taskframe.changes.edit import Edit
from taskframe.changes.judge import Judge
from taskframe.changes.merge import Conflict
from taskframe.changes.normal import same
from taskframe.engine.aside import aside
from taskframe.errors import SettingsError, did_you_mean
from taskframe.problem import Problem
from taskframe.schema import Schema, Unfit

OnConflict = Literal["report", "overwrite"] | Callable[[str, str, Any, Any, Any], Any]
"""What to do with a cell that others changed too: `f(id, column, base, ours, theirs)` gives the value to write."""


def check_on_conflict(on_conflict: object) -> None:
    """Raises SettingsError for what is none of the three: a slip of the pen must not overwrite anybody's work."""
    if callable(on_conflict):
        try:
            inspect.signature(on_conflict).bind(*[None] * 5)
        except TypeError as error:
            raise SettingsError(
                f"on_conflict: the function is called with (id, column, base, ours, theirs): {error}"
            ) from None
        except ValueError:  # a builtin without a signature
            return
    elif on_conflict not in ("report", "overwrite"):
        near = did_you_mean(on_conflict, ("report", "overwrite"))
        raise SettingsError(
            f"on_conflict is 'report', 'overwrite' or a function (id, column, base, ours, theirs), "
            f"not {on_conflict!r}.{near}"
        )


class Undecided(Exception):
    """`on_conflict` gave nothing that could be sent; says why."""


class Decider:
    """Decides. A user's function is asked in a thread, so that it may take its time.

    `turn` is held around `decide`, for one question at a time. `check` says what is wrong with an edit as a whole.
    """

    def __init__(self, on_conflict: OnConflict, schema: Schema, check: Callable[[Edit], Sequence[Problem]]) -> None:
        check_on_conflict(on_conflict)
        self._on_conflict = on_conflict
        self._schema = schema
        self._check = check
        self.turn = asyncio.Lock()

    @property
    def reports(self) -> bool:
        """Whether a conflict is the end of it."""
        return self._on_conflict == "report"

    async def decide(self, edit: Edit, conflicts: Sequence[Conflict], decided: dict[str, tuple[Any, Any]]) -> Edit:
        """`edit` with the cells in conflict as they shall be. Raises Undecided.

        `decided` is the task's memory (column → theirs, answer): the same question is asked once.
        """
        if not callable(self._on_conflict):
            return edit
        after = dict(edit.after)
        for conflict in conflicts:
            name, column = conflict.column, self._schema[conflict.column]
            theirs, value = decided.get(name, (None, None))
            if name not in decided or not same(theirs, conflict.theirs, column):
                value = await self._ask(self._on_conflict, edit.id, conflict)
                decided[name] = (conflict.theirs, value)
            if same(value, conflict.theirs, column):
                after.pop(name, None)
            else:
                after[name] = value
        new = Edit(edit.id, edit.base, after)
        problems = self._check(new) if after else ()
        if problems:
            raise Undecided(f"on_conflict made an edit that can't be sent: {problems[0].problem}")
        return new

    async def _ask(self, function: Callable[..., Any], task: str, conflict: Conflict) -> Any:
        column = self._schema[conflict.column]
        three = (conflict.base, conflict.ours, conflict.theirs)

        def ask() -> tuple[Any, BaseException | None]:
            try:
                return function(task, conflict.column, *three), None
            except BaseException as error:  # a value: whatever it is, it must not pass for the engine's own
                return None, error

        answer, error = await aside(ask)
        if error is not None:
            raise Undecided(f"on_conflict raised {type(error).__name__}: {error}"[:400]) from error
        if answer is None and None not in three:
            raise Undecided(
                "on_conflict gave None, which is none of the three values: does it return something in every case?"
            )
        judge = Judge(column, [v for v in three if isinstance(v, str | int)])
        try:
            return judge(conflict.theirs, answer)
        except Unfit as unfit:
            raise Undecided(f"on_conflict gave a value that can't be sent: {unfit}") from None
