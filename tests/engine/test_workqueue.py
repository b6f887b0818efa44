"""The queue of a run: what comes first, who waits, and that nobody waits for ever."""

from __future__ import annotations

import asyncio
from collections.abc import Iterator
from typing import Any

import pytest
from engine_wire import VirtualClock

from taskframe.engine.workqueue import Job, WorkQueue


def queue_of(*new: str, clock: VirtualClock | None = None, batch: int = 1) -> WorkQueue[str]:
    return WorkQueue(new, clock or VirtualClock(), batch=batch)


async def taken(queue: WorkQueue[str], count: int) -> list[tuple[str, list[str]]]:
    jobs = [await queue.take() for _ in range(count)]
    return [(job.kind, job.items) for job in jobs if job is not None]


def test_reads_come_first_then_retries_then_new_items() -> None:
    """A read may settle what is in doubt, a retry is older than what is new."""

    async def main() -> None:
        queue = queue_of("new 1", "new 2")
        queue.send("again")
        queue.read("settle")
        assert await taken(queue, 4) == [
            ("read", ["settle"]), ("send", ["again"]), ("send", ["new 1"]), ("send", ["new 2"])
        ]  # fmt: skip

    asyncio.run(main())


def test_reads_go_together_up_to_the_batch() -> None:
    """Five with a batch of three: three and two, in their order."""

    async def main() -> None:
        queue = queue_of(batch=3)
        for item in "abcde":
            queue.read(item)
        assert await taken(queue, 2) == [("read", ["a", "b", "c"]), ("read", ["d", "e"])]

    asyncio.run(main())


def test_new_items_are_drawn_one_by_one() -> None:
    """Nothing is queued up front: a plan of a million tasks costs what is in flight."""

    async def main() -> None:
        drawn: list[int] = []

        def new() -> Iterator[int]:
            for n in range(1000):
                drawn.append(n)
                yield n

        queue = WorkQueue(new(), VirtualClock())
        for _ in range(3):
            await queue.take()
        assert drawn == [0, 1, 2]

    asyncio.run(main())


def test_a_delayed_item_waits_while_new_ones_go_on() -> None:
    """Later is later, by the clock; of several the one due first comes first."""
    clock = VirtualClock()

    async def main() -> list[Any]:
        queue = queue_of("new", clock=clock)
        queue.send("in 20", after=20)
        queue.read("in 10", after=10)
        got = []
        while (job := await queue.take()) is not None:
            got.append((job.items[0], clock.now()))
            queue.done()
        return got

    assert clock.run(main()) == [("new", 0), ("in 10", 10), ("in 20", 20)]


def test_an_item_queued_meanwhile_wakes_who_waits() -> None:
    """Neither sleeps its delay out, nor till the other is done."""
    clock = VirtualClock()

    async def main() -> Any:
        queue = queue_of(clock=clock)
        queue.send("much later", after=1000)
        first = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        queue.send("soon", after=5)
        job = await first
        return job, clock.now()

    assert clock.run(main()) == (Job("send", ["soon"]), 5)


def test_who_waits_is_told_when_all_is_done() -> None:
    """Three wait while one has the last job: None for everybody once it is through."""

    async def main() -> None:
        queue = queue_of("only")
        assert await queue.take() is not None
        waiting = [asyncio.create_task(queue.take()) for _ in range(3)]
        await asyncio.sleep(0.01)
        assert not any(task.done() for task in waiting)
        queue.done()
        assert await asyncio.gather(*waiting) == [None, None, None]

    asyncio.run(main())


def test_what_a_job_queues_again_is_taken_by_who_waits() -> None:
    """Nobody leaves while a job is out: it may yet be queued again."""

    async def main() -> None:
        queue = queue_of("only")
        await queue.take()
        waiting = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        queue.read("only")
        queue.done()
        assert await waiting == Job("read", ["only"])

    asyncio.run(main())


def test_a_stop_wakes_everybody_and_what_is_left_can_be_had() -> None:
    """None for who waits and who comes; queued, delayed and undrawn items all come out, once."""

    async def main() -> None:
        queue = queue_of("new 1", "new 2")
        await queue.take()
        await queue.take()
        queue.send("delayed", after=1000)
        waiting = [asyncio.create_task(queue.take()) for _ in range(2)]
        await asyncio.sleep(0)
        queue.stop()
        assert await asyncio.gather(*waiting, queue.take()) == [None] * 3
        queue.send("new 1")  # a job that was out comes back after the stop
        queue.read("settle")
        assert list(queue.left()) == ["settle", "new 1", "delayed"]

    asyncio.run(main())


def test_undrawn_items_are_left_after_a_stop() -> None:
    """Those that never had a turn are told too."""

    async def main() -> None:
        queue = queue_of("a", "b", "c")
        await queue.take()
        queue.stop()
        assert list(queue.left()) == ["b", "c"]

    asyncio.run(main())


def test_a_wait_that_is_cancelled_leaves_no_trace() -> None:
    """The item goes to somebody else, and the end is still noticed."""

    async def main() -> None:
        queue = queue_of("only")
        await queue.take()
        gone = asyncio.create_task(queue.take())
        stays = asyncio.create_task(queue.take())
        await asyncio.sleep(0)
        gone.cancel()
        await asyncio.gather(gone, return_exceptions=True)
        queue.send("only")
        assert await stays == Job("send", ["only"])
        queue.done()
        queue.done()
        assert await queue.take() is None

    asyncio.run(main())


@pytest.mark.parametrize("workers", [1, 3, 16])
def test_every_item_is_done_whatever_the_order(workers: int) -> None:
    """500 items, each sent, read and sent again with delays: all come through every stage, and the pool ends."""
    clock = VirtualClock()
    stages: dict[int, list[str]] = {}

    async def worker(queue: WorkQueue[int]) -> None:
        while (job := await queue.take()) is not None:
            await asyncio.sleep(0)
            for item in job.items:
                seen = stages.setdefault(item, [])
                seen.append(job.kind)
                if len(seen) == 1:
                    queue.read(item, after=item % 7)
                elif len(seen) == 2:
                    queue.send(item, after=item % 3)
            queue.done()

    async def main() -> None:
        queue = WorkQueue(range(500), clock, batch=9)
        await asyncio.gather(*[worker(queue) for _ in range(workers)])

    clock.run(main())
    assert stages == {n: ["send", "read", "send"] for n in range(500)}
