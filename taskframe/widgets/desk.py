"""What lies on the desk: the edits or what follows a run, as a plan; its ticks; the report and its conflicts."""

from __future__ import annotations

from collections.abc import Collection, Mapping
from typing import Any, Literal

import pandas as pd

from taskframe.errors import TaskframeError
from taskframe.frame import TaskFrame
from taskframe.plan import Plan
from taskframe.report import Report
from taskframe.widgets.edits import Edits
from taskframe.widgets.part import Part
from taskframe.widgets.persons import names_of

Choice = Literal["ours", "theirs"]


class Desk:
    """The plan that is looked at: of the edits in `tasks.df`, or a retry or an undo of the last run."""

    def __init__(self, tasks: TaskFrame, edits: Edits) -> None:
        self._tasks = tasks
        self._edits = edits
        self._follow: tuple[str, Plan] | None = None
        self._part: Part | None = None
        self._stale = False
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
            self._part, self.error = Part(plan, names_of(self._tasks), self._part), ""
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
        self.report = report
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
        """Of the last run."""
        if self.report is None:
            return pd.DataFrame(columns=["id", "column", "base", "ours", "theirs"])
        return self.report.conflicts

    def resolve(self, choices: Mapping[tuple[str, str], Choice]) -> str:
        """Decides conflicts, a cell each. "theirs": our edit is taken back in the frame. "ours": it is on a plan that
        overwrites theirs, to be looked at and applied. Gives words for what is to be done next."""
        if self.report is None or self.report.dry_run:
            return ""
        ours = {cell for cell, choice in choices.items() if choice == "ours"}
        theirs = {cell for cell, choice in choices.items() if choice == "theirs"}
        self._take_back(theirs)
        words = []
        if theirs:
            words.append(f"theirs stay in {len(theirs):,}: your edits there are taken back; load again to see theirs")
        if ours:
            again = self.report.retry(conflicts="ours")
            cells = again.changes
            pairs = list(zip(cells["id"], cells["column"], strict=True))
            tasks = {task for task, _ in ours}
            keep = [pair in ours or (pair[0] in tasks and pair not in theirs) for pair in pairs]
            self._take(f"yours over theirs, of run {self.report.run_id}", again.select(cells=cells[keep]))
            words.append(f"yours in {len(ours):,}: look at the changes, and apply them")
        return ". ".join(words)

    def _take_back(self, cells: Collection[tuple[str, str]]) -> None:
        """What the plan had before, wherever the frame still holds what was planned."""
        if not cells or self.report is None:
            return
        df, schema, ids = self._tasks.df, self._tasks.schema, self._edits.ids()
        place = {str(task): at for at, task in enumerate(ids)}
        base: dict[tuple[str, str], Any] = {
            (str(r.id), str(r.column)): r.before for r in self.report.plan.changes.itertuples(index=False)
        }
        back = [
            (place[task], schema[name], base[task, name])
            for task, name in cells
            if task in place and name in df and (task, name) in base
        ]
        self._edits.put("taken back", back)
        self._edits.forget()
        self.changed()
