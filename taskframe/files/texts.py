"""Frames as cells of text, for a CSV file or a sheet: harmless in a spreadsheet, and exact when read back."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from datetime import tzinfo
from decimal import Decimal
from typing import Any

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.normal import is_null, normal_values, objects, parse, plain
from taskframe.errors import FileError, did_you_mean
from taskframe.files.cells import is_json
from taskframe.files.emptied import Mark, emptied
from taskframe.files.escape import escape, escape_id
from taskframe.schema import NESTED, Column, Schema, Unfit

_ROWS_AT_ONCE = 10_000


class Texts:
    """A frame's cells as text, column by column; `names` are the columns'."""

    def __init__(
        self,
        rows: int,
        columns: Sequence[tuple[str, pd.Series[Any]]],
        *,
        ids: tuple[str, list[str]] | None = None,
        marks: Mapping[str, Mark] | None = None,
        zone: tzinfo | None = None,
    ) -> None:
        self._rows, self._columns, self._ids, self._marks, self._zone = rows, columns, ids, marks or {}, zone
        self.names = [*([ids[0]] if ids else []), *(name for name, _ in columns)]
        if len(set(self.names)) < len(self.names):
            raise FileError("two columns would have one name: rename one, or name the wanted ones in columns=")

    def __len__(self) -> int:
        return self._rows

    @classmethod
    def of(
        cls,
        frame: pd.DataFrame,
        schema: Schema,
        *,
        columns: Sequence[str] | None = None,
        baseline: Baseline | None = None,
        marks: Mapping[str, Mark] | None = None,
        zone: tzinfo | None = None,
    ) -> Texts:
        """The cells of `frame`: the ids first, then `columns` (all of the frame's).

        Null and "" are blank; where the `baseline` has something else in a cell that may be edited, null is `<clear>`
        and "" a lone `'`, so that reading it back finds the edit. Times are ISO 8601 in UTC, or in `zone`; lists and
        objects JSON, booleans true and false; text that would run as a formula has a `'` in front. Raises FileError.
        """
        labels = [c for c in (frame.columns if columns is None else columns) if c != schema.index]
        for label in labels:
            if label not in frame.columns:
                raise FileError(f"there is no column {label!r} to write.{did_you_mean(label, frame.columns)}")
        ids = _ids(frame, schema.index)
        return cls(
            len(frame),
            [(str(label), _mixed(frame[label], label, schema)) for label in labels],
            ids=(schema.index, [escape_id(str(i)) for i in ids]),
            marks=marks if baseline is None else emptied(baseline, ids),
            zone=zone,
        )

    def lots(self) -> Iterator[list[list[str]]]:
        """The cells of so many rows at once: a list a column."""
        for start in range(0, self._rows, _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            cells = [self._ids[1][part]] if self._ids else []
            for name, values in self._columns:
                cells.append(plain_cells(values.iloc[part], self._zone))
                if name in self._marks:
                    self._marks[name](cells[-1], values.iloc[part], start)
            yield cells


def _mixed(series: pd.Series[Any], label: Any, schema: Schema) -> pd.Series[Any]:
    """A column of any JSON values, as text that `read_cells` reads back: what reads as JSON is JSON, all else text."""
    kind = schema[label].kind if label in schema else None
    if kind not in NESTED and (kind != "boolean" or pd.api.types.is_bool_dtype(series.dtype)):
        return series
    if kind != "any":
        return pd.Series(objects([_read(v, schema[label]) for v in normal_values(series)]), dtype="object")
    texts = [v if v is None or (isinstance(v, str) and not is_json(v)) else _json(v) for v in normal_values(series)]
    return pd.Series(texts, dtype="object")


def _read(value: Any, column: Column) -> Any:
    """A set, an array or a Series as the list that it stands for, and 1 as true."""
    if value is None or type(value) in (str, list, dict):
        return value
    try:
        return parse(value, column)
    except Unfit:
        return value


def _json(value: Any) -> str:
    return msgspec.json.Encoder(enc_hook=_unboxed, decimal_format="number").encode(value).decode()


def _unboxed(value: Any) -> Any:
    """What numpy and pandas put into lists, as JSON has it."""
    if isinstance(value, (np.ndarray, np.generic, pd.Series, pd.Index)):
        return value.tolist()
    if is_null(value):
        return None
    raise TypeError(f"a {type(value).__name__} is no JSON")


def _ids(frame: pd.DataFrame, name: str) -> Any:
    if name in frame.columns:
        return frame[name]
    if name in frame.index.names:
        return frame.index.get_level_values(name)
    raise FileError(f"no task ids to write: the frame has neither a column nor an index named {name!r}")


def plain_cells(series: pd.Series[Any], zone: tzinfo | None = None) -> list[str]:
    """What the cells of a column say, of any kind but lists, objects and any. Times are by the clocks of `zone`."""
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return _times(series) if zone is None else ["" if time is pd.NaT else _local(time, zone) for time in series]
    if series.dtype == np.dtype("int64"):
        return [*map(str, series.tolist())]
    return [escape(v) if type(v) is str else _cell(v) for v in normal_values(series)]


def _local(time: pd.Timestamp, zone: tzinfo) -> str:
    """A time as the clocks of a zone show it, with the offset. At the ends of the calendar it stays in UTC."""
    try:
        return time.tz_convert(zone).isoformat()
    except (ValueError, OverflowError):
        return str(plain(time))


def _times(series: pd.Series[Any]) -> list[str]:
    """What `plain` says of each, at once for all. A finer time than microseconds loses what no service holds."""
    times = pd.DatetimeIndex(series).tz_convert("UTC").tz_localize(None).as_unit("us").to_numpy()
    seconds = times.astype("datetime64[s]")
    texts: list[str] = np.datetime_as_string(seconds, timezone="UTC").tolist()
    odd = np.flatnonzero(seconds != times)  # so is a missing one
    for at, text in zip(odd.tolist(), np.datetime_as_string(times[odd], timezone="UTC").tolist(), strict=True):
        texts[at] = text.removesuffix("NaT")
    return texts


def _cell(value: Any) -> str:
    match value:
        case None:
            return ""
        case bool() | np.bool_():
            return "true" if value else "false"
        case int() | float() | np.integer() | np.floating() | Decimal():
            return str(value)
        case list() | tuple() | dict() | np.ndarray():
            return _json(value)
        case _:
            return escape(str(plain(value)))
