"""A column of lists and objects as JSON texts: the same whichever way they are written."""

from __future__ import annotations

import math
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskframe.arrays import TEXT_DTYPE
from taskframe.changes.jsontext import json_column, json_text
from taskframe.changes.memory import memory

SCALARS = st.none() | st.booleans() | st.integers(-(2**63), 2**64 - 1) | st.floats(allow_nan=False) | st.text()
JSON = st.recursive(SCALARS, lambda within: st.lists(within) | st.dictionaries(st.text(), within), max_leaves=8)

ODD: list[Any] = [math.nan, math.inf, -math.inf, np.float64("nan"), pd.NA, ["\ud800"], {"\udfff": 1}]
PLAIN: list[Any] = [
    None, [], {}, [None], {"b": 1, "a": [2, {"d": "é", "c": "日本"}]}, "null", "nul", "", True, 1234, 0, 2.5, "n",
]  # fmt: skip


def check(values: list[Any]) -> None:
    found = pd.Series(json_column(values))
    assert found.dtype == TEXT_DTYPE
    assert [None if pd.isna(text) else text for text in found] == [json_text(value) for value in values]


@settings(deadline=None)
@given(st.lists(JSON | st.sampled_from(PLAIN), max_size=20))
def test_it_is_each_value_as_json_text_gives_it(values: list[Any]) -> None:
    check(values)


@pytest.mark.parametrize("odd", ODD, ids=repr)
@pytest.mark.parametrize("at", [0, 7, 2_000])
def test_one_value_that_has_no_json_or_is_no_utf8_changes_none_of_the_others(odd: Any, at: int) -> None:
    values = PLAIN * 150
    values[at:at] = [odd]
    check(values)


def test_there_may_be_none_at_all_and_nothing_but_null() -> None:
    check([])
    check([None] * 9)


def test_it_can_be_written_to_in_a_copy_and_is_memory_of_its_own() -> None:
    """A baseline that follows an apply writes answers into a copy of its texts."""
    values = PLAIN * 3
    one, other = pd.Series(json_column(values)), pd.Series(json_column(values))
    assert memory(one) != memory(other)
    array = one.array.copy()
    array[np.array([0, 1])] = pd.array(["[1]", None], dtype="str")
    assert array[0] == "[1]"
    assert pd.isna(array[1])
    assert one[1] == "[]"
