"""Going on with a run: when it may be done, how often, and what an earlier part may have left behind."""

from __future__ import annotations

from pathlib import Path

import pytest
from kill_stage import Stage, staged

import taskframe as tf

SERVICES = ("reload", "kore", "pragmatiks")


def stopped(stage: Stage, conn: tf.Connection, count: int = 20) -> tf.Report:
    """A run that ended in order, half-way: its credentials are not taken any more."""
    stage.prepare(count)
    plan = tf.open_plan(stage.plan_file, conn)
    stage.box.faults.add("401", times=None, match=stage.is_write, after=8)
    report = plan.apply(confirm=len(plan))
    stage.box.faults.clear()
    assert report.stopped
    assert report.counts["skipped"]
    return report


@pytest.mark.parametrize("service", SERVICES)
def test_in_the_same_process(service: str, tmp_path: Path) -> None:
    """The rest goes through, once each, and what was done stays as it was told."""
    with staged(service, tmp_path) as stage:
        report = stopped(stage, stage.connect()).resume()
        assert report.counts == {"applied": 20}
        assert stage.complaints(report) == []
        assert stage.undone(report) == []


@pytest.mark.parametrize("service", SERVICES)
def test_in_another_one_and_from_an_old_report(service: str, tmp_path: Path) -> None:
    """A report that somebody else has gone on with since takes up what the journal knows by now."""
    with staged(service, tmp_path) as stage:
        old = stopped(stage, stage.connect())
        stage.meddle(0.3, "late", seed=1)
        report = stage.connect().report(old.run_id).resume()
        assert stage.complaints(report) == []
        start = len(stage.box.log)
        again = old.resume()
        assert [r for r in stage.box.log[start:] if stage.is_write(r)] == []
        assert again.outcomes.equals(report.outcomes)
        assert stage.complaints(again) == []
        assert stage.undone(again) == []


@pytest.mark.parametrize("service", SERVICES)
def test_without_a_journal(service: str, tmp_path: Path) -> None:
    """In the same process a report is enough; an old one is refused, as nobody knows what became of the rest."""
    with staged(service, tmp_path) as stage:
        old = stopped(stage, stage.connect(journal=None))
        report = old.resume()
        assert report.counts == {"applied": 20}
        with pytest.raises(tf.PlanError, match="gone on with already"):
            old.resume()
        assert report.resume() is report
        assert stage.undone(report) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_part_that_ended_in_order_and_one_that_did_not(service: str, tmp_path: Path) -> None:
    """What the first part had not sent, and the second had when it died, is ours: applied, and to be undone."""
    with staged(service, tmp_path) as stage:
        run = stopped(stage, stage.connect(), 40).run_id
        stage.killed("resume", run=run, point={"kind": "patch" if service == "pragmatiks" else "write", "n": 9})
        report = stage.connect().report(run)
        assert "unknown" in report.counts
        report = report.resume()
        assert report.counts == {"applied": 40}
        assert stage.complaints(report) == []
        assert stage.undone(report) == []


@pytest.mark.parametrize("service", SERVICES)
def test_a_live_run_is_let_alone(service: str, tmp_path: Path) -> None:
    """It is refused here while it is under way there; when that has ended, there is nothing left to do."""
    with staged(service, tmp_path) as stage:
        child = stage.spawn()
        stage.prepare(12)
        stage.slow(0.5)
        assert child.do(stage.job()) == "begin"
        conn = stage.connect()
        while not len(runs := conn.runs()) or runs["state"].item() != "live":
            assert not len(runs) or runs["state"].item() != "ended"
        with pytest.raises(tf.JournalError, match="under way"):
            conn.report(stage.run()).resume()
        assert child.line() == "end"
        report = conn.report(stage.run())
        assert report.resume() is report
        assert stage.complaints(report) == []


@pytest.mark.parametrize("service", ["kore", "pragmatiks"])
def test_not_beside_another_run_of_its_tasks(service: str, tmp_path: Path) -> None:
    """Where no version would keep the two from overwriting each other, a run that broke off waits for the live one."""
    with staged(service, tmp_path) as stage:
        child = stage.spawn()
        stage.prepare(12)
        stage.killed(point={"name": "behind the intents"})
        run = stage.run()
        stage.prepare(12)
        stage.slow(0.5)
        assert child.do(stage.job()) == "begin"
        conn = stage.connect()
        while "live" not in set(states := conn.runs()["state"]):
            assert "ended" not in set(states)
        with pytest.raises(tf.PlanError, match="another run that is under way"):
            conn.report(run).resume()
        assert child.line() == "end"
        assert conn.report(run).resume().counts == {"unchanged": 12}


def test_elsewhere_it_is_refused(tmp_path: Path) -> None:
    """Another account at the same address is another place."""
    with staged("kore", tmp_path) as stage:
        stage.prepare(12)
        stage.killed(point={"name": "behind the intents"})
        run = stage.run()
        other = stage.connect(account_id="another-account")
        assert len(other.runs()) == 0
        with pytest.raises(tf.PlanError, match="account"):
            other.report(run)
        assert [r for r in stage.log if stage.is_write(r)] == []
