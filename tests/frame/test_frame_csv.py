"""A CSV file on its way out, through a spreadsheet and back: only what somebody edited is an edit."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from offline import cells, tasks

import taskframe as tf
from taskframe.frame import TaskFrame


def exported(made: TaskFrame, path: Path, **edits: Any) -> Path:
    """The frame's file, with columns replaced as a spreadsheet or a script would."""
    made.to_csv(path)
    table = pd.read_csv(path, dtype="str", keep_default_na=False)
    table.assign(**edits).to_csv(path, index=False)
    return path


def complaints(plan: Any) -> set[Any]:
    return set(
        plan.problems[["id", "column"]].astype("object").where(lambda c: c.notna(), None).itertuples(False, None)
    )


@pytest.mark.parametrize("blank", ["leave", "clear"])
def test_an_unedited_export_is_no_edit(tmp_path: Path, blank: Any) -> None:
    """Null and "" both go out blank: neither is cleared by coming back."""
    made = tasks(description=["", None, "x", "  "] * 5, assigneeUserId=["", None, "u_1", "u_2"] * 5)
    plan = made.plan_csv(exported(made, tmp_path / "t.csv"), blank=blank)
    assert (len(plan), len(plan.problems), plan.notes) == (0, 0, ())


def test_a_blank_cell_still_clears_what_there_is(tmp_path: Path) -> None:
    """With blank="clear"; what can't be cleared is shown as it stands in the file."""
    made = tasks(2)
    path = exported(made, tmp_path / "t.csv", assigneeUserId="", description="")
    plan = made.plan_csv(path, blank="clear")
    assert cells(plan) == {("tsk_001", "assigneeUserId"): None}
    assert plan.problems["value"].tolist() == ["", ""]
    plan = made.plan_csv(exported(made, tmp_path / "t.csv", description="<clear>"))
    assert plan.problems["value"].tolist() == ["<clear>", "<clear>"]


@pytest.mark.parametrize("ours", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("theirs", ["\n", "\r\n", "\r"])
def test_other_line_ends_are_no_edit_of_a_file(tmp_path: Path, ours: str, theirs: str) -> None:
    """Spreadsheets and editors change them by themselves; it is counted. Another text is an edit, as it stands."""
    made = tasks(3, description=f"one{ours}two{ours}")
    texts = [f"one{theirs}two{theirs}", f"one{theirs}two", f"one{theirs}{theirs}two{theirs}"]
    path = tmp_path / "t.csv"
    made.to_csv(path)
    text = path.read_bytes().decode().replace(f"one{ours}two{ours}", "{}").format(*texts)
    path.write_bytes(text.encode())
    plan = made.plan_csv(path)
    assert cells(plan) == {("tsk_001", "description"): texts[1], ("tsk_002", "description"): texts[2]}
    assert plan.notes == (
        () if ours == theirs else ("description: 1 cell differs only in its line ends, which is no edit",)
    )


def test_other_line_ends_are_an_edit_of_a_frame() -> None:
    """There somebody wrote them."""
    made = tasks(2, description="one\ntwo")
    made.df.loc["tsk_000", "description"] = "one\r\ntwo"
    assert cells(made.plan()) == {("tsk_000", "description"): "one\r\ntwo"}


@pytest.mark.parametrize("value", ["next week", "2026-01-31T09:00:00", "31.01.2026 09:00", "2026-12-31T09:00:00Z"])
def test_a_read_only_column_has_one_problem_and_no_advice_for_a_value(tmp_path: Path, value: str) -> None:
    """How to write a time does not help where none is taken."""
    made = tasks(1)
    plan = made.plan_csv(exported(made, tmp_path / "t.csv", dueAt=value))
    assert plan.problems["problem"].tolist() == [
        "dueAt is read-only: the service has no call that changes it; put the old value back"
    ]
    assert plan.problems["value"].tolist() == [value]


@pytest.mark.parametrize("version", ["1,000", "1e3", "abc", "1.5", "#REF!"])
def test_dropping_problems_never_sends_a_row_of_a_mangled_version(tmp_path: Path, version: str) -> None:
    """The row itself is the problem."""
    made = tasks(2)
    plan = made.plan_csv(exported(made, tmp_path / "t.csv", title=["a", "b"], version=["1", version]))
    assert complaints(plan) == {("tsk_001", None)}
    assert f"the row names version '{version}', which no task has" in plan.problems["problem"][0]
    assert cells(plan.drop_problems()) == {("tsk_000", "title"): "a"}


@pytest.mark.parametrize("blank", ["leave", "clear"])
def test_a_file_without_versions_in_some_rows_is_noted(tmp_path: Path, blank: Any) -> None:
    """With how many, and with which load they were compared."""
    made = tasks(3)
    path = exported(made, tmp_path / "t.csv", title=["a", "b", "Task 2"], version="", updatedAt="")
    plan = made.plan_csv(path, blank=blank)
    assert len(plan) == 2
    assert len(plan.notes) == 1
    assert plan.notes[0].startswith("2 edited rows have no version and no updatedAt: compared with the load of 20")


def test_a_load_without_versions_is_noted_too(tmp_path: Path) -> None:
    """It is the load that can't tell."""
    made = tasks(2)
    path = exported(made, tmp_path / "t.csv", title="a")
    bare = TaskFrame(made.df.drop(columns=["version", "updatedAt"]), made._load, None)
    assert "without version or updatedAt it can't be told" in bare.plan_csv(path).notes[0]


def test_a_frame_with_a_misspelt_column_is_told_so() -> None:
    """`df["prioritty"] = …` makes a new column, and no edit."""
    made = tasks(2)
    plan = made.plan(made.df.assign(Title="x", prioritty="high", title_x="y", mine=1))
    assert len(plan) == 0
    assert plan.notes == (
        "Title: ignored, it is no column. Did you mean 'title'?",
        "prioritty: ignored, it is no column. Did you mean 'priority'?",
        "title_x: ignored, it is no column. Did you mean 'title'?",
    )


def test_a_file_that_pandas_read_is_not_full_of_apostrophes(conn: tf.Connection, tmp_path: Path) -> None:
    """`to_csv` puts a ' before what would run as a formula. Whoever reads that with pandas edits nothing by it."""
    tasks = conn.load()
    path = tmp_path / "tasks.csv"
    tasks.to_csv(path)
    read = pd.read_csv(path, dtype="str", keep_default_na=False, na_values=[""])
    plan = tasks.plan(read)
    assert len(plan) == 0
    assert any("before what a spreadsheet would run as a formula" in note for note in plan.notes)
    task = next(t for t, title in tasks.df["title"].items() if not title.startswith(("=", "+", "-", "@")))
    tasks.df.loc[task, "title"] = "'" + tasks.df.loc[task, "title"]
    assert len(tasks.plan()) == 1  # anybody's own apostrophe is one


@pytest.mark.parametrize("excel", [False, True])
def test_an_assignee_may_be_named_as_the_service_knows_them(
    box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path, excel: bool
) -> None:
    """Reload is asked who goes by `@handle` or a mail address: the id is planned, and told; nobody is a problem."""
    made = conn.load()
    ada = conn.person_id("@ada")
    fresh = conn.load()
    one, two = fresh.df.index[fresh.df["assigneeUserId"] != ada][:2]
    path = tmp_path / ("t.xlsx" if excel else "t.csv")
    for task, who in ((one, "@ada"), (two, "@nobody-at-all")):
        made.df.loc[task, "assigneeUserId"] = who
    made.to_excel(path) if excel else made.to_csv(path)
    with box.connect("reload", progress=False) as other:  # which knows nobody yet
        plan = other.load().plan_excel(path) if excel else other.load().plan_csv(path)
    assert cells(plan) == {(one, "assigneeUserId"): ada}
    assert plan.problems["id"].tolist() == [two]
    assert any(f"'@ada' read as '{ada}'" in note for note in plan.notes)
