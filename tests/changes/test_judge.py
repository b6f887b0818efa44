"""What a single cell says: what is read once, what is the baseline's own, and what is wrong with the rest."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.judge import Judge
from taskframe.schema import Column, Unfit

TEXT = Column("title", "text", editable=True, min_length=1, max_length=40)
NOTE = Column("note", "text", editable=True)
CHOICE = Column("status", "choice", editable=True, choices=("todo", "done"))
WHOLE = Column("points", "integer", editable=True, minimum=0)
NUMBER = Column("size", "number", editable=True, maximum=1e6)
FLAG = Column("urgent", "boolean", editable=True)
TIME = Column("dueAt", "timestamp", editable=True)
LABELS = Column("labels", "list", editable=True, unordered=True)
META = Column("meta", "object", editable=True)
NINE = "2026-01-31T09:00:00Z"


def again(text: str) -> str:
    """The same text, as another object: as each row of a file has it."""
    return "".join([text[:1], text[1:]])


@pytest.mark.parametrize(
    ("column", "old", "value"),
    [
        (NOTE, "a", again("ab")[:1]),
        (CHOICE, "closed", again("closed")),  # a choice that nobody knows any more
        (WHOLE, "many", again("many")),  # an answer may hold what the column does not take
        (WHOLE, True, True),
        (NOTE, ["a"], ["a"]),
        (WHOLE, 3, "3"),
        (WHOLE, 2**53 + 1, float(2**53)),
        (WHOLE, 10**30, 1e30),
        (NUMBER, 3, 3.0),
        (NUMBER, 2**53 + 1, np.float64(2**53)),
        (FLAG, True, "TRUE"),
        (TIME, NINE, pd.Timestamp("2026-01-31T10:00+01:00")),
        (TIME, NINE, pd.Timestamp("2026-01-31T09:00")),
        (TIME, pd.Timestamp(NINE), "2026-01-31 09:00"),
        (LABELS, ["a", "b"], ("b", "a")),
        (LABELS, ["\ud800"], ["\ud800"]),
        (META, {"a": 1}, '{"a": 1.0}'),
        (TIME, "soon", "soon"),
    ],
    ids=repr,
)
def test_what_says_the_same_is_the_baselines_own(column: Column, old: Any, value: Any) -> None:
    """However it is written: the very object of the baseline comes back, at the first and at the second look."""
    judge = Judge(column)
    for _ in range(2):
        assert judge(old, value) is old


@pytest.mark.parametrize(
    ("column", "old", "value", "new"),
    [
        (NOTE, "a", "b", "b"),
        (NOTE, None, "b", "b"),
        (CHOICE, "todo", "done", "done"),
        (WHOLE, 3, "4", 4),
        (WHOLE, None, 4.0, 4),
        (WHOLE, 2**53 + 1, 2**53, 2**53),  # an integer means itself, and not the nearest float
        (WHOLE, 2**53 + 1, str(2**53), 2**53),
        (NUMBER, 2**53 + 1, 0.5, 0.5),
        (FLAG, True, 0, False),
        (TIME, NINE, "2026-01-31T09:00:01Z", pd.Timestamp("2026-01-31T09:00:01Z")),
        (TIME, None, NINE, pd.Timestamp(NINE)),
        (LABELS, ["a"], ["a", "a"], ["a", "a"]),
        (META, None, '{"a": 1}', {"a": 1}),
    ],
    ids=repr,
)
def test_what_says_something_else_is_an_edit(column: Column, old: Any, value: Any, new: Any) -> None:
    """In normal form, at the first and at the second look."""
    judge = Judge(column)
    for _ in range(2):
        found = judge(old, value)
        assert (found, type(found)) == (new, type(new))


@pytest.mark.parametrize(
    ("column", "old", "value"),
    [
        (WHOLE, 3, "many"),
        (WHOLE, "many", "more"),
        (WHOLE, None, 2.0**60),
        (WHOLE, 2**60 + 1, 2.0**60 + 2**12),
        (WHOLE, True, 2.5),  # true is no integer that a float could be nearest to
        (WHOLE, 10**400, 1e300),  # no float is near that one
        (WHOLE, 10**5_000, 10**5_001),  # and these even Python does not print
        (WHOLE, 3, -1),
        (CHOICE, "todo", "doing"),
        (TIME, NINE, "2026-01-31T10:00"),
        (TIME, None, "2026-01-31T10:00"),
        (TIME, NINE, pd.Timestamp("2026-01-31T10:00")),
        (TEXT, "a", ""),
        (NOTE, "a", "\ud800"),
        (NOTE, "a", ["a"]),
        (NOTE, "a", np.array(["a"])),
        (LABELS, ["a"], ["\ud800"]),
        (META, {}, {"a": {"b": "\ud800"}}),
        (LABELS, ["a"], None),
    ],
    ids=lambda v: f"{v:.3}" if isinstance(v, float) else v.name if isinstance(v, Column) else type(v).__name__,
)
def test_what_can_not_be_held_or_sent_is_unfit(column: Column, old: Any, value: Any) -> None:
    """At the first and at the second look."""
    judge = Judge(column)
    for _ in range(2):
        with pytest.raises(Unfit):
            judge(old, value)


def test_in_a_column_that_can_not_be_edited_everything_readable_is_read() -> None:
    """Nothing of it is sent, so that nothing can be wrong with sending it."""
    assert Judge(Column("score", "number", minimum=0))(1, -1) == -1
    assert Judge(Column("tags", "list"))(["a"], ["\ud800"]) == ["\ud800"]
    with pytest.raises(Unfit):
        Judge(Column("score", "number"))(1, "many")


def test_choices_that_were_seen_are_known() -> None:
    """Of a column whose choices the service documents, and of one where it does not."""
    assert Judge(CHOICE, ["waiting"])("todo", "waiting") == "waiting"
    assert Judge(CHOICE, ["waiting"])("todo", "done") == "done"
    assert Judge(Column("stage", "choice", editable=True), [7])(None, "7") == 7


def test_true_is_not_one_though_they_are_equal() -> None:
    """What was read of the one is not taken for the other, whichever came first."""
    judge = Judge(WHOLE)
    assert judge(None, 1) == 1
    with pytest.raises(Unfit):
        judge(None, True)
    assert judge(None, 1.0) == 1


def test_equal_cells_are_read_once() -> None:
    """An edit is often one value in thousands of rows: they share what was made of the first."""
    judge = Judge(TIME)
    first = judge(None, NINE)
    assert judge(None, again(NINE)) is first
    assert judge.read(again(NINE)) is first
    assert judge.read("2026-02-28T09:00:00Z") is not first


def test_a_text_is_kept_once_however_many_rows_have_it() -> None:
    """The rows of a file each have a text of their own."""
    judge, text = Judge(NOTE), "said in thousands of rows"
    assert judge("a", text) is text
    assert judge("b", again(text)) is text


def test_of_texts_that_are_all_distinct_no_more_than_ten_thousand_are_kept() -> None:
    """A column of a million notes is not held a second time; what is kept goes on to be."""
    judge, texts = Judge(NOTE), [f"note {n}" for n in range(10_000)]
    assert [judge(None, text) for text in texts] == texts
    assert judge(None, again(texts[-1])) is texts[-1]
    later = again("note 10000")
    assert judge(None, "note 10000") == later
    assert judge(None, later) is later


def test_a_text_that_is_only_read_is_nowhere_kept() -> None:
    judge, text = Judge(NOTE), "mostly distinct"
    assert judge.read(text) == text
    other = again(text)
    assert judge.read(other) is other


@pytest.mark.parametrize(
    ("column", "value", "kind"),
    [
        (TEXT, 7, "type"),
        (TEXT, None, "null"),
        (TEXT, "", "length"),
        (TEXT, "\ud800", "type"),  # of the least length
        (TEXT, "x" * 39 + "\ud800", "type"),  # of the greatest
        (TEXT, "x" * 40 + "\ud800", "length"),
        (NOTE, "x" * 1_000 + "\ud800", "type"),
        (CHOICE, "doing", "choice"),
        (CHOICE, ["todo"], "choice"),
        (CHOICE, None, "null"),
        (WHOLE, "many", "type"),
        (WHOLE, -1, "range"),
        (NUMBER, 1e7, "range"),
        (NUMBER, float("inf"), "type"),
        (LABELS, ["\ud800"], "type"),
        (LABELS, "[", "type"),
    ],
    ids=repr,
)
def test_what_is_wrong_has_a_kind(column: Column, value: Any, kind: str) -> None:
    judge = Judge(column)
    with pytest.raises(Unfit):
        judge("old" if column.kind == "text" else None if value is not None else 1, value)
    assert judge.kind(value) == kind
