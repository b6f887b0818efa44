"""Plans that are narrowed, confirmed or applied wrongly, or in the wrong place."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pandas as pd
from bad_desk import Bad, Desk, bad

import taskframe as tf

WRONG = tf.PlanError


def _select(**what: Any) -> Callable[[Desk], Any]:
    return lambda desk: desk.edited().select(**what)


def _drop(**what: Any) -> Callable[[Desk], Any]:
    return lambda desk: desk.edited().drop(**what)


def _apply(count: int = 1, service: str = "reload", **options: Any) -> Callable[[Desk], Any]:
    return lambda desk: desk.edited(service, count).apply(**options)


def _all(**options: Any) -> Callable[[Desk], Any]:
    return lambda desk: desk.edited(count=40).apply(**options)


def _problems_left(desk: Desk) -> Any:
    return desk.cell("priority", "hgih").apply()


def _cleared(desk: Desk) -> Any:
    with tf.sandbox(tasks=300, seed=7, services=["reload"]) as box, box.connect("reload", progress=False) as conn:
        tasks = conn.load(limit=200)
        tasks.df["assigneeUserId"] = None
        try:
            return tasks.plan().apply()
        finally:
            assert not box.log.writes()


def _no_connection(desk: Desk) -> Any:
    tasks = tf.from_frame(desk.tasks().df, "reload")
    tasks.df["title"] = "new"
    return tasks.plan().apply(confirm=40)


def _twice(desk: Desk) -> Any:
    """The first run is stopped before it writes anything; it was a run all the same."""
    plan = desk.edited()
    desk.box.faults.add("401", times=None)
    plan.apply()
    return plan.apply()


def _closed(desk: Desk) -> Any:
    plan = desk.edited()
    desk.close()
    return plan.apply()


PLANS: list[Bad] = [
    bad("select with an id of nobody", _select(ids=["tsk_gone"]), WRONG, "ids=", "'tsk_gone' is not in this plan"),
    bad("select with one text for ids", _select(ids="tsk_1"), WRONG, "ids= takes a list", "ids=['tsk_1']"),
    bad("select with numbers for ids", _select(ids=[1]), WRONG, "ids=", "1 is not in this plan"),
    bad("select with a number for ids", _select(ids=5), WRONG, "ids= takes a list of task ids", "ids=[5]"),
    bad(
        "select with a column with a typo",
        _select(columns=["titel"]),
        tf.SettingsError,
        "columns=",
        "'titel'",
        "'title'",
    ),
    bad(
        "select with one text for columns",
        _select(columns="title"),
        WRONG,
        "columns= takes a list",
        "columns=['title']",
    ),
    bad(
        "select with cells that are none",
        _select(cells=[("a", "b")]),
        WRONG,
        "cells= takes rows of plan.changes or plan.problems",
    ),
    bad(
        "select with cells without ids",
        _select(cells=pd.DataFrame({"column": ["title"]})),
        WRONG,
        "cells=",
        "the columns id and column",
    ),
    bad("drop of nothing", _drop(), WRONG, "drop what?", "ids=, columns= or cells="),
    bad("drop with an id of nobody", _drop(ids=["tsk_gone"]), WRONG, "'tsk_gone' is not in this plan"),
    bad(
        "drop with a column with a typo",
        _drop(columns=["stauts"]),
        tf.SettingsError,
        "columns=",
        "'stauts'",
        "'status'",
    ),
    bad(
        "apply with problems left", _problems_left, WRONG, "1 problem is left", "plan.problems", "plan.drop_problems()"
    ),
    bad(
        "apply to more than half of all",
        _all(),
        tf.ConfirmationNeeded,
        "more than half of all tasks",
        "confirm=",
        "number of tasks",
    ),
    bad("apply that clears a lot", _cleared, tf.ConfirmationNeeded, "clears", "cells", "confirm="),
    bad(
        "confirm= of another number",
        _all(confirm=39),
        tf.ConfirmationNeeded,
        "confirm=39 is not that number",
        "look at the preview",
    ),
    bad("confirm=True", _all(confirm=True), tf.ConfirmationNeeded, "confirm=True is not that number"),
    bad("confirm= in words", _all(confirm="yes"), tf.ConfirmationNeeded, "confirm='yes' is not that number"),
    bad(
        "on_conflict= with a typo",
        _apply(on_conflict="overwite"),
        tf.SettingsError,
        "on_conflict",
        "'overwite'",
        "'overwrite'",
    ),
    bad("on_conflict= of a number", _apply(on_conflict=5), tf.SettingsError, "on_conflict", "5"),
    bad("verify= where versions guard", _apply(verify="each"), WRONG, "verify='each'", "leave verify= out"),
    bad(
        "Kore: verify= of each",
        _apply(service="kore", verify="each"),
        WRONG,
        "verify='each'",
        "no call of Kore reads a single task",
        "'listing', 'none'",
    ),
    bad(
        "Pragmatiks: verify= with a typo",
        _apply(service="pragmatiks", verify="lsiting"),
        WRONG,
        "verify='lsiting'",
        "'listing', 'each', 'none'",
    ),
    bad(
        "Pragmatiks: dry_run with verify= of a number",
        lambda d: d.edited("pragmatiks").dry_run(verify=5),
        WRONG,
        "verify=5",
        "'listing'",
    ),
    bad("no connection", _no_connection, WRONG, "no connection", "from_frame(df, conn)", "open_plan(path, conn)"),
    bad("applied twice", _twice, WRONG, "applied before, as run", "report.retry() or tasks.plan()", calls=True),
    bad("over a closed connection", _closed, tf.ClosedError, "closed", "connect again"),
]
