"""What a connection sends with: all that a caller needs, in one frozen hand."""

from __future__ import annotations

import random
from dataclasses import dataclass, field
from typing import Any

from taskframe.engine.caller import Caller
from taskframe.engine.clock import Clock
from taskframe.engine.limits import Limiter
from taskframe.engine.tokens import TokenSource
from taskframe.engine.transport import Transport
from taskframe.services.base import Service


@dataclass(frozen=True)
class Link:
    """A service, where it is, and how it is reached. `timeout` and `max_wait` are seconds."""

    service: Service
    base_url: str
    settings: Any = field(repr=False)
    tokens: TokenSource = field(repr=False)
    transport: Transport
    limiter: Limiter
    clock: Clock
    rng: random.Random
    concurrency: int
    timeout: float
    max_wait: float

    def caller(self) -> Caller:
        """A new caller: it counts its own calls, and shares all else."""
        return Caller(
            self.service,
            self.settings,
            self.transport,
            self.limiter,
            self.tokens,
            self.clock,
            self.rng,
            base_url=self.base_url,
            timeout=self.timeout,
            max_wait=self.max_wait,
        )
