"""What a sandbox must offer, beyond `ServiceSandbox`, so that a test can arrange and judge."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from taskframe.sandbox.limits import Limit


class Server(Protocol):
    """The oracle's side of a service: what the server holds, and a colleague's hands in it.

    Tasks and fields are in wire form. A subclass of `taskframe.sandbox.oracle.TaskSandbox` has all of it. Each edit, by
    whomever, is in the log (`box.log`), with the fields that changed in `before` and `after`.

    Where there are they, these switches are used too: `token()` (a fresh token) with `revoke(token)`, for credentials
    that expire; `shifting` (pages go by the last update).
    """

    secret_headers: frozenset[str]

    @property
    def limits(self) -> Sequence[Limit | tuple[int, float, str]]:
        """Rate windows: `limits = [(60, 60.0, "hidden")]` lets 60 calls a minute through and does not say so."""

    @limits.setter
    def limits(self, limits: Iterable[Limit | tuple[int, float, str]]) -> None: ...

    def settings(self, url: str) -> Mapping[str, Any]:
        """What a client needs to connect: address and credentials."""

    def task(self, task_id: str) -> Mapping[str, Any]:
        """A task as the server holds it now. `KeyError` when there is none."""

    def tasks(self) -> Sequence[Mapping[str, Any]]:
        """All tasks."""

    def edit(self, task_id: str, **fields: Any) -> Any:
        """A colleague's edit."""

    def delete(self, task_id: str) -> None:
        """A colleague deletes a task."""

    def target(self, call: Any) -> str | None:
        """The id of the one existing task that a call (its `method`, `path` and `json`) would write, else None."""
