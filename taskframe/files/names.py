"""Names that are spelled loosely: of columns, and of choices."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import Any

from taskframe.errors import FileError, did_you_mean
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


def named(sheet: Sheet, schema: Schema, names: Mapping[str, str]) -> Sheet:
    """The sheet with its columns named as the schema names them, and a note where they were called otherwise.

    `names` go first; then a column's own name and its label, in any case and spacing. A column that is there under its
    own name, or under two other spellings, is left as it is. Raises FileError for names of what there is not.
    """
    known = known_names(schema)
    wanted = _wanted(sheet, schema, names)
    header = [wanted.get(name) or (name if name in schema else known.get(fold(name), name)) for name in sheet.header]
    counts, exact = Counter(header), {*sheet.header, *wanted.values()}
    notes = []
    for at, (name, column) in enumerate(zip(sheet.header, header, strict=True)):
        if column == name:
            continue
        if name not in wanted and (column in exact or counts[column] > 1):
            header[at] = name
            continue
        notes.append(f"the column {name!r} is read as {column!r}")
    return replace(sheet, header=header, notes=(*sheet.notes, *notes))


def known_names(schema: Schema) -> dict[str, str]:
    """What the columns may be called, folded: their names, and the labels that mean only one of them."""
    labels = folded(column.label for column in schema if column.label)
    by_label = Counter(fold(column.label) for column in schema)
    called = {text: c.name for c in schema if by_label[text := fold(c.label)] == 1 and text in labels}
    return {**called, **folded((schema.index, *schema.names))}


def called(column: str, schema: Schema, names: Mapping[str, str]) -> list[str]:
    """All that this column may be called in a header."""
    label = schema[column].label if column in schema else ""
    mapped = [theirs for theirs, ours in names.items() if ours == column]
    return [*mapped, column, *([label] if label and known_names(schema).get(fold(label)) == column else [])]


def _wanted(sheet: Sheet, schema: Schema, names: Mapping[str, str]) -> dict[str, str]:
    wanted: dict[str, str] = {}
    for theirs, ours in names.items():
        if ours not in schema and ours != schema.index:
            raise FileError(f"names=: there is no column {ours!r}.{did_you_mean(ours, (schema.index, *schema.names))}")
        found = [name for name in sheet.header if name == theirs] or [
            name for name in sheet.header if fold(name) == fold(theirs)
        ]
        if len(found) != 1:
            near = did_you_mean(theirs, filter(None, sheet.header))
            raise FileError(f"names=: {sheet.where} has {'two columns' if found else 'no column'} {theirs!r}.{near}")
        wanted[found[0]] = ours
    return wanted
