"""The three-way rule for one task: base as loaded, ours as edited, theirs as read again."""

from __future__ import annotations

from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskframe.changes.edit import Edit
from taskframe.changes.merge import Conflict, Resolution, resolve
from taskframe.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("title", "text", editable=True),
        Column("note", "text", editable=True, blank_is_null=True),
        Column("status", "choice", editable=True, choices=("todo", "done")),
        Column("points", "number", editable=True),
        Column("labels", "list", editable=True, unordered=True),
        Column("due", "timestamp", editable=True),
        Column("owner", "text", editable=True, clearable=True),
        Column("version", "integer", role="version"),
    )
)
BASE = {
    "id": "t1", "title": "a", "note": None, "status": "todo", "points": 3, "labels": ["x", "y"],
    "due": "2026-01-31T09:00:00Z", "owner": None, "version": 1,
}  # fmt: skip


def settle(ours: dict[str, Any], **theirs: Any) -> Resolution:
    return resolve(Edit("t1", BASE, ours), {**BASE, "version": 2, **theirs}, SCHEMA)


@given(base=st.sampled_from("abc"), ours=st.sampled_from("abc"), theirs=st.sampled_from("abc"))
def test_the_rule_covers_every_case(base: str, ours: str, theirs: str) -> None:
    """Theirs is ours: unchanged; theirs is the base, as ever or again: go; anything else: conflict."""
    kind = resolve(Edit("t1", {"title": base}, {"title": ours}), {"title": theirs}, SCHEMA).kind
    assert kind == ("unchanged" if theirs == ours else "go" if theirs == base else "conflict")


def test_only_other_columns_moved() -> None:
    """Go ahead, on the row as it is now: its version, their values."""
    found = settle({"title": "b"}, status="done")
    assert found.kind == "go"
    assert found.edit.after == {"title": "b"}
    assert found.edit.base == {**BASE, "version": 2, "status": "done"}
    assert found.conflicts == ()


def test_a_column_of_ours_moved() -> None:
    """Conflict, with all three values; the edit on the new row is there for who overwrites."""
    found = settle({"title": "b"}, title="c")
    assert found.kind == "conflict"
    assert found.conflicts == (Conflict("title", "a", "b", "c"),)
    assert (found.edit.after, found.edit.base["title"]) == ({"title": "b"}, "c")


def test_theirs_is_ours() -> None:
    """Nothing is left to send."""
    found = settle({"title": "b", "status": "done"}, title="b", status="done")
    assert (found.kind, found.edit.after, found.conflicts) == ("unchanged", {}, ())


def test_what_is_theirs_too_is_not_sent() -> None:
    """Of two columns one has our value already: the other goes out alone."""
    found = settle({"title": "b", "status": "done"}, status="done")
    assert (found.kind, found.edit.after) == ("go", {"title": "b"})


def test_one_cell_in_conflict_decides_for_the_task() -> None:
    """The other cells stay pending; the one that is ours already is none of them."""
    found = settle({"title": "b", "status": "done", "points": 5}, title="c", status="done")
    assert found.kind == "conflict"
    assert [c.column for c in found.conflicts] == ["title"]
    assert found.edit.after == {"title": "b", "points": 5}


@pytest.mark.parametrize(
    ("column", "same", "ours"),
    [
        ("points", 3.0, 4),
        ("labels", ["y", "x"], ["z"]),
        ("due", "2026-01-31T10:00:00+01:00", "2026-02-01T00:00:00Z"),
        ("owner", None, "u_1"),
        ("note", "", "n"),
    ],
)
def test_what_the_service_sees_no_difference_in_has_not_moved(column: str, same: Any, ours: Any) -> None:
    """3 and 3.0, a set in another order, one instant in two zones, null and null, null and blank where that is one."""
    assert settle({column: ours}, **{column: same}).kind == "go"
    assert resolve(Edit("t1", {**BASE, column: ours}, {column: same}), BASE, SCHEMA).kind == "unchanged"


def test_null_is_a_value_like_others() -> None:
    """Cleared by us and set by them, set by us and cleared by them: both are conflicts."""
    base = {**BASE, "owner": "u_1"}
    cleared = resolve(Edit("t1", base, {"owner": None}), {**base, "owner": "u_2"}, SCHEMA)
    assert cleared.conflicts == (Conflict("owner", "u_1", None, "u_2"),)
    gone = resolve(Edit("t1", base, {"owner": "u_3"}), {**base, "owner": None}, SCHEMA)
    assert gone.conflicts == (Conflict("owner", "u_1", "u_3", None),)


def test_a_column_that_the_reply_left_out_has_not_moved() -> None:
    """A reply may hold less than a row: what it does not tell is as it was."""
    theirs = {"id": "t1", "version": 2}
    found = resolve(Edit("t1", BASE, {"title": "b"}), theirs, SCHEMA)
    assert (found.kind, found.edit.base["version"], found.edit.base["status"]) == ("go", 2, "todo")


def test_the_edit_and_the_rows_are_left_alone() -> None:
    """Pure: nothing that goes in is changed."""
    base, after, theirs = dict(BASE), {"title": "b"}, {**BASE, "title": "c"}
    resolve(Edit("t1", base, after), theirs, SCHEMA)
    assert (base, after, theirs) == (BASE, {"title": "b"}, {**BASE, "title": "c"})
