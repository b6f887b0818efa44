"""What a read tells of writes that were not answered: each of its answers, on the edges."""

from __future__ import annotations

from typing import Any

import pytest

from taskframe.changes.edit import Edit
from taskframe.engine.doubt import Doubt, doubt_of, versions
from taskframe.engine.work import Work
from taskframe.schema import Column, Schema

CELLS = (
    Column("title", "text", editable=True),
    Column("note", "text", editable=True, clearable=True),
    Column("status", "choice", editable=True, choices=("Open", "Closed"), things={"Open": "s1", "Closed": "s2"},
           key="status_id"),
    Column("status_id", "text"),
)  # fmt: skip
VERSION, UPDATED = Column("version", "integer", role="version"), Column("updatedAt", "timestamp", role="updated")
PLAIN, TIMED, VERSIONED = Schema(CELLS), Schema((*CELLS, UPDATED)), Schema((*CELLS, VERSION))
BASE = {
    "title": "a", "note": "x", "status": "Open", "status_id": "s1", "version": 1, "updatedAt": "2026-01-01T00:00:00Z",
}  # fmt: skip
LATER = "2026-01-02T00:00:00Z"


def told(
    theirs: dict[str, Any], after: dict[str, Any], schema: Schema = PLAIN, base: dict[str, Any] = BASE, **state: Any
) -> Doubt:
    work = Work(0, Edit("t1", base, after))
    for name, value in state.items():
        setattr(work, name, value)
    return doubt_of(work, {**base, **theirs}, schema)


def test_all_of_what_was_sent_is_there() -> None:
    """Then it was written, whether versions guarded it or not; nothing was put back."""
    both = {"title": "b", "note": "y"}
    assert told(both, both, doubt=True) == Doubt(both, False, 2, True, False, False)
    assert told(both, both, lost=both) == Doubt(both, True, 2, True, False, False)
    assert told(both, {}, lost=both) == Doubt(both, True, 2, True, True, False)
    assert told({**both, "version": 9}, both, VERSIONED, doubt=True).put_back is False


def test_what_was_never_in_doubt_is_not_settled_by_what_is_there() -> None:
    """Somebody else has written the same: that is none of ours."""
    found = told({"title": "b"}, {"title": "b"})
    assert (found.there, found.settled, found.put_back) == (1, False, False)
    found = told({"title": "c", "version": 9}, {"title": "b"}, VERSIONED)
    assert (found.settled, found.put_back) == (False, False)


def test_what_was_sent_and_not_answered_counts_and_not_what_is_still_to_be_sent() -> None:
    """Of two calls the one that was lost."""
    found = told({"note": "y"}, {"title": "b"}, lost={"note": "y"})
    assert found == Doubt({"note": "y"}, True, 1, True, True, False)


@pytest.mark.parametrize(
    ("theirs", "there", "still", "put_back"),
    [
        ({}, 0, True, False),
        ({"title": "b"}, 1, False, True),
        ({"title": "c"}, 0, False, True),
        ({"status": "Closed", "status_id": "s2"}, 0, True, False),  # no cell of ours
    ],
)
def test_without_a_lock_what_moved_may_be_ours_put_back(
    theirs: dict[str, Any], there: int, still: bool, put_back: bool
) -> None:
    """A part of it there, or one of its cells moved; other cells say nothing."""
    both = {"title": "b", "note": "y"}
    found = told(theirs, both, lost=both)
    assert (found.there, found.settled, found.still, found.put_back) == (there, False, still, put_back)


def test_the_moment_of_the_last_update_tells_that_it_moved() -> None:
    """Where the service tells it; what was not read counts as unmoved."""
    lost = {"title": "b"}
    assert told({"updatedAt": LATER}, lost, TIMED, lost=lost).put_back is True
    assert told({"updatedAt": LATER}, lost, PLAIN, lost=lost).put_back is False
    assert told({}, lost, TIMED, lost=lost).still is True
    gone = {name: value for name, value in BASE.items() if name not in ("updatedAt", "title")}
    assert doubt_of(_lost(lost), gone, TIMED).still is True


def _lost(cells: dict[str, Any]) -> Work:
    work = Work(0, Edit("t1", BASE, cells))
    work.lost = cells
    return work


def test_what_is_not_shown_is_what_it_was() -> None:
    """A cell that the read leaves out counts as the base has it: it may be ours already, or not."""
    work = _lost({"title": "a"})
    assert doubt_of(work, {"note": "x"}, PLAIN).settled is True
    assert doubt_of(_lost({"title": "b"}), {"note": "x"}, PLAIN).there == 0


def test_cells_that_went_through_before_may_move_on() -> None:
    """Only what is still to be written is looked at."""
    both = {"title": "b", "note": "y"}
    found = told({"title": "c"}, both, written={"title": "b"}, lost={"note": "y"})
    assert (found.still, found.put_back) == (True, False)
    found = told({"note": "z"}, both, written={"title": "b"}, lost={"note": "y"})
    assert (found.still, found.put_back) == (False, True)


@pytest.mark.parametrize(("now", "put_back"), [(0, False), (1, False), (2, False), (3, True), (9, True)])
def test_behind_a_lock_the_versions_tell(now: int, put_back: bool) -> None:
    """One write since can't have been ours, as it is theirs that we see; the first of several can."""
    found = told({"title": "c", "version": now}, {"title": "b"}, VERSIONED, doubt=True)
    assert (found.settled, found.unlocked, found.put_back) == (False, False, put_back)


@pytest.mark.parametrize("now", [5, 6, 7])
def test_versions_are_counted_from_the_one_that_went_out(now: int) -> None:
    base = {**BASE, "version": 5}
    found = told({"title": "c", "version": now}, {"title": "b"}, VERSIONED, base, doubt=True)
    assert found.put_back is (now > 6)
    assert versions(Edit("t1", base, {}), {"version": now}, VERSIONED) == (5, now)


@pytest.mark.parametrize(("ours", "now"), [(None, 2), (2, None), (None, None)])
def test_a_version_that_is_not_known_tells_nothing(ours: int | None, now: int | None) -> None:
    assert versions(Edit("t1", {"version": ours}, {}), {"version": now}, VERSIONED) is None
    found = told({"title": "c", "version": now}, {"title": "b"}, VERSIONED, {**BASE, "version": ours}, doubt=True)
    assert found.put_back is False


@pytest.mark.parametrize("where", ["after", "lost"])
def test_a_thing_that_was_renamed_meanwhile_is_still_known(where: str) -> None:
    """By its id, as ours and as what it was: of what is still to be sent, and of what was lost."""
    ours = {"status": "Closed"}
    more = {"lost": ours} if where == "lost" else {"doubt": True}
    after = {"title": "b"} if where == "lost" else ours
    found = told({"status": "Done", "status_id": "s2"}, after, **more)
    assert (found.there, found.settled) == (1, True)
    found = told({"status": "Opened"}, {**after, **ours}, **more)
    assert (found.there, found.still) == (0, True)


def test_what_is_to_be_sent_may_be_a_renamed_thing_beside_what_was_lost() -> None:
    """Both are read in our words."""
    found = told({"status": "Opened", "note": "y"}, {"status": "Closed"}, lost={"note": "y"})
    assert (found.settled, found.still) == (True, True)
