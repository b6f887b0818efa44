"""The garbage collector, held off while a page is decoded."""

from __future__ import annotations

import gc
import threading
from collections.abc import Iterator
from contextlib import contextmanager

_lock = threading.Lock()
_holders = 0
_was_on = False


@contextmanager
def collector_paused() -> Iterator[None]:
    """Within this the collector does not run: it would walk all that was decoded so far again and again, in vain. What
    is in here takes milliseconds and awaits nothing.

    It is the process's own: of several that overlap the last one to leave switches it on again, where it was on before.
    """
    global _holders, _was_on
    with _lock:
        if not _holders:
            _was_on = gc.isenabled()
            gc.disable()
        _holders += 1
    try:
        yield
    finally:
        with _lock:
            _holders -= 1
            if not _holders and _was_on:
                gc.enable()
