"""What is promised where no version guards a write: what others did before our last read is never overwritten."""

from __future__ import annotations

import threading
import time
from collections.abc import Iterator
from itertools import islice
from typing import Any

import pytest
from verify_stage import Stage, staged

BOTH = ["kore", "pragmatiks"]
WAYS = [("kore", "listing"), ("pragmatiks", "listing"), ("pragmatiks", "each")]


def forced(stage: Stage, tasks: Any, count: int) -> Iterator[str]:
    """Colleagues edit `count` tasks, one with each turn: the last ones first, as they are not read yet."""
    for task in list(reversed(tasks.df.index))[:count]:
        stage.server.edit(task, **{stage.title: f"theirs {task}"})
        yield task


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_edits_before_the_read_are_never_overwritten(service: str, verify: Any) -> None:
    """100 forced: 50 before we begin, 50 while we read and write others. Each is a conflict, none is overwritten."""
    with staged(service, tasks=160, factor=20) as stage:
        tasks = stage.edited(concurrency=4)
        edits = forced(stage, tasks, 100)
        theirs = {next(edits) for _ in range(50)}

        def meddle(call: Any) -> bool:
            if stage.is_read(call):  # just ahead of what this call reads
                theirs.update(islice(edits, 50 if verify == "listing" else 1))
            return False

        stage.faults.add("latency", times=None, match=meddle)
        report = stage.apply(tasks, verify=verify)
        assert len(theirs) == 100
        outcomes = report.outcomes["outcome"].astype(str)
        assert set(outcomes[list(theirs)]) == {"conflict"}
        assert set(outcomes.drop(list(theirs))) == {"applied"}
        assert stage.overwritten() == {}
        assert all(stage.held(task) == f"theirs {task}" for task in theirs)
        assert len(stage.writes()) == 60
        assert report.outcomes.loc[outcomes == "applied", "read_age"].between(0, 60).all()


@pytest.mark.parametrize("service", BOTH)
def test_without_verification_the_same_edits_are_overwritten(service: str) -> None:
    """The same 100, with the check switched off: all are overwritten, and nobody is told. So the test above tests."""
    with staged(service, tasks=160) as stage:
        tasks = stage.edited()
        theirs = set(forced(stage, tasks, 100))
        report = stage.apply(tasks, verify="none")
        assert report.counts == {"applied": 160}
        assert stage.overwritten().keys() == theirs
        assert report.outcomes["read_age"].isna().all()
        assert stage.reads() == []


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_edits_between_read_and_write_are_bounded_by_the_read_age(service: str, verify: Any) -> None:
    """What stays open, counted by the server's log: each edit overwritten came within the task's own read age."""
    with staged(service, tasks=120, factor=20) as stage:
        tasks = stage.edited(concurrency=8)
        done = threading.Event()

        def colleagues() -> None:
            turn = 0
            while not done.is_set():
                stage.server.edit(tasks.df.index[turn % 120], **{stage.title: f"theirs {turn}"})
                turn += 37
                time.sleep(0.001)

        stage.faults.add("latency", times=None, match=stage.is_write, seconds=0.2)
        thread = threading.Thread(target=colleagues)
        thread.start()
        try:
            report = stage.apply(tasks, verify=verify)
        finally:
            done.set()
            thread.join()
        assert report.counts.keys() <= {"applied", "conflict"}
        age = report.outcomes["read_age"]
        window = 0.2 + 1.0  # the write itself: the latency ahead of its effect, and a busy machine
        for task, there in stage.overwritten().items():
            assert there <= age[task] + window, task


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_an_edit_just_ahead_of_the_write_is_overwritten_and_the_log_says_so(service: str, verify: Any) -> None:
    """Nobody can see it: that is what the preview says stays open."""
    with staged(service, tasks=12, factor=20) as stage:
        tasks = stage.edited()
        stage.faults.add("others-edit", times=5, match=stage.is_write, columns={stage.title: "theirs"})
        assert stage.apply(tasks, verify=verify).counts == {"applied": 12}
        assert len(stage.overwritten()) == 5


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_an_edit_of_another_column_is_no_conflict_and_no_rebase(service: str, verify: Any) -> None:
    """It stays, ours goes through with the first attempt; the frame has both."""
    with staged(service, tasks=12, factor=20) as stage:
        tasks = stage.edited()
        other = {"kore": "desc", "pragmatiks": "description"}[service]
        for task in tasks.df.index:
            stage.server.edit(task, **{other: "theirs"})
        report = stage.apply(tasks, verify=verify)
        assert report.counts == {"applied": 12}
        assert set(report.outcomes["attempts"]) == {1}
        assert {stage.server.task(task)[other] for task in tasks.df.index} == {"theirs"}
        assert set(tasks.df[other]) == {"theirs"}
        assert len(tasks.plan()) == 0


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_what_is_ours_already_is_not_sent(service: str, verify: Any) -> None:
    """Somebody made the same edit: unchanged; a value that went away and came back is unmoved."""
    with staged(service, tasks=12, factor=20) as stage:
        tasks = stage.load()
        base = tasks.df[stage.title].copy()
        tasks.df[stage.title] = "ours"
        same, back = tasks.df.index[3], tasks.df.index[4]
        stage.server.edit(same, **{stage.title: "ours"})
        stage.server.edit(back, **{stage.title: "away"})
        stage.server.edit(back, **{stage.title: base[back]})
        report = stage.apply(tasks, verify=verify)
        assert report.counts == {"applied": 11, "unchanged": 1}
        assert stage.writes(same) == []


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_what_is_found_nowhere_is_unknown_and_not_sent(service: str, verify: Any) -> None:
    """Deleted, or hidden from us: no call tells which."""
    with staged(service, tasks=60, factor=20) as stage:
        tasks = stage.edited()
        gone = [str(task) for task in tasks.df.index[::20]]
        for task in gone:
            stage.server.delete(task)
        report = stage.apply(tasks, verify=verify)
        assert report.counts == {"applied": 57, "unknown": 3}
        told = report.outcomes.loc[gone]
        assert set(told["outcome"]) == {"unknown"}
        assert told["detail"].str.contains("nothing was sent").all()
        assert not any(stage.writes(task) for task in gone)


@pytest.mark.parametrize("on_conflict", ["overwrite", lambda i, column, base, ours, theirs: f"{theirs} and {ours}"])
@pytest.mark.parametrize("service", BOTH)
def test_who_asks_to_overwrite_overwrites(service: str, on_conflict: Any) -> None:
    """What the read shows goes to `on_conflict`, and its answer is written."""
    with staged(service, tasks=12, factor=20) as stage:
        tasks = stage.edited()
        for task in tasks.df.index:
            stage.server.edit(task, **{stage.title: "theirs"})
        assert stage.apply(tasks, on_conflict=on_conflict).counts == {"applied": 12}
        held = {stage.held(task) for task in tasks.df.index}
        assert held == {f"{'' if on_conflict == 'overwrite' else 'theirs and '}ours {n}" for n in range(12)}
