import asyncio
import os
import signal
import subprocess
import sys
import textwrap
import threading
import traceback
from typing import Any

import pytest

from taskframe.engine.loop import Background
from taskframe.errors import ClosedError


def ours() -> list[threading.Thread]:
    return [t for t in threading.enumerate() if t.name == "taskframe"]


async def answer() -> int:
    await asyncio.sleep(0)
    return 42


def test_one_thread_serves_all_connections_and_ends_with_the_last() -> None:
    """Started at first use, shared, stopped and joined when the last connection closes; then started anew."""
    one, two, unused = Background(), Background(), Background()
    assert ours() == []
    assert one.run(answer()) == two.run(answer()) == 42
    assert len(ours()) == 1
    one.close()
    one.close()
    unused.close()
    assert two.run(answer()) == 42
    two.close()
    assert ours() == []
    again = Background()
    assert again.run(answer()) == 42
    again.close()
    assert ours() == []


def test_closing_leaves_no_task_behind() -> None:
    """What still runs on the loop is cancelled, and has ended when `close` returns."""
    ended = threading.Event()

    async def for_ever() -> None:
        try:
            await asyncio.sleep(3600)
        finally:
            ended.set()

    kept: list[asyncio.Task[None]] = []

    async def start() -> None:
        kept.append(asyncio.create_task(for_ever()))
        await asyncio.sleep(0)

    background = Background()
    background.run(start())
    background.close()
    assert ended.is_set()


def test_a_closed_connection_says_so() -> None:
    """A call after close is a ClosedError, sync and async."""
    background = Background()
    background.close()
    with pytest.raises(ClosedError, match="closed"):
        background.run(answer())
    with pytest.raises(ClosedError, match="closed"):
        asyncio.run(background.arun(answer()))


def test_a_sync_call_works_inside_a_running_loop() -> None:
    """As in Jupyter, where the cell's thread runs an event loop."""
    background = Background()

    async def cell() -> int:
        return background.run(answer())

    assert asyncio.run(cell()) == 42
    background.close()


def test_an_async_call_leaves_the_callers_loop_free() -> None:
    """While the call runs on our loop, the caller's goes on."""
    background = Background()

    async def main() -> tuple[int, int]:
        ticks = 0

        async def slow() -> int:
            await asyncio.sleep(0.05)
            return threading.get_ident()

        task = asyncio.ensure_future(background.arun(slow()))
        while not task.done():
            ticks += 1
            await asyncio.sleep(0.001)
        return task.result(), ticks

    ident, ticks = asyncio.run(main())
    assert ident != threading.get_ident()
    assert ticks > 1
    background.close()


def test_cancelling_an_async_call_waits_for_its_cleanup() -> None:
    """The coroutine on our loop is cancelled too, and has cleaned up when the caller goes on."""
    background = Background()
    steps: list[str] = []

    started = threading.Event()

    async def work() -> None:
        steps.append("started")
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.01)
            steps.append("cleaned up")

    async def main() -> None:
        task = asyncio.ensure_future(background.arun(work()))
        await asyncio.to_thread(started.wait, 20)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        steps.append("went on")

    asyncio.run(main())
    assert steps == ["started", "cleaned up", "went on"]
    background.close()


def test_a_sync_call_from_our_own_loop_is_an_error_not_a_deadlock() -> None:
    """A callback of the user's (a token, a conflict rule) that calls back into the sync face gets told."""
    background = Background()

    async def callback() -> int:
        return background.run(answer())

    with pytest.raises(RuntimeError, match="own event loop"):
        background.run(callback())
    background.close()


def test_an_exception_keeps_its_traceback() -> None:
    """The line that raised is in the traceback that the user sees."""
    background = Background()

    async def this_raises() -> None:
        raise ValueError("here")

    with pytest.raises(ValueError, match="here") as caught:
        background.run(this_raises())
    assert "this_raises" in "".join(traceback.format_tb(caught.value.__traceback__))
    with pytest.raises(ValueError, match="here") as caught:
        asyncio.run(background.arun(this_raises()))
    assert "this_raises" in "".join(traceback.format_tb(caught.value.__traceback__))
    background.close()


class Interrupted(KeyboardInterrupt):
    pass


def test_an_interrupt_raised_inside_does_not_end_the_loop() -> None:
    """ApplyInterrupted is a KeyboardInterrupt: raised in a task it reaches its caller, and the loop lives on."""
    background = Background()

    async def inner() -> None:
        raise Interrupted

    async def nested() -> None:
        await asyncio.gather(asyncio.create_task(inner()))

    with pytest.raises(Interrupted):
        background.run(inner())
    with pytest.raises(Interrupted):
        background.run(nested())
    assert background.run(answer()) == 42
    background.close()


def interrupt_when(event: threading.Event, *, times: int = 1, pause: threading.Event | None = None) -> threading.Thread:
    def main() -> None:
        for _ in range(times):
            event.wait(20)
            event.clear()
            os.kill(os.getpid(), signal.SIGINT)

    thread = threading.Thread(target=main)
    thread.start()
    return thread


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_an_interrupt_cancels_the_call_and_waits_for_its_cleanup() -> None:
    """Ctrl-C while waiting: the coroutine has ended when KeyboardInterrupt is raised."""
    background = Background()
    started, ended = threading.Event(), threading.Event()

    async def work() -> None:
        started.set()
        try:
            await asyncio.sleep(3600)
        finally:
            await asyncio.sleep(0.01)
            ended.set()

    thread = interrupt_when(started)
    with pytest.raises(KeyboardInterrupt):
        background.run(work())
    assert ended.is_set()
    thread.join()
    background.close()


@pytest.mark.skipif(os.name == "nt", reason="signals")
def test_the_first_interrupt_may_ask_for_an_orderly_stop_the_second_ends_it() -> None:
    """With `on_interrupt` the first Ctrl-C lets the call come to its own end; a second one cancels it."""
    background = Background()
    ready = threading.Event()

    async def orderly(stop: asyncio.Event) -> str:
        ready.set()
        await stop.wait()
        return "report"

    stop = asyncio.Event()
    thread = interrupt_when(ready)
    assert background.run(orderly(stop), on_interrupt=[stop.set]) == "report"
    thread.join()

    cancelled: list[bool] = []

    async def stubborn() -> None:
        ready.set()
        try:
            await asyncio.sleep(3600)
        finally:
            cancelled.append(True)

    thread = interrupt_when(ready, times=2)
    with pytest.raises(KeyboardInterrupt):
        background.run(stubborn(), on_interrupt=[ready.set])
    assert cancelled == [True]
    thread.join()
    background.close()


@pytest.mark.skipif(not hasattr(os, "fork"), reason="fork")
def test_after_a_fork_the_parents_connection_is_refused_and_a_new_one_works() -> None:
    """The child has no loop thread: it is told so instead of waiting for ever. The parent notices nothing."""
    script = """
        import asyncio, os, sys
        from taskframe.engine.loop import Background
        from taskframe.errors import ClosedError

        async def answer():
            return 42

        parent = Background()
        assert parent.run(answer()) == 42
        pid = os.fork()
        if pid == 0:
            try:
                parent.run(answer())
            except ClosedError as error:
                assert "fork" in str(error)
            else:
                os._exit(1)
            parent.close()
            child = Background()
            ok = child.run(answer()) == 42
            child.close()
            os._exit(0 if ok else 2)
        assert os.waitstatus_to_exitcode(os.waitpid(pid, 0)[1]) == 0
        assert parent.run(answer()) == 42
        parent.close()
    """
    done: Any = subprocess.run([sys.executable, "-c", textwrap.dedent(script)], timeout=60, capture_output=True)
    assert done.returncode == 0, done.stderr.decode()
