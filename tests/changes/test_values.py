"""Values that are read when somebody looks at them; and texts told by their bytes are told as by their letters."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskframe.arrays import TEXT_DTYPE
from taskframe.changes.baseline import Baseline
from taskframe.changes.changes import ColumnChanges
from taskframe.changes.diff import diff
from taskframe.changes.intake import take_frame
from taskframe.changes.normal import objects
from taskframe.changes.settle import UNSETTLED, settle
from taskframe.changes.values import Values
from taskframe.schema import Column, Schema

SCHEMA = Schema(
    (
        Column("title", "text", editable=True),
        Column("kind", "choice", editable=True, clearable=True, choices=("a", "b")),
    )
)


class Reader:
    """Makes objects, and counts how often."""

    times = 0

    def __call__(self, array: Any) -> np.ndarray:
        self.times += 1
        return objects(list(array))


def test_values_are_read_once_and_only_when_somebody_looks() -> None:
    reader = Reader()
    some = Values.of(pd.array(["a", "b", "c", "d"], dtype="str"), reader, np.array([3, 1, 0]))
    two = some.take(np.array([2, 0]))
    assert (len(some), len(two), reader.times) == (3, 2, 0)
    assert [*some, some[1], *some.objects] == ["d", "b", "a", "b", "d", "b", "a"]
    assert reader.times == 1
    assert (two.objects.tolist(), reader.times) == (["a", "d"], 2)


def test_all_of_an_array_and_some_of_all() -> None:
    every = Values(np.array(["a", "b", "c"], dtype=object), np.asarray, filled=True)
    assert (len(every), every.objects.tolist()) == (3, ["a", "b", "c"])
    assert (every.take(np.array([2])).objects.tolist(), every.take(np.array([2])).filled) == (["c"], True)


def test_what_could_be_written_to_is_copied_at_once() -> None:
    memory = np.array([1, 2, 3])
    some = Values.of(pd.arrays.NumpyExtensionArray(memory), lambda array: objects(list(array)), np.array([0, 2]))
    memory[:] = 9
    assert list(some) == [1, 3]


def made() -> tuple[pd.DataFrame, Baseline]:
    frame = SCHEMA.frame([f"t{n}" for n in range(6)], {"title": [*"abcdef"], "kind": ["a"] * 6})
    return frame, Baseline.of(frame, SCHEMA)


def test_what_is_edited_after_the_diff_is_not_in_it() -> None:
    """By `.loc`, by a whole column, and past pandas."""
    frame, baseline = made()
    frame.loc[["t1", "t4"], "title"] = ["B", "E"]
    frame.loc[["t2", "t4"], "kind"] = "b"
    found = diff(baseline, take_frame(frame, SCHEMA)).changes
    frame.loc["t1", "title"] = "later"
    frame["kind"] = "a"
    frame["title"].array[4] = "past pandas"
    frame["title"] = "gone"
    title, kind = found.columns["title"], found.columns["kind"]
    assert (title.before.tolist(), title.after.tolist()) == (["b", "e"], ["B", "E"])
    assert (kind.before.tolist(), kind.after.tolist()) == (["a", "a"], ["b", "b"])
    assert (title.rows.tolist(), kind.rows.tolist(), found.ids.tolist()) == ([0, 2], [1, 2], ["t1", "t2", "t4"])


def test_shuffled_rows_are_changes_in_the_order_of_the_load() -> None:
    frame, baseline = made()
    frame.loc[["t1", "t4", "t5"], "title"] = ["B", "E", "F"]
    frame.loc["t0", "kind"] = None
    found = diff(baseline, take_frame(frame.iloc[::-1], SCHEMA)).changes
    assert found.ids.tolist() == ["t0", "t1", "t4", "t5"]
    assert (found.columns["title"].rows.tolist(), found.columns["kind"].rows.tolist()) == ([1, 2, 3], [0])
    assert found.columns["title"].before.tolist() == ["b", "e", "f"]
    assert found.columns["title"].after.tolist() == ["B", "E", "F"]
    assert (found.cleared, found.columns["kind"].cleared, found.columns["title"].cleared) == (1, 1, 0)


def test_a_column_keeps_some_of_its_cells_and_moves_others() -> None:
    frame, baseline = made()
    frame["title"] = [*"ABCDEF"]
    change = diff(baseline, take_frame(frame, SCHEMA)).changes.columns["title"]
    kept = change.keep(np.array([False, True, False, False, True, False]))
    assert (kept.rows.tolist(), kept.before.tolist(), kept.after.tolist()) == ([1, 4], ["b", "e"], ["B", "E"])
    moved = kept.moved(np.array([0, 1]))
    assert (moved.rows.tolist(), moved.before.tolist(), moved.after.tolist()) == ([0, 1], ["b", "e"], ["B", "E"])
    had = kept.had(objects(["x", "y"]))
    assert (had.column, had.rows.tolist(), had.before.tolist(), had.after.tolist()) == (
        "title",
        [1, 4],
        ["x", "y"],
        ["B", "E"],
    )


def test_of_cleared_cells_those_count_that_had_a_value() -> None:
    before, after = objects([None, "", "a", "b", 0, "c"]), objects(["", None, "", None, None, "d"])
    assert ColumnChanges("title", np.arange(6), before, after).cleared == 3
    assert ColumnChanges("title", np.arange(6), after, before[::-1]).cleared == 1
    assert ColumnChanges("title", np.arange(1), objects(["a"]), objects(["b"])).cleared == 0


@pytest.mark.parametrize(("least", "most"), [(0, None), (1, 3), (2, None), (3, 4)])
@given(words=st.lists(st.text("a'\n\ré€😀\0", max_size=5) | st.none(), min_size=1, max_size=8), cut=st.integers(0, 8))
def test_texts_are_settled_as_python_reads_them(least: int, most: int | None, words: list[Any], cut: int) -> None:
    """Whole, in pieces, and as a part of others; letters of two, three and four bytes, and none at all."""
    column = Column("title", "text", editable=True, min_length=least, max_length=most)
    before = objects(["an old one"] * len(words))
    texts = pd.Series(words, dtype="str")
    pieces = pd.concat([texts[:cut], texts[cut:]])
    part = pd.concat([pd.Series(["é", "x"], dtype="str"), texts, pd.Series(["'", "\n"], dtype="str")])[2:-2]
    one = settle(None, pd.Series(words, dtype="object"), before, column, lambda *_: UNSETTLED)
    for series in (texts, pieces, part):
        other = settle(None, series, before, column, lambda *_: UNSETTLED)
        assert other.fine.tolist() == one.fine.tolist()
        assert not other.same.any()
        fine = np.flatnonzero(one.fine)
        assert [other.after[at] for at in fine] == [words[at] for at in fine]
        assert all(type(other.after[at]) is str for at in fine)


def test_without_what_they_were_no_others_are_settled() -> None:
    column = Column("size", "integer", editable=True)
    assert settle(None, pd.Series([1, 2]), objects([3, 4]), column, lambda *_: UNSETTLED).open.tolist() == [0, 1]


def test_letters_that_stand_under_a_null_are_no_text() -> None:
    """Arrow leaves it open what they are."""
    pa = pytest.importorskip("pyarrow")
    buffers = [pa.py_buffer(np.array([0, 1, 2])), pa.py_buffer(b"ab"), pa.py_buffer(b"\x02")]
    texts = pd.Series(TEXT_DTYPE.__from_arrow__(pa.LargeStringArray.from_buffers(2, *buffers)))
    found = settle(None, texts, objects(["x", "y"]), SCHEMA["title"], lambda *_: UNSETTLED)
    assert (texts.isna().tolist(), found.fine.tolist()) == ([True, False], [False, True])


def test_letters_of_several_bytes_count_once() -> None:
    """Between two and three letters, of two, three and four bytes each."""
    column = Column("title", "text", editable=True, min_length=2, max_length=3)
    words = ["é", "éß", "ééß", "éééß", "€", "€ก", "€€€", "€€€ก", "😀", "😀😁", "😁😀😀", "😀😀😀😂", "aé", "é\x7f"]
    found = settle(None, pd.Series(words, dtype="str"), objects(["old"] * 14), column, lambda *_: UNSETTLED)
    assert found.fine.tolist() == [2 <= len(word) <= 3 for word in words]
