"""The boxes for what follows: the changes with their ticks, the run, its report, its conflicts."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any, Literal

import ipywidgets as w

from taskframe.preview.cells import persons_in, shown_apart
from taskframe.preview.html import plan_html
from taskframe.preview.markup import Markup, join, tag
from taskframe.preview.persons import Persons
from taskframe.preview.words import count
from taskframe.widgets.desk import Desk
from taskframe.widgets.grid import Ticks
from taskframe.widgets.home import Home
from taskframe.widgets.work import Work

_SHOWN = 40


class ChangesBox:
    """What would be sent: the preview, and a tick for each task, column and cell."""

    def __init__(self, desk: Desk, home: Home, went: Callable[[str, str], None], ticked: Callable[[], None]) -> None:
        self._desk = desk
        self._went = went
        self._ticked = ticked
        self._start = 0
        self.head = w.HTML("")
        self.back = w.Button(description="Back to the edits", layout=w.Layout(width="auto"))
        self.preview = w.HTML("")
        self.ticks = Ticks()
        self.ticks.hear(lambda content: home(lambda: self._heard(content)))
        self.back.on_click(lambda _: home(self._leave))
        self._version = 0
        self.box = w.VBox([self.head, self.back, self.preview, self.ticks])

    def draw(self) -> None:
        """Shows the plan as it is now."""
        part = self._desk.part
        self.back.layout.display = "" if self._desk.following else "none"
        if part is None:
            self.head.value = _alert(self._desk.error)
            self.ticks.page, self.preview.value = _no_page(self._next()), ""
            return
        total = len(part.whole.changes)
        said = f"{part.ticked:,} of {count(total, 'cell')} ticked" if part.ticked < total else count(total, "cell")
        self.head.value = tag("b", f"Changes: {self._desk.what}, {said}")
        if self._start and self._start >= len(part.whole):
            self._start = 0
        self.ticks.page = {**part.page(self._start), "version": self._next()}
        self.preview.value = plan_html(part.plan.view, lists=False)

    def lock(self, locked: bool) -> None:
        """While a run is under way nothing can be ticked."""
        self.ticks.locked = self.back.disabled = locked

    def _heard(self, content: Any) -> None:
        part = self._desk.part
        if content.get("type") == "goto":
            self._went(str(content.get("id")), str(content.get("column")))
        elif part is not None and content.get("type") == "page":
            self._start = max(0, int(content["start"]))
            self.draw()
        elif part is not None and content.get("type") == "tick" and not self.ticks.locked:
            part.tick(bool(content["on"]), task=content.get("id"), column=content.get("column"))
            self._ticked()

    def _leave(self) -> None:
        self._desk.leave()
        self._ticked()

    def _next(self) -> int:
        self._version += 1
        return self._version


class ApplyBox:
    """Dry run and apply, the number that a large plan asks for, the bar, the stop button."""

    def __init__(self, desk: Desk, work: Work, home: Home, go: Callable[[bool, int | None], None]) -> None:
        self._desk = desk
        self._work = work
        self.dry = w.Button(description="Dry run", tooltip="Reads what an apply would read, and writes nothing")
        self.apply = w.Button(description="Apply", button_style="primary", layout=w.Layout(width="auto"))
        self.stop = w.Button(description="Stop", button_style="danger", tooltip="Ends the run in order")
        self.confirm = w.Text(placeholder="how many tasks?", layout=w.Layout(width="130px"))
        self.without = w.Checkbox(description="without what has problems", indent=False)
        self.why = w.HTML("")
        self.bar = w.IntProgress(value=0, min=0, max=1, layout=w.Layout(width="260px"))
        self.words = w.Label("")
        self.error = w.HTML("")
        self._running = w.HBox([self.bar, self.stop, self.words], layout=w.Layout(align_items="center"))
        self.dry.on_click(lambda _: home(lambda: go(True, None)))
        self.apply.on_click(lambda _: home(lambda: go(False, self._number())))
        self.stop.on_click(lambda _: home(work.stop))
        self.without.observe(lambda change: home(lambda: self._without(change)), names="value")
        self.box = w.VBox(
            [
                w.Box(
                    [self.dry, self.apply, self.confirm, self.without, self.why],
                    layout=w.Layout(flex_flow="row wrap", align_items="center", grid_gap="4px 8px"),
                ),
                self._running,
                self.error,
            ]
        )

    def draw(self) -> None:
        """Shows what can be done now."""
        plan, busy = self._desk.plan, self._work.busy
        problems = 0 if plan is None else len(plan.problems)
        ready = plan is not None and len(plan) > 0 and not problems
        number, why = plan.confirmation if plan is not None else (None, "")
        tasks = 0 if plan is None else len(plan)
        self.apply.description = f"Apply {count(tasks, 'task')}" if tasks else "Apply"
        self.dry.disabled = self.apply.disabled = busy or not ready
        self.confirm.disabled = self.without.disabled = busy
        part = self._desk.part
        self.without.layout.display = "" if part is not None and len(part.whole.problems) else "none"
        self.confirm.layout.display = "" if number is not None and ready else "none"
        asked = f"{why}: type the number of tasks, as the changes show it" if number is not None and ready else ""
        self.why.value = tag("span", f"{count(problems, 'problem')} left: see Changes" if problems else asked)
        self.error.value = _alert(self._work.error)
        self.tick()

    def tick(self) -> None:
        """Shows how far the run is."""
        busy, progress = self._work.busy, self._work.progress
        self._running.layout.display = "" if busy or progress.total else "none"
        self.stop.layout.display = "" if busy else "none"
        self.stop.disabled = self._work.stopping
        self.bar.max, self.bar.value = max(progress.total, 1), progress.done
        self.words.value = ("stopping · " if busy and self._work.stopping else "") + (
            progress.words if progress.total else ""
        )

    def _number(self) -> int | None:
        text = self.confirm.value.strip().replace(",", "")
        return int(text) if text.isdecimal() else None

    def _without(self, change: Any) -> None:
        self._desk.without_problems = bool(change["new"])
        self.draw()


class ReportBox:
    """What became of the last run, and what can follow: conflicts to be decided, another try, the way back."""

    def __init__(
        self, desk: Desk, home: Home, followed: Callable[[str], None], names: Callable[[], dict[str, str]]
    ) -> None:
        self._desk = desk
        self._followed = followed
        self._names = names
        self._choices: dict[tuple[str, str], Any] = {}
        self.report = w.HTML("No run yet")
        self.retry = w.Button(description="Retry", layout=w.Layout(width="auto"))
        self.undo = w.Button(description="Undo", layout=w.Layout(width="auto"))
        self.resolve = w.Button(description="Decide as chosen", layout=w.Layout(width="auto"))
        self.all_ours = w.Button(description="All: ours", layout=w.Layout(width="auto"))
        self.all_theirs = w.Button(description="All: theirs", layout=w.Layout(width="auto"))
        self._list = w.VBox([], layout=w.Layout(grid_gap="6px"))
        buttons = w.HBox([self.resolve, self.all_theirs, self.all_ours], layout=w.Layout(margin="6px 0 0"))
        self._conflicts = w.VBox([self._list, buttons], layout=w.Layout(margin="4px 0 10px"))
        self.retry.on_click(lambda _: home(lambda: self._follow(desk.retry, "a plan of what is left: look at it")))
        self.undo.on_click(lambda _: home(lambda: self._follow(desk.undo, "a plan of the way back: look at it")))
        self.resolve.on_click(lambda _: home(self._decide))
        self.all_ours.on_click(lambda _: home(lambda: self._all("ours")))
        self.all_theirs.on_click(lambda _: home(lambda: self._all("theirs")))
        self.box = w.VBox([w.HBox([self.retry, self.undo]), self._conflicts, self.report])
        self.draw()

    def draw(self) -> None:
        """Shows the last report."""
        desk = self._desk
        self.report.value = "No run yet" if desk.report is None else desk.report._repr_html_()
        self.retry.description = f"Retry {count(desk.left, 'task')}"
        self.undo.description = f"Undo {count(desk.written, 'task')}"
        self.retry.layout.display = "" if desk.left else "none"
        self.undo.layout.display = "" if desk.written else "none"
        self._draw_conflicts()

    def lock(self, locked: bool) -> None:
        """While a run is under way nothing can follow."""
        for button in (self.retry, self.undo, self.resolve, self.all_ours, self.all_theirs):
            button.disabled = locked

    def _draw_conflicts(self) -> None:
        conflicts, report = self._desk.conflicts, self._desk.report
        real = report is not None and not report.dry_run and len(conflicts) > 0
        self._conflicts.layout.display = "" if real else "none"
        self._choices = {}
        if not real or report is None:
            self._list.children = []
            return
        rows: list[Any] = [w.HTML(tag("b", f"{count(len(conflicts), 'conflict')}: others changed these cells too"))]
        persons, base = Persons(self._names()), report.plan.base
        identifier = report.plan.schema.role("identifier")
        for row in conflicts.head(_SHOWN).itertuples(index=False):
            task, name = str(row.id), str(row.column)
            choice = w.ToggleButtons(
                options=[("theirs", "theirs"), ("ours", "ours")],
                style={"button_width": "70px"},
                layout=w.Layout(flex="0 0 auto"),
            )
            self._choices[task, name] = choice
            label = str(base.at[task, identifier.name]) if identifier and identifier.name in base else task
            known = persons_in(report.plan.schema[name], persons)
            values = shown_apart(row.base, row.ours, row.theirs, persons=known)
            words = _values(label, name, values)
            said = w.HTML(words, layout=w.Layout(flex="1 1 auto", min_width="0"))
            rows.append(w.HBox([choice, said], layout=w.Layout(align_items="flex-start", grid_gap="12px")))
        if len(conflicts) > _SHOWN:
            rows.append(w.Label(f"… and {len(conflicts) - _SHOWN:,} more: “All” decides them too"))
        self._list.children = rows

    def _all(self, choice: Literal["ours", "theirs"]) -> None:
        cells = self._desk.conflicts
        pairs = zip(cells["id"], cells["column"], strict=True)
        self._follow(lambda: self._desk.resolve(dict.fromkeys(pairs, choice)))

    def _decide(self) -> None:
        chosen = {cell: toggle.value for cell, toggle in self._choices.items()}
        self._follow(lambda: self._desk.resolve(chosen))

    def _follow(self, do: Callable[[], str | None], words: str = "") -> None:
        self._followed(do() or words)


def _values(label: str, name: str, values: list[str]) -> Markup:
    """The cell, and beneath it a line each: base, ours, theirs."""
    lines = [
        join(tag("span", said, style="opacity:.75"), tag("span", value, style="overflow-wrap:anywhere"))
        for said, value in zip(("base", "ours", "theirs"), values, strict=True)
    ]
    style = "display:grid;grid-template-columns:max-content 1fr;gap:0 .8em;line-height:1.45"
    return join(tag("div", tag("b", f"{label} · {name}"), style="line-height:1.45"), tag("div", *lines, style=style))


def _alert(words: str) -> str:
    return tag("span", words, style="color:var(--jp-error-color1,#c62828);font-weight:600") if words else ""


def _no_page(version: int) -> dict[str, Any]:
    return {"start": 0, "size": 1, "total": 0, "words": "", "columns": [], "tasks": [], "problems": [],
            "problem_words": "", "version": version}  # fmt: skip
