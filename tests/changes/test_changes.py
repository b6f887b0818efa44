"""The changes of a plan: counted, narrowed, cut into parts and put together again; the same cells each time."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from kinds import IDS, ROWS, SCHEMA, compared, frame

from taskframe.changes.changes import Changes
from taskframe.changes.edit import Edit

CELLS = [
    ("t0", "title", "Fix the login page", "new"),
    ("t0", "labels", ["a", "b"], ["c"]),
    ("t1", "note", None, ""),
    ("t2", "points", None, 7),
    ("t3", "note", "null", None),
    ("t3", "status", "doing", None),
    ("t3", "labels", ["b", "b", "a"], None),
    ("t4", "title", "1234567890123456789012345678901234", "new"),
]


def changes() -> Changes:
    """Eight cells of five tasks, in columns whose order is not that of the cells."""
    found = Changes.of(edits(CELLS), SCHEMA)
    assert list(found.columns) == ["title", "note", "status", "points", "labels"]
    return found


def edits(cells: list[tuple[str, str, Any, Any]]) -> list[Edit]:
    """One a task; the base has a column that the schema doesn't know."""
    made: list[Edit] = []
    for task in IDS:
        mine = [(column, before, after) for cell, column, before, after in cells if cell == task]
        base = {name: values[IDS.index(task)] for name, values in ROWS.items()}
        assert all(base[column] == before for column, before, _ in mine)
        made.append(Edit(task, {**base, "mine": 1}, {column: after for column, _, after in mine}))
    return made


def told(found: Changes) -> list[tuple[Any, ...]]:
    return list(found.frame().itertuples(index=False, name=None))


def sorted_cells(*wanted: int) -> list[tuple[Any, ...]]:
    """By task, then by the schema's columns."""
    return sorted((CELLS[n] for n in wanted or range(len(CELLS))), key=lambda c: (c[0], SCHEMA.names.index(c[1])))


def test_they_are_shown_by_task_and_then_by_column() -> None:
    found = changes()
    assert told(found) == sorted_cells()
    assert list(found.frame().columns) == ["id", "column", "before", "after"]
    assert [str(d) for d in found.frame().dtypes] == ["str", "str", "object", "object"]
    assert (len(found), list(found.ids)) == (8, ["t0", "t1", "t2", "t3", "t4"])


def test_none_are_shown_as_none() -> None:
    empty = compared(frame(), frame()).changes
    assert (len(empty), empty.cleared, list(empty.ids), list(empty.edits()), empty.after()) == (0, 0, [], [], [])
    assert empty.frame().to_dict("list") == {"id": [], "column": [], "before": [], "after": []}
    assert [str(d) for d in empty.frame().dtypes] == ["str", "str", "object", "object"]
    assert [len(part.ids) for part in empty.parts(3)] == [0]


def test_cleared_cells_are_those_that_had_something() -> None:
    """A null made an empty text, or the other way round, clears nothing; an empty list is no blank."""
    found = changes()
    assert {name: c.cleared for name, c in found.columns.items()} == {
        "title": 0, "note": 1, "status": 1, "points": 0, "labels": 1,
    }  # fmt: skip
    assert found.cleared == 3
    blank = Changes.of(
        [
            Edit(
                "t0",
                {"note": "", "title": "a", "points": 3, "labels": [1]},
                {"note": None, "title": "", "points": 0, "labels": []},
            )
        ],
        SCHEMA,
    )
    assert {name: c.cleared for name, c in blank.columns.items()} == {"note": 0, "title": 1, "points": 0, "labels": 0}


def test_each_task_has_its_edit_with_its_whole_row() -> None:
    """Columns that the schema doesn't know are no part of it."""
    made = list(changes().edits())
    assert [(e.id, dict(e.after)) for e in made] == [(e.id, dict(e.after)) for e in edits(CELLS)]
    assert changes().after() == [dict(e.after) for e in made]
    for edit, asked in zip(made, edits(CELLS), strict=True):
        assert set(edit.base) == {*SCHEMA.names, "id"}
        assert edit.base["id"] == edit.id
        assert all(edit.base[name] == asked.base[name] for name in edit.after)
    assert [base["id"] for base in changes().bases()] == ["t0", "t1", "t2", "t3", "t4"]


def test_a_column_of_the_whole_rows_is_had_by_itself() -> None:
    """As the rows have it, of a plan's tasks and of those of a few of its cells."""
    for found in (changes(), changes().keep(changes().masks(ids=["t1", "t3"]))):
        for name in ("points", "title", "labels"):
            column = found.loaded(name)
            assert column is not None
            pd.testing.assert_series_equal(column, found.base[name])
    assert changes().loaded("mine") is None


def test_a_column_of_picked_rows_is_had_without_the_others() -> None:
    edited = frame()
    edited.loc["t1", "title"] = "new"
    found = compared(edited, frame()).changes
    points = found.loaded("points")
    assert points is not None
    assert (list(points.index), points.dtype) == (["t1"], frame()["points"].dtype)
    assert found.loaded("mine") is None


@pytest.mark.parametrize("size", [1, 2, 3, 4, 5, 6])
def test_parts_are_of_as_many_tasks_and_make_the_same_again(size: int) -> None:
    parts = list(changes().parts(size))
    assert [len(p.ids) for p in parts] == [min(size, 5 - first) for first in range(0, 5, size)]
    assert sum(map(len, parts)) == 8
    for part in parts:
        assert all(len(c) for c in part.columns.values())
        assert set(part.frame()["id"]) <= set(part.ids)
        assert [e.id for e in part.edits()] == list(part.ids)
    again = Changes.joined(parts)
    assert told(again) == told(changes())
    pd.testing.assert_frame_equal(again.base, changes().base)
    for name, change in again.columns.items():
        assert (change.column, change.rows.tolist()) == (name, changes().columns[name].rows.tolist())


def test_one_part_alone_is_what_it_was_made_of() -> None:
    found = changes()
    single = found.keep(found.masks(ids=["t1"]))
    assert [told(part) for part in single.parts(1)] == [told(single)]
    assert Changes.joined([found]) is found


def test_what_is_kept_are_the_cells_of_the_masks_and_their_tasks() -> None:
    found = changes()
    none = {name: np.zeros(len(c), dtype=bool) for name, c in found.columns.items()}
    kept = found.keep({**none, "title": np.array([False, True]), "points": np.array([True])})
    assert told(kept) == sorted_cells(3, 7)
    assert list(kept.columns) == ["title", "points"]
    assert list(kept.ids) == list(kept.base.index) == ["t2", "t4"]
    assert (len(found.keep(none)), list(found.keep(none).ids)) == (0, [])
    assert told(found.keep(found.masks())) == told(found)


@pytest.mark.parametrize(
    ("narrowed", "wanted"),
    [
        ({"ids": ["t3", "t0", "t9"]}, (0, 1, 4, 5, 6)),
        ({"columns": ["title", "status"]}, (0, 5, 7)),
        ({"ids": ["t3"], "columns": ["note", "title"]}, (4,)),
        ({"cells": [("t3", "note"), ("t4", "title"), ("t3", "labels"), ("t0", "note")]}, (4, 6, 7)),
        ({"cells": iter([("t3", "note"), ("t4", "title")]), "ids": ["t3"]}, (4,)),
        ({"cells": [("t3", "note"), ("t4", "title")], "columns": ["title"]}, (7,)),
    ],
)
def test_ids_columns_and_cells_narrow_together(narrowed: dict[str, Any], wanted: tuple[int, ...]) -> None:
    found = changes()
    masks = found.masks(**narrowed)
    assert set(masks) == set(found.columns)
    assert all(mask.dtype == bool and len(mask) == len(found.columns[name]) for name, mask in masks.items())
    assert told(found.keep(masks)) == sorted_cells(*wanted)


@pytest.mark.parametrize("narrowed", [{"ids": []}, {"columns": []}, {"cells": []}], ids=str)
def test_nothing_that_is_wanted_is_nothing(narrowed: dict[str, Any]) -> None:
    """Which is another thing than not to say what is wanted."""
    found = changes()
    assert not len(found.keep(found.masks(**narrowed)))
