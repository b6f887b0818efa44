"""What tasks repeat: each of them brings the definitions of all its fields, which are the account's, its status and
priority, and people. What was read once is known by its bytes; then only its containers are made anew, as whoever edits
a cell may change them.
"""

from __future__ import annotations

from collections.abc import Callable, Iterable, Sequence
from typing import Any, Final

import msgspec
from msgspec import UnsetType

from taskframe.changes.frozen import Written
from taskframe.services.kore.columns import PARTS
from taskframe.services.kore.fields import PREFIX, base_of, value_of
from taskframe.services.kore.objects import id_of, part

_MOST: Final = 4_096
"""So many are kept: what is no other task's, such as a definition with a value, is read for itself."""


class Definition:
    """A field of a task as it was sent; `column` is its name unless another field of the task has it too ("": none),
    `value` what it holds. `fresh` makes it anew; `fresh_value` the value, where that is a container. `learner` is who
    has taken notice of it; `written` what a baseline keeps of it.
    """

    __slots__ = ("column", "fresh", "fresh_value", "learner", "thing", "value", "written")

    def __init__(self, thing: Any) -> None:
        self.thing = thing
        self.column = ""
        self.value: Any = None
        self.learner: object = None
        if isinstance(thing, dict):
            base = base_of(thing)
            self.column = PREFIX + base if isinstance(base, str) and base else ""
            self.value = value_of(thing)
        self.written = Written(thing)
        self.fresh = copier(thing)
        self.fresh_value = copier(self.value) if isinstance(self.value, dict | list) else None


class Part:
    """An object of a task, such as its status, as it was sent: `cells` is what of it is a column, in the order of
    `PARTS`. `fresh` makes it anew. Without `id` where it has none.
    """

    __slots__ = ("cells", "fresh", "id")

    def __init__(self, thing: dict[str, Any] | None, keys: Sequence[str]) -> None:
        self.cells = tuple([part(thing or {}, key) for key in keys])
        self.fresh = copier(thing)
        self.id = id_of(thing) if thing else None


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


_parts: Final[dict[str, dict[bytes, Part]]] = {name: {} for name in PARTS}
_decode_object: Final = msgspec.json.Decoder(dict[str, Any] | None).decode


def part_of(name: str, sent: msgspec.Raw | UnsetType) -> Part:
    """What a task has under this name. Raises what msgspec raises for what is no object."""
    if isinstance(sent, UnsetType):
        return _absent[name]
    key = bytes(sent)
    parts = _parts[name]
    known = parts.get(key)
    if known is None:
        if len(parts) >= _MOST:
            parts.clear()
        known = parts[key] = Part(_decode_object(key), PARTS[name])
    return known


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


_absent: Final = {name: Part(None, keys) for name, keys in PARTS.items()}
