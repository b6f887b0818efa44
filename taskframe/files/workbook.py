"""Excel workbooks read back: text, numbers, dates and formulas as the text that a CSV file would have."""

from __future__ import annotations

import os
import re
import warnings
import zipfile
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import replace
from datetime import date, datetime, timedelta
from typing import Any, BinaryIO

from taskframe.changes.edited import Edited
from taskframe.errors import FileError, MissingExtra, did_you_mean
from taskframe.files.atomic import opened
from taskframe.files.cells import read_cells
from taskframe.files.dialect import bare
from taskframe.files.escape import is_blank
from taskframe.files.excel import MOST_ROWS, SHEET
from taskframe.files.names import called, fold
from taskframe.files.package import checked_parts
from taskframe.files.reading import Reading
from taskframe.files.rows import Lot, Sheet, count_cells
from taskframe.problem import Problem
from taskframe.schema import Schema

MOST_BYTES = 512 << 20
_MOST_COLUMNS = 16_384
_ROWS_AT_ONCE = 1_000
_ESCAPED = re.compile(r"_x(00[01][0-9A-Fa-f]|005[Ff])_")  # what writers escape; LibreOffice leaves a literal _x0041_
_FORMULA = re.compile(rb"<(?:\w+:)?f[\s>/]")


def read_excel(path: str | os.PathLike[str], schema: Schema, reading: Reading, *, sheet: str | None = None) -> Edited:
    """The tasks of a sheet; a problem for each cell that does not fit. Raises FileError when it is no such workbook.

    `sheet` names it; without it, it is `tasks`, or the only one with the column that rows go by.
    """
    with opened(path, MOST_BYTES, "a workbook") as file:
        parts = checked_parts(path, file)
        book = _opened(path, file, data_only=True)
        try:
            wanted = called(reading.key or schema.index, schema, reading.names)
            found = _found(path, book, sheet, wanted)
            name = f"{path}, sheet {found.title!r}"
            with _sense(path):
                rows = _rows(path, found)
                head, line = next(((row, at) for at, row in rows if not is_blank("".join(row))), ([], 0))
            if not head:
                raise FileError(f"{name} is empty: the first row has to name the columns, {schema.index!r} among them")
            header = [_name(name, cell) for cell in _trimmed(head)]
            formulas = _formulas(path, file, parts, found.title, line)
            edited = read_cells(Sheet(name, header, _lots(path, rows, len(header))), schema, reading)
            return _told(edited, header, formulas, found)
        finally:
            book.close()


class _sense:  # noqa: N801 - a context
    """What goes wrong in here is the file's fault: openpyxl raises whatever happens."""

    def __init__(self, path: str | os.PathLike[str]) -> None:
        self._path = path

    def __enter__(self) -> None:
        self._warnings = warnings.catch_warnings()
        self._warnings.__enter__()
        warnings.simplefilter("ignore")  # of styles and extensions that it does not know

    def __exit__(self, kind: Any, error: BaseException | None, trace: Any) -> None:
        self._warnings.__exit__(kind, error, trace)
        if isinstance(error, Exception) and not isinstance(error, (FileError, MissingExtra)):
            words = f"{type(error).__name__}: {error}"[:200]
            raise FileError(f"{self._path} is damaged ({words}): save it again in the spreadsheet") from error


def _opened(path: str | os.PathLike[str], file: BinaryIO, *, data_only: bool) -> Any:
    try:
        from openpyxl import load_workbook
    except ImportError:
        raise MissingExtra("an Excel workbook", "excel") from None
    file.seek(0)
    with _sense(path):
        return load_workbook(file, read_only=True, data_only=data_only, keep_links=False)


def _found(path: str | os.PathLike[str], book: Any, wanted: str | None, ids: Sequence[str]) -> Any:
    sheets = {sheet.title: sheet for sheet in book.worksheets}
    if wanted is not None:
        if wanted not in sheets:
            raise FileError(f"{path} has no sheet {wanted!r}: {_listed(sheets)}.{did_you_mean(wanted, sheets)}")
        return sheets[wanted]
    if SHEET in sheets or len(sheets) == 1:
        return sheets.get(SHEET) or next(iter(sheets.values()))
    names = {fold(name) for name in ids}
    fits = []
    with _sense(path):
        for sheet in sheets.values():
            first = next((row for _, row in _rows(path, sheet) if not is_blank("".join(row))), [])
            if names & {fold(cell) for cell in first}:
                fits.append(sheet)
    if len(fits) != 1:
        what = "several sheets have" if fits else "no sheet has"
        raise FileError(f"{path}: {what} a column {ids[0]!r}: name the sheet with sheet=; {_listed(sheets)}")
    return fits[0]


def _listed(sheets: Mapping[str, Any]) -> str:
    return f"it has {', '.join(repr(name[:40]) for name in [*sheets][:20]) or 'no sheet of cells'}"


def _rows(path: str | os.PathLike[str], sheet: Any) -> Iterator[tuple[int, list[str]]]:
    """Each row with its number."""
    sheet.reset_dimensions()  # what the file says of its size may be wrong
    for number, row in enumerate(sheet.iter_rows(values_only=True), 1):
        if number > MOST_ROWS or len(row) > _MOST_COLUMNS:
            raise FileError(f"{path} names cells beyond the end of a sheet: save it again in the spreadsheet")
        yield number, ["" if value is None else value if type(value) is str else _text(value) for value in row]


def _text(value: Any) -> str:
    """A value of a cell as a person would write it."""
    match value:
        case bool():
            return "TRUE" if value else "FALSE"
        case float():
            return str(int(value)) if value.is_integer() and abs(value) < 1e15 else repr(value)
        case datetime():
            time = value + timedelta(microseconds=500)
            time = time.replace(microsecond=time.microsecond // 1000 * 1000)
            return time.date().isoformat() if time.time() == time.min.time() else time.isoformat()
        case date():
            return value.isoformat()
        case _:
            return str(value)


def _trimmed(row: Sequence[str]) -> list[str]:
    cells = list(row)
    while cells and is_blank(cells[-1]):
        cells.pop()
    return cells


def _name(where: str, cell: str) -> str:
    try:
        return bare(_unescaped(cell))
    except ValueError:
        raise FileError(f"{where}: the column name {cell[:80]!r} can't be read") from None


def _unescaped(cell: str) -> str:
    return _ESCAPED.sub(lambda found: chr(int(found[1], 16)), cell) if "_x" in cell else cell


def _lots(path: str | os.PathLike[str], rows: Iterator[tuple[int, list[str]]], width: int) -> Iterator[Lot]:
    lines: list[int] = []
    lot: list[list[str]] = []
    with _sense(path):
        for line, row in rows:
            cells = row if len(row) <= width else _trimmed(row)
            lines.append(line)
            lot.append([_unescaped(cell) for cell in cells] + [""] * (width - len(cells)))
            if len(lot) == _ROWS_AT_ONCE:
                yield Lot(lines, rows=lot)
                lines, lot = [], []
    if lot:
        yield Lot(lines, rows=lot)


def _formulas(
    path: str | os.PathLike[str], file: BinaryIO, parts: Mapping[str, int], title: str, header: int
) -> list[tuple[int, int, str]]:
    """Row, place in the row and text of each formula beneath the header."""
    with zipfile.ZipFile(file) as archive:
        if not any(_has_formulas(archive, name) for name in parts if name.startswith("xl/worksheets/")):
            return []
    book = _opened(path, file, data_only=False)
    found = []
    try:
        with _sense(path):
            sheet = book[title]
            sheet.reset_dimensions()
            for line, row in enumerate(sheet.iter_rows(), 1):
                if line > header:
                    found += [
                        (line, at, str(getattr(cell.value, "text", cell.value)))
                        for at, cell in enumerate(row)
                        if cell.data_type == "f"
                    ]
    finally:
        book.close()
    return found


def _has_formulas(archive: zipfile.ZipFile, name: str) -> bool:
    with archive.open(name) as part:
        tail = b""
        while piece := part.read(1 << 20):
            if _FORMULA.search(tail + piece):
                return True
            tail = piece[-40:]
    return False


def _told(edited: Edited, header: Sequence[str], formulas: Sequence[tuple[int, int, str]], sheet: Any) -> Edited:
    """`edited` with a note of its formulas, and a problem where one has no value."""
    from openpyxl.utils import get_column_letter

    if not formulas:
        return edited
    values = {(at, n): cell for n, at, cell in formulas if at < len(header)}
    empty = _without_value(sheet, values)
    lines = {} if edited.lines is None else dict(zip(edited.lines.tolist(), edited.ids, strict=True))
    problems, notes = [], []
    by_column: dict[int, list[int]] = {}
    for at, line in values:
        by_column.setdefault(at, []).append(line)
        if (at, line) in empty and line in lines:
            words = "this formula has no value in the file: open it in a spreadsheet, let it calculate, and save it"
            problems.append(Problem("ambiguous", lines[line], header[at], values[at, line], words, line))
    for at, found in by_column.items():
        where = ", ".join(f"{get_column_letter(at + 1)}{line}" for line in found[:5])
        more = ", …" if len(found) > 5 else ""
        notes.append(f"{header[at]}: {count_cells(len(found))} with a formula, read by the value ({where}{more})")
    return replace(edited, problems=(*edited.problems, *problems), notes=(*edited.notes, *notes))


def _without_value(sheet: Any, cells: Mapping[tuple[int, int], str]) -> set[tuple[int, int]]:
    wanted: dict[int, list[int]] = {}
    for at, line in cells:
        wanted.setdefault(line, []).append(at)
    return {
        (at, line)
        for line, row in enumerate(sheet.iter_rows(values_only=True), 1)
        for at in wanted.get(line, ())
        if at >= len(row) or row[at] is None
    }
