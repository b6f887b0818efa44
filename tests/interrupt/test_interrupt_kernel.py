"""The stop button of a notebook: "Run all" stops, and the next cell has the report and can go on."""

from __future__ import annotations

import json
from collections.abc import Callable, Iterator
from typing import Any

import pytest
from interrupt_stage import Stage, until

manager = pytest.importorskip("jupyter_client.manager")
pytest.importorskip("ipykernel")

pytestmark = pytest.mark.filterwarnings("ignore")  # those of the client that drives the kernel

BEGIN = """
import json, sys
import taskframe as tf
conn = tf.connect({service!r}, **json.loads({settings!r}), journal={journal!r}, concurrency=2)
tasks = conn.load()
tasks.df[{title!r}] = [f"ours {{n}}" for n in range(len(tasks))]
plan = tasks.plan()
"""
RECOVER = """
report = sys.last_value.report
print(json.dumps([report.run_id, report.counts, len(tasks.plan()), conn.runs().loc[report.run_id, "state"]]))
"""
GO_ON = """
again = report.resume()
print(json.dumps([again.run_id, again.counts, len(tasks.plan())]))
conn.close()
"""


class Kernel:
    """A real kernel; its client."""

    def __init__(self) -> None:
        self.manager, self.client = manager.start_new_kernel(kernel_name="python3")

    def run(self, code: str) -> tuple[Any, str]:
        return self.result(self.client.execute(code))

    def result(self, message: str) -> tuple[Any, str]:
        """The reply to a cell, and what the cell printed."""
        while True:
            reply = self.client.get_shell_msg(timeout=60)
            if reply["parent_header"].get("msg_id") == message:
                break
        text = ""
        while True:
            told = self.client.get_iopub_msg(timeout=60)
            if told["parent_header"].get("msg_id") != message:
                continue
            if told["msg_type"] == "stream" and told["content"]["name"] == "stdout":
                text += told["content"]["text"]
            if told["msg_type"] == "status" and told["content"]["execution_state"] == "idle":
                return reply["content"], text

    def close(self) -> None:
        self.client.stop_channels()
        self.manager.shutdown_kernel(now=True)


@pytest.fixture(scope="module")
def kernel() -> Iterator[Kernel]:
    kernel = Kernel()
    yield kernel
    kernel.close()


@pytest.mark.parametrize(("service", "phase"), [("reload", "in flight"), ("kore", "verifying"), ("reload", "waiting")])
def test_run_all_stops(kernel: Kernel, make_stage: Callable[..., Stage], service: str, phase: str) -> None:
    """The cell fails with ApplyInterrupted, the cells queued behind it are not run; then the report is at hand."""
    stage = make_stage(service)
    settings = json.dumps(stage.box.settings(service))
    values = {"service": service, "settings": settings, "journal": str(stage.journal), "title": stage.title}
    assert kernel.run(BEGIN.format(**values))[0]["status"] == "ok"
    stage.start = len(stage.box.log)
    if phase == "waiting":
        stage.faults.add("429", times=None, after=5, match=stage.is_write, retry_after=200)
    else:
        match = stage.is_write if phase == "in flight" else stage.is_read
        stage.faults.add("stall", times=None, match=match, seconds=0.3)

    cell = kernel.client.execute("plan.apply(confirm=len(plan))")
    queued = kernel.client.execute("plan.retry_everything_at_once()")
    if phase == "waiting":
        until(lambda: any(r.status == 429 for r in stage.writes()))
    else:
        until(lambda: len(stage.calls) > (3 if phase == "in flight" else 0))
    kernel.manager.interrupt_kernel()
    reply, _ = kernel.result(cell)
    assert (reply["status"], reply["ename"]) == ("error", "ApplyInterrupted")
    assert "skipped" in reply["evalue"]
    assert kernel.result(queued)[0]["status"] == "aborted"

    reply, text = kernel.run(RECOVER)
    assert reply["status"] == "ok"
    run, counts, left, state = json.loads(text)
    applied = counts.get("applied", 0)
    assert sum(counts.values()) == 40
    assert (applied, left, state) == (len([r for r in stage.writes() if r.after]), 40 - applied, "stopped")
    assert run in str(kernel.run("print(sys.last_value)")[1])

    if phase != "waiting":  # there the pause holds
        stage.faults.clear()
        assert json.loads(kernel.run(GO_ON)[1]) == [run, {"applied": 40}, 0]
    else:
        kernel.run("conn.close()")
