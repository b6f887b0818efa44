"""Lists as JSON text, the finger prints that tell which of them may have changed, and tasks picked from a baseline."""

from __future__ import annotations

import json
from decimal import Decimal
from typing import Any

import numpy as np
import pandas as pd
import pytest

from taskframe.changes.jsontext import json_text, json_texts, json_value
from taskframe.changes.picked import Picked
from taskframe.changes.prints import Prints

HALF = "\ud800"
BLOCK = 1_024


@pytest.mark.parametrize("null", [None, pd.NA, float("nan"), np.float64("nan")])
def test_null_has_no_text(null: Any) -> None:
    assert json_text(null) is None
    assert json_texts([null, [1]]) == [None, "[1]"]


@pytest.mark.parametrize("value", [1.5, 0.0, "x", "", [], {}, [None], 0, False, [1.5, True]])
def test_what_is_no_null_has_its_text_and_comes_back(value: Any) -> None:
    text = json_text(value)
    assert text is not None
    assert json.loads(text) == json_value(text) == value


def test_half_a_surrogate_pair_is_written_as_the_rest_is() -> None:
    """Sorted, without blanks: equal texts mean equal values, in whatever order the keys came."""
    value = {"b": [HALF, 1], "a": None}
    assert json_text(value) == '{"a":null,"b":["\\ud800",1]}' == json_text(dict(reversed(value.items())))
    assert json_texts([value, [1]]) == [json_text(value), "[1]"]
    assert json_value(json_text(value)) == value


@pytest.mark.parametrize("null", [None, float("nan"), pd.NA, 3])
def test_no_text_no_value(null: Any) -> None:
    assert json_value(null) is None


def lists(count: int) -> tuple[pd.Series, pd.Series]:
    values = pd.Series([[n, "x"] for n in range(count)], dtype="object")
    return values, pd.Series(json_texts(values.tolist()), dtype="str")


@pytest.mark.parametrize("count", [1, BLOCK, BLOCK + 1, 3 * BLOCK - 5])
def test_only_the_block_of_a_changed_cell_is_doubtful(count: int) -> None:
    values, texts = lists(count)
    prints = Prints.of(values, texts)
    untouched = prints.doubtful(texts, values)
    assert untouched is not None
    assert untouched.dtype == np.intp
    assert not len(untouched)
    for row in {0, count // 2, count - 1}:
        values[row].append("!")
        start = row // BLOCK * BLOCK
        found = prints.doubtful(texts, values)
        assert found is not None
        assert found.tolist() == list(range(start, min(start + BLOCK, count)))
        values[row].pop()


def test_several_blocks_are_doubtful_in_the_order_of_the_rows() -> None:
    values, texts = lists(3 * BLOCK)
    prints = Prints.of(values, texts)
    values[0].append(1)
    values[2 * BLOCK].append(1)
    found = prints.doubtful(texts, values)
    assert found is not None
    assert found.tolist() == [*range(BLOCK), *range(2 * BLOCK, 3 * BLOCK)]


def test_a_list_that_is_shared_by_two_cells_says_no_more_than_two_of_them() -> None:
    """What is known of memory is not what a list says."""
    shared = ["x"]
    values = pd.Series([shared, shared], dtype="object")
    prints = Prints.of(values, texts := pd.Series(['["x"]', '["x"]'], dtype="str"))
    found = prints.doubtful(texts, pd.Series([["x"], ["x"]], dtype="object"))
    assert found is not None
    assert not len(found)


def test_what_has_no_print_is_always_doubtful() -> None:
    """A value of the user's own type, in the baseline or in the edit."""
    values, texts = lists(2 * BLOCK)
    values[BLOCK] = [Decimal(1)]
    for prints, others in [(Prints.of(values, texts), values), (Prints.of(lists(2 * BLOCK)[0], texts), values)]:
        found = prints.doubtful(texts, others)
        assert found is not None
        assert found.tolist() == list(range(BLOCK, 2 * BLOCK))


def test_prints_of_other_texts_or_of_no_objects_tell_nothing() -> None:
    """The texts of another baseline, even if they are equal; a column that was made one of texts."""
    values, texts = lists(10)
    prints = Prints.of(values, texts)
    assert prints.doubtful(lists(10)[1], values) is None
    assert prints.doubtful(texts, texts) is None


FRAME = pd.DataFrame(
    {
        "title": pd.Series(["a", "b", "c", None], dtype="str"),
        "size": pd.Series([1, None, 3, 4], dtype="Int64"),
        "ratio": [0.5, 1.5, 2.5, 3.5],
        "own": pd.Series(["1", "2", "3", "4"], dtype="object"),
        "labels": pd.Series(["[1]", None, "[]", '["x"]'], dtype="str"),
    }
).set_axis(pd.Index(["t0", "t1", "t2", "t3"], dtype="str", name="id"))
LABELS = [[1], None, [], ["x"]]


def expected(rows: list[int]) -> pd.DataFrame:
    frame = FRAME.iloc[rows].copy()
    frame["labels"] = pd.Series([LABELS[row] for row in rows], index=frame.index, dtype="object")
    return frame


def picked(rows: list[int], others: dict[str, Any] | None = None) -> Picked:
    return Picked.of(FRAME.copy(), np.array(rows, dtype=np.intp), frozenset({"labels"}), others)


@pytest.mark.parametrize("rows", [[], [3], [2, 0, 1], [0, 1, 2, 3]])
def test_picked_tasks_are_like_a_frame_of_them(rows: list[int]) -> None:
    """Its types, names and index, lists where there are texts."""
    one, frame = picked(rows), expected(rows)
    assert (len(one), list(one), one.columns.tolist()) == (len(rows), [*FRAME], [*FRAME])
    pd.testing.assert_index_equal(one.index, frame.index)
    for name in FRAME:
        pd.testing.assert_series_equal(one[name], frame[name])
    pd.testing.assert_frame_equal(one.rows(), frame)


def test_tasks_without_columns_are_still_those_tasks() -> None:
    one = Picked.of(FRAME[[]], np.array([2, 0]), frozenset())
    pd.testing.assert_frame_equal(one.rows(), FRAME[[]].iloc[[2, 0]])


def test_some_of_the_picked() -> None:
    one = picked([3, 1, 0]).take(np.array([2, 0]))
    pd.testing.assert_frame_equal(one.rows(), expected([0, 3]))


def test_columns_that_the_rows_have_otherwise() -> None:
    one = picked([3, 1], {"title": pd.array(["y", "z"], dtype="str")})
    assert one["title"].tolist() == ["y", "z"]
    assert one.take(np.array([1])).rows().loc["t1"].to_list()[:2] == ["z", pd.NA]
    assert one["ratio"].tolist() == [3.5, 1.5]


def test_what_is_written_into_the_frame_later_does_not_reach_the_picked() -> None:
    """What is lists by now was text, which nobody can write to in place."""
    frame = FRAME.copy()
    ratios = np.asarray(frame["ratio"].array)
    one = Picked.of(frame, np.array([1, 2]), frozenset({"labels"}))
    assert set(one.kept) >= {"size", "ratio", "own"}
    assert "labels" not in one.kept
    ratios.flags.writeable = True
    ratios[:] = 9
    assert one["ratio"].tolist() == [1.5, 2.5]


def test_of_no_tasks_nothing_is_copied() -> None:
    assert picked([]).kept == {}
