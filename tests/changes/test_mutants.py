"""Promises that nothing else held to: each was found as a change of the code that no test noticed (`make mutants`)."""

from __future__ import annotations

import re
from dataclasses import replace
from typing import Any

import numpy as np
import pytest
from kinds import SCHEMA, cells, compared, complaints, frame, one

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.edit import Edit
from taskframe.changes.intake import take_frame
from taskframe.changes.merge import Conflict, Resolution, resolve
from taskframe.changes.normal import is_null
from taskframe.errors import PlanError
from taskframe.problem import Problem
from taskframe.schema import Column, Schema

THINGS = {"Open": "sts-1", "Closed": "sts-2"}
NAMED = Schema(
    (
        Column("title", "text", editable=True),
        Column("status", "choice", editable=True, choices=tuple(THINGS), things=THINGS, key="status_id"),
        Column("status_id", "text"),
    )
)
OPEN = {"title": "a", "status": "Open", "status_id": "sts-1"}


def settle(ours: dict[str, Any], base: dict[str, Any] = OPEN, **theirs: Any) -> Resolution:
    return resolve(Edit("t1", base, ours), {**base, **theirs}, NAMED)


def test_a_thing_that_was_renamed_is_still_the_same() -> None:
    """Our edit goes out, also beside a column whose names stand for nothing."""
    found = settle({"title": "b", "status": "Closed"}, status="Opened")
    assert (found.kind, found.edit.after) == ("go", {"title": "b", "status": "Closed"})
    assert found.edit.base["status"] == "Opened"


def test_a_thing_that_was_renamed_is_known_without_its_id_in_the_base() -> None:
    """The name that we have for it tells which it is."""
    assert (
        settle({"status": "Closed"}, {"title": "a", "status": "Open"}, status="Opened", status_id="sts-1").kind == "go"
    )


def test_ours_under_a_new_name_is_ours() -> None:
    assert settle({"status": "Closed"}, status="Done", status_id="sts-2").kind == "unchanged"


def test_ours_named_by_its_id_is_ours() -> None:
    """A thing that we have no name for goes by its id."""
    assert settle({"status": "sts-9"}, status="New", status_id="sts-9").kind == "unchanged"


def test_a_thing_whose_name_is_a_number_is_known_by_its_id() -> None:
    """Names of things are text where they are looked up, also those of numbered choices."""
    level = Column(
        "level", "choice", editable=True, choices=(1, 2), things={"1": "lvl-1", "2": "lvl-2"}, key="level_id"
    )
    schema = Schema((level, Column("level_id", "text")))
    edit = Edit("t1", {"level": 1, "level_id": "lvl-1"}, {"level": 2})
    assert resolve(edit, {"level": 7, "level_id": "lvl-2"}, schema).kind == "unchanged"
    assert resolve(edit, {"level": 7, "level_id": "lvl-1"}, schema).kind == "go"


@pytest.mark.parametrize("shared", ["Open", "Closed"])
def test_another_thing_of_the_same_name_is_another(shared: str) -> None:
    """It is told by its id, as its name says what it is not."""
    found = settle({"status": "Closed"}, status=shared, status_id="sts-9")
    assert found.kind == "conflict"
    assert found.conflicts == (Conflict("status", "Open", "Closed", "sts-9"),)


def test_another_thing_goes_by_its_name() -> None:
    found = settle({"status": "Closed"}, status="Waiting", status_id="sts-9")
    assert found.conflicts == (Conflict("status", "Open", "Closed", "Waiting"),)


def test_a_thing_without_an_id_goes_by_its_name() -> None:
    found = settle({"status": "Closed"}, status="Waiting", status_id=None)
    assert found.conflicts == (Conflict("status", "Open", "Closed", "Waiting"),)


def test_a_thing_is_known_by_the_base_whatever_its_name_stands_for_now() -> None:
    """The id that the task had when it was read counts for more than what the name has come to stand for."""
    base = {**OPEN, "status_id": "sts-0"}
    assert settle({"status": "Closed"}, base, status="Opened").kind == "go"
    assert settle({"status": "Closed"}, base, status="Opened", status_id="sts-1").kind == "conflict"


@pytest.mark.parametrize("option", ["columns", "ids"])
@pytest.mark.parametrize("given", [7, "title", [["title"]], [{}]])
def test_what_is_no_list_of_names_is_told_so(option: str, given: Any) -> None:
    """Whatever it is: a number, one name alone, a list of lists."""
    what = {"columns": "names", "ids": "task ids"}[option]
    with pytest.raises(PlanError, match=f"^{option}= takes a list of {what}(: {option}=|, not )"):
        compared(frame(), frame(), **{option: given})


def test_two_problems_stand_in_the_order_of_the_tasks() -> None:
    """Not in that of the columns, in which they are found."""
    df = frame().astype({"points": "object"})
    df.loc["t3", "title"] = ""
    df.loc["t1", "points"] = "many"
    assert complaints(compared(df, frame())) == [("type", "t1", "points"), ("length", "t3", "title")]


def test_a_frame_without_states_is_no_news() -> None:
    """Where no row could tell which state was edited, there is nothing to say of one."""
    df = frame()[["title"]]
    df.loc["t1", "title"] = "new"
    assert compared(df, frame()).notes == ()


def test_ids_that_were_dealt_out_anew_are_edits() -> None:
    """The columns are the very memory of the load, but stand beside other ids."""
    baseline = Baseline.of(frame(), SCHEMA)
    df = baseline.frame[["assignee"]].copy(deep=False)
    df.index = df.index[[1, 0, 2, 3, 4]]
    assert cells(compared(df, baseline)) == {("t0", "assignee"): "u_2", ("t1", "assignee"): "u_1"}


def test_of_what_was_wrong_in_a_file_the_tasks_that_are_wanted_count() -> None:
    """Also behind one that is not."""
    wrong = tuple(Problem("type", task, "points", "x", "no number") for task in ("t0", "t3", "t1"))
    found = diff(Baseline.of(frame(), SCHEMA), replace(take_frame(frame(), SCHEMA), problems=wrong), ids=["t1", "t3"])
    assert complaints(found) == [("type", "t1", "points"), ("type", "t3", "points")]


def test_what_has_no_line_in_a_file_is_told_first() -> None:
    wrong = tuple(Problem("type", "t0", "points", "x", "no number", line) for line in (7, None, 2))
    found = diff(Baseline.of(frame(), SCHEMA), replace(take_frame(frame(), SCHEMA), problems=wrong))
    assert [p.line for p in found.problems] == [None, 2, 7]


def test_columns_that_were_not_asked_for_are_left_alone() -> None:
    """Neither an edit in them counts nor a mistake, be it in a column that can be edited or in one that can't."""
    df = frame().astype({"points": "object"})
    df.loc["t1", ["title", "points", "score"]] = ["new", "many", 9.5]
    found = compared(df, frame(), columns=["title"])
    assert (cells(found), found.problems, found.warnings) == ({("t1", "title"): "new"}, (), ())


def test_beside_a_stale_row_the_others_keep_their_own_before() -> None:
    """What a row that does not count had is not taken for that of the next."""
    df = frame()
    df.loc["t0", ["note", "version"]] = ["new", 9]
    df.loc["t4", "note"] = "newer"
    found = compared(df, frame())
    assert complaints(found) == [("stale", "t0", None)]
    assert found.changes.frame().to_dict("records") == [
        {"id": "t4", "column": "note", "before": "2026-01-01", "after": "newer"}
    ]


@pytest.mark.parametrize("text", ["=1+1", "+1", "-1", "@here"])
def test_what_to_csv_put_before_a_formula_is_no_edit_and_is_told(text: str) -> None:
    """Whichever sign makes a spreadsheet take a text for a formula; elsewhere a `'` is a letter like others."""
    column = Column("title", "text", editable=True)
    found = one(column, text, f"'{text}")
    assert cells(found) == {}
    assert len(found.notes) == 1
    assert cells(one(column, "a", "'a")) == {("t0", "title"): "'a"}


@pytest.mark.parametrize(
    ("column", "before", "cell", "kinds"),
    [
        (Column("n", "integer", editable=True), 3, "'3", ["type"]),
        (Column("n", "integer", editable=True), -3, "'-3", ["type"]),
        (Column("n", "number", editable=True), -1.5, "'-1.5", ["type"]),
        (Column("n", "choice", editable=True, choices=(1, 2)), 1, "'1", ["choice"]),
        (Column("n", "text", editable=True), None, "'None", []),
        (Column("n", "text", editable=True), "", "'", []),
        (Column("n", "any", editable=True), ["="], "'['=']", []),
    ],
    ids=repr,
)
def test_a_quote_before_what_is_no_formula_is_a_letter(
    column: Column, before: Any, cell: str, kinds: list[str]
) -> None:
    """Before a number, a null or a list as well: it makes a text of them, which fits or is a problem."""
    found = one(column, before, cell)
    assert [p.kind for p in found.problems] == kinds
    assert cells(found) == ({} if kinds else {("t0", "n"): cell})
    assert found.notes == ()


@pytest.mark.parametrize(
    ("more", "way_out"),
    [({"handle": "owner"}, "edit owner"), ({"system": True}, r"load\(editable=\['size'\]\)")],
)
def test_the_way_to_change_a_read_only_column_is_told(more: dict[str, Any], way_out: str) -> None:
    """In a frame as in a file: the column that it follows, or the option that makes it editable."""
    schema = Schema((Column("size", "number", **more),))
    df = schema.frame(["t0"], {"size": [1.0]})
    baseline, edited = Baseline.of(df, schema), take_frame(df.assign(size=2.0), schema)
    assert re.search(way_out, diff(baseline, edited).warnings[0])
    (problem,) = diff(baseline, replace(edited, strict=True)).problems
    assert problem.kind == "read-only"
    assert re.search(way_out, problem.problem)


def test_a_stale_row_says_nothing_else() -> None:
    """What it holds in a read-only column, readable or not, is neither counted nor told."""
    df = frame().astype({"score": "object"})
    df.loc["t0", ["note", "score", "version"]] = ["new", "many", 9]
    df.loc["t1", ["note", "score", "version"]] = ["new", 9.5, 9]
    found = compared(df, frame())
    assert (complaints(found), found.warnings) == ([("stale", "t0", None), ("stale", "t1", None)], ())


@pytest.mark.parametrize("ends", ["\r\n", "\r", "\n"])
def test_line_ends_in_a_file_are_no_edit(ends: str) -> None:
    """Of any system, old Macs' too; in a frame they were put there by somebody."""
    df = frame(note=["a\nb"])
    edited = take_frame(df.assign(note=[f"a{ends}b"]), SCHEMA)
    assert cells(diff(Baseline.of(df, SCHEMA), replace(edited, strict=True))) == {}
    expected = {} if ends == "\n" else {("t0", "note"): f"a{ends}b"}
    assert cells(diff(Baseline.of(df, SCHEMA), edited)) == expected


def test_another_text_of_several_lines_is_an_edit() -> None:
    """In a file, where only the line ends may be others."""
    df = frame(note=["a\nb", "a\nb", "a\nb", "a"], size=[1.0] * 4)
    edited = take_frame(df.assign(note=["a\r\nc", "a\r\n\r\nb", "a\rb", "a\n"]), SCHEMA)
    found = diff(Baseline.of(df, SCHEMA), replace(edited, strict=True))
    assert cells(found) == {("t0", "note"): "a\r\nc", ("t1", "note"): "a\r\n\r\nb", ("t3", "note"): "a\n"}
    assert found.notes == ("note: 1 cell differs only in its line ends, which is no edit",)
    assert found.problems == ()


@pytest.mark.parametrize("strict", [False, True])
def test_a_choice_that_looks_like_a_formula_may_come_back_quoted(strict: bool) -> None:
    schema = Schema((Column("level", "choice", editable=True, choices=("-low", "high")),))
    df = schema.frame(["t0"], {"level": ["-low"]})
    edited = take_frame(df.assign(level=["'-low"]), schema)
    found = diff(Baseline.of(df, schema), replace(edited, strict=strict))
    assert (cells(found), found.problems) == ({}, ())


def test_a_blank_cell_is_the_empty_text_that_went_out_and_no_other_is() -> None:
    """What was typed over an empty text is an edit, also below a blank cell of the same file."""
    column = Column("remark", "text", editable=True, clearable=True)
    schema = Schema((column,))
    df = schema.frame(["t0", "t1", "t2"], {"remark": ["", "", "a"]})
    edited = take_frame(df.assign(remark=[None, "typed", "b"]), schema)
    file = replace(edited, strict=True, blank={"remark": np.array([True, False, False])})
    assert cells(diff(Baseline.of(df, schema), file)) == {("t1", "remark"): "typed", ("t2", "remark"): "b"}


def test_quoted_formulas_are_counted_and_hide_no_edit() -> None:
    df = frame(note=["=1", "=2", "a"])
    one_quoted = compared(df.assign(note=["'=1", "=2", "b"]), df)
    assert cells(one_quoted) == {("t2", "note"): "b"}
    assert one_quoted.notes[0].startswith("note: 1 cell differs only in the '")
    two_quoted = compared(df.assign(note=["'=1", "'=2", "b"]), df)
    assert cells(two_quoted) == {("t2", "note"): "b"}
    assert two_quoted.notes[0].startswith("note: 2 cells differ only in the '")


def test_a_null_that_is_not_taken_is_shown_as_it_stands_there() -> None:
    """In a frame it is null; in a file nothing at all, or the word that clears a cell."""
    df = frame()
    edited = take_frame(df.assign(title=[None, None, *df["title"][2:]]), SCHEMA)
    assert all(is_null(p.value) for p in diff(Baseline.of(df, SCHEMA), edited).problems)
    file = replace(edited, strict=True, blank={"title": np.array([True, False, False, False, False])})
    assert [p.value for p in diff(Baseline.of(df, SCHEMA), file).problems] == ["", "<clear>"]


def test_one_list_as_text_is_read_for_each_task() -> None:
    """A list in another order is an edit of one task and none of the next, where order says nothing."""
    df = frame(labels=[["x"], ["a", "b"]])
    assert cells(compared(df.assign(labels='["b", "a"]'), df)) == {("t0", "labels"): ["b", "a"]}


@pytest.mark.parametrize(
    ("name", "value", "kind"),
    [("title", "x" * 41, "length"), ("title", "", "length"), ("title", "\ud800", "type")],
    ids=["long", "short", "no text"],
)
def test_what_is_wrong_with_a_value_is_called_by_its_kind(name: str, value: Any, kind: str) -> None:
    """A text that has the right length is wrong in another way."""
    df = frame()
    edited = df.astype({name: "object"})
    edited.loc["t0", name] = value
    found = compared(edited, df)
    assert (complaints(found), cells(found)) == ([(kind, "t0", name)], {})


def test_the_lines_of_a_file_go_with_the_tasks_that_change() -> None:
    """With no others; a frame has none."""
    df = frame()
    df.loc[["t1", "t3"], "title"] = "new"
    df.loc["t4", "title"] = ""  # a problem, no change
    edited = take_frame(df.iloc[[3, 1, 0, 4]], SCHEMA)
    found = diff(Baseline.of(frame(), SCHEMA), replace(edited, lines=np.array([2, 5, 6, 9])))
    assert found.lines == {"t3": 2, "t1": 5}
    assert [p.line for p in found.problems] == [9]
    assert diff(Baseline.of(frame(), SCHEMA), edited).lines == {}
