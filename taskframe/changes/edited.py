"""Edited tasks as they came: from a DataFrame or from a file, before anything was compared."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field

import numpy as np
import pandas as pd

from taskframe.problem import Problem


@dataclass(frozen=True)
class Edited:
    """What somebody wants the tasks to be.

    - `ids`: the task id of each row (text; missing where there is none).
    - `columns`: by name, aligned with `ids` by position; any dtype. Columns the schema does not know are in
      `ignored` by name only.
    - `skip`: per column, a mask of the cells that say "leave alone" (a blank cell of a file).
    - `lines`: the line of each row in its file (1 is the header), or None for a frame.
    - `problems`: what was wrong already when it was read; such cells are in `skip`.
    - `strict`: an edit in a read-only column is a problem a cell (files), not a warning a column (frames).
    - `blank`: per column, a mask of the cells that are null because nothing is in them (a blank cell that clears).
    - `doubted`: the encoding of the file is only likely, so its letters beyond ASCII may be others.
    """

    ids: pd.Index
    columns: Mapping[str, pd.Series]
    skip: Mapping[str, np.ndarray] = field(default_factory=dict)
    lines: np.ndarray | None = None
    problems: tuple[Problem, ...] = ()
    ignored: tuple[str, ...] = ()
    notes: tuple[str, ...] = ()
    strict: bool = False
    blank: Mapping[str, np.ndarray] = field(default_factory=dict)
    doubted: bool = False

    def line(self, position: int) -> int | None:
        """The line of row `position`, or None for a frame."""
        return None if self.lines is None else int(self.lines[position])
