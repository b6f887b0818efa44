"""An editor's parts on loaded tasks, without a browser and without widgets."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import dataclass
from typing import Any

import pytest

import taskframe as tf
from taskframe.widgets.desk import Desk
from taskframe.widgets.edits import Edits
from taskframe.widgets.hand import Hand
from taskframe.widgets.sheet import Sheet


@dataclass
class Bench:
    """The parts that an editor puts together."""

    box: tf.LocalSandbox
    tasks: tf.TaskFrame
    edits: Edits
    sheet: Sheet
    hand: Hand
    desk: Desk
    service: str = "reload"

    @classmethod
    def of(cls, box: tf.LocalSandbox, tasks: tf.TaskFrame, **options: Any) -> Bench:
        edits = Edits(tasks)
        sheet = Sheet(tasks, edits, **options)
        service = tasks.load.service.name
        return cls(box, tasks, edits, sheet, Hand(tasks, sheet, edits), Desk(tasks, edits), service)

    def column(self, name: str) -> int:
        """Where the grid has it."""
        return [c.name for c in self.sheet.columns].index(name)

    def shown(self, k: int, name: str) -> Any:
        """What the grid shows in a cell."""
        return self.sheet.block([k])[0]["values"][self.column(name)]

    def cells(self) -> set[tuple[str, str, Any]]:
        """What the plan holds: id, column, after."""
        changes = self.tasks.plan().changes
        return set(zip(changes["id"], changes["column"], changes["after"], strict=True))


@pytest.fixture
def bench(box: tf.LocalSandbox, conn: tf.Connection) -> Iterator[Bench]:
    """On Reload."""
    return Bench.of(box, conn.load())


@pytest.fixture(params=["reload", "kore", "pragmatiks"])
def any_bench(request: pytest.FixtureRequest) -> Iterator[Bench]:
    """On each of the three services."""
    with tf.sandbox(tasks=60) as box, box.connect(request.param, progress=False) as conn:
        yield Bench.of(box, conn.load())
