"""Names that are spelled loosely: of columns, and of choices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable
from dataclasses import replace
from typing import Any

from taskframe.files.rows import Sheet
from taskframe.schema import Schema


def fold(text: str) -> str:
    """`text` without case, blanks, `-` and `_`."""
    return re.sub(r"[\s_-]+", "", text).casefold()


def folded(words: Iterable[Any]) -> dict[str, Any]:
    """The words by their folded text; those that can't be told apart that way are left out."""
    found: dict[str, list[Any]] = {}
    for word in dict.fromkeys(words):
        found.setdefault(fold(str(word)), []).append(word)
    return {text: same[0] for text, same in found.items() if text and len(same) == 1}


def named(sheet: Sheet, schema: Schema) -> Sheet:
    """The sheet with its columns named as the schema names them, and a note where they were spelled otherwise.

    A column that is there under its own name, or under two other spellings, is left as it is.
    """
    known = folded((schema.index, *schema.names))
    spelled = Counter(fold(name) for name in sheet.header)
    header, notes = [], []
    for name in sheet.header:
        column = known.get(fold(name), name)
        if column == name or spelled[fold(name)] > 1:
            header.append(name)
            continue
        header.append(column)
        notes.append(f"the column {name!r} is read as {column!r}")
    return replace(sheet, header=header, notes=(*sheet.notes, *notes))
