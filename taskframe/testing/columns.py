"""The big promise: every editable column can be edited, and cleared where that is allowed, and nothing else is sent."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from taskframe.changes.normal import same
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite, put


class EveryColumn(Suite):
    """Each editable column, on a task of its own, all in one run."""

    def test_every_column_can_be_edited(self, stage: Stage) -> None:
        """Another value in each: the server holds it, the call sent that and its companions, no other column moved."""
        wrong = self._written(stage)
        assert not wrong, "\n".join(wrong)

    def test_every_clearable_column_can_be_cleared(self, stage: Stage) -> None:
        """Null where null may go: the server holds nothing there any more."""
        tasks = stage.load()
        for name, (task, value) in self.picks(stage, tasks, tasks.schema.editable).items():
            self.colleague(stage, task, tasks.schema[name], value)  # so that there is something to clear
        wrong = self._written(stage, clear=True)
        assert not wrong, "\n".join(wrong)

    def test_what_cant_be_cleared_is_a_problem(self, stage: Stage) -> None:
        """Null elsewhere is told before the first call."""
        tasks = stage.load()
        cleared = {}
        for column in tasks.schema.editable:
            if not column.clearable:
                held = tasks.df[column.name].notna()
                cleared[column.name] = int(held.sum())
                tasks.df[column.name] = tasks.df[column.name].astype("object").mask(held, None)
        told = tasks.plan().problems["column"].value_counts()
        assert {name: int(told.get(name, 0)) for name in cleared} == cleared

    def _written(self, stage: Stage, *, clear: bool = False) -> list[str]:
        """All that is wrong after an edit of each column."""
        tasks = stage.load()
        columns = [column for column in tasks.schema.editable if column.clearable or not clear]
        picks = self.picks(stage, tasks, columns, clear=clear)
        rows = self.rows(tasks)
        for name, (task, value) in picks.items():
            put(tasks.df, task, name, value)
        before = {task: dict(stage.server.task(task)) for task, _ in picks.values()}
        start = len(stage.box.log)
        report = stage.apply(tasks)
        outcomes = report.outcomes
        wrong = []
        for name, (task, value) in picks.items():
            column = tasks.schema[name]
            words = f"{name} of {task} to {value!r}"
            outcome, detail = outcomes.loc[task, ["outcome", "detail"]]
            if outcome != "applied":
                wrong.append(f"{words}: {outcome} ({detail})")
                continue
            held = self.held(stage.server.task(task), column)
            if not same(held, value, column):
                wrong.append(f"{words}: applied, and the server holds {held!r}")
            rightly = {*self.fields(before[task], column, value), *self.companions.get(name, ())}
            known = [task, *(rows[task].get(lock.name) for lock in tasks.schema.roles("version"))]
            sent = set().union(*(self.sent(record, known) for record in stage.writes(start, task)))
            if sent - rightly:
                wrong.append(f"{words}: sent {', '.join(sorted(sent - rightly))} too")
            wrong += [f"{words}: {other} moved too" for other in self._moved(stage, tasks, task, name, before[task])]
        if len(tasks.plan()):
            wrong.append(f"the frame has not followed:\n{tasks.plan().changes}")
        return wrong + self.differences(stage, tasks.df, tasks.schema)

    def _moved(self, stage: Stage, tasks: Any, task: str, name: str, before: Mapping[str, Any]) -> list[str]:
        """The other editable columns whose cell is not what it was, but for companions."""
        now = stage.server.task(task)
        rightly = {name, *self.companions.get(name, ())}
        return [
            column.name
            for column in tasks.schema.editable
            if column.name not in rightly and not same(self.held(now, column), self.held(before, column), column)
        ]
