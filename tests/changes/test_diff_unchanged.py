"""A frame in which nobody edited anything has no change, no problem and no warning, whatever became of its shape."""

from __future__ import annotations

import json
from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from kinds import EDITABLE, RELOAD, SCHEMA, compared, frame, is_untouched, pyarrow

from taskframe.changes.baseline import Baseline
from taskframe.changes.normal import is_null

TIMES = ["dueAt", "updatedAt"]
LISTS = ["labels", "steps"]
TEXTS = ["title", "note", "assignee"]


def reload_frame() -> pd.DataFrame:
    values: dict[str, list[Any]] = {}
    for column in RELOAD:
        if column.kind == "choice":
            values[column.name] = list(column.choices[:4])
        elif column.kind == "integer":
            values[column.name] = [1, 2, 3, 2**53 + 1]
        elif column.kind == "timestamp":
            values[column.name] = ["2026-01-31T09:00:00Z", "2026-07-01T09:00:00.123456Z", None, "2026-01-01T00:00:00Z"]
        else:
            values[column.name] = ["x", "Café", None, f"{column.name} 4"]
    return RELOAD.frame(["tsk_1", "tsk_2", "tsk_3", "tsk_4"], values)


def each(names: list[str], change: Callable[[pd.Series], Any]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return lambda df: df.assign(**{name: change(df[name]) for name in names if name in df})


def objects(values: list[Any], index: pd.Index) -> pd.Series:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        array[at] = value
    return pd.Series(array, index=index)


def mapped(names: list[str], change: Callable[[Any], Any]) -> Callable[[pd.DataFrame], pd.DataFrame]:
    return each(names, lambda s: objects([None if is_null(v) else change(v) for v in s], s.index))


SHAPES: dict[str, Callable[[pd.DataFrame], pd.DataFrame]] = {
    "itself": lambda df: df,
    "a copy": lambda df: df.copy(),
    "reversed": lambda df: df.iloc[::-1],
    "shuffled": lambda df: df.sample(frac=1, random_state=3),
    "some rows": lambda df: df.sample(3, random_state=5),
    "no rows": lambda df: df.iloc[:0],
    "some columns": lambda df: df.iloc[:, ::2],
    "no columns": lambda df: df[[]],
    "columns sorted": lambda df: df.sort_index(axis=1, ascending=False),
    "ids as a column": lambda df: df.reset_index(),
    "ids as a column and as the index": lambda df: df.reset_index().set_index("id", drop=False),
    "ids as objects": lambda df: df.set_axis(df.index.astype("object")),
    "ids as a category": lambda df: df.set_axis(pd.CategoricalIndex(df.index, name="id")),
    "ids as a level": lambda df: df.set_index(np.arange(len(df)), append=True),
    "another column in the index": lambda df: df.set_index("title", append=True),
    "more columns": lambda df: df.assign(mine=1, other="x"),
    "objects": lambda df: df.astype("object"),
    "convert_dtypes": lambda df: df.convert_dtypes(),
    "infer_objects": lambda df: df.astype("object").infer_objects(),
    "text as category": each(TEXTS, lambda s: s.astype("category")),
    "text as string": each([*TEXTS, "status"], lambda s: s.astype("string")),
    "text as python strings": each([*TEXTS, "status"], lambda s: s.astype(pd.StringDtype("python"))),
    "categories in another order": each(["status"], lambda s: s.cat.reorder_categories(list(s.cat.categories)[::-1])),
    "categories that were never used": each(["status", "level"], lambda s: s.cat.remove_unused_categories()),
    "more categories": each(["status"], lambda s: s.cat.add_categories(["later"])),
    "categories of text": each(["level"], lambda s: s.cat.rename_categories(["1", "2", "3"])),
    "choices as text": each(["level"], lambda s: s.astype("object").map({1: "1", 2: "2", 3: "3.0"})),
    "choices as floats": each(["level"], lambda s: s.astype("object").astype("float64")),
    "integers as floats": each(["points", "version"], lambda s: s.astype("float64")),
    "integers as float objects": each(["points"], lambda s: s.astype("float64").astype("object")),
    "numbers as Float64": each(["size", "score"], lambda s: s.astype("Float64")),
    "numbers as float32": each(["size", "score"], lambda s: s.astype("float32")),
    "numbers as text": mapped(["size", "points"], str),
    "sparse numbers": each(["size"], lambda s: s.astype(pd.SparseDtype("float64"))),
    "booleans as floats": each(["urgent"], lambda s: s.astype("float64")),
    "booleans as text": each(["urgent"], lambda s: s.map({True: "True", False: "false"}).astype("object")),
    "times in Berlin": lambda df: df.iloc[:3].assign(dueAt=df["dueAt"].iloc[:3].dt.tz_convert("Europe/Berlin")),
    "times without a zone": each(TIMES, lambda s: s.dt.tz_localize(None)),
    "times in nanoseconds": lambda df: df.loc[["t0", "t1", "t2"]].assign(dueAt=df["dueAt"].iloc[:3].dt.as_unit("ns")),
    "times in seconds": lambda df: df.drop(index="t1").assign(dueAt=df["dueAt"].drop("t1").dt.as_unit("s")),
    "times as text": each(TIMES, lambda s: s.astype("object").map(lambda t: t.isoformat(), na_action="ignore")),
    "times as Python's": mapped(TIMES, lambda t: t.to_pydatetime()),
    "lists as tuples": mapped(LISTS, tuple),
    "lists as arrays": mapped(LISTS, lambda v: np.array(v, dtype=object)),
    "lists as JSON text": mapped([*LISTS, "meta"], json.dumps),
    "sets in another order": mapped(["labels"], lambda v: v[::-1]),
    "keys in another order": mapped(["meta"], lambda v: dict(reversed(v.items()))),
    "a round trip through records": lambda df: pd.DataFrame.from_records(df.reset_index().to_dict("records")),
    "a round trip through concat": lambda df: pd.concat([df.iloc[:2], df.iloc[2:]]),
    "a round trip through set_index": lambda df: df.reset_index().set_index("id"),
    "a round trip through merge": lambda df: df.reset_index().merge(df.reset_index()[["id"]], on="id").set_index("id"),
    "a round trip through transpose": lambda df: df.T.T,
}  # fmt: skip


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_frame_that_nobody_edited_has_no_changes(shape: Callable[[pd.DataFrame], pd.DataFrame]) -> None:
    """Other order, fewer rows and columns, other dtypes: nothing was edited, so there is nothing to say."""
    df = frame()
    found = compared(shape(df), df)
    assert is_untouched(found), (found.changes.frame(), found.problems, found.warnings)


@pytest.mark.parametrize(
    "shape", ["itself", "shuffled", "objects", "convert_dtypes", "ids as a column", "text as string"]
)
def test_reloads_own_columns_are_no_exception(shape: str) -> None:
    """All of Reload's 23 columns, read-only ones too."""
    df = reload_frame()
    assert is_untouched(compared(SHAPES[shape](df), df, RELOAD))


@pytest.mark.skipif(pyarrow is None, reason="needs pyarrow")
@pytest.mark.parametrize("schema", [SCHEMA, RELOAD], ids=["every kind", "reload"])
def test_arrow_dtypes_change_nothing(schema: Any) -> None:
    """`convert_dtypes(dtype_backend="pyarrow")`, and Arrow's own lists, decimals and dictionaries."""
    df = frame() if schema is SCHEMA else reload_frame()
    flat = df.drop(columns=[c for c in ("labels", "steps", "meta") if c in df])
    for size in (len(df), 2):
        found = compared(flat.iloc[:size].convert_dtypes(dtype_backend="pyarrow"), df, schema)
        assert is_untouched(found), (found.changes.frame(), found.problems)
    if schema is RELOAD:
        return
    small = df.iloc[:3]
    for name, dtype in {
        "labels": pyarrow.list_(pyarrow.string()),
        "steps": pyarrow.large_list(pyarrow.string()),
        "points": pyarrow.int8(),
        "size": pyarrow.decimal128(10, 2),
        "status": pyarrow.dictionary(pyarrow.int8(), pyarrow.string()),
        "title": pyarrow.large_string(),
        "dueAt": pyarrow.timestamp("ns", "Asia/Tokyo"),
        "urgent": pyarrow.bool_(),
    }.items():
        other = small[name].astype("object").where(small[name].notna(), None)
        arrow = pd.Series(pd.array(list(other), dtype=pd.ArrowDtype(dtype)), index=small.index)
        found = compared(small.assign(**{name: arrow}), df)
        assert is_untouched(found), (name, found.changes.frame(), found.problems)


def test_an_empty_load_has_no_changes() -> None:
    """No task, every column with its dtype."""
    empty = SCHEMA.frame([], {name: [] for name in SCHEMA.names})
    assert is_untouched(compared(empty, empty))
    assert is_untouched(compared(empty.astype("object"), empty))


def test_columns_of_nothing_but_nulls_have_no_changes() -> None:
    """A column that lost its dtype, because all of it is null, is still null."""
    nulls = SCHEMA.frame(["t0", "t1"], {name: [None, None] for name in EDITABLE if name != "title"})
    baseline = Baseline.of(nulls, SCHEMA)
    for null in (None, np.nan, pd.NA, pd.NaT):
        other = pd.DataFrame({name: [null, null] for name in nulls.columns}, index=nulls.index)
        assert is_untouched(compared(other, baseline)), null
        assert is_untouched(compared(other.astype("object"), baseline)), null
