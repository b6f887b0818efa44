"""Replies that never came, or make no sense: sent again where that is harmless, settled by a read where it is not."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import httpx
import pytest
from apply_stage import LIST, UPDATE, Stage, one

LOST_AFTER: list[Any] = [
    ("drop-after", {}), ("drop-after", {"reset": True}), ("500-after", {}), ("502-after", {}), ("504-after", {}),
    ("cut", {}), ("cut-socket", {}), ("wrong-shape", {}), ("other-task", {}), ("html", {"write": True}),
    ("unsuccessful", {"write": True}),
]  # fmt: skip
LOST_BEFORE: list[Any] = [
    ("drop", {}), ("drop", {"reset": True}), ("500", {}), ("502", {}), ("504", {}), ("html", {}), ("unsuccessful", {}),
]  # fmt: skip


@pytest.mark.parametrize(("kind", "params"), LOST_AFTER)
def test_what_was_written_is_written_once(stage: Stage, kind: str, params: dict[str, Any]) -> None:
    """The write went through, its reply did not: applied, and the service took it exactly once."""
    tasks = stage.edited(1)
    task = str(tasks.df.index[0])
    stage.faults.add(kind, match=UPDATE, **params)
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts"]].tolist() == ["applied", 2]
    assert "reply was lost" in told["detail"]
    assert len(stage.written(task)) == 1
    assert len(tasks.plan()) == 0
    assert tasks.df.loc[task, "version"] == stage.reload.task(task)["version"]


@pytest.mark.parametrize(("kind", "params"), LOST_BEFORE)
def test_what_was_not_written_is_sent_again(stage: Stage, kind: str, params: dict[str, Any]) -> None:
    """Nothing went through: the same version again, and it is applied, exactly once."""
    tasks = stage.edited(1)
    task = str(tasks.df.index[0])
    stage.faults.add(kind, match=UPDATE, **params)
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts", "detail"]].tolist() == ["applied", 2, ""]
    assert len({c.body["version"] for c in stage.updates(task)}) == 1
    assert len(stage.written(task)) == 1


def test_a_call_that_takes_too_long_is_not_written_twice(stage: Stage) -> None:
    """The reply comes after the timeout: applied, once."""
    tasks = stage.edited(1, timeout=0.3)
    stage.faults.add("stall", match=UPDATE, seconds=200)
    assert one(stage.apply(tasks))["outcome"] == "applied"
    assert len(stage.written(str(tasks.df.index[0]))) == 1


@pytest.mark.parametrize("written", [False, True])
def test_after_six_attempts_a_read_settles_it(stage: Stage, written: bool) -> None:
    """No attempt was answered: what the task holds decides between applied and failed."""
    tasks = stage.edited(1)
    task = str(tasks.df.index[0])
    if written:
        stage.faults.add("drop-after", match=UPDATE)
    stage.faults.add("drop", times=None, match=UPDATE)
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts"]].tolist() == ["applied" if written else "failed", 6]
    assert written or "given up after 6 attempts" in told["detail"]
    assert len(stage.written(task)) == written


def test_what_nobody_can_read_is_unknown(stage: Stage) -> None:
    """No attempt answered, no read either: unknown, which is the truth."""
    tasks = stage.edited(1)
    stage.faults.add("drop-after", times=None, match=UPDATE)
    stage.faults.add("500", times=None, match=LIST)
    told = one(stage.apply(tasks))
    assert told["outcome"] == "unknown"
    assert "could not be read again" in told["detail"]


def test_put_back_by_others_is_never_written_again(stage: Stage) -> None:
    """Ours was written, its reply lost; somebody put the old value back before we asked again: theirs to decide."""
    tasks = stage.load(1)
    task, base = str(tasks.df.index[0]), tasks.df["title"].iloc[0]
    tasks.df["title"] = "ours"
    stage.faults.add("drop-after", match=UPDATE)
    stage.faults.add("others-edit", match=UPDATE, columns={"title": base})
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "conflict"
    assert "may have been applied" in one(report)["detail"]
    assert report.conflicts.to_numpy().tolist() == [[task, "title", base, "ours", base]]
    assert stage.reload.task(task)["title"] == base
    assert len(stage.written(task)) == 1


def test_put_back_by_others_is_written_again_when_asked_to_overwrite(stage: Stage) -> None:
    """The same, with on_conflict="overwrite"."""
    tasks = stage.load(1)
    task, base = str(tasks.df.index[0]), tasks.df["title"].iloc[0]
    tasks.df["title"] = "ours"
    stage.faults.add("drop-after", match=UPDATE)
    stage.faults.add("others-edit", match=UPDATE, columns={"title": base})
    assert one(stage.apply(tasks, on_conflict="overwrite"))["outcome"] == "applied"
    assert stage.reload.task(task)["title"] == "ours"


def test_in_doubt_one_edit_by_others_elsewhere_is_no_conflict(stage: Stage) -> None:
    """One version on, and not ours: then ours was not written, and goes ahead on the new state."""
    tasks = stage.load(1)
    tasks.df["title"] = "ours"
    stage.faults.add("drop", match=UPDATE)
    stage.faults.add("others-edit", match=UPDATE, columns={"description": "theirs"})
    assert one(stage.apply(tasks))[["outcome", "attempts"]].tolist() == ["applied", 3]
    assert len(stage.written(str(tasks.df.index[0]))) == 1


def test_a_part_of_a_lost_write_is_still_ours(stage: Stage) -> None:
    """Written, reply lost, one of two cells changed since, and a function takes theirs: applied, for undo to cover."""
    tasks = stage.edited(1)
    stage.faults.add("drop-after", match=UPDATE)
    stage.faults.add("others-edit", match=UPDATE, columns={"title": "theirs"})
    told = one(stage.apply(tasks, on_conflict=lambda i, column, base, ours, theirs: theirs))
    assert told["outcome"] == "applied"
    assert tasks.df["title"].iloc[0] == "theirs"
    assert len(tasks.plan()) == 0


def test_a_third_value_that_was_lost_and_replaced_by_ours_is_unchanged(stage: Stage) -> None:
    """A function's answer went out, its reply was lost, and somebody then set what was planned: nothing to do."""
    tasks = stage.edited(1)
    task, priority = str(tasks.df.index[0]), tasks.df["priority"].iloc[0]
    stage.reload.edit(task, title="theirs")
    stage.faults.add("drop-after", match=UPDATE, after=1)
    stage.faults.add("others-edit", match=UPDATE, after=1, columns={"title": "ours 0", "priority": "none"})
    asked: list[Any] = []

    def decide(i: str, column: str, base: str, ours: str, theirs: str) -> str:
        asked.append((column, ours, theirs))
        return "third" if column == "title" else theirs

    told = one(stage.apply(tasks, on_conflict=decide))
    assert asked == [("title", "ours 0", "theirs"), ("priority", priority, "none")]
    assert told["outcome"] == "unchanged"
    held = stage.reload.task(task)
    assert (held["title"], held["priority"]) == ("ours 0", "none")


# reads that show less than there is


class Lagging(httpx.AsyncHTTPTransport):
    """A cache in front of the service: the first `times` searches show the tasks as `shown`."""

    def __init__(self, times: int, shown: list[Any]) -> None:
        super().__init__(limits=httpx.Limits(max_keepalive_connections=0))  # nobody closes it for us
        self.times = times
        self.shown = shown
        self.reads = 0

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        response = await super().handle_async_request(request)
        if "query" not in request.url.params:
            return response
        self.reads += 1
        if self.reads > self.times:
            return response
        body = json.loads(await response.aread())
        await response.aclose()
        body["data"] = self.shown
        return httpx.Response(200, json=body)


@pytest.mark.parametrize("kind", ["others-edit", "drop-after"])
def test_an_old_read_is_waited_for(stage: Stage, kind: str) -> None:
    """The read shows the version that was just refused, three times: read again, not taken for the truth."""
    tasks = stage.load(1)
    task = str(tasks.df.index[0])
    transport = Lagging(3, [stage.reload.task(task)])
    tasks = stage.load(1, transport=transport)
    tasks.df["title"] = "ours"
    stage.faults.add(kind, match=UPDATE, **({"columns": {"description": "theirs"}} if kind == "others-edit" else {}))
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "applied"
    assert transport.reads == 4
    assert len(stage.written(task)) == 1


def test_failures_before_a_refusal_do_not_count_against_an_old_read(stage: Stage) -> None:
    """Five failures, then a refused version, then three old reads: each kind of patience has its own count."""
    tasks = stage.load(1)
    transport = Lagging(3, [stage.reload.task(str(tasks.df.index[0]))])
    tasks = stage.load(1, transport=transport)
    tasks.df["title"] = "ours"
    stage.faults.add("500", times=5, match=UPDATE)
    stage.faults.add("others-edit", match=UPDATE, columns={"description": "theirs"})
    assert one(stage.apply(tasks))[["outcome", "attempts"]].tolist() == ["applied", 7]


def test_a_read_that_stays_old_is_not_waited_for_for_ever(stage: Stage) -> None:
    """Six times the refused version: failed, in words, and nothing was written."""
    tasks = stage.load(1)
    task = str(tasks.df.index[0])
    transport = Lagging(1000, [stage.reload.task(task)])
    tasks = stage.load(1, transport=transport)
    tasks.df["title"] = "ours"
    stage.reload.edit(task, description="theirs")
    told = one(stage.apply(tasks))
    assert told["outcome"] == "failed"
    assert "refuses the version that it shows" in told["detail"]
    assert transport.reads == 6


def test_a_task_that_left_the_list_is_unknown_not_deleted(stage: Stage) -> None:
    """Refused for its version, and not found any more: it may only be hidden from us."""
    tasks = stage.load(1, transport=Lagging(1000, []))
    tasks.df["title"] = "ours"
    stage.reload.edit(str(tasks.df.index[0]), description="theirs")
    told = one(stage.apply(tasks))
    assert told["outcome"] == "unknown"
    assert "hidden" in told["detail"]


def test_a_deleted_task_is_failed(stage: Stage) -> None:
    """404: nothing was written, and the words say what it may be."""
    tasks = stage.edited(3)
    stage.reload.delete(str(tasks.df.index[1]))
    report = stage.apply(tasks)
    assert list(report.outcomes["outcome"]) == ["applied", "failed", "applied"]
    assert "no such task" in report.outcomes["detail"].iloc[1]
    assert report.outcomes["status_code"].iloc[1] == 404


def test_a_task_deleted_after_a_lost_reply_is_unknown(stage: Stage) -> None:
    """The first attempt may have been written before it went: nobody can tell."""
    tasks = stage.edited(1)
    stage.faults.add("drop", match=UPDATE)
    stage.reload.delete(str(tasks.df.index[0]))
    assert one(stage.apply(tasks))["outcome"] == "unknown"


@pytest.mark.parametrize("written", [False, True])
def test_a_refusal_after_a_lost_reply_is_looked_into(make_stage: Callable[..., Stage], written: bool) -> None:
    """Attempt one is lost, attempt two refused for good: only a read tells whether the first one was written."""
    stage = make_stage()
    reader = stage.reload.token(scopes=["task-read"], label="reader")
    tasks = stage.edited(1, token=reader)
    stage.faults.add("drop-after" if written else "drop", match=UPDATE, write=False)
    if written:
        ours = {c: tasks.df[c].iloc[0] for c in ("title", "priority")}
        stage.reload.edit(str(tasks.df.index[0]), **ours)
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts", "status_code"]].tolist() == ["applied" if written else "failed", 2, 403]


def test_what_nobody_can_tell_is_a_conflict(stage: Stage) -> None:
    """A reply was lost, and others made two versions meanwhile, of another column: ours may have been put back."""
    tasks = stage.load(1)
    task = str(tasks.df.index[0])
    tasks.df["title"] = "ours"
    plan = tasks.plan()
    stage.faults.add("500")
    for _ in range(2):
        stage.faults.add("others-edit", match=stage.reload.target, columns="other")
    stage.reload.edit(task, priority="urgent" if stage.reload.task(task)["priority"] != "urgent" else "low")
    told = one(plan.apply())
    assert told["outcome"] == "conflict"
    assert "may have been applied and put back" in told["detail"]
    assert stage.written(task) == []
