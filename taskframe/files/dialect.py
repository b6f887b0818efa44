"""How a CSV file is written: in which encoding, and what parts its cells. What is not certain is told."""

from __future__ import annotations

import codecs
import contextlib
import csv
import io
import os
from collections.abc import Collection
from dataclasses import dataclass
from typing import BinaryIO

from taskframe.errors import FileError
from taskframe.files.escape import unescape
from taskframe.files.names import fold

MOST_IN_CELL = 16 << 20
MOST_IN_LINE = 4 * MOST_IN_CELL
SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs", "|": "bars"}
GUESS = "cp1252"
"""What a file that is no UTF-8 is read as: Excel's own on a Western Windows. Its accented letters are doubted."""
_PIECE = 1 << 20
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook: use plan_excel, or save it as 'CSV UTF-8'",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as 'CSV UTF-8'",
    b"\x1f\x8b": "compressed: unpack it first (a saved frame or plan opens with tf.open_tasks or tf.open_plan)",
    b"%PDF": "a PDF document: export the table itself as 'CSV UTF-8'",
    b"\xff\xfe\0\0": "UTF-32 text: save it as 'CSV UTF-8'",
    b"\0\0\xfe\xff": "UTF-32 text: save it as 'CSV UTF-8'",
}


@dataclass(frozen=True)
class Dialect:
    """How a file is to be read. `guessed`: the encoding is likely, and no more. `skip`: lines above the header."""

    encoding: str
    separator: str
    guessed: bool = False
    skip: int = 0
    notes: tuple[str, ...] = ()


def find_dialect(
    path: str | os.PathLike[str],
    file: BinaryIO,
    wanted: Collection[str],
    *,
    encoding: str | None = None,
    sep: str | None = None,
) -> Dialect:
    """The dialect of a file; `wanted` are names of the column that rows go by, of which the header has one.

    The whole file is looked through once, so that what can't be read is told before anything is made of it. Raises
    FileError for what is no text, for a line or a NUL byte that no table has, and for options that make no sense.
    """
    if sep is not None and (not isinstance(sep, str) or len(sep) != 1 or sep in '"\r\n'):
        raise FileError(f"sep={sep!r}: one character parts the cells, such as ',', ';' or '\\t'")
    start = file.read(8)
    magic = next((words for bytes_, words in _MAGIC.items() if start.startswith(bytes_)), None)
    if magic is not None:
        raise FileError(f"{path} is no CSV file but {magic}")
    found, guessed, notes = _encoding(path, file, start, encoding)
    file.seek(0)
    text = io.TextIOWrapper(file, encoding=found, newline="")
    try:
        first = text.readline(64).strip().strip('"')
        said = first[4:5] or "\t" if first.lower().startswith("sep=") and len(first) <= 5 else ""
        skip = 1 if said else 0
        separator = sep or said or _separator(text, wanted)
    finally:
        text.detach()
    if separator != ",":
        notes += (f"cells are parted by {SEPARATORS.get(separator, repr(separator))}",)
    return Dialect(found, separator, guessed, skip, notes)


def _encoding(
    path: str | os.PathLike[str], file: BinaryIO, start: bytes, given: str | None
) -> tuple[str, bool, tuple[str, ...]]:
    if given is not None:
        try:
            name = codecs.lookup(given).name
            "".encode(name)
        except (LookupError, TypeError, ValueError):
            raise FileError(
                f"encoding={given!r}: there is no such encoding; try 'utf-8', 'cp1252' or 'utf-16'"
            ) from None
        name = "utf-8-sig" if name == "utf-8" else name
        try:
            _look_through(path, file, name)
        except _Undecodable as error:
            raise FileError(f"{path}, line {error.line}: not {given} ({error.byte}): leave out encoding=") from None
        return name, False, ()
    name, notes = "utf-8-sig", tuple[str, ...]()
    if start.startswith((codecs.BOM_UTF16_LE, codecs.BOM_UTF16_BE)):
        name, notes = "utf-16", ("read as UTF-16",)
    elif len(start) > 3 and 0 in (start[0], start[1]) and start[0] != start[1] and start[:2] == _widths(start):
        name, notes = "utf-16-le" if start[1] == 0 else "utf-16-be", ("read as UTF-16, though nothing says so",)
    try:
        _look_through(path, file, name)
    except _Undecodable as error:
        if name != "utf-8-sig":
            raise FileError(f"{path}, line {error.line}: not UTF-16 ({error.byte}): save it as 'CSV UTF-8'") from None
        where = error
    else:
        return name, False, notes
    words = f"{path}, line {where.line}: not UTF-8 ({where.byte}): save it as 'CSV UTF-8' in the spreadsheet"
    try:
        _look_through(path, file, GUESS)
    except _Undecodable as error:
        more = f"nor Windows-1252 ({error.byte} in line {error.line})"
        raise FileError(f"{words}, or say what it is with encoding=; {more}") from None
    note = (
        f"not UTF-8 ({where.byte} in line {where.line}): read as Windows-1252, so accented letters may be others: "
        f"encoding='cp1252' says that it is so, encoding='cp1250' or the like that it is another"
    )
    return GUESS, True, (note,)


def _widths(start: bytes) -> bytes:
    """The first two bytes, if the next two have their NUL at the same place."""
    return start[:2] if (start[0] == 0) == (start[2] == 0) and (start[1] == 0) == (start[3] == 0) else b""


class _Undecodable(Exception):
    def __init__(self, line: int, byte: str) -> None:
        super().__init__(byte)
        self.line, self.byte = line, byte


def _look_through(path: str | os.PathLike[str], file: BinaryIO, encoding: str) -> None:
    """Raises FileError at a line of no end and at a NUL byte, _Undecodable where the bytes are no such text."""
    decoder = io.IncrementalNewlineDecoder(codecs.getincrementaldecoder(encoding)(), translate=True)
    file.seek(0)
    line, length, piece = 1, 0, b" "
    while piece:
        piece = file.read(_PIECE)
        try:
            text = decoder.decode(piece, final=not piece)
        except UnicodeDecodeError as error:
            head = error.object[: error.start]
            ends = head.count(b"\n") + head.count(b"\r") - head.count(b"\r\n")
            raise _Undecodable(line + ends, f"byte 0x{error.object[error.start]:02x}") from None
        except UnicodeError:  # what has no byte to name: a UTF-16 without its mark
            raise _Undecodable(line, "no such text") from None
        if "\0" in text:
            line += text.count("\n", 0, text.index("\0"))
            raise FileError(
                f"{path}, line {line}: a NUL byte: the file is damaged, or no table: save it as 'CSV UTF-8'"
            )
        end = text.find("\n")
        length += len(text) if end < 0 else end
        if length >= MOST_IN_LINE:
            raise FileError(
                f"{path}, line {line}: a line of more than {MOST_IN_LINE:,} characters: is this a CSV file?"
            )
        if end >= 0:
            line += text.count("\n")
            length = len(text) - text.rfind("\n") - 1


def _separator(text: io.TextIOWrapper, wanted: Collection[str]) -> str:
    """What parts the cells: the one under which the header has a wanted column; else a comma."""
    names = {fold(name) for name in wanted}
    fits = []
    for separator in SEPARATORS:
        text.seek(0)
        with contextlib.suppress(ValueError, csv.Error):
            header = next((row for row in csv.reader(text, delimiter=separator, strict=True) if row), [])
            if len(header) > 1 and not names.isdisjoint(fold(bare(cell)) for cell in header):
                fits.append(separator)
    return fits[0] if len(fits) == 1 else ","


def bare(cell: str) -> str:
    """The name in a cell of the header. ValueError when it is a broken `'json:`."""
    return unescape(cell.strip().lstrip("\ufeff"))
