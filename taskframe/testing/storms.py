"""Promises about bad weather: whatever fails, each task gets one outcome, and it is true."""

from __future__ import annotations

from collections import Counter
from collections.abc import Sequence
from typing import Any

import pytest

from taskframe.changes.normal import same
from taskframe.schema import Schema
from taskframe.testing.oracle import Oracle, planned_of, told_of
from taskframe.testing.stage import Signing, Stage
from taskframe.testing.suite import Suite, Task

BLOWS: tuple[tuple[str, dict[str, Any]], ...] = (
    ("429", {"retry_after": 2}),
    ("429", {"retry_after": 3, "form": "date"}),
    ("429", {"retry_after": 1, "form": "ms"}),
    ("429", {}),
    ("500", {}),
    ("500-after", {}),
    ("502", {}),
    ("502-after", {}),
    ("503", {"retry_after": 2}),
    ("503", {}),
    ("504", {}),
    ("504-after", {}),
    ("drop", {}),
    ("drop", {"reset": True}),
    ("drop-after", {}),
    ("drop-after", {"reset": True}),
    ("cut-socket", {}),
    ("wrong-shape", {}),
    ("html", {}),
    ("latency", {"seconds": 2}),
)
"""What strikes one task each: refused or carried out, answered or not."""

MEDDLING: tuple[tuple[str, dict[str, Any]], ...] = (
    ("others-edit", {"columns": "same"}), ("others-edit", {"columns": "other"}),
)  # fmt: skip
"""Colleagues' edits just ahead of the write: noticed where a version guards it, and only there."""


class Storms(Suite):
    """Throttling, failures, lost replies."""

    def test_each_blow_is_survived(self, stage: Stage) -> None:
        """Each kind of failure strikes one task's write: it is applied all the same, written once, and told truly."""
        tasks = stage.load()
        title = self.title(tasks.schema).name
        struck = [str(task) for task in tasks.df.index[: len(BLOWS)]]
        tasks.df.loc[struck, title] = [f"ours {n}" for n in range(len(BLOWS))]
        rules = [
            stage.faults.add(kind, match=stage.hits(task), **how)
            for task, (kind, how) in zip(struck, BLOWS, strict=True)
        ]
        oracle = self._run(stage, tasks)
        assert oracle.complaints() == []
        assert all(rule.hits for rule in rules), [rule for rule in rules if not rule.hits]
        outcomes = {told.id: told.kind for told in oracle.told}
        assert [(BLOWS[n], outcomes[task]) for n, task in enumerate(struck) if outcomes[task] != "applied"] == []

    def test_a_pause_that_is_asked_for_is_kept(self) -> None:
        """429 with Retry-After: no call of ours arrives before the time is over, whichever worker's it is."""
        with self.open_stage(factor=20) as stage:
            tasks = stage.connect(concurrency=2).load()
            tasks.df.loc[tasks.df.index[:8], self.title(tasks.schema).name] = "ours"
            stage.faults.add("429", match=stage.any_write, retry_after=40)
            stage.faults.add("latency", times=None, match=stage.any_write, seconds=8)
            start = len(stage.box.log)
            assert stage.apply(tasks).counts == {"applied": 8}
            calls = [r for r in stage.since(start) if r.actor == "caller"]
            turned = next(r.at for r in calls if r.fault == "429")
            # what was under way when the reply came arrives yet, on a busy machine after a while
            early = [r for r in calls if turned + 16 < r.at < turned + 39]
            assert early == [], f"{len(early)} calls in a pause of 40 s"

    def test_expired_credentials_are_renewed(self, stage: Stage) -> None:
        """In the midst of a run: what the service did not take is sent again with fresh ones.

        Where credentials are made of a secret for each attempt, none is ever sent twice.
        """
        service = Signing(stage.service)
        given: list[str] = []
        server: Any = stage.server
        minted = bool(getattr(stage.settings(), "mints", False))
        revocable = hasattr(server, "token") and hasattr(server, "revoke")

        def fresh() -> str:
            given.append(server.token() if revocable else stage.settings().token.get_secret_value())
            return given[-1]

        tasks = stage.connect(service=service, token=None if minted else fresh).load()
        title = self.title(tasks.schema).name
        tasks.df.loc[tasks.df.index[:20], title] = "ours"
        writes = iter(range(10**6))

        def expire(call: Any) -> bool:
            if stage.any_write(call) and next(writes) == 7 and given and revocable:
                server.revoke(given[-1])
            return False

        stage.faults.add("latency", times=None, match=expire)
        if not minted and not revocable:
            stage.faults.add("401", match=stage.any_write, after=7)
        start = len(stage.box.log)
        assert stage.apply(tasks).counts == {"applied": 20}
        if minted:
            secrets = list(service.secrets(server.secret_headers))
            assert len(set(secrets)) == len(secrets) >= 20
        else:
            assert any(r.status == 401 for r in stage.since(start)), "nothing expired"
            assert len(given) >= 2

    @pytest.mark.parametrize("seed", [1, 2])
    def test_every_outcome_of_a_storm_is_true(self, stage: Stage, seed: int) -> None:
        """30 % of all calls fail, up to 4 in a row on a task: nothing is lost, overwritten or told falsely."""
        tasks = stage.load()
        title, second = self.title(tasks.schema), self.second(tasks.schema)
        tasks.df[title.name] = [f"ours {n}" for n in range(len(tasks))]
        rows = self.rows(tasks)
        tasks.df[second.name] = [
            next(v for v in self.values(stage, tasks, task, second) if not same(v, row.get(second.name), second))
            for task, row in rows.items()
        ]
        meddled = [str(task) for task in tasks.df.index[::9]]
        versioned = stage.service.versioned
        kinds = [*BLOWS, *(MEDDLING * 3 if versioned else ())]
        stage.faults.storm(0.3, kinds=kinds, seed=seed, most_in_a_row=4)
        oracle = self._run(stage, tasks, colleagues=meddled)
        assert oracle.complaints() == []
        told = Counter(told.kind for told in oracle.told)
        assert set(told) <= {"applied", "conflict", "unchanged"}, f"4 blows leave nothing undecided: {dict(told)}"
        assert told["applied"] > len(tasks) / 2
        assert told["conflict"] >= len(meddled)
        assert len({record.fault for record in oracle.records}) > 8, "it was no storm"

    def _run(self, stage: Stage, tasks: Any, *, colleagues: Sequence[str] = ()) -> Oracle:
        """An apply, while what `colleagues` lists has been edited meanwhile; and the oracle of it."""
        plan = tasks.plan()
        assert plan.problems.empty, plan.problems
        schema: Schema = tasks.schema
        before = {self.id_of(stage, task): dict(task) for task in stage.server.tasks()}
        start = len(stage.box.log)
        for n, task in enumerate(colleagues):
            self.colleague(stage, task, self.title(schema), f"theirs {n}")
        report = plan.apply(confirm=len(plan))
        stage.faults.clear()

        def cells(task: Task, names: Sequence[str]) -> dict[str, Any]:
            return {name: self.held(task, schema[name]) for name in names}

        return Oracle(
            planned=planned_of(plan, before, lambda edit: len(stage.service.calls(edit, plan.load.catalogue))),
            told=told_of(report),
            records=stage.since(start),
            held={self.id_of(stage, task): task for task in stage.server.tasks()},
            calls=report.calls,
            cells=cells,
            same=lambda name, a, b: same(a, b, schema[name]),
        )
