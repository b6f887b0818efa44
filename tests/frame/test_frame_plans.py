"""A plan is what was edited, checked; it is narrowed into new plans, and its requests are what would be sent."""

from __future__ import annotations

import dataclasses
import json
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offline import cells, table, tasks

import taskframe as tf
from taskframe.errors import ConfirmationNeeded, FrameError, PlanError, SettingsError
from taskframe.plan import Plan


def edited() -> Any:
    made = tasks()
    df = made.df
    df.loc[["tsk_001", "tsk_002"], "title"] = ["one", "two"]
    df.loc["tsk_001", "priority"] = "urgent"
    df.loc["tsk_003", "assigneeUserId"] = None
    df.loc["tsk_004", "title"] = ""
    df["status"] = df["status"].astype("object")
    df.loc[["tsk_005", "tsk_002"], "status"] = ["Done", "closed"]
    df.loc["tsk_006", ["version", "title"]] = [99, "stale"]
    made.df = pd.concat([df, df.iloc[[7]].rename({"tsk_007": "tsk_700"}), df.iloc[[8, 9]].rename({"tsk_009": None})])
    return made


CELLS = {
    ("tsk_001", "title"): "one",
    ("tsk_001", "priority"): "urgent",
    ("tsk_002", "title"): "two",
    ("tsk_003", "assigneeUserId"): None,
}
PROBLEMS = {
    ("tsk_002", "status"), ("tsk_004", "title"), ("tsk_005", "status"), ("tsk_006", None), ("tsk_008", None),
    ("tsk_700", None), (None, None),
}  # fmt: skip


def complaints(plan: Plan) -> set[tuple[str | None, str | None]]:
    rows = plan.problems[["id", "column"]].itertuples(index=False)
    return {(None if pd.isna(i) else i, None if pd.isna(c) else c) for i, c in rows}


def test_a_plan_has_the_changes_and_the_problems() -> None:
    """`changes`: id, column, before, after, None for null; `problems`: what keeps a cell or a row out of them."""
    plan = edited().plan()
    assert len(plan) == 3
    assert list(plan.changes.columns) == ["id", "column", "before", "after"]
    assert cells(plan) == CELLS
    assert complaints(plan) == PROBLEMS
    before = dict(zip(plan.changes["id"] + plan.changes["column"], plan.changes["before"], strict=True))
    assert before["tsk_003assigneeUserId"] == "u_1"


def test_null_is_none_in_the_tables_whatever_stands_beside_it() -> None:
    """pandas would make NaN of None in a column of text."""
    made = tasks()
    made.df.loc["tsk_000", "assigneeUserId"] = "u_2"
    made.df.loc["tsk_001", "assigneeUserId"] = None
    changes = made.plan().changes
    assert changes["before"].tolist() == [None, "u_1"]
    assert changes["after"].tolist() == ["u_2", None]
    assert all(v is None or isinstance(v, str) for v in [*changes["before"], *changes["after"]])
    empty = tasks().plan().changes
    assert (len(empty), list(empty.columns)) == (0, ["id", "column", "before", "after"])
    assert empty.dtypes.astype("str").tolist() == changes.dtypes.astype("str").tolist()


@pytest.mark.parametrize(
    ("narrow", "left"),
    [
        ({"ids": ["tsk_001"]}, {("tsk_001", "title"), ("tsk_001", "priority")}),
        ({"ids": ["tsk_002", "tsk_003"]}, {("tsk_002", "title"), ("tsk_003", "assigneeUserId"), ("tsk_002", "status")}),
        ({"columns": ["priority"]}, {("tsk_001", "priority")}),
        ({"columns": ["status"], "ids": ["tsk_002", "tsk_001"]}, {("tsk_002", "status")}),
        ({"ids": ["tsk_006", "tsk_008"]}, {("tsk_006", None), ("tsk_008", None)}),
        ({"ids": []}, set()),
    ],
    ids=lambda v: repr(v) if isinstance(v, dict) else str(len(v)),  # the order of a set is chance
)
def test_select_and_drop_part_a_plan_in_two(narrow: dict[str, Any], left: set[Any]) -> None:
    """By ids and columns, changes and problems alike: each is in one of the two plans."""
    plan = edited().plan()
    chosen, others = plan.select(**narrow), plan.drop(**narrow)
    problems = {pair for pair in complaints(chosen) if pair[1] is not None or "columns" not in narrow}
    assert set(cells(chosen)) | problems == left
    assert cells(chosen) | cells(others) == CELLS
    assert not cells(chosen).keys() & cells(others).keys()
    assert complaints(chosen) | complaints(others) == PROBLEMS
    assert len(chosen) == len({task for task, _ in cells(chosen)})
    assert len({plan.id, chosen.id, others.id}) == 3


def test_cells_are_rows_of_changes_or_of_problems() -> None:
    """Filtered with everything pandas can do, row problems (which have no column) too."""
    plan = edited().plan()
    texts = plan.changes[plan.changes["column"] == "title"]
    assert set(cells(plan.select(cells=texts))) == {("tsk_001", "title"), ("tsk_002", "title")}
    assert set(cells(plan.drop(cells=texts.iloc[:1]))) == CELLS.keys() - {("tsk_001", "title")}
    assert complaints(plan.drop(cells=texts)) == PROBLEMS
    rows = plan.problems[plan.problems["column"].isna()]
    assert complaints(plan.drop(cells=rows)) == {pair for pair in PROBLEMS if pair[1] is not None}
    assert cells(plan.drop(cells=rows)) == CELLS
    assert complaints(plan.select(cells=rows)) == {pair for pair in PROBLEMS if pair[1] is None}
    assert complaints(plan.drop(cells=plan.problems)) == set()
    assert complaints(plan.drop_problems()) == set()
    assert cells(plan.drop_problems()) == CELLS
    assert len(plan.select(cells=plan.changes.iloc[:0])) == 0


def test_narrowing_leaves_the_plan_as_it_was() -> None:
    """A plan is frozen; so are its tables' contents, whatever is done to a table."""
    made = edited()
    plan = made.plan()
    number = plan.id
    plan.drop_problems().drop(ids=["tsk_001"]).select(columns=["title"])
    changes, base = plan.changes, plan.base
    changes["after"] = "spoilt"
    base.loc[:, "title"] = "spoilt"
    made.df.loc["tsk_001", "title"] = "later"
    assert (cells(plan), complaints(plan), plan.id) == (CELLS, PROBLEMS, number)
    assert "later" not in json.dumps(list(plan.drop_problems().requests()))
    with pytest.raises(dataclasses.FrozenInstanceError):
        plan.id = "x"  # type: ignore[misc]


@pytest.mark.parametrize(
    ("narrow", "error"),
    [
        ({}, PlanError),
        ({"ids": "tsk_001"}, PlanError),
        ({"columns": "title"}, PlanError),
        ({"ids": ["tsk_019"]}, PlanError),
        ({"columns": ["titel"]}, SettingsError),
        ({"cells": pd.DataFrame({"id": ["tsk_001"]})}, PlanError),
    ],
    ids=repr,
)
def test_what_is_not_in_the_plan_can_not_be_dropped(narrow: dict[str, Any], error: type[Exception]) -> None:
    """A typo is an error, not a plan with too much in it."""
    with pytest.raises(error):
        edited().plan().drop(**narrow)


def test_requests_are_exactly_the_services_calls() -> None:
    """One call a task, only the changed fields, the version as loaded; no secrets."""
    plan = edited().plan().drop_problems()
    assert list(plan.requests()) == [
        {
            "method": "POST",
            "url": "/v1/agent/update-task",
            "json": {"taskId": "tsk_001", "version": 2, "priority": "urgent", "title": "one"},
        },
        {"method": "POST", "url": "/v1/agent/update-task", "json": {"taskId": "tsk_002", "version": 3, "title": "two"}},
        {
            "method": "POST",
            "url": "/v1/agent/update-task",
            "json": {"taskId": "tsk_003", "version": 4, "assigneeUserId": None},
        },
    ]


@settings(deadline=None, max_examples=25)
@given(
    edits=st.dictionaries(
        st.tuples(st.integers(0, 19), st.sampled_from(["title", "description", "assigneeUserId"])),
        st.text(min_size=1, max_size=6),
    )
)
def test_requests_say_what_the_changes_say(edits: dict[tuple[int, str], str]) -> None:
    """For any edits: put together, the bodies are the changes."""
    made = tasks()
    for (row, name), value in edits.items():
        made.df.loc[made.df.index[row], name] = value
    plan = made.plan()
    said = {}
    for request in plan.requests():
        body = dict(request["json"])
        task, version = body.pop("taskId"), body.pop("version")
        assert version == made.df.loc[task, "version"]
        said |= {(task, name): value for name, value in body.items()}
    assert said == cells(plan)


def test_a_task_without_a_version_is_a_problem_and_no_change() -> None:
    """What no single column can tell is checked too."""
    df = table().drop(columns="version")
    made = tf.from_frame(df, "reload")
    made.df.loc["tsk_001", "title"] = "one"
    plan = made.plan()
    assert (len(plan), complaints(plan)) == (0, {("tsk_001", None)})


def guarded(count: int = 120, **more: Any) -> Any:
    conn = tf.connect("reload", base_url="http://127.0.0.1:9", token="rl_sk_x")
    return tasks(count, conn, **more)


@pytest.mark.parametrize(("cleared", "asks"), [(50, False), (51, True)])
def test_clearing_more_than_50_cells_asks_for_the_number_of_tasks(cleared: int, asks: bool) -> None:
    """It is said in the preview, and the error does not print ready-made code."""
    made = guarded()
    made.df.iloc[:cleared, made.df.columns.get_loc("description")] = ""
    plan = made.plan()
    assert (plan.confirmation[0] == cleared) is asks
    if asks:
        for confirm in (None, 50, True):
            with pytest.raises(ConfirmationNeeded, match="this plan clears 51 cells") as error:
                plan.apply(confirm=confirm)
            assert "confirm=51" not in str(error.value)


@pytest.mark.parametrize(("touched", "whole", "asks"), [(60, True, False), (61, True, True), (61, False, False)])
def test_touching_more_than_half_of_all_tasks_asks_too(touched: int, whole: bool, asks: bool) -> None:
    """Of a load that is all there is; of some tasks that were asked for it is what one wants."""
    made = guarded(whole=whole)
    made.df.iloc[:touched, made.df.columns.get_loc("title")] = "same"
    plan = made.plan()
    assert (plan.confirmation[0] == touched) is asks
    if asks:
        with pytest.raises(ConfirmationNeeded, match="more than half of all tasks"):
            plan.apply()


def test_apply_refuses_while_a_problem_is_left() -> None:
    """And without a connection: with what to do."""
    plan = edited().plan()
    with pytest.raises(PlanError, match="no connection"):
        plan.apply()
    made = guarded(20)
    made.df.loc["tsk_001", "title"] = ""
    with pytest.raises(PlanError, match=r"1 problem is left: .*drop_problems\(\)"):
        made.plan().apply()
    with pytest.raises(PlanError, match="left"):
        made.plan().dry_run()


def test_a_saved_plan_is_the_same_plan_for_somebody_else(tmp_path: Path) -> None:
    """Its id, changes, problems, warnings and requests; elsewhere it is refused."""
    made = edited()
    conn = tf.connect("reload", base_url="http://127.0.0.1:9", token="rl_sk_secret")
    mine = tf.from_frame(table(), conn)
    plan = mine.plan(made.df.assign(identifier="x", mine=1))
    plan.save(tmp_path / "monday.plan")
    assert b"rl_sk" not in (tmp_path / "monday.plan").read_bytes()
    with tf.connect("reload", base_url="http://127.0.0.1:9", token="rl_sk_other") as other:
        opened = tf.open_plan(tmp_path / "monday.plan", other)
        assert opened.id == plan.id
        assert cells(opened) == cells(plan)
        assert opened.warnings == plan.warnings == ("18 edits in the read-only column identifier ignored",)
        pd.testing.assert_frame_equal(opened.problems, plan.problems)
        assert list(opened.drop_problems().requests()) == list(plan.drop_problems().requests())
    elsewhere = tf.connect("reload", base_url="http://127.0.0.1:10", token="rl_sk_other")
    with elsewhere, pytest.raises(PlanError):
        tf.open_plan(tmp_path / "monday.plan", elsewhere)


def test_a_plan_of_another_frame_is_compared_with_the_load() -> None:
    """`tasks.plan(frame)` leaves tasks.df alone, and the other way round."""
    made = tasks()
    made.df.loc["tsk_000", "title"] = "in df"
    copy = made.df.assign(title="all")
    assert len(made.plan()) == 1
    assert len(made.plan(copy)) == 20
    assert len(made.plan(copy, ids=["tsk_004"], columns=["title"])) == 1
    made.df = copy
    assert len(made.plan()) == 20
    with pytest.raises(FrameError):
        made.df = {"title": "x"}  # type: ignore[assignment]


@pytest.mark.parametrize("narrow", ["select", "drop"])
def test_a_row_with_a_problem_stays_one_whichever_columns_are_chosen(narrow: str) -> None:
    """So that no choice of columns lets a stale or unknown row slip past `apply`."""
    plan = edited().plan()
    rows = {pair for pair in PROBLEMS if pair[1] is None}
    assert rows
    assert rows <= complaints(getattr(plan, narrow)(columns=["status"]))


@pytest.mark.parametrize(
    "slip",
    ["theirs", "reprot", "Overwrite", "skip", "", None, False, 0, {}, lambda **cells: None, lambda theirs: theirs],
)
def test_a_slip_in_on_conflict_overwrites_nobody(slip: Any) -> None:
    """Anything but 'report', 'overwrite' or a function of five is refused before anything is sent."""
    plan = edited().plan().drop_problems()
    with pytest.raises(SettingsError, match="on_conflict"):
        plan.apply(on_conflict=slip)


@pytest.mark.parametrize("cells_", [pd.Series(["tsk_001"]), ["tsk_001"], pd.DataFrame({"id": ["tsk_001"]})])
def test_cells_that_are_no_rows_of_changes_are_refused_with_words(cells_: Any) -> None:
    """`cells=plan.changes["id"]` is a natural try."""
    with pytest.raises(PlanError, match=r"rows of plan\.changes"):
        edited().plan().select(cells=cells_)


@pytest.mark.parametrize("form", [list, set, tuple, pd.Index, pd.Series, np.array, iter], ids=lambda f: f.__name__)
@pytest.mark.parametrize("count", [1, 2])
def test_ids_come_as_pandas_gives_them(form: Any, count: int) -> None:
    """`plan.select(ids=plan.problems["id"])` is the natural thing to write."""
    plan = edited().plan()
    names = ["tsk_001", "tsk_002"][:count]
    assert {task for task, _ in cells(plan.select(ids=form(names)))} == set(names)
    assert not {task for task, _ in cells(plan.drop(ids=form(names)))} & set(names)
    assert set(plan.select(columns=form(["title"])).changes["column"]) == {"title"}


@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_the_previews_numbers_are_those_of_the_plan(data: st.DataObject) -> None:
    """For any edits, narrowed in any way: cells cleared first, then tasks, calls and cells; the table adds up."""
    made = tasks()
    texts = st.sampled_from(["", "one", "two"])
    for row in data.draw(st.sets(st.integers(0, 19))):
        made.df.loc[made.df.index[row], "description"] = data.draw(texts)
    for row in data.draw(st.sets(st.integers(0, 19))):
        made.df.loc[made.df.index[row], "assigneeUserId"] = data.draw(st.sampled_from([None, "u_2"]))
    for row in data.draw(st.sets(st.integers(0, 19), max_size=4)):
        made.df.loc[made.df.index[row], "title"] = data.draw(texts)
    plan = made.plan()
    if len(plan):
        ids = data.draw(st.lists(st.sampled_from(sorted(set(plan.changes["id"]))), unique=True))
        cut = plan.changes[data.draw(st.lists(st.booleans(), min_size=len(plan.changes), max_size=len(plan.changes)))]
        plan = data.draw(
            st.sampled_from(
                [plan, plan.select(ids=ids), plan.drop(ids=ids), plan.select(cells=cut), plan.drop(cells=cut)]
            )
        )
    changes = plan.changes
    empty = changes["after"].map(lambda v: v is None or v == "") & ~changes["before"].map(
        lambda v: v is None or v == ""
    )
    gone = int(empty.sum())
    first, second, *rest = repr(plan).splitlines()
    assert first.startswith(
        "1 cell is CLEARED" if gone == 1 else f"{gone} cells are {'CLEARED' if gone else 'cleared'}"
    )
    if not len(changes):
        assert second == "Nothing to do"
        return
    number, calls, *_ = (int(word.split()[0]) for word in second.split(" · ")[:3])
    assert (number, calls) == (changes["id"].nunique(), len(list(plan.requests()))) == (len(plan), len(plan))
    for column, cells_ in changes["column"].value_counts().items():
        assert any(line.split()[:2] == [column, str(cells_)] for line in rest)


def test_a_plan_that_is_narrowed_to_its_problems_says_so() -> None:
    """Nothing to do, and why; without them it says what to do."""
    made = tasks()
    made.df.loc["tsk_001", "title"] = ""
    plan = made.plan()
    assert "Nothing to do" in repr(plan)
    assert "1 PROBLEM: apply refuses while any is left" in repr(plan)
    assert "no edits in tasks.df" not in repr(plan)
