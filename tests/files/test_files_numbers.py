"""Numbers as German, French, Swiss or English spreadsheets write them: read when it is said so, never guessed."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from files_tasks import SCHEMA, tasks

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.edited import Edited
from taskframe.errors import FileError
from taskframe.files.csv import read_csv, write_csv
from taskframe.files.exchange import csv_edits


def read(folder: Path, cell: str, column: str = "score", **how: Any) -> Edited:
    path = folder / "t.csv"
    path.write_text(f"id;{column}\nid-1;{cell}\n", "utf-8")
    return read_csv(path, SCHEMA, **how)


GERMAN: dict[str, Any] = {"decimal": ",", "thousands": "."}
READ = [
    ("1,5", {"decimal": ","}, 1.5),
    ("-0,25", {"decimal": ","}, -0.25),
    ("1,5E+3", {"decimal": ","}, 1500.0),
    ("12", {"decimal": ","}, 12.0),
    ("1.234,5", GERMAN, 1234.5),
    ("1.234", GERMAN, 1234.0),
    ("-1.234.567", GERMAN, -1234567.0),
    ("1\u202f234,5", {"decimal": ",", "thousands": " "}, 1234.5),
    ("1 234 567,5", {"decimal": ",", "thousands": " "}, 1234567.5),
    ("1,234.5", {"thousands": ","}, 1234.5),
    ("1’234.5", {"thousands": "'"}, 1234.5),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "how", "value"), READ)
def test_a_number_is_read_as_is_said(tmp_path: Path, cell: str, how: dict[str, str], value: float) -> None:
    """Without a problem or a note."""
    edited = read(tmp_path, cell, **how)
    assert edited.columns["score"].tolist() == [value]
    assert not edited.problems


@pytest.mark.parametrize(("cell", "value"), [("1.234", 1234), ("1.234,0", 1234), ("-7", -7)])
def test_so_are_whole_numbers(tmp_path: Path, cell: str, value: int) -> None:
    """In a column of integers."""
    assert read(tmp_path, cell, "estimate", **GERMAN).columns["estimate"].tolist() == [value]


UNREAD = [
    ("1,5", {}, "decimal=',' reads it"),
    ("1.234,5", {}, "decimal=',', thousands='.' reads it"),
    ("1 234,5", {}, "decimal=',', thousands=' ' reads it"),
    ("1,234", {}, "decimal=',' or thousands=',' reads it"),
    ("1.234,5", {"decimal": ","}, "if the '.' parts thousands, say thousands='.'"),
    ("1.5", {"decimal": ","}, "if the '.' parts thousands, say thousands='.'"),
    ("1.5", GERMAN, "parts digits in groups of three"),
    ("12.34.567", GERMAN, "parts digits in groups of three"),
    ("1,2,3", {"decimal": ","}, "is no number with decimal=','"),
    ("1,234.5", GERMAN, "is no number with decimal=','"),
]  # fmt: skip


@pytest.mark.parametrize(("cell", "how", "words"), UNREAD)
def test_what_may_be_another_number_is_a_problem(tmp_path: Path, cell: str, how: dict[str, str], words: str) -> None:
    """It names the options that would read it."""
    edited = read(tmp_path, cell, **how)
    (problem,) = edited.problems
    assert words in problem.problem
    assert problem.line == 2
    assert edited.skip["score"].tolist() == [True]


@pytest.mark.parametrize("how", [{"decimal": ";"}, {"decimal": ""}, {"thousands": "."}, {"thousands": "x"}])
def test_signs_that_make_no_sense_are_refused(tmp_path: Path, how: dict[str, str]) -> None:
    """`thousands="."` alone too, as the dot is the decimal sign."""
    with pytest.raises(FileError, match=next(iter(how))):
        read(tmp_path, "1", **how)


def test_a_cell_as_it_was_exported_may_be_another_number_there(tmp_path: Path) -> None:
    """1.234 is 1234 in a German file, though the load has 1.234: said, so done, as an edit that the preview shows."""
    frame, path = tasks(), tmp_path / "t.csv"
    frame["score"] = pd.array([1.234, None, 0.5], dtype="float64")
    write_csv(frame, SCHEMA, path, columns=["score"])
    baseline = Baseline.of(frame, SCHEMA)
    assert not len(diff(baseline, csv_edits(path, baseline)).changes)
    found = diff(baseline, csv_edits(path, baseline, **GERMAN))
    assert found.changes.columns["score"].after.tolist() == [1234]
    assert [problem.line for problem in found.problems] == [4]
