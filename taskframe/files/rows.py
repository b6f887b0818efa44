"""Rows of a CSV file or a sheet: are they whole, and whose are they?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

from taskframe.errors import FileError, did_you_mean
from taskframe.files.escape import is_blank, unescape_id
from taskframe.problem import Problem

if TYPE_CHECKING:
    from taskframe.files.untouched import Untouched

_NEAR_AMONG = 2_000


@dataclass(frozen=True)
class Lot:
    """Some rows of a file, with the line on which each starts: their cells by row, or if all are whole by column."""

    lines: Sequence[int]
    rows: Sequence[Sequence[str]] | None = None
    columns: Sequence[Sequence[str]] | None = None


@dataclass(frozen=True)
class Sheet:
    """A table of text as a file has it."""

    where: str
    header: Sequence[str]
    lots: Iterable[Lot]
    notes: tuple[str, ...] = ()


def check_header(sheet: Sheet, wanted: str) -> None:
    """Raises FileError unless each column has one meaning and `wanted` is among them."""
    twice = [name for name, count in Counter(sheet.header).items() if count > 1 and name]
    if twice:
        raise FileError(f"{sheet.where} has two columns {twice[0]!r}: rename or remove one of them")
    if wanted not in sheet.header:
        names = [name for name in sheet.header if name]
        listed = ", ".join(repr(n[:40]) for n in names[:30])
        raise FileError(
            f"{sheet.where} has no column {wanted!r}, which says whose row it is; its columns are {listed}."
            f"{did_you_mean(wanted, names)} Keep that column in the file, or name the column that the rows go by, such "
            "as key='identifier'"
        )


class Rows:
    """The rows that are as wide as the header, without those `untouched`; of the others, what is wrong with them."""

    def __init__(self, sheet: Sheet, index: str, untouched: Untouched | None = None) -> None:
        self._index, self._untouched = index, untouched
        self.problems: list[Problem] = []
        self._sheet = sheet
        self._width = len(sheet.header)
        self._nameless = [at for at, name in enumerate(sheet.header) if not name]
        self._numbered = 0

    def lots(self) -> Iterator[tuple[Sequence[int], Sequence[Sequence[str]]]]:
        """The good rows, lot by lot: their lines, and their cells column by column."""
        for lot in self._sheet.lots:
            lines, columns = lot.lines, lot.columns
            if columns is None and lot.rows and {*map(len, lot.rows)} == {self._width}:
                columns = list(zip(*lot.rows, strict=True))
            if columns is not None and self._untouched is not None and not self._nameless:
                lines, columns = self._untouched.rest(lines, columns)
            if columns is None or self._nameless or _has_blank(columns[0]):
                rows = zip(*columns, strict=True) if columns is not None else lot.rows or ()
                good = list(self._good(zip(lines, rows, strict=True)))
                lines = [line for line, _ in good]
                columns = list(zip(*(row for _, row in good), strict=True))
            if lines:
                yield lines, columns

    def _good(self, records: Iterable[tuple[int, Sequence[str]]]) -> Iterator[tuple[int, Sequence[str]]]:
        for line, cells in records:
            if is_blank(cells[0]) and is_blank("".join(cells)):
                continue
            if len(cells) != self._width:
                self._ambiguous(line, cells, f"this row has {len(cells)} cells, the header {self._width}")
            elif self._nameless and any(self._is_filled(at, cells[at]) for at in self._nameless):
                self._ambiguous(line, cells, "this row has a cell in a column without a name")
            else:
                yield line, cells

    def _is_filled(self, at: int, cell: str) -> bool:
        """Whether a cell in a column without a name says something: row numbers in front are pandas' own index."""
        if at == 0 and cell.isascii() and cell.isdigit():
            self._numbered += 1
            return False
        return not is_blank(cell)

    def notes(self) -> list[str]:
        """What was not counted."""
        words = "the first column has no name and only row numbers: ignored. Written by pandas? Use index=False"
        return [words] if self._numbered else []

    def _ambiguous(self, line: int, cells: Sequence[str], what: str) -> None:
        task = cells[0].strip() if self._sheet.header[0] == self._index else ""
        words = (
            f"{what}: which cell belongs where? put text with a comma or a line end in quotes, or fill in the missing "
            "cells (a blank one is left alone)"
        )
        self.problems.append(Problem("ambiguous", task or None, None, None, words, line))


class Ids:
    """Whose row is it? By the id column, or by a key."""

    def __init__(self, header: Sequence[str], index: str, key: str | None, keys: Mapping[str, str]) -> None:
        self.ids: list[str | None] = []
        self.problems: list[Problem] = []
        self._index, self._key, self._keys = index, key, keys
        self._at = header.index(key or index)
        self._own = header.index(index) if key and index in header else None
        self._stripped = 0

    def read(self, lines: Sequence[int], columns: Sequence[Sequence[str]]) -> list[int] | None:
        """Takes the ids of these rows; gives the positions of those that can be used, or None for all."""
        cells = columns[self._at]
        if self._key is None:
            plain = [*map(str.strip, cells)] == [*cells] and "'" not in {c[:1] for c in cells} and all(cells)
            self.ids += cells if plain else map(self._cell, cells)
            return None
        own = columns[self._own] if self._own is not None else [""] * len(cells)
        kept = []
        for at, (line, cell, mine) in enumerate(zip(lines, cells, own, strict=True)):
            found = self._cell(cell)
            task = self._keys.get(found) if found is not None else None
            named = self._cell(mine)
            if found is None:
                words = f"this row has no {self._key}: fill it in, or drop the row"
                self.problems.append(Problem("null id", named, self._key, None, words, line))
            elif task is None:
                near = did_you_mean(found, self._keys) if len(self._keys) <= _NEAR_AMONG else ""
                words = f"no task of this load has the {self._key} {found[:80]!r}.{near}"
                self.problems.append(Problem("unknown id", named, self._key, found, words, line))
            elif named not in (None, task):
                words = (
                    f"the {self._key} {found!r} is task {task}, but the {self._index} says {named}: whose row is it?"
                )
                self.problems.append(Problem("ambiguous", named, self._key, found, words, line))
            else:
                self.ids.append(task)
                kept.append(at)
        return kept

    def _cell(self, cell: str) -> str | None:
        if is_blank(cell):
            return None
        try:
            found = unescape_id(cell)
        except ValueError:
            return cell
        self._stripped += cell != cell.strip() and found != cell and not cell.startswith("'")
        return found

    def notes(self) -> list[str]:
        """What was read as something else than it says."""
        words = f"{self._key or self._index}: blanks around it not counted ({count_cells(self._stripped)})"
        return [words] if self._stripped else []


def _has_blank(cells: Sequence[str]) -> bool:
    return not all(cells) or any(map(str.isspace, cells))


def count_cells(cells: int) -> str:
    """`1 cell`, `12 cells`."""
    return f"{cells:,} cell{'s'[: cells > 1]}"
