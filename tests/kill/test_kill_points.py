"""A process dies at a named point: the next one goes on with its run, and what is told is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from kill_child import told
from kill_stage import Stage, staged, together

import taskframe as tf

SERVICES = ("reload", "kore", "pragmatiks")
COMMON: list[dict[str, Any]] = [
    {"name": name}
    for name in (
        "behind the intents", "ahead of a mark", "behind a mark", "ahead of an outcome", "behind an outcome",
        "ahead of the end", "behind the end",
    )
]  # fmt: skip
CALLS = {"reload": ("write",), "kore": ("read", "write"), "pragmatiks": ("read", "patch", "move")}
STEPS: list[dict[str, Any]] = [{"name": "ahead of a step"}, {"name": "behind a step"}]


def points(service: str) -> list[dict[str, Any]]:
    """All points of a service: commits of the journal, and calls that have not left yet, or whose reply is there."""
    found = list(COMMON)
    for kind in CALLS[service]:
        # the first read tells which account it is, ahead of the intents
        numbers = (1, 5) if kind != "read" else (1 + (service == "pragmatiks"),)
        found += [{"kind": kind, "n": n, "when": when} for n in numbers for when in ("before", "after")]
    return found + (STEPS if service == "pragmatiks" else [])


def dies(stage: Stage, point: dict[str, Any], do: str = "apply", **more: Any) -> None:
    if point.get("name", "").endswith(("outcome", "step")):  # else all of it is one commit
        stage.slow(0.15)
    stage.killed(do, point=point, **more)
    stage.box.faults.clear()


@pytest.mark.parametrize("service", SERVICES)
def test_ahead_of_the_intents_nothing_was_begun(service: str, tmp_path: Path) -> None:
    """Nothing was written, there is no run, and the plan can be applied."""
    with staged(service, tmp_path) as stage:
        stage.prepare(8)
        stage.killed(point={"name": "in the intents"})
        assert [r for r in stage.log if stage.is_write(r)] == []
        conn = stage.connect()
        assert len(conn.runs()) == 0
        plan = tf.open_plan(stage.plan_file, conn)
        assert plan.apply(confirm=len(plan)).counts == {"applied": 8}


@pytest.mark.parametrize("service", SERVICES)
def test_at_each_point(service: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """All is applied in the end, by the oracle once each; the plan can't be applied again; the undo puts all back."""

    def work(point: dict[str, Any]) -> list[str]:
        with staged(service, tmp_path_factory.mktemp("point")) as stage:
            stage.prepare(12)
            dies(stage, point)
            run = stage.run()
            state = stage.state(run)
            if state != ("ended" if point.get("name") == "behind the end" else "broken off"):
                return [f"the run is {state}"]
            conn = stage.connect()
            with pytest.raises(tf.PlanError, match="applied before"):
                tf.open_plan(stage.plan_file, conn).apply(confirm=12)
            report = conn.report(run)
            last = report.resume()
            wrong = stage.complaints(last)
            if state == "ended" and last is not report:
                wrong.append("it had ended, and was gone on with")
            if last.counts != {"applied": 12}:
                wrong.append(f"{last.counts}")
            return wrong + stage.undone(last)

    assert together(work, points(service)) == []


@pytest.mark.parametrize("service", SERVICES)
def test_others_edit_meanwhile(service: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Colleagues edit ahead of the kill and behind it: nobody is overwritten, and each outcome is true."""

    def work(point: dict[str, Any]) -> list[str]:
        with staged(service, tmp_path_factory.mktemp("point")) as stage:
            stage.prepare(24)
            stage.meddle(0.2, "early", seed=1)
            dies(stage, point)
            stage.meddle(0.4, "late", seed=2)
            report = stage.connect().report(stage.run()).resume()
            return stage.complaints(report) + stage.undone(report)

    last = {"reload": "write", "kore": "write", "pragmatiks": "move"}[service]
    calls = [{"kind": kind, "n": 4, "when": when} for kind in {last, "write" if last != "move" else "patch"}
             for when in ("before", "after")]  # fmt: skip
    names = [{"name": name} for name in ("ahead of an outcome", "ahead of the end", "behind a mark")]
    assert together(work, calls + names + (STEPS if service == "pragmatiks" else [])) == []


@pytest.mark.parametrize("service", SERVICES)
def test_the_resume_dies_too_twice(service: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whoever goes on with it may die as well, and the next one finds out what became of all of it."""
    first = {"kind": "patch" if service == "pragmatiks" else "write", "n": 6, "when": "after"}

    def work(point: dict[str, Any]) -> list[str]:
        with staged(service, tmp_path_factory.mktemp("point")) as stage:
            stage.prepare()
            dies(stage, first)
            run = stage.run()
            for n in range(2):
                stage.meddle(0.15, f"time {n}", seed=n)
                dies(stage, point, "resume", run=run)
                if stage.state(run) != "broken off":
                    return [f"the run is {stage.state(run)}"]
            report = stage.connect().report(run).resume()
            return stage.complaints(report) + stage.undone(report)

    kinds = ("patch", "move") if service == "pragmatiks" else ("write",)
    calls = [{"kind": kind, "n": 2, "when": when} for kind in kinds for when in ("before", "after")]
    assert together(work, [*calls, {"name": "ahead of an outcome"}, {"name": "ahead of the end"}]) == []


@pytest.mark.parametrize("service", SERVICES)
def test_another_process_reads_the_same_report(service: str, tmp_path: Path) -> None:
    """What the journal tells a third process is what the resume gave: outcomes, conflicts, what an undo would do."""
    with staged(service, tmp_path) as stage:
        stage.prepare(20)
        dies(stage, {"kind": "patch" if service == "pragmatiks" else "write", "n": 6, "when": "after"})
        stage.meddle(0.4, "late", seed=3)
        report = stage.connect().report(stage.run()).resume()
        assert "conflict" in report.counts
        assert stage.told_elsewhere(report.run_id) == json.loads(json.dumps(told(report)))
