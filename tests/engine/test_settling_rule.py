"""The three-way rule, on a task as it was read: each of its ends, and all that follows from it."""

from __future__ import annotations

from typing import Any

import pytest
from settling_table import BASE, Table, work

from taskframe.changes.merge import Conflict
from taskframe.engine.caller import Halted
from taskframe.engine.recording import Unrecorded
from taskframe.engine.sending import ATTEMPTS, SILENCE
from taskframe.engine.settling import GONE, PUT_BACK, REBASES, THERE, changed_too
from taskframe.errors import JournalError

BOTH = {"title": "b", "note": "y"}
TITLE = Conflict("title", "a", "b", "c")

# versions that are too old


@pytest.mark.parametrize(
    ("stale", "version", "old"),
    [(True, 1, True), (False, 0, True), (True, 0, True), (False, 1, False), (True, 2, False), (False, 2, False)],
)
def test_a_read_that_lags_behind_is_waited_for(stale: bool, version: int, old: bool) -> None:
    """A version below ours, or the very one that was refused, is no news: it is read again, later."""
    table, made = Table(), work({"title": "b"}, attempts=1, stale=stale, doubt=True)
    assert table.rule(made, version=version) is None
    assert table.queued() == [("read" if old else "send", "t0", old)]
    assert (made.stale, made.doubt, made.failures) == ((stale, True, 1) if old else (False, False, 0))
    assert (made.row is None) is old


@pytest.mark.parametrize(("doubt", "kind"), [(False, "failed"), (True, "unknown")])
def test_a_read_that_lags_behind_for_ever_is_given_up(doubt: bool, kind: str) -> None:
    """After as many tries as any call gets."""
    table, made = Table(), work({"title": "b"}, attempts=1, stale=True, doubt=doubt)
    for _ in range(ATTEMPTS - 1):
        assert table.rule(made, version=1) is None
        assert table.queued() == [("read", "t0", True)]
    told = table.rule(made, version=1)
    assert told is not None
    assert (told.kind, told.detail) == (kind, "the service refuses the version that it shows")
    assert table.queued() == []


# going ahead


def test_where_other_columns_moved_ours_goes_ahead_on_the_new_state() -> None:
    """With their row as its base, and what is left of ours; what was tried in vain is counted."""
    table, made = Table(), work(BOTH, attempts=1, stale=True, failures=4)
    assert table.rule(made, version=5, mine="theirs", note="y") is None
    assert dict(made.edit.base) == {"id": "t0", **BASE, "version": 5, "mine": "theirs", "note": "y"}
    assert (made.edit.id, dict(made.edit.after)) == ("t0", {"title": "b"})
    assert (made.rebases, made.failures, made.stale) == (1, 0, False)
    assert made.row == {"id": "t0", **BASE, "version": 5, "mine": "theirs", "note": "y"}
    assert made.read_at is None  # the version guards it
    assert table.queued() == [("send", "t0", False)]


def test_what_was_sent_before_goes_ahead_of_what_was_not() -> None:
    """A retry comes first, whichever was read first."""
    table = Table(versioned=False)
    table.rule(work({"title": "b"}, 0))
    table.rule(work({"title": "b"}, 1, attempts=1))
    table.rule(work({"title": "b"}, 2))
    assert [task for _, task, _ in table.queued()] == ["t1", "t0", "t2"]


def test_without_versions_it_is_known_when_the_task_was_read() -> None:
    """By what left when: the age of the read counts from there. To read ahead of a write is no try in vain."""
    table, made = Table(versioned=False), work({"title": "b"})
    assert table.rule(made, at=42.5, mine="theirs") is None
    assert (made.read_at, made.rebases, made.failures) == (42.5, 0, 0)


@pytest.mark.parametrize(
    ("versioned", "state", "counts"),
    [
        (True, {}, 0),
        (True, {"stale": True}, 1),
        (True, {"doubt": True}, 1),
        (False, {"doubt": True}, 1),
        (False, {"doubt": True, "lost": {"title": "b"}}, 0),
        (False, {"lost": {"title": "b"}}, 0),
    ],
)
def test_tries_in_vain_are_counted(versioned: bool, state: dict[str, Any], counts: int) -> None:
    """A refused version is one, and a lost reply that may have been read too early is none."""
    table, made = Table(versioned=versioned), work({"title": "b"}, attempts=1, **state)
    assert table.rule(made, version=2 if "stale" in state else 1) is None
    assert made.rebases == counts
    assert table.queued() == [("send", "t0", False)]


def test_failures_of_another_kind_are_not_forgotten() -> None:
    """Only a refused version that was read anew starts them afresh."""
    table, made = Table(), work({"title": "b"}, attempts=3, doubt=True, failures=3)
    assert table.rule(made) is None
    assert made.failures == 3


def test_what_keeps_changing_is_given_up() -> None:
    """After five times on a new state."""
    table, made = Table(), work({"title": "b"}, attempts=1)
    for version in range(2, 2 + REBASES):
        made.stale = True
        assert table.rule(made, version=version) is None
        assert table.queued() == [("send", "t0", False)]
    made.stale = True
    told = table.rule(made, version=9)
    assert told is not None
    assert told.kind == "failed"
    assert told.detail == "kept changing: others changed it 6 times while we tried"
    assert REBASES == 5
    assert table.queued() == []


# ours is there


def test_what_the_service_has_already_is_unchanged() -> None:
    """Not from us: nothing of it was sent, or its reply said no. What a call remarked is told."""
    table = Table()
    told = table.rule(work(BOTH), version=3, **BOTH)
    assert told is not None
    assert (told.kind, told.detail) == ("unchanged", "the service had these values already")
    told = table.rule(work(BOTH, 1, stale=True, remark="a remark"), version=3, **BOTH)
    assert told is not None
    assert (told.kind, told.detail) == ("unchanged", "a remark; the service had these values already")
    assert table.queued() == []


def test_behind_a_call_that_went_through_the_rest_is_named() -> None:
    """Together the task is applied."""
    table = Table(versioned=False)
    made = work({"title": "b", "note": "y", "mine": "n"}, attempts=1, step=1, written={"title": "b"})
    told = table.rule(made, title="b", note="y", mine="n")
    assert told is not None
    assert (told.kind, told.detail) == ("applied", "the service had note, mine already")


def test_a_lost_reply_whose_values_are_there_was_applied() -> None:
    """Behind a version: ours, as nobody else can have written with it."""
    table, made = Table(), work(BOTH, attempts=1, doubt=True, lost_age=2.0)
    told = table.rule(made, version=2, **BOTH)
    assert told is not None
    assert (told.kind, told.detail, told.read_age) == ("applied", THERE, 2.0)
    assert (dict(told.written), dict(told.before)) == (BOTH, {"title": "a", "note": "x"})
    assert table.queued() == []


def test_a_lost_reply_without_versions_is_settled_too() -> None:
    """As old as the read ahead of that very call was; nothing is left to do."""
    table, made = Table(versioned=False), work(BOTH, attempts=1, doubt=True, lost=BOTH, lost_age=2.0, age=9.0)
    told = table.rule(made, **BOTH)
    assert told is not None
    assert (told.kind, told.detail, told.read_age) == ("applied", THERE, 2.0)
    assert dict(told.written) == BOTH
    assert table.queued() == []


class Steps(Unrecorded):
    """Keeps what a crash must not lose; or can't."""

    def __init__(self, *, broken: bool = False) -> None:
        self.steps: list[Any] = []
        self._broken = broken

    async def step(self, position: int, cells: Any, before: Any, row: Any) -> None:
        if self._broken:
            raise JournalError("disk full")
        self.steps.append((position, dict(cells), dict(before), row["mine"]))


def test_the_first_of_two_calls_was_lost_and_is_there() -> None:
    """It is put down ahead of the second one; what was said of the lost call does not count any more."""
    steps = Steps()
    table = Table(versioned=False, record=steps)
    made = work(BOTH, attempts=1, doubt=True, lost={"title": "b"}, denied="no", refusal="no")
    assert table.rule(made, title="b", mine="theirs") is None
    assert steps.steps == [(0, {"title": "b"}, {"title": "a"}, "theirs")]
    assert (made.denied, made.refusal, dict(made.edit.after)) == ("", "", {"note": "y"})
    assert table.queued() == [("send", "t0", False)]


def test_what_can_not_be_put_down_ends_the_run() -> None:
    """The task is left in the queue."""
    table = Table(versioned=False, record=Steps(broken=True))
    made = work(BOTH, attempts=1, doubt=True, lost={"title": "b"})
    assert table.rule(made, title="b") is None
    assert table.stopped == ["disk full"]
    assert table.queued() == [("send", "t0", False)]
    assert made.rebases == 0


def test_a_last_call_that_is_settled_needs_no_putting_down() -> None:
    """Its outcome is; so it is behind a version."""
    for versioned, lost in ((False, BOTH), (True, {})):
        steps = Steps()
        told = Table(versioned=versioned, record=steps).rule(
            work(BOTH, attempts=1, doubt=True, lost=lost), version=2, **BOTH
        )
        assert told is not None
        assert (told.kind, steps.steps) == ("applied", [])
    steps = Steps()
    made = work(BOTH, attempts=2, doubt=True)
    made.edit = type(made.edit)("t0", made.edit.base, {"title": "b"})  # the other cell was ours when it was read last
    told = Table(record=steps).rule(made, version=2, **BOTH)
    assert told is not None
    assert (told.kind, steps.steps) == ("applied", [])


# conflicts


def test_a_cell_that_both_changed_is_a_conflict() -> None:
    """With all three values; nothing goes out, and what would is known."""
    table, made = Table(), work(BOTH, attempts=1, stale=True)
    told = table.rule(made, version=2, title="c")
    assert told is not None
    assert (told.kind, told.detail) == ("conflict", "changed by others too: title")
    assert told.conflicts == (TITLE,)
    assert made.edit.base["title"] == "c"
    assert table.queued() == []
    told = table.rule(work(BOTH, 1), version=2, title="c", note="z")
    assert told is not None
    assert told.detail == "changed by others too: title, note"


def test_a_conflict_after_a_lost_reply_may_be_ours_changed_again() -> None:
    """Also where only one write has happened since."""
    for version in (2, 3):
        told = Table().rule(work({"title": "b"}, attempts=1, doubt=True), version=version, title="c")
        assert told is not None
        assert (told.kind, told.detail, told.conflicts) == ("conflict", PUT_BACK, (TITLE,))


def test_what_may_have_been_put_back_is_a_conflict_where_it_is_as_it_was() -> None:
    """Of the cells that were sent; those that are in conflict anyway stand there once."""
    told = Table().rule(work(BOTH, attempts=1, doubt=True), version=3, title="c")
    assert told is not None
    assert (told.kind, told.detail) == ("conflict", PUT_BACK)
    assert told.conflicts == (TITLE, Conflict("note", "x", "y", "x"))
    both = work(BOTH, attempts=1, lost={"note": "y", "mine": "n"})
    told = Table(versioned=False).rule(both, mine="n", note="x")
    assert told is not None
    assert told.conflicts == (Conflict("note", "x", "y", "x"),)  # the title was never sent
    assert (told.kind, told.detail) == ("conflict", PUT_BACK)


def test_a_conflict_behind_a_lost_call_that_is_there_is_only_theirs() -> None:
    """What was lost is settled: nobody put it back."""
    made = work(BOTH, attempts=1, doubt=True, lost={"title": "b"})
    told = Table(versioned=False).rule(made, title="b", note="z")
    assert told is not None
    assert (told.kind, told.conflicts) == ("partial", (Conflict("note", "x", "y", "z"),))
    assert told.detail == "title went through, note did not: changed by others too: note"


def test_no_cell_in_doubt_is_a_conflict_while_nothing_moved() -> None:
    """It is sent again."""
    table = Table()
    assert table.rule(work({"title": "b"}, attempts=1, doubt=True), version=2, mine="theirs") is None
    assert table.queued() == [("send", "t0", False)]


# what the service said no to


def test_a_refusal_stands_where_nothing_moved() -> None:
    """It was said of the task as it is."""
    table = Table(versioned=False)
    told = table.rule(work({"title": "b"}, attempts=1, denied="not so"))
    assert told is not None
    assert (told.kind, told.detail) == ("failed", "not so")
    told = table.rule(work({"title": "b"}, 1, attempts=1, refusal="not so"), mine="theirs")
    assert told is not None
    assert (told.kind, told.detail) == ("failed", "not so")


def test_a_refusal_of_a_task_that_moved_is_told_with_the_conflict() -> None:
    """Whoever would overwrite what is there: this one the service refused."""
    for on_conflict in ("report", "overwrite"):
        for said in ({"denied": "not so"}, {"refusal": "not so"}):
            told = Table(on_conflict, versioned=False).rule(work({"title": "b"}, attempts=1, **said), title="c")  # type: ignore[arg-type]
            if on_conflict == "report" or "refusal" in said:
                assert told is not None
                assert (told.kind, told.detail) == ("conflict", "changed by others too: title; not so")
            else:
                assert told is None


def test_a_refusal_is_said_once() -> None:
    """What was refused of another state of the task may go ahead on this one."""
    table, made = Table("overwrite", versioned=False), work(BOTH, attempts=1, denied="not so")
    assert table.rule(made, title="c") is None
    assert (made.denied, made.refusal) == ("", "")
    assert table.queued() == [("send", "t0", False)]


# on_conflict


@pytest.mark.parametrize("attempts", [0, 1])
def test_overwritten_is_what_they_changed(attempts: int) -> None:
    """On their row; whether it counts as a try in vain is as without a conflict."""
    table, made = Table("overwrite"), work(BOTH, attempts=attempts, stale=True)
    assert table.rule(made, version=2, title="c") is None
    assert (dict(made.edit.after), made.edit.base["version"], made.rebases) == (BOTH, 2, 1)
    assert table.queued() == [("send", "t0", False)]
    ahead = work({"title": "b"})
    assert table.rule(ahead, title="c") is None
    assert ahead.rebases == 0


def test_a_lost_reply_with_a_conflict_is_a_try_in_vain() -> None:
    """Where no versions are, too."""
    table, made = Table("overwrite", versioned=False), work(BOTH, attempts=1, doubt=True, lost=BOTH)
    assert table.rule(made, title="c") is None
    assert made.rebases == 1


def test_the_answer_is_remembered() -> None:
    """For the next time that this task is read."""
    table, made = Table(lambda *_: "joined"), work({"title": "b"}, attempts=1)
    assert table.rule(made, title="c") is None
    assert made.decided == {"title": ("c", "joined")}
    assert dict(made.edit.after) == {"title": "joined"}


@pytest.mark.parametrize(
    ("state", "theirs", "kind", "words"),
    [
        ({}, {"title": "c"}, "unchanged", "the service's values were taken"),
        ({}, {"title": "c", "note": "y"}, "unchanged", "the service's values were taken"),
        ({"doubt": True}, {"title": "c", "note": "z"}, "unchanged", "the service's values were taken"),
        (
            {"doubt": True},
            {"title": "c", "note": "y"},
            "applied",
            "a reply was lost; for what is not there the service's values were taken",
        ),
    ],
)
def test_theirs_taken_throughout_leaves_nothing_to_send(
    state: dict[str, Any], theirs: dict[str, Any], kind: str, words: str
) -> None:
    """Unchanged; or applied, where a part of a lost call is there."""
    table = Table(lambda *five: five[4])
    after = BOTH if "note" in theirs else {"title": "b"}
    told = table.rule(work(after, attempts=1, **state), version=2, **theirs)
    assert told is not None
    assert (told.kind, told.detail) == (kind, words)
    assert table.queued() == []


def test_no_decision_fails_with_the_conflict() -> None:
    table = Table(lambda *_: 1 / 0)
    told = table.rule(work(BOTH, attempts=1), version=2, title="c")
    assert told is not None
    assert (told.kind, told.conflicts) == ("failed", (TITLE,))
    assert told.detail == "on_conflict raised ZeroDivisionError: division by zero"


@pytest.mark.parametrize("doubt", [False, True])
def test_nobody_is_asked_any_more_when_the_run_ends(doubt: bool) -> None:
    """The task is left as it was, to be read again; its doubt with it."""
    asked: list[Any] = []
    table, made = Table(lambda *five: asked.append(five)), work({"title": "b"}, attempts=1, doubt=doubt)
    table.caller.halt()
    assert table.rule(made, version=2, title="c") is None
    assert (asked, made.doubt) == ([], doubt)
    assert table.queued() == [("read", "t0", False)]


# reading


def test_each_of_a_batch_gets_what_was_read_of_it() -> None:
    """Read at the moment that its call left; a task that is nowhere is not known of, the others are."""
    table = Table(versioned=False, answers={"t0": {**BASE, "title": "b"}, "t2": {**BASE, "mine": "theirs"}})
    works = [work({"title": "b"}, n, attempts=1) for n in range(3)]
    told = table.settle(*works)
    assert {task: outcome.kind for task, outcome in told.items()} == {"t0": "unchanged", "t1": "unknown"}
    assert (works[0].read_at, works[1].read_at, works[2].read_at) == (100.0, None, 100.0)
    assert table.queued() == [("send", "t2", False)]
    assert table.asked == ["t0", "t1", "t2"]


def test_the_others_go_on_when_one_can_not_be_read() -> None:
    """One by one: it fails, and says how; where a reply of its own was lost it is not known."""
    for doubt, kind in ((False, "failed"), (True, "unknown")):
        answers = {f"t{n}": {**BASE, "title": "b"} for n in range(4)} | {"t1": 500}
        table = Table(versioned=False, answers=answers)
        told = table.settle(*(work({"title": "b"}, n, attempts=1, doubt=doubt and n == 1) for n in range(4)))
        assert [told[f"t{n}"].kind for n in (0, 2, 3)] == ["unchanged"] * 3
        assert told["t1"].kind == kind
        assert told["t1"].detail.startswith("it could not be read again: GET /tasks/t1: out of order")
        assert table.stopped == []


def test_two_in_a_row_that_can_not_be_read_are_no_odd_tasks() -> None:
    """Neither is the rest asked for; what was found before counts."""
    answers = {"t0": {**BASE, "title": "b"}, "t1": 500, "t2": 500, "t3": {**BASE, "title": "b"}}
    table = Table(versioned=False, answers=answers)
    told = table.settle(*(work({"title": "b"}, n, attempts=1) for n in range(4)))
    assert [told[f"t{n}"].kind for n in range(4)] == ["unchanged", "failed", "failed", "failed"]
    assert "t3" not in table.asked
    table = Table(versioned=False, answers=answers | {"t2": {**BASE, "title": "b"}, "t3": 500})
    told = table.settle(*(work({"title": "b"}, n, attempts=1) for n in range(4)))
    assert [told[f"t{n}"].kind for n in range(4)] == ["unchanged", "failed", "unchanged", "failed"]


def test_the_first_and_the_last_are_not_neighbours() -> None:
    """One odd task at the head of a batch leaves the others their turn."""
    table = Table(versioned=False, answers={"t0": 500, "t1": {**BASE, "title": "b"}, "t2": 500})
    told = table.settle(*(work({"title": "b"}, n, attempts=1) for n in range(3)))
    assert [told[f"t{n}"].kind for n in range(3)] == ["failed", "unchanged", "failed"]


@pytest.mark.parametrize(("status", "asked"), [(401, 1), (429, 1), (503, 6)])
def test_what_is_no_tasks_own_failure_ends_the_run(status: int, asked: int) -> None:
    """Not signed in, or asked to stay away for longer than we wait: no other task is tried."""
    answers: dict[str, Any] = {f"t{n}": status for n in range(3)}
    table = Table(versioned=False, answers=answers)
    table.caller.max_wait = 0.0 if status == 429 else 300.0
    told = table.settle(*(work({"title": "b"}, n, attempts=n) for n in range(3)))
    assert [told[f"t{n}"].kind for n in range(3)] == ["skipped", "failed", "failed"]
    assert all(outcome.left for outcome in told.values())
    assert table.asked == ["t0"] * asked
    assert table.stopped
    assert told["t0"].detail == table.stopped[0]


def test_a_read_ahead_that_fails_is_told_as_one() -> None:
    """Nothing was sent."""
    table = Table(versioned=False, answers={"t0": 400})
    told = table.settle(work({"title": "b"}))
    assert told["t0"].kind == "failed"
    assert told["t0"].detail == "it could not be read ahead of its write: GET /tasks/t0: no"
    assert table.asked == ["t0"]  # once: alone it is no odd one among others
    told = Table(versioned=False, answers={"t0": 400}).settle(work({"title": "b"}, flying=True))
    assert told["t0"].detail.startswith("it could not be read again: ")


@pytest.mark.parametrize(
    ("answer", "state", "ends"),
    [(None, {}, True), (None, {"attempts": 1}, False), (None, {"flying": True}, False), (400, {}, False)],
)
def test_ten_tasks_without_any_answer_end_the_run(answer: Any, state: dict[str, Any], ends: bool) -> None:
    """Ahead of their first write, one after another: the service is out of reach. A no is an answer."""
    table = Table(versioned=False, answers=dict.fromkeys((f"t{n}" for n in range(SILENCE)), answer))
    for n in range(SILENCE - 1):
        (outcome,) = table.settle(work({"title": "b"}, n, **state)).values()
        assert (outcome.kind, table.stopped) == ("failed", [])
    (outcome,) = table.settle(work({"title": "b"}, SILENCE - 1, **state)).values()
    assert (outcome.kind, bool(table.stopped)) == (("skipped", True) if ends else ("failed", False))
    assert SILENCE == 10


def test_one_answer_in_between_counts_from_the_start() -> None:
    table = Table(versioned=False, answers=dict.fromkeys((f"t{n}" for n in range(2 * SILENCE)), None))
    table.answers["t5"] = {**BASE, "title": "b"}
    for n in range(5 + SILENCE):
        table.settle(work({"title": "b"}, n))
        assert table.stopped == []
    table.settle(work({"title": "b"}, 5 + SILENCE))
    assert table.stopped


def test_a_bug_over_one_task_costs_the_others_nothing() -> None:
    """It is told as what it is."""
    table = Table(versioned=False, answers={f"t{n}": {**BASE, "title": "b"} for n in range(3)})
    works = [work({"title": "b"}, n, attempts=1) for n in range(3)]
    works[1].plan = None  # type: ignore[assignment]
    works[1].plan = type(works[0].plan)("t1", BASE, {"no such column": 1})
    works[1].edit = type(works[0].plan)("t1", {"id": "t1", **BASE}, {"no such column": 1})
    told = table.settle(*works)
    assert [told[f"t{n}"].kind for n in range(3)] == ["unchanged", "failed", "unchanged"]
    assert told["t1"].detail.startswith("internal error: ")


def test_an_answer_that_breaks_the_reading_is_that_tasks_own_failure() -> None:
    """Whatever is raised over it."""
    table = Table(versioned=False, answers={"t0": {"torn": True}, "t1": {**BASE, "title": "b"}})
    told = table.settle(*(work({"title": "b"}, n) for n in range(2)))
    assert [told[f"t{n}"].kind for n in range(2)] == ["failed", "unchanged"]
    assert "half of it is missing" in told["t0"].detail
    assert table.stopped == []


def test_a_halt_while_reading_is_no_failure_of_the_tasks() -> None:
    """Whoever called knows that the run has ended; be it when all are read together or one by one."""
    for count in (1, 2):
        table = Table(answers={"t0": {**BASE}, "t1": {**BASE}})
        table.caller.halt()
        with pytest.raises(Halted):
            table.settle(*(work({"title": "b"}, n) for n in range(count)))
    table = Table(versioned=False, answers={"t0": 400, "t1": {**BASE}})
    table.halt_at = 2  # together: t0 was refused; then t0 alone, and nothing more
    with pytest.raises(Halted):
        table.settle(*(work({"title": "b"}, n) for n in range(2)))
    assert table.asked == ["t0", "t0"]


def test_where_nothing_is_in_conflict_there_is_nothing_to_say() -> None:
    assert changed_too(()) == ""
    assert changed_too((TITLE, Conflict("note", "x", "y", "z"))) == "changed by others too: title, note"


@pytest.mark.parametrize(
    ("state", "words"),
    [
        ({}, f"{GONE}; nothing was sent"),
        ({"attempts": 1, "detail": "out of order"}, f"out of order; and {GONE}"),
        ({"attempts": 1, "doubt": True, "detail": "out of order"}, f"a reply was lost; and {GONE}"),
        ({"flying": True, "detail": "out of order"}, f"out of order; and {GONE}"),
        ({"doubt": True}, f"a reply was lost; and {GONE}"),
        ({"attempts": 1, "stale": True, "doubt": True}, f"changed by others; and {GONE}"),
        ({"attempts": 1, "stale": True, "denied": "not so"}, f"not so; and {GONE}"),
        ({"attempts": 1, "denied": "not so", "refusal": "never"}, f"never; and {GONE}"),
        ({"attempts": 1, "refusal": "never"}, f"never; and {GONE}"),
    ],
)
def test_a_task_that_is_nowhere_is_not_known_of(state: dict[str, Any], words: str) -> None:
    """It may be hidden only; what was said of it last is told."""
    told = Table().finish(lambda settler: settler.nowhere(work({"title": "b"}, **state)))
    assert (told.kind, told.detail) == ("unknown", words)
