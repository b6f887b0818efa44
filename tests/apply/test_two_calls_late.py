"""Two calls with a wait between them: the read of the first may be too old for the second."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest
from apply_stage import one
from test_two_calls import both, calls_of, is_get, is_move, is_patch
from verify_stage import Stage, staged


@pytest.fixture
def fast() -> Iterator[Stage]:
    with staged("pragmatiks", tasks=12, factor=200) as stage:
        yield stage


def test_the_read_age_is_that_of_the_worse_write(fast: Stage) -> None:
    """The transition was held back: its read is the PATCH's reply, and older than the PATCH's own."""
    tasks, _ = both(fast)
    fast.faults.add("429", match=is_move, retry_after=20)
    told = one(fast.apply(tasks))
    assert told["outcome"] == "applied"
    assert 20 <= told["read_age"] < 40


def test_a_transition_that_waited_too_long_is_read_again(fast: Stage) -> None:
    """A minute after the PATCH: its reply is too old, the status is read, and somebody has moved it: not sent."""
    tasks, task = both(fast)
    moved: list[int] = []

    def meddle(call: Any) -> bool:
        if is_move(call) and not moved:
            moved.append(1)
        elif is_get(call) and moved == [1]:
            moved.append(2)
            fast.server.edit(task, status="running")
        return False

    fast.faults.add("latency", times=None, match=meddle)
    fast.faults.add("429", match=is_move, retry_after=60)
    report = fast.apply(tasks)
    assert one(report)["outcome"] == "partial"
    assert list(report.conflicts["theirs"]) == ["running"]
    assert calls_of(fast, task) == ["patch", "move"]


def test_what_was_written_is_not_asked_for_again(fast: Stage) -> None:
    """Between the two calls somebody changes the title that we wrote: theirs now, and no matter of the status."""
    tasks, task = both(fast)
    moved: list[int] = []

    def meddle(call: Any) -> bool:
        if is_get(call) and moved:
            fast.server.edit(task, title="theirs")
        moved.extend([1] * is_move(call))
        return False

    fast.faults.add("latency", times=None, match=meddle)
    fast.faults.add("429", match=is_move, retry_after=60)
    report = fast.apply(tasks)
    assert one(report)[["outcome", "attempts"]].tolist() == ["applied", 3]
    assert calls_of(fast, task) == ["patch", "move", "move"]
    assert tasks.df.loc[task, ["title", "status"]].tolist() == ["theirs", "assigned"]


def test_a_patch_that_was_given_up_and_is_there_goes_on_with_the_status(fast: Stage) -> None:
    """Six attempts without an answer; a read shows that the last one was written: then the transition follows."""
    tasks, task = both(fast)
    fast.faults.add("drop", times=5, match=is_patch)
    fast.faults.add("drop-after", match=is_patch)
    told = one(fast.apply(tasks))
    assert told[["outcome", "attempts"]].tolist() == ["applied", 7]
    assert fast.server.task(task)["status"] == "assigned"
