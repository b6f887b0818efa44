"""What may be asked for: filters, ids, a limit. And what a load says of itself."""

from __future__ import annotations

import enum
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest

import taskframe as tf


def _server(box: tf.LocalSandbox, **wanted: str) -> set[str]:
    return {t["id"] for t in box["reload"].tasks() if all(t[k] == v for k, v in wanted.items())}


class Status(enum.Enum):
    TODO = "todo"


@pytest.mark.parametrize(
    "statuses",
    [
        ["todo", "blocked"],
        ("todo", "blocked"),
        {"todo", "blocked"},
        pd.Series(["todo", "blocked"]),
        pd.Index(["todo", "blocked"]),
        np.array(["todo", "blocked"]),
        (s for s in ["todo", "blocked"]),
    ],
    ids=lambda v: type(v).__name__,
)
def test_a_filter_takes_several_values(
    box: tf.LocalSandbox, conn: tf.Connection, statuses: Any, tmp_path: Path
) -> None:
    """Any kind of list will do, a generator too; the frame remembers it as plain values."""
    tasks = conn.load(status=statuses)
    assert set(tasks.df.index) == _server(box, status="todo") | _server(box, status="blocked")
    plan = tasks.plan()
    assert sorted(plan.load.filters["status"]) == ["blocked", "todo"]
    plan.save(tmp_path / "a.plan")
    assert tf.open_plan(tmp_path / "a.plan", conn).load.filters == plan.load.filters
    assert not plan.load.whole


def test_filters_are_the_services_own(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """By name or in filters=, one value or several, also as enums; several filters narrow."""
    assert set(conn.load(filters={"status": "todo"}).df.index) == _server(box, status="todo")
    assert set(conn.load(status=Status.TODO).df.index) == _server(box, status="todo")
    assert set(conn.load(filters={"status": ["todo"]}, priority="high").df.index) == _server(
        box, status="todo", priority="high"
    )


def test_what_was_asked_for_is_not_changed_from_outside(conn: tf.Connection) -> None:
    """A list that is changed after the load does not change what the frame says it is."""
    wanted = ["todo"]
    tasks = conn.load(status=wanted)
    wanted.append("done")
    assert tasks.plan().load.filters == {"status": ["todo"]}


def test_mine_is_what_is_assigned_to_the_caller(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """`mine=True` reads list-my-tasks, and only that."""
    me = box["reload"].caller["id"]
    tasks = conn.load(mine=True)
    assert set(tasks.df.index) == _server(box, assigneeUserId=me)
    assert {call.path for call in box.log} == {"/v1/agent/list-my-tasks"}


@pytest.mark.parametrize(
    ("wanted", "words"),
    [
        ({"stauts": "todo"}, "'status'"),
        ({"assignee": "usr_1"}, "assigneeUserId"),
        ({"status": "tood"}, "'todo'"),
        ({"status": ["todo", "dnoe"]}, "'done'"),
        ({"priority": "hihg"}, "'high'"),
        ({"status": []}, "empty"),
        ({"status": None}, "status"),
        ({"status": 3}, "status"),
        ({"mine": "yes"}, "True or False"),
        ({"mine": True, "priority": "high"}, "status only"),
        ({"limit": 0}, "limit="),
        ({"limit": -1}, "limit="),
        ({"limit": True}, "limit="),
        ({"limit": False}, "limit="),
        ({"limit": 2.0}, "limit="),
        ({"limit": "5"}, "limit="),
        ({"ids": "tsk_1"}, "ids="),
        ({"ids": [1]}, "ids="),
        ({"ids": 5}, "ids="),
        ({"filters": ["status"]}, "filters="),
        ({"filters": {"status": "todo"}, "status": "todo"}, "twice"),
        ({"progress": "yes"}, "progress="),
    ],
)
def test_what_cannot_be_right_is_said_before_the_first_call(
    box: tf.LocalSandbox, conn: tf.Connection, wanted: dict[str, Any], words: str
) -> None:
    """SettingsError with what would be right, and nothing was sent."""
    with pytest.raises(tf.SettingsError, match=words):
        conn.load(**wanted)
    assert len(box.log) == 0


@pytest.mark.parametrize("limit", [1, 99, 100, 101, 299, 300, 301, np.int64(7)])
def test_a_wanted_limit_is_no_cut_list(box: tf.LocalSandbox, conn: tf.Connection, limit: int) -> None:
    """So many and no more, and complete: that was all that was wanted. It is not taken for the whole workspace."""
    tasks = conn.load(limit=limit)
    assert len(tasks) == min(limit, 300)
    assert tasks.complete
    assert not tasks.plan().load.whole
    if limit <= 100:
        assert len(box.log) == 1


def test_ids_are_looked_for_until_all_are_found(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Only the wanted ones, each once; reading ends when they are there."""
    newest = [t["id"] for t in box["reload"].tasks()][:20]
    tasks = conn.load(ids=newest)
    assert set(tasks.df.index) == set(newest)
    assert tasks.complete
    assert len(box.log) == 1
    oldest = [t["id"] for t in box["reload"].tasks()][-1]
    for ids in ([newest[0], oldest, oldest], iter([newest[0], oldest]), pd.Index([newest[0], oldest])):
        assert set(conn.load(ids=ids).df.index) == {newest[0], oldest}


def test_ids_that_are_not_there_are_an_incomplete_load(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A task that was not found is named; with allow_incomplete the frame has the others, and says so."""
    there = box["reload"].tasks()[0]["id"]
    with pytest.raises(tf.IncompleteLoad, match="tsk_nowhere") as caught:
        conn.load(ids=[there, "tsk_nowhere"])
    assert caught.value.loaded == 1
    tasks = conn.load(ids=[there, "tsk_nowhere"], allow_incomplete=True)
    assert list(tasks.df.index) == [there]
    assert not tasks.complete


def test_ids_and_a_limit(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A limit counts the wanted ids, not the tasks that had to be read to find them."""
    oldest = [t["id"] for t in box["reload"].tasks()][-30:]
    tasks = conn.load(ids=oldest, limit=10)
    assert len(tasks) == 10
    assert set(tasks.df.index) <= set(oldest)
    assert tasks.complete


def test_no_ids_is_no_task(conn: tf.Connection) -> None:
    """An empty list of ids is an empty frame, not all tasks."""
    assert len(conn.load(ids=[])) == 0


def test_an_empty_result_has_every_column_with_its_dtype(conn: tf.Connection) -> None:
    """Code that runs on a full load runs on an empty one; it can be planned, shown and saved."""
    full, empty = conn.load(), conn.load(query="no task says this")
    assert len(empty) == 0
    assert empty.complete
    assert list(empty.df.columns) == list(full.df.columns)
    assert (empty.df.dtypes == full.df.dtypes).all()
    assert (empty.df.index.name, empty.df.index.dtype) == (full.df.index.name, full.df.index.dtype)
    assert not empty.plan()
    assert "0 tasks" in repr(empty)
    assert empty._repr_html_()


def test_an_empty_workspace_loads_and_plans() -> None:
    """No task at all is no error, though nobody tells the workspace then."""
    with tf.sandbox(tasks=0, services=["reload"]) as box, box.connect("reload", progress=False) as conn:
        tasks = conn.load()
        assert (len(tasks), tasks.complete) == (0, True)
        assert tasks.plan().apply().counts == {}


def test_a_history_window_is_told(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Tasks beyond the plan's history window are no gap, but a note that is shown, in text and in HTML."""
    box["reload"].history_cutoff = (1_234, "2025-01-01T00:00:00Z")
    tasks = conn.load()
    assert tasks.complete
    (note,) = tasks.notes
    assert "1,234" in note
    for shown in (repr(tasks), tasks._repr_html_(), repr(tasks.plan()), tasks.plan()._repr_html_()):
        assert "1,234" in shown
        assert "history window" in shown


def test_two_loads_do_not_share(conn: tf.Connection) -> None:
    """Each load is a frame of its own; editing one leaves the other."""
    one, two = conn.load(), conn.load()
    one.df["priority"] = "high"
    assert len(one.plan())
    assert not two.plan()


def test_a_page_that_fails_is_read_again(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Failures on the way cost time, not tasks."""
    for kind in ("drop", "html"):
        box.faults.add(kind, match="list-tasks")
    assert len(conn.load()) == 300


def test_a_key_that_sees_only_its_own_loads_its_own(box: tf.LocalSandbox) -> None:
    """What the key may not see is not in the list, and that is no cut list."""
    token = box["reload"].token(sees="own")
    with box.connect("reload", token=token, progress=False) as conn:
        tasks = conn.load()
    assert 0 < len(tasks) < 300
    assert tasks.complete
