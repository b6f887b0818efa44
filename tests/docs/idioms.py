"""The idioms of docs/idioms.md: each is run on a fresh load, and what it gives is written beside it."""

from __future__ import annotations

import re
import traceback
import warnings
from contextlib import ExitStack
from dataclasses import dataclass
from typing import Any

import numpy as np
import pandas as pd

import taskframe as tf

_ROW = re.compile(
    r"^\| (?:\*\*(?P<group>.+?)\*\* \| \| |`(?P<code>.+?)` \| (?P<gives>.*?) ?\| (?P<why>.*?) ?)\|$", re.M
)
_LATER = (DeprecationWarning, FutureWarning)  # which of them there are differs from one pandas to the next


@dataclass
class Tried:
    """What became of an idiom: the frame it leaves, its plan, or why there is none."""

    frame: pd.DataFrame
    plan: tf.Plan | None = None
    error: Exception | None = None
    warnings: tuple[type[Warning], ...] = ()

    @property
    def gives(self) -> str:
        """The same in words."""
        if self.error is not None:
            ours = isinstance(self.error, tf.TaskframeError)
            return f"`{type(self.error).__name__}`{'' if ours else _source(self.error)}"
        assert self.plan is not None
        parts = [
            _count(len(self.plan.changes), "change"),
            _count(len(self.plan.problems), "problem"),
            _count(len(self.plan.warnings), "warning"),
        ]
        words = ", ".join(filter(None, parts)) or "nothing"
        return words + "".join(f"; `{name.__name__}` from pandas" for name in self.warnings)


def idioms(text: str) -> list[tuple[str, str]]:
    """Each idiom of the page, behind the name of its service: that which the heading of its group names."""
    found = []
    service = "reload"
    for row in _ROW.finditer(text):
        if row["group"]:
            service = "kore" if "Kore" in row["group"] else "reload"
        else:
            found.append((service, row["code"]))
    return found


def idioms_page(text: str) -> str:
    """The page with what each idiom gives now."""
    with ExitStack() as stack:
        box = stack.enter_context(tf.sandbox(tasks=200, seed=7))
        conns = {name: stack.enter_context(box.connect(name, progress=False)) for name in ("reload", "kore")}
        gives = iter([idiom_gives(code, conns[service]) for service, code in idioms(text)])
    return _ROW.sub(lambda f: f[0] if f["group"] else f"| `{f['code']}` | {next(gives)} | {f['why']} |", text)


def idiom_gives(code: str, conn: tf.Connection) -> str:
    """What a plan of the idiom holds, in words."""
    return tried(code, conn.load()).gives


def tried(code: str, tasks: tf.TaskFrame) -> Tried:
    """Runs the idiom on `tasks`, and plans."""
    names: dict[str, Any] = {"df": tasks.df, "pd": pd, "np": np, "tasks": tasks}
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        try:
            exec(code, names)
        except Exception as error:
            return Tried(tasks.df, error=error)
    found = {w.category: None for w in caught if not issubclass(w.category, _LATER)}
    frame = names.get("copy", tasks.df)
    try:
        plan = tasks.plan(frame)
    except tf.TaskframeError as error:
        return Tried(frame, error=error)
    return Tried(frame, plan, warnings=tuple(found))


def _source(error: Exception) -> str:
    """Whose error it is: that of the package that was called."""
    called = [frame.f_globals.get("__name__", "") for frame, _ in traceback.walk_tb(error.__traceback__)]
    roots = [name.partition(".")[0] for name in (*called, type(error).__module__)]
    return next((f" from {root}" for root in roots if root in ("pandas", "numpy")), " while editing")


def _count(number: int, noun: str) -> str:
    return f"{number:,} {noun}{'s'[: number > 1]}" if number else ""
