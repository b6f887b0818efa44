"""A desk at which bad input is handed in: three sandboxes' worth of tasks, and a look at what went out."""

from __future__ import annotations

import random
import traceback
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

import taskframe as tf
from taskframe.connection import Connection
from taskframe.engine.aiohttp_transport import AiohttpTransport
from taskframe.engine.clock import ScaledClock
from taskframe.engine.loop import Background
from taskframe.engine.tokens import TokenSource
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload

SECRET = "rl_sk_do_not_tell_anybody_0123456789"
SERVICES: dict[str, Any] = {"kore": Kore, "pragmatiks": Pragmatiks, "reload": Reload}
PAST_EXPIRY = 100 * 24 * 3600.0
MAX_BODY = 1 << 20
FACTOR = 200.0
"""So many seconds of theirs go into one of ours: to try six times takes no time."""


class ServerClock:
    """The engine's clock as the sandbox wants it."""

    def __init__(self, clock: ScaledClock) -> None:
        self._clock = clock

    def now(self) -> float:
        return self._clock.wall()

    async def sleep(self, seconds: float) -> None:
        await self._clock.sleep(seconds)


@dataclass(frozen=True)
class Bad:
    """One kind of bad input.

    - `act`: hands it in. What comes of it is an error, a plan or a report.
    - `comes`: the error's class; or "problem", "warning", "note" of a plan; or the outcome of a report.
    - `words`: what the message has to say: the place, what is wrong, the way out.
    - `calls`: whether the service had to be asked; else not a single call may go out.
    - `writes`: how many tasks may be changed: none, but where the reply to a write is what is bad.
    """

    name: str
    act: Callable[[Desk], Any]
    comes: type[BaseException] | str
    words: tuple[str, ...]
    calls: bool = False
    writes: int = 0


def bad(name: str, act: Callable[[Desk], Any], comes: type[BaseException] | str, *words: str, **more: Any) -> Bad:
    return Bad(name, act, comes, words, **more)


class Desk:
    """`tasks()` gives loaded tasks to spoil; `sent` and `written` tell what the server saw since."""

    def __init__(self, box: tf.LocalSandbox, clock: ScaledClock, folder: Path, setenv: Callable[[str, str], None]):
        self.box = box
        self.clock = clock
        self.folder = folder
        self.setenv = setenv
        self._connections: list[Connection] = []
        self._transports: list[AiohttpTransport] = []
        self._start = len(box.log)
        self.secrets = [SECRET]
        for service in SERVICES:
            self.secrets += [v for k, v in box.settings(service).items() if k in ("token", "client_secret")]

    # connections

    def connect(self, service: str = "reload", **options: Any) -> Connection:
        """As a user connects: the sandbox's settings, and these on top; None leaves one out."""
        given = {**self.box.settings(service), "progress": False, **options}
        self._connections.append(tf.connect(service, **{k: v for k, v in given.items() if v is not ...}))
        return self._connections[-1]

    def hasty(self, service: str = "reload", **options: Any) -> Connection:
        """A connection in a hurry: its waits are over at once, and its patience with long replies too."""
        made = SERVICES[service]()
        settings = made.settings(**self.box.settings(service))
        tokens = TokenSource.none() if service == "kore" else TokenSource(settings.token)
        if service == "pragmatiks":
            tokens = TokenSource(self.box["pragmatiks"].token(expires_in=PAST_EXPIRY))
        options = {"clock": self.clock, "rng": random.Random(1), "progress": False, **options}
        if "transport" not in options:
            self._transports.append(AiohttpTransport(context=None, concurrency=4, max_body=MAX_BODY))
            options["transport"] = self._transports[-1]
        self._connections.append(Connection(made, settings, tokens=tokens, **options))
        return self._connections[-1]

    def toml(self, text: str | bytes) -> None:
        """A file of profiles, named by TASKFRAME_CONFIG."""
        path = self.folder / "config.toml"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        self.setenv("TASKFRAME_CONFIG", str(path))

    # tasks

    def tasks(self, service: str = "reload", **options: Any) -> tf.TaskFrame:
        """All tasks, just loaded. What is sent from here on is bad input's."""
        tasks = self.hasty(service, **options).load()
        self._start = len(self.box.log)
        return tasks

    def cell(self, column: str, value: Any, service: str = "reload") -> tf.Plan:
        """A plan in which the first task has this value in this column."""
        tasks = self.tasks(service)
        df = tasks.df.copy()
        df[column] = df[column].astype("object")
        df[column] = pd.Series([value, *df[column].iloc[1:]], index=df.index, dtype="object")
        return tasks.plan(df)

    def csv(self, text: str | bytes, service: str = "reload", **options: Any) -> tf.Plan:
        """A plan from a file of this content, in which {id} and {id2} stand for the first tasks."""
        tasks = self.tasks(service)
        path = self.folder / "edited.csv"
        if isinstance(text, str):
            first, second = tasks.df.index[:2]
            text = text.replace("{id}", first).replace("{id2}", second).encode()
        path.write_bytes(text)
        return tasks.plan_csv(path, **options)

    def edited(self, service: str = "reload", count: int = 1) -> tf.Plan:
        """A good plan: some tasks get a new title."""
        tasks = self.tasks(service)
        title = tasks.schema.role("title").name
        tasks.df.iloc[:count, tasks.df.columns.get_loc(title)] = f"A better title, no. {len(self.box.log)}"
        return tasks.plan()

    # what came of it

    @property
    def sent(self) -> int:
        return len(self.box.log) - self._start

    @property
    def written(self) -> int:
        return len({r.task_id for r in self.box.log[self._start :] if r.after and r.actor == "caller"})

    def close(self) -> None:
        loop = Background()
        loop.run(self._let_go())
        loop.close()
        for connection in self._connections:
            connection.close()

    async def _let_go(self) -> None:
        for transport in self._transports:
            await transport.aclose()


def told(comes: type[BaseException] | str, result: Any) -> str:
    """All words of a plan or a report that are about what is wrong."""
    if isinstance(result, tf.Report):
        rows = result.outcomes
        assert set(rows["outcome"]) == {comes}, rows[["outcome", "detail"]]
        return " ".join(rows["detail"])
    assert isinstance(result, tf.Plan), result
    if comes == "problem":
        rows = result.problems
        assert len(rows), "no problem was found"
        return "\n".join(" ".join(map(str, row)) for row in rows.itertuples(index=False))
    assert not len(result.problems), result.problems
    assert not len(result), "something would be sent"
    return "\n".join(result.warnings if comes == "warning" else result.notes)


def texts(error: BaseException) -> Iterator[str]:
    """All that may be shown of an error: itself, and what it hangs on."""
    yield from (str(error), repr(error), "".join(traceback.format_exception(error)))
