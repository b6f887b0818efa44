"""Whose rows are these: which of the edited rows count, where their tasks are, and what is wrong with the others."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.changes.match import Rows
from taskframe.errors import PlanError
from taskframe.schema import Column, Schema

SCHEMA = Schema((Column("title", "text", editable=True),))
UNKNOWN = "no task of this load has this id: taskframe updates tasks, it never creates them."


def baseline(ids: Sequence[str] = ("t0", "t1", "t2", "t3")) -> Baseline:
    return Baseline.of(SCHEMA.frame(ids, {"title": ["a"] * len(ids)}), SCHEMA)


def edited(*ids: Any, lines: bool = False) -> Edited:
    """Rows of these tasks; in a file each second line has one."""
    index = pd.Index(pd.array(list(ids), dtype="str"))
    return Edited(index, {}, lines=np.arange(len(ids)) * 2 + 2 if lines else None)


def matched(*ids: Any, wanted: Sequence[str] | None = None, base: Baseline | None = None) -> list[tuple[int, int]]:
    """(row, place) of those that count; the others are left out."""
    found = Rows.match(base or baseline(), edited(*ids), wanted)
    return list(zip(found.rows.tolist(), found.places.tolist(), strict=True))


def complaints(found: Rows) -> list[tuple[str, str | None]]:
    return [(p.kind, p.id) for p in found.problems]


def test_the_very_load_is_compared_as_it_is() -> None:
    """The same tasks in the same order, be it the same index or one that is equal: no row is looked up."""
    base = baseline()
    for same in (Edited(base.ids, {}), edited("t0", "t1", "t2", "t3")):
        found = Rows.match(base, same, None)
        assert found.whole is True
        assert found.rows.tolist() == found.places.tolist() == [0, 1, 2, 3]
        assert found.problems == ()


@pytest.mark.parametrize(
    "ids", [("t0", "t1", "t2"), ("t1", "t0", "t2", "t3"), ("t0", "t1", "t2", "t3", "t9"), ("t0", "t1", "t2", "t9"), ()]
)
def test_other_tasks_or_another_order_is_not_the_whole_load(ids: tuple[str, ...]) -> None:
    """Each row is looked up then; `rows` and `places` go together."""
    found = Rows.match(baseline(), edited(*ids), None)
    assert found.whole is False
    assert [(ids[row], f"t{place}") for row, place in zip(found.rows, found.places, strict=True)] == [
        (task, task) for task in ids if task != "t9"
    ]


def test_of_the_whole_load_some_may_be_wanted() -> None:
    """The others' rows are left alone, however wrong."""
    assert matched("t0", "t1", "t2", "t3", wanted=["t1", "t3"]) == [(1, 1), (3, 3)]
    assert matched("t0", "t1", "t2", "t3", wanted=[]) == []
    found = Rows.match(baseline(), edited("t3", None, "t9", "t0", "t0", "t2"), ["t2"])
    assert (found.rows.tolist(), found.places.tolist(), found.problems) == ([5], [2], ())


def test_rows_that_no_task_is_told_of_are_problems() -> None:
    """Without an id, with one that is there twice, with one that nobody knows; in this order, the others count."""
    found = Rows.match(baseline(), edited("t9", "t2", "t0", None, "t2", "t1", None, "t8", "t8"), None)
    assert complaints(found) == [
        ("null id", None), ("null id", None), ("duplicate id", "t2"), ("duplicate id", "t8"), ("unknown id", "t9"),
    ]  # fmt: skip
    assert (found.rows.tolist(), found.places.tolist(), found.whole) == ([2, 5], [0, 1], False)
    assert [p.problem for p in found.problems] == [
        "this row has no task id: fill it in, or drop the row",
        "this row has no task id: fill it in, or drop the row",
        "2 rows have this id: which one is meant? keep one",
        "2 rows have this id: which one is meant? keep one",
        UNKNOWN,
    ]
    assert {(p.column, p.value, p.line) for p in found.problems} == {(None, None, None)}


def test_in_a_file_each_problem_has_its_line() -> None:
    """Of a task that is there several times the first one, and the lines of five at most are told."""
    found = Rows.match(baseline(), edited("t9", "t2", None, "t2", lines=True), None)
    assert [(p.kind, p.line) for p in found.problems] == [("null id", 6), ("duplicate id", 4), ("unknown id", 2)]
    assert found.problems[1].problem == "2 rows have this id (lines 4, 8): which one is meant? keep one"
    (many,) = Rows.match(baseline(), edited(*["t1"] * 7, lines=True), None).problems
    assert many.problem == "7 rows have this id (lines 2, 4, 6, 8, 10): which one is meant? keep one"
    assert many.line == 2


def test_an_id_that_is_no_text_at_all_can_be_told() -> None:
    """Half a surrogate pair is shown as what it is: no output could take it."""
    found = Rows.match(baseline(), Edited(pd.Index(["t\ud800"], dtype="object"), {}), None)
    assert complaints(found) == [("unknown id", "t\\ud800")]


def test_wanted_ids_that_there_are_none_of_are_counted() -> None:
    """The first is named, with the nearest."""
    with pytest.raises(PlanError) as error:
        Rows.match(baseline(), edited("t0"), ["t1", "t0!", "x9", "t3"])
    assert str(error.value) == "ids=: 't0!' is no task of this load (2 such). Did you mean 't0'?"
    strangers = [f"x{n}" for n in range(1_500)]
    with pytest.raises(PlanError, match=r"'x0' is no task of this load \(1,500 such\)"):
        Rows.match(baseline(), edited("t0"), strangers)


@pytest.mark.parametrize(("count", "near"), [(2_000, " Did you mean 'task-0'?"), (2_001, "")])
def test_the_nearest_id_is_looked_for_among_two_thousand(count: int, near: str) -> None:
    """Among more it would take too long."""
    base = baseline(["task-0", *(f"{n:x}" for n in range(1, count))])
    (problem,) = Rows.match(base, edited("task-0x"), None).problems
    assert problem.problem == UNKNOWN + near
    with pytest.raises(PlanError) as error:
        Rows.match(base, edited("task-0"), ["task-0x"])
    assert str(error.value) == f"ids=: 'task-0x' is no task of this load (1 such).{near}"


def test_the_nearest_ids_are_looked_for_for_twenty() -> None:
    """Further ones are told without."""
    base = baseline(["task-0"])
    problems = Rows.match(base, edited(*[f"task-0-{n}" for n in range(22)]), None).problems
    assert [p.problem for p in problems] == [f"{UNKNOWN} Did you mean 'task-0'?"] * 20 + [UNKNOWN] * 2
