"""Cells that must not be sent: each is a problem with its task, its column and what would be right."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
from bad_desk import Bad, bad


def _cell(column: str, value: Any, service: str = "reload") -> Any:
    return lambda desk: desk.cell(column, value, service)


def _kore(column: str, value: Any) -> Any:
    return _cell(column, value, "kore")


def _pragmatiks(column: str, value: Any) -> Any:
    return _cell(column, value, "pragmatiks")


FAR = datetime(9999, 12, 31, 23, 59, tzinfo=UTC)

VALUES: list[Bad] = [
    # choices
    bad("a status with a typo", _cell("status", "tood"), "problem", "tsk_", "status", "'tood'", "did you mean 'todo'"),
    bad("a status that there is not", _cell("status", "Xyz"), "problem", "'Xyz' is not one of triage, backlog"),
    bad("a priority in capitals", _cell("priority", "HIGH"), "problem", "priority", "did you mean 'high'"),
    bad("a priority that is its rank", _cell("priority", 3), "problem", "3 is not one of none, low"),
    bad("a priority that is null", _cell("priority", None), "problem", "priority can't be cleared"),
    bad("an empty priority", _cell("priority", ""), "problem", "'' is not one of none, low"),
    bad("a status in a list", _cell("status", ["todo"]), "problem", "['todo']", "not one of triage"),
    # texts
    bad("a title that is null", _cell("title", None), "problem", "tsk_", "title can't be cleared"),
    bad("a title that is NaN", _cell("title", float("nan")), "problem", "title can't be cleared"),
    bad("an empty title", _cell("title", ""), "problem", "title can't be empty"),
    bad(
        "a title that is too long",
        _cell("title", "x" * 501),
        "problem",
        "title takes at most 500 characters, this has 501",
    ),
    bad("a title that is a number", _cell("title", 5), "problem", "5 is a number", "title takes text: write '5'"),
    bad("a title that is True", _cell("title", True), "problem", "True is a boolean", "title takes text"),
    bad("a title of bytes", _cell("title", b"x"), "problem", "b'x' is bytes", "title takes text"),
    bad("a title that is a list", _cell("title", ["x"]), "problem", "['x'] is a list", "title takes text"),
    bad(
        "a title that is a time",
        _cell("title", pd.Timestamp("2026-01-31", tz="UTC")),
        "problem",
        "is a time",
        "title takes text",
    ),
    bad(
        "a title that is a DataFrame",
        _cell("title", pd.DataFrame({"a": [1]})),
        "problem",
        "title takes text",
        "DataFrame",
    ),
    bad("a title with half a character", _cell("title", "\ud83d"), "problem", "title", "half a surrogate pair"),
    bad(
        "a description that is null",
        lambda d: _null_description(d),
        "problem",
        "description can't be cleared",
        'empty text goes ("" in a frame',
    ),
    # people
    bad(
        "somebody of whom nobody knows",
        _cell("assigneeUserId", "Ada Nobody"),
        "problem",
        "assigneeUserId",
        "nobody is known as 'Ada Nobody'",
        "conn.people",
    ),
    bad("a mail address of nobody", _cell("assigneeUserId", "nobody@example.com"), "problem", "nobody is known as"),
    bad(
        "an assignee that is a number",
        _cell("assigneeUserId", 7),
        "problem",
        "7 is a number",
        "assigneeUserId takes text",
    ),
    bad(
        "an empty assignee",
        _cell("assigneeUserId", ""),
        "problem",
        "assigneeUserId can't be empty",
        "None",
        "clears it",
    ),
    # what can't be edited
    bad("a date that can't be edited", _cell("dueAt", FAR), "warning", "1 edit in the read-only column dueAt ignored"),
    bad("an identifier that can't be edited", _cell("identifier", "T-0"), "warning", "read-only column identifier"),
    # Kore: lists, objects, times, names
    bad(
        "Kore: a time without its zone",
        _kore("dueDate", datetime(2031, 1, 1, 9)),
        "problem",
        "dueDate",
        "no time zone",
        "2031-01-01T09:00:00Z",
    ),
    bad(
        "Kore: a time that is none",
        _kore("dueDate", "tomorrow"),
        "problem",
        "'tomorrow' is text",
        "dueDate takes a time with its offset",
    ),
    bad(
        "Kore: a day that there is not",
        _kore("dueDate", "2026-02-30T00:00:00Z"),
        "problem",
        "'2026-02-30T00:00:00Z' is no time",
        "dueDate takes a time with its offset",
    ),
    bad(
        "Kore: a time too far away",
        _kore("dueDate", np.datetime64(2**62, "s")),
        "problem",
        "is no time in the years 1 to 9999",
        "dueDate takes a time",
    ),
    bad(
        "Kore: a time that is a number",
        _kore("dueDate", 1_760_000_000_000),
        "problem",
        "is a number",
        "dueDate takes a time",
    ),
    bad("Kore: a due date that is null", _kore("dueDate", None), "problem", "dueDate can't be cleared"),
    bad("Kore: text for a list", _kore("tags", "urgent"), "problem", "tags", "'urgent' is no JSON", '["a", "b"]'),
    bad("Kore: a list that is cut", _kore("tags", '["a", "b'), "problem", "is no JSON"),
    bad("Kore: an object for a list", _kore("tags", {"a": 1}), "problem", "is an object", "tags takes a list"),
    bad("Kore: NaN in a list", _kore("tags", "[NaN]"), "problem", "tags", "is no JSON"),
    bad("Kore: infinity in a list", _kore("tags", [float("inf")]), "problem", "tags", "a number that is finite"),
    bad("Kore: half a character in a list", _kore("tags", ["\ud83d"]), "problem", "tags", "half a surrogate pair"),
    bad("Kore: bytes in a list", _kore("tags", [b"x"]), "problem", "tags", "JSON values only"),
    bad("Kore: a set of sets", _kore("channel", [{1, 2}]), "problem", "channel", "JSON values only"),
    bad(
        "Kore: a status that was not loaded",
        _kore("status.name", "Opne"),
        "problem",
        "status.name",
        "'Opne' is no status that was loaded",
        "known are",
    ),
    bad(
        "Kore: a priority with a typo",
        _kore("priority.name", "Hgih"),
        "problem",
        "'Hgih' is no priority",
        "did you mean",
    ),
    bad(
        "Kore: a status that is null",
        _kore("status.name", None),
        "problem",
        "status.name can't be cleared",
        "leave it as it is",
    ),
    bad(
        "Kore: an assignee of whom nobody knows",
        _kore("currAssignee._id", "Ada Nobody"),
        "problem",
        "currAssignee._id",
        "nobody is known as 'Ada Nobody'",
    ),
    bad("Kore: a name that is null", _kore("name", None), "problem", "name can't be cleared"),
    bad(
        "Kore: a number field of text",
        _kore("fields.Effort (h)", "much"),
        "problem",
        "fields.Effort (h)",
        "'much' is text",
        "takes a number",
    ),
    bad(
        "Kore: an infinite number",
        _kore("fields.Effort (h)", float("inf")),
        "problem",
        "fields.Effort (h)",
        "inf",
        "takes a number",
    ),
    bad("Kore: a status id", _kore("status._id", "x"), "warning", "read-only column status._id", "status.name"),
    # Pragmatiks: numbers for choices
    bad(
        "Pragmatiks: a priority beyond all",
        _pragmatiks("priority", 9),
        "problem",
        "priority",
        "9 is not one of 4, 3, 2, 1",
    ),
    bad("Pragmatiks: half a priority", _pragmatiks("priority", 2.5), "problem", "2.5 is not one of 4, 3, 2, 1"),
    bad("Pragmatiks: a true priority", _pragmatiks("priority", True), "problem", "True is not one of"),
    bad("Pragmatiks: an infinite priority", _pragmatiks("priority", float("inf")), "problem", "inf is not one of"),
    bad("Pragmatiks: a priority in words", _pragmatiks("priority", "high"), "problem", "'high' is not one of 4, 3, 2"),
    bad(
        "Pragmatiks: a decimal of nothing",
        _pragmatiks("priority", Decimal("NaN")),
        "problem",
        "priority can't be cleared",
    ),
    bad(
        "Pragmatiks: a status with a typo",
        _pragmatiks("status", "runing"),
        "problem",
        "'runing'",
        "did you mean 'running'",
    ),
    bad("Pragmatiks: a title that is null", _pragmatiks("title", None), "problem", "title can't be cleared"),
    bad(
        "Pragmatiks: a source of one's own",
        _pragmatiks("source", "mail"),
        "problem",
        "'mail' is not one of triage, conversation, manual",
    ),
    bad("Pragmatiks: a creation date", _pragmatiks("created_at", FAR), "warning", "read-only column created_at"),
]


def _null_description(desk: Any) -> Any:
    tasks = desk.tasks()
    described = tasks.df.index[tasks.df["description"].notna()][0]
    tasks.df.loc[described, "description"] = None
    return tasks.plan()
