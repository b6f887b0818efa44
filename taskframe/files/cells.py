"""Cells of text, from a CSV file or a sheet, converted by the schema. Nothing is guessed in silence."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from dataclasses import dataclass
from itertools import islice
from typing import Any, Literal

import numpy as np
import pandas as pd

from taskframe.changes.edited import Edited
from taskframe.changes.normal import EXACT, parse
from taskframe.changes.unfit import shown
from taskframe.errors import FileError, did_you_mean
from taskframe.files.escape import is_blank, is_clear, unescape, unescape_id
from taskframe.problem import Problem, ProblemKind
from taskframe.schema import NESTED, UTC_DTYPE, Column, Schema, Unfit

_ROWS_AT_ONCE = 10_000
_REMEMBERED = 100_000
_NEAR_AMONG = 2_000
_SKIPPED = object()
_DAMAGE = re.compile(
    r"[+-]?\d([.,]\d+)?E[+-]?\d+|#+|#(REF|NAME|VALUE|N/A|DIV/0|NULL|NUM|SPILL|CALC)[!?]?|\d+[./]\d+[./]\d+.*"
)


@dataclass(frozen=True)
class Sheet:
    """A table of text as a file has it: `records` gives each row with the line on which it starts."""

    where: str
    header: Sequence[str]
    records: Iterable[tuple[int, Sequence[str]]]
    notes: tuple[str, ...] = ()


def read_cells(
    sheet: Sheet,
    schema: Schema,
    *,
    key: str | None,
    keys: Mapping[str, str],
    blank: Literal["leave", "clear"],
    choices: Mapping[str, Collection[Any]],
) -> Edited:
    """The tasks of a sheet. Raises FileError when its columns can't be told; all else is a problem a cell or row."""
    if blank not in ("leave", "clear"):
        raise FileError(f"blank={blank!r}: a blank cell is either left alone ('leave') or cleared ('clear')")
    key = None if key == schema.index else key
    header = sheet.header
    _check_header(sheet, key or schema.index)
    rows = _Rows(sheet)
    who = _Ids(header, schema.index, key, keys)
    readers = {
        name: _Reader(schema[name], choices.get(name, ()), blank == "clear")
        for name in header
        if name in schema and name != schema.index
    }
    lines: list[int] = []
    for chunk_lines, chunk in rows.chunks():
        kept = who.read(chunk_lines, chunk)
        chunk = [chunk[at] for at in kept]
        lines += [chunk_lines[at] for at in kept]
        by_column = dict(zip(header, zip(*chunk, strict=True), strict=True)) if chunk else {}
        for name, reader in readers.items():
            reader.read(by_column.get(name, ()))
    problems = [*rows.problems, *who.problems]
    for reader in readers.values():
        problems += reader.problems(who.ids, lines)
    known = {*schema.names, schema.index, key, ""}
    ignored = tuple(name for name in header if name not in known)
    near = (f"{n}: ignored, it is no column.{d}" for n in ignored if (d := did_you_mean(n, schema.names)))
    return Edited(
        ids=pd.Index(_text(who.ids), name=schema.index),
        columns={name: reader.series() for name, reader in readers.items()},
        skip={name: np.array(reader.skip, dtype=bool) for name, reader in readers.items()},
        lines=np.array(lines, dtype=np.int64),
        problems=tuple(problems),
        ignored=ignored,
        notes=(*sheet.notes, *who.notes(), *near, *(n for r in readers.values() for n in r.notes())),
        strict=True,
    )


def _check_header(sheet: Sheet, wanted: str) -> None:
    twice = [name for name, count in Counter(sheet.header).items() if count > 1 and name]
    if twice:
        raise FileError(f"{sheet.where} has two columns {twice[0]!r}: rename or remove one of them")
    if wanted not in sheet.header:
        names = [name for name in sheet.header if name]
        shown = ", ".join(repr(n[:40]) for n in names[:30])
        raise FileError(
            f"{sheet.where} has no column {wanted!r}, which says whose row it is; its columns are {shown}."
            f"{did_you_mean(wanted, names)} Keep that column in the file, or name the column that the rows go by, such "
            "as key='identifier'"
        )


class _Rows:
    """The rows that are as wide as the header; of the others, what is wrong with them."""

    def __init__(self, sheet: Sheet) -> None:
        self.problems: list[Problem] = []
        self._sheet = sheet
        self._width = len(sheet.header)
        self._nameless = [at for at, name in enumerate(sheet.header) if not name]

    def chunks(self) -> Iterator[tuple[list[int], list[Sequence[str]]]]:
        rows = self._good()
        while part := list(islice(rows, _ROWS_AT_ONCE)):
            yield [line for line, _ in part], [cells for _, cells in part]

    def _good(self) -> Iterator[tuple[int, Sequence[str]]]:
        for line, cells in self._sheet.records:
            if is_blank("".join(cells)):
                continue
            if len(cells) != self._width:
                self._ambiguous(line, f"this row has {len(cells)} cells, the header {self._width}")
            elif any(not is_blank(cells[at]) for at in self._nameless):
                self._ambiguous(line, "this row has a cell in a column without a name")
            else:
                yield line, cells

    def _ambiguous(self, line: int, what: str) -> None:
        words = (
            f"{what}: which cell belongs where? put text with a comma or a line end in quotes, or fill in the missing "
            "cells (a blank one is left alone)"
        )
        self.problems.append(Problem("ambiguous", None, None, None, words, line))


class _Ids:
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
        if not self._stripped:
            return []
        return [f"{self._key or self._index}: blanks around it not counted ({_count(self._stripped)})"]


class _Reader:
    """Reads the cells of one column."""

    def __init__(self, column: Column, choices: Collection[Any], clears: bool) -> None:
        self.column = column
        self.values: list[Any] = []
        self.skip: list[bool] = []
        self._blank = None if clears else _SKIPPED
        self._choices = frozenset(choices)
        self._folded = _folded([*column.choices, *choices])
        self._unfit: list[tuple[int, str, Unfit]] = []
        self._respelled: Counter[str] = Counter()
        self._known: dict[str, Any] = {}

    def read(self, cells: Sequence[str]) -> None:
        values = [*map(self._text if self.column.kind == "text" else self._any, cells)]
        for at, value in enumerate(values):
            if isinstance(value, Unfit):
                self._unfit.append((len(self.values) + at, cells[at], value))
        if self._respelled:
            self._respelled.update(cell for cell in cells if cell in self._respelled)
        skip = [value is _SKIPPED or isinstance(value, Unfit) for value in values]
        self.values += [None if left else value for value, left in zip(values, skip, strict=True)]
        self.skip += skip

    def _text(self, cell: str) -> Any:
        if cell and cell[0] not in "'<" and not cell[0].isspace():
            return cell
        return self._convert(cell)

    def _any(self, cell: str) -> Any:
        if cell in self._known:
            return self._known[cell]
        value = self._convert(cell)
        if self.column.kind not in NESTED:  # a list is never shared: somebody may change it
            if len(self._known) >= _REMEMBERED:
                self._known.clear()
            self._known[cell] = value
        return value

    def _convert(self, cell: str) -> Any:
        if is_blank(cell):
            return self._blank
        if is_clear(cell):
            return None
        try:
            text = unescape(cell)
        except ValueError:
            return Unfit(f"{shown(cell)} starts like an escaped text, but no JSON text follows")
        if self.column.kind not in ("text", "choice"):
            text = text.strip()
        try:
            return parse(text, self.column, self._choices)
        except Unfit as unfit:
            if self.column.kind == "choice" and (choice := self._folded.get(_fold(text))) is not None:
                self._respelled[cell] += 0
                return choice
            if _DAMAGE.fullmatch(text):
                return Unfit(f"{unfit} (a spreadsheet seems to have rewritten this cell)")
            return unfit

    def problems(self, ids: Sequence[str | None], lines: Sequence[int]) -> Iterator[Problem]:
        """A problem for each cell that does not fit."""
        kind: ProblemKind = "choice" if self.column.kind == "choice" else "type"
        for at, cell, unfit in self._unfit:
            yield Problem(kind, ids[at], self.column.name, cell, str(unfit), lines[at])

    def notes(self) -> Iterator[str]:
        """What was read as something else than it says."""
        for cell, count in self._respelled.items():
            choice = self._folded[_fold(unescape(cell))]
            yield f"{self.column.name}: {shown(cell)} read as {choice!r} ({_count(count)})"

    def series(self) -> pd.Series[Any]:
        """The column in its own dtype, or as objects where that would not hold every value exactly."""
        values, kind = self.values, self.column.kind
        if kind == "text":
            return pd.Series(_text(values))
        if kind == "choice":
            return pd.Series(self.column.array(values))
        present = [v for v in values if v is not None]
        if kind == "timestamp" and all(v.tzinfo is not None for v in present):
            return pd.Series(values, dtype=UTC_DTYPE)
        if kind == "boolean":
            return pd.Series(values, dtype="boolean")
        if kind in ("integer", "number") and all(abs(v) < EXACT for v in present):
            return pd.Series(values, dtype="Int64" if kind == "integer" else "float64")
        series = pd.Series([None] * len(values), dtype="object")
        for at, value in enumerate(values):
            series.iat[at] = value
        return series


def _text(values: Sequence[str | None]) -> Any:
    try:
        return pd.array(values, dtype=pd.StringDtype(na_value=math.nan))
    except UnicodeError:  # half a surrogate pair does not fit into Arrow
        return np.array(values, dtype=object)


def _folded(choices: Iterable[Any]) -> dict[str, Any]:
    """The choices without case, blanks, `-` and `_`; those that can't be told apart that way are left out."""
    folded: dict[str, list[Any]] = {}
    for choice in dict.fromkeys(choices):
        folded.setdefault(_fold(str(choice)), []).append(choice)
    return {word: found[0] for word, found in folded.items() if len(found) == 1}


def _fold(text: str) -> str:
    return re.sub(r"[\s_-]+", "", text).casefold()


def _count(cells: int) -> str:
    return f"{cells:,} cell{'s'[: cells > 1]}"
