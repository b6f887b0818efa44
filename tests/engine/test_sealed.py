"""Outcomes that are put away by columns: the very same when they are looked at, and little memory until then."""

import random
import tracemalloc
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

from taskframe.changes.merge import Conflict
from taskframe.engine.outcome import Outcome
from taskframe.engine.sealed import OutcomeBook, OutcomeList, field_of

FIELDS = tuple(Outcome.__dataclass_fields__)
TIME = pd.Timestamp("2026-01-01T09:00:00Z")
ODD: tuple[Any, ...] = (
    1, True, 1.0, 0.0, -0.0, "1", "", None, [1], {"a": 1}, (), 2**70, TIME, "\ud83d", float("inf"), False, 0,
)  # fmt: skip


def outcome(n: int) -> Outcome:
    """One of all kinds, with rows of several shapes."""
    row: dict[str, Any] | None = {"id": f"t{n}", "odd": ODD[n % len(ODD)], "version": n}
    if n % 7 == 0:
        row = None
    elif n % 5 == 0:
        row = {"version": n, "id": f"t{n}"}  # the same names in another order
    elif n % 11 == 0:
        row = {}
    conflicts = (Conflict("title", "a", n, None),) if n % 13 == 0 else ()
    written = {"title": f"new {n}"} if n % 3 else {}
    return Outcome(
        f"t{n}", "applied" if n % 4 else "unknown", "words" * (n % 2), n % 3, 200 if n % 2 else None, f"r{n}", row,
        conflicts, n / 3 if n % 6 else None, written, dict.fromkeys(written, ODD[n % len(ODD)]), n % 9 == 0, n / 7, {},
    )  # fmt: skip


def booked(positions: Iterator[int] | list[int] | range) -> OutcomeBook:
    """A book in which the outcomes of these positions were put down in this order."""
    book = OutcomeBook()
    for position in positions:
        assert position not in book
        book.put(position, outcome(position))
        assert position in book
    return book


def same(one: Any, other: Any) -> bool:
    """Equal, of one type, and rows in the same order."""
    if isinstance(other, dict):
        return list(one) == list(other) and all(same(one[name], other[name]) for name in other)
    return type(one) is type(other) and repr(one) == repr(other)


@pytest.mark.parametrize("count", [0, 1, 255, 256, 257, 1_500])
@pytest.mark.parametrize("order", ["as planned", "any"])
def test_what_is_put_away_is_what_it_was(count: int, order: str) -> None:
    """Each field of each outcome, in the positions' order, however they came."""
    positions = list(range(count))
    if order == "any":
        random.Random(1).shuffle(positions)
    book = booked(positions)
    found = book.values()
    wanted = [outcome(n) for n in range(count)]
    assert len(book) == len(found) == count
    assert list(book) == list(range(count))
    for made, was in zip(found, wanted, strict=True):
        assert all(same(getattr(made, name), getattr(was, name)) for name in FIELDS)
        assert made == was
    for at in random.Random(2).sample(range(count), min(count, 40)):
        assert found[at] == found[at - count] == wanted[at]
    assert found[3:9] == wanted[3:9]
    with pytest.raises(IndexError):
        found[count]


def test_gaps_stay_gaps() -> None:
    """A run that is gone on with has the outcomes of some positions only."""
    positions = [*range(100), *range(300, 900), 5_000]
    book = booked(positions)
    assert list(book) == positions
    assert [o.id for o in book.values()] == [f"t{n}" for n in positions]
    assert 200 not in book
    assert 4_999 not in book


def test_by_columns() -> None:
    """One field, or one cell of the rows, of all: without the outcomes themselves, and the same for a plain list."""
    plain = [outcome(n) for n in range(600)]
    for found in (booked(range(600)).values(), OutcomeList([plain])):
        for name in FIELDS:
            assert all(map(same, field_of(found, name), [getattr(o, name) for o in plain]))
        for name in ("id", "odd", "version", "nothing"):
            assert all(map(same, found.cells(name, "-"), [(o.row or {}).get(name, "-") for o in plain]))
        for name in ("row", "written"):
            rows = [getattr(o, name) for o in plain]
            assert found.sizes(name) == [-1 if row is None else len(row) for row in rows]
    assert field_of(plain, "id") == [o.id for o in plain]


def test_an_outcome_is_put_down_once() -> None:
    """There is no second one for a position that is put away."""
    book = booked(range(256))
    with pytest.raises(KeyError):
        book.put(7, outcome(7))


def test_what_cannot_be_put_away_stays() -> None:
    """A value of somebody's own service, of which no copy can be made."""
    lock = random.Random().random
    book = OutcomeBook()
    values = [lambda: lock for _ in range(256)]
    for at, value in enumerate(values):
        book.put(at, Outcome(f"t{at}", "applied", row={"odd": value}))
    assert [o.row["odd"] for o in book.values() if o.row] == values
    assert book.values().cells("odd", None) == values


def test_many_take_a_fifth() -> None:
    """Of the memory of the outcomes that came."""

    def made(n: int) -> Outcome:
        texts = {f"text{at}": "".join(["some ", "words of ", str(at)]) for at in range(10)}
        row = {"id": f"tsk_{n:012d}", "title": f"Number {n}", "version": n, **texts, **dict.fromkeys("abcdefgh")}
        return Outcome(
            f"tsk_{n:012d}", "applied", "", 1, 200, f"req-{n:08d}", row, (), None, {"title": f"Number {n}"},
            {"title": f"{n}"}, False, n / 7, {},
        )  # fmt: skip

    def size(book: OutcomeBook | None) -> int:
        tracemalloc.start()
        try:
            held = []
            for n in range(2_560):
                if book is None:
                    held.append(made(n))
                else:
                    book.put(n, made(n))
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert size(OutcomeBook()) < 0.2 * size(None)
