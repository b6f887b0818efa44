"""Tasks on their way through a spreadsheet: CSV files and Excel workbooks, out and in."""

from __future__ import annotations

import os
from collections.abc import Collection, Mapping, Sequence
from datetime import tzinfo
from typing import TYPE_CHECKING

import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.edited import Edited
from taskframe.files.csv import write_csv
from taskframe.files.damage import Damage
from taskframe.files.exchange import csv_edits, excel_edits
from taskframe.files.reading import Blank
from taskframe.schema import Schema

if TYPE_CHECKING:
    from taskframe.plan import Plan


class Sheets:
    """What a TaskFrame can do with files that people edit."""

    _df: pd.DataFrame
    _baseline: Baseline

    @property
    def schema(self) -> Schema:
        """The columns."""
        raise NotImplementedError

    def _plan_file(
        self, path: str | os.PathLike[str], edited: Edited, columns: Collection[str] | None, ids: Collection[str] | None
    ) -> Plan:
        raise NotImplementedError

    def plan_csv(
        self,
        path: str | os.PathLike[str],
        *,
        key: str | None = None,
        blank: Blank = "leave",
        columns: Collection[str] | None = None,
        ids: Collection[str] | None = None,
        names: Mapping[str, str] | None = None,
        encoding: str | None = None,
        sep: str | None = None,
        dates: str | Sequence[str] = (),
        tz: str | tzinfo | None = None,
        decimal: str = ".",
        thousands: str = "",
        damage: Damage = "refuse",
    ) -> Plan:
        """What changed in a CSV file that `to_csv` wrote and somebody edited.

        A blank cell leaves the value alone and `<clear>` clears it; `blank="clear"` turns that round.
        `key="identifier"` finds the rows by that column instead of by id. What does not convert cleanly is a
        problem with its line. Raises FileError when the file can't be read at all.

        - `names`: what columns are called in the file, `{"Owner": "assigneeUserId"}`; labels need none.
        - `encoding`, `sep`: found out, unless given.
        - `dates`: formats of times that are no ISO 8601, `"%d.%m.%Y"`; `tz`: whose a time without an offset is.
        - `decimal`: `","` where numbers are written `1,5`; `thousands`: `"."` where they are written `1.234,5`.
        - `damage`: what a spreadsheet seems to have done to a cell is a problem; "take" takes it for an edit.
        """
        edited = csv_edits(
            path, self._baseline, key=key, blank=blank, names=names or {}, encoding=encoding, sep=sep, dates=dates,
            tz=tz, decimal=decimal, thousands=thousands, damage=damage,
        )  # fmt: skip
        return self._plan_file(path, edited, columns, ids)

    def plan_excel(
        self,
        path: str | os.PathLike[str],
        *,
        sheet: str | None = None,
        key: str | None = None,
        blank: Blank = "leave",
        columns: Collection[str] | None = None,
        ids: Collection[str] | None = None,
        names: Mapping[str, str] | None = None,
        dates: str | Sequence[str] = (),
        tz: str | tzinfo | None = None,
        damage: Damage = "refuse",
    ) -> Plan:
        """What changed in a workbook (`.xlsx`) that `to_excel` wrote and somebody edited; options as for `plan_csv`.

        `sheet` names the sheet; without it, it is the one with the ids. Colours and comments are ignored; a formula
        counts by its value, and a note names it. Needs the extra `excel`.
        """
        edited = excel_edits(
            path, self._baseline, sheet=sheet, key=key, blank=blank, names=names or {}, dates=dates, tz=tz,
            damage=damage,
        )  # fmt: skip
        return self._plan_file(path, edited, columns, ids)

    def to_csv(
        self,
        path: str | os.PathLike[str],
        *,
        columns: Sequence[str] | None = None,
        bom: bool = False,
        sep: str = ",",
        tz: str | tzinfo | None = None,
    ) -> None:
        """Writes `tasks.df` so that a spreadsheet reads it right, and `plan_csv` reads it back.

        Text is UTF-8 (`bom=True` for an Excel that does not see that), times are ISO 8601 in UTC (or by the clocks of
        `tz`), lists and objects JSON, and cells that a spreadsheet would run as a formula are escaped. A cell that you
        cleared is `<clear>`, one that you made "" a lone `'`: a blank one is left alone. `sep=";"` is for an Excel
        whose decimal sign is the comma.
        """
        write_csv(self._df, self.schema, path, columns=columns, bom=bom, sep=sep, tz=tz, baseline=self._baseline)

    def to_excel(
        self,
        path: str | os.PathLike[str],
        *,
        columns: Sequence[str] | None = None,
        tz: str | tzinfo | None = None,
    ) -> None:
        """Writes `tasks.df` as a workbook (`.xlsx`) that is safe to edit, and that `plan_excel` reads back.

        All cells are text, so that nothing is rewritten; choices have drop-downs; what can't be edited is locked
        (without a password); a second sheet explains the columns. Cells say what they say in `to_csv`. Needs
        the extra `excel`.
        """
        from taskframe.files.excel import write_excel

        write_excel(self._df, self.schema, path, columns=columns, tz=tz, baseline=self._baseline)
