import asyncio
import gc
import math
import random
from bisect import bisect_right
from collections.abc import Sequence

import pytest
from engine_wire import VirtualClock

from taskframe.engine.backoff import delay
from taskframe.engine.limits import Limiter, shared_limiter
from taskframe.services.base import Limit


async def use(limiter: Limiter, clock: VirtualClock, calls: int, took: float, spans: list[tuple[float, float]]) -> None:
    for _ in range(calls):
        async with limiter.slot():
            start = clock.now()
            await clock.sleep(took)
            spans.append((start, clock.now()))


async def saturate(
    limiter: Limiter, clock: VirtualClock, workers: int, calls: int, took: float
) -> list[tuple[float, float]]:
    spans: list[tuple[float, float]] = []
    await asyncio.gather(*[use(limiter, clock, calls, took, spans) for _ in range(workers)])
    return spans


def most_in_a_window(times: list[float], per: float) -> int:
    times = sorted(times)
    return max(i - bisect_right(times, t - per) + 1 for i, t in enumerate(times))


def test_no_window_ever_holds_more_calls_than_allowed() -> None:
    """Several limits at once, calls of any length: wherever within a call the service counts it, no window is over."""
    clock = VirtualClock()
    limits = [Limit(10, per=1), Limit(60, per=10), Limit(200, per=60)]
    limiter = Limiter(limits, clock)
    rng = random.Random(3)

    async def worker(spans: list[tuple[float, float]]) -> None:
        for _ in range(25):
            await use(limiter, clock, 1, rng.choice([0.01, 0.2, 3.0]), spans)

    spans: list[tuple[float, float]] = []

    async def main() -> None:
        await asyncio.gather(*[worker(spans) for _ in range(20)])

    clock.run(main())
    assert len(spans) == 500
    for limit in limits:
        for share in (0.0, 0.5, 1.0):
            counted = [a + share * (b - a) for a, b in spans]
            assert most_in_a_window(counted, limit.per - 1e-9) <= limit.calls
        assert most_in_a_window([rng.uniform(a, b) for a, b in spans], limit.per - 1e-9) <= limit.calls


def test_a_limit_is_used_to_the_full() -> None:
    """With workers enough and calls that are short for the period, at least 0.97 of the limit goes through."""
    clock = VirtualClock()
    limiter = Limiter([Limit(60, per=60), Limit(1800, per=3600)], clock)
    spans = clock.run(saturate(limiter, clock, 16, 120, took=0.3))
    hour = [start for start, _ in spans if start < 3600]
    assert 0.97 * 1800 <= len(hour) <= 1800
    burst = [start for start, _ in spans if start < 1500]
    assert len(burst) >= 0.97 * 60 * 25


def test_without_limits_nothing_waits() -> None:
    """An unlimited connection never sleeps."""
    clock = VirtualClock()
    clock.run(saturate(Limiter((), clock), clock, 8, 50, took=0.0))
    assert clock.now() == 0.0


def test_who_comes_first_goes_first() -> None:
    """Slots are given in the order in which they were asked for."""
    clock = VirtualClock()
    limiter = Limiter([Limit(1, per=1)], clock)
    order: list[int] = []

    async def one(number: int) -> None:
        async with limiter.slot():
            order.append(number)

    async def main() -> None:
        await asyncio.gather(*[one(n) for n in range(20)])

    clock.run(main())
    assert order == list(range(20))


@pytest.mark.parametrize("seed", range(40))
def test_a_cancelled_wait_loses_no_slot(seed: int) -> None:
    """First, last or in the middle of the line, waiting for a window, a reply or a pause: those behind go on."""
    clock = VirtualClock()
    limiter = Limiter([Limit(3, per=5)], clock)
    rng = random.Random(seed)
    through: list[int] = []

    async def one(number: int) -> None:
        async with limiter.slot():
            await clock.sleep(rng.uniform(0, 2))
            through.append(number)

    async def main() -> list[int]:
        tasks = [asyncio.create_task(one(n)) for n in range(30)]
        for number in rng.sample(range(30), 12):
            await clock.sleep(rng.uniform(0, 2))
            if rng.random() < 0.2:
                limiter.pause(3)
            tasks[number].cancel()
        results = await asyncio.gather(*tasks, return_exceptions=True)
        return [n for n, r in enumerate(results) if r is None]

    finished = clock.run(main())
    assert len(finished) >= 18
    assert set(through) == set(finished)
    assert limiter.wait() is not None, "a slot was lost: nothing is in flight, and yet somebody is waited for"


def test_a_pause_holds_back_everybody() -> None:
    """No call starts before the longest pause is over, and then they go on; only the first says that it is new."""
    clock = VirtualClock()
    limiter = Limiter((), clock)
    assert limiter.pause(30)
    assert not limiter.pause(10)
    assert not limiter.pause(40)
    spans = clock.run(saturate(limiter, clock, 4, 1, took=1.0))
    assert [start for start, _ in spans] == [40.0] * 4
    assert limiter.pause(1)


def test_a_pause_reaches_those_who_wait_already() -> None:
    """A worker that waits for a window does not slip through a pause that came later."""
    clock = VirtualClock()
    limiter = Limiter([Limit(1, per=2)], clock)
    spans: list[tuple[float, float]] = []

    async def main() -> None:
        first = asyncio.create_task(use(limiter, clock, 2, 0.0, spans))
        await clock.sleep(1)
        limiter.pause(10)
        await first

    clock.run(main())
    assert [start for start, _ in spans] == [0.0, 11.0]


def test_going_easy_lowers_the_limits() -> None:
    """Each "too many" lowers the rate, down to a quarter."""
    limiter = Limiter([Limit(100, per=60)], VirtualClock())
    limiter.ease()
    assert limiter.effective == (Limit(85, per=60),)
    for _ in range(50):
        limiter.ease()
    assert limiter.effective == (Limit(25, per=60),)


def test_calls_of_an_earlier_process_count() -> None:
    """Seeded with when calls ended, the window is as full as it was."""
    clock = VirtualClock()
    limiter = Limiter([Limit(3, per=60)], clock)
    limiter.remember([clock.wall() - age for age in (70, 50, 20, 10)])
    spans = clock.run(saturate(limiter, clock, 1, 2, took=0.0))
    assert [start for start, _ in spans] == [pytest.approx(10), pytest.approx(40)]


def test_connections_to_one_account_share_their_limits() -> None:
    """Two connections together stay within the strictest of both; when it is closed, the other has its own again."""
    clock = VirtualClock()
    wide = shared_limiter(("reload", "https://a", "w"), [Limit(10, per=1), Limit(500, per=60)], clock)
    tight = shared_limiter(("reload", "https://a", "w"), [Limit(4, per=1)], clock)
    other = shared_limiter(("reload", "https://a", "other"), [Limit(9, per=1)], clock)
    assert wide.effective == tight.effective == (Limit(4, per=1), Limit(500, per=60))
    assert other.effective == (Limit(9, per=1),)

    async def main() -> list[tuple[float, float]]:
        a, b = await asyncio.gather(saturate(wide, clock, 4, 10, 0.01), saturate(tight, clock, 4, 10, 0.01))
        return a + b

    spans = clock.run(main())
    assert most_in_a_window([start for start, _ in spans], 1 - 1e-9) == 4
    tight.close()
    assert wide.effective == (Limit(10, per=1), Limit(500, per=60))


def test_a_forgotten_connection_holds_nobody_back() -> None:
    """The limits of a connection that was never closed go when it is gone."""
    clock = VirtualClock()
    wide = shared_limiter("key", [Limit(10, per=1)], clock)
    tight = shared_limiter("key", [Limit(4, per=1)], clock)
    assert wide.effective == (Limit(4, per=1),)
    del tight
    gc.collect()

    async def once() -> None:
        async with wide.slot():
            pass

    asyncio.run(once())
    assert wide.effective == (Limit(10, per=1),)


# limits that nobody told of


class Counting:
    """A service that counts calls in one sliding window, and tells nobody; workers that call it as fast as they may."""

    def __init__(self, calls: int, per: float, *, told: bool, rtt: float = 0.05, known: Sequence[Limit] = ()) -> None:
        self.clock = VirtualClock()
        self.limiter = Limiter(known, self.clock)
        self.calls, self.per, self.told, self.rtt = calls, per, told, rtt
        self.passed: list[float] = []
        self.refused: list[float] = []
        self._rng = random.Random(5)

    def run(self, seconds: float, *, workers: int = 16) -> None:
        async def main() -> None:
            await asyncio.gather(*[self._worker(self.clock.now() + seconds) for _ in range(workers)])

        self.clock.run(main())

    def share(self, since: float, until: float) -> float:
        """How much of what is allowed went through."""
        return sum(since <= at < until for at in self.passed) / (self.calls * (until - since) / self.per)

    async def _worker(self, until: float) -> None:
        times = 0
        while self.clock.now() < until:
            async with self.limiter.slot():
                if self.clock.now() >= until:
                    return
                started = self.clock.now()
                await self.clock.sleep(self._rng.uniform(0.3, 0.7) * self.rtt)
                wait = self._take()
                await self.clock.sleep(self._rng.uniform(0.3, 0.7) * self.rtt)
                if wait is None:
                    times, scout = 0, False
                    self.limiter.passed(started, self.clock.now())
                else:
                    times, scout = times + 1, self.limiter.refused(started, self.clock.now())
            if wait is not None:
                blind = 0.5 if scout else min(30.0, 2.0 ** max(times, self.limiter.rounds))
                self.limiter.pause(max(0.5, delay(times, after=math.ceil(wait) if self.told else blind, rng=self._rng)))

    def _take(self) -> float | None:
        now = self.clock.now()
        recent = self.passed[-self.calls] + self.per if len(self.passed) >= self.calls else now
        if recent > now:
            self.refused.append(now)
            return recent - now
        self.passed.append(now)
        return None


@pytest.mark.parametrize("told", [True, False], ids=["retry-after", "blind"])
@pytest.mark.parametrize(
    ("calls", "per", "windows"),
    [(20, 1, 100), (50, 10, 40), (200, 10, 16), (60, 60, 30), (120, 60, 16), (600, 60, 5), (100, 30, 20)],
)
def test_a_limit_that_nobody_told_of_is_found_out(calls: int, per: float, windows: int, told: bool) -> None:
    """Less than 2 % of the calls are refused, and after three windows at least 0.85 of the limit is used."""
    service = Counting(calls, per, told=told)
    service.run(windows * per)
    every = len(service.passed) + len(service.refused)
    assert len(service.refused) < 0.02 * every, f"{len(service.refused)} of {every}"
    assert service.share(3 * per, windows * per) >= 0.85


@pytest.mark.parametrize("per", [7, 23, 45, 90])
def test_an_unusual_window_is_found_out_too(per: float) -> None:
    """No minute, no ten seconds: it takes a little longer."""
    service = Counting(60, per, told=False)
    service.run(40 * per)
    assert len(service.refused) < 0.03 * len(service.passed)
    assert service.share(20 * per, 40 * per) >= 0.85


def test_a_limit_that_is_raised_is_noticed() -> None:
    """Scouts go out as long as there is work: what is allowed later on is used."""
    service = Counting(30, 10, told=False)
    service.run(200)
    service.calls = 120
    service.run(400)
    assert service.share(400, 600) >= 0.85


def test_a_limit_that_is_lowered_is_noticed() -> None:
    """A few calls are refused; then all goes on, slower."""
    service = Counting(120, 10, told=False)
    service.run(200)
    before = len(service.refused)
    service.calls = 30
    service.run(1000)
    assert len(service.refused) - before < 60
    assert service.share(300, 1200) >= 0.85


def test_a_limit_below_the_known_one_is_found_out() -> None:
    """Said to be 600 a minute, 60 in truth."""
    service = Counting(60, 60, told=True, known=[Limit(600, per=60)])
    service.run(30 * 60)
    assert len(service.refused) < 0.02 * len(service.passed)
    assert service.share(180, 1800) >= 0.85


def test_refusals_at_random_are_no_limit() -> None:
    """Now and then "too many", whatever the pace: in the end nothing holds the calls back but the pauses."""
    clock = VirtualClock()
    limiter = Limiter((), clock)
    rng = random.Random(4)
    through: list[float] = []

    async def worker() -> None:
        while len(through) < 3_000:
            async with limiter.slot():
                started = clock.now()
                await clock.sleep(0.05)
                refused = rng.random() < 0.01
                if not refused:
                    through.append(clock.now())
                    limiter.passed(started, clock.now())
                else:
                    limiter.refused(started, clock.now())
            if refused:
                limiter.pause(2.0)

    async def main() -> None:
        await asyncio.gather(*[worker() for _ in range(16)])

    clock.run(main())
    assert clock.now() < 5 * (30 * 2.0 + 3_000 * 0.05 / 16)


def test_the_pace_comes_back() -> None:
    """What a few refusals took is given back while calls go through, and never more than was allowed."""
    clock = VirtualClock()
    limiter = Limiter([Limit(100, per=60)], clock)
    limiter.ease()
    for _ in range(1_000):
        limiter.passed(clock.now(), clock.now())
    assert limiter.effective == (Limit(100, per=60),)


@pytest.mark.parametrize("seed", range(10))
def test_who_is_cancelled_while_a_limit_is_found_out_holds_up_nobody(seed: int) -> None:
    """In a pause, as a probe, as a scout: the others go on."""
    service = Counting(10, 2, told=False)
    rng = random.Random(seed)

    async def main() -> None:
        workers = [asyncio.create_task(service._worker(60.0)) for _ in range(12)]
        for worker in rng.sample(workers, 8):
            await service.clock.sleep(rng.uniform(0, 4))
            worker.cancel()
        await asyncio.gather(*workers, return_exceptions=True)

    service.clock.run(main())
    assert service.share(40, 60) >= 0.5
