"""The log: every call that reached the server and every value it changed, in the order it took effect."""

from __future__ import annotations

import threading
from collections.abc import Callable, Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from typing import Any, Literal, overload

import msgspec


@dataclass(frozen=True, slots=True)
class Record:
    """One call, or one edit by somebody else.

    `n` is the record's place in the log and follows the order in which calls took effect, which under
    concurrency is not the order in which they came. `at` and `ended` are seconds on the sandbox's clock;
    `ended` is None while a reply is being held back. `status` is None when no reply was sent. `before` and
    `after` hold the wire fields that changed: None when nothing was written, `{}` when a write was accepted
    that changed nothing. A call that creates has `before={}`; one that creates several tasks has
    `task_id=None` and maps their ids to the tasks in `after`.
    """

    n: int
    at: float
    ended: float | None
    service: str
    method: str
    path: str
    query: tuple[tuple[str, str], ...] = ()
    headers: Mapping[str, str] = field(default_factory=dict)
    content: bytes = field(default=b"", repr=False)
    status: int | None = None
    raw: bytes = field(default=b"", repr=False)
    fault: str | None = None
    task_id: str | None = None
    actor: Literal["caller", "other"] = "caller"
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = None

    @property
    def body(self) -> Any:
        """What the caller sent: parsed where it is JSON, None where it is empty, else the bytes."""
        if not self.content:
            return None
        try:
            return msgspec.json.decode(self.content)
        except (msgspec.DecodeError, UnicodeDecodeError):
            return self.content

    @property
    def reply(self) -> Any:
        """What was sent back, parsed; None when nothing was, or when it is not JSON."""
        try:
            return msgspec.json.decode(self.raw) if self.raw else None
        except (msgspec.DecodeError, UnicodeDecodeError):
            return None


class Log(Sequence[Record]):
    """Every record so far: a sequence that may be read from any thread while it grows."""

    def __init__(self) -> None:
        self._records: list[Record] = []
        self._lock = threading.Lock()

    def __len__(self) -> int:
        return len(self._records)

    @overload
    def __getitem__(self, index: int) -> Record: ...
    @overload
    def __getitem__(self, index: slice) -> list[Record]: ...
    def __getitem__(self, index: int | slice) -> Record | list[Record]:
        return self._records[index]

    def __iter__(self) -> Iterator[Record]:
        return iter(self._records[:])

    def __repr__(self) -> str:
        return f"<Log of {len(self)} records>"

    def append(self, make: Callable[[int], Record]) -> int:
        """Add the record that `make` makes of its ordinal; returns the ordinal."""
        with self._lock:
            n = len(self._records)
            self._records.append(make(n))
        return n

    def finish(self, n: int, *, status: int | None, raw: bytes, ended: float) -> None:
        """Put down how a call that was held back ended."""
        self._records[n] = replace(self._records[n], status=status, raw=raw, ended=ended)

    def calls(self, service: str | None = None, path: str | None = None) -> list[Record]:
        """Calls over the wire, without others' edits; of one service, of paths that contain `path`."""
        return [
            r
            for r in self
            if r.actor == "caller" and (service is None or r.service == service) and (path is None or path in r.path)
        ]

    def writes(self, task_id: str | None = None) -> list[Record]:
        """What changed a task, by anybody, answered or not; oldest first."""
        return [r for r in self if r.after and (task_id is None or task_id in (r.task_id, *_created(r)))]


def _created(record: Record) -> tuple[str, ...]:
    """The ids of the tasks that one call created together."""
    return tuple(record.after or ()) if record.task_id is None else ()
