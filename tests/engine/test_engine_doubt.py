"""What a read tells of writes that were not answered, and who is asked about conflicts: the rules by themselves."""

from __future__ import annotations

from typing import Any

import pytest

from taskframe.changes.edit import Edit
from taskframe.engine.decider import check_on_conflict
from taskframe.engine.doubt import doubt_of, versions
from taskframe.engine.work import Work
from taskframe.errors import SettingsError
from taskframe.schema import Column, Schema

CELLS = (Column("title", "text", editable=True), Column("note", "text", editable=True))
PLAIN = Schema(CELLS)
VERSIONED = Schema((*CELLS, Column("version", "integer", role="version")))
BASE = {"title": "a", "note": "x", "version": 1}


def work(after: dict[str, Any], **state: Any) -> Work:
    found = Work(0, Edit("t1", BASE, after))
    for name, value in state.items():
        setattr(found, name, value)
    return found


def test_half_of_what_was_sent_without_a_lock_is_there() -> None:
    """Then it was written, and changed again: also when nothing else of the task moved."""
    found = doubt_of(work({}, lost={"title": "b", "note": "y"}), {**BASE, "title": "b"}, PLAIN)
    assert (found.there, found.settled, found.put_back) == (1, False, True)


def test_nothing_of_what_was_sent_without_a_lock_is_there() -> None:
    """And nothing moved: it may still arrive, but nobody put it back."""
    found = doubt_of(work({"title": "b"}, lost={"title": "b"}), BASE, PLAIN)
    assert (found.there, found.settled, found.still, found.put_back) == (0, False, True, False)


@pytest.mark.parametrize(("now", "put_back"), [(1, False), (2, False), (3, True)])
def test_one_new_version_is_somebody_elses_and_two_may_be_ours(now: int, put_back: bool) -> None:
    """One write since is the one that we see, and so not ours; of two, the first may have been."""
    found = doubt_of(work({"title": "b"}, doubt=True), {**BASE, "title": "c", "version": now}, VERSIONED)
    assert found.put_back is put_back


def test_without_versions_nobody_knows_how_many_writes_there_were() -> None:
    """Neither where the service has none, nor where the answer or the load left it out."""
    theirs = {**BASE, "title": "c", "version": 9}
    assert not doubt_of(work({"title": "b"}, doubt=True), theirs, PLAIN).put_back
    edit = Edit("t1", BASE, {"title": "b"})
    assert versions(edit, theirs, VERSIONED) == (1, 9)
    assert versions(edit, theirs, PLAIN) is None
    assert versions(edit, {"title": "c"}, VERSIONED) is None
    assert versions(Edit("t1", {"title": "a"}, {"title": "b"}), theirs, VERSIONED) is None


def test_a_function_that_could_not_be_asked_is_refused_before_the_run() -> None:
    """It gets five values: one that takes others would fail at the first conflict."""
    for wrong in (lambda ours, theirs: ours, lambda: None):
        with pytest.raises(SettingsError, match="called with"):
            check_on_conflict(wrong)
    check_on_conflict(lambda *five: five[3])
    check_on_conflict(max)  # a builtin may not tell what it takes
