"""Text in cells of a CSV file or a sheet: harmless in a spreadsheet, and exact when it comes back.

A cell that would run as a formula, or that would be taken for a word of ours, goes out with `'` in front. Coming in,
one `'` is taken off wherever what follows would have been given one, so no value is ever mistaken for another. What
a file can't hold at all (NUL, half a surrogate pair) goes out as `'json:` and a JSON string.
"""

from __future__ import annotations

import json
import re
import string

CLEAR = "<clear>"

_CLEAR = re.compile(r"\s*<clear>\s*", re.IGNORECASE)
# What spreadsheets and sloppy splitters skip, then what starts a formula, in any width
_QUOTED = "\\s'\"`\u2018\u2019\u201c\u201d\u00ad\u200b-\u200f\u2060\ufeff"
_SIGN = "=+\\-@\uff1d\uff0b\uff0d\uff20\ufe62\ufe63\ufe66\ufe6b"
_NEEDS = re.compile(
    f"[{_QUOTED}]*[{_SIGN}]|'*[\\t\\r\\n]|'+json:|'*\\s*(<clear>)?\\s*\\Z", re.IGNORECASE
)  # each alternative also fits with one more ' in front: that is what makes it unambiguous
_HARMLESS = frozenset(string.ascii_letters + string.digits)
_UNHOLDABLE = re.compile("[\x00\ud800-\udfff]")
_JSON = "'json:"


def is_blank(cell: str) -> bool:
    """Whether a cell says nothing: empty, or blanks only."""
    return not cell or cell.isspace()


def is_clear(cell: str) -> bool:
    """Whether a cell says that the value is to be cleared."""
    return _CLEAR.fullmatch(cell) is not None


def escape(text: str) -> str:
    """`text` as a cell. Only "" has no cell of its own: it goes out blank."""
    if not text or (text[0] in _HARMLESS and text.isascii() and "\0" not in text):
        return text
    if _UNHOLDABLE.search(text):
        return _JSON + json.dumps(text)
    return f"'{text}" if _NEEDS.match(text) else text


def needs_look(start: str) -> bool:
    """Whether a text that starts with this character may be another cell than itself."""
    return start in "'<" or _NEEDS.match(f"{start}=") is not None


def escape_json(cell: str, unholdable: re.Pattern[str], *, is_id: bool = False) -> str:
    """A cell that `escape` made (or `escape_id`), for a file that can't hold some texts: those go out as `'json:`."""
    if not unholdable.search(cell):
        return cell
    text = json.dumps(unescape_id(cell) if is_id else unescape(cell))  # ASCII; what is left is the file's own escape
    return _JSON + unholdable.sub(lambda found: f"\\u{ord(found[0][0]):04x}{found[0][1:]}", text)


def unescape(cell: str) -> str:
    """The text that a cell stands for; `'` alone is "". ValueError when it is a broken `'json:`."""
    if not cell.startswith("'"):
        return cell
    if cell.startswith(_JSON):
        text = json.loads(cell[len(_JSON) :])
        if not isinstance(text, str):
            raise ValueError("no JSON text")
        return text
    return cell[1:] if _NEEDS.match(cell, 1) else cell


def escape_id(text: str) -> str:
    """An id as a cell: blanks around it are kept, although a reader strips them."""
    cell = escape(text)
    return f"'{text}" if cell == text and _padded(text) else cell


def unescape_id(cell: str) -> str:
    """The id that a cell stands for. Blanks around it are gone unless `escape_id` kept them."""
    if cell.startswith("'") and not cell.startswith(_JSON) and _padded(cell[1:]):
        return cell[1:]
    return unescape(cell.strip())


def _padded(text: str) -> bool:
    bare = text.lstrip("'")
    return bare != bare.strip()
