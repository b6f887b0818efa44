"""What a Kore account has set up: its ids, people, and the objects that a task's status, priority and fields are.

The lists may be changed by a test at any time: tasks hold an object's `_id`, and replies show what it is then.
"""

from __future__ import annotations

import random
from collections.abc import Mapping
from datetime import datetime
from typing import Any, Literal

from taskframe.errors import SettingsError
from taskframe.sandbox.oracle import Refused
from taskframe.sandbox.people import people

Object = dict[str, Any]
Kind = Literal["status", "priority", "person"]

_STATUSES = (
    ("Open", "open", "system", "When a new case/task is created"),
    ("In-Progress", "in-progress", "system", "When somebody works on it"),
    ("Waiting on Customer", "on-hold", "custom", "The customer was asked"),
    ("Resolved", "resolved", "system", "When a solution was given"),
    ("Closed", "closed", "system", "When nothing is left to do"),
)
_PRIORITIES = (
    ("Critical", "#B91C1C", 20, "Stops a business"),
    ("High", "#EA580C", 15, "High urgency"),
    ("Medium", "#16A34A", 10, "Moderate urgency"),
    ("Low", "#2563EB", 5, "Low urgency"),
)
_FIELDS: tuple[tuple[str, str, str, str], ...] = (
    ("Due Date", "datetime", "system", "Date/time to complete a case"),
    ("Description", "textarea", "system", "Transcription based on the conversation summary"),
    ("Title", "input", "system", "Title of the field"),
    ("Customer Tier", "dropdown", "custom", "What the customer pays for"),
    ("Effort (h)", "number", "custom", "Hours of work"),
    ("Contract no.", "input", "custom", "As printed, with its leading zeros"),
    ("Follow-up on", "date", "custom", "When to call back"),
    ("Région", "input", "custom", "Where the customer is"),
    ("Labels", "multiselect", "custom", "Any number of them"),
)
OPTIONS = {"Customer Tier": ["Gold", "Silver", "Bronze"], "Labels": ["billing", "legal", "on-site", "renewal"]}
CUSTOM = tuple(name for name, _, kind, _ in _FIELDS if kind == "custom")

_SHORT = {"status": ("_id", "name", "statusCategory"), "priority": ("_id", "name", "color", "score")}


class Account:
    """One account, made from the seed. `people`, `statuses`, `priorities` and `fields` hold wire objects."""

    def __init__(self, seed: int) -> None:
        rng = random.Random(f"{seed}:kore:account")
        self.id = f"{rng.getrandbits(96):024x}"
        self.stream = make_id("st", rng, 8)
        self.org = make_id("o", rng, 8)
        self.people: list[Object] = [
            {"_id": make_id("u", rng, 8), "name": p.name, "emailId": p.email or "", "profImage": "no-avatar"}
            for p in people(seed)
        ]
        on = {"isEnabled": True, "isActive": True}
        self.statuses: list[Object] = [
            {"_id": make_id("sts", rng), "name": name, "lname": name.lower(), "statusCategory": category}
            | {"type": kind, "desc": desc, **on}
            for name, category, kind, desc in _STATUSES
        ]
        self.priorities: list[Object] = [
            {"_id": make_id("pr", rng), "name": name, "lname": name.lower(), "type": "system", "desc": desc}
            | {"color": color, **on, "score": score}
            for name, color, score, desc in _PRIORITIES
        ]
        self.fields: list[Object] = [_field(make_id("fd", rng), *definition) for definition in _FIELDS]

    def listed(self, kind: Kind) -> list[Object]:
        """All objects of a kind."""
        return {"status": self.statuses, "priority": self.priorities, "person": self.people}[kind]

    def find(self, kind: Kind, object_id: str | None) -> Object | None:
        """The object with this `_id`."""
        return _with_id(self.listed(kind), object_id)

    def named(self, kind: Kind, names: list[str]) -> list[str]:
        """The `_id`s of all objects that have one of these names, in any case."""
        wanted = {name.casefold() for name in names}
        return [o["_id"] for o in self.listed(kind) if o["name"].casefold() in wanted]

    def pick(self, kind: Kind, given: object, key: str) -> str:
        """The `_id` of the object that a caller gives."""
        return str(_known(self.listed(kind), given, key)["_id"])

    def colleague(self, kind: Kind, text: str) -> Object:
        """The object that a test means by a name or an `_id`."""
        found = next((o for o in self.listed(kind) if text in (o["_id"], o["name"])), None)
        if found is None:
            raise SettingsError(f"this account has no {kind} {text!r}")
        return found

    def rename(self, kind: Literal["status", "priority"], old: str, new: str) -> None:
        """Give an object another name; its `_id` stays, and all tasks that have it show the new one."""
        self.colleague(kind, old).update(name=new, lname=new.lower())

    def duplicate(self, kind: Literal["status", "priority", "person"], name: str) -> Object:
        """A second object with the same name and an `_id` of its own."""
        found = self.colleague(kind, name)
        prefix = found["_id"].partition("-")[0]
        twin = {**found, "_id": make_id(prefix, random.Random(f"{found['_id']}:{len(self.listed(kind))}"))}
        self.listed(kind).append(twin)
        return twin

    def show(self, kind: Literal["status", "priority"], object_id: str, *, short: bool) -> Object:
        """An object as replies show it."""
        found = self.find(kind, object_id) or {"_id": object_id, "name": ""}
        return {k: found[k] for k in _SHORT[kind] if k in found} if short else dict(found)

    def assignee(self, person_id: str | None) -> Object:
        """Who a task is assigned to: {} when nobody is (the filled shape is not documented: ours)."""
        return dict(self.find("person", person_id) or {})

    def author(self, person_id: str | None) -> Object:
        """Who created or updated a task."""
        found = self.find("person", person_id) or {"_id": person_id, "name": "", "profImage": "no-avatar"}
        return {"name": found["name"], "_id": found["_id"], "profImage": found["profImage"]}

    def show_fields(self, held: list[list[Any]]) -> list[Object]:
        """Custom and system fields as replies show them: the definition, and the value where one is set."""
        known = {f["_id"]: f for f in self.fields}
        shown = []
        for field_id, *value in held:
            definition = known.get(field_id, {"_id": field_id})
            shown.append({**definition, "value": value[0]} if value else dict(definition))
        return shown

    def take_fields(self, given: object) -> list[list[Any]]:
        """`fields` as a caller gives them. The array is replaced whole: a field that it lacks is gone (ours)."""
        if not isinstance(given, list):
            raise Refused(400, "fields: an array is expected")
        held: list[list[Any]] = []
        for i, field in enumerate(given):
            value = field.get("value") if isinstance(field, dict) else None
            bare = {k: v for k, v in field.items() if k != "value"} if isinstance(field, dict) else field
            definition = _known(self.fields, bare, f"fields[{i}]")
            field_id = definition["_id"]
            if field_id in [h[0] for h in held]:
                raise Refused(400, f"fields[{i}]: {field_id!r} is there twice")
            if value in (None, "", []):
                held.append([field_id])
                continue
            _check_value(definition, value, f"fields[{i}].value")
            held.append([field_id, value])
        return held


def _with_id(objects: list[Object], object_id: str | None) -> Object | None:
    return next((o for o in objects if o["_id"] == object_id), None)


def _known(objects: list[Object], given: object, key: str) -> Object:
    """The account's object that a caller gives: a known `_id`, and nothing that contradicts it (ours)."""
    if not isinstance(given, dict) or not isinstance(given.get("_id"), str):
        raise Refused(400, f"{key}: an object with its _id is expected")
    known = _with_id(objects, given["_id"])
    if known is None:
        raise Refused(400, f"{key}: this account has none with the _id {given['_id']!r}")
    for name, value in given.items():
        if name not in known or known[name] != value:
            raise Refused(400, f"{key}.{name}: does not belong to {given['_id']!r}")
    return known


def make_id(prefix: str, rng: random.Random, first: int = 7) -> str:
    """An id as Kore makes them: a prefix and a UUID, whose first group has 7 digits for most kinds."""
    digits = f"{rng.getrandbits(128):032x}"
    groups = (digits[:first], digits[8:12], digits[12:16], digits[16:20], digits[20:])
    return "-".join((prefix, *groups))


def is_moment(value: str) -> bool:
    """Whether a text is a date or time in ISO 8601."""
    try:
        datetime.fromisoformat(value)
    except ValueError:
        return False
    return True


def _field(field_id: str, name: str, kind: str, of: str, desc: str) -> Object:
    words = "".join(c for c in name.title() if c.isalnum())
    meta: Object = {"type": kind, "displayName": name, "name": words[0].lower() + words[1:], "description": desc}
    meta |= {"placeholder": f"Enter {name.lower()}", "readOnly": False, "tooltipText": desc}
    if name in OPTIONS:
        meta["options"] = list(OPTIONS[name])
    field = {"_id": field_id, "show": True, "displayName": name, "lname": name.lower(), "desc": desc}
    return field | {
        "isEnabled": True, "isActive": True, "metaData": meta, "type": of, "required": of == "system", "dataType": kind,
    }  # fmt: skip


def _check_value(definition: Mapping[str, Any], value: object, key: str) -> None:
    kind, options = definition["dataType"], definition["metaData"].get("options")
    number = isinstance(value, int | float) and not isinstance(value, bool)
    if kind == "number":
        good = number
    elif kind == "multiselect":
        good = isinstance(value, list) and all(isinstance(v, str) and (not options or v in options) for v in value)
    elif kind in ("date", "datetime"):
        good = isinstance(value, str) and is_moment(value)
    else:
        good = isinstance(value, str) and (not options or value in options)
    if not good:
        raise Refused(400, f"{key}: is no {kind}" + (f" of {', '.join(options)}" if options else ""))
