"""The account's own fields: `fields` is a list of definitions with values, each a column `fields.<displayName>`.

    {"_id": "fd-…", "displayName": "Effort", "dataType": "number", "metaData": {…}, "required": false, …, "value": 4}

Where the value stands is published for cases only (`selectedValue`); a reply is read with either key, and a field goes
out with the key that it has, else the one that the account's other fields have [inferred]. Nothing, null and "" are no
value.
"""

from __future__ import annotations

from collections.abc import Iterable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any, Final

import msgspec

from taskframe.schema import Column
from taskframe.services.kore.moments import iso

if TYPE_CHECKING:
    from taskframe.catalogue import Catalogue
    from taskframe.changes.edit import Row
    from taskframe.schema import Kind

PREFIX: Final = "fields."
KEYS: Final = ("selectedValue", "value")
"""Where a field's value may stand; the first is what Kore's samples of cases have."""

_KINDS: Final[Mapping[str, Kind]] = {
    **dict.fromkeys(("input", "textarea", "text", "string", "email", "phone", "url", "dropdown", "select"), "text"),
    **dict.fromkeys(("number", "integer", "float", "decimal", "currency", "percentage"), "number"),
    **dict.fromkeys(("boolean", "checkbox", "toggle", "switch"), "boolean"),
    **dict.fromkeys(("multiselect", "array", "list", "tags"), "list"),
    "date": "text",
    "datetime": "timestamp",
}
"""dataType → kind [inferred; `input`, `textarea`, `dropdown`, `datetime` are in samples]. A date is no instant."""

_LARGEST: Final = 2**53


def named(fields: Any) -> Iterator[tuple[str, dict[str, Any]]]:
    """The definitions of one task, with the names of their columns. Equal names get the id behind them."""
    definitions = [f for f in fields or () if isinstance(f, dict)]
    names = [base_of(f) for f in definitions]
    for name, definition in zip(names, definitions, strict=True):
        if isinstance(name, str) and name:
            double = names.count(name) > 1 and definition.get("_id")
            yield f"{PREFIX}{name} [{definition['_id']}]" if double else PREFIX + name, definition


def base_of(definition: Mapping[str, Any]) -> Any:
    """What names a field's column, unless it is taken."""
    return definition.get("displayName") or definition.get("lname") or definition.get("_id")


def value_of(definition: Mapping[str, Any]) -> Any:
    """What a field holds; None when nothing."""
    selected, value = KEYS
    found = definition[selected] if selected in definition else definition.get(value)
    return None if found == "" else found


def collect(tasks: Iterable[Iterable[tuple[str, dict[str, Any]]]]) -> dict[str, dict[str, Any]]:
    """What is to be known of each field, by column: for the catalogue. `tasks` gives what `named` gives of each."""
    found = Found()
    for task in tasks:
        for name, definition in task:
            found.learn(name, definition)
    return found.entries()


class Found:
    """The fields that came by."""

    def __init__(self) -> None:
        self._about: dict[str, _About] = {}

    def learn(self, name: str, definition: Mapping[str, Any]) -> None:
        """One more; the same one again tells nothing new."""
        about = self._about.get(name)
        if about is None:
            about = self._about[name] = _About()
        about.learn(definition)

    def entries(self) -> dict[str, dict[str, Any]]:
        """What is to be known of each, by column."""
        return {name: about.entry(name) for name, about in self._about.items()}


class _About:
    """What the definitions and values of one field have in common."""

    def __init__(self) -> None:
        self._said: set[tuple[Any, ...]] = set()
        self._types: set[str] = set()
        self._fits: frozenset[Kind] | None = None
        self._required = self._fixed = True
        self._key: str | None = None
        self._options: dict[str, None] | None = {}

    def learn(self, definition: Mapping[str, Any]) -> None:
        meta = definition.get("metaData")
        meta = meta if isinstance(meta, dict) else {}
        declared = str(definition.get("dataType") or meta.get("type") or "")
        multi, fixed = meta.get("isMulti") is True, meta.get("readOnly") is True
        said = (declared, multi, fixed, definition.get("required") is True)
        if said not in self._said:  # tasks repeat their definitions
            self._said.add(said)
            self._types.add("multiselect" if multi and declared == "dropdown" else declared.lower())
            self._fixed = self._fixed and fixed
            self._required = self._required and said[-1]
        options = meta.get("options")
        if not (isinstance(options, list) and options and all(isinstance(o, str) for o in options)):
            self._options = None  # not all say what they take
        elif self._options is not None:
            self._options |= dict.fromkeys(options)
        value = value_of(definition)
        if value is not None:
            self._key = self._key or next(key for key in KEYS if key in definition)
            if self._fits is None or len(self._fits) > 1 or value.__class__ not in _ONLY.get(self._fits, ()):
                fits = _fits(value)
                self._fits = fits if self._fits is None else self._fits & fits

    def entry(self, name: str) -> dict[str, Any]:
        """As plain JSON. The declared kind, where it is clear and every value seen is of it."""
        declared = {_KINDS.get(t, "any") for t in self._types}
        kind = declared.pop() if len(declared) == 1 else "any"
        kind = kind if self._fits is None or kind in self._fits else "any"
        label = name.removeprefix(PREFIX)
        return {
            "kind": kind, "label": label, "required": self._required, "readOnly": self._fixed, "key": self._key,
            "options": list(self._options or ()),
        }  # fmt: skip


_ONLY: Final[Mapping[frozenset[Kind], tuple[type, ...]]] = {
    frozenset({"text"}): (str,), frozenset({"boolean"}): (bool,), frozenset({"list"}): (list,),
}  # fmt: skip


def _fits(value: Any) -> frozenset[Kind]:
    """The kinds that hold this value."""
    if isinstance(value, bool):
        return frozenset({"boolean"})
    if isinstance(value, int | float):
        return frozenset({"number"}) if abs(value) < _LARGEST else frozenset()
    if isinstance(value, str):
        return frozenset({"text", "timestamp"}) if _is_instant(value) else frozenset({"text"})
    return frozenset({"list"}) if isinstance(value, list) else frozenset()


def _is_instant(value: str) -> bool:
    try:
        return msgspec.convert(value, datetime).tzinfo is not None
    except msgspec.ValidationError:
        return False


def columns(catalogue: Catalogue) -> list[Column]:
    """A column for each field that the catalogue knows."""
    return [
        Column(
            name, about["kind"], editable=not about["readOnly"], clearable=not about["required"],
            label=about["label"], blank_is_null=True, source="the account's own field",
        )
        for name, about in catalogue.entries.get("fields", {}).items()
    ]  # fmt: skip


def missing(base: Row, names: Iterable[str]) -> Iterator[str]:
    """Those of these columns for which the task has no field."""
    there = dict(named(base.get("fields")))
    return (name for name in names if name not in there)


def filled(base: Any, cells: Mapping[str, Any], catalogue: Catalogue) -> list[Any]:
    """The `fields` of a task with these values in them, all else as it was."""
    known = catalogue.entries.get("fields", {})
    default = next((about["key"] for about in known.values() if about.get("key")), KEYS[0])
    by_definition = {id(definition): name for name, definition in named(base)}
    written = []
    for definition in base or ():
        name = by_definition.get(id(definition))
        if name is not None and name in cells:
            key = next((k for k in KEYS if k in definition), None) or known.get(name, {}).get("key") or default
            definition = {**definition, key: _sent(cells[name])}
        written.append(definition)
    return written


def _sent(value: Any) -> Any:
    if value is None:
        return ""
    if isinstance(value, datetime):
        return iso(value)
    if isinstance(value, float) and value.is_integer() and abs(value) < _LARGEST:
        return int(value)
    return value
