"""Which tasks the grid shows: words anywhere, choices and ranges per column, a pandas query."""

from __future__ import annotations

import re
from collections.abc import Collection, Mapping
from dataclasses import dataclass, field
from typing import Any

import numpy as np
import pandas as pd

from taskframe.errors import SettingsError, did_you_mean
from taskframe.schema import Schema

Bound = pd.Timestamp | float | None


@dataclass(frozen=True)
class Filter:
    """All of it must hold.

    - `words`: each is in some cell, or in the name of a person there, whatever its case.
    - `among`: column → values, None for null; `between`: column → the least and the most, None for no bound.
    - `query`: a boolean expression as `df.query` takes it.
    - `ids`: only these tasks, such as the changed ones.
    """

    words: str = ""
    among: Mapping[str, Collection[Any]] = field(default_factory=dict)
    between: Mapping[str, tuple[Bound, Bound]] = field(default_factory=dict)
    query: str = ""
    ids: Collection[str] | None = None

    def mask(self, df: pd.DataFrame, schema: Schema, names: Mapping[str, str], ids: pd.Index) -> np.ndarray:
        """Which rows of `df` stay. `ids`: the task id of each row; `names`: id → name of people.

        Raises SettingsError when the query is none.
        """
        mask = np.ones(len(df), dtype=bool)
        for name, values in self.among.items():
            if values and name in df:
                mask &= _among(df[name], values)
        for name, (least, most) in self.between.items():
            if name in df and (least is not None or most is not None):
                mask &= _between(df[name], least, most)
        if self.ids is not None:
            mask &= np.asarray(ids.isin(list(self.ids)))
        if self.query.strip():
            mask &= _queried(df, self.query.strip())
        for word in self.words.casefold().split():
            rows = np.flatnonzero(mask)
            mask[rows] = _holds(df.iloc[rows], schema, names, ids[rows], word)
        return mask


def _among(series: pd.Series[Any], values: Collection[Any]) -> np.ndarray:
    wanted = [v for v in values if v is not None]
    found = series.astype("object").isin(wanted).to_numpy(dtype=bool)
    return found | series.isna().to_numpy(dtype=bool) if None in values else found


def _between(series: pd.Series[Any], least: Bound, most: Bound) -> np.ndarray:
    times = isinstance(least if least is not None else most, pd.Timestamp)
    cells: Any = pd.to_datetime(series, utc=True, errors="coerce") if times else pd.to_numeric(series, errors="coerce")
    found = cells.notna()
    if least is not None:
        found &= cells >= least
    if most is not None:
        found &= cells <= most
    mask: np.ndarray = found.fillna(False).to_numpy(dtype=bool)
    return mask


def _holds(df: pd.DataFrame, schema: Schema, names: Mapping[str, str], ids: pd.Index, word: str) -> np.ndarray:
    found = _contains(pd.Series(ids), word)
    who = [person for person, name in names.items() if word in name.casefold()]
    for column in schema:
        if column.name not in df or column.kind not in ("text", "choice"):
            continue
        cells = df[column.name]
        if isinstance(cells.dtype, pd.CategoricalDtype):
            hits = [c for c in cells.cat.categories if word in str(c).casefold()]
            found |= cells.isin(hits).to_numpy(dtype=bool)
        else:
            found |= _contains(cells, word)
        if who and column.people:
            found |= cells.isin(who).to_numpy(dtype=bool)
    return found


def _contains(cells: pd.Series[Any], word: str) -> np.ndarray:
    return np.fromiter((isinstance(c, str) and word in c.casefold() for c in cells), dtype=bool, count=len(cells))


def _queried(df: pd.DataFrame, query: str) -> np.ndarray:
    try:
        found = df.eval(query)
    except Exception as error:  # pandas raises whatever its parser, or the comparison, did
        unknown = getattr(error, "name", None) or str(error).removeprefix("name '").partition("'")[0]
        bare = re.sub(r"`[^`]*`", "", query)
        dotted = next((str(c) for c in df.columns if not str(c).isidentifier() and str(c) in bare), "")
        ticks = f" Write `{dotted}` in backticks." if dotted else ""
        raise SettingsError(f"the query can't be run: {error}.{ticks or did_you_mean(unknown, df.columns)}") from error
    if not isinstance(found, pd.Series) or not pd.api.types.is_bool_dtype(found.dtype):
        raise SettingsError("the query gives no true or false for each task: write, say, status != 'done'")
    return found.fillna(False).to_numpy(dtype=bool)
