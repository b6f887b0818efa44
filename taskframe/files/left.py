"""What a run left undone, as a file that plans again as it is: a row a task, with why."""

from __future__ import annotations

import os
from collections.abc import Mapping, Sequence
from typing import Any

import pandas as pd

from taskframe.changes.edit import Edit
from taskframe.changes.normal import objects
from taskframe.files.csv import write_texts
from taskframe.files.emptied import EMPTY
from taskframe.files.escape import CLEAR
from taskframe.files.names import fold, known_names
from taskframe.files.texts import Texts
from taskframe.schema import Schema


def write_left(
    path: str | os.PathLike[str], edits: Sequence[Edit], why: Mapping[str, Sequence[Any]], schema: Schema
) -> None:
    """Writes edits: id, identifier, the wanted values; then the columns of `why`, with a cell for each edit.

    A cell that is not wanted is blank, which leaves it alone; one to be cleared is `<clear>`. The columns of `why` are
    none of the service's, and are ignored when the file is planned again. Raises FileError.
    """
    identifier, known = schema.role("identifier"), known_names(schema)
    wanted = [c.name for c in schema if any(c.name in edit.after for edit in edits)]
    columns: dict[str, list[Any]] = {}
    if identifier is not None and identifier.name not in wanted:
        columns[identifier.name] = [edit.base.get(identifier.name) for edit in edits]
    columns |= {name: [edit.after.get(name) for edit in edits] for name in wanted}
    columns |= {name if fold(name) not in known else f"taskframe {name}": list(cells) for name, cells in why.items()}
    index = pd.Index([edit.id for edit in edits], dtype="object", name=schema.index)
    frame = pd.DataFrame({name: pd.Series(objects(cells), index=index) for name, cells in columns.items()}, index=index)
    write_texts(path, Texts.of(frame, schema, marks={name: _Emptied(edits, name) for name in wanted}))


class _Emptied:
    """Marks the cells of a column that are wanted empty."""

    def __init__(self, edits: Sequence[Edit], name: str) -> None:
        self._edits, self._name = edits, name

    def __call__(self, cells: list[str], values: pd.Series[Any], start: int) -> None:
        del values
        for at, cell in enumerate(cells):
            after = self._edits[start + at].after
            if not cell and self._name in after:
                cells[at] = CLEAR if after[self._name] is None else EMPTY
