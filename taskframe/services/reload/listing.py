"""Reading a Reload list whole, or saying which part is not: a state machine without I/O.

The trap: a reply tells that it is cut (`hasMore`), and gives a cursor that no documented call takes. So

1. the cursor is sent back all the same. A page of tasks already seen means that the service ignores it, a 400 that it
   refuses it: then no more cursors are sent in this reading;
2. a list that stays cut is split by each filter not fixed yet: status, within it priority, within it every assignee
   seen so far (and every one seen later). Statuses and priorities cover all tasks, so parts that are whole make a
   whole. Assignees don't: no filter finds the unassigned, so that last level is whole only by count;
3. what stays cut is a gap, in words.

Where the service gives a `total`, it is checked against the distinct ids found, and a shortage is looked into: what was
read by cursor is walked through again until the count is reached; any other part is counted again (tasks go while we
read), then its parts are read again (a task may move from a part not read yet to one that was). What the service counts
and does not list even then is a gap; too many found is none. A `total` that contradicts its own page (no larger than
the page, with more to come) counts as none, `hasMore: false` is believed unless `total` says otherwise. Without totals
a task that moves at the wrong moment can be missed, as in any paged list.
"""

from __future__ import annotations

from collections.abc import Sequence
from operator import attrgetter
from typing import Any, Literal

from taskframe.services.base import Call, Verdict
from taskframe.services.http import words
from taskframe.services.reload.parts import ASSIGNEES, EMPTY, REPEATS, SPLITS, UNTOLD, Part, gaps
from taskframe.services.reload.wire import Page

_id = attrgetter("id")
_values = {name: attrgetter(name) for name in (*SPLITS, *ASSIGNEES)}


class ReloadListing:
    """A list being read; see `Listing`. Any number of calls in flight, replies in any order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)
        self._pending: dict[Call, Part] = {}
        # a list of one part has seen what that part holds: a second set of as many ids would be as slow to ask as large
        self._seen: set[str] = self._parts[0].ids if len(self._parts) == 1 else set()
        self._known: dict[str, dict[str, None]] = {name: dict.fromkeys(values) for name, values in SPLITS.items()}
        self._known |= {name: {} for name in ASSIGNEES}
        self._met: dict[str, set[Any]] = {name: set(known) for name, known in self._known.items()}
        self._divided: list[Part] = []
        self._cursors: Literal["untried", "work", "fail"] = "untried"
        self._probe: Part | None = None
        self._waiting: list[Part] = []
        self._beyond = 0
        self._cutoff: str | None = None

    def start(self) -> Sequence[Call]:
        """The first call of each part."""
        return [self._ask(part) for part in self._parts]

    def receive(self, call: Call, verdict: Verdict) -> tuple[Sequence[Any], Sequence[Call]]:
        """The tasks not seen before, and further calls. `ServiceError` when a list that was asked for is refused."""
        part = self._pending.pop(call, None)
        if part is None:
            return (), ()
        cursor = call.params[-1][0] == "cursor"
        if verdict.kind == "ok":
            tasks, calls = self._read(part, verdict.data, cursor=cursor)
        else:
            tasks, calls = [], self._refused(part, call, verdict, cursor=cursor)
        if self._waiting and (self._cursors != "untried" or self._probe not in self._pending.values()):
            calls += self._release()
        if not self._pending:
            calls += self._settle()
        return tasks, calls

    def total(self) -> int | None:
        """How many tasks there are, when the service counts all parts."""
        totals = [part.total for part in self._parts]
        return None if None in totals else sum(t for t in totals if t is not None)

    def gaps(self) -> Sequence[str]:
        """The parts that are, or may be, cut. Empty: proven whole."""
        return [gap for part in self._parts for gap in gaps(part)]

    def notes(self) -> Sequence[str]:
        """What the plan's history window hides."""
        if not self._beyond:
            return ()
        before = f" (before {words(self._cutoff, 40)})" if self._cutoff else ""
        number = f"{self._beyond:,}" if len(self._parts) == 1 else f"at least {self._beyond:,}"
        return (f"{number} tasks lie beyond the plan's history window{before} and are not in this list",)

    # What a reading of some tasks only does otherwise.

    def _wanted(self, part: Part) -> bool:  # noqa: ARG002
        """Is there anything left to be found in `part`?"""
        return True

    def _new(self, tasks: Sequence[Any], ids: set[str]) -> list[Any]:
        """The tasks (of these ids) that were not seen before; now they were."""
        if len(ids) == len(tasks) and self._seen.isdisjoint(ids):  # as a rule
            self._seen |= ids
            return list(tasks)
        new = {task.id: task for task in tasks if task.id not in self._seen}
        self._seen.update(new)
        return list(new.values())

    def _settle(self) -> list[Call]:
        """Nothing is in flight: what is still to be asked. Counts again, then reads again, what came out short."""
        short = [found for part in self._parts if self._wanted(part) for found in _unsettled(part)]
        calls: list[Call] = []
        for part in short:
            if not part.counted:
                part.counted = True
                calls.append(self._ask(part))
            elif part.state == "split":
                part.reread = True
                calls += self._split(part)
        return calls

    # Replies.

    def _read(self, part: Part, page: Page, *, cursor: bool) -> tuple[list[Any], list[Call]]:
        ids = set(map(_id, page.tasks))
        before = len(part.ids)
        tasks = self._new(page.tasks, ids)
        for each in part.lineage():
            if each.ids is not self._seen:
                each.ids |= ids
        fresh = len(part.ids) - before
        part.misleading |= bool(page.has_more and page.total is not None and page.total <= len(ids))
        part.total = None if part.misleading else part.total if page.total is None else page.total
        part.beyond = page.beyond
        if page.beyond > self._beyond:
            self._beyond, self._cutoff = page.beyond, page.cutoff
        calls = self._learn(page.tasks)
        if part.state != "open":  # counted again
            return tasks, calls
        part.cursor = page.cursor
        if cursor and not part.again:
            self._watch(part, len(ids), fresh)
        if part.again and part.counted_whole():
            part.state = "done"
        elif page.has_more or (page.has_more is None and len(page.tasks) >= UNTOLD):
            calls += self._follow(part)
        elif part.short() and part.cursors and not part.again:
            calls += self._walk_again(part)
        elif part.short() and not part.cursors and (page.cursor or len(page.tasks) >= UNTOLD):
            calls += self._follow(part)  # it says that it ends here, and counts more
        else:
            part.state = "done"
        return tasks, calls

    def _watch(self, part: Part, found: int, fresh: int) -> None:
        """Does the service honour the cursor? An ignored one gives the first page again, but for what moved."""
        if fresh and 2 * fresh >= found:
            self._cursors, part.repeats, part.empty = "work", 0, 0
        elif not found:
            part.empty += 1
        elif self._cursors == "untried":
            self._cursors = "fail"
        else:
            part.repeats += 1
        if part.empty > EMPTY:
            self._cursors = "fail"

    def _refused(self, part: Part, call: Call, verdict: Verdict, *, cursor: bool) -> list[Call]:
        if part.state != "open":  # counted again
            return []
        if cursor and (verdict.kind == "missing" or verdict.status in (400, 422) or verdict.code == "invalid_input"):
            if self._cursors == "untried":
                self._cursors = "fail"
            return self._split(part)
        if cursor or part.parent is None or verdict.kind not in ("missing", "refused"):
            raise verdict.error(call)
        part.state, part.why = "refused", verdict.detail or verdict.kind
        return []

    # Further calls.

    def _ask(self, part: Part, cursor: str | None = None) -> Call:
        call = part.call(cursor)
        self._pending[call] = part
        return call

    def _follow(self, part: Part) -> list[Call]:
        """On to the next page, if there is a way; else split. One part tries the cursor for all."""
        if not self._wanted(part):
            part.state = "done"
            return []
        cursor = part.cursor
        if cursor in part.cursors and self._cursors == "untried":
            self._cursors = "fail"
        if self._cursors == "fail" or cursor is None or cursor in part.cursors or part.spent():
            return self._split(part)
        if self._cursors == "untried":
            if self._probe not in (None, part):
                self._waiting.append(part)
                return []
            self._probe = part
        part.cursors.add(cursor)
        return [self._ask(part, cursor)]

    def _release(self) -> list[Call]:
        """The part that tried the cursor is through: on with those that waited for it."""
        self._probe = None
        waiting, self._waiting = self._waiting, []
        return [call for part in waiting for call in self._follow(part)]

    def _walk_again(self, part: Part) -> list[Call]:
        """The pages shifted as they were read: once more from the first one, until the count is reached."""
        if not self._wanted(part):
            part.state = "done"
            return []
        part.again, part.counted, part.repeats = True, True, 0
        part.most = 2 * len(part.cursors) + REPEATS
        part.cursors.clear()
        return [self._ask(part)]

    def _split(self, part: Part) -> list[Call]:
        if not self._wanted(part) or (part.state == "open" and part.counted_whole()):
            part.state = "done"
            return []
        if part.leaf:
            part.state = "cut"
            return []
        part.by = next((name for name in SPLITS if part.takes(name)), None)
        part.state = "split" if part.by else "last"
        part.children = {}
        self._divided = [other for other in self._divided if part not in other.lineage()]
        self._divided.append(part)
        names = (part.by,) if part.by else ASSIGNEES
        return [call for name in names for value in self._known[name] for call in self._divide(part, name, value)]

    def _divide(self, part: Part, name: str, value: str) -> list[Call]:
        """The part of `part` where `name` is `value`; nothing when it has it, or there is nothing left to find."""
        if not part.takes(name) or not self._wanted(part):
            return []
        if part.state == "last" and part.counted_whole():
            return []
        fixed = (*part.fixed, (name, value))
        child = Part(part.path, fixed, part, leaf=part.state == "last", counted=part.reread, reread=part.reread)
        part.children[f"{name}={value}"] = child
        return [self._ask(child)]

    def _learn(self, tasks: Sequence[Any]) -> list[Call]:
        """Assignees, and statuses and priorities that are not documented: each is a further part of what was split."""
        calls: list[Call] = []
        for name, known in self._known.items():
            values, met = _values[name], self._met[name]
            if met.issuperset(map(values, tasks)):  # as a rule; without a set of them it takes half as long
                continue
            for value in set(map(values, tasks)).difference(met):
                met.add(value)
                if isinstance(value, str) and value:
                    known[value] = None
                    for part in self._divided:
                        if part.by == name or (part.state == "last" and name in ASSIGNEES):
                            calls += self._divide(part, name, value)
        return calls


def _unsettled(part: Part) -> list[Part]:
    """The innermost parts that came out short although all within them is whole, and can still be looked into."""
    if part.state == "split":
        within = [found for child in part.children.values() for found in _unsettled(child)]
        if within or not all(child.whole() for child in part.children.values()):
            return within
        return [part] if part.short() and not part.reread else []
    if part.state == "last":
        return [part] if part.total is not None and not part.counted_whole() and not part.counted else []
    return [part] if part.state == "done" and part.short() and not part.counted else []
