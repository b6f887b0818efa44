"""Work in a thread of its own, that nobody waits for when all else has ended."""

from __future__ import annotations

import asyncio
import threading
from collections.abc import Callable
from contextlib import suppress
from contextvars import copy_context
from typing import TypeVar

T = TypeVar("T")


async def aside(work: Callable[[], T]) -> T:
    """Does `work`, which may block, and gives what it gives or raises.

    Not `asyncio.to_thread`: its threads are joined when the loop closes and when the process ends, so that a question
    to the user that nobody answers would hold both up for ever. Cancelled, this ends at once, and `work` goes on alone.
    """
    loop = asyncio.get_running_loop()
    done: asyncio.Future[None] = loop.create_future()
    found: list[T] = []
    failed: list[BaseException] = []
    context = copy_context()

    def end() -> None:
        if not done.done():
            done.set_result(None)

    def run() -> None:
        try:
            found.append(context.run(work))
        except BaseException as error:  # by hand: a future chokes on StopIteration
            failed.append(error)
        with suppress(RuntimeError):  # the loop is closed: nobody waits any more
            loop.call_soon_threadsafe(end)

    try:
        threading.Thread(target=run, name="taskframe-aside", daemon=True).start()
    except RuntimeError:  # no thread begins any more when the interpreter ends
        return work()
    await done
    if failed:
        try:
            raise failed[0]
        finally:
            failed.clear()  # no cycle through this frame
    return found[0]
