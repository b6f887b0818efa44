"""Pragmatiks' short-lived tokens: renewed in the middle of a run, once for all workers."""

from __future__ import annotations

import threading
import time

import pytest

import taskframe as tf


def test_a_token_that_ends_in_the_middle_of_a_run_is_renewed_once(box: tf.LocalSandbox) -> None:
    """Sixteen workers are turned away together: the callable is asked once, and each task is written once."""
    server, asked, lock = box["pragmatiks"], [], threading.Lock()

    def fresh() -> str:
        with lock:
            asked.append(server.token())
        time.sleep(0.05)  # long enough for all workers to be turned away meanwhile
        return asked[-1]

    with box.connect("pragmatiks", progress=False, token=fresh) as conn:
        tasks = conn.load()
        tasks.df["title"] = [f"ours {n}" for n in range(len(tasks))]
        assert len(asked) == 1
        written: list[str] = []

        def ends(call: object) -> bool:
            written.extend(["x"] * (getattr(call, "method", "") == "PATCH"))
            if len(written) == 40:
                server.revoke(asked[0])
            return False

        box.faults.add("latency", times=None, match=ends)
        plan = tasks.plan()
        report = plan.apply(confirm=len(plan))
    assert report.counts == {"applied": 120}
    assert len(asked) == 2
    assert 401 in {r.status for r in box.log.calls("pragmatiks")}
    assert len(box.log.writes()) == 120


def test_a_text_can_not_be_renewed(box: tf.LocalSandbox) -> None:
    """The run stops in order, and says what would help; a retry over a good connection goes on."""
    server = box["pragmatiks"]
    token = server.token()
    with box.connect("pragmatiks", progress=False, token=token, concurrency=4) as conn:
        tasks = conn.load(limit=30)
        tasks.df["title"] = [f"ours {n}" for n in range(30)]
        plan = tasks.plan()
        server.revoke(token)
        report = plan.apply()
        assert set(report.counts) <= {"failed", "skipped"}
        assert not box.log.writes()
        assert token not in repr(report) + report.outcomes.to_string()
        server.restore(token)
        assert report.retry().apply().counts == {"applied": 30}


def test_a_callable_whose_tokens_are_not_taken_is_not_asked_for_ever(box: tf.LocalSandbox) -> None:
    """AuthError after one renewal."""
    asked: list[str] = []

    def fresh() -> str:
        asked.append(box["pragmatiks"].token())
        box["pragmatiks"].revoke(asked[-1])
        return asked[-1]

    with box.connect("pragmatiks", progress=False, token=fresh) as conn:
        with pytest.raises(tf.AuthError) as error:
            conn.load()
        assert not any(token in str(error.value) for token in asked)
    assert 2 <= len(asked) <= 3


def test_a_reader_may_not_write(box: tf.LocalSandbox) -> None:
    """403 in the service's words; the frame keeps the edits."""
    with box.connect("pragmatiks", progress=False, token=box["pragmatiks"].token(read_only=True)) as conn:
        tasks = conn.load(limit=5)
        tasks.df["title"] = "ours"
        report = tasks.plan().apply()
        assert set(report.counts) <= {"failed", "skipped"}
        assert "may only read" in " ".join(report.outcomes["detail"])
        assert len(tasks.plan()) == 5
