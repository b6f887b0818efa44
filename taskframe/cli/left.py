"""What did not go through, as a file that can be planned again, with its baseline beside it."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from taskframe.changes.changes import Changes
from taskframe.cli.beside import baseline_of
from taskframe.frame import TaskFrame
from taskframe.sequel import left_edits

if TYPE_CHECKING:
    from taskframe.report import Report


def write_left(report: Report, path: Path) -> None:
    """A row a task that does not hold what was planned, and why.

    A conflict keeps the baseline that it was planned on, so that planning it again overwrites nobody unasked.
    """
    load = report.plan.load
    base = Changes.of(list(left_edits(report.plan, report.found)), load.schema).base
    TaskFrame(base.copy(), load, None).save(baseline_of(path))
    report.to_csv(path)
