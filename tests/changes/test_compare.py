"""Which cells may differ, whole columns at a time: every edit is seen, and of the usual dtypes nothing else."""

from __future__ import annotations

from datetime import UTC, datetime
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kinds import SCHEMA

from taskframe.changes.baseline import Baseline
from taskframe.changes.compare import differing
from taskframe.schema import Schema

BASE: dict[str, list[Any]] = {
    "title": ["a", "b", "", "nan"],
    "assignee": ["u_1", None, "", "u_2"],
    "status": ["todo", None, "done", "todo"],
    "level": [1, None, 3, 1],
    "points": [3, None, 0, 2**53 + 1],
    "size": [1.5, None, 0.0, 0.1],
    "urgent": [True, None, False, True],
    "dueAt": ["2026-01-31T09:00Z", None, "1970-01-01T00:00:00Z", "2026-07-01T09:00:00.123456Z"],
    "labels": [["a"], None, [], ["b", 1]],
    "meta": [{"a": 1}, None, {}, {"b": [1], "a": 2}],
    "version": [1, 2, 0, 2**53 + 1],
}
FRAME = SCHEMA.frame(["t0", "t1", "t2", "t3"], BASE)
KNOWN = Baseline.of(FRAME, SCHEMA)
TIMES = FRAME["dueAt"]
NONE: tuple[int, ...] = ()


def as_objects(values: list[Any]) -> pd.Series:
    found = pd.Series([None] * len(values), dtype="object")
    found[:] = pd.Series(values, dtype="object")
    return found


def category(values: list[Any], categories: list[Any]) -> pd.Series:
    return pd.Series(pd.Categorical(values, categories=categories))


def seen(name: str, edited: pd.Series, base: pd.Series | None = None) -> tuple[int, ...]:
    mask = differing(KNOWN.frame[name] if base is None else base, edited, SCHEMA[name])
    assert (mask.dtype, mask.shape) == (np.dtype(bool), (len(edited),))
    return tuple(np.flatnonzero(mask).tolist())


@pytest.mark.parametrize("name", list(BASE))
@pytest.mark.parametrize("dress", ["as it is", "objects", "convert_dtypes", "a copy"])
def test_what_is_the_same_differs_nowhere(name: str, dress: str) -> None:
    """Null from null, neither."""
    column = FRAME[name]
    dressed = {
        "as it is": column,
        "objects": column.astype("object"),
        "convert_dtypes": column.convert_dtypes(),
        "a copy": column.copy(),
    }
    assert seen(name, dressed[dress]) == NONE


CASES: list[tuple[str, str, pd.Series, tuple[int, ...]]] = [
    *(
        ("assignee", str(dtype), pd.Series(["u_1", "", None, "u_3"], dtype=dtype), (1, 2, 3))
        for dtype in ("str", "string", "object", "category")
    ),
    ("assignee", "with a number", as_objects(["u_1", 5, "", True]), (1, 3)),
    ("assignee", "all null", as_objects([None] * 4), (0, 2, 3)),
    ("assignee", "numbers", pd.Series([1, 2, 3, 4]), (0, 1, 2, 3)),
    ("assignee", "categories of numbers", category([1, None, 2, 1], [1, 2]), (0, 2, 3)),
    ("assignee", "categories of several sorts", category(["u_1", None, 2, "u_2"], ["u_1", 2, "u_2"]), (2,)),
    ("assignee", "half a surrogate pair", as_objects(["u_1", None, "\ud800", "u_2"]), (2,)),
    ("title", "the word nan for null", as_objects(["a", "b", "", None]), (3,)),
    ("status", "the same choices", category(["done", None, "done", None], ["todo", "doing", "done"]), (0, 3)),
    ("status", "in another order", category(["todo", None, "doing", "todo"], ["done", "doing", "todo"]), (2,)),
    ("status", "as many others", category(["todo", None, "other", "todo"], ["todo", "doing", "other"]), (2,)),
    ("status", "no choices at all", category([None] * 4, []), (0, 2, 3)),
    ("status", "text", pd.Series(["todo", "todo", "done", None], dtype="str"), (1, 3)),
    ("level", "of floats", category([1.0, None, 2.0, 1.0], [1.0, 2.0]), (2,)),
    ("level", "of truths", category([True, None, 3, True], [True, 3]), (0, 3)),
    ("level", "a truth among the same", category([True, None, 3, True], [True, 2, 3]), (0, 3)),
    ("level", "numbers", pd.Series([1, 2, 3, None], dtype="Int64"), (1, 3)),
    ("level", "truths", as_objects([True, None, 3, 1]), (0,)),
    *(("points", dtype, pd.Series([4, None, None, 2**53 + 1], dtype=dtype), (0, 2)) for dtype in ("Int64", "object")),
    ("points", "Int8", pd.Series([3, 0, 1, None], dtype="Int8"), (1, 2, 3)),
    ("points", "int64", pd.Series([3, 0, 0, 2**53]), (1, 3)),
    ("points", "the nearest float", pd.Series([3.0, None, 0.0, 2.0**53]), NONE),
    ("points", "floats", pd.Series([3.5, 0.0, None, 2.0**54]), (0, 1, 2, 3)),
    ("points", "Float64", pd.Series([3.5, None, 0.0, 2.0**53], dtype="Float64"), (0,)),
    ("points", "sparse", pd.Series(pd.arrays.SparseArray([3, 1, 0, 5])), (1, 3)),
    ("points", "uint64", pd.Series([3, 0, 0, 2**64 - 1], dtype="uint64"), (1, 3)),
    ("points", "truths", pd.Series([True, None, False, True], dtype="boolean"), (0, 2, 3)),
    ("points", "Decimal", as_objects([Decimal(3), Decimal("NaN"), Decimal("sNaN"), 2**53 + 1]), (2,)),
    ("points", "an array in a cell", as_objects([np.array([3, 3]), None, 0, 2**53 + 1]), (0,)),
    ("version", "int64", pd.Series([1, 3, 0, 2**53]), (1, 3)),
    ("version", "nulls", pd.Series([None, 2, None, None], dtype="Int64"), (0, 2, 3)),
    ("size", "float64", pd.Series([1.5, 0.0, -0.0, None]), (1, 3)),
    ("size", "float32", pd.Series([1.5, None, 0.5, 0.1], dtype="float32"), (2,)),
    ("size", "Float32", pd.Series([1.5, None, 0.5, 0.1], dtype="Float32"), (2,)),
    ("size", "float16", pd.Series([1.5, None, 0.5, 0.1], dtype="float16"), (2,)),
    ("size", "Float64", pd.Series([1.25, None, 0.0, 0.1], dtype="Float64"), (0,)),
    ("size", "sparse floats", pd.Series(pd.arrays.SparseArray([1.5, np.nan, 0.5, 0.1])), (2,)),
    ("size", "sparse float32", pd.Series(pd.arrays.SparseArray(np.array([1.5, np.nan, 0.5, 0.1], "f4"))), (2,)),
    ("size", "int64", pd.Series([1, 0, 0, 1]), (0, 1, 3)),
    *(("size", dtype, pd.Series([1, 0, 0, 1], dtype=dtype), (0, 1, 3)) for dtype in ("int8", "Int8", "int32")),
    ("size", "objects", as_objects([1.5, None, 0, 0.2]), (3,)),
    ("urgent", "boolean", pd.Series([False, False, None, True], dtype="boolean"), (0, 1, 2)),
    ("urgent", "bool", pd.Series([True, True, True, True]), (1, 2)),
    *(("urgent", dtype, pd.Series([1, 0, 0, 1], dtype=dtype), (0, 1, 2, 3)) for dtype in ("int64", "Int64", "float64")),
    ("urgent", "categories of one truth", category([True, None, True, None], [True]), (2, 3)),
    ("urgent", "objects", as_objects([True, None, 0, 1]), (2, 3)),
    *(("dueAt", unit, TIMES.dt.as_unit(unit), NONE) for unit in ("us", "ns")),
    ("dueAt", "s", TIMES.dt.as_unit("s"), (3,)),
    ("dueAt", "another zone", TIMES.dt.tz_convert("Asia/Kathmandu"), NONE),
    ("dueAt", "no zone", TIMES.dt.tz_localize(None), NONE),
    ("dueAt", "no zone, nor the time", TIMES.dt.tz_convert("Asia/Kathmandu").dt.tz_localize(None), (0, 2, 3)),
    ("dueAt", "later", TIMES + pd.Timedelta(microseconds=1), (0, 2, 3)),
    ("dueAt", "nulls", TIMES.where([True, True, False, True]), (2,)),
    ("dueAt", "objects", as_objects([datetime(2026, 1, 31, 9, tzinfo=UTC), None, None, TIMES.iloc[3]]), (2,)),
    ("dueAt", "too distant", pd.Series(np.array(["300000-01-01"] * 4, dtype="M8[s]")), (0, 1, 2, 3)),
    ("dueAt", "numbers", pd.Series([0, 0, 0, 0]), (0, 1, 2, 3)),
    ("labels", "lists", as_objects([["a"], [], None, ["b", 2]]), (1, 2, 3)),
    ("labels", "tuples", as_objects([("a",), np.nan, (), ("b", 1)]), NONE),
    ("labels", "JSON", as_objects(['["a"]', None, "[]", '["b", 1]']), NONE),
    ("labels", "no lists", as_objects([{"a": 1}, None, 5, "b"]), (0, 2, 3)),
    ("labels", "what JSON can't say", as_objects([[float("inf")], None, [Decimal(1)], [object()]]), (0, 2, 3)),
    ("labels", "what is no list, where there was none", as_objects([["a"], object(), [], ["b", 1]]), (1,)),
    ("meta", "what is no object, where there was none", as_objects([{"a": 1}, [1], {}, {"b": [1], "a": 2}]), (1,)),
    ("meta", "objects", as_objects([{"a": 2}, None, None, {"a": 2, "b": [1]}]), (0, 2)),
    ("meta", "JSON", as_objects(['{"a": 1}', pd.NA, "{}", '{"a": 2, "b": [1]}']), NONE),
    ("meta", "lists", as_objects([["a"], None, [], {"b": [1], "a": 2}]), (0, 2)),
]


@pytest.mark.parametrize(("name", "dress", "edited", "expected"), CASES, ids=lambda v: v if isinstance(v, str) else "")
def test_exactly_the_cells_that_say_something_else_are_seen(
    name: str, dress: str, edited: pd.Series, expected: tuple[int, ...]
) -> None:
    del dress
    assert seen(name, edited) == expected


def test_large_integers_may_say_more_than_the_baselines_float() -> None:
    """From 2**53 on they are looked at, whatever float they come near."""
    base = pd.Series([2.0**53, -(2.0**53), 2.0**53 - 1, 1.0, None])
    edited = pd.Series([2**53, -(2**53), 2**53 - 1, 1, None], dtype="Int64")
    assert seen("size", edited, base) == (0, 1)
    assert seen("size", edited.fillna(0).astype("int64"), base) == (0, 1, 4)
    assert seen("size", edited.astype("float64"), base) == NONE


def test_a_baseline_of_objects_is_held_against_cell_by_cell() -> None:
    """An answer held what the column has no dtype for."""
    base = as_objects([3, "three", None, True])
    assert seen("points", as_objects([3, "three", None, True]), base) == NONE
    assert seen("points", as_objects([3, 3, 0, 1]), base) == (1, 2, 3)
    assert seen("points", pd.Series([3, 3, None, 1], dtype="Int64"), base) == (1, 3)


def test_what_json_makes_something_else_of_is_seen() -> None:
    """Among lists alone, which are written all at once: null of inf, and text of a Decimal."""
    base = pd.Series(['["a"]', "[null]", '["1"]', "[1]"], dtype="str")
    assert seen("labels", as_objects([["a"], [float("inf")], [Decimal(1)], [True]]), base) == (1, 2, 3)


@pytest.mark.parametrize("dtype", ["int64", "Int64", "object", "category"])
def test_a_number_is_not_the_text_of_its_digits(dtype: str) -> None:
    """Whether it may be read as one is for the judge."""
    base = pd.Series(["5", "7", None], dtype="str")
    assert seen("assignee", pd.Series([5, 8, 9], dtype=dtype), base) == (0, 1, 2)
    assert seen("assignee", pd.Series([5, 8, None], dtype="Int64").astype("object"), base) == (0, 1)


def test_numbers_that_a_narrow_float_can_not_hold_are_seen_without_a_warning() -> None:
    base = pd.Series([1e300, -1e300, 0.5])
    assert seen("size", pd.Series([1.0, 2.0, 0.5], dtype="float32"), base) == (0, 1)


def test_numbers_that_would_wrap_are_seen() -> None:
    base = pd.Series([-1, 1], dtype="Int64")
    assert seen("points", pd.Series([2**64 - 1, 1], dtype="uint64"), base) == (0,)
    assert seen("points", pd.Series([2**64 - 1, 1], dtype="UInt64"), base) == (0,)


@pytest.mark.parametrize("name", list(BASE))
def test_of_no_rows_none_differs(name: str) -> None:
    empty = Baseline.of(FRAME.iloc[:0], Schema(SCHEMA.columns)).frame[name]
    for dtype in (FRAME[name].dtype, "object", "float64", "str", "category"):
        assert seen(name, pd.Series([], dtype=dtype), empty) == NONE
