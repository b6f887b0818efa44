"""What is known of a load: where the tasks came from, when, and whether they are all there."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field, replace
from datetime import UTC, datetime
from typing import Annotated, Any
from urllib.parse import urlsplit

import msgspec

from taskframe.catalogue import Catalogue
from taskframe.errors import FileError, SettingsError
from taskframe.schema import NESTED, Schema
from taskframe.services.base import Person, Service, Source


@dataclass(frozen=True)
class Load:
    """A load. Frames, plans and reports carry it; saved ones hold it.

    - `loaded_at`: UTC. `size`: tasks loaded.
    - `filters`: as asked for; `limited`: only so many, or only some ids, were wanted: `limit`, or those of the frame
      (`by_ids`).
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
    limit: int | None = None
    by_ids: bool = False

    @property
    def people(self) -> Sequence[Person]:
        """Whom the catalogue knows."""
        return self.service.people(self.catalogue)

    def knowing(self, catalogue: Catalogue) -> Load:
        """This load with the names that a newer catalogue knows; the account's own columns stay as they were loaded."""
        names = {c: n for c, n in catalogue.entries.items() if c in self.schema and self.schema[c].kind not in NESTED}
        merged = self.catalogue.merge(Catalogue(names))
        if merged == self.catalogue:
            return self
        return replace(self, catalogue=merged, schema=self.service.schema(merged).with_editable(self.editable))

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
            "limit": self.limit,
            "by_ids": self.by_ids,
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
            limit=saved.limit,
            by_ids=saved.by_ids,
        )


def place_of(base_url: str, account: Mapping[str, str]) -> str:
    """The address (of a long one the host), and of the account what that does not tell."""
    parts = urlsplit(base_url)
    shown = base_url if len(base_url) <= _LONG else f"{parts.scheme}://{parts.netloc}"
    words = (f"{k} {v}" for k, v in account.items() if v not in shown)
    return " · ".join(filter(None, (shown, *words)))


_LONG = 60


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
    limit: Annotated[int, msgspec.Meta(gt=0)] | None = None
    by_ids: bool = False
