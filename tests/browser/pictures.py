"""The pictures of the editor in docs/_static: `make pictures` takes them anew, in JupyterLab, light and dark."""

from __future__ import annotations

import sys
import tempfile
from pathlib import Path

sys.path.insert(0, str(Path(__file__).parent))

from browser_stage import OPEN, Jupyter, Notebook, browsing, editing

import taskframe as tf

STATIC = Path(__file__).parents[2] / "docs" / "_static"
SIZE = (1440, 1800)


def take(notebook: Notebook, box: tf.LocalSandbox, theme: str) -> None:
    """The panel with edits and a problem, then the run's report with a conflict."""
    page = notebook.page
    page.keyboard.press("Control+b")  # without the list of files
    ids = notebook.ask("tasks.df.index[tasks.df['status'].eq('todo')][:6].tolist()")
    notebook.type_in(
        2,
        f"conn.people = {names(box)!r}\n"
        f"df = tasks.df\ndf.loc[{ids[:4]!r}, 'priority'] = 'urgent'\n"
        f"df.loc[{ids[1]!r}, 'title'] += ', before the audit'\ndf.loc[{ids[2]!r}, 'assigneeUserId'] = None\n"
        f"df.loc[{ids[5]!r}, 'title'] = ''\neditor.sync()",
    )
    notebook.filter("status").locator("select").select_option("todo")
    page.locator(".tf-ticks .tf-problems").wait_for()
    notebook.cell(0, "title").locator("span").first.wait_for()
    notebook.cell(2, "status").click()
    page.mouse.move(5, 5)
    page.wait_for_timeout(700)
    picture(notebook, f"editor-{theme}.png")
    box["reload"].edit(ids[1], title="Renamed by a colleague meanwhile")
    notebook.tab("Apply")
    page.get_by_text("without what has problems").click()
    notebook.button("Apply 4 tasks").click()
    page.locator(".taskframe-editor p.tf-first:visible", has_text="1 conflict").wait_for()
    page.mouse.move(5, 5)
    page.wait_for_timeout(700)
    picture(notebook, f"editor-report-{theme}.png")
    assert not notebook.outside, notebook.outside


def picture(notebook: Notebook, name: str) -> None:
    """The panel, with a little room around it."""
    box = notebook.page.locator(".taskframe-editor").bounding_box()
    assert box is not None
    room = 3
    clip = {
        "x": box["x"] - room,
        "y": box["y"] - room,
        "width": box["width"] + 2 * room,
        "height": box["height"] + 2 * room,
    }
    notebook.page.screenshot(path=STATIC / name, clip=clip)


def names(box: tf.LocalSandbox) -> dict[str, str]:
    """id → name of the sandbox's people."""
    return {p["id"]: p["displayName"] for p in box["reload"].people}


def main() -> None:
    """All of them."""
    for theme in ("light", "dark"):
        with tempfile.TemporaryDirectory() as folder, tf.sandbox(tasks=300, services=["reload"]) as box:
            jupyter = Jupyter(Path(folder), theme=f"JupyterLab {theme.title()}")
            try:
                opening = OPEN.replace("editor()", "editor(height=300)")
                with (
                    browsing(Path(folder) / "browser", jupyter, dark=theme == "dark") as browser,
                    editing(jupyter, browser, box, "1", open_with=opening, size=SIZE) as notebook,
                ):
                    take(notebook, box, theme)
            finally:
                jupyter.close()


if __name__ == "__main__":
    main()
