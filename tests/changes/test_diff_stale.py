"""Edits that were made on another state of the task than the baseline never go out."""

from __future__ import annotations

from dataclasses import replace
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from kinds import SCHEMA, cells, compared, complaints, edited_column, frame

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.intake import take_frame
from taskframe.schema import Column, Schema

ROLES = ("version", "updated")


def edited() -> pd.DataFrame:
    df = frame()
    df.loc[["t0", "t2", "t3"], "title"] = ["a", "b", "c"]
    df.loc["t3", "points"] = 9
    return df


def in_file(df: pd.DataFrame, **more: Any) -> Diff:
    taken = take_frame(df, SCHEMA)
    return diff(Baseline.of(frame(), SCHEMA), type(taken)(taken.ids, taken.columns, strict=True, **more))


def test_a_row_of_another_version_is_one_problem_and_no_edit() -> None:
    """Older or newer: the cells that nobody touched would put old values back."""
    df = edited()
    df.loc["t2", "version"] = 2
    df.loc["t3", "version"] = 40
    found = compared(df, frame(), load="the load of Monday")
    assert complaints(found) == [("stale", "t2", None), ("stale", "t3", None)]
    assert [p.value for p in found.problems] == [2, 40]
    assert "made on version 2, the load of Monday has 3, so cells nobody edited would put" in found.problems[0].problem
    assert found.problems[1].problem == (
        "stale: the row names version 40, the load of Monday has 4: it is of a newer load. Plan against that one, or "
        "edit a fresh one"
    )
    assert cells(found) == {("t0", "title"): "a"}


def test_only_rows_with_an_edit_are_stale() -> None:
    """A row that says what the baseline says has nothing to put back."""
    df = edited()
    df["version"] = 77
    assert [t for _, t, _ in complaints(compared(df, frame()))] == ["t0", "t2", "t3"]
    assert complaints(compared(frame().assign(version=77), frame())) == []


def test_an_edit_that_does_not_fit_is_stale_too() -> None:
    """One problem for the row: mending the cell would not help."""
    df = edited()
    df["size"] = df["size"].astype("object")
    df.loc[["t0", "t1", "t4"], "size"] = "much"
    df.loc[["t0", "t1"], "version"] = 77
    found = compared(df, frame())
    assert complaints(found) == [("stale", "t0", None), ("stale", "t1", None), ("type", "t4", "size")]


@settings(deadline=None, max_examples=40)
@given(
    order=st.permutations(range(5)),
    size=st.integers(1, 5),
    moved=st.sets(st.sampled_from(["t0", "t1", "t2", "t3", "t4"])),
    narrowed=st.booleans(),
    whole=st.booleans(),
)
def test_it_is_the_right_row_in_any_order(
    order: list[int], size: int, moved: set[str], narrowed: bool, whole: bool
) -> None:
    """A shuffled subset, beside rows that don't count, narrowed or not."""
    df = edited()
    df.loc[sorted(moved), "version"] += 10
    shown = df if whole else pd.concat([df.iloc[order[:size]], df.iloc[[0, 0]].rename({"t0": "t9"})])
    wanted = ["t0", "t3"] if narrowed else None
    found = compared(shown, frame(), ids=wanted)
    counted = {"t0", "t2", "t3"} & set(shown.index) & set(wanted or shown.index)
    assert {t for kind, t, _ in complaints(found) if kind == "stale"} == counted & moved
    assert {t for t, _ in cells(found)} == counted - moved


def test_without_a_version_the_last_update_tells() -> None:
    """Where the frame, the row or the cell has no version."""
    df = edited()
    df.loc["t2", "updatedAt"] = pd.Timestamp("2026-05-05T00:00:00Z")
    assert complaints(compared(df, frame())) == []  # the version is the same: it knows better
    assert complaints(compared(df.drop(columns="version"), frame())) == [("stale", "t2", None)]
    df["version"] = df["version"].astype("Int64")
    df.loc["t2", "version"] = pd.NA
    found = compared(df, frame())
    assert complaints(found) == [("stale", "t2", None)]
    assert found.problems[0].value == "2026-05-05T00:00:00Z"
    assert {t for t, _ in cells(found)} == {"t0", "t3"}


def test_versions_and_times_are_compared_as_values() -> None:
    """3.0, "3" and another zone are the same state; text that is no version is another one."""
    df = edited()
    for version in (df["version"].astype("float64"), df["version"].astype("str"), df["version"].astype("object")):
        assert complaints(compared(df.assign(version=version), frame())) == []
    berlin = df.drop(columns="version").assign(updatedAt=df["updatedAt"].dt.tz_convert("Europe/Berlin"))
    assert complaints(compared(berlin, frame())) == []
    naive = df.drop(columns="version").assign(updatedAt=df["updatedAt"].dt.tz_localize(None))
    assert complaints(compared(naive, frame())) == []
    odd = df.assign(version=df["version"].astype("object"))
    odd.loc["t2", "version"] = "v3"
    assert complaints(compared(odd, frame())) == [("stale", "t2", None)]
    assert complaints(compared(odd.astype({"version": "str"}), frame())) == [("stale", "t2", None)]


def test_without_either_nothing_is_stale() -> None:
    """There is nothing to tell it by; a service with versions has the last word."""
    df = edited().drop(columns=["version", "updatedAt"])
    found = compared(df, frame())
    assert complaints(found) == []
    assert len(found.changes) == 4
    assert complaints(compared(edited().assign(version=77), frame().drop(columns=["version", "updatedAt"]))) == []


def test_a_blank_version_in_a_file_says_nothing() -> None:
    """A cell that says "leave alone" is not another version."""
    df = edited().drop(columns="updatedAt")
    df["version"] = 77
    skip = {"version": np.array([True, False, True, True, True])}
    assert complaints(in_file(df, skip=skip)) == []


@pytest.mark.parametrize("strict", [True, False], ids=["file", "frame"])
def test_rows_that_can_not_be_checked_are_counted(strict: bool) -> None:
    """Neither version nor time of the last update, in edited rows: old values may come back, so it is told."""
    df = edited()
    df["version"] = df["version"].astype("Int64")
    df.loc[["t0", "t1", "t3"], "version"] = pd.NA
    df.loc[["t0", "t1"], "updatedAt"] = pd.NaT
    taken = replace(take_frame(df, SCHEMA), strict=strict)
    found = diff(Baseline.of(frame(), SCHEMA), taken, load="the load of Monday")
    assert found.problems == ()
    assert {t for t, _ in cells(found)} == {"t0", "t2", "t3"}  # t3 is told by its time, t1 has no edit
    assert found.notes == (
        "1 edited row has no version and no updatedAt: compared with the load of Monday; whether it is stale can't be "
        "told",
    )
    df["updatedAt"] = pd.NaT
    found = compared(df, frame(), load="the load of Monday")
    assert found.notes[0].startswith("2 edited rows have no version and no updatedAt")


def test_what_can_be_checked_is_not_noted() -> None:
    """The frame itself shares its versions with the baseline."""
    assert compared(edited(), frame()).notes == ()
    base = frame()
    df = base.copy(deep=False)
    df.loc["t0", "title"] = "a"
    assert compared(df, base).notes == ()


@pytest.mark.parametrize("strict", [True, False], ids=["file", "frame"])
@pytest.mark.parametrize("version", ["1,000", "1e3", "abc", 1.5, True])
def test_a_version_that_no_task_has_is_a_problem_of_the_row(version: Any, strict: bool) -> None:
    """A spreadsheet's doing: the row must not go out unchecked when its problems are dropped."""
    df = edited().astype({"version": "object"})
    df.loc["t2", "version"] = version
    df.loc["t4", "version"] = version  # no edit: nothing to put back
    found = diff(Baseline.of(frame(), SCHEMA), replace(take_frame(df, SCHEMA), strict=strict))
    assert complaints(found) == [("stale", "t2", None)]
    assert f"the row names version {version!r}, which no task has" in found.problems[0].problem
    assert "old values" not in found.problems[0].problem
    assert {t for t, _ in cells(found)} == {"t0", "t3"}


def test_a_time_without_a_zone_is_a_state_too() -> None:
    """Taken for UTC, as everywhere it can be the baseline's."""
    df = edited().drop(columns="version")
    df["updatedAt"] = df["updatedAt"].dt.tz_localize(None)
    df.loc["t2", "updatedAt"] = pd.Timestamp("2025-12-31")
    found = compared(df, frame())
    assert complaints(found) == [("stale", "t2", None)]
    assert "made on updatedAt 2025-12-31T00:00:00Z" in found.problems[0].problem


def test_stale_rows_make_no_other_noise() -> None:
    """What an older load has in a read-only column is nobody's edit."""
    df = edited()
    df.loc[["t2", "t4"], ["version", "score"]] = [99, 0.5]
    df.loc["t0", "score"] = 0.5
    found = compared(df, frame())
    assert complaints(found) == [("stale", "t2", None)]
    assert found.warnings == ("1 edit in the read-only column score ignored",)
    strict = in_file(df)
    assert complaints(strict) == [("read-only", "t0", "score"), ("stale", "t2", None)]


def test_editing_only_the_version_is_no_edit() -> None:
    """It tells which state was edited, and can't be sent."""
    found = compared(edited_column("version", [5, 5, 5, 5, 5]), frame())
    assert (len(found.changes), found.problems, found.warnings) == (0, (), ())


def test_what_was_applied_since_is_told_where_it_was_we() -> None:
    """A copy of before our own apply; but of a version that no task has, nobody knows when it was."""
    df = edited().astype({"version": "object"})
    df.loc[["t2", "t3"], "version"] = [2, "abc"]
    baseline = replace(Baseline.of(frame(), SCHEMA), answered=frozenset({2, 3}))
    found = compared(df, baseline)
    assert complaints(found) == [("stale", "t2", None), ("stale", "t3", None)]
    assert found.problems[0].problem == (
        "stale: these edits were made on version 2; you applied to this task since, which now has 3, so cells nobody "
        "edited would put old values back: start from tasks.df or a new export"
    )
    assert "the row names version 'abc', which no task has" in found.problems[1].problem


def test_versions_that_are_text_have_no_later_and_earlier() -> None:
    """Which of two is the newer one can't be told by their letters."""
    schema = Schema((Column("title", "text", editable=True), Column("etag", "text", nullable=False, role="version")))
    base = schema.frame(["t0"], {"title": ["a"], "etag": ["a1"]})
    found = compared(base.assign(title="b", etag="b2"), base, schema)
    assert complaints(found) == [("stale", "t0", None)]
    assert "made on etag b2, the load has a1, so cells nobody edited would put" in found.problems[0].problem


def test_a_version_that_the_service_would_take_but_for_its_rule_is_no_task_s() -> None:
    """Where the version itself can be written, one that can't be sent is no other state."""
    version = Column("version", "integer", editable=True, nullable=False, role="version", minimum=1)
    schema = Schema((Column("title", "text", editable=True), version))
    base = schema.frame(["t0"], {"title": ["a"], "version": [3]})
    found = compared(base.assign(title="b", version=0), base, schema)
    assert complaints(found) == [("stale", "t0", None)]
    assert "the row names version 0, which no task has" in found.problems[0].problem


def test_versions_that_stand_beside_other_ids_are_other_versions() -> None:
    """The column is the very memory of the load, but its rows were given other ids."""
    baseline = Baseline.of(frame(), SCHEMA)
    df = baseline.frame[["version"]].copy(deep=False)
    df.index = df.index[[1, 0, 2, 3, 4]]
    df["title"] = "new"
    found = compared(df, baseline)
    assert complaints(found) == [("stale", "t0", None), ("stale", "t1", None)]
    assert {t for t, _ in cells(found)} == {"t2", "t3", "t4"}


def test_where_the_load_has_no_version_the_last_update_tells() -> None:
    """Whatever version the row names: there is nothing to hold it against."""
    columns = [replace(c, nullable=True) if c.role == "version" else c for c in SCHEMA]
    schema = Schema(tuple(columns))
    base = frame().astype({"version": "Int64"})
    base.loc[["t2", "t3"], "version"] = pd.NA
    df = edited()
    df.loc["t3", "updatedAt"] = pd.Timestamp("2026-05-05T00:00:00Z")
    found = compared(df, base, schema)
    assert complaints(found) == [("stale", "t3", None)]
    assert {t for t, _ in cells(found)} == {"t0", "t2"}


def test_beside_a_blank_version_in_a_file_the_others_count() -> None:
    df = edited().drop(columns="updatedAt")
    df["version"] = 77
    skip = {"version": np.array([True, True, False, True, True])}
    assert complaints(in_file(df, skip=skip)) == [("stale", "t2", None)]


def test_what_tells_the_state_may_stand_anywhere() -> None:
    """What comes behind it is compared all the same."""
    schema = Schema((*(SCHEMA[n] for n in ("version", "updatedAt")), *(c for c in SCHEMA if c.role not in ROLES)))
    df = edited()
    assert cells(compared(df, frame(), schema)) == cells(compared(df, frame())) != {}


def test_a_time_of_the_last_update_that_can_be_written_is_compared_like_any_column() -> None:
    """Where the version tells the state."""
    schema = Schema(tuple(replace(c, editable=True) if c.role == "updated" else c for c in SCHEMA))
    df = frame()
    df.loc["t1", "updatedAt"] = pd.Timestamp("2026-05-05T00:00:00Z")
    assert cells(compared(df, frame(), schema)) == {("t1", "updatedAt"): pd.Timestamp("2026-05-05T00:00:00Z")}
    assert cells(compared(df, frame())) == {}


def test_a_version_to_be_left_alone_tells_nothing_whatever_stands_there() -> None:
    """Not even where it is the baseline's: the time of the last update tells then."""
    df = edited()
    df.loc["t2", "updatedAt"] = pd.Timestamp("2026-05-05T00:00:00Z")
    skip = {"version": np.array([True] * 5)}
    assert complaints(in_file(df, skip=skip)) == [("stale", "t2", None)]
