"""The panel, driven by its own widgets in this process: the thin shell passes on what the parts do."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pytest

import taskframe as tf

pytest.importorskip("anywidget")

if TYPE_CHECKING:
    from taskframe.widgets.editor import Editor


def say(editor: Editor, **content: Any) -> None:
    """As a view would."""
    editor._heard({"view": "v", "version": editor.grid.view["version"], **content})


def test_a_job_through_the_widgets(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Filter, set, untick, apply, undo, by the same widgets that a person uses."""
    tasks = conn.load()
    editor = tasks.editor()
    todo = int(tasks.df["status"].eq("todo").sum())
    editor.filter._parts["status"].pick.value = "todo"  # type: ignore[union-attr]
    assert editor.grid.view["rows"] == todo
    editor.set.column.value = "priority"
    editor.set.value.value = "urgent"
    editor.set.button.click()
    cells = len(tasks.plan().changes)
    assert 0 < cells <= todo
    assert editor.tabs.titles[0] == f"Changes ({cells})"
    task = editor.changes.ticks.page["tasks"][0]["id"]
    editor.changes._heard({"type": "tick", "task": None, "id": task, "on": False})
    editor.tabs.selected_index = 1
    editor.run.apply.click()
    assert editor.report is not None
    assert editor.report.counts == {"applied": cells - 1}
    assert editor.tabs.selected_index == 2
    editor.result.undo.click()
    assert editor.tabs.selected_index == 0
    editor.run.apply.click()
    assert editor.report.counts == {"applied": cells - 1}
    assert len(tasks.plan()) == 1
    editor.close()


def test_a_page_can_say_anything(conn: tf.Connection) -> None:
    """A message that makes no sense changes nothing and raises nothing."""
    tasks = conn.load()
    editor = tasks.editor()
    for content in (
        {}, {"type": "edit"}, {"type": "edit", "k": 10**9, "id": "x", "column": 0, "value": 1},
        {"type": "edit", "k": 0, "id": None, "column": 10**9, "value": 1}, {"type": "paste", "top": "a"},
        {"type": "sort", "column": 10**6}, {"type": "rows", "start": -5, "stop": 10**9}, {"type": "unheard of"},
        {"type": "clear", "top": 0, "bottom": 1, "columns": [-1, 10**6]},
    ):  # fmt: skip
        editor._heard({"view": "v", "version": editor.grid.view["version"], **content})
    assert len(tasks.plan()) == 0
    editor.close()


def test_an_edit_while_applying_is_held_back(conn: tf.Connection) -> None:
    """The grid is locked in the browser; what comes all the same is not taken."""
    tasks = conn.load()
    editor = tasks.editor()
    editor._work.busy = True
    title = [c["name"] for c in editor.grid.columns].index("title")
    say(editor, type="edit", k=0, id=tasks.df.index[0], column=title, value="too late")
    assert "under way" in editor.grid.note
    assert len(tasks.plan()) == 0
    editor.close()


def test_nothing_given_clears_nothing(conn: tf.Connection) -> None:
    """An empty field is no value: it would take hundreds of values away."""
    tasks = conn.load()
    editor = tasks.editor()
    editor.set.column.value = "assigneeUserId"
    editor.set.button.click()
    assert "set to what?" in editor.grid.note
    assert len(tasks.plan()) == 0
    editor.set.way.value = "clear"
    editor.set.button.click()
    assert tasks.df["assigneeUserId"].isna().all()
    editor.close()


def test_the_widget_state_holds_no_tasks(conn: tf.Connection) -> None:
    """What is sent before anybody scrolls does not grow with the tasks."""
    import json

    editor = conn.load().editor()
    state = {k: v for k, v in editor.grid.get_state().items() if k not in ("_esm", "_css")}
    assert len(json.dumps(state)) < 20_000
    editor.close()
