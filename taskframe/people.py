"""The people that tasks can be assigned to: what the service told, and what the user assigned."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields

import pandas as pd

from taskframe.errors import SettingsError
from taskframe.services.base import Person

COLUMNS = tuple(f.name for f in fields(Person))


class People:
    """A table of people. One connection has one; nothing in it is ever created at the service."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        self._by_id = {p.id: p for p in people}

    @classmethod
    def of(cls, table: pd.DataFrame | Mapping[str, str] | None) -> People:
        """From a DataFrame with `id` and any of name, email, handle, kind, or a mapping of id → name."""
        if table is None:
            return cls()
        if isinstance(table, Mapping):
            return cls(Person(str(i), name) for i, name in table.items())
        frame = table.reset_index() if table.index.name == "id" and "id" not in table else table
        if "id" not in frame:
            raise SettingsError(f"people: a table of people has a column 'id'; this one has {list(frame.columns)}")
        if frame["id"].isna().any() or frame["id"].duplicated().any():
            raise SettingsError("people: each row needs an id, and each id one row")
        known = [c for c in COLUMNS if c in frame]
        rows = frame[known].astype("object").where(frame[known].notna(), None)
        return cls(Person(**dict(zip(known, row, strict=True))) for row in rows.itertuples(index=False))

    def frame(self) -> pd.DataFrame:
        """id, name, email, handle, kind: text, a row a person."""
        return pd.DataFrame([asdict(p) for p in self._by_id.values()], columns=list(COLUMNS), dtype="str")

    def add(self, person: Person) -> None:
        """Remembers somebody, or what is now known of them."""
        known = asdict(self._by_id.get(person.id, person))
        self._by_id[person.id] = Person(**{k: v if v is not None else known[k] for k, v in asdict(person).items()})

    @property
    def ids(self) -> frozenset[str]:
        """The ids of everybody known."""
        return frozenset(self._by_id)

    @property
    def names(self) -> dict[str, str]:
        """id → name, of those whose name is known."""
        return {p.id: p.name for p in self._by_id.values() if p.name}

    def find(self, who: str) -> Person | None:
        """Whoever goes by this id, @handle, mail address or full name; None when nobody is known to.

        Raises SettingsError when several are.
        """
        if who in self._by_id:
            return self._by_id[who]
        wanted = who.removeprefix("@").casefold()
        fields_ = ("handle",) if who.startswith("@") else ("email", "name")
        found = [p for p in self._by_id.values() if any((getattr(p, f) or "").casefold() == wanted for f in fields_)]
        if len(found) > 1:
            raise SettingsError(f"{who!r} may be any of {', '.join(p.id for p in found)}: use the id")
        return found[0] if found else None
