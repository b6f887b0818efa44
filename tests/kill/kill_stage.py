"""A stage for killing: a sandbox in this process, a saved plan, children that apply it and die, and the oracle."""

from __future__ import annotations

import json
import os
import random
import signal
import threading
from collections.abc import Callable, Iterable, Iterator, Mapping
from concurrent.futures import ThreadPoolExecutor
from contextlib import contextmanager, suppress
from pathlib import Path
from typing import Any

from kill_child import WRITES
from kill_nest import Nest
from kill_oracle import Ours, complaints, not_put_back

import taskframe as tf
from taskframe.local import LocalSandbox
from taskframe.sandbox import Record

TITLE = {"reload": "title", "kore": "name", "pragmatiks": "title"}
SECOND = {"reload": "priority", "kore": "desc", "pragmatiks": "status"}
OTHER = {"reload": "description", "kore": "tags", "pragmatiks": "description"}
"""What we change, and what only others do."""

NEST = Nest()


class Child:
    """A process of its own, ready to be given a job. Its clock is the machine's, and so is the sandbox's."""

    def __init__(self) -> None:
        stdin, stdout, stderr, end = NEST.hatch()
        self._in = os.fdopen(stdin, "w")
        self._out, self._err, self._end = (os.fdopen(pipe) for pipe in (stdout, stderr, end))
        self._pid = int(self._end.readline())
        self._code: int | None = None
        self.errors = ""

    def do(self, job: Mapping[str, Any]) -> str:
        """Gives it its job; the first line that it says, or "" where it died."""
        self._in.write(json.dumps(job) + "\n")
        self._in.flush()
        return self.line()

    def line(self) -> str:
        return self._out.readline().strip()

    def kill(self) -> None:
        """SIGKILL."""
        if self._code is None:
            with suppress(ProcessLookupError):
                os.kill(self._pid, signal.SIGKILL)

    def gone(self) -> int:
        """Its exit code, once it is gone; minus 9 where it was killed."""
        if self._code is None:
            self._code = int(self._end.readline())
            self.errors = self._err.read()
            for pipe in (self._in, self._out, self._err, self._end):
                pipe.close()
        return self._code


class Stage:
    """`timeout` is 2 s: a resume waits little for what may yet arrive, and a busy machine gives up no call of ours."""

    def __init__(self, service: str, folder: Path, *, tasks: int = 40, seed: int = 7) -> None:
        self.name = service
        self.box = LocalSandbox(tasks=tasks, seed=seed, services=[service])
        self.server: Any = self.box[service]
        self.journal, self.plan_file = folder / "journal.sqlite", folder / "plan"
        self.title, self.second, self.other = TITLE[service], SECOND[service], OTHER[service]
        self._connections: list[tf.Connection] = []
        self._children: list[Child] = []
        self.start = 0
        self.planned: list[Ours] = []

    def connect(self, **options: Any) -> tf.Connection:
        """A connection of this process's."""
        options = {"journal": self.journal, "progress": False, "timeout": 2.0, "concurrency": 8, **options}
        self._connections.append(self.box.connect(self.name, **options))
        return self._connections[-1]

    def prepare(self, count: int | None = None) -> tf.Plan:
        """A plan for the first `count` tasks, two columns each, saved; from here on the log counts."""
        if self.name == "pragmatiks":
            for task in self.server.tasks():
                self.server.edit(task["id"], status="backlog")
        tasks = self.connect(journal=None).load(limit=count)
        df = tasks.df
        df[self.title] = [f"ours {n}" for n in range(len(df))]
        if self.name == "reload":
            df["priority"] = ["low" if p != "low" else "high" for p in df["priority"]]
        elif self.name == "kore":
            df["desc"] = df["desc"].where(df["desc"].isna(), "our words")  # a null there could not be put back
        else:  # every third task is one call
            df.loc[df.index[[n for n in range(len(df)) if n % 3]], "status"] = "assigned"
        plan = tasks.plan()
        plan.save(self.plan_file)
        self.planned = []
        for edit in plan.edits():
            calls = [[c for c in call if c in edit.after] for call in ([self.title], [self.second])]
            if self.name != "pragmatiks":
                calls = [list(edit.after)]
            self.planned.append(
                Ours(edit.id, {c: edit.base[c] for c in edit.after}, dict(edit.after), [c for c in calls if c])
            )
        self.start = len(self.box.log)
        return plan

    def slow(self, seconds: float) -> None:
        """Each write is held back for so long, and carried out then, whether anybody waits for it or not."""
        self.box.faults.add("latency", times=None, seconds=seconds, match=self.is_write)

    def is_write(self, call: Any) -> bool:
        return WRITES[self.name](call.method, call.path)

    # children

    def spawn(self) -> Child:
        self._children.append(Child())
        return self._children[-1]

    def job(self, do: str = "apply", **more: Any) -> dict[str, Any]:
        found = {
            "do": do, "service": self.name, "settings": self.box.settings(self.name), "journal": str(self.journal),
            "plan": str(self.plan_file), "point": {}, "options": {}, "apply": {}, "rate": [],
        }  # fmt: skip
        return found | more

    def killed(self, do: str = "apply", child: Child | None = None, **more: Any) -> None:
        """Lets a child die at a point of its own."""
        child = child or self.spawn()
        child.do(self.job(do, **more))
        said = child.line()
        code = child.gone() if not said else None
        assert code == -9, f"it was to be killed at {more.get('point')}; it said {said!r}\n{child.errors}"

    def killed_at(self, child: Child, call: int, delay: float, **more: Any) -> bool:
        """Kills a child `delay` seconds after the `call`th call has arrived (0: after it has begun).

        Whether it still ran.
        """
        calls = iter(range(1, 10**6))

        def count(_: Any) -> bool:
            if next(calls) == call:
                threading.Timer(delay, child.kill).start()
            return False

        if call:
            rules = self.box.faults._rules
            self.box.faults.add("latency", match=count)
            rules.insert(0, rules.pop())
        child.do(self.job(**more))
        if not call:
            threading.Timer(delay, child.kill).start()
        ended = child.line() == "end"
        child.kill()
        assert child.gone() == -9, child.errors
        return not ended

    def told_elsewhere(self, run: str) -> Any:
        """The report of a run as another process has it from the journal."""
        child = self.spawn()
        line = child.do(self.job("tell", run=run))
        assert child.gone() == 0, child.errors
        return json.loads(line)

    # others

    def meddle(self, share: float, word: str, *, seed: int) -> None:
        """Colleagues edit a share of the tasks: a column of ours, another one, or both."""
        rng = random.Random(seed)
        for plan in self.planned:
            if rng.random() < share:
                which = rng.choice(["same", "other", "both"])
                if which != "same":
                    self.server.edit(plan.id, **{self.other: [word] if self.name == "kore" else word})
                if which != "other":
                    self.server.edit(plan.id, **{self.title: f"{word} {plan.id}"})

    # the end

    @property
    def log(self) -> list[Record]:
        return self.box.log[self.start :]

    def run(self) -> str:
        """The one run that the journal has."""
        (run,) = self.connect().runs().index
        return str(run)

    def state(self, run: str) -> str:
        return str(self.connect().runs().loc[run, "state"])

    def complaints(self, report: tf.Report) -> list[str]:
        """What the oracle has against a report, the journal's own words for it, and the undo; at a run's very end."""
        told = dict(zip(map(str, report.outcomes.index), report.outcomes["outcome"], strict=True))
        wrong = complaints(self.planned, told, self.log, self.held(), versioned=self.name == "reload")
        again = self.connect().report(report.run_id)
        for what in ("outcomes", "conflicts"):
            here, there = getattr(report, what), getattr(again, what)
            if not here.astype("str").equals(there.astype("str")):
                wrong.append(f"the journal tells of other {what}:\n{here}\n{there}")
        if self.state(report.run_id) != "ended" or again.stopped or report.stopped:
            wrong.append(f"it has not ended: {self.state(report.run_id)}, {again.stopped!r}, {report.stopped!r}")
        return wrong

    def undone(self, report: tf.Report) -> list[str]:
        """What the undo of a report leaves behind."""
        told = dict(zip(map(str, report.outcomes.index), report.outcomes["outcome"], strict=True))
        start = len(self.box.log)
        plan = report.undo()
        if len(plan):
            plan.apply(confirm=len(plan))
        return not_put_back(self.planned, told, self.log, start)

    def held(self) -> dict[str, Any]:
        return {plan.id: self.server.task(plan.id) for plan in self.planned}

    def close(self) -> None:
        for child in self._children:
            child.kill()
            child.gone()
        for connection in self._connections:
            connection.close()
        self.box.close()


@contextmanager
def staged(service: str, folder: Path, **options: Any) -> Iterator[Stage]:
    stage = Stage(service, folder, **options)
    try:
        yield stage
    finally:
        stage.close()


def together(work: Callable[[Any], list[str]], jobs: Iterable[Any], *, at_once: int = 5) -> list[str]:
    """All complaints of many jobs, a few at a time: most of it is waiting for what may yet arrive."""
    jobs = list(jobs)
    with ThreadPoolExecutor(at_once) as pool:
        return [f"{job}: {words}" for job, found in zip(jobs, pool.map(work, jobs), strict=True) for words in found]
