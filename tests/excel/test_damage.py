"""What a spreadsheet did by itself is a problem with its line, and never an edit; `damage="take"` takes it."""

from __future__ import annotations

import sys
from pathlib import Path
from typing import Any

import pytest

from taskframe.files.damage import text_damage

sys.path.insert(0, str(Path(__file__).parents[1] / "frame"))
from offline import cells, tasks


def plan(tmp_path: Path, made: Any, text: str, saved: str = "utf-8", **options: Any) -> Any:
    (tmp_path / "t.csv").write_bytes(text.encode(saved))
    return made.plan_csv(tmp_path / "t.csv", **options)


DAMAGED = [
    ("9900000000000000", "9.9E+15", "the digits"),
    ("007", "7", "leading zeros"),
    ("+49", "49", "zeros or sign"),
    ("1.10", "1.1", "zeros or sign"),
    ("12345678901234567", "12345678901234600", "keeps 15"),
    ("1E+15", "1000000000000000", "made the number"),
    ("true", "TRUE", "truth value"),
    ("1-2", "2026-02-01", "the date"),
    ("1-2", "01-Feb", "the date"),
    ("MAR1", "01-Mar", "the date"),
    ("3/4", "03/04/2026", "the date"),
    ("10:30", "10:30:00", "the time of day"),
    ("Grüße", "GrÃ¼ÃŸe", "wrong encoding"),
    ("Ωmega", "?mega", "became '?'"),
    ("x" * 40_000, "x" * 32_767, "cut at 32,767"),
]
FINE = [
    ("007", "008"), ("007", "Bond"), ("1-2", "2-3"), ("Task 1", "Task 2"), ("true", "false"), ("x" * 40_000, "x" * 100),
    ("1.10", "1.20"), ("Grüße", "Gruesse"), ("10:30", "11:45"), ("", "7"), ("what?", "what"), ("7", "007"),
]  # fmt: skip


@pytest.mark.parametrize(("old", "new", "words"), DAMAGED)
def test_damage_to_a_text_is_seen(old: str, new: str, words: str) -> None:
    """With what happened."""
    assert words in text_damage(old, new)


@pytest.mark.parametrize(("old", "new"), FINE)
def test_an_edit_is_no_damage(old: str, new: str) -> None:
    """Nor is the same text."""
    assert text_damage(old, new) == ""
    assert text_damage(old, old) == ""


def test_damage_has_its_line_and_can_be_taken(tmp_path: Path) -> None:
    """It is no edit unless it is said to be one."""
    made, text = tasks(3, title=["007", "x", "y"]), "id,title\ntsk_001,z\ntsk_000,7\n"
    found = plan(tmp_path, made, text)
    assert found.problems[["id", "column", "value", "line"]].values.tolist() == [["tsk_000", "title", "7", 3]]
    assert cells(found) == {("tsk_001", "title"): "z"}
    assert len(plan(tmp_path, made, text, damage="take").changes) == 2


@pytest.mark.parametrize("given", ["9.9E+15", "9,9e+15"])
def test_ids_made_into_numbers_are_named(tmp_path: Path, given: str) -> None:
    """With the task that it may have been."""
    made = tasks(1)
    made.df.index = made.df.index.map({"tsk_000": "9900000000000001"})
    again = type(made)(made.df, made._load, None)
    found = plan(tmp_path, again, f'id,title\n"{given}",x\n')
    assert "is a number that a spreadsheet made of an id" in found.problems["problem"][0]
    found = plan(tmp_path, again, "id,title\n9900000000000000,x\n")
    assert "(of '9900000000000001'?)" in found.problems["problem"][0]
    assert len(found) == 0


def test_an_identifier_that_is_another_tasks_refuses_the_row(tmp_path: Path) -> None:
    """Identifier and title no longer belong to the id: nothing of the row counts."""
    text = "id,identifier,title\ntsk_000,T-2,a\ntsk_001,T-1,b\ntsk_002,T-0,c\n"
    found = plan(tmp_path, tasks(3), text)
    assert cells(found) == {("tsk_001", "title"): "b"}
    assert found.problems["line"].tolist() == [2, 4]
    assert found.problems["column"].isna().all()


def test_a_column_sorted_by_itself_is_refused(tmp_path: Path) -> None:
    """Titles in other rows; of a choice, when it stands in order."""
    found = plan(tmp_path, tasks(4), "id,title\ntsk_000,Task 3\ntsk_001,Task 0\ntsk_002,Task 1\ntsk_003,Task 2\n")
    assert (len(found), len(found.problems)) == (0, 4)
    made = tasks(12)
    words = sorted(made.df["priority"].astype(str))
    rows = "".join(f"{task},{word}\n" for task, word in zip(made.df.index, words, strict=True))
    found = plan(tmp_path, made, f"id,priority\n{rows}")
    assert len(found) == 0
    assert found.problems["problem"].str.contains("was the column sorted by itself").all()


def test_two_titles_may_be_swapped(tmp_path: Path) -> None:
    """That is somebody's edit."""
    assert len(plan(tmp_path, tasks(4), "id,title\ntsk_000,Task 1\ntsk_001,Task 0\n")) == 2


def test_a_fill_down_that_counted_on_is_refused(tmp_path: Path) -> None:
    """`u_1`, `u_2`, `u_3`: those that no task ever had; one person all the way down is an edit."""
    text = "id,assigneeUserId\ntsk_001,u_1\ntsk_000,u_2\ntsk_002,u_3\ntsk_004,u_4\n"
    found = plan(tmp_path, tasks(6), text)
    assert found.problems["value"].tolist() == ["u_2", "u_3", "u_4"]
    assert len(found) == 0
    found = plan(tmp_path, tasks(6), "id,assigneeUserId\ntsk_000,u_9\ntsk_002,u_9\ntsk_004,u_9\n")
    assert (len(found), len(found.problems)) == (3, 0)


def test_numbered_titles_are_an_edit_with_a_note(tmp_path: Path) -> None:
    """Nobody can know."""
    found = plan(tmp_path, tasks(3), "id,title\ntsk_000,Step 1\ntsk_001,Step 2\ntsk_002,Step 3\n")
    assert (len(found), len(found.problems)) == (3, 0)
    assert any("count on from the one above, such as 'Step 1'" in note for note in found.notes)


def test_letters_of_a_likely_encoding_are_doubted(tmp_path: Path) -> None:
    """A cell that is what was loaded proves itself; any other one has to be said to be right."""
    made, text = tasks(2, title=["Café", "Tee"]), "id,title\ntsk_000,Café\ntsk_001,Thé\n"
    found = plan(tmp_path, made, text, "cp1252")
    assert found.problems[["id", "line"]].values.tolist() == [["tsk_001", 3]]
    assert len(found) == 0
    assert cells(plan(tmp_path, made, text, "cp1252", encoding="cp1252")) == {("tsk_001", "title"): "Thé"}
