"""Rows of a CSV file or a sheet: are they whole, and whose are they?"""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice

from taskframe.errors import FileError, did_you_mean
from taskframe.files.escape import is_blank, unescape_id
from taskframe.problem import Problem

_ROWS_AT_ONCE = 10_000
_NEAR_AMONG = 2_000


@dataclass(frozen=True)
class Sheet:
    """A table of text as a file has it: `records` gives each row with the line on which it starts."""

    where: str
    header: Sequence[str]
    records: Iterable[tuple[int, Sequence[str]]]
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
    """The rows that are as wide as the header; of the others, what is wrong with them."""

    def __init__(self, sheet: Sheet, index: str) -> None:
        self._index = index
        self.problems: list[Problem] = []
        self._sheet = sheet
        self._width = len(sheet.header)
        self._nameless = [at for at, name in enumerate(sheet.header) if not name]
        self._numbered = 0

    def chunks(self) -> Iterator[tuple[list[int], list[Sequence[str]]]]:
        """The good rows with their lines, so many at once."""
        rows = self._good()
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            yield [line for line, _ in part], [cells for _, cells in part]

    def _good(self) -> Iterator[tuple[int, Sequence[str]]]:
        for line, cells in self._sheet.records:
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

    def read(self, lines: Sequence[int], rows: Sequence[Sequence[str]]) -> list[int]:
        """Takes the ids of these rows; gives the positions of those that can be used."""
        if self._key is None:
            self.ids += [self._cell(row[self._at]) for row in rows]
            return list(range(len(rows)))
        kept = []
        for at, (line, row) in enumerate(zip(lines, rows, strict=True)):
            found = self._cell(row[self._at])
            task = self._keys.get(found) if found is not None else None
            own = self._cell(row[self._own]) if self._own is not None else None
            if found is None:
                words = f"this row has no {self._key}: fill it in, or drop the row"
                self.problems.append(Problem("null id", own, self._key, None, words, line))
            elif task is None:
                near = did_you_mean(found, self._keys) if len(self._keys) <= _NEAR_AMONG else ""
                words = f"no task of this load has the {self._key} {found[:80]!r}.{near}"
                self.problems.append(Problem("unknown id", own, self._key, found, words, line))
            elif own not in (None, task):
                words = f"the {self._key} {found!r} is task {task}, but the {self._index} says {own}: whose row is it?"
                self.problems.append(Problem("ambiguous", own, self._key, found, words, line))
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


def count_cells(cells: int) -> str:
    """`1 cell`, `12 cells`."""
    return f"{cells:,} cell{'s'[: cells > 1]}"
