"""An answer may hold what the load had not: somebody made a text of a number in an account's own field."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from kinds import cells, complaints, is_untouched
from makers import KORE_CATALOGUE, KORE_SCHEMA, KORE_TASKS, field, kore_columns

import taskframe as tf
from taskframe.changes.answered import Answered
from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.follow import follow
from taskframe.changes.intake import take_frame
from taskframe.changes.normal import normal_values
from taskframe.schema import Schema
from taskframe.services.kore import Kore

MISFITS: list[tuple[str, Any, Any]] = [
    ("number", 3, "three"), ("number", 3, "3"), ("number", 1, True), ("number", 3, [1]), ("number", 3, {"a": 1}),
    ("checkbox", True, "maybe"), ("checkbox", True, 1), ("checkbox", True, [True]),
    ("datetime", "2026-01-01T00:00:00Z", "soon"), ("datetime", "2026-01-01T00:00:00Z", "2026-01-01"),
    ("datetime", "2026-01-01T00:00:00Z", 5), ("multiselect", ["a"], "a"), ("multiselect", ["a"], '["a"]'),
    ("multiselect", ["a"], {"x": 1}), ("multiselect", [1], 1), ("input", "5", 5), ("input", "a", ["a"]),
    ("input", "true", True),
]  # fmt: skip
X = "fields.X"


def load(kind: str, value: Any) -> tuple[pd.DataFrame, Schema]:
    tasks = [{"_id": task, "fields": [field("X", kind, value)]} for task in ("a", "b", "c")]
    columns, catalogue = kore_columns(tasks)
    schema = Kore().schema(catalogue)
    assert schema[X].kind != "any"
    return schema.frame(columns["_id"], columns), schema


def answered(df: pd.DataFrame, baseline: Baseline, value: Any) -> Baseline:
    """Task b has this value now."""
    followed = follow(df, take_frame(df, baseline.schema), baseline, Answered.of({"b": {"_id": "b", X: value}}))
    for name, column in followed.columns.items():
        df[name] = column
    return followed.baseline


def found_in(df: pd.DataFrame, baseline: Baseline) -> Diff:
    return diff(baseline, take_frame(df, baseline.schema))


@pytest.mark.parametrize("shape", ["as it is", "a copy", "objects", "convert_dtypes"])
@pytest.mark.parametrize(("kind", "value", "other"), MISFITS, ids=repr)
def test_it_is_taken_as_it_came_and_is_no_edit(kind: str, value: Any, other: Any, shape: str) -> None:
    """In the baseline and in the frame, to the type; in whatever dtypes the frame is given back."""
    df, schema = load(kind, value)
    baseline = Baseline.of(df, schema)
    df = {"as it is": df, "a copy": df.copy(), "objects": df.astype("object"), "convert_dtypes": df.convert_dtypes()}[
        shape
    ]
    now = answered(df, baseline, other)
    (known,) = normal_values(now.rows(pd.Index(["b"]).get_indexer(["b"]) + 1)[X])
    assert (known, type(known)) == (other, type(other))
    assert (df.at["b", X], type(df.at["b", X])) == (other, type(other))
    for again in (df, df.copy(), df.astype("object"), df.iloc[::-1], df.reset_index()):
        assert is_untouched(found_in(again, now))


@pytest.mark.parametrize(("kind", "value", "other"), MISFITS, ids=repr)
def test_what_was_there_is_an_edit_then(kind: str, value: Any, other: Any) -> None:
    """A frame that still has the old values would put one back, and says so, in its own dtype and as objects."""
    df, schema = load(kind, value)
    baseline = Baseline.of(df, schema)
    old = df.copy()
    now = answered(df, baseline, other)
    for again in (old, old.astype("object"), old.convert_dtypes()):
        again = again.drop(columns=["updatedAt"])
        assert set(cells(found_in(again, now))) == {("b", X)}
    df.at["c", X] = other if kind == "input" and isinstance(other, str) else object()
    assert complaints(found_in(df, now)) == [("type", "c", X)]


@pytest.mark.parametrize(("kind", "value", "other"), MISFITS, ids=repr)
def test_an_edit_of_that_cell_stays(kind: str, value: Any, other: Any) -> None:
    """The edit was made without knowing theirs: frame and baseline keep what they had, and the rule decides."""
    df, schema = load(kind, value)
    baseline = Baseline.of(df, schema)
    mine = {"number": 9, "checkbox": False, "datetime": pd.Timestamp("2027-01-01", tz="UTC"), "input": "mine"}
    df.at["b", X] = mine.get(kind, ["mine"])
    before = cells(found_in(df, baseline))
    assert len(before) == 1
    assert cells(found_in(df, answered(df, baseline, other))) == before


@pytest.mark.parametrize(("kind", "value", "other"), MISFITS, ids=repr)
def test_it_may_become_what_it_was(kind: str, value: Any, other: Any) -> None:
    """The next answer has the old value again."""
    df, schema = load(kind, value)
    old = df.copy()
    now = answered(df, answered(df, Baseline.of(df, schema), other), value)
    assert is_untouched(found_in(df, now))
    assert is_untouched(found_in(old, now))


def test_edits_of_it_are_saved_and_opened(tmp_path: Path) -> None:
    """A before that is not of its column's kind is what the service had."""
    values, _ = kore_columns(KORE_TASKS)
    tasks = tf.from_frame(KORE_SCHEMA.frame(values["_id"], values), "kore", catalogue=KORE_CATALOGUE)
    tasks.take_answers(Answered.of({"ti-1": {"_id": "ti-1", "fields.Effort": "three", "fields.Starts": "soon"}}))
    assert not len(tasks.plan())
    tasks.df.at["ti-1", "fields.Effort"] = 8
    tasks.save(tmp_path / "a.tasks")
    opened = tf.open_tasks(tmp_path / "a.tasks")
    assert opened.plan().changes.values.tolist() == [["ti-1", "fields.Effort", "three", 8]]
    assert opened.df.at["ti-1", "fields.Starts"] == "soon"
