"""What a plan knows of itself and of the load behind it: what its preview shows, and what its file holds."""

from __future__ import annotations

import json
import re
from collections.abc import Iterator, Sequence
from dataclasses import fields, replace
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from offline import cells, table, tasks

import taskframe as tf
from taskframe.catalogue import Catalogue
from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit
from taskframe.frame import TaskFrame
from taskframe.plan import Plan
from taskframe.preview.views import PlanView, Shift
from taskframe.problem import Problem
from taskframe.services.reload import Reload


@pytest.fixture
def conn() -> Iterator[tf.Connection]:
    """Knows u_7, whom no task has; three calls a second."""
    with tf.connect(
        "reload", base_url="http://127.0.0.1:9", token="rl_sk_x", people={"u_7": "Grace"}, rate=tf.Limit(3, per=1)
    ) as conn:
        yield conn


def loaded(conn: Any, **more: Any) -> TaskFrame:
    """A part of a cut list of todos, by what is known of the load."""
    made = tasks(6, conn)
    load = replace(made._load, filters={"status": "todo"}, limited=True, complete=False, notes=["of the load"], **more)
    return TaskFrame(made.df, load, None if isinstance(conn, str) else conn)


def edited(conn: Any) -> tuple[TaskFrame, Plan]:
    made = loaded(conn)
    df = made.df
    df.loc[["tsk_000", "tsk_001", "tsk_002"], "assigneeUserId"] = ["u_9", "u_9", "u_7"]
    df.loc["tsk_004", "assigneeUserId"] = "u_1"
    df.loc["tsk_003", "title"] = ""
    df.loc["tsk_004", "identifier"] = "X"
    return made, made.plan(df.assign(mine=1))


def test_the_preview_is_told_all_that_is_known(conn: tf.Connection) -> None:
    """Of the load: where, when, what was asked for, whether it is whole; of the plan: everything in it."""
    made, plan = edited(conn)
    load = made._load
    view = PlanView(
        service="Reload",
        source="http://127.0.0.1:9 · workspaceId ws_1",
        loaded_at=load.loaded_at,
        complete=False,
        filters={"status": "todo"},
        limited=True,
        changes=plan.view.changes,
        schema=load.schema,
        calls=4,
        problems=(Problem("length", "tsk_003", "title", "", "title can't be empty"),),
        warnings=("1 edit in the read-only column identifier ignored",),
        ignored=("mine",),
        notes=("of the load", "of the edits"),
        unseen={"assigneeUserId": {"u_9": 2}},
        names={"u_7": "Grace"},
        identifiers={"tsk_003": "T-3"},
        seconds=4 / 3,
        shifts=(Shift("assigneeUserId", ((None, 3, 0), ("u_9", 0, 2), ("u_7", 0, 1))),),
        hint="nothing that can be sent: see the warnings",
    )
    plan = replace(plan, _notes=("of the edits",))
    for name in (f.name for f in fields(PlanView)):
        assert getattr(plan.view, name) == getattr(view, name), name
    assert plan.view.changes.frame().equals(plan.changes)
    assert (len(plan), bool(plan), plan.calls, plan.load, plan.schema) == (4, True, 4, load, load.schema)
    assert (plan.connection, plan.frame, plan.source) == (conn, made, load.source)
    assert (plan.ignored, plan.notes) == (("mine",), ("of the load", "of the edits"))


def test_the_preview_is_told_what_apply_wants_to_know_and_what_stays_open() -> None:
    """The number of tasks where it is asked for; and where versions guard nothing, what reading ahead costs."""
    made = tasks(3, whole=True)
    made.df["title"] = "alike"
    assert (made.plan().view.confirm, made.plan().view.confirm_why) == (
        3,
        "this plan touches more than half of all tasks",
    )
    assert made.plan().confirmation == (3, "this plan touches more than half of all tasks")
    task = pd.DataFrame({"id": ["a", "b"], "title": "a", "status": "backlog", "priority": 1})
    unguarded = tf.from_frame(task, "pragmatiks")
    unguarded.df["title"] = "b"
    assert "costs at least 2 calls; verify=" in unguarded.plan().view.open_risk
    unguarded.df["status"] = "assigned"  # by a call of its own, for the same two tasks
    plan = unguarded.plan()
    assert (len(plan), plan.calls) == (2, 4)
    assert "costs at least 2 calls; verify=" in plan.view.open_risk
    with tf.connect("pragmatiks", base_url="http://127.0.0.1:9", token="x", rate=tf.Limit(1, per=60)) as slow:
        unguarded = tf.from_frame(task, slow)
        unguarded.df["title"] = "b"
        words = unguarded.plan().view.open_risk  # two minutes of writing: each task is read four times
        assert "costs at least 8 calls, 8 minutes at the known rate" in words


def test_a_plan_without_a_connection_knows_no_rate_and_whom_the_load_tells_of() -> None:
    made = tasks(3)
    made.df.loc["tsk_000", "assigneeUserId"] = "u_9"
    plan = made.plan()
    assert (plan.connection, plan.view.seconds, plan.view.names) == (None, None, {})
    assert plan.view.unseen == {"assigneeUserId": {"u_9": 1}}
    assert bool(plan) is True  # one task is enough
    assert bool(tasks(3).plan()) is False
    assert re.fullmatch("[0-9a-f]{16}", plan.id)


def test_what_an_empty_plan_says() -> None:
    """To look for the edits in a copy, where there could be one; a plan of a given frame is that copy."""
    made = tasks(3)
    assert made.plan().view.hint == "no edits in tasks.df; edited a copy? tasks.plan(copy)"
    assert "no edits in tasks.df; edited a copy?" in repr(made.plan())
    plan = made.plan().hinted("nothing here")
    assert (plan.view.hint, "nothing here" in repr(plan), "nothing here" in plan._repr_html_()) == (
        "nothing here", True, True,
    )  # fmt: skip


def test_the_preview_is_as_wide_as_is_asked_for() -> None:
    """A hundred columns by themselves; colours only where they are wanted."""
    made = tasks(3)
    made.df["title"] = "a rather long title that can't be shown in a narrow terminal, " * 3
    plan = made.plan()
    widths = [max(map(len, plan.text(width=width).splitlines())) for width in (60, 100, 140)]
    assert widths[0] <= 60 < widths[1] <= 100 < widths[2] <= 140
    assert plan.text() == plan.text(width=100) == repr(plan)
    assert "\x1b[" not in plan.text()
    assert "\x1b[" in plan.text(colour=True)


def test_a_file_holds_what_the_preview_needs(conn: tf.Connection, tmp_path: Path) -> None:
    """As plain JSON: who was never seen, and the identifiers of tasks with problems, as their load is not in it."""
    made, plan = edited(conn)
    plan = replace(plan, _notes=("of the edits",), parent="r1")
    assert plan.head == {
        "id": plan.id,
        "parent": "r1",
        "load": made._load.to_json(),
        "problems": [
            {"kind": "length", "id": "tsk_003", "column": "title", "value": "", "problem": "title can't be empty",
             "line": None}
        ],
        "identifiers": {"tsk_003": "T-3"},
        "strangers": {"assigneeUserId": ["u_9"]},
        "warnings": ["1 edit in the read-only column identifier ignored"],
        "ignored": ["mine"],
        "notes": ["of the edits"],
    }  # fmt: skip
    assert set(plan.payload) == {*plan.head, "changes"}
    plan.save(tmp_path / "monday.plan")
    with tf.connect("reload", base_url="http://127.0.0.1:9", token="rl_sk_y") as other:
        opened = tf.open_plan(tmp_path / "monday.plan", other)
        assert opened.view.unseen == {"assigneeUserId": {"u_9": 2}}
        assert opened.view.identifiers == {"tsk_003": "T-3"}
        assert (opened.frame, opened.view.shifts, opened.connection) == (None, (), other)
        assert opened.head == plan.head
        part = opened.select(ids=["tsk_002"])
        assert part.view.unseen == {}


def test_strangers_are_told_in_the_order_of_their_ids() -> None:
    """So that one plan makes one file."""
    made = tasks(4)
    made.df["assigneeUserId"] = ["u_9", "u_5", "u_8", None]
    assert made.plan().head["strangers"] == {"assigneeUserId": ["u_5", "u_8", "u_9"]}


def test_who_had_a_task_when_it_was_loaded_is_no_stranger() -> None:
    """Also where nobody has one any more; and what is no column of people has no strangers."""
    made = tasks(4, assigneeUserId=["u_1", "u_2", None, None])
    made.df["assigneeUserId"] = ["u_2", "u_1", "u_2", None]
    made.df["title"] = "unheard of"
    assert made.plan().view.unseen == {}


@pytest.mark.parametrize("value", [None, True, 7, 2.5, "text"])
def test_plain_values_of_problems_stay_what_they_are(value: Any) -> None:
    plan = replace(tasks(3).plan(), _problems=(Problem("type", "tsk_000", "title", value, "no"),))
    held = plan.head["problems"][0]["value"]
    assert (held, type(held)) == (value, type(value))


def test_other_values_of_problems_are_written_as_text() -> None:
    """Whatever stood in the cell, a plan can be saved."""
    made = tasks(3)
    made.df["title"] = made.df["title"].astype("object")
    made.df.at["tsk_000", "title"] = ["a", 1]
    (problem,) = made.plan().head["problems"]
    assert problem["value"] == "['a', 1]"
    json.dumps(made.plan().head)


def test_identifiers_are_those_of_tasks_with_problems() -> None:
    """Of a row without an id there is none; nor where none were loaded, or the service has none."""
    made = tasks(4)
    df = made.df.astype({"title": "object"})
    df.loc[["tsk_000", "tsk_001"], "title"] = ""
    df.loc["tsk_003", "title"] = "fine"
    plan = made.plan(pd.concat([df, df.iloc[[2]].rename({"tsk_002": None})]))
    assert {p.id for p in plan._problems} == {"tsk_000", "tsk_001", None}
    assert plan.view.identifiers == {"tsk_000": "T-0", "tsk_001": "T-1"}
    bare = tf.from_frame(table(3).drop(columns="identifier"), "reload")
    bare.df.loc["tsk_000", "title"] = ""
    assert bare.plan().view.identifiers == {}
    task = pd.DataFrame({"id": ["a"], "title": "a", "status": "backlog", "priority": 1})
    nameless = tf.from_frame(task, "pragmatiks")
    nameless.df["status"] = "gone"
    assert (len(nameless.plan().problems), nameless.plan().view.identifiers) == (1, {})


def test_what_was_to_be_sent_of_some_tasks() -> None:
    """Their cells, by column and position; and the changes in parts, all of them."""
    made = tasks(5)
    made.df["title"] = [f"new {n}" for n in range(5)]
    made.df.loc["tsk_001", "priority"] = "urgent"
    plan = made.plan()
    sent = plan.sent(["tsk_001", "tsk_003", "tsk_004"], but={"tsk_003": {}})
    assert {name: dict(zip(cells.at.tolist(), cells.values, strict=True)) for name, cells in sent.items()} == {
        "title": {0: "new 1", 2: "new 4"}, "priority": {0: "urgent"},
    }  # fmt: skip
    assert [list(part.ids) for part in plan.parts(2)] == [["tsk_000", "tsk_001"], ["tsk_002", "tsk_003"], ["tsk_004"]]
    assert [edit.id for edit in plan.edits()] == list(plan.base.index) == [f"tsk_00{n}" for n in range(5)]


def test_another_try_of_a_part_has_no_problems() -> None:
    """The same changes, of these tasks only, as a child of the run; what was a problem was never sent."""
    made = tasks(5)
    made.df["title"] = ["", "new 1", "new 2", "new 3", "new 4"]
    plan = replace(made.plan(), _notes=("of the edits",))
    again = plan.again(["tsk_001", "tsk_003"], parent="r1")
    assert cells(again) == {("tsk_001", "title"): "new 1", ("tsk_003", "title"): "new 3"}
    assert (len(plan.problems), len(again.problems), again.parent) == (1, 0, "r1")
    assert again._notes == ("of the edits", "what run r1 left")
    assert (again.id != plan.id, again.frame, again.load) == (True, made, plan.load)


class Picky(Reload):
    """Takes no title "bad"."""

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
        return [Problem("service", edit.id, "title", "bad", "no")] if edit.after["title"] == "bad" else []


def test_other_changes_of_the_same_tasks_are_checked_like_any(conn: tf.Connection) -> None:
    """As a child of the run, with its own notes and problems; what the service would not take is one more."""
    made = loaded(conn, service=Picky())
    base = next(iter(made.plan(made.df.assign(title="x")).edits())).base
    edits = [Edit("tsk_000", base, {"title": "b"}), Edit("tsk_001", base, {"title": "bad"})]
    problem = Problem("null", "tsk_002", "title", None, "no")
    plan = made.plan()
    after = plan.after(Changes.of(edits, plan.schema), parent="r1", problems=[problem], notes=["a note"])
    assert cells(after) == {("tsk_000", "title"): "b"}
    assert {(p.id, p.kind) for p in after._problems} == {("tsk_002", "null"), ("tsk_001", "service")}
    assert (after.parent, after.notes) == ("r1", (*plan.load.notes, "a note"))
    assert (after.connection, after.frame) == (conn, made)
