"""Kore's names from the load to the server: what an analyst writes, what goes out, what is refused."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from tests.conftest import Python

STATUSES = ["Open", "In-Progress", "Waiting on Customer", "Resolved", "Closed"]


def _held(box: tf.LocalSandbox, task: str, key: str = "status") -> Any:
    return box["kore"].task(task)[key]["name"]


def _problem(tasks: tf.TaskFrame) -> str:
    plan = tasks.plan()
    (words,) = set(plan.problems["problem"])
    assert len(plan) == 0
    return str(words)


def _sent(plan: tf.Plan) -> list[Any]:
    return [request["json"] for request in plan.requests()]


# unknown


def test_an_unknown_name_is_refused_with_those_that_are_known(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Before anything is sent, with the one that was meant."""
    tasks = conn.load()
    calls = len(box.log)
    tasks.df.loc[tasks.df.index[:2], "status.name"] = "Closd"
    words = _problem(tasks)
    assert "did you mean 'Closed'?" in words
    for name in STATUSES:
        assert name in words
    with pytest.raises(tf.PlanError):
        tasks.plan().apply()
    assert len(box.log) == calls


def test_a_narrow_load_knows_what_an_earlier_one_saw(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A list of open tasks does not show what "Closed" is; an earlier load of the same connection did."""
    conn.load()
    tasks = conn.load(status=["Open"])
    assert set(tasks.df["status.name"]) == {"Open"}
    task = tasks.df.index[0]
    tasks.df.loc[task, "status.name"] = "Closed"
    assert tasks.plan().apply().ok
    assert _held(box, task) == "Closed"
    assert tasks.df.loc[task, ["status.name", "status.statusCategory"]].tolist() == ["Closed", "closed"]


def test_a_status_that_nobody_saw_is_a_problem_until_it_is_added(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The problem names those known; `conn.catalogue` takes more, for the loads that follow."""
    tasks = conn.load(status=["Open"])
    task = tasks.df.index[0]
    tasks.df.loc[task, "status.name"] = "Closed"
    words = _problem(tasks)
    assert "Open" in words
    assert "In-Progress" not in words
    closed = next(s for s in box["kore"].account.statuses if s["name"] == "Closed")
    conn.catalogue = conn.catalogue.merge(tf.Catalogue({"status.name": {"Closed": closed}}))
    tasks = conn.load(status=["Open"])
    tasks.df.loc[task, "status.name"] = "Closed"
    assert tasks.plan().apply().ok
    assert _held(box, task) == "Closed"


def test_what_the_user_adds_may_be_no_more_than_an_id(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The least that the account takes."""
    tasks = conn.load(status=["Open"])
    closed = next(s for s in box["kore"].account.statuses if s["name"] == "Closed")
    conn.catalogue = conn.catalogue.merge(tf.Catalogue({"status.name": {"Closed": {"_id": closed["_id"]}}}))
    tasks = conn.load(status=["Open"])
    task = tasks.df.index[0]
    tasks.df.loc[task, "status.name"] = "Closed"
    plan = tasks.plan()
    assert len(plan.problems) == 0
    assert _sent(plan) == [{"status": {"_id": closed["_id"]}}]
    assert plan.apply().ok
    assert _held(box, task) == "Closed"
    assert tasks.df.loc[task, "status.name"] == "Closed"
    assert len(tasks.plan()) == 0


# duplicate


def test_two_statuses_of_one_name_are_told_apart_by_id(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The name is ambiguous, with the ids to choose from; an id is taken, and the other twin is another value."""
    twin = box["kore"].account.duplicate("status", "Closed")
    closed = box["kore"].account.colleague("status", "Closed")
    tasks = conn.load()
    one, two, three = tasks.df.index[tasks.df["status.name"] == "Open"][:3]
    box["kore"].edit(three, status=twin["_id"])
    tasks = conn.load()
    tasks.df.loc[one, "status.name"] = "Closed"
    words = _problem(tasks)
    assert closed["_id"] in words
    assert twin["_id"] in words
    tasks.df.loc[one, "status.name"] = twin["_id"]
    tasks.df.loc[two, "status.name"] = closed["_id"]
    report = tasks.plan().apply()
    assert report.counts == {"applied": 2}
    assert box["kore"].task(one)["status"]["_id"] == twin["_id"]
    assert box["kore"].task(two)["status"]["_id"] == closed["_id"]


def test_after_a_reply_shared_names_are_settled_by_their_ids(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The reply shows the shared name beside the id that was meant: the frame follows, and nothing is left to do."""
    twin = box["kore"].account.duplicate("priority", "High")
    tasks = conn.load()
    one, two = tasks.df.index[tasks.df["priority.name"] == "Low"][:2]
    box["kore"].edit(two, priority=twin["_id"])
    tasks = conn.load()
    tasks.df.loc[one, "priority.name"] = twin["_id"]
    report = tasks.plan().apply()
    assert report.counts == {"applied": 1}
    assert tasks.df.loc[one, ["priority.name", "priority._id"]].tolist() == ["High", twin["_id"]]
    assert len(tasks.plan()) == 0
    assert len(tasks.plan().problems) == 0


def test_the_other_of_two_with_one_name_is_an_edit_of_others(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A colleague sets the twin that we do not mean: a conflict; the one that we mean: `unchanged`."""
    account = box["kore"].account
    twin, closed = account.duplicate("status", "Closed"), account.colleague("status", "Closed")
    tasks = conn.load()
    ours, theirs, seen = tasks.df.index[tasks.df["status.name"] == "Open"][:3]
    box["kore"].edit(seen, status=twin["_id"])
    tasks = conn.load()
    tasks.df.loc[[ours, theirs], "status.name"] = twin["_id"]
    plan = tasks.plan()
    box["kore"].edit(ours, status=twin["_id"])
    box["kore"].edit(theirs, status=closed["_id"])
    report = plan.apply()
    assert report.outcomes["outcome"].to_dict() == {ours: "unchanged", theirs: "conflict"}
    assert box["kore"].task(theirs)["status"]["_id"] == closed["_id"]


# renamed


def test_a_status_that_is_renamed_while_we_edit(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The object is the same one: it goes out, it is no edit by others, and the frame shows the new name."""
    tasks = conn.load()
    task, other = tasks.df.index[tasks.df["status.name"] == "Open"][:2]
    tasks.df.loc[task, "status.name"] = "Closed"
    plan = tasks.plan()
    box["kore"].account.rename("status", "Open", "To do")
    tasks2 = conn.load(ids=[other])
    assert tasks2.df.loc[other, "status.name"] == "To do"
    report = plan.apply()
    assert report.counts == {"applied": 1}, report
    assert _held(box, task) == "Closed"


def test_the_name_that_we_write_was_renamed_before_the_write(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Sent by its id all the same."""
    box["kore"].short_forms = "never"
    tasks = conn.load()
    task = tasks.df.index[tasks.df["status.name"] == "Open"][0]
    tasks.df.loc[task, "priority.name"] = "Critical"
    box["kore"].account.rename("priority", "Critical", "Blocker")
    tasks2 = conn.load()
    assert "Blocker" in set(tasks2.df["priority.name"])
    tasks2.df.loc[task, "priority.name"] = "Critical"  # what everybody still calls it
    plan = tasks2.plan()
    assert len(plan.problems) == 0
    assert plan.apply().ok
    assert _held(box, task, "priority") == "Blocker"
    assert tasks2.df.loc[task, "priority.name"] == "Blocker"
    assert len(tasks2.plan()) == 0


@pytest.mark.parametrize("kind", ["drop", "drop-after"])
def test_a_lost_reply_is_settled_although_the_objects_were_renamed(
    box: tf.LocalSandbox, conn: tf.Connection, kind: str
) -> None:
    """The read shows objects under their new names: ours is there, or nothing moved; either way it is written once."""
    account = box["kore"].account
    closed = account.colleague("status", "Closed")["_id"]
    conn.catalogue = tf.Catalogue({"status.name": {"Closed": {"_id": closed}}})
    tasks = conn.load(status=["Open"])
    rows = tasks.df.index[:5]
    tasks.df.loc[rows, "status.name"] = "Closed"
    plan = tasks.plan()
    account.rename("status", "Closed", "Done")
    account.rename("status", "Open", "To do")
    box.faults.add(kind, times=5, match="/updateTask/")
    report = plan.apply()
    assert report.counts == {"applied": 5}, report
    assert [box["kore"].task(task)["status"]["_id"] for task in rows] == [closed] * 5
    assert sorted(record.task_id or "" for record in box.log.writes()) == sorted(rows)
    assert set(tasks.df.loc[rows, "status.name"]) == {"Done"}
    assert len(tasks.plan()) == 0


# short forms


@pytest.mark.parametrize("forms", ["some", "always", "never"])
def test_objects_in_short_form_go_out_as_they_were_seen(box: tf.LocalSandbox, conn: tf.Connection, forms: Any) -> None:
    """Statuses and priorities whose replies lack most of their keys."""
    box["kore"].short_forms = forms
    tasks = conn.load()
    open_tasks = tasks.df.index[tasks.df["status.name"] == "Open"]
    tasks.df.loc[open_tasks, "status.name"] = "Resolved"
    tasks.df.loc[open_tasks, "priority.name"] = "Critical"
    plan = tasks.plan()
    (shape,) = {tuple(body["status"]) for body in _sent(plan)}
    assert ("lname" in shape) is (forms != "always")
    assert plan.apply().ok
    assert {_held(box, t) for t in open_tasks} == {"Resolved"}
    assert {_held(box, t, "priority") for t in open_tasks} == {"Critical"}
    assert len(tasks.plan()) == 0


# in a new process

OPEN_PLAN = """
import json, sys, taskframe as tf
settings = json.loads(sys.argv[1])
with tf.connect("kore", progress=False, rate=[], **settings) as conn:
    plan = tf.open_plan(sys.argv[2], conn)
    shown, requests = repr(plan), list(plan.requests())
    report = plan.apply()
    print(json.dumps([shown, requests, report.counts, len(conn.people)]))
"""

OPEN_TASKS = """
import json, sys, taskframe as tf
settings = json.loads(sys.argv[1])
with tf.connect("kore", progress=False, rate=[], **settings) as conn:
    tasks = tf.open_tasks(sys.argv[2], conn)
    tasks.df.loc[tasks.df["status.name"] == "Waiting on Customer", "status.name"] = "Closed"
    table = tasks.reassign(sys.argv[3], sys.argv[4])
    plan = tasks.plan()
    report = plan.apply(confirm=len(plan))
    print(json.dumps([report.counts, len(tasks.plan()), int(table["dealt"].sum())]))
"""


def test_a_saved_plan_knows_its_objects_in_a_new_process(
    box: tf.LocalSandbox, conn: tf.Connection, python: Python, tmp_path: Path
) -> None:
    """The same preview, the same requests, objects and all; applied there; nobody had to load anything."""
    tasks = conn.load()
    rows = tasks.df.index[tasks.df["status.name"] == "Open"][:5]
    person = conn.people.iloc[0]
    tasks.df.loc[rows, "status.name"] = "Closed"
    tasks.df.loc[rows, "currAssignee._id"] = person["id"]
    plan = tasks.plan()
    path = tmp_path / "monday.plan"
    plan.save(path)
    done = python(OPEN_PLAN, json.dumps(box.settings("kore")), str(path))
    assert done.returncode == 0, done.stderr
    shown, requests, counts, known = json.loads(done.stdout)
    assert shown == repr(plan)
    assert requests == list(plan.requests())
    assert requests[0]["json"]["status"]["name"] == "Closed"
    assert counts == {"applied": 5}
    assert known == len(conn.people)
    assert {_held(box, task) for task in rows} == {"Closed"}
    assert {_held(box, task, "currAssignee") for task in rows} == {person["name"]}


def test_a_saved_frame_goes_on_in_a_new_process(
    box: tf.LocalSandbox, conn: tf.Connection, python: Python, tmp_path: Path
) -> None:
    """Its edits, its names and its people."""
    tasks = conn.load()
    task = tasks.df.index[tasks.df["status.name"] == "Open"][0]
    tasks.df.loc[task, "priority.name"] = "Critical"
    waiting = tasks.df.index[tasks.df["status.name"] == "Waiting on Customer"]
    counts = tasks.df["currAssignee.name"].value_counts()
    source, target = counts.index[0], counts.index[1]
    path = tmp_path / "monday.tasks"
    tasks.save(path)
    done = python(OPEN_TASKS, json.dumps(box.settings("kore")), str(path), source, target)
    assert done.returncode == 0, done.stderr
    outcomes, left, dealt = json.loads(done.stdout)
    assert outcomes.keys() == {"applied"}
    assert left == 0
    assert dealt == counts.iloc[0]
    assert _held(box, task, "priority") == "Critical"
    assert {_held(box, t) for t in waiting} == {"Closed"}
    held = [t["currAssignee"].get("name") for t in box["kore"].tasks()]
    assert held.count(target) == counts.iloc[0] + counts.iloc[1]
    assert held.count(source) == 0


# the service's own record


def test_the_systems_own_record_is_editable_by_name(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path) -> None:
    """`editable=["createdAt"]`: planned, saved, opened again and applied; without it, one warning and nothing sent."""
    tasks = conn.load()
    task = tasks.df.index[0]
    tasks.df.loc[task, "createdAt"] += tf_day()
    plan = tasks.plan()
    assert len(plan) == 0
    (warning,) = plan.warnings
    assert "load(editable=['createdAt'])" in warning.replace('"', "'")

    tasks = conn.load(editable=["createdAt"])
    when = tasks.df.loc[task, "createdAt"] + tf_day()
    tasks.df.loc[task, "createdAt"] = when
    frame, monday = tmp_path / "monday.tasks", tmp_path / "monday.plan"
    tasks.save(frame)
    again = tf.open_tasks(frame, conn)
    assert again.schema["createdAt"].editable
    plan = again.plan()
    plan.save(monday)
    opened = tf.open_plan(monday, conn)
    assert list(opened.requests()) == list(plan.requests())
    assert opened.apply().counts == {"applied": 1}
    assert box["kore"].task(task)["createdAt"] == when.isoformat(timespec="milliseconds").replace("+00:00", "Z")


def tf_day() -> Any:
    import pandas as pd

    return pd.Timedelta(days=1)


@pytest.mark.parametrize(
    ("column", "words"),
    [
        ("status._id", r"edit status\.name"),
        ("createdBy.name", "edit createdBy"),
        ("caseId", "no call that changes caseId"),
        ("isCustTsk", "no call that changes isCustTsk"),
        ("creatdAt", "createdAt"),
    ],
)
def test_a_column_that_no_call_changes_is_refused_before_the_load(
    box: tf.LocalSandbox, conn: tf.Connection, column: str, words: str
) -> None:
    """SettingsError names the handle, or what was meant."""
    with pytest.raises(tf.SettingsError, match=words):
        conn.load(editable=[column])
    assert not box.log.calls("kore")


def test_a_sibling_that_was_edited_names_its_handle(conn: tf.Connection) -> None:
    """The id, the category and the score follow; the warning says what to edit."""
    tasks = conn.load(limit=5)
    tasks.df["status._id"] = "sts-1"
    tasks.df["priority.score"] = 3.0
    tasks.df["currAssignee.name"] = "Somebody"
    plan = tasks.plan()
    assert len(plan) == 0
    words = "\n".join(plan.warnings)
    for handle in ("status.name", "priority.name", "currAssignee._id"):
        assert f"edit {handle}" in words


def test_a_file_may_spell_a_name_otherwise(tmp_path: Path) -> None:
    """Case, spaces, - and _ don't count in a file, and a note tells; another word is a problem."""
    with tf.sandbox(tasks=60, services=["kore"]) as box, box.connect("kore", progress=False) as conn:
        tasks = conn.load()
        path = tmp_path / "tasks.csv"
        tasks.to_csv(path)
        sheet = pd.read_csv(path, dtype="str", keep_default_na=False)
        rows = sheet.index[~sheet["status.name"].isin(["Closed", "In-Progress"])]
        sheet.loc[rows[0], "status.name"] = "closed "
        sheet.loc[rows[1], "status.name"] = "in progress"
        sheet.loc[rows[2], "status.name"] = "Clsed"
        sheet.to_csv(path, index=False)
        plan = tasks.plan_csv(path)
        assert list(plan.changes["after"]) == ["Closed", "In-Progress"]
        assert "did you mean 'Closed'" in plan.problems["problem"].item()
        assert any("'in progress' read as 'In-Progress'" in note for note in plan.notes)
