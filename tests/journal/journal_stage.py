"""A sandbox with a journal in a folder of the test's, and what both tell of a run."""

from __future__ import annotations

import sqlite3
from collections.abc import Callable, Iterator, Mapping
from contextlib import closing, contextmanager
from pathlib import Path
from typing import Any

import taskframe as tf
from taskframe.changes.normal import same
from taskframe.engine.outcome import Outcome

SERVICES = ("reload", "kore", "pragmatiks")
TITLE = {"reload": "title", "kore": "name", "pragmatiks": "title"}
UPDATE = {"reload": "/v1/agent/update-task", "kore": "/updateTask/", "pragmatiks": "/agents/tasks/"}


def writes(service: str) -> Callable[[Any], bool]:
    """For `faults.add(match=…)`: the calls that write a task."""
    return lambda call: UPDATE[service] in call.path and call.method != "GET"


def edited(conn: tf.Connection, count: int, text: str = "ours") -> tf.TaskFrame:
    """The first tasks, all with a new title."""
    tasks = conn.load(limit=count)
    tasks.df[TITLE[conn.service.name]] = [f"{text} {n}" for n in range(len(tasks.df))]
    return tasks


def apply(tasks: tf.TaskFrame, **options: Any) -> tf.Report:
    plan = tasks.plan()
    return plan.apply(confirm=len(plan), **options)


def rows(path: Path, query: str, *values: Any) -> list[Any]:
    """What another process would find in the file now."""
    with closing(sqlite3.connect(f"file:{path}?mode=ro", uri=True)) as database:
        return database.execute(query, values).fetchall()


def files(path: Path) -> list[Path]:
    """The journal and all that goes with it."""
    return sorted(found for found in path.parent.iterdir() if found.name.startswith(path.name))


@contextmanager
def at_first_write(box: tf.LocalSandbox, service: str, look: Callable[[], Any]) -> Iterator[list[Any]]:
    """What `look` saw when the server had the first writing call in hand."""
    seen: list[Any] = []
    writing = writes(service)

    def match(call: Any) -> bool:
        if writing(call) and not seen:
            seen.append(look())
        return False

    box.faults.add("500", times=None, match=match)
    yield seen


def same_report(one: tf.Report, other: tf.Report) -> None:
    """Every field of two reports."""
    assert other.run_id == one.run_id
    assert len(other.found) == len(one.found)
    schema = one.plan.schema
    for found, wanted in zip(other.found, one.found, strict=True):
        for name in Outcome.__dataclass_fields__:
            ours, theirs = getattr(wanted, name), getattr(found, name)
            if name in ("row", "written", "before") and ours is not None:  # a row as answered, or in normal form
                assert list(ours) == list(theirs)
                assert all(same(ours[n], theirs[n], schema[n]) for n in ours if n in schema), name
            else:
                assert ours == theirs, name
    assert other.outcomes.equals(one.outcomes)
    assert other.conflicts.equals(one.conflicts)
    assert (other.counts, other.calls, other.stopped, other.dry_run) == (
        one.counts, one.calls, one.stopped, one.dry_run,
    )  # fmt: skip
    assert abs(other.elapsed - one.elapsed) < 1e-6
    assert other.plan.id == one.plan.id
    assert other.plan.parent == one.plan.parent
    assert other.plan.changes.equals(one.plan.changes)
    assert list(other.plan.edits()) == list(one.plan.edits())
    assert changes_of(other.undo()) == changes_of(one.undo())
    assert changes_of(other.retry(conflicts="ours")) == changes_of(one.retry(conflicts="ours"))


def changes_of(plan: tf.Plan) -> list[Mapping[str, Any]]:
    return plan.changes.to_dict("records")
