"""What a connection spends of its limits, kept in the journal: a process that starts anew knows what is used up."""

from __future__ import annotations

import asyncio
import json
import logging
import threading
from collections.abc import Mapping
from typing import Final

from taskframe.engine.aside import aside
from taskframe.engine.clock import Clock
from taskframe.errors import JournalError
from taskframe.journal.book import Journal

log = logging.getLogger("taskframe")

PULSE: Final = 1.0
"""Calls are written down once in so many seconds, all together."""


class Purse:
    """The calls of one connection, counted by the second on its event loop, and written down in threads.

    A journal that can't be read or written costs no call: it is said once, and then no more is kept.
    """

    def __init__(self, journal: Journal, service: str, base_url: str, account: Mapping[str, str], clock: Clock) -> None:
        self._journal = journal
        self._place = json.dumps([service, base_url, sorted(account.items())])
        self._clock = clock
        self._calls: dict[int, int] = {}
        self._longest = 0.0
        self._timer: asyncio.TimerHandle | None = None
        self._writing: set[asyncio.Task[None]] = set()
        self._lock = threading.Lock()  # one thread at a time
        self._broken = False

    async def earlier(self, longest: float) -> list[float]:
        """When the calls of earlier processes ended, in epoch seconds; of each second, at its end at the latest."""
        try:
            found = await aside(lambda: self._journal.spent(self._place, self._clock.wall() - longest - 1))
        except JournalError as error:
            self._give_up(error)
            return []
        return [second + 1.0 for second, calls in found for _ in range(calls)]

    def ended(self, longest: float) -> None:
        """A call has ended now."""
        if self._broken:
            return
        second = int(self._clock.wall())
        self._calls[second] = self._calls.get(second, 0) + 1
        self._longest = longest
        if self._timer is None:
            self._timer = asyncio.get_running_loop().call_later(PULSE, self._pulse)

    async def flush(self) -> None:
        """All that was counted is on disk when this returns, or will never be."""
        self.flush_soon()
        if self._writing:
            await asyncio.wait(self._writing)

    def flush_soon(self) -> None:
        """What was counted is written down now: a load or a run has ended."""
        if self._timer is not None:
            self._timer.cancel()
            self._pulse()

    def _pulse(self) -> None:
        self._timer = None
        calls, self._calls = self._calls, {}
        if calls:
            task = asyncio.get_running_loop().create_task(aside(lambda: self._write(calls, self._longest)))
            self._writing.add(task)
            task.add_done_callback(self._writing.discard)

    def _write(self, calls: Mapping[int, int], longest: float) -> None:
        with self._lock:
            if self._broken:
                return
            try:
                self._journal.spend(self._place, calls, longest=longest)
            except JournalError as error:
                self._give_up(error)

    def _give_up(self, error: JournalError) -> None:
        if not self._broken:
            self._broken = True
            self._calls = {}
            log.warning("what is spent of the limits is not kept for the next process: %s", error)
