"""The oracle's side of a service whose tasks have no version: what the server holds, and others' hands in it.

A service gives its tasks (`Store`), its calls and its words for failures; the rest is here. Tasks are made when
they are first asked for, so that a service that nobody uses costs nothing.
"""

from __future__ import annotations

import random
from abc import abstractmethod
from collections.abc import Collection, Mapping, Sequence
from dataclasses import dataclass
from typing import Any, Generic, Protocol, TypeVar

from taskframe.errors import SettingsError, did_you_mean
from taskframe.sandbox.base import Call, Reply, ServiceSandbox, World

Task = dict[str, Any]

_GATEWAY = {502: "Bad Gateway", 504: "Gateway Time-out"}


class Refused(Exception):
    """A call that is answered with a failure, in the service's own words."""

    def __init__(
        self, status: int, detail: Any, *, code: int | None = None, headers: Sequence[tuple[str, str]] = ()
    ) -> None:
        super().__init__(detail)
        self.status = status
        self.detail = detail
        self.code = code
        self.headers = list(headers)


@dataclass(frozen=True, slots=True)
class Written:
    """A task after a write, whole and in wire form, and which of its fields changed: before and after."""

    task: Task
    before: Task
    after: Task


class Store(Protocol):
    """A service's tasks, in and out in wire form. Called under the world's lock."""

    def get(self, task_id: str) -> Task | None:
        """The task, unless there is none."""
        ...

    def all(self) -> list[Task]:
        """Every task."""
        ...

    def change(self, task_id: str, fields: Mapping[str, Any], now: float) -> Written:
        """Set fields of a task that is there; the moment of its last update moves on in any case."""
        ...

    def create(self, fields: Mapping[str, Any], now: float) -> Task:
        """A new task."""
        ...

    def remove(self, task_id: str) -> None:
        """Let a task be gone."""
        ...


S = TypeVar("S", bound=Store)


class TaskSandbox(ServiceSandbox, Generic[S]):
    """A service's sandbox but for its protocol."""

    columns: Collection[str] = ()
    """The fields that `edit` and `add` take."""

    open_to_others: Sequence[str] = ()
    """The fields of which "others-edit" picks one, unless it is told which."""

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._store: S | None = None

    # The oracle's side

    @property
    def store(self) -> S:
        """The tasks; made from the seed when they are first asked for."""
        with self.world.lock:
            if self._store is None:
                self._store = self.open_store()
            return self._store

    def task(self, task_id: str) -> Task:
        """A task in wire form, as the server holds it now. `KeyError` when there is none."""
        with self.world.lock:
            task = self.store.get(task_id)
        if task is None:
            raise KeyError(task_id)
        return task

    def tasks(self) -> list[Task]:
        """All tasks in wire form, newest first."""
        with self.world.lock:
            return self.store.all()

    def edit(self, task_id: str, **fields: Any) -> Task:
        """A colleague's edit, of any field that can be written; it counts as an update even when nothing differs."""
        return self._edit(task_id, fields)

    def add(self, **fields: Any) -> Task:
        """A colleague's new task."""
        with self.world.lock:
            task = self.store.create(self._settled(fields), self.world.clock.now())
            self.record_other(task[self.key], {}, task)
        return task

    def delete(self, task_id: str) -> None:
        """A colleague deletes a task: lists leave it out, calls answer 404. The log has each field going to None."""
        with self.world.lock:
            task = self.task(task_id)
            self.store.remove(task_id)
            self.record_other(task_id, task, dict.fromkeys(task))

    # What a service gives

    key: str = "id"
    """The field that holds a task's id."""

    @abstractmethod
    def open_store(self) -> S:
        """The tasks: those of an earlier run, else made from the seed."""

    @abstractmethod
    def carry_out(self, call: Call) -> Reply:
        """Carry out a call, or raise `Refused`."""

    @abstractmethod
    def failure(self, refused: Refused) -> Reply:
        """A failure in the service's own shape."""

    @abstractmethod
    def words(self, status: int) -> Refused:
        """A failure that has nothing to do with the call."""

    @abstractmethod
    def settle(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """Fields as a colleague gives them, checked and ready for the store, or raise `Refused`."""

    @abstractmethod
    def writes(self, call: Call) -> Collection[str]:
        """The fields that a call writes."""

    @abstractmethod
    def other_value(self, task: Task, column: str, rng: random.Random) -> Any:
        """Another value for a field; drawn again when it happens to be the caller's."""

    @abstractmethod
    def ours(self, call: Call, column: str) -> Any:
        """The value that a call writes to a field; None when it writes none."""

    # The server's side

    def answer(self, call: Call) -> Reply:
        """Carry out a call."""
        try:
            return self.carry_out(call)
        except Refused as refused:
            return self.failure(refused)

    def refuse(self, status: int) -> Reply:
        """The service's own words for a failure; a gateway's page for 502 and 504, which come from in front of it."""
        if status in _GATEWAY:
            words = f"{status} {_GATEWAY[status]}"
            page = f"<html><head><title>{words}</title></head><body><h1>{words}</h1></body></html>"
            return Reply(status, page.encode(), content_type="text/html")
        return self.failure(self.words(status))

    def meddle(self, call: Call, columns: str | Mapping[str, Any]) -> None:
        """A colleague's edit just ahead of a write."""
        task = self.store.get(self.target(call) or "")
        if task is None:
            return
        fields = columns if isinstance(columns, Mapping) else self._others_edit(task, call, columns)
        self._edit(task[self.key], fields, fault="others-edit")

    def _others_edit(self, task: Task, call: Call, columns: str) -> dict[str, Any]:
        """One field, and a value for it that is neither what is there nor what the caller sends."""
        rng = random.Random(repr(sorted(task.items())))
        ours = [c for c in self.columns if c in self.writes(call)] or list(self.open_to_others)
        column = rng.choice(ours if columns == "same" else [c for c in self.open_to_others if c not in ours] or ours)
        for _ in range(20):
            value = self.other_value(task, column, rng)
            if value != self.ours(call, column):
                break
        return {column: value}

    def _edit(self, task_id: str, fields: Mapping[str, Any], fault: str | None = None) -> Task:
        with self.world.lock:
            self.task(task_id)
            written = self.store.change(task_id, self._settled(fields), self.world.clock.now())
            self.record_other(task_id, written.before, written.after, fault)
        return written.task

    def _settled(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        for name in fields:
            if name not in self.columns:
                raise SettingsError(f"a task has no column {name!r} to edit.{did_you_mean(name, self.columns)}")
        try:
            return self.settle(fields)
        except Refused as refused:
            raise SettingsError(f"the service would not take that: {refused.detail}") from None


def moved_on(now: float, last: float, step: float) -> float:
    """The moment of an update: now, yet never that of the update before."""
    return max(now, last + step)


def changed(before: Task, after: Task) -> Written:
    """A write, told from the task before it and the task after it."""
    names = [n for n in after if n not in before or before[n] != after[n]]
    gone = [n for n in before if n not in after]
    was = {n: before.get(n) for n in (*names, *gone)}
    return Written(after, was, {n: after.get(n) for n in (*names, *gone)})
