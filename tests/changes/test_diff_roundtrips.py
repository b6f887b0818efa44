"""Tasks that went through a file, and came back: no change where nobody edited, and each edit is still there."""

from __future__ import annotations

import copy
import io
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import SCHEMA, agree, cells, compared, complaints, frame, is_untouched
from makers import (
    CATALOGUES,
    KORE_CATALOGUE,
    KORE_SCHEMA,
    KORE_TASKS,
    SCHEMAS,
    SERVICES,
    Edits,
    dressed,
    edits,
    kore_columns,
    kore_loads,
    loads,
)

import taskframe as tf
from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.intake import take_frame
from taskframe.changes.normal import normal_values
from taskframe.files.csv import read_csv, write_csv
from taskframe.files.saved import (
    changes_payload,
    frame_payload,
    payload_changes,
    payload_frame,
    read_document,
    write_document,
)
from taskframe.schema import Schema

each_schema = pytest.mark.parametrize("schema", SCHEMAS.values(), ids=SCHEMAS.keys())
each_service = pytest.mark.parametrize("name", SERVICES)


@contextmanager
def passing(folder: pytest.TempPathFactory, name: str) -> Iterator[Path]:
    """A path for one example."""
    path = folder.getbasetemp() / name
    try:
        yield path
    finally:
        path.unlink(missing_ok=True)


def known_choices(baseline: Baseline) -> dict[str, Any]:
    return {
        c.name: tuple(baseline.frame[c.name].cat.categories)
        for c in baseline.schema
        if c.kind == "choice" and c.name in baseline.frame
    }


def through_csv(df: pd.DataFrame, baseline: Baseline, path: Path) -> Diff:
    """What a file of these tasks says that somebody edited."""
    write_csv(df, baseline.schema, path, baseline=baseline)
    return diff(baseline, read_csv(path, baseline.schema, choices=known_choices(baseline)))


def lines(value: Any) -> Any:
    return value.replace("\r\n", "\n").replace("\r", "\n") if isinstance(value, str) else value


def wanted(made: Edits) -> set[tuple[str, str]]:
    """The edits that a file can tell: an editor of files may change the ends of lines, so they are none."""
    found = set()
    for task, name in made.wanted():
        at = made.ids.index(task)
        if lines(made.before[name][at]) != lines(made.after[name][at]) or made.schema[name].kind != "text":
            found.add((task, name))
    return found


# CSV


@each_schema
@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_a_csv_file_holds_every_edit_and_no_other(
    schema: Schema, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Cleared cells, empty texts, blanks, quotes and formulas among them, whatever dtypes the frame had."""
    made = data.draw(edits(schema))
    df = data.draw(dressed(made.edited, schema))
    with passing(tmp_path_factory, "edits.csv") as path:
        found = through_csv(df, made.baseline, path)
        unedited = through_csv(made.base, made.baseline, path)
    assert not found.problems, found.problems
    assert set(cells(found)) == wanted(made)
    for (task, name), after in cells(found).items():
        assert agree({name: [after]}, {name: [made.after[name][made.ids.index(task)]]}, schema)
    assert not len(unedited.changes)
    assert not unedited.problems


@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_any_fields_of_a_kore_account_go_through_files(
    data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """Of one kind or of several, with values that are not of the kind that is declared, under any name."""
    df, schema, catalogue = data.draw(kore_loads())
    assert is_untouched(compared(data.draw(dressed(df, schema, naive=True)), df, schema))
    tasks = tf.from_frame(df, "kore", catalogue=catalogue)
    with passing(tmp_path_factory, "kore.csv") as path:
        tasks.to_csv(path)
        plan = tasks.plan_csv(path)
        assert (len(plan), len(plan.problems), plan.warnings) == (0, 0, ())
    with passing(tmp_path_factory, "kore.tasks") as path:
        tasks.save(path)
        opened = tf.open_tasks(path)
    assert opened.schema.names == schema.names
    assert not len(opened.plan(df))
    assert not len(tasks.plan(opened.df))


# Saved tasks


@each_schema
@settings(deadline=None, max_examples=12)
@given(data=st.data())
def test_saved_tasks_and_their_edits_come_back(
    schema: Schema, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """The baseline has the same cells and dtypes, and the changes are the same to the type."""
    made = data.draw(edits(schema))
    baseline = made.baseline
    changes = compared(made.edited, baseline, schema).changes
    with passing(tmp_path_factory, "any.tasks") as path:
        rows = baseline.rows(np.arange(len(baseline)))
        write_document(path, "tasks", {"frame": frame_payload(rows, schema), "edits": changes_payload(changes)})
        document = read_document(path, "tasks")
    base = payload_frame(document["frame"], schema)
    assert dict(base.dtypes) == dict(made.base.dtypes)
    assert is_untouched(compared(base, baseline, schema))
    assert is_untouched(compared(made.base, base, schema))
    opened = payload_changes(document["edits"], schema)
    assert opened.ids.tolist() == changes.ids.tolist()
    assert list(opened.columns) == list(changes.columns)
    for name, column in changes.columns.items():
        assert opened.columns[name].rows.tolist() == column.rows.tolist()
        assert repr(opened.columns[name].after.tolist()) == repr(column.after.tolist())
        assert repr(opened.columns[name].before.tolist()) == repr(column.before.tolist())


@each_service
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_a_frame_is_saved_and_opened_and_nobody_edited_it(
    name: str, data: st.DataObject, tmp_path_factory: pytest.TempPathFactory
) -> None:
    """`from_frame` of any dress, `save`, `open_tasks`: each of the three frames is no edit of the others."""
    schema = SCHEMAS[name]
    made = data.draw(loads(schema))
    df = data.draw(dressed(made.base, schema))
    tasks = tf.from_frame(df, name, catalogue=CATALOGUES[name])
    with passing(tmp_path_factory, f"{name}.tasks") as path:
        tasks.save(path)
        opened = tf.open_tasks(path)
    frames = (df, tasks.df, opened.df)
    for known in (tasks, opened):
        for other in frames:
            plan = known.plan(other)
            assert (len(plan), len(plan.problems), plan.warnings, plan.ignored) == (0, 0, (), ())


def kore_tasks() -> tf.TaskFrame:
    values, _ = kore_columns(KORE_TASKS)
    return tf.from_frame(KORE_SCHEMA.frame(values["_id"], values), "kore", catalogue=KORE_CATALOGUE)


def test_edits_of_lists_and_mixed_fields_are_saved_and_opened(tmp_path: Path) -> None:
    """Kore's tags, its own fields and a name that stands for an object, put into the opened frame as they were."""
    tasks = kore_tasks()
    after: dict[str, Any] = {
        "tags": ["a", "c"], "fields.Skills": [], "fields.Odd": 5, "fields.Blob": {"b": [None, True]}, "desc": "new",
        "fields.Effort": 7.5, "fields.Sure": False, "fields.Starts": pd.Timestamp("2026-02-02", tz="UTC"),
        "status.name": "Closed", "currAssignee._id": None, "fields.Big": 2**53 + 3,
    }  # fmt: skip
    for name, value in after.items():
        tasks.df.at["ti-1", name] = value
    tasks.save(tmp_path / "a.tasks")
    opened = tf.open_tasks(tmp_path / "a.tasks")
    for frame_ in (tasks, opened):
        plan = frame_.plan()
        assert not len(plan.problems)
        assert {c: v for _, c, _, v in plan.changes.itertuples(index=False)} == after
    assert dict(opened.df.dtypes) == dict(tasks.df.dtypes)
    tasks.to_csv(tmp_path / "a.csv")
    assert tasks.plan_csv(tmp_path / "a.csv").changes.equals(tasks.plan().changes)
    assert opened.plan_csv(tmp_path / "a.csv").changes.equals(tasks.plan().changes)


def test_a_choice_is_edited_beside_one_that_is_not_documented(tmp_path: Path) -> None:
    """The saved edits know the documented choices, the opened frame also those that were seen."""
    values = {"status": ["todo", "frozen"], "priority": ["low", "unheard of"], "title": ["a", "b"], "version": [1, 1]}
    tasks = tf.from_frame(pd.DataFrame(values, index=pd.Index(["t1", "t2"], name="id")), "reload")
    tasks.df.loc["t1", ["status", "priority"]] = ["done", "urgent"]
    tasks.df.loc["t2", "status"] = "todo"
    tasks.save(tmp_path / "a.tasks")
    opened = tf.open_tasks(tmp_path / "a.tasks")
    assert opened.plan().changes.equals(tasks.plan().changes)
    assert len(opened.plan().changes) == 3
    assert opened.df["priority"].cat.ordered


# JSON, as pandas writes it


def through_json(df: pd.DataFrame, orient: str, **options: Any) -> pd.DataFrame:
    """`to_json` and `read_json` with the options under which pandas keeps the most."""
    text = (df.reset_index() if orient == "records" else df).to_json(
        orient=orient, **{"date_format": "iso", "date_unit": "us", "double_precision": 15, **options}
    )
    exact = {"precise_float": True} | ({} if orient == "table" else {"dtype": False})
    return pd.read_json(io.StringIO(text), orient=orient, **exact)


def is_short(value: Any) -> bool:
    """Whether pandas writes every digit of a number: it writes 15 decimals at most."""
    return not isinstance(value, float) or (round(value, 9) == value)


@each_schema
@pytest.mark.parametrize("orient", ["records", "table"])
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_json_changes_nothing(schema: Schema, orient: str, data: st.DataObject) -> None:
    """Text for times, floats for integers beside a null, objects for booleans: all of it is what was there."""
    made = data.draw(loads(schema))
    base = made.base
    for column in schema:
        if column.name in base and column.kind == "number":
            base[column.name] = base[column.name].where(base[column.name].map(is_short), 0.5)
        if column.name in base and column.kind == "timestamp" and orient == "table":  # nanoseconds: 1678 to 2261
            base[column.name] = base[column.name].where(base[column.name].dt.year.between(1700, 2200), None)
        if column.name in base and column.kind == "integer" and orient == "table":  # by way of a float, beside a null
            base[column.name] = base[column.name].clip(upper=2**53)
    found = compared(through_json(base, orient), base, schema)
    assert is_untouched(found), (found.changes.frame(), found.problems, found.warnings)


def test_what_pandas_loses_in_json_is_seen() -> None:
    """Another value is a change, a value of another sort a problem: none is passed over."""
    df = frame(
        title=["007", "1234567890123456789012345678901234"],
        size=[0.1 + 0.2, 0.5],
        points=[2**53 + 1, None],
        dueAt=["2026-07-01T09:00:00.123456Z", "2026-07-01T09:00:00.123Z"],
        version=[1, 1],
    )
    found = compared(through_json(df, "records", date_unit="ms"), df)  # the default
    assert cells(found) == {
        ("t0", "size"): 0.3,  # to 15 decimals
        ("t0", "dueAt"): pd.Timestamp("2026-07-01T09:00:00.123Z"),
    }
    assert cells(compared(through_json(df[["points"]], "table"), df)) == {("t0", "points"): 2**53}
    numbers = df.assign(dueAt=df["dueAt"].astype("int64"))  # `date_format="epoch"`
    assert complaints(compared(numbers, df)) == [("type", "t0", "dueAt"), ("type", "t1", "dueAt")]
    guessed = pd.read_json(io.StringIO(df[["title"]].head(1).reset_index().to_json(orient="records")))
    found = compared(guessed, df)  # `dtype=False` keeps text that looks like a number
    assert not len(found.changes)
    assert [p.problem for p in found.problems] == ["7 is a number; title takes text: write '7'"]


# Parquet


@each_schema
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_parquet_changes_nothing(schema: Schema, data: st.DataObject) -> None:
    """With pandas' own dtypes or Arrow's, and without what pandas notes of dtypes in the file."""
    parquet = pytest.importorskip("pyarrow.parquet")
    made = data.draw(loads(schema, tame=True))
    base = made.base
    file = io.BytesIO()
    base.to_parquet(file)
    bare = parquet.read_table(io.BytesIO(file.getvalue()))
    for back in (
        pd.read_parquet(io.BytesIO(file.getvalue())),
        pd.read_parquet(io.BytesIO(file.getvalue()), dtype_backend="pyarrow"),
        pd.read_parquet(io.BytesIO(file.getvalue()), dtype_backend="numpy_nullable"),
        bare.to_pandas(ignore_metadata=True),
        bare.to_pandas(types_mapper=pd.ArrowDtype),
    ):
        found = compared(back, base, schema)
        assert is_untouched(found), (found.changes.frame(), found.problems, found.warnings, back.dtypes)


def test_what_parquet_loses_is_seen() -> None:
    """Its objects have one set of keys: what one lacked comes back as null, which is not the same."""
    pytest.importorskip("pyarrow")
    df = frame(meta=[{"a": "x"}, {"b": "y"}, None], version=[1, 1, 1])
    file = io.BytesIO()
    df.to_parquet(file)
    found = compared(pd.read_parquet(io.BytesIO(file.getvalue())), df)
    assert cells(found) == {("t0", "meta"): {"a": "x", "b": None}, ("t1", "meta"): {"a": None, "b": "y"}}
    texts = df.assign(meta=Baseline.of(df, SCHEMA).frame["meta"])  # as JSON text nothing is lost
    file = io.BytesIO()
    texts.to_parquet(file)
    assert is_untouched(compared(pd.read_parquet(io.BytesIO(file.getvalue())), df))


# In memory


@each_schema
@settings(deadline=None, max_examples=10)
@given(data=st.data())
def test_pandas_own_detours_change_nothing(schema: Schema, data: st.DataObject) -> None:
    """Records, dicts, melted columns, rows one by one, groups, a merge with itself, a transposed frame."""
    made = data.draw(loads(schema, most=5))
    df = made.base
    flat = df.reset_index()
    for back in (
        pd.DataFrame(flat.to_dict("records"), columns=flat.columns),
        pd.DataFrame.from_dict(flat.to_dict("list")),
        pd.DataFrame(flat.to_dict("series")),
        df.T.T,
        pd.concat([df.iloc[[at]] for at in range(len(df))]),
        pd.concat([df[[name]] for name in df], axis=1),
        pd.DataFrame([row for _, row in flat.iterrows()]),
        flat.merge(flat[[schema.index]], on=schema.index),
        df.reindex(df.index[::-1]),
        df.sample(frac=1.0, random_state=len(df)),
        df.where(df.notna(), None),
        copy.deepcopy(df),
    ):
        found = compared(back, df, schema)
        assert is_untouched(found), (found.changes.frame(), found.problems, found.warnings, back.dtypes)
    for name in df:
        assert normal_values(df[name]) == normal_values(made.base[name])


def test_taking_a_frame_in_does_not_change_it() -> None:
    """Neither the frame nor what is in its cells, however often it is compared."""
    df = frame()
    edited = copy.deepcopy(df.astype("object"))
    baseline = Baseline.of(df, SCHEMA)
    for _ in range(2):
        assert is_untouched(diff(baseline, take_frame(edited, SCHEMA)))
    assert edited.equals(df.astype("object"))
