"""The three-way rule: what becomes of an edit when the task moved since it was read.

Base is the row as we knew it, ours the edit, theirs what the service has now. It is decided per cell and holds for
the task: nothing is sent while one cell of it is in conflict.
"""

from __future__ import annotations

from collections.abc import Mapping
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
    told = in_our_words(theirs, edit.base, edit.after, schema)
    for name, ours in edit.after.items():
        column = schema[name]
        base = edit.base.get(name)
        now = told.get(name, base)
        if same(now, ours, column):
            continue
        pending[name] = ours
        if not same(now, base, column):
            conflicts.append(Conflict(name, base, ours, now))
    moved = Edit(edit.id, {**edit.base, **theirs}, pending)
    if conflicts:
        return Resolution("conflict", moved, tuple(conflicts))
    return Resolution("go" if pending else "unchanged", moved)


def in_our_words(theirs: Row, base: Row, ours: Mapping[str, Any], schema: Schema) -> Row:
    """`theirs`, with names that stand for things as `ours` and `base` have them.

    A thing that was renamed since goes by the name that we have for it; another thing that shares such a name, by its
    id. So names can be compared.
    """
    words: dict[str, Any] = {}
    for name, value in ours.items():
        column = schema[name]
        now = theirs.get(column.key) if column.key else None
        if now is None:
            continue
        was = base.get(name)
        if now == column.things.get(str(value), value):
            words[name] = value
        elif now == (base.get(column.key) or column.things.get(str(was))):
            words[name] = was
        elif theirs.get(name) in (value, was):
            words[name] = now
    return {**theirs, **words} if words else theirs
