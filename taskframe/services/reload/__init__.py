"""Reload (https://reload.chat): versioned tasks, one update call, lists that may be cut.

What is documented and what is inferred stands beside the code that relies on it: tasks and their columns in
`tasks`, replies in `wire`, reading a list whole in `listing`, its parts in `parts`.
"""

from __future__ import annotations

import math
from collections.abc import Mapping, Sequence
from numbers import Real
from typing import TYPE_CHECKING, Any, ClassVar, TypeGuard

import numpy as np
from pydantic import BaseModel, ConfigDict, SecretStr

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.errors import PlanError, SettingsError
from taskframe.problem import Problem
from taskframe.services.base import Call, Limit, Person
from taskframe.services.reload import wire
from taskframe.services.reload.filters import parts_of
from taskframe.services.reload.listing import ReloadListing
from taskframe.services.reload.reread import ReloadReread
from taskframe.services.reload.tasks import SCHEMA, WRITABLE, ReloadGatherer, columns, row

if TYPE_CHECKING:
    from taskframe.changes.changes import Changes
    from taskframe.changes.edit import Edit, Row
    from taskframe.schema import Schema
    from taskframe.services.base import Columns, Gatherer, Listing, Reply, Verdict

__all__ = ["Reload", "ReloadSettings"]


class ReloadSettings(BaseModel):
    """Where Reload is and who we are: an API key (`rl_sk_…`) of one workspace with task-read and task-write."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = "https://api.reload.chat"
    token: SecretStr | None = None


class Reload:
    """The Reload service."""

    name: ClassVar[str] = "reload"
    label: ClassVar[str] = "Reload"
    index: ClassVar[str] = "id"
    versioned: ClassVar[bool] = True
    singly: ClassVar[bool] = False
    fresh: ClassVar[float] = math.inf
    settings: type[BaseModel] = ReloadSettings
    limits: Sequence[Limit] = ()  # 429 is documented, numbers are not

    def schema(self, catalogue: Catalogue) -> Schema:  # noqa: ARG002 - Reload's columns are fixed
        """The columns; values go out as they are shown, so the catalogue adds nothing."""
        return SCHEMA

    def listing(self, filters: Mapping[str, object]) -> Listing:
        """A reading of the list; see `filters.parts_of` for what may be asked for."""
        return ReloadListing(parts_of(filters))

    def reread(self, bases: Sequence[Row]) -> Listing:
        """A reading of just these tasks. What it does not find may be gone or hidden: no call tells which."""
        return ReloadReread(bases)

    def reads(self, tasks: int, among: int) -> int:  # noqa: ARG002
        """A search for each."""
        return tasks

    def columns(self, tasks: Sequence[Any], known: Catalogue = EMPTY) -> tuple[Columns, Catalogue]:  # noqa: ARG002
        """The tasks of a listing as columns; timestamps stay text. `ProtocolError` names a task with a bad one."""
        return columns(tasks), EMPTY

    def gather(self, known: Catalogue) -> Gatherer:  # noqa: ARG002
        """`columns` for tasks that come page by page."""
        return ReloadGatherer()

    def row(self, task: Any) -> Row:
        """One task of a listing as a row: id, and the columns whose keys the service sent."""
        return row(task)

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:  # noqa: ARG002
        """Nothing goes out without the version that it was based on."""
        version = edit.base.get("version")
        if _is_version(version):
            return ()
        words = "its version is not known, and no edit goes out without one: load it again"
        return (Problem("service", edit.id, None, version, words),)

    def doubtful(self, changes: Changes, catalogue: Catalogue) -> np.ndarray:  # noqa: ARG002
        """The tasks without a version; all of them where versions are not kept as integers."""
        versions = changes.loaded("version")
        if versions is None or str(versions.dtype) not in ("int64", "Int64"):
            return np.ones(len(changes.ids), dtype=bool)
        missing: np.ndarray = versions.isna().to_numpy()  # np.asarray of a Series would look for methods in its index
        return missing

    def calls(self, edit: Edit, catalogue: Catalogue) -> Sequence[Call]:  # noqa: ARG002
        """One update-task with the changed fields only, in the order of its documentation."""
        if not edit.after:
            return ()
        version = edit.base.get("version")
        if not _is_version(version):
            raise PlanError(f"task {edit.id}: no edit goes out without a version: load it again")
        unknown = [c for c in edit.after if c not in WRITABLE]
        if unknown:
            raise PlanError(f"task {edit.id}: update-task does not take {', '.join(unknown)}")
        body = {"taskId": edit.id, "version": int(version)}
        body |= {name: edit.after[name] for name in WRITABLE if name in edit.after}
        return (Call("POST", wire.UPDATE_TASK, json=body, kind="locked", columns=frozenset(edit.after)),)

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """What a reply means. `ProtocolError` for a read that makes no sense; such a write is `retry`, in doubt."""
        return wire.judge(call, reply)

    def sign(self, settings: Any, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:  # noqa: ARG002
        """The Authorization header. `SettingsError` when there is no token, or one that fits in no header."""
        secret = token or settings.token
        if secret is None:
            raise SettingsError('Reload needs a token: connect("reload", token="rl_sk_…") or TASKFRAME_RELOAD_TOKEN')
        key = secret.get_secret_value().strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            raise SettingsError("the Reload token is empty, or holds characters that no token has (spaces, line ends)")
        return {"Authorization": f"Bearer {key}"}

    def account(self, settings: Any, task: Row | None) -> Mapping[str, str]:  # noqa: ARG002
        """The workspace, once a task tells it."""
        workspace = (task or {}).get("workspaceId")
        return {"workspaceId": workspace} if workspace else {}

    def people(self, catalogue: Catalogue) -> Sequence[Person]:  # noqa: ARG002
        """Nobody: tasks hold ids only, and resolve-identity finds who is asked for."""
        return ()

    def find_person(self, name: str) -> Call | None:
        """resolve-identity for `@handle` or a mail address; a bare name can't be looked up.

        The handle goes out without its "@" [inferred: the reply's own `handle` is a bare word].
        """
        name = name.strip()
        handle = name.removeprefix("@")
        if not handle or any(c.isspace() for c in name):
            return None
        if name.startswith("@"):
            return Call("GET", wire.RESOLVE_IDENTITY, (("handle", handle),))
        return Call("GET", wire.RESOLVE_IDENTITY, (("email", name),)) if "@" in name.strip("@") else None


def _is_version(value: Any) -> TypeGuard[int | float]:
    if type(value) is int:
        return True
    return isinstance(value, Real) and value is not True and value is not False and float(value).is_integer()
