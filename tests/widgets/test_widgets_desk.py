"""From the ticks to the report: what is ticked is what is sent, what follows a run is a plan that can be looked at."""

from __future__ import annotations

import asyncio
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

import taskframe as tf
from taskframe.widgets.work import Progress, Work

if TYPE_CHECKING:
    from conftest import Bench


def run(bench: Bench, *, dry: bool = False, confirm: int | None = None) -> tf.Report:
    plan = bench.desk.plan
    assert plan is not None
    work = Work(lambda: None)
    report = asyncio.run(work.run(plan, dry=dry, confirm=confirm))
    assert report is not None, work.error
    bench.desk.ended(report)
    bench.sheet.follow()
    return report


def edited(bench: Bench) -> list[str]:
    """Three tasks with two edits each; their ids."""
    df = bench.tasks.df
    tasks = df.index[df["status"].eq("todo") & df["priority"].ne("urgent")][:3].tolist()
    df.loc[tasks, "priority"] = "urgent"
    df.loc[tasks, "title"] = ["one", "two", "three"]
    bench.sheet.follow()
    bench.desk.changed()
    return tasks


def test_ticks_make_the_part_that_is_sent(bench: Bench) -> None:
    """By task, by column, by cell; the boxes say all, none or some; the server has the ticked part and no more."""
    a, b, c = edited(bench)
    part = bench.desk.part
    assert part is not None
    part.tick(False, task=a)
    part.tick(False, column="priority")
    part.tick(True, task=b, column="priority")
    page = part.page(0)
    assert {t["id"]: t["on"] for t in page["tasks"]} == {a: False, b: True, c: None}
    assert {c["name"]: c["on"] for c in page["columns"]} == {"title": None, "priority": None}
    before = {t: bench.box["reload"].task(t) for t in (a, b, c)}
    report = run(bench)
    assert report.counts == {"applied": 2}
    held = {t: bench.box["reload"].task(t) for t in (a, b, c)}
    assert held[a] == before[a]
    assert (held[b]["title"], held[b]["priority"]) == ("two", "urgent")
    assert (held[c]["title"], held[c]["priority"]) == ("three", before[c]["priority"])
    assert bench.cells() == {(a, "title", "one"), (a, "priority", "urgent"), (c, "priority", "urgent")}


def test_unticked_cells_stay_so_while_others_are_edited(bench: Bench) -> None:
    """A plan that is made anew, because of another edit, keeps the ticks of the cells that it still has."""
    a, b, _ = edited(bench)
    assert bench.desk.part is not None
    bench.desk.part.tick(False, task=a)
    bench.tasks.df.loc[b, "title"] = "edited again"
    bench.desk.changed()
    assert {t["id"]: t["on"] for t in bench.desk.part.page(0)["tasks"]}[a] is False
    assert bench.desk.plan is not None
    assert a not in set(bench.desk.plan.changes["id"])


def test_problems_lead_to_their_cells_and_can_be_left_out(bench: Bench) -> None:
    """The list names the cell, the sheet knows its place, and without it the rest can be applied."""
    tasks = edited(bench)
    df = bench.tasks.df
    df["status"] = df["status"].astype("object")
    df.loc[tasks[0], "status"] = "nonsense"
    bench.desk.changed()
    assert bench.desk.part is not None
    problem = bench.desk.part.page(0)["problems"][0]
    assert (problem["id"], problem["column"]) == (tasks[0], "status")
    place = bench.sheet.place_of(problem["id"], problem["column"])
    assert place is not None
    assert bench.sheet.block([place[0]])[0]["id"] == tasks[0]
    bench.desk.without_problems = True
    assert run(bench).counts == {"applied": 3}


def test_a_dry_run_writes_nothing_and_undo_puts_all_back(bench: Bench) -> None:
    """The server is as before after the dry run and after the undo."""
    tasks = edited(bench)
    before = {t: bench.box["reload"].task(t) for t in tasks}
    assert run(bench, dry=True).counts == {"ready": 3}
    assert {t: bench.box["reload"].task(t) for t in tasks} == before
    assert run(bench).counts == {"applied": 3}
    assert bench.desk.written == 3
    assert bench.edits.undoable == ""
    bench.desk.undo()
    assert bench.desk.following
    assert run(bench).counts == {"applied": 3}
    for task in tasks:
        now = bench.box["reload"].task(task)
        assert (now["title"], now["priority"]) == (before[task]["title"], before[task]["priority"])
    assert not bench.desk.following
    assert len(bench.tasks.plan()) == 0


@pytest.mark.parametrize("choice", ["ours", "theirs"])
def test_a_conflict_is_decided_a_cell_each(bench: Bench, choice: Any) -> None:
    """ "ours" is a plan that overwrites theirs; "theirs" is in the frame at once, and nothing is sent for it."""
    a, *_ = edited(bench)
    bench.box["reload"].edit(a, title="by a colleague")
    report = run(bench)
    assert report.counts == {"applied": 2, "conflict": 1}
    cells = bench.desk.conflicts
    assert cells[["id", "column", "ours", "theirs"]].values.tolist() == [[a, "title", "one", "by a colleague"]]
    bench.desk.resolve({(a, "title"): choice})
    if choice == "ours":
        assert bench.desk.following
        assert run(bench).counts == {"applied": 1}
        held = bench.box["reload"].task(a)
        assert (held["title"], held["priority"]) == ("one", "urgent")
        assert len(bench.tasks.plan()) == 0
    else:
        assert not bench.desk.following
        assert len(bench.desk.conflicts) == 0, "it is settled"
        assert bench.tasks.df.at[a, "title"] == "by a colleague"
        place = bench.sheet.place_of(a, "title")
        assert place is not None
        assert bench.shown(place[0], "title") == "by a colleague"
        assert bench.cells() == {(a, "priority", "urgent")}, "the other edit of this task stays one"
        assert run(bench).counts == {"applied": 1}
        held = bench.box["reload"].task(a)
        assert (held["title"], held["priority"]) == ("by a colleague", "urgent")


def test_theirs_in_one_cell_and_mine_in_another_of_one_task(any_bench: Bench) -> None:
    """On each service: theirs is in the frame at once, mine goes out on top of theirs, and nothing is left to do."""
    bench = any_bench
    schema, df = bench.tasks.schema, bench.tasks.df
    title, priority = schema.role("title"), schema.role("priority")
    assert title is not None
    assert priority is not None
    task = str(df.index[0])
    known = list(dict.fromkeys(df[priority.name]))
    mine, theirs = [value for value in known if value != df.at[task, priority.name]][:2]
    bench.tasks.df.loc[task, [title.name, priority.name]] = ["my title", mine]
    bench.desk.changed()
    colleague(bench, task, title.name, priority.name, theirs)
    assert run(bench).counts == {"conflict": 1}
    assert set(bench.desk.conflicts["column"]) == {title.name, priority.name}
    bench.desk.resolve({(task, title.name): "theirs", (task, priority.name): "ours"})
    assert bench.tasks.df.at[task, title.name] == "by a colleague"
    assert bench.desk.conflicts["column"].tolist() == [priority.name], "mine is decided when it is applied"
    assert bench.desk.plan is not None
    assert bench.desk.plan.changes[["column", "before", "after"]].values.tolist() == [[priority.name, theirs, mine]]
    assert run(bench).counts == {"applied": 1}
    with bench.box.connect(bench.service, progress=False) as conn:
        held = conn.load().df.loc[task]
    assert (held[title.name], held[priority.name]) == ("by a colleague", mine)
    assert len(bench.tasks.plan()) == 0


def colleague(bench: Bench, task: str, title: str, priority: str, value: Any) -> None:
    """Somebody else edits the same two cells, over a connection of their own."""
    with bench.box.connect(bench.service, progress=False) as conn:
        theirs = conn.load()
        theirs.df.loc[task, [title, priority]] = ["by a colleague", value]
        assert theirs.plan().apply().ok


def test_theirs_leaves_alone_what_was_edited_since(bench: Bench) -> None:
    """Whoever edits the cell again before deciding keeps that edit, and it is no way around theirs: a new conflict."""
    a, *_ = edited(bench)
    bench.box["reload"].edit(a, title="by a colleague")
    run(bench)
    bench.tasks.df.loc[a, "title"] = "edited again"
    bench.desk.resolve({(a, "title"): "theirs"})
    assert bench.tasks.df.at[a, "title"] == "edited again"
    assert run(bench).conflicts[["ours", "theirs"]].values.tolist() == [["edited again", "by a colleague"]]


def test_a_large_plan_wants_its_number(bench: Bench) -> None:
    """Without it nothing is sent, and the error says what to do."""
    bench.hand.set_all("priority", "urgent")
    bench.desk.changed()
    assert bench.desk.plan is not None
    number, _ = bench.desk.plan.confirmation
    assert number == len(bench.desk.plan)
    work = Work(lambda: None)
    assert asyncio.run(work.run(bench.desk.plan, dry=False)) is None
    assert "more than half" in work.error
    assert run(bench, confirm=number).counts == {"applied": number}


def test_a_stopped_run_has_its_report(bench: Bench) -> None:
    """Stop ends in order: what was written is applied, the rest skipped, a retry does it."""
    bench.hand.set_all("priority", "urgent")
    bench.desk.changed()
    plan = bench.desk.plan
    assert plan is not None
    bench.box.faults.add("latency", times=None, write=True, seconds=0.1)

    async def stopped() -> tf.Report | None:
        work = Work(lambda: work.stop() if work.progress.done > 20 else None)
        return await work.run(plan, dry=False, confirm=len(plan))

    report = asyncio.run(stopped())
    assert report is not None
    assert set(report.counts) == {"applied", "skipped"}
    assert sum(report.counts.values()) == len(plan)
    bench.box.faults.clear()
    for task, outcome in report.outcomes["outcome"].items():
        assert (bench.box["reload"].task(str(task))["priority"] == "urgent") == (outcome == "applied")
    bench.desk.ended(report)
    assert bench.desk.left == report.counts["skipped"]
    bench.desk.retry()
    assert run(bench, confirm=report.counts["skipped"]).counts == {"applied": report.counts["skipped"]}


def test_progress_tells_rate_and_time_left() -> None:
    """By a clock that is given: 30 of 120 in 10 seconds are 3 a second, with 30 seconds left."""
    now = [0.0]
    progress = Progress(lambda: now[0])
    bar = progress.bar(total=120, desc="whatever")
    bar.update(30)
    bar.set_postfix({"applied": 29, "conflict": 1}, refresh=False)
    now[0] = 10.0
    assert progress.words == "30 of 120 tasks · 3 a second · 30 seconds left · applied 29, conflict 1"


def test_nothing_in_a_page_of_changes_is_markup_of_ours(bench: Bench) -> None:
    """The list of changes gets text, whatever a title says; the browser shows text as text."""
    task = bench.tasks.df.index[0]
    bench.tasks.df.loc[task, "title"] = "<img src=x onerror=alert(1)>\u202e"
    bench.desk.changed()
    assert bench.desk.part is not None
    after = bench.desk.part.page(0)["tasks"][0]["cells"][0]["after"]
    assert after == "<img src=x onerror=alert(1)>\\u202e"
    assert isinstance(bench.desk.part.whole.changes, pd.DataFrame)
