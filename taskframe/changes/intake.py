"""A DataFrame that somebody edited, taken in: whose rows are these?"""

from __future__ import annotations

from collections.abc import Iterable

import numpy as np
import pandas as pd

from taskframe.changes.edited import Edited
from taskframe.changes.normal import is_null
from taskframe.errors import PlanError, did_you_mean
from taskframe.schema import Schema

_EXACT = 2**53


def take_frame(frame: pd.DataFrame, schema: Schema) -> Edited:
    """The rows of `frame` with their task ids.

    Ids come from the column named like the schema's index, else from the index (or one of its levels) of that name.
    Levels of the index that are named like a column count as that column.
    Raises PlanError when both are there and differ, when neither is, or when a column is there twice.
    """
    if not isinstance(frame, pd.DataFrame):
        raise _no_frame(frame)
    if frame.columns.nlevels > 1:
        raise PlanError("this frame's columns have several levels (a pivot or an agg?): flatten them to plain names")
    labels = [*frame.columns, *(level for level in frame.index.names if level is not None and level != schema.index)]
    known = [label for label in labels if label in schema or label == schema.index]
    if schema.index not in known and schema.index not in frame.index.names:
        raise _no_ids(frame, schema)
    twice = [str(label) for at, label in enumerate(known) if label in known[:at]]
    if twice:
        raise PlanError(f"column {twice[0]!r} is there twice: drop or rename one of the two")
    if list(frame.index.names).count(schema.index) > 1:
        raise PlanError(f"the index has two levels {schema.index!r}: drop or rename one of the two")
    ids = _ids(frame, schema.index)
    columns = {
        str(label): frame[label] if label in frame.columns else frame.index.get_level_values(label).to_series()
        for label in known
        if label != schema.index
    }
    ignored = tuple(str(label) for label in frame.columns if label not in known)
    return Edited(ids=ids, columns=columns, ignored=ignored, notes=near_misses(ignored, schema))


def near_misses(ignored: Iterable[str], schema: Schema) -> tuple[str, ...]:
    """What to say of the columns that nobody knows, but whose names look like those of the schema."""
    near = ((name, did_you_mean(name, schema.names)) for name in ignored)
    return tuple(f"{name}: ignored, it is no column.{meant}" for name, meant in near if meant)


def _ids(frame: pd.DataFrame, name: str) -> pd.Index:
    index: pd.Index | None = _text(frame.index.get_level_values(name)) if name in frame.index.names else None
    if name not in frame.columns and index is not None:
        return index
    column: pd.Index = _text(pd.Index(frame[name]))
    if index is None or index.equals(column):
        return column
    null = np.asarray(index.isna()) | np.asarray(column.isna())
    unequal = np.asarray(index != column) & ~null | (np.asarray(index.isna()) != np.asarray(column.isna()))
    if not unequal.any():
        return column
    at = int(np.flatnonzero(unequal)[0])
    raise PlanError(
        f"the column {name!r} and the index {name!r} differ, first in row {at} ({column[at]!r} and {index[at]!r}): "
        "which of them are the task ids? drop the other"
    )


def _no_frame(thing: object) -> PlanError:
    way_out = "one column is df[[name]], one row df.loc[[id]]" if isinstance(thing, pd.Series) else "tasks.plan(df)"
    return PlanError(f"a plan is made from a DataFrame, not from {type(thing).__name__}: {way_out}")


def _no_ids(frame: pd.DataFrame, schema: Schema) -> PlanError:
    """What may have become of them, and how to keep them."""
    name = schema.index
    names = [level for level in frame.index.names if level is not None]
    named = f"; its index is {' and '.join(map(repr, names)) or 'without a name'}"
    if frame.columns.name == name:
        lost = f"; its columns are named {name!r}: it was transposed, turn it back with .T"
    elif any(level in schema for level in names):
        lost = (
            f"{named}. `set_index` replaces the index: use reset_index() before it. `groupby` with agg() gives a row "
            "a group: transform() and apply() keep the tasks"
        )
    elif not names and pd.api.types.is_integer_dtype(frame.index.dtype):
        lost = (
            ". `merge`, ignore_index=True and reset_index(drop=True) drop the index: use reset_index() before them, "
            f"and set_index({name!r}) after"
        )
    else:
        lost = f"{named}. If these are the ids, name them: rename_axis({name!r})"
    return PlanError(f"no task ids: the frame has neither a column nor an index named {name!r}{lost}")


def _text(ids: pd.Index) -> pd.Index:
    """Ids as text, missing ones missing. A number is written out: it matches no id unless it looks like one."""
    if isinstance(ids.dtype, pd.StringDtype):
        return ids
    values = [_word(v) for v in ids]
    try:
        found: pd.Index = pd.Index(pd.array(values, dtype="str"), name=ids.name)
    except UnicodeError:  # half a surrogate pair does not fit into Arrow
        found = pd.Index(np.array(values, dtype=object), dtype=object, name=ids.name)
    return found


def _word(value: object) -> str | None:
    if is_null(value):
        return None
    if isinstance(value, float) and value.is_integer() and abs(value) < _EXACT:
        return str(int(value))  # a missing id beside them made floats of integers
    return str.__str__(value) if isinstance(value, str) else str(value)
