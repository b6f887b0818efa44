"""Promises about what a service is: its parts, its columns, its filters; no call is sent but to fetch examples."""

from __future__ import annotations

import ast
import importlib
import inspect
import json
import pkgutil
from collections.abc import Iterator
from typing import Any, get_args

import pytest
from pydantic import BaseModel, SecretStr

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.changes.normal import parse, same
from taskframe.errors import SettingsError
from taskframe.schema import Kind, Role
from taskframe.services.base import Limit, Service
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite

IO = frozenset({"httpx", "aiohttp", "asyncio", "requests", "socket", "sqlite3", "subprocess", "ssl", "urllib.request"})
"""What a module that decides has no use for."""

FITTING: dict[Role, tuple[Kind, ...]] = {
    "identifier": ("text",),
    "title": ("text",),
    "status": ("choice", "text"),
    "priority": ("choice", "text", "integer"),
    "assignee": ("text",),
    "due": ("timestamp", "text"),
    "version": ("integer", "text"),
    "updated": ("timestamp",),
}
"""The kinds of column that can play a role."""


class Shape(Suite):
    """A service's parts, columns and filters."""

    def test_it_is_a_service(self) -> None:
        """Every part of the protocol is there, and of its type."""
        service = self.make_service()
        parts = [name for name in vars(Service) if not name.startswith("_")]
        missing = [name for name in (*Service.__annotations__, *parts) if not hasattr(service, name)]
        assert not missing, f"the protocol asks for {', '.join(missing)}"
        for name, kind in {"name": str, "label": str, "index": str, "versioned": bool, "singly": bool}.items():
            assert isinstance(getattr(service, name), kind), f"{name} is a {kind.__name__}"
        assert self.service == service.name, "the entry point has the service's own name"
        assert service.fresh > 0, "seconds after which a task that was read is read again; math.inf: never"
        assert issubclass(service.settings, BaseModel)
        assert all(isinstance(limit, Limit) for limit in service.limits)

    def test_its_secrets_are_concealed(self) -> None:
        """A setting that is named like a secret is a `SecretStr`, so that no repr shows it."""
        for name, setting in self.make_service().settings.model_fields.items():
            if any(word in name for word in ("token", "secret", "password", "api_key")):
                concealed = setting.annotation is SecretStr or SecretStr in get_args(setting.annotation)
                assert concealed or setting.annotation is bool, f"{name} is to be a SecretStr"

    def test_the_schema_makes_sense(self, stage: Stage) -> None:
        """An index, names that occur once, roles on columns of a fitting kind, a source for all that may be edited."""
        service = stage.service
        for schema in (service.schema(EMPTY), stage.load().schema):
            names = [column.name for column in schema]
            assert schema.index == service.index
            assert len(set(names)) == len(names), "a column is there twice"
            assert schema.index not in names, "the ids are the index, and no column"
            assert schema.editable, "nothing can be edited"
            for column in schema:
                assert column.role is None or column.kind in FITTING[column.role], f"{column.name}: {column.role}"
                assert column.source or not column.editable, f"{column.name} is editable: say where that is documented"
                assert column.nullable or not column.clearable, f"{column.name} can be cleared, so it may be null"
                assert not column.handle or not column.editable, f"{column.name} follows {column.handle}"
                assert not column.ordered or column.choices, f"{column.name} has an order of what?"
            assert service.versioned is (schema.role("version") is not None), "a service with versions has one to show"
            self.title(schema)

    def test_columns_and_rows_agree(self, stage: Stage) -> None:
        """`columns` gives every column at one length, without an id twice; `row` gives the same cells."""
        service = stage.service
        objects = stage.objects()
        columns, catalogue = service.columns(objects)
        schema = service.schema(catalogue)
        assert set(columns) == {schema.index, *schema.names}
        assert {len(values) for values in columns.values()} == {len(objects)}
        ids = list(columns[schema.index])
        assert len(set(ids)) == len(ids) == self.tasks
        for row in map(service.row, objects):
            at = ids.index(row[schema.index])
            for name in row.keys() - {schema.index}:
                column = schema[name]
                here, there = (parse(value, column, [value]) for value in (row[name], columns[name][at]))
                assert same(here, there, column), f"{ids[at]} {name}: {here!r} in the row, {there!r} in the column"

    def test_an_empty_list_has_every_column(self, stage: Stage) -> None:
        """Without a task, the frame still has each column with its dtype."""
        service = stage.service
        columns, catalogue = service.columns([])
        schema = service.schema(catalogue)
        frame = schema.frame(columns[schema.index], columns)
        assert len(frame) == 0
        assert list(frame.columns) == list(schema.names)
        for column in schema:
            assert frame[column.name].dtype == column.dtype, column.name
        with self.open_stage(tasks=0) as nobody:
            assert nobody.load().df.dtypes.to_dict() == frame.dtypes.to_dict()

    def test_the_catalogue_is_plain_json(self, stage: Stage) -> None:
        """What names stand for survives a file: the schema and the calls made of it are the same."""
        service = stage.service
        tasks = stage.load()
        again = Catalogue(json.loads(json.dumps(tasks.catalogue.to_json())))
        assert again == tasks.catalogue
        assert service.schema(again) == service.schema(tasks.catalogue)
        assert list(service.people(again)) == list(service.people(tasks.catalogue))

    def test_what_names_stand_for_is_kept(self, stage: Stage) -> None:
        """What an earlier load told of choices and people is still known after one that does not show it."""
        service = stage.service
        known = stage.load().catalogue
        _, catalogue = service.columns([], known)
        later = service.schema(catalogue)
        for column in service.schema(known):
            if column.name in later:
                assert set(column.choices) <= set(later[column.name].choices), column.name
                assert column.aliases.keys() <= later[column.name].aliases.keys(), column.name
        assert {person.id for person in service.people(known)} <= {person.id for person in service.people(catalogue)}

    def test_an_unknown_filter_is_an_error_that_names_the_nearest(self) -> None:
        """Before any call; a typo does not load everything."""
        service = self.make_service()
        with pytest.raises(SettingsError):
            service.listing({"no such filter, surely": "x"})
        for name in self.filters:
            with pytest.raises(SettingsError, match=rf"(?i)did you mean '{name}'"):
                service.listing({f"{name[:-1]}{name[-1] * 2}": "x"})

    def test_it_does_no_io(self) -> None:
        """What decides does no I/O: the service's own modules import nothing that could."""
        for module in _modules(type(self.make_service())):
            found = set(_imports(inspect.getsource(module)))
            io = {name for name in found if name in IO or name.partition(".")[0] in IO}
            assert not io, f"{module.__name__} imports {', '.join(sorted(io))}: leave sending to the engine"


def _modules(service: type) -> Iterator[Any]:
    """The module of each class that the service is made of, and, where that is a package, all that is in it."""
    for base in service.__mro__[:-1]:
        module = importlib.import_module(base.__module__)
        yield module
        for found in pkgutil.iter_modules(getattr(module, "__path__", ()), f"{module.__name__}."):
            if not found.name.endswith(".sandbox"):
                yield importlib.import_module(found.name)


def _imports(source: str) -> Iterator[str]:
    for node in ast.walk(ast.parse(source)):
        if isinstance(node, ast.Import):
            yield from (alias.name for alias in node.names)
        elif isinstance(node, ast.ImportFrom) and node.module and not node.level:
            yield node.module
            yield from (f"{node.module}.{alias.name}" for alias in node.names)
