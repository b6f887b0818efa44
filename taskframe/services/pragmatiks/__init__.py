"""Pragmatiks agent tasks (https://pragmatiks.io): a task is changed by PATCH, its status by a transition; no version.

What is documented and what is inferred stands beside the code that relies on it: tasks and their columns in `tasks`,
calls and replies in `wire`, the list and its proof in `listing`.
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, ClassVar

import numpy as np
from pydantic import BaseModel, ConfigDict, SecretStr

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.errors import PlanError, SettingsError
from taskframe.services.base import Call, Limit, Person
from taskframe.services.pragmatiks import tasks as agent_tasks
from taskframe.services.pragmatiks import wire
from taskframe.services.pragmatiks.listing import PragmatiksListing
from taskframe.services.pragmatiks.reread import FEW, PragmatiksReread

if TYPE_CHECKING:
    from taskframe.changes.changes import Changes
    from taskframe.changes.edit import Edit, Row
    from taskframe.problem import Problem
    from taskframe.schema import Schema
    from taskframe.services.base import Columns, Listing, Reply, Verdict

__all__ = ["Pragmatiks", "PragmatiksSettings"]


class PragmatiksSettings(BaseModel):
    """Where Pragmatiks is and who we are: a short-lived JWT, best given as a callable that yields a fresh one."""

    model_config = ConfigDict(frozen=True, extra="forbid")

    base_url: str = "https://api.pragmatiks.io"
    token: SecretStr | None = None


class Pragmatiks:
    """The Pragmatiks service."""

    name: ClassVar[str] = "pragmatiks"
    label: ClassVar[str] = "Pragmatiks"
    index: ClassVar[str] = "id"
    versioned: ClassVar[bool] = False
    singly: ClassVar[bool] = True
    fresh: ClassVar[float] = 30.0
    settings: type[BaseModel] = PragmatiksSettings
    limits: Sequence[Limit] = ()  # none is documented

    def schema(self, catalogue: Catalogue) -> Schema:  # noqa: ARG002 - Pragmatiks' columns are fixed
        """The columns; values go out as they are shown, so the catalogue adds nothing."""
        return agent_tasks.SCHEMA

    def listing(self, filters: Mapping[str, object]) -> Listing:
        """A reading of the list: `status` and `assigned_to_instance_id`, a value or several of each."""
        return PragmatiksListing(filters)

    def reread(self, bases: Sequence[Row]) -> Listing:
        """A reading of just these tasks: one by one where they are few, else from the whole list."""
        return PragmatiksReread(bases)

    def reads(self, tasks: int, among: int) -> int:  # noqa: ARG002
        """A call for each where they are few, else one for all."""
        return tasks if tasks <= FEW else 1

    def columns(self, tasks: Sequence[Any], known: Catalogue = EMPTY) -> tuple[Columns, Catalogue]:  # noqa: ARG002
        """The tasks of a listing as columns; timestamps stay text. `ProtocolError` names a task with a bad one."""
        return agent_tasks.columns(tasks), EMPTY

    def row(self, task: Any) -> Row:
        """One task of a listing as a row: id, and the columns whose keys the service sent."""
        return agent_tasks.row(task)

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:  # noqa: ARG002
        """Nothing: what a column can't tell only the service knows, such as which moves of a status are allowed."""
        return ()

    def doubtful(self, changes: Changes, catalogue: Catalogue) -> np.ndarray:  # noqa: ARG002
        """None of the tasks."""
        return np.zeros(len(changes.ids), dtype=bool)

    def calls(self, edit: Edit, catalogue: Catalogue) -> Sequence[Call]:  # noqa: ARG002
        """A PATCH with the changed fields only, in the order of its documentation; then a transition of the status."""
        unknown = [c for c in edit.after if c not in agent_tasks.PATCHED and c != "status"]
        if unknown:
            raise PlanError(f"task {edit.id}: the service takes no edit of {', '.join(unknown)}")
        body = {name: edit.after[name] for name in agent_tasks.PATCHED if name in edit.after}
        calls = [wire.patch(edit.id, body)] if body else []
        if "status" in edit.after:
            calls.append(wire.transition(edit.id, edit.after["status"]))
        return calls

    def judge(self, call: Call, reply: Reply) -> Verdict:
        """What a reply means. `ProtocolError` for a read that makes no sense; such a write is `retry`, in doubt."""
        return wire.judge(call, reply)

    def sign(self, settings: Any, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:  # noqa: ARG002
        """The Authorization header. `SettingsError` when there is no token, or one that fits in no header."""
        secret = token or settings.token
        if secret is None:
            raise SettingsError(
                'Pragmatiks needs a token, or a callable that gives one: connect("pragmatiks", token=…) or '
                "TASKFRAME_PRAGMATIKS_TOKEN"
            )
        key = secret.get_secret_value().strip()
        if not key or not key.isascii() or not key.isprintable() or " " in key:
            del key
            raise SettingsError("the Pragmatiks token is empty, or holds characters that no token has (spaces, …)")
        return {"Authorization": f"Bearer {key}"}

    def account(self, settings: Any, task: Row | None) -> Mapping[str, str]:  # noqa: ARG002
        """The organization, where a task tells it: newer versions of the service leave it out."""
        organization = (task or {}).get("organization_id")
        return {"organization": organization} if organization else {}

    def people(self, catalogue: Catalogue) -> Sequence[Person]:  # noqa: ARG002
        """Nobody: tasks hold ids only."""
        return ()

    def find_person(self, name: str) -> Call | None:  # noqa: ARG002
        """None: no call looks people up."""
        return None
