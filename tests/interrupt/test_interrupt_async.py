"""What is awaited and cancelled, a connection closed under an apply, a process that ends: in order, and resumable."""

from __future__ import annotations

import asyncio
import json
import subprocess
import sys
from collections.abc import Callable, Coroutine
from concurrent.futures import ThreadPoolExecutor
from typing import Any

import pytest
from interrupt_stage import SERVICES, Stage, until

import taskframe as tf

MakeStage = Callable[..., Stage]


def planned(stage: Stage, conn: tf.Connection) -> tf.Plan:
    tasks = conn.load()
    tasks.df[stage.title] = [f"ours {n}" for n in range(len(tasks))]
    stage.ids = list(tasks.df.index)
    stage.start = len(stage.box.log)
    return tasks.plan()


def is_whole(stage: Stage, report: tf.Report, *, state: str) -> None:
    """Each task has an outcome, and it is the one that the log tells."""
    rows = report.outcomes
    assert list(rows.index) == stage.ids
    written = {r.task_id for r in stage.writes() if r.after}
    assert set(rows.index[rows["outcome"] == "applied"]) == written
    assert set(rows["outcome"]) == {"applied", "skipped"}
    with stage.box.connect(stage.service, journal=stage.journal, progress=False) as conn:
        assert conn.runs().loc[report.run_id, "state"] == state


def goes_on(stage: Stage, run: str) -> None:
    stage.faults.clear()
    with stage.box.connect(stage.service, journal=stage.journal, progress=False) as conn:
        assert conn.report(run).resume().counts == {"applied": 40}
    stage.check_all_there()


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("times", [1, 2])
def test_a_cancellation_ends_in_order(make_stage: MakeStage, service: str, times: int) -> None:
    """The task is cancelled, once or again while it ends; the run is in the journal, and can be gone on with there."""
    stage = make_stage(service)
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=0.3)

    async def main() -> str:
        async with stage.box.connect(service, journal=stage.journal, progress=False, concurrency=4, timeout=1) as conn:
            plan = await asyncio.to_thread(planned, stage, conn)
            apply = asyncio.create_task(plan.apply_async(confirm=40))
            await asyncio.to_thread(until, lambda: len(stage.writes()) >= 4)
            for _ in range(times):
                apply.cancel()
                await asyncio.sleep(0.05)
            with pytest.raises(asyncio.CancelledError):
                await apply
            [run] = conn.runs().index
            if times == 1:
                assert conn.runs().loc[run, "state"] == "stopped"
                assert conn.report(run).counts == {"applied": 4, "skipped": 36}
            return str(run)

    run = asyncio.run(main())
    stage.faults.clear()
    with stage.box.connect(service, journal=stage.journal, progress=False, timeout=1) as conn:
        found = conn.report(run)
        assert list(found.outcomes.index) == stage.ids
        done = found.resume()
    assert set(done.counts) <= {"applied"} | ({"unchanged"} if times == 2 else set())
    stage.check_all_there()


@pytest.mark.parametrize("service", SERVICES)
def test_going_on_is_awaited_too(make_stage: MakeStage, service: str) -> None:
    """In a running loop, which goes on meanwhile. Cancelled half-way it ends in order; then the rest goes through."""
    stage = make_stage(service)
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=0.3)

    async def cancelled(work: Coroutine[Any, Any, tf.Report], sent: int) -> None:
        going = asyncio.create_task(work)
        await asyncio.to_thread(until, lambda: len(stage.writes()) >= sent)
        going.cancel()
        with pytest.raises(asyncio.CancelledError):
            await going

    async def main() -> tf.Report:
        async with stage.box.connect(service, journal=stage.journal, progress=False, concurrency=4, timeout=1) as conn:
            plan = await asyncio.to_thread(planned, stage, conn)
            await cancelled(plan.apply_async(confirm=40), 4)
            [run] = conn.runs().index
            await cancelled(conn.report(run).resume_async(), 8)
            half = conn.report(run)
            assert conn.runs().loc[run, "state"] == "stopped"
            assert half.counts == {"applied": 8, "skipped": 32}
            stage.faults.clear()
            done = await half.resume_async()
            assert await done.resume_async() is done
            with pytest.raises(tf.PlanError, match="dry run"):
                await (await plan.dry_run_async()).resume_async()
            return done

    done = asyncio.run(main())
    assert done.counts == {"applied": 40}
    assert list(done.outcomes.index) == stage.ids
    stage.check_all_there()


@pytest.mark.parametrize("service", SERVICES)
def test_closing_from_another_thread_ends_in_order(make_stage: MakeStage, service: str) -> None:
    """Calls in flight are answered, the rest is not sent; `close` returns when the journal says so."""
    stage = make_stage(service)
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=0.2)
    conn = stage.box.connect(service, journal=stage.journal, progress=False, concurrency=4)
    plan = planned(stage, conn)
    with ThreadPoolExecutor(1) as pool:
        apply = pool.submit(plan.apply, confirm=40)
        until(stage.writes)
        conn.close()
        assert not list(stage.journal.parent.glob("*.live"))
        error = apply.exception()
    assert isinstance(error, tf.ApplyInterrupted)
    is_whole(stage, error.report, state="stopped")
    goes_on(stage, error.report.run_id)


SCRIPT = """
import json, sys, threading, time
import taskframe as tf
service, settings, journal, title, way = sys.argv[1:]
conn = tf.connect(service, **json.loads(settings), journal=journal, progress=False, concurrency=4)
tasks = conn.load()
tasks.df[title] = [f"ours {n}" for n in range(len(tasks))]
plan = tasks.plan()
def ask(*_):
    print("under way", flush=True)
    threading.Event().wait()
def work():
    try:
        plan.apply(confirm=len(plan), on_conflict=ask)
    except tf.ApplyInterrupted:
        pass
threading.Thread(target=work, daemon=True).start()
print("begun", flush=True)
sys.stdin.readline()
if way == "sys.exit":
    sys.exit(3)
"""


@pytest.mark.parametrize("way", ["the end", "sys.exit", "an open question"])
@pytest.mark.parametrize("service", SERVICES)
def test_a_process_ends_under_a_run(make_stage: MakeStage, service: str, way: str) -> None:
    """The run is in a daemon thread: the process ends soon, without a word, and the run can be gone on with."""
    stage = make_stage(service)
    settings = json.dumps(stage.box.settings(service))
    if way != "an open question":
        stage.faults.add("stall", times=None, match=stage.is_write, seconds=0.2)
    else:
        stage.faults.add("others-edit", times=None, match=stage.is_write, columns={stage.title: "theirs"})
    command = [sys.executable, "-W", "error", "-c", SCRIPT, service, settings, str(stage.journal), stage.title, way]
    pipe = subprocess.PIPE
    with subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True) as script:
        until(stage.writes)
        _, err = script.communicate("\n", timeout=60)
    assert (script.returncode, err) == (3 if way == "sys.exit" else 0, "")
    if way == "an open question":
        return
    assert not list(stage.journal.parent.glob("*.live"))
    stage.ids = [row["_id" if service == "kore" else "id"] for row in stage.server.tasks()]
    with stage.box.connect(service, journal=stage.journal, progress=False) as conn:
        [run] = conn.runs().index
        assert conn.runs().loc[run, "state"] == "stopped"
        assert set(conn.report(run).counts) == {"applied", "skipped"}
    stage.faults.clear()
    with stage.box.connect(service, journal=stage.journal, progress=False) as conn:
        done = conn.report(run).resume()
        assert done.counts == {"applied": 40}
        stage.ids = list(done.outcomes.index)
    stage.check_all_there()
