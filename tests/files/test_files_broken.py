"""A CSV file that can't be read says what is wrong and what to do."""

from __future__ import annotations

import os
from pathlib import Path
from typing import Any

import pytest
from files_tasks import SCHEMA

from taskframe.changes.edited import Edited
from taskframe.errors import FileError
from taskframe.files.csv import MOST_IN_CELL, read_csv


def read(path: Path, content: str | bytes, **options: Any) -> Edited:
    path = path / "tasks.csv" if path.is_dir() else path
    path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return read_csv(path, SCHEMA, **options)


BROKEN = [
    (b"", "is empty: the first line has to name the columns, 'id' among them"),
    (b"\r\n\r\n", "is empty"),
    (b"title,status\nx,todo\n", "has no column 'id', which says whose row it is; its columns are 'title', 'status'"),
    (b"idd,title\n", "Did you mean 'idd'?"),
    (b"id,title,title\n", "has two columns 'title': rename or remove one of them"),
    (b"id,title\nid-1,caf\xe9 \x81\n", "line 2: not UTF-8 (byte 0xe9): save it as 'CSV UTF-8'"),
    (b"id,title\n" + b"x,y\n" * 50_000 + b"id-1,\x81\n", "line 50002: not UTF-8"),
    ("id,title\n".encode("utf-32"), "UTF-32 text: save it as 'CSV UTF-8'"),
    (b"\xff\xfei\0d\0\n\0\x00\xd8", "not UTF-16"),
    (b"id,title\nid-1,a\0b\n", "line 2: a NUL byte: the file is damaged, or no table"),
    (b"%PDF-1.7", "a PDF document"),
    (b"PK\x03\x04rest", "an Excel workbook: use plan_excel"),
    (b"\xd0\xcf\x11\xe0rest", "an old Excel workbook"),
    (b"\x1f\x8brest", "compressed: unpack it first"),
    (b'id,title\nid-1,x\nid-2,"never closed\nid-3,y\n', 'line 3: a quote (") that opens in this record is never'),
    (b'id,title\nid-1,"a"b\n', "line 2: a cell goes on after its closing quote"),
    (b'id,title\nid-1,"' + b"x" * (MOST_IN_CELL + 1) + b'"\n', "line 2: a cell has more than 16,777,216 characters"),
    (b"id,'json:x\n", "the column name \"'json:x\" can't be read"),
]  # fmt: skip


@pytest.mark.parametrize(("content", "words"), BROKEN, ids=[words[:30] for _, words in BROKEN])
def test_a_broken_file_says_what_is_wrong_and_what_to_do(tmp_path: Path, content: bytes, words: str) -> None:
    """Always with the file's name."""
    with pytest.raises(FileError) as caught:
        read(tmp_path, content)
    assert str(caught.value).startswith(str(tmp_path / "tasks.csv"))
    assert words in str(caught.value)


def test_a_file_that_is_not_there_is_named(tmp_path: Path) -> None:
    """The cause is chained; a folder is no file."""
    with pytest.raises(FileError, match=r"there is no file .*gone\.csv") as caught:
        read_csv(tmp_path / "gone.csv", SCHEMA)
    assert isinstance(caught.value.__cause__, FileNotFoundError)
    with pytest.raises(FileError, match="can't be read"):
        read_csv(tmp_path, SCHEMA)


@pytest.mark.skipif(os.name == "nt", reason="no such pipes")
def test_a_pipe_is_no_file() -> None:
    """It is refused with the way out, not half read."""
    out, into = os.pipe()
    try:
        with pytest.raises(FileError, match="save it to a file first"):
            read_csv(f"/dev/fd/{out}", SCHEMA)
    finally:
        os.close(out)
        os.close(into)


def test_a_file_beyond_all_bounds_is_not_read(tmp_path: Path) -> None:
    """Its size is looked at first."""
    with (tmp_path / "t.csv").open("wb") as file:
        file.truncate((2 << 30) + 1)
    with pytest.raises(FileError, match="more than the 2,147,483,648 that a CSV file may have: split it"):
        read_csv(tmp_path / "t.csv", SCHEMA)


def test_a_key_that_is_no_column_is_told(tmp_path: Path) -> None:
    """With the columns that there are."""
    with pytest.raises(FileError, match="no column 'identifier'"):
        read(tmp_path, "id,title\nid-1,x\n", key="identifier", keys={})
