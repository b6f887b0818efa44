"""Ctrl-C in each phase of an apply: a whole report, true by the server's log, and the run can be gone on with.

Each is interrupted twice: once it goes on in the same process, by the exception's report, once in another one, by the
journal.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from interrupt_stage import SERVICES, Children, Stage, until

MakeStage = Callable[..., Stage]

anywhere = pytest.mark.parametrize("where", ["here", "in another process"])
each_service = pytest.mark.parametrize("service", SERVICES)
in_doubt = pytest.mark.parametrize(  # without versions a resume waits until no call can be under way any more
    ("service", "where"),
    [("reload", "here"), ("reload", "in another process"), ("kore", "here"), ("pragmatiks", "in another process")],
)


def ended_in_order(stage: Stage, told: Any) -> dict[str, int]:
    """ApplyInterrupted, which stops "Run all"; the report is whole and true; the frame has followed."""
    assert told["error"] == "ApplyInterrupted"
    assert told["stopped"] == "interrupted"
    assert told["run"]
    counts = stage.check(told)
    assert told["left"] == len(stage.ids) - counts.get("applied", 0)
    for kind, number in counts.items():
        assert f"{number:,} {kind}" in told["words"]
    return counts


def goes_on(stage: Stage, told: Any, where: str, children: Children) -> None:
    """What was left is done, here or there, and each task was written once."""
    stage.faults.clear()
    counts = stage.check(told)
    if where == "here":
        done = stage.resume()
    else:
        found, done = stage.take_up(children["takes up"], told["run"])
        assert found["state"] == "stopped"
        assert found["outcomes"] == {task: outcome for task, outcome, _ in told["rows"]}
    assert done["error"] == ""
    assert done["run"] == told["run"]
    kinds = {outcome for _, outcome, _ in done["rows"]}
    assert kinds == {"applied"} or (kinds == {"applied", "unchanged"} and counts.get("unknown"))
    assert done["calls"] == len(stage.calls) - stage.visits
    stage.check_all_there()


@anywhere
@each_service
def test_while_the_journal_is_begun(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """Another process is writing in it. It is waited for: the run is in the journal, and ends there in order."""
    stage = make_stage(service)
    stage.plan()
    with stage.held():
        stage.apply()
        until(lambda: list(stage.journal.parent.glob("*.live")))
        stage.child.interrupt()
    told = stage.child.hear()
    ended_in_order(stage, told)
    goes_on(stage, told, where, children)


@anywhere
@pytest.mark.parametrize(
    ("service", "verify"), [("kore", "listing"), ("pragmatiks", "listing"), ("pragmatiks", "each")]
)
def test_while_it_verifies(make_stage: MakeStage, children: Children, service: str, verify: str, where: str) -> None:
    """A read is under way: it may end, and nothing is written after it."""
    stage = make_stage(service)
    stage.plan()
    stage.faults.add("stall", times=None, match=stage.is_read, seconds=0.5)
    stage.apply(how={"verify": verify})
    until(stage.reads)
    told = stage.interrupt()
    assert ended_in_order(stage, told) == {"skipped": 40}
    assert not stage.writes()
    goes_on(stage, told, where, children)


@anywhere
@each_service
def test_while_it_waits_for_a_limit(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """The window is full for a quarter of an hour: all who wait for a slot wake at once."""
    stage = make_stage(service)
    stage.plan(options={"rate": [[10_000, 1000]]})
    full = stage.start + 12
    stage.apply(limit=full)
    until(lambda: len(stage.box.log) == full)
    told = stage.interrupt()
    counts = ended_in_order(stage, told)
    assert set(counts) == {"applied", "skipped"}
    if where != "here":  # here the limit holds
        goes_on(stage, told, where, children)


@anywhere
@each_service
@pytest.mark.parametrize("status", ["429", "503"])
def test_while_it_waits_as_it_was_told(
    make_stage: MakeStage, children: Children, service: str, status: str, where: str
) -> None:
    """Retry-After: minutes of a pause for everybody, and all wake at once."""
    stage = make_stage(service)
    stage.plan()
    stage.faults.add(status, times=None, match=stage.is_write, after=5, retry_after=200)
    stage.apply()
    until(lambda: any(r.status == int(status) for r in stage.writes()))
    told = stage.interrupt()
    counts = ended_in_order(stage, told)
    assert counts["applied"] == 5
    assert counts["failed"] <= 4  # sent, and turned away
    stage.faults.clear()
    if where != "here":
        goes_on(stage, told, where, children)


@anywhere
@each_service
def test_while_calls_are_in_flight(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """They may end, and then they are applied; nobody else leaves."""
    stage = make_stage(service)
    stage.plan()
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=0.4)
    stage.apply()
    until(stage.writes)
    told = stage.interrupt()
    counts = ended_in_order(stage, told)
    assert set(counts) == {"applied", "skipped"}
    assert counts["applied"] <= 4
    goes_on(stage, told, where, children)


@in_doubt
def test_while_a_call_gets_no_answer(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """It is waited for as long as a call may take, and no longer; then it is in doubt, which a resume settles."""
    stage = make_stage(service)
    stage.plan(options={"timeout": 1})
    stage.faults.add("stall", times=None, match=stage.is_write, seconds=100)
    stage.apply()
    until(lambda: len(stage.writes()) == 4)
    told = stage.interrupt()
    assert ended_in_order(stage, told) == {"unknown": 4, "skipped": 36}
    goes_on(stage, told, where, children)


@anywhere
@pytest.mark.parametrize("service", ["reload", "pragmatiks"])
def test_while_a_token_is_renewed(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """The callable never comes back: it isn't waited for, now or when the connection closes or the process ends."""
    stage = make_stage(service)
    stage.plan(token="slow")
    stage.faults.add("401", times=None, match=stage.is_write, after=5)
    stage.apply()
    assert stage.child.hear() == {"cue": "a token is renewed"}
    told = stage.interrupt()
    counts = ended_in_order(stage, told)
    assert counts["applied"] == 5
    if where != "here":
        goes_on(stage, told, where, children)


@anywhere
@each_service
def test_while_a_conflict_is_asked_about(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """The function never comes back: nobody waits for its answer, and the task is left as it was."""
    stage = make_stage(service)
    stage.plan()
    stage.server.edit(stage.ids[20], **{stage.title: "theirs"})
    stage.apply(ask=True)
    assert stage.child.hear() == {"cue": "a conflict is asked about"}
    until(lambda: len([r for r in stage.writes() if r.after]) >= (39 if service == "reload" else 20))
    told = stage.interrupt()
    ended_in_order(stage, told)
    assert told["rows"][20][1] == ("failed" if service == "reload" else "skipped")
    stage.server.edit(stage.ids[20], **{stage.title: stage.before[20]})
    goes_on(stage, told, where, children)


@in_doubt
def test_while_it_waits_to_try_again(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """Between two attempts, seconds apart: all wake at once."""
    stage = make_stage(service)
    stage.plan(options={"timeout": 1})
    stage.faults.add("500", times=None, match=stage.is_write)
    stage.apply()
    until(lambda: len(stage.writes()) >= 20)
    told = stage.interrupt()
    counts = ended_in_order(stage, told)
    assert set(counts) <= {"failed", "unknown", "skipped"}
    goes_on(stage, told, where, children)


@anywhere
@each_service
def test_while_the_frame_follows(make_stage: MakeStage, children: Children, service: str, where: str) -> None:
    """All is applied already: the frame follows to the end, and then the interrupt is told."""
    stage = make_stage(service)
    stage.plan()
    stage.apply(interrupt_in="take_answers")
    told = stage.child.hear()
    assert told["error"] == "ApplyInterrupted"
    assert told["stopped"] == ""
    assert told["left"] == 0
    assert stage.check(told) == {"applied": 40}
    stage.check_all_there()
    if where == "here":
        assert stage.resume()["rows"] == told["rows"]
    else:
        found, done = stage.take_up(children["takes up"], told["run"])
        assert (found["state"], done["rows"]) == ("ended", told["rows"])


@each_service
def test_while_the_journal_is_closed(make_stage: MakeStage, children: Children, service: str) -> None:
    """Another process is writing in it: it is waited for, and the report is of the whole run."""
    stage = make_stage(service)
    stage.plan(bar=True)
    stage.faults.add("stall", times=None, match=stage.is_write, after=39, seconds=0.5)
    stage.apply()
    until(lambda: len(stage.writes()) == 40)
    with stage.held():
        assert stage.child.hear() == {"cue": "all outcomes are there"}
        stage.child.interrupt()
    told = stage.child.hear()
    assert told["error"] == "ApplyInterrupted"
    assert told["left"] == 0
    assert stage.check(told) == {"applied": 40}
    stage.check_all_there()
    found, done = stage.take_up(children["takes up"], told["run"])
    assert (found["state"], done["rows"]) == ("ended", told["rows"])
