"""A CSV file that `write_csv` wrote and nobody edited says what the load said; an edited one says what was edited."""

from __future__ import annotations

import csv
import os
import threading
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from files_tasks import SCHEMA, frames, tasks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.edited import Edited
from taskframe.changes.normal import normal_values, same
from taskframe.errors import FileError
from taskframe.files.csv import read_csv, write_csv


def read(path: Path, content: str | bytes, **options: Any) -> Edited:
    path = path / "tasks.csv" if path.is_dir() else path
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, SCHEMA, **options)


def values(edited: Edited, name: str) -> list[Any]:
    return normal_values(edited.columns[name])


def cell(edited: Edited, name: str, row: int = 0) -> Any:
    assert not edited.problems
    assert not edited.skip[name][row]
    return values(edited, name)[row]


def only_problem(edited: Edited) -> Any:
    (problem,) = edited.problems
    return problem


# Writing


def test_the_file_is_plain_rfc_4180(tmp_path: Path) -> None:
    """UTF-8 without a mark, ids first, CR LF, quotes only where needed, exact times, JSON for lists."""
    write_csv(tasks(), SCHEMA, tmp_path / "t.csv", columns=["title", "dueAt", "labels", "urgent", "score", "version"])
    assert (tmp_path / "t.csv").read_bytes().decode() == (
        "id,title,dueAt,labels,urgent,score,version\r\n"
        'id-1,Write the report,2026-01-31T09:00:00Z,"[""a"",""b""]",true,0.1,1\r\n'
        "id-2,'=1+1,,,,,9007199254740993\r\n"
        'id-3,"Say «hi», twice\r\nor ""thrice""",2026-01-31T09:00:00.123456Z,[],false,1e+300,3\r\n'
    )


def test_a_mark_for_old_spreadsheets_is_read_back(tmp_path: Path) -> None:
    """`bom=True` puts a byte order mark in front; it is not part of the first name."""
    write_csv(tasks(), SCHEMA, tmp_path / "t.csv", bom=True)
    assert (tmp_path / "t.csv").read_bytes().startswith(b"\xef\xbb\xbfid,")
    assert list(read_csv(tmp_path / "t.csv", SCHEMA).ids) == ["id-1", "id-2", "id-3"]


def test_ids_may_be_in_a_column(tmp_path: Path) -> None:
    """After reset_index they still come first, once."""
    write_csv(tasks().reset_index(), SCHEMA, tmp_path / "t.csv")
    assert (tmp_path / "t.csv").read_text().startswith("id,identifier,")
    assert list(read_csv(tmp_path / "t.csv", SCHEMA).ids) == ["id-1", "id-2", "id-3"]


def test_columns_of_the_analyst_are_written_and_ignored_when_read(tmp_path: Path) -> None:
    """A helper column travels with the file; it is no edit."""
    write_csv(tasks().assign(mine=[1.5, None, "=x"]), SCHEMA, tmp_path / "t.csv", columns=["mine"])
    assert (tmp_path / "t.csv").read_text() == "id,mine\nid-1,1.5\nid-2,\nid-3,'=x\n"
    edited = read_csv(tmp_path / "t.csv", SCHEMA)
    assert edited.ignored == ("mine",)
    assert edited.columns == {}


@pytest.mark.parametrize(
    ("frame", "columns", "words"),
    [
        (tasks(), ["titel"], "no column 'titel' to write. Did you mean 'title'"),
        (tasks(), ["title", "title"], "two columns would have one name"),
        (tasks().reset_index(drop=True), None, "neither a column nor an index named 'id'"),
    ],
)
def test_what_can_not_be_written_says_so(tmp_path: Path, frame: pd.DataFrame, columns: Any, words: str) -> None:
    """And leaves no file behind."""
    with pytest.raises(FileError, match=words):
        write_csv(frame, SCHEMA, tmp_path / "t.csv", columns=columns)
    assert list(tmp_path.iterdir()) == []


def test_a_folder_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The cause is chained."""
    with pytest.raises(FileError, match=r"nowhere.t\.csv can't be written: No such file") as caught:
        write_csv(tasks(), SCHEMA, tmp_path / "nowhere" / "t.csv")
    assert isinstance(caught.value.__cause__, OSError)
    with pytest.raises(FileError, match="is a folder"):
        write_csv(tasks(), SCHEMA, tmp_path)


def test_a_file_that_fails_half_way_leaves_the_old_one(tmp_path: Path) -> None:
    """Written whole or not at all."""
    path = tmp_path / "t.csv"
    write_csv(tasks(), SCHEMA, path)
    before = path.read_bytes()
    worse = tasks().assign(mine=[[1], [2], [object()]])
    with pytest.raises(TypeError):
        write_csv(worse, SCHEMA, path)
    assert path.read_bytes() == before
    assert list(tmp_path.iterdir()) == [path]


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_a_csv_file_is_for_sharing(tmp_path: Path) -> None:
    """Its mode is what the umask makes of it; a link stays a link."""
    (tmp_path / "link.csv").symlink_to(tmp_path / "t.csv")
    before = os.umask(0o027)
    try:
        write_csv(tasks(), SCHEMA, tmp_path / "link.csv")
    finally:
        os.umask(before)
    assert (tmp_path / "t.csv").stat().st_mode & 0o777 == 0o640
    assert (tmp_path / "link.csv").is_symlink()


# There and back


def says_the_same(edited: Edited, frame: pd.DataFrame) -> None:
    assert list(edited.ids) == list(frame.index)
    assert edited.problems == ()
    assert edited.strict
    for name in frame.columns:
        column = SCHEMA[name]
        for row, value in enumerate(normal_values(frame[name])):
            found = values(edited, name)[row]
            if edited.skip[name][row]:
                assert found is None
                assert value in (None, "")
            else:
                assert same(found, value, column), (name, value, found)


def test_three_tasks_come_back(tmp_path: Path) -> None:
    """`007`, formulas, line ends, long digits, microseconds, lists, objects, unknown choices."""
    write_csv(tasks(), SCHEMA, tmp_path / "t.csv")
    edited = read_csv(tmp_path / "t.csv", SCHEMA, choices={"status": ["parked"], "level": [7]})
    says_the_same(edited, tasks())
    assert edited.notes == ()


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frame=frames())
def test_every_frame_comes_back(tmp_path: Path, frame: pd.DataFrame) -> None:
    """Whatever the service holds: written and read, it is the same. Only null and "" are blank, and left alone."""
    write_csv(frame, SCHEMA, tmp_path / "t.csv")
    seen = {name: [v for v in normal_values(frame[name]) if v is not None] for name in ("status", "level")}
    says_the_same(read_csv(tmp_path / "t.csv", SCHEMA, choices=seen), frame)


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(frame=frames(), blank=st.sampled_from(["leave", "clear"]), ends=st.sampled_from(["\r\n", "\n", "\r"]))
def test_a_file_that_nobody_edited_is_no_edit(tmp_path: Path, frame: pd.DataFrame, blank: Any, ends: str) -> None:
    """Held against its load, with blank cells that clear too, and with line ends that an editor has made alike."""
    write_csv(frame, SCHEMA, tmp_path / "t.csv")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        header, *rows = csv.reader(file)
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        texts = [name in SCHEMA and SCHEMA[name].kind == "text" for name in header]
        alike = [[made_alike(c, ends) if t else c for c, t in zip(row, texts, strict=True)] for row in rows]
        csv.writer(file, quoting=csv.QUOTE_ALL).writerows([header, *alike])
    seen = {name: [v for v in normal_values(frame[name]) if v is not None] for name in ("status", "level")}
    found = diff(Baseline.of(frame, SCHEMA), read_csv(tmp_path / "t.csv", SCHEMA, choices=seen, blank=blank))
    assert len(found.changes) == 0
    assert found.problems == ()


def made_alike(text: str, ends: str) -> str:
    return text if text.startswith("'json:") else text.replace("\r\n", "\n").replace("\r", "\n").replace("\n", ends)


def test_a_frame_of_any_dtype_is_written_the_same(tmp_path: Path) -> None:
    """A merge or a hand-made column changes dtypes, not what the file says."""
    write_csv(tasks(), SCHEMA, tmp_path / "a.csv")
    odd = tasks().astype(
        {"estimate": "float64", "status": "object", "dueAt": "datetime64[ns, Asia/Tokyo]", "sure": "object"}
    )
    odd["labels"] = [np.array(["a", "b"]), None, ()]
    write_csv(odd, SCHEMA, tmp_path / "b.csv")
    options: Any = {"choices": {"status": ["parked"], "level": [7]}}
    a, b = read_csv(tmp_path / "a.csv", SCHEMA, **options), read_csv(tmp_path / "b.csv", SCHEMA, **options)
    for name in tasks().columns:
        assert values(a, name) == values(b, name)
    assert "T09:00:00.123456Z" in (tmp_path / "b.csv").read_text()


def test_a_description_may_be_long(tmp_path: Path) -> None:
    """Longer than the csv module's own bound, which is put back afterwards, also with several readers at once."""
    frame = tasks()
    frame.loc["id-1", "description"] = "x" * 1_000_000
    write_csv(frame, SCHEMA, tmp_path / "t.csv")
    before = csv.field_size_limit()
    found: list[Edited] = []
    readers = [threading.Thread(target=lambda: found.append(read_csv(tmp_path / "t.csv", SCHEMA))) for _ in range(4)]
    for reader in readers:
        reader.start()
    for reader in readers:
        reader.join()
    assert [len(values(e, "description")[0]) for e in found] == [1_000_000] * 4
    assert csv.field_size_limit() == before


def test_a_long_file_is_read_as_one(tmp_path: Path) -> None:
    """Rows are read many at once; nothing shows where one lot ends."""
    last = "T-x,in progress,2026-01-31,9007199254740993,[1]"
    rows = (
        "".join(f"id-{n},T-{n},todo,2026-01-31T09:00:00Z,{n},[]\n" for n in range(25_000))
        + f"id-x,{last}\n\nid-y,,,,five,\n"
    )
    edited = read(tmp_path, f"id,title,status,dueAt,estimate,labels\n{rows}")
    assert [values(edited, name)[-3:-1] for name in edited.columns] == [
        ["T-24999", "T-x"],
        ["todo", "in_progress"],
        [pd.Timestamp("2026-01-31T09:00:00Z"), pd.Timestamp("2026-01-31")],
        [24_999, 2**53 + 1],
        [[], [1]],
    ]
    assert (only_problem(edited).id, only_problem(edited).line) == ("id-y", 25_004)
    assert [mask.sum() for mask in edited.skip.values()] == [1] * 5
    assert edited.lines is not None
    assert edited.lines[[0, 9_999, 10_000, 24_999]].tolist() == [2, 10_001, 10_002, 25_001]


# What cells say


def test_a_blank_cell_is_left_alone(tmp_path: Path) -> None:
    """Empty or blanks only, in every kind of column."""
    names = [c.name for c in SCHEMA]
    edited = read(tmp_path, f"id,{','.join(names)}\nid-1{',  ' * len(names)}\nid-2{',' * len(names)}\n")
    assert edited.problems == ()
    assert all(edited.skip[name].all() for name in names)


def test_a_blank_cell_clears_when_asked_to(tmp_path: Path) -> None:
    """`blank="clear"` turns it round."""
    edited = read(tmp_path, "id,description,dueAt\nid-1,, \n", blank="clear")
    assert cell(edited, "description") is None
    assert cell(edited, "dueAt") is None
    with pytest.raises(FileError, match="either left alone"):
        read(tmp_path, "id\n", blank="drop")


@pytest.mark.parametrize("word", ["<clear>", "<CLEAR>", " <clear> "])
def test_clear_clears(tmp_path: Path, word: str) -> None:
    """In every kind of column, whatever its case."""
    edited = read(tmp_path, f"id,description,dueAt,labels\nid-1,{word},{word},{word}\n")
    assert [cell(edited, name) for name in edited.columns] == [None, None, None]


def test_nothing_in_text_is_special(tmp_path: Path) -> None:
    """`007`, `NA`, `1E+15`, dates and long digits are text; blanks within are kept."""
    words = ["007", "NA", "nan", "1E+15", "2026-01-31", "1234567890123456789012345678901234", " a ", "TRUE"]
    rows = "".join(f"id-{n},{word}\n" for n, word in enumerate(words))
    assert values(read(tmp_path, f"id,title\n{rows}"), "title") == words


def test_a_quote_alone_empties_a_text(tmp_path: Path) -> None:
    """Where null can't be sent, "" may be."""
    assert cell(read(tmp_path, "id,description\nid-1,'\n"), "description") == ""


@pytest.mark.parametrize(
    ("name", "text", "value"),
    [
        ("estimate", "12", 12), ("estimate", " 12 ", 12), ("estimate", "12.0", 12),
        ("estimate", "9007199254740993", 2**53 + 1), ("score", "1.5", 1.5), ("score", "-3", -3),
        ("urgent", "TRUE", True), ("urgent", "false", False), ("level", "2", 2),
        ("dueAt", "2026-01-31T10:00:00+01:00", pd.Timestamp("2026-01-31T09:00:00Z")),
        ("dueAt", "2026-01-31 09:00", pd.Timestamp("2026-01-31T09:00:00")),
        ("dueAt", "2026-01-31", pd.Timestamp("2026-01-31")),
        ("labels", '"[""x""]"', ["x"]), ("meta", "{}", {}), ("labels", "[]", []),
    ],
)  # fmt: skip
def test_cells_are_converted_by_the_schema(tmp_path: Path, name: str, text: str, value: Any) -> None:
    """A time without an offset stays without one: the baseline decides what it means."""
    found = cell(read(tmp_path, f"id,{name}\nid-1,{text}\n"), name)
    assert found == value
    assert type(found) is type(value) or name == "score"


def test_times_with_and_without_offset_can_be_mixed(tmp_path: Path) -> None:
    """Each cell keeps what it says."""
    edited = read(tmp_path, "id,dueAt\na,2026-01-31\nb,2026-01-31T09:00:00Z\nc,\n")
    assert values(edited, "dueAt") == [pd.Timestamp("2026-01-31"), pd.Timestamp("2026-01-31T09:00:00Z"), None]
    assert edited.skip["dueAt"].tolist() == [False, False, True]


@pytest.mark.parametrize(
    ("name", "text", "kind", "words"),
    [
        ("estimate", "1E+15", "type", "takes a whole number (a spreadsheet seems to have rewritten this cell)"),
        ("estimate", "twelve", "type", "'twelve' is text; estimate takes a whole number"),
        ("estimate", "3.5", "type", "estimate takes a whole number"),
        ("score", "1,5", "type", "score takes a number"),
        ("urgent", "1", "type", "urgent takes true or false"),
        ("dueAt", "31.01.2026 09:00", "type", "a spreadsheet seems to have rewritten this cell"),
        ("dueAt", "########", "type", "a spreadsheet seems to have rewritten this cell"),
        ("dueAt", "2026-02-30T09:00:00Z", "type", "dueAt takes a time with its offset"),
        ("labels", "x", "type", "takes JSON such as"),
        ("status", "finished", "choice", "'finished' is not one of triage, backlog"),
        ("title", "'json:x", "type", "starts like an escaped text"),
    ],
)
def test_what_does_not_convert_cleanly_is_a_problem(
    tmp_path: Path, name: str, text: str, kind: str, words: str
) -> None:
    """With id, column, value and line; the cell is left alone, the others of its row count."""
    edited = read(tmp_path, f'id,{name},description\nid-0,,\nid-1,"{text}",fine\n')
    problem = only_problem(edited)
    assert (problem.kind, problem.id, problem.column, problem.value, problem.line) == (kind, "id-1", name, text, 3)
    assert words in problem.problem
    assert edited.skip[name].tolist() == [True, True]
    assert values(edited, "description") == [None, "fine"]


def test_choices_may_be_spelled_loosely_and_that_is_told(tmp_path: Path) -> None:
    """Case, blanks, `-` and `_` don't count; exact ones go without a word."""
    edited = read(tmp_path, "id,status\na,In Progress\nb,in-progress\nc,In Progress\nd,in_progress\ne, todo\n")
    assert edited.problems == ()
    assert values(edited, "status") == ["in_progress"] * 4 + ["todo"]
    assert edited.notes == (
        "status: 'In Progress' read as 'in_progress' (2 cells)",
        "status: 'in-progress' read as 'in_progress' (1 cell)",
        "status: ' todo' read as 'todo' (1 cell)",
    )


def test_choices_that_differ_only_by_case_are_not_guessed(tmp_path: Path) -> None:
    """Two statuses of one spelling: only the exact ones fit."""
    seen = {"status": ["On Hold", "on-hold"]}
    assert cell(read(tmp_path, "id,status\na,On Hold\n", choices=seen), "status") == "On Hold"
    assert only_problem(read(tmp_path, "id,status\na,ON HOLD\n", choices=seen)).kind == "choice"


# Whose rows


def test_blanks_around_ids_are_dropped_and_told(tmp_path: Path) -> None:
    """A spreadsheet's doing; nothing is dropped in silence."""
    edited = read(tmp_path, "id,title\n id-1 ,x\n")
    assert list(edited.ids) == ["id-1"]
    assert edited.notes == ("id: blanks around it not counted (1 cell)",)


def test_a_row_without_an_id_has_none(tmp_path: Path) -> None:
    """The diff makes it a problem."""
    assert read(tmp_path, "id,title\n,x\n").ids.isna().tolist() == [True]


def test_rows_may_go_by_another_column(tmp_path: Path) -> None:
    """`key="identifier"`: unknown, missing and contradicted ones are problems, each with its line."""
    content = "identifier,id,title\nT-1,,a\nT-9,,b\n,,c\nT-2,id-1,d\nT-2,id-2,e\n"
    edited = read(tmp_path, content, key="identifier", keys={"T-1": "id-1", "T-2": "id-2"})
    assert list(edited.ids) == ["id-1", "id-2"]
    assert values(edited, "title") == ["a", "e"]
    assert edited.lines is not None
    assert edited.lines.tolist() == [2, 6]
    assert [(p.kind, p.line) for p in edited.problems] == [("unknown id", 3), ("null id", 4), ("ambiguous", 5)]


def test_lines_are_those_of_an_editor(tmp_path: Path) -> None:
    """Cells of several lines and blank lines count; a record's line is where it starts."""
    edited = read(tmp_path, '\nid,title\r\na,"one\r\ntwo\r\nthree"\r\n\r\n , \r\nb,x\r\nc,"y\nz"\nd,w')
    assert edited.lines is not None
    assert list(zip(edited.ids, edited.lines.tolist(), strict=True)) == [("a", 3), ("b", 8), ("c", 9), ("d", 11)]


@pytest.mark.parametrize("row", ["id-1,a", "id-1,a,b,c", "id-1,a, b,", "id-1"])
def test_a_row_of_another_width_is_a_problem(tmp_path: Path, row: str) -> None:
    """Which cell belongs where can't be known: none of them counts."""
    edited = read(tmp_path, f"id,title,description\n{row}\nid-2,fine,\n")
    problem = only_problem(edited)
    assert (problem.kind, problem.id, problem.line) == ("ambiguous", "id-1", 2)
    assert list(edited.ids) == ["id-2"]


def test_columns_without_a_name_hold_nothing(tmp_path: Path) -> None:
    """A spreadsheet pads; but a cell there means that a row has slipped."""
    edited = read(tmp_path, "id,title,,\nid-1,a,,\nid-2,b,todo,\n")
    assert list(edited.ids) == ["id-1"]
    assert only_problem(edited).line == 3


def test_a_misspelled_column_is_pointed_out(tmp_path: Path) -> None:
    """It is ignored like any unknown one, but not in silence."""
    edited = read(tmp_path, "id,tilte\nid-1,x\n")
    assert edited.ignored == ("tilte",)
    assert edited.notes[0].startswith("tilte: ignored, it is no column. Did you mean 'title'")


def test_a_column_may_be_spelled_loosely_and_that_is_told(tmp_path: Path) -> None:
    """Case, blanks, `-` and `_` don't count, in the id's name too, whatever parts the cells."""
    for parted in ",;":
        edited = read(tmp_path, f"ID{parted}Title{parted}due at\nid-1{parted}x{parted}\n")
        assert list(edited.ids) == ["id-1"]
        assert (cell(edited, "title"), edited.ignored, edited.problems) == ("x", (), ())
        assert edited.notes[-3:] == (
            "the column 'ID' is read as 'id'",
            "the column 'Title' is read as 'title'",
            "the column 'due at' is read as 'dueAt'",
        )


def test_a_column_that_is_there_twice_by_loose_spelling_is_not_guessed(tmp_path: Path) -> None:
    """The exact one counts, the other is ignored with a note; of two that are not exact, neither counts."""
    edited = read(tmp_path, "id,title,Title\nid-1,x,y\n")
    assert (cell(edited, "title"), edited.ignored) == ("x", ("Title",))
    assert "Did you mean 'title'" in edited.notes[0]
    edited = read(tmp_path, "id,TITLE,Title\nid-1,x,y\n")
    assert (dict(edited.columns), edited.ignored) == ({}, ("TITLE", "Title"))


def test_row_numbers_that_pandas_wrote_are_no_problem(tmp_path: Path) -> None:
    """`to_csv` without index=False: a column without a name in front, with whole numbers; one note."""
    edited = read(tmp_path, ",id,title\n0,id-1,a\n7,id-2,b\n,id-3,c\n")
    assert (list(edited.ids), edited.problems) == (["id-1", "id-2", "id-3"], ())
    assert edited.notes == (
        "the first column has no name and only row numbers: ignored. Written by pandas? Use index=False",
    )
    assert len(read(tmp_path, ",id,title\nx,id-1,a\n").problems) == 1


@pytest.mark.parametrize("cell_", ["1,000", "1e3", "abc", "1.5", "#REF!"])
def test_a_version_that_is_none_is_left_to_the_diff(tmp_path: Path, cell_: str) -> None:
    """It is no matter of one cell: the row names a state that no task has."""
    edited = read(tmp_path, f'id,version,title\nid-1,"{cell_}",x\nid-2,2,y\n')
    assert edited.problems == ()
    assert values(edited, "version") == [cell_, 2]
    assert not edited.skip["version"].any()


def test_a_header_alone_is_no_rows(tmp_path: Path) -> None:
    """Not an error: nothing is edited."""
    edited = read(tmp_path, "id,title,dueAt,estimate,labels")
    assert len(edited.ids) == 0
    assert all(len(series) == 0 for series in edited.columns.values())


@pytest.mark.parametrize(("parted", "word"), [(";", "semicolons"), ("\t", "tabs")])
def test_semicolons_and_tabs_are_seen(tmp_path: Path, parted: str, word: str) -> None:
    """Where the header leaves no doubt; it is told."""
    edited = read(tmp_path, f'"id"{parted}title\nid-1{parted}"a, b{parted} c"\n')
    assert cell(edited, "title") == f"a, b{parted} c"
    assert edited.notes == (f"cells are parted by {word}",)


def test_a_column_named_like_a_formula_is_found_again(tmp_path: Path) -> None:
    """Names are escaped on the way out like cells, and come back."""
    write_csv(tasks().assign(**{"=x": 1}), SCHEMA, tmp_path / "t.csv", columns=["=x"])
    assert "'=x" in (tmp_path / "t.csv").read_text()
    assert read_csv(tmp_path / "t.csv", SCHEMA).ignored == ("=x",)
