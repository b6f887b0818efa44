"""A workbook that is safe to edit, and what somebody's edits in it come to."""

from __future__ import annotations

import datetime as dt
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import openpyxl
import pytest

import taskframe as tf

sys.path.insert(0, str(Path(__file__).parents[1] / "frame"))
from offline import cells, tasks

Sheet = Any


def edited(path: Path, edit: Callable[[Sheet], None]) -> Path:
    """The workbook as somebody saved it again."""
    book = openpyxl.load_workbook(path)
    edit(book["tasks"])
    book.save(path)
    book.close()
    return path


def exported(path: Path, edit: Callable[[Sheet], None] | None = None, count: int = 4) -> tuple[tf.TaskFrame, Path]:
    made = tasks(count)
    made.to_excel(path / "t.xlsx")
    return made, edited(path / "t.xlsx", edit) if edit else path / "t.xlsx"


def column(sheet: Sheet, name: str) -> str:
    return next(cell.column_letter for cell in sheet[1] if cell.value == name)


def put(**values: Any) -> Callable[[Sheet], None]:
    """An edit of the first task."""

    def edit(sheet: Sheet) -> None:
        for name, value in values.items():
            sheet[f"{column(sheet, name)}2"] = value

    return edit


def test_the_workbook_is_safe_to_edit(tmp_path: Path) -> None:
    """Text cells, drop-downs, locks on what can't be edited, a frozen header, a filter, and a sheet that explains."""
    _, path = exported(tmp_path)
    book = openpyxl.load_workbook(path)
    sheet, about = book["tasks"], book["columns"]
    assert (sheet.freeze_panes, sheet.auto_filter.ref, sheet.protection.sheet) == ("B2", "A1:K5", True)
    assert {cell.data_type for row in sheet.iter_rows() for cell in row if cell.value is not None} == {"s"}
    assert {cell.number_format for cell in sheet[2]} == {"@"}
    locked = {head.value: cell.protection.locked for head, cell in zip(sheet[1], sheet[2], strict=True)}
    assert {name for name, shut in locked.items() if not shut} == {
        "title", "description", "status", "priority", "assigneeUserId",
    }  # fmt: skip
    rules = {str(rule.sqref): rule.formula1 for rule in sheet.data_validations.dataValidation}
    status, priority = column(sheet, "status"), column(sheet, "priority")
    assert rules[f"{priority}2:{priority}5"] == '"none,low,medium,high,urgent"'
    assert f"{status}2:{status}5" in rules
    told = {row[0].value: [cell.value for cell in row[1:4]] for row in about.iter_rows()}
    assert told["priority"][:2] == ["Priority", "yes"]
    assert "none, low, medium, high, urgent" in told["priority"][2]
    assert told["dueAt"][1] == "no, locked"
    book.close()


def test_an_edit_is_planned_and_nothing_else(tmp_path: Path) -> None:
    """Choices loosely, a clear, a number and a truth value as text; colours and comments are ignored."""

    def edit(sheet: Sheet) -> None:
        put(title=7, priority="Urgent ", status="In Progress", description=True)(sheet)
        sheet[f"{column(sheet, 'assigneeUserId')}3"] = "<clear>"
        sheet["C3"].fill = openpyxl.styles.PatternFill("solid", fgColor="FF0000")
        sheet["C3"].comment = openpyxl.comments.Comment("please check", "Ada")

    made, path = exported(tmp_path, edit)
    plan = made.plan_excel(path)
    assert cells(plan) == {
        ("tsk_000", "title"): "7",
        ("tsk_000", "priority"): "urgent",
        ("tsk_000", "status"): "in_progress",
        ("tsk_000", "description"): "TRUE",
        ("tsk_001", "assigneeUserId"): None,
    }
    assert len(plan.problems) == 0


def test_a_formula_counts_by_its_value_and_is_named(tmp_path: Path) -> None:
    """One that was never calculated has none: a problem."""
    made, path = exported(tmp_path, put(title="=1+1"))
    plan = made.plan_excel(path)
    assert plan.problems[["id", "column", "value", "line"]].values.tolist() == [["tsk_000", "title", "=1+1", 2]]
    assert "has no value in the file" in plan.problems["problem"][0]
    assert any("1 cell with a formula" in note for note in plan.notes)


def test_rows_and_columns_may_move_or_go(tmp_path: Path) -> None:
    """Blank rows above the header and between rows, too."""

    def edit(sheet: Sheet) -> None:
        rows = [[cell.value for cell in row] for row in sheet.iter_rows()]
        sheet.delete_rows(1, 10)
        order = [rows[0].index(name) for name in ("title", "id", "priority")]
        for at, row in enumerate([rows[0], rows[3], rows[1]]):
            for to, place in enumerate(order):
                sheet.cell(at * 2 + 3, to + 1).value = row[place]
        sheet["A5"] = "Renamed"

    made, path = exported(tmp_path, edit)
    plan = made.plan_excel(path)
    assert cells(plan) == {("tsk_002", "title"): "Renamed"}
    assert len(plan.problems) == 0


def test_columns_go_by_their_labels_and_by_a_mapping(tmp_path: Path) -> None:
    """`Assignee` is assigneeUserId; `Owner` is what `names=` says."""

    def edit(sheet: Sheet) -> None:
        sheet[f"{column(sheet, 'assigneeUserId')}2"] = "u_1"
        sheet[f"{column(sheet, 'assigneeUserId')}1"] = "Assignee"
        sheet[f"{column(sheet, 'title')}1"] = "What"

    made, path = exported(tmp_path, edit)
    assert cells(made.plan_excel(path)) == {("tsk_000", "assigneeUserId"): "u_1"}
    edited(path, lambda sheet: sheet.__setitem__("D2", "New"))
    plan = made.plan_excel(path, names={"What": "title"})
    assert cells(plan) == {("tsk_000", "assigneeUserId"): "u_1", ("tsk_000", "title"): "New"}
    assert "the column 'What' is read as 'title'" in plan.notes


def test_what_excel_made_of_a_text_is_a_problem(tmp_path: Path) -> None:
    """A date of `1-2`, a number of `007`."""
    made = tasks(2, title=["1-2", "007"])
    made.to_excel(tmp_path / "t.xlsx")

    def edit(sheet: Sheet) -> None:
        sheet[f"{column(sheet, 'title')}2"] = dt.datetime(2026, 2, 1)
        sheet[f"{column(sheet, 'title')}3"] = 7

    plan = made.plan_excel(edited(tmp_path / "t.xlsx", edit))
    assert len(plan) == 0
    assert plan.problems["line"].tolist() == [2, 3]
    taken = made.plan_excel(tmp_path / "t.xlsx", damage="take")
    assert cells(taken) == {("tsk_000", "title"): "2026-02-01", ("tsk_001", "title"): "7"}


def test_the_sheet_with_the_ids_is_found(tmp_path: Path) -> None:
    """Under another name, among others; two such are not guessed."""
    made, path = exported(tmp_path, put(title="New"))
    book = openpyxl.load_workbook(path)
    book["tasks"].title = "Monday"
    book.save(path)
    assert cells(made.plan_excel(path)) == {("tsk_000", "title"): "New"}
    book.copy_worksheet(book["Monday"])
    book.save(path)
    with pytest.raises(tf.FileError, match="several sheets have a column 'id'"):
        made.plan_excel(path)
    assert cells(made.plan_excel(path, sheet="Monday")) == {("tsk_000", "title"): "New"}
    book.close()


def test_a_text_that_no_cell_holds_is_refused(tmp_path: Path) -> None:
    """openpyxl would cut it in silence."""
    made = tasks(2, description=["x" * 32_768, "y"])
    with pytest.raises(tf.FileError, match="description of tsk_000 has 32,768 characters, and a cell holds 32,767"):
        made.to_excel(tmp_path / "t.xlsx")
    assert not (tmp_path / "t.xlsx").exists()
    made.to_excel(tmp_path / "t.xlsx", columns=["title"])


def test_edits_in_the_frame_come_back(tmp_path: Path) -> None:
    """A cleared cell is `<clear>`, an emptied one a lone apostrophe, and times are by the clocks asked for."""
    made = tasks(3)
    made.df.loc["tsk_001", "assigneeUserId"] = None
    made.df.loc["tsk_000", "description"] = ""
    made.to_excel(tmp_path / "t.xlsx", tz="Europe/Berlin")
    assert cells(made.plan_excel(tmp_path / "t.xlsx")) == cells(made.plan())
