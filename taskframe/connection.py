"""A connection: a service, where it is, who we are, the transport and the limits."""

from __future__ import annotations

import os
import random
import weakref
from collections.abc import Collection, Coroutine, Iterable, Mapping, Sequence
from pathlib import Path
from typing import TYPE_CHECKING, Any, Literal, TypeVar

import pandas as pd
from pydantic import SecretStr

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.config import find_service, journal_path, kept, read_rate, read_settings
from taskframe.engine.applying import OnConflict, Verify
from taskframe.engine.clock import Clock, SystemClock
from taskframe.engine.garbage import full_collections_postponed
from taskframe.engine.limits import shared_limiter
from taskframe.engine.link import Link
from taskframe.engine.tokens import Fresh, TokenSource
from taskframe.engine.transport import Transport, make_transport
from taskframe.errors import SettingsError
from taskframe.frame import TaskFrame
from taskframe.journal import Journal, Purse
from taskframe.load import Load, place_of
from taskframe.loading import Wanted, read_tasks
from taskframe.options import CONCURRENCY, MAX_WAIT, TIMEOUT, check_options, conceal, limits_of, token_source
from taskframe.people import People, person_id
from taskframe.place import Place
from taskframe.plan import Plan
from taskframe.progress import Progress, check_progress
from taskframe.report import Report
from taskframe.runs import Runs
from taskframe.services.base import Limit, Service, Source
from taskframe.session import Session, finish

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")


class Connection:
    """A connection to a service; made by `connect`.

    The sync calls work inside a running event loop too (a notebook's): all I/O runs on one loop of ours, in a
    background thread that the last `close()` ends.
    """

    def __init__(
        self,
        service: Service,
        settings: Any,
        *,
        tokens: TokenSource,
        client: httpx.AsyncClient | None = None,
        transport: Transport | httpx.AsyncBaseTransport | None = None,
        rate: Sequence[Limit] = (),
        concurrency: int = CONCURRENCY,
        timeout: float = TIMEOUT,
        max_wait: float = MAX_WAIT,
        people: People | None = None,
        progress: Progress = True,
        journal: str | os.PathLike[str] | None = None,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.service = service
        self._place = place = Place(service, settings)
        self._people = people or People()
        self._catalogue = EMPTY
        self._progress = progress
        clock = clock or SystemClock()
        book = None if journal is None else Journal(Path(journal).absolute(), clock.wall)
        where = (service.name, place.base_url, place.account)
        link = Link(
            service=service,
            base_url=place.base_url,
            settings=settings,
            tokens=tokens,
            transport=make_transport(place.base_url, client=client, transport=transport, concurrency=concurrency),
            limiter=shared_limiter(
                (service.name, place.base_url, *sorted(place.account.items())),
                rate,
                clock,
                spending=None if book is None else Purse(book, *where, clock),
            ),
            clock=clock,
            rng=rng or random.Random(),
            concurrency=concurrency,
            timeout=timeout,
            max_wait=max_wait,
        )
        self._session = Session(link)
        self._runs = Runs(self._session, place, progress, book)
        self._finalizer = weakref.finalize(self, finish, self._session)

    @property
    def base_url(self) -> str:
        """The service's address."""
        return self._place.base_url

    def __repr__(self) -> str:
        closed = ", closed" if self._session.closed else ""
        return f"<Connection to {self.service.label} at {place_of(self.base_url, self._place.account)}{closed}>"

    # the two faces

    def run(self, coro: Coroutine[Any, Any, T]) -> T:
        """Runs a coroutine on the background loop and waits for it: `conn.run(mine.aclose())`."""
        return self._session.run(coro)

    async def arun(self, coro: Coroutine[Any, Any, T]) -> T:
        """The same, awaited from the caller's own loop."""
        return await self._session.arun(coro)

    def close(self) -> None:
        """Closes what the connection opened (not a client or transport of yours). May be called twice.

        What is under way in other threads ends: a load with ClosedError, an apply in order, with its report.
        """
        self._finalizer.detach()
        self._session.close()

    async def aclose(self) -> None:
        """`close`, awaited."""
        self._finalizer.detach()
        await self._session.aclose()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    # who we are

    def check(self) -> dict[str, str]:
        """Reads one page: are these credentials good? Gives the account, as far as the service tells it.

        Asks once. Raises AuthError when they are not good (a key without the scope to read tasks is not either),
        ServiceError when the service can't be asked.
        """
        return self.run(self._check())

    async def check_async(self) -> dict[str, str]:
        """`check`, awaited."""
        return await self.arun(self._check())

    async def _check(self) -> dict[str, str]:
        with self._session.at_work():
            return dict((await self._place.visit(self._session.link, attempts=1)).account)

    def check_same_place(self, source: Source, what: str) -> None:
        """Raises PlanError when `source` is another service, address or (as far as known) account than this."""
        self._place.check_same(source, what)

    # people

    @property
    def people(self) -> pd.DataFrame:
        """id, name, email, handle, kind: whom the service has told of, and whom you assigned, whose names go first."""
        return self._people.frame()

    @people.setter
    def people(self, table: pd.DataFrame | Mapping[str, str] | None) -> None:
        self._people = self._people.replaced(table)

    @property
    def known(self) -> People:
        """The same, to be asked for ids and names."""
        return self._people

    def person_id(self, who: str) -> str:
        """The id of whoever goes by `@handle`, mail address or known name; anything else is an id already.

        Raises SettingsError when nobody, or more than one, goes by it.
        """
        return person_id(self._people, self._session, who)

    # loading

    @property
    def catalogue(self) -> Catalogue:
        """What names stand for, as far as loads over this connection have told; empty where none need be known.

        To add what no loaded task has: `conn.catalogue = conn.catalogue.merge(tf.Catalogue({"status.name": {…}}))`.
        """
        return self._catalogue

    @catalogue.setter
    def catalogue(self, catalogue: Catalogue) -> None:
        if not isinstance(catalogue, Catalogue):
            raise SettingsError(f"conn.catalogue takes a taskframe.Catalogue, not {type(catalogue).__name__}")
        try:
            self.service.schema(catalogue)
        except (AttributeError, KeyError, TypeError, ValueError) as error:
            raise SettingsError(f"conn.catalogue: {self.service.label} can make nothing of it: {error!r}") from None
        self._catalogue = catalogue

    def learn(self, load: Load) -> None:
        """Remembers what a load from elsewhere tells of names and people: it may be old, so what is known stays."""
        self._catalogue = load.catalogue.merge(self._catalogue)
        self._people.learn(self.service.people(self._catalogue))

    def load(
        self,
        *,
        filters: Mapping[str, Any] | None = None,
        ids: Collection[str] | None = None,
        limit: int | None = None,
        editable: Collection[str] = (),
        allow_incomplete: bool = False,
        progress: Progress | None = None,
        **named: Any,
    ) -> TaskFrame:
        """Loads tasks: all pages, or an error.

        Filters are the service's own, by name (`status=["todo", "in_progress"]`; lists are allowed), or in `filters=`
        where one is named like an option. `ids` and `limit` want only some of them. `editable` names columns that the
        service takes and that are its own record (Kore's `createdAt`): else they are read-only.

        Raises SettingsError for a filter or column that does not exist, AuthError, ServiceError, and IncompleteLoad
        when the list is cut or can't be proven whole; `allow_incomplete=True` goes on with what there is, and the frame
        says so.
        """
        return self.run(self._load(Wanted.of(filters, named, ids, limit, editable), allow_incomplete, progress))

    async def load_async(
        self,
        *,
        filters: Mapping[str, Any] | None = None,
        ids: Collection[str] | None = None,
        limit: int | None = None,
        editable: Collection[str] = (),
        allow_incomplete: bool = False,
        progress: Progress | None = None,
        **named: Any,
    ) -> TaskFrame:
        """`load`, awaited."""
        return await self.arun(self._load(Wanted.of(filters, named, ids, limit, editable), allow_incomplete, progress))

    async def _load(self, wanted: Wanted, allow_incomplete: bool, progress: Progress | None) -> TaskFrame:
        with self._session.at_work():
            df, about, frozen = await read_tasks(
                self._session.link,
                wanted,
                self._place.learn,
                known=lambda: self._catalogue,
                allow_incomplete=allow_incomplete,
                progress=self._progress if progress is None else progress,
            )
            self._catalogue = about.catalogue
            self._people.learn(about.people)
        with full_collections_postponed():
            return TaskFrame(df, about, self, frozen)

    # applying

    def runs(self) -> pd.DataFrame:
        """The runs at this place, from the journal: a row a run (index: run), the latest first.

        state ("live", "ended", "stopped" in order, "broken off"), started, ended (UTC), tasks, a column an outcome,
        parent (the run that this one followed: a retry, an undo), plan.
        """
        return self._runs.table()

    def report(self, run: str) -> Report:
        """The report of a run, from the journal, in a new process too: to look at, resume, retry or undo.

        Raises JournalError when there is no such run, PlanError when it was made elsewhere.
        """
        return self._runs.report(run, self)

    def caught_up(self, report: Report) -> Report:
        """A report of a run, with what the journal knows of it by now."""
        return self._runs.caught_up(report)

    def resume_run(self, report: Report, on_conflict: OnConflict, verify: Verify | None) -> Report:
        """Goes on with a run; see `Report.resume`."""
        return self._runs.resume(report, self._people.names, on_conflict, verify)

    async def resume_run_async(self, report: Report, on_conflict: OnConflict, verify: Verify | None) -> Report:
        """The same, awaited; see `Report.resume_async`."""
        return await self._runs.resume_async(report, self._people.names, on_conflict, verify)

    def seconds_for(self, calls: int) -> float | None:
        """How long so many calls take at the known limits; None where no limit is known."""
        return max((calls / n.calls * n.per for n in self._session.link.limiter.limits), default=None)

    def check_not_applied(self, plan: Plan) -> None:
        """Raises PlanError when this connection has applied the plan."""
        self._runs.check_not_applied(plan)

    async def dry_run_plan(self, plan: Plan, verify: Verify | None = None) -> Report:
        """A run that reads and writes nothing."""
        return await self._runs.dry_run(plan, self._people.names, verify)

    def apply_plan(self, plan: Plan, on_conflict: OnConflict, verify: Verify | None = None) -> Report:
        """A run, waited for; an interrupt ends it in order and raises ApplyInterrupted."""
        return self._runs.apply(plan, self._people.names, on_conflict, verify)

    async def apply_plan_async(self, plan: Plan, on_conflict: OnConflict, verify: Verify | None = None) -> Report:
        """A run, awaited; a cancellation ends it in order."""
        return await self._runs.apply_async(plan, self._people.names, on_conflict, verify)


def connect(
    service: str,
    *,
    token: str | SecretStr | Fresh | None = None,
    profile: str | None = None,
    client: httpx.AsyncClient | None = None,
    transport: Transport | httpx.AsyncBaseTransport | None = None,
    rate: Iterable[Limit] | Limit | None = None,
    concurrency: int = CONCURRENCY,
    timeout: float = TIMEOUT,
    max_wait: float = MAX_WAIT,
    people: pd.DataFrame | Mapping[str, str] | None = None,
    progress: Progress = True,
    journal: str | os.PathLike[str] | Literal[True] | None = True,
    **settings: Any,
) -> Connection:
    """A connection to `service` ("reload"). Sends nothing: `conn.check()` tries the credentials.

    - `token`: text, or a callable that gives a fresh one (called again when the service says it has expired).
    - `**settings`: the service's own, `base_url` among them. What is left out comes from TASKFRAME_<SERVICE>_<SETTING>
      or the `profile` (by default named like the service) of a TOML file; see `taskframe.config`.
    - `client`: your httpx.AsyncClient; `transport`: your httpx transport, or an object with async `send` and `aclose`.
      They are used and never closed, but for the sockets that an httpx client opened for this connection. What your
      own object opens belongs to taskframe's loop: close it there, `conn.run(mine.aclose())`.
    - `rate`: limits of calls in sliding windows, `[Limit(60, per=60)]`; by default the documented ones.
    - `concurrency`: calls in flight; `timeout`: seconds for one call; `max_wait`: the longest pause, in seconds, that a
      service may ask for before a run stops in order.
    - `people`: a DataFrame (id, name, email, handle) or a mapping id → name. `progress`: a bar, none, or a tqdm class.

    - `journal`: the file that each run is put down in before its first call: by default the one that TASKFRAME_JOURNAL
      names, or `journal.sqlite` in the user's state folder. None: none; a run that breaks off can't be gone on with.

    Raises SettingsError for what can't be right.
    """
    token = conceal(token)
    settings = {name: conceal(value) for name, value in settings.items()}
    found = find_service(service)
    own = connect.__kwdefaults__ or ()
    check_options(found, settings, own, concurrency=concurrency, timeout=timeout, max_wait=max_wait)
    check_progress(progress)
    given = {**settings, "token": token} if isinstance(token, SecretStr) else settings
    read = read_settings(found.settings, found.name, given, profile=profile)
    if token is None:
        token = kept(found.settings, found.name, profile=profile).get("token")
    if rate is None:
        rate = read_rate(found.settings, found.name, profile=profile)
    return Connection(
        found,
        read,
        tokens=token_source(found, read, token),
        client=client,
        transport=transport,
        rate=limits_of(rate, found),
        concurrency=concurrency,
        timeout=timeout,
        max_wait=max_wait,
        people=People.of(people),
        progress=progress,
        journal=journal_path() if journal is True else journal,
    )
