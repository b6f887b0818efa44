"""The editor: one panel, top to bottom as the work goes. Its boxes are put together here, and told of each other."""

from __future__ import annotations

import asyncio
import logging
from collections.abc import Callable, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from typing import Any

import ipywidgets as w

from taskframe.errors import TaskframeError
from taskframe.frame import TaskFrame
from taskframe.plan import Plan
from taskframe.preview.words import count
from taskframe.report import Report
from taskframe.widgets.apply_box import ApplyBox, ChangesBox, ReportBox
from taskframe.widgets.desk import Desk
from taskframe.widgets.edits import Edits
from taskframe.widgets.filter_box import FilterBox
from taskframe.widgets.grid import Grid
from taskframe.widgets.hand import Done, Hand
from taskframe.widgets.home import Home
from taskframe.widgets.set_box import SetBox
from taskframe.widgets.sheet import Sheet
from taskframe.widgets.work import Work

log = logging.getLogger("taskframe")

_PUSHED = 300
"""So many rows are sent again at once; of more, each view asks for those that it shows."""
CHANGES, APPLY, REPORT = range(3)


class Editor:
    """The editor of one TaskFrame. What the grid does is in `tasks.df`, and what a cell does is in the grid, after the
    cell has run or after `sync()`.

    - `plan`: what Apply would send; `report`: that of the last run.
    """

    def __init__(self, tasks: TaskFrame, *, columns: Sequence[str] | None = None, height: int = 420) -> None:
        self._tasks = tasks
        self._home = home = Home()
        edits = Edits(tasks)
        self._edits = edits
        self._sheet = Sheet(tasks, edits, columns)
        self._hand = Hand(tasks, self._sheet, edits)
        self._desk = Desk(tasks, edits)
        self._work = Work(self._tick)
        self.grid = Grid(columns=[c.to_json() for c in self._sheet.columns], view=self._sheet.view, height=height)
        self.grid.hear(self._heard)
        self.filter = FilterBox(self._sheet.columns, home, self._filtered)
        self.set = SetBox(self._sheet.columns, self._hand, home, self._did)
        self.changes = ChangesBox(self._desk, home, self._goto, self._ticked)
        self.run = ApplyBox(self._desk, self._work, home, self._go)
        self.result = ReportBox(self._desk, home, self._followed, lambda: tasks.known.names)
        self.undo = w.Button(description="↶ Undo", layout=w.Layout(width="90px"))
        self.redo = w.Button(description="↷ Redo", layout=w.Layout(width="90px"))
        self.undo.on_click(lambda _: home(lambda: self._did(self._hand.undo())))
        self.redo.on_click(lambda _: home(lambda: self._did(self._hand.redo())))
        self.tabs = w.Tab([self.changes.box, self.run.box, self.result.box], titles=["Changes", "Apply", "Report"])
        self.tabs.observe(lambda _: home(self._draw), names="selected_index")
        bar = w.HBox([self.undo, self.redo, self.set.box], layout=w.Layout(align_items="center", grid_gap="4px"))
        self.widget = w.VBox([self.filter.box, self.grid, bar, self.tabs], layout=w.Layout(grid_gap="6px"))
        self.widget.add_class("taskframe-editor")
        self._listen()
        self._draw()

    def _repr_mimebundle_(self, **options: Any) -> Any:
        return self.widget._repr_mimebundle_(**options)

    def __repr__(self) -> str:
        return f"<Editor of {count(len(self._tasks), 'task')}, {count(len(self._sheet.rows), 'row')} shown>"

    @property
    def plan(self) -> Plan | None:
        """What Apply would send: what is ticked of the edits, or of a retry or an undo; None where there is no plan."""
        return self._desk.plan

    @property
    def report(self) -> Report | None:
        """Of the last run from this editor, dry runs too."""
        return self._desk.report

    def sync(self) -> None:
        """Shows `tasks.df` as it is now. After each cell this comes by itself."""
        if self._sheet.follow():
            self.grid.columns = [c.to_json() for c in self._sheet.columns]
            self.filter.take(self._sheet.columns)
            self.set.take(self._sheet.columns)
        self._desk.changed()
        self._look()
        self._draw()

    def close(self) -> None:
        """Takes the panel away; `tasks.df` stays as it is."""
        self._work.stop()
        self._unlisten()
        self.widget.close()

    # what views say

    def _heard(self, content: Mapping[str, Any]) -> None:
        """A message of a view. Rows are read at once, a cell may be running; all else waits for it."""
        if content.get("type") == "rows":
            self._careful(self._show, content)
        else:
            self._home(lambda: self._careful(self._answer, content))

    def _careful(self, do: Callable[[Mapping[str, Any]], None], content: Mapping[str, Any]) -> None:
        """What makes no sense does nothing: a page can say anything."""
        try:
            do(content)
        except TaskframeError as error:  # a frame that has lost its ids, say
            self._say(str(error))
        except (KeyError, TypeError, ValueError, IndexError) as error:
            log.debug("a message of the grid came to nothing: %r", error)

    def _show(self, content: Mapping[str, Any]) -> None:
        if content["version"] == self._sheet.version:
            last = min(int(content["stop"]), len(self._sheet.rows))
            self._send(range(max(0, int(content["start"])), last), content["view"])

    def _answer(self, content: Mapping[str, Any]) -> None:
        kind = content["type"]
        if self._work.busy:
            self._say("an apply is under way: the edit was not taken")
            self._send([int(content["k"])] if kind == "edit" else [])
            return
        if kind == "sort":
            self._sheet.turn(int(content["column"]))
            self._look()
        elif kind in ("undo", "redo"):
            self._did(self._hand.undo() if kind == "undo" else self._hand.redo())
        elif content["version"] != self._sheet.version and kind != "edit":
            self._say("the rows have changed meanwhile: look again, and repeat it")
        elif kind == "edit":
            self._did(self._hand.edit(int(content["k"]), content["id"], int(content["column"]), content["value"]))
        else:
            where = int(content["top"]), int(content["bottom"]), [int(j) for j in content["columns"]]
            self._did(self._hand.paste(*where, content["cells"]) if kind == "paste" else self._hand.clear(*where))

    def _send(self, at: Sequence[int], view: str | None = None) -> None:
        if len(at):
            rows = self._sheet.block(at)
            self.grid.send({"type": "rows", "view": view, "version": self._sheet.version, "at": list(at), "rows": rows})

    def _did(self, done: Done | str) -> None:
        """An edit is done, or was refused."""
        if isinstance(done, str):
            self._say(done)
            return
        self._say(done.words)
        if len(done.rows) <= _PUSHED:
            self._sheet.remember()
            self._send(done.rows)
        else:
            self._sheet.touch()
            self._look()
        self._desk.changed()
        self._draw()

    # what the boxes say

    def _filtered(self) -> None:
        wanted = self.filter.filter
        try:
            if self.filter.only_changed.value:
                wanted = replace(wanted, ids=frozenset(self._tasks.plan().changes["id"]))
            self._sheet.show(wanted)
        except TaskframeError as error:
            self.filter.say(str(error))
            return
        self.filter.say("")
        self._look()
        self._draw()

    def _ticked(self) -> None:
        self._draw()

    def _goto(self, task: str, column: str) -> None:
        place = self._sheet.place_of(task, column)
        if place is None and task in set(self._edits.ids()):
            self.filter.clear()
            place = self._sheet.place_of(task, column)
        if place is None:
            self._say("this task is not in the grid")
            return
        self.grid.send({"type": "goto", "k": place[0], "j": place[1]})

    def _followed(self, words: str) -> None:
        self.sync()
        self._say(words)
        self.result.draw()
        self.tabs.selected_index = CHANGES if self._desk.following else self.tabs.selected_index
        self._draw()

    def _go(self, dry: bool, confirm: int | None) -> None:
        plan = self._desk.plan
        if plan is not None and not self._work.busy:
            _spawn(self._run(plan, dry, confirm))

    async def _run(self, plan: Plan, dry: bool, confirm: int | None) -> None:
        try:
            self._lock(True)
            report = await self._work.run(plan, dry=dry, confirm=confirm)
        finally:
            self._lock(False)
        if report is not None:
            self._desk.ended(report)
            self.run.confirm.value = ""
            self.sync()
            self.tabs.selected_index = REPORT
        self._draw()
        self.result.draw()

    # what is shown

    def _lock(self, locked: bool) -> None:
        self.grid.locked = locked
        for box in (self.set, self.changes, self.result):
            box.lock(locked)
        self.run.draw()
        self._buttons(locked)

    def _buttons(self, locked: bool) -> None:
        self.undo.disabled, self.redo.disabled = locked or not self._edits.undoable, locked or not self._edits.redoable
        self.undo.tooltip, self.redo.tooltip = self._edits.undoable, self._edits.redoable

    def _tick(self) -> None:
        self.run.tick()

    def _look(self) -> None:
        """Tells the views that there is something else to see."""
        self.grid.view = self._sheet.view

    def _say(self, words: str) -> None:
        self.grid.note = words

    def _draw(self) -> None:
        """All that depends on the plan; of the tabs only the one that is seen."""
        rows, total = len(self._sheet.rows), len(self._tasks.df)
        self.filter.count.value = f"{rows:,} of {count(total, 'task')}" if rows < total else count(total, "task")
        self.set.count(rows)
        self._buttons(self._work.busy)
        plan = self._desk.plan
        cells = 0 if plan is None else len(plan.changes)
        wrong = " ⚠" if plan is not None and len(plan.problems) else ""
        self.tabs.titles = [(f"Changes ({cells:,})" if cells else "Changes") + wrong, "Apply", "Report"]
        if self.tabs.selected_index in (CHANGES, None):
            self.changes.draw()
        elif self.tabs.selected_index == APPLY:
            self.run.draw()

    # after each cell

    def _listen(self) -> None:
        """In IPython the grid follows what a cell did as soon as it has run."""
        self._unlisten: Callable[[], None] = lambda: None
        try:
            from IPython.core.getipython import get_ipython
        except ImportError:
            return
        shell = get_ipython()
        if shell is None:
            return

        def ran(*_: object) -> None:
            if not self._work.busy:
                with suppress(TaskframeError):
                    if self._sheet.behind():
                        self.sync()

        def stop() -> None:
            with suppress(ValueError):
                shell.events.unregister("post_run_cell", ran)

        shell.events.register("post_run_cell", ran)
        self._unlisten = stop


_kept: set[asyncio.Task[None]] = set()
"""The loop holds its tasks weakly: a run must not be collected half-way."""


def _spawn(coro: Coroutine[Any, Any, None]) -> None:
    """On the loop of the notebook; where none runs, at once."""
    try:
        loop = asyncio.get_running_loop()
    except RuntimeError:
        asyncio.run(coro)
        return
    task = loop.create_task(coro)
    _kept.add(task)
    task.add_done_callback(_kept.discard)
