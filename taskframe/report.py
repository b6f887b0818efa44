"""What became of a plan: one outcome for every planned task."""

from __future__ import annotations

import os
from collections import Counter
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.normal import objects, parse, plain, same
from taskframe.engine.applying import OnConflict, Verify
from taskframe.engine.outcome import OUTCOMES, Outcome, OutcomeKind
from taskframe.engine.sealed import field_of
from taskframe.errors import PlanError, ServiceError
from taskframe.files.left import write_left
from taskframe.load import Load
from taskframe.pictures import report_picture
from taskframe.preview.html import report_html
from taskframe.preview.text import report_text
from taskframe.preview.views import ReportView
from taskframe.schema import Column, Unfit
from taskframe.sequel import Conflicts, left_edits, retry_plan, undo_plan

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from taskframe.connection import Connection
    from taskframe.plan import Plan

DONE = frozenset({"applied", "unchanged", "ready"})


@dataclass(frozen=True, repr=False)
class Report:
    """What became of a plan. In Jupyter it shows as HTML; `print(report)` gives the same as text.

    - `run_id`: names the run. `plan`: what was applied. `dry_run`: nothing was written.
    - `elapsed`: seconds; `calls`: HTTP calls that were sent, reads too.
    - `stopped`: why the run ended early; "" when it did not.
    """

    run_id: str
    plan: Plan
    dry_run: bool
    elapsed: float
    calls: int
    stopped: str = ""
    _outcomes: Sequence[Outcome] = ()
    _load: Load = field(kw_only=True)
    _names: Mapping[str, str] = field(kw_only=True, default_factory=dict)
    _options: Mapping[str, Any] = field(kw_only=True, default_factory=dict)
    _seen: float = field(kw_only=True, default=0.0)
    _timeout: float = field(kw_only=True, default=0.0)

    def __len__(self) -> int:
        return len(self._outcomes)

    def __repr__(self) -> str:
        return self.text()

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """The report as text, at most `width` columns wide; `colour` is for terminals."""
        return report_text(self._view, width=width, colour=colour)

    def _repr_html_(self) -> str:
        return report_html(self._view)

    @property
    def outcomes(self) -> pd.DataFrame:
        """A row a task (index: id): identifier, outcome, detail, attempts, status_code, request_id, read_age.

        `attempts` counts the writes that were sent; `status_code` and `request_id` are those of the last reply.
        `read_age`: seconds from the last read of the task to its write, in which an edit by others would have been
        overwritten unnoticed (of two writes, the longer); NaN where nothing was written or read, or versions guard it.
        """
        return self._table.copy()  # what is done to it does not change the report

    @cached_property
    def _table(self) -> pd.DataFrame:
        table = pd.DataFrame(
            {
                "outcome": pd.Categorical(self._each("kind"), categories=list(OUTCOMES)),
                "detail": pd.Series(self._each("detail"), dtype="str"),
                "attempts": pd.Series(self._each("attempts"), dtype="int64"),
                "status_code": pd.Series(self._each("status_code"), dtype="Int64"),
                "request_id": pd.Series(self._each("request_id"), dtype="str"),
                "read_age": pd.Series(self._each("read_age"), dtype="float64"),
            }
        )
        table.index = pd.Index(self._each("id"), dtype="str", name=self._load.schema.index)
        identifiers = self._identifiers
        if identifiers is not None:
            table.insert(0, "identifier", identifiers.reindex(table.index).astype("str"))
        return table

    def _each(self, name: str) -> list[Any]:
        """A field of each outcome, in the plan's order."""
        return field_of(self._outcomes, name)

    @property
    def _left(self) -> bool:
        """Whether the run left something."""
        return any(self._each("left"))

    @property
    def _identifiers(self) -> pd.Series | None:
        column = self._load.schema.role("identifier")
        base = self.plan.base
        return base[column.name] if column is not None and column.name in base else None

    @property
    def conflicts(self) -> pd.DataFrame:
        """A row a cell that others changed too: id, column, base, ours, theirs (values in normal form)."""
        found = zip(self._each("id"), self._each("conflicts"), strict=True)
        cells = [(task, c.column, c.base, c.ours, c.theirs) for task, conflicts in found for c in conflicts]
        table = pd.DataFrame(cells, columns=["id", "column", "base", "ours", "theirs"], dtype="object")
        return table.astype({"id": "str", "column": "str"})

    @property
    def changes(self) -> pd.DataFrame:
        """A row a planned cell: id, column, before, planned, after, outcome (values in normal form).

        - `before`: as last read ahead of its write; where nothing was read, as loaded.
        - `after`: as the service answered or showed it; None where it did not take the edit, or nobody knows.
        - `outcome`: of this cell, where a task's cells differ: of a `partial` task what went through is "applied", of
          an `applied` one what the service had already is "unchanged".
        """
        names = ("id", "column", "before", "planned", "after", "outcome")
        columns = zip(*self._cells, strict=True) if self._cells else ((),) * len(names)
        found = zip(names, columns, strict=True)
        table = pd.DataFrame({name: pd.Series(objects(list(cells)), dtype="object") for name, cells in found})
        kinds = pd.Categorical(table["outcome"], categories=list(OUTCOMES))
        return table.astype({"id": "str", "column": "str"}).assign(outcome=kinds)

    @cached_property
    def _cells(self) -> list[tuple[str, str, Any, Any, Any, OutcomeKind]]:
        found = []
        schema = self._load.schema
        for edit, outcome in zip(self.plan.edits(), self._outcomes, strict=True):
            row = outcome.row or {}
            for name, planned in edit.after.items():
                kind, column = outcome.of_cell(name), schema[name]
                shown = _normal(row[name], column) if name in row else None
                if kind == "failed" and outcome.kind == "partial" and name in row and same(shown, planned, column):
                    kind = "unchanged"  # it was not among what was refused
                after: Any = None
                if kind == "applied":
                    before = outcome.before.get(name)
                    after = shown if name in row else outcome.written[name]
                else:
                    before = shown if name in row else edit.base.get(name)
                    if kind == "unchanged":
                        after = before if name in row else planned
                found.append((outcome.id, name, before, planned, after, kind))
        return found

    @property
    def rate(self) -> float:
        """Calls a second; 0 where none was sent."""
        return self.calls / self.elapsed if self.elapsed > 0 else 0.0

    @property
    def counts(self) -> dict[str, int]:
        """Outcome → tasks, of the outcomes that occurred: `{"applied": 812, "conflict": 3}`."""
        counted = Counter(self._each("kind"))
        return {kind: counted[kind] for kind in OUTCOMES if counted[kind]}

    @property
    def summary(self) -> str:
        """The counts in words: `284 applied, 1,716 skipped`."""
        return ", ".join(f"{number:,} {kind}" for kind, number in self.counts.items()) or "no tasks"

    @property
    def ok(self) -> bool:
        """Whether every task holds what was planned (or, in a dry run, could)."""
        return DONE.issuperset(self._each("kind"))

    def plot(self) -> Axes:
        """Outcomes over the time of the run, and their rate; gives matplotlib's Axes. Needs the extra `plot`.

        Raises PlanError where no outcome has its time.
        """
        title = f"Run {self.run_id}: {self.summary}"
        return report_picture(self._outcomes, self._seen - self.elapsed, self.elapsed, title)

    @property
    def resumable(self) -> bool:
        """Whether something was left that `resume` goes on with."""
        return not self.dry_run and self._left

    # what can follow

    def retry(self, *, conflicts: Conflicts = None) -> Plan:
        """A plan of what failed, was skipped or is unknown, and of what a `partial` left; previewed as ever.

        `conflicts="ours"` also takes the tasks in conflict: theirs is the new before, and ours is planned on top.
        """
        return retry_plan(self.plan, self._by_now.found, self.run_id, conflicts)

    def undo(self) -> Plan:
        """A plan that puts back what this run wrote, a `partial`'s half too.

        What others have changed since will be a conflict. What the service documents no way back for (null where it
        takes none) is one of the plan's problems. Raises PlanError for a dry run.
        """
        self._check_written("undo")
        return undo_plan(self.plan, self._by_now.found, self.run_id)

    def resume(self, *, on_conflict: OnConflict | None = None, verify: Verify | None = None) -> Report:
        """Goes on with a run that was interrupted or broke off: a report of the whole run.

        What was in doubt is settled first, then what was not sent is sent; what has its outcome stays as it is.
        `on_conflict` and `verify` are those of the run, unless given (a function is not kept in the journal). Raises
        JournalError when the run is under way, PlanError for a dry run. Where nothing was left, gives this report.
        """
        going = self._going_on(on_conflict, verify)
        return self if going is None else going[0].resume_run(self, *going[1])

    async def resume_async(self, *, on_conflict: OnConflict | None = None, verify: Verify | None = None) -> Report:
        """`resume`, awaited. A cancellation ends the run in order, as it does `Plan.apply_async`."""
        going = self._going_on(on_conflict, verify)
        return self if going is None else await going[0].resume_run_async(self, *going[1])

    def _going_on(
        self, on_conflict: OnConflict | None, verify: Verify | None
    ) -> tuple[Connection, tuple[OnConflict, Verify | None]] | None:
        """Who goes on with the run, and how; None where nothing is left."""
        self._check_written("resume")
        connection = self.plan.connection
        if not self._left and (connection is None or not self.stopped):
            return None
        if connection is None:
            raise PlanError("this report has no connection: conn.report(run_id) gives one that has")
        way = self._options.get("verify") if verify is None else verify
        return connection, (on_conflict or self._options.get("on_conflict") or "report", way)

    @property
    def _by_now(self) -> Report:
        """This report; where the run left tasks that somebody may have gone on with, with what is known by now."""
        connection = self.plan.connection
        if self.dry_run or connection is None or not self._left:
            return self
        return connection.caught_up(self)

    def _check_written(self, what: str) -> None:
        if self.dry_run:
            raise PlanError(f"there is nothing to {what}: a dry run writes nothing")

    @property
    def found(self) -> Sequence[Outcome]:
        """The outcomes as they are, in the plan's order."""
        return self._outcomes

    @property
    def seen(self) -> float:
        """When the run was last known to be under way, in epoch seconds."""
        return self._seen

    @property
    def timeout(self) -> float:
        """For how many seconds a call of the run was waited for."""
        return self._timeout

    def raise_for_failures(self) -> None:
        """Raises ServiceError unless every task holds what was planned."""
        left = [o for o in self._outcomes if o.kind not in DONE]
        if left:
            counts = ", ".join(f"{kind} {n:,}" for kind, n in self.counts.items() if kind not in DONE)
            first = f"{left[0].id}: {left[0].detail}"
            raise ServiceError(
                f"{len(left):,} of {len(self):,} tasks did not go through ({counts}); the first is {first}",
                status_code=left[0].status_code,
                request_id=left[0].request_id,
            )

    def to_csv(self, path: str | os.PathLike[str]) -> None:
        """Writes what did not go through, a row a task: of a `partial` task only the part that is left.

        Columns: id, identifier (where the service has one), those that were planned with the values wanted, then why:
        outcome, detail, theirs of a conflict, attempts, status_code, request_id. The file plans again as it is, with
        `plan_csv`: a value that is not wanted is blank, which leaves it alone, and the columns of why are ignored.
        """
        edits = list(left_edits(self.plan, self._outcomes))
        rows = self.outcomes.loc[[edit.id for edit in edits]]
        theirs = {
            o.id: "; ".join(f"{c.column}: {_text(c.theirs)}" for c in o.conflicts)
            for o in self._outcomes
            if o.conflicts
        }
        why = {name: list(rows[name].astype("object")) for name in ("outcome", "detail")}
        why["theirs"] = [theirs.get(edit.id, "") for edit in edits]
        why |= {name: list(rows[name].astype("object")) for name in ("attempts", "status_code", "request_id")}
        write_left(path, edits, why, self.plan.schema)

    @property
    def _view(self) -> ReportView:
        return ReportView(
            service=self._load.service.label,
            source=self._load.place,
            run_id=self.run_id,
            dry_run=self.dry_run,
            counts=self.counts,
            outcomes=self.outcomes,
            conflicts=self.conflicts,
            elapsed=self.elapsed,
            calls=self.calls,
            stopped=self.stopped,
            names=self._names,
        )


def _normal(value: Any, column: Column) -> Any:
    """A cell of a reply in normal form; what the schema does not know stays as it came."""
    try:
        return parse(value, column, [value] if isinstance(value, str | int) else [])
    except Unfit:
        return value


def _text(value: Any) -> str:
    value = plain(value)
    return "" if value is None else value if isinstance(value, str) else str(value)
