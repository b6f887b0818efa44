"""How many columns of a terminal a text takes, and how to cut it there."""

from __future__ import annotations

import unicodedata

ELLIPSIS = "…"


def width(text: str) -> int:
    """The columns that `text` takes: two for a wide East Asian character, none for a combining mark."""
    if text.isascii():
        return len(text)
    return sum(map(_char_width, text))


def head(text: str, columns: int) -> str:
    """As much of the beginning as fits, with an ellipsis where something was cut."""
    if _fits(text, columns):
        return text
    return _take(text, columns - 1) + ELLIPSIS if columns > 0 else ""


def tail(text: str, columns: int) -> str:
    """As much of the end as fits, with an ellipsis where something was cut."""
    if _fits(text, columns):
        return text
    return ELLIPSIS + _take_back(text, columns - 1) if columns > 0 else ""


def ends(text: str, columns: int) -> str:
    """The beginning and the end, with an ellipsis for what was cut between them."""
    if _fits(text, columns):
        return text
    half = (columns - 1) // 2
    return _take(text, columns - 1 - half) + ELLIPSIS + _take_back(text, half) if columns > 0 else ""


def wrap(text: str, columns: int) -> list[str]:
    """`text` in lines of at most `columns`, broken at spaces where that is possible."""
    lines, line = [], ""
    for word in text.split(" "):
        joined = f"{line} {word}" if line else word
        if width(joined) <= columns:
            line = joined
            continue
        if line:
            lines.append(line)
        line = word
        while width(line) > columns:
            part = _take(line, columns)
            lines.append(part)
            line = line[len(part) :]
    return [*lines, line] if line or not lines else lines


def _fits(text: str, columns: int) -> bool:
    return len(text) * 2 <= columns or (len(text) <= columns * 4 and width(text) <= columns)


def _take(text: str, columns: int) -> str:
    used = 0
    for position, char in enumerate(text):
        used += _char_width(char)
        if used > columns:
            return text[:position]
    return text


def _take_back(text: str, columns: int) -> str:
    used, start = 0, len(text)
    while start > 0:
        used += _char_width(text[start - 1])
        if used > columns:
            break
        start -= 1
    return text[start:]


def _char_width(char: str) -> int:
    if unicodedata.category(char) in ("Mn", "Me"):
        return 0
    return 2 if unicodedata.east_asian_width(char) in "WF" else 1
