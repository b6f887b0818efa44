"""What tasks repeat: each of them brings the definitions of all its fields, which are the account's. A definition that
was read once is known by its bytes; then only its containers are made anew, as whoever edits a cell may change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec

from taskframe.services.kore.fields import PREFIX, base_of, value_of

_MOST: Final = 4_096
"""Definitions that are kept: with a value that is no other task's each is read for itself."""


class Definition:
    """A field of a task as it was sent; `column` is its name unless another field of the task has it too, `value` what
    it holds. `fresh` and `fresh_value` make both anew. `learner` is who has taken notice of it.
    """

    __slots__ = ("column", "fresh", "fresh_value", "learner", "thing", "value")

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.column: str | None = None
        self.value: Any = None
        self.learner: object = None
        if isinstance(thing, dict):
            base = base_of(thing)
            self.column = PREFIX + base if isinstance(base, str) and base else None
            self.value = value_of(thing)
        self.fresh = copier(thing)
        self.fresh_value = copier(self.value)


_known: dict[bytes, Definition] = {}
_decode: Final = msgspec.json.Decoder().decode


def definitions(sent: Sequence[msgspec.Raw]) -> list[Definition]:
    """The fields of one task. Raises what msgspec raises for what is no JSON."""
    found = []
    for raw in sent:
        key = bytes(raw)
        known = _known.get(key)
        if known is None:
            if len(_known) >= _MOST:
                _known.clear()
            known = _known[key] = Definition(_decode(key))
        found.append(known)
    return found


def copier(value: Any) -> Callable[[], Any]:
    """What gives a JSON value with containers of its own, again and again: the containers alone are looked at."""
    if not isinstance(value, dict | list):
        return lambda: value
    places: Iterable[Any] = value.items() if isinstance(value, dict) else enumerate(value)
    within = [(place, copier(part)) for place, part in places if isinstance(part, dict | list)]
    if not within:
        return value.copy

    def copy() -> Any:
        new = value.copy()
        for place, again in within:
            new[place] = again()
        return new

    return copy
