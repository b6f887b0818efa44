"""Some tasks of a baseline, as they were: their columns are copied when they are looked at."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass
from functools import cached_property
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.jsontext import json_value
from taskframe.changes.memory import writable


@dataclass(frozen=True)
class Picked:
    """The rows of `frame` at `places`, like a DataFrame of them: `picked[name]`, `index`, `columns`, `len`.

    Columns whose memory could be written to past pandas are copied at once, into `kept`; the others can't change.
    `texts` are columns of lists and objects that `frame` has as JSON text.
    """

    frame: pd.DataFrame
    places: np.ndarray
    texts: frozenset[str]
    kept: Mapping[str, Any]

    @classmethod
    def of(
        cls, frame: pd.DataFrame, places: np.ndarray, texts: frozenset[str], others: Mapping[str, Any] | None = None
    ) -> Picked:
        """`others`: columns that these rows have otherwise, by name."""
        columns = {str(name): frame[name].array for name in frame.columns if name not in texts} if len(places) else {}
        kept = {name: array.take(places) for name, array in columns.items() if writable(array)}
        return cls(frame, places, texts, {**kept, **(others or {})})

    @cached_property
    def index(self) -> pd.Index:
        """The ids."""
        return self.frame.index.take(self.places)

    @property
    def columns(self) -> pd.Index:
        """The names."""
        return self.frame.columns

    def __len__(self) -> int:
        return len(self.places)

    def __iter__(self) -> Iterator[str]:
        return iter(self.columns)

    def __getitem__(self, name: str) -> pd.Series:
        array = self.kept.get(name)
        if array is None:
            array = self.frame[name].array.take(self.places)
        if name in self.texts:
            values = pd.Series([None] * len(self), index=self.index, dtype="object", name=name)
            values[:] = [json_value(text) for text in array]
            return values
        return pd.Series(array, index=self.index, name=name, dtype=self.frame[name].dtype)  # objects stay objects

    def rows(self) -> pd.DataFrame:
        """The whole rows."""
        return pd.DataFrame({name: self[name] for name in self}, index=self.index, columns=self.columns)

    def take(self, rows: np.ndarray) -> Picked:
        """Only these of the rows."""
        return Picked(
            self.frame, self.places[rows], self.texts, {name: array.take(rows) for name, array in self.kept.items()}
        )
