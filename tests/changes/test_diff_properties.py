"""Put the changes on the baseline, and you have the edited values: for any tasks, edits and dtypes of each service."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import agree, cells, compared, complaints, is_untouched, put_on
from makers import SCHEMAS, dressed, edits, full, loads

from taskframe.changes.normal import same
from taskframe.schema import Schema

each_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())


@each_schema
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_the_changes_put_on_the_baseline_give_the_edited_values(schema: Schema, data: st.DataObject) -> None:
    """All of the edits, and only them, each once, with what was there before; whatever the frame looks like."""
    made = data.draw(edits(schema))
    df = data.draw(dressed(made.edited, schema))
    found = compared(df, made.base, schema)
    assert not found.problems, df.dtypes
    assert not found.warnings
    assert not found.ignored
    assert agree(put_on(made.base, found, schema), made.after, schema)
    table = found.changes.frame()
    assert not table.duplicated(["id", "column"]).any()
    assert set(cells(found)) == set(made.wanted())
    for task, name, old, new in table.itertuples(index=False):
        before = made.before[name][made.ids.index(task)]
        assert same(old, before, schema[name])
        assert not same(new, before, schema[name])


@each_schema
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_a_frame_that_nobody_edited_has_no_changes(schema: Schema, data: st.DataObject) -> None:
    """In any dress, whole or in part, and with its times in UTC without saying so."""
    made = data.draw(loads(schema))
    df = data.draw(dressed(made.base, schema, naive=True))
    found = compared(df, made.base, schema)
    assert is_untouched(found), (found.changes.frame(), found.problems, found.warnings, df.dtypes)
    kept = df.iloc[data.draw(st.integers(0, len(df))) :, : data.draw(st.integers(0, len(df.columns)))]
    if schema.index in (*kept.columns, *kept.index.names):
        assert is_untouched(compared(kept, made.base, schema))


@each_schema
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_rows_and_columns_that_are_left_out_are_left_alone(schema: Schema, data: st.DataObject) -> None:
    """Of the edits there is what is in the part that was given back, and nothing else."""
    made = data.draw(edits(schema))
    rows = data.draw(st.lists(st.sampled_from(made.ids), unique=True))
    columns = data.draw(st.lists(st.sampled_from(list(made.after)), unique=True))
    df = data.draw(dressed(made.edited.loc[rows, columns], schema))
    found = compared(df, made.base, schema)
    assert not found.problems
    assert set(cells(found)) == {(i, c) for i, c in made.wanted() if i in rows and c in columns}


@each_schema
@settings(deadline=None, max_examples=15)
@given(data=st.data())
def test_what_is_read_only_is_never_a_change(schema: Schema, data: st.DataObject) -> None:
    """A warning for each column with an edit, and none for the others."""
    made = data.draw(loads(schema))
    fixed = [c for c in schema if c.name in made.before and not c.editable and c.role not in ("version", "updated")]
    edited = {c.name: data.draw(st.none() | full(c)) for c in fixed}
    df = made.base
    for name, value in edited.items():
        df[name] = schema[name].array([value] * len(df))
    found = compared(df, made.base, schema)
    assert not len(found.changes)
    assert not found.problems
    moved = [n for n, v in edited.items() if any(not same(old, v, schema[n]) for old in made.before[n])]
    assert [w for w in found.warnings if "read-only column" not in w] == []
    assert [any(f"column {n} ignored" in w for w in found.warnings) for n in moved] == [True] * len(moved)
    assert len(found.warnings) == len(moved)


NEVER: dict[str, tuple[Any, ...]] = {
    "text": (5, 1.5, True, ["a"], {"a": 1}, b"a", pd.Timestamp("2026-01-01", tz="UTC")),
    "choice": ("nobody has ever seen this", 99, True, ["todo"], 1.5),
    "integer": ("x", 1.5, True, False, [1], float("inf"), "1e3"),
    "number": ("x", True, False, [1], float("inf"), "nan"),
    "boolean": ("yes", 2, [True], "1.5"),
    "timestamp": ("soon", 5, True, ["2026-01-01"], "2026-13-01T00:00:00Z", "2026-01-01T00:00:00.5"),
    "list": ("a", 5, {"a": 1}, [object()], [float("inf")], '{"a": 1}', True),
    "object": ("a", 5, ["a"], {1: 2}, {"a": float("inf")}, "[]", True),
    "any": (object(), float("inf"), [float("-inf")], {1: 2}, b"a"),
}


@each_schema
@settings(deadline=None, max_examples=25)
@given(data=st.data())
def test_what_does_not_fit_is_a_problem_of_its_cell_alone(schema: Schema, data: st.DataObject) -> None:
    """Never a change, never passed over in silence, and no other cell suffers."""
    made = data.draw(edits(schema))
    editable = [n for n in made.after if schema[n].editable]
    if not editable:
        return
    name, task = data.draw(st.sampled_from(editable)), data.draw(st.sampled_from(made.ids))
    df = made.edited
    df[name] = df[name].astype("object")
    df.at[task, name] = data.draw(st.sampled_from(NEVER[schema[name].kind]))
    found = compared(df, made.base, schema)
    assert [(i, c) for _, i, c in complaints(found)] == [(task, name)]
    assert set(cells(found)) == set(made.wanted()) - {(task, name)}
