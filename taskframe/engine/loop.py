"""The event loop that all I/O runs on: one for the process, in a thread of its own.

So the sync calls work where another loop is running already (Jupyter), and connections share one loop. The
thread starts with the first connection that uses it and is gone when the last one closes.
"""

from __future__ import annotations

import asyncio
import os
import threading
from collections.abc import Callable, Coroutine, Sequence
from concurrent.futures import Future
from typing import Any, Generic, NamedTuple, TypeVar

from taskframe.errors import ClosedError

T = TypeVar("T")

# On Windows a thread that waits without a timeout can't be interrupted.
_POLL = 0.2 if os.name == "nt" else -1.0

# So many interrupts may ask a call to end before it is left to itself.
_PATIENCE = 3


class _Outcome(NamedTuple):
    """How a coroutine ended. Exceptions travel as values: a KeyboardInterrupt raised in a task would end the loop."""

    value: Any
    error: BaseException | None


class _Job(Generic[T]):
    """A coroutine on the loop, seen from another thread. It is done when it has truly ended, cleanup and all."""

    def __init__(self, loop: asyncio.AbstractEventLoop, coro: Coroutine[Any, Any, T]) -> None:
        self._loop = loop
        self._coro = coro
        self._task: asyncio.Task[None] | None = None
        self._outcome: _Outcome | None = None
        # A bare lock: waiting for it is one step in C. A KeyboardInterrupt in the middle of a Future's or Condition's
        # Python code could leave a lock behind that the loop then waits for.
        self._running = threading.Lock()
        self._running.acquire()
        self._over = False
        self.stranded = False
        self.done: Future[None] = Future()

    def start(self) -> None:
        """Start it; safe to repeat, should the first time have been interrupted."""
        self._loop.call_soon_threadsafe(self._start)

    def wait(self) -> bool:
        """Wait until it is done; may return False before."""
        return self._over or self._running.acquire(timeout=_POLL)

    def cancel(self) -> None:
        self._loop.call_soon_threadsafe(self._cancel)

    def result(self) -> T:
        if self._outcome is None:
            raise RuntimeError("not done")
        value, error = self._outcome
        if error is not None:
            try:
                raise error
            finally:
                del error, self  # no cycle through this frame: what the traceback holds can go when it goes
        return value  # type: ignore[no-any-return]

    def failed_with(self, kind: type[BaseException]) -> bool:
        return self._outcome is not None and isinstance(self._outcome.error, kind)

    def succeeded(self) -> bool:
        return self._outcome is not None and self._outcome.error is None

    def _start(self) -> None:
        if self._task is None and self._outcome is None:
            self._task = self._loop.create_task(self._run())
            self._task.add_done_callback(self._ended)

    async def _run(self) -> None:
        try:
            self._outcome = _Outcome(await self._coro, None)
        except BaseException as error:  # handed to whoever waits
            self._outcome = _Outcome(None, error)

    def _ended(self, _task: asyncio.Task[None]) -> None:
        self._task = None
        if self._outcome is None:  # cancelled before its first step
            self._coro.close()
            self._outcome = _Outcome(None, asyncio.CancelledError())
        if self.stranded:
            return
        self._over = True
        self._running.release()
        self.done.set_result(None)

    def _cancel(self) -> None:
        self._start()  # an interrupt may come before the start
        if self._task is not None:
            self._task.cancel()


async def _call(function: Callable[[], object]) -> None:
    function()


class _LoopThread:
    """The thread and its loop. `users` counts the connections that hold it."""

    def __init__(self) -> None:
        self.pid = os.getpid()
        self.users = 0
        self._stopping = False
        self._ready: Future[asyncio.AbstractEventLoop] = Future()
        self._thread = threading.Thread(target=self._serve, name="taskframe", daemon=True)
        self._thread.start()
        self.loop = self._ready.result()

    def _serve(self) -> None:
        with asyncio.Runner() as runner:  # on leaving: cancels tasks, ends generators and the executor, closes the loop
            try:
                loop = runner.get_loop()
            except BaseException as error:
                self._ready.set_exception(error)
                raise
            self._ready.set_result(loop)
            while not self._stopping:
                try:
                    loop.run_forever()
                except (KeyboardInterrupt, SystemExit):
                    # asyncio lets these out of the loop when a task raises them (ApplyInterrupted is one). Whoever
                    # awaits the task has them too; the loop goes on for the others.
                    continue

    def inside(self) -> bool:
        return threading.get_ident() == self._thread.ident

    def stop(self) -> None:
        def stop() -> None:
            self._stopping = True
            self.loop.stop()

        self.loop.call_soon_threadsafe(stop)
        if not self.inside():
            self._thread.join()


class _Holder:
    """The one piece of module-level state: the thread that is running now, if any."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None

    def acquire(self) -> _LoopThread:
        with self._lock:
            if self._thread is None:
                self._thread = _LoopThread()
            self._thread.users += 1
            return self._thread

    def release(self, thread: _LoopThread) -> None:
        with self._lock:
            thread.users -= 1
            last = thread.users == 0
            if last and self._thread is thread:
                self._thread = None
        if last:
            thread.stop()

    def forget(self) -> None:
        """After a fork the thread is the parent's, and the lock may be held by a thread that isn't here."""
        self._lock = threading.Lock()
        self._thread = None


_holder = _Holder()
if hasattr(os, "register_at_fork"):
    os.register_at_fork(after_in_child=_holder.forget)


class Background:
    """A connection's hold on the loop: taken with the first call, given back by `close()`."""

    def __init__(self) -> None:
        self._lock = threading.Lock()
        self._thread: _LoopThread | None = None
        self._closed = False
        self._jobs: set[_Job[Any]] = set()

    @property
    def closed(self) -> bool:
        """Whether `close` was called."""
        return self._closed

    def run(self, coro: Coroutine[Any, Any, T], *, on_interrupt: Sequence[Callable[[], object]] = ()) -> T:
        """Run `coro` on the loop and wait for what it gives or raises (with its traceback).

        A KeyboardInterrupt here, in the waiting thread, cancels it, waits until it has ended and is raised. The first
        ones call what `on_interrupt` has instead, one each (on the loop, before this returns), and the waiting goes on:
        for an orderly stop. What it gives after that is given; that it was interrupted, the caller knows.
        Works where an event loop is running; inside our own loop it would wait for itself: RuntimeError.
        """
        thread = self._hold(coro)
        if thread.inside():
            coro.close()
            raise RuntimeError(
                "a sync call from taskframe's own event loop would wait for itself for ever: await the async one"
            )
        job = _Job(thread.loop, coro)
        self._jobs.add(job)
        try:
            return self._wait(job, thread, on_interrupt)
        finally:
            self._jobs.discard(job)

    def _wait(self, job: _Job[T], thread: _LoopThread, on_interrupt: Sequence[Callable[[], object]]) -> T:
        orderly = len(on_interrupt)
        interrupts = answered = 0
        asking: list[_Job[None]] = []
        # An interrupt may come at any line: all that it asks for is done in here, where the next one finds its place.
        while True:
            try:
                while answered < interrupts:
                    if answered < orderly:
                        if len(asking) == answered:
                            asking.append(_Job(thread.loop, _call(on_interrupt[answered])))
                        asking[answered].start()
                    else:
                        job.cancel()
                    answered += 1
                job.start()
                while not job.wait():
                    pass
                while not all(asked.wait() for asked in asking):
                    pass
                break
            except KeyboardInterrupt:
                interrupts += 1
                if interrupts > orderly + _PATIENCE:
                    raise
            except BaseException:  # a signal handler of the user's
                job.cancel()
                while not job.wait():
                    pass
                raise
        if interrupts > orderly and not job.failed_with(KeyboardInterrupt) and not (orderly and job.succeeded()):
            raise KeyboardInterrupt
        return job.result()

    async def arun(self, coro: Coroutine[Any, Any, T]) -> T:
        """The same from a coroutine on the caller's own loop. A cancellation goes through, and waits for the end."""
        thread = self._hold(coro)
        if thread.inside():
            return await coro
        job = _Job(thread.loop, coro)
        job.start()
        done = asyncio.wrap_future(job.done)
        try:
            await asyncio.shield(done)
        except asyncio.CancelledError:
            job.cancel()
            await asyncio.shield(done)
            raise
        return job.result()

    def strand(self) -> None:
        """The process ends: who waits here is a daemon thread, and waits for ever. Woken now, it would run in an
        interpreter that goes away, and take it down where that is in the middle of pandas."""
        for job in list(self._jobs):
            job.stranded = True

    def close(self) -> None:
        """Give the loop back; the last one stops it and joins its thread. May be called again."""
        with self._lock:
            thread, self._thread, self._closed = self._thread, None, True
        if thread is not None and thread.pid == os.getpid():
            _holder.release(thread)

    def _hold(self, coro: Coroutine[Any, Any, object]) -> _LoopThread:
        with self._lock:
            thread = self._thread
            if thread is None and not self._closed:
                thread = self._thread = _holder.acquire()
        if thread is None:
            coro.close()
            raise ClosedError("this connection is closed: connect again")
        if thread.pid != os.getpid():
            coro.close()
            raise ClosedError("this connection was opened before a fork and belongs to the parent: connect again here")
        return thread
