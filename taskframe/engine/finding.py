"""Finds out how many calls a service takes that told nobody: from the calls that went through, and those that did not.

A window of `per` seconds that holds `calls` explains what was seen when no call that went through had as many ahead of
it, and every call that was refused had. Of the windows that explain it the longest of the usual ones is taken, else the
longest: to be slow costs time, to be fast costs others theirs. Now and then a single call, a scout, is sent beyond it,
while all others wait for its reply: so a window that is too narrow is noticed, at the price of one refused call.
"""

from __future__ import annotations

import math
from bisect import bisect_right
from collections.abc import Sequence
from typing import Final

import numpy as np

from taskframe.services.base import Limit

Span = tuple[float, float]
"""When a call left and when its reply came: the service counted it somewhere in between."""

USUAL: Final = (3600.0, 60.0, 10.0, 1.0)
"""Seconds that services count calls in, the longest first."""

REMEMBERED: Final = 10_000
REFUSALS: Final = 64
PROBES: Final = 2
"""So many calls at a time find out whether a pause is over: one alone may be refused for reasons of its own."""

_SHORTEST, _LONGEST, _RATIO, _HALVINGS = 0.1, 7_200.0, 1.05, 5
_FIRST_SCOUT: Final = 100
"""So many calls after a window was found to be full, a scout tries whether it is shorter; then twice as many."""

_STEP: Final = 0.1
"""A scout goes ahead of its time by this share of the window; by twice as much when the one before went through."""


class Evidence:
    """Calls that went through, in the order of their ends, and calls that were refused.

    `since`: what ended before tells how full the windows were, but not what they hold: that was another limit.
    """

    def __init__(self, passed: Sequence[Span], refused: Sequence[Span], since: float = -math.inf) -> None:
        self._starts = np.fromiter((start for start, _ in passed), float, len(passed))
        self._ends = np.fromiter((end for _, end in passed), float, len(passed))
        # the earliest start of a call and all those behind it
        self._since = np.minimum.accumulate(self._starts[::-1])[::-1]
        self._first = int(np.searchsorted(self._ends, since, side="right"))
        self._left_at = np.fromiter((start for start, _ in refused), float, len(refused))
        self._later = np.array([np.count_nonzero(self._starts >= end) for _, end in refused], int)

    def window(self) -> Limit | None:
        """The window that explains it all; None where none does."""
        for per in USUAL:
            if calls := self._calls(per):
                return Limit(calls, per)
        if not len(self._ends):
            return None
        per = min(_LONGEST, 2 * max(_SHORTEST, float(self._ends[-1] - self._starts[0])))
        while per >= _SHORTEST:
            if self._calls(per):
                return self._longest(per, per * _RATIO)
            per /= _RATIO
        return None

    def _longest(self, low: float, high: float) -> Limit:
        """The longest window that explains it, between one that does and one that does not."""
        for _ in range(_HALVINGS):
            middle = (low + high) / 2
            low, high = (middle, high) if self._calls(middle) else (low, middle)
        return Limit(self._calls(low), low)

    def _calls(self, per: float) -> int:
        """How many calls a window of so many seconds holds, if that explains it; else 0."""
        fewest = self._fewest(per)
        return fewest if self._most(per) <= fewest else 0

    def _most(self, per: float) -> int:
        """So many went through that are certainly in one window."""
        ends = self._ends[self._first :]
        if not len(ends):
            return 0
        first = np.searchsorted(self._since, ends - per, side="right")
        return int((np.arange(self._first + 1, len(self._ends) + 1) - first).max())

    def _fewest(self, per: float) -> int:
        """So many, at most, had gone through in the window ahead of one that was refused."""
        if not len(self._left_at):
            return 0
        ahead = len(self._ends) - np.searchsorted(self._ends, self._left_at - per, side="right")
        return int((ahead - self._later).min())


class Finder:
    """What is known of a limit that nobody told of: nothing, until a call is refused. Pure: it is told the time."""

    def __init__(self) -> None:
        self.limit: Limit | None = None
        self.scouted = False
        self.rounds = 0  # pauses in a row that were in vain
        self._starts: list[float] = []
        self._ends: list[float] = []
        self._refused: list[Span] = []
        self._episode = 0  # of the refusals, the first that came since a call went through after one
        self._since = -math.inf  # when the limit became what it is
        self._known_at = 0.0  # when the first refusal of this round came
        self._doubtful = False  # refused, and nothing went through that was sent since
        self._scouting = False
        self._certain = False  # a scout was refused
        self._left = 0  # calls until the next scout
        self._apart = _FIRST_SCOUT
        self._step = _STEP

    @property
    def wary(self) -> bool:
        """Whether a call may have to wait: something was refused."""
        return self._scouting or self._doubtful or self.limit is not None

    def wait(self, now: float, flying: int) -> float | None:
        """Seconds until a call may start; None: not before one that is in flight has ended."""
        if self._scouting:
            return None
        if self._doubtful:
            return 0.0 if flying < PROBES else None
        if self.limit is None:
            return 0.0
        wait = self._until(now, flying, self.limit.per)
        if wait == 0.0 or self._left > 0:
            return wait
        if flying:
            return None  # a scout goes alone
        early = self._until(now, 0, self.limit.per * (1 - self._step)) if self._certain else 0.0
        return wait if early is None else early

    def _until(self, now: float, flying: int, per: float) -> float | None:
        if self.limit is None:
            return 0.0
        ends, total = self._ends, len(self._ends)
        first = bisect_right(ends, now - per)
        over = flying + (total - first) - self.limit.calls
        if over < 0:
            return 0.0
        if first + over >= total:
            return None
        return max(0.0, ends[first + over] + per - now)

    def leave(self, now: float, flying: int) -> None:
        """A call leaves, `flying` others are out."""
        self._scouting = not self._doubtful and self.limit is not None and self._until(now, flying, self.limit.per) != 0

    def back(self) -> None:
        """A call is over, whatever came of it."""
        self._scouting = False

    def passed(self, started: float, ended: float) -> None:
        """A call went through."""
        self._starts.append(started)
        self._ends.append(ended)
        self._left -= 1
        if len(self._ends) > 2 * REMEMBERED:
            del self._starts[:REMEMBERED], self._ends[:REMEMBERED]
        if self._scouting:
            self._scouting = False
            self._step = min(0.5, 2 * self._step) if self._certain else _STEP
            self._learn(sure=self._certain)
        elif self._doubtful and started > self._refused[-1][1]:
            self._doubtful, self.rounds = False, 0
            self._step = _STEP
            self._learn(sure=False)

    def refused(self, started: float, ended: float) -> None:
        """A call was one too many."""
        self.scouted = self._scouting
        if self._scouting:
            self._scouting = False
            self._left, self._apart = self._apart, 2 * self._apart
            self._step = _STEP
            self._certain = True
            self._refused.append((started, ended))
            self._episode = len(self._refused)
        else:
            if not self._doubtful:
                self._doubtful, self._episode = True, len(self._refused)
                self._known_at, self.rounds = ended, 1
            elif started >= self._known_at:  # sent after the pause that the one before brought about
                self._known_at, self.rounds = ended, self.rounds + 1
            self._refused.append((started, ended))
        if len(self._refused) > REFUSALS:
            gone = len(self._refused) - REFUSALS
            del self._refused[:gone]
            self._episode = max(0, self._episode - gone)

    def _learn(self, *, sure: bool) -> None:
        """A new window, of all evidence, else of the latest; a scout is sent as soon as it is full."""
        if self._ends[0] > (self._refused[0][0] if self._refused else 0.0):
            self._refused = [r for r in self._refused if r[0] >= self._ends[0]]
            self._episode = min(self._episode, len(self._refused))
        spans = list(zip(self._starts, self._ends, strict=True))[-REMEMBERED:]
        found = Evidence(spans, self._refused, self._since).window()
        if found is None and self._episode < len(self._refused):
            self._refused = self._refused[self._episode :]
            self._since = self._refused[0][0]
            found = Evidence(spans, self._refused, self._since).window()
        if found is None:
            self._refused.clear()
        self._certain = sure and found is not None
        self._left, self._apart = 0, self._apart if sure else _FIRST_SCOUT
        self._episode = len(self._refused)
        self.limit = found
