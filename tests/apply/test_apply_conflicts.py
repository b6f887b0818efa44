"""Others changed a task since the load: the three-way rule, by way of a refused version and a read."""

from __future__ import annotations

from typing import Any

import pytest
from apply_stage import UPDATE, Stage, one

import taskframe as tf


def single(stage: Stage, column: str = "title", value: Any = "ours", **options: Any) -> tuple[tf.TaskFrame, str]:
    """One task with one edit."""
    tasks = stage.load(1, **options)
    tasks.df[column] = value
    return tasks, str(tasks.df.index[0])


def another(stage: Stage, task: str, column: str) -> Any:
    """A priority or status that the task does not have."""
    choices = {"priority": ("low", "high", "urgent"), "status": ("todo", "blocked", "done")}[column]
    return next(c for c in choices if c != stage.reload.task(task)[column])


def test_an_edit_to_another_column_stays_and_ours_goes_through(stage: Stage) -> None:
    """409, read, and on with the new version: both edits are there."""
    tasks, task = single(stage)
    stage.reload.edit(task, description="theirs")
    report = stage.apply(tasks)
    assert one(report)[["outcome", "attempts"]].tolist() == ["applied", 2]
    held = stage.reload.task(task)
    assert (held["title"], held["description"]) == ("ours", "theirs")
    assert tasks.df.loc[task, "description"] == "theirs"


def test_an_edit_to_our_column_is_a_conflict_and_nothing_is_written(stage: Stage) -> None:
    """Base, ours and theirs are told; the service keeps theirs."""
    tasks, task = single(stage)
    base = stage.reload.task(task)["title"]
    stage.reload.edit(task, title="theirs")
    report = stage.apply(tasks)
    assert one(report)[["outcome", "attempts", "status_code"]].tolist() == ["conflict", 1, 409]
    assert "title" in one(report)["detail"]
    assert report.conflicts.to_numpy().tolist() == [[task, "title", base, "ours", "theirs"]]
    assert stage.written(task) == []


def test_one_cell_in_conflict_holds_the_whole_task(stage: Stage) -> None:
    """Of two columns of ours one was changed: neither is written, only that one is told."""
    tasks, task = single(stage)
    tasks.df["priority"] = another(stage, task, "priority")
    stage.reload.edit(task, title="theirs")
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "conflict"
    assert list(report.conflicts["column"]) == ["title"]
    assert stage.written(task) == []


def test_the_same_edit_by_somebody_else_is_unchanged(stage: Stage) -> None:
    """Theirs is ours: nothing to do, and the frame has their version."""
    tasks, task = single(stage)
    stage.reload.edit(task, title="ours")
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "unchanged"
    assert stage.written(task) == []
    assert tasks.df.loc[task, "version"] == stage.reload.task(task)["version"]
    assert len(tasks.plan()) == 0


def test_a_value_that_went_away_and_came_back_is_unmoved(stage: Stage) -> None:
    """Two edits that undo each other are none."""
    tasks, task = single(stage)
    base = stage.reload.task(task)["title"]
    stage.reload.edit(task, title="theirs")
    stage.reload.edit(task, title=base)
    assert one(stage.apply(tasks))["outcome"] == "applied"
    assert stage.reload.task(task)["title"] == "ours"


def test_a_column_that_was_ours_already_may_still_move(stage: Stage) -> None:
    """Somebody sets our value, then, while we send the rest, another one: that is a conflict, not "applied"."""
    tasks, task = single(stage)
    tasks.df["priority"] = another(stage, task, "priority")
    stage.reload.edit(task, title="ours")
    stage.faults.add("others-edit", match=UPDATE, after=1, columns={"title": "theirs"})
    report = stage.apply(tasks)
    assert one(report)["outcome"] == "conflict"
    assert list(report.conflicts["theirs"]) == ["theirs"]
    assert stage.written(task) == []


def test_a_column_that_was_ours_already_and_was_put_back_is_sent_after_all(stage: Stage) -> None:
    """Somebody sets our value, then takes it back: unmoved, so ours is written."""
    tasks, task = single(stage)
    base = stage.reload.task(task)["title"]
    tasks.df["priority"] = ours = another(stage, task, "priority")
    stage.reload.edit(task, title="ours")
    stage.faults.add("others-edit", match=UPDATE, after=1, columns={"title": base})
    assert one(stage.apply(tasks))["outcome"] == "applied"
    held = stage.reload.task(task)
    assert (held["title"], held["priority"]) == ("ours", ours)


@pytest.mark.parametrize(("edits", "outcome", "attempts"), [(5, "applied", 6), (6, "failed", 6)])
def test_a_task_that_keeps_changing_is_given_up(stage: Stage, edits: int, outcome: str, attempts: int) -> None:
    """Five times on to a new state, then "kept changing": never for ever."""
    tasks, task = single(stage)
    stage.faults.add("others-edit", times=edits, match=UPDATE, columns="other")
    told = one(stage.apply(tasks))
    assert told[["outcome", "attempts"]].tolist() == [outcome, attempts]
    assert ("kept changing" in told["detail"]) == (outcome == "failed")
    assert len(stage.written(task)) == (outcome == "applied")


def test_many_conflicts_are_read_together_and_told_apart(stage: Stage) -> None:
    """30 tasks, changed in three ways by others: each gets what is right for it."""
    tasks = stage.edited(30)
    ids = list(tasks.df.index)
    for n, task in enumerate(ids):
        if n % 3 == 0:
            stage.reload.edit(task, title="theirs")
        elif n % 3 == 1:
            stage.reload.edit(task, description="theirs")
    report = stage.apply(tasks)
    assert list(report.outcomes.index) == ids
    assert list(report.outcomes["outcome"]) == ["conflict", "applied", "applied"] * 10
    assert [stage.reload.task(t)["title"] for t in ids[:3]] == ["theirs", "ours 1", "ours 2"]


def test_one_task_that_cannot_be_read_does_not_take_the_rest_along(stage: Stage) -> None:
    """The search for one of them fails for ever: it alone is failed."""
    tasks = stage.edited(12, concurrency=2)
    for task in tasks.df.index:
        stage.reload.edit(task, description="theirs")
    odd = tasks.df["identifier"].iloc[5]
    stage.faults.add("500", times=None, match=lambda call: ("query", odd) in call.query)
    report = stage.apply(tasks)
    assert list(report.outcomes["outcome"]) == ["applied"] * 5 + ["failed"] + ["applied"] * 6
    assert "could not be read again" in report.outcomes["detail"].iloc[5]


def test_overwrite_takes_no_notice_of_theirs(stage: Stage) -> None:
    """on_conflict="overwrite": ours is written on top, other columns of theirs stay."""
    tasks, task = single(stage)
    stage.reload.edit(task, title="theirs", description="theirs")
    assert one(stage.apply(tasks, on_conflict="overwrite"))["outcome"] == "applied"
    held = stage.reload.task(task)
    assert (held["title"], held["description"]) == ("ours", "theirs")


# on_conflict as a function


def test_a_function_is_told_all_and_its_answer_is_written(stage: Stage) -> None:
    """id, column, base, ours, theirs; a third value goes out, and the frame has it."""
    tasks, task = single(stage)
    base = stage.reload.task(task)["title"]
    stage.reload.edit(task, title="theirs")
    asked: list[Any] = []

    def merge(*args: Any) -> str:
        asked.append(args)
        return f"{args[4]} + {args[3]}"

    assert one(stage.apply(tasks, on_conflict=merge))["outcome"] == "applied"
    assert asked == [(task, "title", base, "ours", "theirs")]
    assert stage.reload.task(task)["title"] == tasks.df.loc[task, "title"] == "theirs + ours"
    assert len(tasks.plan()) == 0


def test_a_function_may_give_theirs(stage: Stage) -> None:
    """Nothing is left to send: unchanged; the frame has theirs."""
    tasks, task = single(stage)
    stage.reload.edit(task, title="theirs")
    told = one(stage.apply(tasks, on_conflict=lambda i, column, base, ours, theirs: theirs))
    assert told[["outcome", "attempts"]].tolist() == ["unchanged", 1]
    assert tasks.df.loc[task, "title"] == "theirs"
    assert len(tasks.plan()) == 0


def test_a_function_may_give_ours(stage: Stage) -> None:
    """As if to overwrite, cell by cell; what is not in conflict goes out too."""
    tasks, task = single(stage)
    tasks.df["priority"] = priority = another(stage, task, "priority")
    stage.reload.edit(task, title="theirs")
    assert one(stage.apply(tasks, on_conflict=lambda i, column, base, ours, theirs: ours))["outcome"] == "applied"
    held = stage.reload.task(task)
    assert (held["title"], held["priority"]) == ("ours", priority)


def _raise(error: BaseException) -> Any:
    raise error


@pytest.mark.parametrize(
    ("answer", "words"),
    [
        (lambda *_: "", "title can't be empty"),
        (lambda *_: 7, "title"),
        (lambda *_: None, "gave None"),
        (lambda *_: _raise(RuntimeError("my own bug")), "RuntimeError: my own bug"),
        (lambda *_: next(iter(())), "StopIteration"),
        (lambda *_: _raise(SystemExit(3)), "SystemExit"),
        (lambda *cell: cell["title"], "TypeError"),
    ],
)
def test_an_answer_that_is_none_fails_that_task_alone(stage: Stage, answer: Any, words: str) -> None:
    """Invalid, nothing, or an error: failed, in words, with the cells; the other tasks go on."""
    tasks = stage.edited(5)
    task = str(tasks.df.index[2])
    stage.reload.edit(task, title="theirs")
    report = stage.apply(tasks, on_conflict=answer)
    assert list(report.outcomes["outcome"]) == ["applied", "applied", "failed", "applied", "applied"]
    assert words in one(report, task)["detail"]
    assert list(report.conflicts["id"]) == [task]
    assert stage.written(task) == []


def test_none_unassigns_only_where_one_of_the_three_is_none(stage: Stage) -> None:
    """A function without a return must not clear an assignee that all three have; theirs being null may be taken."""
    tasks = stage.load(2)
    user, theirs = [p["id"] for p in stage.reload.people if p["kind"] == "user"][:2]
    ours = [p["id"] for p in stage.reload.people if p["kind"] == "user"][2]
    first, second = map(str, tasks.df.index)
    for task in (first, second):
        stage.reload.edit(task, assigneeUserId=user)
    tasks = stage.load(2)
    tasks.df["assigneeUserId"] = ours
    stage.reload.edit(first, assigneeUserId=theirs)
    stage.reload.edit(second, assigneeUserId=None)
    report = stage.apply(tasks, on_conflict=lambda *_: None)
    assert list(report.outcomes["outcome"]) == ["failed", "unchanged"]
    assert stage.reload.task(first)["assigneeUserId"] == theirs
    assert stage.reload.task(second)["assigneeUserId"] is None


def test_a_function_is_asked_once_about_one_state(stage: Stage) -> None:
    """Another column moves while the answer is sent: the answer holds."""
    tasks, task = single(stage)
    stage.reload.edit(task, title="theirs")
    stage.faults.add("others-edit", match=UPDATE, after=1, columns={"description": "more of theirs"})
    asked: list[Any] = []
    assert one(stage.apply(tasks, on_conflict=lambda *args: asked.append(args) or "third"))["attempts"] == 3
    assert len(asked) == 1
    assert stage.reload.task(task)["title"] == "third"


def test_a_function_is_asked_again_about_another_state(stage: Stage) -> None:
    """The column moves on: asked again, still with the base of the load and our own edit."""
    tasks, task = single(stage)
    base = stage.reload.task(task)["title"]
    stage.reload.edit(task, title="theirs")
    stage.faults.add("others-edit", match=UPDATE, after=1, columns={"title": "theirs again"})
    asked: list[Any] = []

    def merge(i: str, column: str, base: str, ours: str, theirs: str) -> str:
        asked.append((base, ours, theirs))
        return f"{theirs} + {ours}"

    assert one(stage.apply(tasks, on_conflict=merge))["outcome"] == "applied"
    assert asked == [(base, "ours", "theirs"), (base, "ours", "theirs again")]
    assert stage.reload.task(task)["title"] == "theirs again + ours"


def test_a_function_may_take_its_time_and_use_the_connection(stage: Stage) -> None:
    """It runs beside the run: a sync call inside it works."""
    connection = stage.connect()
    tasks = connection.load(limit=1)
    tasks.df["title"] = "ours"
    task = str(tasks.df.index[0])
    stage.reload.edit(task, title="theirs")

    def look(i: str, column: str, base: str, ours: str, theirs: str) -> str:
        return f"{connection.load(ids=[i]).df.loc[i, column]}!"

    assert one(stage.apply(tasks, on_conflict=look))["outcome"] == "applied"
    assert stage.reload.task(task)["title"] == "theirs!"
