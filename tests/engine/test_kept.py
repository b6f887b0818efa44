"""Rows as outcomes keep them: the same cells, and little memory."""

import tracemalloc
from collections.abc import Mapping

import pytest

from taskframe.engine.kept import SHAPES, TEXTS, Keeper, KeptRow


def rows(count: int) -> list[Mapping[str, object]]:
    """As a reply has them: each text an object of its own."""
    made = []
    for n in range(count):
        texts = {f"text{at}": "".join(["some ", "words of ", str(at)]) for at in range(15)}
        made.append({"id": f"tsk_{n:012d}", "title": f"Number {n}", "version": n, **texts, "none": None, "tags": ["a"]})
    return made


def test_a_kept_row_is_the_row() -> None:
    """The same keys in their order, the same values; equal both ways round, and to be taken apart like a dict."""
    keeper = Keeper()
    for row in rows(2 * TEXTS):
        kept = keeper.keep(row, str(row["id"]))
        assert isinstance(kept, KeptRow)
        assert kept == row
        assert row == kept
        assert list(kept) == list(kept.keys()) == list(row)
        assert list(kept.values()) == list(row.values())
        assert {**kept} == dict(kept) == row
        assert repr(kept) == repr(row)
        assert ("title" in kept, "nothing" in kept, kept.get("nothing", 7)) == (True, False, 7)
        with pytest.raises(KeyError):
            kept["nothing"]


def test_values_stay_what_they_are() -> None:
    """True is not 1, 1 is not 1.0, and null is not "": only texts are held in common."""
    keeper = Keeper()
    values = [1, True, 1.0, "1", None, "", [1], {"a": 1}]
    kept = [keeper.keep({"a": value}, "t")["a"] for value in values]
    assert [(type(value), value) for value in kept] == [(type(value), value) for value in values]


def test_a_row_of_yet_other_columns_is_kept_too() -> None:
    """Objects of which each has keys of its own: then there is nothing to share."""
    keeper = Keeper()
    for n in range(2 * SHAPES):
        assert keeper.keep({f"own{n}": n}, "t") == {f"own{n}": n}


def test_a_changed_row_does_not_change_what_was_kept() -> None:
    """It is a copy, as an outcome is what was so when it came to be."""
    row = {"id": "t", "title": "a"}
    kept = Keeper().keep(row, "t")
    row["title"] = "b"
    assert kept == {"id": "t", "title": "a"}


def test_many_kept_rows_take_less_than_half() -> None:
    """Of the memory of the dicts that came."""

    def size(keeper: Keeper | None) -> int:
        tracemalloc.start()
        try:
            held = [row if keeper is None else keeper.keep(row, str(row["id"])) for row in rows(2_000)]
            assert len(held) == 2_000
            return tracemalloc.get_traced_memory()[0]
        finally:
            tracemalloc.stop()

    assert size(Keeper()) < 0.5 * size(None)
