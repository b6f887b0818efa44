"""Promises about plans: only what was edited, through files and new processes too."""

from __future__ import annotations

import json
import os
import subprocess
import sys
from pathlib import Path
from typing import Any

from taskframe.changes.normal import same
from taskframe.elsewhere import open_plan, open_tasks
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite, put

APPLY = """
import json, sys
import taskframe as tf

name, settings = json.loads(sys.stdin.read())
with tf.connect(name, progress=False, **settings) as conn:
    for plan in (tf.open_plan("monday.plan", conn), tf.open_tasks("monday.tasks", conn).plan()):
        print(json.dumps(plan.apply(confirm=len(plan)).counts))
"""


class Planning(Suite):
    """Diffs and plans."""

    def test_a_fresh_load_has_no_changes(self, stage: Stage) -> None:
        """Nor has one of which each cell was written anew, in plain objects."""
        tasks = stage.load()
        plan = tasks.plan()
        assert (len(plan), len(plan.problems), plan.warnings) == (0, 0, ())
        again = tasks.plan(tasks.df.astype("object").sample(frac=1, random_state=1))
        assert (len(again), len(again.problems)) == (0, 0), again.problems

    def test_a_csv_that_nobody_edited_has_no_changes(self, stage: Stage, tmp_path: Path) -> None:
        """Out and in again: each value of each column survives."""
        tasks = stage.load()
        tasks.to_csv(tmp_path / "tasks.csv")
        plan = tasks.plan_csv(tmp_path / "tasks.csv")
        assert plan.problems.empty, plan.problems
        assert plan.changes.empty, plan.changes

    def test_an_edited_csv_is_the_same_plan(self, stage: Stage, tmp_path: Path) -> None:
        """What was edited in a frame, written to a file and read again: the same changes."""
        tasks = self._edited(stage)
        plan = tasks.plan()
        tasks.to_csv(tmp_path / "edited.csv")
        from_file = stage.load().plan_csv(tmp_path / "edited.csv")
        assert from_file.problems.empty, from_file.problems
        assert self._cells(from_file) == self._cells(plan)

    def test_each_edit_is_found_and_nothing_else(self, stage: Stage) -> None:
        """One cell of every editable column: so many changes, with what was there and what is wanted."""
        tasks = stage.load()
        rows = self.rows(tasks)
        picks = self.picks(stage, tasks, tasks.schema.editable)
        for name, (task, value) in picks.items():
            put(tasks.df, task, name, value)
        changes = {row.column: row for row in tasks.plan().changes.itertuples()}
        assert changes.keys() == picks.keys()
        for name, (task, value) in picks.items():
            column = tasks.schema[name]
            assert changes[name].id == task
            assert same(changes[name].before, rows[task].get(name), column), name
            assert same(changes[name].after, value, column), name

    def test_a_saved_plan_is_the_same_plan(self, stage: Stage, tmp_path: Path) -> None:
        """Opened again: the same changes, and the very same calls."""
        plan = self._edited(stage).plan()
        plan.save(tmp_path / "monday.plan")
        opened = open_plan(tmp_path / "monday.plan", stage.connect())
        assert self._cells(opened) == self._cells(plan)
        assert list(opened.requests()) == list(plan.requests())

    def test_a_saved_frame_is_the_same_frame(self, stage: Stage, tmp_path: Path) -> None:
        """Opened again: the same baseline, and the edits."""
        tasks = self._edited(stage)
        tasks.save(tmp_path / "monday.tasks")
        opened = open_tasks(tmp_path / "monday.tasks", stage.connect())
        assert opened.schema == tasks.schema
        assert opened.catalogue == tasks.catalogue
        assert self._cells(opened.plan()) == self._cells(tasks.plan())

    def test_saved_plans_and_frames_apply_in_a_new_process(self, tmp_path: Path) -> None:
        """It knows no load: what names stand for comes with the file. Half of the columns go each way."""
        with self.open_stage(factor=1) as stage:  # the new process has the machine's own clock
            self._apply_elsewhere(stage, tmp_path)

    def _edited(self, stage: Stage) -> Any:
        """A load with one edit of each editable column."""
        tasks = stage.load()
        for name, (task, value) in self.picks(stage, tasks, tasks.schema.editable).items():
            put(tasks.df, task, name, value)
        return tasks

    def _cells(self, plan: Any) -> list[Any]:
        return [(c.id, c.column, repr(c.before), repr(c.after)) for c in plan.changes.itertuples()]

    def _apply_elsewhere(self, stage: Stage, tmp_path: Path) -> None:
        tasks = self._edited(stage)
        plan = tasks.plan()
        names = [column.name for column in tasks.schema.editable]
        plan.select(columns=names[::2]).save(tmp_path / "monday.plan")
        for name in names[::2]:
            tasks.df[name] = stage.load().df[name]
        tasks.save(tmp_path / "monday.tasks")
        settings = stage.box.settings(self.service)
        done = subprocess.run(  # noqa: S603 - our own Python, our own script
            [sys.executable, "-W", "error", "-c", APPLY],
            input=json.dumps([self.service, settings]), cwd=tmp_path, env={**os.environ, "PYTHONUTF8": "1"},
            capture_output=True, text=True, encoding="utf-8", timeout=120, check=False,
        )  # fmt: skip
        assert done.returncode == 0, done.stderr
        told = [json.loads(line) for line in done.stdout.splitlines()]
        assert told == [{"applied": len(names[::2])}, {"applied": len(names[1::2])}]
        for cell in plan.changes.itertuples():
            column = tasks.schema[cell.column]
            held = self.held(stage.server.task(cell.id), column)
            assert same(held, cell.after, column), f"{cell.column}: planned {cell.after!r}, the server holds {held!r}"
