"""Promises about loads: every task, as the server holds it, or an error; never a cut list that looks whole."""

from __future__ import annotations

import json
from collections.abc import Callable, Sequence
from typing import TYPE_CHECKING, Any

import pandas as pd
import pytest

from taskframe.changes.normal import same
from taskframe.errors import IncompleteLoad, SettingsError
from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite

if TYPE_CHECKING:
    from taskframe.connection import Connection
    from taskframe.frame import TaskFrame
    from taskframe.sandbox.log import Record


class Loading(Suite):
    """Loads, held against what the server has."""

    def test_a_load_is_what_the_server_holds(self, stage: Stage) -> None:
        """All tasks, cell by cell."""
        tasks = stage.load()
        assert tasks.complete
        assert set(tasks.df.index) == {self.id_of(stage, task) for task in stage.server.tasks()}
        assert tasks.df.index.is_unique
        assert self.differences(stage, tasks.df, tasks.schema) == []

    def test_every_column_holds_something(self, stage: Stage) -> None:
        """No editable column is null throughout: then nothing here would tell whether it is read at all."""
        tasks = stage.load()
        for name, (task, value) in self.picks(stage, tasks, tasks.schema.editable).items():
            self.colleague(stage, task, tasks.schema[name], value)  # where the made-up tasks may have nothing
        again = stage.load()
        empty = [column.name for column in tasks.schema.editable if again.df[column.name].isna().all()]
        assert empty == []
        assert self.differences(stage, again.df, again.schema) == []

    def test_two_loads_are_equal(self, stage: Stage) -> None:
        """Nothing depends on the order in which replies come."""
        conn = stage.connect()
        pd.testing.assert_frame_equal(conn.load().df, conn.load().df)

    def test_filters_narrow(self, stage: Stage) -> None:
        """A value, or several: exactly the tasks that the server holds with them."""
        conn = stage.connect()
        schema = conn.load().schema
        tasks = stage.server.tasks()
        for name, of in self.filters.items():
            column = schema[of]
            held = {self.id_of(stage, task): self.held(task, column) for task in tasks}
            there = list(dict.fromkeys(value for value in held.values() if value is not None))
            assert len(there) > 1, f"all tasks have one {of}: raise `tasks`"
            for wanted in ([there[0]], there[:2]):
                found = conn.load(filters={name: wanted if len(wanted) > 1 else wanted[0]})
                assert set(found.df.index) == {task for task, value in held.items() if value in wanted}
                assert found.complete

    def test_ids_and_limit_want_only_some(self, stage: Stage) -> None:
        """`ids=` gives just these tasks, `limit=` so many: neither is a cut list."""
        conn = stage.connect()
        everything = conn.load().df
        some = [str(task) for task in everything.index[[3, 11, 20]]]
        picked = conn.load(ids=some)
        assert sorted(picked.df.index) == sorted(some)
        assert self.differences(stage, picked.df, picked.schema) == []
        first = conn.load(limit=5)
        assert len(first) == 5
        assert set(first.df.index) <= set(everything.index)

    def test_an_id_that_is_not_there_is_an_error(self, stage: Stage) -> None:
        """A deleted task is told of by its id."""
        conn = stage.connect()
        gone = str(conn.load().df.index[4])
        stage.server.delete(gone)
        assert gone not in conn.load().df.index
        with pytest.raises((SettingsError, IncompleteLoad), match=gone[-8:]):
            conn.load(ids=[gone])

    def test_pages_that_shift_lose_nothing(self) -> None:
        """While colleagues write, every task is loaded once; or else the load says that it may be cut."""
        with self.open_stage(tasks=max(self.tasks, 230)) as stage:
            if hasattr(stage.server, "shifting"):
                stage.server.shifting = True
            conn = stage.connect()
            ids = [str(task) for task in conn.load().df.index]
            column = self.title(stage.service.schema(conn.catalogue))
            turn = iter(range(10**6))

            def colleague(call: Any) -> bool:
                if stage.any_read(call):
                    for n in range(3):
                        at = next(turn)
                        self.colleague(stage, ids[-1 - (at * 37) % len(ids)], column, f"moved {at} {n}")
                return False

            stage.faults.add("latency", times=None, match=colleague)
            tasks, gaps = _load(conn)
            assert gaps if tasks is None else sorted(tasks.df.index) == sorted(ids)

    def test_a_list_that_lacks_a_task_is_no_whole_list(self, stage: Stage) -> None:
        """The service counts more tasks than it gives: `IncompleteLoad`, unless the missing one was found after all."""
        if not self.counted:
            pytest.skip("this service does not tell how many tasks there are")
        conn = stage.connect()
        start = len(stage.box.log)
        whole = conn.load()
        lists = [r for r in stage.since(start) if _tasks_in(r.reply, set(whole.df.index)) is not None]
        for record in lists:
            reply = record.reply
            found = _tasks_in(reply, set(whole.df.index))
            assert found is not None
            found.pop(len(found) // 2)
            stage.faults.add(
                "wrong-shape", times=None, body=json.dumps(reply).encode(),
                match=_asks_the_same(record),
            )  # fmt: skip
        assert lists, "no reply of the load holds a list of tasks"
        tasks, gaps = _load(conn)
        if tasks is None:
            assert gaps, "which part is cut?"
            partly = conn.load(allow_incomplete=True)
            assert not partly.complete
            assert "INCOMPLETE" in repr(partly).upper()
            return
        assert sorted(tasks.df.index) == sorted(whole.df.index), "a list that lacks a task is said to be whole"
        for column in whole.schema:
            pairs = zip(tasks.df[column.name].tolist(), whole.df[column.name].tolist(), strict=True)
            assert column.role == "updated" or all(same(a, b, column) or a != a for a, b in pairs)


def _load(conn: Connection) -> tuple[TaskFrame | None, Sequence[str]]:
    """The tasks, or what is cut."""
    try:
        return conn.load(), ()
    except IncompleteLoad as cut:
        return None, cut.gaps


def _asks_the_same(record: Record) -> Callable[[Any], bool]:
    return lambda call: (call.path, call.query, call.content) == (record.path, record.query, record.content)


def _tasks_in(reply: Any, ids: set[str]) -> list[Any] | None:
    """The list of tasks in a reply, wherever it is: a list of objects, each with one of the ids for a value."""
    if isinstance(reply, list):
        if reply and all(
            isinstance(t, dict) and any(isinstance(v, str) and v in ids for v in t.values()) for t in reply
        ):
            return reply
        inner: Any = reply
    else:
        inner = reply.values() if isinstance(reply, dict) else ()
    return next((found for value in inner if (found := _tasks_in(value, ids)) is not None), None)
