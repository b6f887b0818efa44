import asyncio
import time

import pytest

from taskframe.engine.clock import ScaledClock, SystemClock


def test_a_scaled_clock_runs_faster_than_the_machine() -> None:
    """An hour of its time passes in seconds, for `now`, `wall` and `sleep` alike."""
    clock = ScaledClock(36_000)
    now, wall, real = clock.now(), clock.wall(), time.monotonic()
    asyncio.run(clock.sleep(3600))
    assert time.monotonic() - real < 60
    assert clock.now() - now >= 3599
    assert clock.wall() - wall >= 3599


def test_the_system_clock_tells_the_time_of_day() -> None:
    """`wall` is the epoch, `now` never goes back."""
    clock = SystemClock()
    assert abs(clock.wall() - time.time()) < 60
    first = clock.now()
    asyncio.run(clock.sleep(0))
    assert clock.now() >= first


def test_a_sleep_can_be_cancelled() -> None:
    """A sleeper wakes when its task is cancelled: an interrupt never waits for a backoff."""

    async def main() -> None:
        task = asyncio.create_task(ScaledClock(1.0).sleep(3600))
        await asyncio.sleep(0)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task

    asyncio.run(main())


def test_time_does_not_run_backwards() -> None:
    """A factor that is no pace is refused."""
    with pytest.raises(ValueError, match="factor"):
        ScaledClock(0)
