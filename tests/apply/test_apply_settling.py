"""Tasks that are read again together, whoever else is in the batch."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest
from apply_stage import LIST, Stage

from taskframe.engine.decider import Decider
from taskframe.engine.ledger import Ledger
from taskframe.engine.settling import Settler
from taskframe.engine.work import Bench, Work
from taskframe.engine.workqueue import WorkQueue


def settled(stage: Stage, count: int, *, doubt: bool = False) -> tuple[dict[str, str], list[str], list[str]]:
    """A batch of works whose version was refused: outcomes by id, the ids to be sent again, why it stopped."""
    tasks = stage.edited(count)
    edits = list(tasks.plan().edits())
    for edit in edits:
        stage.reload.edit(edit.id, description="theirs")
    stopped: list[str] = []

    async def main() -> tuple[dict[str, str], list[str]]:
        link = stage.link()
        queue: WorkQueue[Work] = WorkQueue((), stage.clock)
        ledger = Ledger(lambda _: None)
        plan = tasks.plan()
        bench = Bench(
            link.service, plan.load.schema, plan.load.catalogue, link.caller(), link.rng, queue, ledger, stopped.append
        )
        works = [Work(n, edit) for n, edit in enumerate(edits)]
        for work in works:
            work.stale, work.doubt, work.attempts = True, doubt, 1
        try:
            await Settler(bench, Decider("report", plan.load.schema, lambda _: ())).settle(works)
        finally:
            await link.transport.aclose()
        return {o.id: o.kind for o in ledger.outcomes().values()}, [work.plan.id for work in queue.left()]

    outcomes, again = asyncio.run(main())
    assert sorted([*outcomes, *again]) == sorted(edit.id for edit in edits)
    return outcomes, again, stopped


def searches(stage: Stage, *tasks: dict[str, Any]) -> Any:
    """Whether a call searches for one of these tasks."""
    return lambda call: any(("query", task["identifier"]) in call.query for task in tasks)


@pytest.mark.parametrize("doubt", [False, True])
@pytest.mark.parametrize("status", ["500", "401"])
def test_one_that_cannot_be_read_does_not_take_the_rest_along(stage: Stage, status: str, doubt: bool) -> None:
    """The search for one of eight fails for ever: the others go ahead. Not signed in: that is nobody's own failure."""
    odd = stage.reload.tasks()[3]
    stage.faults.add(status, times=None, match=searches(stage, odd))
    outcomes, again, stopped = settled(stage, 8, doubt=doubt)
    kind = "unknown" if doubt else "failed"
    if status == "500":
        assert (outcomes, len(again), stopped) == ({odd["id"]: kind}, 7, [])
    else:
        assert (set(outcomes.values()), len(outcomes), again) == ({kind}, 8, [])
        assert stopped


def test_when_nothing_can_be_read_it_is_not_tried_for_each(stage: Stage) -> None:
    """A batch of twenty, and the list is down: three tries of six calls, not twenty-one."""
    stage.faults.add("500", times=None, match=LIST, after=1)  # the load
    outcomes, again, _ = settled(stage, 20)
    assert (set(outcomes.values()), len(outcomes), again) == ({"failed"}, 20, [])
    assert len(stage.reads()) - 1 == 3 * 6
