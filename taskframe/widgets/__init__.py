"""The editor in the notebook: a grid on `tasks.df`, the plan with its ticks, apply, report, undo

What decides is in plain modules, which need no widgets and are tested without a browser; the boxes only show it.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING

from taskframe.errors import MissingExtra

if TYPE_CHECKING:
    from taskframe.frame import TaskFrame
    from taskframe.widgets.editor import Editor

_PACKAGES = ("ipywidgets", "anywidget", "traitlets")


def open_editor(tasks: TaskFrame, *, columns: Sequence[str] | None = None, height: int = 420) -> Editor:
    """See `TaskFrame.editor`. Raises MissingExtra without ipywidgets and anywidget."""
    try:
        from taskframe.widgets.editor import Editor
    except ImportError as error:
        if (error.name or "").partition(".")[0] not in _PACKAGES:
            raise
        raise MissingExtra("tasks.editor()", "notebook") from error
    return Editor(tasks, columns=columns, height=height)
