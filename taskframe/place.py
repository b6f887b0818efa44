"""Where a connection leads: the service, its address, and whose account it is."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

from taskframe.engine.link import Link
from taskframe.engine.transport import check_base_url
from taskframe.errors import AuthError, PlanError
from taskframe.services.base import Service, Source


class Place:
    """A service at an address. The account may become known only with the first task (a Reload workspace)."""

    def __init__(self, service: Service, settings: Any) -> None:
        self._service = service
        self._settings = settings
        self.base_url = check_base_url(settings.base_url)
        self.account: Mapping[str, str] = service.account(settings, None)

    @property
    def source(self) -> Source:
        """As loads, plans and reports carry it."""
        return Source(self._service.name, self.base_url, self.account)

    def learn(self, tasks: Sequence[Any]) -> Source:
        """The same, once these tasks (of a listing) have told whose they are."""
        if tasks and not self.account:
            self.account = self._service.account(self._settings, self._service.row(tasks[0]))
        return self.source

    async def visit(self, link: Link, *, attempts: int | None = None) -> Source:
        """Reads one page, and learns from it. AuthError for 403 too: without task-read a key is good for nothing."""
        listing = self._service.listing({})
        call = listing.start()[0]
        caller = link.caller()
        caller.attempts = attempts or caller.attempts
        verdict = await caller.read(call)
        if verdict.kind != "ok":
            error = verdict.error(call)
            raise AuthError(str(error)) if verdict.status == 403 else error
        return self.learn(listing.receive(call, verdict)[0])

    def check_same(self, source: Source, what: str) -> None:
        """Raises PlanError when `source` is another service, address or (as far as known) account than this."""
        for name, theirs, ours in (
            ("service", source.service, self._service.name),
            ("address", source.base_url or self.base_url, self.base_url),
            *((k, v, self.account.get(k, v)) for k, v in source.account.items()),
        ):
            if theirs != ours:
                raise PlanError(f"{what} was made elsewhere: its {name} is {theirs}, this connection's is {ours}")
