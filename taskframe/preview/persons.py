"""How people are shown: by name, with as much of the id as tells them apart."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Mapping
from functools import cached_property
from itertools import pairwise

from taskframe.preview.escape import visible
from taskframe.preview.width import ELLIPSIS, head, width

_PREFIX = re.compile(r"[A-Za-z]{1,6}[-_:/.]")
_KEPT = 8
_WHOLE = 20
_LEAST_NAME = 8


class Persons:
    """People by their ids, `Anna Kim (usr_1)`, `Björn Lindqvist (u-10b4294f…)`: labels that are safe for a terminal.

    A long id is cut where it differs from every other one here. Whoever has no name has no label: the id is shown.
    """

    def __init__(self, names: Mapping[str, str]) -> None:
        self._names = names

    def __bool__(self) -> bool:
        return bool(self._names)

    def label(self, who: str) -> str | None:
        """How they are shown; None for whom no name is known."""
        return self._labels.get(who)

    def id_of(self, text: str) -> str | None:
        """The id of the person whose label this is."""
        return self._ids.get(text)

    def fit(self, text: str, columns: int, cut: Callable[[str, int], str] = head) -> str:
        """`text` in at most `columns`: of a label the id goes first, then the end of the name; else as `cut` has it.

        Where the name alone could be another's, the id stays in its place.
        """
        who = self._ids.get(text)
        if who is None or width(text) <= columns:
            return cut(text, columns)
        name = visible(self._names[who])
        behind = text[len(name) :]
        if width(name) > columns:
            room = columns - width(behind)
            return head(name, room) + behind if room >= _LEAST_NAME else head(name, columns)
        if self._bearers[name] > 1 or name in self._labels or not any(map(str.isalnum, name)):
            return head(behind[2:-1], columns)
        return name

    @cached_property
    def _labels(self) -> dict[str, str]:
        short = _shortened(who for who, name in self._names.items() if name)
        return {who: f"{visible(self._names[who])} ({visible(cut)})" for who, cut in short.items()}

    @cached_property
    def _ids(self) -> dict[str, str]:
        return {label: who for who, label in self._labels.items()}

    @cached_property
    def _bearers(self) -> Counter[str]:
        return Counter(visible(self._names[who]) for who in self._labels)


NOBODY = Persons({})
"""Of whom no name is known."""


def _shortened(ids: Iterable[str]) -> dict[str, str]:
    """Each id with what is shown of it: `u-10b4294f…`. Those that begin alike keep what tells them apart."""
    order = sorted(ids)
    least = {who: _KEPT + (len(found[0]) if (found := _PREFIX.match(who)) else 0) for who in order}
    for one, other in pairwise(order):
        shared = next(
            (i for i, (a, b) in enumerate(zip(one, other, strict=False)) if a != b), min(len(one), len(other))
        )
        least[one], least[other] = max(least[one], shared + 1), max(least[other], shared + 1)
    return {who: who if max(_WHOLE, n + 2) >= len(who) else who[:n] + ELLIPSIS for who, n in least.items()}
