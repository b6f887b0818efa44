"""A journal where SQLite's write-ahead log does not work: noticed before anything is sent, and told."""

from __future__ import annotations

import _sqlite3
import ctypes
import os
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest
from journal_stage import SERVICES, edited

import taskframe as tf

BARE = b"unix-dotfile"
"""SQLite's own way to disks, for file systems without locks: it shares no memory, as WAL needs it."""


@contextmanager
def no_shared_memory() -> Iterator[None]:
    """SQLite opens all files so."""
    library = ctypes.CDLL(_sqlite3.__file__)
    find, register = library.sqlite3_vfs_find, library.sqlite3_vfs_register
    find.restype, find.argtypes, register.argtypes = ctypes.c_void_p, [ctypes.c_char_p], [ctypes.c_void_p, ctypes.c_int]
    usual, bare = find(None), find(BARE)
    assert usual
    assert bare
    register(bare, 1)
    try:
        yield
    finally:
        register(usual, 1)


def _reaches_sqlite() -> bool:
    try:
        return hasattr(ctypes.CDLL(_sqlite3.__file__), "sqlite3_vfs_find")
    except (OSError, AttributeError):  # it is built in
        return False


pytestmark = pytest.mark.skipif(
    os.name == "nt" or not _reaches_sqlite(),
    reason="this Python's SQLite has no such way to disks, or none of its names",
)


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_is_sent_where_there_is_no_wal(tmp_path: Path, service: str) -> None:
    """Why, where, and both ways out; each of them applies the same plan."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=20, services=[service]) as box, no_shared_memory():
        with box.connect(service, journal=path, progress=False) as conn:
            plan = edited(conn, 5).plan()
            with pytest.raises(tf.JournalError, match="where SQLite's WAL does not work") as told:
                plan.apply(confirm=5)
            with pytest.raises(tf.JournalError, match="WAL does not work"):
                conn.runs()
        assert not [r for r in box.log if r.after]
        assert str(path) in str(told.value)
        assert "journal=path" in str(told.value)
        plan.save(tmp_path / "plan")
        with box.connect(service, journal=None, progress=False) as conn:
            assert tf.open_plan(tmp_path / "plan", conn).apply(confirm=5).counts == {"applied": 5}


def test_a_journal_that_came_here_from_elsewhere(tmp_path: Path) -> None:
    """It was made where WAL works: here it can't even be read, which is told just so; back there it is as it was."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=20, services=["reload"]) as box, box.connect("reload", journal=path, progress=False) as conn:
        first = edited(conn, 5).plan().apply(confirm=5)
        start = len(box.log)
        plan = edited(conn, 5, "later").plan()
        with no_shared_memory(), pytest.raises(tf.JournalError, match="can't be used") as told:
            plan.apply(confirm=5)
        assert str(path) in str(told.value)
        assert "journal=None" in str(told.value)
        assert not [r for r in box.log[start:] if r.after]
        assert list(conn.runs().index) == [first.run_id]
        assert plan.apply(confirm=5).counts == {"applied": 5}
