"""A run that is under way, seen from the notebook: how far it is, and how it is stopped."""

from __future__ import annotations

import asyncio
import signal
import threading
import time
from collections.abc import Callable, Mapping
from contextlib import suppress
from typing import Any

from taskframe.errors import ApplyInterrupted, TaskframeError
from taskframe.plan import Plan
from taskframe.preview.words import count, duration
from taskframe.progress import shown_by
from taskframe.report import Report

_TICK = 0.15
_WARM = 0.5  # seconds until a rate is worth telling


class Progress:
    """How far a run is. Made as tqdm is (`bar`), and filled from the thread that sends; read from the notebook's."""

    def __init__(self, clock: Callable[[], float] = time.monotonic) -> None:
        self._clock = clock
        self.total = self.done = 0
        self.counts: Mapping[str, int] = {}
        self._started = clock()

    def bar(self, *, total: int | None = None, **_: Any) -> Progress:
        """What `progress=` takes: a bar with tqdm's face."""
        self.total, self.done, self.counts, self._started = total or 0, 0, {}, self._clock()
        return self

    @property
    def n(self) -> int:
        """tqdm's name for `done`."""
        return self.done

    def reset(self, total: int | None = None) -> None:
        """Another total has become known."""
        self.total = total or 0

    def update(self, n: int = 1) -> None:
        """So many more are done."""
        self.done += n

    def set_postfix(self, counts: Mapping[str, int], *, refresh: bool = True) -> None:
        """So many tasks had this outcome."""
        del refresh
        self.counts = dict(counts)

    def close(self) -> None:
        """No more to come."""

    @property
    def words(self) -> str:
        """`120 of 217 tasks · 53 a second · 2 seconds left · applied 118, conflict 2`."""
        seconds = self._clock() - self._started
        parts = [f"{self.done:,} of {count(self.total, 'task')}"]
        if self.done and seconds >= _WARM:
            rate = self.done / seconds
            parts.append(f"{rate:,.0f} a second" if rate >= 1 else f"{rate * 60:,.0f} a minute")
            if self.done < self.total:
                parts.append(f"{duration((self.total - self.done) / rate)} left")
        parts.append(", ".join(f"{kind} {n:,}" for kind, n in self.counts.items()))
        return " · ".join(filter(None, parts))


class Work:
    """One run at a time, on the loop of the notebook, which meanwhile stays free: its stop button works.

    An interrupt of the kernel stops it as well. `changed` is called whenever there is news.
    """

    def __init__(self, changed: Callable[[], None]) -> None:
        self._changed = changed
        self._task: asyncio.Task[Any] | None = None
        self.progress = Progress()
        self.busy = self.stopping = False
        self.error = ""

    async def run(self, plan: Plan, *, dry: bool, confirm: int | None = None) -> Report | None:
        """Applies the plan, or tries it; gives the report, None where there is none and `error` says why."""
        self.busy, self.stopping, self.error = True, False, ""
        self.progress = Progress()
        self._task = asyncio.current_task()
        ticker = asyncio.ensure_future(self._tick())
        undo = _on_interrupt(self.stop)
        try:
            with shown_by(self.progress.bar):
                return await (plan.dry_run_async() if dry else plan.apply_async(confirm=confirm))
        except asyncio.CancelledError as error:
            if not self.stopping or self._task is None:
                raise
            self._task.uncancel()
            found = next((a for a in error.args if isinstance(a, Report)), None)
            self.error = "" if found is not None else "stopped before the first write: nothing was sent"
            return found
        except ApplyInterrupted as error:
            return error.report
        except TaskframeError as error:
            self.error = str(error)
            return None
        finally:
            self.busy = False
            undo()
            ticker.cancel()
            with suppress(asyncio.CancelledError):
                await ticker

    def stop(self) -> None:
        """Ends the run in order: calls in flight end, no new task is taken."""
        if self.busy and not self.stopping and self._task is not None:
            self.stopping = True
            self._task.cancel()

    async def _tick(self) -> None:
        while True:
            self._changed()
            await asyncio.sleep(_TICK)


def _on_interrupt(stop: Callable[[], None]) -> Callable[[], None]:
    """Has the kernel's interrupt call `stop`; gives what takes that back.

    Between two cells ipykernel ignores the signal; while a cell runs the signal is that cell's.
    """
    if threading.current_thread() is not threading.main_thread():
        return lambda: None
    loop = asyncio.get_running_loop()
    over = False

    def heard(*_: Any) -> None:
        if not over:
            loop.call_soon_threadsafe(stop)

    def listen() -> None:
        if over:
            return
        if signal.getsignal(signal.SIGINT) is signal.SIG_IGN:  # set again after each message from the page
            signal.signal(signal.SIGINT, heard)
        loop.call_later(_TICK, listen)

    listen()

    def undo() -> None:
        nonlocal over
        over = True
        if signal.getsignal(signal.SIGINT) is heard:
            signal.signal(signal.SIGINT, signal.SIG_IGN)

    return undo
