"""How long to wait before the next attempt."""

from __future__ import annotations

import random


def delay(attempt: int, *, after: float | None, rng: random.Random, base: float = 0.5, most: float = 30.0) -> float:
    """Seconds to wait after failed attempt number `attempt` (the first is 1).

    Without a word from the service: anywhere between 0 and `base` × 2^(attempt - 1), at most `most` ("full jitter":
    workers that failed together don't come back together). With `after`, what the service asked for is a floor, with
    up to a tenth of it (never above one second) on top.
    """
    if after is not None:
        after = max(0.0, after)
        return after + rng.uniform(0.0, min(1.0, 0.1 * after))
    return rng.uniform(0.0, min(most, base * 2.0 ** min(attempt - 1, 60)))
