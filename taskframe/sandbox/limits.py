"""Rate windows: how many calls the server takes in how many seconds."""

from __future__ import annotations

from collections import deque
from collections.abc import Sequence
from dataclasses import dataclass
from typing import Literal

from taskframe.errors import SettingsError

_FORMS: dict[str, Literal["seconds", "date", "ms"] | None] = {
    "announced": "seconds",
    "seconds": "seconds",
    "date": "date",
    "ms": "ms",
    "hidden": None,
}


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` in any `per` seconds, per token.

    `form` is how a 429 tells when to come back: "announced" or "seconds", "date", "ms", or "hidden": not at all.
    """

    calls: int
    per: float
    form: str = "announced"

    def __post_init__(self) -> None:
        if self.form not in _FORMS:
            raise SettingsError(f"a limit's form is one of {', '.join(_FORMS)}; got {self.form!r}")
        if self.calls < 1 or self.per <= 0:
            raise SettingsError(f"a limit lets at least one call through in a positive time; got {self}")


class Windows:
    """Sliding windows over the calls that were let through, one set per caller."""

    def __init__(self) -> None:
        self._taken: dict[tuple[str, Limit], deque[float]] = {}

    def take(
        self, who: str, limits: Sequence[Limit], now: float
    ) -> tuple[float, Literal["seconds", "date", "ms"] | None] | None:
        """None, and the call is counted; or how long until there is room again, and how to say so."""
        windows = []
        over: tuple[float, Literal["seconds", "date", "ms"] | None] | None = None
        for limit in limits:
            taken = self._taken.setdefault((who, limit), deque())
            while taken and taken[0] <= now - limit.per:
                taken.popleft()
            if len(taken) >= limit.calls:
                wait = taken[len(taken) - limit.calls] + limit.per - now
                if over is None or wait > over[0]:
                    over = wait, _FORMS[limit.form]
            windows.append(taken)
        if over is None:
            for taken in windows:
                taken.append(now)
        return over
