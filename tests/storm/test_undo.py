"""The way back: after a storm all that was applied is put back, and what can't be says why."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from taskframe.changes.normal import same
from taskframe.engine.outcome import Outcome
from tests.storm.storm import SERVICES, Storm, storm


def cells(table: Any) -> set[tuple[str, str]]:
    return set(zip(table["id"], table["column"], strict=True))


def weathered(s: Storm) -> tf.Report:
    """A run in a storm, true by the oracle."""
    s.edit()
    s.breaks()
    report = s.apply()
    assert s.oracle(report).complaints() == []
    return report


def moved_since(s: Storm, report: tf.Report) -> set[tuple[str, str]]:
    """The applied cells that somebody else changed since: they hold what we did not write."""
    table = report.changes
    applied = table[table["outcome"] == "applied"]
    return {
        (row.id, row.column) for row in applied.itertuples()
        if not same(s.held(row.id, row.column), row.after, s.schema[row.column])
    }  # fmt: skip


@pytest.mark.parametrize("seed", [11, 12])
@pytest.mark.parametrize("service", SERVICES)
def test_after_a_storm_everything_goes_back(service: str, seed: int, tmp_path: Path) -> None:
    """Each applied cell is put back, or is one of the plan's problems, or its outcome says why it stays."""
    with storm(service, tmp_path, seed=seed) as s:
        report = weathered(s)
        moved = moved_since(s, report)
        plan = report.undo()
        assert plan.parent == report.run_id
        done = report.changes
        done = done[done["outcome"] == "applied"]
        back = {(r.id, r.column): r.before for r in done.itertuples()}
        same_again = {
            (r.id, r.column) for r in done.itertuples() if same(r.before, r.after, s.schema[r.column])
        }  # fmt: skip
        assert cells(plan.changes) | cells(plan.problems) | same_again == set(back)
        assert plan.problems["problem"].str.startswith("it can't be put back: ").all()
        plan = plan.drop_problems()
        undone = plan.apply(confirm=len(plan))
        told = undone.changes
        assert set(told["outcome"].astype(str)) <= {"applied", "conflict", "unchanged", "failed"}
        for row in told.itertuples():
            held, column = s.held(row.id, row.column), s.schema[row.column]
            if row.outcome in ("applied", "unchanged"):
                assert same(held, back[row.id, row.column], column)
            else:
                assert undone.outcomes.loc[row.id, "detail"]
        through = told[told["outcome"].isin(["applied", "unchanged"])]
        assert len(through) > 0.8 * len(told)
        refused = undone.outcomes[undone.outcomes["outcome"].isin(["failed", "partial"])]
        assert refused["detail"].str.contains("Invalid lifecycle transition").all()
        conflicts = undone.conflicts
        assert cells(conflicts) <= moved
        for row in conflicts.itertuples():
            assert same(s.held(row.id, row.column), row.theirs, s.schema[row.column])
        shown = s.connect().runs()
        assert shown.loc[undone.run_id, "parent"] == report.run_id


@pytest.mark.parametrize("service", SERVICES)
def test_what_others_changed_since_stays(service: str, tmp_path: Path) -> None:
    """Theirs is a conflict of the undo; the rest of the tasks goes back; and the frame shows what is true."""
    with storm(service, tmp_path, tasks=40) as s:
        title = s.title.name
        loaded = s.frame.df[title].copy()
        s.frame.df[title] = [f"ours {n}" for n in range(40)]
        report = s.apply()
        theirs = str(s.frame.df.index[5])
        s.kit.colleague(s.stage, theirs, s.title, "theirs")
        undone = report.undo().apply(confirm=40)
        assert undone.counts == {"applied": 39, "conflict": 1}
        assert undone.conflicts[["id", "base", "ours", "theirs"]].to_numpy().tolist() == [
            [theirs, "ours 5", loaded[theirs], "theirs"]
        ]
        assert s.held(theirs, title) == "theirs"
        assert s.frame.df[title].drop(theirs).equals(loaded.drop(theirs))
        assert len(s.frame.plan()) == 0


@pytest.mark.parametrize("service", SERVICES)
def test_undo_of_undo(service: str, tmp_path: Path) -> None:
    """What was put back is put there again; each run is the child of the one before."""
    with storm(service, tmp_path, tasks=40) as s:
        s.edit()
        report = s.apply()
        wanted = report.changes[report.changes["outcome"] == "applied"].set_index(["id", "column"])["after"]
        back = report.undo().drop_problems()
        undone = back.apply(confirm=len(back))
        again = undone.undo().drop_problems()
        redone = again.apply(confirm=len(again))
        through = undone.changes[undone.changes["outcome"] == "applied"]
        told = redone.changes
        assert cells(told[told["outcome"] == "applied"]) <= cells(through)
        for row in told[told["outcome"] == "applied"].itertuples():
            assert same(s.held(row.id, row.column), wanted[row.id, row.column], s.schema[row.column])
        runs = s.connect().runs()
        assert runs.loc[redone.run_id, "parent"] == undone.run_id
        assert runs.loc[undone.run_id, "parent"] == report.run_id


def test_the_half_that_went_through_is_put_back(tmp_path: Path) -> None:
    """A partial's title; the status, which was refused, is left alone."""
    with storm("pragmatiks", tmp_path, tasks=40) as s:
        df = s.frame.df
        task = str(df.index[df["status"] == "backlog"][0])
        title = df.loc[task, "title"]
        df.loc[task, ["title", "status"]] = ["ours", "done"]
        report = s.apply()
        assert report.counts == {"partial": 1}
        undo = report.undo()
        assert undo.changes[["column", "before", "after"]].to_numpy().tolist() == [["title", "ours", title]]
        assert undo.apply().counts == {"applied": 1}
        assert (s.held(task, "title"), s.held(task, "status")) == (title, "backlog")
        assert df.loc[task, "status"] == "done"
        assert s.frame.plan().changes["column"].tolist() == ["status"]


def test_a_move_that_has_no_way_back_says_so(tmp_path: Path) -> None:
    """Done is an end: the service refuses, the outcome is failed, with the service's own words."""
    with storm("pragmatiks", tmp_path, tasks=40) as s:
        df = s.frame.df
        df.loc[df.index[df["status"] == "review"][:1], "status"] = "done"
        undone = s.apply().undo().apply()
        assert undone.counts == {"failed": 1}
        assert undone.outcomes["detail"].item() == "Invalid lifecycle transition: done -> review"


def test_a_null_that_the_service_does_not_take_is_a_problem(tmp_path: Path) -> None:
    """Reload documents no null for a description: the preview says so ahead of the first call."""
    with storm("reload", tmp_path, tasks=40) as s:
        df = s.frame.df
        task = df.index[df["description"].isna()][0]
        df.loc[task, "description"] = "ours"
        plan = s.apply().undo()
        assert len(plan) == 0
        assert plan.problems["problem"].item().startswith("it can't be put back: ")
        assert "can't be put back" in repr(plan)
        with pytest.raises(tf.PlanError, match="1 problem is left"):
            plan.apply()


@pytest.mark.parametrize("service", SERVICES)
def test_undo_from_the_journal(service: str, tmp_path: Path) -> None:
    """Another connection, with nothing but the run's name: the same plan, and it goes back."""
    with storm(service, tmp_path, tasks=40) as s:
        title = s.title.name
        loaded = s.frame.df[title].copy()
        s.frame.df[title] = [f"ours {n}" for n in range(40)]
        report = s.apply()
        plan = s.connect().report(report.run_id).undo()
        assert plan.changes.equals(report.undo().changes)
        assert plan.apply(confirm=40).counts == {"applied": 40}
        assert [s.held(str(task), title) for task in loaded.index] == loaded.tolist()


def test_the_preview_of_the_way_back(tmp_path: Path) -> None:
    """Before and after are the other way round, and it says whose way back it is."""
    with storm("reload", tmp_path, tasks=40) as s:
        df = s.frame.df
        title = df["title"].iloc[0]
        df.loc[df.index[0], "title"] = "ours"
        report = s.apply()
        plan = report.undo()
        assert plan.changes[["before", "after"]].to_numpy().tolist() == [["ours", title]]
        for shown in (repr(plan), plan._repr_html_()):
            assert f"puts back what run {report.run_id} wrote" in shown


def test_at_kores_default_rate_the_preview_tells_the_hours(tmp_path: Path) -> None:
    """1,800 calls an hour: 5,000 edits take about 2.8 hours."""
    with storm("kore", tmp_path, tasks=40) as s:
        conn = s.connect(rate=s.stage.service.limits)
        rows = pd.concat([s.frame.df.assign(name=f"loaded {n}") for n in range(125)]).reset_index(drop=True)
        rows.index = pd.Index([f"ti-{n}" for n in range(5_000)], name="_id")
        tasks = tf.from_frame(rows, conn)
        tasks.df["name"] = "ours"
        plan = tasks.plan()
        through = [
            Outcome(e.id, "applied", row={**e.base, **e.after}, written=e.after, before={"name": e.base["name"]})
            for e in plan.edits()
        ]
        undo = tf.Report("r1", plan, False, 1.0, 5_000, _outcomes=through, _load=plan.load).undo()
        assert len(undo) == 5_000
        assert "about 2.8 hours at the known rate" in repr(undo)
