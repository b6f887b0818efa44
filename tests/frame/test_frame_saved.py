"""A frame from elsewhere, and a frame that was saved and opened: the same tasks, the same edits."""

from __future__ import annotations

from datetime import datetime, timedelta, timezone
from pathlib import Path
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from offline import cells, table, tasks

import taskframe as tf
from taskframe.changes.answered import Answered
from taskframe.errors import FrameError, TaskframeError
from taskframe.files.saved import read_document, write_document

SHAPES = {
    "itself": lambda df: df,
    "ids as a column": lambda df: df.reset_index(),
    "objects": lambda df: df.astype("object"),
    "convert_dtypes": lambda df: df.convert_dtypes(),
    "times": lambda df: df.assign(dueAt=pd.to_datetime(df["dueAt"], utc=True)),
    "reversed": lambda df: df.iloc[::-1],
}


@pytest.mark.parametrize("shape", SHAPES.values(), ids=SHAPES.keys())
def test_a_frame_from_elsewhere_is_a_baseline(shape: Any) -> None:
    """Whatever dtypes a warehouse has, the frame has the service's, and no edits."""
    df = shape(table())
    made = tf.from_frame(df, "reload")
    assert len(made.plan()) == 0
    assert len(made.plan(table())) == 0
    assert str(made.df["dueAt"].dtype) == "datetime64[us, UTC]"
    assert made.df["priority"].cat.ordered
    made.df.loc["tsk_003", "priority"] = "urgent"
    assert cells(made.plan()) == {("tsk_003", "priority"): "urgent"}
    assert df.equals(shape(table()))


def test_a_frame_from_elsewhere_may_hold_what_is_not_documented() -> None:
    """A status that the service has shown once exists; columns it does not know stay, and are ignored."""
    made = tasks(status=["todo"] * 19 + ["frozen"], mine=1)
    assert made.df["status"].cat.categories[-1] == "frozen"
    assert made.plan().drop_problems().warnings == ()
    made.df.loc["tsk_000", "status"] = "frozen"
    assert cells(made.plan()) == {("tsk_000", "status"): "frozen"}


@pytest.mark.parametrize(
    ("spoil", "words"),
    [
        (lambda df: df.reset_index(drop=True), "no task ids"),
        (lambda df: pd.concat([df, df.iloc[:1]]), "doubled: 'tsk_000'"),
        (lambda df: df.rename({"tsk_001": None}), "missing"),
        (lambda df: df.rename({"tsk_001": ""}), "missing"),
        (lambda df: df.assign(dueAt="soon"), "task tsk_000, column dueAt"),
        (lambda df: df.assign(dueAt="2026-01-31T09:00:00"), "has no time zone"),
        (lambda df: df.assign(title=3), "task tsk_000, column title"),
        (lambda df: df.assign(title=[None, *df["title"][1:]]), "task tsk_000, column title: it is null, which no task"),
        (lambda df: df.assign(status=None), "task tsk_000, column status: it is null"),
        (lambda df: df["title"], "from_frame takes a DataFrame, not Series"),
        (lambda df: None, "from_frame takes a DataFrame, not NoneType"),
    ],
)
def test_what_no_task_can_have_is_no_baseline(spoil: Any, words: str) -> None:
    """FrameError, with the task and the column."""
    with pytest.raises(FrameError, match=words):
        tf.from_frame(spoil(table()), "reload")


@pytest.mark.parametrize("when", [datetime(2026, 1, 1), "2026-01-01T00:00:00Z", pd.NaT, 5, ""])
def test_when_it_was_loaded_is_a_time_with_its_zone(when: Any) -> None:
    """Whose time would it be otherwise?"""
    with pytest.raises(FrameError, match="loaded_at= takes a datetime with its time zone"):
        tf.from_frame(table(), "reload", loaded_at=when)
    berlin = datetime(2026, 1, 1, 1, tzinfo=timezone(timedelta(hours=1)))
    made = tf.from_frame(table(), "reload", loaded_at=berlin)
    assert made.loaded_at == berlin
    assert "loaded 2026-01-01T00:00Z" in repr(made)


def test_what_the_service_does_not_document_is_noted() -> None:
    """Seen at a service it is legitimate; in every row it is probably a mistake: the reader can tell."""
    made = tasks(status=["todo"] * 19 + ["frozen"], priority="x")
    assert made.notes == (
        "status: not documented by the service: 'frozen' (1 task)",
        "priority: not documented by the service: 'x' (20 tasks)",
    )
    assert tasks().notes == ()
    assert "not documented" in repr(made)


def test_a_saved_frame_has_the_baseline_and_the_edits(tmp_path: Path) -> None:
    """Opened, it plans what would have been planned: cleared cells, undocumented choices, times."""
    made = tasks(status=["todo"] * 19 + ["frozen"])
    df = made.df
    df.loc[["tsk_000", "tsk_005"], "title"] = ["new", "007"]
    df.loc["tsk_001", "assigneeUserId"] = None
    df.loc[["tsk_002", "tsk_003"], "status"] = ["frozen", "done"]
    df.loc["tsk_004", "description"] = "\N{PILE OF POO}\n\x00"
    plan = made.plan()
    made.save(tmp_path / "monday.tasks")
    opened = tf.open_tasks(tmp_path / "monday.tasks")
    assert cells(opened.plan()) == cells(plan)
    assert list(opened.plan().requests()) == list(plan.requests())
    assert (opened.df.dtypes == made.df.dtypes).all()
    assert opened.plan(made.df).changes.equals(plan.changes)
    assert len(opened.plan(table(status=["todo"] * 19 + ["frozen"]))) == 0
    opened.df.loc["tsk_000", "title"] = "newer"
    assert cells(opened.plan())["tsk_000", "title"] == "newer"


@settings(deadline=None, max_examples=20, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(
    edits=st.dictionaries(
        st.tuples(st.integers(0, 5), st.sampled_from(["title", "description", "status", "priority", "assigneeUserId"])),
        st.integers(0, 2),
    ),
    order=st.permutations(range(6)),
)
def test_saving_and_opening_loses_no_edit(tmp_path: Path, edits: dict[tuple[int, str], int], order: list[int]) -> None:
    """Whatever was edited, in whatever order the rows were."""
    values: dict[str, list[Any]] = {
        "title": ["x", "Café", "=1+1"],
        "description": ["", "a\nb", "NA"],
        "status": ["todo", "blocked", "done"],
        "priority": ["none", "urgent", "low"],
        "assigneeUserId": [None, "u_1", "u_2"],
    }
    made = tasks(6)
    for (row, name), n in edits.items():
        made.df.loc[made.df.index[row], name] = values[name][n]
    made.df = made.df.iloc[order]
    made.save(tmp_path / "a.tasks")
    assert cells(tf.open_tasks(tmp_path / "a.tasks").plan()) == cells(made.plan())


def test_what_can_not_be_kept_is_named_and_the_rest_is_saved(tmp_path: Path) -> None:
    """Edits with problems, rows that the load never had, read-only edits, columns of one's own."""
    made = tasks()
    made.df = pd.concat([made.df, made.df.iloc[:1].rename({"tsk_000": "new"})])
    made.df.loc["tsk_000", "title"] = ""
    made.df.loc["tsk_001", "title"] = "kept"
    made.df.loc["tsk_002", "identifier"] = "T-99"
    made.df["mine"] = 1
    with pytest.warns(UserWarning, match="does not keep all") as caught:
        made.save(tmp_path / "monday.tasks")
    said = str(caught[0].message)
    for words in ("2 problems", "1 edit in the read-only column identifier ignored", "the column mine"):
        assert words in said
    assert caught[0].filename == __file__
    opened = tf.open_tasks(tmp_path / "monday.tasks")
    assert cells(opened.plan()) == {("tsk_001", "title"): "kept"}
    assert len(opened.plan().problems) == 0
    assert opened.baseline.frame.equals(made.baseline.frame)


def test_answers_move_the_frame_in_place() -> None:
    """`take_answers`: the very same df object, and then nothing is left to plan."""
    made = tasks()
    df = made.df
    df["title"] = df["title"].str.upper()
    plan = made.plan()
    rows = {t: {"id": t, "title": f"TASK {i}", "version": i + 2} for i, t in enumerate(df.index)}
    made.take_answers(Answered.of(rows, {edit.id: edit.after for edit in plan.edits()}))
    assert made.df is df
    assert len(made.plan()) == 0
    assert df["version"].tolist() == list(range(2, 22))
    old = df.assign(version=np.arange(1, 21), title="from before the run")
    assert len(made.plan(old)) == 0
    assert made.plan(old).problems["problem"].str.startswith("stale").all()
    assert len(made.plan(old).problems) == 20


@pytest.mark.parametrize("part", ["load", "frame", "edits"])
@pytest.mark.parametrize("instead", [None, {}, [], "x", 7])
def test_a_file_whose_parts_make_no_sense_is_no_file_of_ours(tmp_path: Path, part: str, instead: Any) -> None:
    """The checksum finds damage, not malice: whoever can write the file can write anything into it."""
    path = tmp_path / "monday.tasks"
    tasks().save(path)
    payload = read_document(path, "tasks")
    for changed in ({**payload, part: instead}, {k: v for k, v in payload.items() if k != part}):
        write_document(path, "tasks", changed)
        with pytest.raises(TaskframeError):
            tf.open_tasks(path)
