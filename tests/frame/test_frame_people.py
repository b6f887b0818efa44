"""People in cells: by id, or by what conn.people knows of them."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from offline import cells, table, tasks

import taskframe as tf

TEAM = pd.DataFrame(
    {
        "id": ["u_1", "u_2", "u_3", "u_4"],
        "name": ["Ada Okafor", "Grace O'Neill", "Sam", "Sam"],
        "email": ["ada@example.com", "grace@example.com", None, None],
        "handle": ["ada", "grace", None, None],
    }
)
COLUMN = "assigneeUserId"


def connected(**more: Any) -> Any:
    conn = tf.connect("reload", base_url="http://127.0.0.1:9", token="rl_sk_x", people=TEAM)
    return tasks(6, conn, **more)


@pytest.mark.parametrize(
    ("word", "person"),
    [
        ("Grace O'Neill", "u_2"), ("grace o'neill", "u_2"), ("@grace", "u_2"), ("GRACE@example.com", "u_2"),
        ("u_2", "u_2"), (" u_2 ", "u_2"), (" @grace", "u_2"), ("u_new", "u_new"), (" u_new", "u_new"),
    ],
)  # fmt: skip
@pytest.mark.parametrize("way", ["frame", "category", "file"])
def test_whoever_is_known_may_be_named(tmp_path: Path, word: str, person: str, way: str) -> None:
    """By name, handle or mail address, in a frame and in a file; what was read as an id is noted. Ids may be new."""
    made = connected()
    df = made.df.astype({COLUMN: "object"})
    df.loc[["tsk_000", "tsk_001"], COLUMN] = word
    if way == "file":
        made.df = df
        made.to_csv(tmp_path / "t.csv")
        plan = made.plan_csv(tmp_path / "t.csv")
    else:
        plan = made.plan(df.astype({COLUMN: "category"}) if way == "category" else df)
    assert cells(plan) == {("tsk_000", COLUMN): person, ("tsk_001", COLUMN): person}
    assert len(plan.problems) == 0
    assert len(plan.notes) == (word != person)
    assert all(note.endswith(f"read as '{person}' (2 cells)") for note in plan.notes)


@pytest.mark.parametrize(
    ("word", "words"),
    [
        ("Grace ONeill", "nobody is known as 'Grace ONeill'. Did you mean \"Grace O'Neill\"?"),
        ("@nobody", "nobody is known as '@nobody': write an id, or name people in conn.people"),
        ("x@example.com", "nobody is known as 'x@example.com'"),
        ("Sam", "'Sam' may be any of u_3, u_4: use the id"),
    ],
)
@pytest.mark.parametrize("file", [True, False], ids=["file", "frame"])
def test_whoever_is_not_known_is_a_problem(tmp_path: Path, word: str, words: str, file: bool) -> None:
    """A name is never sent as if it were an id; the other cells of the row count."""
    made = connected()
    made.df.loc["tsk_000", [COLUMN, "title"]] = [word, "new"]
    made.to_csv(tmp_path / "t.csv")
    plan = made.plan_csv(tmp_path / "t.csv") if file else made.plan()
    problem = plan.problems.iloc[0]
    assert (len(plan.problems), problem["id"], problem["column"], problem["value"]) == (1, "tsk_000", COLUMN, word)
    assert words in problem["problem"]
    assert (problem["line"] == 2) if file else pd.isna(problem["line"])
    assert cells(plan) == {("tsk_000", "title"): "new"}
    assert len(made.plan(columns=["title"]).problems) == 0
    assert len(made.plan(ids=["tsk_001"]).problems) == 0


def test_without_a_connection_nobody_is_known() -> None:
    """A name is a problem, an id is not."""
    made = tasks(4)
    made.df[COLUMN] = ["u_9", "Ada Okafor", None, "u_1"]
    plan = made.plan()
    assert cells(plan) == {("tsk_000", COLUMN): "u_9"}
    assert plan.problems["value"].tolist() == ["Ada Okafor"]


def test_whoever_had_a_task_in_the_load_is_an_id() -> None:
    """However odd it looks: a service may have mail addresses, or texts with blanks, for ids."""
    made = connected(**{COLUMN: ["ada@example.com", "a b", " c", "u_1", None, "Sam"]})
    made.df[COLUMN] = made.df[COLUMN].tolist()[::-1]
    plan = made.plan()
    assert len(plan.problems) == 0
    assert plan.changes["after"].tolist() == ["Sam", None, "u_1", " c", "a b", "ada@example.com"]


def test_rows_and_cells_that_can_not_be_meant_stay_what_they_are() -> None:
    """A row without an id is one problem; a cell with a number is another; the preview counts what would change."""
    made = connected()
    df = pd.concat([made.df, table(2)])
    df[COLUMN] = pd.Series(["no body"] * 8, index=df.index, dtype="object")
    df.loc["tsk_002", COLUMN] = 7
    df.loc["tsk_003", COLUMN] = "@grace"
    plan = made.plan(df)
    assert plan.problems["problem"].str.contains("2 rows have this id").sum() == 2
    assert len(plan.problems) == 2 + 3
    made.df.loc["tsk_003", COLUMN] = "Grace O'Neill"
    assert "1 cell edited" in repr(made)
