"""The team lead of the demo: edits a CSV as people do, by role and schema, so that one story fits every service."""

from __future__ import annotations

import csv
from collections import Counter
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from pathlib import Path

from taskframe.frame import TaskFrame
from taskframe.schema import Column, Role, Schema

Cells = dict[str, str]


@dataclass(frozen=True)
class Ways:
    """How a service names what everybody does.

    - `over`: the statuses of tasks that nobody works on any more.
    - `start`: the move to make when work begins. `leap`: one that the service refuses; None where it refuses none.
    """

    over: tuple[str, ...]
    start: tuple[str, str]
    leap: tuple[str, str] | None = None


WAYS: Mapping[str, Ways] = {
    "reload": Ways(("done", "cancelled"), ("todo", "in_progress")),
    "kore": Ways(("Resolved", "Closed"), ("Open", "In-Progress")),
    "pragmatiks": Ways(("done",), ("assigned", "running"), ("backlog", "done")),
}


@dataclass(frozen=True)
class Story:
    """What was done to the file, a line each, and how many mistakes are among it."""

    lines: tuple[str, ...]
    mistakes: int


def column(schema: Schema, role: Role) -> Column:
    """The column with this role, which every service of the demo has."""
    return schema.roles(role)[0]


def file_columns(schema: Schema) -> list[str]:
    """What a team lead wants in a spreadsheet; and what tells on which state of a task a row was edited."""
    roles: tuple[Role, ...] = ("identifier", "title", "status", "priority", "assignee", "due", "version", "updated")
    return [found.name for role in roles if (found := schema.role(role))]


class TeamLead:
    """Somebody who edits `exported` into `edited`; `names` are the people they know, id → name."""

    def __init__(self, tasks: TaskFrame, ways: Ways, names: Mapping[str, str]) -> None:
        self._schema, self._ways = tasks.schema, ways
        self._index = tasks.schema.index
        self._status, self._priority, self._assignee = (
            column(tasks.schema, role).name for role in ("status", "priority", "assignee")
        )
        bearers = Counter(names.values())
        self._names = {who: name for who, name in names.items() if bearers[name] == 1}
        # the least urgent first, as far as they are known: of Kore's those that some task has
        self._ranks = [str(choice) for choice in column(tasks.schema, "priority").choices]

    def edit(self, exported: Path, edited: Path) -> Story:
        """Some good work, and five mistakes."""
        with exported.open(encoding="utf-8", newline="") as file:
            reader = csv.DictReader(file)
            fields = list(reader.fieldnames or ())
            rows = list(reader)
        left = [row for row in rows if row[self._status] not in self._ways.over]
        lines = [*self._start(left), *self._leap(left), *self._raise(left)]
        wrong = [left.pop(0) for _ in range(4)]
        lines += self._hand_over(left)
        rows.append(self._mistakes(wrong, fields))
        with edited.open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, fields)
            writer.writeheader()
            writer.writerows(rows)
        return Story((*lines, "and 5 mistakes"), 5)

    def _start(self, left: list[Cells]) -> list[str]:
        """Work begins: status and priority of one row."""
        before, after = self._ways.start
        chosen = _take(left, max(1, len(left) // 150), lambda row: row[self._status] == before and self._is_idle(row))
        for row in chosen:
            row |= {self._status: after, self._priority: self._high}
        return [f"{_tasks(chosen)}: from {before} to {after}, and raised to {self._high}"]

    def _leap(self, left: list[Cells]) -> list[str]:
        """The same in too large a step."""
        if self._ways.leap is None:
            return []
        before, after = self._ways.leap
        chosen = _take(left, 1, lambda row: row[self._status] == before and self._is_idle(row))
        for row in chosen:
            row |= {self._status: after, self._priority: self._high}
        return [f"{_tasks(chosen)}: from {before} straight to {after}, and raised; the service will refuse that move"]

    def _raise(self, left: list[Cells]) -> list[str]:
        """The two last ones at least: colleagues will be at them."""
        chosen = _take(left, max(2, len(left) // 20), self._is_idle)
        for row in chosen:
            row[self._priority] = self._high.capitalize()  # as a person writes it
        return [f"{_tasks(chosen)}: raised to {self._high.capitalize()}"]

    def _hand_over(self, left: Sequence[Cells]) -> list[str]:
        """Somebody leaves; the two who have least to do take over. They are written by name."""
        count = Counter(who for row in left if (who := row[self._assignee]) in self._names)
        leaver, *others = (who for who, _ in count.most_common())
        heirs = others[-2:]
        theirs = [row for row in left if row[self._assignee] == leaver]
        for n, row in enumerate(theirs):
            row[self._assignee] = self._names[heirs[n % len(heirs)]]
        return [
            f"{_tasks(theirs)}: from {self._names[leaver]}, who leaves, to "
            f"{' and '.join(self._names[who] for who in heirs)}, written by name"
        ]

    def _mistakes(self, wrong: Sequence[Cells], fields: Sequence[str]) -> Cells:
        """One in each of four rows; and the row of a task that is not in this list."""
        spelled, worded, stale, dated = wrong
        title, due = column(self._schema, "title"), self._schema.role("due")
        state = self._schema.role("version") or column(self._schema, "updated")
        spelled[self._priority] = "hgih"
        worded[title.name] = "<clear>" if title.max_length is None else "x" * (title.max_length + 1)
        stale |= {
            state.name: "1000000" if state.kind == "integer" else "2020-01-01T00:00:00Z",
            self._status: self._ways.over[0],
        }
        dated |= {self._assignee: "Somebody Else"} if due is None else {due.name: "next week"}
        start = self._ways.start[1]
        return {**dict.fromkeys(fields, ""), self._index: "a_task_of_another_list", self._status: start}

    @property
    def _high(self) -> str:
        return self._ranks[-2]

    def _is_idle(self, row: Cells) -> bool:
        return row[self._priority] in self._ranks[:-2]


def _take(left: list[Cells], most: int, wanted: Callable[[Cells], bool]) -> list[Cells]:
    """The first rows that are wanted, taken away from those that are left."""
    chosen = [row for row in left if wanted(row)][:most]
    ids = {id(row) for row in chosen}
    left[:] = [row for row in left if id(row) not in ids]
    return chosen


def _tasks(rows: Sequence[Cells]) -> str:
    return f"{len(rows):,} task{'s'[: len(rows) != 1]}"
