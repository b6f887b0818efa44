"""What a name stands for on the wire: plain, frozen JSON, learned while loading."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Any


@dataclass(frozen=True)
class Catalogue:
    """Per column, the object that each name stands for.

    Kore's `Open` is `{"_id": "sts-…", "name": "Open", …}` on the wire; a service whose values go out as they
    are shown (Reload) has an empty catalogue. Loading returns one; saved frames and plans carry it.
    """

    entries: Mapping[str, Mapping[str, Any]] = field(default_factory=dict)

    def __post_init__(self) -> None:
        frozen = {column: MappingProxyType(dict(names)) for column, names in self.entries.items()}
        object.__setattr__(self, "entries", MappingProxyType(frozen))

    def __iter__(self) -> Iterator[str]:
        return iter(self.entries)

    def __reduce__(self) -> tuple[type[Catalogue], tuple[dict[str, dict[str, Any]]]]:
        return Catalogue, (self.to_json(),)  # a mappingproxy can't be copied or pickled

    def __repr__(self) -> str:
        counts = ", ".join(f"{column}: {len(names):,}" for column, names in self.entries.items())
        return f"<Catalogue of {counts}>" if counts else "<Catalogue of nothing>"

    def __len__(self) -> int:
        return len(self.entries)

    def names(self, column: str) -> tuple[str, ...]:
        """The names known for `column`, in the order in which they were seen."""
        return tuple(self.entries.get(column, ()))

    def resolve(self, column: str, name: str) -> Any:
        """The object that `name` stands for; KeyError when it is in none."""
        return self.entries[column][name]

    def merge(self, other: Catalogue) -> Catalogue:
        """Both; where they disagree, `other` is the newer and wins."""
        columns = {**self.entries, **other.entries}
        return Catalogue({c: {**self.entries.get(c, {}), **other.entries.get(c, {})} for c in columns})

    def to_json(self) -> dict[str, dict[str, Any]]:
        """As plain JSON, for files."""
        return {column: dict(names) for column, names in self.entries.items()}


EMPTY = Catalogue()
"""One that knows nothing."""
