"""Every filter of getTasks through `conn.load`, against what the server holds; and pages that shift, end, or lie."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from tests.apply.verify_stage import Stage, staged

Task = dict[str, Any]


def _moment(text: str) -> datetime:
    return datetime.fromisoformat(text)


def _all(box: tf.LocalSandbox) -> list[Task]:
    found: list[Task] = box["kore"].tasks()
    return found


def _field(task: Task, name: str) -> Any:
    return next((f.get("value") for f in task["fields"] if f["displayName"] == name), None)


def _some(box: tf.LocalSandbox, make: Callable[[Task], Any]) -> list[Any]:
    """Two values that tasks have."""
    found = [value for task in _all(box) if (value := make(task))]
    return list(dict.fromkeys(found))[:2]


START = datetime(2025, 9, 1, tzinfo=UTC)


def _list_of(key: str) -> Callable[[tf.LocalSandbox], tuple[dict[str, Any], Callable[[Task], bool]]]:
    def make(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
        wanted = _some(box, lambda task: (task[key] or [None])[0])
        assert wanted
        return {key: wanted}, lambda task: bool(set(task[key]) & set(wanted))

    return make


def _etas(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
    wanted = _some(box, lambda task: task["ETA"])
    return {"ETAlist": wanted}, lambda task: task["ETA"] in wanted


def _agents(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
    wanted = _some(box, lambda task: task["currAssignee"].get("_id"))
    return {"agents": wanted}, lambda task: task["currAssignee"].get("_id") in wanted


def _due(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
    (due, _) = _some(box, lambda task: task.get("dueDate"))
    when = pd.Timestamp(due, unit="ms", tz="UTC").tz_convert("Asia/Tokyo")
    return {"dueDate": when}, lambda task: task.get("dueDate") == due


def _period(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
    days = sorted(_moment(task["createdAt"]) for task in _all(box))
    start, end = days[len(days) // 4], days[3 * len(days) // 4]
    return (
        {"startDate": pd.Timestamp(start).tz_convert("America/New_York"), "endDate": end.isoformat()},
        lambda task: start <= _moment(task["createdAt"]) <= end,
    )


def _mine(name: str) -> Callable[[tf.LocalSandbox], tuple[dict[str, Any], Callable[[Task], bool]]]:
    def make(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
        me = box["kore"].people[0]["_id"]
        return {name: True}, lambda task: task["currAssignee"].get("_id") == me

    return make


def _custom(box: tf.LocalSandbox) -> tuple[dict[str, Any], Callable[[Task], bool]]:
    tier = {"displayName": "Customer Tier", "value": "Gold"}
    return {"customFields": [tier]}, lambda task: _field(task, "Customer Tier") == "Gold"


FILTERS: dict[str, Callable[[tf.LocalSandbox], tuple[dict[str, Any], Callable[[Task], bool]]]] = {
    "searchText": lambda _: ({"searchText": "THE"}, lambda task: "the" in task["lname"]),
    "unresolved": lambda _: (
        {"unresolved": True},
        lambda task: task["status"]["statusCategory"] not in ("resolved", "closed"),
    ),
    "unassigned": lambda _: ({"unassigned": True}, lambda task: not task["currAssignee"]),
    "mytask": _mine("mytask"),
    "mycase": _mine("mycase"),
    "priority": lambda _: ({"priority": "High"}, lambda task: task["priority"]["name"] == "High"),
    "status": lambda _: (
        {"status": {"Open", "In-Progress"}},
        lambda task: task["status"]["name"] in ("Open", "In-Progress"),
    ),
    "channel": _list_of("channel"),
    "queues": _list_of("queues"),
    "agents": _agents,
    "customFields": _custom,
    "ETAlist": _etas,
    "startDate and endDate": _period,
    "dueDate": _due,
    "several": lambda _: (
        {"status": ["Open"], "priority": ["Low", "Medium"], "unassigned": True},
        lambda task: (
            task["status"]["name"] == "Open"
            and task["priority"]["name"] in ("Low", "Medium")
            and not task["currAssignee"]
        ),
    ),
}


@pytest.mark.parametrize("which", FILTERS)
def test_a_filter_finds_what_the_oracle_says(box: tf.LocalSandbox, which: str) -> None:
    """No task too many, none too few; and the frame says what was asked for."""
    me = box["kore"].people[0]["_id"]
    with box.connect("kore", progress=False, sub=me) as conn:
        filters, fits = FILTERS[which](box)
        expected = {task["_id"] for task in _all(box) if fits(task)}
        assert 0 < len(expected) < 120
        tasks = conn.load(**filters)
        assert set(tasks.df.index) == expected
        assert tasks.complete
        for name in filters:
            assert name in repr(tasks)


def test_selected_columns_are_what_the_frame_knows(conn: tf.Connection) -> None:
    """The others are empty here, and a note says so; those that were asked for can be edited."""
    tasks = conn.load(selectedColumns=["name", "status", "updatedAt", "createdAt"], filters={"searchText": "the"})
    assert tasks.df["name"].notna().all()
    assert tasks.df["status.name"].notna().all()
    assert tasks.df["priority.name"].isna().all()
    assert "selectedColumns" in repr(tasks)
    tasks.df["status.name"] = "Resolved"
    plan = tasks.plan()
    assert plan.apply(confirm=len(plan)).ok


def test_a_wrong_filter_is_refused_before_the_first_call(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """SettingsError with the one that was meant, and with what it takes."""
    for filters, words in (
        ({"statuss": "Open"}, "Did you mean 'status'"),
        ({"unresolved": "yes"}, "True or False"),
        ({"dueDate": "tomorrow"}, "offset"),
        ({"startDate": datetime(2026, 1, 1)}, "offset"),
        ({"customFields": "Gold"}, "object"),
        ({"sortBy": {"name": "asc"}}, "sort tasks.df"),
    ):
        with pytest.raises(tf.SettingsError, match=words):
            conn.load(filters=filters)
    assert not box.log.calls("kore")


# pages


def test_tasks_that_jump_ahead_while_we_read_are_found() -> None:
    """Pages go by the last update, and what a colleague edits jumps to those that were read: the count tells."""
    with staged("kore", tasks=400, factor=50) as stage:
        stage.server.shifting = True
        ids = [task["_id"] for task in stage.server.tasks()]
        _between_pages(stage, lambda n: [stage.server.edit(task, desc="theirs") for task in ids[n * 40 : n * 40 + 30]])
        tasks = stage.connect(concurrency=1).load()
        assert set(tasks.df.index) == set(ids)
        assert tasks.complete
        assert len(stage.box.log.calls("kore")) > 400 / 50 + 1


def test_a_shift_is_noticed_and_what_is_missing_is_read_again() -> None:
    """A colleague deletes tasks of pages that were read, so that others slip past us: all that are left are found."""
    with staged("kore", tasks=400, factor=50) as stage:
        ids = [task["_id"] for task in reversed(stage.server.tasks())]
        _between_pages(stage, lambda n: [stage.server.delete(task) for task in ids[n * 10 : n * 10 + 10]])
        tasks = stage.connect(concurrency=1).load()
        left = {task["_id"] for task in stage.server.tasks()}
        assert len(left) == 350
        assert left <= set(tasks.df.index)
        assert tasks.complete
        assert "shifted while it was read" in repr(tasks)


def _between_pages(stage: Stage, meddle: Callable[[int], Any]) -> None:
    """A colleague's doings, ahead of the second page and of the four after that."""
    pages: list[int] = []

    def strikes(call: Any) -> bool:
        if call.path.endswith("/getTasks"):
            pages.append(1)
            if 2 <= len(pages) <= 6:
                meddle(len(pages) - 2)
        return False

    stage.faults.add("latency", times=None, match=strikes)


def test_a_count_that_is_too_high_is_a_cut_list(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The service counts 125 and lists 120: read again, then IncompleteLoad names both; on demand we go on."""
    box["kore"].total_error = 5
    with pytest.raises(tf.IncompleteLoad, match="120 of 125") as error:
        conn.load()
    assert error.value.loaded == 120
    assert len(box.log) > 3
    tasks = conn.load(allow_incomplete=True)
    assert len(tasks) == 120
    assert not tasks.complete
    assert "120 of 125" in repr(tasks)


def test_a_list_that_ends_early_is_a_cut_list(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Lists end after 70 tasks, with `hasMore: false`; only the count tells."""
    box["kore"].cap = 70
    with pytest.raises(tf.IncompleteLoad, match="70 of 120"):
        conn.load()
    box["kore"].cap = None
    assert len(conn.load()) == 120


@pytest.mark.parametrize("size", [1, 7, 50, 100])
@pytest.mark.parametrize("total", [True, False])
def test_pages_of_any_size_make_a_whole_list(box: tf.LocalSandbox, conn: tf.Connection, size: int, total: bool) -> None:
    """The service may cut pages shorter than asked for, and may not say how many tasks there are."""
    box["kore"].max_limit = size
    box["kore"].total = total
    tasks = conn.load()
    assert set(tasks.df.index) == {task["_id"] for task in _all(box)}
    assert tasks.df.index.is_unique
    assert tasks.complete


def test_the_stream_is_known_by_either_name(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Replies write `iId`, or `lid` as the update does."""
    for key in ("iId", "lid"):
        box["kore"].stream_key = key
        assert set(conn.load().df["lid"]) == {box["kore"].account.stream}
