"""A DataFrame that somebody edited, taken in: whose rows are these?"""

from __future__ import annotations

import numpy as np
import pandas as pd

from taskframe.changes.edited import Edited
from taskframe.errors import PlanError
from taskframe.schema import Schema


def take_frame(frame: pd.DataFrame, schema: Schema) -> Edited:
    """The rows of `frame` with their task ids.

    Ids come from the column named like the schema's index, else from the index (or one of its levels) of that name.
    Raises PlanError when both are there and differ, when neither is, or when a column is there twice.
    """
    if not isinstance(frame, pd.DataFrame):
        raise PlanError(f"a plan is made from a DataFrame, not from {type(frame).__name__}: tasks.plan(df)")
    twice = frame.columns[frame.columns.duplicated()]
    if len(twice):
        raise PlanError(f"column {str(twice[0])!r} is there twice: drop or rename one of the two")
    ids = _ids(frame, schema.index)
    columns = {str(name): frame[name] for name in frame.columns if name in schema}
    ignored = tuple(str(name) for name in frame.columns if name not in schema and name != schema.index)
    return Edited(ids=ids, columns=columns, ignored=ignored)


def _ids(frame: pd.DataFrame, name: str) -> pd.Index:
    index = frame.index.get_level_values(name) if name in frame.index.names else None
    if name not in frame.columns:
        if index is None:
            raise PlanError(
                f"no task ids: the frame has neither a column nor an index named {name!r}. `merge` drops the index: "
                f"use reset_index() before it and set_index({name!r}) after"
            )
        return _text(index)
    column = _text(pd.Index(frame[name]))
    if index is not None and not _text(index).equals(column):
        at = int(np.flatnonzero(np.asarray(_text(index)) != np.asarray(column))[0])
        raise PlanError(
            f"the column {name!r} and the index {name!r} differ, first in row {at} ({column[at]!r} and {index[at]!r}): "
            "which of them are the task ids? drop the other"
        )
    return column


def _text(ids: pd.Index) -> pd.Index:
    """Ids as text, missing ones missing. A number is written out: it matches no id unless it looks like one."""
    if isinstance(ids.dtype, pd.StringDtype):
        return ids
    values = [None if _missing(v) else v if isinstance(v, str) else str(v) for v in ids]
    return pd.Index(pd.array(values, dtype="str"), name=ids.name)


def _missing(value: object) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or (isinstance(value, float) and value != value)
