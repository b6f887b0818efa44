"""What spreadsheets do to cells that nobody edited. Such a cell is a problem, and no edit."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import replace
from datetime import UTC
from decimal import Context, Decimal, InvalidOperation
from typing import Any, Literal

import numpy as np
import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.compare import differing
from taskframe.changes.edited import Edited
from taskframe.changes.normal import normal_values
from taskframe.changes.unfit import shown
from taskframe.errors import FileError
from taskframe.files.reading import Reading
from taskframe.files.rows import count_cells
from taskframe.files.slips import Touched, counted_on, lost_ids, moved_rows, sorted_alone
from taskframe.files.untouched import Untouched
from taskframe.problem import Problem
from taskframe.schema import NESTED, Column

Damage = Literal["refuse", "take"]
_MEANT = "; if it is meant: damage='take'"
_MOST_IN_EXCEL = 32_767
_NUMBER = re.compile(r"[+-]?\d+(?:[.,]\d+)?(?P<power>[eE][+-]?\d+)?", re.ASCII)
_ERROR = re.compile(r"#(REF|NAME|VALUE|N/A|DIV/0|NULL|NUM|SPILL|CALC)[!?]?|#{3,}")
_LIKE_A_DATE = re.compile(
    r"\d{1,2}[-/.]\d{1,2}([-/.]\d{2,4})?|\d{1,4}[- ]?[A-Za-z]{3,9}\.?|[A-Za-z]{3,9}[-. ]*\d{1,4}"
    r"|\d{4}-\d{1,2}(-\d{1,2})?"
)
_DATE = re.compile(
    r"\d{1,4}[-/.]\d{1,2}[-/.]\d{1,4}([ T]\d\d?:\d\d.*)?|\d{1,2}[-. ]{0,2}[^\W\d]{3,9}\.?([-. ]{0,2}\d{2,4})?"
    r"|[^\W\d]{3,9}\.?[-. ]{0,2}\d{2,4}|[234]\d{4}"
)


def find_damage(
    edited: Edited,
    baseline: Baseline,
    how: Reading,
    damage: Damage = "refuse",
    untouched: Untouched | None = None,
) -> Edited:
    """`edited` without what a spreadsheet seems to have done by itself: that is a problem each.

    Only cells that differ from the baseline are looked at. `damage="take"` takes them for edits. `untouched` are
    rows of the file that `edited` is without. Raises FileError for another word.
    """
    if damage not in ("refuse", "take"):
        raise FileError(f"damage={damage!r}: what a spreadsheet seems to have done is 'refuse'd, or 'take'n for edits")
    places = np.asarray(baseline.ids.get_indexer(edited.ids))
    refused = damage == "refuse"
    problems: list[Problem] = []
    notes: list[str] = []
    gone: set[int] = set()
    for at, problem in (
        *lost_ids(edited, baseline, places),
        *(moved_rows(edited, baseline, places) if refused else ()),
    ):
        gone.add(at)
        problems.append(problem)
    skips = dict(edited.skip)
    for column in baseline.schema.editable:
        if column.name not in edited.columns or column.name not in baseline.frame or column.kind in NESTED:
            continue
        touched = _touched(edited, baseline, places, column, gone)
        if not len(touched.rows):
            continue
        found: dict[int, str] = {}
        if how.days_only and column.kind == "timestamp":
            same = [r for r, old, new in touched.cells() if _is_same_day(old, new, how)]
            if same:
                _skip(skips, column, same, len(edited.ids))
                notes.append(f"{column.name}: {count_cells(len(same))} with the day that it was: no edit")
                touched = touched.without(same)
        if refused:
            found = dict(_cells(touched, how))
            found |= sorted_alone(touched, untouched) if not found else {}
            filled, note = counted_on(touched)
            found |= filled
            notes += [note] if note else []
        if edited.doubted and column.kind in ("text", "choice"):
            found |= {row: words for row, _, new in touched.cells() if (words := _doubt(new))}
        if found:
            _skip(skips, column, list(found), len(edited.ids))
        values = edited.columns[column.name]
        problems += [
            Problem("ambiguous", str(edited.ids[row]), column.name, values.iloc[row], words, edited.line(row))
            for row, words in sorted(found.items())
        ]
    edited = replace(edited, skip=skips, problems=(*edited.problems, *problems), notes=(*edited.notes, *notes))
    return _without(edited, gone) if gone else edited


def _touched(edited: Edited, baseline: Baseline, places: np.ndarray, column: Column, gone: set[int]) -> Touched:
    """The cells of a column that differ from the baseline."""
    base, values = baseline.frame[column.name], edited.columns[column.name]
    rows = np.flatnonzero(places >= 0)
    whole = len(rows) == len(places) == len(base) and bool((places == np.arange(len(places))).all())
    mask = differing(base, values, column) if whole else differing(base.take(places[rows]), values.take(rows), column)
    changed = rows[mask]
    skip = edited.skip.get(column.name)
    if skip is not None:
        changed = changed[~skip[changed]]
    if gone:
        changed = changed[~np.isin(changed, list(gone))]
    before = normal_values(base.take(places[changed]), column)
    return Touched(column, base, values, changed, before, values.take(changed).tolist(), places, edited.lines)


def _skip(skips: dict[str, Any], column: Column, rows: list[int], size: int) -> None:
    mask = np.array(skips[column.name]) if column.name in skips else np.zeros(size, dtype=bool)
    mask[rows] = True
    skips[column.name] = mask


def _without(edited: Edited, gone: set[int]) -> Edited:
    keep = np.ones(len(edited.ids), dtype=bool)
    keep[list(gone)] = False
    return replace(
        edited,
        ids=edited.ids[keep],
        columns={name: values[keep].reset_index(drop=True) for name, values in edited.columns.items()},
        skip={name: mask[keep] for name, mask in edited.skip.items()},
        blank={name: mask[keep] for name, mask in edited.blank.items()},
        lines=None if edited.lines is None else edited.lines[keep],
    )


def _doubt(value: Any) -> str:
    odd = "" if not isinstance(value, str) or value.isascii() else next(c for c in value if not c.isascii())
    return odd and (
        f"{shown(value)}: {odd!r} may be another letter, since the file is not UTF-8 and does not say what it is: "
        "encoding='cp1252' says that it is right, or save the file as 'CSV UTF-8'"
    )


def _cells(touched: Touched, how: Reading) -> Iterator[tuple[int, str]]:
    kind = touched.column.kind
    if kind == "text":
        for row, old, new in touched.cells():
            if isinstance(old, str) and isinstance(new, str) and (words := text_damage(old, new)):
                yield row, words + _MEANT
            elif isinstance(new, str) and old != new and _ERROR.fullmatch(new):
                yield row, f"{new} is what a spreadsheet shows for a formula that failed or a cell too narrow{_MEANT}"
    elif kind == "timestamp":
        for row, old, new in touched.cells():
            if isinstance(old, pd.Timestamp) and isinstance(new, pd.Timestamp) and _is_turned(old, new, how):
                yield row, f"day and month look turned round: it was {_day(old, how)}, this is {_day(new, how)}{_MEANT}"


def text_damage(old: str, new: str) -> str:
    """What a spreadsheet seems to have done to a text; "" when it did nothing that is known."""
    return next((words for check in _CHECKS if (words := check(old, new))), "")


def _cut(old: str, new: str) -> str:
    cut = len(old) > len(new) >= _MOST_IN_EXCEL - 2 and old.startswith(new) and len(new) <= _MOST_IN_EXCEL
    return cut * f"the text is cut at {len(new):,} characters, of {len(old):,}: a spreadsheet's cell holds no more"


def _number(old: str, new: str) -> str:
    was, now = _NUMBER.fullmatch(old), _NUMBER.fullmatch(new)
    if not was or not now or old == new or len(old) > 100 or len(new) > 100:
        return ""
    try:
        before, after = Decimal(old.replace(",", ".")), Decimal(new.replace(",", "."))
    except InvalidOperation:
        return ""
    if was["power"]:
        way = f"a spreadsheet made the number {new} of the text {shown(old)}"
        return way if abs(before.adjusted()) < _MOST_DIGITS and before == after else ""
    if now["power"] and Context(prec=max(len(after.as_tuple().digits), 1)).plus(before) == after:
        return f"the digits of {shown(old)} are gone: a spreadsheet made the number {new} of it"
    if before == after and len(new) < len(old):
        zeros = "leading zeros" if old.lstrip("+-").startswith("0") else "zeros or sign"
        return f"the {zeros} of {shown(old)} are gone: a spreadsheet made the number {new} of it"
    if len(before.as_tuple().digits) > 15 and Context(prec=15).plus(before) == after:
        return f"the last digits of {shown(old)} are gone: a spreadsheet keeps 15 of a number"
    return ""


def _truth(old: str, new: str) -> str:
    turned = old.casefold() == new.casefold() and old.casefold() in ("true", "false") and new in ("TRUE", "FALSE")
    return turned * f"a spreadsheet made the truth value {new} of the text {shown(old)}"


def _date(old: str, new: str) -> str:
    if not _LIKE_A_DATE.fullmatch(old) or not _DATE.fullmatch(new) or _DIGITS.search(old) is None:
        return ""
    if _form(old) == _form(new) and sorted(_DIGITS.findall(old)) != sorted(_DIGITS.findall(new)):
        return ""  # one date put in the place of another, written alike
    apart = {*_DIGITS.findall(old)}
    kept = bool(apart & {d.lstrip("0") for d in _DIGITS.findall(new)} or apart & {*_DIGITS.findall(new)})
    return (kept or new.isdigit()) * f"a spreadsheet seems to have made the date {new} of the text {shown(old)}"


def _clock(old: str, new: str) -> str:
    same = _CLOCK.fullmatch(old) and _CLOCK.fullmatch(new) and old != new
    alike = same and {int(old.split(":")[1][:2])} == {int(new.split(":")[1][:2])}
    return bool(alike) * f"a spreadsheet made the time of day {new} of the text {shown(old)}"


def _letters(old: str, new: str) -> str:
    if old.isascii():
        return ""
    for encoding in ("cp1252", "latin-1", "mac-roman"):
        if old.encode("utf-8", "replace").decode(encoding, "replace") == new:
            return f"the letters of {shown(old)} were read in a wrong encoding: export it again, or import it as UTF-8"
        if "?" in new and old.encode(encoding, "replace").decode(encoding) == new:
            return f"letters of {shown(old)} became '?': the file was saved in an encoding that lacks them"
    return ""


_MOST_DIGITS = 400
_DIGITS = re.compile(r"\d+")
_CLOCK = re.compile(r"\d{1,2}:\d{2}(:\d{2})?(\s?[AaPp][Mm])?")
_CHECKS: tuple[Callable[[str, str], str], ...] = (_cut, _number, _truth, _date, _clock, _letters)


def _day(time: pd.Timestamp, how: Reading) -> str:
    return f"{_here(time, how):%Y-%m-%d}"


def _here(time: pd.Timestamp, how: Reading) -> pd.Timestamp:
    return time if time.tzinfo is None else time.tz_convert(how.zone or UTC)


def _is_turned(old: pd.Timestamp, new: pd.Timestamp, how: Reading) -> bool:
    a, b = _here(old, how), _here(new, how)
    return a.month != a.day and (a.year, a.month, a.day) == (b.year, b.day, b.month)


def _is_same_day(old: Any, new: Any, how: Reading) -> bool:
    if not isinstance(old, pd.Timestamp) or not isinstance(new, pd.Timestamp):
        return False
    a, b = _here(old, how), _here(new, how)
    return bool(a.date() == b.date() and b == b.normalize())


def _form(date: str) -> str:
    return re.sub(r"[0-9]", "0", date)
