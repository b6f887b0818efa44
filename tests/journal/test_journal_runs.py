"""Runs in the journal: two at once, applied once only, found again in a new process with all that they told."""

from __future__ import annotations

import asyncio
import json
import sqlite3
import threading
import time
from itertools import pairwise
from pathlib import Path
from typing import Any

import pytest
from journal_stage import SERVICES, TITLE, apply, edited, rows, same_report, writes

import taskframe as tf
from taskframe.engine.outcome import Outcome
from taskframe.history import PART
from taskframe.journal import Head, Journal
from taskframe.journal.recorder import AHEAD
from taskframe.journal.records import decoded, encoded, packed, unpacked

READ = """
import json, sys
import taskframe as tf
service, journal, run, settings = sys.argv[1:]
with tf.connect(service, journal=journal, progress=False, **json.loads(settings)) as conn:
    report = conn.report(run)
    table = conn.runs()
    print(json.dumps({
        "outcomes": report.outcomes.to_json(orient="split"), "conflicts": report.conflicts.to_json(orient="split"),
        "counts": report.counts, "calls": report.calls, "stopped": report.stopped, "elapsed": report.elapsed,
        "undo": report.undo().changes.to_json(orient="split"),
        "retry": report.retry(conflicts="ours").changes.to_json(orient="split"),
        "states": table["state"].to_dict(), "parents": table["parent"].dropna().to_dict(),
        "applied": table["applied"].to_dict(),
    }))
"""


def _mixed(box: tf.LocalSandbox, conn: tf.Connection, service: str) -> tf.Report:
    """A run with outcomes of many kinds."""
    tasks = edited(conn, 20)
    ids = list(tasks.df.index)
    plan = tasks.plan()
    for task in ids[:3]:
        box[service].edit(task, **{TITLE[service]: "theirs"})
    box.faults.add("503", times=1, match=writes(service), after=4)
    box.faults.add("500-after", times=1, match=writes(service), after=6)
    return plan.apply(confirm=20)


@pytest.mark.parametrize("service", SERVICES)
def test_a_new_process_reads_the_same_report(tmp_path: Path, python: Any, service: str) -> None:
    """Every field: outcomes, conflicts, read ages, counts, calls, why it stopped; and what can follow."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=60, services=[service]) as box:
        with box.connect(service, journal=path, progress=False) as conn:
            report = _mixed(box, conn, service)
            assert len(report.counts) > 1
            same_report(report, conn.report(report.run_id))
            undone = report.undo()
            second = undone.apply(confirm=len(undone))
        done = python(READ, service, str(path), report.run_id, json.dumps(box.settings(service)))
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
    assert told["outcomes"] == report.outcomes.to_json(orient="split")
    assert told["conflicts"] == report.conflicts.to_json(orient="split")
    assert (told["counts"], told["calls"], told["stopped"]) == (report.counts, report.calls, report.stopped)
    assert told["elapsed"] == pytest.approx(report.elapsed)
    assert told["undo"] == report.undo().changes.to_json(orient="split")
    assert told["retry"] == report.retry(conflicts="ours").changes.to_json(orient="split")
    assert told["states"] == {second.run_id: "ended", report.run_id: "ended"}
    assert told["parents"] == {second.run_id: report.run_id}
    assert told["applied"][report.run_id] == report.counts["applied"]


def test_the_list_of_runs_tells_how_each_stands(tmp_path: Path) -> None:
    """Live while it is under way, stopped in order, ended; the latest first."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=60, services=["reload"]) as box, box.connect("reload", journal=path, progress=False) as conn:
        apply(edited(conn, 3))
        box.faults.add("429", times=None, match=writes("reload"), retry_after=100_000)
        stopped = apply(edited(conn, 5, "again"))
        box.faults.clear()
        looking = threading.Event()
        box.faults.add("latency", times=None, match=writes("reload"), seconds=0.2)
        runner = threading.Thread(target=lambda: (apply(edited(conn, 40, "third")), looking.set()))
        runner.start()
        while (table := conn.runs())["state"].iloc[0] != "live" and not looking.is_set():
            time.sleep(0.01)
        runner.join()
        assert list(table["state"]) == ["live", "stopped", "ended"]
        assert table.index[1] == stopped.run_id
        after = conn.runs()
    assert list(after["state"]) == ["ended", "stopped", "ended"]
    assert list(after["tasks"]) == [40, 5, 3]
    assert list(after["applied"]) == [40, 0, 3]


def test_a_run_that_broke_off_is_listed_as_such(tmp_path: Path) -> None:
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=60, services=["reload"]) as box, box.connect("reload", journal=path, progress=False) as conn:
        report = apply(edited(conn, 3))
        sqlite3.connect(path, isolation_level=None).execute("UPDATE runs SET ended = NULL").connection.close()
        assert list(conn.runs()["state"]) == ["broken off"]
        assert conn.report(report.run_id).stopped == "it broke off"


@pytest.mark.parametrize("service", SERVICES)
def test_two_runs_at_once_that_share_a_task(tmp_path: Path, service: str) -> None:
    """Where versions guard each write both run; elsewhere the second is refused, names the tasks, and sends nothing."""
    path = tmp_path / "j.sqlite"
    with (
        tf.sandbox(tasks=60, services=[service]) as box,
        box.connect(service, journal=path, progress=False) as one,
        box.connect(service, journal=path, progress=False) as two,
    ):
        first, second = edited(one, 30, "first"), edited(two, 30, "second")
        plan = second.plan()
        box.faults.add("latency", times=None, match=writes(service), seconds=0.2)
        reports = list[tf.Report]()
        runner = threading.Thread(target=lambda: reports.append(apply(first)))
        runner.start()
        while one.runs().empty:
            time.sleep(0.01)
        if service == "reload":
            reports.append(plan.apply(confirm=30))
        else:
            with pytest.raises(tf.PlanError, match="another run that is under way has tasks of this plan"):
                plan.apply(confirm=30)
            (run,) = one.runs().index
            with pytest.raises(tf.JournalError, match="under way"):
                two.report(run).resume()
        runner.join()
        if service == "reload":
            assert sum(r.counts.get("applied", 0) + r.counts.get("conflict", 0) for r in reports) == 60
        else:
            assert reports[0].counts == {"applied": 30}
            assert plan.apply(confirm=30).counts == {"conflict": 30}  # it was nobody's fault: it may be sent now


def test_two_threads_write_one_journal(tmp_path: Path) -> None:
    """Four runs at once, of other tasks each: all end right, and are read right."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=300, services=["pragmatiks"]) as box:
        conns = [box.connect("pragmatiks", journal=path, progress=False) for _ in range(4)]
        frames = [conn.load() for conn in conns]
        for n, tasks in enumerate(frames):
            tasks.df.iloc[n::4, tasks.df.columns.get_loc("title")] = f"thread {n}"
        reports: dict[int, tf.Report] = {}
        threads = [
            threading.Thread(target=lambda n=n, t=t: reports.update({n: apply(t)})) for n, t in enumerate(frames)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert len(reports) == 4
        for n, report in reports.items():
            assert report.counts == {"applied": 75}
            same_report(report, conns[n].report(report.run_id))
        for conn in conns:
            conn.close()


TWO = """
import json, sys
import taskframe as tf
service, journal, start, settings = sys.argv[1:]
with tf.connect(service, journal=journal, progress=False, **json.loads(settings)) as conn:
    tasks = conn.load()
    tasks.df.iloc[int(start)::2, tasks.df.columns.get_loc("title")] = f"process {start}"
    report = tasks.plan().apply(confirm=100)
    print(report.run_id, json.dumps(report.counts))
"""


def test_two_processes_write_one_journal(tmp_path: Path, python: Any) -> None:
    """Both end right, and a third finds both."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=200, services=["reload"]) as box:
        settings = json.dumps(box.settings("reload"))
        done: list[Any] = []
        threads = [
            threading.Thread(target=lambda n=n: done.append(python(TWO, "reload", str(path), str(n), settings)))
            for n in range(2)
        ]
        for thread in threads:
            thread.start()
        for thread in threads:
            thread.join()
        assert [d.returncode for d in done] == [0, 0], done
        with box.connect("reload", journal=path, progress=False) as conn:
            table = conn.runs()
            assert set(table.index) == {d.stdout.split()[0] for d in done}
            assert list(table["state"]) == ["ended"] * 2
            assert list(table["applied"]) == [100] * 2
            assert all(conn.report(run).ok for run in table.index)


def test_a_plan_is_applied_once_whoever_asks(tmp_path: Path) -> None:
    """Saved, applied, opened again over another connection: refused, by the run that did it."""
    path, saved = tmp_path / "j.sqlite", tmp_path / "p.plan"
    with tf.sandbox(tasks=60, services=["reload"]) as box:
        with box.connect("reload", journal=path, progress=False) as conn:
            plan = edited(conn, 5).plan()
            plan.save(saved)
            report = plan.apply(confirm=5)
        with box.connect("reload", journal=path, progress=False) as conn:
            again = tf.open_plan(saved, conn)
            with pytest.raises(tf.PlanError, match=report.run_id):
                again.apply(confirm=5)
        with box.connect("reload", journal=tmp_path / "other.sqlite", progress=False) as conn:
            assert tf.open_plan(saved, conn).apply(confirm=5).counts == {"unchanged": 5}


@pytest.mark.parametrize(
    "value",
    [
        None, True, 0, -1, 2**53 + 1, 2**63 - 1, 1.5, 1e300, "", "plain", "Ünï 🎉", "\x00\x1f", "half \ud83d of a pair",
        [], ["a", "b"], [[1], {"x": None}], {}, {"a": {"b": [1, 2, None]}}, "2026-01-02T03:04:05Z", "9" * 34,
    ],
    ids=repr,
)  # fmt: skip
def test_every_value_survives(value: Any) -> None:
    """What is put down is what is read."""
    assert decoded(encoded({"v": value})) == {"v": value}
    assert unpacked(packed({"v": value})) == {"v": value}


def test_odd_values_survive_a_run(tmp_path: Path) -> None:
    """Half a surrogate pair, long digits, lists, null, dates and custom fields, as before and after."""
    path = tmp_path / "j.sqlite"
    with tf.sandbox(tasks=60, services=["kore", "reload"]) as box:
        with box.connect("reload", journal=path, progress=False) as conn:
            tasks = conn.load(limit=6)
            tasks.df["description"] = ["half \ud83d", "9" * 34, "", "🎉", "\t\n", "x" * 5_000]
            tasks.df["assigneeUserId"] = None
            plan = tasks.plan().drop_problems()
            report = plan.apply(confirm=len(plan))
            assert report.counts["applied"] > 3
            same_report(report, conn.report(report.run_id))
        with box.connect("kore", journal=path, progress=False) as conn:
            tasks = conn.load(limit=30)
            frame, schema = tasks.df, tasks.schema
            for name in [c for c in frame.columns if c in schema and c.startswith("fields.")]:
                others = frame[name].dropna()
                if schema[name].editable and len(others):
                    frame[name] = [others.iloc[0]] * len(frame)
            plan = tasks.plan().drop_problems()
            report = plan.apply(confirm=len(plan))
            assert report.counts["applied"] > 0
            same_report(report, conn.report(report.run_id))


# how often it writes


def _begin(path: Path, tasks: int, run: str = "r") -> Any:
    head = Head(run, f"plan {run}", None, "reload", "https://a", {}, tasks, 30.0, {}, {})
    parts = [([str(n) for n in range(tasks)], {})]
    return Journal(path, time.time).begin(head, parts, lambda why: None)


def test_commits_are_few(tmp_path: Path) -> None:
    """64 workers, 5,000 tasks: marks and outcomes in groups, hundreds of tasks each."""
    path = tmp_path / "j.sqlite"
    tasks = 5_000
    record = _begin(path, tasks)
    commits = 0
    commit = record._commit

    def counting(*given: Any) -> None:
        nonlocal commits
        commits += 1
        commit(*given)

    record._commit = counting

    async def main() -> None:
        left = iter(range(tasks))

        async def worker() -> None:
            for position in left:
                if not record.covers(position):
                    await record.admit(position)
                record.outcome(position, Outcome(str(position), "applied"))

        await asyncio.gather(*[worker() for _ in range(64)])

    asyncio.run(main())
    record.close("", tasks, 1.0)
    assert commits <= 4 * tasks / AHEAD
    assert rows(path, "SELECT COUNT(*) FROM outcomes") == [(tasks,)]
    marks = rows(path, "SELECT first, last FROM marks ORDER BY first")
    assert marks[0][0] == 0
    assert marks[-1][1] == tasks - 1
    assert all(later[0] == earlier[1] + 1 for earlier, later in pairwise(marks))
    assert max(last - first + 1 for first, last in marks) <= 2 * AHEAD


def test_nothing_is_sent_far_ahead_of_its_mark(tmp_path: Path) -> None:
    """What is marked and not sent is bounded, so that a crash leaves few tasks in doubt without need."""
    path = tmp_path / "j.sqlite"
    record = _begin(path, 10_000)

    async def main() -> None:
        for position in range(1_000):
            await record.admit(position)
            (last,) = rows(path, "SELECT MAX(last) FROM marks")[0] if position % 100 == 0 else (position,)
            assert position <= last < position + 3 * AHEAD

    asyncio.run(main())
    record.abandon()


def test_a_big_plan_is_put_down_in_parts(tmp_path: Path) -> None:
    """10,000 tasks: no part holds more than its share, and all come back in order."""
    path = tmp_path / "j.sqlite"
    with (
        tf.sandbox(tasks=10_000, services=["reload"]) as box,
        box.connect("reload", journal=path, progress=False, concurrency=32) as conn,
    ):
        plan = edited(conn, 10_000).plan()
        box.faults.add("429", times=None, match=writes("reload"), after=300, retry_after=100_000)
        report = plan.apply(confirm=10_000)
        assert report.counts["applied"] == 300
        again = conn.report(report.run_id)
        assert [o.id for o in again.found] == [o.id for o in report.found]
        assert again.counts == report.counts
        assert again.plan.changes.equals(plan.changes)
    sizes = [len(unpacked(ids)) for (ids,) in rows(path, "SELECT ids FROM parts ORDER BY first")]
    assert sum(sizes) == 10_000
    assert max(sizes) <= PART
