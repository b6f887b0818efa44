"""Promises about applying while others edit: one true outcome each, and nobody is overwritten unasked."""

from __future__ import annotations

from typing import Any

from taskframe.changes.normal import same
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite


class Applying(Suite):
    """Dry runs, conflicts, outcomes, and the frame afterwards."""

    def test_a_dry_run_writes_nothing(self, stage: Stage) -> None:
        """It reads what an apply would read, and tells what an apply would find."""
        tasks = self._titled(stage, 12)
        title = self.title(tasks.schema)
        taken = str(tasks.df.index[3])
        self.colleague(stage, taken, title, "theirs")
        start, held = len(stage.box.log), [dict(task) for task in stage.server.tasks()]
        report = tasks.plan().dry_run()
        assert report.counts == {"ready": 11, "conflict": 1}
        assert report.outcomes.loc[taken, "outcome"] == "conflict"
        assert stage.writes(start) == []
        assert [dict(task) for task in stage.server.tasks()] == held

    def test_what_is_applied_is_held(self, stage: Stage) -> None:
        """All applied; the server holds each; each was written once; the frame follows, and nothing is left to do."""
        tasks = self._titled(stage, 30)
        start = len(stage.box.log)
        report = stage.apply(tasks)
        assert report.counts == {"applied": 30}
        assert report.ok
        assert self._held(stage, tasks)[:30] == [f"ours {n}" for n in range(30)]
        assert len(stage.writes(start)) == 30
        assert len(tasks.plan()) == 0
        assert self.differences(stage, tasks.df, tasks.schema) == []

    def test_a_colleagues_edit_is_a_conflict_and_stays(self, stage: Stage) -> None:
        """The cell was changed after the load: theirs stays, and base, ours and theirs are told."""
        tasks = self._titled(stage, 12)
        title = self.title(tasks.schema)
        base = tasks.baseline.frame[title.name]
        theirs = {str(task): f"theirs {n}" for n, task in enumerate(tasks.df.index[:4])}
        for task, value in theirs.items():
            self.colleague(stage, task, title, value)
        report = stage.apply(tasks)
        assert report.counts == {"applied": 8, "conflict": 4}
        told = {row.id: (row.column, row.base, row.ours, row.theirs) for row in report.conflicts.itertuples()}
        for n, (task, value) in enumerate(theirs.items()):
            assert report.outcomes.loc[task, "outcome"] == "conflict"
            assert told[task] == (title.name, base[task], f"ours {n}", value)
            assert self.held(stage.server.task(task), title) == value

    def test_an_edit_of_another_column_is_kept(self, stage: Stage) -> None:
        """Theirs and ours are both there in the end."""
        tasks = self._titled(stage, 12)
        second = self.second(tasks.schema)
        theirs = {}
        rows = self.rows(tasks)
        for task in map(str, tasks.df.index[:12]):
            now = rows[task].get(second.name)
            value = next(v for v in self.values(stage, tasks, task, second) if not same(v, now, second))
            self.colleague(stage, task, second, value)
            theirs[task] = value
        report = stage.apply(tasks)
        assert report.counts == {"applied": 12}
        assert self._held(stage, tasks)[:12] == [f"ours {n}" for n in range(12)]
        for task, value in theirs.items():
            assert same(self.held(stage.server.task(task), second), value, second), f"{task}: theirs is gone"
        assert len(tasks.plan()) == 0

    def test_the_same_edit_by_a_colleague_is_unchanged(self, stage: Stage) -> None:
        """Somebody was faster: nothing is written."""
        tasks = self._titled(stage, 6)
        title = self.title(tasks.schema)
        same_as_ours = str(tasks.df.index[2])
        self.colleague(stage, same_as_ours, title, "ours 2")
        start = len(stage.box.log)
        report = stage.apply(tasks)
        assert report.counts == {"applied": 5, "unchanged": 1}
        assert report.outcomes.loc[same_as_ours, "outcome"] == "unchanged"
        assert not any(record.after for record in stage.writes(start, same_as_ours))

    def test_what_went_away_and_came_back_is_unmoved(self, stage: Stage) -> None:
        """A value that is what it was: no conflict."""
        tasks = self._titled(stage, 6)
        title = self.title(tasks.schema)
        back = str(tasks.df.index[2])
        self.colleague(stage, back, title, "away")
        self.colleague(stage, back, title, tasks.baseline.frame.loc[back, title.name])
        assert stage.apply(tasks).counts == {"applied": 6}

    def test_who_asks_to_overwrite_overwrites(self, stage: Stage) -> None:
        """`on_conflict="overwrite"` writes ours over theirs; a function decides cell by cell."""
        tasks = self._titled(stage, 6)
        title = self.title(tasks.schema)
        for task in tasks.df.index[:6]:
            self.colleague(stage, str(task), title, "theirs")
        assert stage.apply(tasks, on_conflict="overwrite").counts == {"applied": 6}
        assert self._held(stage, tasks)[:6] == [f"ours {n}" for n in range(6)]
        again = self._titled(stage, 6, "mine")
        for task in again.df.index[:6]:
            self.colleague(stage, str(task), title, "theirs")

        def both(_id: str, _column: str, _base: Any, ours: Any, theirs: Any) -> str:
            return f"{theirs}, {ours}"

        assert stage.apply(again, on_conflict=both).counts == {"applied": 6}
        assert self._held(stage, again)[:6] == [f"theirs, mine {n}" for n in range(6)]

    def test_a_task_that_is_gone_is_not_applied(self, stage: Stage) -> None:
        """Deleted, or hidden from us: the others go through, and this one is said not to have."""
        tasks = self._titled(stage, 6)
        gone = str(tasks.df.index[1])
        stage.server.delete(gone)
        report = stage.apply(tasks)
        assert report.counts["applied"] == 5
        assert report.outcomes.loc[gone, "outcome"] in ("unknown", "failed")

    def test_credentials_that_are_not_taken_end_it_in_order(self, stage: Stage) -> None:
        """One outcome for each task, and "applied" is said of exactly those that hold our values."""
        tasks = self._titled(stage, 6)
        refused = str(tasks.df.index[1])
        rule = stage.faults.add("401", times=None, match=stage.hits(refused))
        report = stage.apply(tasks)
        assert rule.hits
        assert report.outcomes.loc[refused, "outcome"] != "applied"
        assert sum(report.counts.values()) == 6
        for task, row in report.outcomes.iterrows():
            ours = tasks.df.loc[task, self.title(tasks.schema).name]
            held = self.held(stage.server.task(str(task)), self.title(tasks.schema))
            assert (row["outcome"] == "applied") is (held == ours), f"{task}: {row['outcome']}"

    def test_later_edits_survive_an_apply(self, stage: Stage) -> None:
        """Another round on the same frame goes by the new versions: no conflict with ourselves."""
        tasks = self._titled(stage, 6)
        stage.apply(tasks)
        tasks.df.loc[tasks.df.index[:6], self.title(tasks.schema).name] = [f"later {n}" for n in range(6)]
        assert stage.apply(tasks).counts == {"applied": 6}
        assert self._held(stage, tasks)[:6] == [f"later {n}" for n in range(6)]

    def _titled(self, stage: Stage, count: int, word: str = "ours") -> Any:
        """A load whose first `count` tasks have new titles."""
        tasks = stage.load()
        tasks.df.loc[tasks.df.index[:count], self.title(tasks.schema).name] = [f"{word} {n}" for n in range(count)]
        return tasks

    def _held(self, stage: Stage, tasks: Any) -> list[Any]:
        """The titles that the server holds, in the frame's order."""
        title = self.title(tasks.schema)
        return [self.held(stage.server.task(str(task)), title) for task in tasks.df.index]
