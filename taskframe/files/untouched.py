"""Rows of a file that say, letter by letter, what the baseline says: they hold no edit, and go no further.

Most rows of most files are such. They are neither converted nor kept, so that a large file costs little more than its
edits. What could be read as anything else than the baseline's value is not taken for the same, but read in full.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from operator import itemgetter
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.jsontext import json_value
from taskframe.files.cells import is_json
from taskframe.files.escape import escape, needs_look
from taskframe.files.numbers import Numbers
from taskframe.files.texts import plain_cells
from taskframe.schema import NESTED, Column

_MOST_IN_VAIN = 32
_START = itemgetter(slice(1))
_ODD_IN_IDS = ("'", " ", "\t", "\n", "\r", "\v", "\f", "\x1c", "\x1d", "\x1e", "\x1f")

Place = slice | np.ndarray
"""Where tasks are in the baseline."""


class Untouched:
    """Finds them: `begin` with a header, then `rest` of each lot. Then it can tell of those that it left out."""

    def __init__(self, baseline: Baseline) -> None:
        self._baseline = baseline
        self._seen = np.zeros(len(baseline), dtype=bool)
        self._twice = False
        self._next = 0
        self._vain = self._pause = 0
        self._expected: list[tuple[int, Callable[[Place], list[str]]]] = []
        self._left_out: list[tuple[range | np.ndarray, np.ndarray, np.ndarray]] = []
        self._above: tuple[int, list[str]] | None = None

    def begin(self, header: Sequence[str], numbers: Numbers) -> None:
        """Takes the names of the columns: the one of the ids is among them. `numbers`: how those are written."""
        base = self._baseline
        self._at = [*header].index(base.schema.index)
        self._expected = [
            (at, _texts(base, base.schema[name], numbers)) for at, name in enumerate(header) if name in base.schema
        ]

    def rest(self, lines: Sequence[int], columns: Sequence[Sequence[str]]) -> tuple[Sequence[int], Sequence[Any]]:
        """The rows of a lot that say something else, and the one above each, since that is where cells are filled from.

        Where all rows of a lot do, some of the next lots are not looked at: a file may be written in another way.
        """
        places: Place | None = None
        differs = np.ones(len(lines), dtype=bool)
        if self._pause:
            self._pause -= 1
        else:
            places = self._places(columns[self._at])
            differs = self._differs(places, columns)
            self._vain = min(2 * self._vain + 1, _MOST_IN_VAIN) if differs.all() else 0
            self._pause = self._vain
        keep = differs.copy()
        keep[:-1] |= differs[1:]
        above = self._taken_back() if differs[0] else None
        self._above = None
        if not keep.all() and places is not None:
            self._leave_out(lines, ~keep, np.arange(places.start, places.stop) if isinstance(places, slice) else places)
            rows = np.flatnonzero(keep).tolist()
            last = (lines[-1], [column[-1] for column in columns])
            self._above = None if keep[-1] else last
            lines, columns = [lines[row] for row in rows], [[column[row] for row in rows] for column in columns]
        if above is None:
            return lines, columns
        return [above[0], *lines], [[cell, *column] for cell, column in zip(above[1], columns, strict=True)]

    def _leave_out(self, lines: Sequence[int], same: np.ndarray, places: np.ndarray) -> None:
        before = int(np.count_nonzero(self._seen))
        self._seen[places[same]] = True
        self._twice |= int(np.count_nonzero(self._seen)) < before + int(np.count_nonzero(same))
        numbers = lines if isinstance(lines, range) else np.array(lines, dtype=np.int32)
        self._left_out.append((numbers, same, places.astype(np.int32)))

    def _taken_back(self) -> tuple[int, list[str]] | None:
        """The last row of the lot before, if that was left out; now it is not."""
        above, self._above = self._above, None
        if above is not None:
            _, same, places = self._left_out[-1]
            same[-1] = self._seen[places[-1]] = False
        return above

    def is_twice(self, ids: pd.Index) -> bool:
        """Whether a task has two rows, of which one was left out. `ids` are those of all other rows."""
        if self._twice or not len(ids):
            return self._twice
        places = np.asarray(self._baseline.ids.get_indexer(ids))
        return bool(self._seen[places[places >= 0]].any())

    def whole(self, name: str, lines: Iterable[int], values: Sequence[Any]) -> list[Any]:
        """A column of the whole file, given its `values` in the other rows, which are on these `lines`."""
        base = self._baseline.frame[name]
        found = [*zip(lines, values, strict=True)]
        for numbers, same, places in self._left_out:
            found += zip(np.asarray(numbers)[same].tolist(), base.take(places[same]).tolist(), strict=True)
        return [value for _, value in sorted(found, key=itemgetter(0))]

    def _places(self, cells: Sequence[str]) -> Place:
        """Of the tasks of these rows: most often they follow those of the last lot."""
        ids = self._baseline.ids
        follow = slice(self._next, self._next + len(cells))
        if [*cells] == _words(ids.array[follow]):
            self._next = follow.stop
            return follow
        places = np.asarray(ids.get_indexer(pd.Index(pd.Series(cells, dtype=ids.dtype))))
        self._next = int(places[-1]) + 1
        return places

    def _differs(self, places: Place, columns: Sequence[Sequence[str]]) -> np.ndarray:
        ids = columns[self._at]
        differs = np.zeros(len(ids), dtype=bool) if isinstance(places, slice) else places < 0
        joined = "".join(ids)
        if not joined.isascii() or any(odd in joined for odd in _ODD_IN_IDS):
            differs |= np.array([cell[:1] == "'" or cell != cell.strip() for cell in ids], dtype=bool)
        for at, texts in self._expected:
            cells, expected = columns[at], texts(places)
            if [*cells] != expected:
                differs |= np.array(cells, dtype=object) != np.array(expected, dtype=object)
        return differs


def _texts(baseline: Baseline, column: Column, numbers: Numbers) -> Callable[[Place], list[str]]:
    """What the cells of a column say in a file that nobody edited, for the tasks at given places."""
    name = column.name
    if name not in baseline.frame:
        return lambda places: [""] * (places.stop - places.start if isinstance(places, slice) else len(places))
    array = baseline.frame[name].array
    if column.kind in NESTED:
        read = _any if column.kind == "any" else str
        return lambda places: [read(text) if text else "" for text in _words(array[places])]
    if isinstance(array, pd.Categorical):
        choices = [escape(choice) if isinstance(choice, str) else str(choice) for choice in array.categories]
        words = np.array([*choices, ""], dtype=object)
        codes = np.asarray(array.codes)
        return lambda places: words[codes[places]].tolist()
    if isinstance(array.dtype, pd.StringDtype):
        if not array.isna().any():
            return lambda places: _escaped(np.asarray(array[places], dtype=object).tolist())
        return lambda places: _escaped(_words(array[places]))
    if column.kind in ("integer", "number") and not numbers.own:  # 1.234 may be 1234
        return lambda places: [_other(cell) for cell in plain_cells(pd.Series(array[places]))]
    return lambda places: plain_cells(pd.Series(array[places]))


def _other(number: str) -> str:
    """A number as it is; one with a fraction, which is written in another way there, as what no cell says."""
    return number if "." not in number else "\0"


def _words(array: Any) -> list[str]:
    words: list[str] = array.to_numpy(dtype=object, na_value="").tolist()
    return words


def _escaped(words: list[str]) -> list[str]:
    """Texts as cells that can't be mistaken: most say what they say."""
    special = {*filter(needs_look, {*map(_START, words)} - {""})}
    return [escape(word) if word[:1] in special else word for word in words] if special else words


def _any(text: str) -> str:
    """A value of any sort: as JSON, but text as it is where that is no JSON."""
    value = json_value(text)
    return escape(value if isinstance(value, str) and not is_json(value) else text)
