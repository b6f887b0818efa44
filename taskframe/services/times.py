"""Times on the wire: RFC 3339 text, or null."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any, Final

import msgspec

from taskframe.errors import ProtocolError
from taskframe.services.http import words

_TIMES: Final = list[datetime | None]


def are_times(values: Sequence[str | None]) -> bool:
    """Is each null, or an RFC 3339 timestamp?"""
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
