"""Cells of text, from a CSV file or a sheet, converted by the schema. Nothing is guessed in silence."""

from __future__ import annotations

import math
import re
from collections import Counter
from collections.abc import Collection, Iterator, Mapping, Sequence
from typing import Any, Literal

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.edited import Edited
from taskframe.changes.intake import near_misses
from taskframe.changes.normal import EXACT, parse
from taskframe.changes.unfit import shown
from taskframe.errors import FileError
from taskframe.files.escape import is_blank, is_clear, unescape
from taskframe.files.names import fold, folded, named
from taskframe.files.rows import Ids, Rows, Sheet, check_header, count_cells
from taskframe.problem import Problem, ProblemKind
from taskframe.schema import NESTED, UTC_DTYPE, Column, Schema, Unfit

_REMEMBERED = 100_000
_SKIPPED = object()
_EXACT_TIME = re.compile(r"[12]\d{3}-\d\d-\d\dT\d\d:\d\d:\d\d(\.\d{1,6})?Z", re.ASCII)
_DAMAGE = re.compile(
    r"[+-]?\d([.,]\d+)?E[+-]?\d+|#+|#(REF|NAME|VALUE|N/A|DIV/0|NULL|NUM|SPILL|CALC)[!?]?|\d+[./]\d+[./]\d+.*"
)


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
    sheet = named(sheet, schema)
    header = sheet.header
    check_header(sheet, key or schema.index)
    rows = Rows(sheet, schema.index)
    who = Ids(header, schema.index, key, keys)
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
    near = near_misses(ignored, schema)
    return Edited(
        ids=pd.Index(_text(who.ids), name=schema.index),
        columns={name: reader.series() for name, reader in readers.items()},
        skip={name: reader.skip for name, reader in readers.items()},
        blank={name: reader.blank for name, reader in readers.items()} if blank == "clear" else {},
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

    def __init__(self, column: Column, choices: Collection[Any], clears: bool) -> None:
        self.column = column
        self._parts: list[pd.Series[Any]] = []
        self._skip: list[np.ndarray[Any, np.dtype[Any]]] = []
        self._blanks: list[np.ndarray[Any, np.dtype[Any]]] = []
        self._rows = 0
        self._blank = None if clears else _SKIPPED
        self._choices = frozenset(choices)
        self._folded = folded([*column.choices, *choices])
        self._unfit: list[tuple[int, str, Unfit]] = []
        self._respelled: Counter[str] = Counter()
        self._known: dict[str, Any] = {}

    def read(self, cells: Sequence[str]) -> None:
        """Takes the cells of further rows."""
        part = self._times(cells) if self.column.kind == "timestamp" else None
        if part is None:
            values = [*map(self._text if self.column.kind == "text" else self._any, cells)]
            skip = [value is _SKIPPED or isinstance(value, Unfit) for value in values]
            self._unfit += [(self._rows + at, cells[at], v) for at, v in enumerate(values) if isinstance(v, Unfit)]
            if self._respelled:
                self._respelled.update(cell for cell in cells if cell in self._respelled)
            part = self._series([None if left else value for value, left in zip(values, skip, strict=True)])
        else:
            skip = [self._blank is _SKIPPED and not cell for cell in cells]
        self._parts.append(part)
        self._skip.append(np.array(skip, dtype=bool))
        if self._blank is None:
            self._blanks.append(np.array([is_blank(cell) for cell in cells], dtype=bool))
        self._rows += len(cells)

    def _times(self, cells: Sequence[str]) -> pd.Series[Any] | None:
        """Times at once, where all are written as taskframe writes them."""
        if not all(not cell or _EXACT_TIME.fullmatch(cell) for cell in cells):
            return None
        try:
            times = np.array([cell[:-1] or "NaT" for cell in cells], dtype="datetime64[us]")
        except ValueError:  # no such day
            return None
        return pd.Series(pd.DatetimeIndex(times).tz_localize("UTC"))

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
            return self._left(cell, Unfit(f"{shown(cell)} starts like an escaped text, but no JSON text follows"))
        if self.column.kind not in ("text", "choice", "any"):
            text = text.strip()
        try:
            if self.column.kind == "any" and is_json(text):
                return parse(msgspec.json.decode(text), self.column)
            return parse(text, self.column, self._choices)
        except Unfit as unfit:
            if self.column.kind == "choice" and (choice := self._folded.get(fold(text))) is not None:
                self._respelled[cell] += 0
                return choice
            if _DAMAGE.fullmatch(text):
                unfit = Unfit(f"{unfit} (a spreadsheet seems to have rewritten this cell)")
            return self._left(text, unfit)

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
        parts = self._parts or [self._series([])]
        if any(part.dtype != parts[0].dtype for part in parts):
            parts = [part.astype("object") for part in parts]
        whole = pd.concat(parts, ignore_index=True)
        return pd.Series(self.column.array(whole.tolist())) if self.column.kind == "choice" else whole

    def _series(self, values: list[Any]) -> pd.Series[Any]:
        kind = self.column.kind
        if kind == "text":
            return pd.Series(_text(values))
        if kind not in NESTED and kind != "choice" and any(isinstance(v, str) for v in values):
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
