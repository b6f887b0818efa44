"""Verifying, in its order: a page, its writes, the next page; read again when it is old; and ended in every phase."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from itertools import count
from typing import Any

import pytest
from apply_stage import one
from verify_stage import Stage, staged

import taskframe as tf
from taskframe.engine.clock import SystemClock
from taskframe.engine.limits import Limiter, Unused
from taskframe.engine.verifying import way_of
from taskframe.services.base import Limit
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload

WAYS = [("kore", "listing"), ("pragmatiks", "listing"), ("pragmatiks", "each")]


def waves(stage: Stage) -> list[tuple[str, set[str | None]]]:
    """Runs of reads and of writes, as the server saw them: ("read" or "write", the tasks)."""
    found: list[tuple[str, set[str | None]]] = []
    for record in stage.log:
        if record.actor != "caller":
            continue
        kind, tasks = ("read", stage.shown(record)) if stage.is_read(record) else ("write", {stage.target(record)})
        if found and found[-1][0] == kind == "write":
            found[-1][1].update(tasks)
        else:
            found.append((kind, set(tasks)))
    return found


# the order


def test_kore_is_read_page_by_page_and_each_page_is_written_first() -> None:
    """No page is asked for while a task of the page before is unwritten; no page is asked for twice."""
    with staged("kore", tasks=230, factor=20) as stage:
        tasks = stage.edited(concurrency=8)
        slow = count(1)
        stage.faults.add(
            "latency", times=None, seconds=2.0, match=lambda c: stage.is_write(c) and next(slow) % 50 in (10, 49)
        )
        assert stage.apply(tasks).counts == {"applied": 230}
        seen = waves(stage)
        assert [kind for kind, _ in seen] == ["read", "write"] * 5
        for (_, page), (_, written) in zip(seen[::2], seen[1::2], strict=True):
            assert written <= page
        assert len(stage.reads()) == 5
        pages = [r.body for r in stage.reads()]
        assert all(p.keys() == {"skip", "limit", "sortBy"} for p in pages)  # never narrowed by what the plan changes


def test_a_few_tasks_of_many_cost_few_pages() -> None:
    """Three of 600 tasks: searched for, not read through."""
    with staged("kore", tasks=600, factor=20) as stage:
        tasks = stage.load()
        for n in (10, 300, 590):
            tasks.df.loc[tasks.df.index[n], "name"] = "ours"
        assert stage.apply(tasks).counts == {"applied": 3}
        assert len(stage.reads()) <= 10


def test_pragmatiks_lists_once_and_works_it_off_in_slices() -> None:
    """One list for 120 tasks, when all is done within half a minute."""
    with staged("pragmatiks", tasks=120, factor=5) as stage:
        assert stage.apply(stage.edited()).counts == {"applied": 120}
        assert len(stage.reads()) == 1


def test_a_list_older_than_half_a_minute_is_read_again() -> None:
    """At one call a second 100 tasks take 100 s: the list is read every 30 s, and nothing goes out on an older one."""
    with staged("pragmatiks", tasks=100, factor=100) as stage:
        tasks = stage.edited(rate=[Limit(10, per=10)], concurrency=8)
        report = stage.apply(tasks)
        assert report.counts == {"applied": 100}
        assert 4 <= len(stage.reads()) <= 10
        age = report.outcomes["read_age"]
        assert age.max() < 30 + 15  # the slot of a call that was let through may yet be some seconds ahead
        assert (age <= 30).mean() > 0.9


def test_what_waited_too_long_is_read_again() -> None:
    """All must wait a minute: each is read again before it is sent, and who was edited meanwhile is a conflict."""
    with staged("pragmatiks", tasks=20, factor=100) as stage:
        tasks = stage.edited()
        edited = str(tasks.df.index[7])
        turned_away: list[int] = []

        def meddle(call: Any) -> bool:
            if stage.is_read(call) and turned_away:
                turned_away.clear()
                stage.server.edit(edited, title="theirs")
            turned_away.extend([1] * stage.is_write(call))
            return False

        stage.faults.add("latency", times=None, match=meddle)
        stage.faults.add("429", times=20, match=stage.is_write, retry_after=60)
        report = stage.apply(tasks)
        assert report.counts == {"applied": 19, "conflict": 1}
        assert report.outcomes.loc[edited, "outcome"] == "conflict"
        assert report.outcomes["read_age"].max() < 30


def test_what_can_never_be_fresh_is_sent_all_the_same() -> None:
    """One call in 40 s: after each read its task is read once more, not for ever, and then sent."""
    with staged("pragmatiks", tasks=3, factor=400) as stage:
        tasks = stage.edited(rate=[Limit(1, per=40)])
        report = stage.apply(tasks, verify="each")
        assert report.counts == {"applied": 3}
        assert len(stage.reads()) <= 12
        assert report.outcomes["read_age"].between(30, 400).all()


def test_a_slot_that_nobody_wants_is_not_counted() -> None:
    """What is found to be outdated when its turn comes makes no call, and costs none of the limit."""

    async def main() -> float | None:
        limiter = Limiter([Limit(1, per=1000)], SystemClock())
        with pytest.raises(Unused):
            async with limiter.slot():
                raise Unused
        return limiter.wait()

    assert asyncio.run(main()) == 0


def test_each_reads_a_task_right_before_its_write() -> None:
    """One call of its own for each, and its age is that of a call."""
    with staged("pragmatiks", tasks=60, factor=5) as stage:
        tasks = stage.edited(concurrency=4)
        report = stage.apply(tasks, verify="each")
        assert report.counts == {"applied": 60}
        assert len(stage.reads()) == len(stage.writes()) == 60
        assert report.outcomes["read_age"].max() < 5
        assert sorted(task for r in stage.reads() for task in stage.shown(r)) == sorted(tasks.df.index)


def test_pages_that_shift_lose_nobody() -> None:
    """Pages go by the last update, whatever is asked: what is not where it was is looked up in the whole list."""
    with staged("kore", tasks=160, factor=20) as stage:
        tasks = stage.edited()
        stage.server.shifting = True
        report = stage.apply(tasks)
        assert report.counts == {"applied": 160}


def test_a_retry_goes_ahead_of_the_next_page_and_holds_up_none() -> None:
    """A page's stragglers wait; the next page does not wait for them."""
    with staged("kore", tasks=120, factor=20) as stage:
        tasks = stage.edited()
        stage.faults.add("503", times=10, match=stage.is_write, retry_after=1)
        stage.faults.add("drop", times=10, match=stage.is_write)
        report = stage.apply(tasks)
        assert report.counts == {"applied": 120}
        assert len({stage.target(w) for w in stage.writes() if w.after}) == 120
        assert sum(1 for w in stage.writes() if w.after) == 120


@pytest.mark.parametrize(("service", "verify"), WAYS)
def test_never_more_than_the_workers(service: str, verify: Any) -> None:
    """400 tasks, 8 workers: no coroutine a task, whichever way they are read."""
    with staged(service, tasks=400, factor=20) as stage:
        most: list[int] = []

        async def tasks_now() -> int:
            return len(asyncio.all_tasks())

        tasks = stage.edited(concurrency=8)
        connection = stage._connections[-1]

        def watch(call: Any) -> bool:
            threading.Thread(target=lambda: most.append(connection.run(tasks_now())), daemon=True).start()
            return False

        stage.faults.add("latency", times=None, match=lambda c: len(most) < 50 and watch(c))
        assert stage.apply(tasks, verify=verify).counts == {"applied": 400}
        assert most
        assert max(most) <= 3 * 8 + 50  # and the watchers themselves


# the end, in every phase


def ended(stage: Stage, when: Callable[[Any], bool], **options: Any) -> tf.Report:
    """A run whose connection is closed while the first call for which `when` says so is under way."""
    tasks = stage.edited(concurrency=4)
    connection, closing = stage._connections[-1], list[threading.Thread]()

    def close(call: Any) -> bool:
        if when(call) and not closing:
            closing.append(threading.Thread(target=connection.close))
            closing[0].start()
            return True
        return False

    stage.faults.add("latency", match=close, seconds=3.0)
    with pytest.raises(tf.ApplyInterrupted) as stopped:
        stage.apply(tasks, **options)
    closing[0].join()
    return stopped.value.report


@pytest.mark.parametrize(("service", "verify"), WAYS)
@pytest.mark.parametrize("phase", ["first read", "a write", "later read", "later write"])
def test_every_task_has_an_outcome_wherever_it_ends(service: str, verify: Any, phase: str) -> None:
    """What was sent has ended, what was not is skipped; nothing is sent afterwards."""
    with staged(service, tasks=130, factor=20) as stage:
        writes: list[Any] = []

        def when(call: Any) -> bool:
            if stage.is_write(call):
                writes.append(call)
                return phase == "a write" or (phase == "later write" and len(writes) == 70)
            return phase == "first read" or (phase == "later read" and len(writes) >= 50)

        if phase == "later read" and (service, verify) == ("pragmatiks", "listing"):
            pytest.skip("it has one list")
        report = ended(stage, when, verify=verify)
        seen = len(stage.box.log)
        assert len(report) == 130
        assert report.counts.keys() <= {"applied", "skipped"}
        written = {stage.target(w) for w in stage.writes() if w.after}
        outcomes = report.outcomes["outcome"].astype(str)
        assert set(outcomes.index[outcomes == "applied"]) == written
        assert report.counts["skipped"] > 0
        assert (phase == "first read") is (not written)
        assert report.stopped
        assert len(stage.box.log) == seen


@pytest.mark.parametrize(("service", "verify"), WAYS)
@pytest.mark.parametrize(
    ("fault", "kind"),
    [
        (("500", {}), "failed"),
        (("401", {}), "skipped"),
        (("429", {"retry_after": 10_000}), "skipped"),
        (("drop", {}), "skipped"),
        (("wrong-shape", {}), "failed"),
    ],
)
def test_when_tasks_cannot_be_read_nothing_is_written(service: str, verify: Any, fault: Any, kind: str) -> None:
    """In words, for each of them; where it is for all, the run ends."""
    with staged(service, tasks=30, factor=400) as stage:
        tasks = stage.edited(concurrency=4)
        stage.faults.add(fault[0], times=None, match=stage.is_read, **fault[1])
        report = stage.apply(tasks, verify=verify)
        assert stage.writes() == []
        assert report.counts.keys() <= {"skipped", "failed"}
        assert kind in report.counts
        assert bool(report.stopped) is (kind == "skipped")
        assert len(report) == 30


def test_one_that_cannot_be_read_is_failed_alone() -> None:
    """Of 20 tasks read one by one."""
    with staged("pragmatiks", tasks=20, factor=100) as stage:
        tasks = stage.edited()
        odd = str(tasks.df.index[3])
        stage.faults.add(
            "500", times=None, match=lambda c: c.method == "GET" and stage.server.task(odd)["id"][-8:] in c.path
        )
        report = stage.apply(tasks, verify="each")
        assert report.counts == {"applied": 19, "failed": 1}
        assert "could not be read ahead of its write" in report.outcomes.loc[odd, "detail"]


# what is asked for


def test_the_ways_of_each_service_are_named() -> None:
    """A way that a service has not is refused, before anything is sent, with those that it has."""
    assert [way_of(s(), None) for s in (Kore, Pragmatiks, Reload)] == ["listing", "listing", None]
    assert way_of(Pragmatiks(), "each") == "each"
    with pytest.raises(tf.PlanError, match="no call of Kore reads a single task; there are 'listing', 'none'"):
        way_of(Kore(), "each")
    with pytest.raises(tf.PlanError, match="there are 'listing', 'each', 'none'"):
        way_of(Pragmatiks(), "page")
    for verify in ("listing", "none"):
        with pytest.raises(tf.PlanError, match="leave verify= out"):
            way_of(Reload(), verify)
    with staged("kore", tasks=3) as stage:
        plan = stage.edited().plan()
        seen = len(stage.box.log)
        with pytest.raises(tf.PlanError, match="single task"):
            plan.apply(verify="each", confirm=3)
        with pytest.raises(tf.PlanError, match="single task"):
            plan.dry_run(verify="each")
        assert len(stage.box.log) == seen


@pytest.mark.parametrize(("service", "verify", "reads"), [
    ("kore", "listing", 2), ("kore", "none", 0), ("pragmatiks", "listing", 1), ("pragmatiks", "each", 60),
    ("pragmatiks", "none", 0),
])  # fmt: skip
def test_a_dry_run_reads_what_an_apply_would_read(service: str, verify: Any, reads: int) -> None:
    """And says what an apply would do, as far as it is read."""
    with staged(service, tasks=60, factor=20) as stage:
        tasks = stage.edited()
        stage.server.edit(tasks.df.index[2], **{stage.title: "theirs"})
        stage.server.delete(tasks.df.index[3])
        start = stage.start = len(stage.box.log)
        report = tasks.plan().dry_run(verify=verify)
        if verify == "none":
            assert report.counts == {"ready": 60}
        else:
            assert report.counts == {"ready": 58, "conflict": 1, "unknown": 1}
        assert report.outcomes["read_age"].isna().all()
        assert report.calls == len(stage.box.log) - start
        assert reads <= len(stage.reads()) <= reads + 3  # what is not there is looked for
        assert stage.writes() == []


def test_the_preview_says_what_stays_open_and_what_it_costs() -> None:
    """In calls, and in time at the known rate; Reload has nothing to say."""
    with staged("kore", tasks=230) as stage:
        text = " ".join(str(stage.edited(rate=[Limit(60, per=60)]).plan()).split())
        assert "Can't be verified: Kore keeps no versions" in text
        assert "Reading ahead of the writes costs 5 calls, 5 seconds at the known rate" in text
        assert 'verify="none"' in text
        assert 'verify="each"' not in text
    with staged("pragmatiks", tasks=120) as stage:
        text = " ".join(str(stage.edited(rate=[Limit(60, per=60)]).plan()).split())
        assert "costs 4 calls, 4 seconds at the known rate" in text  # 120 s of writes, a list each 30 s
        assert 'verify="each", right before each write, 120 calls, 2 minutes' in text
        assert "at least" not in text
        assert "costs at least 1 call;" in " ".join(str(stage.edited(20).plan()).split())


def test_the_read_age_of_a_single_task() -> None:
    """Known where it was read and written; not where it was not."""
    with staged("kore", tasks=5, factor=20) as stage:
        assert 0 < one(stage.apply(stage.edited(1)))["read_age"] < 10
        tasks = stage.edited(1)
        tasks.df["name"] = "again"
        stage.server.edit(tasks.df.index[0], name="theirs")
        told = one(stage.apply(tasks))
        assert told["outcome"] == "conflict"
        assert told.isna()["read_age"]
