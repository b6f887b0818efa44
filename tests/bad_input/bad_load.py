"""Bad filters, ids and limits of `conn.load`."""

from __future__ import annotations

from typing import Any

from bad_desk import Bad, Desk, bad

import taskframe as tf

WRONG = tf.SettingsError


def _load(service: str = "reload", **filters: Any) -> Any:
    return lambda desk: desk.hasty(service).load(**filters)


def _kore(**filters: Any) -> Any:
    return _load("kore", filters=filters)


def _pragmatiks(**filters: Any) -> Any:
    return _load("pragmatiks", **filters)


def _closed(desk: Desk) -> Any:
    conn = desk.hasty()
    conn.close()
    return conn.load()


LOAD: list[Bad] = [
    bad(
        "a filter with a typo",
        _load(stauts="todo"),
        WRONG,
        "Reload has no filter 'stauts'",
        "'status'",
        "There are: status",
    ),
    bad("a column that is no filter", _load(title="x"), WRONG, "no filter 'title'", "There are: status"),
    bad(
        "a status with a typo",
        _load(status="tood"),
        WRONG,
        "Reload has no status 'tood'",
        "'todo'",
        "There are: triage",
    ),
    bad("a status in capitals", _load(status="Done"), WRONG, "'Done'", "'done'"),
    bad("one wrong priority of several", _load(priority=["low", "hihg"]), WRONG, "'hihg'", "'high'"),
    bad("a status that is a number", _load(status=5), WRONG, "filter status", "a text or a list of texts", "not 5"),
    bad("a status that is None", _load(status=None), WRONG, "filter status", "not None"),
    bad("a status in bytes", _load(status=b"todo"), WRONG, "filter status", "b'todo'"),
    bad("a status that is an object", _load(status={"name": "todo"}), WRONG, "filter status", "list of texts"),
    bad("a number among statuses", _load(status=["todo", 5]), WRONG, "filter status", "text", "not 5"),
    bad("an empty list", _load(status=[]), WRONG, "filter status", "empty list", "leave it out"),
    bad("an empty text", _load(assigneeUserId=""), WRONG, "filter assigneeUserId", "not empty"),
    bad("a search for nothing", _load(query="  "), WRONG, "filter query", "not empty"),
    bad("a search for half a character", _load(query="\ud83d"), WRONG, "filter query", "half a surrogate pair"),
    bad("mine in words", _load(mine="yes"), WRONG, "filter mine", "True or False", "'yes'"),
    bad("mine with a priority", _load(mine=True, priority="low"), WRONG, "mine=True", "status only", "priority"),
    bad(
        "a filter given twice",
        _load(status="todo", filters={"status": "done"}),
        WRONG,
        "'status' is given twice",
        "filters=",
    ),
    bad("filters that are a list", _load(filters=["todo"]), WRONG, "filters=", "mapping", "list"),
    bad("ids that are one text", _load(ids="tsk_1"), WRONG, "ids= takes a list of task ids", "ids=['tsk_1']"),
    bad("ids that are numbers", _load(ids=[1, 2]), WRONG, "ids=", "which are text", "not 1"),
    bad("ids that are a number", _load(ids=7), WRONG, "ids=", "list of task ids", "not 7"),
    bad(
        "an id that is not there",
        _load(ids=["tsk_gone"]),
        tf.IncompleteLoad,
        "task tsk_gone was not found",
        "allow_incomplete=True",
        calls=True,
    ),
    bad("a limit of nothing", _load(limit=0), WRONG, "limit=", "above 0", "not 0"),
    bad("a limit of half a task", _load(limit=2.5), WRONG, "limit=", "whole number", "2.5"),
    bad("a limit of True", _load(limit=True), WRONG, "limit=", "True"),
    bad("a limit of text", _load(limit="10"), WRONG, "limit=", "'10'"),
    bad("a bar in words", _load(progress="no"), WRONG, "progress=", "'no'"),
    bad("incomplete in words", _load(allow_incomplete="no"), WRONG, "allow_incomplete=", "True or False", "'no'"),
    bad(
        "editable= of one text", _load(editable="description"), WRONG, "editable=", "a list of columns", "'description'"
    ),
    bad("editable= with a typo", _load(editable=["titel"]), WRONG, "'titel'", "'title'"),
    bad(
        "editable= of what no call changes", _load(editable=["dueAt"]), WRONG, "editable=", "no call that changes dueAt"
    ),
    bad("a load over a closed connection", _closed, tf.ClosedError, "closed", "connect again"),
    # Kore
    bad("Kore: a filter with a typo", _kore(serachText="x"), WRONG, "Kore has no filter 'serachText'", "'searchText'"),
    bad(
        "Kore: a column that is no filter", _kore(name="x"), WRONG, "Kore has no filter 'name'", "There are: searchText"
    ),
    bad("Kore: a flag in words", _kore(unresolved="yes"), WRONG, "filter unresolved", "True or False"),
    bad("Kore: a status that is a number", _kore(status=5), WRONG, "filter status", "not 5"),
    bad("Kore: an empty list", _kore(priority=[]), WRONG, "filter priority", "empty list"),
    bad(
        "Kore: a time without its zone",
        _kore(startDate="2026-01-31T09:00:00"),
        WRONG,
        "filter startDate",
        "offset",
        "'2026-01-31T09:00:00Z'",
    ),
    bad("Kore: yesterday", _kore(endDate="yesterday"), WRONG, "filter endDate", "'yesterday'"),
    bad("Kore: a field that is text", _kore(customFields="Effort"), WRONG, "filter customFields", "object"),
    bad("Kore: an order", _kore(sortBy="name"), WRONG, "sortBy is no filter", "tasks.df"),
    bad("Kore: a place in the list", _kore(skip=50), WRONG, "skip is no filter", "load(limit=…)"),
    bad(
        "Kore: half a character in a field",
        _kore(customFields=[{"name": "\ud83d"}]),
        WRONG,
        "filter customFields",
        "half a surrogate pair",
    ),
    bad(
        "Kore: editable= of what follows another column",
        _load("kore", editable=["status._id"]),
        WRONG,
        "editable=",
        "edit status.name",
    ),
    bad("Kore: half a character", _kore(searchText="\ud83d"), WRONG, "filter searchText", "half a surrogate pair"),
    # Pragmatiks
    bad(
        "Pragmatiks: a filter that there is not",
        _pragmatiks(priority=1),
        WRONG,
        "Pragmatiks has no filter 'priority'",
        "There are: status",
    ),
    bad("Pragmatiks: a filter with a typo", _pragmatiks(statsu="done"), WRONG, "'statsu'", "'status'"),
    bad(
        "Pragmatiks: a status with a typo",
        _pragmatiks(status="runing"),
        WRONG,
        "Pragmatiks has no status 'runing'",
        "'running'",
    ),
    bad(
        "Pragmatiks: a number", _pragmatiks(assigned_to_instance_id=5), WRONG, "filter assigned_to_instance_id", "not 5"
    ),
    bad("Pragmatiks: an empty list", _pragmatiks(status=[]), WRONG, "filter status", "empty list", "leave it out"),
    bad(
        "Pragmatiks: half a character",
        _pragmatiks(assigned_to_instance_id="\ud83d"),
        WRONG,
        "filter assigned_to_instance_id",
        "half a surrogate pair",
    ),
]
