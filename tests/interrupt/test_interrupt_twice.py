"""A second Ctrl-C ends an apply at once, whatever it waits for; and the run can still be gone on with."""

from __future__ import annotations

import json
import subprocess
import sys
from collections.abc import Callable
from typing import Any

import pytest
from interrupt_stage import SERVICES, Children, Stage, until

MakeStage = Callable[..., Stage]


def impatient(stage: Stage) -> Any:
    """Ctrl-C again and again, until something is said."""
    while True:
        stage.child.interrupt()
        try:
            return stage.child.hear(0.3)
        except TimeoutError:
            continue


@pytest.mark.parametrize("where", ["here", "in another process"])
@pytest.mark.parametrize("service", SERVICES)
def test_calls_in_flight_are_left(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """A call that may take a minute is not waited for: what is not known is `unknown`, and a resume finds it out."""
    stage = make_stage(service)
    stage.plan(options={"timeout": 300})
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=1000)
    stage.apply()
    until(lambda: len(stage.writes()) == 4)
    told = impatient(stage)
    assert told["error"] == "ApplyInterrupted"
    assert stage.check(told) == {"unknown": 4, "skipped": 36}
    stage.faults.clear()
    if where == "here" and service == "reload":  # what has no version waits until no call can be under way any more
        done = stage.resume()
    elif service == "reload":
        found, done = stage.take_up(children["takes up"], told["run"])
        assert found["state"] == "stopped"
    else:
        return
    assert {outcome for _, outcome, _ in done["rows"]} == {"applied"}
    stage.check_all_there()


def test_a_journal_that_is_held_up_is_left(make_stage: MakeStage, children: Children) -> None:
    """While the run is put down, and while it is closed: neither keeps anybody waiting; the run is in there later."""
    stage = make_stage("reload")
    stage.plan(bar=True)
    with stage.held():
        stage.apply()
        until(lambda: list(stage.journal.parent.glob("*.live")))
        told = impatient(stage)
    assert told["error"] == "KeyboardInterrupt"
    assert not stage.calls
    until(lambda: not list(stage.journal.parent.glob("*.live")))
    run = stage.runs()[0]
    found, done = stage.take_up(children["takes up"], run)
    assert found["state"] == "broken off"
    assert set(found["outcomes"].values()) == {"skipped"}
    assert stage.check(done) == {"applied": 40}

    stage.plan(bar=True, words="again")
    stage.faults.add("stall", times=None, match=stage.is_write, after=39, seconds=0.5)
    stage.apply()
    until(lambda: len(stage.writes()) == 40)
    with stage.held():
        assert stage.child.hear() == {"cue": "all outcomes are there"}
        told = impatient(stage)
    assert told["error"] == "ApplyInterrupted"
    assert stage.check(told) == {"applied": 40}
    until(lambda: not list(stage.journal.parent.glob("*.live")))
    assert stage.take_up(children["takes up"], told["run"])[0]["state"] == "ended"


SCRIPT = """
import json, sys
import taskframe as tf
conn = tf.connect("reload", **json.loads(sys.argv[1]), journal=sys.argv[2], progress=False, concurrency=2)
tasks = conn.load()
tasks.df["title"] = "ours"
plan = tasks.plan()
plan.apply(confirm=len(plan))
print("the next cell")
"""


def test_a_script_ends_as_others_do(make_stage: MakeStage) -> None:
    """Nobody catches it: the lines behind it don't run, the traceback's last line tells counts and the way on, and the
    exit code is none of success."""
    stage = make_stage("reload")
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=0.2)
    settings = json.dumps(stage.box.settings("reload"))
    command = [sys.executable, "-W", "error", "-c", SCRIPT, settings, str(stage.journal)]
    with subprocess.Popen(command, stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True) as script:
        until(lambda: len(stage.writes()) > 3)
        script.send_signal(2)
        out, err = script.communicate(timeout=60)
    assert script.returncode != 0
    assert out == ""
    last = err.strip().splitlines()[-1]
    assert "ApplyInterrupted" in last
    assert "applied" in last
    assert "skipped" in last
    assert stage.runs()[0] in last
    assert settings not in err
