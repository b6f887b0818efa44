"""Pragmatiks' fields and status are two calls and one outcome: each combination of what may become of either."""

from __future__ import annotations

from collections.abc import Iterator
from itertools import product
from typing import Any

import pytest
from apply_stage import one
from verify_stage import Stage, staged

import taskframe as tf

PATCH: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "ok": [],
    "refused": [],  # by the value that it sends
    "lost": [("drop", {})],
    "lost, written": [("drop-after", {})],
    "lost twice": [("500", {}), ("504-after", {})],
    "status set to ours": [("others-edit", {"columns": {"status": "assigned"}})],
    "status moved": [("others-edit", {"columns": {"status": "done"}})],
}
MOVE: dict[str, list[tuple[str, dict[str, Any]]]] = {
    "ok": [],
    "refused": [],  # by the graph
    "lost": [("drop", {})],
    "lost, written": [("drop-after", {})],
    "set to ours": [("others-edit", {"columns": {"status": "assigned"}})],
    "moved": [("others-edit", {"columns": {"status": "done"}})],
    "unreadable": [("drop-after", {})],
}

GOOD = {"ok": "applied", "refused": "partial", "lost": "applied", "lost, written": "applied",
        "set to ours": "applied", "moved": "partial", "unreadable": "unknown"}  # fmt: skip
EXPECTED: dict[str, dict[str, str]] = {
    "ok": GOOD,
    "refused": dict.fromkeys(MOVE, "failed"),
    "lost": GOOD,
    "lost, written": GOOD,
    "lost twice": GOOD,
    "status set to ours": dict.fromkeys(MOVE, "applied"),
    "status moved": dict.fromkeys(MOVE, "partial"),
}
"""What DESIGN says of the two together."""


def is_patch(call: Any) -> bool:
    return bool(call.method == "PATCH")


def is_move(call: Any) -> bool:
    return bool(call.path.endswith("/transition"))


def is_get(call: Any) -> bool:
    return bool(call.method == "GET")


@pytest.fixture
def stage() -> Iterator[Stage]:
    """Slow enough that nothing is read again only because this machine is busy."""
    with staged("pragmatiks", tasks=12, factor=25) as stage:
        yield stage


def both(stage: Stage, *, status: str = "assigned", **options: Any) -> tuple[tf.TaskFrame, str]:
    """One task in the backlog, with a title and a status of ours."""
    task = stage.server.tasks()[0]["id"]
    stage.server.edit(task, status="backlog")
    tasks = stage.connect(**options).load(ids=[task])
    tasks.df["title"] = "ours"
    tasks.df["status"] = status
    return tasks, str(task)


def unreadable_from_the_move_on(stage: Stage) -> None:
    moved: list[Any] = []

    def strikes(call: Any) -> bool:
        moved.extend([call] * is_move(call))
        return is_get(call) and bool(moved)

    stage.faults.add("500", times=None, match=strikes)


def calls_of(stage: Stage, task: str) -> list[str]:
    return ["move" if is_move(r) else "patch" for r in stage.writes(task)]


@pytest.mark.parametrize(
    ("patch", "move", "verify"),
    [
        *product(PATCH, MOVE, ["listing"]),
        *product(["ok", "lost, written", "status moved"], sorted(MOVE.keys() - {"unreadable"}), ["each", "none"]),
    ],
)
def test_the_two_together(stage: Stage, patch: str, move: str, verify: Any) -> None:
    """The outcome is the one of DESIGN, what is told is what the server holds, and the failed half stays an edit."""
    tasks, task = both(stage)
    if patch == "refused":
        tasks.df["assigned_to_user_id"] = "user_nobody"
    if move == "refused":
        stage.server.graph["backlog"] = ()
    if move == "unreadable":
        unreadable_from_the_move_on(stage)
    for kind, params in PATCH[patch]:
        stage.faults.add(kind, match=is_patch, **params)
    for kind, params in MOVE[move]:
        stage.faults.add(kind, match=is_move, **params)
    report = stage.apply(tasks, verify=verify)
    told = one(report)
    assert told["outcome"] == EXPECTED[patch][move], told["detail"]

    held = stage.server.task(task)
    ours = {"title": held["title"] == "ours", "status": held["status"] == "assigned"}
    calls = calls_of(stage, task)
    assert told["attempts"] == len(calls)
    match told["outcome"]:
        case "applied":
            assert ours == {"title": True, "status": True}
            assert len(tasks.plan()) == 0
        case "partial":
            assert ours == {"title": True, "status": False}
            assert told["detail"].startswith("title went through, status did not: ")
            assert tasks.plan().changes[["column", "after"]].to_numpy().tolist() == [["status", "assigned"]]
            assert tasks.df.loc[task, "title"] == "ours"
            assert tasks.df.loc[task, "status"] == "assigned"
        case "failed":
            assert calls == ["patch"]  # the status is not moved for fields that were refused
            assert ours == {"title": False, "status": False}
            assert len(tasks.plan().changes) == 3
        case "unknown":
            assert told["detail"].startswith("title went through; for status it is not known")
    if patch.startswith("status"):
        assert "move" not in calls  # the PATCH's reply is the read before the transition
    written = [r for r in stage.writes(task) if r.after and "title" in r.after]
    assert len(written) == (patch != "refused")


def test_a_refused_transition_alone_is_failed(stage: Stage) -> None:
    """Nothing was written; the words are the service's own."""
    tasks, task = both(stage, status="done")
    tasks.df["title"] = stage.server.task(task)["title"]
    report = stage.apply(tasks)
    assert one(report)[["outcome", "status_code"]].tolist() == ["failed", 409]
    assert "Invalid lifecycle transition" in one(report)["detail"]
    assert calls_of(stage, task) == ["move"]
    assert tasks.plan().changes["column"].tolist() == ["status"]


def test_a_transition_that_somebody_else_made_is_unchanged(stage: Stage) -> None:
    """Refused, and the status is ours: not from us, as no attempt of ours was without an answer."""
    tasks, task = both(stage)
    tasks.df["title"] = stage.server.task(task)["title"]
    stage.faults.add("others-edit", match=is_move, columns={"status": "assigned"})
    assert one(stage.apply(tasks))["outcome"] == "unchanged"
    assert len(tasks.plan()) == 0


def test_a_transition_that_came_late_is_applied(stage: Stage) -> None:
    """Lost, read as not there, sent again and refused as it is there by now: in doubt, so it counts as ours."""
    tasks, task = both(stage)
    tasks.df["title"] = stage.server.task(task)["title"]
    stage.faults.add("drop", match=is_move)
    stage.faults.add("others-edit", match=is_move, columns={"status": "assigned"})  # plays the late first attempt
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts"]].tolist() == ["applied", 2]
    assert "reply was lost" in told["detail"]


def test_a_concurrent_change_of_the_task_is_tried_again(stage: Stage) -> None:
    """409 for a PATCH says nothing of its sense: read, and sent again."""
    tasks, task = both(stage)
    stage.server.contention = 1
    assert one(stage.apply(tasks))["outcome"] == "applied"
    assert calls_of(stage, task) == ["patch", "patch", "move"]


def test_a_concurrent_change_that_never_ends_is_failed(stage: Stage) -> None:
    """Five times on a new state, then failed, in words."""
    tasks, _ = both(stage)
    stage.server.contention = 100
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts"]].tolist() == ["failed", 6]
    assert "kept changing" in told["detail"]


def test_overwriting_goes_for_the_second_call_too(stage: Stage) -> None:
    """on_conflict="overwrite": the status that somebody set meanwhile is moved on to ours."""
    tasks, task = both(stage, status="assigned")
    stage.faults.add("others-edit", match=is_patch, columns={"status": "running"})
    report = stage.apply(tasks, on_conflict="overwrite")
    assert one(report)["outcome"] == "applied"
    assert stage.server.task(task)["status"] == "assigned"
    assert calls_of(stage, task) == ["patch", "move"]


def test_overwriting_what_the_service_does_not_take_back_ends(stage: Stage) -> None:
    """Somebody is done with it: no way back, however often it is asked to overwrite."""
    tasks, task = both(stage)
    stage.server.edit(task, status="done")
    told = one(stage.apply(tasks, on_conflict="overwrite"))
    assert told["outcome"] == "partial"
    assert "Invalid lifecycle transition" in told["detail"]
    assert calls_of(stage, task) == ["patch", "move"]


def test_a_function_that_takes_their_status_is_applied(stage: Stage) -> None:
    """The title is ours, the status theirs: nothing is left to be sent, and the frame follows both."""
    tasks, task = both(stage)
    stage.faults.add("others-edit", match=is_patch, columns={"status": "running"})
    report = stage.apply(tasks, on_conflict=lambda i, column, base, ours, theirs: theirs)
    assert one(report)["outcome"] == "applied"
    assert tasks.df.loc[task, ["title", "status"]].tolist() == ["ours", "running"]
    assert calls_of(stage, task) == ["patch"]


def test_the_conflict_of_a_half_is_told(stage: Stage) -> None:
    """`report.conflicts` has the cell that was not sent."""
    tasks, task = both(stage)
    stage.faults.add("others-edit", match=is_patch, columns={"status": "running"})
    report = stage.apply(tasks)
    assert report.conflicts.to_numpy().tolist() == [[task, "status", "backlog", "assigned", "running"]]


def test_an_interrupt_between_the_two_calls_is_partial(stage: Stage) -> None:
    """The title is written, the transition never sent: applied with skipped."""
    tasks, _ = both(stage, max_wait=50)
    stage.faults.add("429", match=is_move, retry_after=1000)
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "partial"
    assert "title went through, status did not" in one(report)["detail"]
    assert report.stopped


def test_a_lost_title_that_was_put_back_is_a_conflict(stage: Stage) -> None:
    """Written, unanswered, put back by somebody: neither ours nor untouched, so it is theirs to decide."""
    tasks, task = both(stage)
    base = stage.server.task(task)["title"]
    stage.faults.add("drop-after", match=is_patch)

    def put_back(call: Any) -> bool:
        if is_get(call) and stage.server.task(task)["title"] == "ours":
            stage.server.edit(task, title=base)
        return False

    stage.faults.add("latency", times=None, match=put_back)
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "conflict"
    assert "may have been applied and put back" in one(report)["detail"]
    assert calls_of(stage, task) == ["patch"]
    assert stage.server.task(task)["title"] == base
