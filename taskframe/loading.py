"""One load: what was asked for, read whole, as a frame and what is known of it."""

from __future__ import annotations

from collections.abc import Callable, Collection, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any

import pandas as pd

from taskframe.engine.link import Link
from taskframe.engine.loading import load
from taskframe.errors import IncompleteLoad, SettingsError
from taskframe.load import Load
from taskframe.progress import Progress, progress_bar
from taskframe.services.base import Service, Source


@dataclass(frozen=True)
class Wanted:
    """What was asked for: the service's filters, only these `ids`, only so many (`limit`)."""

    filters: Mapping[str, Any] = field(default_factory=dict)
    ids: frozenset[str] | None = None
    limit: int | None = None

    @classmethod
    def of(
        cls,
        filters: Mapping[str, Any] | None,
        named: Mapping[str, Any],
        ids: Collection[str] | None,
        limit: int | None,
    ) -> Wanted:
        """Raises SettingsError for what can't be right; the filters themselves are the service's to judge."""
        twice = sorted(set(filters or ()) & set(named))
        if twice:
            raise SettingsError(f"the filter {twice[0]!r} is given twice: by name, and in filters=")
        if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
            raise SettingsError(f"limit= is a whole number above 0, not {limit!r}")
        if isinstance(ids, str) or (ids is not None and not all(isinstance(i, str) for i in ids)):
            raise SettingsError("ids= takes a list of task ids, which are text")
        return cls({**(filters or {}), **named}, None if ids is None else frozenset(ids), limit)


async def read_tasks(
    link: Link,
    wanted: Wanted,
    account: Callable[[Sequence[Any]], Mapping[str, str]],
    *,
    allow_incomplete: bool,
    progress: Progress,
) -> tuple[pd.DataFrame, Load]:
    """The tasks, and what is known of them. `account` tells whose they are, from the tasks of a reply."""
    service = link.service
    listing = service.listing(wanted.filters)
    started = datetime.fromtimestamp(link.clock.wall(), UTC)
    with progress_bar(progress, desc=f"Loading {service.label}", total=None) as bar:

        def show(done: int, total: int | None) -> None:
            bar.total = total
            bar.update(done - bar.n)

        loaded = await load(
            listing,
            link.caller(),
            concurrency=link.concurrency,
            limit=wanted.limit,
            until=None if wanted.ids is None else _AllFound(wanted.ids, service),
            progress=show,
        )
    columns, catalogue = service.columns(loaded.tasks)
    schema = service.schema(catalogue)
    df = schema.frame(columns[schema.index], columns)
    gaps = loaded.gaps
    if wanted.ids is not None:
        missing = sorted(wanted.ids.difference(df.index))
        df = df[df.index.isin(list(wanted.ids))]
        # where all are found, the rest of the list does not matter
        gaps = (*(f"task {i} was not found" for i in missing), *gaps) if missing else ()
    if gaps and not allow_incomplete:
        raise IncompleteLoad(_incomplete(len(df), gaps), gaps=gaps, loaded=len(df))
    about = Load(
        service=service,
        source=Source(service.name, link.base_url, account(loaded.tasks)),
        schema=schema,
        catalogue=catalogue,
        loaded_at=started,
        size=len(df),
        filters=wanted.filters,
        limited=wanted.limit is not None or wanted.ids is not None,
        complete=not gaps,
        gaps=gaps,
        notes=loaded.notes,
    )
    return df, about


class _AllFound:
    """Says when all wanted ids are there, so that reading can end."""

    def __init__(self, wanted: Collection[str], service: Service) -> None:
        self._left = set(wanted)
        self._service = service
        self._looked = 0

    def __call__(self, tasks: Sequence[Any]) -> bool:
        index = self._service.index
        self._left.difference_update(str(self._service.row(t)[index]) for t in tasks[self._looked :])
        self._looked = len(tasks)
        return not self._left


def _incomplete(loaded: int, gaps: Sequence[str]) -> str:
    shown = "; ".join(gaps[:5]) + (f"; and {len(gaps) - 5} more" if len(gaps) > 5 else "")
    return (
        f"the list is not whole: {loaded:,} tasks were found, and {shown}. Narrow it with filters, or go on with what "
        "there is: load(…, allow_incomplete=True)"
    )
