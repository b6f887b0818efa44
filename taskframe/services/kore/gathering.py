"""Kore's pages to columns: `tasks.columns` for tasks that come page by page."""

from __future__ import annotations

from collections.abc import Sequence
from copy import deepcopy
from operator import attrgetter
from types import NoneType
from typing import TYPE_CHECKING, Any, Final

import numpy as np
from msgspec import UNSET, UnsetType

from taskframe.catalogue import Catalogue
from taskframe.errors import ProtocolError
from taskframe.schema import Column
from taskframe.services.gathering import Gathering, Lists
from taskframe.services.http import words
from taskframe.services.kore import fields, objects
from taskframe.services.kore.columns import COLUMNS, MILLISECONDS, PARTS, TIMES
from taskframe.services.kore.tasks import INDEX, PLAIN, Senseless, cell, part, time_text

if TYPE_CHECKING:
    from taskframe.services.base import Columns

_TEXT: Final = frozenset({str, NoneType, UnsetType})
_NUMBER: Final = frozenset({int, float, NoneType})
_WHOLE: Final = frozenset({int, NoneType, UnsetType})
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
        self._count = 0
        self._gathering = Gathering((Column(INDEX, "text"), *COLUMNS), _check)

    def add(self, tasks: Sequence[Any]) -> None:
        """One page's new tasks. ProtocolError for one with a time that is none."""
        lists: dict[str, Any] = {INDEX: [task.id for task in tasks]}
        for name in PLAIN:
            lists[name] = [None if value is UNSET else value for value in map(attrgetter(name), tasks)]
        for name in (*MILLISECONDS, *TIMES):
            lists[name] = _times(tasks, name)
        for name, keys in PARTS.items():
            things = [thing or {} for thing in map(attrgetter(name), tasks)]  # UNSET is false
            for key in keys:
                lists[f"{name}.{key}"] = _parts(things, key)
        lists["lid"] = [
            iid if task.lid is UNSET else lid for task, lid, iid in zip(tasks, lists["lid"], lists["iId"], strict=True)
        ]
        self._gathering.extend(lists)
        self._objects.add(tasks)
        for task in tasks:
            self._add_own(task)
            self._count += 1

    def columns(self) -> tuple[Columns, Catalogue]:
        """All of them, and what their names stand for."""
        columns = self._gathering.arrays()
        entries = {**self._objects.entries(), "fields": self._fields.entries()}
        if not self._count:  # nobody tells of the account's own fields: they are what they were
            entries["fields"] = dict(self._known.entries.get("fields", {}))
        for name in entries["fields"]:
            values = self._own.pop(name, [])
            columns[name] = [*values, *[None] * (self._count - len(values))]
        return columns, Catalogue({column: names for column, names in entries.items() if names})

    def _add_own(self, task: Any) -> None:
        """What one task's own fields hold, each in its column."""
        names = [definition.column for definition in task.definitions]
        if None in names or len(set(names)) < len(names):
            for name, thing in fields.named(task.fields):
                self._fields.learn(name, thing)
                self._put(name, deepcopy(fields.value_of(thing)))
            return
        for name, definition in zip(names, task.definitions, strict=True):
            if definition.learner is not self:
                definition.learner = self
                self._fields.learn(name, definition.thing)
            if definition.value is not None:
                self._put(name, definition.fresh_value())

    def _put(self, name: str, value: Any) -> None:
        column = self._own.setdefault(name, [])
        if len(column) < self._count:  # tasks without
            column += [None] * (self._count - len(column))
        column.append(value)


def _times(tasks: Sequence[Any], name: str) -> Any:
    values = list(map(attrgetter(name), tasks))
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


def _parts(things: Sequence[Any], key: str) -> list[Any]:
    values = [thing.get(key) for thing in things]
    if key == "_id":
        if set(map(type, values)) == {str} and all(values):
            return values
    elif set(map(type, values)) <= (_NUMBER if key == "score" else _TEXT):
        return values
    return [part(thing, key) for thing in things]
