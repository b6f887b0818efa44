"""The three-way rule: what becomes of an edit when the task moved since it was read.

Base is the row as we knew it, ours the edit, theirs what the service has now. It is decided per cell and holds for
the task: nothing is sent while one cell of it is in conflict.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import Any, Literal

from taskframe.changes.edit import Edit, Row
from taskframe.changes.normal import same
from taskframe.schema import Schema


@dataclass(frozen=True, slots=True)
class Conflict:
    """A cell that we and somebody else changed, differently."""

    column: str
    base: Any
    ours: Any
    theirs: Any


@dataclass(frozen=True, slots=True)
class Resolution:
    """What to do: `unchanged` (theirs is ours already), `go` with `edit` on the new base, or `conflict`.

    `edit` holds the cells still to be sent; `conflicts` the cells that both changed.
    """

    kind: Literal["unchanged", "go", "conflict"]
    edit: Edit
    conflicts: tuple[Conflict, ...] = ()


def resolve(edit: Edit, theirs: Row, schema: Schema) -> Resolution:
    """The rule for one task. A column that `theirs` does not hold counts as unmoved."""
    pending: dict[str, Any] = {}
    conflicts: list[Conflict] = []
    for name, ours in edit.after.items():
        column = schema[name]
        base = edit.base.get(name)
        now = theirs.get(name, base)
        if same(now, ours, column):
            continue
        pending[name] = ours
        if not same(now, base, column):
            conflicts.append(Conflict(name, base, ours, now))
    moved = Edit(edit.id, {**edit.base, **theirs}, pending)
    if conflicts:
        return Resolution("conflict", moved, tuple(conflicts))
    return Resolution("go" if pending else "unchanged", moved)
