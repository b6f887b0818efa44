"""A connection: a service, where it is, who we are, the transport and the limits."""

from __future__ import annotations

import random
import weakref
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from pydantic import BaseModel, SecretStr

from taskframe.config import find_service, read_settings
from taskframe.engine.applying import OnConflict
from taskframe.engine.clock import Clock, SystemClock
from taskframe.engine.limits import shared_limiter
from taskframe.engine.link import Link
from taskframe.engine.loop import Background
from taskframe.engine.outcome import Outcome
from taskframe.engine.tokens import Fresh, TokenSource
from taskframe.engine.transport import Transport, check_base_url, make_transport
from taskframe.errors import PlanError, SettingsError, TaskframeError, did_you_mean
from taskframe.frame import TaskFrame
from taskframe.loading import Wanted, read_tasks
from taskframe.people import People
from taskframe.plan import Plan
from taskframe.progress import Progress
from taskframe.report import Report
from taskframe.running import Stop, after_run, new_run_id, run_plan
from taskframe.services.base import Limit, Person, Service, Source

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

TIMEOUT = 30.0
CONCURRENCY = 16
MAX_WAIT = 300.0


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
        rate: Sequence[Limit] | None = None,
        concurrency: int = CONCURRENCY,
        timeout: float = TIMEOUT,
        max_wait: float = MAX_WAIT,
        people: People | None = None,
        progress: Progress = True,
        clock: Clock | None = None,
        rng: random.Random | None = None,
    ) -> None:
        self.service = service
        self.base_url = check_base_url(settings.base_url)
        self._account: Mapping[str, str] = service.account(settings, None)
        self._applied: dict[str, str] = {}
        self._people = people or People()
        self._progress = progress
        self._limits = tuple(service.limits if rate is None else rate)
        clock = clock or SystemClock()
        key = (service.name, self.base_url, tuple(sorted(self._account.items())))
        self._link = Link(
            service=service,
            base_url=self.base_url,
            settings=settings,
            tokens=tokens,
            transport=make_transport(self.base_url, client=client, transport=transport, concurrency=concurrency),
            limiter=shared_limiter(key, self._limits, clock),
            clock=clock,
            rng=rng or random.Random(),
            concurrency=concurrency,
            timeout=timeout,
            max_wait=max_wait,
        )
        self._background = Background()
        self._finalizer = weakref.finalize(self, _shut, self._background, self._link)

    def __repr__(self) -> str:
        account = "".join(f", {k} {v}" for k, v in self._account.items())
        return f"<Connection to {self.service.label} at {self.base_url}{account}>"

    # the two faces

    def run(self, coro: Coroutine[Any, Any, T], *, on_interrupt: Callable[[], object] | None = None) -> T:
        """Runs a coroutine of ours on the background loop and waits for it."""
        return self._background.run(coro, on_interrupt=on_interrupt)

    async def arun(self, coro: Coroutine[Any, Any, T]) -> T:
        """The same, awaited from the caller's own loop."""
        return await self._background.arun(coro)

    def close(self) -> None:
        """Closes what the connection opened (not a client or transport of yours). May be called twice."""
        self._finalizer()

    async def aclose(self) -> None:
        """`close`, awaited."""
        if self._finalizer.detach() is not None:
            await self._background.arun(_release(self._link))
            self._background.close()

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

        Raises AuthError when they are not, ServiceError when the service can't be asked.
        """
        return dict(self.run(self._check()))

    async def check_async(self) -> dict[str, str]:
        """`check`, awaited."""
        return dict(await self.arun(self._check()))

    async def _check(self) -> Mapping[str, str]:
        listing = self.service.listing({})
        call = listing.start()[0]
        verdict = await self._link.caller().read(call)
        if verdict.kind != "ok":
            raise verdict.error(call)
        tasks, _ = listing.receive(call, verdict)
        return self._learn_account(tasks)

    def _learn_account(self, tasks: Sequence[Any]) -> Mapping[str, str]:
        if tasks and not self._account:
            self._account = self.service.account(self._link.settings, self.service.row(tasks[0]))
        return self._account

    def check_same_place(self, source: Source, what: str) -> None:
        """Raises PlanError when `source` is another service, address or (as far as known) account than this."""
        here = Source(self.service.name, self.base_url, self._account)
        for name, theirs, ours in (
            ("service", source.service, here.service),
            ("address", source.base_url or here.base_url, here.base_url),
            *((k, v, here.account.get(k, v)) for k, v in source.account.items()),
        ):
            if theirs != ours:
                raise PlanError(f"{what} was made elsewhere: its {name} is {theirs}, this connection's is {ours}")

    async def _check_account(self, plan: Plan) -> None:
        if plan.source.account and not self._account:
            await self._check()
        self.check_same_place(plan.source, f"plan {plan.id}")

    # people

    @property
    def people(self) -> pd.DataFrame:
        """id, name, email, handle, kind: whom the service has resolved, and whom you assigned."""
        return self._people.frame()

    @people.setter
    def people(self, table: pd.DataFrame | Mapping[str, str]) -> None:
        self._people = People.of(table)

    @property
    def people_names(self) -> dict[str, str]:
        """id → name."""
        return self._people.names

    @property
    def people_ids(self) -> Collection[str]:
        """The ids of everybody known."""
        return self._people.ids

    def person_id(self, who: str) -> str:
        """The id of whoever goes by `@handle`, mail address or known name; anything else is an id already.

        Raises SettingsError when nobody, or more than one, goes by it.
        """
        person = self._people.find(who)
        if person is not None:
            return person.id
        call = self.service.find_person(who)
        if call is None:
            if "@" in who:
                raise SettingsError(f"nobody is known as {who!r}: assign conn.people, or use the id")
            return who
        return self.run(self._find_person(who)).id

    async def _find_person(self, who: str) -> Person:
        call = self.service.find_person(who)
        if call is None:
            raise SettingsError(f"{self.service.label} can't look up {who!r}")
        verdict = await self._link.caller().read(call)
        if verdict.kind == "missing":
            raise SettingsError(f"{self.service.label} knows nobody as {who!r}: {verdict.detail}")
        if verdict.kind != "ok":
            raise verdict.error(call)
        person: Person = verdict.data
        self._people.add(person)
        return person

    # loading

    def load(
        self,
        *,
        filters: Mapping[str, Any] | None = None,
        ids: Collection[str] | None = None,
        limit: int | None = None,
        allow_incomplete: bool = False,
        progress: Progress | None = None,
        **named: Any,
    ) -> TaskFrame:
        """Loads tasks: all pages, or an error.

        Filters are the service's own, by name (`status=["todo", "in_progress"]`; lists are allowed), or in `filters=`
        where one is named like an option. `ids` and `limit` want only some of them.

        Raises SettingsError for a filter that does not exist, AuthError, ServiceError, and IncompleteLoad when the
        list is cut or can't be proven whole; `allow_incomplete=True` goes on with what there is, and the frame says so.
        """
        return self.run(self._load(Wanted.of(filters, named, ids, limit), allow_incomplete, progress))

    async def load_async(
        self,
        *,
        filters: Mapping[str, Any] | None = None,
        ids: Collection[str] | None = None,
        limit: int | None = None,
        allow_incomplete: bool = False,
        progress: Progress | None = None,
        **named: Any,
    ) -> TaskFrame:
        """`load`, awaited."""
        return await self.arun(self._load(Wanted.of(filters, named, ids, limit), allow_incomplete, progress))

    async def _load(self, wanted: Wanted, allow_incomplete: bool, progress: Progress | None) -> TaskFrame:
        df, about = await read_tasks(
            self._link,
            wanted,
            self._learn_account,
            allow_incomplete=allow_incomplete,
            progress=self._progress if progress is None else progress,
        )
        return TaskFrame(df, about, self)

    # applying

    def seconds_for(self, calls: int) -> float | None:
        """How long so many calls take at the known limits; None where no limit is known."""
        if not self._limits:
            return None
        return max(calls / limit.calls * limit.per for limit in self._limits)

    def check_not_applied(self, plan: Plan) -> None:
        """Raises PlanError when this connection has applied the plan."""
        run = self._applied.get(plan.id)
        if run is not None:
            raise PlanError(
                f"this plan was applied before, as run {run}: for what is left, report.retry() or tasks.plan()"
            )

    async def dry_run_plan(self, plan: Plan) -> Report:
        """A run that reads and writes nothing."""
        return (await self._run(plan, dry=True))[0]

    def apply_plan(self, plan: Plan, on_conflict: OnConflict) -> Report:
        """A run, waited for; an interrupt ends it in order and raises ApplyInterrupted."""
        stop = Stop()
        report, outcomes = self.run(self._run(plan, on_conflict, stop=stop), on_interrupt=stop)
        return after_run(plan, report, outcomes)

    async def apply_plan_async(self, plan: Plan, on_conflict: OnConflict) -> Report:
        """A run, awaited."""
        report, outcomes = await self.arun(self._run(plan, on_conflict))
        return after_run(plan, report, outcomes)

    async def _run(
        self, plan: Plan, on_conflict: OnConflict = "report", *, dry: bool = False, stop: Stop | None = None
    ) -> tuple[Report, Sequence[Outcome]]:
        await self._check_account(plan)
        run_id = new_run_id()
        if not dry:
            self.check_not_applied(plan)
            self._applied[plan.id] = run_id
        return await run_plan(
            self._link,
            plan,
            Source(self.service.name, self.base_url, self._account),
            run_id=run_id,
            on_conflict=on_conflict,
            dry=dry,
            stop=stop,
            progress=self._progress,
            names=self.people_names,
        )


async def _release(link: Link) -> None:
    link.limiter.close()
    await link.transport.aclose()


def _shut(background: Background, link: Link) -> None:
    with suppress(TaskframeError):
        background.run(_release(link))
    background.close()


def connect(
    service: str,
    *,
    token: str | SecretStr | Fresh | None = None,
    profile: str | None = None,
    client: httpx.AsyncClient | None = None,
    transport: Transport | httpx.AsyncBaseTransport | None = None,
    rate: Sequence[Limit] | Limit | None = None,
    concurrency: int = CONCURRENCY,
    timeout: float = TIMEOUT,
    max_wait: float = MAX_WAIT,
    people: pd.DataFrame | Mapping[str, str] | None = None,
    progress: Progress = True,
    **settings: Any,
) -> Connection:
    """A connection to `service` ("reload"). Sends nothing: `conn.check()` tries the credentials.

    - `token`: text, or a callable that gives a fresh one (called again when the service says it has expired).
    - `**settings`: the service's own, `base_url` among them. What is left out comes from TASKFRAME_<SERVICE>_<SETTING>
      or the `profile` (by default named like the service) of a TOML file; see `taskframe.config`.
    - `client`: your httpx.AsyncClient; `transport`: your httpx transport, or an object with async `send` and `aclose`.
      They are used and never closed.
    - `rate`: limits of calls in sliding windows, `[Limit(60, per=60)]`; by default the documented ones.
    - `concurrency`: calls in flight; `timeout`: seconds for one call; `max_wait`: the longest pause, in seconds, that a
      service may ask for before a run stops in order.
    - `people`: a DataFrame (id, name, email, handle) or a mapping id → name. `progress`: a bar, none, or a tqdm class.

    Raises SettingsError for what can't be right.
    """
    found = find_service(service)
    _check_options(found, settings)
    given = {**settings, **({"token": token} if isinstance(token, str | SecretStr) else {})}
    read = read_settings(found.settings, found.name, given, profile=profile)
    _check_numbers(concurrency=concurrency, timeout=timeout, max_wait=max_wait)
    return Connection(
        found,
        read,
        tokens=_tokens(found, read, token),
        client=client,
        transport=transport,
        rate=[rate] if isinstance(rate, Limit) else rate,
        concurrency=concurrency,
        timeout=timeout,
        max_wait=max_wait,
        people=People.of(people),
        progress=progress,
    )


def _check_options(service: Service, settings: Mapping[str, Any]) -> None:
    known = set(service.settings.model_fields)
    options = set(connect.__annotations__) - {"return", "settings", "service"}
    for name in settings:
        if name not in known:
            raise SettingsError(f"connect() has no option {name!r}.{did_you_mean(name, known | options)}")


def _check_numbers(**numbers: float) -> None:
    for name, value in numbers.items():
        whole = name == "concurrency"
        if (
            isinstance(value, bool)
            or not isinstance(value, int if whole else int | float)
            or not 0 < value < float("inf")
        ):
            raise SettingsError(f"{name}= is a {'whole ' if whole else ''}number above 0, not {value!r}")


def _tokens(service: Service, settings: BaseModel, token: str | SecretStr | Fresh | None) -> TokenSource:
    if token is None or isinstance(token, str | SecretStr):
        token = getattr(settings, "token", None)
    if token is None:
        raise SettingsError(
            f"{service.label} needs a token: pass token=…, or set TASKFRAME_{service.name.upper()}_TOKEN"
        )
    return TokenSource(token)
