"""The journal's file: an SQLite database that only its owner can read, on a disk of this machine."""

from __future__ import annotations

import os
import sqlite3
import sys
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Final

from taskframe.errors import JournalError

FORMAT: Final = 1
BUSY: Final = 30.0
"""Seconds to wait for another process that writes: each holds the file for milliseconds."""

_TABLES: Final = """
CREATE TABLE runs (
    id TEXT PRIMARY KEY, plan TEXT NOT NULL, parent TEXT, service TEXT NOT NULL, base_url TEXT NOT NULL,
    account TEXT NOT NULL, started REAL NOT NULL, seen REAL NOT NULL, ended REAL, tasks INTEGER NOT NULL,
    timeout REAL NOT NULL, options TEXT NOT NULL, stopped TEXT NOT NULL DEFAULT '', calls INTEGER NOT NULL DEFAULT 0,
    elapsed REAL NOT NULL DEFAULT 0, pid INTEGER NOT NULL, head BLOB NOT NULL
) WITHOUT ROWID;
CREATE INDEX runs_by_plan ON runs (plan);
CREATE TABLE parts (
    run TEXT NOT NULL, first INTEGER NOT NULL, ids BLOB NOT NULL, changes BLOB NOT NULL, PRIMARY KEY (run, first)
);
CREATE TABLE marks (run TEXT NOT NULL, first INTEGER NOT NULL, last INTEGER NOT NULL);
CREATE INDEX marks_by_run ON marks (run);
CREATE TABLE steps (run TEXT NOT NULL, position INTEGER NOT NULL, step BLOB NOT NULL);
CREATE INDEX steps_by_run ON steps (run);
CREATE TABLE outcomes (
    run TEXT NOT NULL, position INTEGER NOT NULL, kind TEXT NOT NULL, outcome BLOB NOT NULL, PRIMARY KEY (run, position)
) WITHOUT ROWID;
CREATE TABLE spent (
    place TEXT NOT NULL, second INTEGER NOT NULL, calls INTEGER NOT NULL, PRIMARY KEY (place, second)
) WITHOUT ROWID;
"""

_NETWORKS: Final = ("nfs", "cifs", "smb", "9p", "afs", "ncp", "sshfs", "webdav", "davfs", "gluster", "ceph", "lustre")
_WAY_OUT: Final = "name a file on a disk of this machine (journal=path), or go without one (journal=None)"


@contextmanager
def opened(path: Path, *, keep: bool = False) -> Iterator[sqlite3.Connection]:
    """The database, made if it is not there. Each transaction is the caller's own: `BEGIN IMMEDIATE` … `COMMIT`.

    Raises JournalError when it can't be had, or fails within the block. `keep`: when the block is through it stays
    open, for whom it was handed to: to close the last connection writes all anew and waits for the disk, and so does
    the next one.
    """
    database: sqlite3.Connection | None = None
    through = False
    try:
        database = connect(path)
        yield database
        through = True
    except sqlite3.Error as error:
        raise failure(path, error) from error
    finally:
        if database is not None and not (keep and through):
            database.close()


@contextmanager
def written(database: sqlite3.Connection) -> Iterator[None]:
    """One transaction: all that is written in the block, or nothing."""
    database.execute("BEGIN IMMEDIATE")
    try:
        yield
    except BaseException:
        if database.in_transaction:
            database.execute("ROLLBACK")
        raise
    database.execute("COMMIT")


def connect(path: Path) -> sqlite3.Connection:
    """A connection for one thread at a time. Raises JournalError, or sqlite3.Error: see `failure`."""
    _check_disk(path)
    try:
        path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
        os.close(os.open(path, os.O_RDWR | os.O_CREAT, 0o600))
    except OSError as error:
        raise JournalError(f"the journal {path} can't be written: {error.strerror or error}; {_WAY_OUT}") from error
    database = sqlite3.connect(path, timeout=BUSY, isolation_level=None, check_same_thread=False)
    try:
        _prepare(database, path)
    except BaseException:
        database.close()
        raise
    return database


def _prepare(database: sqlite3.Connection, path: Path) -> None:
    if _format(database) == 0:  # holds for a database that is new; any other would be locked for it, to be read too
        database.execute("PRAGMA auto_vacuum = INCREMENTAL")
    if _switched_to_wal(database) != "wal":
        raise JournalError(f"the journal {path} is where SQLite's WAL does not work (a network folder?): {_WAY_OUT}")
    database.execute("PRAGMA synchronous = FULL")
    if _format(database) == 0:
        database.execute("BEGIN IMMEDIATE")
        if _format(database) == 0:  # nobody was quicker
            for statement in filter(str.strip, _TABLES.split(";")):
                database.execute(statement)
            database.execute(f"PRAGMA user_version = {FORMAT}")
        database.execute("COMMIT")
    found = _format(database)
    if found != FORMAT:
        raise JournalError(
            f"the journal {path} has format {found}, this taskframe knows {FORMAT}: a newer one made it. "
            "pip install --upgrade taskframe, or name another file (journal=path)"
        )


def _switched_to_wal(database: sqlite3.Connection) -> str:
    """The mode after the switch. SQLite waits for no other who makes the same new file, but fails at once: we wait."""
    until = time.monotonic() + BUSY
    while True:
        try:
            return str(database.execute("PRAGMA journal_mode = WAL").fetchone()[0])
        except sqlite3.OperationalError as error:
            if error.sqlite_errorcode != sqlite3.SQLITE_BUSY or time.monotonic() > until:
                raise
            time.sleep(0.005)


def _format(database: sqlite3.Connection) -> int:
    return int(database.execute("PRAGMA user_version").fetchone()[0])


def failure(path: Path, error: Exception) -> JournalError:
    """What to say of an error of SQLite's, or of a value that can't be kept."""
    return JournalError(f"the journal {path} can't be used: {error}; free some space, mend it, or {_WAY_OUT}")


def _check_disk(path: Path) -> None:
    mounts = Path("/proc/mounts")
    try:
        table = mounts.read_text("utf-8", "replace") if sys.platform == "linux" else ""
    except OSError:
        table = ""
    kind = network_of(path, table)
    if kind:
        raise JournalError(f"the journal {path} is in a network folder ({kind}), where no lock is sure: {_WAY_OUT}")


def network_of(path: Path, mounts: str) -> str:
    """The kind of network file system that `path` is on; "" where `mounts` (Linux's table) tells of none."""
    place = os.path.realpath(path)
    if place.startswith(("\\\\", "//")):
        return "UNC path"
    best, kind = "", ""
    for line in mounts.splitlines():
        fields = line.split()
        if len(fields) < 3:
            continue
        point = fields[1].replace("\\040", " ").replace("\\011", "\t").replace("\\134", "\\")
        inside = place == point or place.startswith(point.rstrip("/") + "/")
        if inside and len(point) >= len(best):
            best, kind = point, fields[2]
    return kind if any(name in kind.lower() for name in _NETWORKS) else ""
