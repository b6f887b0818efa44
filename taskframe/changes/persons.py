"""Who is meant by what stands in a cell: names, handles and mail addresses in place of ids."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.changes.memory import shares_memory
from taskframe.changes.unfit import shown
from taskframe.problem import Problem
from taskframe.schema import Column, Unfit

Find = Callable[[str], str | None]
"""The id of whoever goes by a word; None when nobody does; raises `Unfit` when several do."""


def resolve(edited: Edited, baseline: Baseline, find: Find) -> Edited:
    """`edited` with ids where people were named; a note tells which. What can be no id is a problem.

    Whoever had a task in the load, or is no person's name but could be an id, is left as it is: an assignee may be new.
    """
    for column in baseline.schema.editable:
        name = column.name
        if not column.people or column.kind != "text" or name not in edited.columns or name not in baseline.frame:
            continue
        if not shares_memory(baseline.frame[name], edited.columns[name]):
            edited = _resolved(edited, column, set(_words(baseline.frame[name])), find)
    return edited


def _resolved(edited: Edited, column: Column, seen: set[str], find: Find) -> Edited:
    series, name = edited.columns[column.name], column.name
    ids: dict[str, str] = {}
    unfit: dict[str, str] = {}
    for word in _words(series):
        if word in seen or word in column.aliases or not word.strip():
            continue
        try:
            found = word.strip() if word.strip() in seen else find(word.strip())
        except Unfit as error:
            unfit[word] = str(error)
            continue
        if found is not None:
            ids[word] = found
        elif "@" in word or any(map(str.isspace, word.strip())):
            unfit[word] = f"nobody is known as {shown(word.strip())}: write an id, or name people in conn.people"
        else:
            ids[word] = word.strip()
    ids = {word: found for word, found in ids.items() if word != found}
    if not ids and not unfit:
        return edited
    cells = series.to_list()
    at = [row for row, cell in enumerate(cells) if isinstance(cell, str) and cell in unfit]
    skip = np.array(edited.skip[name]) if name in edited.skip else np.zeros(len(cells), dtype=bool)
    skip[at] = True
    meant = pd.Series([ids.get(c, c) if isinstance(c, str) else c for c in cells], index=series.index, dtype="object")
    return replace(
        edited,
        columns={**edited.columns, name: meant},
        skip={**edited.skip, name: skip},
        problems=(*edited.problems, *(_problem(edited, column, row, cells[row], unfit) for row in at)),
        notes=(*edited.notes, *_notes(column, cells, ids)),
    )


def _words(series: pd.Series) -> list[str]:
    """The texts in a column, each once, in the order in which they come: few people have many tasks."""
    if isinstance(series.dtype, pd.StringDtype):  # what else may stand in cells, pandas may not tell apart
        return [word for word in series.array.unique().tolist() if isinstance(word, str)]
    return list(dict.fromkeys(cell for cell in series.to_list() if isinstance(cell, str)))


def _problem(edited: Edited, column: Column, row: int, cell: str, unfit: dict[str, str]) -> Problem:
    task: Any = edited.ids[row]
    return Problem("type", None if pd.isna(task) else str(task), column.name, cell, unfit[cell], edited.line(row))


def _notes(column: Column, cells: list[object], ids: dict[str, str]) -> Iterator[str]:
    counts = dict.fromkeys(ids, 0)
    for cell in cells:
        if isinstance(cell, str) and cell in counts:
            counts[cell] += 1
    for word, count in counts.items():
        yield f"{column.name}: {shown(word)} read as {ids[word]!r} ({count:,} cell{'s'[: count > 1]})"
