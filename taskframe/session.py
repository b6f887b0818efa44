"""What one connection has under way on the background loop, from its first call to its last."""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager, suppress
from contextvars import ContextVar
from typing import TYPE_CHECKING, Any, TypeVar

from taskframe.engine.link import Link
from taskframe.engine.loop import Background
from taskframe.errors import ClosedError

if TYPE_CHECKING:
    from taskframe.engine.applying import Run

T = TypeVar("T")

INTERRUPTED = "interrupted"

# Whose work this is: to be seen in callbacks of the user's too, which run in threads of their own.
_within: ContextVar[Session | None] = ContextVar("taskframe_session", default=None)


class Stop:
    """What an interrupt calls: the run that is under way takes no new task, and ends in order.

    `begun`: the run may be in the journal already, so that it must come to an end there too.
    """

    def __init__(self) -> None:
        self.begun = False
        self.asked = False
        self._run: Run | None = None

    def __call__(self) -> None:
        """Ask for it. Where no run has begun yet, `asked` keeps it from beginning."""
        self.asked = True
        self.because(INTERRUPTED)

    def takes(self, run: Run) -> None:
        """This is the run. Where it was asked to stop already, it sends nothing."""
        self._run = run
        if self.asked:
            run.stop(INTERRUPTED)

    def because(self, why: str) -> None:
        """Stops the run, where there is one, for this reason."""
        if self._run is not None:
            self._run.stop(why)

    def hurry(self) -> bool:
        """Ends the run without waiting for its calls. False where there is none to be ended so."""
        return self._run is not None and self._run.hurry()


class Session:
    """Calls on the background loop: begun from any thread or loop, waited for, ended.

    Knows nothing of the connection that it serves, so that it can clean up after one that nobody closed.
    """

    def __init__(self, link: Link) -> None:
        self.link = link
        self._background = Background()
        self._busy: dict[asyncio.Task[Any], Stop | None] = {}  # touched on the loop only
        self._loop: asyncio.AbstractEventLoop | None = None
        self._pid = os.getpid()
        self._latch = threading.Lock()  # taken once, by whoever closes
        self._ending: asyncio.Task[None] | None = None

    @property
    def closed(self) -> bool:
        """Whether it was closed, or is being closed."""
        return self._latch.locked()

    # calls

    def run(self, coro: Coroutine[Any, Any, T], *, stop: Stop | None = None) -> T:
        """Runs `coro` on the loop and waits. An interrupt cancels it; a run that has a `stop` ends in order, and at a
        second one at once.

        Raises ClosedError, also when it was closed meanwhile.
        """
        try:
            ways = () if stop is None else (lambda: self._halt(stop), lambda: self._hurry(stop))
            return self._background.run(coro, on_interrupt=ways)
        except asyncio.CancelledError:
            if self.closed:
                raise _closed_meanwhile() from None
            if stop is not None and stop.asked:
                raise KeyboardInterrupt from None
            raise

    async def arun(self, coro: Coroutine[Any, Any, T]) -> T:
        """The same, awaited from the caller's own loop."""
        try:
            return await self._background.arun(coro)
        except asyncio.CancelledError:
            task = asyncio.current_task()
            if self.closed and not (task and task.cancelling()):
                raise _closed_meanwhile() from None
            raise

    async def arun_in_order(self, coro: Coroutine[Any, Any, T], stop: Stop) -> T:
        """`arun`, but that a run which has begun ends in order when the caller is cancelled, and its result is given.

        The caller sees by `stop.asked` that it must raise CancelledError. A second cancellation ends it at once.
        """
        work = asyncio.ensure_future(self.arun(coro))
        try:
            await asyncio.shield(work)
        except asyncio.CancelledError:
            stop.asked = True
            if self._loop is not None:
                self._loop.call_soon_threadsafe(self._halt, stop)
            try:
                await asyncio.wait([work])
            except asyncio.CancelledError:
                work.cancel()
                raise
        return work.result()

    @contextmanager
    def at_work(self, stop: Stop | None = None) -> Iterator[None]:
        """Around what a coroutine does on the loop: `close` ends it, by `stop` where it has begun to write."""
        if self.closed:
            raise ClosedError("this connection is closed: connect again")
        if stop is not None and stop.asked:
            raise asyncio.CancelledError
        task = asyncio.current_task()
        assert task is not None  # noqa: S101 - a coroutine runs in one
        self._loop = asyncio.get_running_loop()
        self._busy[task] = stop
        within = _within.set(self)
        try:
            yield
        finally:
            _within.reset(within)
            self._busy.pop(task, None)
            self.link.limiter.flush_soon()

    # the end

    def close(self, *, at_exit: bool = False) -> None:
        """Ends what is under way and closes what was opened. May be called again.

        `at_exit`: the process ends, and threads that wait for what is under way are not woken any more.
        """
        if self._inside():  # to wait for the work that this is part of would be to wait for ever
            self.abandon()
        elif self._latch.acquire(blocking=False):
            if at_exit:
                self._background.strand()
            try:
                if self._used():
                    self._background.run(self._end())
                else:
                    self.link.limiter.close()
            finally:
                self._background.close()

    async def aclose(self) -> None:
        """`close`, awaited."""
        if self._inside():
            self.abandon()
        elif self._latch.acquire(blocking=False):
            try:
                if self._used():
                    await self._background.arun(self._end())
                else:
                    self.link.limiter.close()
            finally:
                self._background.close()

    def abandon(self) -> None:
        """Closes without waiting: for a finalizer, which may come in any thread and whatever locks that one holds."""
        if not self._latch.acquire(blocking=False):
            return
        if self._loop is None or self._pid != os.getpid():
            self._background.close()
            return
        with suppress(RuntimeError):  # the loop is closed: so is all that was on it
            self._loop.call_soon_threadsafe(self._end_soon)

    def _end_soon(self) -> None:
        self._ending = asyncio.get_running_loop().create_task(self._end())
        self._ending.add_done_callback(lambda _: self._background.close())

    async def _end(self) -> None:
        busy = {task: stop for task, stop in self._busy.items() if task is not asyncio.current_task()}
        for task, stop in busy.items():
            if stop is None:
                task.cancel()
            else:
                self._halt(stop)
        if busy:
            await asyncio.wait(busy)
        await self.link.limiter.flush()
        self.link.limiter.close()
        await self.link.transport.aclose()

    def _halt(self, stop: Stop) -> None:
        """Ends a run in order, so that each of its tasks has an outcome; one that has not begun, at once."""
        stop()
        if not stop.begun:
            self._cancel(stop)

    def _hurry(self, stop: Stop) -> None:
        """Ends it without waiting for anything."""
        if not stop.hurry():
            self._cancel(stop)

    def _cancel(self, stop: Stop) -> None:
        for task in [t for t, s in self._busy.items() if s is stop]:
            task.cancel()

    def _used(self) -> bool:
        return self._loop is not None and self._pid == os.getpid()

    def _inside(self) -> bool:
        if _within.get() is self:
            return True
        try:
            return asyncio.get_running_loop() is self._loop
        except RuntimeError:
            return False


def _closed_meanwhile() -> ClosedError:
    return ClosedError("the connection was closed while this was under way")


def finish(session: Session) -> None:
    """What becomes of a session whose connection is gone, or when the process ends."""
    if threading.main_thread().is_alive():
        session.abandon()
    else:  # the process ends: what is not closed now, in order, would complain
        with suppress(Exception):
            session.close(at_exit=True)
