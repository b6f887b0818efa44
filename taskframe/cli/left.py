"""What did not go through, as a file that can be planned again, with its baseline beside it."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit
from taskframe.changes.write import write
from taskframe.cli.beside import baseline_of
from taskframe.frame import TaskFrame
from taskframe.schema import Role

if TYPE_CHECKING:
    from taskframe.report import Report

_ROLES: tuple[Role, ...] = ("identifier", "title", "version", "updated")


def write_left(report: Report, path: Path) -> None:
    """A row a task that does not hold what was planned: the columns that were edited, its outcome and why.

    A conflict keeps the baseline that it was planned on, so that planning it again overwrites nobody unasked.
    """
    schema = report.plan.schema
    changes = Changes.of(list(_edits(report)), schema)
    tasks = TaskFrame(changes.base.copy(), report.plan.load, None)
    for name, change in changes.columns.items():
        places = tasks.df.index.get_indexer(changes.ids[change.rows])
        tasks.df[name] = write(tasks.df[name], places, list(change.after), schema[name])
    known = [column.name for role in _ROLES if (column := schema.role(role)) and column.name in tasks.df]
    edited = [name for name in tasks.df.columns if name in changes.columns]
    why = report.outcomes.reindex(tasks.df.index)
    TaskFrame(changes.base.copy(), report.plan.load, None).save(baseline_of(path))
    tasks.df["outcome"], tasks.df["detail"] = why["outcome"].astype("str"), why["detail"]
    tasks.to_csv(path, columns=[*dict.fromkeys([*known, *edited]), "outcome", "detail"])


def _edits(report: Report) -> Iterator[Edit]:
    conflicts = {outcome.id for outcome in report.found if outcome.kind == "conflict"}
    yield from (edit for edit in report.plan.edits() if edit.id in conflicts)
    yield from report.retry().edits()
