"""The two widgets of our own: the grid, and the list of changes with its ticks. They pass messages on, and no more."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from pathlib import Path
from typing import Any

import anywidget
import traitlets

STATIC = Path(__file__).parent / "static"

Heard = Callable[[Mapping[str, Any]], None]


class Grid(anywidget.AnyWidget):
    """The grid. It holds no tasks: each of its views asks for the rows that it shows."""

    _esm = STATIC / "grid.js"
    _css = STATIC / "grid.css"
    columns: traitlets.List[Any] = traitlets.List().tag(sync=True)
    view = traitlets.Dict().tag(sync=True)
    note = traitlets.Unicode("").tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)
    height = traitlets.Int(420).tag(sync=True)

    def hear(self, heard: Heard) -> None:
        """`heard` gets each message of a view."""
        self.on_msg(lambda _widget, content, _buffers: heard(content))


class Ticks(anywidget.AnyWidget):
    """The list of changes, a page of it."""

    _esm = STATIC / "ticks.js"
    _css = STATIC / "ticks.css"
    page = traitlets.Dict().tag(sync=True)
    locked = traitlets.Bool(False).tag(sync=True)

    def hear(self, heard: Heard) -> None:
        """`heard` gets each message of a view."""
        self.on_msg(lambda _widget, content, _buffers: heard(content))
