"""One load: what was asked for, read whole, as a frame and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from enum import Enum
from numbers import Integral
from typing import Any

import pandas as pd

from taskframe.catalogue import Catalogue
from taskframe.changes.frozen import Frozen
from taskframe.engine.garbage import collector_paused, full_collections_postponed
from taskframe.engine.link import Link
from taskframe.engine.loading import load
from taskframe.errors import IncompleteLoad, SettingsError
from taskframe.load import Load
from taskframe.progress import Progress, check_progress, progress_bar
from taskframe.schema import is_sendable
from taskframe.services.base import Gatherer, Service, Source, gatherer


@dataclass(frozen=True)
class Wanted:
    """What was asked for: the service's filters, only these `ids`, only so many (`limit`, of those with `ids`).

    `editable`: columns that are to be editable and are not by themselves.
    """

    filters: Mapping[str, Any] = field(default_factory=dict)
    ids: frozenset[str] | None = None
    limit: int | None = None
    editable: tuple[str, ...] = ()

    @classmethod
    def of(
        cls,
        filters: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        ids: Collection[str] | None,
        limit: int | None,
        editable: Collection[str] = (),
    ) -> Wanted:
        """Raises SettingsError for what can't be right; the filters themselves are the service's to judge."""
        if filters is not None and not isinstance(filters, Mapping):
            raise SettingsError(f"filters= takes a mapping of filter → value, not {type(filters).__name__}")
        twice = sorted(set(filters or ()) & set(named))
        if twice:
            raise SettingsError(f"the filter {twice[0]!r} is given twice: by name, and in filters=")
        wanted = {name: _plain(value) for name, value in {**(filters or {}), **named}.items()}
        for name, value in wanted.items():
            _check_text(name, value)
        return cls(
            wanted,
            None if ids is None else _ids(ids),
            None if limit is None else _number(limit),
            _names(editable),
        )

    @property
    def enough(self) -> int | None:
        """How many of `ids` are enough; None when no ids are named."""
        if self.ids is None:
            return None
        return len(self.ids) if self.limit is None else min(len(self.ids), self.limit)


def _plain(value: Any) -> Any:
    """A filter's value as it is kept and saved: several values as a list that nobody else changes."""
    if isinstance(value, Enum):
        return value.value
    if isinstance(value, str):
        return str.__str__(value)  # numpy's text too
    if isinstance(value, datetime) and value.tzinfo is not None:  # pandas' timestamps too; what has no zone is refused
        return value.isoformat()
    if isinstance(value, Mapping):
        return {name: _plain(v) for name, v in value.items()}
    if isinstance(value, bytes) or not isinstance(value, Iterable):
        return value
    values = [_plain(v) for v in value]
    return sorted(values) if isinstance(value, set | frozenset) and all(isinstance(v, str) for v in values) else values


def _check_text(name: str, value: Any) -> None:
    if isinstance(value, str) and not is_sendable(value):
        raise SettingsError(f"the filter {name} holds half a surrogate pair, which is no text and can't be sent")
    if isinstance(value, dict):
        value = [*value, *value.values()]
    for part in value if isinstance(value, list) else ():
        _check_text(name, part)


def _ids(ids: Collection[str]) -> frozenset[str]:
    wanted = [ids] if isinstance(ids, str) or not isinstance(ids, Iterable) else list(ids)
    strange = [i for i in wanted if not isinstance(i, str)]
    if isinstance(ids, str) or strange:
        way_out = f": ids=[{ids!r}]" if isinstance(ids, str) else f", which are text, not {strange[0]!r}"
        raise SettingsError(f"ids= takes a list of task ids{way_out}")
    return frozenset(wanted)


def _names(editable: Collection[str]) -> tuple[str, ...]:
    names = [editable] if isinstance(editable, str) or not isinstance(editable, Iterable) else list(editable)
    if isinstance(editable, str) or not all(isinstance(name, str) for name in names):
        raise SettingsError(f"editable= takes a list of columns, not {editable!r}")
    return tuple(dict.fromkeys(names))


def _number(limit: object) -> int:
    if limit is not True and isinstance(limit, Integral) and int(limit) > 0:  # numpy's integers too
        return int(limit)
    raise SettingsError(f"limit= is a whole number above 0, not {limit!r}")


async def read_tasks(
    link: Link,
    wanted: Wanted,
    learn: Callable[[Sequence[Any]], Source],
    *,
    known: Callable[[], Catalogue],
    allow_incomplete: bool,
    progress: Progress,
) -> tuple[pd.DataFrame, Load, Mapping[str, Frozen]]:
    """The tasks, what is known of them, and columns that are frozen already.

    `learn` tells where they come from, account and all; `known` what names stand for, as far as earlier loads told.
    """
    check_progress(progress)
    if allow_incomplete not in (True, False):
        raise SettingsError(f"allow_incomplete= is True or False, not {allow_incomplete!r}")
    service = link.service
    service.schema(known()).with_editable(wanted.editable)  # refused before anything is read
    listing = service.listing(wanted.filters)
    started = datetime.fromtimestamp(link.clock.wall(), UTC)
    gathered = _Gathered(gatherer(service, known()))
    bars = progress_bar(progress, desc=f"Loading {service.label}", total=None)
    with full_collections_postponed(), bars as bar:
        loaded = await load(
            listing,
            link.caller(),
            concurrency=link.concurrency,
            limit=wanted.limit if wanted.ids is None else None,
            until=None if wanted.ids is None else _Found(wanted.ids, wanted.enough or 0, service),
            progress=bar.reach,
            take=gathered.take,
        )
    with collector_paused():
        columns, catalogue = gathered.columns()
        frozen = gathered.frozen()
    schema = service.schema(catalogue).with_editable(wanted.editable)
    df = schema.frame(columns[schema.index], columns)
    gaps = loaded.gaps
    if wanted.ids is not None:
        missing = wanted.ids.difference(df.index)
        df = df[df.index.isin(list(wanted.ids))].iloc[: wanted.limit]
        frozen = {}  # of other rows
        # where enough are found, the rest of the list does not matter
        whole = len(df) == wanted.enough
        gaps = () if whole else (*(f"task {i} was not found" for i in sorted(missing)), *gaps)
    if gaps and not allow_incomplete:
        raise IncompleteLoad(_incomplete(len(df), gaps), gaps=gaps, loaded=len(df))
    about = Load(
        service=service,
        source=learn(gathered.first),
        schema=schema,
        catalogue=catalogue,
        loaded_at=started,
        size=len(df),
        filters=wanted.filters,
        limited=wanted.limit is not None or wanted.ids is not None,
        complete=not gaps,
        gaps=gaps,
        notes=loaded.notes,
        editable=wanted.editable,
        limit=None if wanted.ids is not None else wanted.limit,
        by_ids=wanted.ids is not None,
    )
    return df, about, frozen


class _Gathered:
    """What a load has taken so far; the `first` tasks as they were sent."""

    def __init__(self, gatherer: Gatherer) -> None:
        self.first: Sequence[Any] = ()
        self._gatherer = gatherer
        self.columns = gatherer.columns
        self.frozen: Callable[[], Mapping[str, Frozen]] = getattr(gatherer, "frozen", dict)

    def take(self, tasks: Sequence[Any]) -> None:
        self.first = self.first or tasks[:1]
        with collector_paused():
            self._gatherer.add(tasks)


class _Found:
    """Says when enough of the wanted ids are there, so that reading can end."""

    def __init__(self, wanted: Collection[str], enough: int, service: Service) -> None:
        self._left = set(wanted)
        self._most = len(self._left) - enough
        self._service = service
        self._looked = 0

    def __call__(self, tasks: Sequence[Any]) -> bool:
        index = self._service.index
        self._left.difference_update(str(self._service.row(t)[index]) for t in tasks[self._looked :])
        self._looked = len(tasks)
        return len(self._left) <= self._most


def _incomplete(loaded: int, gaps: Sequence[str]) -> str:
    shown = "; ".join(gaps[:5]) + (f"; and {len(gaps) - 5:,} more" if len(gaps) > 5 else "")
    return (
        f"the list is not whole: {loaded:,} tasks were found, and {shown}. Narrow it with filters, or go on with what "
        "there is: load(…, allow_incomplete=True)"
    )
