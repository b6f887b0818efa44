"""Verifying, in its order: a page, its writes, the next page; read again when it is old; and ended in every phase."""

from __future__ import annotations

import asyncio
import threading
from itertools import count
from typing import Any

import pytest
from verify_stage import Stage, staged

from taskframe.engine.clock import SystemClock
from taskframe.engine.limits import Limiter, Unused
from taskframe.services.base import Limit

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
        stage.faults.add("503", times=20, match=stage.is_write, retry_after=60)
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
