"""A process of its own that does what it is told, line by line: SIGINT reaches it as it reaches anybody's script.

In: one JSON object a line. Out: the same; `{"cue": …}` tells how far it has got.
"""

from __future__ import annotations

import json
import signal
import sys
import threading
from collections.abc import Callable
from typing import Any

import taskframe as tf

connections: list[tf.Connection] = []
reports: list[tf.Report] = []
frames: list[tf.TaskFrame] = []


def say(**what: Any) -> None:
    """One line, whichever thread says it."""
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


class Bar:
    """A progress bar that tells when all outcomes are there: the journal is closed after it."""

    def __init__(self, desc: str, **_: Any) -> None:
        self._tells = desc.startswith("Applying")

    def update(self, _: int = 1) -> None: ...

    def set_postfix(self, *_: Any, **__: Any) -> None: ...

    def close(self) -> None:
        if self._tells:
            say(cue="all outcomes are there")


def never(cue: str) -> None:
    """A question that nobody answers."""
    say(cue=cue)
    threading.Event().wait()


def token_of(token: str) -> Callable[[], str]:
    """Gives a token once; the second time it takes for ever."""
    asked: list[int] = []

    def fresh() -> str:
        asked.append(1)
        if len(asked) > 1:
            never("a token is renewed")
        return token

    return fresh


def connect(order: dict[str, Any]) -> tf.Connection:
    settings, options = dict(order["settings"]), dict(order.get("options", {}))
    if order.get("token") == "slow":
        settings["token"] = token_of(settings["token"])
    if order.get("bar"):
        options["progress"] = Bar
    rate = [tf.Limit(*limit) for limit in options.pop("rate", [])]
    options = {"progress": False, "concurrency": 4, "timeout": 20, "rate": rate, **options}
    connections.append(tf.connect(order["service"], journal=order["journal"], **settings, **options))
    return connections[-1]


def interrupt_in(name: str) -> Callable[..., None]:
    """Ctrl-C comes as soon as a function of this name is called."""

    def profile(frame: Any, event: str, _: Any) -> None:
        if event == "call" and frame.f_code.co_name == name:
            sys.setprofile(None)
            signal.raise_signal(signal.SIGINT)

    return profile


def tell(doing: Callable[[], tf.Report]) -> None:
    """Says what came of it, as the user has it: the exception, or the report."""
    error: BaseException | None = None
    try:
        reports.append(doing())
    except tf.ApplyInterrupted as stopped:
        error = stopped
        reports.append(stopped.report)
    except BaseException as other:
        error = other
        say(error=type(other).__name__, words=str(other))
        return
    sys.setprofile(None)
    report = reports[-1]
    rows = report.outcomes.reset_index(names="id")[["id", "outcome", "detail"]].astype(object)
    say(
        error="" if error is None else type(error).__name__,
        words=str(error or ""),
        run=report.run_id,
        rows=rows.to_numpy().tolist(),
        calls=report.calls,
        stopped=report.stopped,
        left=len(frames[-1].plan()) if frames else None,
    )


def do(order: dict[str, Any]) -> None:
    """One order."""
    match order["do"]:
        case "plan":
            tasks = connect(order).load(limit=order["tasks"])
            tasks.df[order["column"]] = [f"{order.get('words', 'ours')} {n}" for n in range(len(tasks))]
            frames[:] = [tasks]
            say(ready=[str(task) for task in tasks.df.index])
        case "apply":
            plan = frames[-1].plan()
            options = dict(order.get("how", {}))
            if order.get("ask"):
                options["on_conflict"] = lambda *_: never("a conflict is asked about")
            if order.get("limit"):
                connect({**order, "options": {"rate": [[order["limit"], 1000]]}})
            if order.get("interrupt_in"):
                sys.setprofile(interrupt_in(order["interrupt_in"]))
            tell(lambda: plan.apply(confirm=len(plan), **options))
        case "resume":
            tell(reports[-1].resume)
        case "find":
            frames.clear()
            conn = connect(order)
            conn.check()
            state = conn.runs().loc[order["run"], "state"]
            found = conn.report(order["run"])
            reports.append(found)
            say(state=state, outcomes=dict(zip(found.outcomes.index, found.outcomes["outcome"], strict=True)))
        case "end":
            while connections:
                connections.pop().close()
            say(ended=True, threads=sorted({t.name for t in threading.enumerate() if t.name == "taskframe"}))


def main() -> None:
    """Until the orders end."""
    say(up=True)
    for line in sys.stdin:
        do(json.loads(line))


if __name__ == "__main__":
    main()
