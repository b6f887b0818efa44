"""Ctrl-C: nothing half-done goes unsaid, and the connection can be used afterwards."""

from __future__ import annotations

import signal
import threading
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

import taskframe as tf

pytestmark = pytest.mark.skipif(not hasattr(signal, "pthread_kill"), reason="sends SIGINT to the main thread")


@pytest.fixture(autouse=True)
def _python_default() -> Iterator[None]:
    before = signal.signal(signal.SIGINT, signal.default_int_handler)
    yield
    signal.signal(signal.SIGINT, before)


def _interrupt_at(box: tf.LocalSandbox, path: str, nth: int = 1) -> None:
    """Ctrl-C arrives while the nth such call is being answered."""
    seen = 0

    def match(call: Any) -> bool:
        nonlocal seen
        if path not in call.path:
            return False
        seen += 1
        if seen == nth:
            ident = threading.main_thread().ident
            assert ident is not None
            signal.pthread_kill(ident, signal.SIGINT)
        return True

    box.faults.add("stall", times=None, seconds=0.1, match=match)


def test_a_load_is_interrupted(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """KeyboardInterrupt; the next load works."""
    _interrupt_at(box, "list-tasks")
    with pytest.raises(KeyboardInterrupt):
        conn.load()
    box.faults.clear()
    assert len(conn.load()) == 300


def test_an_apply_is_interrupted(box: tf.LocalSandbox) -> None:
    """ApplyInterrupted has the report; the frame follows what was applied; retry goes on with the rest."""
    with box.connect("reload", progress=False, concurrency=2) as conn:
        tasks = conn.load()
        tasks.df["description"] = "by us"
        plan = tasks.plan()
        _interrupt_at(box, "update-task", 3)
        with pytest.raises(tf.ApplyInterrupted, match="skipped") as caught:
            plan.apply(confirm=300)
        box.faults.clear()
        report = caught.value.report
        assert isinstance(caught.value, KeyboardInterrupt)
        assert len(report) == 300
        assert report.stopped
        assert not report.ok
        applied = report.counts["applied"]
        assert applied == len(box.log.writes()) < 300
        assert len(tasks.plan()) == 300 - applied
        with pytest.raises(tf.PlanError, match=report.run_id):
            plan.apply(confirm=300)
        again = report.retry()
        assert again.parent == report.run_id
        assert again.apply(confirm=len(again)).counts == {"applied": 300 - applied}
        assert not tasks.plan()


def test_an_apply_that_has_not_begun_is_interrupted(box: tf.LocalSandbox, tmp_path: Path) -> None:
    """While it asks whose account this is: KeyboardInterrupt, nothing is written, and the plan is not used up."""
    with box.connect("reload", progress=False) as conn:
        tasks = conn.load()
        tasks.df["description"] = "by us"
        tasks.plan().save(tmp_path / "a.plan")
    with box.connect("reload", progress=False) as conn:
        plan = tf.open_plan(tmp_path / "a.plan", conn)
        _interrupt_at(box, "list-tasks")
        with pytest.raises(KeyboardInterrupt) as caught:
            plan.apply(confirm=300)
        assert not isinstance(caught.value, tf.ApplyInterrupted)
        assert not box.log.writes()
        box.faults.clear()
        assert plan.apply(confirm=300).counts == {"applied": 300}


def test_a_dry_run_is_interrupted(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """KeyboardInterrupt: there is nothing to report."""
    tasks = conn.load()
    tasks.df["description"] = "by us"
    plan = tasks.plan()
    _interrupt_at(box, "list-tasks")
    with pytest.raises(KeyboardInterrupt):
        plan.dry_run()
    box.faults.clear()
    assert plan.dry_run().counts == {"ready": 300}
