"""What is known of a load: where the tasks came from, when, and whether they are all there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Annotated, Any

import msgspec

from taskframe.catalogue import Catalogue
from taskframe.errors import FileError, SettingsError
from taskframe.schema import Schema
from taskframe.services.base import Person, Service, Source


@dataclass(frozen=True)
class Load:
    """A load. Frames, plans and reports carry it; saved ones hold it.

    - `loaded_at`: UTC. `size`: tasks loaded.
    - `filters`: as asked for; `limited`: only so many, or only some ids, were wanted.
    - `editable`: columns that were asked to be editable and are not by themselves.
    - `complete`: False when the list was cut and the user went on with it; `gaps` names what is missing.
    """

    service: Service
    source: Source
    schema: Schema
    catalogue: Catalogue
    loaded_at: datetime
    size: int
    filters: Mapping[str, Any] = field(default_factory=dict)
    limited: bool = False
    complete: bool = True
    gaps: Sequence[str] = ()
    notes: Sequence[str] = ()
    editable: Sequence[str] = ()

    @property
    def people(self) -> Sequence[Person]:
        """Whom the catalogue knows."""
        return self.service.people(self.catalogue)

    @property
    def whole(self) -> bool:
        """Whether this is all that the service has for us: no filter, no limit, nothing cut."""
        return self.complete and not self.filters and not self.limited

    @property
    def label(self) -> str:
        """`the load of 2026-11-21 22:40 UTC`."""
        return f"the load of {self.loaded_at:%Y-%m-%d %H:%M} UTC"

    @property
    def place(self) -> str:
        """`https://api.reload.chat · workspaceId ws_1`."""
        return place_of(self.source.base_url, self.source.account)

    def to_json(self) -> dict[str, Any]:
        """As plain JSON, for files; the schema follows from the service and the catalogue."""
        return {
            "service": self.source.service,
            "base_url": self.source.base_url,
            "account": dict(self.source.account),
            "catalogue": self.catalogue.to_json(),
            "loaded_at": self.loaded_at.isoformat(),
            "size": self.size,
            "filters": dict(self.filters),
            "limited": self.limited,
            "complete": self.complete,
            "gaps": list(self.gaps),
            "notes": list(self.notes),
            "editable": list(self.editable),
        }

    @classmethod
    def from_json(cls, data: Mapping[str, Any], service: Service) -> Load:
        """The load that `to_json` wrote. Raises FileError when `data` is no such thing."""
        try:
            saved = msgspec.convert(data, _Saved)
            catalogue = Catalogue(saved.catalogue)
            schema = service.schema(catalogue).with_editable(saved.editable)
        except (SettingsError, msgspec.ValidationError, KeyError, TypeError, ValueError) as error:
            raise FileError(f"what this file says of its load makes no sense: {error}") from None
        return cls(
            service=service,
            source=Source(saved.service, saved.base_url, saved.account),
            schema=schema,
            catalogue=catalogue,
            loaded_at=saved.loaded_at.astimezone(UTC),
            size=saved.size,
            filters=saved.filters,
            limited=saved.limited,
            complete=saved.complete,
            gaps=saved.gaps,
            notes=saved.notes,
            editable=saved.editable,
        )


def place_of(base_url: str, account: Mapping[str, str]) -> str:
    """The address, and of the account what the address does not tell."""
    words = (f"{k} {v}" for k, v in account.items() if v not in base_url)
    return " · ".join(filter(None, (base_url, *words)))


class _Saved(msgspec.Struct):
    """A load in a file: whoever can write the file can write anything into it."""

    service: str
    base_url: str
    account: dict[str, str]
    catalogue: dict[str, dict[str, Any]]
    loaded_at: Annotated[datetime, msgspec.Meta(tz=True)]
    size: Annotated[int, msgspec.Meta(ge=0)]
    filters: dict[str, Any]
    limited: bool
    complete: bool
    gaps: tuple[str, ...]
    notes: tuple[str, ...]
    editable: tuple[str, ...] = ()
