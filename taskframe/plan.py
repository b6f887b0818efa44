"""A plan: changes that were checked; to be looked at, narrowed, saved and applied."""

from __future__ import annotations

import os
from collections.abc import Collection, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.changes.diff import Diff
from taskframe.contents import Contents, new_id
from taskframe.engine.applying import OnConflict
from taskframe.engine.decider import check_on_conflict
from taskframe.engine.verifying import Verify, way_of
from taskframe.errors import PlanError
from taskframe.files.saved import write_document
from taskframe.guard import check_confirmed, check_problems, checked
from taskframe.load import Load
from taskframe.narrowing import Narrowing
from taskframe.pictures import plan_picture
from taskframe.preview.html import plan_html
from taskframe.preview.text import plan_text
from taskframe.problem import Problem

if TYPE_CHECKING:
    from matplotlib.axes import Axes

    from taskframe.connection import Connection
    from taskframe.frame import TaskFrame
    from taskframe.report import Report


@dataclass(frozen=True, repr=False)
class Plan(Contents):
    """Changes that were checked. Frozen: `select`, `drop` and `drop_problems` give new plans.

    In Jupyter it shows as its preview; `print(plan)` gives the same as text. `len(plan)` counts tasks.
    """

    @classmethod
    def of(cls, diff: Diff, load: Load, *, connection: Connection | None, frame: TaskFrame | None, **more: Any) -> Plan:
        """A plan of what was edited; checks what no single column can tell."""
        changes, problems = checked(diff, load)
        told = (diff.warnings, diff.ignored, diff.notes)
        return cls(load, changes, problems, *told, _connection=connection, _frame=frame, **more)

    def __repr__(self) -> str:
        return self.text()

    def text(self, *, width: int = 100, colour: bool = False) -> str:
        """The preview as text, at most `width` columns wide; `colour` is for terminals."""
        return plan_text(self.view, width=width, colour=colour)

    def _repr_html_(self) -> str:
        return plan_html(self.view)

    def hinted(self, hint: str) -> Plan:
        """The same, with what to say when there is nothing to do."""
        return replace(self, _hint=hint)

    def plot(self, by: str = "assignee", *, column: str | None = None) -> Axes:
        """Bars of tasks per assignee, before and after this plan; gives matplotlib's Axes.

        `by` may be "status" or "priority", too; `column` names any column, such as another kind of assignee. Counted
        are all tasks of the load; in a plan from a file, which does not hold them, the plan's own. Needs the extra
        `plot`.
        Raises PlanError for a `by` that the service has not, SettingsError for a column that there is not.
        """
        return plan_picture(self._changes, self._everything, self.schema, self._people.names, by, column)

    # narrowing

    def select(
        self,
        *,
        ids: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        cells: pd.DataFrame | None = None,
    ) -> Plan:
        """A plan of only these tasks, columns and cells (rows of `.changes` or `.problems`)."""
        return self._narrowed(ids, columns, cells, inside=True)

    def drop(
        self,
        *,
        ids: Collection[str] | None = None,
        columns: Collection[str] | None = None,
        cells: pd.DataFrame | None = None,
    ) -> Plan:
        """A plan without these tasks, columns or cells (rows of `.changes` or `.problems`).

        Given several, only what is in all of them is dropped: `drop(ids=["a"], columns=["title"])` drops one cell.
        """
        if ids is None and columns is None and cells is None:
            raise PlanError("drop what? name ids=, columns= or cells=")
        return self._narrowed(ids, columns, cells, inside=False)

    def drop_problems(self) -> Plan:
        """A plan of what is fine as it is, of cells and rows."""
        return self._with(self._changes, ())

    def again(self, ids: Collection[str], *, parent: str) -> Plan:
        """A plan of the same changes of only these tasks, as a child of the run `parent`."""
        changes = self._changes.keep(self._changes.masks(ids=ids))
        notes = (*self._notes, f"what run {parent} left")
        return replace(self, _changes=changes, _problems=(), _notes=notes, id=new_id(), parent=parent)

    def after(
        self, changes: Changes, *, parent: str, problems: Sequence[Problem] = (), notes: Sequence[str] = ()
    ) -> Plan:
        """A plan of other changes of the same tasks, as a child of the run `parent`; checked like any other."""
        found = Diff(changes, tuple(problems), notes=tuple(notes))
        return Plan.of(found, self._load, connection=self._connection, frame=self._frame, parent=parent)

    def _narrowed(
        self, ids: Collection[str] | None, columns: Collection[str] | None, cells: pd.DataFrame | None, *, inside: bool
    ) -> Plan:
        part = Narrowing.of(ids, columns, cells)
        part.check(self.schema, self._changes, self._problems)
        return self._with(part.changes(self._changes, inside=inside), part.problems(self._problems, inside=inside))

    def _with(self, changes: Changes, problems: Sequence[Problem]) -> Plan:
        return replace(self, _changes=changes, _problems=tuple(problems), id=new_id())

    # saving

    def save(self, path: str | os.PathLike[str]) -> None:
        """Writes the plan to a file that only its owner can read. It holds no secret."""
        write_document(path, "plan", self.payload)

    # applying

    def dry_run(self, *, verify: Verify | None = None) -> Report:
        """Reads what an apply would read and writes nothing: the outcomes are ready, unchanged, conflict or unknown.

        `verify`: as for `apply`; with "none" nothing is read.
        """
        connection = self._ready(verify)
        return connection.run(connection.dry_run_plan(self, verify))

    async def dry_run_async(self, *, verify: Verify | None = None) -> Report:
        """`dry_run`, awaited."""
        connection = self._ready(verify)
        return await connection.arun(connection.dry_run_plan(self, verify))

    def apply(
        self, *, on_conflict: OnConflict = "report", verify: Verify | None = None, confirm: int | None = None
    ) -> Report:
        """Sends the changes; gives a report with one outcome for every task.

        - `on_conflict`: what to do where others changed a cell of ours since the load: "report" it and send nothing
          for that task, "overwrite" it, or a function `f(id, column, base, ours, theirs)` that gives the value to
          write.
        - `verify`: how tasks are read ahead of their write where the service has no versions to guard it: from the
          "listing", just before each page's tasks are written (the default); "each" by a call of its own, right before
          its write; or "none". What others changed before that read is never overwritten unasked; what they change
          after it can be, unnoticed. Where versions guard each write, leave it out.
        - `confirm`: the number of tasks, as the preview shows it, when the plan asks for it.

        Raises SettingsError for another `on_conflict`; PlanError for a `verify` that the service has not, while
        problems are left, when the plan was made elsewhere or was applied before; ConfirmationNeeded. A Ctrl-C takes
        no new task, lets calls in flight end and raises ApplyInterrupted, with the report.
        """
        check_on_conflict(on_conflict)
        connection = self._ready(verify, applying=True, confirm=confirm)
        return connection.apply_plan(self, on_conflict, verify)

    async def apply_async(
        self, *, on_conflict: OnConflict = "report", verify: Verify | None = None, confirm: int | None = None
    ) -> Report:
        """`apply`, awaited."""
        check_on_conflict(on_conflict)
        connection = self._ready(verify, applying=True, confirm=confirm)
        return await connection.apply_plan_async(self, on_conflict, verify)

    def _ready(self, verify: Verify | None, *, applying: bool = False, confirm: int | None = None) -> Connection:
        way_of(self._load.service, verify)
        if self._connection is None:
            raise PlanError(
                "this plan has no connection: make the frame with from_frame(df, conn) or open_tasks(path, conn), or "
                "save the plan and open_plan(path, conn)"
            )
        check_problems(len(self._problems))
        if applying:
            self._connection.check_not_applied(self)
            check_confirmed(self.confirmation, confirm)
        return self._connection
