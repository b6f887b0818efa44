"""How single values and differences are shown."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from preview_makers import changes

from taskframe.preview.cells import is_cleared, shown
from taskframe.preview.difference import difference, in_view, side_by_side
from taskframe.preview.width import ends, head, tail, width, wrap


@pytest.mark.parametrize(
    ("value", "expected"),
    [
        (None, "∅"),
        (float("nan"), "∅"),
        (pd.NaT, "∅"),
        (pd.NA, "∅"),
        ("", '""'),
        (" x", '" x"'),
        ("∅", '"∅"'),
        (True, "true"),
        (np.int64(3), "3"),
        (2.5, "2.5"),
        (pd.Timestamp("2026-07-01T11:30:59+02:00"), "2026-07-01T09:30Z"),
        (pd.Timestamp("2026-07-01T11:30"), "2026-07-01T11:30"),
        (["a", "ü"], '["a", "ü"]'),
        ({"b": 1, "a": None}, '{"a": null, "b": 1}'),
        (np.array(["a"]), '["a"]'),
    ],
)
def test_a_value_is_shown_on_one_line(value: Any, expected: str) -> None:
    """Null is a sign, times are UTC minutes, lists are JSON."""
    assert shown(value) == expected


@pytest.mark.parametrize("before", [None, "", "x", 0, False, []])
@pytest.mark.parametrize("after", [None, "", "x", 0, False, []])
def test_cleared_means_what_the_changes_mean_by_it(before: Any, after: Any) -> None:
    """The preview marks just the cells that `Changes.cleared` counts."""
    assert int(is_cleared(before, after)) == changes(1, extra=[(before, after)]).cleared


def test_wide_characters_take_two_columns() -> None:
    """East Asian characters count double, combining marks not at all; a cut text says so."""
    assert width("資料") == 4
    assert width("e\u0301") == 1
    assert head("資料庫遷移", 5) == "資料…"
    assert tail("資料庫遷移", 5) == "…遷移"
    assert ends("abcdefghij", 5) == "ab…ij"
    assert head("abc", 3) == "abc"
    assert wrap("one two three", 7) == ["one two", "three"]
    assert wrap("x" * 10, 4) == ["xxxx", "xxxx", "xx"]
    assert wrap("資料庫", 4) == ["資料", "庫"]


LONG = "word " * 200


@pytest.mark.parametrize(
    ("before", "after", "gone", "come"),
    [
        (f"{LONG}Monday {LONG}", f"{LONG}Friday {LONG}", ["Monday"], ["Friday"]),
        (LONG + "end", LONG + "end.", [""], ["."]),
        (f"{LONG}a {LONG}", f"{LONG}a more {LONG}", [""], ["more "]),
        ("The cats sat here and there", "The cat sat here and there", ["cats"], ["cat"]),
        ("資料庫遷移與備份計畫的檢查項目", "資料庫遷移與備份方案的檢查項目", ["計畫"], ["方案"]),
    ],
)
def test_what_differs_is_marked_and_in_view(before: str, after: str, gone: list[str], come: list[str]) -> None:
    """However long the texts, the part that differs is among what is shown, and whole words are marked."""
    left, right = side_by_side(before, after, 40)
    assert [p.text for p in left if p.changed] == gone
    assert [p.text for p in right if p.changed] == come
    for pieces in (left, right):
        assert sum(width(p.text) for p in pieces) <= 40


def test_two_people_of_one_name_differ_however_narrow_the_page() -> None:
    """What tells them apart is kept in view."""
    left, right = side_by_side("Anna Kim (usr_1)", "Anna Kim (usr_2)", 14)
    assert [p.text for p in left if p.changed] == ["usr_1"]
    assert [p.text for p in right if p.changed] == ["usr_2"]


def test_a_difference_leaves_nothing_out() -> None:
    """Uncut, the pieces are the texts."""
    before, after = "a b c d e f g, the rest", "a x c d y f g, the rest!"
    left, right = difference(before, after)
    assert "".join(p.text for p in left) == before
    assert "".join(p.text for p in right) == after


def test_a_long_changed_part_is_cut_in_its_middle() -> None:
    """Even where all that changed is long, it fits."""
    left, _ = difference("same start " + "x" * 5_000 + " same end", "same start y same end")
    assert sum(width(p.text) for p in in_view(left, 50)) <= 50


def test_texts_with_nothing_in_common_are_not_marked() -> None:
    """A marked whole says less than a plain one."""
    left, right = side_by_side("x" * 50, "y" * 50, 30)
    assert not any(p.changed for p in (*left, *right))


def test_a_megabyte_is_compared_at_once() -> None:
    """Texts of any size are cut to their difference before they are compared word by word."""
    text = "lorem ipsum dolor " * 60_000
    left, _ = side_by_side(f"{text}a {text}", f"{text}b {text}", 60)
    assert [p.text for p in left if p.changed] == ["a"]
