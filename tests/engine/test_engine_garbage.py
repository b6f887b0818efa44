"""The collector is held off while pages are decoded, and comes back as it was."""

from __future__ import annotations

import gc
import threading

import pytest

from taskframe.engine.garbage import collector_paused


@pytest.fixture(autouse=True)
def _as_before():
    was = gc.isenabled()
    yield
    (gc.enable if was else gc.disable)()


def test_it_is_off_within_and_on_again_behind() -> None:
    """After an error too."""
    gc.enable()
    with pytest.raises(ZeroDivisionError):
        _fail_within()
    assert gc.isenabled()


def _fail_within() -> None:
    with collector_paused():
        assert not gc.isenabled()
        raise ZeroDivisionError


def test_a_collector_that_was_off_stays_off() -> None:
    """A user's own gc.disable() counts."""
    gc.disable()
    with collector_paused():
        pass
    assert not gc.isenabled()


def test_the_last_of_several_switches_it_on() -> None:
    """Two threads decode at once: the first to leave does not bring it back for the other."""
    gc.enable()
    inside, leave = threading.Event(), threading.Event()

    def other() -> None:
        with collector_paused():
            inside.set()
            leave.wait(30)

    thread = threading.Thread(target=other)
    with collector_paused():
        thread.start()
        assert inside.wait(30)
    assert not gc.isenabled()
    leave.set()
    thread.join()
    assert gc.isenabled()
