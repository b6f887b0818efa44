"""CSV files as spreadsheets and people make them: found out where that is safe, else said with an option."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from files_tasks import SCHEMA, tasks

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.edited import Edited
from taskframe.changes.normal import normal_values
from taskframe.errors import FileError
from taskframe.files.csv import read_csv, write_csv
from taskframe.files.exchange import csv_edits

TEXT = 'id,title,status\r\nid-1,"Grüße, Ω",todo\r\nid-2,x,done\r\n'


def read(path: Path, content: str | bytes, **options: Any) -> Edited:
    path = path / "t.csv"
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, SCHEMA, **options)


def titles(edited: Edited) -> list[Any]:
    return normal_values(edited.columns["title"])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "utf-16", "utf-16-le", "utf-16-be"])
@pytest.mark.parametrize("ends", ["\n", "\r\n", "\r"])
@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
def test_encoding_separator_and_line_ends_are_found_out(tmp_path: Path, encoding: str, ends: str, sep: str) -> None:
    """UTF-8 and UTF-16 with and without a mark; lines are counted alike."""
    text = TEXT.replace("Grüße, Ω", "G\0").replace(",", sep).replace("G\0", f"Grüße{sep} Ω").replace("\r\n", ends)
    edited = read(tmp_path, text.encode(encoding))
    assert titles(edited) == [f"Grüße{sep} Ω", "x"]
    assert edited.lines is not None
    assert edited.lines.tolist() == [2, 3]
    assert edited.problems == ()
    assert not edited.doubted


def test_another_encoding_is_told_or_said(tmp_path: Path) -> None:
    """What is no UTF-8 is likely Windows-1252: a note says so, and `encoding=` that it is, or is not."""
    edited = read(tmp_path, TEXT.replace("Ω", "ß").encode("cp1252"))
    assert titles(edited)[0] == "Grüße, ß"
    assert edited.doubted
    assert edited.notes[0].startswith("not UTF-8 (byte 0xfc in line 2): read as Windows-1252")
    edited = read(tmp_path, TEXT.encode("iso8859-7", "replace"), encoding="iso8859-7")
    assert "Ω" in titles(edited)[0]
    assert not edited.doubted


def test_excels_own_line_names_the_separator(tmp_path: Path) -> None:
    """`sep=;` above the header; lines count it."""
    edited = read(tmp_path, "sep=;\r\nid;title\r\nid-1;a,b\r\n")
    assert titles(edited) == ["a,b"]
    assert edited.lines is not None
    assert edited.lines.tolist() == [3]


def test_columns_go_by_labels_and_by_a_mapping(tmp_path: Path) -> None:
    """`names=` goes first, and names only what there is."""
    edited = read(tmp_path, "Task;What\r\nid-1;x\r\n", names={"Task": "id", "what": "title"})
    assert titles(edited) == ["x"]
    assert edited.notes[1:] == ("the column 'Task' is read as 'id'", "the column 'What' is read as 'title'")
    with pytest.raises(FileError, match=r"there is no column 'titel'\. Did you mean 'title'"):
        read(tmp_path, "id,What\r\n", names={"What": "titel"})
    with pytest.raises(FileError, match=r"has no column 'Wat'\. Did you mean 'What'"):
        read(tmp_path, "id,What\r\n", names={"Wat": "title"})


@pytest.mark.parametrize(
    ("cell", "options", "time"),
    [
        ("31.01.2026", {"dates": "%d.%m.%Y", "tz": "UTC"}, "2026-01-31T00:00:00Z"),
        ("31.01.2026 10:00", {"dates": ["%d.%m.%Y", "%d.%m.%Y %H:%M"], "tz": "Europe/Berlin"}, "2026-01-31T09:00:00Z"),
        ("02/01/2026", {"dates": "%m/%d/%Y", "tz": "UTC"}, "2026-02-01T00:00:00Z"),
        ("2026-01-31 10:00", {"tz": "Europe/Berlin"}, "2026-01-31T09:00:00Z"),
        ("2026-01-31T09:00:00Z", {"dates": "%d.%m.%Y", "tz": "Europe/Berlin"}, "2026-01-31T09:00:00Z"),
    ],
)
def test_dates_of_a_locale_are_read_where_it_is_said_how(
    tmp_path: Path, cell: str, options: dict[str, Any], time: str
) -> None:
    """With a zone, or their own offset."""
    edited = read(tmp_path, f"id,dueAt\nid-1,{cell}\n", **options)
    assert normal_values(edited.columns["dueAt"]) == [pd.Timestamp(time)]


def test_dates_that_nobody_said_how_to_read_are_problems(tmp_path: Path) -> None:
    """With the way out; a moment that the clocks skip is one too."""
    (problem,) = read(tmp_path, "id,dueAt\nid-1,31.01.2026\n").problems
    assert "dates='%d.%m.%Y'" in problem.problem
    (problem,) = read(tmp_path, "id,dueAt\nid-1,2026-03-29 02:30\n", tz="Europe/Berlin").problems
    assert "occurs twice or never in Europe/Berlin" in problem.problem


def test_a_day_that_is_the_loaded_one_is_no_edit(tmp_path: Path) -> None:
    """A format without a time of the day can't say another; it is counted. Another day is an edit."""
    frame = tasks()
    base = Baseline.of(frame, SCHEMA)
    text = "id,dueAt\nid-1,31.01.2026\nid-3,01.02.2026\n"
    (tmp_path / "t.csv").write_text(text)
    edited = csv_edits(tmp_path / "t.csv", base, dates="%d.%m.%Y", tz="UTC")
    found = diff(base, edited)
    assert found.changes.frame()[["id", "after"]].values.tolist() == [["id-3", pd.Timestamp("2026-02-01", tz="UTC")]]
    assert "dueAt: 1 cell with the day that it was: no edit" in found.notes


def test_a_date_turned_round_is_a_problem(tmp_path: Path) -> None:
    """The third of February in place of the second of March."""
    frame = tasks()
    frame["dueAt"] = pd.Timestamp("2026-03-02T09:00:00Z")
    base = Baseline.of(frame, SCHEMA)
    (tmp_path / "t.csv").write_text("id,dueAt\nid-1,02/03/2026 09:00\n")
    (problem,) = csv_edits(tmp_path / "t.csv", base, dates="%m/%d/%Y %H:%M", tz="UTC").problems
    assert "day and month look turned round: it was 2026-03-02, this is 2026-02-03" in problem.problem


@pytest.mark.parametrize("sep", [",", ";", "\t", "|"])
def test_the_file_is_written_as_asked(tmp_path: Path, sep: str) -> None:
    """Separator, mark, and the clocks of a zone; it comes back."""
    write_csv(tasks(), SCHEMA, tmp_path / "t.csv", sep=sep, bom=True, tz="Asia/Kolkata")
    raw = (tmp_path / "t.csv").read_bytes()
    assert raw.startswith(b"\xef\xbb\xbfid" + sep.encode())
    assert b"2026-01-31T14:30:00+05:30" in raw
    base = Baseline.of(tasks(), SCHEMA)
    assert len(diff(base, csv_edits(tmp_path / "t.csv", base)).changes) == 0
    with pytest.raises(FileError, match="cells are parted by"):
        write_csv(tasks(), SCHEMA, tmp_path / "t.csv", sep=".")


def test_quoted_lines_among_plain_ones_keep_their_place(tmp_path: Path) -> None:
    """Plain lines are split at once, quoted ones by the csv reader, cells of several lines in their lot."""
    rows = [f"id-{n},T{n},todo" for n in range(6_000)]
    rows[10], rows[4_000] = 'id-10,"a ""b"", c",todo', 'id-4000,"two\nlines",todo'
    edited = read(tmp_path, "id,title,status\n" + "\n".join(rows))
    found = titles(edited)
    assert (found[10], found[11], found[4_000], found[-1]) == ('a "b", c', "T11", "two\nlines", "T5999")
    assert edited.lines is not None
    assert edited.lines[[10, 4_000, 4_001, 5_999]].tolist() == [12, 4_002, 4_004, 6_002]
