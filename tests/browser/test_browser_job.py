"""A whole job by mouse and keyboard, in JupyterLab and in Notebook 7: the server is right at each step."""

from __future__ import annotations

from typing import Any

import pytest
from browser_stage import Jupyter, Notebook, editing, wait_for
from playwright.sync_api import BrowserContext

import taskframe as tf

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the clients that drive the kernel and the browser

EVIL = "<img src=x onerror=\"document.body.dataset.evil='1'\"></script><script>document.body.dataset.evil='1'</script>"


def held(box: tf.LocalSandbox) -> dict[str, dict[str, Any]]:
    """What the server has, by identifier."""
    return {task["identifier"]: task for task in box["reload"].tasks()}


def until(notebook: Notebook, expression: str, value: Any) -> None:
    """Waits until the kernel says so."""
    last: list[Any] = [None]

    def said() -> bool:
        last[0] = notebook.ask(expression)
        return bool(last[0] == value)

    try:
        wait_for(said, f"{expression} is {value!r}", timeout=15)
    except AssertionError:
        raise AssertionError(f"{expression} is {last[0]!r}, not {value!r}; the note says {notebook.note!r}") from None


def test_conflicts_and_problems(jupyter: Jupyter, browser: BrowserContext, box: tf.LocalSandbox) -> None:
    """A problem leads to its cell, and is mended there; of two conflicts one goes to theirs, one to ours.

    Before that, a task titled with markup shows as text in grid, tooltip, editor, changes, preview and report.
    """
    evil = box["reload"].tasks()[0]
    box["reload"].edit(evil["id"], title=EVIL)
    first, second, third = [t for t in box["reload"].tasks()[1:] if t["status"] == "todo"][:3]
    edit = (
        "for i, title in {titles!r}.items():\n    tasks.df.loc[i, 'title'] = title\n"
        "tasks.df.loc[{third!r}, 'title'] = ''"
    )
    titles = {first["id"]: "ours one", second["id"]: "ours two"}
    with editing(jupyter, browser, box, "1", name="conflicts") as notebook:
        page = notebook.page
        hostile(notebook, box, evil["id"])
        notebook.type_in(2, edit.format(titles=titles, third=third["id"]))
        problem = page.locator(".tf-problems")
        problem.wait_for()
        problem.get_by_role("button").click()
        wait_for(
            lambda: (
                "tf-problem"
                in (page.locator(".tf-grid .tabulator-range-only-cell-selected").get_attribute("class") or "")
            ),
            "the cell with the problem is the one that is selected",
        )
        page.keyboard.type("mended")
        page.keyboard.press("Enter")
        until(notebook, "len(tasks.plan().problems)", 0)
        for task in (first, second):
            box["reload"].edit(task["id"], title="theirs")
        notebook.tab("Apply")
        notebook.button("Apply 3 tasks").click()
        until(notebook, "editor.report.counts", {"applied": 1, "conflict": 2})
        assert box["reload"].task(third["id"])["title"] == "mended"
        choice = page.locator(".taskframe-editor .widget-hbox", has_text=second["identifier"]).last
        choice.get_by_role("button", name="ours").click()
        notebook.button("Decide as chosen").click()
        until(notebook, "len(editor.plan)", 1)
        assert box["reload"].task(second["id"])["title"] == "theirs", "nothing is sent before Apply"
        run = notebook.ask("editor.report.run_id")
        notebook.tab("Apply")
        notebook.button("Apply 1 task").click()
        until(notebook, f"editor.report.run_id != {run!r}", True)
        assert box["reload"].task(first["id"])["title"] == "theirs"
        assert box["reload"].task(second["id"])["title"] == "ours two"
        assert notebook.ask("len(tasks.plan())") == 0
        assert (notebook.outside, notebook.errors) == ([], [])


def hostile(notebook: Notebook, box: tf.LocalSandbox, task: str) -> None:
    """Markup in a title is text wherever it shows, and goes to the service as it is."""
    page = notebook.page
    assert notebook.cell(0, "title").inner_text() == EVIL
    notebook.cell(0, "title").hover()
    page.locator(".tabulator-tooltip", has_text=EVIL).wait_for(timeout=10_000)
    notebook.cell(0, "title").dblclick()
    page.keyboard.press("End")
    page.keyboard.type("<b>!")
    page.keyboard.press("Enter")
    until(notebook, "len(tasks.plan().changes)", 1)
    page.locator(".tf-ticks", has_text="onerror").wait_for()
    notebook.cell(3, "status").hover()
    notebook.cell(0, "title").hover()
    page.locator(".tabulator-tooltip", has_text=f"was: {EVIL}").wait_for(timeout=10_000)
    notebook.tab("Apply")
    notebook.button("Apply 1 task").click()
    until(notebook, "editor.report.counts if editor.report else None", {"applied": 1})
    notebook.button("Undo 1 task").click()
    page.locator(".tf-ticks", has_text="onerror").wait_for()
    assert box["reload"].task(task)["title"] == EVIL + "<b>!"
    assert page.evaluate("document.body.dataset.evil") is None
    assert page.locator(".taskframe-editor img").count() == 0
    notebook.button("Back to the edits").click()
    until(notebook, "len(editor.plan)", 0)


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_a_whole_job(jupyter: Jupyter, browser: BrowserContext, box: tf.LocalSandbox, face: str) -> None:
    """Filter, edit, choose, set all, untick, dry run, apply, report, undo; no request leaves this machine."""
    before = held(box)
    urgent = [t for t in before.values() if t["status"] == "todo" and t["priority"] == "none"]
    assert len(urgent) > 3
    with editing(jupyter, browser, box, face=face, name=f"job-{face}") as notebook:
        page = notebook.page
        # filter: two drop-downs
        for label, value in (("status", "todo"), ("priority", "none")):
            picker = page.locator(".taskframe-editor .widget-vbox", has=page.get_by_text(label, exact=True)).last
            picker.locator("select").first.select_option(value)
            picker.locator("select option:checked", has_text="or …").wait_for(state="attached")
        notebook.ready(len(urgent))
        # a cell by double-click
        title = notebook.cell(0, "title")
        identifier = notebook.cell(0, "identifier").inner_text()
        title.dblclick()
        page.keyboard.press("Control+a")
        page.keyboard.type("Renamed by hand")
        page.keyboard.press("Enter")
        until(notebook, "len(tasks.plan().changes)", 1)
        # a choice from the drop-down
        notebook.cell(1, "status").dblclick()
        second = notebook.cell(1, "identifier").inner_text()
        page.locator(".tabulator-edit-list-item", has_text="blocked").click()
        until(notebook, "len(tasks.plan().changes)", 2)
        # all filtered ones
        bulk = page.locator(".taskframe-editor .widget-hbox", has=page.get_by_text("Set for all filtered")).last
        bulk.locator("select").nth(0).select_option("priority")
        bulk.locator("select").nth(2).select_option("high")
        notebook.button(f"Set {len(urgent)} tasks").click()
        until(notebook, "len(tasks.plan().changes)", 2 + len(urgent))
        assert held(box) == before, "nothing is sent before Apply"
        # untick a task
        ticks = page.locator(".tf-ticks")
        ticks.get_by_role("checkbox", name=second, exact=True).uncheck()
        until(notebook, "len(editor.plan)", len(urgent) - 1)
        # dry run, apply
        notebook.tab("Apply")
        notebook.button("Dry run").click()
        until(notebook, "editor.report.counts if editor.report else None", {"ready": len(urgent) - 1})
        assert held(box) == before, "a dry run writes nothing"
        notebook.tab("Apply")
        notebook.button(f"Apply {len(urgent) - 1} tasks").click()
        until(notebook, "editor.report.counts", {"applied": len(urgent) - 1})
        after = held(box)
        for task in urgent:
            name = task["identifier"]
            expected = dict(task)
            if name != second:
                expected |= {"priority": "high"} | ({"title": "Renamed by hand"} if name == identifier else {})
            for column in ("title", "status", "priority", "description", "assigneeUserId"):
                assert after[name][column] == expected[column], (name, column)
        page.locator(".taskframe-editor p.tf-first:visible", has_text=f"{len(urgent) - 1} applied").wait_for()
        run = notebook.ask("editor.report.run_id")
        until(notebook, "len(tasks.plan())", 1)  # the unticked one is still an edit
        # and back
        notebook.button(f"Undo {len(urgent) - 1} tasks").click()
        until(notebook, "len(editor.plan)", len(urgent) - 1)
        notebook.tab("Apply")
        notebook.button(f"Apply {len(urgent) - 1} tasks").click()
        until(notebook, f"editor.report.run_id != {run!r}", True)
        assert notebook.ask("editor.report.counts") == {"applied": len(urgent) - 1}
        again = held(box)
        wanted = {n: {k: v for k, v in t.items() if k not in ("version", "updatedAt")} for n, t in before.items()}
        assert {n: {k: t[k] for k in wanted[n]} for n, t in again.items()} == wanted
        assert (notebook.outside, notebook.errors) == ([], [])
