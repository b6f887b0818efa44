"""Sync calls, async calls, threads, event loops; and that nothing is left behind."""

from __future__ import annotations

import asyncio
import gc
import os
import threading
import weakref
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest

import taskframe as tf
from tests.conftest import Python

linux = pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files by /proc")


def _files() -> int:
    return len(os.listdir("/proc/self/fd"))  # noqa: PTH208 - names only: they may be gone when they are looked at


def _ours() -> list[str]:
    return [t.name for t in threading.enumerate() if t.name == "taskframe"]


def _raise_priority(tasks: tf.TaskFrame, n: int = 5) -> tf.Plan:
    rows = tasks.df.index[tasks.df["priority"] != "urgent"][:n]
    tasks.df.loc[rows, "priority"] = "urgent"
    return tasks.plan()


def test_sync_calls_work_inside_a_running_loop(box: tf.LocalSandbox) -> None:
    """In an `async def` run by asyncio.run, as in a notebook's cell: load, plan, dry run, apply, check, close."""

    async def main() -> tf.Report:
        conn = box.connect("reload", progress=False)
        conn.check()
        plan = _raise_priority(conn.load())
        plan.dry_run()
        report = plan.apply()
        conn.close()
        await asyncio.sleep(0)
        return report

    assert asyncio.run(main()).counts == {"applied": 5}
    assert _ours() == []


def test_async_calls_do_the_same(box: tf.LocalSandbox) -> None:
    """`load_async`, `dry_run_async`, `apply_async`, `check_async`, `async with`; the frame follows."""

    async def main() -> tf.TaskFrame:
        async with box.connect("reload", progress=False) as conn:
            assert await conn.check_async() == {"workspaceId": box["reload"].workspace}
            tasks = await conn.load_async(status="todo")
            plan = _raise_priority(tasks)
            assert (await plan.dry_run_async()).counts == {"ready": 5}
            report = await plan.apply_async()
            assert report.counts == {"applied": 5}
            return tasks

    tasks = asyncio.run(main())
    assert not tasks.plan()
    assert _ours() == []


def test_the_callers_loop_goes_on_meanwhile(box: tf.LocalSandbox) -> None:
    """An awaited load does not block the loop that awaits it."""
    box.faults.add("latency", seconds=0.3)
    ticks = 0

    async def tick() -> None:
        nonlocal ticks
        while True:
            await asyncio.sleep(0.01)
            ticks += 1

    async def main() -> None:
        async with box.connect("reload", progress=False) as conn:
            ticking = asyncio.create_task(tick())
            await conn.load_async()
            ticking.cancel()

    asyncio.run(main())
    assert ticks >= 5


def test_one_connection_serves_several_loops(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """asyncio.run twice, and sync calls in between: a connection belongs to no loop of the user's."""
    for _ in range(2):
        assert len(asyncio.run(conn.load_async())) == 300
        assert len(conn.load()) == 300


def test_many_loads_at_once_on_one_loop(conn: tf.Connection) -> None:
    """`asyncio.gather` of loads with one connection."""

    async def main() -> list[tf.TaskFrame]:
        return await asyncio.gather(*(conn.load_async() for _ in range(5)))

    assert [len(t) for t in asyncio.run(main())] == [300] * 5


def test_many_threads_share_a_connection(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Each thread loads, edits its own tasks and applies; all edits arrive."""
    ids = [t["id"] for t in box["reload"].tasks()][:40]

    def work(n: int) -> tf.Report:
        tasks = conn.load()
        mine = ids[n::8]
        tasks.df.loc[mine, "description"] = f"by thread {n}"
        return tasks.plan().apply()

    with ThreadPoolExecutor(8) as pool:
        reports = list(pool.map(work, range(8)))
    assert all(r.ok for r in reports)
    assert [box["reload"].task(i)["description"] for i in ids] == [f"by thread {n % 8}" for n in range(40)]


def test_many_threads_connect_for_themselves(box: tf.LocalSandbox) -> None:
    """Connections come and go in several threads; the background thread ends with the last."""

    def work(_: int) -> int:
        with box.connect("reload", progress=False) as conn:
            return len(conn.load(limit=10))

    with ThreadPoolExecutor(8) as pool:
        assert list(pool.map(work, range(40))) == [10] * 40
    assert _ours() == []


def test_a_plan_is_applied_once_however_many_try(conn: tf.Connection) -> None:
    """Of several threads that apply one plan, one does; the others are told."""
    plan = _raise_priority(conn.load())

    def work(_: int) -> tf.Report | tf.PlanError:
        try:
            return plan.apply()
        except tf.PlanError as error:
            return error

    with ThreadPoolExecutor(4) as pool:
        results = list(pool.map(work, range(4)))
    assert sorted(type(r).__name__ for r in results) == ["PlanError", "PlanError", "PlanError", "Report"]


@pytest.mark.parametrize("used", [True, False])
def test_after_close_each_call_says_so(box: tf.LocalSandbox, used: bool) -> None:
    """ClosedError with the way out, sync and async; closing again is fine, and what was loaded can still be planned."""
    conn = box.connect("reload", progress=False)
    tasks = conn.load() if used else None
    conn.close()
    conn.close()
    asyncio.run(conn.aclose())
    with pytest.raises(tf.ClosedError, match="connect again"):
        conn.load()
    with pytest.raises(tf.ClosedError, match="connect again"):
        conn.check()
    with pytest.raises(tf.ClosedError, match="connect again"):
        conn.person_id("@ada")
    with pytest.raises(tf.ClosedError, match="connect again"):
        asyncio.run(conn.load_async())
    if tasks is not None:
        plan = _raise_priority(tasks)
        with pytest.raises(tf.ClosedError, match="connect again"):
            plan.apply()
        with pytest.raises(tf.ClosedError, match="connect again"):
            asyncio.run(plan.apply_async())
        with box.connect("reload", progress=False) as again:  # and the plan was not used up by that
            plan.save("/dev/null")
            assert again.load().plan() is not None
    assert "closed" in repr(conn)
    assert _ours() == []


def test_a_plan_that_could_not_begin_can_be_applied_later(box: tf.LocalSandbox, tmp_path: Path) -> None:
    """Only a run that began uses a plan up."""
    conn = box.connect("reload", progress=False)
    plan = _raise_priority(conn.load())
    conn.close()
    with pytest.raises(tf.ClosedError):
        plan.apply()
    plan.save(tmp_path / "a.plan")
    with box.connect("reload", progress=False) as again:
        assert tf.open_plan(tmp_path / "a.plan", again).apply().ok


def test_closing_ends_what_is_under_way(box: tf.LocalSandbox) -> None:
    """A load in another thread ends with ClosedError, not with a riddle."""
    box.faults.add("stall", seconds=30)
    conn = box.connect("reload", progress=False)
    with ThreadPoolExecutor(1) as pool:
        load = pool.submit(conn.load)
        _until(lambda: len(box.log) > 0)
        conn.close()
        with pytest.raises(tf.ClosedError, match="was closed while"):
            load.result()
    assert _ours() == []


def test_closing_ends_an_awaited_load(box: tf.LocalSandbox) -> None:
    """The same for a coroutine: ClosedError, and the task that awaited is not cancelled."""
    box.faults.add("stall", seconds=30)

    async def main() -> None:
        conn = box.connect("reload", progress=False)
        load = asyncio.ensure_future(conn.load_async())
        await asyncio.to_thread(_until, lambda: len(box.log) > 0)
        await conn.aclose()
        with pytest.raises(tf.ClosedError, match="was closed while"):
            await load

    asyncio.run(main())
    assert _ours() == []


def test_closing_ends_an_apply_in_order(box: tf.LocalSandbox) -> None:
    """Calls in flight are answered, the rest is never sent, and the report has an outcome for each task."""
    conn = box.connect("reload", progress=False, concurrency=2)
    tasks = conn.load()
    plan = _raise_priority(tasks, 100)
    box.faults.add("latency", times=None, seconds=0.05, match="update-task")
    with ThreadPoolExecutor(1) as pool:
        apply = pool.submit(plan.apply)
        _until(lambda: len(box.log.calls(path="update-task")) > 3)
        conn.close()
        error = apply.exception()
    assert isinstance(error, tf.ApplyInterrupted)
    report = error.report
    assert len(report) == 100
    assert set(report.counts) == {"applied", "skipped"}
    applied = report.outcomes.index[report.outcomes["outcome"] == "applied"]
    assert {r.task_id for r in box.log.writes()} == set(applied)
    assert len(tasks.plan()) == 100 - len(applied)  # the frame followed
    assert _ours() == []


def test_a_cancelled_apply_ends_in_order(box: tf.LocalSandbox) -> None:
    """Cancelling the task that awaits: what was sent is answered and the frame follows; then CancelledError."""

    async def main() -> None:
        async with box.connect("reload", progress=False, concurrency=2) as conn:
            tasks = await conn.load_async()
            plan = _raise_priority(tasks, 100)
            box.faults.add("latency", times=None, seconds=0.05, match="update-task")
            apply = asyncio.create_task(plan.apply_async())
            await asyncio.to_thread(_until, lambda: len(box.log.calls(path="update-task")) > 3)
            apply.cancel()
            with pytest.raises(asyncio.CancelledError):
                await apply
            box.faults.clear()
            left = tasks.plan()
            assert len(left) == 100 - len(box.log.writes())
            assert (await left.apply_async()).counts == {"applied": len(left)}

    asyncio.run(main())


def test_a_cancelled_load_sends_nothing_more(box: tf.LocalSandbox) -> None:
    """Cancelling the task that awaits ends the reading too."""

    async def main() -> None:
        async with box.connect("reload", progress=False) as conn:
            box.faults.add("stall", times=None, seconds=0.2)
            load = asyncio.create_task(conn.load_async())
            await asyncio.to_thread(_until, lambda: len(box.log) > 0)
            load.cancel()
            with pytest.raises(asyncio.CancelledError):
                await load
            box.faults.clear()
            calls = len(box.log)
            await asyncio.sleep(0.3)
            assert len(box.log) == calls

    asyncio.run(main())


@linux
def test_fifty_cycles_leak_nothing(box: tf.LocalSandbox) -> None:
    """Connect, load, apply, close, again and again: no thread, no socket, no connection object is left."""

    def cycle() -> weakref.ref[tf.Connection]:
        with box.connect("reload", progress=False) as conn:
            tasks = conn.load(limit=20)
            tasks.df.iloc[0, tasks.df.columns.get_loc("description")] = os.urandom(4).hex()
            assert tasks.plan().apply().ok
            return weakref.ref(conn)

    cycle()
    gc.collect()
    threads, files = threading.active_count(), _files()
    left = [cycle() for _ in range(50)]
    gc.collect()
    assert [ref for ref in left if ref() is not None] == []
    assert threading.active_count() == threads
    assert _until(lambda: _files() <= files)  # the server's ends close a moment later


@linux
def test_a_connection_that_is_dropped_is_cleaned_up(box: tf.LocalSandbox) -> None:
    """Never closed, and gone: its socket and its thread go too, without a word."""
    files = _files()
    conn = box.connect("reload", progress=False)
    assert len(conn.load(limit=5)) == 5
    ref = weakref.ref(conn)
    del conn
    gc.collect()
    assert ref() is None
    assert _until(lambda: not _ours())
    assert _until(lambda: _files() <= files)


def test_a_connection_may_be_dropped_on_its_own_loop(box: tf.LocalSandbox) -> None:
    """The last reference may go on the background loop itself, by the garbage collector: nobody waits for himself."""
    conns: list[Any] = [box.connect("reload", progress=False)]
    other = box.connect("reload", progress=False)
    conns[0].load(limit=5)

    async def drop() -> None:
        conns.clear()
        gc.collect()

    other.run(drop())
    other.close()
    assert _until(lambda: not _ours())


def test_closing_inside_a_callback_does_not_wait_for_itself(box: tf.LocalSandbox) -> None:
    """The run waits for `on_conflict`: a close() in there takes effect when the run has ended."""
    conn = box.connect("reload", progress=False)
    plan = _raise_priority(conn.load(), 1)
    task = plan.changes["id"][0]
    box["reload"].edit(task, priority="low" if plan.changes["before"][0] != "low" else "medium")

    def decide(_id: str, _column: str, _base: Any, _ours: Any, theirs: Any) -> Any:
        conn.close()
        return theirs

    with pytest.raises(tf.ApplyInterrupted):
        plan.apply(on_conflict=decide)
    assert _until(lambda: not _ours())
    with pytest.raises(tf.ClosedError):
        conn.load()


CONNECT = "tf.connect('reload', base_url=sys.argv[1], token=sys.argv[2], progress=False)"
FORGETS = {
    "never used": f"conn = {CONNECT}",
    "used": f"conn = {CONNECT}\nconn.load()",
    "a frame is kept": f"tasks = {CONNECT}.load()",
    "used in a thread": (
        f"import threading\ndef work():\n global conn\n conn = {CONNECT}\n conn.load()\n"
        "thread = threading.Thread(target=work); thread.start(); thread.join()"
    ),
    "at work in a daemon": (
        f"import contextlib, threading, time\nconn = {CONNECT}\nconn.load()\n"
        "def work():\n with contextlib.suppress(tf.ClosedError):\n  while True: conn.load()\n"
        "threading.Thread(target=work, daemon=True).start()\ntime.sleep(0.1)"
    ),
    "used by a loop": f"import asyncio\nconn = {CONNECT}\nasyncio.run(conn.load_async())",
    "in a cycle": f"conn = {CONNECT}\nconn.load()\nconn.myself = conn\ndel conn",
}


@pytest.mark.parametrize("script", FORGETS.values(), ids=FORGETS)
def test_a_process_that_forgets_to_close_ends_silently(python: Python, box: tf.LocalSandbox, script: str) -> None:
    """No close(): the process ends at once, with exit code 0 and without a word."""
    settings = box.settings("reload")
    done = python(f"import sys, taskframe as tf\n{script}", settings["base_url"], settings["token"])
    assert (done.returncode, done.stdout, done.stderr) == (0, "", "")


@pytest.fixture(autouse=True)
def _no_thread_before() -> None:
    gc.collect()
    assert _until(lambda: not _ours())


def _until(condition: Any, seconds: float = 10) -> bool:
    """Whether the condition holds before the time is over; how long it takes does not matter."""
    done = threading.Event()
    for _ in range(int(seconds / 0.01)):
        if condition():
            return True
        done.wait(0.01)
    return bool(condition())
