"""Faults on demand: scripted ones, used up in order, and a storm of random ones from a seed.

latency                          the call is held back, then carried out
stall                            the call is carried out, its reply held back
401, 429, 500, 502, 503, 504     refused, nothing written
500-after, 502-after, 504-after  carried out, and answered as if it had failed
drop, drop-after                 the connection closes without a reply, before or after the write
others-edit                      a colleague edits the task just ahead of the write
html, unsuccessful               status 200 over a login page, or over a failure; nothing written
cut, cut-socket                  carried out; half of the JSON, whole in length or cut by the socket
wrong-shape, other-task          carried out; JSON of another shape, or about another task
endless                          carried out; a body without an end
"""

from __future__ import annotations

import random
import threading
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Any, Literal

from taskframe.errors import SettingsError, did_you_mean

if TYPE_CHECKING:
    from taskframe.sandbox.base import Call

Match = str | Callable[["Call"], bool] | None
"""Which calls: those whose path contains a text, those for which a function says so, or all."""


@dataclass(frozen=True, slots=True)
class Fault:
    """One fault. `write` says whether the call is carried out before the fault shows.

    `seconds` is how long the call is held back: "latency" holds it before it takes effect, all others
    after. `retry_after` (seconds; None: say nothing) and `form` go into a 429 or 503. `columns` is for
    "others-edit": "same", "other" or the fields to set. `body` replaces the content of a malformed reply.
    `reset` makes a drop an abrupt one (TCP RST in place of FIN).
    """

    kind: str
    write: bool = False
    seconds: float = 0.0
    retry_after: float | None = None
    form: Literal["seconds", "date", "ms"] = "seconds"
    columns: str | Mapping[str, Any] = "same"
    body: bytes | None = None
    reset: bool = False

    @property
    def status(self) -> int | None:
        """The status that a refusing fault answers with."""
        head = self.kind.partition("-")[0]
        return int(head) if head.isdecimal() else None


KINDS: Mapping[str, Fault] = {
    f.kind: f
    for f in (
        Fault("latency", write=True, seconds=0.05),
        Fault("stall", write=True, seconds=0.05),
        Fault("401"),
        Fault("429"),
        Fault("500"),
        Fault("502"),
        Fault("503"),
        Fault("504"),
        Fault("500-after", write=True),
        Fault("502-after", write=True),
        Fault("504-after", write=True),
        Fault("drop"),
        Fault("drop-after", write=True),
        Fault("others-edit", write=True),
        Fault("html"),
        Fault("cut", write=True),
        Fault("cut-socket", write=True),
        Fault("wrong-shape", write=True),
        Fault("unsuccessful"),
        Fault("other-task", write=True),
        Fault("endless", write=True),
    )
}
"""Every kind with its defaults; all but the kind may be given to `Faults.add`."""

NEEDS_TASK = frozenset({"others-edit", "other-task"})
"""Kinds that make sense only for a call that writes one existing task; others pass them by."""

_NEEDS_REPLY = frozenset({"latency", "stall", "others-edit", "cut", "cut-socket"})

STORM = (
    "latency", "429", "500", "500-after", "502", "503", "504-after", "drop", "drop-after", "others-edit", "cut-socket",
)  # fmt: skip
"""What a storm is made of unless told otherwise."""


class Rule:
    """A scripted fault: how often it struck (`hits`), how often it will yet (`left`; None: always)."""

    def __init__(self, fault: Fault, times: int | None, match: Match, after: int) -> None:
        self.fault = fault
        self.left = times
        self.hits = 0
        self._match = match
        self._skip = after

    def __repr__(self) -> str:
        return f"<Rule {self.fault.kind}: {self.hits} hits, {'any number' if self.left is None else self.left} left>"

    def _strikes(self, call: Call, target: str | None) -> bool:
        if self.left == 0 or not _matches(self._match, call) or (self.fault.kind in NEEDS_TASK and not target):
            return False
        if self._skip:
            self._skip -= 1
            return False
        self.hits += 1
        if self.left is not None:
            self.left -= 1
        return True


@dataclass(slots=True)
class _Storm:
    """Draws from seed, subject and attempt, so that concurrency does not change what befalls a task."""

    rate: float
    faults: Sequence[Fault]
    seed: int
    most_in_a_row: int
    match: Match
    attempts: dict[str, int]
    in_a_row: dict[str, int]
    spared: dict[str, int]

    def strike(self, call: Call, target: str | None) -> Fault | None:
        if not _matches(self.match, call):
            return None
        subject = _subject(call, target)
        attempt = self.attempts[subject] = self.attempts.get(subject, 0) + 1
        rng = random.Random(f"{self.seed}:{subject}:{attempt}")
        row = self.in_a_row.get(subject, 0)
        fitting = [f for f in self.faults if target or f.kind not in NEEDS_TASK]
        if row >= self.most_in_a_row or not fitting or rng.random() >= self.rate:
            self.in_a_row[subject], self.spared[subject] = 0, row
            return None
        self.in_a_row[subject] = row + 1
        return rng.choice(fitting)

    def came_to_nothing(self, call: Call, target: str | None) -> None:
        subject = _subject(call, target)
        self.in_a_row[subject] = self.spared.get(subject, 0)


def _subject(call: Call, target: str | None) -> str:
    return target or f"{call.path}?{call.query}"


class Faults:
    """What goes wrong, and when. May be changed from any thread while the server runs."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._rules: list[Rule] = []
        self._storm: _Storm | None = None

    def add(self, kind: str, *, times: int | None = 1, match: Match = None, after: int = 0, **params: Any) -> Rule:
        """Let a fault strike the next `times` calls that match (None: all), after letting `after` of them pass.

        Of several rules that fit a call, the one added first strikes. `params` are the fields of `Fault`.
        """
        rule = Rule(_fault(kind, params), times, match, after)
        with self._lock:
            self._rules.append(rule)
        return rule

    def storm(
        self,
        rate: float = 0.3,
        *,
        kinds: Sequence[str | tuple[str, Mapping[str, Any]]] = STORM,
        seed: int = 0,
        most_in_a_row: int = 4,
        match: Match = None,
    ) -> None:
        """Let a share `rate` of all calls that match fail at random, on top of the rules.

        No task (and no read with the same parameters) is struck more than `most_in_a_row` times in
        succession. What strikes a task's nth call depends on the seed alone. `kinds` are names, or names
        with parameters: `("429", {"retry_after": 1})`.
        """
        if not 0 <= rate <= 1:
            raise SettingsError(f"rate is a share from 0 to 1; got {rate!r}")
        faults = [_fault(k, {}) if isinstance(k, str) else _fault(k[0], k[1]) for k in kinds]
        with self._lock:
            self._storm = _Storm(rate, faults, seed, most_in_a_row, match, {}, {}, {})

    def clear(self) -> None:
        """Fair weather: no rules, no storm."""
        with self._lock:
            self._rules.clear()
            self._storm = None

    def strike(self, call: Call, target: str | None) -> Fault | None:
        """The fault for this call, if any; `target` is the task that it would write. Uses up a rule's turn."""
        if not self._rules and self._storm is None:
            return None
        with self._lock:
            for rule in self._rules:
                if rule._strikes(call, target):
                    return rule.fault
            return self._storm.strike(call, target) if self._storm else None

    def came_to_nothing(self, call: Call, target: str | None) -> None:
        """A call that no fault struck was refused all the same, as its token had expired: that ends no row of strikes.

        Else its caller would have to try more often than a storm promises.
        """
        with self._lock:
            if self._storm is not None:
                self._storm.came_to_nothing(call, target)


def _fault(kind: str, params: Mapping[str, Any]) -> Fault:
    if kind not in KINDS:
        raise SettingsError(f"there is no fault {kind!r}.{did_you_mean(kind, KINDS)} There are: {', '.join(KINDS)}")
    try:
        fault = replace(KINDS[kind], **params)
    except TypeError as error:
        raise SettingsError(f"fault {kind!r}: {error}") from None
    if kind in _NEEDS_REPLY and not fault.write:
        raise SettingsError(f"fault {kind!r} is about the call's own reply: it can't go without the write")
    return fault


def _matches(match: Match, call: Call) -> bool:
    if match is None:
        return True
    return match in call.path if isinstance(match, str) else bool(match(call))
