"""Whatever goes wrong: one outcome for every task, and each of them true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Callable
from dataclasses import replace
from typing import Any

import pytest
from apply_oracle import complaints, planned_of, told_of
from apply_stage import Stage

STORM: list[Any] = [
    "429", ("429", {"retry_after": 2}), ("429", {"retry_after": 3, "form": "date"}),
    ("429", {"retry_after": 1, "form": "ms"}),
    "500", "500-after", "502", "504-after", "503", ("503", {"retry_after": 2}),
    "drop", ("drop", {"reset": True}), "drop-after", ("drop-after", {"reset": True}), "cut-socket", "wrong-shape",
    ("stall", {"seconds": 600}),
    ("others-edit", {"columns": "same"}), ("others-edit", {"columns": "same"}), ("others-edit", {"columns": "other"}),
]  # fmt: skip


def weather(stage: Stage, seed: int, *, on_conflict: Any = "report") -> dict[str, Any]:
    """A run of 200 in a storm; gives what the oracle wants to know of it."""
    tasks = stage.edited(200, timeout=2.0)  # of our seconds, 500 of theirs: a busy machine answers in less
    start = len(stage.box.log)
    stage.faults.storm(0.45, kinds=STORM, seed=seed, most_in_a_row=4)
    plan = tasks.plan()
    report = plan.apply(confirm=len(plan), on_conflict=on_conflict)
    stage.faults.clear()
    return {
        "planned": planned_of(plan),
        "told": told_of(report),
        "log": stage.box.log[start:],
        "held": {t["id"]: t for t in stage.reload.tasks()},
        "calls": report.calls,
    }


@pytest.mark.parametrize("seed", range(1))
def test_every_outcome_of_a_storm_is_true(make_stage: Callable[..., Stage], seed: int) -> None:
    """Up to 4 blows in a row on a task: each gets one true outcome, nothing is lost, nobody is overwritten."""
    facts = weather(make_stage(tasks=230, factor=250), seed)
    assert complaints(**facts) == []
    kinds = Counter(t.kind for t in facts["told"])
    assert set(kinds) <= {"applied", "conflict", "unchanged"}  # 4 blows leave nothing undecided
    assert kinds["applied"] > 100
    assert kinds["conflict"] > 3
    assert len({r.fault for r in facts["log"]}) > 10  # it was a storm


def test_what_nobody_can_tell_is_a_conflict(stage: Stage) -> None:
    """A reply was lost, and others made two versions meanwhile, of another column: ours may have been put back."""
    tasks = stage.load(1)
    task = str(tasks.df.index[0])
    tasks.df["title"] = "ours"
    plan = tasks.plan()
    start = len(stage.box.log)
    stage.faults.add("500")
    for _ in range(2):
        stage.faults.add("others-edit", match=stage.reload.target, columns="other")
    stage.reload.edit(task, priority="urgent" if stage.reload.task(task)["priority"] != "urgent" else "low")
    report = plan.apply()
    held = {t["id"]: t for t in stage.reload.tasks()}
    log = stage.box.log[start:]
    assert report.counts == {"conflict": 1}
    assert "may have been applied and put back" in report.outcomes.loc[task, "detail"]
    assert complaints(planned_of(plan), told_of(report), log, held, calls=report.calls) == []


@pytest.mark.parametrize("seed", range(1))
def test_who_asks_to_overwrite_overwrites(make_stage: Callable[..., Stage], seed: int) -> None:
    """on_conflict="overwrite": in the end every task holds our values, whoever was there before."""
    facts = weather(make_stage(tasks=230, factor=250), seed, on_conflict="overwrite")
    assert complaints(**facts, overwrite=True) == []
    assert {t.kind for t in facts["told"]} <= {"applied", "unchanged"}
    ours = {p.id: p.ours for p in facts["planned"]}
    assert all(facts["held"][task].items() >= cells.items() for task, cells in ours.items())


def test_the_oracle_sees_what_is_false(make_stage: Callable[..., Stage]) -> None:
    """Of a true run, every falsified telling, every write left out and every edit overwritten is noticed."""
    facts = weather(make_stage(tasks=230, factor=250), 0)
    assert complaints(**facts) == []
    told = facts["told"]
    first = {kind: n for n, kind in reversed([(n, t.kind) for n, t in enumerate(told)])}

    def told_otherwise(n: int, **changes: Any) -> list[str]:
        false = [*told[:n], replace(told[n], **changes), *told[n + 1 :]]
        return complaints(**{**facts, "told": false})

    applied, conflict = first["applied"], first["conflict"]
    for kind in ("unchanged", "failed", "skipped", "ready"):
        assert told_otherwise(applied, kind=kind)
    sent_in_vain = next(
        n for n, t in enumerate(told) if t.kind == "conflict" and not any(
            r.task_id == t.id and r.actor == "caller" and r.after for r in facts["log"]
        )
    )  # fmt: skip
    assert told_otherwise(sent_in_vain, kind="applied")
    assert told_otherwise(sent_in_vain, kind="unchanged")
    assert told_otherwise(conflict, conflicts=frozenset())
    assert told_otherwise(applied, attempts=told[applied].attempts + 1)
    assert complaints(**{**facts, "told": told[:-1]})
    assert complaints(**{**facts, "told": [told[1], told[0], *told[2:]]})
    assert complaints(**{**facts, "calls": facts["calls"] - 1})
    ours = next(n for n, r in enumerate(facts["log"]) if r.actor == "caller" and r.after)
    lost = facts["log"][:ours] + facts["log"][ours + 1 :]
    assert complaints(**{**facts, "log": lost})
    write = facts["log"][ours]
    theirs = replace(write, actor="other", method="", content=b"", after={"title": "theirs"})
    overwritten = [*facts["log"][:ours], theirs, *facts["log"][ours:]]
    assert any("overwritten" in words for words in complaints(**{**facts, "log": overwritten}))
    twice = [*facts["log"][: ours + 1], write, *facts["log"][ours + 1 :]]
    assert any("2 times" in words for words in complaints(**{**facts, "log": twice}))
