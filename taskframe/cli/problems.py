"""The problems of a file, a line each."""

from __future__ import annotations

import textwrap
from collections.abc import Iterator
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.cli.phrases import for_terminal
from taskframe.cli.screen import columns
from taskframe.preview.escape import visible

if TYPE_CHECKING:
    from taskframe.plan import Plan

MOST = 200
"""So many are listed; --json has them all."""


def problem_lines(plan: Plan) -> Iterator[str]:
    """`line 13, priority: 'Hgih' is not one of …`, as wide as the page."""
    problems = plan.problems
    for problem in problems.head(MOST).itertuples():
        number: Any = problem.line
        where = [] if pd.isna(number) else [f"line {number:,}"]
        where += [visible(problem.column)] if isinstance(problem.column, str) else []
        text = f"{', '.join(where) or visible(str(problem.id))}: {visible(for_terminal(str(problem.problem)))}"
        yield textwrap.fill(text, columns(), subsequent_indent="    ", break_on_hyphens=False)
    if len(problems) > MOST:
        yield f"… and {len(problems) - MOST:,} more: --json lists them all"
