"""Reading some tasks of Kore again, by id. No call reads one task: the list is searched for them, page by page.

The list is in the order of creation, and each task's time of creation is known, so that few tasks among many are looked
for where they must be: between what was read before and after, as in a book. Nothing is filtered, so that no edit can
hide a task. What is not where it must be is looked up in the whole list, from its beginning.
"""

from __future__ import annotations

from collections.abc import Sequence
from typing import TYPE_CHECKING, Any, Final

from taskframe.services.kore.listing import PAGE, KoreListing
from taskframe.services.kore.moments import milliseconds
from taskframe.services.kore.tasks import INDEX
from taskframe.services.kore.wire import Page, list_tasks

if TYPE_CHECKING:
    from taskframe.changes.edit import Row
    from taskframe.services.base import Call, Listing, Verdict

DENSE: Final = 4
"""Where there are fewer pages than this for each task, all are read in their order."""


class KoreReread:
    """Finds the tasks of `bases`, one call at a time, and stops asking once it has them all.

    What nothing finds is gone or hidden: it is no gap, it is just not there.
    """

    def __init__(self, bases: Sequence[Row]) -> None:
        self._left = {str(base[INDEX]): _created(base.get("createdAt")) for base in bases}
        self._asked = len(self._left)
        self._unplaced: set[str] = set()
        self._read: list[tuple[int, int, int, int]] = []  # skip, count, the first's time, the last's
        self._tries = 0
        self._jumps = 0
        self._full: Listing | None = None

    def start(self) -> Sequence[Call]:
        """The first page, or nothing where nothing is looked for."""
        if not self._left:
            return ()
        if None in self._left.values():
            return self._from_the_beginning()
        return [list_tasks({}, 0, PAGE)]

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        """Those of the tasks that were looked for, and the next call."""
        if self._full is not None:
            return self._full.receive(call, verdict)
        if verdict.kind != "ok":
            raise verdict.error(call)
        page: Page = verdict.data
        found = [task for task in page.tasks if task.id in self._left]
        for task in found:
            self._left.pop(task.id, None)
        if not self._left:
            return found, ()
        skip = self._place(call.json["skip"], page)
        if skip is None:
            return found, self._from_the_beginning(call, verdict)
        return found, [list_tasks({}, skip, PAGE)]

    def total(self) -> int | None:
        """How many tasks are looked for."""
        return self._asked

    def gaps(self) -> Sequence[str]:
        """None: what was not found may be hidden from us."""
        return ()

    def notes(self) -> Sequence[str]:
        """None: this is no list that anybody sees."""
        return ()

    def _from_the_beginning(self, call: Call | None = None, verdict: Verdict | None = None) -> Sequence[Call]:
        """All pages in their order. A first page that was just read is not read twice."""
        self._full = _InOrder(self._left)
        calls = self._full.start()
        if call is not None and verdict is not None and not call.json["skip"]:
            return self._full.receive(call, verdict)[1]
        return calls

    def _place(self, skip: int, page: Page) -> int | None:
        """Where the next task must be, by what was read; None when all pages are better read in their order."""
        times = [_created(t.createdAt) for t in page.tasks]
        known = [t for t in times if t is not None]
        pages = None if page.total is None else -(-page.total // PAGE)
        self._jumps += 1
        if pages is None or not known or len(known) < len(times) or known != sorted(known):
            return None
        if DENSE * len(self._left) >= pages or self._jumps > pages // 2:
            return None
        self._read.append((skip, len(times), known[0], known[-1]))
        self._tries += 1
        for task, wanted in sorted(self._left.items(), key=lambda item: item[1] or 0):
            if task not in self._unplaced and wanted is not None:
                found = self._between(wanted, page.total or 0)
                if found is not None:
                    return found
                self._unplaced.add(task)
                self._tries = 0
        return None

    def _between(self, wanted: int, total: int) -> int | None:
        """The position to read for a task of that time; None when it is not where it must be."""
        if any(first < wanted < last for _, _, first, last in self._read):
            return None
        before = [(skip + count, last) for skip, count, _, last in self._read if last <= wanted]
        behind = [(skip, first) for skip, _, first, last in self._read if first >= wanted and last > wanted]
        low, since = max(before, default=(0, None))
        high, until = min(behind, default=(total, None))
        if low >= high:
            return None
        if high - low <= PAGE:
            return low
        share = 0.5
        if self._tries % 2 and since is not None and until is not None and until > since:
            share = (wanted - since) / (until - since)
        return min(max(low, int(low + share * (high - low)) - PAGE // 2), high - PAGE)


class _InOrder(KoreListing):
    """All pages, one at a time, until all of `left` are found."""

    def __init__(self, left: dict[str, int | None]) -> None:
        self._left = left
        super().__init__({}, window=1)

    def _wanted(self) -> bool:
        return bool(self._left)

    def _new(self, tasks: Sequence[Any]) -> list[Any]:
        new = [task for task in super()._new(tasks) if task.id in self._left]
        for task in new:
            del self._left[task.id]
        return new


def _created(value: Any) -> int | None:
    """A time of creation in milliseconds since 1970; None where it is not known."""
    try:
        return milliseconds(value)
    except (ValueError, TypeError, OverflowError):
        return None
