"""Any cell an analyst's frame may hold comes to one normal form, or to words that say what would be right."""

from __future__ import annotations

import enum
import math
from collections.abc import Callable
from datetime import UTC, date, datetime, timedelta, timezone
from decimal import Decimal
from zoneinfo import ZoneInfo

import numpy as np
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskframe.changes.normal import is_null, normal_values, parse, plain, same
from taskframe.schema import UTC_DTYPE, Column, Unfit

TITLE = Column("title", "text")
STATUS = Column("status", "choice", choices=("triage", "backlog", "todo", "in_progress"))
LEVEL = Column("level", "choice", choices=(0, 1, 2))
VERSION = Column("version", "integer")
POINTS = Column("points", "number")
DONE = Column("done", "boolean")
DUE = Column("dueAt", "timestamp")
LABELS = Column("labels", "list", unordered=True)
STEPS = Column("steps", "list")
META = Column("meta", "object")
BLANKABLE = Column("note", "text", blank_is_null=True)
EVERY = (TITLE, STATUS, LEVEL, VERSION, POINTS, DONE, DUE, LABELS, STEPS, META)

NULLS = [
    None,
    math.nan,
    np.nan,
    np.float32("nan"),
    pd.NA,
    pd.NaT,
    np.datetime64("NaT", "us"),
    Decimal("NaN"),
    Decimal("sNaN"),
]

json_values = st.recursive(
    st.none() | st.booleans() | st.integers() | st.floats(allow_nan=False, allow_infinity=False) | st.text(),
    lambda inner: st.lists(inner, max_size=4) | st.dictionaries(st.text(), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.parametrize("null", NULLS, ids=repr)
def test_a_null_of_any_sort_is_none_in_every_column(null: object) -> None:
    """None, NaN, NaT and NA mean the same: nothing."""
    assert is_null(null)
    assert [parse(null, column) for column in EVERY] == [None] * len(EVERY)


@pytest.mark.parametrize(
    "value", [0, "", [], [None], np.array([math.nan, 1]), pd.Series([None]), {}, False, "NaN"], ids=repr
)
def test_what_holds_something_is_no_null(value: object) -> None:
    """Neither an empty list nor an array of nulls is a null, and asking never raises."""
    assert not is_null(value)


def test_text_is_kept_to_the_letter() -> None:
    """No stripping, no normalisation: long digits, blanks, decomposed letters and half a surrogate pair stay."""
    for text in ("", " a ", "007", "1E+15", "NA", "e\u0301", "1234567890123456789012345678901234", "\ud800", "a\r\nb"):
        assert parse(text, TITLE) == text
    assert type(parse(np.str_("x"), TITLE)) is str


def test_an_enum_of_text_is_its_text() -> None:
    """A string enum's member counts as its value, whatever `str()` makes of it."""

    class Word(str, enum.Enum):  # noqa: UP042 - not what is meant
        TODO = "todo"

    assert parse(Word.TODO, STATUS) == "todo"
    assert type(parse(Word.TODO, TITLE)) is str


def test_an_empty_text_is_null_only_where_the_service_says_so() -> None:
    """`blank_is_null` is the service's word, not ours."""
    assert parse("", TITLE) == ""
    assert parse("", BLANKABLE) is None


def test_a_choice_is_one_of_the_choices_to_the_letter() -> None:
    """Documented or seen; integers also as 1.0 and "1"."""
    assert parse("todo", STATUS) == "todo"
    assert parse("parked", STATUS, {"parked"}) == "parked"
    assert [parse(v, LEVEL) for v in (1, 1.0, "1", np.int64(1), "1.0")] == [1] * 5
    assert parse(7, LEVEL, [7]) == 7


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        (5, TITLE, "5 is a number; title takes text: write '5'"),
        (5.0, TITLE, "5 is a number; title takes text: write '5'"),  # beside a null pandas makes floats of numbers
        (5.5, TITLE, "5.5 is a number; title takes text: write '5.5'"),
        (True, TITLE, "True is a boolean; title takes text: write 'True'"),
        (["a"], TITLE, "['a'] is a list; title takes text"),
        (10**5000, TITLE, "too long to show"),
        (
            "in progress",
            STATUS,
            "'in progress' is not one of triage, backlog, todo, in_progress; did you mean 'in_progress'?",
        ),
        ("zzz", STATUS, "'zzz' is not one of triage, backlog, todo, in_progress"),
        (True, LEVEL, "True is not one of 0, 1, 2"),
        (math.inf, LEVEL, "not one of"),
        (True, VERSION, "True is a boolean; version takes a whole number"),
        (3.5, VERSION, "3.5 is a number; version takes a whole number"),
        (math.inf, VERSION, "version takes a whole number"),
        ("1E+15", VERSION, "'1E+15' is text; version takes a whole number"),
        (" 3", VERSION, "version takes a whole number"),
        ("٣", VERSION, "version takes a whole number"),
        (2.0**53, VERSION, "9007199254740992.0 is a float too large to be exact; version: write all its digits"),
        ("9" * 5000, VERSION, "version takes a whole number"),
        (Decimal("1e999999999"), VERSION, "version takes a whole number"),
        (True, POINTS, "points takes a number"),
        ("1e999", POINTS, "points takes a number"),
        (-math.inf, POINTS, "points takes a number"),
        ("yes", DONE, "'yes' is text; done takes true or false"),
        (2, DONE, "2 is a number; done takes true or false"),
        (5, DUE, "5 is a number; dueAt takes a time with its offset, such as '2026-01-31T09:00:00Z'"),
        ("01/31/2026", DUE, "takes a time with its offset"),
        ("2026-02-30", DUE, "takes a time with its offset"),
        ("20260131", DUE, "takes a time with its offset"),
        ("9999-12-31T23:59:59-05:00", DUE, "takes a time with its offset"),
        (np.datetime64("99999-01-01"), DUE, "takes a time with its offset"),
        ("a", LABELS, "'a' is no JSON; labels takes JSON such as"),
        ('{"a": 1}', LABELS, "is an object; labels takes a list"),
        ("[NaN]", LABELS, "is no JSON"),
        ("[" * 100_000, LABELS, "is no JSON"),
        ([math.inf], LABELS, "labels takes a number"),
        ([object()], LABELS, "labels takes JSON values only"),
        ({1: 2}, META, "meta takes JSON values only"),
        ('{"a": 1, "a": 2}', META, "is no JSON"),
        ("[]", META, "is a list; meta takes an object"),
    ],
    ids=lambda v: (v if isinstance(v, str) else getattr(v, "name", type(v).__name__))[:24],
)
def test_what_does_not_fit_says_what_would(value: object, column: Column, words: str) -> None:
    """The message names the value, what it is and what the column takes; it is never endless."""
    with pytest.raises(Unfit) as caught:
        parse(value, column)
    assert words in str(caught.value)
    assert len(str(caught.value)) < 400


MILLIS = Column("dueAt", "timestamp", unit="ms")
ALIASED = Column("assignee", "text", aliases={"@ada": "u_1"})
SEEN = Column("team", "choice")
TIME = "takes a time with its offset, such as '2026-01-31T09:00:00Z'"


@pytest.mark.parametrize(
    ("value", "column", "words"),
    [
        (["a"], TITLE, "['a'] is a list; title takes text"),
        ([], BLANKABLE, "[] is a list; note takes text"),
        (0, BLANKABLE, "0 is a number; note takes text: write '0'"),
        (["a"], ALIASED, "['a'] is a list; assignee takes text"),
        (Decimal("5.00"), TITLE, "5 is a number; title takes text: write '5'"),
        (np.int64(5), TITLE, "5 is a number; title takes text: write '5'"),
        (date(2026, 1, 31), TITLE, "datetime.date(2026, 1, 31) is a time; title takes text: write '2026-01-31'"),
        (5, STATUS, "5 is not one of triage, backlog, todo, in_progress"),
        (Decimal("3.5"), VERSION, "Decimal('3.5') is a number; version takes a whole number"),
        (Decimal("Infinity"), VERSION, "Decimal('Infinity') is a number; version takes a whole number"),
        ("9007199254740993.0", VERSION, "'9007199254740993.0' is text; version takes a whole number"),
        (-(2.0**53), VERSION, "-9007199254740992.0 is a float too large to be exact; version: write all its digits"),
        (math.inf, VERSION, "inf is a number; version takes a whole number"),
        (math.inf, POINTS, "inf is a number; points takes a number that is finite"),
        (Decimal("-Infinity"), POINTS, "Decimal('-Infinity') is a number; points takes a number that is finite"),
        ("1e999", POINTS, "'1e999' is text; points takes a number"),
        ("many", POINTS, "'many' is text; points takes a number"),
        ("1", DONE, "'1' is text; done takes true or false"),
        ("soon", DUE, f"'soon' is text; dueAt {TIME}"),
        (
            "0001-01-01T00:00:00+01:00",
            DUE,
            f"'0001-01-01T00:00:00+01:00' is no time in the years 1 to 9999; dueAt {TIME}",
        ),
        ("x", LABELS, """'x' is no JSON; labels takes JSON such as ["a", "b"]"""),
        ("x", META, """'x' is no JSON; meta takes JSON such as {"key": "value"}"""),
        ("[Infinity]", STEPS, """'[Infinity]' is no JSON; steps takes JSON such as ["a", "b"]"""),
        (np.timedelta64(5, "D"), VERSION, "datetime.timedelta(days=5) is a time span; version takes a whole number"),
        ([1], META, "[1] is a list; meta takes an object (a dict)"),
        ({"a"}, STEPS, "{'a'} is a set; steps takes a list"),  # whose order would mean something
        (np.array(5), STEPS, "5 is a number; steps takes a list"),
        ({"a": {1: 2}}, META, "{1: 2} is an object; meta takes JSON values only"),
        ([datetime(2026, 1, 1)], STEPS, "datetime.datetime(2026, 1, 1, 0, 0) is a time; steps takes JSON values only"),
        ([date(2026, 1, 1)], STEPS, "datetime.date(2026, 1, 1) is a time; steps takes JSON values only"),
    ],
    ids=lambda v: (v if isinstance(v, str) else getattr(v, "name", type(v).__name__))[:24],
)
def test_the_words_end_with_what_would_be_right(value: object, column: Column, words: str) -> None:
    with pytest.raises(Unfit) as caught:
        parse(value, column)
    assert str(caught.value) == words


@pytest.mark.parametrize(
    "array",
    [np.array(["2026-01-01"], dtype="M8[us]"), *(np.array([1], dtype=f"m8[{unit}]") for unit in ("us", "ns", "D"))],
)
def test_times_and_time_spans_are_no_numbers(array: np.ndarray) -> None:
    """Alone or in an array; numpy counts 5 days among its integers."""
    for value in (array, [array], [array[0]]):
        with pytest.raises(Unfit, match=r"is a time( span)?; steps takes JSON values only"):
            parse(value, STEPS)
    for column in (STEPS, VERSION, POINTS, DONE):
        for value in (array[0], array.reshape(())):
            with pytest.raises(Unfit, match=f"{column.name} takes"):
                parse(value, column)


def test_a_long_list_of_choices_is_cut() -> None:
    """A service with a thousand statuses does not fill the screen; up to 30 are named."""
    for count, more in ((30, ""), (31, " and 1 more"), (1000, " and 970 more")):
        many = Column("status", "choice", choices=tuple(f"s{n}" for n in range(count)))
        with pytest.raises(Unfit) as caught:
            parse("nothing like it", many)
        assert str(caught.value) == f"'nothing like it' is not one of {', '.join(f's{n}' for n in range(30))}{more}"


def test_choices_that_were_only_seen_are_named_where_none_is_documented() -> None:
    """And the nearest of all, documented or seen."""
    assert parse("parked", SEEN, ["parked"]) == "parked"
    assert parse("7", LEVEL, [7]) == 7
    for column, seen, words in (
        (SEEN, (), "no value is known for team"),
        (SEEN, ("parked",), "'parkd' is not one of parked; did you mean 'parked'?"),
        (STATUS, ("parked",), "'parkd' is not one of triage, backlog, todo, in_progress; did you mean 'parked'?"),
    ):
        with pytest.raises(Unfit) as caught:
            parse("parkd", column, seen)
        assert str(caught.value) == words


@pytest.mark.parametrize(
    ("most", "more"),
    [
        (2**12000 - 1, 2**12000),
        ("9" * 4000, "9" * 4001),
        ("0" * 3999 + "1", "0" * 4000 + "1"),
        (Decimal("1e3999"), Decimal("1e4000")),
    ],
    ids=["number", "text", "zeros", "Decimal"],
)
def test_integers_have_a_greatest_length(most: object, more: object) -> None:
    """Just below what Python itself refuses to print; all digits up to there count."""
    assert parse(most, VERSION) == int(most)  # type: ignore[call-overload]
    with pytest.raises(Unfit, match="version takes a whole number"):
        parse(more, VERSION)


def test_numbers_in_text_are_bounded_too() -> None:
    assert parse("0" * 3998 + ".5", POINTS) == 0.5
    with pytest.raises(Unfit, match="points takes a number"):
        parse("0" * 3999 + ".5", POINTS)


def test_whole_numbers_keep_all_digits_in_a_column_of_numbers() -> None:
    """As text, too; with a fraction they are floats."""
    for value in (2**53 + 1, str(2**53 + 1), f"+{2**53 + 1}", np.int64(2**53 + 1), Decimal(2**53 + 1)):
        assert parse(value, POINTS) == 2**53 + 1
    assert parse(f"-{2**53 + 1}", POINTS) == -(2**53) - 1
    for value, number in ((".5", 0.5), ("5.", 5.0), ("1e3", 1000.0), (Decimal("3.5"), 3.5), (np.float32(1.5), 1.5)):
        assert parse(value, POINTS) == number
        assert type(parse(value, POINTS)) is float
    assert parse(Decimal(1), DONE) is True


def test_times_are_in_the_years_1_to_9999() -> None:
    """What RFC 3339 can say, with and without a zone."""
    for value in ("0001-01-01T00:00:00Z", "9999-12-31T23:59:59.999999Z", "0001-01-01", "9999-12-31T23:59:59.999999"):
        assert parse(value, DUE) == pd.Timestamp(value)
    for day in ("0001-01-01", "9999-12-31"):
        assert parse(np.datetime64(day), DUE) == pd.Timestamp(day)
    for day in ("0000-12-31", "10000-01-01"):
        with pytest.raises(Unfit, match="is no time in the years 1 to 9999"):
            parse(np.datetime64(day), DUE)


def test_a_service_that_keeps_milliseconds_is_told_no_more() -> None:
    """The rest is cut off, as it does."""
    assert plain(parse("2026-01-31T09:00:00.123999Z", MILLIS)) == "2026-01-31T09:00:00.123000Z"
    assert plain(parse("2026-01-31T09:00:00.123999Z", DUE)) == "2026-01-31T09:00:00.123999Z"
    assert same("2026-01-31T09:00:00.123Z", "2026-01-31T09:00:00.123999Z", MILLIS)


def test_a_set_is_a_list_in_an_order_that_does_not_change() -> None:
    """By their words, so that things of several sorts have an order as well."""
    assert parse({"b", "a", "c"}, LABELS) == parse(frozenset("cab"), LABELS) == ["a", "b", "c"]
    assert parse({10, 9, "a"}, LABELS) == [10, 9, "a"]


def test_what_is_nested_too_deeply_is_told() -> None:
    """100 levels within a list or an object go, and one more doesn't."""

    def nested(levels: int, more: Callable[[object], object] = lambda inner: [inner]) -> object:
        found: object = []
        for _ in range(levels):
            found = more(found)
        return found

    def within(inner: object) -> object:
        return {"in": inner}

    assert parse(nested(101), STEPS) == nested(101)
    assert parse([nested(100, within)], STEPS) == [nested(100, within)]
    for deep in (nested(102), [nested(101, within)]):
        with pytest.raises(Unfit, match=r"^steps is nested too deeply$"):
            parse(deep, STEPS)


def test_a_name_stands_for_its_alias() -> None:
    assert parse("@ada", ALIASED) == "u_1"
    assert parse("u_2", ALIASED) == "u_2"


@pytest.mark.parametrize(
    "value", [3, 3.0, "3", "+3", "3.0", np.int8(3), np.uint64(3), np.float32(3), Decimal(3), Decimal("3.00")], ids=repr
)
def test_three_is_three(value: object) -> None:
    """Whatever dtype a merge made of an integer, it is the same integer."""
    for column in (VERSION, POINTS):
        found = parse(value, column)
        assert same(found, 3, column)
    assert type(parse(value, VERSION)) is int


@given(st.integers())
def test_an_integer_keeps_every_digit(number: int) -> None:
    """Also beyond 2**53, also as text."""
    assert parse(number, VERSION) == parse(str(number), VERSION) == number
    assert parse(2**53 + 1, VERSION) == 2**53 + 1


@given(st.floats(allow_nan=False))
def test_a_float_is_an_integer_only_when_it_can_be_no_other(number: float) -> None:
    """From 2**53 on a float stands for several integers: none is picked."""
    if number == number // 1 and abs(number) < 2**53:
        assert parse(number, VERSION) == number
    else:
        with pytest.raises(Unfit):
            parse(number, VERSION)


@given(st.floats(allow_nan=False, allow_infinity=False))
def test_a_number_survives_as_text(number: float) -> None:
    """The shortest text that Python writes for a float reads back as that float; -0.0 is 0.0."""
    assert parse(number, POINTS) == parse(repr(number), POINTS) == number
    assert math.copysign(1, parse(-0.0, POINTS)) == math.copysign(1, parse("-0.0", POINTS)) == 1


@pytest.mark.parametrize(
    ("value", "truth"), [(True, True), (np.False_, False), (1, True), (0.0, False), ("TRUE", True), ("False", False)]
)
def test_truth_has_few_spellings(value: object, truth: bool) -> None:
    """True, 1, 1.0 and "true", and their opposites."""
    assert parse(value, DONE) is truth


INSTANT = pd.Timestamp("2026-01-31T09:00:00.123456Z")


@pytest.mark.parametrize(
    "value",
    [
        "2026-01-31T09:00:00.123456Z",
        "2026-01-31t09:00:00.123456z",
        "2026-01-31 09:00:00.123456+00:00",
        "2026-01-31T10:00:00,123456789+01:00",
        "2026-01-31T03:00:00.123456-0600",
        "2026-01-31 09:00:00.123456 Z",
        INSTANT,
        INSTANT.as_unit("ns"),
        INSTANT.tz_convert("Asia/Kathmandu"),
        INSTANT.to_pydatetime(),
        INSTANT.to_pydatetime().astimezone(ZoneInfo("America/New_York")),
    ],
    ids=repr,
)
def test_one_instant_has_one_normal_form(value: object) -> None:
    """Whatever its zone, unit or spelling: a Timestamp in UTC, unit "us"."""
    found = parse(value, DUE)
    assert found == INSTANT
    assert (found.unit, str(found.tz)) == ("us", "UTC")


@pytest.mark.parametrize(
    "value",
    ["2026-01-31", "2026-01-31T00:00", "2026-01-31 00:00:00", datetime(2026, 1, 31), date(2026, 1, 31),
     np.datetime64("2026-01-31"), np.datetime64("2026-01-31", "ns"), pd.Timestamp("2026-01-31")],
    ids=repr,
)  # fmt: skip
def test_a_time_without_an_offset_stays_naive(value: object) -> None:
    """Only the baseline can tell whose time it is: nothing is assumed here."""
    found = parse(value, DUE)
    assert found == pd.Timestamp(2026, 1, 31)
    assert found.tzinfo is None
    assert found.unit == "us"


def test_the_hour_that_happens_twice_is_told_apart() -> None:
    """02:30 on the last Sunday of October, before and after the clocks go back."""
    berlin = ZoneInfo("Europe/Berlin")
    first, second = (parse(datetime(2026, 10, 25, 2, 30, fold=fold, tzinfo=berlin), DUE) for fold in (0, 1))
    assert (plain(first), plain(second)) == ("2026-10-25T00:30:00Z", "2026-10-25T01:30:00Z")


zones = st.sampled_from(
    [UTC, timezone(timedelta(hours=5, minutes=45)), ZoneInfo("Europe/Berlin"), ZoneInfo("America/Sao_Paulo")]
)


@given(st.datetimes(min_value=datetime(1, 1, 3), max_value=datetime(9999, 12, 29), timezones=zones))
def test_a_time_survives_as_text(moment: datetime) -> None:
    """What `plain` writes reads back as the same instant, to the microsecond, from year 1 to year 9999."""
    found = parse(moment, DUE)
    assert found.to_pydatetime() == moment.astimezone(UTC)
    assert parse(plain(found), DUE) == found
    assert same(plain(found), found, DUE)
    assert same(found, moment.isoformat(), DUE)


def test_times_print_without_needless_digits() -> None:
    """Whole seconds have no fraction."""
    assert plain(pd.Timestamp("2026-01-31T09:00:00Z")) == "2026-01-31T09:00:00Z"
    assert plain(INSTANT) == "2026-01-31T09:00:00.123456Z"
    assert [plain(value) for value in (None, 3, "a", ["b"])] == [None, 3, "a", ["b"]]


@pytest.mark.parametrize(
    "value",
    [["a", "b"], ("a", "b"), np.array(["a", "b"]), pd.Series(["a", "b"]), pd.Index(["a", "b"]), '["a", "b"]',
     pd.array(["a", "b"], dtype="str"), {"a", "b"}],
    ids=lambda v: type(v).__name__,
)  # fmt: skip
def test_a_list_may_come_in_any_dress(value: object) -> None:
    """Tuples, arrays, Series and JSON text are lists; where order means nothing, so is a set."""
    assert parse(value, LABELS) == ["a", "b"]


def test_what_is_in_a_list_becomes_plain_json() -> None:
    """numpy's scalars, nulls of any sort and times within a list come out as JSON has them."""
    found = parse([np.int64(1), np.bool_(True), pd.NA, np.array([1.5]), {"at": INSTANT}, np.str_("x")], STEPS)
    assert found == [1, True, None, [1.5], {"at": "2026-01-31T09:00:00.123456Z"}, "x"]
    assert [type(v) for v in found[:2]] == [int, bool]


@given(st.lists(json_values, max_size=5), st.randoms())
def test_an_unordered_list_is_the_same_in_any_order(items: list[object], random: object) -> None:
    """As a multiset: an item twice is not an item once."""
    mixed = list(items)
    random.shuffle(mixed)  # type: ignore[attr-defined]
    assert same(parse(items, LABELS), parse(mixed, LABELS), LABELS)
    assert not same([*items, "x"], mixed, LABELS)
    assert same(items, items, STEPS)


@given(st.dictionaries(st.text(), json_values, max_size=4))
def test_an_object_is_the_same_whatever_the_order_of_its_keys(value: dict[str, object]) -> None:
    """JSON objects have no order."""
    assert same(parse(value, META), dict(reversed(list(value.items()))), META)


@pytest.mark.parametrize(
    ("a", "b", "column", "equal"),
    [
        (3, 3.0, POINTS, True), (-0.0, 0.0, POINTS, True), (2**53 + 1, float(2**53), POINTS, False),
        (None, None, TITLE, True), (None, "", TITLE, False), (0, None, VERSION, False), (False, None, DONE, False),
        ("e\u0301", "é", TITLE, False), ("a", "A", TITLE, False),
        ([1], [True], STEPS, False), ([1, [2.0]], [1.0, [2]], STEPS, True), (["a", "b"], ["b", "a"], STEPS, False),
        (["a", "a"], ["a"], LABELS, False), ([[1, 2]], [[2, 1]], LABELS, False), ({"a": 1}, {"a": True}, META, False),
        ("2026-01-31T09:00:00Z", "2026-01-31T10:00:00.000+01:00", DUE, True),
        (pd.Timestamp("2026-01-31"), pd.Timestamp("2026-01-31", tz="UTC"), DUE, False),
        ("no time", "no time", DUE, True), ("no time", "2026-01-31T09:00:00Z", DUE, False),
        ("no time", "soon", DUE, False),
        (None, "", BLANKABLE, True), ("", "", BLANKABLE, True), ("", "a", BLANKABLE, False),
        ([], None, BLANKABLE, False),
        (True, 1, POINTS, False), (True, True, DONE, True), (True, False, DONE, False), (["a"], "a", LABELS, False),
        ([1, 2], {1: 2}, LABELS, False), ([{"a": [1]}], [{"a": [1]}], LABELS, True), ({"a": 1}, ["a"], META, False),
        ({"a": 1}, {"b": 1}, META, False), ({"a": [1]}, {"a": [2]}, META, False), ([], {}, STEPS, False),
    ],
)  # fmt: skip
def test_the_same_means_the_same_to_the_service(a: object, b: object, column: Column, equal: bool) -> None:
    """Numbers by value, instants across zones, true is not 1, text to the letter, null only itself."""
    assert same(a, b, column) is equal
    assert same(b, a, column) is equal


@pytest.mark.parametrize(
    ("series", "values"),
    [
        (pd.Series(["a", None, ""], dtype="str"), ["a", None, ""]),
        (pd.Series(["a", None], dtype="string"), ["a", None]),
        (pd.Series(pd.Categorical(["b", None, "a"], categories=["a", "b", "c"])), ["b", None, "a"]),
        (pd.Series(pd.Categorical([2, None], categories=[1, 2])), [2, None]),
        (pd.Series([2**53 + 1, None], dtype="Int64"), [2**53 + 1, None]),
        (pd.Series([1, 2]), [1, 2]),
        (pd.Series([1.5, None, -0.0]), [1.5, None, 0.0]),
        (pd.Series([True, None], dtype="boolean"), [True, None]),
        (pd.Series([True, False]), [True, False]),
        (pd.Series(["2026-01-31T09:00:00.123456Z", None], dtype=UTC_DTYPE), [INSTANT, None]),
        (pd.Series([["a"], None, {}, math.nan], dtype="object"), [["a"], None, {}, None]),
        (pd.Series([], dtype="str"), []),
    ],
    ids=lambda v: str(v.dtype) if isinstance(v, pd.Series) else "",
)
def test_a_baseline_column_comes_out_in_normal_form(series: pd.Series, values: list[object]) -> None:
    """Python's own values, None for null, whatever the dtype."""
    found = normal_values(series)
    assert found == values
    assert [type(v) for v in found] == [type(v) for v in values]


def test_a_baseline_column_has_neither_zones_nor_signs_of_zero() -> None:
    """All times are in UTC, and 0 is 0."""
    (time,) = normal_values(pd.Series([INSTANT]).dt.tz_convert("Europe/Berlin"))
    assert (time, str(time.tz)) == (INSTANT, "UTC")
    assert [math.copysign(1, zero) for zero in normal_values(pd.Series([-0.0, 0.0]))] == [1, 1]


@given(st.lists(st.none() | st.text(st.characters(exclude_categories=["Cs"]))))
def test_every_text_of_a_baseline_is_kept(texts: list[str | None]) -> None:
    """Nothing in text is special: not "nan", not NUL."""
    assert normal_values(pd.Series(TITLE.array(texts))) == texts
