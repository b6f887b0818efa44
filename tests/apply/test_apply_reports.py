"""What a run leaves behind: counts that are the server's, a frame that follows, a dry run that wrote nothing."""

from __future__ import annotations

import asyncio
from collections.abc import Callable
from typing import Any

import pytest
from apply_stage import UPDATE, Stage, kinds
from test_apply_limits import watcher

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit, Row
from taskframe.engine.applying import Run
from taskframe.engine.outcome import Outcome
from taskframe.services.base import Call, Reply, Verdict
from taskframe.services.reload import Reload


def test_a_dry_run_writes_nothing_and_tells_what_an_apply_would_do(stage: Stage) -> None:
    """ready, unchanged, conflict, unknown; not one write in the log; the frame is as it was."""
    tasks = stage.load(6)
    tasks.df["title"] = "ours"
    task = list(map(str, tasks.df.index))
    stage.reload.edit(task[1], description="theirs")
    stage.reload.edit(task[2], title="ours")
    stage.reload.edit(task[3], title="theirs")
    stage.reload.delete(task[4])
    before = tasks.df.copy()
    plan = tasks.plan()
    report = plan.dry_run()
    assert list(report.outcomes.index) == task
    assert kinds(report) == ["ready", "ready", "unchanged", "conflict", "unknown", "ready"]
    assert list(report.conflicts["theirs"]) == ["theirs"]
    assert report.dry_run
    assert stage.updates() == []
    assert report.calls == len(stage.reads()) - 1
    assert tasks.df.equals(before)
    assert plan.apply(confirm=len(plan)).counts == {"applied": 3, "unchanged": 1, "conflict": 1, "failed": 1}


def test_when_all_went_through_there_is_nothing_left_to_plan(stage: Stage) -> None:
    """The frame has the service's values and versions; a second edit needs no second read."""
    tasks = stage.edited(30)
    assert stage.apply(tasks).ok
    assert len(tasks.plan()) == 0
    for task in tasks.df.index:
        held = stage.reload.task(task)
        assert tasks.df.loc[task, ["title", "priority", "version"]].tolist() == [
            held["title"], held["priority"], held["version"]
        ]  # fmt: skip
    tasks.df["title"] = "again"
    report = stage.apply(tasks)
    assert report.counts == {"applied": 30}
    assert report.calls == 30


def test_a_conflict_leaves_the_edit_in_the_frame(stage: Stage) -> None:
    """Ours stays in tasks.df, and in the next plan."""
    tasks = stage.edited(3)
    task = tasks.df.index[1]
    stage.reload.edit(task, title="theirs")
    stage.apply(tasks)
    assert tasks.df.loc[task, "title"] == "ours 1"
    assert set(tasks.plan().changes["id"]) == {task}


def test_edits_made_meanwhile_stay(stage: Stage) -> None:
    """While the run is under way cells that were sent are edited again: they stay, and are the next plan."""
    edited: list[Any] = []

    def edit(n: int) -> None:
        if n == 5:
            edited.extend([tasks.df.index[0], tasks.df.index[-1]])
            tasks.df.loc[edited, "title"] = "later"

    tasks = stage.connect(concurrency=2, progress=watcher(edit)).load(limit=10, progress=False)
    tasks.df["title"] = "ours"
    assert stage.apply(tasks).counts == {"applied": 10}
    assert [stage.reload.task(task)["title"] for task in edited] == ["ours", "ours"]
    rest = tasks.plan()
    assert rest.changes[["id", "before", "after"]].to_numpy().tolist() == [[task, "ours", "later"] for task in edited]
    assert rest.apply().counts == {"applied": 2}


@pytest.mark.parametrize("concurrency", [1, 16])
def test_attempts_and_calls_are_what_the_server_saw(make_stage: Callable[..., Stage], concurrency: int) -> None:
    """Task by task, reads too, whatever failed on the way."""
    stage = make_stage(tasks=60)
    tasks = stage.edited(50, concurrency=concurrency)
    for task in tasks.df.index[::7]:
        stage.reload.edit(task, description="theirs")
    start = len(stage.box.log.calls())
    kinds_of_fault = ["429", "500", "503", "drop", "drop-after", "500-after"]
    stage.faults.storm(0.3, kinds=kinds_of_fault, seed=3, match=UPDATE)
    report = stage.apply(tasks)
    seen = [call.body["taskId"] for call in stage.updates()]
    assert report.outcomes["attempts"].to_dict() == {task: seen.count(task) for task in tasks.df.index}
    assert report.calls == len(stage.box.log.calls()) - start


def test_a_run_of_2000_never_has_more_than_its_workers(make_stage: Callable[..., Stage]) -> None:
    """Neither a coroutine per task nor one per conflict: a small multiple of the concurrency, all along."""
    stage = make_stage(tasks=2_100)
    most: list[int] = []
    progress = watcher(lambda n: most.append(len(asyncio.all_tasks())))
    tasks = stage.connect(progress=progress, concurrency=8).load(limit=2_000, progress=False)
    tasks.df["title"] = "ours"
    for task in tasks.df.index[::10]:
        stage.reload.edit(task, description="theirs")
    assert stage.apply(tasks).counts == {"applied": 2_000}
    assert len(most) == 2_000
    assert max(most) <= 4 * 8


def test_after_a_stop_nobody_is_asked_any_more(stage: Stage) -> None:
    """A function that asks the user: after the stop there is no further question, and nothing is written."""
    asked: list[Any] = []
    tasks = stage.edited(12)
    for task in tasks.df.index:
        stage.reload.edit(task, title="theirs")

    async def main() -> list[Outcome]:
        loop = asyncio.get_running_loop()

        def ask(*cell: Any) -> Any:
            asked.append(cell)
            stopped = asyncio.run_coroutine_threadsafe(stop(), loop)
            return stopped.result()

        async def stop() -> str:
            run.stop("enough")
            return "never sent"

        plan, link = tasks.plan(), stage.link()
        run = Run(
            link.service, plan.load.schema, plan.load.catalogue, link.caller(),
            clock=link.clock, rng=link.rng, concurrency=3, on_conflict=ask,
        )  # fmt: skip
        try:
            return list((await run.apply(plan.edits(), grace=10)).values())
        finally:
            await link.transport.aclose()

    outcomes = asyncio.run(main())
    assert len(asked) == 1
    assert [o.id for o in outcomes] == list(tasks.df.index)
    assert {o.kind for o in outcomes} <= {"failed", "skipped"}
    assert all(o.detail.startswith("enough") for o in outcomes)
    assert not any(stage.written(task) for task in tasks.df.index)


# what breaks in other people's code


class Odd(Reload):
    """Reload, but that it breaks over one task, at one point, once that is armed."""

    def __init__(self, where: str) -> None:
        self.where = where
        self.task = ""

    def _break(self, where: str, task: object) -> None:
        if where == self.where and task == self.task:
            raise LookupError(f"{where} is broken")

    def calls(self, edit: Edit, catalogue: Catalogue) -> Any:
        self._break("calls", edit.id)
        return super().calls(edit, catalogue)

    def judge(self, call: Call, reply: Reply) -> Verdict:
        self._break("judge", (call.json or {}).get("taskId"))
        return super().judge(call, reply)

    def reread(self, bases: Any) -> Any:
        for base in bases:
            self._break("reread", base["id"])
        return super().reread(bases)

    def row(self, task: Any) -> Row:
        self._break("row", task.id)
        return super().row(task)


@pytest.mark.parametrize(
    ("where", "outcome", "attempts"),
    [("calls", "failed", 0), ("judge", "unknown", 1), ("reread", "failed", 1), ("row", "failed", 1)],
)
def test_a_service_that_breaks_over_one_task_costs_nobody_else(
    stage: Stage, where: str, outcome: str, attempts: int
) -> None:
    """Wherever it raises what nobody expects: that task is told as what it is, the others are applied."""
    service = Odd(where)
    tasks = stage.edited(20, service=service, concurrency=4)
    for task in tasks.df.index:
        stage.reload.edit(task, description="theirs")
    plan = tasks.plan()
    service.task = str(tasks.df.index[7])
    report = plan.apply(confirm=len(plan))
    assert kinds(report) == ["applied"] * 7 + [outcome] + ["applied"] * 12
    told = report.outcomes.loc[service.task]
    assert "is broken" in told["detail"]
    assert told["attempts"] == attempts == len(stage.updates(service.task))


def test_a_progress_bar_that_breaks_changes_nothing(stage: Stage) -> None:
    """It raises at every outcome; each outcome is what it is all the same."""

    def broken(n: int) -> None:
        raise RuntimeError("no bar today")

    tasks = stage.connect(progress=watcher(broken)).load(limit=10, progress=False)
    tasks.df["title"] = "ours"
    assert stage.apply(tasks).counts == {"applied": 10}
