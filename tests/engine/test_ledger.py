"""The ledger: one outcome for every work, put down once."""

from __future__ import annotations

import logging
from typing import Any

import pytest

from taskframe.changes.edit import Edit
from taskframe.engine.ledger import Ledger
from taskframe.engine.outcome import Outcome
from taskframe.engine.work import Work


def work(position: int = 0, **state: Any) -> Work:
    made = Work(position, Edit(f"t{position}", {"title": "a"}, {"title": "b"}))
    for name, value in state.items():
        setattr(made, name, value)
    return made


def test_the_first_outcome_counts() -> None:
    """What comes later for the same work changes nothing, and is told to nobody."""
    told: list[Outcome] = []
    ledger = Ledger(told.append)
    one = work()
    ledger.finish(one, "applied")
    ledger.finish(one, "failed", "later")
    ledger.leave(one, "stopped")
    ledger.crash(one, ValueError())
    assert [o.kind for o in ledger.outcomes().values()] == [o.kind for o in told] == ["applied"]


def test_outcomes_come_in_the_order_of_the_edits() -> None:
    """Whatever the order in which they became known."""
    ledger = Ledger(lambda _: None)
    for position in (3, 0, 2, 1):
        ledger.finish(work(position), "applied")
    assert [o.id for o in ledger.outcomes().values()] == ["t0", "t1", "t2", "t3"]


def test_who_is_told_and_breaks_breaks_nothing(caplog: pytest.LogCaptureFixture) -> None:
    """Each outcome is put down; it is logged once, not two thousand times."""

    def broken(_: Outcome) -> None:
        raise RuntimeError("no bar today")

    ledger = Ledger(broken)
    with caplog.at_level(logging.ERROR, "taskframe"):
        for position in range(5):
            ledger.finish(work(position), "applied")
    assert len(ledger.outcomes()) == 5
    assert len(caplog.records) == 1


@pytest.mark.parametrize(
    ("state", "kind"),
    [
        ({}, "skipped"),
        ({"attempts": 1}, "failed"),
        ({"attempts": 1, "flying": True}, "unknown"),
        ({"attempts": 1, "doubt": True}, "unknown"),
        ({"attempts": 1, "step": 1}, "partial"),
        ({"attempts": 2, "step": 1, "flying": True}, "unknown"),
    ],
)
def test_what_the_end_of_a_run_makes_of_a_work(state: dict[str, Any], kind: str) -> None:
    """Never sent: skipped; answered with a no: failed; may have been written: unknown; one call of two: partial."""
    ledger = Ledger(lambda _: None)
    ledger.leave(work(**state), "interrupted")
    (outcome,) = ledger.outcomes().values()
    assert outcome.kind == kind
    assert outcome.detail.startswith("interrupted")


@pytest.mark.parametrize(("state", "kind"), [({}, "failed"), ({"flying": True}, "unknown"), ({"step": 1}, "partial")])
def test_what_a_crash_makes_of_a_work(state: dict[str, Any], kind: str) -> None:
    """In words, and no worse than it is."""
    ledger = Ledger(lambda _: None)
    ledger.crash(work(**state), LookupError("x" * 10_000))
    (outcome,) = ledger.outcomes().values()
    assert outcome.kind == kind
    assert "LookupError" in outcome.detail
    assert len(outcome.detail) <= 500
