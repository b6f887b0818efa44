"""The records of a CSV file, lot by lot.

Most lines hold no quote: those are split all at once, column by column, which is several times as fast as Python's csv
reader. It reads the lines that do, and whole lots where a cell goes over several lines, with the same result.
"""

from __future__ import annotations

import csv
import io
import os
from collections.abc import Iterator
from itertools import chain
from operator import itemgetter
from typing import BinaryIO

from taskframe.errors import FileError
from taskframe.files.dialect import MOST_IN_CELL, Dialect
from taskframe.files.rows import Lot

_AT_ONCE = 1 << 20
"""About so many characters are read at once."""
_FIRST, _OTHERS = itemgetter(slice(1)), itemgetter(slice(1, None))


class Records:
    """The records of a file that was looked through: first `header()`, then `lots()`."""

    def __init__(self, path: str | os.PathLike[str], file: BinaryIO, dialect: Dialect) -> None:
        self._path, self._separator = path, dialect.separator
        file.seek(0)
        self._text = io.TextIOWrapper(file, encoding=dialect.encoding, newline="")
        self._text._CHUNK_SIZE = _AT_ONCE  # type: ignore[attr-defined]  # else it reads 8 KB at a time
        self._line = 1
        for _ in range(dialect.skip):
            self._text.readline()
            self._line += 1

    def close(self) -> None:
        """Lets go of the file, which stays open."""
        self._text.detach()

    def header(self) -> list[str]:
        """The first record that is not blank; [] in an empty file."""
        for line in iter(self._text.readline, ""):
            for _, rows in self._careful([line]):
                return list(rows[0])
        return []

    def lots(self, width: int) -> Iterator[Lot]:
        """The further records, many at once, each with the line on which it starts; blank lines are left out."""
        while text := self._text.read(_AT_ONCE):
            text += self._text.readline()
            columns = self._split(text, width)
            if columns is None:
                lines = io.StringIO(text, newline="").readlines()
                columns = self._patched(lines, width) if '"' in text else None
                if columns is None:
                    for numbers, rows in self._careful(lines):
                        yield Lot(numbers, rows=rows)
                    continue
            count = len(columns[0])
            yield Lot(range(self._line, self._line + count), columns=columns)
            self._line += count

    def _split(self, text: str, width: int) -> list[list[str]] | None:
        """The cells of these lines by column; None when that needs care."""
        if '"' in text or len(text) > MOST_IN_CELL:
            return None
        if "\r" in text:
            text = text.replace("\r\n", "\n").replace("\r", "\n")
        text = text.removesuffix("\n")
        lines = text.count("\n") + 1
        cells = text.replace("\n", f"{self._separator}\n").split(self._separator)  # the first of a line begins with \n
        starts = cells[width::width]
        if len(cells) != lines * width or not {*map(_FIRST, starts)} <= {"\n"} or (width == 1 and "\n" in starts):
            return None
        return [[cells[0], *map(_OTHERS, starts)], *(cells[at::width] for at in range(1, width))]

    def _patched(self, lines: list[str], width: int) -> list[list[str]] | None:
        """The same where some lines hold quotes; None when a cell goes on in the next line."""
        quoted = [(at, line) for at, line in enumerate(lines) if '"' in line]
        if any(line.count('"') % 2 for _, line in quoted) or max(map(len, lines)) > MOST_IN_CELL:
            return None
        lines = lines.copy()
        for at, _ in quoted:
            lines[at] = self._separator * (width - 1) + ("x\n" if width == 1 else "\n")
        columns = self._split("".join(lines), width)
        try:
            rows = list(csv.reader([line for _, line in quoted], delimiter=self._separator, strict=True))
        except csv.Error:
            return None
        if columns is None or len(rows) != len(quoted) or {*map(len, rows)} != {width}:
            return None
        for (at, _), row in zip(quoted, rows, strict=True):
            for column, cell in zip(columns, row, strict=True):
                column[at] = cell
        return columns

    def _careful(self, lines: list[str]) -> Iterator[tuple[list[int], list[list[str]]]]:
        """The records that start on these lines, and reach into further ones of the file."""
        reader = csv.reader(chain(lines, iter(self._text.readline, "")), delimiter=self._separator, strict=True)
        start = self._line
        numbers: list[int] = []
        rows: list[list[str]] = []
        try:
            while reader.line_num < len(lines):
                at = start + reader.line_num
                row = next(reader)
                if row:
                    numbers.append(at)
                    rows.append(row)
        except csv.Error as error:
            raise FileError(f"{self._path}, line {at}: {_meaning(str(error))}") from error
        self._line = start + reader.line_num
        if rows:
            yield numbers, rows


def _meaning(error: str) -> str:
    if "field larger" in error:
        return (
            f'a cell has more than {MOST_IN_CELL:,} characters: probably a quote (") that is never closed; '
            "close it, or shorten the cell"
        )
    if "unexpected end" in error:
        return 'a quote (") that opens in this record is never closed; a quote within quotes is written twice'
    return f'a cell goes on after its closing quote; a quote (") within quotes is written twice ({error})'
