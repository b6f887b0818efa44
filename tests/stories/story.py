"""A week at one service: a load and its file on Monday, colleagues until Thursday, and the server's log as judge."""

from __future__ import annotations

import csv
from collections.abc import Callable, Collection, Iterator, Mapping
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import taskframe as tf
from taskframe.sandbox import Record

SERVICES = ("reload", "kore", "pragmatiks")

TITLE = {"reload": "title", "kore": "name", "pragmatiks": "title"}
TEXT = {"reload": "description", "kore": "desc", "pragmatiks": "description"}
PRIORITY = {"reload": "priority", "kore": "priority.name", "pragmatiks": "priority"}
STATES = {"reload": ("version", "updatedAt"), "kore": ("updatedAt",), "pragmatiks": ("updated_at",)}
"""What tells in a file which state of a task was edited."""

Cell = tuple[str, str]
Cells = Mapping[Cell, str]


@dataclass(frozen=True)
class Week:
    """A sandbox with one service, a connection to it, and Monday's load: as a frame, saved, and as a file."""

    service: str
    box: tf.LocalSandbox
    conn: tf.Connection
    monday: tf.TaskFrame
    saved: Path
    file: Path
    start: int

    @property
    def title(self) -> str:
        return TITLE[self.service]

    @property
    def text(self) -> str:
        return TEXT[self.service]

    @property
    def priority(self) -> str:
        return PRIORITY[self.service]

    @property
    def ids(self) -> list[str]:
        """Monday's tasks."""
        return [str(i) for i in self.monday.baseline.ids]

    @property
    def priorities(self) -> list[str]:
        """Those that some task has: Kore's are the account's own, and known by being seen."""
        return sorted({str(value) for value in self.monday.baseline.frame[self.priority]})

    def another_priority(self, task: str, but: Collection[str] = ()) -> str:
        """A priority that the task did not have on Monday."""
        now = str(self.monday.baseline.frame.at[task, self.priority])
        return next(p for p in self.priorities if p != now and p not in but)

    def colleague(self, task: str, column: str, value: str) -> None:
        """Somebody else edits a cell."""
        sent = int(value) if (self.service, column) == ("pragmatiks", "priority") else value
        self.box[self.service].edit(task, **{wire(column): sent})

    def held(self, task: str, column: str) -> str:
        """What the server holds, as a file would say it."""
        value = self.box[self.service].task(task)[wire(column)]
        return str(value["name"] if isinstance(value, dict) else value)

    def line(self, task: str) -> int:
        """Where the task's row starts in the file."""
        return next(n for n, line in enumerate(self.file.read_text("utf-8").split("\n"), 1) if line.startswith(task))

    def fresh(self) -> tf.TaskFrame:
        """Thursday's load."""
        return self.conn.load()

    def reopened(self) -> tf.TaskFrame:
        """Monday's load, from its file."""
        return tf.open_tasks(self.saved, self.conn)

    @property
    def since(self) -> list[Record]:
        """The log since Monday's load."""
        return list(self.box.log)[self.start :]


@contextmanager
def week(service: str, folder: Path, *, tasks: int = 40, seed: int = 7) -> Iterator[Week]:
    """Monday morning."""
    with tf.sandbox(tasks=tasks, seed=seed, services=[service]) as box, box.connect(service, progress=False) as conn:
        monday = conn.load()
        saved, file = folder / "monday.tasks", folder / "monday.csv"
        monday.save(saved)
        monday.to_csv(file)
        yield Week(service, box, conn, monday, saved, file, len(box.log))


def edit_file(
    path: Path,
    cells: Cells,
    *,
    without: Collection[str] = (),
    damage: Mapping[str, Callable[[str], str]] | None = None,
) -> None:
    """What somebody does in a spreadsheet: types into cells, takes columns out, and lets it reformat others."""
    with path.open(encoding="utf-8", newline="") as file:
        header, *rows = list(csv.reader(file))
    left = dict(cells)
    for row in rows:
        for at, name in enumerate(header):
            row[at] = left.pop((row[0], name), row[at])
            if damage and name in damage:
                row[at] = damage[name](row[at])
    assert not left, "typed into cells that the file has not"
    kept = [at for at, name in enumerate(header) if name not in without]
    with path.open("w", encoding="utf-8", newline="") as file:
        csv.writer(file).writerows([row[at] for at in kept] for row in (header, *rows))


_MOVED = object()  # equal to no value


def wire(column: str) -> str:
    """The field in which the service has a column."""
    return column.partition(".")[0]


def is_write(record: Record) -> bool:
    """Whether a call was meant to change a task."""
    if record.actor != "caller":
        return False
    path = record.path
    return record.method == "PATCH" or path.endswith("/transition") or "update-task" in path or "updateTask/" in path


def sent(record: Record) -> dict[str, Any]:
    """The fields that a call names, but for those that say which task it is, and on which version."""
    body = record.body
    assert isinstance(body, dict)
    return {name: value for name, value in body.items() if name not in ("taskId", "version")}


def task_of(record: Record) -> str:
    """The task that a call was to write, whether it did or not."""
    if record.task_id is not None:
        return record.task_id
    body = record.body
    return str(body["taskId"]) if isinstance(body, dict) and "taskId" in body else ""


def complaints(log: list[Record], edited: Collection[Cell]) -> list[str]:
    """All that our calls did in this log and nobody asked for. `edited`: the cells that somebody typed into.

    Judged by what the server saw: it knows nothing of plans, baselines and outcomes. A value that a colleague changed
    and put back, before we ever wrote to it, counts as unmoved.
    """
    wrong: list[str] = []
    asked = {(task, wire(column)) for task, column in edited}
    asked |= {(task, "lname") for task, column in edited if column == "name"}  # Kore's own copy of a name
    base: dict[tuple[str, str], Any] = {}
    theirs: dict[tuple[str, str], Any] = {}
    for record in log:
        task = task_of(record)
        if is_write(record):
            for field in sent(record):
                if (task, field) not in asked:
                    wrong.append(f"{task}: {field} was sent, and nobody had edited it")
                elif (task, field) in theirs and field in (record.after or {}):
                    wrong.append(f"{task}: a colleague's {field} {theirs[task, field]!r} was overwritten")
        for field, value in (record.after or {}).items():
            monday = base.setdefault((task, field), (record.before or {}).get(field))
            theirs.pop((task, field), None)
            if record.actor == "other" and value != monday:
                theirs[task, field] = value
            elif record.actor == "caller":
                base[task, field] = _MOVED
    return wrong
