"""`tasks.refresh()`: the tasks as they are now, edits on top of them, and what moved meanwhile, told."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from taskframe.load import Load

SERVICES = ("reload", "kore", "pragmatiks")
TITLE = {"reload": "title", "kore": "name", "pragmatiks": "title"}
SECOND = {"reload": "description", "kore": "desc", "pragmatiks": "description"}
STATUS = {"reload": ("status", "todo", "done"), "kore": ("status.name", "Open", "Closed"),
          "pragmatiks": ("status", "backlog", "assigned")}  # fmt: skip
FILTER = {"reload": {"status": "todo"}, "kore": {"status": "Open"}, "pragmatiks": {"status": "backlog"}}


class Job:
    """A sandbox, a frame of it, and the columns to edit."""

    def __init__(self, box: tf.LocalSandbox, service: str) -> None:
        self.server: Any = box[service]
        self.box, self.service = box, service
        self.title, self.second = TITLE[service], SECOND[service]
        self.status, self.open, self.closed = STATUS[service]
        self.conn = box.connect(service, journal=None, progress=False)
        self.tasks = self.conn.load()

    def theirs(self, task: str, **fields: Any) -> None:
        """A colleague edits."""
        self.server.edit(task, **fields)

    def closes(self, task: str) -> None:
        self.theirs(task, **{self.status.partition(".")[0]: self.closed})

    def id(self, n: int) -> str:
        return str(self.tasks.df.index[n])

    def held(self, task: str, column: str) -> Any:
        return self.server.task(task)[column]


@pytest.fixture(params=SERVICES)
def job(request: pytest.FixtureRequest) -> Iterator[Job]:
    with tf.sandbox(tasks=40, seed=7, services=[request.param]) as box:
        made = Job(box, request.param)
        yield made
        made.conn.close()


def cells(tasks: tf.TaskFrame) -> set[tuple[str, str]]:
    changes = tasks.plan().changes
    return set(zip(changes["id"], changes["column"], strict=True))


def told(table: pd.DataFrame) -> list[tuple[Any, ...]]:
    return [tuple(row) for row in table.itertuples(index=False)]


def test_edits_stay_on_what_is_new(job: Job) -> None:
    """An edit goes along; others' edits of other cells and tasks are there; nothing is in conflict."""
    mine, other = job.id(0), job.id(1)
    before = job.tasks.df[job.title].copy()
    job.tasks.df.loc[mine, job.title] = "ours"
    job.theirs(mine, **{job.second: "their words"})
    job.theirs(other, **{job.title: "theirs"})
    fresh = job.tasks.refresh()
    assert fresh is not job.tasks
    assert fresh.loaded_at >= job.tasks.loaded_at
    assert fresh.df.loc[mine, job.title] == "ours"
    assert fresh.df.loc[mine, job.second] == "their words"
    assert fresh.df.loc[other, job.title] == "theirs"
    assert cells(fresh) == {(mine, job.title)}
    assert fresh.moved is not None
    found = {(t[0], t[1]): t[2:] for t in told(fresh.moved.cells)}
    assert found[other, job.title] == (before[other], None, "theirs", "none")
    assert found[mine, job.second][2:] == ("their words", "none")
    assert (mine, job.title) not in found
    assert len(fresh.moved.conflicts) == 0
    assert fresh.plan().apply().counts == {"applied": 1}
    assert (job.held(mine, job.title), job.held(mine, job.second)) == ("ours", "their words")
    assert cells(job.tasks) == {(mine, job.title)}, "the old frame stays as it was"


def test_a_cell_that_both_changed_is_a_conflict(job: Job) -> None:
    """It is told with base, ours and theirs; the edit stays, and an apply doesn't overwrite unless it is asked to."""
    task, free = job.id(0), job.id(1)
    was = job.tasks.df.loc[task, job.title]
    job.tasks.df.loc[[task, free], job.title] = "ours"
    job.theirs(task, **{job.title: "theirs"})
    fresh = job.tasks.refresh()
    conflict = [(task, job.title, was, "ours", "theirs")]
    assert fresh.moved is not None
    assert told(fresh.moved.conflicts) == conflict
    assert fresh.df.loc[task, job.title] == "ours"
    assert cells(fresh) == {(task, job.title), (free, job.title)}
    report = fresh.plan().apply()
    assert report.counts == {"applied": 1, "conflict": 1}
    assert told(report.conflicts) == conflict
    assert job.held(task, job.title) == "theirs"
    again = fresh.refresh()
    assert again.moved is not None
    assert told(again.moved.conflicts) == conflict, "the edit was still made without knowing theirs"
    assert again.plan().apply(on_conflict="overwrite").counts == {"applied": 1}
    assert job.held(task, job.title) == "ours"
    assert len(again.plan()) == 0


def test_what_they_did_already_is_done(job: Job) -> None:
    """Nothing is left to plan of it, and it is told."""
    task = job.id(0)
    job.tasks.df.loc[task, job.title] = "the same"
    job.theirs(task, **{job.title: "the same"})
    fresh = job.tasks.refresh()
    assert len(fresh.plan()) == 0
    assert fresh.moved is not None
    assert [row[-1] for row in told(fresh.moved.cells) if row[1] == job.title] == ["done"]


def test_what_went_away_and_came_back_is_unmoved(job: Job) -> None:
    """On a service with versions too: the new frame has the new version, so nothing is refused."""
    task = job.id(0)
    was = job.tasks.df.loc[task, job.title]
    job.tasks.df.loc[task, job.title] = "ours"
    job.theirs(task, **{job.title: "theirs"})
    fresh = job.tasks.refresh()
    job.theirs(task, **{job.title: str(was)})
    again = fresh.refresh()
    assert again.moved is not None
    assert len(again.moved.conflicts) == 0
    report = again.plan().apply()
    assert (report.counts, report.outcomes["attempts"].tolist()) == ({"applied": 1}, [1])


def test_the_same_filters_and_what_is_edited_stays(job: Job) -> None:
    """A task that the filters no longer find is gone; one that holds an edit is looked up. What is new is told."""
    tasks = job.conn.load(filters=FILTER[job.service])
    edited, plain = map(str, tasks.df.index[:2])
    tasks.df.loc[edited, job.title] = "ours"
    for task in (edited, plain):
        job.closes(task)
    later = next(str(i) for i in job.tasks.df.index if str(i) not in set(map(str, tasks.df.index)))
    field = job.status.partition(".")[0]
    job.theirs(later, **{field: job.open})
    fresh = tasks.refresh()
    moved = fresh.moved
    assert moved is not None
    assert (moved.new, moved.gone, moved.outside) == ((later,), (plain,), (edited,))
    assert set(map(str, fresh.df.index)) == {str(i) for i in tasks.df.index} - {plain} | {later}
    assert str(fresh.df.loc[edited, job.status]) == job.closed
    assert cells(fresh) == {(edited, job.title)}
    assert "outside the filters" in moved.summary
    assert moved.summary in " ".join(repr(fresh).split())
    assert fresh.load.filters == tasks.load.filters
    assert fresh.plan().apply().counts == {"applied": 1}
    assert job.held(edited, job.title) == "ours"


def test_edits_of_a_task_that_is_gone_are_told(job: Job) -> None:
    """None gets lost in silence."""
    task = job.id(3)
    was = job.tasks.df.loc[task, job.title]
    job.tasks.df.loc[task, job.title] = "ours"
    job.server.delete(task)
    fresh = job.tasks.refresh()
    assert fresh.moved is not None
    assert fresh.moved.gone == (task,)
    assert told(fresh.moved.cells) == [(task, job.title, was, "ours", None, "lost")]
    assert "1 task gone" in repr(fresh.moved)
    assert task in repr(fresh.moved)
    assert len(fresh.plan()) == 0


@pytest.mark.parametrize("way", ["limit", "ids", "from_frame", "saved"])
def test_whatever_way_it_was_loaded(job: Job, way: str, tmp_path: Path) -> None:
    """So many, only these, a frame from elsewhere, a saved one: the same tasks again."""
    if way == "limit":
        tasks = job.conn.load(limit=7)
    elif way == "ids":
        tasks = job.conn.load(ids=[job.id(n) for n in range(7)])
    else:
        tasks = tf.from_frame(job.tasks.df.iloc[:7], job.conn)
        if way == "saved":
            tasks.df.loc[tasks.df.index[0], job.title] = "ours"
            tasks.save(tmp_path / "tasks")
            tasks = tf.open_tasks(tmp_path / "tasks", job.conn)
    first, second = map(str, tasks.df.index[:2])
    tasks.df.loc[first, job.title] = "ours"
    job.theirs(second, **{job.title: "theirs"})
    fresh = tasks.refresh()
    assert list(fresh.df.index) == list(tasks.df.index)
    assert cells(fresh) == {(first, job.title)}
    assert fresh.df.loc[second, job.title] == "theirs"
    assert fresh.refresh().load.by_ids == tasks.load.by_ids


def test_awaited_it_is_the_same(job: Job) -> None:
    task = job.id(0)
    job.tasks.df.loc[task, job.title] = "ours"
    job.theirs(task, **{job.title: "theirs"})
    fresh, awaited = job.tasks.refresh(), asyncio.run(job.tasks.refresh_async())
    pd.testing.assert_frame_equal(fresh.df, awaited.df)
    assert fresh.moved is not None
    assert awaited.moved is not None
    pd.testing.assert_frame_equal(fresh.moved.cells, awaited.moved.cells)
    assert cells(fresh) == cells(awaited)


def test_nothing_moved(job: Job) -> None:
    fresh = job.tasks.refresh()
    pd.testing.assert_frame_equal(fresh.df, job.tasks.df)
    assert fresh.moved is not None
    assert "nothing moved" in repr(fresh.moved)
    assert job.tasks.moved is None


def test_what_is_no_value_and_what_is_not_the_services_go_along(job: Job) -> None:
    """A cell that is a problem stays one; columns of one's own stay with their tasks."""
    df = job.tasks.df
    task = job.id(2)
    df["mine"] = range(len(df))
    df[job.status] = df[job.status].astype("object")
    df.loc[task, job.status] = "no such status"
    fresh = job.tasks.refresh()
    assert fresh.df.loc[task, job.status] == "no such status"
    assert fresh.plan().problems[["id", "column"]].to_numpy().tolist() == [[task, job.status]]
    assert fresh.df["mine"].tolist() == df["mine"].tolist()


def test_a_frame_that_can_not_be_loaded_again_says_how() -> None:
    """Without a connection; or saved by an older taskframe, which did not keep which tasks were wanted."""
    with tf.sandbox(tasks=20, services=["reload"]) as box, box.connect("reload", journal=None, progress=False) as conn:
        tasks = conn.load(limit=5)
        with pytest.raises(tf.FrameError, match=r"from_frame\(df, conn\)"):
            tf.from_frame(tasks.df, "reload").refresh()
        older = {k: v for k, v in tasks.load.to_json().items() if k not in ("limit", "by_ids")}
        old = tf.TaskFrame(tasks.df, Load.from_json(older, conn.service), conn)
        with pytest.raises(tf.FrameError, match=r"conn\.load\(ids=list\(tasks\.df\.index\)\)"):
            old.refresh()
