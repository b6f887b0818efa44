"""Where an editor's work is done: in the thread of the cell that opened it."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable

Do = Callable[[], object]


class Home:
    """Calls things in the thread, and on the loop, that it was made in.

    JupyterLab sends what widgets say to a subshell, a thread beside the one in which cells run. An edit from there
    would run into a cell that edits the same frame. So it waits until the cell is over.
    """

    def __init__(self) -> None:
        self._thread = threading.get_ident()
        try:
            self._loop: asyncio.AbstractEventLoop | None = asyncio.get_running_loop()
        except RuntimeError:
            self._loop = None

    def __call__(self, do: Do) -> None:
        """At once, or where this is another thread as soon as that one is free."""
        if self._loop is None or threading.get_ident() == self._thread or self._loop.is_closed():
            do()
        else:
            self._loop.call_soon_threadsafe(do)
