"""What a service answered, by column: the same as by task."""

from dataclasses import replace

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.answered import Answered, planned
from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit
from taskframe.schema import Column, Schema

SCHEMA = Schema([Column("title", "text"), Column("version", "integer")], index="id")
ROWS = {f"t{n}": {"title": f"title {n}", "version": n} if n % 3 else {"version": n} for n in range(10)}
SENT = {f"t{n}": {"title": f"title {n}"} if n % 2 else {} for n in range(8)}


def told(answered: Answered) -> list[tuple[object, ...]]:
    """By task: its row, its cells, what was sent of it, whether it is our own."""
    sent: list[dict[str, object]] = [{} for _ in answered.ids]
    for name, each in answered.sent.items():
        assert list(each.at) == sorted(each.at)
        for at, value in zip(each.at.tolist(), each.values.tolist(), strict=True):
            sent[at][name] = value
    cells = zip(answered.cells("title", "-"), answered.cells("version", "-"), answered.cells("none", "-"), strict=True)
    rows = [dict(answered.row(at)) for at in range(len(answered))]
    return list(zip(answered.ids, rows, cells, sent, answered.own.tolist(), strict=True))


def test_of_tasks() -> None:
    """What each answer held, what was sent, and whose it was."""
    found = told(Answered.of(ROWS, SENT, ["t1", "t5", "t99"]))
    assert found == [
        (task, row, (row.get("title", "-"), row["version"], "-"), SENT.get(task, {}), task in ("t1", "t5"))
        for task, row in ROWS.items()
    ]


def test_only_some() -> None:
    """Those that are left are told as before; all: the very same."""
    answered = Answered.of(ROWS, SENT, ["t1", "t5"])
    assert answered.only(np.ones(10, dtype=bool)) is answered
    keep = np.array([n % 4 > 0 for n in range(10)])
    assert told(answered.only(keep)) == [each for each, there in zip(told(answered), keep, strict=True) if there]
    assert told(answered.only(np.zeros(10, dtype=bool))) == []


def changes() -> Changes:
    """Of ten tasks: every other one gets a title, every third a version."""
    edits = []
    for n in range(10):
        after = {"title": f"new {n}"} if n % 2 else {}
        edits.append(Edit(f"t{n}", {"title": "old", "version": 0}, after | ({} if n % 3 else {"version": n})))
    return Changes.of(edits, SCHEMA)


@pytest.mark.parametrize(
    ("ids", "but"),
    [
        ([f"t{n}" for n in range(10)], {}),
        ([f"t{n}" for n in reversed(range(10))], {}),
        (["t9", "t3", "t4", "t0"], {}),
        (
            ["t9", "t3", "t6", "t1"],
            {"t3": {"title": "other"}, "t9": {}, "t6": {"title": "more"}, "t2": {"title": "no"}},
        ),
        ([], {}),
    ],
    ids=["all", "reversed", "some", "halves", "none"],
)
def test_what_was_planned_by_column(ids: list[str], but: dict[str, dict[str, str]]) -> None:
    """Of the tasks that were asked for, in their order; of those in `but` only what is said there."""
    after = {str(task): cells for task, cells in zip(changes().ids, changes().after(), strict=True)} | but
    rows = {task: dict[str, object]() for task in ids}
    found = told(replace(Answered.of(rows, {}, []), sent=planned(changes(), ids, but)))
    assert [(task, sent) for task, _, _, sent, _ in found] == [(task, after[task]) for task in ids]


def test_a_plan_of_nothing() -> None:
    """Sends nothing."""
    assert planned(Changes(pd.DataFrame(index=pd.Index([], dtype="str"))), [], {}) == {}
