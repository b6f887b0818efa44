"""The sheet shows what the filter leaves, in order, and follows the frame whatever a cell does to it."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd
import pytest

from taskframe.errors import SettingsError
from taskframe.schema import Column, Schema
from taskframe.widgets.filters import Filter

if TYPE_CHECKING:
    from conftest import Bench


def ids(bench: Bench) -> list[str]:
    return [row["id"] for row in bench.sheet.block(range(len(bench.sheet.rows)))]


def test_all_rows_and_values_are_those_of_the_frame(any_bench: Bench) -> None:
    """Each row has its id and a plain JSON value a column; null is null."""
    import json

    bench = any_bench
    rows = bench.sheet.block(range(len(bench.tasks.df)))
    assert [row["id"] for row in rows] == bench.tasks.df.index.tolist()
    assert json.loads(json.dumps(rows, allow_nan=False))
    for j, column in enumerate(bench.sheet.columns):
        nulls = [row["values"][j] is None for row in rows]
        assert nulls == bench.tasks.df[column.name].isna().tolist()


def test_words_choices_ranges_and_queries(bench: Bench) -> None:
    """Each narrows as pandas would; all together hold at once."""
    df = bench.tasks.df
    day = pd.Timestamp(df["createdAt"].median().date(), tz="UTC")
    cases = [
        (Filter(words="API"), df["title"].str.contains("api", case=False)),
        (Filter(among={"status": ["todo", "done"]}), df["status"].isin(["todo", "done"])),
        (Filter(among={"assigneeUserId": [None]}), df["assigneeUserId"].isna()),
        (Filter(between={"createdAt": (day, None)}), df["createdAt"] >= day),
        (Filter(between={"version": (2.0, 3.0)}), df["version"].between(2, 3)),
        (Filter(query="status == 'todo' and version > 1"), df["status"].eq("todo") & (df["version"] > 1)),
        (Filter(among={"status": ["todo"]}, query="version > 1"), df["status"].eq("todo") & (df["version"] > 1)),
    ]
    for chosen, mask in cases:
        bench.sheet.show(chosen)
        found = set(ids(bench))
        expected = set(df.index[mask])
        assert found >= expected if chosen.words else found == expected
    bench.sheet.show(Filter())
    assert len(bench.sheet.rows) == len(df)


@pytest.mark.parametrize("query", ["statu == 'todo'", "status ==", "version", "1 + 1"])
def test_a_query_that_is_none_says_so_and_changes_nothing(bench: Bench, query: str) -> None:
    """The rows stay as they were."""
    before = ids(bench)
    with pytest.raises(SettingsError, match="query"):
        bench.sheet.show(Filter(query=query))
    assert ids(bench) == before


def test_a_name_with_a_dot_wants_backticks() -> None:
    """The error says so, and where they are there it says what else is wrong."""
    df = pd.DataFrame({"status.name": ["Open", "Closed"], "name": ["a", "b"]}, index=["1", "2"])
    schema = Schema((Column("status.name", "text"), Column("name", "text")), "_id")
    for query, words in (
        ("status.name == 'Open'", "Write `status.name` in backticks"),
        ("`status.name` == 'Open' and nam == 'a'", "Did you mean 'name'"),
    ):
        with pytest.raises(SettingsError, match=words):
            Filter(query=query).mask(df, schema, {}, df.index)
    assert Filter(query="`status.name` == 'Open'").mask(df, schema, {}, df.index).tolist() == [True, False]


def test_sorting_goes_up_down_and_back(any_bench: Bench) -> None:
    """Every column can be sorted by; nulls are last either way."""
    bench = any_bench
    start = ids(bench)
    for j, column in enumerate(bench.sheet.columns):
        for _ in range(2):
            bench.sheet.turn(j)
            nulls = [row["values"][j] is None for row in bench.sheet.block(range(len(bench.sheet.rows)))]
            assert nulls == sorted(nulls), column.name
        bench.sheet.turn(j)
        assert ids(bench) == start
    status = next(c for c in bench.sheet.columns if c.column.role == "status")
    j = bench.sheet.columns.index(status)
    if status.column.kind == "choice":
        bench.sheet.turn(j)
        shown = [row["values"][j] for row in bench.sheet.block(range(len(bench.sheet.rows)))]
        ranks = [status.column.choices.index(v) for v in shown if v is not None]
        assert ranks == sorted(ranks)


def test_the_sheet_notices_what_a_cell_did(bench: Bench) -> None:
    """In place, by a new column, by another frame; and nothing where nothing was done."""
    assert not bench.sheet.behind()
    bench.tasks.df.loc[bench.tasks.df.index[0], "title"] = "in place"
    assert bench.sheet.behind()
    bench.sheet.follow()
    assert not bench.sheet.behind()
    assert bench.shown(0, "title") == "in place"
    order = bench.sheet.order
    bench.tasks.df["status"] = "done"
    assert bench.sheet.behind()
    bench.sheet.follow()
    assert bench.sheet.order == order, "the same rows: the grid stays where it was scrolled to"
    bench.tasks.df = bench.tasks.df.iloc[:10]
    assert bench.sheet.behind()
    bench.sheet.follow()
    assert len(ids(bench)) == 10
    bench.tasks.df = bench.tasks.df.drop(columns=["priority"])
    assert bench.sheet.follow()
    assert "priority" not in [c.name for c in bench.sheet.columns]


def test_marks_are_what_the_plan_says(bench: Bench) -> None:
    """Whatever was edited, and however badly: the marks of all rows are the plan's changes and problems."""
    df = bench.tasks.df
    df["status"] = df["status"].astype("object")
    df.loc[df.index[1], "status"] = "nonsense"
    df.loc[df.index[2], ["title", "priority"]] = ["other", "urgent"]
    df.loc[df.index[3], "title"] = None
    bench.sheet.follow()
    rows = bench.sheet.block(range(len(df)))
    names = [c.name for c in bench.sheet.columns]
    plan = bench.tasks.plan()
    changed = {(row["id"], names[j]) for row in rows for j in row["changed"]}
    assert changed == set(zip(plan.changes["id"], plan.changes["column"], strict=True))
    wrong = {(row["id"], names[j]) for row in rows for j in row["problems"]}
    assert wrong == set(zip(plan.problems["id"], plan.problems["column"], strict=True))
    assert {c for _, c in wrong} == {"status", "title"}


def test_columns_can_be_chosen(bench: Bench) -> None:
    """In the order that was asked for; one that there is not is an error with a hint."""
    from conftest import Bench

    chosen = Bench.of(bench.box, bench.tasks, columns=["status", "title"])
    assert [c.name for c in chosen.sheet.columns] == ["status", "title"]
    with pytest.raises(SettingsError, match="Did you mean 'status'"):
        Bench.of(bench.box, bench.tasks, columns=["statu"])
