"""All problems at once, each with its cell and what would be right; a cell is in the changes or has a problem."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import EDITABLE, IDS, SCHEMA, cells, compared, complaints, frame, one

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.edited import Edited
from taskframe.changes.intake import take_frame
from taskframe.problem import Problem, problems_frame
from taskframe.schema import Column

UNFIT: list[tuple[str, Any, str, str]] = [
    ("title", 3, "type", "title takes text: write '3'"),
    ("title", None, "null", "title can't be cleared"),
    ("title", "", "length", "title can't be empty"),
    ("title", "x" * 41, "length", "title takes at most 40 characters, this has 41"),
    ("title", "\ud800", "type", "half a surrogate pair"),
    ("title", ["a"], "type", "title takes text"),
    ("status", "Done", "choice", "did you mean 'done'"),
    ("status", 1, "choice", "1 is not one of todo, doing, done"),
    ("level", 4, "choice", "4 is not one of 1, 2, 3"),
    ("level", "high", "choice", "not one of 1, 2, 3"),
    ("level", 2.5, "choice", "not one of 1, 2, 3"),
    ("points", 1.5, "type", "points takes a whole number"),
    ("points", "many", "type", "points takes a whole number"),
    ("points", True, "type", "points takes a whole number"),
    ("points", float(2**60), "type", "write all its digits"),
    ("points", -1, "range", "-1 is below 0, the least that points takes"),
    ("size", 2e6, "range", "above 1e+06, the most that size takes"),
    ("size", float("inf"), "type", "size takes a number"),
    ("size", "1,5", "type", "size takes a number"),
    ("urgent", "yes", "type", "urgent takes true or false"),
    ("urgent", 2, "type", "urgent takes true or false"),
    ("dueAt", "tomorrow", "type", "dueAt takes a time with its offset"),
    ("dueAt", "2026-01-31T09:00:00", "type", "has no time zone"),
    ("dueAt", 1_700_000_000, "type", "dueAt takes a time with its offset"),
    ("labels", "a, b", "type", "labels takes JSON such as"),
    ("labels", {"a": 1}, "type", "labels takes a list"),
    ("labels", [b"x"], "type", "labels takes JSON values only"),
    ("labels", ["\ud800"], "type", "half a surrogate pair"),
    ("meta", ["a"], "type", "meta takes an object"),
    ("meta", {1: 2}, "type", "meta takes JSON values only"),
    ("meta", '{"a": 1, "a": 2}', "type", "meta takes JSON such as"),
]


@pytest.mark.parametrize(("name", "value", "kind", "words"), UNFIT, ids=repr)
def test_a_value_that_does_not_fit_is_told_what_would(name: str, value: Any, kind: str, words: str) -> None:
    """With its kind, id, column and value; and there is no change of that cell."""
    present = {"title": "x", "status": "todo", "level": 2, "points": 5, "size": 1.0, "urgent": True}
    found = one(SCHEMA[name], present.get(name), value)
    assert complaints(found) == [(kind, "t0", name)]
    problem = found.problems[0]
    assert problem.value is value or problem.value == value or pd.isna(problem.value)
    assert words in problem.problem
    assert problem.line is None
    assert len(found.changes) == 0


def test_what_the_baseline_holds_may_stay_even_when_it_could_not_be_sent() -> None:
    """A title of 600 characters, a negative number: loaded, and left alone."""
    df = frame(title=["x" * 600, "", None], points=[-5, 3, 3], version=[1, 1, 1])
    assert complaints(compared(df.astype("object"), df)) == []
    edited = df.copy()
    edited.loc["t0", "points"] = -6
    assert complaints(compared(edited, df)) == [("range", "t0", "points")]


def everything_wrong() -> pd.DataFrame:
    df = frame().astype("object")
    for n, (name, value, _, _) in enumerate(UNFIT):
        df.at[IDS[n % 5], name] = value
    df.loc["t0", "version"] = 99
    return pd.concat([df, df.loc[["t4", "t4"]].rename({"t4": "t9"})])


def test_all_problems_come_at_once_and_in_order() -> None:
    """By line in a file, else in the order of the load; what fits is in the changes all the same."""
    df = everything_wrong()
    df.loc["t1", "assignee"] = "u_9"
    found = compared(df, frame())
    tasks = [p.id for p in found.problems]
    assert tasks[0] == "t9"
    assert tasks[1:] == sorted(tasks[1:])
    assert ("stale", "t0", None) in complaints(found)
    assert {t for k, t, _ in complaints(found) if k not in ("stale", "duplicate id")} == {"t1", "t2", "t3", "t4"}
    assert cells(found) == {("t1", "assignee"): "u_9"}
    taken = take_frame(df, SCHEMA)
    lines = np.array([7, 6, 5, 4, 3, 2, 8])
    filed = diff(Baseline.of(frame(), SCHEMA), replace(taken, lines=lines))
    assert [p.line for p in filed.problems] == sorted(p.line or 0 for p in filed.problems)
    assert next(p.problem for p in filed.problems if p.kind == "duplicate id").startswith(
        "2 rows have this id (lines 2, 8)"
    )


def test_problems_are_a_table() -> None:
    """id, column, value, problem, line; a row a problem; nothing is lost in it."""
    found = compared(everything_wrong(), frame())
    table = problems_frame(found.problems)
    assert list(table.columns) == ["id", "column", "value", "problem", "line"]
    assert len(table) == len(found.problems)
    assert table["problem"].str.len().gt(10).all()
    assert table["line"].isna().all()


def test_one_value_in_many_rows_is_judged_alike() -> None:
    """Whatever is remembered of it: 3 and 3.0, True and 1 are not the same question."""
    df = SCHEMA.frame([f"t{i}" for i in range(8)], {"points": [9] * 8, "version": [1] * 8})
    edited = df.assign(points=pd.Series([1, True, 1.0, "1", 1, True, 1.5, "1.5"], index=df.index, dtype="object"))
    found = compared(edited, df)
    assert cells(found) == {(t, "points"): 1 for t in ("t0", "t2", "t3", "t4")}
    assert [t for _, t, _ in complaints(found)] == ["t1", "t5", "t6", "t7"]
    assert all(type(v) is int for v in cells(found).values())


def test_what_a_file_could_not_read_is_a_problem_and_no_edit() -> None:
    """Such a cell is in `skip`; with the row's own problems it is not said twice."""
    taken = take_frame(frame().assign(note="new").reset_index(), SCHEMA)
    unread = (
        Problem("type", "t0", "dueAt", "31.1.", "no time", 2),
        Problem("choice", "t1", "status", "x", "no choice", 3),
        Problem("ambiguous", None, None, None, "too many cells", 9),
        Problem("null id", "t3", "identifier", None, "no identifier", 10),
    )
    skip = {"note": np.array([True, False, False, False, False])}
    file = Edited(taken.ids, taken.columns, skip, np.arange(2, 7), unread, strict=True)
    baseline = Baseline.of(frame(), SCHEMA)
    found = diff(baseline, file)
    assert complaints(found) == [(p.kind, p.id, p.column) for p in unread]
    assert {t for t, _ in cells(found)} == {"t1", "t2", "t3", "t4"}
    assert complaints(diff(baseline, file, columns=["status"])) == [(p.kind, p.id, p.column) for p in unread[1:]]
    assert complaints(diff(baseline, file, ids=["t0"])) == [("type", "t0", "dueAt")]
    stale = replace(file, columns={**file.columns, "version": file.columns["version"] + 1})
    assert complaints(diff(baseline, stale)) == [
        ("type", "t0", "dueAt"),  # nothing else in its row was edited
        *(("stale", f"t{i}", None) for i in range(1, 5)),
        ("ambiguous", None, None),
        ("null id", "t3", "identifier"),
    ]
    strange = replace(
        file, ids=pd.Index(["t9", "t1", "t1", "t3", "t4"]), problems=(replace(unread[0], id="t9"), unread[1])
    )
    assert complaints(diff(baseline, strange)) == [("unknown id", "t9", None), ("duplicate id", "t1", None)]


anything = st.one_of(
    st.none(),
    st.booleans(),
    st.integers(),
    st.floats(),
    st.text(max_size=5),
    st.sampled_from(["todo", "done", "2", "2.0", "true", "[]", "{}", "2026-01-31T09:00:00Z", "2026-01-31", "Café"]),
    st.binary(max_size=2),
    st.datetimes(),
    st.decimals(allow_nan=True),
    st.lists(st.integers() | st.text(max_size=2), max_size=2),
    st.dictionaries(st.text(max_size=2), st.integers(), max_size=2),
    st.sampled_from([pd.NA, pd.NaT, np.int8(3), np.float32(0.1), np.datetime64("2026-01-31")]),
    st.sampled_from([np.array([1]), np.array([])]),
    st.just(pd.Timestamp("2026-01-31T09:00:00", tz="Asia/Tokyo")),
)  # fmt: skip


@pytest.mark.slow
@settings(deadline=None, max_examples=150)
@given(data=st.data())
def test_any_cell_is_a_change_or_a_problem_or_neither_and_never_both(data: st.DataObject) -> None:
    """Whatever an analyst puts into whichever cell: no exception; what is in the changes can be sent."""
    edits = data.draw(
        st.dictionaries(st.tuples(st.sampled_from(IDS), st.sampled_from(EDITABLE)), anything, min_size=1, max_size=6)
    )
    df = frame().astype("object")
    for (task, name), value in edits.items():
        df.at[task, name] = value
    found = compared(df, frame())
    changed = set(cells(found))
    bad = {(p.id, p.column) for p in found.problems}
    assert not changed & bad
    assert changed | bad <= set(edits)
    assert len(bad) == len(found.problems)
    for (_, name), after in cells(found).items():
        SCHEMA[name].check(after)
    again = df.copy()
    for (task, name), after in cells(found).items():
        again.at[task, name] = after
    assert cells(compared(again, frame())).keys() == changed  # the normal form says the same


def test_a_column_may_be_clearable_or_not() -> None:
    """Null where the service documents none is a problem, not a request."""
    fixed = Column("note", "text", editable=True)
    found = one(fixed, "x", None)
    assert complaints(found) == [("null", "t0", "note")]
    assert "note can't be cleared: the service documents no null here" in found.problems[0].problem
