"""Cells of text, from a CSV file or a sheet, converted by the schema. Nothing is guessed in silence."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Sequence
from operator import not_
from typing import TYPE_CHECKING, Any, cast

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.edited import Edited
from taskframe.changes.intake import near_misses
from taskframe.changes.normal import EXACT, parse
from taskframe.changes.unfit import shown
from taskframe.files.escape import is_blank, is_clear, unescape
from taskframe.files.names import fold, folded, named
from taskframe.files.reading import Reading
from taskframe.files.rows import Ids, Rows, Sheet, check_header, count_cells
from taskframe.problem import Problem, ProblemKind
from taskframe.schema import NESTED, UTC_DTYPE, Column, Schema, Unfit

if TYPE_CHECKING:
    from taskframe.files.untouched import Untouched

_NUMBERS = ("integer", "number")
_REMEMBERED = 100_000
_SKIPPED = object()
_EXACT_TIMES = re.compile(r"(?:(?:[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(?:\.\d{1,6})?Z)?(?:\n|\Z))*", re.ASCII)
_DAMAGE = re.compile(
    r"[+-]?\d([.,]\d+)?E[+-]?\d+|#+|#(REF|NAME|VALUE|N/A|DIV/0|NULL|NUM|SPILL|CALC)[!?]?|\d+[./]\d+[./]\d+.*"
)


def read_cells(sheet: Sheet, schema: Schema, how: Reading, untouched: Untouched | None = None) -> Edited:
    """The tasks of a sheet. Raises FileError when its columns can't be told; all else is a problem a cell or row.

    Without rows that are `untouched`, if that is given.
    """
    key = None if how.key == schema.index else how.key
    sheet = named(sheet, schema, how.names)
    header = sheet.header
    check_header(sheet, key or schema.index)
    if untouched is not None:
        untouched.begin(header, how.numbers)
    rows = Rows(sheet, schema.index, untouched)
    who = Ids(header, schema.index, key, how.keys)
    readers = {
        name: _Reader(schema[name], how.choices.get(name, ()), how)
        for name in header
        if name in schema and name != schema.index
    }
    read = [(header.index(name), reader) for name, reader in readers.items()]
    lines: list[int] = []
    for these, columns in rows.lots():
        kept = who.read(these, columns)
        lines += these if kept is None else [these[at] for at in kept]
        for at, reader in read:
            cells = columns[at]
            reader.read(cells if kept is None else [cells[row] for row in kept])
    problems = [*rows.problems, *who.problems]
    for reader in readers.values():
        problems += reader.problems(who.ids, lines)
    known = {*schema.names, schema.index, key, ""}
    ignored = tuple(name for name in header if name not in known)
    near = near_misses(ignored, schema)
    return Edited(
        ids=pd.Index(_text(who.ids), name=schema.index),
        columns={name: reader.series() for name, reader in readers.items()},
        skip={name: reader.skip for name, reader in readers.items()},
        blank={name: reader.blank for name, reader in readers.items()} if how.blank == "clear" else {},
        lines=np.array(lines, dtype=np.int64),
        problems=tuple(problems),
        ignored=ignored,
        notes=(*sheet.notes, *rows.notes(), *who.notes(), *near, *(n for r in readers.values() for n in r.notes())),
        strict=True,
    )


class _Reader:
    """Reads the cells of one column.

    What does not fit a column that can't be edited stays as it is: the diff knows whether that is an edit, and whether
    it is the version of the row.
    """

    def __init__(self, column: Column, choices: Collection[Any], how: Reading) -> None:
        self.column = column
        self._how = how
        self._values: list[Any] = []
        self._parts: list[pd.Series[Any]] = []
        self._skip: list[np.ndarray[Any, np.dtype[Any]]] = []
        self._blanks: list[np.ndarray[Any, np.dtype[Any]]] = []
        self._rows = 0
        self._blank = None if how.blank == "clear" else _SKIPPED
        self._choices = frozenset(choices)
        self._folded = folded([*column.choices, *choices])
        self._free = column.kind == "text" and not column.choices
        self._exact = frozenset([*column.choices, *column.aliases])
        self._unfit: list[tuple[int, str, Unfit]] = []
        self._respelled: Counter[str] = Counter()
        self._known: dict[str, Any] = {}

    def read(self, cells: Sequence[str]) -> None:
        """Takes the cells of further rows."""
        if self.column.kind == "timestamp" and (part := self._times(cells)) is not None:
            self._parts.append(part)
            skip = np.fromiter(map(not_, cells), dtype=bool, count=len(cells)) & (self._blank is _SKIPPED)
        elif self._free and not any(map(_is_special, {cell[:1] for cell in cells})):
            self._values += cells
            skip = np.zeros(len(cells), dtype=bool)
        else:
            skip = self._read(cells)
        self._skip.append(skip)
        if self._blank is None:
            self._blanks.append(np.array([is_blank(cell) for cell in cells], dtype=bool))
        self._rows += len(cells)

    def _read(self, cells: Sequence[str]) -> np.ndarray[Any, np.dtype[Any]]:
        """Takes cells of any sort; gives those that are to be left alone."""
        if self._free:
            plain = {start for start in {cell[:1] for cell in cells} if not _is_special(start)}
            values = [c if c[:1] in plain else self._convert(c) if c else self._blank for c in cells]
        else:
            values = self._any(cells)
        odd = {at for at, value in enumerate(values) if value is _SKIPPED or value.__class__ is Unfit}
        skip = np.zeros(len(cells), dtype=bool)
        for at in odd:
            if values[at] is not _SKIPPED:
                self._unfit.append((self._rows + at, cells[at], cast(Unfit, values[at])))
            values[at] = None
            skip[at] = True
        if self._respelled:
            self._respelled.update(cell for cell in cells if cell in self._respelled)
        if self.column.kind in ("text", "choice"):
            self._values += values
        else:
            self._parts.append(self._series(values))
        return skip

    def _times(self, cells: Sequence[str]) -> pd.Series[Any] | None:
        """Times at once, where all are written as taskframe writes them."""
        if not _EXACT_TIMES.fullmatch("\n".join(cells)):
            return None
        try:
            times = np.array([cell[:-1] or "NaT" for cell in cells], dtype="datetime64[us]")
        except ValueError:  # no such day
            return None
        return pd.Series(pd.DatetimeIndex(times).tz_localize("UTC"))

    def _any(self, cells: Sequence[str]) -> list[Any]:
        if self.column.kind in NESTED:  # a list is never shared: somebody may change it
            return [self._convert(cell) for cell in cells]
        known = self._known
        new = [cell for cell in dict.fromkeys(cells) if cell not in known]
        if len(known) + len(new) > _REMEMBERED:
            known.clear()
            new = [*dict.fromkeys(cells)]
        known.update((cell, self._convert(cell)) for cell in new)
        return [*map(known.__getitem__, cells)]

    def _convert(self, cell: str) -> Any:
        if is_blank(cell):
            return self._blank
        if is_clear(cell):
            return None
        try:
            text = unescape(cell)
        except ValueError:
            return self._left(cell, Unfit(f"{shown(cell)} starts like an escaped text, but no JSON text follows"))
        if self.column.kind not in ("text", "choice", "any"):
            text = text.strip()
        try:
            if self.column.kind == "timestamp":
                return self._time(text)
            if self.column.kind in _NUMBERS:
                text = self._how.numbers.plain(text)
            if self.column.kind == "any" and is_json(text):
                return parse(msgspec.json.decode(text), self.column)
            value = parse(text, self.column, self._choices)
        except Unfit as unfit:
            if self.column.kind == "choice" and (choice := self._spelled(cell, text, None)) is not None:
                return choice
            if _DAMAGE.fullmatch(text):
                way_out = "; dates='%d.%m.%Y', or its own format, reads it" if self.column.kind == "timestamp" else ""
                unfit = Unfit(f"{unfit} (a spreadsheet seems to have rewritten this cell{way_out})")
            elif self.column.kind in _NUMBERS and not self._how.typed:
                unfit = Unfit(f"{unfit}{self._how.numbers.way_out(text)}")
            return self._left(text, unfit)
        if self.column.kind == "text" and self._folded and text not in self._exact:  # a name, spelled otherwise
            return self._spelled(cell, text, value)
        return value

    def _spelled(self, cell: str, text: str, otherwise: Any) -> Any:
        """The choice that is meant, where only case, spaces and the like differ."""
        choice = self._folded.get(fold(text))
        if choice is None:
            return otherwise
        self._respelled[cell] += 0
        return choice

    def _time(self, text: str) -> Any:
        if (time := self._how.time(text)) is not None:
            return time
        value = parse(text, self.column)
        return value if value is None else self._how.placed(value)

    def _left(self, text: str, unfit: Unfit) -> str | Unfit:
        return unfit if self.column.editable else text

    def problems(self, ids: Sequence[str | None], lines: Sequence[int]) -> Iterator[Problem]:
        """A problem for each cell that does not fit."""
        kind: ProblemKind = "choice" if self.column.kind == "choice" else "type"
        for at, cell, unfit in self._unfit:
            yield Problem(kind, ids[at], self.column.name, cell, str(unfit), lines[at])

    def notes(self) -> Iterator[str]:
        """What was read as something else than it says."""
        for cell, count in self._respelled.items():
            choice = self._folded[fold(unescape(cell))]
            yield f"{self.column.name}: {shown(cell)} read as {choice!r} ({count_cells(count)})"

    @property
    def skip(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Which cells are to be left alone."""
        return np.concatenate([np.zeros(0, dtype=bool), *self._skip])

    @property
    def blank(self) -> np.ndarray[Any, np.dtype[Any]]:
        """Which cells are null because nothing is in them."""
        return np.concatenate([np.zeros(0, dtype=bool), *self._blanks])

    def series(self) -> pd.Series[Any]:
        """The column in its own dtype, or as objects where that would not hold every value exactly."""
        if self.column.kind == "text":
            return pd.Series(_text(self._values))
        if self.column.kind == "choice":
            return pd.Series(self.column.array(self._values))
        parts = self._parts or [self._series([])]
        if any(part.dtype != parts[0].dtype for part in parts):
            parts = [part.astype("object") for part in parts]
        return pd.concat(parts, ignore_index=True)

    def _series(self, values: list[Any]) -> pd.Series[Any]:
        kind = self.column.kind
        if kind not in NESTED and any(isinstance(v, str) for v in values):
            return pd.Series(values, dtype="object")  # what did not fit
        if kind == "boolean":
            return pd.Series(values, dtype="boolean")
        if kind == "timestamp" and all(v is None or v.tzinfo is not None for v in values):
            return pd.Series(values, dtype=UTC_DTYPE)
        if kind in ("integer", "number") and all(v is None or abs(v) < EXACT for v in values):
            return pd.Series(values, dtype="Int64" if kind == "integer" else "float64")
        array = np.empty(len(values), dtype=object)
        for at, value in enumerate(values):  # one by one: numpy would unfold lists of one length
            array[at] = value
        return pd.Series(array, dtype="object")


def _is_special(start: str) -> bool:
    """Whether a cell that starts so may say something else than it says."""
    return start in "'<" or start.isspace()


def is_json(text: str) -> bool:
    """Whether a cell of a column of any values reads as JSON: `5` is a number there, `"5"` is text, `five` too."""
    try:
        msgspec.json.decode(text)
    except (msgspec.DecodeError, UnicodeError):
        return False
    return True


def _text(values: Sequence[str | None]) -> Any:
    try:
        return pd.array(values, dtype=pd.StringDtype(na_value=math.nan))
    except UnicodeError:  # half a surrogate pair does not fit into Arrow
        return np.array(values, dtype=object)
