"""Kore.ai Case Management (https://kore.ai): objects behind names, fields of the account's own, no version.

What is documented and what is inferred stands beside the code that relies on it: columns in `columns`, tasks in
`tasks`, names in `objects`, the account's fields in `fields`, updates in `body`, replies in `wire`, reading a list
whole in `listing`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.services.base import Call, Limit, Person
from taskframe.services.kore import body, objects, wire
from taskframe.services.kore import settings as kore_settings
from taskframe.services.kore import tasks as kore_tasks
from taskframe.services.kore.filters import body_of
from taskframe.services.kore.gathering import KoreGatherer
from taskframe.services.kore.listing import PAGE, KoreListing
from taskframe.services.kore.reread import DENSE, KoreReread
from taskframe.services.kore.settings import KoreSettings

if TYPE_CHECKING:
    import numpy as np
    from pydantic import BaseModel, SecretStr

    from taskframe.changes.changes import Changes
    from taskframe.changes.edit import Edit, Row
    from taskframe.problem import Problem
    from taskframe.schema import Schema
    from taskframe.services.base import Columns, Gatherer, Listing, Reply, Verdict

__all__ = ["Kore", "KoreSettings"]


class Kore:
    """The Kore service."""

    name: ClassVar[str] = "kore"
    label: ClassVar[str] = "Kore"
    index: ClassVar[str] = kore_tasks.INDEX
    versioned: ClassVar[bool] = False
    singly: ClassVar[bool] = False
    fresh: ClassVar[float] = math.inf
    settings: type[BaseModel] = KoreSettings
    limits: Sequence[Limit] = (Limit(60, 60), Limit(1800, 3600))  # the lower of two documented classes

    def schema(self, catalogue: Catalogue) -> Schema:
        """The columns, those of the account's own fields too, and the names that the catalogue knows."""
        return kore_tasks.schema(catalogue)

    def listing(self, filters: Mapping[str, object]) -> Listing:
        """A reading of the list; see `filters.body_of` for what may be asked for."""
        return KoreListing(body_of(filters))

    def reread(self, bases: Sequence[Row]) -> Listing:
        """A reading of just these tasks, one page after another. What it does not find is gone, or hidden."""
        return KoreReread(bases)

    def reads(self, tasks: int, among: int) -> int:
        """All pages; few tasks in a long list are searched for, by halving."""
        pages = -(-max(among, tasks) // PAGE)
        return pages if DENSE * tasks >= pages else min(pages, 1 + tasks * pages.bit_length())

    def columns(self, tasks: Sequence[Any], known: Catalogue = EMPTY) -> tuple[Columns, Catalogue]:
        """The tasks of a listing as columns, and what names stand for. Timestamps are ISO 8601 text.

        A list of open tasks does not show what "Closed" is: `known` may.
        """
        return kore_tasks.columns(tasks, known)

    def gather(self, known: Catalogue) -> Gatherer:
        """`columns` for tasks that come page by page."""
        return KoreGatherer(known)

    def row(self, task: Any) -> Row:
        """One task of a listing as a row: the id, and the columns whose keys the service sent."""
        return kore_tasks.row(task)

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
        """Names that stand for nothing or for several things, times that Kore can't hold, columns that disagree."""
        return tuple(body.problems(edit, catalogue))

    def doubtful(self, changes: Changes, catalogue: Catalogue) -> np.ndarray:
        """The tasks with such names or times, and those with edits of what may disagree, or of the account's fields."""
        return body.doubtful(changes, catalogue)

    def calls(self, edit: Edit, catalogue: Catalogue) -> Sequence[Call]:
        """One updateTask with the changed fields only."""
        if not edit.after:
            return ()
        return (wire.update_task(edit.id, body.body(edit, catalogue), frozenset(edit.after)),)

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """What a reply means. `ProtocolError` for a read that makes no sense; such a write is `retry`, in doubt."""
        return wire.judge(call, reply)

    def sign(self, settings: Any, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:
        """`auth` and `AccountId`. With a client secret, a token of its own for each attempt: `nonce` is its jti."""
        return kore_settings.headers(settings, token, now, nonce)

    def account(self, settings: Any, task: Row | None) -> Mapping[str, str]:
        """Host, stream and account; without settings, the account as a task tells it."""
        if settings is not None:
            return kore_settings.account(settings)
        account = (task or {}).get("accountId")
        return {"account": account} if account else {}

    def people(self, catalogue: Catalogue) -> Sequence[Person]:
        """Everybody who has a task, with names and addresses as the tasks tell them."""
        return objects.people(catalogue)

    def find_person(self, name: str) -> Call | None:  # noqa: ARG002
        """None: no call looks people up."""
        return None
