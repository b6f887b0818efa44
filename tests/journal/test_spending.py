"""Limits across restarts: what a process spent, the next one knows."""

from __future__ import annotations

import asyncio
import gc
import logging
import sqlite3
from bisect import bisect_right
from collections.abc import Iterator
from contextlib import closing
from pathlib import Path

import pytest
from journal_stage import apply, edited, rows

import taskframe as tf
from taskframe.engine.clock import ScaledClock
from taskframe.journal import Journal, Purse
from taskframe.services.base import Limit
from tests.apply.verify_stage import Stage, staged

LIMIT = tf.Limit(40, per=60)


@pytest.fixture
def stage() -> Iterator[Stage]:
    with staged("kore", tasks=120, factor=20) as stage:
        stage.server.limits = [(LIMIT.calls, LIMIT.per, "hidden")]
        yield stage


def most_in_a_window(stage: Stage, per: float) -> int:
    at = sorted(r.at for r in stage.box.log.calls(stage.name))
    return max(i - bisect_right(at, t - per) + 1 for i, t in enumerate(at))


@pytest.mark.parametrize("rounds", [3])
def test_no_restart_makes_room_in_a_window(stage: Stage, tmp_path: Path, rounds: int) -> None:
    """Each connection is new, and the one before it is gone: together they never send a call too many."""
    for round_ in range(rounds):
        conn = stage.connect(rate=[LIMIT], journal=tmp_path / "j.sqlite")
        report = apply(edited(conn, 25, f"round {round_}"))
        assert report.counts == {"applied": 25}
        conn.close()
        stage._connections.clear()
        del conn, report
        gc.collect()
    assert len(stage.box.log) >= 2 * LIMIT.calls
    assert {r.status for r in stage.box.log.calls("kore")} == {200}
    assert most_in_a_window(stage, LIMIT.per) <= LIMIT.calls


def test_without_a_journal_a_restart_forgets(stage: Stage) -> None:
    """The check of the test above: the server does notice."""
    for round_ in range(2):
        conn = stage.connect(rate=[LIMIT])
        apply(edited(conn, 30, f"round {round_}"))
        conn.close()
        stage._connections.clear()
        del conn
        gc.collect()
    assert 429 in {r.status for r in stage.box.log.calls("kore")}


ANOTHER = """
import sys
import taskframe as tf
url, journal, *rest = sys.argv[1:]
conn = tf.connect("reload", base_url=url, token=rest[0], rate=[tf.Limit(25, per=6)], journal=journal, progress=False)
tasks = conn.load(limit=15)
tasks.df["title"] = [f"{rest[1]} {n}" for n in range(len(tasks.df))]
assert tasks.plan().apply(confirm=15).ok
if rest[2] == "close":
    conn.close()
"""


@pytest.mark.parametrize("end", ["close", "leave"])
def test_a_new_process_knows_what_the_last_one_spent(tmp_path: Path, python, end: str) -> None:
    """Whether the connection was closed or just left at the end of the process."""
    with tf.sandbox(tasks=60, services=["reload"]) as box:
        box["reload"].limits = [(25, 6, "hidden")]
        given = box.settings("reload")
        for name in ("first", "second", "third"):
            done = python(ANOTHER, given["base_url"], str(tmp_path / "j.sqlite"), given["token"], name, end)
            assert done.returncode == 0, done.stderr
        assert {r.status for r in box.log.calls("reload")} == {200}
        assert len(box.log.calls("reload")) >= 48


def test_each_call_is_counted_once(tmp_path: Path) -> None:
    """Reads and writes, of two connections of one process at once."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=60, services=["reload"]) as box:
        one, two = (box.connect("reload", rate=[tf.Limit(1000, per=60)], journal=path, progress=False) for _ in "ab")
        with one, two:
            apply(edited(one, 20))
            two.load()
        assert rows(path, "SELECT SUM(calls) FROM spent") == [(len(box.log.calls("reload")),)]
        assert len(rows(path, "SELECT DISTINCT place FROM spent")) == 1


def test_no_file_is_made_before_a_call_or_without_a_limit(tmp_path: Path) -> None:
    """To connect, and to load where no limit is known, leaves no trace."""
    path = tmp_path / "state" / "j.sqlite"
    with tf.sandbox(tasks=20, services=["reload"]) as box:
        with box.connect("reload", journal=path, rate=[tf.Limit(100, per=60)], progress=False):
            pass
        with box.connect("reload", journal=path, progress=False) as conn:
            conn.load()
            conn.runs()
    assert not path.parent.exists()


def _damaged(path: Path) -> None:
    path.write_bytes(b"no database, but longer than its head" * 100)


def _folder(path: Path) -> None:
    path.mkdir()


def _newer(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 99")  # of a version to come


@pytest.mark.parametrize("break_it", [_damaged, _folder, _newer])
def test_a_journal_that_is_no_use_breaks_no_load(tmp_path: Path, caplog: pytest.LogCaptureFixture, break_it) -> None:
    """One warning, whatever the number of calls; the tasks are there."""
    path = tmp_path / "j.sqlite"
    break_it(path)
    caplog.set_level(logging.WARNING, "taskframe")
    with (
        tf.sandbox(tasks=60, services=["reload"]) as box,
        box.connect("reload", journal=path, rate=[tf.Limit(100, per=60)], progress=False) as conn,
    ):
        assert len(conn.load()) == 60
        assert len(conn.load()) == 60
    (said,) = [r.getMessage() for r in caplog.records if r.name == "taskframe"]
    assert "is not kept for the next process" in said
    assert str(path) in said


def test_a_load_leaves_no_wait_for_the_disk(tmp_path: Path) -> None:
    """Calls are written down in groups: of hundreds of calls a handful of rows, and of transactions no more."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=300, services=["reload"]) as box:
        with box.connect("reload", journal=path, rate=[tf.Limit(10_000, per=60)], progress=False) as conn:
            for _ in range(40):
                conn.load(limit=5)
        calls = len(box.log.calls("reload"))
    found = rows(path, "SELECT second, calls FROM spent")
    assert sum(n for _, n in found) == calls == 40
    assert len(found) < 40


def test_only_what_a_window_can_hold_is_kept(tmp_path: Path) -> None:
    """Seconds that are older than the longest window go with the next ones that come."""
    clock = ScaledClock(1)
    journal = Journal(tmp_path / "j.sqlite", clock.wall)
    now = int(clock.wall())
    journal.spend("here", {now - 5_000: 3, now - 100: 4}, longest=10_000)
    journal.spend("there", {now - 5_000: 9}, longest=10_000)
    journal.spend("here", {now: 1}, longest=60)
    assert journal.spent("here", 0) == [(now, 1)]
    assert journal.spent("there", 0) == [(now - 5_000, 9)]


def test_calls_count_from_the_end_of_their_second(tmp_path: Path) -> None:
    """They are told as late as they may have been, so that none leaves its window too early."""
    clock = ScaledClock(1)
    journal = Journal(tmp_path / "j.sqlite", clock.wall)
    purse = Purse(journal, "reload", "https://a", {"w": "1"}, clock)
    other = Purse(journal, "reload", "https://a", {"w": "2"}, clock)

    async def main() -> tuple[list[float], list[float], float]:
        for _ in range(3):
            purse.ended(60)
        before = clock.wall()
        await purse.flush()
        return await purse.earlier(60), await other.earlier(60), before

    ours, theirs, before = asyncio.run(main())
    assert len(ours) == 3
    assert all(before <= when <= before + 2 for when in ours)
    assert theirs == []


def test_no_secret_is_in_what_is_kept(tmp_path: Path) -> None:
    """The place of the calls names service, address and account."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=20) as box:
        for service in box.services:
            with box.connect(service, journal=path, rate=[Limit(1000, per=60)], progress=False) as conn:
                conn.load()
        raw = b"".join(p.read_bytes() for p in tmp_path.iterdir())
        given = [item for service in box.services for item in box.settings(service).items()]
        secrets = [value for name, value in given if name in ("token", "client_secret")]
        assert len(secrets) >= 3
        assert not [secret for secret in secrets if str(secret).encode() in raw]
    assert path.stat().st_mode & 0o777 == 0o600
