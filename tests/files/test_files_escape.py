"""Text is harmless in a spreadsheet, and comes back to the letter."""

from __future__ import annotations

import pytest
from files_tasks import text
from hypothesis import given
from hypothesis import strategies as st

from taskframe.files.escape import escape, escape_id, is_blank, is_clear, unescape, unescape_id

FORMULAS = [
    "=1+1", "+1", "-1", "@SUM(A1)", "\t=1", "\r=1", "\n=1", '"=1"', "'=1", " =1", "\ufeff=1", "\u200b=1",
    "＝1", "＋1", "－1", "＠x", "﹢1", "“=1”", "=cmd|' /C calc'!A0",
]  # fmt: skip


@pytest.mark.parametrize("formula", FORMULAS)
def test_what_would_run_as_a_formula_does_not(formula: str) -> None:
    """Also behind blanks, quotes and invisible characters, and in other widths."""
    assert escape(formula) == f"'{formula}"
    assert unescape(escape(formula)) == formula


@pytest.mark.parametrize(
    "harmless", ["1+1", "a=b", "007", "NA", "1E+15", "a-b", "'tis", "it's", "«-»", "", "null", "json:1"]
)
def test_what_is_harmless_stays_as_it_is(harmless: str) -> None:
    """Most cells are not touched at all."""
    assert escape(harmless) == harmless == unescape(harmless)


@pytest.mark.parametrize(
    "word", ["<clear>", " <CLEAR> ", "'<clear>", "'", "''", "   ", "'json:1", "\0", "\ud800", "'\ttab"]
)
def test_data_is_never_taken_for_a_word_of_ours(word: str) -> None:
    """A title `<clear>` clears nothing, and one of blanks is not blank."""
    cell = escape(word)
    assert not is_clear(cell)
    assert not is_blank(cell)
    assert "\0" not in cell
    assert unescape(cell) == word
    cell.encode()


@given(st.text() | text)
def test_every_text_comes_back(value: str) -> None:
    """Whatever it starts with. "" is the one text without a cell of its own: blank leaves it alone."""
    cell = escape(value)
    assert unescape(cell) == value
    assert is_blank(cell) is (value == "")
    assert not is_clear(cell)


@given(st.text() | text, st.text() | text)
def test_no_two_texts_share_a_cell(a: str, b: str) -> None:
    """Escaping loses nothing, so two edits never look alike in the file."""
    assert (escape(a) == escape(b)) is (a == b)


@given((st.text() | text).filter(lambda t: t.strip() != ""))
def test_every_id_comes_back_with_the_blanks_around_it(value: str) -> None:
    """A reader strips ids, so those that really have blanks are marked."""
    assert unescape_id(escape_id(value)) == value


def test_blanks_around_an_id_are_the_spreadsheets() -> None:
    """Nobody means them."""
    assert unescape_id("  T-1 ") == "T-1"


@pytest.mark.parametrize("broken", ["'json:", "'json:1", "'json:[", "'json:{}"])
def test_a_broken_escape_is_told(broken: str) -> None:
    """It is neither guessed at nor taken to the letter."""
    with pytest.raises(ValueError, match=r".+"):
        unescape(broken)


def test_a_quote_alone_is_an_empty_text() -> None:
    """The way to write "" where a blank cell leaves the value alone."""
    assert unescape("'") == ""
