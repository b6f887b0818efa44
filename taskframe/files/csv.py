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
from dataclasses import replace
from datetime import tzinfo
from typing import Any

import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.errors import FileError
from taskframe.files.atomic import SHARED, opened, written
from taskframe.files.cells import read_cells
from taskframe.files.dialect import MOST_IN_CELL, bare, find_dialect
from taskframe.files.escape import escape
from taskframe.files.names import called
from taskframe.files.reading import Blank, Reading, zone
from taskframe.files.records import Records
from taskframe.files.rows import Sheet
from taskframe.files.texts import Texts
from taskframe.files.untouched import Untouched
from taskframe.schema import Schema

MOST_BYTES = 2 << 30
_field_limit = threading.Lock()  # csv's bound on a cell is one for the whole process


def write_csv(
    frame: pd.DataFrame,
    schema: Schema,
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    bom: bool = False,
    sep: str = ",",
    tz: str | tzinfo | None = None,
    baseline: Baseline | None = None,
) -> None:
    """Writes `frame` as CSV; `Texts.of` says what its cells say, and `read_csv` reads them back.

    `bom` helps old spreadsheets to see that it is UTF-8; `sep` parts the cells: Excel takes `;` where a comma is the
    decimal sign; `tz` is whose clocks the times are by (UTC's). The file is written whole or not at all. Raises
    FileError.
    """
    texts = Texts.of(frame, schema, columns=columns, baseline=baseline, zone=zone(tz))
    write_texts(path, texts, bom=bom, sep=sep)


def write_texts(path: str | os.PathLike[str], texts: Texts, *, bom: bool = False, sep: str = ",") -> None:
    """Writes cells that are text already. Raises FileError."""
    if sep not in (",", ";", "\t", "|"):
        raise FileError(f"sep={sep!r}: cells are parted by ',', ';', '\\t' or '|'")
    with written(path, SHARED) as file:
        text = io.TextIOWrapper(file, encoding="utf-8-sig" if bom else "utf-8", newline="")
        writer = csv.writer(text, delimiter=sep, lineterminator="\r\n")
        writer.writerow([escape(name) for name in texts.names])
        for cells in texts.lots():
            writer.writerows(zip(*cells, strict=True))
        text.flush()
        text.detach()


def read_csv(
    path: str | os.PathLike[str],
    schema: Schema,
    *,
    key: str | None = None,
    keys: Mapping[str, str] | None = None,
    blank: Blank = "leave",
    choices: Mapping[str, Collection[Any]] | None = None,
    encoding: str | None = None,
    sep: str | None = None,
    untouched: Untouched | None = None,
    **how: Any,
) -> Edited:
    """The tasks of a CSV file, read as text and converted by the schema; each cell that does not fit is a problem.

    `key`, `keys`, `blank`, `choices` and `how` are those of `Reading`. Encoding and separator are found out unless they
    are given: UTF-8 or UTF-16 by its first bytes and by whether all of it can be read so, the separator by the header.
    Rows that are `untouched` are left out. Raises FileError when the file is no such table.
    """
    reading = Reading(key=key, keys=keys or {}, blank=blank, choices=choices or {}, **how)
    with opened(path, MOST_BYTES, "a CSV file") as file, _room_for_cells():
        wanted = called(key or schema.index, schema, reading.names)
        dialect = find_dialect(path, file, wanted, encoding=encoding, sep=sep)
        records = Records(path, file, dialect)
        try:
            header = [_name(path, cell) for cell in records.header()]
            if not header:
                raise FileError(f"{path} is empty: the first line has to name the columns, {schema.index!r} among them")
            sheet = Sheet(str(path), header, records.lots(len(header)), dialect.notes)
            return replace(read_cells(sheet, schema, reading, untouched), doubted=dialect.guessed)
        finally:
            records.close()


def _name(path: str | os.PathLike[str], cell: str) -> str:
    try:
        return bare(cell)
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
