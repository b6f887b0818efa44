"""The garbage collector, held off while a page is decoded, and kept from looking at everything during a load."""

from __future__ import annotations

import gc
import threading

_lock = threading.Lock()
_holders = 0
_was_on = False


class _Paused:
    """A class, as a generator would take longer than what it guards takes to begin with."""

    def __enter__(self) -> None:
        global _holders, _was_on
        with _lock:
            if not _holders:
                _was_on = gc.isenabled()
                gc.disable()
            _holders += 1

    def __exit__(self, *_: object) -> None:
        global _holders
        with _lock:
            _holders -= 1
            if not _holders and _was_on:
                gc.enable()


_paused = _Paused()


def collector_paused() -> _Paused:
    """Within this the collector does not run: it would walk all that was decoded so far again and again, in vain. What
    is in here takes milliseconds and awaits nothing.

    It is the process's own: of several that overlap the last one to leave switches it on again, where it was on before.
    """
    return _paused


class _Postponed:
    """Full collections, put off while at least one load is under way."""

    def __init__(self) -> None:
        self._holders = 0
        self._before = gc.get_threshold()

    def __enter__(self) -> None:
        with _lock:
            if not self._holders:
                self._before = gc.get_threshold()
                gc.set_threshold(*self._before[:2], _NEVER)
            self._holders += 1

    def __exit__(self, *_: object) -> None:
        with _lock:
            self._holders -= 1
            if not self._holders and gc.get_threshold()[2] == _NEVER:  # else somebody has set it meanwhile
                gc.set_threshold(*self._before)


_NEVER = 1 << 30
_postponed = _Postponed()


def full_collections_postponed() -> _Postponed:
    """Within this the collector looks at what is new, and not again and again at all that there is: lists and objects
    of tasks, which a load only makes more of. For work that awaits, and may take long: young garbage is collected.
    """
    return _postponed
