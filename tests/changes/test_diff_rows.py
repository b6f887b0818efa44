"""Whose rows are these? Ids, rows and columns that were left out, columns that nobody knows."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import SCHEMA, cells, compared, complaints, frame, is_untouched

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.changes.intake import take_frame
from taskframe.errors import PlanError


def edited() -> pd.DataFrame:
    df = frame()
    df.loc["t1", "title"] = "new"
    df.loc["t3", "points"] = 9
    return df


EDITS = {("t1", "title"): "new", ("t3", "points"): 9}


def test_ids_come_from_the_column_then_from_the_index() -> None:
    """A column named like the index wins over an index of another name; else the index, or a level of it."""
    df = edited()
    other = pd.Index(np.arange(5) * 10, name="row")
    for one in (
        df,
        df.reset_index(),
        df.reset_index().set_index(other),
        df.reset_index().set_index("id", drop=False),
        df.set_index(other, append=True),
        df.set_index(other, append=True).swaplevel(),
        df.rename_axis(columns="field"),
    ):
        assert cells(compared(one, frame())) == EDITS
        assert cells(compared(one.sample(frac=1, random_state=1), frame())) == EDITS


def test_a_column_and_an_index_that_differ_are_an_error_that_names_the_row() -> None:
    """Which are the ids? A null in both is no difference."""
    df = frame().reset_index().set_index("id", drop=False)
    df.iloc[0, 0] = None
    df.index = pd.Index([None, "t1", "t2", "t3", "t4"], name="id")
    take_frame(df, SCHEMA)
    df.iloc[3, 0] = "t9"
    with pytest.raises(PlanError, match=r"row 3 \('t9' and 't3'\)"):
        take_frame(df, SCHEMA)
    df.iloc[1, 0] = None
    with pytest.raises(PlanError, match="row 1"):
        take_frame(df, SCHEMA)


def test_a_column_and_an_index_of_two_dtypes_may_say_the_same() -> None:
    """Of the two sorts of text that pandas has; a null in both, or in one of them, is seen as well."""
    df = edited().reset_index().astype({"id": "string"}).set_index("id", drop=False)
    df["id"] = df["id"].astype("str").array
    assert cells(compared(df, frame())) == EDITS
    df.iloc[4, 0] = None
    with pytest.raises(PlanError, match="first in row 4"):
        take_frame(df, SCHEMA)
    df.index = pd.Index(["t0", "t1", "t2", "t3", None], name="id", dtype="string")
    assert take_frame(df, SCHEMA).ids.tolist()[:4] == ["t0", "t1", "t2", "t3"]
    df.iloc[2, 0] = "t9"
    with pytest.raises(PlanError, match=r"row 2 \('t9' and 't2'\)"):
        take_frame(df, SCHEMA)


@pytest.mark.parametrize(
    ("lose", "way_out"),
    [
        (lambda df: df.reset_index(drop=True), r"reset_index\(\) before them, and set_index\('id'\) after"),
        (lambda df: df.merge(df, on="title"), r"reset_index\(\) before them, and set_index\('id'\) after"),
        (lambda df: pd.concat([df, df], ignore_index=True), r"reset_index\(\) before them"),
        (lambda df: df.reset_index(drop=True).rename_axis("row"), r"its index is 'row'\. If .*rename_axis\('id'\)"),
        (lambda df: df.rename_axis("ID"), r"its index is 'ID'.*rename_axis\('id'\)"),
        (lambda df: df.rename_axis(None), r"its index is without a name.*rename_axis\('id'\)"),
        (lambda df: pd.concat([df, pd.DataFrame({"title": ["x"]})]), r"rename_axis\('id'\)"),
        (lambda df: df.set_index("assignee"), r"its index is 'assignee'.*use reset_index\(\) before it"),
        (lambda df: df.set_index(["assignee", "title"]), r"its index is 'assignee' and 'title'"),
        (lambda df: df.set_index("title", drop=False), r"its index is 'title'"),  # and not: title is there twice
        (lambda df: df.groupby("assignee").agg({"size": "max"}), r"transform\(\) and apply\(\) keep the tasks"),
        (lambda df: df.T, r"transposed, turn it back with \.T"),
    ],
)
def test_a_frame_without_ids_is_told_what_to_do(lose: Callable[[pd.DataFrame], pd.DataFrame], way_out: str) -> None:
    """`merge` drops the index, and so do others: the words are for what was done."""
    with pytest.raises(PlanError, match=f"no task ids: .*{way_out}"):
        take_frame(lose(frame()), SCHEMA)


def test_what_is_no_table_of_tasks_is_an_error() -> None:
    """A Series, a list, columns of several levels, a column twice."""
    for nothing in ([1], None):
        with pytest.raises(PlanError, match=r"from a DataFrame, not from (list|NoneType): tasks\.plan\(df\)$"):
            take_frame(nothing, SCHEMA)  # type: ignore[arg-type]
    for part in (frame()["title"], frame().loc["t0"]):
        with pytest.raises(PlanError, match=r"from a DataFrame, not from Series: .* one row df\.loc\[\[id\]\]"):
            take_frame(part, SCHEMA)  # type: ignore[arg-type]
    with pytest.raises(PlanError, match="several levels"):
        take_frame(pd.concat({"a": frame()}, axis=1), SCHEMA)
    twice = pd.concat([frame(), frame()[["title"]]], axis=1)
    with pytest.raises(PlanError, match="'title' is there twice"):
        take_frame(twice, SCHEMA)
    with pytest.raises(PlanError, match="'title' is there twice"):
        take_frame(frame().set_index("title", append=True, drop=False), SCHEMA)
    with pytest.raises(PlanError, match="'id' is there twice"):
        take_frame(pd.concat([frame().reset_index(), frame().reset_index()[["id"]]], axis=1), SCHEMA)
    with pytest.raises(PlanError, match="two levels 'id'"):
        take_frame(frame().set_index(pd.Index(range(5), name="id"), append=True), SCHEMA)
    unknown = pd.concat([frame().assign(mine=1), frame().assign(mine=2)[["mine"]]], axis=1)
    assert is_untouched(compared(unknown, frame()))  # nobody asks for it


def test_null_duplicate_and_unknown_ids_are_one_problem_each_and_never_count() -> None:
    """The rows of a duplicate are all left out: which one is meant can't be known."""
    df = edited().reset_index()
    more = df.iloc[[0, 1, 1, 2, 4]].assign(
        id=["t0", None, None, "t2 ", "t9"], title="x", size="no number", status="no choice"
    )
    found = compared(pd.concat([df.astype("object"), more.astype("object")]), frame())
    assert sorted(complaints(found), key=repr) == [
        ("duplicate id", "t0", None),
        ("null id", None, None),
        ("null id", None, None),
        ("unknown id", "t2 ", None),
        ("unknown id", "t9", None),
    ]
    assert cells(found) == EDITS
    words = {p.id: p.problem for p in found.problems}
    assert "2 rows have this id" in words["t0"]
    assert "never creates" in words["t9"]
    assert "Did you mean 't2'?" in words["t2 "]


def test_a_row_that_stands_there_three_times_is_one_problem() -> None:
    """One problem an id, with the lines of a file."""
    df = pd.concat([edited()] * 3)
    found = compared(df, frame())
    assert complaints(found) == [("duplicate id", f"t{i}", None) for i in range(5)]
    assert len(found.changes) == 0


def test_many_unknown_ids_take_no_time() -> None:
    """The nearest id is looked for, for the first few."""
    base = SCHEMA.frame([f"task-{i:05}" for i in range(2_000)], {"title": ["x"] * 2_000})
    other = base.set_axis(pd.Index([f"tsk-{i:05}" for i in range(2_000)], name="id"))
    found = compared(other, base)
    assert {p.kind for p in found.problems} == {"unknown id"}
    assert len(found.problems) == 2_000


def test_ids_may_be_numbers() -> None:
    """Text on the wire, integers in a frame that a spreadsheet or a database made; floats beside a missing one."""
    base = SCHEMA.frame(["1", "2", "10", "007"], {"title": ["a", "b", "c", "d"]})
    for ids in ([10, 1], [10.0, 1.0], pd.array([10, 1], dtype="Int64")):
        df = pd.DataFrame({"id": ids, "title": ["new", "a"]})
        assert cells(compared(df, base)) == {("10", "title"): "new"}
        assert cells(compared(df.set_index("id"), base)) == {("10", "title"): "new"}
        taken = take_frame(df, SCHEMA)
        assert (taken.ids.tolist(), taken.ids.name, set(taken.columns)) == (["10", "1"], "id", {"title"})
        assert taken.ids.dtype == base.index.dtype
    found = compared(pd.DataFrame({"id": [10, None, 7, 1.5], "title": "new"}), base)
    assert cells(found) == {("10", "title"): "new"}
    assert complaints(found) == [("null id", None, None), ("unknown id", "7", None), ("unknown id", "1.5", None)]


def test_an_id_that_a_float_can_not_tell_is_no_task_s() -> None:
    """From 2**53 on it may stand for several integers, and so for several tasks."""
    largest = str(2**53 - 1)
    base = SCHEMA.frame([largest, str(2**53)], {"title": ["a", "b"]})
    found = compared(pd.DataFrame({"id": [2.0**53 - 1, 2.0**53, None], "title": "new"}), base)
    assert cells(found) == {(largest, "title"): "new"}
    assert complaints(found) == [("null id", None, None), ("unknown id", "9007199254740992.0", None)]


def test_ids_that_are_no_text_at_all_are_unknown() -> None:
    """Half a surrogate pair, bytes, a tuple: problems in words that can be printed."""
    df = frame().reset_index().astype("object")
    df.loc[0, "id"] = "\ud800"
    df.loc[1, "id"] = b"t1"
    df.at[2, "id"] = ("t2",)
    found = compared(df.assign(title="x"), frame())
    assert [kind for kind, _, _ in complaints(found)] == ["unknown id"] * 3
    assert {t for t, _ in cells(found)} == {"t3", "t4"}
    for problem in found.problems:
        f"{problem.id}{problem.problem}".encode()


def test_ids_are_compared_as_they_are() -> None:
    """Neither case, nor blanks, nor composition of characters are ours to mend."""
    base = SCHEMA.frame(["é", "A", "a "], {"title": ["x", "y", "z"]})
    found = compared(pd.DataFrame({"id": ["e\u0301", "a", "a"], "title": "new"}), base)
    assert len(found.changes) == 0
    assert complaints(found) == [("duplicate id", "a", None), ("unknown id", "e\u0301", None)]


def test_what_is_left_out_is_untouched() -> None:
    """Rows and columns that are not there say nothing."""
    df = edited()
    assert cells(compared(df.loc[["t3"]], frame())) == {("t3", "points"): 9}
    assert cells(compared(df[["title"]], frame())) == {("t1", "title"): "new"}
    assert cells(compared(df.loc[["t0"], ["size"]], frame())) == {}
    assert cells(compared(df[[]], frame())) == {}


def test_unknown_columns_are_ignored_and_named() -> None:
    """Also those with odd names; the id is none of them."""
    found = compared(edited().reset_index().assign(mine=1, Title="x").rename(columns={"score": 7}), frame())
    assert found.ignored == ("7", "mine", "Title")
    assert found.notes == ("Title: ignored, it is no column. Did you mean 'title'?",)
    assert cells(found) == EDITS


def test_columns_that_were_not_loaded_can_not_be_edited_in_silence() -> None:
    """The service has the column, the baseline does not: what was edited can't be told, and that is said."""
    base = frame()[["title", "version"]]
    found = compared(base.assign(status="todo", title="new"), base)
    assert {c for _, c in cells(found)} == {"title"}
    assert found.warnings == ("status ignored: it was not loaded, so what was edited in it can't be told",)


def test_a_level_of_the_index_is_a_column_too() -> None:
    """An edit does not go missing because the column was put into the index."""
    df = frame().set_index("status", append=True)
    levels = df.index.set_levels(["doing", "todo", "done"], level="status")  # was todo, doing, done
    found = compared(df.set_axis(levels), frame())
    assert {c for _, c in cells(found)} == {"status"}
    assert len(found.changes) == 3  # todo and doing change places


def test_edits_of_read_only_columns_are_one_warning_a_column() -> None:
    """With a correct count, never sent, whether they would fit or not."""
    df = edited()
    df["score"] = df["score"].astype("object")
    df.loc[["t0", "t1"], "score"] = [7, "no number"]
    df.loc["t2", "score"] = None  # it was
    for one in (df, df.sample(frac=1, random_state=2), df.reset_index()):
        found = compared(one, frame())
        assert found.warnings == ("2 edits in the read-only column score ignored",)
        assert found.problems == ()
        assert cells(found) == EDITS
    assert compared(df.iloc[:1], frame()).warnings == ("1 edit in the read-only column score ignored",)
    assert compared(df, frame(), columns=["title"]).warnings == ()


def test_strict_makes_a_problem_of_each() -> None:
    """What a file gets: id, column, value, and what to do."""
    df = edited()
    df["score"] = df["score"].astype("object")
    df.loc[["t0", "t1"], "score"] = [7, "no number"]
    taken = take_frame(df, SCHEMA)
    lines = np.arange(2, 7)
    found = diff(
        Baseline.of(frame(), SCHEMA), type(taken)(taken.ids, taken.columns, lines=lines, strict=True, ignored=("x",))
    )
    assert complaints(found) == [("read-only", "t0", "score"), ("read-only", "t1", "score")]
    assert [p.line for p in found.problems] == [2, 3]
    assert [p.value for p in found.problems] == [7, "no number"]
    assert all("put the old value back" in p.problem for p in found.problems)
    assert found.warnings == ()
    assert cells(found) == EDITS


def test_ids_and_columns_narrow_what_counts() -> None:
    """Changes, problems and warnings of anything else are as if they were not there."""
    df = edited()
    df["size"] = df["size"].astype("object")
    df.loc["t4", "size"] = "much"
    df = pd.concat([df, df.loc[["t0"]], df.loc[["t0"]].rename({"t0": "t9"})])
    assert cells(compared(df, frame(), ids=["t1", "t2"])) == {("t1", "title"): "new"}
    assert cells(compared(df, frame(), columns=["points", "size"])) == {("t3", "points"): 9}
    assert complaints(compared(df, frame(), ids=["t1", "t4"])) == [("type", "t4", "size")]
    assert complaints(compared(df, frame(), ids=["t0"])) == [("duplicate id", "t0", None)]
    assert ("type", "t4", "size") not in complaints(compared(df, frame(), columns=["title"]))
    assert cells(compared(df, frame(), ids=pd.Index(["t3"]), columns=("points",))) == {("t3", "points"): 9}
    assert cells(compared(df, frame(), ids=[])) == {}
    assert is_untouched(compared(edited(), frame(), columns=[]))


@pytest.mark.parametrize(
    ("narrowed", "words"),
    [
        ({"columns": ["titel"]}, "no column 'titel'. Did you mean 'title'?"),
        ({"columns": ["score"]}, "score is read-only"),
        ({"columns": "title"}, r"columns=\['title'\]"),
        ({"ids": "t1"}, r"ids=\['t1'\]"),
        ({"ids": ["t1", "t11", "x"]}, r"'t11' is no task of this load \(2 such\). Did you mean"),
        ({"ids": [1]}, "1 is no task of this load"),
    ],
    ids=repr,
)
def test_wrong_names_are_errors_that_name_the_nearest(narrowed: dict[str, Any], words: str) -> None:
    """A typo must not look like "no edits"."""
    with pytest.raises(PlanError, match=words):
        compared(edited(), frame(), **narrowed)


@settings(deadline=None, max_examples=40)
@given(
    ids=st.lists(st.sampled_from(["t0", "t1", "t2", "t3", "t4", "t9", None, "x"]), max_size=9),
    columns=st.lists(st.sampled_from(list(SCHEMA.names)), unique=True),
)
def test_every_row_is_compared_or_has_one_problem(ids: list[str | None], columns: list[str]) -> None:
    """Whatever rows there are: known and single ones count, each other id is one problem, a null one a row."""
    base = frame()
    rows = [base.loc[i].to_dict() if i in base.index else base.loc["t0"].to_dict() for i in ids]
    df = (
        pd.DataFrame(rows, columns=columns, index=range(len(ids)))
        .astype("object")
        .assign(id=pd.array(ids, dtype="str"))
    )
    if "assignee" in columns:
        df["assignee"] = "u_new"
    found = compared(df, base)
    single = {i for i in ids if i in base.index and ids.count(i) == 1}
    assert cells(found) == ({(i, "assignee"): "u_new" for i in single} if "assignee" in columns else {})
    expected = [("null id", None)] * ids.count(None)
    for i in dict.fromkeys(i for i in ids if i is not None):
        if ids.count(i) > 1:
            expected.append(("duplicate id", i))
        elif i not in base.index:
            expected.append(("unknown id", i))
    assert sorted(((p.kind, p.id) for p in found.problems), key=repr) == sorted(expected, key=repr)
