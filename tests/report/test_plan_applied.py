"""A plan goes through each of its four doors: applied or tried, waited for or awaited; and what keeps them shut."""

from __future__ import annotations

import asyncio
from collections.abc import Callable, Iterator
from typing import Any
from uuid import uuid4

import pytest

import taskframe as tf
from taskframe.plan import Plan

Door = Callable[..., tf.Report]


def apply(plan: Plan, **options: Any) -> tf.Report:
    return plan.apply(**options)


def apply_async(plan: Plan, **options: Any) -> tf.Report:
    return asyncio.run(plan.apply_async(**options))


def dry_run(plan: Plan, **options: Any) -> tf.Report:
    return plan.dry_run(**options)


def dry_run_async(plan: Plan, **options: Any) -> tf.Report:
    return asyncio.run(plan.dry_run_async(**options))


APPLY = pytest.mark.parametrize("door", [apply, apply_async])
TRY = pytest.mark.parametrize("door", [dry_run, dry_run_async])
ANY = pytest.mark.parametrize("door", [apply, apply_async, dry_run, dry_run_async])


@pytest.fixture(scope="module")
def both() -> Iterator[tf.LocalSandbox]:
    with tf.sandbox(tasks=30, services=["reload", "pragmatiks"]) as box:
        yield box


@pytest.fixture(params=["reload", "pragmatiks"])
def tasks(request: pytest.FixtureRequest, both: tf.LocalSandbox) -> Iterator[tf.TaskFrame]:
    """All tasks of a service, loaded over a connection of its own."""
    with both.connect(request.param, progress=False) as conn:
        yield conn.load()


@pytest.fixture
def unversioned(both: tf.LocalSandbox) -> Iterator[tf.TaskFrame]:
    with both.connect("pragmatiks", progress=False) as conn:
        yield conn.load()


def edited(tasks: tf.TaskFrame, count: int) -> list[str]:
    ids = [str(task) for task in tasks.df.index[:count]]
    tasks.df.loc[ids, "title"] = [f"ours {uuid4()}" for _ in ids]
    return ids


def titles(box: tf.LocalSandbox, plan: Plan, ids: list[str]) -> list[str]:
    """As the service has them."""
    return [box[plan.source.service].task(task)["title"] for task in ids]


@APPLY
def test_a_plan_is_applied_once(door: Door, tasks: tf.TaskFrame, both: tf.LocalSandbox) -> None:
    """The service has what was planned, the frame follows; another time it is refused."""
    ids = edited(tasks, 2)
    wanted = tasks.df.loc[ids, "title"].tolist()
    plan = tasks.plan()
    report = door(plan)
    assert (report.counts, report.dry_run, report.plan.id) == ({"applied": 2}, False, plan.id)
    assert titles(both, plan, ids) == wanted
    assert len(tasks.plan()) == 0
    with pytest.raises(tf.PlanError, match="applied before"):
        door(plan)


@TRY
def test_a_plan_is_tried_as_often_as_one_likes(door: Door, tasks: tf.TaskFrame, both: tf.LocalSandbox) -> None:
    """Nothing is written; it can be applied still, and tried after that, which finds nothing to do."""
    ids = edited(tasks, 2)
    plan = tasks.plan()
    before = titles(both, plan, ids)
    for _ in range(2):
        report = door(plan)
        assert (report.counts, report.dry_run) == ({"ready": 2}, True)
    assert titles(both, plan, ids) == before
    plan.apply()
    assert door(plan).counts == {"unchanged": 2}


@APPLY
def test_the_number_of_tasks_opens_the_door(door: Door, tasks: tf.TaskFrame, both: tf.LocalSandbox) -> None:
    """More than half of all there is: nothing is sent without it, or with another."""
    ids = edited(tasks, len(tasks.df) // 2 + 1)
    plan = tasks.plan()
    before = titles(both, plan, ids)
    for wrong in ({}, {"confirm": len(ids) + 1}):
        with pytest.raises(tf.ConfirmationNeeded, match="more than half"):
            door(plan, **wrong)
    assert titles(both, plan, ids) == before
    assert door(plan, confirm=len(ids)).counts == {"applied": len(ids)}
    with pytest.raises(tf.PlanError, match="applied before"):  # and not that it wants a number
        door(plan)


@TRY
def test_to_try_takes_no_number(door: Door, tasks: tf.TaskFrame) -> None:
    ids = edited(tasks, len(tasks.df) // 2 + 1)
    assert door(tasks.plan()).counts == {"ready": len(ids)}


@APPLY
def test_what_was_said_of_conflicts_counts(door: Door, tasks: tf.TaskFrame, both: tf.LocalSandbox) -> None:
    """They are reported by themselves, overwritten on request; a slip of the pen is refused."""
    (task,) = edited(tasks, 1)
    plan = tasks.plan()
    server = both[plan.source.service]
    server.edit(task, title="theirs")
    with pytest.raises(tf.SettingsError, match="on_conflict"):
        door(plan, on_conflict="overwriet")
    assert door(plan).counts == {"conflict": 1}
    assert titles(both, plan, [task]) == ["theirs"]
    ours = tasks.plan()
    server.edit(task, title="theirs again")
    assert door(ours, on_conflict="overwrite").counts == {"applied": 1}
    assert titles(both, plan, [task]) == [tasks.df.loc[task, "title"]]


@ANY
def test_a_way_to_verify_that_there_is_not_is_refused(door: Door, tasks: tf.TaskFrame) -> None:
    """Also ahead of everything else that is wrong with the plan."""
    edited(tasks, 1)
    plan = tasks.plan()
    with pytest.raises(tf.PlanError, match="verify='lisitng'"):
        door(plan, verify="lisitng")
    tasks.df["title"] = ""
    with pytest.raises(tf.PlanError, match="verify='lisitng'"):
        door(tasks.plan(), verify="lisitng")


@pytest.mark.parametrize(("verify", "reads"), [(None, 1), ("listing", 1), ("each", 1), ("none", 0)])
@ANY
def test_tasks_are_read_ahead_as_was_said(
    door: Door, verify: Any, reads: int, unversioned: tf.TaskFrame, both: tf.LocalSandbox
) -> None:
    """From the list by themselves; or not at all."""
    edited(unversioned, 1)
    plan = unversioned.plan()
    before = len(both.log.calls())
    assert set(door(plan, verify=verify).counts) <= {"applied", "ready"}
    assert [c.method for c in both.log.calls()[before:]].count("GET") == reads


@ANY
def test_while_a_problem_is_left_no_door_opens(door: Door, tasks: tf.TaskFrame) -> None:
    """Nor without a connection; what to do is told."""
    edited(tasks, 1)
    tasks.df["status"] = tasks.df["status"].astype("object")
    tasks.df.loc[tasks.df.index[3], "status"] = "gone"
    plan = tasks.plan()
    with pytest.raises(tf.PlanError, match=r"^1 problem is left: .*plan\.drop_problems\(\)"):
        door(plan)
    offline = tf.from_frame(tasks.baseline.frame, plan.source.service)
    offline.df["title"] = "ours"
    with pytest.raises(tf.PlanError, match=r"no connection: make the frame with from_frame\(df, conn\)"):
        door(offline.plan())
