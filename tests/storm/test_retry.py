"""Another try: of what was left, and on request of what others changed, on top of theirs."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

import taskframe as tf
from taskframe.changes.normal import same
from tests.storm.storm import SERVICES, Storm, storm


def conflicted(s: Storm, count: int = 3) -> tuple[tf.Report, list[str]]:
    """A run of titles of which the first ones are in conflict."""
    s.frame.df[s.title.name] = [f"ours {n}" for n in range(len(s.frame))]
    theirs = [str(task) for task in s.frame.df.index[:count]]
    for task in theirs:
        s.kit.colleague(s.stage, task, s.title, "theirs")
    report = s.apply()
    assert report.counts == {"applied": len(s.frame) - count, "conflict": count}
    return report, theirs


@pytest.mark.parametrize("service", SERVICES)
def test_ours_on_top_of_theirs(service: str, tmp_path: Path) -> None:
    """Theirs is the new before in the preview; applied, ours is there, and nothing is left to do."""
    with storm(service, tmp_path, tasks=40) as s:
        report, theirs = conflicted(s)
        assert len(report.retry()) == 0
        plan = report.retry(conflicts="ours")
        assert plan.changes.to_numpy().tolist() == [
            [task, s.title.name, "theirs", f"ours {n}"] for n, task in enumerate(theirs)
        ]
        assert plan.parent == report.run_id
        again = plan.apply()
        assert again.counts == {"applied": 3}
        assert [s.held(task, s.title.name) for task in theirs] == ["ours 0", "ours 1", "ours 2"]
        assert len(s.frame.plan()) == 0
        assert s.connect().runs().loc[again.run_id, "parent"] == report.run_id


@pytest.mark.parametrize("service", SERVICES)
def test_who_edits_again_in_between_is_in_conflict_again(service: str, tmp_path: Path) -> None:
    """To plan ours on top of what is known of theirs is no leave to overwrite what comes later."""
    with storm(service, tmp_path, tasks=40) as s:
        report, theirs = conflicted(s)
        plan = report.retry(conflicts="ours")
        s.kit.colleague(s.stage, theirs[1], s.title, "theirs again")
        again = plan.apply()
        assert again.counts == {"applied": 2, "conflict": 1}
        assert again.conflicts[["base", "ours", "theirs"]].to_numpy().tolist() == [["theirs", "ours 1", "theirs again"]]
        assert s.held(theirs[1], s.title.name) == "theirs again"
        third = again.retry(conflicts="ours")
        assert third.changes["before"].tolist() == ["theirs again"]
        assert third.apply().counts == {"applied": 1}


def test_it_goes_out_with_the_newest_version(tmp_path: Path) -> None:
    """Reload: the version that the conflict was read with, so that one call each is enough."""
    with storm("reload", tmp_path, tasks=40) as s:
        report, theirs = conflicted(s)
        plan = report.retry(conflicts="ours")
        assert [r["json"]["version"] for r in plan.requests()] == [s.server.task(t)["version"] for t in theirs]
        assert plan.apply().calls == 3


@pytest.mark.parametrize("service", SERVICES)
def test_after_a_storm_it_takes_one_more_run(service: str, tmp_path: Path) -> None:
    """Fair weather, and ours on top: all that the service allows is there, from the journal as from the report."""
    with storm(service, tmp_path, seed=21) as s:
        s.edit()
        s.breaks()
        report = s.apply()
        plan = s.connect().report(report.run_id).retry(conflicts="ours")
        assert plan.changes.equals(report.retry(conflicts="ours").changes)
        again = plan.apply(confirm=len(plan))
        told = again.changes
        assert set(told["outcome"].astype(str)) <= {"applied", "unchanged", "failed"}
        for row in told.itertuples():
            if row.outcome != "failed":
                assert same(s.held(row.id, row.column), row.planned, s.schema[row.column])
        assert set(told["column"][told["outcome"] == "failed"]) <= {"status"}


def test_of_a_partial_only_what_is_left(tmp_path: Path) -> None:
    """The status alone; and another try of that one is the same again."""
    with storm("pragmatiks", tmp_path, tasks=40) as s:
        df = s.frame.df
        task = str(df.index[df["status"] == "backlog"][0])
        df.loc[task, ["title", "status"]] = ["ours", "running"]
        report = s.apply()
        plan = report.retry()
        assert plan.changes.to_numpy().tolist() == [[task, "status", "backlog", "running"]]
        again = plan.apply()
        assert again.counts == {"failed": 1}
        s.server.edit(task, status="assigned")
        third = again.retry()
        assert third.changes["column"].tolist() == ["status"]
        met = third.apply()
        assert met.counts == {"conflict": 1}
        assert met.retry(conflicts="ours").apply().counts == {"applied": 1}
        assert s.held(task, "status") == "running"
        assert len(s.frame.plan()) == 0


@pytest.mark.parametrize("wrong", ["theirs", "Ours", True, ["ours"]])
def test_only_ours_can_be_asked_for(wrong: Any, tmp_path: Path) -> None:
    with storm("reload", tmp_path, tasks=40) as s:
        report, _ = conflicted(s)
        with pytest.raises(tf.PlanError, match='conflicts= takes "ours"'):
            report.retry(conflicts=wrong)


def keep(*three: Any) -> Any:
    return three[-1]


def join(_task: str, _column: str, _base: Any, ours: Any, theirs: Any) -> str:
    return f"{theirs} + {ours}"


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize(
    ("on_conflict", "outcome", "held"),
    [
        ("report", "conflict", "theirs"),
        ("overwrite", "applied", "ours 0"),
        (keep, "unchanged", "theirs"),
        (join, "applied", "theirs + ours 0"),
        (lambda *_: None, "failed", "theirs"),
        (lambda *_: 1 / 0, "failed", "theirs"),
    ],
)
def test_on_conflict_in_all_its_forms(
    service: str, on_conflict: str | Callable[..., Any], outcome: str, held: str, tmp_path: Path
) -> None:
    """A word, or a function that is asked cell by cell; one that gives nothing, or breaks, overwrites nothing."""
    with storm(service, tmp_path, tasks=40) as s:
        task = str(s.frame.df.index[0])
        s.frame.df.loc[task, s.title.name] = "ours 0"
        s.kit.colleague(s.stage, task, s.title, "theirs")
        report = s.apply(on_conflict=on_conflict)
        assert report.counts == {outcome: 1}
        assert s.held(task, s.title.name) == held
        assert report.changes["after"].tolist() == [held if outcome in ("applied", "unchanged") else None]


def test_what_keeps_changing_is_given_up(tmp_path: Path) -> None:
    """Somebody edits another column ahead of each of our writes: after five goes on a new state it is enough."""
    with storm("reload", tmp_path, tasks=40) as s:
        task = str(s.frame.df.index[0])
        s.frame.df.loc[task, "title"] = "ours"
        s.stage.faults.add("others-edit", times=None, match=s.stage.hits(task), columns="other")
        report = s.apply()
        row = report.outcomes.loc[task]
        assert row["outcome"] == "failed"
        assert row["detail"].startswith("kept changing: ")
        assert row["attempts"] == 6
        assert report.retry().apply().counts == {"applied": 1}
