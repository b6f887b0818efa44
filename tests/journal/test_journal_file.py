"""The journal's file: there before the first call, its owner's alone, without secrets; refused when it is no use."""

from __future__ import annotations

import os
import resource
import sqlite3
import stat
import threading
from contextlib import closing
from pathlib import Path
from typing import Any

import pytest
from journal_stage import SERVICES, apply, at_first_write, edited, files, rows, same_report

import taskframe as tf
from taskframe.engine.clock import SystemClock
from taskframe.journal import Journal
from taskframe.journal.store import network_of, opened

JOURNAL = "state/journal.sqlite"


@pytest.mark.parametrize("service", SERVICES)
def test_a_run_is_on_disk_before_its_first_call(tmp_path: Path, service: str) -> None:
    """While the server has the first write in hand, another process finds the run, its tasks, and a mark over them."""
    path = tmp_path / JOURNAL

    def look() -> Any:
        return (
            rows(path, "SELECT tasks, ended FROM runs"),
            rows(path, "SELECT COUNT(*) FROM parts"),
            rows(path, "SELECT MIN(first), MAX(last) FROM marks"),
            {p.name.removeprefix(path.name): stat.S_IMODE(p.stat().st_mode) for p in files(path)},
        )

    with (
        tf.sandbox(tasks=60, services=[service]) as box,
        at_first_write(box, service, look) as seen,
        box.connect(service, journal=path, progress=False) as conn,
    ):
        report = apply(edited(conn, 30))
    runs, parts, marks, modes = seen[0]
    assert runs == [(30, None)]
    assert parts == [(1,)]
    assert marks[0][0] == 0
    assert marks[0][1] >= 0
    live = f".{report.run_id}.live"
    assert {"", "-wal", "-shm", live} <= modes.keys()
    assert set(modes.values()) == {0o600}
    assert stat.S_IMODE(path.parent.stat().st_mode) == 0o700


@pytest.mark.parametrize("service", SERVICES)
def test_no_secret_is_in_the_file(tmp_path: Path, service: str) -> None:
    """Neither what we sign with nor what the service gave: not in any byte of the files, at any time."""
    path = tmp_path / JOURNAL
    with tf.sandbox(tasks=60, services=[service]) as box:
        secrets = [str(v) for n, v in box.settings(service).items() if n in ("token", "client_secret")]
        raw = list[bytes]()

        def look() -> None:
            raw.extend(p.read_bytes() for p in files(path))

        with at_first_write(box, service, look), box.connect(service, journal=path, progress=False) as conn:
            apply(edited(conn, 20))
            look()
        look()
    assert secrets
    assert b"".join(raw)
    for secret in secrets:
        for part in (secret, secret[:12], secret[-12:]):
            assert all(part.encode() not in data for data in raw)


def _future(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("PRAGMA user_version = 2")


def _torn(path: Path) -> None:
    with opened(path) as database:
        database.execute("CREATE TABLE filler AS SELECT randomblob(100000) AS x")
        database.execute("PRAGMA wal_checkpoint(TRUNCATE)")
    data = bytearray(path.read_bytes())
    data[1024:20_000] = os.urandom(len(data[1024:20_000]))
    path.write_bytes(data)


def _other(path: Path) -> None:
    path.write_text("id,title\n1,no database at all\n" * 200)


def _folder(path: Path) -> None:
    path.mkdir()


def _foreign(path: Path) -> None:
    with closing(sqlite3.connect(path)) as database:
        database.execute("CREATE TABLE runs (mine TEXT)")
        database.commit()


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (_future, "format 2, this taskframe knows 1.*pip install --upgrade"),
        (_torn, "can't be used: database disk image is malformed"),
        (_other, "can't be used: file is not a database"),
        (_folder, "can't be written: Is a directory"),
        (_foreign, "can't be used: table runs already exists"),
    ],
)
def test_a_file_that_is_no_journal_stops_a_run_before_it_sends(tmp_path: Path, spoil: Any, words: str) -> None:
    """With why, where, and the way out; the plan can be applied afterwards, without one."""
    path = tmp_path / "j.sqlite"
    spoil(path)
    with tf.sandbox(tasks=20, services=["reload"]) as box:
        with box.connect("reload", journal=path, progress=False) as conn:
            plan = edited(conn, 5).plan()
            with pytest.raises(tf.JournalError, match=words) as told:
                plan.apply(confirm=5)
        assert str(path) in str(told.value)
        assert "journal=" in str(told.value)
        assert not [r for r in box.log if r.after]


@pytest.mark.skipif(os.name == "nt" or os.geteuid() == 0, reason="nobody can lock root out")
@pytest.mark.parametrize("what", ["file", "folder"])
def test_a_journal_that_is_read_only_stops_a_run_before_it_sends(tmp_path: Path, what: str) -> None:
    path = tmp_path / JOURNAL
    with opened(path):
        pass
    where = path if what == "file" else path.parent
    where.chmod(0o400 if what == "file" else 0o500)
    with tf.sandbox(tasks=20, services=["reload"]) as box, box.connect("reload", journal=path, progress=False) as conn:
        with pytest.raises(tf.JournalError, match="journal"):
            apply(edited(conn, 5))
        assert not [r for r in box.log if r.after]
    where.chmod(0o700)


FULL = """
import resource, signal, sys
import taskframe as tf
url, token, journal, room = sys.argv[1:]
conn = tf.connect("reload", base_url=url, token=token, journal=journal, progress=False)
tasks = conn.load()
tasks.df["description"] = [f"ours {n} " + "x" * 200 for n in range(len(tasks.df))]
plan = tasks.plan()
signal.signal(signal.SIGXFSZ, signal.SIG_IGN)
resource.setrlimit(resource.RLIMIT_FSIZE, (int(room), resource.RLIM_INFINITY))
try:
    report = plan.apply(confirm=len(plan))
except tf.JournalError as error:
    print("JournalError", error)
else:
    assert len(report) == len(plan)
    assert len(report.outcomes) == len(plan)
    print(report.counts)
    print(report.stopped)
"""


def _full(box: tf.LocalSandbox, python: Any, path: Path, room: int) -> list[str]:
    given = box.settings("reload")
    done = python(FULL, given["base_url"], given["token"], str(path), str(room))
    assert done.returncode == 0, done.stderr
    return done.stdout.splitlines()


@pytest.mark.skipif(not hasattr(resource, "RLIMIT_FSIZE"), reason="needs a limit of a file's size")
def test_a_full_disk_is_told_before_anything_is_sent(tmp_path: Path, python: Any) -> None:
    with tf.sandbox(tasks=400, services=["reload"]) as box:
        (words,) = _full(box, python, tmp_path / "j.sqlite", 30_000)
        assert words.startswith("JournalError")
        assert "free some space" in words
        assert not [r for r in box.log if r.after]


def test_a_disk_that_fills_up_in_mid_run_stops_it_in_order(tmp_path: Path, python: Any) -> None:
    """What is in flight ends, the rest is skipped, and the report has them all."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=2_000, services=["reload"]) as box:
        counts, stopped = _full(box, python, path, 1_000_000)
        found = eval(counts)
        assert sum(found.values()) == 2_000
        assert found["applied"] > 0
        assert found["skipped"] > 0
        assert "can't be used" in stopped
        written = {r.task_id for r in box.log if r.after}
        assert len(written) == found["applied"] + found.get("unknown", 0)
        with box.connect("reload", journal=path, progress=False) as conn:  # and now there is room again
            (run,) = conn.runs().index
            report = conn.report(run).resume()
            assert set(report.counts) == {"applied"}
            assert len(report) == 2_000


MOUNTS = """\
/dev/sda1 / ext4 rw 0 0
server:/home /home nfs4 rw 0 0
/dev/sdb1 /home/local xfs rw 0 0
//nas/share /mnt/my\\040share cifs rw 0 0
drvfs /mnt/c 9p rw 0 0
sshfs#x /mnt/ssh fuse.sshfs rw 0 0
"""


@pytest.mark.parametrize(
    ("path", "kind"),
    [
        ("/var/lib/j", ""),
        ("/home/me/j", "nfs4"),
        ("/home/local/me/j", ""),
        ("/homely/j", ""),
        ("/mnt/my share/j", "cifs"),
        ("/mnt/c/Users/me/j", "9p"),
        ("/mnt/ssh/j", "fuse.sshfs"),
    ],
)
def test_a_network_folder_is_noticed(path: str, kind: str) -> None:
    assert network_of(Path(path), MOUNTS) == kind
    assert network_of(Path(path), "") == ""


def test_without_a_journal_nothing_is_written(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """journal=None: no file anywhere; runs are known by their reports only."""
    monkeypatch.setenv("TASKFRAME_JOURNAL", str(tmp_path / "j.sqlite"))
    with tf.sandbox(tasks=20, services=["reload"]) as box, box.connect("reload", journal=None, progress=False) as conn:
        report = apply(edited(conn, 5))
        assert report.ok
        assert conn.runs().empty
        with pytest.raises(tf.JournalError, match="has no journal"):
            conn.report(report.run_id)
    assert list(tmp_path.iterdir()) == []


def test_the_environment_names_the_journal(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("TASKFRAME_JOURNAL", str(tmp_path / "named.sqlite"))
    with tf.sandbox(tasks=20, services=["reload"]) as box:
        with box.connect("reload", journal=True, progress=False) as conn:
            report = apply(edited(conn, 5))
        with box.connect("reload", journal=tmp_path / "named.sqlite", progress=False) as conn:
            same_report(report, conn.report(report.run_id))


def test_old_runs_go_and_the_file_shrinks(tmp_path: Path) -> None:
    """By age, and by size the oldest first; never a live one."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=300, services=["reload"]) as box:
        with box.connect("reload", journal=path, progress=False) as conn:
            for n in range(4):
                tasks = conn.load()
                tasks.df["description"] = [os.urandom(300).hex() for _ in range(len(tasks.df))]
                assert apply(tasks).ok, n
            runs = list(conn.runs().index[::-1])
        big = path.stat().st_size
        wall = SystemClock().wall
        small = Journal(path, wall, keep_bytes=big // 2)
        alive = small.resume(runs[0], print)
        alive = alive[0] if isinstance(alive, tuple) else alive
        try:
            with box.connect("reload", journal=path, progress=False) as conn:
                conn._runs._journal = small
                apply(edited(conn, 1))
                left = list(conn.runs().index[::-1])
        finally:
            alive.abandon()
        assert left[0] == runs[0]  # live
        assert runs[1] not in left
        assert path.stat().st_size < big
        later = Journal(path, lambda: wall() + 91 * 86_400)
        with box.connect("reload", journal=path, progress=False) as conn:
            conn._runs._journal = later
            last = apply(edited(conn, 1, "later"))
            assert list(conn.runs().index) == [last.run_id]
        assert path.stat().st_size < big // 4


def test_a_new_file_that_another_is_making_is_waited_for(tmp_path: Path) -> None:
    """SQLite fails at once where two switch a new file to WAL: two first runs at once must both find their journal."""
    path = tmp_path / "journal.sqlite"
    ended = list[str]()

    def second() -> None:
        with opened(path) as database:
            ended.append(database.execute("PRAGMA journal_mode").fetchone()[0])

    with closing(sqlite3.connect(path, isolation_level=None)) as first:
        first.execute("PRAGMA user_version = 1")
        first.execute("BEGIN IMMEDIATE")
        thread = threading.Thread(target=second)
        thread.start()
        thread.join(0.2)  # it may have failed by then, which is what this test looks for; it can't have ended well
        assert thread.is_alive()
        first.execute("COMMIT")
    thread.join()
    assert ended == ["wal"]
