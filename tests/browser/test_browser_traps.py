"""What a notebook's grid gets wrong when nobody looks: each was met in a prototype, or is bound to be met."""

from __future__ import annotations

import time
from pathlib import Path

import pytest
from browser_stage import CONNECT, OPEN, Jupyter, editing, opened, wait_for
from test_browser_job import held, until

import taskframe as tf

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the clients that drive the kernel and the browser

EVIL = "<img src=x onerror=\"document.body.dataset.evil='1'\"></script><script>document.body.dataset.evil='1'</script>"


def test_hands_on_the_grid(jupyter: Jupyter, tmp_path: Path, box: tf.LocalSandbox) -> None:
    """Block paste refuses what it must and says so; undo and redo by keys; d d deletes no notebook cell."""
    with editing(jupyter, tmp_path, box, "1", name="hands") as notebook:
        page = notebook.page
        old = notebook.ask("tasks.df[['identifier','title','status']].head(8).astype(str).values.tolist()")
        # identifier is locked; "nonsense" is no status; the title is fine, with a quoted line end in it
        block = 'X-1\t"two\nlines"\tdone\nX-2\tplain\tnonsense'
        page.evaluate("text => navigator.clipboard.writeText(text)", block)
        notebook.cell(3, "identifier").click()
        page.keyboard.press("Control+v")
        until(notebook, "len(tasks.plan().changes) >= 2", True)
        new = notebook.ask("tasks.df[['identifier','title','status']].head(8).astype(str).values.tolist()")
        expected = [list(row) for row in old]
        expected[3][1], expected[3][2], expected[4][1] = "two\nlines", "done", "plain"
        assert new == expected
        wait_for(lambda: "identifier is read-only" in notebook.note, "the note names the locked column")
        assert "'nonsense' is not one of" in notebook.note
        # undo and redo by keys
        page.keyboard.press("Control+z")
        until(notebook, "len(tasks.plan().changes)", 0)
        page.keyboard.press("Control+y")
        until(notebook, "len(tasks.plan().changes) >= 2", True)
        # a block out: what a spreadsheet gets
        notebook.cell(3, "title").click()
        notebook.cell(4, "status").click(modifiers=["Shift"])
        page.keyboard.press("Control+c")
        copied = wait_for(lambda: page.evaluate("navigator.clipboard.readText()"), "something is on the clipboard")
        assert copied == f'"two\nlines"\tdone\nplain\t{old[4][2]}'
        # keys: down, Enter opens the editor, Escape leaves the cell as it is; then d d
        cells = notebook.cells.count()
        notebook.cell(5, "title").click()
        page.keyboard.press("ArrowDown")
        page.keyboard.press("Enter")
        page.locator(".tf-field").wait_for()
        page.keyboard.type("no")
        page.keyboard.press("Escape")
        notebook.cell(2, "identifier").click()
        for key in "ddaabbx":
            page.keyboard.press(key)
        page.wait_for_timeout(400)
        assert notebook.cells.count() == cells
        assert notebook.ask("tasks.df['title'].iloc[6]") == old[6][1]
        # typing begins an edit, Tab or Enter ends it
        notebook.cell(7, "title").click()
        page.keyboard.type("Dddd")
        page.keyboard.press("Enter")
        until(notebook, "tasks.df['title'].iloc[7]", "Dddd")
        assert notebook.cells.count() == cells
        # Delete clears, and is refused where it must be
        notebook.cell(7, "title").click()
        page.keyboard.press("Delete")
        wait_for(lambda: "can't be" in notebook.note, "the note says why")
        assert notebook.ask("tasks.df['title'].iloc[7]") == "Dddd"
        # what a cell does is in the grid, without a word
        notebook.type_in(2, "tasks.df.loc[tasks.df.index[0], 'title'] = 'from a cell'")
        notebook.cell(0, "title").get_by_text("from a cell").wait_for(timeout=10_000)
        # a second view shows the same, and both follow
        notebook.type_in(2, "editor")
        second = page.locator(".tf-grid").nth(1)
        notebook.cell(0, "title", second).get_by_text("from a cell").wait_for(timeout=20_000)
        notebook.cell(7, "title", second).get_by_text("Dddd").wait_for()
        notebook.cell(1, "title", second).dblclick()
        page.keyboard.press("Control+a")
        page.keyboard.type("from the second")
        page.keyboard.press("Enter")
        notebook.cell(1, "title").get_by_text("from the second").wait_for(timeout=10_000)
        assert (notebook.outside, notebook.errors) == ([], [])


def test_hostile_text_is_text(jupyter: Jupyter, tmp_path: Path, box: tf.LocalSandbox) -> None:
    """A task titled with markup shows as text in grid, tooltip, editor, changes, preview and report."""
    reload = box["reload"]
    task = reload.tasks()[0]
    reload.edit(task["id"], title=EVIL)
    with editing(jupyter, tmp_path, box, name="hostile") as notebook:
        page = notebook.page
        assert notebook.cell(0, "title").inner_text() == EVIL
        notebook.cell(0, "title").hover()
        page.locator(".tabulator-tooltip").wait_for(timeout=10_000)
        notebook.cell(0, "title").dblclick()
        page.keyboard.press("End")
        page.keyboard.type("<b>!")
        page.keyboard.press("Enter")
        until(notebook, "len(tasks.plan().changes)", 1)
        page.locator(".tf-ticks", has_text="onerror").wait_for()
        notebook.tab("Apply")
        notebook.button("Apply 1 task").click()
        until(notebook, "editor.report.counts if editor.report else None", {"applied": 1})
        notebook.button("Undo 1 task").click()
        page.locator(".tf-ticks", has_text="onerror").wait_for()
        assert reload.task(task["id"])["title"] == EVIL + "<b>!"
        assert page.evaluate("document.body.dataset.evil") is None
        assert page.locator(".taskframe-editor img").count() == 0
        assert (notebook.outside, notebook.errors) == ([], [])


@pytest.mark.parametrize("by", ["stop", "interrupt"])
def test_an_apply_is_stopped(jupyter: Jupyter, tmp_path: Path, box: tf.LocalSandbox, by: str) -> None:
    """By the stop button, and by the kernel's interrupt: in order, each task with an outcome that the server confirms.

    Meanwhile the grid is locked; a retry does the rest.
    """
    with editing(jupyter, tmp_path, box, name=f"stop-{by}") as notebook:
        bulk = notebook.page.locator(".taskframe-editor .widget-hbox", has_text="Set for all filtered").last
        bulk.locator("select").nth(0).select_option("priority")
        bulk.locator("select").nth(2).select_option("urgent")
        notebook.button("Set 300 tasks").click()
        until(notebook, "len(tasks.plan()) > 200", True)
        tasks = notebook.ask("len(tasks.plan())")
        box.faults.add("latency", times=None, write=True, seconds=1.0)
        notebook.tab("Apply")
        notebook.page.get_by_placeholder("how many tasks?").fill(str(tasks))
        notebook.button(f"Apply {tasks} tasks").click()
        wait_for(lambda: sum(t["priority"] == "urgent" for t in held(box).values()) > 60, "some are written")
        title = notebook.cell(0, "title")
        title.dblclick()
        assert notebook.page.locator(".tf-field").count() == 0, "the grid is locked while applying"
        if by == "stop":
            notebook.button("Stop").click()
        else:
            notebook.interrupt()
        until(notebook, "editor.report is not None and bool(editor.report.stopped)", True)
        box.faults.clear()
        counts = notebook.ask("editor.report.counts")
        assert counts["applied"] + counts["skipped"] == tasks
        outcomes = notebook.ask("editor.report.outcomes['outcome'].astype(str).to_dict()")
        for task, outcome in outcomes.items():
            assert (box["reload"].task(task)["priority"] == "urgent") == (outcome == "applied")
        notebook.button(f"Retry {counts['skipped']} tasks").click()
        until(notebook, "len(editor.plan)", counts["skipped"])
        assert (notebook.outside, notebook.errors) == ([], [])


def test_restart_and_run_all(jupyter: Jupyter, tmp_path: Path, box: tf.LocalSandbox) -> None:
    """The kernel restarts, all cells run, and the grid is there again and edits."""
    with editing(jupyter, tmp_path, box, name="restart") as notebook:
        page = notebook.page
        page.locator("#jp-MainMenu, .lm-MenuBar").get_by_text("Run", exact=True).click()
        page.get_by_text("Restart Kernel and Run All Cells…").click()
        page.get_by_role("button", name="Confirm Kernel Restart").click()
        page.locator('.tf-grid[data-ready="1"]').wait_for(state="detached", timeout=30_000)
        notebook.ready()
        notebook.cell(0, "title").dblclick()
        page.keyboard.press("Control+a")
        page.keyboard.type("after the restart")
        page.keyboard.press("Enter")
        until(notebook, "tasks.df['title'].iloc[0]", "after the restart")


MANY = """
import pandas as pd
parts = [tasks.df.rename(index=lambda i, n=n: f"{i}-{n}") for n in range(400)]
many = tf.from_frame(pd.concat(parts).rename_axis("id").iloc[:100_000], conn)
"""


def test_a_hundred_thousand_tasks(jupyter: Jupyter, tmp_path: Path, box: tf.LocalSandbox) -> None:
    """At most 3 MB go over the wire until they are shown; the last row, a sort and a filter come on demand."""
    connect = CONNECT.format(service="reload", settings=box.settings("reload")).replace("print(", f"{MANY}print(")
    with opened(jupyter, tmp_path, [connect, OPEN.replace("tasks", "many")], name="many") as notebook:
        notebook.run(0)
        notebook.output(0).get_by_text("READY-KERNEL").wait_for(timeout=60_000)
        before, started = notebook.received, time.monotonic()
        notebook.run(1)
        notebook.ready(100_000)
        print(f"100,000 rows: {time.monotonic() - started:.1f} s, {notebook.received - before:,} bytes")
        assert notebook.received - before <= 3_000_000
        page = notebook.page
        holder = notebook.grid.locator(".tabulator-tableholder")
        holder.evaluate("element => { element.scrollTop = element.scrollHeight }")
        last = notebook.cell(99_999, "identifier")
        wait_for(lambda: last.count() and last.inner_text(), "the last row is filled")
        assert last.inner_text() == notebook.ask("many.df['identifier'].iloc[-1]")
        started = time.monotonic()
        notebook.grid.get_by_role("button", name="Sort by title").click()
        first = notebook.ask("many.df.sort_values('title', key=lambda s: s.str.casefold())['identifier'].iloc[0]")
        wait_for(lambda: notebook.cell(0, "identifier").inner_text() == first, "the first row is the least")
        print(f"sorted: {time.monotonic() - started:.1f} s")
        page.get_by_placeholder("a pandas query").fill("identifier == 'T-300'")
        page.keyboard.press("Enter")
        found = notebook.ask("int(many.df['identifier'].eq('T-300').sum())")
        notebook.ready(found)
        notebook.cell(0, "title").dblclick()
        page.keyboard.press("Control+a")
        page.keyboard.type("one of many")
        page.keyboard.press("Enter")
        until(notebook, "len(many.plan().changes)", 1)
        assert (notebook.outside, notebook.errors) == ([], [])
