"""What a person does in the grid is in `tasks.df`, checked; what must not be is refused, in words."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pytest

from taskframe.errors import PlanError, SettingsError
from taskframe.schema import Column, Unfit
from taskframe.widgets.hand import read_weights
from taskframe.widgets.values import read

if TYPE_CHECKING:
    from conftest import Bench


def test_an_edit_is_in_the_frame_and_in_the_plan(any_bench: Bench) -> None:
    """One title is edited: the frame has it, the plan is this cell, the grid marks it; undo leaves nothing."""
    bench = any_bench
    title = bench.tasks.schema.role("title")
    assert title is not None
    j = bench.column(title.name)
    row = bench.sheet.block([1])[0]
    done = bench.hand.edit(1, row["id"], j, "Another title")
    assert done.rows == [1]
    assert bench.tasks.df[title.name].iloc[1] == "Another title"
    assert bench.cells() == {(row["id"], title.name, "Another title")}
    marked = bench.sheet.block([1])[0]
    assert marked["changed"] == [j]
    assert row["values"][j][:20] in marked["before"][j]
    bench.hand.undo()
    assert bench.cells() == set()
    bench.hand.redo()
    assert bench.cells() == {(row["id"], title.name, "Another title")}


def test_an_edit_to_the_same_value_is_none(bench: Bench) -> None:
    """Nothing to undo, nothing to send."""
    row = bench.sheet.block([0])[0]
    for name in ("title", "status", "description", "assigneeUserId"):
        done = bench.hand.edit(0, row["id"], bench.column(name), row["values"][bench.column(name)])
        assert not done.step
        assert not done.refused
    assert bench.edits.undoable == ""
    assert len(bench.tasks.plan()) == 0


@pytest.mark.parametrize(
    ("column", "value", "words"),
    [
        ("status", "nonsense", "'nonsense' is not one of"),
        ("title", "", "title can't be"),
        ("title", "x" * 2000, "takes at most"),
        ("identifier", "T-1", "identifier is read-only"),
        ("version", 7, "version is read-only"),
    ],
)
def test_what_must_not_be_is_refused_in_words(bench: Bench, column: str, value: Any, words: str) -> None:
    """The frame stays as it is, the note says why, and the grid is told to show again what is there."""
    before = bench.tasks.df.copy()
    done = bench.hand.edit(0, bench.sheet.block([0])[0]["id"], bench.column(column), value)
    assert words in done.words
    assert done.rows == [0]
    pd.testing.assert_frame_equal(bench.tasks.df, before)


def test_an_edit_of_a_row_that_is_another_by_now_is_refused(bench: Bench) -> None:
    """The grid says which task it showed: where the frame has another one there, nothing is written."""
    row = bench.sheet.block([0])[0]
    bench.tasks.df = bench.tasks.df.iloc[::-1]
    done = bench.hand.edit(0, row["id"], bench.column("title"), "wrong task")
    assert "look at the row again" in done.words
    assert len(bench.tasks.plan()) == 0


def test_a_pasted_block_changes_only_what_it_may(bench: Bench) -> None:
    """Locked columns, bad values and cells beyond the last row are refused and counted; the rest is one step."""
    last = len(bench.tasks.df) - 1
    other = "blocked" if bench.tasks.df["status"].iloc[last] != "blocked" else "todo"
    block = [["X-1", "first", other.title()], ["X-2", "second", "no status"]]
    done = bench.hand.paste(last, last, [bench.column(n) for n in ("identifier", "title", "status")], block)
    assert "1 cell refused: identifier is read-only" in done.words
    assert "3 cells refused: beyond the last row" in done.words
    task = bench.tasks.df.index[last]
    assert bench.cells() == {(task, "title", "first"), (task, "status", other)}
    done = bench.hand.paste(0, 0, [bench.column("title")], block=[["a", "no status"]])
    assert "'no status' is not one of" in done.words
    bench.hand.undo()
    bench.hand.undo()
    assert len(bench.tasks.plan()) == 0


def test_one_value_fills_a_selection(bench: Bench) -> None:
    """As in a spreadsheet: one cell pasted onto three rows is in all three."""
    bench.hand.paste(0, 2, [bench.column("title")], [["same"]])
    assert bench.tasks.df["title"].iloc[:4].tolist()[:3] == ["same"] * 3
    assert bench.tasks.df["title"].iloc[3] != "same"


def test_clearing_takes_away_what_the_service_lets_go(bench: Bench) -> None:
    """An assignee is cleared to null, a description to "", a title is refused."""
    has = int(np.flatnonzero(bench.tasks.df["assigneeUserId"].notna() & bench.tasks.df["description"].ne(""))[0])
    names = ("title", "assigneeUserId", "description")
    done = bench.hand.clear(has, has, [bench.column(n) for n in names])
    assert "title can't be cleared" in done.words
    assert pd.isna(bench.tasks.df["assigneeUserId"].iloc[has])
    assert bench.tasks.df["description"].iloc[has] in ("", None) or pd.isna(bench.tasks.df["description"].iloc[has])
    assert not len(bench.tasks.plan().problems)


def test_set_for_all_filtered_leaves_the_others_alone(bench: Bench) -> None:
    """Only the rows of the filter are set; one undo takes all back."""
    from taskframe.widgets.filters import Filter

    bench.sheet.show(Filter(among={"status": ["todo"]}))
    todo = bench.tasks.df["status"].eq("todo")
    before = bench.tasks.df["priority"].copy()
    bench.hand.set_all("priority", "URGENT")
    after = bench.tasks.df["priority"]
    assert after[todo].eq("urgent").all()
    assert after[~todo].equals(before[~todo])
    bench.hand.undo()
    assert len(bench.tasks.plan()) == 0
    with pytest.raises(SettingsError, match="'soon' is not one of"):
        bench.hand.set_all("priority", "soon")


def test_split_among_deals_exactly_and_only_the_filtered(box: Any, bench: Bench) -> None:
    """2:1 by largest remainder, whoever had the tasks before."""
    from taskframe.widgets.filters import Filter

    first, second = [p["id"] for p in box["reload"].people if p["kind"] == "user"][:2]
    bench.sheet.show(Filter(among={"status": ["todo"]}))
    todo = bench.tasks.df["status"].eq("todo")
    others = bench.tasks.df["assigneeUserId"][~todo].copy()
    bench.hand.split("assigneeUserId", f"{first}: 2, {second}")
    counts = bench.tasks.df["assigneeUserId"][todo].value_counts()
    n = int(todo.sum())
    assert counts.sum() == n
    assert abs(counts[first] - 2 * n / 3) < 1
    assert bench.tasks.df["assigneeUserId"][~todo].equals(others)
    with pytest.raises((SettingsError, PlanError), match="weight"):
        bench.hand.split("assigneeUserId", f"{first}: 0")
    with pytest.raises(SettingsError, match="nobody to split among"):
        bench.hand.split("title", f"{first}: 1")


def test_undo_leaves_alone_what_a_cell_changed_since(bench: Bench) -> None:
    """A cell that holds something else by now is not overwritten, and the note says so."""
    ids = [row["id"] for row in bench.sheet.block([0, 1])]
    bench.hand.paste(0, 1, [bench.column("title")], [["a"], ["b"]])
    bench.tasks.df.loc[ids[1], "title"] = "by a cell"
    done = bench.hand.undo()
    assert "1 cell left alone" in done.words
    assert bench.cells() == {(ids[1], "title", "by a cell")}


def test_weights_are_read() -> None:
    """Names with blanks, weights with : or =, one a line or with commas; what makes no sense says so."""
    assert read_weights("@ada: 2, Grace O'Neill = 1.5\nusr_1") == {"@ada": 2, "Grace O'Neill": 1.5, "usr_1": 1}
    for wrong, words in (("", "whom"), ("a: x", "weight of 'a'"), ("a, a: 2", "twice")):
        with pytest.raises(SettingsError, match=words):
            read_weights(wrong)


def test_a_number_has_its_range() -> None:
    """What is typed into a cell is a number, whole where it must be, and within the bounds; else it says them."""
    effort = Column("effort", "number", editable=True, minimum=0.5, maximum=40)
    assert read("7.5", effort) == 7.5
    points = Column("points", "integer", editable=True, minimum=1, maximum=4)
    assert read("4", points) == 4
    for value, column, words in (
        ("41", effort, "41 is above 40"), ("0", effort, "below 0.5"), ("many", effort, "many"),
        ("2.5", points, "2.5"), ("0", points, "0 is below 1"),
    ):  # fmt: skip
        with pytest.raises(Unfit, match=words):
            read(value, column)
