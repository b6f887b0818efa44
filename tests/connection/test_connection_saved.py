"""Plans and frames in files: opened in another process, refused in another place, applied once."""

from __future__ import annotations

import gzip
import json
import os
import stat
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from tests.conftest import Python


def _plan(tasks: tf.TaskFrame, n: int = 5) -> tf.Plan:
    rows = tasks.df.index[tasks.df["priority"] != "urgent"][:n]
    tasks.df.loc[rows, "priority"] = "urgent"
    return tasks.plan()


def test_a_saved_plan_is_applied_in_another_process(
    box: tf.LocalSandbox, conn: tf.Connection, python: Python, tmp_path: Path
) -> None:
    """It shows the same preview there, sends the same requests, and is applied; the file is its owner's alone."""
    plan = _plan(conn.load())
    path = tmp_path / "monday.plan"
    plan.save(path)
    assert stat.S_IMODE(path.stat().st_mode) == 0o600 or os.name == "nt"
    script = (
        "import json, sys, taskframe as tf\n"
        "with tf.connect('reload', base_url=sys.argv[1], token=sys.argv[2], progress=False) as conn:\n"
        "    plan = tf.open_plan(sys.argv[3], conn)\n"
        "    shown, requests = repr(plan), list(plan.requests())\n"
        "    report = plan.apply()\n"
        "    print(json.dumps([plan.id, shown, requests, report.counts]))"
    )
    settings = box.settings("reload")
    done = python(script, settings["base_url"], settings["token"], str(path))
    assert done.returncode == 0, done.stderr
    assert json.loads(done.stdout) == [plan.id, repr(plan), list(plan.requests()), {"applied": 5}]
    assert {box["reload"].task(i)["priority"] for i in plan.changes["id"]} == {"urgent"}


def test_a_plan_is_refused_at_another_address(conn: tf.Connection, tmp_path: Path) -> None:
    """PlanError names both addresses; opening is enough to be told."""
    _plan(conn.load()).save(tmp_path / "a.plan")
    with tf.sandbox(tasks=10, services=["reload"]) as other, other.connect("reload", progress=False) as there:
        with pytest.raises(tf.PlanError, match="address") as caught:
            tf.open_plan(tmp_path / "a.plan", there)
        assert conn.base_url in str(caught.value)
        assert there.base_url in str(caught.value)
        assert len(other.log) == 0


def _moved(path: Path, **changes: Any) -> None:
    """The same file, as if from elsewhere: whoever can write it can write its checksum."""
    import hashlib

    import msgspec

    head = msgspec.json.decode(gzip.decompress(path.read_bytes()))
    head["payload"]["load"] |= changes
    body = msgspec.json.encode(head["payload"])
    head["payload"] = msgspec.Raw(body)
    head["checksum"] = "sha256:" + hashlib.sha256(body).hexdigest()
    path.write_bytes(gzip.compress(msgspec.json.encode(head)))


def test_a_plan_of_another_workspace_is_refused(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path) -> None:
    """At once where the workspace is known; else it is asked for before the first write."""
    path = tmp_path / "a.plan"
    _plan(conn.load()).save(path)
    _moved(path, account={"workspaceId": "wsp_of_others"})
    with pytest.raises(tf.PlanError, match=r"workspaceId.*wsp_of_others"):
        tf.open_plan(path, conn)
    with box.connect("reload", progress=False) as fresh:
        plan = tf.open_plan(path, fresh)
        with pytest.raises(tf.PlanError, match=r"workspaceId.*wsp_of_others"):
            plan.apply()
        with pytest.raises(tf.PlanError, match=r"workspaceId.*wsp_of_others"):
            plan.dry_run()
    assert not box.log.writes()


@pytest.mark.parametrize(
    "changes",
    [
        {"loaded_at": "yesterday"},
        {"loaded_at": "2026-01-01T00:00:00"},
        {"size": "many"},
        {"size": -1},
        {"account": ["wsp_1"]},
        {"account": {"workspaceId": 3}},
        {"catalogue": 5},
        {"filters": []},
        {"gaps": "all"},
        {"notes": None},
    ],
    ids=str,
)
def test_a_file_whose_load_makes_no_sense(conn: tf.Connection, tmp_path: Path, changes: dict[str, Any]) -> None:
    """FileError, not a riddle: what comes from a file is checked."""
    _plan(conn.load()).save(tmp_path / "a.plan")
    conn.load().save(tmp_path / "a.tasks")
    for name, opener in (("a.plan", tf.open_plan), ("a.tasks", tf.open_tasks)):
        _moved(tmp_path / name, **changes)
        with pytest.raises(tf.FileError, match="makes no sense"):
            opener(tmp_path / name, conn)


def test_a_plan_is_applied_once(conn: tf.Connection, tmp_path: Path) -> None:
    """PlanError says which run it was, and the way on; also for a copy from a file."""
    plan = _plan(conn.load())
    plan.save(tmp_path / "a.plan")
    run = plan.apply().run_id
    for again in (plan, tf.open_plan(tmp_path / "a.plan", conn)):
        with pytest.raises(tf.PlanError, match=run):
            again.apply()


def test_a_dry_run_does_not_use_a_plan_up(conn: tf.Connection) -> None:
    """Look as often as you like, then apply."""
    plan = _plan(conn.load())
    assert plan.dry_run().counts == plan.dry_run().counts == {"ready": 5}
    assert plan.apply().ok


def test_without_a_connection_apply_says_what_to_do() -> None:
    """A frame of a service's name plans and previews; sending needs a connection."""
    frame = pd.DataFrame({"id": ["tsk_1"], "version": [3], "status": ["todo"]})
    tasks = tf.from_frame(frame, "reload")
    tasks.df["status"] = "done"
    plan = tasks.plan()
    assert "todo" in repr(plan)
    assert next(plan.requests())["json"] == {"taskId": "tsk_1", "version": 3, "status": "done"}
    for act in (plan.apply, plan.dry_run):
        with pytest.raises(tf.PlanError, match=r"from_frame\(df, conn\)"):
            act()


def test_a_frame_from_elsewhere_is_applied(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """from_frame with a connection: as good as a load."""
    server = pd.DataFrame(box["reload"].tasks())[["id", "identifier", "workspaceId", "version", "status", "title"]]
    tasks = tf.from_frame(server, conn)
    task = tasks.df.index[tasks.df["status"] != "blocked"][0]
    tasks.df.loc[task, "status"] = "blocked"
    assert tasks.plan().apply().counts == {"applied": 1}
    assert box["reload"].task(task)["status"] == "blocked"


def test_a_saved_frame_goes_on_where_it_was(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path) -> None:
    """Baseline and edits come back; planned and applied with a connection, planned without one."""
    tasks = conn.load(status=["todo", "blocked"])
    expected = _plan(tasks).changes
    tasks.save(tmp_path / "a.tasks")
    without = tf.open_tasks(tmp_path / "a.tasks")
    pd.testing.assert_frame_equal(without.plan().changes, expected)
    again = tf.open_tasks(tmp_path / "a.tasks", conn)
    pd.testing.assert_frame_equal(again.df, tasks.df)
    assert again.plan().load.filters == {"status": ["todo", "blocked"]}
    assert again.plan().apply().counts == {"applied": 5}
    with (
        tf.sandbox(tasks=1, services=["reload"]) as other,
        other.connect("reload") as there,
        pytest.raises(tf.PlanError, match="address"),
    ):
        tf.open_tasks(tmp_path / "a.tasks", there)


def test_mondays_csv_is_planned_against_mondays_load(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path) -> None:
    """Against a fresh load its rows are stale where others worked since; against its own load only the edits count."""
    monday = conn.load()
    monday.save(tmp_path / "monday.tasks")
    monday.to_csv(tmp_path / "monday.csv")
    edited, moved = monday.df.index[:2]
    lines = pd.read_csv(tmp_path / "monday.csv", dtype=str, keep_default_na=False).set_index("id")
    lines.loc[edited, "title"] = "Edited in the spreadsheet"
    lines.to_csv(tmp_path / "monday.csv")
    for task in (edited, moved):  # others work on both until Tuesday
        box["reload"].edit(task, description="Worked on since")

    tuesday = conn.load().plan_csv(tmp_path / "monday.csv")
    assert set(tuesday.problems["id"]) == {edited, moved}
    assert tuesday.problems["problem"].str.contains("stale").all()
    with pytest.raises(tf.PlanError, match="problems"):
        tuesday.apply()

    plan = tf.open_tasks(tmp_path / "monday.tasks", conn).plan_csv(tmp_path / "monday.csv")
    assert not len(plan.problems)
    assert plan.changes[["id", "column"]].values.tolist() == [[edited, "title"]]
    assert plan.apply().counts == {"applied": 1}
    server = box["reload"].task(edited)
    assert (server["title"], server["description"]) == ("Edited in the spreadsheet", "Worked on since")
    assert box["reload"].task(moved)["description"] == "Worked on since"
