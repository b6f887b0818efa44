"""Equal means equal to the service: never a change where it sees none, never a missed one."""

from __future__ import annotations

import enum
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import SCHEMA, agree, cells, compared, complaints, frame, is_untouched, one, put_on, pyarrow

from taskframe.schema import Column, Schema

BERLIN = ZoneInfo("Europe/Berlin")


class Word(enum.StrEnum):
    TODO = "todo"
    DONE = "done"


class OldWord(str, enum.Enum):  # noqa: UP042 - not the same: str() of it is "OldWord.TODO"
    TODO = "todo"


def column(name: str, **more: Any) -> Column:
    known = SCHEMA[name]
    return Column(**{**{f: getattr(known, f) for f in known.__dataclass_fields__}, **more})


EQUAL: list[tuple[str, Any, Any]] = [
    *(("points", 3, same) for same in (3, 3.0, "3", "3.0", "+3", "003", np.int8(3), np.float32(3), Decimal("3.00"))),
    ("points", 0, -0.0),
    ("points", 0, "-0"),
    ("points", 2**53 + 1, str(2**53 + 1)),
    ("points", 2**53 + 1, Decimal(2**53 + 1)),
    ("points", 2**53 + 1, float(2**53)),  # pandas makes floats of integers beside a null
    *(("size", 3.0, same) for same in (3, 3.0, "3", "3e0", ".3E1", np.float32(3), Decimal(3))),
    ("size", 0.0, -0.0),
    ("size", -0.0, 0),
    ("size", 0.1, Decimal("0.1")),
    *(("urgent", True, same) for same in (True, 1, 1.0, "true", "TRUE", np.True_)),
    *(("urgent", False, same) for same in (False, 0, 0.0, "False", np.False_)),
    *(("level", 2, same) for same in (2, 2.0, "2", "2.0", np.int64(2), Decimal(2))),
    *(("status", "todo", same) for same in ("todo", np.str_("todo"), Word.TODO, OldWord.TODO)),
    *(("title", "todo", same) for same in ("todo", np.str_("todo"), Word.TODO, OldWord.TODO)),
    *(
        ("dueAt", "2026-01-31T09:00:00Z", same)
        for same in (
            "2026-01-31T09:00:00Z",
            "2026-01-31T09:00:00+00:00",
            "2026-01-31 10:00+01:00",
            "2026-01-31T09:00:00",  # the baseline's wall time in UTC
            "2026-01-31T09:00:00.000000000Z",
            datetime(2026, 1, 31, 9, tzinfo=UTC),
            datetime(2026, 1, 31, 9),
            datetime(2026, 1, 31, 10, tzinfo=BERLIN),
            datetime(2026, 1, 31, 14, 30, tzinfo=timezone(timedelta(hours=5, minutes=30))),
            pd.Timestamp("2026-01-31T09:00:00Z"),
            pd.Timestamp("2026-01-31T10:00:00", tz="Europe/Berlin"),
            pd.Timestamp("2026-01-31T09:00:00"),
            np.datetime64("2026-01-31T09:00:00", "s"),
            np.datetime64("2026-01-31T09:00:00", "ns"),
        )
    ),
    ("dueAt", "2026-01-31T00:00:00Z", date(2026, 1, 31)),
    ("dueAt", "2026-01-31T00:00:00Z", "2026-01-31"),
    ("dueAt", "2026-10-25T00:30:00Z", datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=0)),
    ("dueAt", "2026-10-25T01:30:00Z", datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1)),
    *(
        ("labels", ["a", "b", "b"], same)
        for same in (
            ["b", "a", "b"], ("b", "b", "a"), np.array(["b", "b", "a"]), '["b","a","b"]', pd.Series(["a", "b", "b"])
        )
    ),
    ("labels", ["a", "b"], {"a", "b"}),
    ("labels", [{"x": 1}, [2]], [[2.0], {"x": 1.0}]),
    *(("steps", [1, None, True], same) for same in ([1.0, np.nan, True], (1, pd.NA, np.True_), "[1,null,true]")),
    ("steps", [], []),
    ("steps", [], np.array([])),
    *(("meta", {"a": [1, {"b": None}]}, same) for same in ({"a": (1.0, {"b": None})}, '{ "a": [1, {"b": null}] }')),
    ("meta", {"a": 1, "b": 2}, {"b": 2, "a": 1}),
    ("meta", {"n": 2**70}, {"n": 2**70}),
    ("note", None, ""),  # this service takes "" for null
    ("note", "", None),
    ("note", "", ""),
]  # fmt: skip

UNEQUAL: list[tuple[str, Any, Any, Any]] = [
    ("points", 3, 4, 4),
    ("points", 3, "4", 4),
    ("points", 2**53, 2**53 + 1, 2**53 + 1),
    ("points", 2**53 + 1, 2**53, 2**53),
    ("points", None, 0, 0),
    ("points", 0, None, None),
    ("size", 0.1, "0.1000000001", 0.1000000001),
    ("size", 0.3, 0.1 + 0.2, 0.1 + 0.2),
    ("size", None, 0.0, 0.0),
    ("urgent", None, False, False),
    ("urgent", False, None, None),
    ("urgent", True, "false", False),
    ("level", 2, "3", 3),
    ("level", 2, None, None),
    ("status", "todo", Word.DONE, "done"),
    ("title", "3", "3.0", "3.0"),
    ("title", "1234567890123456789012345678901234", "1234567890123456789012345678901235", None),
    ("title", "007", "7", "7"),
    ("title", "NA", "N/A", "N/A"),
    ("title", "Café", "Cafe\u0301", "Cafe\u0301"),  # the same to the eye, not to the service
    ("title", "a", "a ", "a "),
    ("title", "Todo", "todo", "todo"),
    ("assignee", None, "", ""),  # "" is not null unless the service says so
    ("assignee", "", None, None),
    ("note", "x", "", None),
    ("dueAt", "2026-01-31T09:00:00Z", "2026-01-31T09:00:00.000001Z", pd.Timestamp("2026-01-31T09:00:00.000001Z")),
    ("dueAt", "2026-01-31T09:00:00Z", "2026-01-31T09:00:00+01:00", pd.Timestamp("2026-01-31T08:00:00Z")),
    ("dueAt", None, "2026-01-31T09:00:00Z", pd.Timestamp("2026-01-31T09:00:00Z")),
    ("dueAt", "2026-10-25T00:30:00Z", datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=1),
     pd.Timestamp("2026-10-25T01:30:00Z")),
    ("labels", ["a", "a", "b"], ["a", "b", "b"], ["a", "b", "b"]),
    ("labels", ["a"], ["A"], ["A"]),
    ("labels", [1], [True], [True]),
    ("labels", None, [], []),
    ("labels", [], None, None),
    ("steps", ["a", "b"], ["b", "a"], ["b", "a"]),
    ("steps", [[]], [[[]]], [[[]]]),
    ("steps", [1], ["1"], ["1"]),
    ("steps", [0], [False], [False]),
    ("meta", {}, None, None),
    ("meta", {"a": None}, {}, {}),
    ("meta", {"a": 1}, {"a": "1"}, {"a": "1"}),
]  # fmt: skip


@pytest.mark.parametrize(("name", "before", "cell"), EQUAL, ids=lambda v: "a set" if isinstance(v, set) else repr(v))
def test_what_the_service_sees_no_difference_in_is_no_change(name: str, before: Any, cell: Any) -> None:
    """One value, however it is written."""
    found = one(column(name), before, cell)
    assert is_untouched(found), (cells(found), found.problems)


@pytest.mark.parametrize(("name", "before", "cell", "after"), UNEQUAL, ids=repr)
def test_what_the_service_sees_a_difference_in_is_a_change(name: str, before: Any, cell: Any, after: Any) -> None:
    """However small, and the value goes out in normal form."""
    expected = cell if after is None and cell is not None and name == "title" else after
    found = one(column(name), before, cell)
    assert found.problems == ()
    assert cells(found) == {("t0", name): expected}
    assert type(cells(found)["t0", name]) is type(expected)


@pytest.mark.parametrize(
    "null", [None, np.nan, pd.NA, pd.NaT, np.float32("nan"), np.datetime64("NaT", "us"), Decimal("NaN")], ids=repr
)
@pytest.mark.parametrize("name", [c.name for c in SCHEMA.editable if c.name != "title"])
def test_any_null_is_null(name: str, null: Any) -> None:
    """Where the service holds null it is no change, elsewhere it clears."""
    assert is_untouched(one(column(name), None, null))
    found = one(column(name), next(v for v in frame()[name] if isinstance(v, list | dict) or not pd.isna(v)), null)
    assert cells(found) == {("t0", name): None}


def test_a_time_without_a_zone_is_a_problem_unless_it_is_the_baselines() -> None:
    """Whose time would it be? The baseline's wall time in UTC is what `tz_localize(None)` leaves."""
    for naive in (pd.Timestamp("2026-01-31T10:00:00"), "2026-01-31T10:00", date(2026, 1, 31)):
        found = one(column("dueAt"), "2026-01-31T09:00:00Z", naive)
        assert complaints(found) == [("type", "t0", "dueAt")]
        assert "has no time zone" in found.problems[0].problem
    df = frame()
    naive = df.assign(dueAt=df["dueAt"].dt.tz_localize(None))
    naive.loc["t1", "dueAt"] = pd.Timestamp("2026-07-01T11:00:00")
    naive.loc["t2", "dueAt"] = pd.Timestamp("2026-07-01T11:00:00")
    naive.loc["t3", "dueAt"] = pd.NaT
    found = compared(naive, df)
    assert complaints(found) == [("type", "t1", "dueAt"), ("type", "t2", "dueAt")]
    assert cells(found) == {("t3", "dueAt"): None}


def test_an_equal_tuple_that_says_something_else_is_another_value() -> None:
    """In Python (1,) == (True,), and the service tells 1 from true."""
    df = frame(steps=[[0], [0]], version=[1, 1])
    edited = df.copy()
    edited["steps"] = pd.Series([(1,), (True,)], index=df.index)
    after = cells(compared(edited, df))
    assert [type(after[t, "steps"][0]) for t in ("t0", "t1")] == [int, bool]


def test_a_whole_column_in_a_narrow_float_is_unchanged() -> None:
    """What `pd.to_numeric(downcast=…)` and a null beside it lose is no edit; a real one is found."""
    df = frame(size=[0.1, 1e-3, 5.0], points=[2**53 + 1, 7, None], version=[1, 1, 1])
    narrow = df.astype({"size": "float32", "points": "float64"})
    assert is_untouched(compared(narrow, df))
    narrow.loc["t1", ["size", "points"]] = [0.5, 9.0]
    assert cells(compared(narrow, df)) == {("t1", "size"): 0.5, ("t1", "points"): 9}


@pytest.mark.parametrize("dtype", ["UInt64", "uint64", "complex128", "Int64", "float64", "object", "boolean"])
def test_no_edit_hides_behind_a_dtype(dtype: str) -> None:
    """Numbers that wrap, lose their fraction or their imaginary part in another dtype are seen."""
    base = frame(points=[1, 2], version=[1, 1])
    value: Any = {"UInt64": 2**64 - 1, "uint64": 2**64 - 1, "complex128": 1 + 2j, "boolean": False}.get(dtype, 5)
    edited = pd.DataFrame({"points": pd.Series([value, value], dtype=dtype).array}, index=base.index)
    found = compared(edited, base)
    assert len(found.changes) + len(found.problems) == 2


@pytest.mark.skipif(pyarrow is None, reason="needs pyarrow")
def test_arrow_decimals_keep_their_fraction() -> None:
    """3.5 is not 3."""
    base = frame(points=[3, 3], size=[3, 3], version=[1, 1])
    half = pd.Series([Decimal("3.5"), Decimal(3)], dtype=pd.ArrowDtype(pyarrow.decimal128(9, 2)), index=base.index)
    found = compared(base.assign(points=half, size=half), base)
    assert cells(found) == {("t0", "size"): 3.5}
    assert complaints(found) == [("type", "t0", "points")]


def test_times_that_no_service_can_hold_are_problems() -> None:
    """Year 300,000 fits into datetime64[s], and into no RFC 3339 timestamp."""
    base = frame(dueAt=["2026-01-31T09:00:00Z"], version=[1])
    far = pd.DataFrame({"dueAt": np.array(["300000-01-01"], dtype="datetime64[s]")}, index=base.index)
    assert complaints(compared(far, base)) == [("type", "t0", "dueAt")]


def test_half_a_surrogate_pair_is_a_problem_wherever_it_stands() -> None:
    """It is no text, and JSON in UTF-8 can't say it; it does not keep the others from being compared."""
    df = frame()
    edited = df.astype("object")
    edited.loc["t0", "title"] = "\ud800"
    edited.loc["t1", "title"] = "fine"
    edited.at["t0", "labels"] = ["\ud800"]
    edited.at["t0", "meta"] = {"\udfff": 1}
    edited.loc["t0", "status"] = "\ud800"
    found = compared(edited, df)
    assert sorted(c for _, _, c in complaints(found)) == ["labels", "meta", "status", "title"]
    assert cells(found) == {("t1", "title"): "fine"}
    assert all("surrogate" in p.problem for p in found.problems if p.column != "status")


def test_a_baseline_may_hold_half_a_surrogate_pair_in_a_list() -> None:
    """It was there before, and nobody edited it."""
    df = frame(labels=[["\ud800"], ["a"]], version=[1, 1])
    assert is_untouched(compared(df, df))
    edited = df.copy()
    edited.at["t1", "labels"] = ["b"]
    assert cells(compared(edited, df)) == {("t1", "labels"): ["b"]}


def test_what_is_in_a_cell_by_mistake_does_not_stop_the_diff() -> None:
    """An array, a Series, a function or a frame in a cell is a problem of that cell."""
    df = frame()
    edited = df.astype("object")
    for name in ("title", "status", "points", "size", "urgent", "dueAt", "labels", "meta", "level"):
        for task, value in {"t0": np.array([1, 2]), "t1": print, "t3": pd.DataFrame({"a": [1]}), "t4": b"x"}.items():
            edited.at[task, name] = value
    found = compared(edited, df)
    expected = {
        (t, c) for t in ("t0", "t1", "t3", "t4") for c in ("title", "status", "points", "size", "urgent", "dueAt")
    }
    assert expected <= {(t, c) for _, t, c in complaints(found)}
    assert cells(found) == {("t0", "labels"): [1, 2]}


def test_choices_may_come_as_any_category() -> None:
    """Intervals, times and booleans among the categories are no choices, and no reason to fall over."""
    df = frame()
    for categories in (pd.interval_range(0, 3), pd.date_range("2020", periods=3), pd.Index([True, False])):
        for name in ("status", "level"):
            codes = pd.Categorical.from_codes([0, 1, -1, 0, 1], categories)
            found = compared(df.assign(**{name: codes}), df)
            assert [c for _, _, c in complaints(found)] == [name] * 4


def test_renamed_categories_are_an_edit_of_every_cell() -> None:
    """The codes, and the memory that holds them, are the same as before; what they mean is not."""
    df = frame()
    status = df["status"].array
    swapped = pd.Categorical.from_codes(status.codes, categories=["done", "doing", "todo"])
    found = compared(df.assign(status=swapped), df)
    assert cells(found) == {("t0", "status"): "done", ("t1", "status"): "todo", ("t4", "status"): "done"}
    found = compared(df.assign(status=df["status"].cat.rename_categories({"todo": "done", "done": "todo"})), df)
    assert len(cells(found)) == 3


def test_a_choice_that_was_loaded_may_be_chosen_and_another_may_not() -> None:
    """What the service has shown exists, documented or not."""
    df = frame(status=["todo", "on hold", "done"], version=[1, 1, 1])
    edited = df.copy()
    edited["status"] = edited["status"].astype("object")
    edited.loc["t0", "status"] = "on hold"
    edited.loc["t2", "status"] = "doen"
    found = compared(edited, df)
    assert cells(found) == {("t0", "status"): "on hold"}
    assert complaints(found) == [("choice", "t2", "status")]
    assert "did you mean 'done'" in found.problems[0].problem


def test_a_choice_of_which_nothing_is_known_is_compared_too() -> None:
    """An open vocabulary, and a load that held none of it."""
    schema = Schema((Column("kind", "choice", editable=True, clearable=True),))
    df = schema.frame(["t0", "t1"], {"kind": [None, None]})
    assert is_untouched(compared(df.astype("object"), df, schema))
    assert is_untouched(compared(df.astype("str"), df, schema))
    assert complaints(compared(df.assign(kind=["x", None]), df, schema)) == [("choice", "t0", "kind")]


texts = st.text(max_size=12)
values: dict[str, st.SearchStrategy[Any]] = {
    "title": st.text(min_size=1, max_size=12),
    "note": st.none() | texts,
    "assignee": st.none() | st.sampled_from(["u_1", "u_2", "U_1", ""]),
    "status": st.sampled_from([None, "todo", "doing", "done"]),
    "level": st.sampled_from([None, 1, 2, 3]),
    "points": st.none() | st.integers(0, 2**63 - 1) | st.integers(0, 5),
    "size": st.none() | st.floats(-1e6, 1e6) | st.integers(-9, 9).map(float),
    "urgent": st.sampled_from([None, True, False]),
    "dueAt": st.none() | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)).map(lambda t: pd.Timestamp(t, tz=UTC)),
    "labels": st.none() | st.lists(st.sampled_from(["a", "b", 1, True, None]), max_size=3),
    "steps": st.none() | st.lists(st.sampled_from(["a", "b", 1, True, None]) | st.lists(texts, max_size=2), max_size=3),
    "meta": st.none() | st.dictionaries(texts, st.none() | st.booleans() | texts | st.integers(), max_size=3),
}  # fmt: skip
rows = st.fixed_dictionaries(values)


@pytest.mark.slow
@settings(deadline=None, max_examples=60)
@given(data=st.data())
def test_the_changes_put_on_the_baseline_give_the_edited_values(data: st.DataObject) -> None:
    """For any tasks, any edits, any order and any of several dtypes: all of the edits, and only them."""
    before = data.draw(st.lists(rows, min_size=1, max_size=6))
    after = [data.draw(rows | st.just(row)) for row in before]
    mixed = [
        {name: data.draw(st.sampled_from([b[name], a[name]])) for name in b} for b, a in zip(before, after, strict=True)
    ]
    ids = [f"t{i}" for i in range(len(before))]
    base = SCHEMA.frame(ids, {name: [row[name] for row in before] for name in values})
    wanted = {name: [row[name] for row in mixed] for name in values}
    edited = SCHEMA.frame(ids, wanted)
    shape = data.draw(st.sampled_from(["as it is", "object", "convert", "shuffled"]))
    if shape == "object":
        edited = edited.astype("object")
    elif shape == "convert":
        edited = edited.convert_dtypes()
    elif shape == "shuffled":
        edited = edited.sample(frac=1, random_state=len(ids))
    found = compared(edited, base)
    assert found.problems == ()
    assert agree(put_on(base, found), wanted)
    table = found.changes.frame()
    assert not table.duplicated(["id", "column"]).any()
    for task, name, old, new in table.itertuples(index=False):
        at = ids.index(task)
        assert agree({name: [old]}, {name: [before[at][name]]})
        assert not agree({name: [new]}, {name: [before[at][name]]})
