"""Reading a Reload list whole, or saying which part is not: a state machine without I/O.

The trap: a reply tells that it is cut (`hasMore`), and gives a cursor that no documented call takes. So

1. the cursor is sent back all the same. A page of tasks already seen means that the service ignores it, a 400 that it
   refuses it: then no more cursors are sent in this reading;
2. a list that stays cut is split by each filter not fixed yet: status, within it priority, within it every assignee
   seen so far (and every one seen later). Statuses and priorities cover all tasks, so parts that are whole make a
   whole. Assignees don't: no filter finds the unassigned, so that last level is whole only by count;
3. what stays cut is a gap, in words.

Where the service gives a `total`, it is checked against the distinct ids found, and a shortage is looked into: the part
is counted again, then read again (a task may move from a part not read yet to one that was). Only what the service
counts and does not list even then is a gap; too many found is none. A `total` that contradicts its own page (no
larger than the page, with more to come) counts as none. Without totals a task that moves at the wrong moment can be
missed, as in any paged list.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any, Final, Literal

from taskframe.services.base import Call, Verdict
from taskframe.services.http import words
from taskframe.services.reload.wire import LIST_MY_TASKS, PRIORITIES, STATUSES, Page

PAGE: Final = 100
"""Tasks asked for in a page: the documented maximum."""

UNTOLD: Final = 50
"""A reply without `hasMore` counts as whole only when it holds fewer than the documented default of a page."""

REPEATS: Final = 3
"""Pages in a row that mostly repeat what was seen before a working cursor is given up: the list shifts, or loops."""

EMPTY: Final = 100
"""Empty pages in a row with more to come before a cursor is given up: the service may filter after it pages."""

SPLITS: Final = {"status": STATUSES, "priority": PRIORITIES}
ASSIGNEES: Final = ("assigneeUserId", "assigneeAgentId")

State = Literal["open", "done", "split", "last", "cut", "refused"]


@dataclass(eq=False, slots=True)
class Part:
    """A part of the list: what the filters `fixed` find. Each splits into parts with one more filter.

    `done`: read to its end. `split`: by status or priority into `children`. `last`: by assignees. `cut`: an assignee's
    part with more than could be read. `refused`: the service does not give it.
    """

    path: str
    fixed: tuple[tuple[str, str], ...] = ()
    parent: Part | None = None
    state: State = "open"
    ids: set[str] = field(default_factory=set)
    total: int | None = None
    beyond: int = 0
    why: str = ""
    leaf: bool = False
    children: dict[str, Part] = field(default_factory=dict)
    by: str | None = None
    cursor: str | None = None
    cursors: set[str] = field(default_factory=set)
    repeats: int = 0
    empty: int = 0
    counted: bool = False
    reread: bool = False

    def call(self, cursor: str | None = None) -> Call:
        """The call for this part's first page, or for the one at `cursor`."""
        more = () if cursor is None else (("cursor", cursor),)
        return Call("GET", self.path, (*self.fixed, ("limit", str(PAGE)), *more))

    def lineage(self) -> Iterator[Part]:
        """This part and all it belongs to."""
        part: Part | None = self
        while part is not None:
            yield part
            part = part.parent

    def free(self, name: str) -> bool:
        """Is this filter not fixed yet?"""
        return all(fixed != name for fixed, _ in self.fixed)

    def counted_whole(self) -> bool:
        """Were as many found as the service counts?"""
        return self.total is not None and len(self.ids) >= self.total

    def short(self) -> bool:
        """Were fewer found than the service counts, beyond its own history window aside?"""
        return self.total is not None and len(self.ids) < self.total - self.beyond

    def whole(self) -> bool:
        """Proven whole: read to its end, by its parts, or by count."""
        if self.state == "done":
            return not self.short()
        if self.state == "split" and not self.short() and all(child.whole() for child in self.children.values()):
            return True
        return self.state in ("split", "last") and self.counted_whole()

    def words(self) -> str:
        """`status=todo, priority=high`."""
        mine = ["assigned to me"] if self.path == LIST_MY_TASKS else []
        return ", ".join([*mine, *(f"{name}={words(value, 60)}" for name, value in self.fixed)]) or "all tasks"


class ReloadListing:
    """A list being read; see `Listing`. Any number of calls in flight, replies in any order."""

    def __init__(self, parts: Sequence[Part]) -> None:
        self._parts = list(parts)
        self._pending: dict[Call, Part] = {}
        self._seen: set[str] = set()
        self._known: dict[str, dict[str, None]] = {name: dict.fromkeys(values) for name, values in SPLITS.items()}
        self._known |= {name: {} for name in ASSIGNEES}
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
        if self._probe is part and part.call(part.cursor) not in self._pending:
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
        return [gap for part in self._parts for gap in _gaps(part)]

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

    def _new(self, tasks: Sequence[Any]) -> list[Any]:
        """The tasks that were not seen before; now they were."""
        new = {task.id: task for task in tasks if task.id not in self._seen}
        self._seen.update(new)
        return list(new.values())

    def _settle(self) -> list[Call]:
        """Nothing is in flight: what is still to be asked. Counts again, then reads again, what came out short."""
        short = [found for part in self._parts for found in _unsettled(part)]
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
        ids = {task.id for task in page.tasks}
        fresh = len(ids - part.ids)
        for each in part.lineage():
            each.ids |= ids
        contradictory = page.has_more and page.total is not None and page.total <= len(ids)
        part.total = None if contradictory else page.total
        part.beyond = page.beyond
        if page.beyond > self._beyond:
            self._beyond, self._cutoff = page.beyond, page.cutoff
        tasks = self._new(page.tasks)
        calls = self._learn(page.tasks)
        if part.state != "open":  # counted again
            return tasks, calls
        if cursor:
            self._watch(part, len(ids), fresh)
        part.cursor = page.cursor
        if page.has_more or (page.has_more is None and len(page.tasks) >= UNTOLD):
            return tasks, calls + self._follow(part)
        if part.short() and (part.cursors or len(page.tasks) >= UNTOLD):
            return tasks, calls + self._split(part)  # a shifting list, or a service that is wrong about its end
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
        wrong = verdict.kind == "missing" or verdict.status in (400, 422) or verdict.code == "invalid_input"
        if cursor and wrong:
            if self._cursors == "untried":
                self._cursors = "fail"
            return self._split(part)
        if cursor or part.parent is None:
            raise verdict.error(call)
        if part.state == "open":
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
        if self._cursors == "fail" or cursor is None or cursor in part.cursors or part.repeats >= REPEATS:
            if cursor is not None and cursor in part.cursors and self._cursors == "untried":
                self._cursors = "fail"
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

    def _split(self, part: Part) -> list[Call]:
        if not self._wanted(part) or (part.state == "open" and part.counted_whole()):
            part.state = "done"
            return []
        if part.leaf:
            part.state = "cut"
            return []
        part.by = next((name for name in SPLITS if part.free(name) and _takes(part.path, name)), None)
        part.state = "split" if part.by else "last"
        part.children = {}
        if part not in self._divided:
            self._divided.append(part)
        names = (part.by,) if part.by else ASSIGNEES
        return [call for name in names for value in self._known[name] for call in self._divide(part, name, value)]

    def _divide(self, part: Part, name: str, value: str) -> list[Call]:
        """The part of `part` where `name` is `value`; nothing when it has it, or there is nothing left to find."""
        if not part.free(name) or not _takes(part.path, name) or not self._wanted(part):
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
            for value in {getattr(task, name) for task in tasks}:
                if isinstance(value, str) and value and value not in known:
                    known[value] = None
                    for part in self._divided:
                        if part.by == name or (part.state == "last" and name in ASSIGNEES):
                            calls += self._divide(part, name, value)
        return calls


def _takes(path: str, name: str) -> bool:
    """list-my-tasks takes `status` only."""
    return path != LIST_MY_TASKS or name == "status"


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


def _gaps(part: Part) -> list[str]:
    if part.whole():
        return []
    if part.state == "refused":
        return [f"{part.words()}: the service refused this part: {part.why}"]
    within = [gap for child in part.children.values() for gap in _gaps(child)] if part.state == "split" else []
    if within:
        return within
    found = (
        f"{len(part.ids):,} tasks found, of how many is not told"
        if part.total is None
        else (f"{len(part.ids):,} of {part.total:,} tasks found")
    )
    return [f"{part.words()}: {found}; {_reason(part)}"]


def _reason(part: Part) -> str:
    if part.state == "open":
        return "not read to its end"
    if part.state == "last" and part.path == LIST_MY_TASKS:
        return "list-my-tasks has no further filter"
    if part.state == "last":
        free = [name for name in ASSIGNEES if part.free(name)]
        if len(free) == 2:
            return "no filter finds the unassigned ones"
        return f"no filter finds those without {free[0]}" if free else "no filter narrows it further"
    return "no filter finds the others"
