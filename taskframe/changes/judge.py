"""What a cell says: read into normal form, and held against its column."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import msgspec
import pandas as pd

from taskframe.changes.normal import parse, same
from taskframe.problem import ProblemKind
from taskframe.schema import NESTED, Column, Unfit

_REMEMBERED = frozenset({str, int, float, bool, pd.Timestamp})
"""Types of which equal values say the same: `(1,)` equals `(True,)`, and times in a repeated hour equal each other."""
_MOST = 10_000  # texts to remember, of those that may all be distinct


class Judge:
    """Reads cells of one column. Equal cells are read once: an edit is often one value in thousands of rows."""

    def __init__(self, column: Column, seen: Collection[Any] = ()) -> None:
        self._column = column
        self._seen = frozenset(seen)
        self._known: dict[tuple[type, Any], Any] = {}
        self._fine: dict[str, Any] = {}

    def __call__(self, old: Any, value: Any) -> Any:
        """The cell in normal form, and `old` itself where nothing was changed.

        Raises Unfit when the column can't hold it or it can't be sent.
        """
        fine = self._fine.get(value) if value.__class__ is str else None
        if fine is not None:
            return old if fine == old else fine
        column = self._column
        try:
            new = self.read(value, old)
        except Unfit:
            if _alike(old, value):
                return old
            raise
        if new is old or same(old, new, column):
            return old
        if column.editable:
            column.check(new)
            if column.kind in NESTED:
                _check_text(new, column)
        if value.__class__ is str and column.kind in ("text", "choice") and len(self._fine) < _MOST:
            self._fine[value] = new
        return new

    def read(self, value: Any, old: Any = None) -> Any:
        """The cell in normal form, whether it could be sent or not; raises Unfit when the column can't hold it.

        `old` is what the baseline has. The very text that it has is no edit, whatever else could be read in it. A time
        without a zone is the baseline's, when it is its wall time in UTC: tz_localize(None) loses no more. A float is
        the baseline's integer, when it is the float nearest to it.
        """
        if type(old) is int and isinstance(value, float) and _nearest(old) == value:
            return old
        if isinstance(value, str) and value == old:
            return old
        known = self._read(value)
        if isinstance(known, Unfit):
            raise known
        if isinstance(known, pd.Timestamp) and known.tzinfo is None:
            if pd.Timestamp(old).tz_localize(None) == known:  # of None it is NaT, which equals nothing
                return old
            raise Unfit(
                f"{known.isoformat()} has no time zone: whose time is it? write {known.isoformat()}Z, or use "
                f".dt.tz_localize('UTC')"
            )
        return known

    def _read(self, value: Any) -> Any:
        if type(value) not in _REMEMBERED or self._column.kind == "text":  # texts are mostly distinct
            return self._parse(value)
        key = (type(value), value)
        if key not in self._known:
            self._known[key] = self._parse(value)
        return self._known[key]

    def _parse(self, value: Any) -> Any:
        try:
            return parse(value, self._column, self._seen)
        except Unfit as unfit:
            return unfit

    def kind(self, value: Any) -> ProblemKind:
        """What sort of problem an unfit value is."""
        read, column = self._read(value), self._column
        if isinstance(read, Unfit):
            return "choice" if column.kind == "choice" else "type"
        if read is None:
            return "null"
        if isinstance(read, str):
            fits = column.min_length <= len(read) and (column.max_length is None or len(read) <= column.max_length)
            return "type" if fits else "length"
        return "range" if column.kind in ("integer", "number") else "type"


def _alike(old: Any, value: Any) -> bool:
    """Whether a value that does not fit is the baseline's: an answer may hold what the column does not take."""
    try:
        return repr(value) == repr(old)
    except ValueError:  # Python prints no integer of more than 4300 digits
        return False


def _nearest(number: int) -> float | None:
    try:
        return float(number)
    except OverflowError:
        return None


def _check_text(value: Any, column: Column) -> None:
    """JSON in UTF-8 has no half surrogate pairs."""
    try:
        msgspec.json.encode(value)
    except UnicodeEncodeError:
        raise Unfit(f"{column.name} holds half a surrogate pair, which is no text and can't be sent") from None
