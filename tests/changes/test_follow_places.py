"""Following, where it is a matter of which task, which state and whose write: each found as a mutant that lived."""

from __future__ import annotations

from typing import Any

import numpy as np
import pandas as pd
import pytest
from kinds import SCHEMA, cells, compared, frame, is_untouched
from test_follow import advance, answer, applied, loaded

from taskframe.changes.answered import Answered
from taskframe.changes.baseline import Baseline
from taskframe.changes.follow import Followed, follow
from taskframe.changes.intake import take_frame
from taskframe.changes.normal import normal_values
from taskframe.schema import Column, Schema


def own(df: pd.DataFrame, baseline: Baseline, rows: dict[str, Any], sent: dict[str, Any], ids: list[str]) -> Baseline:
    return follow(df, take_frame(df, SCHEMA), baseline, Answered.of(rows, sent, own=ids)).baseline


def test_of_our_own_writes_the_last_fifty_are_known() -> None:
    """Each with what the task was before it: further behind an edited copy can't be told from others' writes."""
    df, baseline = loaded()
    for version in range(2, 62):
        row = {"id": "t0", "version": version, "title": f"title {version}"}
        baseline = follow(df, None, baseline, Answered.of({"t0": row}, own=["t0"])).baseline
    assert [step.rows["title"].tolist() for step in baseline.steps] == [[f"title {n}"] for n in range(11, 61)]
    assert [step.rows["version"].tolist() for step in baseline.steps] == [[n] for n in range(11, 61)]
    assert all(step.places.tolist() == [0] for step in baseline.steps)


def test_the_states_that_own_writes_left_stand_in_the_order_of_the_load() -> None:
    """Whatever the order of the answers; tasks that others wrote are not among them."""
    df, baseline = loaded()
    rows = {t: answer(t, title="new") for t in ("t3", "t1", "t0")}
    (step,) = own(df, baseline, rows, {}, ["t3", "t0"]).steps
    assert step.places.tolist() == [0, 3]
    assert step.rows["title"].tolist() == ["Fix the login page", "007"]


def test_a_write_of_ours_does_not_unlock_what_others_wrote_before() -> None:
    """The reply shows theirs as well: an edit beneath it stays on the state that it was made on."""
    df, baseline = loaded()
    df.loc["t0", "title"] = "ours"
    baseline = applied(df, baseline, {"t0": answer("t0", title="theirs", version=7)}, {})
    df.loc["t0", "note"] = "sent"
    row = answer("t0", title="theirs again", note="sent", version=8)
    after = own(df, baseline, {"t0": row}, {"t0": {"note": "sent"}}, ["t0"])
    assert after.locks == {0: 1}
    assert after.frame.loc["t0", ["title", "note"]].tolist() == ["Fix the login page", "sent"]


def test_the_very_next_version_is_ours_only_where_we_wrote() -> None:
    """Beside a task that we wrote, others may have written one just once."""
    df, baseline = loaded()
    df.loc[["t0", "t1"], "title"] = "later"
    rows = {t: answer(t, title="new") for t in ("t0", "t1")}
    assert own(df, baseline, rows, {}, ["t1"]).locks == {0: 1}


def test_an_edit_that_was_made_since_is_held_only_where_its_cell_moved() -> None:
    """What was sent and came to nothing leaves the cell as it was: nobody changed it beneath the later edit."""
    df, baseline = loaded()
    df.loc["t0", "title"] = "later"
    row = answer("t0", version=7)
    after = applied(df, baseline, {"t0": row}, {"t0": {"title": "sent"}})
    assert after.locks == {}
    assert cells(compared(df, after)) == {("t0", "title"): "later"}


def test_an_edit_on_what_we_sent_is_held_where_others_wrote_over_that() -> None:
    df, baseline = loaded()
    df.loc[["t0", "t1"], "title"] = "later"
    rows = {"t0": answer("t0", title="theirs", version=7), "t1": answer("t1", title="sent", version=7)}
    after = applied(df, baseline, rows, {t: {"title": "sent"} for t in rows})
    assert after.locks == {0: 1}
    assert after.frame["title"].tolist()[:2] == ["Fix the login page", "sent"]


def test_a_lock_ends_with_an_answer_that_holds_what_was_loaded() -> None:
    """Columns that the load left out are none of its business."""
    df = frame().drop(columns="meta")
    baseline = Baseline.of(df, SCHEMA)
    df.loc["t0", "title"] = "ours"
    baseline = applied(df, baseline, {"t0": answer("t0", title="theirs", version=7)}, {})
    assert baseline.locks == {0: 1}
    row = answer("t0", version=8)
    del row["meta"]
    assert applied(df, baseline, {"t0": row}, {}).locks == {}


def test_what_was_sent_goes_with_its_own_task_beside_strangers() -> None:
    """An answer for a task that the load had not comes first: the others are told apart all the same."""
    df, baseline = loaded()
    df.loc["t0", "title"] = "sent"
    rows = {"t9": answer("t1"), "t0": answer("t0", title="made of it")}
    applied(df, baseline, rows, {"t0": {"title": "sent"}, "t9": {"title": "sent"}})
    assert df["title"].tolist()[:2] == ["made of it", "Café"]


def test_answers_after_a_load_of_no_tasks_change_nothing() -> None:
    baseline = Baseline.of(frame().iloc[:0], SCHEMA)
    assert advance(baseline, {"t0": answer("t0"), "t1": answer("t1")}) is baseline


def test_a_title_that_became_the_index_is_not_written_back_as_a_column() -> None:
    """Beside the ids as a column: the frame keeps its shape, and its titles stay on the old baseline."""
    df, baseline = loaded()
    df = df.reset_index().set_index("title")
    columns = list(df.columns)
    after = applied(df, baseline, {"t0": answer("t0", title="theirs", note="theirs")}, {})
    assert list(df.columns) == columns
    assert is_untouched(compared(df, after))


TIMES = [pd.Timestamp("2026-01-01T00:00:00Z"), pd.Timestamp("2026-01-01T00:00:00.123456Z"), None]
MOMENTS = Schema((Column("at", "timestamp", editable=True, clearable=True, unit="ms"), Column("size", "number")))


@pytest.mark.parametrize("beside", ["2026-02-02T00:00:00Z", None, "soon", 5, ["soon"]], ids=repr)
def test_a_time_is_a_time_whatever_comes_beside_it(beside: Any) -> None:
    """An instant that moved becomes a time, and one in another zone does not move."""
    found = with_times(beside, "2026-01-01T01:00:00.123456+01:00")
    for known in (found.baseline.rows(np.arange(3))["at"], found.columns["at"]):
        assert normal_values(known)[1:] == [TIMES[1], pd.Timestamp("2026-05-05T00:00:00Z")]
        assert all(isinstance(time, pd.Timestamp) for time in known.tolist()[1:])


def test_what_is_the_same_to_the_millisecond_does_not_move_beside_what_is_no_time() -> None:
    """Where the service keeps no more; what was loaded stays."""
    found = with_times("soon", "2026-01-01T01:00:00.123999+01:00")
    assert normal_values(found.baseline.rows(np.arange(3))["at"])[:2] == ["soon", TIMES[1]]


@pytest.mark.parametrize("first", ["soon", 5, True])
def test_times_beside_what_is_none_stay_where_they_are_the_same(first: Any) -> None:
    """In the next answer: only the one that is another moves, and what was no time may become one."""
    baseline = with_times(first, TIMES[1].isoformat()).baseline
    times = baseline.rows(np.arange(3))
    again = {"t1": {"at": "2026-01-01T01:00:00.123456+01:00"}, "t2": {"at": "2026-05-05T00:00:00Z"}}
    followed = follow(times, take_frame(times, MOMENTS), baseline, Answered.of(again))
    assert followed.columns == {}
    followed = follow(
        times, take_frame(times, MOMENTS), baseline, Answered.of({**again, "t0": {"at": "2026-06-06T00:00:00Z"}})
    )
    assert normal_values(followed.columns["at"]) == [
        pd.Timestamp("2026-06-06T00:00:00Z"),
        *normal_values(times["at"])[1:],
    ]


@pytest.mark.parametrize("text", ["2026-13-45T00:00:00Z", "2026-01-01T99:00Z", "2026-01-01Tnoon+01:00"])
def test_what_only_looks_like_a_time_is_taken_as_it_came(text: str) -> None:
    """The apply went through: what an account's own field answers is no reason to raise."""
    found = with_times(text, "2026-01-01T01:00:00.123456+01:00")
    for known in (found.baseline.rows(np.arange(3))["at"], found.columns["at"]):
        assert normal_values(known) == [text, TIMES[1], pd.Timestamp("2026-05-05T00:00:00Z")]


def with_times(first: Any, second: Any) -> Followed:
    """What becomes of three times, of which the third moves."""
    df = MOMENTS.frame(["t0", "t1", "t2"], {"at": TIMES, "size": [1.0] * 3})
    answers = {"t0": {"at": first}, "t1": {"at": second}, "t2": {"at": "2026-05-05T02:00:00+02:00"}}
    return follow(df, take_frame(df, MOMENTS), Baseline.of(df, MOMENTS), Answered.of(answers))
