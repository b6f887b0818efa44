"""The baseline: the tasks as loaded, never edited, and cheap to keep."""

from __future__ import annotations

import json
from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.memory import checksum
from taskframe.errors import PlanError
from taskframe.schema import NESTED, Schema


@dataclass(frozen=True)
class Step:
    """Tasks as they were before an apply wrote them, and nobody else: the columns that moved.

    `places` are those of the tasks in the baseline, ascending; `rows` goes with them.
    """

    places: np.ndarray
    rows: pd.DataFrame


@dataclass(frozen=True)
class Baseline:
    """The tasks as loaded. `frame` has the schema's columns that were loaded; its index are the ids.

    It is a copy-on-write snapshot: it shares its memory with the analyst's frame until that is edited. Lists and
    objects, which can be changed *inside* a cell, are kept as JSON text (`frozen`), which can't. Writing through
    `.array` goes past copy-on-write into both frames: checksums of the editable columns notice it. `spoilt` columns
    were written to that way.

    After an apply it is the tasks as the service answered; then

    - `locks`: place → version. A cell of this task holds an edit, and others changed it since that version: the cell
      stays what it was then, and that version goes out, so that the service refuses it and the three-way rule decides.
    - `steps`: the states before our own writes, the latest last. `answered`: the places of all tasks in an answer.
    """

    frame: pd.DataFrame
    schema: Schema
    frozen: frozenset[str] = frozenset()
    spoilt: frozenset[str] = frozenset()
    locks: Mapping[int, int] = field(default_factory=dict)
    steps: tuple[Step, ...] = ()
    answered: frozenset[int] = frozenset()
    _checksums: Mapping[str, int | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_checksums", self._sums())

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema) -> Baseline:
        """A snapshot of `frame`, which has the schema's dtypes and unique ids as its index."""
        snapshot = frame[[c.name for c in schema if c.name in frame]].copy(deep=False)
        nested = [c.name for c in schema if c.kind in NESTED and c.name in snapshot]
        for name in nested:
            snapshot[name] = pd.array([json_text(v) for v in snapshot[name]], dtype="str")
        return cls(snapshot, schema, frozenset(nested))

    def with_schema(self, schema: Schema) -> Baseline:
        """The same tasks under a schema that knows more names. What was noted of the columns' memory stays."""
        new = copy(self)
        object.__setattr__(new, "schema", schema)
        return new

    def __len__(self) -> int:
        return len(self.frame)

    @cached_property
    def ids(self) -> pd.Index:
        """The ids, in the order of the load."""
        return self.frame.index

    def rows(self, positions: np.ndarray) -> pd.DataFrame:
        """The tasks at these positions, as an edit of them goes out: lists and objects as such, locked versions."""
        rows = self.frame.iloc[positions]
        locked = [n for n, at in enumerate(positions.tolist()) if at in self.locks] if self.locks else []
        if not self.frozen and not locked:
            return rows
        rows = rows.copy()
        version = self.schema.role("version")
        if locked and version is not None:
            versions = rows[version.name].array.copy()
            versions[locked] = [self.locks[int(positions[n])] for n in locked]
            rows[version.name] = versions
        for name in self.frozen:
            values = pd.Series([None] * len(rows), index=rows.index, dtype="object")
            values[:] = [json_value(text) for text in rows[name]]
            rows[name] = values
        return rows

    def altered(self) -> frozenset[str]:
        """The columns that were written to behind pandas' back, so that what they had is lost."""
        return self.spoilt | {name for name, now in self._sums().items() if now != self._checksums[name]}

    def check(self) -> None:
        """Raises PlanError when the baseline is no longer what was loaded."""
        altered = self.altered()
        if altered:
            raise PlanError(
                f"{', '.join(sorted(altered))}: written to through .array, past pandas, which changed the baseline "
                "too, so what was edited can't be told: load again, and edit with df.loc[rows, column] = values"
            )

    def _sums(self) -> dict[str, int | None]:
        editable = (c.name for c in self.schema.editable if c.name in self.frame and c.name not in self.frozen)
        return {name: checksum(self.frame[name]) for name in editable}


def json_text(value: Any) -> str | None:
    """A list or object as JSON text with sorted keys; None for null. Equal texts mean equal values."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except UnicodeEncodeError:  # half a surrogate pair, which only \u can say
        return json.dumps(value, sort_keys=True, separators=(",", ":"))


def json_value(text: Any) -> Any:
    """What `json_text` was given."""
    if not isinstance(text, str):
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)
