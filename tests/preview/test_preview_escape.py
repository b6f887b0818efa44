"""What a service or a file sends can't steer the terminal, break out of the HTML, or hide."""

from __future__ import annotations

from html.parser import HTMLParser
from typing import Any

import pandas as pd
import pytest
from preview_makers import HOSTILE, changes, frame, plan, report, tasks

from taskframe.preview.cells import shown, shown_apart
from taskframe.preview.escape import html_text, visible
from taskframe.preview.html import frame_html, plan_html, report_html
from taskframe.preview.markup import tag
from taskframe.preview.persons import Persons
from taskframe.preview.text import frame_text, plan_text, report_text
from taskframe.problem import Problem

KNOWN = {"div", "style", "p", "b", "ul", "li", "table", "caption", "thead", "tbody", "tr", "th", "td", "span", "del",
         "ins", "br"}  # fmt: skip


def hostile_plan() -> Any:
    cells = [
        ("todo", HOSTILE),
        (HOSTILE, None),
        (HOSTILE + " long, and compared", HOSTILE + " word by word"),
    ]
    problems = [Problem("choice", HOSTILE, HOSTILE, HOSTILE, HOSTILE, 3)]
    return plan(
        changes(3, HOSTILE, **{"description": cells, HOSTILE: cells, "assigneeUserId": [("usr_1", HOSTILE)]}),
        service=HOSTILE, source=HOSTILE, filters={HOSTILE: [HOSTILE], "x": {HOSTILE: HOSTILE}}, problems=problems,
        warnings=[HOSTILE], ignored=[HOSTILE], notes=[HOSTILE], unseen={HOSTILE: {HOSTILE: 3}},
        names={"usr_1": HOSTILE}, identifiers={HOSTILE: HOSTILE + "!"}, open_risk=HOSTILE, confirm=3,
        confirm_why=HOSTILE, complete=False,
    )  # fmt: skip


def hostile_frame() -> Any:
    df = tasks(3, HOSTILE)
    df["status"] = pd.array([HOSTILE] * 3, dtype="str")
    df.index = pd.Index([HOSTILE] * 3, name=HOSTILE)
    return frame(
        df, service=HOSTILE, source=HOSTILE, complete=False, gaps=[HOSTILE], filters={HOSTILE: HOSTILE},
        notes=[HOSTILE], names={"usr_1": HOSTILE},
    )  # fmt: skip


def hostile_report() -> Any:
    conflicts = [
        (HOSTILE, HOSTILE, HOSTILE, HOSTILE + "1", HOSTILE + "2"),
        ("tsk_0", "title", "usr_1", [HOSTILE], None),
    ]
    return report(
        [("failed", HOSTILE), ("conflict", HOSTILE), (HOSTILE, HOSTILE)], conflicts, service=HOSTILE, source=HOSTILE,
        run_id=HOSTILE, stopped=HOSTILE, names={"usr_1": HOSTILE},
    )  # fmt: skip


TEXTS = {
    "plan": lambda: plan_text(hostile_plan()),
    "frame": lambda: frame_text(hostile_frame()),
    "report": lambda: report_text(hostile_report()),
}
PAGES = {
    "plan": lambda: plan_html(hostile_plan()),
    "frame": lambda: frame_html(hostile_frame()),
    "report": lambda: report_html(hostile_report()),
}


class Tags(HTMLParser):
    """The elements and attributes of a page, as a browser would find them."""

    def __init__(self) -> None:
        super().__init__(convert_charrefs=True)
        self.tags: list[str] = []
        self.attributes: set[str] = set()
        self.open: list[str] = []

    def handle_starttag(self, tag: str, attrs: list[tuple[str, str | None]]) -> None:
        self.tags.append(tag)
        self.attributes.update(name for name, _ in attrs)
        if tag != "br":
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag


@pytest.mark.parametrize("name", TEXTS)
def test_no_text_preview_has_a_character_that_steers_a_terminal(name: str) -> None:
    """Whatever is hostile, only line ends of ours are left as they are."""
    text = TEXTS[name]()
    assert visible(text.replace("\n", "")) == text.replace("\n", "")
    assert "\\x1b" in text


@pytest.mark.parametrize("name", PAGES)
def test_no_html_preview_has_an_element_that_is_not_ours(name: str) -> None:
    """Hostile values stay text: no element, no attribute, no end of the style comes from them."""
    page = PAGES[name]()
    found = Tags()
    found.feed(page)
    assert set(found.tags) <= KNOWN
    assert found.tags.count("style") == 1
    assert found.open == []
    assert found.attributes <= {
        "class", "role", "tabindex", "aria-label", "scope", "rowspan", "colspan", "title",
    }  # fmt: skip
    assert page.count("</style>") == 1
    assert "<script" not in page
    assert visible(page.replace("\n", "")) == page.replace("\n", "")


def test_colour_is_ours_alone() -> None:
    """With colour, the only escape sequences are the colours that we set."""
    coloured = plan_text(hostile_plan(), colour=True)
    plain = coloured
    for code in ("0", "1", "2", "31", "32", "1;31", "1;33"):
        plain = plain.replace(f"\x1b[{code}m", "")
    assert "\x1b" not in plain
    assert plain == plan_text(hostile_plan())


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("\x1b[31mred", "\\x1b[31mred"),
        ("a\nb", "a⏎b"),
        ("a\r\tb", "a\\r\\tb"),
        ("\x9b\x7f\x00", "\\x9b\\x7f\\x00"),
        ("\u202a\u202b\u202c\u202d\u202e", "\\u202a\\u202b\\u202c\\u202d\\u202e"),
        ("\u2066\u2067\u2068\u2069", "\\u2066\\u2067\\u2068\\u2069"),
        ("\u200b\u200c\u200d\ufeff\u2060", "\\u200b\\u200c\\u200d\\ufeff\\u2060"),
        ("\u2028\u2029\u0085", "\\u2028\\u2029\\x85"),
        ("\xa0\xad\u3164", "\\xa0\\xad\\u3164"),
        ("\U000e0041", "\\U000e0041"),
        ("\ud800", "\\ud800"),
        ("資料庫 é ∅ 😀", "資料庫 é ∅ 😀"),
    ],
)
def test_what_steers_or_hides_is_shown(text: str, expected: str) -> None:
    """Controls, bidi overrides, zero-width characters and half surrogates become visible; letters stay."""
    assert visible(text) == expected
    assert visible(expected) == expected


def test_html_is_escaped_in_content_and_in_attributes() -> None:
    """Quotes too, so that no attribute can be left."""
    assert html_text("<a href=\"x\" b='y'>&") == "&lt;a href=&quot;x&quot; b=&#x27;y&#x27;&gt;&amp;"
    assert tag("td", "<b>", title='" onmouseover="x') == '<td title="&quot; onmouseover=&quot;x">&lt;b&gt;</td>'
    assert tag("p", tag("b", "&")) == "<p><b>&amp;</b></p>"


@pytest.mark.parametrize(
    ("before", "after"),
    [
        ("é", "e\u0301"),
        ("a b", "a\xa0b"),
        ("a\nb", "a⏎b"),
        ("\\x1b", "\x1b"),
        (None, "∅"),
        (None, ""),
        ("", '""'),
        ("x", "x "),
        (pd.Timestamp("2026-07-01T09:00:01Z"), pd.Timestamp("2026-07-01T09:00:02Z")),
        ("Anna (u)", "u"),
    ],
)
def test_a_change_never_looks_like_none(before: Any, after: Any) -> None:
    """Two values that differ are never shown alike."""
    left, right = shown_apart(before, after, persons=Persons({"u": "Anna"}))
    assert ascii(left) != ascii(right)
    if left not in (shown(before), before):
        assert left.isascii()
