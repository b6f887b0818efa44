"""A connection: a service, where it is, who we are, the transport and the limits."""

from __future__ import annotations

import random
import uuid
import weakref
from collections.abc import Callable, Collection, Coroutine, Mapping, Sequence
from contextlib import suppress
from dataclasses import replace
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any, TypeVar

import pandas as pd
from pydantic import BaseModel, SecretStr

from taskframe.config import find_service, read_settings
from taskframe.engine.applying import OnConflict, Run
from taskframe.engine.caller import Caller
from taskframe.engine.clock import Clock, SystemClock
from taskframe.engine.limits import shared_limiter
from taskframe.engine.loading import load
from taskframe.engine.loop import Background
from taskframe.engine.outcome import Outcome
from taskframe.engine.tokens import Fresh, TokenSource
from taskframe.engine.transport import Transport, check_base_url, make_transport
from taskframe.errors import ApplyInterrupted, IncompleteLoad, PlanError, SettingsError, TaskframeError, did_you_mean
from taskframe.frame import TaskFrame
from taskframe.load import Load
from taskframe.people import People
from taskframe.plan import Plan
from taskframe.progress import Progress, progress_bar
from taskframe.report import Report
from taskframe.services.base import Limit, Person, Service, Source

if TYPE_CHECKING:
    import httpx

T = TypeVar("T")

TIMEOUT = 30.0
CONCURRENCY = 16
MAX_WAIT = 300.0
INTERRUPTED = "interrupted"


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
        tokens: TokenSource | None,
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
        self._settings = settings
        self._tokens = tokens
        self._concurrency = concurrency
        self._timeout = timeout
        self._max_wait = max_wait
        self._people = people or People()
        self._progress = progress
        self._clock = clock or SystemClock()
        self._rng = rng or random.Random()
        self._account: Mapping[str, str] = service.account(settings, None)
        self._applied: dict[str, str] = {}
        limits = service.limits if rate is None else rate
        key = (service.name, self.base_url, tuple(sorted(self._account.items())))
        self._limits = tuple(limits)
        self._limiter = shared_limiter(key, limits, self._clock)
        self._transport = make_transport(self.base_url, client=client, transport=transport, concurrency=concurrency)
        self._background = Background()
        self._finalizer = weakref.finalize(self, _shut, self._background, self._transport)

    def __repr__(self) -> str:
        account = "".join(f", {k} {v}" for k, v in self._account.items())
        return f"<Connection to {self.service.label} at {self.base_url}{account}>"

    # the two faces

    def run(self, coro: Coroutine[Any, Any, T], on_interrupt: Callable[[], object] | None = None) -> T:
        """Runs a coroutine of ours on the background loop and waits for it."""
        return self._background.run(coro, on_interrupt=on_interrupt)

    async def arun(self, coro: Coroutine[Any, Any, T]) -> T:
        """The same, awaited from the caller's own loop."""
        return await self._background.arun(coro)

    def close(self) -> None:
        """Closes what the connection opened (not a client or transport of yours). May be called twice."""
        if self._finalizer.detach() is not None:
            self._limiter.close()
            _shut(self._background, self._transport)

    async def aclose(self) -> None:
        """`close`, awaited."""
        if self._finalizer.detach() is not None:
            self._limiter.close()
            await self._background.arun(self._transport.aclose())
            self._background.close()

    def __enter__(self) -> Connection:
        return self

    def __exit__(self, *_: object) -> None:
        self.close()

    async def __aenter__(self) -> Connection:
        return self

    async def __aexit__(self, *_: object) -> None:
        await self.aclose()

    def _caller(self) -> Caller:
        return Caller(
            self.service,
            self._settings,
            self._transport,
            self._limiter,
            self._tokens,
            self._clock,
            self._rng,
            base_url=self.base_url,
            timeout=self._timeout,
            max_wait=self._max_wait,
        )

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
        verdict = await self._caller().read(call)
        if verdict.kind != "ok":
            raise verdict.error(call)
        tasks, _ = listing.receive(call, verdict)
        self._learn_account(tasks)
        return self._account

    def _learn_account(self, tasks: Sequence[Any]) -> None:
        if tasks and not self._account:
            self._account = self.service.account(self._settings, self.service.row(tasks[0]))

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
        verdict = await self._caller().read(call)
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
        return self.run(self._load(_asked(filters, named), ids, limit, allow_incomplete, progress))

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
        return await self.arun(self._load(_asked(filters, named), ids, limit, allow_incomplete, progress))

    async def _load(
        self,
        filters: dict[str, Any],
        ids: Collection[str] | None,
        limit: int | None,
        allow_incomplete: bool,
        progress: Progress | None,
    ) -> TaskFrame:
        _check_wanted(ids, limit)
        listing = self.service.listing(filters)
        started = datetime.fromtimestamp(self._clock.wall(), UTC)
        wanted = None if ids is None else set(ids)
        with progress_bar(
            self._progress if progress is None else progress, desc=f"Loading {self.service.label}", total=None
        ) as bar:

            def show(done: int, total: int | None) -> None:
                bar.total = total
                bar.update(done - bar.n)

            loaded = await load(
                listing,
                self._caller(),
                concurrency=self._concurrency,
                limit=limit,
                progress=show,
                until=None if wanted is None else _Until(wanted, self.service),
            )
        gaps, tasks = list(loaded.gaps), loaded.tasks
        self._learn_account(tasks)
        columns, catalogue = self.service.columns(tasks)
        schema = self.service.schema(catalogue)
        df = schema.frame(columns[schema.index], columns)
        if wanted is not None:
            missing = sorted(wanted.difference(df.index))
            df = df[df.index.isin(list(wanted))]
            gaps = [f"task {i} was not found" for i in missing] if missing else []
        if gaps and not allow_incomplete:
            raise IncompleteLoad(_incomplete(len(df), gaps), gaps=gaps, loaded=len(df))
        about = Load(
            service=self.service,
            source=Source(self.service.name, self.base_url, self._account),
            schema=schema,
            catalogue=catalogue,
            loaded_at=started,
            size=len(df),
            filters=filters,
            limited=limit is not None or ids is not None,
            complete=not gaps,
            gaps=tuple(gaps),
            notes=loaded.notes,
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
            raise PlanError(f"this plan was applied before, as run {run}: for what is left, report.retry() or tasks.plan()")

    async def dry_run_plan(self, plan: Plan) -> Report:
        """A run that reads and writes nothing."""
        return (await self._run(plan, dry=True))[0]

    def apply_plan(self, plan: Plan, on_conflict: OnConflict) -> Report:
        """A run, waited for; an interrupt ends it in order and raises ApplyInterrupted."""
        stop = _Stop()
        report, outcomes = self.run(self._run(plan, on_conflict, stop=stop), stop)
        return self._after(plan, report, outcomes)

    async def apply_plan_async(self, plan: Plan, on_conflict: OnConflict) -> Report:
        """A run, awaited."""
        report, outcomes = await self.arun(self._run(plan, on_conflict))
        return self._after(plan, report, outcomes)

    async def _run(
        self, plan: Plan, on_conflict: OnConflict = "report", *, dry: bool = False, stop: _Stop | None = None
    ) -> tuple[Report, list[Outcome]]:
        await self._check_account(plan)
        run_id = uuid.uuid4().hex[:16]
        caller = self._caller()
        started = self._clock.now()
        desc = f"{'Checking' if dry else 'Applying to'} {self.service.label}"
        with progress_bar(self._progress, desc=desc, total=len(plan)) as bar:
            shown: dict[str, int] = {}

            def show(outcome: Outcome) -> None:
                shown[outcome.kind] = shown.get(outcome.kind, 0) + 1
                bar.set_postfix(shown, refresh=False)
                bar.update()

            run = Run(
                self.service,
                plan.load.schema,
                plan.load.catalogue,
                caller,
                clock=self._clock,
                rng=self._rng,
                concurrency=self._concurrency,
                on_conflict=on_conflict,
                on_outcome=show,
            )
            if dry:
                outcomes = await run.dry_run(list(plan.edits()))
            else:
                self._applied[plan.id] = run_id
                if stop is not None:
                    stop.run = run
                outcomes = await run.apply(plan.edits(), grace=self._timeout)
        report = Report(
            run_id,
            plan,
            dry,
            self._clock.now() - started,
            caller.calls,
            run.stopped,
            outcomes,
            _load=replace(plan.load, source=Source(self.service.name, self.base_url, self._account)),
            _names=self.people_names,
        )
        return report, outcomes

    def _after(self, plan: Plan, report: Report, outcomes: Sequence[Outcome]) -> Report:
        """The frame follows, in the caller's own thread: it is the caller who works with it."""
        rows = {o.id: o.row for o in outcomes if o.row is not None and o.kind in ("applied", "unchanged", "partial")}
        if plan.frame is not None and rows:
            plan.frame.take_answers(rows, plan.sent(rows))
        if report.stopped == INTERRUPTED:
            raise ApplyInterrupted(f"interrupted; {report.counts}: the report is in .report", report)
        return report


class _Stop:
    """What an interrupt calls: the run that is under way ends in order."""

    run: Run | None = None

    def __call__(self) -> None:
        if self.run is not None:
            self.run.stop(INTERRUPTED)


class _Until:
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


def _shut(background: Background, transport: Transport) -> None:
    with suppress(TaskframeError):
        background.run(transport.aclose())
    background.close()


def _asked(filters: Mapping[str, Any] | None, named: Mapping[str, Any]) -> dict[str, Any]:
    twice = sorted(set(filters or ()) & set(named))
    if twice:
        raise SettingsError(f"the filter {twice[0]!r} is given twice: by name, and in filters=")
    return {**(filters or {}), **named}


def _check_wanted(ids: Collection[str] | None, limit: int | None) -> None:
    if limit is not None and (isinstance(limit, bool) or not isinstance(limit, int) or limit < 1):
        raise SettingsError(f"limit= is a whole number above 0, not {limit!r}")
    if isinstance(ids, str) or (ids is not None and not all(isinstance(i, str) for i in ids)):
        raise SettingsError("ids= takes a list of task ids, which are text")


def _incomplete(loaded: int, gaps: Sequence[str]) -> str:
    shown = "; ".join(gaps[:5]) + (f"; and {len(gaps) - 5} more" if len(gaps) > 5 else "")
    return (
        f"the list is not whole: {loaded:,} tasks were found, and {shown}. Narrow it with filters, or go on with what "
        "there is: load(…, allow_incomplete=True)"
    )


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
        if isinstance(value, bool) or not isinstance(value, int if whole else int | float) or not 0 < value < float("inf"):
            raise SettingsError(f"{name}= is a {'whole ' if whole else ''}number above 0, not {value!r}")


def _tokens(service: Service, settings: BaseModel, token: str | SecretStr | Fresh | None) -> TokenSource:
    if token is None or isinstance(token, str | SecretStr):
        token = getattr(settings, "token", None)
    if token is None:
        raise SettingsError(
            f"{service.label} needs a token: pass token=…, or set TASKFRAME_{service.name.upper()}_TOKEN"
        )
    return TokenSource(token)
