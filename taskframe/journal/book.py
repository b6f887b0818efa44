"""The journal as a book of runs: begun, gone on with, listed, read, pruned."""

from __future__ import annotations

import os
import sqlite3
import zlib
from collections.abc import Callable, Iterable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any, Final

from taskframe.errors import JournalError, PlanError
from taskframe.journal.locks import LiveLock
from taskframe.journal.recorder import Recorder
from taskframe.journal.records import decoded, encoded, packed, unpacked
from taskframe.journal.store import opened, written

KEEP_DAYS: Final = 90.0
KEEP_BYTES: Final = 1 << 30
_DAY: Final = 86_400.0
_SHARED: Final = 5
_GONE_ON: Final = (0, -1)
"""A mark without a task: where a run was gone on with."""


@dataclass(frozen=True)
class Head:
    """What is known of a run before its first call. `account` and `plan_head` are plain JSON; `timeout` is seconds.

    `exclusive`: no other live run may have a task of it, as no version guards its writes.
    """

    run: str
    plan: str
    parent: str | None
    service: str
    base_url: str
    account: Mapping[str, str]
    tasks: int
    timeout: float
    options: Mapping[str, Any]
    plan_head: Mapping[str, Any]
    exclusive: bool = False


@dataclass(frozen=True)
class Entry:
    """A line of the list of runs. Times are epoch seconds; `ended` is None for one that is live, or broke off."""

    run: str
    plan: str
    parent: str | None
    account: Mapping[str, str]
    started: float
    seen: float
    ended: float | None
    live: bool
    tasks: int
    stopped: str
    counts: Mapping[str, int]


@dataclass(frozen=True)
class Story:
    """All that the journal tells of a run.

    - `changes`: the plan's changes in parts, as plain JSON, in order.
    - `outcomes`: position → outcome, as plain JSON. `steps`: position → the calls that went through.
    - `begun`: positions that may have been sent; `again`: those of them that may have been since the run was last gone
      on with, whatever an outcome of before that says.
    """

    entry: Entry
    head: Mapping[str, Any]
    options: Mapping[str, Any]
    timeout: float
    calls: int
    elapsed: float
    changes: Sequence[Mapping[str, Any]]
    outcomes: Mapping[int, Mapping[str, Any]]
    steps: Mapping[int, Sequence[Mapping[str, Any]]] = field(default_factory=dict)
    begun: frozenset[int] = frozenset()
    again: frozenset[int] = frozenset()


class Journal:
    """A journal at `path`. `wall` tells the time, in epoch seconds.

    Runs that ended are forgotten after `keep_days` days, the oldest first also when all take more than `keep_bytes`.
    """

    def __init__(
        self, path: Path, wall: Callable[[], float], *, keep_days: float = KEEP_DAYS, keep_bytes: int = KEEP_BYTES
    ) -> None:
        self.path = path
        self.wall = wall
        self._keep_days = keep_days
        self._keep_bytes = keep_bytes

    # a run

    def begin(
        self, head: Head, parts: Iterable[tuple[Sequence[str], Mapping[str, Any]]], fail: Callable[[str], object]
    ) -> Recorder:
        """Puts a run down, whole, before its first call. `parts`: task ids and their changes, in the plan's order.

        Raises PlanError when the plan was applied before, or a live run has a task of it, and JournalError. `fail` is
        called, in a thread of the recorder's, when the journal can't be written any more.
        """
        lock = LiveLock(self.path, head.run)
        if not lock.take():
            raise JournalError(f"run {head.run} is under way already")
        try:
            with opened(self.path, keep=True) as database:
                with written(database):
                    self._prune(database)
                database.executescript("PRAGMA incremental_vacuum")  # execute() would give back a single page
                with written(database):
                    self._put_down(database, head, parts)
        except BaseException:
            lock.drop()
            raise
        return Recorder(self.path, head.run, head.tasks, lock, self.wall, fail, database)

    def _put_down(
        self, database: sqlite3.Connection, head: Head, parts: Iterable[tuple[Sequence[str], Mapping[str, Any]]]
    ) -> None:
        self._check_new(database, head.plan)
        place = (head.service, head.base_url, _json(head.account))
        taken = self._taken(database, *place) if head.exclusive else set[str]()
        now = self.wall()
        database.execute(
            "INSERT INTO runs (id, plan, parent, service, base_url, account, started, seen, tasks, timeout, "
            "options, pid, head) VALUES (?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?, ?)",
            (
                head.run, head.plan, head.parent, head.service, head.base_url, _json(head.account), now, now,
                head.tasks, head.timeout, _json(head.options), os.getpid(), packed(dict(head.plan_head)),
            ),
        )  # fmt: skip
        first = 0
        for ids, changes in parts:
            _check_free(taken, ids)
            row = (head.run, first, packed(list(ids)), packed(changes))
            database.execute("INSERT INTO parts (run, first, ids, changes) VALUES (?, ?, ?, ?)", row)
            first += len(ids)

    def resume(self, run: str, fail: Callable[[str], object], *, exclusive: bool = False) -> tuple[Recorder, Story]:
        """Goes on with a run, from where the story says that it is by now.

        Raises JournalError when it is under way, or not there, and with `exclusive` PlanError when another live run has
        a task of it.
        """
        lock = LiveLock(self.path, run)
        if not lock.take():
            raise JournalError(
                f"run {run} is under way, in another process or connection: let it end, or stop it there"
            )
        try:
            story = self.story(run)  # as it was when the run was last seen: nobody else goes on with it now
            with opened(self.path, keep=True) as database, written(database):
                if exclusive:
                    found = database.execute("SELECT service, base_url, account FROM runs WHERE id = ?", (run,))
                    service, base_url, account = found.fetchone()
                    taken = self._taken(database, service, base_url, account, but=run)
                    for (part,) in database.execute("SELECT ids FROM parts WHERE run = ?", (run,)):
                        _check_free(taken, unpacked(part))
                database.execute("INSERT INTO marks (run, first, last) VALUES (?, ?, ?)", (run, *_GONE_ON))
                now = (os.getpid(), self.wall(), run)
                database.execute("UPDATE runs SET ended = NULL, pid = ?, seen = ? WHERE id = ?", now)
        except BaseException:
            lock.drop()
            raise
        return Recorder(self.path, run, story.entry.tasks, lock, self.wall, fail, database), story

    def applied(self, plan: str) -> str | None:
        """The run that applied this plan."""
        if not self.path.exists():
            return None
        with opened(self.path) as database:
            found = database.execute("SELECT id FROM runs WHERE plan = ?", (plan,)).fetchone()
        return None if found is None else str(found[0])

    @staticmethod
    def _check_new(database: sqlite3.Connection, plan: str) -> None:
        found = database.execute("SELECT id FROM runs WHERE plan = ?", (plan,)).fetchone()
        if found is not None:
            raise PlanError(
                f"this plan was applied before, as run {found[0]}: for what is left, conn.report({found[0]!r}).retry() "
                "or .resume(), or tasks.plan()"
            )

    def _taken(
        self, database: sqlite3.Connection, service: str, base_url: str, account: str, but: str = ""
    ) -> set[str]:
        """The tasks of the other live runs at a place."""
        rows = database.execute(
            "SELECT id FROM runs WHERE ended IS NULL AND service = ? AND base_url = ? AND account = ? AND id != ?",
            (service, base_url, account, but),
        ).fetchall()
        ids: set[str] = set()
        for (run,) in rows:
            if LiveLock.is_held(self.path, run):
                for (part,) in database.execute("SELECT ids FROM parts WHERE run = ?", (run,)):
                    ids.update(unpacked(part))
        return ids

    # looking back

    def entries(self, service: str, base_url: str) -> list[Entry]:
        """The runs at a place, the latest first."""
        if not self.path.exists():
            return []
        with self._reading() as database:
            rows = database.execute(
                f"SELECT {_ENTRY} FROM runs WHERE service = ? AND base_url = ? ORDER BY started DESC",  # noqa: S608
                (service, base_url),
            ).fetchall()
            return [self._entry(database, row) for row in rows]

    def places(self) -> dict[str, tuple[str, str]]:
        """All runs, the latest first: run → service and base URL."""
        if not self.path.exists():
            return {}
        with self._reading() as database:
            rows = database.execute("SELECT id, service, base_url FROM runs ORDER BY started DESC").fetchall()
            return {run: (service, base_url) for run, service, base_url in rows}

    def story(self, run: str) -> Story:
        """All of one run. Raises JournalError when it is not there, or damaged."""
        if not self.path.exists():
            raise self._unknown(run)
        with self._reading() as database:
            row = database.execute(f"SELECT {_ENTRY} FROM runs WHERE id = ?", (run,)).fetchone()  # noqa: S608
            if row is None:
                raise self._unknown(run)
            head, options, timeout, calls, elapsed = database.execute(
                "SELECT head, options, timeout, calls, elapsed FROM runs WHERE id = ?", (run,)
            ).fetchone()
            steps: dict[int, list[Any]] = {}
            for position, step in _of(database, run, "position, step FROM steps", "rowid"):
                steps.setdefault(position, []).append(decoded(step))
            begun: set[int] = set()
            again: set[int] | None = None
            for first, last in _of(database, run, "first, last FROM marks", "rowid"):
                if (first, last) == _GONE_ON:
                    again = set()
                begun.update(range(first, last + 1))
                if again is not None:
                    again.update(range(first, last + 1))
            return Story(
                entry=self._entry(database, row),
                head=unpacked(head),
                options=decoded(options.encode()),
                timeout=timeout,
                calls=calls,
                elapsed=elapsed,
                changes=[unpacked(part) for (part,) in _of(database, run, "changes FROM parts", "first")],
                outcomes={p: decoded(o) for p, o in _of(database, run, "position, outcome FROM outcomes", "position")},
                steps=steps,
                begun=frozenset(begun),
                again=frozenset(again or ()),
            )

    def _entry(self, database: sqlite3.Connection, row: Sequence[Any]) -> Entry:
        run, plan, parent, account, started, seen, ended, tasks, stopped = row
        counts = database.execute("SELECT kind, COUNT(*) FROM outcomes WHERE run = ? GROUP BY kind", (run,)).fetchall()
        live = ended is None and LiveLock.is_held(self.path, run)
        return Entry(
            run, plan, parent, decoded(account.encode()), started, seen, ended, live, tasks, stopped, dict(counts)
        )

    def _unknown(self, run: str) -> JournalError:
        return JournalError(f"the journal {self.path} has no run {run!r}: conn.runs() lists them")

    # calls, for the limits of the next process

    def spend(self, place: str, calls: Mapping[int, int], *, longest: float) -> None:
        """Counts calls that ended in these seconds (epoch); forgets those that are older than the longest limit."""
        with self._writing() as database:
            database.executemany(
                "INSERT INTO spent (place, second, calls) VALUES (?, ?, ?) "
                "ON CONFLICT (place, second) DO UPDATE SET calls = calls + excluded.calls",
                [(place, second, number) for second, number in calls.items()],
            )
            database.execute(
                "DELETE FROM spent WHERE place = ? AND second < ?", (place, int(self.wall() - longest) - 1)
            )

    def spent(self, place: str, since: float) -> list[tuple[int, int]]:
        """Second and number of the calls that ended since then."""
        if not self.path.exists():
            return []
        with opened(self.path) as database:
            rows = database.execute(
                "SELECT second, calls FROM spent WHERE place = ? AND second >= ?", (place, int(since))
            )
            return [(int(second), int(calls)) for second, calls in rows]

    # keeping it small

    def _prune(self, database: sqlite3.Connection) -> None:
        old = database.execute(
            "SELECT id FROM runs WHERE seen < ? ORDER BY started", (self.wall() - self._keep_days * _DAY,)
        ).fetchall()
        for (run,) in old:
            self._forget(database, run)
        if _size(database) > self._keep_bytes:
            for (run,) in database.execute("SELECT id FROM runs WHERE ended IS NOT NULL ORDER BY started").fetchall():
                if _size(database) <= self._keep_bytes:
                    break
                self._forget(database, run)

    def _forget(self, database: sqlite3.Connection, run: str) -> None:
        if LiveLock.is_held(self.path, run):
            return
        database.execute("DELETE FROM runs WHERE id = ?", (run,))
        for table in ("parts", "marks", "steps", "outcomes"):
            database.execute(f"DELETE FROM {table} WHERE run = ?", (run,))  # noqa: S608
        LiveLock(self.path, run).drop()

    @contextmanager
    def _writing(self) -> Iterator[sqlite3.Connection]:
        with opened(self.path) as database, written(database):
            yield database

    @contextmanager
    def _reading(self) -> Iterator[sqlite3.Connection]:
        """One state of it, whatever others write meanwhile."""
        try:
            with opened(self.path) as database:
                database.execute("BEGIN")
                yield database
                database.execute("COMMIT")
        except (zlib.error, ValueError) as error:
            raise JournalError(f"the journal {self.path} is damaged: {error!r}") from error


_ENTRY: Final = "id, plan, parent, account, started, seen, ended, tasks, stopped"


def _size(database: sqlite3.Connection) -> int:
    pages, free, size = (
        int(database.execute(f"PRAGMA {name}").fetchone()[0]) for name in ("page_count", "freelist_count", "page_size")
    )
    return (pages - free) * size


def _of(database: sqlite3.Connection, run: str, what: str, order: str) -> sqlite3.Cursor:
    return database.execute(f"SELECT {what} WHERE run = ? ORDER BY {order}", (run,))


def _json(value: Mapping[str, Any]) -> str:
    return encoded(dict(value)).decode()


def _check_free(taken: set[str], ids: Sequence[str]) -> None:
    both = sorted(taken.intersection(ids))
    if both:
        shown = ", ".join(both[:_SHARED]) + (f" and {len(both) - _SHARED:,} more" if len(both) > _SHARED else "")
        raise PlanError(
            f"another run that is under way has tasks of this plan ({shown}), and no version would keep the two from "
            "overwriting each other: wait until it has ended"
        )
