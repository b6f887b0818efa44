"""Which parts of a text changed, and a view of it that keeps them in sight."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from difflib import SequenceMatcher

from taskframe.preview.width import ends, head, tail, width

# East Asian writing has no spaces: there each character is a word.
_TOKEN = re.compile(r"[^\W\u2e80-\U0003ffff]+|\s+|.")
_MOST_TOKENS = 300
_LEAST_ALIKE = 0.3
_SHORT = 24
_LEAST_CONTEXT = 4


@dataclass(frozen=True, slots=True)
class Piece:
    """A part of a text. An empty changed one marks the place where the other text has more."""

    text: str
    changed: bool


Pieces = tuple[Piece, ...]


def side_by_side(before: str, after: str, columns: int, columns_after: int | None = None) -> tuple[Pieces, Pieces]:
    """Both, each in at most its `columns`; what differs is marked in longer texts that have something in common."""
    columns_after = columns if columns_after is None else columns_after
    if max(width(before), width(after)) > min(_SHORT, columns, columns_after):
        left, right = difference(before, after)
        if _says_something(left):
            return in_view(left, columns), in_view(right, columns_after)
    return (Piece(head(before, columns), False),), (Piece(head(after, columns_after), False),)


def _says_something(pieces: Pieces) -> bool:
    """Whether what stayed is more than blanks and brackets: two names in one form have nothing in common."""
    return any(not p.changed and any(map(str.isalnum, p.text)) for p in pieces)


def difference(before: str, after: str) -> tuple[Pieces, Pieces]:
    """Both texts in pieces, word by word; texts with little in common are one changed piece each."""
    first = _common_prefix(before, after)
    last = _common_prefix(before[first:][::-1], after[first:][::-1])
    left, right = before[first : len(before) - last], after[first : len(after) - last]
    prefix, suffix = before[:first], before[len(before) - last :] if last else ""
    # A word is marked whole: what it shares with its new form comes back from both sides.
    if _word_at(prefix, left, right):
        cut = len(prefix) - len(_trailing_word(prefix))
        prefix, shared = prefix[:cut], prefix[cut:]
        left, right = shared + left, shared + right
    if _word_at(suffix[::-1], left[::-1], right[::-1]):
        cut = len(_trailing_word(suffix[::-1]))
        shared, suffix = suffix[:cut], suffix[cut:]
        left, right = left + shared, right + shared
    middle = list(_opcodes(left, right))
    return (
        _merged([Piece(prefix, False), *(Piece(a, changed) for a, _, changed in middle), Piece(suffix, False)]),
        _merged([Piece(prefix, False), *(Piece(b, changed) for _, b, changed in middle), Piece(suffix, False)]),
    )


def in_view(pieces: Pieces, columns: int) -> Pieces:
    """The pieces in at most `columns`, the changed parts in view, with as much around them as there is room for."""
    if all(len(p.text) <= 4 * columns for p in pieces) and _width(pieces) <= columns:
        return pieces
    low, high = _LEAST_CONTEXT, columns
    while low < high:  # the most context that fits
        context = (low + high + 1) // 2
        if _width(_with_context(pieces, context, columns)) <= columns:
            low = context
        else:
            high = context - 1
    return tuple(_cut(_with_context(pieces, low, columns), columns))


def _with_context(pieces: Pieces, context: int, columns: int) -> Pieces:
    last, changed = len(pieces) - 1, sum(p.changed for p in pieces)
    room = max((columns - _LEAST_CONTEXT * min(len(pieces) - changed, 2)) // max(changed, 1), 4)
    cut = []
    for position, piece in enumerate(pieces):
        if piece.changed:
            text = ends(piece.text, room)
        elif position == 0:
            text = tail(piece.text, context)
        else:
            text = head(piece.text, context) if position == last else ends(piece.text, 2 * context)
        cut.append(Piece(text, piece.changed))
    return tuple(cut)


def _cut(pieces: Pieces, columns: int) -> Iterator[Piece]:
    for piece in pieces:
        yield Piece(head(piece.text, columns), piece.changed)
        columns = max(columns - width(piece.text), 0)


def _width(pieces: Pieces) -> int:
    return sum(width(p.text) for p in pieces)


def _opcodes(before: str, after: str) -> Iterator[tuple[str, str, bool]]:
    left, right = _TOKEN.findall(before), _TOKEN.findall(after)
    if len(left) <= _MOST_TOKENS and len(right) <= _MOST_TOKENS:
        matcher = SequenceMatcher(None, left, right, autojunk=False)
        if matcher.ratio() >= _LEAST_ALIKE:
            for tag, a, b, c, d in matcher.get_opcodes():
                yield "".join(left[a:b]), "".join(right[c:d]), tag != "equal"
            return
    yield before, after, True


def _merged(pieces: Sequence[Piece]) -> Pieces:
    merged: list[Piece] = []
    for piece in pieces:
        if not piece.changed and not piece.text:
            continue
        if merged and merged[-1].changed == piece.changed:
            merged[-1] = Piece(merged[-1].text + piece.text, piece.changed)
        else:
            merged.append(piece)
    return tuple(merged)


def _common_prefix(left: str, right: str) -> int:
    low, high = 0, min(len(left), len(right))
    while low < high:  # by halves: texts may be megabytes long
        middle = (low + high + 1) // 2
        if left[low:middle] == right[low:middle]:
            low = middle
        else:
            high = middle - 1
    return low


def _word_at(shared: str, left: str, right: str) -> bool:
    """Whether the shared part ends within a word that goes on in either text."""
    return bool(shared) and _is_word(shared[-1]) and (_is_word(left[:1]) or _is_word(right[:1]))


def _is_word(char: str) -> bool:
    return (char.isalnum() and char < "\u2e80") or char == "_"


def _trailing_word(text: str) -> str:
    start = len(text)
    while start > max(0, len(text) - 40) and _is_word(text[start - 1]):
        start -= 1
    return text[start:]
