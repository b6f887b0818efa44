"""`tasks.reassign` with people, weights, masks and columns that make no sense."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
from bad_desk import Bad, Desk, bad

import taskframe as tf

WRONG = tf.PlanError


def _deal(
    targets: Any = "usr_new", source: Any = ..., service: str = "reload", **options: Any
) -> Callable[[Desk], Any]:
    def act(desk: Desk) -> Any:
        tasks = desk.tasks(service)
        column = tasks.schema.role("assignee").name
        who = tasks.df[column].dropna().iloc[0] if source is ... else source
        try:
            return tasks.reassign(who, targets, **options)
        finally:
            assert not len(tasks.plan()), "tasks.df was edited all the same"

    return act


REASSIGN: list[Bad] = [
    bad(
        "from nobody who has tasks",
        _deal(source="usr_nobody"),
        WRONG,
        "nobody to take from",
        "no task has 'usr_nobody' in assigneeUserId",
    ),
    bad("from an id with a typo", lambda d: _typo(d), WRONG, "nobody to take from", "Did you mean 'usr_"),
    bad("from a name that nobody has", _deal(source="Ada Nobody"), WRONG, "nobody is known as 'Ada Nobody'"),
    bad("from a number", _deal(source=5), tf.SettingsError, "a person is an id, @handle, mail address", "5"),
    bad("from an empty text", _deal(source=""), tf.SettingsError, "a person is an id", "''"),
    bad(
        "from a handle of nobody",
        _deal(source="@nobody"),
        tf.SettingsError,
        "Reload knows nobody as '@nobody'",
        calls=True,
    ),
    bad("from half a character", _deal(source="@\ud83d"), tf.SettingsError, "a person is an id"),
    bad("to nobody", _deal([]), WRONG, "reassign to whom?", "targets is empty"),
    bad("to a name that nobody has", _deal("Ada Nobody"), WRONG, "nobody is known as 'Ada Nobody'"),
    bad("to one person twice", _deal({"usr_new": 1, " usr_new": 2}), WRONG, "targets", "are one person"),
    bad("to a number", _deal(5), WRONG, "targets", "5"),
    bad("a weight of nothing", _deal({"usr_new": 0}), WRONG, "the weight of 'usr_new' is 0", "above 0"),
    bad("a weight below nothing", _deal({"usr_new": -1}), WRONG, "the weight of 'usr_new' is -1"),
    bad("a weight of NaN", _deal({"usr_new": float("nan")}), WRONG, "is nan", "above 0"),
    bad("an infinite weight", _deal({"usr_new": float("inf")}), WRONG, "is inf", "above 0"),
    bad("a weight of True", _deal({"usr_new": True}), WRONG, "is True", "above 0"),
    bad("a weight of text", _deal({"usr_new": "2"}), WRONG, "is '2'", "a number above 0"),
    bad("where= that leaves none", _deal(where="status == 'nothing'"), WRONG, "where= leaves none of the tasks"),
    bad(
        "where= that is no query",
        _deal(where="status ="),
        WRONG,
        "where='status ='",
        "is no query",
        "where=\"status != 'done'\"",
    ),
    bad("where= with a column with a typo", _deal(where="stauts == 'todo'"), WRONG, "where=", "stauts", "'status'"),
    bad("where= that gives no booleans", _deal(where="title"), WRONG, "where=", "boolean"),
    bad("where= of another length", _deal(where=np.array([True])), WRONG, "where= has 1 values for 40 rows"),
    bad("where= with another index", lambda d: _other_index(d), WRONG, "where= has another index", "tasks.df"),
    bad("where= that is a number", _deal(where=5), WRONG, "where=", "a boolean Series, array or list"),
    bad(
        "column= with a typo",
        _deal(column="assigneeUserID"),
        tf.SettingsError,
        "column=: there is no column 'assigneeUserID'",
        "Did you mean 'assigneeUserId'",
    ),
    bad("column= of no assignee", _deal(column="title"), WRONG, "column='title' holds no assignee", "assigneeUserId"),
    bad(
        "Kore: from somebody who has no tasks",
        _deal(source="u-nobody", service="kore"),
        WRONG,
        "no task has 'u-nobody' in currAssignee._id",
    ),
    bad(
        "Kore: to a name that nobody has", _deal("Ada Nobody", service="kore"), WRONG, "nobody is known as 'Ada Nobody'"
    ),
    bad(
        "Kore: to a handle", _deal("@ada", service="kore"), tf.SettingsError, "nobody is known as '@ada'", "conn.people"
    ),
    bad(
        "Pragmatiks: to a mail address",
        _deal("ada@example.com", service="pragmatiks"),
        tf.SettingsError,
        "nobody is known as 'ada@example.com'",
    ),
    bad(
        "Pragmatiks: column= of no assignee",
        _deal(column="created_by", service="pragmatiks"),
        WRONG,
        "column='created_by' holds no assignee",
        "assigned_to_user_id",
    ),
]


def _typo(desk: Desk) -> Any:
    tasks = desk.tasks()
    return tasks.reassign(tasks.df["assigneeUserId"].dropna().iloc[0][:-1], "usr_new")


def _other_index(desk: Desk) -> Any:
    tasks = desk.tasks()
    who = tasks.df["assigneeUserId"].dropna().iloc[0]
    return tasks.reassign(who, "usr_new", where=(tasks.df["status"] == "todo").sort_index())
