"""Which cells are settled by whole columns, and to what: plain edits are, what could be read otherwise is left open."""

from __future__ import annotations

from functools import partial
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.cells import _normal, _plain
from taskframe.changes.judge import Judge
from taskframe.changes.settle import Settled, settle
from taskframe.schema import UTC_DTYPE, Column, Schema

NOTES = Column("notes", "text", editable=True, clearable=True)
TITLE = Column("title", "text", editable=True, nullable=False, min_length=2, max_length=6)
KIND = Column("kind", "choice", editable=True, choices=("a", "b"), clearable=True)
SIZE = Column("size", "integer", editable=True, minimum=0, maximum=9)
COUNT = Column("count", "integer", editable=True)
RATIO = Column("ratio", "number", editable=True, minimum=-1, maximum=1)
WEIGHT = Column("weight", "number", editable=True)
DUE = Column("due", "timestamp", editable=True)
SEEN = Column("seen", "timestamp", editable=True, unit="ms")
EXACT = 2**53


def settled(column: Column, old: list[Any], new: pd.Series) -> Settled:
    """What is settled of a loaded column of these values, edited to `new`."""
    base = Schema((column,)).frame([f"t{n}" for n in range(len(old))], {column.name: old})[column.name]
    before = np.fromiter(_normal(base, column), dtype=object, count=len(base))
    judge = Judge(column, base.cat.categories if isinstance(base.dtype, pd.CategoricalDtype) else ())
    found = settle(base, new.set_axis(base.index), before, column, partial(_plain, judge))
    assert found.fine.dtype == found.same.dtype == bool
    assert not (found.fine & found.same).any()
    for at in np.flatnonzero(found.fine):
        told = judge(before[at], new.array[at])
        assert told is not before[at]
        assert (found.after[at], type(found.after[at])) == (told, type(told))
    for at in np.flatnonzero(found.same):
        assert judge(before[at], new.array[at]) is before[at]
    return found


def edits(column: Column, old: list[Any], new: pd.Series) -> list[Any]:
    """The values of the cells in turn, ... for one that is open."""
    found = settled(column, old, new)
    assert not found.same.any()
    assert found.open.tolist() == np.flatnonzero(~found.fine).tolist()
    return [value if fine else ... for value, fine in zip(found.after, found.fine, strict=True)]


@pytest.mark.parametrize("dtype", ["str", "object"])
@pytest.mark.parametrize("word", ["", "'a", "a\n", "\ra", "x\r\ny", None])
def test_one_text_that_could_be_read_otherwise_is_left_alone(dtype: str, word: str | None) -> None:
    """The others of its column are settled; a ' further in, and a letter beyond ASCII, is none of these."""
    assert edits(NOTES, ["p", "q"], pd.Series(["x", word], dtype=dtype)) == ["x", ...]
    new = pd.Series(["it's", word, "é", "z"], dtype=dtype)
    assert edits(NOTES, ["p", "q", "r", "s"], new) == ["it's", ..., "é", "z"]


def test_half_a_surrogate_pair_is_left_alone() -> None:
    """What can't be sent is a problem; what stands beside it is settled."""
    new = pd.Series(["x", "a\ud800", "é", "\U0001f600"], dtype="object")
    assert edits(NOTES, ["p", "q", "r", "s"], new) == ["x", ..., "é", "\U0001f600"]


@pytest.mark.parametrize("dtype", ["str", "object"])
@pytest.mark.parametrize("words", [["ab", "a"], ["abcdef", "abcdefg"], ["ab", ""]])
def test_texts_of_the_least_and_of_the_greatest_length_are_settled(dtype: str, words: list[str]) -> None:
    assert edits(TITLE, ["xyz", "xyz"], pd.Series(words, dtype=dtype)) == [words[0], ...]


def test_texts_without_a_greatest_length_are_settled_beside_an_empty_one() -> None:
    assert edits(NOTES, ["x", "x", "x"], pd.Series(["y", "", "z" * 9_999], dtype="str")) == ["y", ..., "z" * 9_999]


def test_objects_are_settled_only_where_they_are_texts_and_differ() -> None:
    """A cell of objects may be what it was; a text of one's own type is for the judge."""

    class Word(str):
        __slots__ = ()

    new = pd.Series(["x", "y", 1, Word("y")], dtype=object)
    assert edits(NOTES, ["x", "x", "x", "x"], new) == [..., "y", ..., ...]
    assert edits(NOTES, ["x", "x"], pd.Series([1, 2])) == [..., ...]


def test_the_edited_texts_are_not_the_memory_of_the_frame() -> None:
    new = pd.Series(["y", "z"], dtype=object)
    settled(NOTES, ["x", "x"], new).after[0] = "!"
    assert new.tolist() == ["y", "z"]


@pytest.mark.parametrize("dtype", ["category", "str"])
def test_choices_are_settled_each_way(dtype: str) -> None:
    """Edits, null among them; what it was is none; what is no choice is open."""
    new = pd.Series(["a", "b", "c", None, "b", None], dtype="object").astype(dtype)
    found = settled(KIND, ["a", "a", "a", "a", None, None], new)
    assert found.fine.tolist() == [False, True, False, True, True, False]
    assert found.same.tolist() == [True, False, False, False, False, True]
    assert found.open.tolist() == [2]


def test_choices_as_objects_are_open() -> None:
    assert edits(KIND, ["a", "a"], pd.Series(["b", "b"], dtype="object")) == [..., ...]


@pytest.mark.parametrize(("choices", "words", "settles"), [(3, 2_499, True), (72, 136, False)])
def test_more_pairs_of_choices_than_cells_are_worth_are_open(choices: int, words: int, settles: bool) -> None:
    """10,000 at most. Null is one more of each: 4 by 2,500, and 73 by 137."""
    column = Column("kind", "choice", editable=True, choices=tuple(f"c{n}" for n in range(choices)))
    new = pd.Series(pd.Categorical(["c1"], categories=["c1", *(f"w{n}" for n in range(words - 1))]))
    assert edits(column, ["c0"], new) == (["c1"] if settles else [...])


def times(*texts: str | None) -> pd.Series:
    return pd.Series(pd.to_datetime(pd.Series(texts, dtype="object"), utc=True, format="ISO8601")).astype(UTC_DTYPE)


def moments(*texts: str) -> list[Any]:
    return [pd.Timestamp(text).as_unit("us") for text in texts]


@pytest.mark.parametrize("column", [DUE, SEEN], ids=["us", "ms"])
def test_moments_are_settled_but_for_null_and_what_it_was(column: Column) -> None:
    old = moments(*["2026-01-01T00:00:00.001Z"] * 4)
    new = times("2026-01-01T00:00:00.002Z", None, "2026-01-01T00:00:00.001Z", "1900-01-01T00:00Z")
    assert edits(column, old, new) == [new[0], ..., ..., new[3]]


def test_the_first_and_the_last_of_the_days_that_can_be_told() -> None:
    """The last day of all is left open, whatever its zone makes of it."""
    micro = pd.Series(
        np.array(["0001-01-01", "9999-12-30T23:59:59.999999", "9999-12-31", "0000-12-31T23:59:59"], "M8[us]")
    )
    new = micro.dt.tz_localize("UTC").astype(UTC_DTYPE)
    assert edits(DUE, moments(*["2026-01-01T00:00Z"] * 4), new) == [new[0], new[1], ..., ...]


def test_parts_of_a_millisecond_are_open_where_the_service_keeps_none() -> None:
    old = moments("2026-01-01T00:00:00Z", "2026-01-01T00:00:00.000001Z", "2026-01-01T00:00:00Z")
    new = times("2026-01-01T00:00:01.000001Z", "2026-01-01T00:00:01Z", "2026-01-01T00:00:01Z")
    assert edits(SEEN, old, new) == [..., ..., new[2]]
    assert edits(DUE, old, new) == new.tolist()


def test_times_of_another_zone_are_open() -> None:
    new = times("2026-01-01T00:00:01Z").dt.tz_convert("Europe/Berlin")
    assert edits(DUE, moments("2026-01-01T00:00:00Z"), new) == [...]


def open_rows(column: Column, base: pd.Series, new: pd.Series) -> list[int]:
    """Of a baseline that isn't kept as a loaded frame is."""
    before = np.fromiter(base.array, dtype=object, count=len(base))
    return settle(base, new, before, column, partial(_plain, Judge(column))).open.tolist()


def test_a_baseline_that_is_kept_in_other_types_is_not_compared() -> None:
    """Milliseconds are no microseconds, and what is null is no float."""
    new = times("2026-01-01T00:00:01Z", "2026-01-01T00:00:02Z")
    assert open_rows(DUE, times("2026-01-01T00:00:01Z", None).dt.as_unit("ms"), new) == [0, 1]
    assert open_rows(WEIGHT, pd.Series([1.5, 2.5], dtype="object"), pd.Series([2.5, 2.5])) == [0, 1]


@pytest.mark.parametrize("dtype", ["int64", "Int64"])
def test_integers_are_settled_within_their_range(dtype: str) -> None:
    new = pd.Series([0, 9, -1, 10, 5], dtype=dtype)
    assert edits(SIZE, [5] * 5, new) == [0, 9, ..., ..., ...]


def test_null_and_integers() -> None:
    """From null to 0 is an edit, to null is for the judge."""
    assert edits(COUNT, [None, 1, None], pd.Series([0, None, None], dtype="Int64")) == [0, ..., ...]


@pytest.mark.parametrize("sign", [1, -1])
def test_integers_that_a_float_could_not_tell_are_open(sign: int) -> None:
    new = pd.Series([sign * (EXACT - 1), sign * EXACT], dtype="int64")
    assert edits(COUNT, [0, 0], new) == [sign * (EXACT - 1), ...]


@pytest.mark.parametrize("dtype", ["float64", "Float64", "object", "int32"])
def test_integers_of_other_types_are_open(dtype: str) -> None:
    assert edits(COUNT, [0, 0], pd.Series([1, 2], dtype=dtype)) == [..., ...]


def test_floats_are_settled_within_their_range() -> None:
    new = pd.Series([-1.0, 1.0, -1.5, 1.5, 0.5, float("nan"), float("inf")])
    assert edits(RATIO, [0.5] * 7, new) == [-1.0, 1.0, ..., ..., ..., ..., ...]


def test_floats_without_a_range() -> None:
    """From null, too; never inf; and -0.0 is 0.0."""
    new = pd.Series([0.0, -0.0, float("inf"), float("-inf"), float("nan"), 2.0**53])
    found = edits(WEIGHT, [None, 1.5, 1.5, 1.5, 1.5, 1.5], new)
    assert found == [0.0, 0.0, ..., ..., ..., ...]
    assert str(found[1]) == "0.0"


def test_integers_in_a_column_of_floats_are_open() -> None:
    assert edits(WEIGHT, [1.5, 2.5], pd.Series([1, 2])) == [..., ...]


def test_a_name_that_stands_for_a_value_is_never_settled() -> None:
    column = Column("owner", "text", editable=True, aliases={"Ann": "usr_1"})
    assert edits(column, ["usr_2", "usr_2"], pd.Series(["Ann", "usr_1"], dtype="str")) == [..., ...]


@pytest.mark.parametrize("column", [NOTES, KIND, SIZE, WEIGHT, DUE], ids=lambda column: column.kind)
def test_no_cells(column: Column) -> None:
    empty = Schema((column,)).frame(["t"], {column.name: [None]})[column.name].iloc[:0]
    found = settle(empty, empty, np.empty(0, dtype=object), column, lambda old, new: new)
    assert found.open.tolist() == found.after.tolist() == []
