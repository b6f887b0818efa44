"""Kore's tasks: the object on the wire, rows and columns made of it, and the schema."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from copy import deepcopy
from dataclasses import replace
from datetime import datetime
from operator import attrgetter
from typing import TYPE_CHECKING, Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.errors import ProtocolError
from taskframe.schema import Schema
from taskframe.services.http import words
from taskframe.services.kore import fields as kore_fields
from taskframe.services.kore import objects
from taskframe.services.kore.columns import (
    BOOLEANS,
    COLUMNS,
    HANDLES,
    LISTS,
    MILLISECONDS,
    PARTS,
    TEXTS,
    TIMES,
    WHOLE,
)
from taskframe.services.kore.moments import text_of
from taskframe.services.kore.objects import part
from taskframe.services.kore.repeated import definitions, part_of

if TYPE_CHECKING:
    from taskframe.changes.edit import Row
    from taskframe.services.base import Columns

INDEX: Final = "_id"
PLAIN: Final = (*TEXTS, *LISTS, *BOOLEANS, *WHOLE)
"""The columns that are as they were sent."""

_Number = int | float | str | None | UnsetType
Task: Any = msgspec.defstruct(
    "Task",
    [
        ("id", str, msgspec.field(name="_id")),
        *((name, str | None | UnsetType, UNSET) for name in (*TEXTS, *TIMES)),
        *((name, list[Any] | None | UnsetType, UNSET) for name in LISTS),
        *((name, bool | None | UnsetType, UNSET) for name in BOOLEANS),
        *((name, _Number, UNSET) for name in MILLISECONDS),
        *((name, dict[str, Any] | None | UnsetType, UNSET) for name in PARTS),
    ],
    gc=False,
)
"""A task as the service sent it: one attribute a key, `UNSET` where it was absent."""

ListedTask: Any = msgspec.defstruct(
    "ListedTask",
    [
        ("fields", list[msgspec.Raw] | None | UnsetType, UNSET),
        *((name, msgspec.Raw | UnsetType, UNSET) for name in PARTS),
        ("definitions", Any, msgspec.field(default=(), name="what is known of the fields")),
        ("parts", Any, msgspec.field(default=(), name="what is known of the objects")),
    ],
    bases=(Task,),
    gc=False,
)
"""A task of a list, where tasks repeat their fields and objects: `settle` puts those right, what is known beside."""


def settle(task: Any) -> None:
    """Makes a ListedTask, as it was decoded, a Task. Raises what msgspec raises."""
    if task.fields:
        task.definitions = definitions(task.fields)
        task.fields = [definition.fresh() for definition in task.definitions]
    task.parts = parts = []
    for name in PARTS:
        sent = getattr(task, name)
        try:
            known = part_of(name, sent)
        except msgspec.ValidationError as error:
            raise msgspec.ValidationError(f"{error} - at `$.results[...].{name}`") from None
        parts.append(known)
        if sent is not UNSET:
            setattr(task, name, known.fresh())


class Senseless(ValueError):
    """A value that can't be what its key says."""


def row(task: Any) -> Row:
    """One task as a row: the id, and the columns whose keys the service sent. Raises Senseless."""
    cells: dict[str, Any] = {INDEX: task.id}
    for name in PLAIN:
        value = getattr(task, name)
        if value is not UNSET:
            cells[name] = value
    for name in (*MILLISECONDS, *TIMES):
        value = getattr(task, name)
        if value is not UNSET:
            cells[name] = time_text(name, value)
    for name, keys in PARTS.items():
        value = getattr(task, name)
        if value is not UNSET:
            for key in keys:
                cells[f"{name}.{key}"] = part(value or {}, key)
    if task.lid is UNSET and task.iId is not UNSET:
        cells["lid"] = task.iId  # replies write iId where the update's table writes lid
    if task.fields is not UNSET:
        cells |= _own(kore_fields.named(task.fields))
    return cells


def _own(fields: Iterable[tuple[str, dict[str, Any]]]) -> dict[str, Any]:
    """What one task's own fields hold. A list is a copy: one edited in its cell must not change `fields` as well."""
    values = ((name, kore_fields.value_of(definition)) for name, definition in fields)
    return {name: deepcopy(value) if isinstance(value, list | dict) else value for name, value in values}


def time_text(name: str, value: Any) -> str | None:
    """A time as ISO 8601 text; None for null and ""."""
    if value is None or value == "":
        return None
    try:
        if isinstance(value, str):
            msgspec.convert(value, datetime)
            return value
        return text_of(value)
    except ValueError:  # msgspec's ValidationError is one
        raise Senseless(f"{name} is no time: {words(str(value), 40)!r}") from None


def columns(tasks: Sequence[Any], known: Catalogue = EMPTY) -> tuple[Columns, Catalogue]:
    """Many tasks as plain lists, the id among them, and what their names stand for. What a task left out is None."""
    lists: dict[str, list[Any]] = {INDEX: [task.id for task in tasks]}
    for name in PLAIN:
        values = list(map(attrgetter(name), tasks))
        lists[name] = [None if v is UNSET else v for v in values] if UNSET in values else values
    for name in (*MILLISECONDS, *TIMES):
        lists[name] = [cell(task, name) for task in tasks]
    for name, keys in PARTS.items():
        things = [thing or {} for thing in map(attrgetter(name), tasks)]  # UNSET is false
        for key in keys:
            lists[f"{name}.{key}"] = [part(thing, key) for thing in things]
    lists["lid"] = [
        iid if task.lid is UNSET else lid for task, lid, iid in zip(tasks, lists["lid"], lists["iId"], strict=True)
    ]
    named = [tuple(kore_fields.named(task.fields or ())) for task in tasks]
    entries = {**objects.collect(tasks, known), "fields": kore_fields.collect(named)}
    own = [_own(task) for task in named]
    if not tasks:  # nobody tells of the account's own fields: they are what they were
        entries["fields"] = dict(known.entries.get("fields", {}))
    for name in entries["fields"]:
        lists[name] = [task.get(name) for task in own]
    return lists, Catalogue({column: names for column, names in entries.items() if names})


def cell(task: Any, name: str) -> str | None:
    """A time of a task, as `time_text` gives it. Raises ProtocolError that names the task."""
    value = getattr(task, name)
    try:
        return None if value is UNSET else time_text(name, value)
    except Senseless as error:
        raise ProtocolError(f"task {words(task.id, 60)}: {error}") from None


def schema(catalogue: Catalogue) -> Schema:
    """The columns, with those of the account's own fields, and what the catalogue knows of names."""
    built = []
    for column in COLUMNS:
        if column.name in HANDLES:
            known = objects.choices(catalogue, column.name) if column.name != objects.ASSIGNEE else ()
            column = replace(column, choices=known, aliases=objects.aliases(catalogue, column.name))
            if column.name != objects.ASSIGNEE:
                column = replace(column, key=f"{HANDLES[column.name]}._id", things=objects.ids(catalogue, column.name))
        built.append(column)
        if column.name == "fields":
            built += kore_fields.columns(catalogue)
    return Schema(tuple(built), INDEX)
