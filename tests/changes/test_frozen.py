"""Lists that are frozen as they come, of things written once: the same texts and prints as of the cells themselves."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

import taskframe as tf
from taskframe.arrays import TEXT_DTYPE
from taskframe.changes.baseline import Baseline
from taskframe.changes.frozen import Frozen, FrozenLists, Written
from taskframe.changes.jsontext import json_column
from taskframe.changes.prints import BLOCK, Prints

ARROW = TEXT_DTYPE.storage == "pyarrow"
THINGS: list[Any] = [
    {"b": 1, "a": [2, {"d": "é", "c": "日本"}]}, {}, [], "text", "", None, True, 0, 1.5, 2**63, {"a": {"b": [[None]]}},
]  # fmt: skip


def frozen(cells: list[Any]) -> Frozen | None:
    column = FrozenLists()
    for cell in cells:
        column.add(None if cell is None else [Written(thing) for thing in cell])
    return column.frozen()


def check(cells: list[Any]) -> None:
    found = frozen(cells)
    if not ARROW:
        assert found is None
        return
    assert found is not None
    texts = pd.Series(json_column(cells))
    pd.testing.assert_series_equal(pd.Series(found.texts), texts)
    values = pd.Series(np.fromiter(cells, dtype=object, count=len(cells)), dtype="object")
    assert found.prints == Prints.of(values, texts).blocks


@settings(deadline=None)
@given(st.lists(st.none() | st.lists(st.sampled_from(THINGS), max_size=4), max_size=12))
def test_lists_put_together_are_those_of_the_cells(cells: list[Any]) -> None:
    check(cells)


@pytest.mark.parametrize("count", [0, 1, BLOCK - 1, BLOCK, BLOCK + 1, 2 * BLOCK + 7])
def test_so_they_are_in_every_block(count: int) -> None:
    check([None if n % 7 == 3 else [n, {"n": [n]}] * (n % 3) for n in range(count)])


def test_what_is_no_utf8_leaves_all_to_the_cells() -> None:
    """Before it and behind it too: a column has all its texts or none."""
    for at in (0, 1, 2):
        cells: list[Any] = [["a"], None]
        cells.insert(at, ["b", {"c": "\ud800"}])
        assert frozen(cells) is None


def test_a_loaded_baseline_is_that_of_its_cells() -> None:
    """And where only some tasks are wanted, that of those. An edit inside a cell is seen in either."""
    with tf.sandbox(tasks=120, seed=5) as box, box.connect("kore", progress=False) as conn:
        whole = conn.load()
        for tasks in (
            whole,
            conn.load(ids=list(whole.df.index[[7, 90]])),
            conn.load(limit=60),
            conn.load(editable=["fields"]),
        ):
            expected = Baseline.of(tasks.df, tasks.schema)
            pd.testing.assert_frame_equal(tasks.baseline.frame, expected.frame)
            assert {n: p.blocks for n, p in tasks.baseline.prints.items()} == {
                n: p.blocks for n, p in expected.prints.items()
            }
        tasks.df["fields"].iloc[5][0]["displayName"] = "another"
        assert list(tasks.plan().changes["column"]) == ["fields"]
        assert whole.plan().changes.empty
