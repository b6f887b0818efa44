"""The baseline: the tasks as loaded, never edited, and cheap to keep."""

from __future__ import annotations

from collections.abc import Mapping
from copy import copy
from dataclasses import dataclass, field
from functools import cached_property
from types import MappingProxyType

import numpy as np
import pandas as pd

from taskframe.changes.frozen import Frozen
from taskframe.changes.jsontext import json_column
from taskframe.changes.memory import checksum, memory
from taskframe.changes.picked import Picked
from taskframe.changes.prints import Prints
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
    objects, which can be changed *inside* a cell, are kept as JSON text (`frozen`), which can't; `prints` tell quickly
    which were not. Writing through `.array` goes past copy-on-write into both frames: checksums of the editable
    columns notice it. `spoilt` columns were written to that way.

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
    prints: Mapping[str, Prints] = field(default_factory=dict, repr=False, compare=False)
    _checksums: Mapping[str, int | None] = field(init=False, repr=False, compare=False)

    def __post_init__(self) -> None:
        object.__setattr__(self, "_checksums", self._sums())

    @classmethod
    def of(cls, frame: pd.DataFrame, schema: Schema, frozen: Mapping[str, Frozen] = MappingProxyType({})) -> Baseline:
        """A snapshot of `frame`, which has the schema's dtypes and unique ids as its index.

        `frozen`: columns of lists or objects for which that is known already.
        """
        snapshot = frame[[c.name for c in schema if c.name in frame]].copy(deep=False)
        nested = [c.name for c in schema if c.kind in NESTED and c.name in snapshot]
        prints = {}
        for name in nested:
            known = frozen.get(name)
            snapshot[name] = json_column(frame[name].tolist()) if known is None else known.texts
            texts = snapshot[name]
            prints[name] = Prints.of(frame[name], texts) if known is None else Prints(texts, known.prints)
        return cls(snapshot, schema, frozenset(nested), prints=prints)

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

    def shares(self, name: str, column: pd.Series) -> bool:
        """Whether `column` is a view of the very memory of this one of ours, so that no cell can differ."""
        return len(column) == len(self) and self._memory[name] == memory(column) is not None

    @cached_property
    def _memory(self) -> dict[str, object]:
        return {str(name): memory(self.frame[name]) for name in self.frame.columns}

    def rows(self, positions: np.ndarray) -> pd.DataFrame:
        """The tasks at these positions, as an edit of them goes out: lists and objects as such, locked versions."""
        return self.pick(positions).rows()

    def pick(self, positions: np.ndarray) -> Picked:
        """The same, each column copied when it is looked at."""
        locked = [n for n, at in enumerate(positions.tolist()) if at in self.locks] if self.locks else []
        version = self.schema.role("version")
        if not locked or version is None:
            return Picked.of(self.frame, positions, self.frozen)
        versions = self.frame[version.name].array.take(positions)
        versions[locked] = [self.locks[int(positions[n])] for n in locked]
        return Picked.of(self.frame, positions, self.frozen, {version.name: versions})

    def altered(self) -> frozenset[str]:
        """The columns that were written to behind pandas' back, so that what they had is lost."""
        sums = ((name, then) for name, then in self._checksums.items() if then is not None)  # the others can't be
        return self.spoilt | {name for name, then in sums if checksum(self.frame[name]) != then}

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
