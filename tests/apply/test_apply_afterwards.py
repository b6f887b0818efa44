"""After an apply: no later one overwrites what was not seen, the report is had, own writes make nothing stale."""

from __future__ import annotations

import random
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from apply_stage import Stage, kinds
from test_apply_limits import watcher
from verify_stage import staged

import taskframe as tf
from taskframe.services.base import Call, Reply, Verdict
from taskframe.services.reload import Reload

# whose edit is it?


def conflicts(report: tf.Report) -> list[tuple[Any, ...]]:
    return list(report.conflicts[["id", "column", "ours", "theirs"]].itertuples(index=False, name=None))


def other(priority: str) -> str:
    return "low" if priority != "low" else "high"


def half_sent(stage: Stage, title: str = "ours") -> tuple[tf.TaskFrame, str, str]:
    """Two edits of a task, of which one is sent while somebody else changes the other; and the title that it had."""
    tasks = stage.load(10)
    task = str(tasks.df.index[8])
    base = tasks.df.loc[task, "title"]
    stage.reload.edit(task, title="theirs", description="theirs too")
    tasks.df.loc[task, ["title", "priority"]] = [title, other(tasks.df.loc[task, "priority"])]
    assert tasks.plan(columns=["priority"]).apply().counts == {"applied": 1}
    return tasks, task, base


def test_an_edit_that_was_not_sent_never_overwrites_what_came_in_beneath_it(stage: Stage) -> None:
    """It was made without knowing theirs: a conflict of base, ours and theirs, again and again, until it is decided."""
    tasks, task, base = half_sent(stage)
    assert tasks.df.loc[task, ["title", "description"]].tolist() == ["ours", "theirs too"]
    for _ in range(2):
        plan = tasks.plan()
        assert plan.changes[["column", "before", "after"]].to_numpy().tolist() == [["title", base, "ours"]]
        report = plan.apply()
        assert conflicts(report) == [(task, "title", "ours", "theirs")]
        assert stage.reload.task(task)["title"] == "theirs"
    tasks.df.loc[task, "description"] = "mine"
    assert tasks.plan(columns=["description"]).apply().counts == {"applied": 1}
    assert conflicts(tasks.plan().apply()) == [(task, "title", "ours", "theirs")]
    assert tasks.plan().apply(on_conflict="overwrite").counts == {"applied": 1}
    assert stage.reload.task(task)["title"] == "ours"
    tasks.df.loc[task, "title"] = "next"
    report = tasks.plan().apply()
    assert (report.counts, report.calls) == ({"applied": 1}, 1)  # all is known again: no further read


def test_giving_in_or_taking_the_edit_back_settles_it(stage: Stage) -> None:
    """Their value typed in is no edit any more; the old value put back follows with the next answer."""
    tasks, task, _ = half_sent(stage)
    tasks.df.loc[task, "title"] = "theirs"
    assert tasks.plan().apply().counts == {"unchanged": 1}
    assert len(tasks.plan()) == 0
    tasks, task, base = half_sent(stage)
    tasks.df.loc[task, "title"] = base
    assert len(tasks.plan()) == 0
    tasks.df.loc[task, "description"] = "mine"
    assert tasks.plan().apply().counts == {"applied": 1}
    assert tasks.df.loc[task, "title"] == stage.reload.task(task)["title"] == "theirs"
    assert len(tasks.plan()) == 0


def test_the_same_for_an_edit_that_had_a_problem(stage: Stage) -> None:
    """Dropped, the rest applied, then mended: it is still an edit of what was loaded."""
    tasks = stage.load(10)
    task = str(tasks.df.index[3])
    stage.reload.edit(task, title="theirs")
    tasks.df.loc[task, ["title", "priority"]] = ["", other(tasks.df.loc[task, "priority"])]
    plan = tasks.plan()
    assert list(plan.problems["column"]) == ["title"]
    assert plan.drop_problems().apply().counts == {"applied": 1}
    tasks.df.loc[task, "title"] = "mended"
    assert conflicts(tasks.plan().apply()) == [(task, "title", "mended", "theirs")]


def test_the_same_for_an_edit_made_while_the_run_was_under_way(stage: Stage) -> None:
    """Typed before the answer was there: it does not know theirs either."""
    typed: list[str] = []

    def edit(n: int) -> None:
        if n == 3:
            typed.append(str(tasks.df.index[-1]))
            tasks.df.loc[typed[0], "title"] = "later"

    tasks = stage.connect(concurrency=1, progress=watcher(edit)).load(limit=6, progress=False)
    stage.reload.edit(str(tasks.df.index[-1]), title="theirs")
    tasks.df["description"] = "ours"
    assert tasks.plan().apply(confirm=6).counts == {"applied": 6}
    assert conflicts(tasks.plan().apply()) == [(typed[0], "title", "later", "theirs")]


def test_the_same_after_a_plan_of_a_copy_or_of_a_file(stage: Stage, tmp_path: Path) -> None:
    """Whatever was applied, the edits in tasks.df were not."""
    for way in ("copy", "file"):
        tasks = stage.load(10)
        task = str(tasks.df.index[0])
        copy = tasks.df.copy()
        tasks.df.loc[task, "title"] = "ours"
        stage.reload.edit(task, title=f"theirs: {way}")
        copy["priority"] = [other(p) for p in copy["priority"]]
        if way == "copy":
            plan = tasks.plan(copy)
        else:
            copy.to_csv(tmp_path / "edited.csv")
            plan = tasks.plan_csv(tmp_path / "edited.csv")
        assert plan.apply(confirm=10).counts == {"applied": 10}
        assert conflicts(tasks.plan().apply()) == [(task, "title", "ours", f"theirs: {way}")]


def test_a_saved_frame_and_a_saved_plan_know_it_too(stage: Stage, tmp_path: Path) -> None:
    """What is opened later is as careful."""
    tasks, task, _ = half_sent(stage)
    tasks.save(tmp_path / "t.tasks")
    tasks.plan().save(tmp_path / "t.plan")
    conn = stage.connect()
    again = tf.open_tasks(tmp_path / "t.tasks", conn)
    assert again.plan().changes["column"].tolist() == ["title"]
    assert conflicts(again.plan().apply()) == [(task, "title", "ours", "theirs")]
    assert conflicts(tf.open_plan(tmp_path / "t.plan", conn).apply()) == [(task, "title", "ours", "theirs")]


def test_where_nobody_else_was_it_goes_on_as_before(stage: Stage) -> None:
    """Applied in parts, each part is one call a task."""
    tasks = stage.edited(10)
    for columns in (["priority"], ["title"]):
        report = tasks.plan(columns=columns).apply(confirm=10)
        assert (report.counts, report.calls) == ({"applied": 10}, 10)
    assert len(tasks.plan()) == 0


@pytest.mark.parametrize("seed", range(4))
def test_no_apply_overwrites_what_its_user_had_not_seen(stage: Stage, seed: int) -> None:
    """Rounds of edits, applied in parts, with others at work all the time: whatever we wrote over was there to be
    seen in tasks.df when the cell was edited, or was ours."""
    rng = random.Random(seed)
    columns = ["title", "description"]
    tasks = stage.load(12)
    tasks.df["description"] = tasks.df["description"].astype("object").where(tasks.df["description"].notna(), None)
    seen: dict[tuple[str, str], set[Any]] = {}
    wrote: dict[tuple[str, str], set[Any]] = {}
    copies: list[pd.DataFrame] = []
    counts: dict[str, int] = {}
    for turn in range(12):
        copies.append(tasks.df.copy())
        frame = tasks.df if rng.random() < 0.7 else rng.choice(copies)
        for task in rng.sample(list(tasks.df.index), 5):
            column = rng.choice(columns)
            before = frame.loc[task, column]
            if before not in wrote.get((task, column), ()):  # an edit of an edit has seen no more than that one
                seen.setdefault((task, column), set()).add(before)
            frame.loc[task, column] = f"ours {turn} {task} {column}"
            wrote.setdefault((task, column), set()).add(frame.loc[task, column])
        for task in rng.sample(list(tasks.df.index), 3):
            stage.reload.edit(task, **{rng.choice(columns): f"theirs {turn}"})
        plan = tasks.plan(None if frame is tasks.df else frame, columns=rng.choice([None, ["title"], ["description"]]))
        report = plan.drop_problems().apply(confirm=len(plan) or None)
        for kind, number in report.counts.items():
            counts[kind] = counts.get(kind, 0) + number
    assert counts["applied"] > 10
    assert counts["conflict"] > 2
    for task in map(str, tasks.df.index):
        for write in stage.written(task):
            for name, value in (write.before or {}).items():
                if name in columns and value not in wrote.get((task, name), ()):
                    assert value in seen[task, name], (task, name, value)


# the report is had

INTERRUPTED = """
import os, signal, sys
import taskframe as tf
from tqdm import tqdm

def interrupt():
    os.kill(os.getpid(), signal.SIGINT)

class Loud:
    def __eq__(self, other):
        interrupt()
        return False
    def __ne__(self, other):
        interrupt()
        return True
    __hash__ = None

class AtItsEnd(tqdm):
    def close(self):
        if self.total == 60 and not self.disable and sys.argv[1] == "last call":
            interrupt()
        super().close()

with tf.sandbox(tasks=60, services=["reload"]) as box, box.connect("reload", progress=AtItsEnd) as conn:
    tasks = conn.load(progress=False)
    tasks.df["title"] = "ours"
    plan = tasks.plan()
    if sys.argv[1] == "following":
        tasks.df["title"] = tasks.df["title"].astype(object)
        tasks.df.at[tasks.df.index[7], "title"] = Loud()
    try:
        plan.apply(confirm=60)
        print("no interrupt")
    except tf.ApplyInterrupted as stopped:
        print(stopped.report.counts)
    versions = [box["reload"].task(task)["version"] for task in tasks.df.index]
    print(tasks.df["version"].tolist() == versions, (tasks.baseline.frame["title"] == "ours").all())
    try:
        interrupt()
        for _ in range(1000): pass
    except KeyboardInterrupt:
        print("the next one is as ever")
"""


@pytest.mark.parametrize("when", ["last call", "following"])
def test_an_interrupt_after_the_last_call_loses_nothing(python: Callable[..., Any], when: str) -> None:
    """The frame follows to the end, then ApplyInterrupted comes with the report of all that was applied."""
    found = python(INTERRUPTED, when)
    told = ["{'applied': 60}", "True True", "the next one is as ever"]
    assert found.stdout.splitlines() == told, found.stderr


class Unlike:
    """What can't be compared with anything."""

    __hash__ = object.__hash__

    def __eq__(self, other: object) -> bool:
        raise ArithmeticError("not with me")


class Odd(Reload):
    """Reload, but that its answers hold what can't be compared."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        verdict = super().judge(call, reply)
        if verdict.kind == "ok" and isinstance(verdict.data, dict):
            verdict.data["description"] = Unlike()
        return verdict


def test_an_answer_that_can_not_be_followed_costs_no_report(stage: Stage, caplog: pytest.LogCaptureFixture) -> None:
    """The report is had, the frame is as it was, and what was applied is not applied again."""
    tasks = stage.edited(5, service=Odd())
    before = tasks.df.copy()
    assert stage.apply(tasks).counts == {"applied": 5}
    assert "could not follow" in caplog.text
    pd.testing.assert_frame_equal(tasks.df, before)
    assert stage.apply(tasks).counts == {"unchanged": 5}


# our own applies make nothing stale


def test_a_copy_goes_on_after_it_was_applied(stage: Stage) -> None:
    """Its versions are those of before our own writes: only what was edited since is planned, each row of it."""
    tasks = stage.load()
    copy = tasks.df[tasks.df["status"] == "todo"].copy()
    copy["priority"] = [other(p) for p in copy["priority"]]
    assert tasks.plan(copy).apply(confirm=len(copy)).ok
    assert len(tasks.plan(copy)) == 0
    for title in ("again", "and again"):
        copy["title"] = title
        plan = tasks.plan(copy)
        assert len(plan.problems) == 0
        assert set(plan.changes["column"]) == {"title"}
        assert list(plan.changes["before"]) == list(tasks.df.loc[plan.changes["id"], "title"])
        report = plan.apply(confirm=len(copy))
        assert (report.counts, report.calls) == ({"applied": len(copy)}, len(copy))
    for task in copy.index:
        held = stage.reload.task(task)
        assert (held["title"], held["priority"]) == ("and again", copy.loc[task, "priority"])


def test_a_file_of_before_an_apply_puts_nothing_back(stage: Stage, tmp_path: Path) -> None:
    """Cells that say what the task had then are nobody's edits, whatever we applied since; the others are."""
    tasks = stage.load(12)
    tasks.to_csv(tmp_path / "tasks.csv")
    first, second = map(str, tasks.df.index[:2])
    tasks.df["priority"] = [other(p) for p in tasks.df["priority"]]
    tasks.df.loc[first, "title"] = "ours"
    assert stage.apply(tasks).ok
    assert len(tasks.plan_csv(tmp_path / "tasks.csv")) == 0
    file = pd.read_csv(tmp_path / "tasks.csv", dtype=str, keep_default_na=False).set_index("id")
    file.loc[first, "title"] = "from the file"
    file.loc[second, "title"] = "from the file"
    file.to_csv(tmp_path / "tasks.csv")
    plan = tasks.plan_csv(tmp_path / "tasks.csv")
    assert len(plan.problems) == 0
    assert plan.changes[["id", "column", "before", "after"]].to_numpy().tolist() == [
        [first, "title", "ours", "from the file"],
        [second, "title", tasks.df.loc[second, "title"], "from the file"],
    ]
    assert plan.apply(confirm=2).counts == {"applied": 2}


def test_a_row_that_others_wrote_in_between_is_stale_and_told_so(stage: Stage) -> None:
    """Before our write, or after it: cells that nobody touched would put theirs back."""
    tasks = stage.load(4)
    copy = tasks.df.copy()
    early, late, ours, theirs = map(str, tasks.df.index)
    stage.reload.edit(early, description="theirs")
    tasks.df.loc[[early, late, ours], "title"] = "first"
    assert tasks.plan().apply(confirm=3).counts == {"applied": 3}
    stage.reload.edit(late, description="theirs")
    stage.reload.edit(theirs, description="theirs")
    tasks.df["title"] = "second"
    assert tasks.plan().apply(confirm=4).counts == {"applied": 4}
    copy["title"] = "copy"
    plan = tasks.plan(copy)
    assert list(plan.changes["id"]) == [ours]
    assert list(plan.problems["id"]) == [early, late, theirs]
    for words in plan.problems["problem"]:
        assert "you applied to this task since" in words
        assert "start from tasks.df or a new export" in words


def test_an_edit_of_a_copy_is_an_edit_of_what_it_showed(stage: Stage) -> None:
    """Others' edits since are a conflict, also where the copy is older than our last apply."""
    tasks = stage.load(6)
    copy = tasks.df.copy()
    tasks.df["priority"] = [other(p) for p in tasks.df["priority"]]
    assert stage.apply(tasks).ok
    task = str(tasks.df.index[2])
    stage.reload.edit(task, title="theirs")
    copy["title"] = "copy"
    report = tasks.plan(copy).apply(confirm=6)
    assert kinds(report) == ["applied"] * 2 + ["conflict"] + ["applied"] * 3
    assert conflicts(report) == [(task, "title", "copy", "theirs")]


def test_the_same_value_from_somebody_else_is_no_write_of_ours(stage: Stage) -> None:
    """They set what we were about to set, and more: `unchanged`, and the copy of before is stale."""
    tasks = stage.load(3)
    copy = tasks.df.copy()
    task = str(tasks.df.index[0])
    tasks.df.loc[task, "title"] = "ours"
    stage.reload.edit(task, title="ours", description="theirs")
    assert tasks.plan().apply().counts == {"unchanged": 1}
    copy.loc[task, "priority"] = other(copy.loc[task, "priority"])
    assert list(tasks.plan(copy).problems["id"]) == [task]


@pytest.mark.parametrize(("service", "column"), [("kore", "desc"), ("pragmatiks", "description")])
def test_without_versions_the_read_ahead_of_the_write_tells(service: str, column: str) -> None:
    """An edit that was not sent still stands on what was loaded, so what came in beneath it is a conflict."""
    with staged(service) as stage:
        tasks = stage.load(10)
        task = str(tasks.df.index[4])
        tasks.df.loc[task, stage.title] = "ours"
        tasks.df[column] = [f"ours {n}" for n in range(10)]
        stage.server.edit(task, **{stage.title: "theirs"})
        assert tasks.plan(columns=[column]).apply(confirm=10).counts == {"applied": 10}
        assert tasks.plan().changes[["id", "column"]].to_numpy().tolist() == [[task, stage.title]]
        assert conflicts(tasks.plan().apply()) == [(task, stage.title, "ours", "theirs")]
        assert stage.held(task) == "theirs"
