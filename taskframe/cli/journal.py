"""The runs of the journal, wherever they went: to list them, and to find one by the beginning of its name."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, Any

from taskframe.config import journal_path
from taskframe.errors import JournalError
from taskframe.history import report_of, runs_table
from taskframe.journal import Journal

if TYPE_CHECKING:
    import pandas as pd

    from taskframe.elsewhere import Finder
    from taskframe.report import Report

LAST = "last"


class Past:
    """What the journal knows, without a connection."""

    def __init__(self) -> None:
        self._journal = Journal(journal_path(), time.time)

    def find(self, run: str) -> str:
        """The name of the run that begins like this, or of the last one. Raises JournalError."""
        known = list(self._journal.places())
        found = known[:1] if run == LAST else [name for name in known if run and name.startswith(run)]
        if len(found) == 1 or run in found:
            return run if run in found else found[0]
        if not known:
            raise JournalError(f"the journal {self._journal.path} has no runs")
        if found:
            raise JournalError(f"{run!r} begins several runs: {', '.join(found[:5])}")
        raise JournalError(f"the journal {self._journal.path} has no run {run!r}: `taskframe runs` lists them")

    def report(self, run: str, find: Finder) -> Report:
        """The report of a run; `find` gives its connection."""
        return report_of(self._journal.story(self.find(run)), find, f"the journal {self._journal.path}")

    def table(self, service: str | None = None) -> pd.DataFrame:
        """A row a run, the latest first, with the service and its address."""
        import pandas as pd

        places = {run: place for run, place in self._journal.places().items() if service in (None, place[0])}
        tables = [runs_table(self._journal.entries(*place)) for place in dict.fromkeys(places.values())]
        table = pd.concat(tables) if tables else runs_table([])
        table = table.loc[[run for run in places if run in table.index]]
        table.insert(0, "service", pd.Series([places[run][0] for run in table.index], dtype="str", index=table.index))
        table["base_url"] = pd.Series([places[run][1] for run in table.index], dtype="str", index=table.index)
        return table


def outcomes_of(row: Any) -> str:
    """`284 applied, 3 conflict` of a row of the table."""
    from taskframe.engine.outcome import OUTCOMES

    counts = ((kind, int(row[kind])) for kind in OUTCOMES if kind in row)
    return ", ".join(f"{number:,} {kind}" for kind, number in counts if number)
