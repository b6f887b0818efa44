"""The editor on Kore and on Pragmatiks, by mouse and keyboard: what differs from Reload, each in one long story."""

from __future__ import annotations

from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import pytest
from browser_stage import Jupyter, Notebook, editing
from playwright.sync_api import BrowserContext
from test_browser_job import until

import taskframe as tf

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the clients that drive the kernel and the browser

KORE = ("refId", "name", "status.name", "priority.name", "currAssignee._id", "dueDate", "fields.Effort (h)", "tags")
EFFORT = "fields.Effort (h)"
DAY = 86_400_000


@pytest.fixture
def both() -> Iterator[tf.LocalSandbox]:
    """A sandbox with 120 tasks of each."""
    with tf.sandbox(tasks=120, services=["kore", "pragmatiks"]) as box:
        yield box


def kore(box: tf.LocalSandbox) -> dict[str, dict[str, Any]]:
    """What the server has, by id, with the effort beside the other fields."""
    return {task["_id"]: {**task, EFFORT: _effort(task)} for task in box["kore"].tasks()}


def _effort(task: dict[str, Any]) -> float | None:
    return next((f.get("value") for f in task["fields"] if f["displayName"] == "Effort (h)"), None)


def test_kore(jupyter: Jupyter, browser: BrowserContext, both: tf.LocalSandbox) -> None:
    """Query, ranges of days and numbers; date picker, number, people; a split; ticks of a column and a cell; conflicts.

    Of two conflicts theirs is in the grid at once, mine is applied on top of theirs.
    """
    before = kore(both)
    opening = f"editor = tasks.editor(columns={list(KORE)!r})\neditor"
    with editing(jupyter, browser, both, service="kore", open_with=opening, name="kore") as notebook:
        filters(notebook, before)
        tasks = edits(notebook, before)
        conflicts(notebook, both, tasks)
        assert (notebook.outside, notebook.errors) == ([], [])


def filters(notebook: Notebook, before: dict[str, dict[str, Any]]) -> None:
    """Narrower and narrower, each time as many tasks as the server has of them."""
    page = notebook.page
    query(notebook, "status.name == 'Open'")
    page.get_by_text("Write status.name in backticks").or_(page.get_by_text("Write `status.name` in")).wait_for()
    query(notebook, "`status.name` == 'Open'")
    there = {key: task for key, task in before.items() if task["status"]["name"] == "Open"}
    notebook.ready(len(there))
    due = sorted(task["dueDate"] for task in there.values() if task.get("dueDate"))
    days = [datetime.fromtimestamp(due[n] / 1000, UTC).date() for n in (1, -2)]
    for field, day in zip(notebook.filter("dueDate (UTC)").locator("input").all(), days, strict=True):
        field.fill(day.isoformat())
        field.press("Tab")
    first, last = (int(datetime(d.year, d.month, d.day, tzinfo=UTC).timestamp() * 1000) for d in days)
    there = {k: t for k, t in there.items() if t.get("dueDate") and first <= t["dueDate"] < last + DAY}
    assert 3 < len(there) < len(due)
    notebook.ready(len(there))
    page.locator(".taskframe-editor select", has_text="another column …").select_option(EFFORT)
    effort = notebook.filter(EFFORT).locator("input")
    effort.nth(0).fill("0.5")
    effort.nth(1).fill("8")
    effort.nth(1).press("Tab")
    some = [k for k, t in there.items() if t[EFFORT] is not None and 0.5 <= t[EFFORT] <= 8]
    assert 0 < len(some) < len(there)
    notebook.ready(len(some))
    notebook.button("Show all").click()
    notebook.ready(len(before))


def query(notebook: Notebook, words: str) -> None:
    """Puts it into the query line."""
    line = notebook.page.get_by_placeholder("a pandas query")
    line.fill(words)
    line.press("Enter")


def edits(notebook: Notebook, before: dict[str, dict[str, Any]]) -> list[str]:
    """A split by weight over eight tasks, then a cell of each kind by its own editor; undo, redo. Gives the tasks."""
    page = notebook.page
    names = ("Grace O'Neill", "Björn Lindqvist", "Ada Okafor")
    free = [t["refId"] for t in before.values() if (t.get("currAssignee") or {}).get("name") not in names][:8]
    query(notebook, f"refId in {free!r}")
    notebook.ready(8)
    line = page.get_by_placeholder("a pandas query")
    assert line.evaluate("line => document.activeElement === line"), "the grid leaves the focus where it was"
    tasks: list[str] = notebook.ask(f"tasks.df.query({f'refId in {free!r}'!r}).index.tolist()")
    notebook.set_all("currAssignee._id", f"{names[0]}: 2, {names[1]}: 1", way="split among")
    who = f"tasks.df.loc[{tasks!r}, 'currAssignee._id'].map(tasks.known.names)"
    until(notebook, f"{who}.value_counts().to_dict()", {names[0]: 5, names[1]: 3})
    # a date picker
    notebook.cell(0, "dueDate").dblclick()
    picker = page.locator(".tf-field")
    assert picker.get_attribute("type") == "datetime-local"
    picker.fill("2026-03-01T10:30")
    picker.press("Enter")
    until(notebook, f"str(tasks.df.at[{tasks[0]!r}, 'dueDate'])", "2026-03-01 10:30:00+00:00")
    # a number, with the bounds that its column has
    bounds = f"[{{**c, 'minimum': 0, 'maximum': 40}} if c['name'] == {EFFORT!r} else c for c in editor.grid.columns]"
    notebook.ask(f"setattr(editor.grid, 'columns', {bounds})")
    notebook.ready(8)
    notebook.cell(1, EFFORT).dblclick()
    number = page.locator(".tf-field")
    assert [number.get_attribute(a) for a in ("type", "min", "max", "step")] == ["number", "0", "40", "any"]
    number.fill("7.5")
    number.press("Enter")
    until(notebook, f"tasks.df.at[{tasks[1]!r}, {EFFORT!r}]", 7.5)
    # a person, by a part of the name; undo and redo by their buttons
    notebook.pick(2, "currAssignee._id", names[2], typed="Ada")
    until(notebook, f"{who}.iloc[2]", names[2])
    notebook.button("Undo").click()
    until(notebook, f"{who}.iloc[2] in {names[:2]!r}", True)
    notebook.button("Redo").click()
    until(notebook, f"{who}.iloc[2]", names[2])
    notebook.edit(3, "name", "Mine, and theirs is taken")
    notebook.edit(4, "name", "Mine, over theirs")
    notebook.pick(5, "status.name", "Open" if before[tasks[5]]["status"]["name"] != "Open" else "In-Progress")
    until(notebook, "len(tasks.plan().changes)", 8 + 5)
    return tasks


def conflicts(notebook: Notebook, box: tf.LocalSandbox, tasks: list[str]) -> None:
    """A column and a cell are unticked; two names were changed by a colleague: one stays theirs, one becomes mine."""
    page, before = notebook.page, kore(box)
    ticks = page.locator(".tf-ticks")
    ticks.get_by_role("checkbox", name="dueDate", exact=True).uncheck()
    ticks.get_by_role("checkbox", name=f"{before[tasks[5]]['refId']} status.name", exact=True).uncheck()
    until(notebook, "len(editor.plan.changes)", 8 + 3)
    for task in tasks[3:5]:
        box["kore"].edit(task, name="Theirs")
    notebook.tab("Apply")
    notebook.button("Apply 8 tasks").click()
    until(notebook, "editor.report.counts if editor.report else None", {"applied": 6, "conflict": 2})
    after = kore(box)
    planned = notebook.ask("tasks.df['currAssignee._id'].to_dict()")
    for n, task in enumerate(tasks):
        ours = n not in (3, 4)
        assert after[task]["currAssignee"]["_id"] == planned[task] if ours else after[task]["name"] == "Theirs"
        assert after[task].get("dueDate") == before[task].get("dueDate"), "a column without its tick is not sent"
        assert after[task]["status"]["name"] == before[task]["status"]["name"], "nor is a cell without its tick"
    assert after[tasks[1]][EFFORT] == 7.5
    # the panel shows all three states; theirs is what is chosen unless somebody says otherwise
    refs = [before[task]["refId"] for task in tasks]
    boxes = [page.locator(".taskframe-editor .widget-hbox", has_text=refs[n]).last for n in (3, 4)]
    for words in (before[tasks[3]]["name"], "Mine, and theirs is taken", "Theirs"):
        assert words in boxes[0].inner_text()
    boxes[1].get_by_role("button", name="ours").click()
    notebook.button("Decide as chosen").click()
    notebook.cell(3, "name").get_by_text("Theirs", exact=True).wait_for()
    assert notebook.ask(f"tasks.df.at[{tasks[3]!r}, 'name']") == "Theirs"
    until(notebook, "len(editor.plan)", 1)
    assert kore(box)[tasks[4]]["name"] == "Theirs", "nothing is sent before Apply"
    run = notebook.ask("editor.report.run_id")
    notebook.tab("Apply")
    notebook.button("Apply 1 task").click()
    until(notebook, f"editor.report.run_id != {run!r}", True)
    assert notebook.ask("editor.report.counts") == {"applied": 1}
    last = kore(box)
    assert (last[tasks[3]]["name"], last[tasks[4]]["name"]) == ("Theirs", "Mine, over theirs")
    assert last[tasks[4]]["currAssignee"]["_id"] == planned[tasks[4]]
    left = notebook.ask("tasks.plan().changes[['id', 'column']].values.tolist()")
    expected = {(tasks[0], "dueDate"), (tasks[3], "currAssignee._id"), (tasks[5], "status.name")}
    assert {(task, column) for task, column in left} == expected


def test_pragmatiks(jupyter: Jupyter, browser: BrowserContext, both: tf.LocalSandbox) -> None:
    """All tasks at once want their number typed in; a column is cleared; half an edit is refused, and is left to do."""
    oracle = both["pragmatiks"]

    def server() -> dict[str, dict[str, Any]]:
        return {task["id"]: task for task in oracle.tasks()}

    before = server()
    with editing(jupyter, browser, both, service="pragmatiks", name="pragmatiks") as notebook:
        page = notebook.page
        # more than half of the load: the wrong number sends nothing
        notebook.set_all("priority", "1")
        moved = [task for task, held in before.items() if held["priority"] != 1]
        until(notebook, "len(tasks.plan())", len(moved))
        notebook.tab("Apply")
        typed = page.get_by_placeholder("how many tasks?")
        for number in ("", str(len(moved) - 1)):
            typed.fill(number)
            typed.press("Tab")
            notebook.button(f"Apply {len(moved)} tasks").click()
            page.get_by_text("pass confirm= with the number of tasks").wait_for()
            assert notebook.ask("editor.report is None")
        assert server() == before, "nothing was sent"
        typed.fill(str(len(moved)))
        typed.press("Tab")
        notebook.button(f"Apply {len(moved)} tasks").click()
        until(notebook, "editor.report.counts if editor.report else None", {"applied": len(moved)})
        assert {task["priority"] for task in server().values()} == {1}
        # the assignees of a few are taken away
        notebook.filter("status").locator("select").select_option("review")
        review = [task for task, held in before.items() if held["status"] == "review"]
        notebook.ready(len(review))
        notebook.set_all("assigned_to_user_id", "", way="clear")
        some = [task for task in review if before[task]["assigned_to_user_id"] is not None]
        until(notebook, "len(tasks.plan())", len(some))
        notebook.tab("Changes")
        page.locator(".taskframe-editor .tf-first", has_text=f"{len(some)} cells are CLEARED").wait_for()
        notebook.tab("Apply")
        run = notebook.ask("editor.report.run_id")
        notebook.button(f"Apply {len(some)} tasks").click()
        until(notebook, f"editor.report.run_id != {run!r}", True)
        assert [server()[task]["assigned_to_user_id"] for task in review] == [None] * len(review)
        # a status that the service won't take from here, and a priority that it does: two calls, one half goes through
        notebook.button("Show all").click()
        notebook.ready(len(before))
        task = next(task for task, held in before.items() if held["status"] == "backlog")
        query(notebook, f"id == {task!r}")
        notebook.ready(1)
        notebook.pick(0, "status", "done")
        notebook.pick(0, "priority", "3")
        until(notebook, "len(tasks.plan().changes)", 2)
        notebook.tab("Apply")
        run = notebook.ask("editor.report.run_id")
        notebook.button("Apply 1 task").click()
        until(notebook, f"editor.report.run_id != {run!r}", True)
        assert notebook.ask("editor.report.counts") == {"partial": 1}
        page.get_by_text("priority went through, status did not").first.wait_for()
        held = server()[task]
        assert (held["priority"], held["status"]) == (3, "backlog")
        assert notebook.ask("tasks.plan().changes[['column', 'before', 'after']].values.tolist()") == [
            ["status", "backlog", "done"]
        ]
        assert (notebook.outside, notebook.errors) == ([], [])
