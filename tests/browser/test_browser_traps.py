"""What a notebook's grid gets wrong when nobody looks: each was met in a prototype, or is bound to be met."""

from __future__ import annotations

import pytest
from browser_stage import Jupyter, Notebook, editing, wait_for
from playwright.sync_api import BrowserContext, Locator
from test_browser_job import held, until

import taskframe as tf

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the clients that drive the kernel and the browser


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_hands_on_the_grid(jupyter: Jupyter, browser: BrowserContext, box: tf.LocalSandbox, face: str) -> None:
    """Block paste refuses what it must and says so; undo and redo by keys; d d deletes no notebook cell; a second view.

    A column is as wide as its edge is drawn. A click on a grid that is half in sight doesn't move the page.
    At the end the kernel restarts, all cells run, and the grid is there again and edits.
    """
    with editing(jupyter, browser, box, "1", name=f"hands-{face}", face=face) as notebook:
        page = notebook.page
        old = notebook.ask("tasks.df[['identifier','title','status']].head(8).astype(str).values.tolist()")
        widen(notebook, "title")
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
        half_in_sight(notebook.cell(1, "title", second))
        notebook.edit(1, "title", "from the second", second)
        until(notebook, "tasks.df['title'].iloc[1]", "from the second")
        notebook.cell(1, "title").get_by_text("from the second").wait_for()
        assert (notebook.outside, notebook.errors) == ([], [])
        restart(notebook)
        assert notebook.outside == []


def widen(notebook: Notebook, column: str) -> None:
    """Draws a column's right edge: its cells follow, and stay as wide when the rows or columns come anew."""
    page = notebook.page
    head = notebook.grid.locator(f'.tabulator-col:has(.tf-title > span:text-is("{column}"))')

    def widths() -> list[float]:
        return [
            element.evaluate("e => e.getBoundingClientRect().width") for element in (head, notebook.cell(0, column))
        ]

    before = widths()
    wanted = [width + 70 for width in before]
    edge = head.evaluate("e => [e.getBoundingClientRect().right, e.getBoundingClientRect().y + 10]")
    page.mouse.move(edge[0] - 1, edge[1])
    page.mouse.down()
    page.mouse.move(edge[0] + 30, edge[1])
    page.mouse.move(edge[0] + 69, edge[1])
    page.mouse.up()
    assert widths() == wanted
    for order in ("up", "down", ""):
        head.locator(".tf-sort").click()
        wait_for(lambda order=order: head.locator(f'.tf-sort[data-order="{order}"]').count(), "it is sorted")
        notebook.ready()
        assert widths() == wanted
    # other columns in the frame, or other choices: the table is made anew
    notebook.grid.evaluate("grid => { grid.dataset.old = '1' }")
    notebook.ask("setattr(editor.grid, 'columns', [{**c, 'maximum': 999} for c in editor.grid.columns])")
    page.locator('.tf-grid[data-ready="1"]:not([data-old])').wait_for()
    notebook.ready()
    assert widths() == wanted


def half_in_sight(cell: Locator) -> None:
    """At the lower end of the window, where the rows beneath it are out of sight, a click leaves the cell in its place.

    Else the page would move beneath the mouse, and a double-click would edit another row.
    """
    cell.evaluate("""cell => {
        const lower = window.innerHeight - 80 - cell.getBoundingClientRect().bottom;
        cell.closest('.jp-WindowedPanel-outer').scrollTop -= lower;
    }""")
    places = [cell.bounding_box()]

    def settled() -> bool:
        cell.page.wait_for_timeout(200)
        places.append(cell.bounding_box())
        return places[-1] is not None and places[-1] == places[-2]

    wait_for(settled, "the notebook has put its cells in their places")
    cell.click()
    assert cell.bounding_box() == places[-1]


def restart(notebook: Notebook) -> None:
    """Restart and run all; then an edit."""
    page = notebook.page
    page.evaluate("document.querySelectorAll('.tf-grid').forEach(grid => { grid.dataset.old = '1' })")
    page.locator("#jp-MainMenu, .lm-MenuBar").get_by_text("Kernel", exact=True).click()
    page.locator(".lm-Menu-item", has_text="Restart Kernel and Run All Cells…").click()
    page.get_by_role("button", name="Confirm Kernel Restart").click()
    new = page.locator('.tf-grid[data-ready="1"]:not([data-old])')
    wait_for(lambda: new.count() == 2, "both views are there again")
    wait_for(lambda: not page.locator(".tf-grid[data-old]").count(), "the old ones are gone")
    notebook.forget()
    notebook.ready()
    notebook.edit(0, "title", "after the restart")
    until(notebook, "tasks.df['title'].iloc[0]", "after the restart")


@pytest.mark.parametrize("face", ["lab", "notebook"])
def test_an_apply_is_stopped(jupyter: Jupyter, browser: BrowserContext, box: tf.LocalSandbox, face: str) -> None:
    """By the stop button, its retry by the kernel's interrupt: in order, each task with an outcome, as the server says.

    Meanwhile the grid is locked.
    """
    with editing(jupyter, browser, box, name=f"stop-{face}", face=face) as notebook:
        notebook.set_all("priority", "urgent")
        until(notebook, "len(tasks.plan()) > 200", True)
        tasks = notebook.ask("len(tasks.plan())")
        for by in ("stop", "interrupt"):
            begun = sum(task["priority"] == "urgent" for task in held(box).values())
            box.faults.add("latency", times=None, write=True, seconds=1.0)
            notebook.tab("Apply")
            typed = notebook.page.get_by_placeholder("how many tasks?")
            if typed.is_visible():
                typed.fill(str(tasks))
            notebook.button(f"Apply {tasks} tasks").click()
            more_than(box, begun + 40)
            notebook.cell(0, "title").dblclick()
            assert notebook.page.locator(".tf-field").count() == 0, "the grid is locked while applying"
            run = notebook.ask("editor.report.run_id if editor.report else None")
            if by == "stop":
                notebook.button("Stop").click()
            else:
                notebook.interrupt()
            until(notebook, f"editor.report is not None and editor.report.run_id != {run!r}", True)
            box.faults.clear()
            assert notebook.ask("bool(editor.report.stopped)")
            counts = notebook.ask("editor.report.counts")
            assert counts["applied"] + counts["skipped"] == tasks
            outcomes = notebook.ask("editor.report.outcomes['outcome'].astype(str).to_dict()")
            for task, outcome in outcomes.items():
                assert (box["reload"].task(task)["priority"] == "urgent") == (outcome == "applied")
            tasks = counts["skipped"]
            notebook.button(f"Retry {tasks} tasks").click()
            until(notebook, "len(editor.plan)", tasks)
        assert (notebook.outside, notebook.errors) == ([], [])


def more_than(box: tf.LocalSandbox, number: int) -> None:
    """Waits until the server has so many urgent ones."""
    wait_for(lambda: sum(t["priority"] == "urgent" for t in held(box).values()) > number, "some are written")
