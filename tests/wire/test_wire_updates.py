"""What goes over the wire, by the server's own log: what is documented, what `plan.requests()` showed, nothing else."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import taskframe as tf

EDITS = [
    ("title", 'Ünïcode “quotes” and \\ and "\n'),
    ("description", "line one\nline two"),
    ("status", "blocked"),
    ("priority", "urgent"),
    ("assigneeUserId", "usr_of_somebody_else"),
    ("assigneeAgentId", "agt_of_somebody_else"),
    ("assigneeUserId", None),
    ("assigneeAgentId", None),
]


def _task(tasks: tf.TaskFrame, column: str, value: Any) -> str:
    """A task where this is a change."""
    cells = tasks.df[column].astype("object")
    other = cells.notna() if value is None else cells.isna() | (cells != value)
    return str(tasks.df.index[other][0])


@pytest.mark.parametrize(("column", "value"), EDITS)
def test_an_update_goes_out_as_documented(box: tf.LocalSandbox, conn: tf.Connection, column: str, value: Any) -> None:
    """One changed cell is one `POST /v1/agent/update-task` with id, version and that cell; null is null."""
    if column.startswith("assignee") and value is not None:
        kind = "user" if column == "assigneeUserId" else "agent"
        value = next(p["id"] for p in box["reload"].people if p["kind"] == kind)
    tasks = conn.load()
    task = _task(tasks, column, value)
    before = box["reload"].task(task)
    tasks.df.loc[task, column] = value
    plan = tasks.plan()
    shown = list(plan.requests())
    sent = len(box.log)

    report = plan.apply()

    assert report.counts == {"applied": 1}
    (call,) = box.log[sent:]
    assert (call.method, call.path, call.query) == ("POST", "/v1/agent/update-task", ())
    assert call.body == {"taskId": task, "version": before["version"], column: value}
    headers = dict(call.headers)
    assert headers["authorization"] == "<caller>"  # the log's label for the key in `Bearer rl_sk_…`
    assert headers["content-type"] == "application/json"
    assert headers["accept"] == "application/json"
    assert headers["user-agent"] == f"taskframe/{tf.__version__}"
    assert set(headers) <= {
        "authorization", "content-type", "accept", "user-agent", "accept-encoding", "content-length", "host",
        "connection",
    }  # fmt: skip
    assert shown == [{"method": call.method, "url": conn.base_url + call.path, "json": call.body}]
    assert box["reload"].task(task)[column] == value


def test_several_cells_of_a_task_are_one_call(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """All changed cells of a task go out together, and no unchanged one with them."""
    tasks = conn.load()
    task = _task(tasks, "status", "done")
    tasks.df.loc[task, ["title", "status"]] = ["New title", "done"]
    sent = len(box.log)
    tasks.plan().apply()
    (call,) = box.log[sent:]
    assert set(call.body) == {"taskId", "version", "title", "status"}


def test_loading_and_planning_write_nothing(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Load, edit, plan, preview, requests, select, dry run: reads at most, and planning not even those."""
    tasks = conn.load()
    loaded = len(box.log)
    tasks.df["priority"] = "high"
    plan = tasks.plan()
    assert plan.requests
    (
        repr(plan),
        plan._repr_html_(),
        list(plan.requests()),
        plan.select(columns=["priority"]),
        plan.changes,
        plan.problems,
    )
    assert len(box.log) == loaded
    plan.dry_run()
    assert {call.method for call in box.log} == {"GET"}
    assert not box.log.writes()


def test_the_requests_of_a_plan_are_the_calls_of_its_run(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Of many tasks too: what was shown is what was sent, each once."""
    tasks = conn.load()
    low = tasks.df.index[tasks.df["priority"] == "none"]
    tasks.df.loc[low, "priority"] = "low"
    plan = tasks.plan()
    shown = {r["json"]["taskId"]: r for r in plan.requests()}
    sent = len(box.log)
    plan.apply()
    calls = box.log[sent:]
    assert len(calls) == len(shown) == len(low)
    for call in calls:
        assert shown[call.task_id] == {"method": "POST", "url": conn.base_url + call.path, "json": call.body}


def test_requests_come_lazily(conn: tf.Connection) -> None:
    """A plan of many tasks can be looked into without making all its calls."""
    tasks = conn.load()
    tasks.df["description"] = "the same for all"
    requests = tasks.plan().requests()
    assert next(requests)["method"] == "POST"
    assert iter(requests) is requests


def test_an_id_that_is_hostile_stays_a_value(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A task id with slashes, quotes and line breaks goes out as JSON text: no path, no header, nothing else."""
    evil = '../x?y=1\r\nX-Evil: 1"'
    frame = pd.DataFrame({"version": [1], "status": ["todo"]}, index=pd.Index([evil], name="id"))
    tasks = tf.from_frame(frame, conn)
    tasks.df.loc[evil, "status"] = "done"
    report = tasks.plan().apply()
    (call,) = box.log.calls(path="update-task")
    assert call.body == {"taskId": evil, "version": 1, "status": "done"}
    assert "x-evil" not in call.headers
    assert report.counts == {"failed": 1}
