"""A run in a storm: calls that fail, tokens that expire, colleagues who edit, and an oracle that has seen it all."""

from __future__ import annotations

import random
from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

import taskframe as tf
from taskframe.changes.normal import same
from taskframe.schema import Column
from taskframe.testing.oracle import planned_of, told_of
from taskframe.testing.stage import Stage
from taskframe.testing.storms import BLOWS
from tests.conformance.kits import KoreKit, PragmatiksKit, ReloadKit
from tests.storm.storm_oracle import StormOracle, reads_of
from tests.storm.storm_service import Careless, Watched

KITS: Mapping[str, Any] = {"reload": ReloadKit, "kore": KoreKit, "pragmatiks": PragmatiksKit}
SERVICES = tuple(KITS)

MEDDLING = (("others-edit", {"columns": "same"}), ("others-edit", {"columns": "other"})) * 2
STALL = ("stall", {"seconds": 400})
"""At a factor of 100 longer than `IMPATIENT`."""

IMPATIENT = 3.0
"""Seconds of ours after which a client gives up a call, where there are stalls: a busy machine answers in less."""

DAY = 86_400.0
"""How long tokens are good here: it is the weather that ends them. A token of a quarter of an hour, as Kore's are
signed, is good for nine seconds of ours; a busy machine may take longer over a call, and the run stop in order."""

MORE: Mapping[str, Sequence[str]] = {
    "reload": ("priority", "assigneeUserId", "description"),
    "kore": ("priority.name", "currAssignee._id", "desc"),
    "pragmatiks": ("priority", "assigned_to_user_id", "description", "status"),
}
"""The columns that are edited beside the title."""


@dataclass
class Storm:
    """One service's sandbox with tasks to edit, and the weather over it; all of it comes from `seed`.

    `renews`: tokens expire, and the callable gives fresh ones; with Kore's even seeds each call signs its own.
    `careless`: Reload without the guard of versions.
    """

    service: str
    seed: int
    tasks: int
    journal: Path
    factor: float = 100.0
    stalls: bool = False
    renews: bool = True
    careless: bool = False
    _given: list[str] = field(default_factory=list)

    def __post_init__(self) -> None:
        self.kit: Any = KITS[self.service]()
        self.stage = Stage(self.kit.make_service(), tasks=self.tasks, seed=self.seed, factor=self.factor)
        self.server: Any = self.stage.server
        self.renews = self.renews and (self.service != "kore" or self.seed % 2 == 1)
        if self.service == "kore":
            self.server.ready_token = self.renews
            self.server.leeway = DAY
        self.watched = (Careless if self.careless else Watched)(self.stage.service)
        if isinstance(self.watched, Careless):
            self.watched.server = self.server
        self.rng = random.Random(f"{self.service}:{self.seed}")
        self.frame: tf.TaskFrame = self.connect().load()
        self.schema = self.frame.schema
        self.title = self.kit.title(self.schema)
        self.columns = [self.title, *(self.schema[name] for name in MORE[self.service])]
        self.rows = self.kit.rows(self.frame)
        self._options = {column.name: self.values(column) for column in self.columns}
        self.before = {self.kit.id_of(self.stage, task): dict(task) for task in self.server.tasks()}
        self.start = len(self.stage.box.log)

    def connect(self, **options: Any) -> tf.Connection:
        """A connection, with a journal, whose token is asked for anew when it has expired."""
        token = self._fresh if self.renews else None
        if self.stalls:
            options = {"timeout": IMPATIENT, **options}
        return self.stage.connect(service=self.watched, journal=self.journal, token=token, **options)

    def _fresh(self) -> str:
        self._given.append(self.server.token(expires_in=DAY))
        return self._given[-1]

    # what is edited

    def values(self, column: Column) -> list[Any]:
        """Some that a cell may have."""
        if column.role == "title":
            return [f"{word} {n}" for word in ("ours", "theirs") for n in range(self.tasks)]
        if column.choices:
            return list(column.choices)
        return self.kit.values(self.stage, self.frame, str(self.frame.df.index[0]), column)

    def other(self, column: Column, now: Any, rng: random.Random) -> Any:
        """Another value for a cell."""
        return rng.choice([v for v in self._options[column.name] if not same(v, now, column)])

    def edit(self) -> None:
        """In `frame.df`: each title but a few, and of each other column a share; of a status also what is refused."""
        df = self.frame.df
        graph = getattr(self.server, "graph", {})
        for at, column in enumerate(self.columns):
            values = df[column.name].astype("object").tolist()
            for n, task in enumerate(df.index):
                row, rng = self.rows[str(task)], random.Random(f"{self.seed}:{column.name}:{task}")
                if column.role == "title":
                    values[n] = f"ours {n}" if n % 6 else values[n]
                elif column.role == "status":
                    moves = [*graph[row["status"]], *([] if n % 4 else self._options["status"])]
                    moves = [move for move in moves if move != row["status"]]
                    values[n] = rng.choice(moves) if moves and n % 3 == 0 else values[n]
                elif n % (1 + 2 * at) == 0 or (at == 1 and n % 6 == 0):
                    values[n] = self.other(column, row.get(column.name), rng)
            df[column.name] = values
        self.ours = {edit.id: dict(edit.after) for edit in self.frame.plan().edits()}

    # the weather

    def breaks(self, *, rate: float = 0.3, meddle: float = 0.08) -> None:
        """From now on calls fail, colleagues edit before, within and between calls, and tokens expire.

        On a slow machine a run reads more; colleagues edit no more for that.
        """
        self.meddle_before()
        ids = [str(task) for task in self.frame.df.index]
        calls, most = 0, 3 * meddle * len(ids)

        def weather(_call: Any) -> bool:
            nonlocal calls
            calls += 1
            if calls * meddle < most and self.rng.random() < meddle:
                self.meddle(self.rng.choice(ids))
            if calls % 120 == 60 and self._given:
                self.server.revoke(self._given[-1])
            return False

        self.stage.faults.add("latency", times=None, match=weather)
        kinds = [*BLOWS, *MEDDLING, *([STALL] if self.stalls else [])]
        self.stage.faults.storm(rate, kinds=kinds, seed=self.seed, most_in_a_row=4)

    def meddle(self, task: str) -> None:
        """A colleague edits: mostly a column of ours, else another one; now and then it is the value that we want."""
        column = self.rng.choice(self.columns)
        if self.rng.random() < 0.1:
            value = self.ours.get(task, {}).get(column.name)
        else:
            value = self.other(column, self.rows[task].get(column.name), self.rng)
        if value is not None:
            self.kit.colleague(self.stage, task, column, value)

    def meddle_before(self) -> None:
        """Colleagues who edited after the load, and before the run."""
        for task in list(self.frame.df.index)[::11]:
            self.meddle(str(task))

    # what came of it

    def apply(self, **options: Any) -> tf.Report:
        """What was edited, applied in this weather; then it is fair again."""
        self.plan = self.frame.plan()
        assert self.plan.problems.empty, self.plan.problems
        report = self.plan.apply(confirm=len(self.plan), **options)
        self.stage.faults.clear()
        return report

    def held(self, task: str, column: str) -> Any:
        """What the server has in a cell, in normal form."""
        return self.kit.held(self.server.task(task), self.schema[column])

    def oracle(self, report: tf.Report) -> StormOracle:
        """Of the run that this report is about, which must be the one since the load."""
        service, records = self.stage.service, self.stage.since(self.start)
        plan = report.plan
        return StormOracle(
            planned=planned_of(plan, self.before, lambda edit: len(service.calls(edit, plan.load.catalogue))),
            told=told_of(report),
            records=records,
            held={self.kit.id_of(self.stage, task): task for task in self.server.tasks()},
            calls=report.calls,
            cells=lambda task, names: {name: self.kit.held(task, self.schema[name]) for name in names},
            same=lambda name, a, b: same(a, b, self.schema[name]),
            reads=reads_of(records, self.watched.wanted, service.index),
            guarded=service.versioned,
        )


@contextmanager
def storm(service: str, folder: Path, *, seed: int = 0, tasks: int = 300, **options: Any) -> Iterator[Storm]:
    """A storm over a service, cleared away in the end."""
    made = Storm(service, seed, tasks, folder / f"{service}-{seed}.sqlite", **options)
    try:
        yield made
    finally:
        made.stage.close()
