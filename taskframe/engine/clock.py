"""What time it is, and how to wait: passed in, so that tests run hours in a second."""

from __future__ import annotations

import asyncio
import time
from typing import Protocol


class Clock(Protocol):
    """Time for waiting (`now`), time of day (`wall`), and waiting itself."""

    def now(self) -> float:
        """Seconds from some start; never goes back."""

    def wall(self) -> float:
        """Seconds since 1970 (UTC)."""

    async def sleep(self, seconds: float) -> None:
        """Wait; may be cancelled."""


class SystemClock:
    """The machine's own time."""

    def now(self) -> float:
        """Seconds from some start; never goes back."""
        return time.monotonic()

    def wall(self) -> float:
        """Seconds since 1970 (UTC)."""
        return time.time()

    async def sleep(self, seconds: float) -> None:
        """Wait; may be cancelled."""
        await asyncio.sleep(seconds)


class ScaledClock:
    """Time that runs `factor` times as fast as the machine's.

    Give one and the same clock to the engine and to the sandbox, and a rate limit of an hour is tested in a second.
    """

    def __init__(self, factor: float) -> None:
        if not factor > 0:
            raise ValueError(f"time runs forward: a factor above 0, not {factor}")
        self.factor = factor
        self._now = time.monotonic()
        self._wall = time.time()

    def now(self) -> float:
        """Seconds from some start; never goes back."""
        return self._now + (time.monotonic() - self._now) * self.factor

    def wall(self) -> float:
        """Seconds since 1970 (UTC), as this clock counts them."""
        # from the monotonic clock, so that both faces of this clock keep one pace
        return self._wall + (time.monotonic() - self._now) * self.factor

    async def sleep(self, seconds: float) -> None:
        """Wait; may be cancelled."""
        await asyncio.sleep(seconds / self.factor)
