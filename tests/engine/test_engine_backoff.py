import random

from hypothesis import given
from hypothesis import strategies as st

from taskframe.engine.backoff import delay


@given(st.integers(1, 10_000), st.integers())
def test_a_delay_is_within_a_bound_that_doubles(attempt: int, seed: int) -> None:
    """Between nothing and base × 2^(attempt-1), and never beyond `most`, however late the attempt."""
    wait = delay(attempt, after=None, rng=random.Random(seed), base=0.5, most=30.0)
    assert 0 <= wait <= min(30.0, 0.5 * 2.0 ** min(attempt - 1, 60))


@given(st.floats(0, 1e6), st.integers())
def test_what_the_service_asks_for_is_a_floor(after: float, seed: int) -> None:
    """Never earlier than asked, and at most a second later."""
    wait = delay(3, after=after, rng=random.Random(seed))
    assert after <= wait <= after + 1.0


def test_workers_that_failed_together_come_back_apart() -> None:
    """The delay is spread over the whole range (full jitter)."""
    rng = random.Random(1)
    waits = [delay(6, after=None, rng=rng) for _ in range(500)]
    assert min(waits) < 1.6
    assert max(waits) > 14.4
