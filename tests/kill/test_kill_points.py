"""A process dies at a named point: the next one goes on with its run, and what is told is true."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
import taskframe as tf
from kill_child import told
from kill_stage import Stage, staged

SERVICES = ("reload", "kore", "pragmatiks")


def gone_on_with(stage: Stage) -> Any:
    """What a resume in this process gives, held against the oracle, and against what another process reads of it."""
    (row,) = stage.connect().runs().to_dict("records")
    assert row["state"] == "broken off"
    report = stage.connect().report(stage.run()).resume()
    assert stage.complaints(report) == []
    assert stage.told_elsewhere(report.run_id) == json.loads(json.dumps(told(report)))
    return report


@pytest.mark.parametrize("service", SERVICES)
def test_ahead_of_the_intents_nothing_was_begun(service: str, tmp_path: Path) -> None:
    """Nothing was sent, there is no run, and the plan can be applied."""
    with staged(service, tmp_path) as stage:
        stage.prepare(8)
        stage.killed(point={"name": "in the intents"})
        assert stage.log == []
        conn = stage.connect()
        assert len(conn.runs()) == 0
        plan = tf.open_plan(stage.plan_file, conn)
        assert plan.apply(confirm=len(plan)).counts == {"applied": 8}


POINTS: list[tuple[str, dict[str, Any]]] = [
    *((service, {"name": name}) for service in SERVICES for name in (
        "behind the intents", "ahead of a mark", "behind a mark", "ahead of an outcome", "behind an outcome",
        "ahead of the end", "behind the end",
    )),
    *((service, {"kind": "write", "n": n, "when": when}) for service in ("reload", "kore")
      for n, when in ((1, "before"), (1, "after"), (5, "before"), (5, "after"))),
    *(("pragmatiks", {"kind": kind, "n": n, "when": when}) for kind in ("patch", "move")
      for n, when in ((1, "before"), (1, "after"), (4, "before"), (4, "after"))),
    *((service, {"kind": "read", "n": 1, "when": when}) for service in ("kore", "pragmatiks")
      for when in ("before", "after")),
    ("pragmatiks", {"name": "ahead of a step"}),
    ("pragmatiks", {"name": "behind a step"}),
]  # fmt: skip


@pytest.mark.parametrize(("service", "point"), POINTS, ids=[f"{s}-{'-'.join(map(str, p.values()))}" for s, p in POINTS])
def test_each_point(service: str, point: dict[str, Any], tmp_path: Path) -> None:
    """All is applied in the end, by the oracle once each; and the undo puts all of it back."""
    slow = 0.15 if "outcome" in point.get("name", "") else 0.0  # the end would be in the same commit
    with staged(service, tmp_path, latency=slow) as stage:
        stage.prepare(12)
        stage.killed(point=point)
        if point.get("name") == "behind the end":
            assert stage.state(stage.run()) == "ended"
            report = stage.connect().report(stage.run())
            assert report.resume() is report
            assert stage.complaints(report) == []
        else:
            report = gone_on_with(stage)
        assert report.counts == {"applied": 12}
        assert stage.undone(report) == []
