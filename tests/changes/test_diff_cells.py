"""The edited cells of one column: in their order, and each judged as it stands, however the column is kept."""

from __future__ import annotations

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest
from kinds import IDS, SCHEMA, cells, compared, complaints, frame

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.intake import take_frame
from taskframe.errors import PlanError
from taskframe.schema import Column, Schema


@pytest.mark.parametrize("order", [[4, 3, 2, 1, 0], [2, 0, 4, 1, 3], [0, 1, 2, 4, 3], [1, 3, 0]])
def test_the_changes_stand_in_the_order_of_the_load(order: list[int]) -> None:
    """Whatever that of the frame: they are sent in blocks of tasks, which are looked for among ascending positions."""
    df = frame()
    df["title"] = [f"new {n}" for n in range(5)]
    df.loc["t3", "note"] = "newer"
    found = compared(df.iloc[order], frame()).changes
    wanted = sorted(order)
    assert found.ids.tolist() == [IDS[n] for n in wanted]
    titles = found.columns["title"]
    assert titles.rows.tolist() == list(range(len(order)))
    assert titles.before.tolist() == [frame()["title"].iloc[n] for n in wanted]
    assert titles.after.tolist() == [f"new {n}" for n in wanted]
    assert found.columns["note"].rows.tolist() == [wanted.index(3)]


@pytest.mark.parametrize("dtype", ["object", "str", "category"])
def test_a_choice_that_may_be_another_one_quoted_is_taken_for_it(dtype: str) -> None:
    """By category and by text, where each pair of choices is decided once, as by object, where each cell is."""
    choices = ("-low", "'-low", "high")
    schema = Schema((Column("level", "choice", editable=True, choices=choices),))
    base = schema.frame(["t0", "t1", "t2"], {"level": ["-low", "-low", "high"]})
    edited = pd.Series(["'-low", "high", "'-low"], index=base.index, dtype="object").astype(dtype)
    found = compared(base.assign(level=edited), base, schema)
    assert cells(found) == {("t1", "level"): "high", ("t2", "level"): "'-low"}
    assert found.notes[0].startswith("level: 1 cell differs only in the '")


@pytest.mark.parametrize("order", [[0, 1, 2, 3, 4], [4, 2, 0], [3, 3, 1]])
def test_problems_and_blank_cells_are_those_of_their_rows(order: list[int]) -> None:
    """In a file of some rows only, in another order: line, id and what stands there go together."""
    df = frame().astype({"title": "object"})
    df["title"] = [None, None, "", None, "x" * 41]
    edited = take_frame(df.iloc[order], SCHEMA)
    blank = np.array([n in (0, 3) for n in order])
    lines = np.array([2 + 10 * n for n in order])
    file = replace(edited, strict=True, blank={"title": blank}, lines=lines)
    found = diff(Baseline.of(frame(), SCHEMA), file)
    wanted = [n for n in order if order.count(n) == 1]
    told = {(p.id, p.value, p.line) for p in found.problems if p.kind != "duplicate id"}
    stands = ["", "<clear>", "", "", "x" * 41]
    assert told == {(IDS[n], stands[n], 2 + 10 * n) for n in wanted}
    assert not cells(found)


def test_an_edited_cell_that_is_to_be_left_alone_is_none() -> None:
    """In a part of the rows, in another order: the mask goes with them."""
    df = frame()
    df["title"] = [f"new {n}" for n in range(5)]
    part = take_frame(pd.concat([df.iloc[[4, 1, 3]], df.iloc[[0, 0]]]), SCHEMA)
    skip = {"title": np.array([True, False, True, False, False])}
    found = diff(Baseline.of(frame(), SCHEMA), replace(part, skip=skip))
    assert cells(found) == {("t1", "title"): "new 1"}
    assert complaints(found) == [("duplicate id", "t0", None)]


def test_an_array_in_the_cell_of_a_formula_is_a_problem_and_no_formula_of_ours() -> None:
    """Numpy compares it with a text item by item."""
    base = frame(note=["=1", "=2"])
    edited = base.astype({"note": "object"})
    edited["note"] = pd.Series([np.array(["'=1", "'=1"]), np.array(["'=2"])], index=base.index, dtype="object")
    found = compared(edited, base)
    assert complaints(found) == [("type", "t0", "note"), ("type", "t1", "note")]
    assert found.notes == ()


@pytest.mark.parametrize("text", ["a\nb", "'a", "None", ""])
def test_a_text_where_there_was_none_is_an_edit_in_a_file_too(text: str) -> None:
    """Of whatever lines: there is no text that it could be the same as."""
    column = Column("note", "text", editable=True)
    schema = Schema((column,))
    base = schema.frame(["t0"], {"note": [None]})
    edited = take_frame(base.assign(note=pd.Series([text], index=base.index, dtype="object")), schema)
    found = diff(Baseline.of(base, schema), replace(edited, strict=True))
    assert cells(found) == {("t0", "note"): text}
    assert found.notes == ()


def test_what_is_typed_over_an_empty_text_is_an_edit_whatever_it_looks_like() -> None:
    """Beside cells that are blank in the file, behind them, and in a file that tells of none."""
    schema = Schema((Column("remark", "text", editable=True, clearable=True),))
    base = schema.frame(["t0", "t1", "t2"], {"remark": ["", "", "=1"]})
    edited = take_frame(base.assign(remark=[None, "'typed", "'=2"]), schema)
    for blank in ({"remark": np.array([True, False, False])}, {}):
        file = replace(edited, strict=True, blank=blank)
        after = {} if blank else {("t0", "remark"): None}
        found = diff(Baseline.of(base, schema), file)
        assert cells(found) == {**after, ("t1", "remark"): "'typed", ("t2", "remark"): "'=2"}


def test_a_null_that_is_not_taken_in_a_file_that_tells_of_no_blank_cell_was_cleared() -> None:
    df = frame()
    edited = take_frame(df.assign(title=[None, *df["title"][1:]]), SCHEMA)
    (problem,) = diff(Baseline.of(df, SCHEMA), replace(edited, strict=True)).problems
    assert (problem.id, problem.value) == ("t0", "<clear>")


def test_an_edit_of_what_no_call_changes_says_so_and_shows_it_as_text() -> None:
    """Readable or not: a time is shown as it would be written."""
    df = frame().astype({"score": "object"})
    df.loc["t0", "score"] = 9.5
    df.loc["t1", "score"] = pd.Timestamp("2026-01-01T00:00:00Z")
    found = diff(Baseline.of(frame(), SCHEMA), replace(take_frame(df, SCHEMA), strict=True))
    assert [(p.id, p.kind, p.value) for p in found.problems] == [
        ("t0", "read-only", 9.5),
        ("t1", "read-only", "2026-01-01T00:00:00Z"),
    ]
    words = "score is read-only: the service has no call that changes it; put the old value back"
    assert {p.problem for p in found.problems} == {words}


def test_lists_that_are_to_be_left_alone_are_no_edits() -> None:
    """Beside others of the same column, all rows being there."""
    df = frame()
    df["labels"] = [["new"]] * 5
    skip = {"labels": np.array([True, False, True, True, True])}
    found = diff(Baseline.of(frame(), SCHEMA), replace(take_frame(df, SCHEMA), skip=skip))
    assert cells(found) == {("t1", "labels"): ["new"]}


def test_what_was_written_past_pandas_makes_no_diff() -> None:
    df = frame()
    baseline = Baseline.of(df, SCHEMA)
    df["status"].array[0] = "done"
    with pytest.raises(PlanError, match=r"^status: written to through \.array"):
        compared(df, baseline)


def test_columns_without_a_change_are_not_among_the_changes() -> None:
    """Neither one that has a problem only, nor one that says the same in another dtype."""
    df = frame().astype({"points": "object", "size": "object", "note": "category"})
    df.loc["t1", "points"] = "many"
    df.loc["t2", "title"] = "new"
    assert list(compared(df, frame()).changes.columns) == ["title"]
