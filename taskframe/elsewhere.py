"""Frames and plans that come from elsewhere: from a DataFrame of the user's own, and from files."""

from __future__ import annotations

import os
from collections.abc import Callable, Collection, Iterator, Mapping
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.changes.changes import Changes
from taskframe.changes.intake import take_frame
from taskframe.changes.judge import Judge
from taskframe.changes.write import write
from taskframe.config import find_service
from taskframe.errors import FrameError, PlanError
from taskframe.files.saved import making_sense, payload_changes, payload_frame, read_document
from taskframe.frame import TaskFrame
from taskframe.load import Load
from taskframe.plan import Plan
from taskframe.preview.words import count
from taskframe.problem import Problem
from taskframe.schema import Column, Schema, Unfit
from taskframe.services.base import Source

if TYPE_CHECKING:
    from taskframe.connection import Connection

Finder = Callable[[Load], "Connection | None"]
"""Gives the connection for what was loaded there; None where there is none."""


def connected(load: Load, connection: Connection | Finder | None, what: str) -> Connection | None:
    """The connection for `load`: the given one, or what a finder gives. Raises PlanError when it leads elsewhere."""
    found = connection(load) if callable(connection) else connection
    if found is not None:
        found.check_same_place(load.source, what)
        found.learn(load)
    return found


def from_frame(
    df: pd.DataFrame,
    connection: Connection | str,
    *,
    catalogue: Catalogue | None = None,
    editable: Collection[str] = (),
    loaded_at: datetime | None = None,
) -> TaskFrame:
    """A TaskFrame whose baseline comes from elsewhere: a Parquet file, a warehouse.

    `connection` may be the name of a service: then plans and previews work, and nothing can be sent. `df` has the
    service's columns (some or all), any dtype, and the task ids as a column or index; it is not changed.
    `catalogue` is what names stand for, by default what the connection's loads have told; `editable` is as for
    `Connection.load`; `loaded_at` says how old it is. Raises FrameError for ids that are missing or doubled and for
    values that no task can have.
    """
    service = find_service(connection) if isinstance(connection, str) else connection.service
    learned = EMPTY if isinstance(connection, str) else connection.catalogue
    known = learned if catalogue is None else catalogue
    schema = service.schema(known).with_editable(editable)
    if not isinstance(df, pd.DataFrame):
        raise FrameError(f"from_frame takes a DataFrame, not {type(df).__name__}")
    if loaded_at is not None and (not isinstance(loaded_at, datetime) or loaded_at.tzinfo is None):
        raise FrameError(f"loaded_at= takes a datetime with its time zone, not {loaded_at!r}")
    try:
        edited = take_frame(df, schema)
    except PlanError as error:
        raise FrameError(str(error)) from None
    missing = bool(edited.ids.isna().any() or (edited.ids == "").any())
    if missing or edited.ids.has_duplicates:
        bad = "missing" if missing else f"doubled: {edited.ids[edited.ids.duplicated()][0]!r}"
        raise FrameError(f"each task has one id, and each id one row; here one is {bad}")
    values = {
        c.name: _values(edited.columns[c.name], c.name, schema, edited.ids) for c in schema if c.name in edited.columns
    }
    frame = schema.frame(list(edited.ids), values)
    more = [c for c in df.columns if c not in schema and c != schema.index]
    frame = frame.assign(**{str(c): df[c].array for c in more})
    account = service.account(None, {c: v[0] for c, v in values.items()} if len(frame) else None)
    base_url = "" if isinstance(connection, str) else connection.base_url
    load = Load(
        service=service,
        source=Source(service.name, base_url, account),
        schema=schema,
        catalogue=known,
        loaded_at=datetime.now(UTC) if loaded_at is None else loaded_at.astimezone(UTC),
        size=len(frame),
        limited=True,
        notes=[*edited.notes, *_undocumented(frame, schema)],
        editable=tuple(editable),
        by_ids=True,
    )
    if isinstance(connection, str):
        return TaskFrame(frame, load, None)
    connection.learn(load)
    return TaskFrame(frame, load, connection)


def _values(series: pd.Series, name: str, schema: Schema, ids: pd.Index) -> list[Any]:
    column = schema[name]
    seen = (
        [v for v in pd.unique(series.astype("object")) if isinstance(v, str | int)] if column.kind == "choice" else ()
    )
    judge = Judge(column, seen)  # a baseline may hold what the service does not document: it was seen
    values = []
    for task, cell in zip(ids, series, strict=True):
        try:
            values.append(_value(judge, column, cell))
        except Unfit as unfit:
            raise FrameError(f"task {task}, column {name}: {unfit}") from None
    return values


def _value(judge: Judge, column: Column, cell: Any) -> Any:
    value = judge.read(cell)
    if value is None and not column.nullable:
        raise Unfit("it is null, which no task has here: fill it in, or leave the column out")
    return value


def _undocumented(frame: pd.DataFrame, schema: Schema) -> Iterator[str]:
    """What to say of choices that the service does not document: it may have them, or the frame is wrong."""
    for column in schema:
        if column.kind != "choice" or not column.choices or column.name not in frame:
            continue
        counts = frame[column.name].value_counts()
        strange = [
            f"{value!r} ({count(int(n), 'task')})" for value, n in counts.items() if n and value not in column.choices
        ]
        if strange:
            more = f" and {len(strange) - 10:,} more" if len(strange) > 10 else ""
            yield f"{column.name}: not documented by the service: {', '.join(strange[:10])}{more}"


def open_tasks(path: str | os.PathLike[str], connection: Connection | Finder | None = None) -> TaskFrame:
    """A TaskFrame that `save` wrote: its baseline, and its edits on top.

    `connection` may be a function that is given what was loaded, and gives the connection. Without one plans and
    previews work, and nothing can be sent. Raises FileError for a file that is none, or was altered, and PlanError when
    it was loaded elsewhere.
    """
    data = read_document(path, "tasks")
    with making_sense(path):
        load = Load.from_json(data["load"], find_service(data["load"]["service"]))
        found = connected(load, connection, f"the load {os.fspath(path)}")
        tasks = TaskFrame(payload_frame(data["frame"], load.schema), load, found)
        edits = payload_changes(data["edits"], load.schema)
        for name, change in edits.columns.items():
            places = tasks.df.index.get_indexer(edits.ids[change.rows])
            if (places < 0).any():
                raise ValueError("an edit of no task")
            tasks.df[name] = write(tasks.df[name], places, list(change.after), load.schema[name])
        return tasks


def open_plan(path: str | os.PathLike[str], connection: Connection | Finder | None = None) -> Plan:
    """A plan that `save` wrote, in this process or another.

    `connection` is as for `open_tasks`; without one the plan can be looked at, and not applied.
    Raises FileError for a file that is none, or was altered, and PlanError when the plan was made elsewhere: for
    another service, address or account.
    """
    data = read_document(path, "plan")
    with making_sense(path):
        load = Load.from_json(data["load"], find_service(data["load"]["service"]))
        found = connected(load, connection, f"the plan {os.fspath(path)}")
        return plan_of(data, payload_changes(data["changes"], load.schema), load, found)


def plan_of(data: Mapping[str, Any], changes: Changes, load: Load, connection: Connection | None) -> Plan:
    """The plan that `Plan.head` told of. Raises KeyError or TypeError when `data` is no such thing."""
    return Plan(
        load,
        changes,
        tuple(Problem(**p) for p in data["problems"]),
        tuple(data["warnings"]),
        tuple(data["ignored"]),
        tuple(data["notes"]),
        _connection=connection,
        id=data["id"],
        parent=data["parent"],
        _strangers=data["strangers"],
        _identified=dict(data.get("identifiers", {})),
    )
