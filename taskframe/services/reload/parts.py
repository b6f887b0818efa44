"""The parts of a Reload list: what was found in each, whether it is whole, and in words what is not."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass, field
from typing import Final, Literal

from taskframe.services.base import Call
from taskframe.services.http import words
from taskframe.services.reload.tasks import PRIORITIES, STATUSES
from taskframe.services.reload.wire import LIST_MY_TASKS

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
    again: bool = False
    most: int | None = None
    misleading: bool = False

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

    def takes(self, name: str) -> bool:
        """May this filter be added? list-my-tasks takes `status` only."""
        return all(fixed != name for fixed, _ in self.fixed) and (self.path != LIST_MY_TASKS or name == "status")

    def spent(self) -> bool:
        """Were so many cursors followed for nothing that it must be a loop?"""
        return self.repeats >= REPEATS or (self.most is not None and len(self.cursors) >= self.most)

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

    def words(self, start: int = 0) -> str:
        """`status=todo, priority=high`; with `start=-1` only the last of them."""
        mine = ["assigned to me"] if self.path == LIST_MY_TASKS and not start else []
        fixed = (f"{name}={words(value, 60)}" for name, value in self.fixed[start:])
        return ", ".join([*mine, *fixed]) or "all tasks"


def gaps(part: Part) -> list[str]:
    """The innermost parts of `part` that are, or may be, cut: which, how much of it was found, and why."""
    if part.whole():
        return []
    if part.state == "refused":
        return [f"{part.words()}: the service refused this part: {part.why}"]
    within = [gap for child in part.children.values() for gap in gaps(child)] if part.state == "split" else []
    if within:
        return within
    found = (
        f"{len(part.ids):,} tasks found, of how many is not told"
        if part.total is None
        else f"{len(part.ids):,} of {part.total:,} tasks found"
    )
    return [f"{part.words()}: {found}; {_reason(part)}"]


def _reason(part: Part) -> str:
    if part.state == "open":
        return "not read to its end"
    if part.state == "done":
        return "the service lists no more"
    if part.state == "split":
        return "no status and no priority finds the others"
    if part.path == LIST_MY_TASKS:
        return "list-my-tasks has no further filter"
    free = [name for name in ASSIGNEES if part.takes(name)]
    missing = "the unassigned ones" if len(free) == 2 else f"those without {free[0]}" if free else "the others"
    cut = [child.words(-1) for child in part.children.values() if child.state == "cut"]
    if not cut:
        return f"no filter finds {missing}"
    which = f"{cut[0]} and {len(cut) - 1:,} more" if cut[1:] else cut[0]
    return f"{which} can't be read to the end, and no filter finds {missing}"
