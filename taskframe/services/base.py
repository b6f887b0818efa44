"""What a service is to the rest of taskframe: calls out, replies in, and no I/O.

A service module turns JSON into columns, an edit into calls and a reply into a verdict. The engine sends,
waits, counts and retries, and knows nothing of any service.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TYPE_CHECKING, Any, ClassVar, Literal, Protocol

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.changes.edit import Edit, Row
from taskframe.errors import AuthError, ServiceError, SettingsError
from taskframe.problem import Problem
from taskframe.schema import Schema

if TYPE_CHECKING:
    import numpy as np
    from pydantic import BaseModel, SecretStr

    from taskframe.changes.changes import Changes

Columns = Mapping[str, Sequence[Any]]
"""Many tasks: column → values in normal form, the id column among them, all of one length.

A column may also be what its `Column.array` makes of them.
"""


@dataclass(frozen=True, slots=True)
class Limit:
    """At most `calls` calls in any window of `per` seconds: `Limit(60, per=60)`."""

    calls: int
    per: float

    def __post_init__(self) -> None:
        whole = isinstance(self.calls, int) and not isinstance(self.calls, bool)
        if not (whole and self.calls >= 1 and isinstance(self.per, int | float) and 0 < self.per < math.inf):
            raise SettingsError(
                f"a limit is a whole number of calls, at least 1, per so many seconds: Limit(60, per=60), "
                f"not Limit({self.calls!r}, per={self.per!r})"
            )


@dataclass(frozen=True, slots=True)
class Call:
    """One HTTP call, without secrets: what the preview prints is what is sent.

    `path` is percent-encoded and starts with "/"; `locked` writes carry a version that the service checks.
    `columns` is what a write changes.
    """

    method: str
    path: str
    params: tuple[tuple[str, str], ...] = ()
    json: Any = None
    kind: Literal["read", "locked", "unlocked"] = "read"
    columns: frozenset[str] = frozenset()


@dataclass(frozen=True, slots=True)
class Reply:
    """What came back. `headers` has lower-case names."""

    status: int
    headers: Mapping[str, str]
    body: bytes


VerdictKind = Literal["ok", "retry", "throttled", "expired", "stale", "missing", "refused"]


@dataclass(frozen=True, slots=True)
class Verdict:
    """What a reply means.

    - `ok`: `data` is a listing's page, or the row of an updated task
    - `retry`: may work later; whether it had an effect is unknown (`in_doubt`)
    - `throttled`: too many calls; `after` seconds, when the service says so
    - `expired`: the credentials were not taken
    - `stale`: somebody else changed the task since the version that was sent; or, with `refusal`, as it is now the task
      does not take this: only a read tells whether somebody changed it, and where nobody did, it is refused
    - `missing`: no such task for us
    - `refused`: this call will never work
    """

    kind: VerdictKind
    data: Any = None
    after: float | None = None
    detail: str = ""
    code: str | None = None
    request_id: str | None = None
    status: int | None = None
    in_doubt: bool = False
    refusal: bool = False

    def error(self, call: Call) -> ServiceError | AuthError:
        """The exception for a call that can't go on."""
        words = f"{call.method} {call.path}: {self.detail or self.kind}"
        if self.request_id:
            words += f" (request id {self.request_id})"
        if self.kind == "expired":
            return AuthError(words)
        return ServiceError(words, status_code=self.status, code=self.code, request_id=self.request_id)


class Gatherer(Protocol):
    """The tasks of a listing on their way to columns: page by page, in order, so that none is kept as an object.

    It may also have `frozen() -> Mapping[str, Frozen]`, asked for after `columns()`: columns of lists or objects that
    it could freeze on the way, with less work than from their cells.
    """

    def add(self, tasks: Sequence[Any]) -> None:
        """One page's new tasks (the service's own objects). ProtocolError for one that makes no sense."""

    def columns(self) -> tuple[Columns, Catalogue]:
        """All of them, as `Service.columns` gives them. Once: what was gathered is given away."""


class Listing(Protocol):
    """A list being read: replies in, further calls out, any number in flight. No I/O.

    `start()` gives the first calls. Each reply that is `ok`, `missing` or `refused` goes to `receive`, which gives
    the tasks that are new (the service's own objects, no id twice) and further calls; it raises `ServiceError` when
    the list can't be read at all. When no call is left, `gaps()` says which parts are, or may be, cut.
    """

    def start(self) -> Sequence[Call]:
        """The first calls."""

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        """What a reply brought: new tasks, and further calls."""

    def total(self) -> int | None:
        """How many tasks there are, where the service tells."""

    def gaps(self) -> Sequence[str]:
        """The parts that are, or may be, cut, in words; empty: proven whole."""

    def notes(self) -> Sequence[str]:
        """What the user should know of this list."""


@dataclass(frozen=True, slots=True)
class Person:
    """Somebody, or some agent, that tasks can be assigned to."""

    id: str
    name: str | None = None
    email: str | None = None
    handle: str | None = None
    kind: str | None = None


NO_HEADERS: Mapping[str, str] = MappingProxyType({})


class Service(Protocol):
    """All that differs between services.

    `index` is the name of the column that holds the task id; `versioned`: its writes carry a version that it checks,
    so that no edit of others can be overwritten unnoticed. Where they don't, tasks are read just ahead of their write:
    `singly` says whether a call reads a single task, `fresh` after how many seconds a task that was read is read again
    before it is written (`math.inf`: never, as reading it costs too much).

    `settings` may have a property `mints`: true where tokens are made of a secret in it, so that none need be given.

    A service may also have `gather(known) -> Gatherer`, for long lists: `columns` for tasks that come page by page. And
    `doubtful(changes, catalogue)`, for large plans: a mask over `changes.ids`, false where `check` finds nothing wrong.
    """

    name: ClassVar[str]
    label: ClassVar[str]
    index: ClassVar[str]
    versioned: ClassVar[bool]
    singly: ClassVar[bool]
    fresh: ClassVar[float]
    settings: type[BaseModel]
    limits: Sequence[Limit]

    def schema(self, catalogue: Catalogue) -> Schema:
        """The columns, with the choices that the catalogue knows."""

    def listing(self, filters: Mapping[str, object]) -> Listing:
        """A reading of the list. An unknown filter or value is `SettingsError` that names the known ones."""

    def reread(self, bases: Sequence[Row]) -> Listing:
        """A reading of just these tasks, by id: for conflicts, dry runs, lost replies. What it lacks is missing."""

    def reads(self, tasks: int, among: int) -> int:
        """About how many calls a `reread` of so many tasks takes, in a list of `among`: for previews."""

    def columns(self, tasks: Sequence[Any], known: Catalogue = EMPTY) -> tuple[Columns, Catalogue]:
        """The tasks of a listing as columns in normal form, and what their names stand for.

        `known`: the same of earlier loads, or of the user's own; what these tasks tell is newer.
        """

    def row(self, task: Any) -> Row:
        """One task of a listing as a row; the same form as `Verdict.data` of an update."""

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
        """What is wrong with an edit, beyond what its columns can tell."""

    def calls(self, edit: Edit, catalogue: Catalogue) -> Sequence[Call]:
        """The calls that bring the edit about, in order."""

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """What a reply means. Raises `ProtocolError` when it means nothing."""

    def sign(self, settings: Any, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:
        """The headers that say who we are; made anew for each attempt. Unfolds the secret, and nowhere else."""

    def account(self, settings: Any, task: Row | None) -> Mapping[str, str]:
        """Which account this is, never made from a secret; empty when neither settings nor a task tells."""

    def people(self, catalogue: Catalogue) -> Sequence[Person]:
        """Whom the catalogue knows; nobody where the service's values go out as they are shown."""

    def find_person(self, name: str) -> Call | None:
        """The call that resolves `@handle` or a mail address to a `Person`; None when the service can't."""


def gatherer(service: Service, known: Catalogue) -> Gatherer:
    """The service's own `gather`; else one that keeps all tasks for `columns`: so it is, too, where a subclass has
    `columns` of its own, of which the inherited `gather` knows nothing."""
    own = _beside(service, "gather", "columns")
    gatherer: Gatherer = _Keeping(service, known) if own is None else own(known)
    return gatherer


def doubtful(service: Service, changes: Changes, catalogue: Catalogue) -> np.ndarray | None:
    """Which of the tasks `service.check` must look at, as the service's own `doubtful` tells it; None: all of them.

    So it is, too, where a subclass has a `check` of its own, of which the inherited `doubtful` knows nothing.
    """
    own = _beside(service, "doubtful", "check")
    mask: np.ndarray | None = None if own is None else own(changes, catalogue)
    return mask


def _beside(service: Service, name: str, method: str) -> Any:
    """The optional method `name`, which must agree with `method`: None where a subclass has only that one anew."""
    both = {name, method}
    nearest: Mapping[str, Any] = next((vars(kind) for kind in type(service).__mro__ if both & vars(kind).keys()), {})
    return getattr(service, name, None) if name in nearest else None


class _Keeping:
    def __init__(self, service: Service, known: Catalogue) -> None:
        self._service = service
        self._known = known
        self._tasks: list[Any] = []

    def add(self, tasks: Sequence[Any]) -> None:
        self._tasks += tasks

    def columns(self) -> tuple[Columns, Catalogue]:
        return self._service.columns(self._tasks, self._known)


@dataclass(frozen=True, slots=True)
class Source:
    """Where a load came from: what a saved frame or plan is checked against."""

    service: str
    base_url: str
    account: Mapping[str, str] = field(default_factory=dict)
