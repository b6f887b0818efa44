"""The people that tasks can be assigned to: what the service told, and what the user assigned."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import asdict, fields
from typing import Any

import pandas as pd

from taskframe.errors import SettingsError
from taskframe.schema import is_sendable
from taskframe.services.base import Call, Person
from taskframe.session import Session

COLUMNS = tuple(f.name for f in fields(Person))


class People:
    """A table of people. One connection has one; nothing in it is ever created at the service."""

    def __init__(self, people: Iterable[Person] = ()) -> None:
        # All are replaced, never changed: one thread may read them while another adds.
        self._by_id = {p.id: p for p in people}
        self._assigned = self._by_id
        self._told: dict[str, Person] = {}
        self._looked_up: dict[str, str] = {}

    @classmethod
    def of(cls, table: pd.DataFrame | Mapping[str, str] | None) -> People:
        """From a DataFrame with `id` and any of name, email, handle, kind, or a mapping of id → name."""
        if table is None:
            return cls()
        if isinstance(table, Mapping):
            rows: Iterable[dict[str, Any]] = ({"id": i, "name": name} for i, name in table.items())
        elif isinstance(table, pd.DataFrame):
            frame = table.reset_index() if table.index.name == "id" and "id" not in table else table
            if "id" not in frame:
                raise SettingsError(
                    f"people: a table of people has a column 'id'; this one has {', '.join(map(str, frame.columns))}"
                )
            known = [c for c in COLUMNS if c in frame]
            if list(frame.columns.intersection(known)) != list(frame.columns[frame.columns.isin(known)]):
                raise SettingsError("people: two columns of the table have one name")
            rows = (dict(zip(known, row, strict=True)) for row in frame[known].itertuples(index=False, name=None))
        else:
            raise SettingsError(f"people: a DataFrame, or a mapping of id → name, not {type(table).__name__}")
        people = [_person(row) for row in rows]
        twice = [who for who, rows in Counter(p.id for p in people).items() if rows > 1]
        if twice:
            raise SettingsError(f"people: each id has one row; {twice[0]!r} has several")
        return cls(people)

    def replaced(self, table: pd.DataFrame | Mapping[str, str] | None) -> People:
        """These people in place of those that were assigned; whom the service told of stays."""
        people = People.of(table)
        people.learn(self._told.values())
        people._looked_up = {word: who for word, who in self._looked_up.items() if who in people.ids}
        return people

    def learn(self, people: Iterable[Person]) -> None:
        """Whom the service tells of: what it says last goes for what it said before, and the user's names go first."""
        told = list(people)
        if not told:
            return
        self._told = {**self._told, **{p.id: _merged(self._told.get(p.id, p), p) for p in told}}
        ours = self._assigned
        known = {p.id: _merged(self._told[p.id], ours[p.id]) if p.id in ours else self._told[p.id] for p in told}
        self._by_id = {**self._by_id, **known}

    def frame(self) -> pd.DataFrame:
        """id, name, email, handle, kind: text, a row a person."""
        return pd.DataFrame([asdict(p) for p in self._by_id.values()], columns=list(COLUMNS), dtype="str")

    def add(self, person: Person, *, asked: str | None = None) -> None:
        """Remembers somebody the service told of; and that `asked` is what they go by."""
        self.learn([person])
        if asked is not None:
            self._looked_up = {**self._looked_up, asked.casefold(): person.id}

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
        by_id = self._by_id
        if who in by_id:
            return by_id[who]
        wanted = who.removeprefix("@").casefold()
        names = ("handle",) if who.startswith("@") else ("email", "name")
        found = [p for p in by_id.values() if any((getattr(p, n) or "").casefold() == wanted for n in names)]
        if len(found) > 1:
            raise SettingsError(f"{who!r} may be any of {', '.join(p.id for p in found)}: use the id")
        return found[0] if found else by_id.get(self._looked_up.get(who.casefold(), ""))


def _merged(old: Person, new: Person) -> Person:
    """What both say; where they disagree, `new`."""
    return Person(**{k: v if v is not None else getattr(old, k) for k, v in asdict(new).items()})


def _person(row: Mapping[str, Any]) -> Person:
    words = {name: _word(value) for name, value in row.items()}
    who, handle = words.pop("id"), words.pop("handle", None)
    if who is None:
        raise SettingsError(f"people: each row needs an id, a text that is not empty; one has {row['id']!r}")
    return Person(who, handle=handle.removeprefix("@") if handle else None, **words)


def _word(value: Any) -> str | None:
    if isinstance(value, str):
        return value.strip() or None
    return str(value) if isinstance(value, int) and not isinstance(value, bool) else None


def person_id(people: People, session: Session, who: str) -> str:
    """The id of whoever goes by `who`; what is neither known nor a handle or mail address is an id already.

    The service is asked once; `people` remembers. Raises SettingsError when nobody, or more than one, goes by it.
    """
    person = _find(people, who)
    call = None if person is not None else session.link.service.find_person(who.strip())
    if call is not None:
        person = session.run(_ask(session, call, who.strip()))
        people.add(person, asked=who.strip())
    return known_id(people, who) if person is None else person.id


def known_id(people: People, who: str) -> str:
    """The same, without asking the service."""
    person = _find(people, who)
    if person is None and "@" in who:
        raise SettingsError(f"nobody is known as {who.strip()!r}: assign conn.people, or use the id")
    return who.strip() if person is None else person.id


def _find(people: People, who: str) -> Person | None:
    if not isinstance(who, str) or not who.strip() or not is_sendable(who):
        raise SettingsError(f"a person is an id, @handle, mail address or known name, not {who!r}")
    return people.find(who.strip())


async def _ask(session: Session, call: Call, who: str) -> Person:
    with session.at_work():
        verdict = await session.link.caller().read(call)
    if verdict.kind == "missing":
        raise SettingsError(f"{session.link.service.label} knows nobody as {who!r}: {verdict.detail}")
    if verdict.kind != "ok":
        raise verdict.error(call)
    person: Person = verdict.data
    return person
