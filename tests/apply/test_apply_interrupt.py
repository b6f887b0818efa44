"""Ctrl-C in mid-run: ends in order, with a report, and nothing is sent afterwards."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import time
from collections.abc import Callable
from typing import Any

import pytest
from apply_stage import Stage

CHILD = """
import json, sys
import taskframe as tf

settings, options = json.loads(sys.argv[1]), json.loads(sys.argv[2])
options["rate"] = [tf.Limit(*limit) for limit in options.get("rate", [])]
conn = tf.connect("reload", **settings, progress=False, concurrency=4, timeout=20, **options)
tasks = conn.load(limit=60)
tasks.df["title"] = "ours"
plan = tasks.plan()
print("ready", flush=True)
try:
    plan.apply(confirm=60)
except tf.ApplyInterrupted as stopped:
    report = stopped.report
    rows = report.outcomes.reset_index()[["id", "outcome", "attempts", "detail"]].astype(object)
    print(json.dumps({"rows": rows.to_numpy().tolist(), "calls": report.calls, "left": len(tasks.plan())}))
conn.close()
"""


@pytest.mark.skipif(os.name == "nt", reason="sends SIGINT to a child")
@pytest.mark.parametrize("rate", [[], [[9, 1000]]])
def test_the_first_interrupt_ends_in_order(make_stage: Callable[..., Stage], rate: Any) -> None:
    """Every task has an outcome, those never sent are skipped, what was in flight has ended; then silence.

    Whether the workers are busy, or wait for a slot of a limit that is used up.
    """
    stage = make_stage(tasks=60, factor=1)
    stage.faults.add("latency", times=None, match="update-task", seconds=0.1)
    arguments = [json.dumps(stage.box.settings("reload")), json.dumps({"rate": rate})]
    with subprocess.Popen([sys.executable, "-c", CHILD, *arguments], stdout=subprocess.PIPE, text=True) as child:
        assert child.stdout is not None
        assert child.stdout.readline() == "ready\n"
        while len(stage.updates()) < 8:  # the 9th call of the limited one was the load
            assert child.poll() is None
            time.sleep(0.01)
        child.send_signal(signal.SIGINT)
        told = json.loads(child.stdout.readline())
        seen = len(stage.box.log)
        assert child.wait(timeout=60) == 0
    assert len(stage.box.log) == seen
    rows = told["rows"]
    assert len(rows) == 60
    sent = {call.body["taskId"] for call in stage.updates()}
    written = {call.task_id for call in stage.updates() if call.after}
    assert {task for task, outcome, *_ in rows if outcome == "applied"} == written == sent
    assert {outcome for _, outcome, *_ in rows} == {"applied", "skipped"}
    assert all("interrupted" in detail for _, outcome, _, detail in rows if outcome == "skipped")
    assert 8 <= len(sent) <= 60 - 4
    assert told["calls"] == len(stage.updates())
    assert told["left"] == 60 - len(sent)
