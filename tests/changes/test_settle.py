"""What is settled by whole columns is what the judge says of each cell; and what tells of memory and lists is exact."""

from __future__ import annotations

from datetime import date
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.intake import take_frame
from taskframe.changes.jsontext import json_text, json_texts
from taskframe.changes.memory import checksum
from taskframe.changes.places import places_of
from taskframe.schema import Column, Schema

TITLE = Column("title", "text", editable=True, nullable=False, min_length=2, max_length=6)
KIND = Column("kind", "choice", editable=True, choices=("a", "b"), clearable=True)
SIZE = Column("size", "integer", editable=True, minimum=0, maximum=9)
LABELS = Column("labels", "list", editable=True, nullable=False)
SCHEMA = Schema((TITLE, KIND, SIZE, LABELS))
COUNT = 2_500  # more than two blocks of prints


def made() -> tuple[pd.DataFrame, Baseline]:
    ids = [f"tsk_{n:05}" for n in range(COUNT)]
    values = {
        "title": ["abc"] * COUNT,
        "kind": ["a"] * COUNT,
        "size": [1] * COUNT,
        "labels": [["x", n, 1.5, None, "2026-01-01", []] for n in range(COUNT)],
    }
    frame = SCHEMA.frame(ids, values)
    return frame, Baseline.of(frame, SCHEMA)


def found(frame: pd.DataFrame, baseline: Baseline) -> Diff:
    return diff(baseline, take_frame(frame, SCHEMA))


def after(one: Diff, column: str) -> dict[str, Any]:
    changes = one.changes.columns.get(column)
    return {} if changes is None else dict(zip(one.changes.ids[changes.rows], changes.after, strict=True))


def test_good_and_bad_cells_of_one_column_are_told_apart() -> None:
    """Texts that are too long, too short or a formula of ours in quotes do not go with those that are fine."""
    frame, baseline = made()
    frame.iloc[:6, 0] = ["abcdef", "abcdefg", "", "x", "'abc", "xy\n"]
    one = found(frame, baseline)
    wanted = {"tsk_00000": "abcdef", "tsk_00004": "'abc", "tsk_00005": "xy\n"}
    assert after(one, "title") == wanted
    assert [(p.id, p.kind) for p in one.problems] == [
        ("tsk_00001", "length"),
        ("tsk_00002", "length"),
        ("tsk_00003", "length"),
    ]


@pytest.mark.parametrize("dtype", ["category", "str", "object"])
def test_choices_by_category_by_text_and_by_object(dtype: str) -> None:
    """A value that is no choice is a problem of its cell; the others are edits, null among them."""
    frame, baseline = made()
    kinds = ["b", "c", None, "a", *["a"] * (COUNT - 4)]
    frame["kind"] = pd.Series(kinds, index=frame.index, dtype="object").astype(dtype)
    one = found(frame, baseline)
    assert after(one, "kind") == {"tsk_00000": "b", "tsk_00002": None}
    assert [(p.id, p.kind) for p in one.problems] == [("tsk_00001", "choice")]


def test_integers_outside_their_range_are_problems() -> None:
    frame, baseline = made()
    frame.iloc[:4, 2] = [0, 9, 10, -1]
    one = found(frame, baseline)
    assert after(one, "size") == {"tsk_00000": 0, "tsk_00001": 9}
    assert all(type(value) is int for value in after(one, "size").values())
    assert [(p.id, p.kind) for p in one.problems] == [("tsk_00002", "range"), ("tsk_00003", "range")]


@pytest.mark.parametrize("row", [0, 1_023, 1_024, COUNT - 1])
@pytest.mark.parametrize(
    "value", ["y", True, 1.5, np.float64(7), None, 2**70, ["x"], {"a": 1}], ids=lambda value: type(value).__name__
)
def test_a_list_that_was_changed_inside_its_cell_is_found(row: int, value: Any) -> None:
    """In any block, to a value of any type: only that cell is a change."""
    frame, baseline = made()
    frame["labels"].iloc[row][0] = value
    assert list(after(found(frame, baseline), "labels")) == [f"tsk_{row:05}"]


@pytest.mark.parametrize(
    ("at", "value"), [(3, float("inf")), (0, Decimal("3")), (0, b"x"), (4, date(2026, 1, 1)), (5, set())]
)
def test_what_json_does_not_hold_is_found_in_a_list(at: int, value: Any) -> None:
    """msgspec writes null for inf, text for bytes, Decimals and dates, lists for sets: none is the baseline's."""
    frame, baseline = made()
    frame["labels"].iloc[1_500][at] = value
    one = found(frame, baseline)
    assert [*after(one, "labels"), *(p.id for p in one.problems)] == ["tsk_01500"]


def test_an_item_that_moves_from_one_list_into_the_next_is_found() -> None:
    frame, baseline = made()
    frame["labels"].iloc[7].append(frame["labels"].iloc[8].pop(0))
    assert list(after(found(frame, baseline), "labels")) == ["tsk_00007", "tsk_00008"]


def test_texts_of_many_are_those_of_each() -> None:
    values = [[1], None, float("nan"), {"b": 1, "a": "\n"}, [], "null", float("inf"), ["\u2028"], [True, 1, 1.0]]
    assert json_texts(values) == [json_text(v) for v in values]
    broken = [*values, pd.NA, ["\ud800"]]
    assert json_texts(broken) == [json_text(v) for v in broken]


@pytest.mark.parametrize("count", [0, 1, 7, 8_192, 65_536, 100_003])
def test_checksum_notices_any_two_cells_that_swap(count: int) -> None:
    """Also where neighbours swap in two places, the one up and the other down."""
    values = np.arange(count) % 5
    series = pd.Series(values.copy())
    first = checksum(series)
    assert first == checksum(pd.Series(values.copy()))
    if count > 20:
        values[[1, 2, 11, 12]] = [2, 1, 1, 2] if count % 5 else values[[2, 1, 12, 11]]
        assert checksum(pd.Series(values)) != first


@pytest.mark.parametrize("ids", [[f"{n:024}" for n in range(3_000)], [f"{n:03}-é" for n in range(1_500)], list("abc")])
def test_places_are_those_that_pandas_finds(ids: list[str]) -> None:
    """Of ids of one length and of several, in any order, with strangers among them."""
    known = pd.Index(ids, dtype="str")
    rng = np.random.default_rng(1)
    for wanted in (ids, rng.permutation([*ids, "x" * len(ids[0])]).tolist(), [*ids, None]):
        index = pd.Index(wanted, dtype="str")
        assert places_of(index, known).tolist() == known.get_indexer(index).tolist()
