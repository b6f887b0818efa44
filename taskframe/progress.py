"""Progress bars: `tqdm.auto`, a tqdm class of the user's own, or none."""

from __future__ import annotations

import logging
import time
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from contextvars import ContextVar
from typing import Any

from taskframe.errors import SettingsError

log = logging.getLogger("taskframe")

Progress = bool | Callable[..., Any]
"""True: a bar (in Jupyter the notebook's); False: none; or a class that is used as tqdm is."""


_shown_by: ContextVar[Progress | None] = ContextVar("taskframe_progress", default=None)


@contextmanager
def shown_by(progress: Progress) -> Iterator[None]:
    """Within the block, whatever the connection says, bars are this: for an editor that has a bar of its own."""
    before = _shown_by.set(progress)
    try:
        yield
    finally:
        _shown_by.reset(before)


def check_progress(progress: object) -> None:
    """Raises SettingsError for what is no `Progress`."""
    if not isinstance(progress, bool) and not callable(progress):
        raise SettingsError(f"progress= is True, False or a class like tqdm, not {progress!r}")


_OFTEN = 0.1
"""Seconds from one look of our own bar to the next. A class of the user's may do more than show: it is told at once."""


class Bar:
    """A bar that does no harm: when it fails (a closed stderr, a class of the user's), the work goes on without it."""

    def __init__(self, make: Callable[[], Any] | None, *, every: float = 0.0) -> None:
        self._bar: Any = None
        self._every = every
        self._counts: dict[str, int] = {}
        self._fresh = 0
        self._shown = time.monotonic()
        if make is not None:
            try:
                self._bar = make()
            except Exception as error:
                self._give_up(error)

    def update(self, n: int = 1) -> None:
        """So many more are done."""
        self._do("update", n)

    def count(self, kind: str) -> None:
        """One more is done, and became this."""
        if self._bar is None:
            return
        self._counts[kind] = self._counts.get(kind, 0) + 1
        self._fresh += 1
        if not self._every:
            self._show(self._counts)
        elif (now := time.monotonic()) >= self._shown + self._every:
            self._shown = now
            self._show({name: f"{number:,}" for name, number in self._counts.items()})

    def _show(self, counts: Mapping[str, int | str]) -> None:
        fresh, self._fresh = self._fresh, 0
        self._do("set_postfix", counts, refresh=False)
        self._do("update", fresh)

    def reach(self, done: int, total: int | None) -> None:
        """So many are done in all; the total may become known, or change, on the way."""
        bar = self._bar
        if bar is None:
            return
        if total is not None and total != getattr(bar, "total", None):
            if callable(getattr(bar, "reset", None)):
                self._do("reset", total)  # a notebook's bar takes a new total by no other way
            else:
                bar.total = total
        self._do("update", done - getattr(bar, "n", 0))

    def close(self) -> None:
        """No more to show."""
        if self._fresh:
            self._show({name: f"{number:,}" for name, number in self._counts.items()})
        self._do("close")

    def _do(self, name: str, *args: Any, **more: Any) -> None:
        if self._bar is None:
            return
        try:
            getattr(self._bar, name)(*args, **more)
        except Exception as error:
            self._give_up(error)

    def _give_up(self, error: Exception) -> None:
        self._bar = None
        log.warning("the progress bar failed, and is left out: %r", error)


@contextmanager
def progress_bar(progress: Progress, *, desc: str, total: int | None, unit: str = " tasks") -> Iterator[Bar]:
    """A bar for the time of the block."""
    own = _shown_by.get()
    progress = progress if own is None else own
    if progress is False:
        yield Bar(None)
        return
    every = _OFTEN if progress is True else 0.0
    bar = Bar(lambda: _class(progress)(desc=desc, total=total, unit=unit, dynamic_ncols=True), every=every)
    try:
        yield bar
    finally:
        bar.close()


def _class(progress: Progress) -> Callable[..., Any]:
    if not isinstance(progress, bool):
        return progress
    with warnings.catch_warnings():
        # without ipywidgets tqdm says so, and shows its bar as text: that is all one needs to know
        warnings.filterwarnings("ignore", message="IProgress not found")
        from tqdm.auto import tqdm

    class OurBar(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0  # tqdm's monitor thread would outlive the bar

    return OurBar
