"""Reading a Kore list whole, or saying that it is not: a state machine without I/O.

Pages go by position (`skip`), so that what others write while we read may shift them. So

1. tasks are asked for in the order of their creation, which no edit changes, and each page overlaps the one before by a
   task: where two pages share none, something went between them, and the tasks around that place are read again;
2. in the end the distinct tasks are held against the service's count; when some are missing, what may have come at the
   end is read, then all of it once more; what is missing even then is a gap, in words.

`limit` in a reply is not believed: the published sample contradicts its own request. A page that is shorter than asked
for, with more to come, says how long pages are.
"""

from __future__ import annotations

from bisect import insort_right
from collections import deque
from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from operator import attrgetter
from typing import Any, Final, Literal

from taskframe.services.base import Call, Verdict
from taskframe.services.http import words
from taskframe.services.kore.wire import Page, list_tasks

PAGE: Final = 50
"""Tasks asked for in a page: the sample's; a maximum is not documented."""

WINDOW: Final = 64
"""Pages asked for at once, at most: a count is only a claim."""

ROUNDS: Final = 2
"""How often the whole list is read, at most."""

BARREN: Final = 3
"""Pages in a row with nothing new before a reading ends: the list goes in circles."""

BRIDGES: Final = 4
"""How often the tasks around one place where pages shifted are read again, at most."""


@dataclass(eq=False)
class _Stretch:
    """Tasks that follow each other: a page as it was read. `ends`: there were none behind it.

    `tries` counts what was read between it and the next.
    """

    skip: int
    ids: frozenset[str]
    ends: bool = False
    tries: int = 0


_SKIP: Final = attrgetter("skip")


@dataclass(frozen=True)
class _Ask:
    """What a page is read for: the list in its order, the place behind a stretch, or the end."""

    why: Literal["page", "bridge", "tail"]
    after: _Stretch | None = None


class KoreListing:
    """A list being read; see `Listing`. Any number of calls in flight, replies in any order."""

    def __init__(self, body: Mapping[str, Any], *, window: int = WINDOW) -> None:
        self._body = dict(body)
        self._window = window
        self._pending: dict[int, _Ask] = {}
        self._queue: deque[tuple[int, _Ask]] = deque()
        self._seen: set[str] = set()
        self._total: int | None = None
        self._round = 0
        self._shifts = 0
        self._begin()

    def start(self) -> Sequence[Call]:
        """The first page."""
        return self._fill()

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        """The tasks not seen before, and further calls. `ServiceError` when the list is refused."""
        ask = self._pending.pop(call.json["skip"], None)
        if ask is None:
            return (), ()
        if verdict.kind != "ok":
            raise verdict.error(call)
        page: Page = verdict.data
        if page.total is not None:
            self._total = page.total
        new = self._new(page.tasks)
        if not self._wanted():
            self._queue.clear()
            return new, ()
        self._take(call.json["skip"], ask, page)
        if not self._pending and not self._queue and self._next is None:
            self._settle()
        return new, self._fill()

    def total(self) -> int | None:
        """How many tasks there are, where the service tells."""
        return self._total

    def gaps(self) -> Sequence[str]:
        """What is, or may be, missing. Empty: proven whole."""
        if self._pending or self._queue or self._next is not None:
            return [f"{self._words()}: not read to its end"]
        found = f"{self._words()}: {len(self._found):,}"
        if self._short() and self._total is not None:
            return [f"{found} of {self._total:,} tasks found; the service lists no more"]
        if self._short():
            return [f"{found} tasks found; the service says that there are more, and lists none"]
        if self._broken() is not None:
            return [f"{found} tasks found; the list kept shifting while it was read"]
        return []

    def notes(self) -> Sequence[str]:
        """What the user should know of this list."""
        notes = []
        if "selectedColumns" in self._body:
            notes.append("selectedColumns: what was not asked for is empty here, whatever the tasks hold")
        if self._shifts:
            notes.append(f"the list shifted while it was read: {self._shifts:,} places in it were read again")
        return notes

    # What a reading of some tasks only does otherwise.

    def _wanted(self) -> bool:
        """Is there anything left to be found?"""
        return True

    def _new(self, tasks: Sequence[Any]) -> list[Any]:
        """The tasks that were not seen before; now they were."""
        new = {task.id: task for task in tasks if task.id not in self._seen}
        self._seen.update(new)
        return list(new.values())

    # Pages in, calls out.

    def _begin(self) -> None:
        """Once more from the first page."""
        self._round += 1
        self._chain: list[_Stretch] = []
        self._sorted = True
        self._found: set[str] = set()
        self._next: int | None = 0
        self._size: int | None = None
        self._more = False
        self._barren = 0
        self._tails = 0

    def _fill(self) -> list[Call]:
        """As many calls as may be in flight. The first page goes alone: it tells how many there are."""
        calls = []
        while len(self._pending) < self._window:
            if self._queue:
                skip, ask = self._queue.popleft()
            elif self._next is not None and (self._size is not None or not self._pending):
                skip, ask = self._next, _Ask("page")
                self._next = self._behind(skip)
            else:
                break
            if skip not in self._pending:
                self._pending[skip] = ask
                calls.append(list_tasks(self._body, skip, PAGE))
        return calls

    def _behind(self, skip: int) -> int | None:
        """The page behind the one at `skip`, where the count says that there is one; else its reply will tell."""
        if self._size is None or self._total is None or skip + self._size >= self._total:
            return None
        return skip + max(1, self._size - 1)

    def _take(self, skip: int, ask: _Ask, page: Page) -> None:
        stretch = _Stretch(skip, frozenset(task.id for task in page.tasks))
        fresh = bool(stretch.ids - self._found)
        self._found |= stretch.ids
        if ask.why == "bridge":
            if ask.after is not None and stretch.ids:
                stretch.tries = ask.after.tries
                stretch.ends = page.has_more is False
                self._chain.insert(self._chain.index(ask.after) + 1, stretch)
                self._sorted = False  # it may begin ahead of the one that it follows
            return
        self._barren = 0 if fresh else self._barren + 1
        if fresh and ask.why == "tail":
            self._tails = 0
        if not self._sorted:
            self._chain.sort(key=_SKIP)
            self._sorted = True
        insort_right(self._chain, stretch, key=_SKIP)
        last = self._chain[-1] is stretch
        count = len(page.tasks)
        more = page.has_more
        if more is None:  # untold, an unusually short page is the last
            more = count >= (self._size or 1) if self._total is None else skip + count < self._total
        stretch.ends = not more
        if self._size is None and count:
            self._size = count if more or count > PAGE else PAGE
        if not count or self._barren >= BARREN:
            self._next = None  # it ends before here, whatever else is said; or goes in circles
        elif last and more and self._next is None and not self._pending:
            self._next = skip + max(1, count - 1)
        if last:
            self._more = page.has_more is True and bool(count)

    # When nothing is in flight.

    def _settle(self) -> None:
        """What is still to be asked: around the places that shifted, behind the end, then all once more."""
        broken = self._broken()
        if broken is not None and self._chain[broken].tries < BRIDGES:
            before, behind = self._chain[broken], self._chain[broken + 1]
            before.tries += 1
            self._shifts += before.tries == 1
            back = max(1, (self._size or PAGE) * 3 // 4) * (1 if behind.ids else before.tries)
            self._queue.append((max(0, behind.skip - back), _Ask("bridge", before)))
        elif self._short() and not self._tails and self._chain and self._chain[-1].ids:
            self._tails += 1
            last = self._chain[-1]
            self._queue.append((last.skip + max(1, len(last.ids) - 1), _Ask("tail")))
        elif (self._short() or broken is not None) and self._round < ROUNDS:
            self._begin()

    def _short(self) -> bool:
        """Does the service speak of more than was found in this round?"""
        return self._more if self._total is None else len(self._found) < self._total

    def _broken(self) -> int | None:
        """The first place in the chain where two pages that should overlap do not."""
        if self._size is None or self._size < 2:
            return None  # pages of one task can't overlap
        for at, (before, behind) in enumerate(zip(self._chain, self._chain[1:], strict=False)):
            if not before.ids & behind.ids and (behind.ids or (before.ids and not before.ends)):
                return at
        return None

    def _words(self) -> str:
        if not self._body:
            return "all tasks"
        return ", ".join(f"{name}={words(str(value), 60)}" for name, value in self._body.items())
