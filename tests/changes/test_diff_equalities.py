"""What is equal to the service, both ways: every spelling of a value is no change, the nearest other value is one."""

from __future__ import annotations

import enum
import json
import math
import unicodedata
from datetime import UTC, datetime
from decimal import Decimal
from typing import Any
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import cells, complaints, is_untouched, one
from makers import KORE_SCHEMA, SCHEMAS, Text, full, moments, words

from taskframe.changes.normal import same
from taskframe.schema import Column

INTEGER = Column("n", "integer", editable=True, clearable=True)
NUMBER = Column("n", "number", editable=True, clearable=True)
TEXT = Column("t", "text", editable=True, clearable=True)
BOOLEAN = Column("b", "boolean", editable=True, clearable=True)
TIME = Column("d", "timestamp", editable=True, clearable=True)
SET = Column("s", "list", editable=True, clearable=True, unordered=True)
LIST = Column("s", "list", editable=True, clearable=True)
OBJECT = Column("o", "object", editable=True, clearable=True)
ANY = Column("a", "any", editable=True, clearable=True, blank_is_null=True)
some = settings(deadline=None, max_examples=30)


def is_same(column: Column, before: Any, cell: Any) -> bool:
    """Neither a change nor a problem."""
    return is_untouched(one(column, before, cell))


def is_other(column: Column, before: Any, cell: Any, after: Any) -> bool:
    """Exactly one change, with that value, and no problem."""
    found = one(column, before, cell)
    return not found.problems and list(map(repr, cells(found).values())) == [repr(after)]


def is_problem(column: Column, before: Any, cell: Any) -> bool:
    """Exactly one problem, and no change."""
    found = one(column, before, cell)
    return not cells(found) and complaints(found) == [("type", "t0", column.name)]


def integers(number: int) -> list[Any]:
    exact = [float(number), np.float64(number)] if abs(number) < 2**53 else []
    return [number, np.int64(number), str(number), f"{number:+05}", f"{number}.0"[: None if exact else -2],
            Decimal(number), *exact]  # fmt: skip


@some
@given(st.sampled_from([0, 1, 2**53 - 1, 2**53, 2**53 + 1, 2**63 - 2, -(2**53) - 1]) | st.integers(-(2**62), 2**62))
def test_integers(number: int) -> None:
    """To the last digit, beyond what a float can hold too."""
    assert all(is_same(INTEGER, number, cell) for cell in integers(number))
    assert all(is_other(INTEGER, number, cell, number + 1) for cell in integers(number + 1))
    assert is_same(INTEGER, number, float(number))  # pandas makes floats of integers beside a null
    assert is_problem(INTEGER, number, float(number) / 2 + 0.25) or abs(number) > 2**50


@some
@given(st.sampled_from([0.0, -0.0, 0.1, 0.1 + 0.2, 5e-324, 1e308, 2.0**53]) | st.floats(-1e300, 1e300))
def test_numbers(number: float) -> None:
    """To the last bit; -0.0 is 0.0, NaN is null, and infinity is no number."""
    other = math.nextafter(number, 2e308)
    for value, judge in ((number, is_same), (other, lambda *a: is_other(*a, other + 0.0))):
        for cell in (value, np.float64(value), repr(value), Decimal(repr(value)), Decimal(value)):
            assert judge(NUMBER, number, cell) or (isinstance(cell, Decimal) and value == int(value))
    assert is_other(NUMBER, number, math.nan, None)
    assert is_same(NUMBER, None, np.float32("nan"))
    assert is_problem(NUMBER, number, math.inf)
    assert is_problem(NUMBER, None, -math.inf)


@pytest.mark.parametrize("column", [INTEGER, NUMBER, Column("c", "choice", editable=True, choices=(0, 1, 2))], ids=repr)
@pytest.mark.parametrize("number", [0, 1])
@pytest.mark.parametrize("dtype", ["object", "bool", "boolean", "category"])
def test_true_is_not_one(column: Column, number: int, dtype: str) -> None:
    """Python says it is, and the service does not: `df["n"] = df["n"] == 1` is a problem in every row."""
    found = one(column, number, bool(number), dtype)
    assert not cells(found)
    assert [(i, c) for _, i, c in complaints(found)] == [("t0", column.name)]


@pytest.mark.parametrize("truth", [True, False])
def test_truth(truth: bool) -> None:
    """True is 1, in any dress, and never the other one."""
    for cell in (truth, np.bool_(truth), int(truth), float(truth), str(truth), str(truth).lower()):
        assert is_same(BOOLEAN, truth, cell)
        assert is_other(BOOLEAN, not truth, cell, truth)
        assert is_other(BOOLEAN, None, cell, truth)
    assert is_problem(BOOLEAN, truth, 2)
    assert is_problem(BOOLEAN, truth, "yes")
    assert is_problem(BOOLEAN, truth, "1")


@some
@given(words)
def test_text(text: str) -> None:
    """To the letter: of one's own class, an enum's member or numpy's; and any other letter makes another text."""
    member = enum.Enum("Word", {"IT": text}, type=str).IT
    assert all(is_same(TEXT, text, cell) for cell in (text, Text(text), member, np.str_(text)))
    near = {text + " ", " " + text, text[:-1], text.swapcase(), text + "\u200b", text + "\ufeff", text * 2}
    near |= {unicodedata.normalize(form, text) for form in ("NFC", "NFD", "NFKC", "NFKD")}
    for other in near - {text}:
        assert is_other(TEXT, text, other, other)
        assert is_other(TEXT, other, text, text)
        assert is_other(TEXT, text, Text(other), other)
    assert is_other(TEXT, text, None, None)
    assert is_other(TEXT, None, text, text)
    assert is_problem(TEXT, text, text + "\ud800")


BERLIN, APIA, NEW_YORK = map(ZoneInfo, ("Europe/Berlin", "Pacific/Apia", "America/New_York"))


@some
@given(moments | st.datetimes(datetime(1, 1, 2), datetime(9999, 12, 30)))
def test_times(moment: datetime) -> None:
    """One instant in any zone and type, hours that happen twice too; the next microsecond is another one."""
    aware = moment.replace(tzinfo=UTC)
    stamp = pd.Timestamp(aware).as_unit("us")
    local = [aware.astimezone(zone) for zone in (BERLIN, APIA, NEW_YORK)]
    spelled = [t.isoformat() for t in (aware, *local) if t.utcoffset().total_seconds() % 60 == 0]  # type: ignore[union-attr]
    for cell in (aware, stamp, *local, *spelled, moment, pd.Timestamp(moment), moment.isoformat(),
                 np.datetime64(moment, "us")):  # fmt: skip
        assert is_same(TIME, stamp, cell), cell
    later = stamp + pd.Timedelta(microseconds=1)
    assert is_other(TIME, stamp, later, later)
    assert is_other(TIME, stamp, later.isoformat(), later)
    assert is_other(TIME, stamp, later.to_pydatetime().astimezone(BERLIN), later)
    assert is_problem(TIME, stamp, later.tz_localize(None))  # whose time is it?
    assert is_same(TIME, stamp, moment.date()) is (moment.time() == datetime.min.time())


def test_local_times_that_happen_twice_or_never() -> None:
    """The first and the second 02:30 are an hour apart; one that the clocks skip is what Python takes it for."""
    first, second = (datetime(2026, 10, 25, 2, 30, tzinfo=BERLIN, fold=fold) for fold in (0, 1))
    assert is_same(TIME, "2026-10-25T00:30:00Z", first)
    assert is_other(TIME, "2026-10-25T00:30:00Z", second, pd.Timestamp("2026-10-25T01:30:00Z"))
    assert is_same(TIME, "2026-10-25T01:30:00Z", pd.Timestamp("2026-10-25T02:30:00+01:00").tz_convert("Europe/Berlin"))
    assert is_same(TIME, "2026-03-29T01:30:00Z", datetime(2026, 3, 29, 2, 30, tzinfo=BERLIN))


def test_a_time_is_compared_as_finely_as_the_service_keeps_it() -> None:
    """Kore keeps milliseconds: what comes after them is no difference, though a text of its may show it."""
    eta = KORE_SCHEMA["ETA"]
    assert is_same(eta, "2026-01-31T09:00:00.123456Z", "2026-01-31T09:00:00.123456Z")
    assert is_same(eta, "2026-01-31T09:00:00.123456Z", pd.Timestamp("2026-01-31T09:00:00.123999Z"))
    later = pd.Timestamp("2026-01-31T09:00:00.124Z")
    assert is_other(eta, "2026-01-31T09:00:00.123456Z", later, later)
    assert is_same(TIME, "2026-01-31T09:00:00Z", np.datetime64("2026-01-31T09:00:00.000000999", "ns"))


items = st.sampled_from(["a", "b", 1, True, None, 0, False, 1.5]) | st.lists(st.sampled_from([1, True]), max_size=2)


@some
@given(st.lists(items, max_size=4), st.data())
def test_lists(values: list[Any], data: st.DataObject) -> None:
    """A set has no order, but counts; in another list the order counts; true is not 1 in either."""
    mixed = data.draw(st.permutations(values))
    for cell in (mixed, tuple(mixed), json.dumps(mixed)):
        assert is_same(SET, values, cell)
        assert is_same(LIST, values, cell) is (json.dumps(mixed) == json.dumps(values))
    assert is_other(SET, values, [*mixed, "a"], [*mixed, "a"])
    for at, item in enumerate(mixed):
        other = [*mixed[:at], *mixed[at + 1 :]]
        assert is_other(SET, values, other, other)
        swapped = {json.dumps(1): True, json.dumps(True): 1, json.dumps(0): False, json.dumps(False): 0}
        if json.dumps(item) in swapped:
            other = [*mixed[:at], swapped[json.dumps(item)], *mixed[at + 1 :]]
            assert is_other(SET, values, other, other)
    assert is_other(LIST, values, None, None)
    assert is_other(LIST, None, [], [])


UNSENDABLE: list[tuple[Any, Any]] = [
    ([None], [math.inf]), (["YQ=="], [b"a"]), (["2026-01-01"], [datetime(2026, 1, 1).date()]),
    ([1767225600000000000], np.array(["2026-01-01"], dtype="datetime64[ns]")), ([[]], [set()]),
]  # fmt: skip


@pytest.mark.parametrize(("before", "cell"), UNSENDABLE, ids=repr)
def test_what_a_json_writer_would_make_equal_is_seen(before: Any, cell: Any) -> None:
    """Infinity is no null, bytes are no text, a time is no number: neither equal nor to be sent."""
    assert is_problem(LIST, before, cell)
    assert is_problem(OBJECT, {"a": before}, {"a": cell})


def test_a_decimal_in_a_list_is_a_number() -> None:
    """And not the text of its digits."""
    assert is_same(LIST, [1.5, 2], [Decimal("1.5"), Decimal(2)])
    assert is_other(LIST, ["1.5"], [Decimal("1.5")], [1.5])
    assert is_problem(OBJECT, {"1": 2}, {1: 2})


@pytest.mark.parametrize(("before", "cell", "after"), [
    (3, "3", "3"), ("3", 3, 3), (True, 1, 1), (1, True, True), ("null", None, None), ([], None, None), ({}, [], []),
    ("[1]", [1], [1]), ("a", "A", "A"), (2**53 + 1, 2**53, 2**53), (0, False, False), (None, [], []),
], ids=repr)  # fmt: skip
def test_mixed_fields(before: Any, cell: Any, after: Any) -> None:
    """Any two JSON values that are written otherwise are two values; "" is no value."""
    assert is_other(ANY, before, cell, after)
    assert is_same(ANY, before, before)
    assert is_same(ANY, None, "")


@pytest.mark.parametrize("dtype", ["float32", "Float32", pd.SparseDtype("float32"), "float16"], ids=str)
def test_a_narrow_float_is_the_number_that_it_is_nearest_to(dtype: Any) -> None:
    """Whoever narrows a column has edited nothing."""
    assert is_untouched(one(NUMBER, 0.1, 0.1, dtype))
    assert list(cells(one(NUMBER, 0.1, 0.5, dtype)).values()) == [0.5]


COLUMNS = [(name, column.name) for name, schema in SCHEMAS.items() for column in schema.editable]


@settings(deadline=None, max_examples=80)
@given(st.sampled_from(COLUMNS), st.data())
def test_every_editable_column_of_every_service(place: tuple[str, str], data: st.DataObject) -> None:
    """A value is itself, every null is its null, and clearing is a change where it may be sent and else a problem."""
    column = SCHEMAS[place[0]][place[1]]
    value = data.draw(full(column))
    other = data.draw(full(column).filter(lambda v: not same(v, value, column)))
    null = data.draw(st.sampled_from([None, math.nan, pd.NA, pd.NaT, np.datetime64("NaT", "ns"), Decimal("NaN")]))
    assert is_same(column, value, value)
    assert list(cells(one(column, value, other))) == [("t0", column.name)]
    if column.nullable:
        assert is_same(column, None, null)
    if column.clearable:
        assert is_other(column, value, null, None)
    else:
        assert [p.kind for p in one(column, value, null).problems] == ["null"]
    assert list(cells(one(column, None, value))) == [("t0", column.name)]
    if column.kind == "text" and column.nullable:
        assert is_same(column, None, "") is column.blank_is_null
