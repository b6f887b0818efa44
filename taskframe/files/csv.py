"""CSV files: RFC 4180, UTF-8, one task a row.

Lines end in CR LF: so says RFC 4180, and so do the spreadsheets that these files go through.
"""

from __future__ import annotations

import contextlib
import csv
import io
import os
import threading
from collections.abc import Collection, Iterator, Mapping, Sequence
from decimal import Decimal
from typing import Any, BinaryIO, Literal, TextIO

import msgspec
import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.changes.normal import is_null, normal_values, objects, parse, plain
from taskframe.errors import FileError, did_you_mean
from taskframe.files.atomic import SHARED, opened, written
from taskframe.files.cells import is_json, read_cells
from taskframe.files.emptied import Mark, emptied
from taskframe.files.escape import escape, escape_id, unescape
from taskframe.files.names import fold
from taskframe.files.rows import Sheet
from taskframe.schema import NESTED, Column, Schema, Unfit

MOST_BYTES = 2 << 30
MOST_IN_CELL = 16 << 20
_MOST_IN_LINE = 4 * MOST_IN_CELL
_ROWS_AT_ONCE = 10_000
_field_limit = threading.Lock()  # csv's bound on a cell is one for the whole process


def write_csv(
    frame: pd.DataFrame,
    schema: Schema,
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    bom: bool = False,
    baseline: Baseline | None = None,
) -> None:
    """Writes `frame` as CSV: the ids first, then `columns` (all of the frame's).

    Null and "" are blank; where the `baseline` has something else in a cell that may be edited, null is `<clear>` and
    "" a lone `'`, so that reading it back finds the edit. Times are ISO 8601 in UTC, lists and objects JSON, booleans
    true and false; text that would run as a formula in a spreadsheet has a `'` in front, which `read_csv` takes off
    again. `bom` helps old spreadsheets to see that it is UTF-8. The file is written whole or not at all. Raises
    FileError.
    """
    labels = [c for c in (frame.columns if columns is None else columns) if c != schema.index]
    for label in labels:
        if label not in frame.columns:
            raise FileError(f"there is no column {label!r} to write.{did_you_mean(label, frame.columns)}")
    table = [(schema.index, [escape_id(str(i)) for i in _ids(frame, schema.index)])]
    texts = [(str(label), _mixed(frame[label], label, schema)) for label in labels]
    marks = {} if baseline is None else emptied(baseline, _ids(frame, schema.index))
    _write(path, len(frame), table, texts, bom=bom, marks=marks)


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


def write_table(table: pd.DataFrame, path: str | os.PathLike[str]) -> None:
    """Writes any table, without its index; cells as in `write_csv`. Raises FileError."""
    _write(path, len(table), [], [(str(label), table[label]) for label in table.columns], bom=False)


def _write(
    path: str | os.PathLike[str],
    rows: int,
    ready: list[tuple[str, list[str]]],
    columns: list[tuple[str, pd.Series[Any]]],
    *,
    bom: bool,
    marks: Mapping[str, Mark] | None = None,
) -> None:
    names = [name for name, _ in (*ready, *columns)]
    if len(set(names)) < len(names):
        raise FileError(f"{path}: two columns would have one name: rename one, or name the wanted ones in columns=")
    with written(path, SHARED) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig" if bom else "utf-8", newline="")
        writer = csv.writer(text, lineterminator="\r\n")
        writer.writerow([escape(name) for name in names])
        for start in range(0, rows, _ROWS_AT_ONCE):
            part = slice(start, start + _ROWS_AT_ONCE)
            cells = [*(values[part] for _, values in ready)]
            for name, values in columns:
                cells.append(_cells(values.iloc[part]))
                if marks and name in marks:
                    marks[name](cells[-1], values.iloc[part], start)
            writer.writerows(zip(*cells, strict=True))
        text.flush()
        text.detach()


def _ids(frame: pd.DataFrame, name: str) -> Any:
    if name in frame.columns:
        return frame[name]
    if name in frame.index.names:
        return frame.index.get_level_values(name)
    raise FileError(f"no task ids to write: the frame has neither a column nor an index named {name!r}")


def _cells(series: pd.Series[Any]) -> list[str]:
    if isinstance(series.dtype, pd.DatetimeTZDtype):
        return _times(series)
    return [escape(v) if type(v) is str else _cell(v) for v in normal_values(series)]


def _times(series: pd.Series[Any]) -> list[str]:
    """What `plain` says of each, at once for all. A finer time than microseconds loses what no service holds."""
    times = pd.DatetimeIndex(series).tz_convert("UTC").tz_localize(None).as_unit("us").to_numpy()
    whole = times.astype("datetime64[s]") == times
    texts = np.where(whole, np.datetime_as_string(times, unit="s"), np.datetime_as_string(times, unit="us"))
    return ["" if text == "NaT" else f"{text}Z" for text in texts.tolist()]


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


def read_csv(
    path: str | os.PathLike[str],
    schema: Schema,
    *,
    key: str | None = None,
    keys: Mapping[str, str] | None = None,
    blank: Literal["leave", "clear"] = "leave",
    choices: Mapping[str, Collection[Any]] | None = None,
) -> Edited:
    """The tasks of a CSV file, read as text and converted by the schema; each cell that does not fit is a problem.

    Rows go by the column named like the schema's index, or by the column `key`, whose values `keys` turns into ids.
    A blank cell is left alone (`blank="clear"`: cleared), `<clear>` clears. `choices` are values known beyond the
    documented ones. Cells are parted by commas, or by semicolons or tabs where the header leaves no doubt.
    Raises FileError when the file is no such table.
    """
    with opened(path, MOST_BYTES, "a CSV file") as file:
        _refuse_other_formats(path, file)
        with io.TextIOWrapper(file, encoding="utf-8-sig", newline="") as text, _room_for_cells():
            delimiter = _delimiter(path, text, key or schema.index)
            records = _records(path, text, delimiter)
            _, header = next(records, (0, None))
            if header is None:
                raise FileError(f"{path} is empty: the first line has to name the columns, {schema.index!r} among them")
            notes = () if delimiter == "," else (f"cells are parted by {_SEPARATORS[delimiter]}",)
            sheet = Sheet(str(path), [_name(path, cell) for cell in header], records, notes)
            return read_cells(sheet, schema, key=key, keys=keys or {}, blank=blank, choices=choices or {})


_SEPARATORS = {",": "commas", ";": "semicolons", "\t": "tabs"}
_MAGIC = {
    b"PK\x03\x04": "an Excel workbook: use plan_excel, or save it as 'CSV UTF-8'",
    b"\xd0\xcf\x11\xe0": "an old Excel workbook: save it as 'CSV UTF-8'",
    b"\x1f\x8b": "compressed: unpack it first (a saved frame or plan opens with tf.open_tasks or tf.open_plan)",
    b"\xff\xfe": "UTF-16 text: save it as 'CSV UTF-8'",
    b"\xfe\xff": "UTF-16 text: save it as 'CSV UTF-8'",
}


def _refuse_other_formats(path: str | os.PathLike[str], file: BinaryIO) -> None:
    start = file.read(8)
    file.seek(0)
    for magic, words in _MAGIC.items():
        if start.startswith(magic):
            raise FileError(f"{path} is no CSV file but {words}")


def _records(path: str | os.PathLike[str], text: TextIO, delimiter: str) -> Iterator[tuple[int, list[str]]]:
    """Each record with the line on which it starts; blank lines are left out."""
    text.seek(0)
    reader = csv.reader(_lines(path, text), delimiter=delimiter, strict=True)
    line = 1
    try:
        for record in reader:
            if record:
                yield line, record
            line = reader.line_num + 1
    except csv.Error as error:
        raise FileError(f"{path}, line {line}: {_meaning(str(error))}") from error
    except UnicodeDecodeError as error:
        at, byte = _first_undecodable(text.buffer)
        raise FileError(
            f"{path}, line {at}: not UTF-8 (byte 0x{byte:02x}): save it as 'CSV UTF-8' in the spreadsheet, or "
            f"with encoding='utf-8'"
        ) from error


def _lines(path: str | os.PathLike[str], text: TextIO) -> Iterator[str]:
    for number, line in enumerate(iter(lambda: text.readline(_MOST_IN_LINE), ""), 1):
        if len(line) == _MOST_IN_LINE:
            raise FileError(
                f"{path}, line {number}: a line of more than {_MOST_IN_LINE:,} characters: is this a CSV file?"
            )
        if "\0" in line:
            raise FileError(
                f"{path}, line {number}: a NUL byte: the file is damaged, or UTF-16: save it as 'CSV UTF-8'"
            )
        yield line


def _meaning(error: str) -> str:
    if "field larger" in error:
        return (
            f'a cell has more than {MOST_IN_CELL:,} characters: probably a quote (") that is never closed; '
            "close it, or shorten the cell"
        )
    if "unexpected end" in error:
        return 'a quote (") that opens in this record is never closed; a quote within quotes is written twice'
    return f'a cell goes on after its closing quote; a quote (") within quotes is written twice ({error})'


def _first_undecodable(file: BinaryIO) -> tuple[int, int]:
    file.seek(0)
    for number, line in enumerate(file, 1):
        try:
            line.decode()
        except UnicodeDecodeError as error:
            return number, line[error.start]
    raise AssertionError("every line can be decoded")  # pragma: no cover - the whole could not


def _delimiter(path: str | os.PathLike[str], text: TextIO, wanted: str) -> str:
    """What parts the cells: the one under which the header has the column that rows go by; else a comma."""
    fits = []
    for delimiter in _SEPARATORS:
        with contextlib.suppress(ValueError):
            _, header = next(_records(path, text, delimiter), (0, []))
            if len(header) > 1 and fold(wanted) in (fold(_bare(cell)) for cell in header):
                fits.append(delimiter)
    return fits[0] if len(fits) == 1 else ","


def _bare(cell: str) -> str:
    return unescape(cell.strip())


def _name(path: str | os.PathLike[str], cell: str) -> str:
    try:
        return _bare(cell)
    except ValueError:
        raise FileError(f"{path}: the column name {cell[:80]!r} can't be read") from None


@contextlib.contextmanager
def _room_for_cells() -> Iterator[None]:
    """Long descriptions pass csv's own bound of 131,072 characters."""
    with _field_limit:
        before = csv.field_size_limit(MOST_IN_CELL)
        try:
            yield
        finally:
            csv.field_size_limit(before)
