"""Filters as they are written on a command line: `status=todo`, once for each value."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any

from taskframe.errors import SettingsError

_WORDS = {"true": True, "false": False}


def filters_of(given: Sequence[str]) -> dict[str, Any]:
    """Filter → value, or the values of one that is given several times.

    `true` and `false` are meant as such, `{…}` is JSON, `"true"` in quotes is a text. Raises SettingsError.
    """
    found: dict[str, list[Any]] = {}
    for text in given:
        name, equals, value = text.partition("=")
        if not equals or not name.strip():
            raise SettingsError(f"--filter takes name=value, like --filter status=todo, not {text!r}")
        found.setdefault(name.strip(), []).append(_value(name, value))
    return {name: values[0] if len(values) == 1 else values for name, values in found.items()}


def _value(name: str, text: str) -> Any:
    if text in _WORDS:
        return _WORDS[text]
    if text.startswith("{") or (len(text) > 1 and text[0] == text[-1] == '"'):
        try:
            return json.loads(text)
        except ValueError:
            raise SettingsError(f"--filter {name}=…: {text!r} is not JSON") from None
    return text


def pairs_of(option: str, given: Sequence[str]) -> dict[str, str]:
    """`THEIRS=OURS`, once for each. Raises SettingsError."""
    found = {}
    for text in given:
        theirs, equals, ours = text.rpartition("=")
        if not equals or not theirs.strip() or not ours.strip():
            raise SettingsError(f"{option} takes THEIRS=OURS, like {option} Owner=assigneeUserId, not {text!r}")
        found[theirs.strip()] = ours.strip()
    return found


def names_of(given: Sequence[str] | None) -> list[str] | None:
    """Names that are given one by one, or several with commas between them; None when there are none."""
    if not given:
        return None
    names = [name.strip() for text in given for name in text.split(",")]
    return [name for name in dict.fromkeys(names) if name]
