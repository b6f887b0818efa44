"""A whole plan, with all its checks, beside `edited.compare(baseline)`, which only tells what differs."""

from __future__ import annotations

from collections.abc import Iterator
from functools import partial

from taskframe.plan import Plan
from tests.benchmarks.diff import _time
from tests.benchmarks.harness import Goal, Line, Size, check, interleaved
from tests.benchmarks.many import edit, many


def lines(size: Size) -> Iterator[Line]:
    """`tasks.plan()`."""
    rows = size.pick(1_000_000, 4_000)
    tasks = many(rows)
    peer = tasks.df.copy()
    edit(tasks.df)
    plan = tasks.plan()
    _check(plan, len(tasks.df.compare(peer)))
    times = interleaved(
        {"ours": partial(_time, tasks.plan), "theirs": lambda: _time(lambda: tasks.df.compare(peer))},
        size.pick(7, 2),
    )
    ratio = times.ratio("theirs", "ours")
    yield Line(
        what="tasks.plan(), whole",
        work=f"{rows:,} tasks × 20 columns, {len(plan.changes):,} cells edited by `.loc`: a plan with all checks made, "
        "ready to send",
        unit="ms",
        ours=1000 * times.median("ours"),
        theirs=1000 * times.median("theirs"),
        ratio=ratio.median,
        low=ratio.low,
        high=ratio.high,
        goal=Goal("least", 4),
        note="Processor time; theirs is `edited.compare(baseline)` alone",
    )


def _check(plan: Plan, rows: int) -> None:
    check(len(plan) == rows, f"the plan has {len(plan)} tasks, compare {rows} rows")
    check(plan.problems.empty, f"the plan has {len(plan.problems)} problems")
    first = next(iter(plan.requests()))
    wanted = {"taskId", "version", *plan.changes.loc[plan.changes["id"] == plan.changes["id"][0], "column"]}
    check(set(first["json"]) == wanted, f"the first call is {first}")
