"""Tasks as an Excel workbook that is safe to edit: text cells, drop-downs, locks, and a sheet that explains."""

from __future__ import annotations

import contextlib
import os
import re
from collections.abc import Iterator, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING, Any

import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.errors import FileError, MissingExtra
from taskframe.files.atomic import SHARED, written
from taskframe.files.escape import CLEAR, escape_json
from taskframe.files.reading import zone
from taskframe.files.texts import Texts
from taskframe.schema import Column, Schema

if TYPE_CHECKING:
    from openpyxl import Workbook

SHEET, ABOUT, LISTS = "tasks", "columns", "choices"
MOST_ROWS = 1_048_576
MOST_IN_CELL = 32_767
_MOST_INLINE = 250
# What XML can't hold, and what Excel reads as an escape of its own
_UNHOLDABLE = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ufffe\uffff]|_x[0-9A-Fa-f]{4}_")
_WIDTHS = {"title": 60, "identifier": 14, "status": 16, "priority": 12}


def write_excel(
    frame: pd.DataFrame,
    schema: Schema,
    path: str | os.PathLike[str],
    *,
    columns: Sequence[str] | None = None,
    tz: str | tzinfo | None = None,
    baseline: Baseline | None = None,
) -> None:
    """Writes `frame` as a workbook; cells say what they say in a CSV file. FileError where it can't hold them."""
    book = _book()
    texts = Texts.of(frame, schema, columns=columns, baseline=baseline, zone=zone(tz))
    if len(texts) >= MOST_ROWS:
        raise FileError(f"{path}: {len(texts):,} tasks are more than a sheet's {MOST_ROWS - 1:,} rows: use to_csv")
    known = [schema[name] if name in schema else None for name in texts.names]  # noqa: SIM401 - it has no get
    lists = {at: _choices(column, baseline) for at, column in enumerate(known) if column is not None}
    try:
        _fill(path, book, texts, known, {at: words for at, words in lists.items() if words})
        _explain(book, texts.names, known, lists)
        with written(path, SHARED) as file:
            book.save(file)
    except BaseException:
        _abandon(book)
        raise


def _abandon(book: Workbook) -> None:
    """Lets go of the temporary files of a workbook that was not saved."""
    for sheet in book.worksheets:
        with contextlib.suppress(Exception):
            sheet.close()
            sheet._writer.cleanup()  # type: ignore[attr-defined]


def _book() -> Workbook:
    try:
        from openpyxl import Workbook
    except ImportError:
        raise MissingExtra("an Excel workbook", "excel") from None
    return Workbook(write_only=True)


def _fill(
    path: str | os.PathLike[str],
    book: Workbook,
    texts: Texts,
    columns: Sequence[Column | None],
    lists: dict[int, list[str]],
) -> None:
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Alignment, Font, PatternFill, Protection
    from openpyxl.utils import get_column_letter

    sheet: Any = book.create_sheet(SHEET)
    sheet.freeze_panes = "B2"
    last = get_column_letter(len(texts.names))
    sheet.auto_filter.ref = f"A1:{last}{len(texts) + 1}"
    sheet.protection.sheet = True
    for allowed in ("autoFilter", "sort", "formatCells", "formatColumns", "formatRows"):
        setattr(sheet.protection, allowed, False)  # False: it is not forbidden
    for at, column in enumerate(columns):
        width = 26 if column is None else _WIDTHS.get(column.role or "", 22)
        sheet.column_dimensions[get_column_letter(at + 1)].width = width
    editable = [column is not None and column.editable for column in columns]
    head = []
    for name, may in zip(texts.names, editable, strict=True):
        cell: Any = WriteOnlyCell(sheet)
        _set(cell, escape_json(name, _UNHOLDABLE))
        cell.font = Font(bold=True)
        cell.fill = PatternFill("solid", fgColor="DDEBF7" if may else "E7E6E6")
        head.append(cell)
    sheet.append(head)
    _drop_downs(sheet, len(texts), columns, lists)
    styles = []
    for may in editable:
        cell = WriteOnlyCell(sheet)
        cell.number_format, cell.alignment = "@", Alignment(vertical="top")
        cell.protection = Protection(locked=not may)
        styles.append(cell._style)  # made once: a style a cell takes most of the time
    for cells in texts.lots():
        for values in zip(*cells, strict=True):
            made = []
            for at, (value, style) in enumerate(zip(values, styles, strict=True)):
                text = escape_json(value, _UNHOLDABLE, is_id=not at).replace(
                    "\r", "_x000D_"
                )  # XML has no other way to keep it
                if len(text) > MOST_IN_CELL:
                    raise FileError(
                        f"{path}: {texts.names[at]} of {values[0]} has {len(value):,} characters, and a cell holds "
                        f"{MOST_IN_CELL:,}: leave the column out (columns=…), or use to_csv"
                    )
                cell = WriteOnlyCell(sheet)
                _set(cell, text)
                cell._style = style
                made.append(cell)
            sheet.append(made)


def _set(cell: Any, text: str) -> None:
    """Text is text, whatever it starts with; no text is no value."""
    if text:
        cell.value = text
        cell.data_type = "s"


def _choices(column: Column, baseline: Baseline | None) -> list[str]:
    """What goes into an editable column, where that is known."""
    if not column.editable:
        return []
    words: list[str] = [str(choice) for choice in column.choices] or sorted(column.things)
    if column.kind == "boolean":
        words = ["true", "false"]
    if column.kind == "choice" and baseline is not None and column.name in baseline.frame:
        words = [*dict.fromkeys([*words, *map(str, baseline.frame[column.name].cat.categories)])]
    if not words:
        return []
    return [*words, *([CLEAR] if column.clearable else [])]


def _drop_downs(sheet: Any, rows: int, columns: Sequence[Column | None], lists: dict[int, list[str]]) -> None:
    from openpyxl.utils import get_column_letter
    from openpyxl.worksheet.datavalidation import DataValidation

    if not rows:
        return
    for place, (at, words) in enumerate(lists.items(), 1):
        column = columns[at]
        inline = ",".join(words)
        plain = len(inline) <= _MOST_INLINE and not any(set('",') & set(word) for word in words)
        letter = get_column_letter(place)
        source = f'"{inline}"' if plain else f"{LISTS}!${letter}$2:${letter}${len(words) + 1}"
        closed = column is not None and column.kind in ("choice", "boolean")
        rule = DataValidation(type="list", formula1=source, allow_blank=True, showErrorMessage=True)
        rule.errorStyle = "stop" if closed else "warning"
        rule.errorTitle, rule.error = "Not a choice", "Choose from the list; a blank cell leaves the value alone."
        letter = get_column_letter(at + 1)
        rule.add(f"{letter}2:{letter}{rows + 1}")
        sheet.data_validations.append(rule)


def _explain(
    book: Workbook, names: Sequence[str], columns: Sequence[Column | None], lists: dict[int, list[str]]
) -> None:
    """The second sheet: what the columns are; and a hidden third with what goes into them."""
    from openpyxl.cell import WriteOnlyCell
    from openpyxl.styles import Font

    about: Any = book.create_sheet(ABOUT)
    for letter, width in zip("ABCD", (26, 24, 14, 90), strict=True):
        about.column_dimensions[letter].width = width

    def put(sheet: Any, texts: Sequence[str], *, bold: bool = False) -> None:
        cells = []
        for text in texts:
            cell: Any = WriteOnlyCell(sheet)
            _set(cell, escape_json(text, _UNHOLDABLE)[:MOST_IN_CELL])
            cell.number_format, cell.font = "@", Font(bold=bold)
            cells.append(cell)
        sheet.append(cells)

    for text in _RULES:
        put(about, [text])
    put(about, [])
    put(about, ["column", "called", "edit it?", "what it takes"], bold=True)
    for at, (name, column) in enumerate(zip(names, columns, strict=True)):
        if column is None:
            put(about, [name, "", "no", "the task's id: rows are found by it" if at == 0 else "not the service's"])
        else:
            takes = "; ".join(_takes(column, lists.get(at, [])))
            put(about, [name, column.label, "yes" if column.editable else "no, locked", takes])
    hidden: Any = book.create_sheet(LISTS)
    hidden.sheet_state = "hidden"
    shown = {at: words for at, words in lists.items() if words}
    put(hidden, [names[at] for at in shown], bold=True)
    for row in range(max(map(len, shown.values()), default=0)):
        put(hidden, [words[row] if row < len(words) else "" for words in shown.values()])


_RULES = (
    "Edit the sheet 'tasks', in the columns with a blue header. The others are locked.",
    f"A blank cell leaves the value alone; {CLEAR} clears it.",
    "Keep the id in each row. Rows and columns may be in another order, or be deleted: that changes nothing.",
    "An apostrophe in front of =, +, - or @ keeps the text from running as a formula; it is taken off again.",
)


def _takes(column: Column, words: Sequence[str]) -> Iterator[str]:
    kinds = {
        "text": "text",
        "choice": "a choice",
        "integer": "a whole number",
        "number": "a number",
        "boolean": "true or false",
        "timestamp": "a time such as 2026-01-31T09:00:00Z",
        "list": 'JSON such as ["a", "b"]',
        "object": 'JSON such as {"key": "value"}',
        "any": "text or JSON",
    }
    yield kinds[column.kind] if not column.people else "a person's id, handle, mail address or name"
    if column.editable:
        if words:
            yield ", ".join(words[:100])
        if column.max_length:
            yield f"at most {column.max_length} characters"
        yield f"{CLEAR} clears it" if column.clearable else "can't be cleared"
