"""Hostile text made harmless, and visible: for terminals and for HTML.

All that comes from a service or a file passes through here before it is shown.
"""

from __future__ import annotations

import html
import re

# Controls (C0, DEL, C1), blanks other than the two common ones, line and paragraph separators, zero-width and joining
# characters, bidi marks, overrides and isolates, fillers, tags, lone surrogates: what steers, hides or fakes.
_UNSAFE = re.compile(
    "[\x00-\x1f\x7f-\xa0\xad\u034f\u061c\u115f\u1160\u1680\u17b4\u17b5\u180b-\u180f\u2000-\u200f\u2028-\u202f"
    "\u205f-\u206f\u2800\u3164\ud800-\udfff\ufeff\uffa0\ufff0-\ufffb\U0001d173-\U0001d17a\U000e0000-\U000e0fff]"
)
_SHORT = {"\n": "⏎", "\r": "\\r", "\t": "\\t"}


def visible(text: str) -> str:
    """`text` for one line of a terminal: what would steer it or hide in it is shown as `\\x1b`, `\\u202e` or `⏎`."""
    return _UNSAFE.sub(_escape, text)


def exact(text: str) -> str:
    """`text` in ASCII, so that what only looks alike looks different."""
    return text.encode("unicode_escape").decode("ascii")


def html_text(text: str) -> str:
    """`text` for HTML, as content and within quoted attributes."""
    return html.escape(visible(text), quote=True)


def _escape(match: re.Match[str]) -> str:
    char = match.group()
    return _SHORT.get(char) or exact(char)
