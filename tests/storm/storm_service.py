"""Services with something added: one whose reads say in the log what they are for, and one that is careless."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import replace
from typing import Any

from taskframe.changes.edit import Row
from taskframe.services.base import Call, Verdict

TAG = "reading"


class Watched:
    """A service whose rereads carry a number that servers ignore; `wanted` tells which tasks each one looks for."""

    def __init__(self, service: Any) -> None:
        self._service = service
        self.wanted: dict[str, frozenset[str]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._service, name)

    def reread(self, bases: Sequence[Row]) -> Any:
        if self._service.versioned:  # nobody asks when such a task was read
            return self._service.reread(bases)
        number = str(len(self.wanted))
        self.wanted[number] = frozenset(str(base[self._service.index]) for base in bases)
        return _Tagged(self._service.reread(bases), number)


class _Tagged:
    """A listing whose calls carry a number."""

    def __init__(self, listing: Any, number: str) -> None:
        self._listing = listing
        self._number = number
        self._own: dict[int, tuple[Call, Call]] = {}

    def __getattr__(self, name: str) -> Any:
        return getattr(self._listing, name)

    def start(self) -> Sequence[Call]:
        return self._tagged(self._listing.start())

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        new, further = self._listing.receive(self._own[id(call)][1], verdict)
        return new, self._tagged(further)

    def _tagged(self, calls: Sequence[Call]) -> Sequence[Call]:
        tagged = [replace(call, params=(*call.params, (TAG, self._number))) for call in calls]
        self._own |= {id(new): (new, old) for new, old in zip(tagged, calls, strict=True)}
        return tagged


class Careless(Watched):
    """Reload by somebody who takes the newest version for each write: then no version guards anything."""

    server: Any = None

    def calls(self, edit: Any, catalogue: Any) -> Sequence[Call]:
        calls: Sequence[Call] = self._service.calls(edit, catalogue)
        return [replace(call, json=self._newest(edit.id, call.json)) for call in calls]

    def _newest(self, task: str, body: Mapping[str, Any]) -> Mapping[str, Any]:
        return {**body, "version": self.server.task(task)["version"]}
