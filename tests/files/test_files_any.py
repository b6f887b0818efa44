"""A column of any JSON values goes through a file and comes back as it was."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskframe.files.csv import read_csv, write_csv
from taskframe.schema import Column, Schema

SCHEMA = Schema((Column("fields.Mixed", "any", editable=True, clearable=True),))
SCALARS = st.none() | st.booleans() | st.integers(-(2**53), 2**53) | st.text(st.characters(codec="utf-8"), min_size=1)
VALUES = (
    SCALARS | st.sampled_from(["5", "true", "null", '"x"', "[1]", "-1", "=1+1", "<clear>", "'"]) | st.lists(SCALARS)
)


@settings(deadline=None, max_examples=150)
@given(values=st.lists(VALUES, min_size=1, max_size=6))
def test_any_value_comes_back(tmp_path_factory: pytest.TempPathFactory, values: list[Any]) -> None:
    """`5` and `"5"` are told apart; null and blank are left alone."""
    path = tmp_path_factory.getbasetemp() / "any.csv"
    ids = [f"t{n}" for n in range(len(values))]
    write_csv(SCHEMA.frame(ids, {"fields.Mixed": values}), SCHEMA, path)
    try:
        edited = read_csv(path, SCHEMA)
    finally:
        path.unlink()
    assert not edited.problems
    back = edited.columns["fields.Mixed"].tolist()
    for value, skipped, found in zip(values, edited.skip["fields.Mixed"], back, strict=True):
        assert skipped == (value is None)
        if not skipped:
            assert found == value
            assert type(found) is type(value)


def test_a_frame_of_any_values_has_objects() -> None:
    """Mixed values stay Python objects."""
    frame = SCHEMA.frame(["a", "b"], {"fields.Mixed": ["x", 5]})
    assert frame["fields.Mixed"].tolist() == ["x", 5]
    assert pd.api.types.is_object_dtype(frame["fields.Mixed"])
