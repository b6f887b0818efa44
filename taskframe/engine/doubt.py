"""What a read tells of writes that were not answered."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

from taskframe.changes.edit import Edit, Row
from taskframe.changes.merge import in_our_words
from taskframe.changes.normal import same
from taskframe.engine.work import Work
from taskframe.schema import Schema


@dataclass(frozen=True, slots=True)
class Doubt:
    """Cells that were sent and not answered, held against the task as it is.

    - `unlocked`: they went out without a version, so that they may arrive at any time: they are looked for until an
      answer comes. Else `sent` is the edit, and in doubt only while the work says so.
    - `there`: how many of them the task holds; `settled`: all, so that they were written.
    - `still`: nothing moved since the task was last read: no cell that is to be written, and no moment of an update.
    - `put_back`: some are there or something moved, so that they may have been written and changed again.
    """

    sent: Mapping[str, Any]
    unlocked: bool
    there: int
    settled: bool
    still: bool
    put_back: bool


def doubt_of(work: Work, theirs: Row, schema: Schema) -> Doubt:
    """What `theirs` tells of the unanswered writes of `work`."""
    unlocked, sent = bool(work.lost), work.lost or work.edit.after
    theirs = in_our_words(theirs, work.edit.base, {**work.edit.after, **sent}, schema)
    there = sum(same(theirs.get(n, work.edit.base.get(n)), v, schema[n]) for n, v in sent.items())
    settled = (work.doubt or unlocked) and there == len(sent)
    still = _is_still(work, theirs, schema)
    if unlocked:
        put_back = not settled and (bool(there) or not still)
    else:
        put_back = work.doubt and not settled and _may_be_put_back(work.edit, theirs, schema)
    return Doubt(sent, unlocked, there, settled, still, put_back)


def _is_still(work: Work, theirs: Row, schema: Schema) -> bool:
    updated = schema.role("updated")
    names = [n for n in work.edit.after if n not in work.written]
    names += [updated.name] if updated is not None else []
    base = work.edit.base
    return all(same(theirs.get(n, base.get(n)), base.get(n), schema[n]) for n in names)


def _may_be_put_back(edit: Edit, theirs: Row, schema: Schema) -> bool:
    """Each write takes a new version, so that one write since can't have been ours, but the first of several can."""
    found = versions(edit, theirs, schema)
    return found is not None and found[1] - found[0] > 1


def versions(edit: Edit, theirs: Row, schema: Schema) -> tuple[int, int] | None:
    """The version that the edit is based on, and theirs; None where one is not known."""
    column = schema.role("version")
    if column is None:
        return None
    ours, now = edit.base.get(column.name), theirs.get(column.name)
    return None if ours is None or now is None else (ours, now)
