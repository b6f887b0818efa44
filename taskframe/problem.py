"""A cell or row that must not be sent, and what would be right."""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from typing import Any, Literal

import pandas as pd

ProblemKind = Literal[
    "null id", "duplicate id", "unknown id", "stale", "read-only", "type", "choice", "range", "length", "null",
    "disagree", "ambiguous", "service",
]  # fmt: skip


@dataclass(frozen=True, slots=True)
class Problem:
    """One problem. `column` is None when the whole row is meant, `line` the line of a file (1 is the header)."""

    kind: ProblemKind
    id: str | None
    column: str | None
    value: Any
    problem: str
    line: int | None = None


def problems_frame(problems: Iterable[Problem]) -> pd.DataFrame:
    """The problems as a DataFrame: id, column, value, problem, line.

    Where there is none, `id` and `column` are NaN (as in any text column), `line` is pd.NA and `value` None. `value` is
    what stands in the cell: of a file its text, such as `<clear>`.
    """
    items = list(problems)
    return pd.DataFrame(
        {
            "id": pd.Series([p.id for p in items], dtype="str"),
            "column": pd.Series([p.column for p in items], dtype="str"),
            "value": pd.Series([p.value for p in items], dtype="object"),
            "problem": pd.Series([p.problem for p in items], dtype="str"),
            "line": pd.Series([p.line for p in items], dtype="Int64"),
        }
    )
