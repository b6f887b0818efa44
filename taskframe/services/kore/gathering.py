"""Kore's pages to columns: `tasks.columns` for tasks that come page by page."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from copy import deepcopy
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import UNSET, UnsetType
from msgspec.structs import astuple

from taskframe.catalogue import Catalogue
from taskframe.changes.frozen import Frozen, FrozenLists
from taskframe.errors import ProtocolError
from taskframe.schema import Column
from taskframe.services.gathering import Gathering, Lists
from taskframe.services.http import words
from taskframe.services.kore import fields, objects
from taskframe.services.kore.columns import COLUMNS, MILLISECONDS, PARTS, TIMES
from taskframe.services.kore.tasks import INDEX, PLAIN, ListedTask, Senseless, cell, time_text

if TYPE_CHECKING:
    from taskframe.services.base import Columns

_TEXT: Final = frozenset({str, NoneType, UnsetType})
_WHOLE: Final = frozenset({int, NoneType, UnsetType})
_BATCH: Final = 500
"""Tasks that are made into columns at once: with few, each array's own cost would count; many leave the processor's
cache before they are looked at."""
_NAT: Final = -(2**63)
_YEAR_1: Final = -62_135_596_800_000
_YEAR_9999: Final = 253_402_300_799_999
"""The first and the last millisecond that a time can be."""


class KoreGatherer:
    """See `Gatherer`."""

    def __init__(self, known: Catalogue) -> None:
        self._known = known
        self._objects = objects.Collected(known)
        self._fields = fields.Found()
        self._own: dict[str, list[Any]] = {}
        self._frozen = FrozenLists()
        self._waiting: list[Any] = []
        self._count = 0
        self._gathering = Gathering((Column(INDEX, "text"), *COLUMNS), _check)

    def add(self, tasks: Sequence[Any]) -> None:
        """One page's new tasks. ProtocolError for one with a time that is none, now or when more have come."""
        self._waiting += tasks
        if len(self._waiting) >= _BATCH:
            self._take()

    def columns(self) -> tuple[Columns, Catalogue]:
        """All of them, and what their names stand for."""
        if self._waiting:
            self._take()
        columns = self._gathering.arrays()
        entries = {**self._objects.entries(), "fields": self._fields.entries()}
        if not self._count:  # nobody tells of the account's own fields: they are what they were
            entries["fields"] = dict(self._known.entries.get("fields", {}))
        for name in entries["fields"]:
            values = self._own.pop(name, [])
            values += [None] * (self._count - len(values))
            columns[name] = values
        return columns, Catalogue({column: names for column, names in entries.items() if names})

    def frozen(self) -> Mapping[str, Frozen]:
        """The fields, of which each definition is written once and not for each task that has it."""
        frozen = self._frozen.frozen()
        return {} if frozen is None else {"fields": frozen}

    def _take(self) -> None:
        """Those that wait, as columns."""
        tasks, self._waiting = self._waiting, []
        sent = dict(zip(ListedTask.__struct_fields__, zip(*map(astuple, tasks), strict=True), strict=True))
        lists: dict[str, Any] = {INDEX: sent["id"]}
        for name in PLAIN:
            lists[name] = [None if value is UNSET else value for value in sent[name]]
        for name in (*MILLISECONDS, *TIMES):
            lists[name] = _times(tasks, sent[name], name)
        parts = dict(zip(PARTS, zip(*sent["parts"], strict=True), strict=True))
        for name, keys in PARTS.items():
            cells = zip(*[part.cells for part in parts[name]], strict=True)
            lists |= {f"{name}.{key}": values for key, values in zip(keys, cells, strict=True)}
        lists["lid"] = [
            iid if sent_lid is UNSET else lid
            for sent_lid, lid, iid in zip(sent["lid"], lists["lid"], lists["iId"], strict=True)
        ]
        self._gathering.extend(lists)
        self._objects.add_parts(parts, sent["updatedAt"], sent["assigneeType"])
        for name, values in self._own_of(tasks).items():
            column = self._own.setdefault(name, [])
            column += [None] * (self._count - len(column))  # tasks without
            column += values
        for task in tasks:
            self._frozen.add([known.written for known in task.definitions] if isinstance(task.fields, list) else None)
        self._count += len(tasks)

    def _own_of(self, tasks: Sequence[Any]) -> dict[str, list[Any]]:
        """What the tasks' own fields hold, each in its column. Tasks with the same fields are taken together."""
        found: dict[str, list[Any]] = {}
        alike: dict[tuple[str, ...], list[int]] = {}
        for at, task in enumerate(tasks):
            names = tuple([definition.column for definition in task.definitions])
            places = alike.get(names)
            if places is not None:
                places.append(at)
            elif "" not in names and len(set(names)) == len(names):
                alike[names] = [at]
            else:
                for name, thing in fields.named(task.fields):
                    self._fields.learn(name, thing)
                    found.setdefault(name, [None] * len(tasks))[at] = deepcopy(fields.value_of(thing))
                continue
            for name, definition in zip(names, task.definitions, strict=True):
                if definition.learner is not self:
                    definition.learner = self
                    self._fields.learn(name, definition.thing)
        for names, places in alike.items():
            for name, same in zip(names, zip(*[tasks[at].definitions for at in places], strict=True), strict=True):
                column = found.setdefault(name, [None] * len(tasks))
                for at, definition in zip(places, same, strict=True):
                    again = definition.fresh_value
                    column[at] = definition.value if again is None else again()
        return found


def _times(tasks: Sequence[Any], values: Sequence[Any], name: str) -> Any:
    kinds = set(map(type, values))
    if kinds <= _TEXT:
        return [value or None for value in values]  # "" and UNSET too are none
    if kinds <= _WHOLE:
        found = [_NAT if value is None or value is UNSET else value for value in values]
        if all(_YEAR_1 <= value <= _YEAR_9999 or value == _NAT for value in found):
            return np.array(found, dtype="int64").view("datetime64[ms]").astype("datetime64[us]")
    return [cell(task, name) for task in tasks]


def _check(lists: Lists) -> None:
    for name in (*MILLISECONDS, *TIMES):
        for task, value in zip(lists[INDEX], lists[name], strict=True):
            try:
                if not isinstance(value, np.datetime64):
                    time_text(name, value)
            except Senseless as error:
                raise ProtocolError(f"task {words(task, 60)}: {error}") from None
