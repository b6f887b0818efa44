"""What a filter may be given, whatever the service: text, or several."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence

from taskframe.errors import SettingsError, did_you_mean


def texts(service: str, name: str, given: object, choices: Sequence[str] = ()) -> list[str]:
    """One text or several, as a list without repeats; of `choices` where there are some. Raises SettingsError."""
    if isinstance(given, str):
        values = [text(name, given)]
    elif isinstance(given, Iterable) and not isinstance(given, Mapping | bytes):
        values = list(dict.fromkeys(text(name, value) for value in given))
    else:
        raise SettingsError(f"the filter {name} takes a text or a list of texts, not {given!r}")
    if not values:
        raise SettingsError(f"the filter {name} is an empty list: leave it out to load all")
    for value in values:
        if choices and value not in choices:
            near = did_you_mean(value, choices)
            raise SettingsError(f"{service} has no {name} {value!r}.{near} There are: {', '.join(choices)}.")
    return sorted(values) if isinstance(given, set | frozenset) else values


def text(name: str, value: object) -> str:
    """One text. Raises SettingsError."""
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"the filter {name} takes text that is not empty, not {value!r}")
    return str.__str__(value)  # of a (str, Enum) the value, not the name
