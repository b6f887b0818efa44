"""A part of a plan: what ids, columns and cells name, of changes and of problems; inside, or outside."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

from taskframe.catalogue import EMPTY
from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit
from taskframe.errors import PlanError, SettingsError
from taskframe.narrowing import Narrowing
from taskframe.problem import Problem
from taskframe.services.reload import Reload

SCHEMA = Reload().schema(EMPTY)
BASE = {"title": "a", "description": "x", "priority": "low", "version": 1}
CHANGES = Changes.of(
    [Edit("t0", BASE, {"title": "b", "priority": "high"}), Edit("t1", BASE, {"title": "c"})],
    SCHEMA,
)
PROBLEMS = (
    Problem("type", "t0", "description", 1, "a number"),
    Problem("stale", "t2", None, None, "stale"),
    Problem("null id", None, None, None, "no id"),
)
ALL = {("t0", "title"), ("t0", "priority"), ("t1", "title")}


def cells(table: pd.DataFrame) -> set[tuple[str, str]]:
    return set(zip(table["id"], table["column"], strict=True))


def rows(*pairs: tuple[Any, Any], null: Any = None) -> pd.DataFrame:
    """As a table of problems has them: where there is no id or column, it is null in one way or another."""
    return pd.DataFrame([[null if v is None else v for v in pair] for pair in pairs], columns=["id", "column"])


def parted(part: Narrowing) -> tuple[set[Any], set[Any]]:
    """What is inside, of changes and of problems; each is either inside or outside, problems of whole rows apart."""
    inside, outside = (cells(part.changes(CHANGES, inside=here).frame()) for here in (True, False))
    assert inside | outside == ALL
    assert not inside & outside
    chosen, left = ({(p.id, p.column) for p in part.problems(PROBLEMS, inside=here)} for here in (True, False))
    assert chosen | left == {(p.id, p.column) for p in PROBLEMS}
    return inside, chosen


@pytest.mark.parametrize(
    ("ids", "columns", "pairs", "changes", "problems"),
    [
        (None, None, None, ALL, {("t0", "description"), ("t2", None), (None, None)}),
        (["t0"], None, None, {("t0", "title"), ("t0", "priority")}, {("t0", "description")}),
        (["t2"], None, None, set(), {("t2", None)}),
        (None, ["title"], None, {("t0", "title"), ("t1", "title")}, {("t2", None), (None, None)}),
        (["t0"], ["title"], None, {("t0", "title")}, set()),
        (["t0", "t2"], ["description"], None, set(), {("t0", "description"), ("t2", None)}),
        (None, None, [("t1", "title"), ("t0", "description")], {("t1", "title")}, {("t0", "description")}),
        (None, None, [(None, None)], set(), {(None, None)}),
        (None, None, [("t2", None)], set(), {("t2", None)}),
        (["t0"], None, [("t0", "title"), ("t1", "title")], {("t0", "title")}, set()),
        (None, ["priority"], [("t0", "title"), ("t0", "priority")], {("t0", "priority")}, set()),
        ([], None, None, set(), set()),
    ],
)
@pytest.mark.parametrize("null", [None, float("nan"), pd.NA])
def test_what_is_named_by_all_of_them_is_inside(
    ids: Any, columns: Any, pairs: Any, changes: set[Any], problems: set[Any], null: Any
) -> None:
    """Ids, columns and cells together narrow; what is not given does not. A row with a problem is in all columns."""
    part = Narrowing.of(ids, columns, None if pairs is None else rows(*pairs, null=null))
    assert parted(part) == (changes, problems)


def test_a_row_with_a_problem_is_outside_of_columns_too() -> None:
    """So that neither `select(columns=)` nor `drop(columns=)` lets it slip past."""
    part = Narrowing.of(None, ["title"], None)
    for inside in (True, False):
        assert [p.id for p in part.problems(PROBLEMS, inside=inside) if p.column is None] == ["t2", None]
    assert part.problems(PROBLEMS, inside=False) == PROBLEMS


def test_what_is_dropped_keeps_its_other_cells() -> None:
    """A plan without a cell has the task's other ones."""
    part = Narrowing.of(["t0"], ["title"], None)
    assert cells(part.changes(CHANGES, inside=False).frame()) == ALL - {("t0", "title")}


@pytest.mark.parametrize(
    "cells_",
    [
        ["t0"],
        "t0",
        {"id": ["t0"], "column": ["title"]},
        rows(("t0", "title"))["id"],
        rows()[["id"]],
        rows()[["column"]],
    ],
)
def test_cells_are_rows_of_a_table(cells_: Any) -> None:
    with pytest.raises(PlanError, match=r"rows of plan\.changes or plan\.problems, with the columns id and column"):
        Narrowing.of(None, None, cells_)


def test_cells_may_have_other_columns_beside_theirs() -> None:
    """As the tables that they are rows of have."""
    assert Narrowing.of(None, None, CHANGES.frame()).pairs == ALL


@pytest.mark.parametrize(("ids", "columns"), [("t0", None), (None, "title"), (7, None)])
def test_one_id_or_name_alone_is_no_list(ids: Any, columns: Any) -> None:
    with pytest.raises(PlanError, match="ids= takes a list of task ids:" if ids else "columns= takes a list of names:"):
        Narrowing.of(ids, columns, None)


def test_what_is_in_the_plan_can_be_named() -> None:
    """The tasks that change, those that have a problem, and any column of the service."""
    Narrowing.of(["t0", "t1", "t2"], ["title", "version", "status"], None).check(SCHEMA, CHANGES, PROBLEMS)
    Narrowing.of(None, None, None).check(SCHEMA, CHANGES, PROBLEMS)


def test_a_column_that_there_is_not_is_told_with_the_nearest() -> None:
    with pytest.raises(SettingsError, match=r"columns=: there is no column 'titel'\. Did you mean 'title'\?"):
        Narrowing.of(None, ["priority", "titel"], None).check(SCHEMA, CHANGES, PROBLEMS)


def test_ids_that_are_not_in_the_plan_are_counted() -> None:
    """The first is named."""
    strangers = [f"x{n}" for n in range(1_200)]
    with pytest.raises(PlanError, match=r"ids=: 'x0' is not in this plan \(1,200 such\)"):
        Narrowing.of(["t0", *strangers, "t2"], None, None).check(SCHEMA, CHANGES, PROBLEMS)
