"""Finger prints of a column of lists or objects: which of them may have been changed, even inside a cell.

To see that a list still says what it said one must look at each: this does so for a thousand at a time.
"""

from __future__ import annotations

import marshal
from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any, Final

import numpy as np
import pandas as pd

from taskframe.changes.memory import shares_memory

BLOCK: Final = 1_024
"""Cells that have a print together."""


@dataclass(frozen=True)
class Prints:
    """Those of the values that the `texts` of a baseline (JSON) were made of: one a block of rows, None for unknown."""

    texts: pd.Series
    blocks: tuple[int | None, ...]

    @classmethod
    def of(cls, values: pd.Series, texts: pd.Series) -> Prints:
        """`values`: the lists or objects themselves."""
        return cls(texts, tuple(_prints(values)))

    def doubtful(self, texts: pd.Series, values: pd.Series) -> np.ndarray | None:
        """The rows of `values` that may differ from `texts`; None for all of them. `values` is aligned with it."""
        if values.dtype != np.dtype(object) or not shares_memory(self.texts, texts):
            return None
        pairs = enumerate(zip(self.blocks, _prints(values), strict=True))
        starts = [at * BLOCK for at, (ours, theirs) in pairs if ours is None or ours != theirs]
        if not starts:
            return np.empty(0, dtype=np.intp)
        rows = (np.array(starts)[:, None] + np.arange(BLOCK)).reshape(-1)
        return rows[rows < len(values)]


def _prints(values: pd.Series) -> Iterator[int | None]:
    cells: Any = np.asarray(values.array)
    for start in range(0, len(cells), BLOCK):
        try:
            # marshal tells all types apart, where a writer of JSON makes text of a date, and a list of a set; in its
            # first version equal values always give equal bytes
            yield hash(marshal.dumps(cells[start : start + BLOCK].tolist(), 0))
        except ValueError:
            yield None  # what no service sends: a value of the user's own type
