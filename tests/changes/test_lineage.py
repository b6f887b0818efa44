"""Copies of before our own applies: the states that a task went through by us alone are known, and none is stale."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import pandas as pd
import pytest
from kinds import EDITABLE, IDS, SCHEMA, cells, complaints, frame
from test_follow import NEW

from taskframe.changes.answered import Answered
from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.follow import STEPS, follow
from taskframe.changes.intake import take_frame
from taskframe.changes.lineage import Lineage
from taskframe.changes.memory import shares_memory
from taskframe.changes.normal import normal_values, same
from taskframe.errors import PlanError
from taskframe.schema import Column, Schema


class Work:
    """Tasks that are loaded, edited and written by us: `df`, and what is known of them, `baseline`."""

    def __init__(self, df: pd.DataFrame | None = None, schema: Schema = SCHEMA) -> None:
        self.df = frame() if df is None else df
        self.schema = schema
        self.baseline = Baseline.of(self.df, schema)

    def write(self, task: str, **values: Any) -> pd.DataFrame:
        """One apply of ours, with the next version in its reply; gives a copy of the tasks as they were before."""
        copy = self.df.copy()
        version = int(self.baseline.frame.loc[task, "version"]) + 1
        row, edited = {"id": task, "version": version, **values}, take_frame(self.df, self.schema)
        followed = follow(self.df, edited, self.baseline, Answered.of({task: row}, {task: values}, own=[task]))
        self.baseline = followed.baseline
        for name, column in followed.columns.items():
            self.df[name] = column
        return copy

    def plan(self, df: pd.DataFrame) -> Diff:
        edited = take_frame(df, self.schema)
        lineage = Lineage.of(self.baseline, edited)
        found = diff(lineage.seen, edited)
        return replace(found, changes=lineage.changes(found.changes))


@pytest.mark.parametrize("name", EDITABLE)
def test_a_copy_of_before_puts_nothing_back_whatever_we_wrote(name: str) -> None:
    """Of any kind; and an edit in it is one of the task as it is now."""
    work = Work()
    before = work.write("t0", **{name: NEW[name]})
    assert cells(work.plan(before)) == {}
    other = "note" if name == "title" else "title"
    before.loc["t0", other] = "edited"
    found = work.plan(before)
    assert (cells(found), found.problems) == ({("t0", other): "edited"}, ())
    base = normal_values(found.changes.base[name])
    assert same(
        base[0], normal_values(work.baseline.rows(work.baseline.ids.get_indexer(["t0"]))[name])[0], SCHEMA[name]
    )


def test_every_state_between_is_known() -> None:
    """The first, those in the middle and the last, beside tasks that others of our applies wrote."""
    work = Work()
    states = [
        work.write("t0", note="1"),
        work.write("t1", note="9"),
        work.write("t0", note="2"),
        work.write("t4", note="3"),
    ]
    for state in [*states, work.df]:
        state = state.copy()
        assert cells(work.plan(state)) == {}
        state.loc[["t0", "t1", "t4"], "title"] = "new"
        found = work.plan(state)
        assert (cells(found), found.problems) == ({(t, "title"): "new" for t in ("t0", "t1", "t4")}, ())
        assert found.changes.base["version"].tolist() == [3, 3, 6]


def test_a_task_takes_no_step_of_another_one() -> None:
    """Although that went from the same version to the same."""
    work = Work()
    first = work.write("t0", note="1")
    second = work.write("t0", note="2")
    work.write("t1", note="of another")  # from 2 to 3, too
    for copy in (first, second):
        copy.loc["t0", "title"] = "new"
        assert cells(work.plan(copy)) == {("t0", "title"): "new"}


def test_before_is_what_the_task_has_by_now() -> None:
    """Not what the copy had: that is what is overwritten."""
    work = Work()
    copy = work.write("t0", title="ours", note="ours")
    copy.loc["t0", ["title", "note"]] = ["edited", "ours"]  # the second is what it is by now
    assert work.plan(copy).changes.frame().to_dict("records") == [
        {"id": "t0", "column": "title", "before": "ours", "after": "edited"}
    ]


def test_states_that_nobody_can_know_are_stale_and_hide_no_other() -> None:
    """No number, none at all, one that no task can have: in front of a row with a state that is known."""
    work = Work()
    work.write("t4", note="1")
    copy = work.df.astype({"version": "object"})
    copy["version"] = pd.Series(["abc", 10**30, -(10**30), None, 5], index=copy.index, dtype="object")
    copy = copy.drop(columns="updatedAt")
    copy["note"] = ["a", "b", "c", "d", "x"]
    copy.loc["t4", "note"] = "2026-01-01"  # as it was in that state
    copy["title"] = "new"
    found = work.plan(copy)
    assert complaints(found) == [("stale", t, None) for t in ("t0", "t1", "t2")]
    assert cells(found) == {("t3", "note"): "d", ("t3", "title"): "new", ("t4", "title"): "new"}


def test_a_version_as_text_is_one_all_the_same() -> None:
    """Also beside a word."""
    work = Work()
    copy = work.write("t4", note="1").astype({"version": "str"})
    copy.loc["t0", "version"] = "abc"
    copy["title"] = "new"
    found = work.plan(copy)
    assert complaints(found) == [("stale", "t0", None)]
    assert set(cells(found)) == {(t, "title") for t in ("t1", "t2", "t3", "t4")}


def test_a_task_without_a_version_has_no_earlier_one() -> None:
    schema = Schema(tuple(replace(c, nullable=True) if c.role == "version" else c for c in SCHEMA))
    df = frame().astype({"version": "Int64"})
    df.loc["t2", "version"] = pd.NA
    work = Work(df, schema)
    copy = work.write("t0", note="1")
    copy.loc["t2", "version"] = 2
    copy["title"] = "new"
    assert set(cells(work.plan(copy))) == {(t, "title") for t in IDS}


def test_the_first_version_of_all_may_be_0_or_1() -> None:
    for first in (0, 1):
        work = Work(frame().assign(version=first))
        copy = work.write("t0", note="1")
        copy.loc["t0", "title"] = "new"
        assert cells(work.plan(copy)) == {("t0", "title"): "new"}


def test_without_a_version_in_the_copy_every_value_counts() -> None:
    """Nothing tells then which state was edited but the time of the last update."""
    work = Work()
    copy = work.write("t0", note="ours").drop(columns=["version", "updatedAt"])
    copy.loc["t0", "title"] = "new"
    assert cells(work.plan(copy)) == {("t0", "title"): "new", ("t0", "note"): "x"}


def test_versions_that_stand_beside_other_ids_are_theirs() -> None:
    """The column is the very memory of the baseline, but its rows were given other ids."""
    work = Work()
    work.write("t1", note="1")
    work.write("t1", note="2")
    df = work.baseline.frame[["version"]].copy(deep=False)  # 1, 4, 3, 4, 5
    df.index = df.index[[0, 2, 1, 3, 4]]
    df["title"] = "new"
    found = work.plan(df)
    assert complaints(found) == [("stale", "t2", None)]  # it never had 4; t1 did have 3
    assert {t for t, _ in cells(found)} == {"t0", "t1", "t3", "t4"}


def test_where_no_earlier_state_is_shown_nothing_is_made_anew() -> None:
    """A frame that follows costs what it did without an apply; of a service without versions nothing is known."""
    work = Work()
    copy = work.write("t0", note="1")
    for shown in (work.df, work.df.iloc[:3], copy.loc[["t1"]]):
        assert Lineage.of(work.baseline, take_frame(shown, SCHEMA)).seen is work.baseline
    seen = Lineage.of(work.baseline, take_frame(copy, SCHEMA)).seen
    assert shares_memory(seen.frame["status"], work.baseline.frame["status"])
    assert not shares_memory(seen.frame["note"], work.baseline.frame["note"])
    schema = Schema((Column("title", "text", editable=True),))
    df = schema.frame(["t0"], {"title": ["a"]})
    plain = Baseline.of(df, schema)
    assert Lineage.of(plain, take_frame(df, schema)).seen is plain


def test_a_choice_that_came_with_our_write_is_put_back_too() -> None:
    """The load had not seen it: then the column knew fewer choices."""
    work = Work()
    before = work.write("t0", status="on hold", level=9)
    before.loc["t0", "title"] = "new"
    found = work.plan(before)
    assert (cells(found), found.problems) == ({("t0", "title"): "new"}, ())
    assert found.changes.base["status"].tolist() == ["on hold"]


def test_what_was_written_through_array_is_noticed_beside_an_earlier_state() -> None:
    """To put a task back does not make the baseline right."""
    work = Work()
    copy = work.write("t0", note="1")
    copy.loc["t0", "title"] = "new"
    work.df["status"].array[3] = "done"
    with pytest.raises(PlanError, match="status: written to through"):
        work.plan(copy)


def test_a_copy_may_be_50_of_our_applies_behind() -> None:
    """So many are kept; of one more, a copy is stale."""
    schema = Schema(
        (Column("title", "text", editable=True), Column("version", "integer", nullable=False, role="version"))
    )
    work = Work(schema.frame(["t0", "t1"], {"title": ["a", "b"], "version": [1, 1]}), schema)
    copies = [work.write("t0", title=f"a{n}") for n in range(STEPS + 1)]
    for copy in copies[:2]:
        copy.loc["t0", "title"] = "new"
    assert complaints(work.plan(copies[0])) == [("stale", "t0", None)]
    found = work.plan(copies[1])
    assert (cells(found), found.problems) == ({("t0", "title"): "new"}, ())
    assert STEPS == 50
