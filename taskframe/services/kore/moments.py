"""Kore's times: milliseconds since 1970 in two fields, ISO 8601 text in three, whole milliseconds in all."""

from __future__ import annotations

from datetime import UTC, datetime, timedelta
from typing import Any, Final

_EPOCH: Final = datetime(1970, 1, 1, tzinfo=UTC)


def text_of(milliseconds: float) -> str:
    """Milliseconds since 1970 as ISO 8601 text. ValueError when that is no year from 1 to 9999."""
    try:
        return (_EPOCH + timedelta(milliseconds=milliseconds)).isoformat()
    except (OverflowError, ValueError):
        raise ValueError(f"{milliseconds} is no time in milliseconds since 1970") from None


def moment(value: Any) -> datetime:
    """A time in normal form, or as text, as a datetime. ValueError when it is none."""
    found = value if isinstance(value, datetime) else datetime.fromisoformat(value)
    return found if found.tzinfo is not None else found.replace(tzinfo=UTC)


def milliseconds(value: Any) -> int:
    """A time as milliseconds since 1970."""
    return (moment(value) - _EPOCH) // timedelta(milliseconds=1)


def iso(value: Any) -> str:
    """A time as Kore writes it: `2025-05-29T04:03:00.000Z`."""
    return moment(value).astimezone(UTC).isoformat(timespec="milliseconds").replace("+00:00", "Z")


def is_whole(value: Any) -> bool:
    """Is this time one that Kore can hold, of whole milliseconds?"""
    return moment(value).microsecond % 1000 == 0 and not getattr(value, "nanosecond", 0)
