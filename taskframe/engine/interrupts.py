"""Work that a Ctrl-C must not cut in two."""

from __future__ import annotations

import signal
import threading
from collections.abc import Callable
from types import FrameType


def uninterrupted(work: Callable[[], None]) -> bool:
    """Does `work` to its end, which must be near. Tells whether an interrupt came meanwhile.

    An interrupt becomes a KeyboardInterrupt in the main thread only. A handler of the user's own is called afterwards.
    """
    handler = signal.getsignal(signal.SIGINT)
    if threading.current_thread() is not threading.main_thread() or not callable(handler):
        work()
        return False
    came: list[tuple[int, FrameType | None]] = []

    def put_off(number: int, frame: FrameType | None) -> None:
        came.append((number, frame))

    try:
        signal.signal(signal.SIGINT, put_off)
    except ValueError:  # the main thread of a sub-interpreter: there are no signals
        work()
        return False
    try:
        work()
    finally:
        signal.signal(signal.SIGINT, handler)
    try:
        if came:
            handler(*came[0])
    except KeyboardInterrupt:
        return True
    return False
