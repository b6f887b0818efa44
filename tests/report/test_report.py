"""The report: one outcome for each task, and what to do about those that did not go through."""

from __future__ import annotations

import csv
from pathlib import Path

import pandas as pd
import pytest

import taskframe as tf

OUTCOMES = {
    "identifier": "str",
    "outcome": "category",
    "detail": "str",
    "attempts": "int64",
    "status_code": "Int64",
    "request_id": "str",
    "read_age": "float64",
}
CONFLICTS = {"id": "str", "column": "str", "base": "object", "ours": "object", "theirs": "object"}

CHANGES = {
    "id": "str",
    "column": "str",
    "before": "object",
    "planned": "object",
    "after": "object",
    "outcome": "category",
}


@pytest.fixture
def mixed(box: tf.LocalSandbox, conn: tf.Connection) -> tuple[tf.TaskFrame, tf.Report, list[str]]:
    """A run in which of six tasks one conflicts, one is gone, one held our value already and three are applied."""
    tasks = conn.load()
    ids = list(tasks.df.index[tasks.df["priority"].isin(["low", "medium"])][:6])
    tasks.df.loc[ids, "priority"] = "urgent"
    tasks.df.loc[ids[3], "title"] = "=cmd|' /C calc'!A0"
    plan = tasks.plan()
    box["reload"].edit(ids[0], priority="none")
    box["reload"].delete(ids[1])
    box["reload"].edit(ids[2], priority="urgent")
    return tasks, plan.apply(), ids


def test_each_task_has_one_outcome(box: tf.LocalSandbox, mixed: tuple[tf.TaskFrame, tf.Report, list[str]]) -> None:
    """In the plan's order, with identifier, detail, attempts, status and request id."""
    tasks, report, ids = mixed
    table = report.outcomes
    assert list(table.index) == list(report.plan.changes["id"].unique())
    assert (table.index.name, str(table.index.dtype)) == ("id", "str")
    assert {name: str(t) for name, t in table.dtypes.items()} == OUTCOMES
    assert table.loc[ids, "outcome"].tolist() == ["conflict", "failed", "unchanged", "applied", "applied", "applied"]
    assert table["identifier"].tolist() == [tasks.baseline.frame.loc[i, "identifier"] for i in table.index]
    assert table.loc[ids[3], "status_code"] == 200
    assert table.loc[ids[1], "status_code"] == 404
    assert (table["attempts"] >= 1).all()
    assert table["request_id"].str.startswith("req_").all()
    assert table.loc[ids[1], "detail"]
    assert report.counts == {"applied": 3, "unchanged": 1, "conflict": 1, "failed": 1}
    assert len(report) == 6
    assert not report.ok
    assert report.calls == len(box.log.calls()) - 3  # the load's
    assert report.elapsed > 0
    assert report.stopped == ""


def test_conflicts_have_all_three_values(mixed: tuple[tf.TaskFrame, tf.Report, list[str]]) -> None:
    """Base, ours, theirs, in normal form."""
    _, report, ids = mixed
    table = report.conflicts
    assert {name: str(t) for name, t in table.dtypes.items()} == CONFLICTS
    base = report.plan.changes.set_index("id").loc[ids[0], "before"]
    assert table.values.tolist() == [[ids[0], "priority", base, "urgent", "none"]]


def test_each_cell_has_before_and_after(mixed: tuple[tf.TaskFrame, tf.Report, list[str]]) -> None:
    """Before as last read, after as answered: null where nothing was written, or nobody knows."""
    _, report, ids = mixed
    table = report.changes
    assert {name: str(t) for name, t in table.dtypes.items()} == CHANGES
    base = report.plan.changes.set_index(["id", "column"])["before"]
    cells = table.set_index(["id", "column"])
    priorities = cells.xs("priority", level="column").loc[ids]
    assert priorities["outcome"].tolist() == ["conflict", "failed", "unchanged", "applied", "applied", "applied"]
    assert priorities["before"].tolist() == [
        "none", base[ids[1], "priority"], "urgent", *(base[i, "priority"] for i in ids[3:])
    ]  # fmt: skip
    assert priorities["after"].tolist() == [None, None, "urgent", "urgent", "urgent", "urgent"]
    assert (priorities["planned"] == "urgent").all()
    assert cells.loc[(ids[3], "title"), "after"] == "=cmd|' /C calc'!A0"
    assert len(table) == len(report.plan.changes)


def test_a_cell_may_fare_otherwise_than_its_task(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Of an applied task a cell that the service had already is unchanged; a null is None."""
    tasks = conn.load()
    task = tasks.df.index[tasks.df["assigneeUserId"].notna()][0]
    tasks.df.loc[task, ["title", "assigneeUserId"]] = ["ours", None]
    plan = tasks.plan()
    box["reload"].edit(task, title="ours")
    report = plan.apply()
    assert report.counts == {"applied": 1}
    table = report.changes.set_index("column")
    assert table["outcome"].to_dict() == {"title": "unchanged", "assigneeUserId": "applied"}
    assert table.loc["assigneeUserId", "after"] is None
    assert table.loc["assigneeUserId", "before"] == plan.changes.set_index("column").loc["assigneeUserId", "before"]
    assert report.rate == pytest.approx(report.calls / report.elapsed)


def test_it_shows(mixed: tuple[tf.TaskFrame, tf.Report, list[str]]) -> None:
    """Text and HTML say how many, why, and which; what is foreign is escaped."""
    _, report, _ = mixed
    for shown in (repr(report), report._repr_html_()):
        for words in ("3 applied", "1 conflict", "1 failed", report.run_id, "urgent"):
            assert words in shown
    assert "<script" not in report._repr_html_()


def test_raise_for_failures_names_counts_and_the_first(mixed: tuple[tf.TaskFrame, tf.Report, list[str]]) -> None:
    """ServiceError with its status code and request id, for scripts that want to stop."""
    _, report, ids = mixed
    with pytest.raises(tf.ServiceError, match=r"2 of 6 tasks .*conflict 1.*failed 1") as caught:
        report.raise_for_failures()
    assert caught.value.status_code is not None
    assert caught.value.request_id
    assert any(i in str(caught.value) for i in ids[:2])


def test_to_csv_has_what_did_not_go_through(mixed: tuple[tf.TaskFrame, tf.Report, list[str]], tmp_path: Path) -> None:
    """A row a task, with what was wanted and why it is not; a spreadsheet runs nothing of it."""
    _, report, ids = mixed
    report.to_csv(tmp_path / "left.csv")
    with (tmp_path / "left.csv").open(encoding="utf-8", newline="") as file:
        rows = list(csv.DictReader(file))
    assert [(r["id"], r["priority"], r["outcome"]) for r in rows] == [
        (i, "urgent", "conflict" if i == ids[0] else "failed") for i in report.outcomes.index if i in ids[:2]
    ]
    assert all(r["detail"] and r["identifier"] and r["request_id"] for r in rows)
    told = {r["id"]: (r["theirs"], r["status_code"]) for r in rows}
    assert told == {ids[0]: ("priority: none", "409"), ids[1]: ("", "404")}


def test_what_to_csv_wrote_plans_again_as_it_is(
    mixed: tuple[tf.TaskFrame, tf.Report, list[str]], conn: tf.Connection, tmp_path: Path
) -> None:
    """Exactly what did not go through, on the old load and on a new one; the task that is gone is a problem there."""
    tasks, report, ids = mixed
    report.to_csv(tmp_path / "left.csv")
    again = tasks.plan_csv(tmp_path / "left.csv")
    assert set(again.changes["id"]) == set(ids[:2])
    assert again.changes[["column", "after"]].drop_duplicates().values.tolist() == [["priority", "urgent"]]
    fresh = conn.load().plan_csv(tmp_path / "left.csv")
    assert fresh.problems["id"].tolist() == [ids[1]]
    assert fresh.changes[["id", "before", "after"]].values.tolist() == [[ids[0], "none", "urgent"]]
    assert fresh.drop_problems().apply().counts == {"applied": 1}


def test_what_to_csv_wrote_clears_and_empties_again(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path) -> None:
    """Null goes out as `<clear>`, "" as a lone apostrophe, and what was not wanted blank."""
    tasks = conn.load()
    held = tasks.df["assigneeUserId"].notna() & tasks.df["description"].notna() & (tasks.df["description"] != "")
    one, two = tasks.df.index[held][:2]
    tasks.df.loc[one, "assigneeUserId"] = None
    tasks.df.loc[two, ["description", "title"]] = ["", "=1+1"]
    plan = tasks.plan()
    for task in (one, two):
        box["reload"].edit(task, title="theirs", description="theirs", assigneeUserId="usr_theirs")
    report = plan.apply()
    assert report.counts == {"conflict": 2}
    report.to_csv(tmp_path / "left.csv")
    again = tasks.plan_csv(tmp_path / "left.csv")
    pd.testing.assert_frame_equal(again.changes, plan.changes)


def test_to_csv_escapes_formulas(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Path) -> None:
    """Values of the service's and of ours."""
    tasks = conn.load()
    task = tasks.df.index[0]
    tasks.df.loc[task, "title"] = "=1+1"
    plan = tasks.plan()
    box["reload"].edit(task, title="=2+2")
    report = plan.apply()
    report.to_csv(tmp_path / "left.csv")
    text = (tmp_path / "left.csv").read_text("utf-8")
    assert ",=1" not in text
    assert "=1+1" in text


def test_a_table_that_is_changed_does_not_change_the_report(
    mixed: tuple[tf.TaskFrame, tf.Report, list[str]], tmp_path: Path
) -> None:
    """The tables are the reader's own."""
    _, report, _ = mixed
    outcomes, conflicts, counts = report.outcomes, report.conflicts, report.counts
    outcomes["detail"] = "mine"
    del outcomes["outcome"]
    conflicts["ours"] = "mine"
    counts["applied"] = 0
    assert "mine" not in report.outcomes.to_string() + report.conflicts.to_string() + repr(report)
    assert report.counts["applied"] == 3
    report.to_csv(tmp_path / "left.csv")


def test_retry_plans_what_was_left(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """What failed or was skipped, with the changes as they were, as a child of the run; applied, it goes through."""
    tasks = conn.load()
    ids = list(tasks.df.index[tasks.df["priority"] != "urgent"][:40])
    tasks.df.loc[ids, "priority"] = "urgent"
    plan = tasks.plan()
    box.faults.add("latency", seconds=0.0, match=lambda c: len(box.log.writes()) == 5 and not box["reload"].revoke())
    report = plan.apply()
    box.faults.clear()
    box["reload"].restore()
    left = report.outcomes.index[report.outcomes["outcome"] != "applied"]
    assert 0 < len(left) < 40
    assert report.stopped
    again = report.retry()
    assert set(again.changes["id"]) == set(left)
    assert again.parent == report.run_id
    assert again.id != plan.id
    assert again.apply().ok
    assert {box["reload"].task(i)["priority"] for i in ids} == {"urgent"}
    assert not tasks.plan()


def test_retry_leaves_conflicts_alone(mixed: tuple[tf.TaskFrame, tf.Report, list[str]]) -> None:
    """What others decided is not overwritten by trying again."""
    _, report, ids = mixed
    assert set(report.retry().changes["id"]) == {ids[1]}


def test_an_empty_report_has_its_columns(conn: tf.Connection, tmp_path: Path) -> None:
    """Nothing to do: no outcome, the same dtypes, ok."""
    report = conn.load().plan().apply()
    assert {name: str(t) for name, t in report.outcomes.dtypes.items()} == OUTCOMES
    assert {name: str(t) for name, t in report.conflicts.dtypes.items()} == CONFLICTS
    assert {name: str(t) for name, t in report.changes.dtypes.items()} == CHANGES
    assert str(report.outcomes.index.dtype) == "str"
    assert (len(report), report.ok, report.counts) == (0, True, {})
    assert not report.retry()
    report.raise_for_failures()
    report.to_csv(tmp_path / "left.csv")
    assert (tmp_path / "left.csv").read_text("utf-8").split() == [
        "id,identifier,outcome,detail,theirs,attempts,status_code,request_id"
    ]
    assert repr(report)
    assert report._repr_html_()


def test_a_dry_run_reports_what_an_apply_would_do(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """ready, unchanged, conflict, unknown; and it says that nothing was written."""
    tasks = conn.load()
    ids = list(tasks.df.index[tasks.df["priority"].isin(["low", "medium"])][:4])
    tasks.df.loc[ids, "priority"] = "urgent"
    plan = tasks.plan()
    box["reload"].edit(ids[1], priority="urgent")
    box["reload"].edit(ids[2], priority="none")
    box["reload"].delete(ids[3])
    report = plan.dry_run()
    assert report.outcomes.loc[ids, "outcome"].tolist() == ["ready", "unchanged", "conflict", "unknown"]
    assert report.dry_run
    assert not report.ok
    assert "dry run" in repr(report).lower()
    assert "dry run" in report._repr_html_().lower()
    assert isinstance(report.outcomes, pd.DataFrame)


def test_ok_is_that_every_task_holds_what_was_planned(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Also where the service had some of it already."""
    tasks = conn.load()
    ids = list(tasks.df.index[tasks.df["status"] != "blocked"][:3])
    tasks.df.loc[ids, "status"] = "blocked"
    plan = tasks.plan()
    box["reload"].edit(ids[0], status="blocked")
    report = plan.apply()
    assert report.counts == {"applied": 2, "unchanged": 1}
    assert report.ok
    report.raise_for_failures()
