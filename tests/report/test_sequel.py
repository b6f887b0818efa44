"""What can follow a run, without one: plans of what outcomes left, and of the way back."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from taskframe.changes.merge import Conflict
from taskframe.engine.outcome import Outcome
from taskframe.plan import Plan
from taskframe.sequel import left_edits, retry_plan, undo_plan

BASE = {
    "title": "a", "description": "x", "priority": "low", "assigneeUserId": "u_1", "version": 1,
    "updatedAt": "2026-01-01T00:00:00Z",
}  # fmt: skip


def plan_of(*edits: dict[str, Any], service: str = "reload", base: dict[str, Any] = BASE) -> Plan:
    """Of the tasks t0, t1, …, each edited so; an empty edit leaves its task out."""
    ids = [f"t{n}" for n in range(len(edits))]
    loaded = pd.DataFrame([base] * len(edits), index=pd.Index(ids, name="id"))
    tasks = tf.from_frame(loaded, service)
    for task, edit in zip(ids, edits, strict=True):
        for name, value in edit.items():
            tasks.df.loc[task, name] = value
    plan = tasks.plan()
    assert not len(plan.problems)
    return plan


def cells(plan: Plan) -> list[list[Any]]:
    return plan.changes.to_numpy().tolist()


def test_another_try_has_what_did_not_go_through() -> None:
    """Failed, skipped, unknown: as they were planned; what went through, was there or is in conflict stays out."""
    kinds = ["applied", "failed", "unchanged", "skipped", "conflict", "unknown", "ready"]
    plan = plan_of(*[{"title": "b"}] * len(kinds))
    again = retry_plan(plan, [Outcome(f"t{n}", kind) for n, kind in enumerate(kinds)], "r1", None)
    assert cells(again) == [[task, "title", "a", "b"] for task in ("t1", "t3", "t5")]
    assert (again.parent, again.notes[-1]) == ("r1", "what run r1 left")
    assert again.id != plan.id


def test_of_a_partial_what_is_left_is_tried_on_the_state_that_it_left() -> None:
    """Beside others, in the plan's order; what was written is the base, and the newest version goes out."""
    plan = plan_of({"title": "b"}, {"title": "b", "priority": "high"}, {"title": "b"})
    row = {**BASE, "title": "b", "version": 5}
    outcomes = [
        Outcome("t2", "failed", row={**BASE, "title": "theirs", "version": 9}),
        Outcome("t1", "partial", row=row, written={"title": "b"}, before={"title": "a"}),
        Outcome("t0", "applied", row=row, written={"title": "b"}, before={"title": "a"}),
    ]
    again = retry_plan(plan, outcomes, "r1", None)
    assert cells(again) == [["t1", "priority", "low", "high"], ["t2", "title", "a", "b"]]
    assert [r["json"]["version"] for r in again.requests()] == [5, 1]
    assert again.base.loc["t1", "title"] == "b"
    assert (again.parent, again.notes[-1], again.connection) == ("r1", "what run r1 left", plan.connection)


def test_what_was_written_is_not_tried_again_whatever_the_service_made_of_it() -> None:
    """Of a partial alone, too."""
    plan = plan_of({"title": " b ", "priority": "high"})
    row = {**BASE, "title": "b", "version": 2}
    partial = Outcome("t0", "partial", row=row, written={"title": " b "}, before={"title": "a"})
    assert cells(retry_plan(plan, [partial], "r1", None)) == [["t0", "priority", "low", "high"]]


def test_ours_on_top_has_theirs_as_its_before() -> None:
    """Only when it is asked for; a cell that is ours already is left out, and a task of such cells alone."""
    plan = plan_of({"title": "b", "priority": "high"}, {"title": "b"}, {"title": "b"})
    outcomes = [
        Outcome("t0", "conflict", row={**BASE, "title": "theirs", "priority": "high", "version": 3},
                conflicts=(Conflict("title", "a", "b", "theirs"),)),
        Outcome("t1", "conflict", row={**BASE, "title": "b", "version": 4}),
        Outcome("t2", "skipped"),
    ]  # fmt: skip
    assert cells(retry_plan(plan, outcomes, "r1", None)) == [["t2", "title", "a", "b"]]
    again = retry_plan(plan, outcomes, "r1", "ours")
    assert cells(again) == [["t0", "title", "theirs", "b"], ["t2", "title", "a", "b"]]
    assert [r["json"]["version"] for r in again.requests()] == [3, 1]


@pytest.mark.parametrize(("wrong", "near"), [("our", "Did you mean 'ours'?"), ("theirs", ""), (False, ""), ("", "")])
def test_ours_is_all_that_can_be_asked_for(wrong: Any, near: str) -> None:
    """Anything else is told what there is, also when there is nothing to decide."""
    with pytest.raises(tf.PlanError) as error:
        retry_plan(plan_of({"title": "b"}), [], "r1", wrong)
    words = f'conflicts= takes "ours", or nothing at all: theirs stay as they are; not {wrong!r}.'
    assert str(error.value).startswith(words)
    assert near in str(error.value)


def test_what_is_left_is_told_cell_by_cell() -> None:
    """In the plan's order, on its base, without what was written; where nothing is left of a task, all of it."""
    plan = plan_of(*[{"title": "b", "priority": "high"}] * 9)
    kinds = ["applied", "unchanged", "ready", "failed", "skipped", "unknown", "conflict", "partial"]
    outcomes = [
        Outcome(f"t{n}", kind, written={"title": "b"} if kind == "partial" else {}) for n, kind in enumerate(kinds)
    ]
    outcomes.append(Outcome("t8", "unknown", written={"title": "b", "priority": "high"}))
    left = list(left_edits(plan, outcomes[::-1]))
    both = {"title": "b", "priority": "high"}
    assert [(e.id, dict(e.after)) for e in left] == [
        ("t3", both), ("t4", both), ("t5", both), ("t6", both), ("t7", {"priority": "high"}), ("t8", both),
    ]  # fmt: skip
    assert {e.base["title"] for e in left} == {"a"}


def test_the_way_back_is_what_was_written() -> None:
    """Of an applied task and of a partial's half; from what is there now to what was there before the write."""
    plan = plan_of(*[{"title": "b", "priority": "high"}] * 4, {"title": "b"})
    row = {**BASE, "title": "b", "priority": "high", "version": 2}
    outcomes = [
        Outcome("t4", "applied", row={**row, "version": 7}, written={"title": "b"}, before={"title": "read ahead"}),
        Outcome("t0", "applied", row=row, written={"title": "b", "priority": "high"},
                before={"title": "a", "priority": "low"}),
        Outcome("t1", "partial", row=row, written={"priority": "high"}, before={"priority": "low"}),
        Outcome("t2", "conflict", row=row),
        Outcome("t3", "failed"),
    ]  # fmt: skip
    back = undo_plan(plan, outcomes, "r1")
    assert cells(back) == [
        ["t0", "title", "b", "a"],
        ["t0", "priority", "high", "low"],
        ["t1", "priority", "high", "low"],
        ["t4", "title", "b", "read ahead"],
    ]
    assert [r["json"]["version"] for r in back.requests()] == [2, 2, 7]
    assert (back.parent, back.notes[-1]) == ("r1", "puts back what run r1 wrote")
    assert not len(back.problems)


def test_the_way_back_goes_from_what_the_service_made_of_it() -> None:
    """What it answered right after the write counts, and not what a later read showed, nor what was sent."""
    plan = plan_of({"title": " b "}, {"title": "b"}, {"title": "b"})
    outcomes = [
        Outcome("t0", "applied", row={**BASE, "title": "b"}, written={"title": " b "}, before={"title": "a"}),
        Outcome("t1", "applied", row={**BASE, "title": "theirs"}, written={"title": "b"}, before={"title": "a"},
                answered={"title": "b"}),
        Outcome("t2", "applied", written={"title": "b"}, before={"title": "a"}),
    ]  # fmt: skip
    assert cells(undo_plan(plan, outcomes, "r1")) == [[f"t{n}", "title", "b", "a"] for n in range(3)]


def test_what_is_there_again_needs_no_way_back() -> None:
    """A cell that holds its old value already, and a task that has nothing else."""
    plan = plan_of({"title": "b"}, {"title": "b", "priority": "high"})
    outcomes = [
        Outcome("t0", "applied", row=BASE, written={"title": "b"}, before={"title": "a"}),
        Outcome("t1", "applied", row={**BASE, "priority": "high"}, written={"title": "b", "priority": "high"},
                before={"title": "a", "priority": "low"}),
    ]  # fmt: skip
    assert cells(undo_plan(plan, outcomes, "r1")) == [["t1", "priority", "high", "low"]]


def test_what_the_service_would_not_take_back_is_a_problem() -> None:
    """A null where none may be, or a value that it held and would refuse; the task's other cells go back."""
    plan = plan_of({"description": "y", "priority": "high"}, {"title": "b"})
    outcomes = [
        Outcome("t0", "applied", row={**BASE, "description": "y", "priority": "high"},
                written={"description": "y", "priority": "high"}, before={"description": None, "priority": "low"}),
        Outcome("t1", "applied", row={**BASE, "title": "b"}, written={"title": "b"}, before={"title": "\ud800"}),
    ]  # fmt: skip
    back = undo_plan(plan, outcomes, "r1")
    assert cells(back) == [["t0", "priority", "high", "low"]]
    assert back.problems[["id", "column"]].to_numpy().tolist() == [["t0", "description"], ["t1", "title"]]
    assert back.problems["value"].tolist() == [None, "\ud800"]
    assert all(p.startswith("it can't be put back: ") for p in back.problems["problem"])
    assert [p.kind for p in back._problems] == ["null", "service"]


@pytest.mark.parametrize(
    ("unknown", "words"),
    [
        ([], None),
        ([{"attempts": 1}], "1 task is not undone: nobody knows whether this run wrote to it"),
        ([{"left": True}], "1 task is not undone: nobody knows whether this run wrote to it"),
        ([{}], None),
        ([{"attempts": 2}, {"left": True}, {}], "2 tasks are not undone: nobody knows whether this run wrote to them"),
    ],
)
def test_what_nobody_knows_of_is_not_undone_and_is_told(unknown: list[dict[str, Any]], words: str | None) -> None:
    """A task that was never sent is not told of, nor one that failed."""
    outcomes = [Outcome(f"t{n}", "unknown", **more) for n, more in enumerate(unknown)]
    outcomes.append(Outcome("t3", "failed", attempts=1, left=True))
    back = undo_plan(plan_of(*[{"title": "b"}] * 4), outcomes, "r1")
    assert (len(back), back.notes) == (0, () if words is None else (f"{words}; report.resume() may find out",))


def test_many_that_nobody_knows_of_are_counted_as_one_reads_them() -> None:
    outcomes = [Outcome(f"t{n}", "unknown", attempts=1) for n in range(1_000)]
    assert undo_plan(plan_of({"title": "b"}), outcomes, "r1").notes[0].startswith("1,000 tasks are not undone: ")


TASK = {"title": "a", "priority": 1, "status": "backlog", "updatedAt": "2026-01-01T00:00:00Z"}


@pytest.mark.parametrize(
    ("ages", "words"),
    [
        ([1.0, 2.0], None),
        ([1.0, None], "1 task was not read ahead of the write: what is put back is what was loaded, or read before"),
        ([None] * 2, "2 tasks were not read ahead of the write: what is put back is what was loaded, or read before"),
    ],
)
def test_what_was_not_read_ahead_goes_back_to_what_was_loaded_and_that_is_told(
    ages: list[float | None], words: str | None
) -> None:
    """Only where no versions guard the writes; of what was written."""
    edits = [{"title": "b"}] * len(ages)
    outcomes = [
        Outcome(f"t{n}", "applied", written={"title": "b"}, before={"title": "a"}, read_age=age)
        for n, age in enumerate(ages)
    ]
    more = [Outcome("t9", "failed")]
    back = undo_plan(plan_of(*edits, service="pragmatiks", base=TASK), [*outcomes, *more], "r1")
    assert back.notes[len(back.load.notes) :] == ("puts back what run r1 wrote", *([words] if words else []))
    assert undo_plan(plan_of(*edits), outcomes, "r1").notes == ("puts back what run r1 wrote",)
