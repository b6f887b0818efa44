"""Times on the wire: RFC 3339 text, or null."""

from __future__ import annotations

import re
from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from taskframe.errors import ProtocolError
from taskframe.services.http import words

_TIMES: Final = list[datetime | None]
_MANY: Final = 50  # from here on msgspec is quicker


# Of the forms of a time the usual one, on a day that every month has: what fits needs no further look.
_USUAL: Final = re.compile(
    r"[1-9][0-9]{3}-(?:0[1-9]|1[0-2])-(?:0[1-9]|1[0-9]|2[0-8])T(?:[01][0-9]|2[0-3]):[0-5][0-9]:[0-5][0-9](?:\.[0-9]{1,6})?Z"
)


def are_times(values: Sequence[str | None]) -> bool:
    """Is each null, or an RFC 3339 timestamp?"""
    if len(values) < _MANY and all(v is None or (isinstance(v, str) and _USUAL.fullmatch(v)) for v in values):
        return True
    try:
        msgspec.convert(values, _TIMES)
    except msgspec.ValidationError:
        return False
    return True


def check_times(lists: Mapping[str, Sequence[Any]], names: Sequence[str]) -> None:
    """Raises ProtocolError that names the task (by its `id`) where a column of times holds something else."""
    for name in names:
        if are_times(lists[name]):
            continue
        task, value = next((t, v) for t, v in zip(lists["id"], lists[name], strict=True) if not are_times([v]))
        raise ProtocolError(f"task {words(task, 60)}: {name} is no RFC 3339 timestamp: {words(value, 40)!r}")
