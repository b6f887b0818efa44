"""What was edited in tasks.df survives a CSV file; what an apply left behind is known afterwards. Without a server."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offline import cells, table, tasks

import taskframe as tf
from taskframe.changes.answered import Answered

# files


def through_csv(made: tf.TaskFrame, path: Path) -> dict[tuple[str, str], Any]:
    made.to_csv(path)
    plan = made.plan_csv(path)
    assert plan.problems["problem"].tolist() == made.plan().problems["problem"].tolist()
    return cells(plan)


def test_a_cleared_cell_is_still_cleared_after_a_csv_file(tmp_path: Path) -> None:
    """A blank cell would leave it alone; what was blank before is blank in the file."""
    made = tasks()
    made.df.loc["tsk_001", "assigneeUserId"] = None
    made.df.loc["tsk_002", "description"] = ""
    plan = cells(made.plan())
    assert plan == {("tsk_001", "assigneeUserId"): None, ("tsk_002", "description"): ""}
    assert through_csv(made, tmp_path / "t.csv") == plan
    file = pd.read_csv(tmp_path / "t.csv", dtype=str, keep_default_na=False).set_index("id")
    assert file.loc["tsk_001", "assigneeUserId"] == "<clear>"
    assert file.loc["tsk_002", "description"] == "'"
    assert file.loc["tsk_000", "assigneeUserId"] == file.loc["tsk_003", "dueAt"] == ""


def test_an_untouched_frame_has_no_marks(tmp_path: Path) -> None:
    """Null and "" that were loaded are blank, and no edit."""
    made = tasks(description=["", None] * 10)
    assert through_csv(made, tmp_path / "t.csv") == {}
    text = (tmp_path / "t.csv").read_text()
    assert "<clear>" not in text
    assert "'" not in text


def test_what_can_not_be_cleared_is_a_problem_from_the_file_too(tmp_path: Path) -> None:
    """As `plan` says it of the frame."""
    made = tasks()
    made.df.loc["tsk_004", ["title", "status"]] = None
    made.to_csv(tmp_path / "t.csv")
    found = made.plan_csv(tmp_path / "t.csv").problems
    assert found[["id", "column"]].to_numpy().tolist() == made.plan().problems[["id", "column"]].to_numpy().tolist()
    assert len(found) == 2


def test_read_only_columns_get_no_marks(tmp_path: Path) -> None:
    """In a frame to empty them is no more than a warning: the file must not make it a problem."""
    made = tasks()
    made.df["dueAt"] = pd.NaT
    made.df.loc["tsk_001", "assigneeUserId"] = None
    assert through_csv(made, tmp_path / "t.csv") == {("tsk_001", "assigneeUserId"): None}


@pytest.mark.parametrize(
    "shape",
    [
        lambda df: df.sample(frac=1, random_state=3),
        lambda df: df.reset_index(),
        lambda df: df.astype("object"),
        lambda df: df.iloc[3:8],
        lambda df: df.assign(mine=None),
        lambda df: pd.concat([df, df.iloc[[0]].rename({"tsk_000": "tsk_999"})]).iloc[:-1],
    ],
)
def test_whatever_the_frame_looks_like(shape: Any, tmp_path: Path) -> None:
    """Rows go by their ids, whatever their order, their dtypes and their number."""
    made = tasks()
    made.df = shape(made.df.copy())
    ids = "id" if "id" in made.df else made.df.index
    at = (made.df[ids] == "tsk_005") if isinstance(ids, str) else ids == "tsk_005"
    made.df.loc[at, "assigneeUserId"] = None
    made.df.loc[at, "description"] = ""
    assert through_csv(made, tmp_path / "t.csv") == cells(made.plan())
    assert len(made.plan().changes) == 2


@settings(deadline=None, max_examples=40)
@given(data=st.data())
def test_plan_and_plan_csv_find_the_same_edits(data: st.DataObject, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Whatever is loaded, and whatever it is edited to."""
    words = st.sampled_from([None, "", "a", "'", "<clear>", " ", "=1", "''"])
    loaded = data.draw(st.lists(words, min_size=6, max_size=6))
    edited = data.draw(st.lists(words, min_size=6, max_size=6))
    made = tasks(6, description=loaded, assigneeUserId=[v or None for v in loaded])
    made.df["description"] = pd.Series(edited, index=made.df.index, dtype="object")
    path = tmp_path_factory.mktemp("csv") / "t.csv"
    made.to_csv(path)
    plan = made.plan_csv(path)
    if any("hold one another's values" in p for p in plan.problems["problem"]):  # as of a column sorted by itself
        plan = made.plan_csv(path, damage="take")
    assert cells(plan) == {cell: value for cell, value in cells(made.plan()).items() if cell[1] == "description"}


# following


def reply(made: tf.TaskFrame, task: str, **values: Any) -> dict[str, Any]:
    row = table().loc[task].to_dict()
    old = {name: None if v is None or v != v else v for name, v in row.items()}
    return {"id": task, **old, "version": old["version"] + 1, "updatedAt": "2026-07-01T00:00:00Z", **values}


def test_an_edit_beneath_which_others_wrote_goes_out_with_the_version_it_was_made_on() -> None:
    """The service then refuses it, and the three-way rule decides; all else is as the service answered."""
    made = tasks()
    made.df.loc["tsk_001", ["title", "priority"]] = ["ours", "urgent"]
    answer = reply(made, "tsk_001", title="theirs", description="theirs", priority="urgent", version=9)
    made.take_answers(Answered.of({"tsk_001": answer}, {"tsk_001": {"priority": "urgent"}}))
    (edit,) = made.plan().edits()
    assert (edit.after, edit.base["title"], edit.base["version"]) == ({"title": "ours"}, "Task 1", 2)
    assert (edit.base["priority"], edit.base["description"]) == ("urgent", "theirs")
    assert made.df.loc["tsk_001", ["version", "description"]].tolist() == [9, "theirs"]
    assert made.baseline.frame.loc["tsk_001", "version"] == 9


def test_it_is_released_by_a_whole_answer_only() -> None:
    """One that holds the version alone says nothing of the other cells."""
    made = tasks()
    made.df.loc["tsk_001", "title"] = "ours"
    made.take_answers(Answered.of({"tsk_001": reply(made, "tsk_001", title="theirs", version=9)}))
    made.take_answers(Answered.of({"tsk_001": {"id": "tsk_001", "version": 10}}))
    assert [e.base["version"] for e in made.plan().edits()] == [2]
    made.take_answers(Answered.of({"tsk_001": reply(made, "tsk_001", title="Task 1", version=11)}))
    assert [e.base["version"] for e in made.plan().edits()] == [11]


def test_a_copy_of_before_puts_nothing_back_there() -> None:
    """The version in tasks.df is the service's own, so an older copy of the task is stale."""
    made = tasks()
    copy = made.df.copy()
    made.df.loc["tsk_001", "title"] = "ours"
    made.take_answers(Answered.of({"tsk_001": reply(made, "tsk_001", title="theirs", description="theirs", version=3)}))
    copy.loc["tsk_001", "priority"] = "urgent"
    plan = made.plan(copy)
    assert len(plan.changes) == 0
    assert list(plan.problems["id"]) == ["tsk_001"]


def test_of_two_runs_the_older_answer_does_not_count() -> None:
    """It comes late, when the newer one is known."""
    made = tasks()
    made.df.loc["tsk_001", "title"] = "ours"
    newer = reply(made, "tsk_001", title="ours", description="theirs", version=4)
    made.take_answers(Answered.of({"tsk_001": newer}, {"tsk_001": {"title": "ours"}}))
    made.take_answers(
        Answered.of({"tsk_001": reply(made, "tsk_001", title="ours", version=3)}, {"tsk_001": {"title": "ours"}})
    )
    assert made.df.loc["tsk_001", ["description", "version"]].tolist() == ["theirs", 4]
    assert len(made.plan()) == 0


def own(made: tf.TaskFrame, *ids: str, **values: Any) -> None:
    """An apply of ours."""
    frame = made.baseline.frame
    rows = {t: reply(made, t, **values, version=int(frame.loc[t, "version"]) + 1) for t in ids}
    made.take_answers(Answered.of(rows, dict.fromkeys(ids, values), own=ids))


@pytest.mark.parametrize(
    "shape",
    [
        lambda df: df,
        lambda df: df.sample(frac=1, random_state=3),
        lambda df: df.reset_index(),
        lambda df: df.astype("object"),
        lambda df: df.astype({"version": "float64"}),
        lambda df: df.astype({"version": "str"}),
        lambda df: pd.concat([df, df.iloc[[0]].rename({"tsk_000": "tsk_999"})]),
    ],
)
def test_any_state_since_the_load_is_known(shape: Any) -> None:
    """Rows of several own applies ago, of one ago and of now, in one frame of any shape."""
    made = tasks()
    first = made.df.copy()
    own(made, "tsk_000", "tsk_001", description="1")
    second = made.df.copy()
    own(made, "tsk_001", "tsk_002", description="2")
    mixed = pd.concat([first.iloc[:2], second.iloc[2:]])
    assert len(made.plan(shape(mixed)).changes) == 0
    mixed["title"] = [f"new {n}" for n in range(len(mixed))]
    found = made.plan(shape(mixed))
    assert set(found.problems["id"]) <= {"tsk_999"}
    assert set(found.changes["column"]) == {"title"}
    assert len(found) == len(mixed)
    assert [e.base["version"] for e in found.edits()][:4] == [2, 4, 4, 4]
    mixed.loc["tsk_001", "description"] = "2"  # what it is by now
    assert set(made.plan(shape(mixed)).changes["column"]) == {"title"}


def test_a_write_of_others_ends_it() -> None:
    """Whether it came before our own ones or between them."""
    made = tasks()
    first = made.df.copy()
    own(made, "tsk_000", description="1")
    made.take_answers(
        Answered.of({"tsk_000": reply(made, "tsk_000", description="theirs", version=3)}, {"tsk_000": {}})
    )
    second = made.df.copy()
    own(made, "tsk_000", description="2")
    for copy, stale in ((first, True), (second, False)):
        copy.loc["tsk_000", "title"] = "new"
        plan = made.plan(copy)
        assert (len(plan.problems), len(plan.changes)) == (int(stale), int(not stale))


def test_what_was_written_through_array_is_noticed_in_older_copies_too() -> None:
    """To put a task back to an earlier state does not make the baseline right."""
    made = tasks()
    copy = made.df.copy()
    own(made, "tsk_000", description="1")
    made.df["status"].array[3] = "done"
    copy.loc["tsk_000", "title"] = "new"
    with pytest.raises(tf.PlanError, match="status: written to through"):
        made.plan(copy)
    assert np.asarray(made.df["status"])[3] == "done"
