"""What a load may ask Kore for, checked before the first call."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from datetime import datetime
from typing import Any, Final

import msgspec

from taskframe.errors import SettingsError, did_you_mean
from taskframe.services.asked import text, texts
from taskframe.services.kore.moments import iso

LISTS: Final = ("priority", "status", "channel", "queues", "agents", "customFields", "ETAlist", "selectedColumns")
FLAGS: Final = ("unresolved", "unassigned", "mytask", "mycase")
TIMES: Final = ("startDate", "endDate", "dueDate")
KNOWN: Final = ("searchText", *FLAGS, *LISTS, *TIMES)
"""All that getTasks takes [docs]. The request sample writes `mytask` where the table writes `mycase`: both may be
asked for."""

_OWN: Final = {
    "sortBy": "tasks are read in the order of their creation, so that pages don't shift: sort tasks.df",
    "skip": "all pages are read: load(limit=…) wants only so many",
    "limit": "load(limit=…) wants only so many",
}


def body_of(filters: Mapping[str, object]) -> dict[str, Any]:
    """The filters as getTasks takes them.

    `searchText`: text in a task's name. `unresolved`, `unassigned`, `mytask` (assigned to whom the token stands for):
    True or False. `priority`, `status` (names), `channel`, `queues`, `agents`, `ETAlist`, `selectedColumns`: a text or
    several; `customFields`: objects. `startDate`, `endDate`, `dueDate`: a time, or ISO 8601 text. Anything else is
    `SettingsError`.
    """
    return {name: _value(name, value) for name, value in filters.items()}


def _value(name: str, value: object) -> Any:
    if name in FLAGS:
        if not isinstance(value, bool):
            raise SettingsError(f"the filter {name} is True or False, not {value!r}")
        return value
    if name in LISTS:
        return _list(name, value)
    if name in TIMES:
        return _time(name, value)
    if name == "searchText":
        return text(name, value)
    if name in _OWN:
        raise SettingsError(f"{name} is no filter: {_OWN[name]}")
    raise SettingsError(f"Kore has no filter {name!r}.{did_you_mean(name, KNOWN)} There are: {', '.join(KNOWN)}.")


def _list(name: str, given: object) -> list[Any]:
    if name != "customFields":
        return texts("Kore", name, given)
    values: list[Any] = [given] if isinstance(given, str | Mapping) or not isinstance(given, Iterable) else list(given)
    if not values:
        raise SettingsError(f"the filter {name} is an empty list: leave it out to load all")
    if not all(isinstance(value, Mapping) for value in values):
        raise SettingsError(f"the filter customFields takes an object or a list of objects, not {given!r}")
    return [dict(value) for value in values]


def _time(name: str, value: object) -> str:
    wrong = f"the filter {name} takes a time with its offset, such as '2026-01-31T09:00:00Z', not {value!r}"
    try:
        found = msgspec.convert(value, datetime) if isinstance(value, str) else value
    except msgspec.ValidationError:
        raise SettingsError(wrong) from None
    if not isinstance(found, datetime) or found.tzinfo is None:
        raise SettingsError(wrong)
    return iso(found)
