"""How the cells of a file are to be read, whatever file it is."""

from __future__ import annotations

from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import datetime, tzinfo
from typing import Any, Literal
from zoneinfo import ZoneInfo

import pandas as pd

from taskframe.errors import FileError
from taskframe.files.numbers import Numbers
from taskframe.schema import Unfit

Blank = Literal["leave", "clear"]


@dataclass(frozen=True)
class Reading:
    """What the user says of a file, and what is known of its values.

    - `key`: the column that rows go by in place of the id, and `keys` the id of each of its values.
    - `blank`: what a blank cell says. `choices`: values known beyond the documented ones, by column.
    - `names`: what columns of the file are called in the schema.
    - `dates`: formats of times that are no ISO 8601 (`%d.%m.%Y`); `tz`: whose a time without an offset is.
    - `decimal`, `thousands`: what parts the fraction of a number, and its digits in groups of three. A file that is
      `typed` has numbers of its own, in no way of writing.
    """

    key: str | None = None
    keys: Mapping[str, str] = field(default_factory=dict)
    blank: Blank = "leave"
    choices: Mapping[str, Collection[Any]] = field(default_factory=dict)
    names: Mapping[str, str] = field(default_factory=dict)
    dates: str | Sequence[str] = ()
    tz: str | tzinfo | None = None
    decimal: str = "."
    thousands: str = ""
    typed: bool = False
    numbers: Numbers = field(init=False, repr=False)

    def __post_init__(self) -> None:
        if self.blank not in ("leave", "clear"):
            raise FileError(f"blank={self.blank!r}: a blank cell is either left alone ('leave') or cleared ('clear')")
        if not isinstance(self.names, Mapping):
            raise FileError(
                f"names= maps the file's names to columns, such as names={{'Owner': 'title'}}, not {self.names!r}"
            )
        for form in self.formats:
            if not isinstance(form, str) or "%" not in form:
                raise FileError(f"dates={self.dates!r}: a format such as '%d.%m.%Y' or '%m/%d/%Y %H:%M', or several")
        zone(self.tz)
        object.__setattr__(self, "numbers", Numbers(self.decimal, self.thousands))

    @property
    def formats(self) -> tuple[str, ...]:
        """The formats of times that are no ISO 8601."""
        return (self.dates,) if isinstance(self.dates, str) else tuple(self.dates)

    @property
    def zone(self) -> tzinfo | None:
        """Whose a time without an offset is."""
        return zone(self.tz)

    @property
    def days_only(self) -> bool:
        """Whether the formats have no time of the day."""
        return bool(self.formats) and not any(mark in form for form in self.formats for mark in _HOURS)

    def time(self, text: str) -> pd.Timestamp | None:
        """The time that a text of one of the formats says; None when it has none. Raises Unfit for no such moment."""
        for form in self.formats:
            try:
                return self.placed(pd.Timestamp(datetime.strptime(text, form)).as_unit("us"))
            except Unfit:
                raise
            except ValueError:
                continue
        return None

    def placed(self, time: pd.Timestamp) -> pd.Timestamp:
        """A time without an offset in its zone, as UTC. Raises Unfit where the clocks change."""
        whose = self.zone
        if whose is None or time.tzinfo is not None:
            return time
        try:
            return time.tz_localize(whose).tz_convert("UTC")
        except ValueError:
            raise Unfit(
                f"{time.isoformat()} occurs twice or never in {self.tz}, where the clocks change: write its offset"
            ) from None


_HOURS = ("%H", "%I", "%X", "%c", "%T", "%R")


def zone(name: str | tzinfo | None) -> tzinfo | None:
    """The time zone of that name. Raises FileError where there is none."""
    if name is None or isinstance(name, tzinfo):
        return name
    try:
        return ZoneInfo(name)
    except (LookupError, ValueError, TypeError, OSError):
        raise FileError(f"tz={name!r}: there is no such time zone; they are called 'Europe/Berlin' or 'UTC'") from None
