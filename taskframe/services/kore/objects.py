"""What names stand for: an analyst edits `status.name`, and the call needs the whole object.

The catalogue holds, per column to edit, the objects that were seen: under the name, where only one object has it, else
under the id. A name that an object had before it was renamed stands for it as it is now.
"""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

from taskframe.errors import did_you_mean
from taskframe.services.base import Person
from taskframe.services.kore.columns import HANDLES, IDS

if TYPE_CHECKING:
    from taskframe.catalogue import Catalogue
    from taskframe.problem import ProblemKind
    from taskframe.services.kore.repeated import Part

ASSIGNEE: Final = "currAssignee._id"
_SHOWN: Final = 20
_TELLING: Final = (*IDS, "name")
_WORDS: Final = {"status.name": "status", "priority.name": "priority", ASSIGNEE: "assignee"}


class Unknown(Exception):
    """A name that stands for nothing, or for several things. The message says what would be right."""

    def __init__(self, kind: ProblemKind, words: str) -> None:
        super().__init__(words)
        self.kind = kind


def id_of(thing: Mapping[str, Any]) -> str | None:
    """The id of a status, priority or assignee."""
    for key in IDS:
        value = thing.get(key)
        if isinstance(value, str) and value:
            return value
    return None


def name_of(thing: Mapping[str, Any]) -> str | None:
    """Its name."""
    name = thing.get("name")
    return name if isinstance(name, str) and name else None


def part(thing: Mapping[str, Any], key: str) -> Any:
    """What of an object is a column."""
    if key == "_id":
        return id_of(thing)
    value = thing.get(key)
    if key == "score":
        return value if isinstance(value, int | float) and not isinstance(value, bool) else None
    return value if isinstance(value, str) else None


class Seen:
    """The objects of one column, as they come by."""

    def __init__(self) -> None:
        self._things: dict[str, dict[str | None, tuple[str, Mapping[str, Any]]]] = {}

    def add(self, thing: Any, updated: Any) -> None:
        """One more, of a task that was last updated then. Of its forms under one name the fullest is kept."""
        if not isinstance(thing, dict) or not thing:
            return
        name = name_of(thing)
        key = id_of(thing) or name
        if key is None:
            return
        updated = updated if isinstance(updated, str) else ""
        forms = self._things.setdefault(key, {})
        known = forms.get(name)
        if known is None:
            forms[name] = (updated, thing)
        elif updated > known[0] or len(thing) > len(known[1]):
            forms[name] = (max(updated, known[0]), thing if len(thing) >= len(known[1]) else known[1])

    def remember(self, name: str, thing: Any) -> None:
        """What an earlier load told: older than all that comes by. `name`: what it goes by, a former one perhaps."""
        found = (id_of(thing) or name_of(thing)) if isinstance(thing, Mapping) else None
        if found is None:
            return
        forms = self._things.setdefault(found, {})
        forms.setdefault(name_of(thing), ("", thing))  # the first is what it is called, where nothing newer tells
        if name != found:
            forms.setdefault(name, ("", thing))

    def entries(self, column: str) -> dict[str, Any]:
        """For the catalogue. What an object is called now is what the task that was updated last calls it."""
        now: dict[str, Mapping[str, Any]] = {}
        former: dict[str, str] = {}
        for key, forms in self._things.items():
            name, (_, thing) = max(forms.items(), key=lambda form: form[1][0])
            now[key] = thing
            former |= {old: key for old in forms if old is not None and old != name}
        if column == ASSIGNEE:
            return dict(now)
        names = [name_of(thing) for thing in now.values()]
        entries: dict[str, Any] = {}
        for key, thing in now.items():
            name = name_of(thing)
            entries[name if name is not None and names.count(name) == 1 else key] = thing
        return {**{old: now[key] for old, key in former.items() if old not in names}, **entries}


def find(catalogue: Catalogue, column: str, value: str) -> Mapping[str, Any]:
    """The object that `value` (a name where only one object has it, or an id) stands for. Raises Unknown."""
    known = catalogue.entries.get(column, {})
    by_id = [thing for thing in known.values() if id_of(thing) == value]
    if by_id:
        return dict(by_id[-1])  # of several the last is the newest
    things = [*([known[value]] if value in known else []), *(t for t in known.values() if name_of(t) == value)]
    ids = list(dict.fromkeys(id_of(thing) for thing in things))
    if len(ids) > 1:
        raise Unknown(
            "ambiguous", f"{value!r} may be any of {', '.join(map(str, ids))}: write the id, which is always taken"
        )
    if things:
        same = [thing for thing in known.values() if ids[0] is not None and id_of(thing) == ids[0]]
        return dict((same or things)[-1])
    raise Unknown("choice", _unknown(known, column, value))


def _unknown(known: Mapping[str, Any], column: str, value: str) -> str:
    names = list(dict.fromkeys(name_of(thing) or key for key, thing in known.items()))
    if not names:
        return f"no {_WORDS[column]} is known: none was loaded, so there is no object to send for {value!r}"
    more = f" and {len(names) - _SHOWN:,} more" if len(names) > _SHOWN else ""
    near = did_you_mean(value, [*names, *known]).strip()
    return f"{value!r} is no {_WORDS[column]} that was loaded; known are {', '.join(names[:_SHOWN])}{more}" + (
        f"; d{near[1:]}" if near else ""
    )


def choices(catalogue: Catalogue, column: str) -> tuple[str, ...]:
    """The names that can be written; priorities by their score, the least urgent first [inferred: more is more]."""
    known = catalogue.entries.get(column, {})
    things = {
        name: thing for name, thing in known.items() if column == ASSIGNEE or name in (name_of(thing), id_of(thing))
    }
    scores = [thing.get("score") for thing in things.values()]
    if column == "priority.name" and all(isinstance(s, int | float) for s in scores):
        return tuple(sorted(things, key=lambda name: things[name]["score"]))
    return tuple(things)


def aliases(catalogue: Catalogue, column: str) -> dict[str, str]:
    """What else may be written for a value of this column: the id for a name; a name or mail address for an id."""
    known = catalogue.entries.get(column, {})
    if column != ASSIGNEE:
        return {key: name for name, thing in known.items() if (key := id_of(thing)) and name == name_of(thing) != key}
    ids: dict[str, set[str]] = {}
    for key, thing in known.items():
        for word in (name_of(thing), thing.get("emailId")):
            if isinstance(word, str) and word and word not in known:
                ids.setdefault(word, set()).add(id_of(thing) or key)
    return {word: found.pop() for word, found in ids.items() if len(found) == 1}


def ids(catalogue: Catalogue, column: str) -> dict[str, str]:
    """The id that a value of this column stands for; a former name stands for its object too."""
    known = catalogue.entries.get(column, {})
    return {name: key for name, thing in known.items() if isinstance(thing, Mapping) and (key := id_of(thing))}


def people(catalogue: Catalogue) -> list[Person]:
    """Everybody who has a task."""
    known = catalogue.entries.get(ASSIGNEE, {})
    mail = ((key, thing, thing.get("emailId")) for key, thing in known.items())
    return [Person(key, name_of(t), m if isinstance(m, str) and m else None, kind="agent") for key, t, m in mail]


def collect(tasks: Iterable[Any], known: Catalogue) -> dict[str, dict[str, Any]]:
    """The entries of the catalogue for these tasks: per column, and the `assigneeType` seen with each assignee.

    Those of `known` too; where the tasks tell otherwise, they are right.
    """
    collected = Collected(known)
    collected.add(tasks)
    return collected.entries()


class Collected:
    """The objects of all columns, as tasks come by."""

    def __init__(self, known: Catalogue) -> None:
        self._seen = {column: Seen() for column in HANDLES}
        for column, things in self._seen.items():
            for name, thing in known.entries.get(column, {}).items():
                things.remember(name, thing)
        self._types: dict[str, str] = dict(known.entries.get("assigneeType", {}))

    def add(self, tasks: Iterable[Any]) -> None:
        """Some tasks more."""
        for column, attribute in HANDLES.items():
            seen = self._seen[column]
            for thing, updated in _latest(tasks, attribute):
                seen.add(thing, updated)
        for task in tasks:
            who = task.currAssignee
            if who and isinstance(task.assigneeType, str) and (key := id_of(who)) is not None:
                self._types[key] = task.assigneeType

    def add_parts(self, parts: Mapping[str, Sequence[Part]], updated: Sequence[Any], types: Sequence[Any]) -> None:
        """The same of tasks whose objects are known, with when they were updated, and their kinds of assignee.

        One that comes again is looked at only where its task was updated later: else it tells nothing new.
        """
        for column, attribute in HANDLES.items():
            seen = self._seen[column]
            latest: dict[Part, str] = {}
            for part, at in zip(parts[attribute], updated, strict=True):
                when = at if isinstance(at, str) else ""
                known = latest.get(part)
                if known is None or when > known:
                    latest[part] = when
                    seen.add(part.fresh(), when)
        for who, kind in zip(parts["currAssignee"], types, strict=True):
            if who.id is not None and isinstance(kind, str):
                self._types[who.id] = kind

    def entries(self) -> dict[str, dict[str, Any]]:
        """For the catalogue."""
        entries = {column: things.entries(column) for column, things in self._seen.items()}
        return {**entries, "assigneeType": self._types}


def _latest(tasks: Iterable[Any], attribute: str) -> Iterable[tuple[Any, str]]:
    """Of the objects that look alike (the same id and name, and as full) the one of the task that was updated last."""
    found: dict[Any, tuple[Any, str]] = {}
    for task in tasks:
        thing = getattr(task, attribute)
        if thing:
            updated = task.updatedAt if isinstance(task.updatedAt, str) else ""
            key = (*map(thing.get, _TELLING), len(thing))
            try:
                latest = found.get(key)
            except TypeError:  # a list where a name should be
                key = (id(thing),)
                latest = None
            if latest is None or updated > latest[1]:
                found[key] = thing, updated
    return found.values()
