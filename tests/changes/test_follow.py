"""After an apply the baseline has the service's answers, and the analyst's frame follows where it may."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import EDITABLE, IDS, ROWS, SCHEMA, cells, compared, complaints, frame, is_untouched, pyarrow

from taskframe.changes.answered import Answered
from taskframe.changes.baseline import Baseline
from taskframe.changes.follow import follow
from taskframe.changes.intake import take_frame
from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values, parse, same
from taskframe.errors import PlanError
from taskframe.schema import Column, Schema

NEW: dict[str, Any] = {
    "title": "new", "note": "y", "status": "doing", "level": 3, "points": 2**40, "size": 2.5, "urgent": False,
    "dueAt": "2026-02-02T02:02:02Z", "labels": ["new", "x"], "steps": [{"k": 1}], "meta": {"new": [1]},
    "assignee": "u_9",
}  # fmt: skip


def answer(task: str, **cells: Any) -> dict[str, Any]:
    """The whole row, as a service answers: times are text, the version is one higher."""
    at = IDS.index(task)
    row = {name: values[at] for name, values in ROWS.items()}
    return {"id": task, **row, "version": row["version"] + 1, "updatedAt": "2026-06-06T00:00:00Z", **cells}


def loaded() -> tuple[pd.DataFrame, Baseline]:
    df = frame()
    return df, Baseline.of(df, SCHEMA)


def applied(df: pd.DataFrame, baseline: Baseline, answers: dict[str, dict[str, Any]], sent: dict[str, Any]) -> Baseline:
    edited = None
    with suppress(PlanError):
        edited = take_frame(df, SCHEMA)
    followed = follow(df, edited, baseline, Answered.of(answers, sent))
    for name, column in followed.columns.items():
        df[name] = column
    return followed.baseline


def advance(baseline: Baseline, answers: dict[str, dict[str, Any]]) -> Baseline:
    return follow(pd.DataFrame(), None, baseline, Answered.of(answers)).baseline


def test_the_baseline_takes_the_answer_whole() -> None:
    """Values, version, and what others changed meanwhile; other tasks, and columns not answered, stay."""
    _, baseline = loaded()
    after = advance(
        baseline, {"t3": answer("t3", **NEW), "t0": {"id": "t0", "title": "only this"}, "t99": answer("t0")}
    )
    assert len(after) == len(baseline) == 5
    rows = after.rows(np.arange(5))
    for name, value in NEW.items():
        got = normal_values(rows[name])
        assert same(got[3], parse(value, SCHEMA[name], (value,) if isinstance(value, str) else ()), SCHEMA[name])
        for at in (1, 2, 4):
            assert same(got[at], normal_values(frame()[name])[at], SCHEMA[name])
    assert rows["version"].tolist() == [1, 2, 3, 5, 5]
    assert rows["title"].tolist()[0] == "only this"
    assert normal_values(baseline.rows(np.arange(5))["title"]) == ROWS["title"]  # the old one is as it was
    assert (after.frame.dtypes == baseline.frame.dtypes).all()


def test_a_choice_nobody_has_seen_is_known_from_then_on() -> None:
    """In the baseline and in the frame, and then it may be chosen."""
    df, baseline = loaded()
    after = applied(df, baseline, {"t1": answer("t1", status="on hold", level=9)}, {})
    assert (df.loc["t1", "status"], df.loc["t1", "level"]) == ("on hold", 9)
    assert isinstance(df["status"].dtype, pd.CategoricalDtype)
    assert df["level"].cat.ordered
    df.loc["t2", "status"] = "on hold"
    assert cells(compared(df, after)) == {("t2", "status"): "on hold"}


SHAPES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "itself": lambda df: df,
    "shuffled": lambda df: df.sample(frac=1, random_state=3),
    "ids as a column": lambda df: df.reset_index(),
    "ids as a level": lambda df: df.set_index(np.arange(len(df)), append=True),
    "ids as a category": lambda df: df.set_axis(pd.CategoricalIndex(df.index, name="id")),
    "more columns": lambda df: df.assign(mine=[[1]] * len(df), other=1),
    "objects": lambda df: df.astype("object"),
    "convert_dtypes": lambda df: df.convert_dtypes(),
    "categories of few": lambda df: df.assign(
        **{c: df[c].astype("object").astype("category") for c in ("title", "note", "status", "level", "assignee")}
    ),
    "narrow numbers": lambda df: df.assign(
        points=df["points"].where(df["points"] < 100),
        size=df["size"].astype("float32"),
        version=df["version"].astype("int8"),
    ),
    "numbers as floats": lambda df: df.astype({"points": "float64", "urgent": "float64"}),
    "numbers as text": lambda df: df.assign(size=df["size"].astype("object").map(str, na_action="ignore")),
    "times without a zone": lambda df: df.assign(dueAt=df["dueAt"].dt.tz_localize(None)),
    "times in Berlin": lambda df: df.assign(
        dueAt=df["dueAt"].where(df["dueAt"].dt.year == 2026).dt.tz_convert("Europe/Berlin")
    ),
    "times as text": lambda df: df.assign(
        dueAt=df["dueAt"].astype("object").map(lambda t: t.isoformat(), na_action="ignore").astype("str")
    ),
    "lists as JSON text": lambda df: df.assign(
        labels=pd.Series(['["a","b"]', "[]", None, '["a","b","b"]', '["é",1,true,null]'], index=df.index, dtype="str")
    ),
    "text as string": lambda df: df.astype({"title": "string", "status": "string", "note": "object"}),
    "ordinary ints": lambda df: df.assign(level=df["level"].astype("object").astype("float64")),
}  # fmt: skip
if pyarrow is not None:
    SHAPES["Arrow"] = lambda df: df.assign(
        **{c: df[c].convert_dtypes(dtype_backend="pyarrow") for c in df if c not in ("labels", "steps", "meta")}
    )


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
@pytest.mark.parametrize("task", ["t0", "t2"])
def test_then_there_is_nothing_left_to_plan(shape: Callable[[pd.DataFrame], pd.DataFrame], task: str) -> None:
    """Whatever dtype, order and shape the frame has by then: it follows, in place."""
    df, baseline = loaded()
    df = shape(df)
    clean = compared(df, baseline)  # (a narrow dtype can be an edit of its own)
    index, columns = df.index, df.columns
    after = applied(df, baseline, {task: answer(task, **NEW)}, {})
    assert df.index is index or df.index.equals(index)
    assert list(df.columns) == list(columns)
    found = compared(df, after)
    assert {t for t, _ in cells(found)} == {t for t, _ in cells(clean)} - {task}
    assert found.problems == ()
    assert found.warnings == ()


@pytest.mark.parametrize("name", EDITABLE)
def test_a_cell_follows_its_own_answer(name: str) -> None:
    """What was sent becomes what the service made of it; a null too."""
    for sent, got in ((NEW[name], NEW[name]), (NEW[name], None), (None, NEW[name]), (NEW[name], ROWS[name][0])):
        df, baseline = loaded()
        series = df[name].astype("object")
        series.at["t0"] = sent
        df[name] = series
        value = None if sent is None else parse(sent, SCHEMA[name])
        after = applied(df, baseline, {"t0": answer("t0", **{name: got})}, {"t0": {name: value}})
        assert is_untouched(compared(df, after)), (name, sent, got)


def test_later_edits_stay() -> None:
    """What was typed while the apply ran is neither the old baseline nor what was sent: the next plan has it."""
    df, baseline = loaded()
    df.loc["t0", ["title", "assignee"]] = ["sent", "u_9"]
    sent = {"t0": {"title": "sent", "assignee": "u_9"}}
    df.loc["t0", "title"] = "later"
    df.loc["t0", "note"] = "later too"
    df.loc["t1", "title"] = "another task"
    df.at["t0", "labels"].append("later")
    after = applied(df, baseline, {"t0": answer("t0", title="sent", assignee="u_9", note="by others")}, sent)
    assert cells(compared(df, after)) == {
        ("t0", "title"): "later",
        ("t0", "note"): "later too",
        ("t0", "labels"): ["a", "b", "later"],
        ("t1", "title"): "another task",
    }


def test_what_the_service_made_of_it_replaces_what_was_sent() -> None:
    """It trims a title, say, even back to what it was; else that edit would be planned for ever."""
    df, baseline = loaded()
    df.loc["t0", "title"] = " trimmed "
    df.loc["t1", "title"] = " Café "
    after = applied(
        df,
        baseline,
        {"t0": answer("t0", title="trimmed"), "t1": answer("t1")},
        {"t0": {"title": " trimmed "}, "t1": {"title": " Café "}},
    )
    assert df["title"].tolist()[:2] == ["trimmed", "Café"]
    assert is_untouched(compared(df, after))


def test_tasks_that_got_no_answer_stay_as_they_are() -> None:
    """A conflict, a failure: the edit is still there for the next plan."""
    df, baseline = loaded()
    df["assignee"] = "u_9"
    after = applied(df, baseline, {"t0": answer("t0", assignee="u_9")}, {"t0": {"assignee": "u_9"}})
    assert {t for t, _ in cells(compared(df, after))} == {"t1", "t2", "t3", "t4"}


def test_rows_that_are_left_out_or_there_twice_are_left_alone() -> None:
    """The others follow all the same."""
    df, baseline = loaded()
    df = pd.concat([df.iloc[[0, 1, 1, 4]], df.iloc[[4]].rename({"t4": None})])
    answers = {t: answer(t, title="new") for t in ("t0", "t1", "t2", "t4")}
    applied(df, baseline, answers, {})
    assert df["title"].tolist() == ["new", "Café", "Café", "new", ROWS["title"][4]]


@pytest.mark.parametrize(
    "spoil",
    [
        lambda df: df.reset_index(drop=True),
        lambda df: df.drop(columns=list(df)),
        lambda df: df.iloc[:0],
        lambda df: pd.concat([df, df], axis=1),
        lambda df: pd.concat({"a": df}, axis=1),
    ],
)
def test_a_frame_of_which_nothing_can_be_told_stays_as_it_is(spoil: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """The apply went through: that it can't be written down there is no reason to raise."""
    df, baseline = loaded()
    df = spoil(df)
    before = df.copy()
    assert applied(df, baseline, {"t0": answer("t0", **NEW)}, {}).frame.loc["t0", "title"] == "new"
    pd.testing.assert_frame_equal(df, before)


def test_a_column_keeps_its_dtype_where_it_can() -> None:
    """int8 can't hold 2**40, a category gets what it lacks, the rest stay what they were."""
    df, baseline = loaded()
    df = df.assign(
        dueAt=df["dueAt"].dt.tz_localize(None),
        title=df["title"].astype("category"),
        note=df["note"].astype("object"),
        points=pd.Series([3, 0, 0, 1, 8], index=df.index, dtype="int8"),
        size=df["size"].astype("float32"),
        version=df["version"].astype("float64"),
    )
    dtypes = df.dtypes
    applied(df, baseline, {"t0": answer("t0", **NEW)}, {})
    kept = [c for c in df if c not in ("points", "title")]
    assert (df.dtypes[kept] == dtypes[kept]).all()
    assert isinstance(df["title"].dtype, pd.CategoricalDtype)
    assert df.loc["t0", "points"] == 2**40
    assert df["points"].dtype == "Int64"


def test_the_next_diff_costs_no_more_than_the_first() -> None:
    """Columns in which nothing moved still share their memory with the baseline; a copy of df is as it was."""
    df, baseline = loaded()
    held = df.copy(deep=False)
    after = applied(df, baseline, {t: answer(t, title="new") for t in IDS}, {})
    for name in ("note", "status", "size", "dueAt", "assignee", "score"):
        assert shares_memory(df[name], after.frame[name])
    assert held["title"].tolist() == ROWS["title"]


def test_what_follows_as_a_whole_is_the_baselines_own_memory() -> None:
    """So the next diff need not look at it either; also where the frame has an index of its own that says the same."""
    for copied in (False, True):
        df, baseline = loaded()
        df = df.set_axis(pd.Index(df.index.tolist(), name="id")) if copied else df
        after = applied(df, baseline, {t: answer(t, title="new", points=7) for t in IDS[:2]}, {})
        for name in ("title", "version", "updatedAt"):
            assert shares_memory(df[name], after.frame[name])


def test_an_answer_that_is_older_than_what_is_known_does_not_count() -> None:
    """Of two runs at once the later one was answered first. One of the very version that is known does."""
    df, baseline = loaded()
    baseline = applied(df, baseline, {"t1": answer("t1", title="newer", version=7)}, {})
    older = {"t0": answer("t0", title="first"), "t1": answer("t1", title="older", version=6), "t9": answer("t0")}
    baseline = applied(df, baseline, older, {})
    assert df["title"].tolist()[:2] == baseline.frame["title"].tolist()[:2] == ["first", "newer"]
    baseline = applied(df, baseline, {"t1": answer("t1", title="the same again", version=7)}, {})
    assert df.loc["t1", "title"] == baseline.frame.loc["t1", "title"] == "the same again"


def test_a_version_that_the_load_had_not_is_newer_than_none() -> None:
    """Nor is an answer without one older than any."""
    schema = Schema(tuple(replace(c, nullable=True) if c.role == "version" else c for c in SCHEMA))
    df = frame().astype({"version": "Int64"})
    df.loc["t0", "version"] = pd.NA
    answers = {"t0": answer("t0", note="new", version=3), "t1": answer("t1", note="new", version=None)}
    after = follow(df, take_frame(df, schema), Baseline.of(df, schema), Answered.of(answers, own=["t0", "t1"])).baseline
    assert normal_values(after.frame["version"])[:2] == [3, None]
    assert after.frame["note"].tolist()[:2] == ["new", "new"]
    assert after.steps == ()  # whether anybody else wrote in between can't be told


def test_ids_that_were_dealt_out_anew_are_followed_by_id() -> None:
    """The columns are the very memory of the load, but stand beside other ids: two titles changed places."""
    baseline = loaded()[1]
    df = baseline.frame.copy(deep=False)
    df.index = df.index[[1, 0, 2, 3, 4]]
    after = applied(df, baseline, {t: answer(t, title="new") for t in ("t0", "t2")}, {})
    assert df["title"].tolist() == ["Fix the login page", "Café", "new", *ROWS["title"][3:]]
    assert after.frame["title"].tolist()[:3] == ["Fix the login page", "Café", "new"]
    assert after.locks == {0: 1}


def test_what_the_service_sees_no_difference_in_does_not_move() -> None:
    """An empty text where it is null, a list without an order in another one, a time in another zone."""
    df, baseline = loaded()
    t1 = {"note": "", "labels": [], "dueAt": "2026-07-01T11:00:00.123456+02:00", "points": 0.0, "title": "Café"}
    answers = {"t1": t1, "t0": {"labels": ["b", "a"]}}
    followed = follow(df, take_frame(df, SCHEMA), baseline, Answered.of(answers))
    assert followed.columns == {}
    assert followed.baseline.frame.equals(baseline.frame)
    assert advance(baseline, {"t1": {"title": ""}}).frame["title"].tolist()[1] == ""
    assert advance(baseline, {"t0": {"steps": ["b", "a"]}}).rows(np.array([0]))["steps"].tolist() == [["b", "a"]]


def test_all_tasks_that_were_ever_answered_are_known() -> None:
    baseline = loaded()[1]
    for task, known in (("t1", {1}), ("t3", {1, 3}), ("t9", {1, 3}), ("t1", {1, 3})):
        baseline = advance(baseline, {task: answer("t1", version=10)})
        assert baseline.answered == known


def test_a_name_that_was_written_for_an_id_becomes_the_id() -> None:
    """The frame shows what the service does; another name, which was typed meanwhile, stays."""
    person = Column("assignee", "text", editable=True, people=True, aliases={"@ada": "u_1", "@bob": "u_2"})
    schema = Schema((person,))
    df = schema.frame(["t0", "t1"], {"assignee": ["u_0", "u_0"]})
    baseline = Baseline.of(df, schema)
    df["assignee"] = ["@ada", "@bob"]
    sent = {t: {"assignee": "u_1"} for t in ("t0", "t1")}
    followed = follow(df, take_frame(df, schema), baseline, Answered.of(sent, sent))
    assert followed.columns["assignee"].tolist() == ["u_1", "@bob"]
    assert followed.baseline.frame["assignee"].tolist() == ["u_1", "u_1"]


def test_what_was_written_through_array_is_still_known_afterwards() -> None:
    """The answers of an apply don't make the baseline right again."""
    df, baseline = loaded()
    df["status"].array[0] = "done"
    after = advance(baseline, {"t1": answer("t1", **NEW)})
    assert after.altered() == {"status"}


# edits that others wrote beneath


def test_the_baseline_stays_where_others_wrote_beneath_an_edit() -> None:
    """In that cell, and the version that goes out; the rest, and cells that say what the service has, go on."""
    df, baseline = loaded()
    df.loc["t0", ["title", "note", "points"]] = ["ours", "theirs", 77]
    answers = {"t0": answer("t0", title="theirs", note="theirs", points=78, size=2.5, version=7)}
    after = applied(df, baseline, answers, {"t0": {"points": 77}})
    assert cells(compared(df, after)) == {("t0", "title"): "ours"}
    assert after.rows(np.array([0]))[["title", "version", "size"]].to_numpy().tolist() == [
        ["Fix the login page", 1, 2.5]
    ]
    assert df.loc["t0", ["points", "version"]].tolist() == [78, 7]
    assert complaints(compared(df, after)) == []


@pytest.mark.parametrize("name", EDITABLE)
def test_that_holds_for_every_kind_of_column(name: str) -> None:
    """Whatever dtype the frame has by then."""
    for dtype in ("object", None):
        df, baseline = loaded()
        series = df[name].astype("object")
        series.at["t0"] = None if name == "urgent" else ROWS[name][1]
        df[name] = series if dtype else SCHEMA[name].array(normal_values(series))
        edit = cells(compared(df, baseline))
        assert edit.keys() == {("t0", name)}
        after = applied(df, baseline, {"t0": answer("t0", **{name: NEW[name]})}, {})
        assert cells(compared(df, after)) == edit
        assert after.locks == {0: 1}
        assert same(normal_values(after.rows(np.array([0]))[name])[0], normal_values(frame()[name])[0], SCHEMA[name])


def test_what_can_not_be_written_to_stays_too() -> None:
    """A column that is a level of the index has its old cells: they must not become edits."""
    df, baseline = loaded()
    df = df.set_index("title", append=True)
    after = applied(df, baseline, {"t0": answer("t0", title="theirs", note="theirs")}, {})
    assert is_untouched(compared(df, after))
    assert after.rows(np.array([0]))["version"].tolist() == [1]
    assert df["note"].tolist()[0] == "theirs"


def test_the_parts_of_an_object_stay_with_its_handle() -> None:
    """An edit of the name is sent with the id beside it: both are of one state, or the edit is no edit of either."""
    schema = Schema(
        (
            Column("status.name", "text", editable=True),
            Column("status.id", "text", handle="status.name"),
            Column("version", "integer", nullable=False, role="version"),
        )
    )
    df = schema.frame(["t0", "t1"], {"status.name": ["a", "a"], "status.id": ["1", "1"], "version": [1, 1]})
    baseline = Baseline.of(df, schema)
    df.loc["t0", "status.name"] = "b"
    theirs = {"status.name": "c", "status.id": "3", "version": 4}
    followed = follow(df, take_frame(df, schema), baseline, Answered.of({"t0": theirs, "t1": theirs}))
    after = followed.baseline.rows(np.array([0, 1]))
    assert after.to_numpy().tolist() == [["a", "1", 1], ["c", "3", 4]]
    assert followed.columns["status.id"].tolist() == ["1", "3"]
    assert followed.columns["status.name"].tolist() == ["b", "c"]


def test_without_versions_the_old_value_alone_tells() -> None:
    """A service that is read ahead of each write compares with it."""
    schema = Schema((Column("title", "text", editable=True), Column("updatedAt", "timestamp", role="updated")))
    df = schema.frame(["t0"], {"title": ["a"], "updatedAt": ["2026-01-01T00:00:00Z"]})
    baseline = Baseline.of(df, schema)
    df.loc["t0", "title"] = "ours"
    row = {"title": "theirs", "updatedAt": "2026-02-02T00:00:00Z"}
    after = follow(df, take_frame(df, schema), baseline, Answered.of({"t0": row}, own=["t0"])).baseline
    assert (after.locks, after.steps, after.answered) == ({}, (), {0})
    assert after.rows(np.array([0]))["title"].tolist() == ["a"]
    assert after.frame["updatedAt"].dt.month.tolist() == [2]


def test_a_load_that_left_the_versions_out_has_none_to_lock() -> None:
    """An edit beneath which others wrote stays on what it was made on all the same."""
    df = frame().drop(columns="version")
    baseline = Baseline.of(df, SCHEMA)
    df.loc["t0", "title"] = "ours"
    row = answer("t0", title="theirs", note="theirs")
    after = follow(df, take_frame(df, SCHEMA), baseline, Answered.of({"t0": row}, own=["t0"])).baseline
    assert (after.locks, after.steps) == ({}, ())
    assert after.frame.loc["t0", ["title", "note"]].tolist() == ["Fix the login page", "theirs"]


def test_a_lock_is_of_the_version_that_was_edited_and_ends_with_a_whole_answer() -> None:
    """Whatever others write after, and however often; an answer that holds the version alone ends nothing."""
    df, baseline = loaded()
    df.loc[["t0", "t3"], "title"] = "ours"
    baseline = applied(df, baseline, {t: answer(t, title="theirs", version=7) for t in ("t0", "t1", "t3")}, {})
    assert baseline.locks == {0: 1, 3: 4}
    baseline = applied(df, baseline, {t: {"id": t, "version": 8} for t in ("t0", "t1")}, {})
    assert baseline.locks == {0: 1, 3: 4}
    baseline = applied(df, baseline, {"t0": answer("t0", title="theirs again", version=9)}, {})
    assert baseline.locks == {0: 1, 3: 4}
    baseline = applied(df, baseline, {"t0": answer("t0", title=ROWS["title"][0], version=10)}, {})
    assert baseline.locks == {3: 4}
    assert cells(compared(df, baseline)) == {("t0", "title"): "ours", ("t3", "title"): "ours"}


def test_our_own_write_moves_nobody_elses_cells() -> None:
    """The very next version, in the reply to our write: what the service did to other cells is no edit by others."""
    df, baseline = loaded()
    df.loc["t0", ["title", "note"]] = ["ours", "ours"]
    row = answer("t0", title="ours", note="the service's own")
    followed = follow(
        df, take_frame(df, SCHEMA), baseline, Answered.of({"t0": row}, {"t0": {"title": "ours"}}, own=["t0"])
    )
    assert followed.baseline.locks == {}
    assert followed.baseline.frame.loc["t0", "note"] == "the service's own"


@pytest.mark.slow
@settings(deadline=None, max_examples=80)
@given(data=st.data())
def test_no_edit_is_ever_put_on_a_value_that_was_not_there_when_it_was_made(data: st.DataObject) -> None:
    """Others write anywhere, a part is sent: an edit that is left stands on the old value, or on what we sent."""
    names = ["title", "points", "labels", "dueAt"]
    values: dict[str, dict[str, Any]] = {
        "ours": NEW,
        "theirs": {"title": "theirs", "points": 5, "labels": ["theirs"], "dueAt": "2026-03-03T00:00:00Z"},
        "later": {"title": "later", "points": 77, "labels": ["later"], "dueAt": None},
    }
    draw = data.draw
    df, baseline = loaded()
    df = df.astype("object") if draw(st.booleans()) else df
    sent: dict[str, dict[str, Any]] = {task: {} for task in IDS}
    answers, edits = {}, {}
    for task in IDS:
        got = {}
        for name in names:
            edit = draw(st.sampled_from([None, "ours", "theirs", "later"]))
            if edit:
                value = values[edit][name]
                df.at[task, name] = pd.Timestamp(value) if name == "dueAt" and value else value
                edits[task, name] = value
            if draw(st.booleans()):
                sent[task][name] = NEW[name]
                got[name] = NEW[name]
            if draw(st.integers(0, 2)) == 0:
                got[name] = values["theirs"][name]
        answers[task] = answer(task, **got, version=9)
    after = applied(df, baseline, answers, sent)
    rows = after.rows(np.arange(5))
    left = cells(compared(df, after))
    for at, task in enumerate(IDS):
        for name in names:
            column = SCHEMA[name]
            base, old = normal_values(rows[name])[at], normal_values(frame()[name])[at]
            fresh = answers[task][name]
            if (task, name) in left:
                told = name in sent[task] and same(base, sent[task][name], column)
                assert same(base, old, column) or told
                assert same(left[task, name], edits[task, name], column)
            elif not same(fresh, old, column):
                assert same(base, fresh, column)
        behind = any(
            (task, name) in left and not same(normal_values(rows[name])[at], answers[task][name], SCHEMA[name])
            for name in names
        )
        assert rows["version"].tolist()[at] == (at + 1 if behind else 9)
    assert after.frame["version"].tolist() == df["version"].tolist() == [9] * 5


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_edits_survive_an_apply_and_nothing_else_does(data: st.DataObject) -> None:
    """Plan, apply some tasks, edit meanwhile: left to plan are exactly the edits that were not answered."""
    some = st.dictionaries(
        st.tuples(st.sampled_from(IDS), st.sampled_from(["title", "status", "points", "labels", "dueAt"])),
        st.sampled_from(["sent", "later"]),
    )
    values: dict[str, dict[str, Any]] = {
        "sent": NEW,
        "later": {"title": "later", "status": None, "points": 77, "labels": ["later"], "dueAt": None},
    }
    df, baseline = loaded()
    df = df.astype("object") if data.draw(st.booleans()) else df

    def edit(edits: dict[tuple[str, str], str]) -> None:
        for (task, name), which in edits.items():
            value = values[which][name]
            df.at[task, name] = pd.Timestamp(value) if name == "dueAt" and value else value

    edit(data.draw(some))
    planned = cells(compared(df, baseline))
    answered = data.draw(st.sets(st.sampled_from(IDS)))
    edit(data.draw(some))
    sent: dict[str, dict[str, Any]] = {task: {} for task in IDS}
    for (task, name), value in planned.items():
        sent[task][name] = value
    after = applied(df, baseline, {task: answer(task, **sent[task]) for task in sorted(answered)}, sent)
    left = cells(compared(df, after))
    for task in IDS:
        for name in ("title", "status", "points", "labels", "dueAt"):
            now = df.at[task, name]
            now = None if not isinstance(now, list) and pd.isna(now) else parse(now, SCHEMA[name])
            known = normal_values(after.rows(np.array([IDS.index(task)]))[name])[0]
            assert ((task, name) in left) == (not same(now, known, SCHEMA[name]))
            if task in answered and (task, name) in left:
                assert name not in sent[task] or not same(now, sent[task][name], SCHEMA[name])
