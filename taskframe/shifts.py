"""How a plan shifts the work between assignees: tasks of the load, before and after."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pandas as pd

from taskframe.changes.changes import Changes
from taskframe.preview.views import Shift
from taskframe.schema import Schema


def shifts_of(changes: Changes, everything: pd.DataFrame, schema: Schema) -> Iterator[Shift]:
    """A shift for each kind of assignee that changes: everybody whose number changes, the largest change first."""
    for column in schema.roles("assignee"):
        change = changes.columns.get(column.name)
        if change is None or column.name not in everything:
            continue
        moved: Counter[Any] = Counter(change.after)
        moved.subtract(Counter(change.before))
        held = everything[column.name].value_counts()
        nobody = int(everything[column.name].isna().sum())
        rows = []
        for who, number in moved.items():
            before = nobody if who is None else int(held.get(who, 0))
            if number:
                rows.append((who, before, before + number))
        rows.sort(key=lambda row: (-abs(row[2] - row[1]), str(row[0])))
        if rows:
            yield Shift(column.name, tuple(rows))
