"""Files that somebody edited, held against the load they came from: keys, choices, and the damage done on the way."""

from __future__ import annotations

import os
from collections.abc import Collection
from functools import partial
from typing import Any

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.errors import PlanError, did_you_mean
from taskframe.files.csv import read_csv
from taskframe.files.damage import Damage, find_damage
from taskframe.files.reading import Reading
from taskframe.files.untouched import Untouched


def csv_edits(
    path: str | os.PathLike[str],
    baseline: Baseline,
    *,
    encoding: str | None = None,
    sep: str | None = None,
    damage: Damage = "refuse",
    **how: Any,
) -> Edited:
    """What a CSV file says of the tasks of `baseline`; `how` as for `Reading`. Raises FileError and PlanError."""
    more = _known(baseline, how.get("key"))
    by_id = how.get("key") in (None, baseline.schema.index)
    untouched = Untouched(baseline) if by_id else None
    read = partial(read_csv, path, baseline.schema, encoding=encoding, sep=sep, **more, **how)
    edited = read(untouched=untouched)
    if untouched is not None and untouched.is_twice(edited.ids):  # both rows are wanted, to say where they are
        edited, untouched = read(), None
    return find_damage(edited, baseline, Reading(**more, **how), damage, untouched)


def excel_edits(
    path: str | os.PathLike[str],
    baseline: Baseline,
    *,
    sheet: str | None = None,
    damage: Damage = "refuse",
    **how: Any,
) -> Edited:
    """What a sheet of a workbook says of the tasks of `baseline`; as `csv_edits`."""
    from taskframe.files.workbook import read_excel

    reading = Reading(**_known(baseline, how.get("key")), **how, typed=True)
    return find_damage(read_excel(path, baseline.schema, reading, sheet=sheet), baseline, reading, damage)


def _known(baseline: Baseline, key: str | None) -> dict[str, Any]:
    return {"keys": _keys(baseline, key) if key else {}, "choices": _choices(baseline)}


def _keys(baseline: Baseline, key: str) -> dict[str, str]:
    schema, frame = baseline.schema, baseline.frame
    if key == schema.index:
        return {}
    if key not in frame:
        raise PlanError(f"key={key!r}: this load has no such column.{did_you_mean(key, frame)}")
    values = frame[key].dropna()
    if values.duplicated().any():
        better = schema.role("identifier")
        way_out = f"key={better.name!r}" if better and better.name != key else f"the column {schema.index!r}"
        raise PlanError(f"key={key!r}: it is no key, since several tasks share a value: use {way_out}")
    return {str(v): str(i) for i, v in values.items()}


def _choices(baseline: Baseline) -> dict[str, Collection[Any]]:
    frame = baseline.frame
    return {
        c.name: tuple(frame[c.name].cat.categories) for c in baseline.schema if c.kind == "choice" and c.name in frame
    }
