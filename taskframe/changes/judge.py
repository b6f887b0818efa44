"""What a cell says: read into normal form, and held against its column."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import pandas as pd

from taskframe.changes.normal import parse, same
from taskframe.problem import ProblemKind
from taskframe.schema import Column, Unfit


class Judge:
    """Reads cells of one column. Equal cells are judged once: an edit is often one value in thousands of rows."""

    def __init__(self, column: Column, seen: Collection[Any]) -> None:
        self._column = column
        self._seen = frozenset(seen)
        self._known: dict[tuple[type, Any], Any] = {}

    def __call__(self, old: Any, value: Any) -> Any:
        """The cell in normal form; raises Unfit when the column can't hold it or it can't be sent."""
        column = self._column
        try:
            key = (type(value), value)
            known = self._known.get(key, self)
        except TypeError:  # a list: not hashable
            key, known = None, self
        if known is self:
            known = self._read(value)
            if key is not None and column.kind != "text":  # texts are mostly distinct: not worth remembering
                self._known[key] = known
        if isinstance(known, Unfit):
            raise known
        if isinstance(known, pd.Timestamp) and known.tzinfo is None:
            return self._local(old, known)
        if column.editable and not same(old, known, column):
            column.check(known)
        return known

    def _read(self, value: Any) -> Any:
        try:
            return parse(value, self._column, self._seen)
        except Unfit as unfit:
            return unfit

    def read(self, value: Any) -> Any:
        """The cell in normal form, whether it could be sent or not; raises Unfit when the column can't hold it."""
        known = self._read(value)
        if isinstance(known, Unfit):
            raise known
        return self._local(None, known) if isinstance(known, pd.Timestamp) and known.tzinfo is None else known

    def _local(self, old: Any, value: pd.Timestamp) -> Any:
        """A time without a zone is the baseline's, when it is its wall time in UTC: tz_localize(None) loses no more."""
        if old is not None and old.tz_localize(None) == value:
            return old
        raise Unfit(
            f"{value.isoformat()} has no time zone: whose time is it? write {value.isoformat()}Z, or use "
            f".dt.tz_localize('UTC')"
        )

    def kind(self, value: Any) -> ProblemKind:
        """What sort of problem an unfit value is."""
        read = self._read(value)
        if isinstance(read, Unfit):
            return "choice" if self._column.kind == "choice" else "type"
        if read is None:
            return "null"
        if isinstance(read, str):
            return "length"
        return "type" if isinstance(read, pd.Timestamp) else "range"
