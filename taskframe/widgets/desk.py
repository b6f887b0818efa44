"""What lies on the desk: the edits or what follows a run, as a plan; its ticks; the report and its conflicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Literal

import pandas as pd

from taskframe.changes.answered import Answered
from taskframe.errors import TaskframeError
from taskframe.frame import TaskFrame
from taskframe.plan import Plan
from taskframe.preview.words import count
from taskframe.report import Report
from taskframe.widgets.edits import Edits
from taskframe.widgets.part import Part

Choice = Literal["ours", "theirs"]


class Desk:
    """The plan that is looked at: of the edits in `tasks.df`, or a retry or an undo of the last run."""

    def __init__(self, tasks: TaskFrame, edits: Edits) -> None:
        self._tasks = tasks
        self._edits = edits
        self._follow: tuple[str, Plan] | None = None
        self._part: Part | None = None
        self._stale = False
        self._settled: set[tuple[str, str]] = set()
        self.report: Report | None = None
        self.without_problems = False
        self.error = ""

    @property
    def what(self) -> str:
        """Which plan it is."""
        return "the edits in tasks.df" if self._follow is None else self._follow[0]

    @property
    def following(self) -> bool:
        """Whether it is a retry or an undo, which the edits in the frame have no part in."""
        return self._follow is not None

    def changed(self) -> None:
        """The frame is another one: the plan of its edits is made anew when it is wanted; unticked cells stay so."""
        if self._part is not None and self._follow is None:
            self._stale = True

    @property
    def part(self) -> Part | None:
        """The plan with its ticks; None where there can't be one, and `error` says why."""
        if self._part is None or self._stale:
            self._stale = False
            try:
                plan = self._tasks.plan() if self._follow is None else self._follow[1]
            except TaskframeError as error:
                self._part, self.error = None, str(error)
                return None
            self._part, self.error = Part(plan, self._tasks.known.names, self._part), ""
        return self._part

    @property
    def plan(self) -> Plan | None:
        """What Apply would send."""
        part = self.part
        if part is None:
            return None
        return part.plan.drop_problems() if self.without_problems and len(part.plan.problems) else part.plan

    # after a run

    def ended(self, report: Report) -> None:
        """A run is over: its report is on the desk, and the plan is that of what is left in the frame."""
        self.report, self._settled = report, set()
        if report.dry_run:
            return
        self._edits.forget()
        self.leave()

    def leave(self) -> None:
        """Back to the edits in the frame."""
        self._follow = self._part = None

    def retry(self) -> None:
        """A plan of what did not go through is looked at."""
        if self.report is not None:
            self._take(f"what run {self.report.run_id} left", self.report.retry())

    def undo(self) -> None:
        """A plan that takes the last run back is looked at."""
        if self.report is not None:
            self._take(f"run {self.report.run_id} taken back", self.report.undo())

    def _take(self, words: str, plan: Plan) -> None:
        self._follow, self._part = (words, plan), None

    @property
    def left(self) -> int:
        """How many tasks of the last run a retry would try."""
        if self.report is None or self.report.dry_run:
            return 0
        return sum(self.report.counts.get(kind, 0) for kind in ("failed", "skipped", "unknown", "partial"))

    @property
    def written(self) -> int:
        """How many tasks of the last run an undo would put back."""
        if self.report is None or self.report.dry_run:
            return 0
        return sum(self.report.counts.get(kind, 0) for kind in ("applied", "partial"))

    @property
    def conflicts(self) -> pd.DataFrame:
        """Of the last run: those that are not settled yet."""
        if self.report is None:
            return pd.DataFrame(columns=["id", "column", "base", "ours", "theirs"])
        cells = self.report.conflicts
        if not self._settled:
            return cells
        open_ = [pair not in self._settled for pair in zip(cells["id"], cells["column"], strict=True)]
        return cells[open_]

    def resolve(self, choices: Mapping[tuple[str, str], Choice]) -> str:
        """Decides conflicts, a cell each. "theirs": the frame takes their value, and there is nothing left to send.
        "ours": it is on a plan that overwrites theirs, to be looked at and applied. Gives words for what is next."""
        if self.report is None or self.report.dry_run:
            return ""
        ours = {cell for cell, choice in choices.items() if choice == "ours"}
        theirs = {cell for cell, choice in choices.items() if choice == "theirs"}
        words = []
        if theirs:
            self._take_theirs(self.report, theirs)
            words.append(f"theirs taken: {count(len(theirs), 'cell')}, as the grid shows")
        if ours:
            again = self.report.retry(conflicts="ours")
            cells = again.changes
            pairs = list(zip(cells["id"], cells["column"], strict=True))
            tasks = {task for task, _ in ours}
            keep = [pair in ours or (pair[0] in tasks and pair not in theirs) for pair in pairs]
            self._take(f"yours over theirs, of run {self.report.run_id}", again.select(cells=cells[keep]))
            words.append(f"yours in {len(ours):,}: look at the changes, and apply them")
        return ". ".join(words)

    def _take_theirs(self, report: Report, cells: Collection[tuple[str, str]]) -> None:
        """The tasks are as the run saw them, in the frame and beneath it; what else was edited in them stays an edit.

        A cell that was edited again since is left alone.
        """
        rows, sent = {}, {}
        for outcome in report.found:
            chosen = [c for c in outcome.conflicts if (outcome.id, c.column) in cells]
            if chosen:
                rows[outcome.id] = {**(outcome.row or {}), **{c.column: c.theirs for c in chosen}}
                sent[outcome.id] = {c.column: c.ours for c in chosen}
        self._tasks.take_answers(Answered.of(rows, sent))
        self._settled |= set(cells)
        self.changed()
