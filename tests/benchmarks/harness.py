"""Measures two sides in one go, on the same data, in turn: what is claimed is how they compare, never a time alone.

A module of this folder that measures has `lines(size)`, which gives a `Line` for each line of the table. It checks
that what both sides did is right, with `check`, before it gives a number.
"""

from __future__ import annotations

import contextlib
import ctypes
import gc
import json
import os
import pickle
import resource
import statistics
import subprocess
import sys
import tempfile
import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from enum import Enum
from pathlib import Path
from typing import Any, Literal

ROOT = Path(__file__).parents[2]
_MB = 1e6


class Size(Enum):
    """How much work: FULL is what the table tells; SMALL takes seconds and only shows that the benchmark works."""

    FULL = "full"
    SMALL = "small"

    def pick(self, full: int, small: int) -> int:
        """One of the two."""
        return full if self is Size.FULL else small


class WrongResult(Exception):
    """The two sides did not do the same, or not what they should: there is no number."""


def check(right: bool, words: str) -> None:
    """Raises WrongResult, which says `words`, unless `right`."""
    if not right:
        raise WrongResult(words)


@dataclass(frozen=True)
class Goal:
    """What is to be reached: at least or at most `number`."""

    at: Literal["least", "most"]
    number: float

    def reached(self, value: float) -> bool:
        """Whether `value` is that good."""
        return value >= self.number if self.at == "least" else value <= self.number

    def __str__(self) -> str:
        return f"{'≥' if self.at == 'least' else '≤'} {figure(self.number)}"


@dataclass(frozen=True)
class Ratio:
    """The median of the rounds' ratios, and the lowest and the highest of them."""

    median: float
    low: float
    high: float


@dataclass(frozen=True)
class Line:
    """A line of the table.

    - `what`: unique within its module; `work`: in words, with its numbers.
    - `ours`, `theirs`: the medians, in `unit` ("ms", "rows/s", "MB", …). None where there is no such side.
    - `ratio`: what the goal is about, in `ratio_unit`: most often how many times faster ("×"); where the goal is no
      ratio, such as at most 60 ms more, that number ("ms"). `low`, `high`: its lowest and highest of the rounds.
      None where nothing was measured; `note` says why.
    - `ours_mb`, `theirs_mb`: peak memory of each side, in a process of its own. 1 MB is 1,000,000 bytes.
    - `goal`: None where there is none: the line is there for comparison.
    - `note`: what else one should know of it, such as the CPU time of a call, or who the peer is.
    """

    what: str
    work: str
    unit: str
    ours: float | None
    theirs: float | None
    ratio: float | None
    goal: Goal | None
    low: float | None = None
    high: float | None = None
    ours_mb: float | None = None
    theirs_mb: float | None = None
    ratio_unit: str = "×"
    note: str = ""

    @property
    def reached(self) -> bool:
        """Whether the goal is, if there is one. What was not measured reaches none."""
        return self.goal is None or (self.ratio is not None and self.goal.reached(self.ratio))

    @property
    def verdict(self) -> str:
        """In words; "" where there is no goal."""
        if self.goal is None:
            return ""
        return "not measured" if self.ratio is None else "reached" if self.reached else "not reached"

    def shown(self) -> str:
        """The ratio with its spread."""
        if self.ratio is None:
            return "not measured"
        words = f"{figure(self.ratio)} {self.ratio_unit}"
        if self.low is None or self.high is None:
            return words
        return f"{words} ({figure(self.low)}–{figure(self.high)})"


def figure(number: float | None) -> str:
    """A number with three significant digits, or all of those before the point."""
    if number is None:
        return "–"
    size = abs(number)
    if size >= 100:
        return f"{number:,.0f}"
    return f"{number:.1f}" if size >= 10 else f"{number:.2f}" if size >= 0.1 or not size else f"{number:.3g}"


@dataclass(frozen=True)
class Rounds:
    """What each side took in each round (seconds, or whatever the sides gave)."""

    times: Mapping[str, Sequence[float]]

    def median(self, side: str) -> float:
        """Of all rounds."""
        return statistics.median(self.times[side])

    def low(self, side: str) -> float:
        """The least of all rounds."""
        return min(self.times[side])

    def high(self, side: str) -> float:
        """The most of all rounds."""
        return max(self.times[side])

    def ratio(self, over: str, under: str) -> Ratio:
        """`over` divided by `under`, round by round: a slow moment of the machine hits both.

        Given seconds, `ratio(theirs, ours)` tells how many times faster ours is.
        """
        ratios = [a / b for a, b in zip(self.times[over], self.times[under], strict=True)]
        return Ratio(statistics.median(ratios), min(ratios), max(ratios))


def interleaved(sides: Mapping[str, Callable[[], float]], rounds: int) -> Rounds:
    """Runs the sides in turn, `rounds` times, every other time in the opposite order.

    Each side gives what it took, in seconds: so it may prepare itself first, and check afterwards.
    """
    times: dict[str, list[float]] = {side: [] for side in sides}
    for round_ in range(rounds):
        for side in list(sides)[:: -1 if round_ % 2 else 1]:
            times[side].append(sides[side]())
    return Rounds(times)


def seconds(function: Callable[[], Any], clock: Callable[[], float] = time.perf_counter) -> float:
    """How long a call takes. What was left over from before is collected ahead of it, what it gives is freed after.

    `clock`: `time.process_time` is the processor time of all threads of this process, which others that use the
    machine disturb less.
    """
    gc.collect()
    started = clock()
    result = function()
    taken = clock() - started
    del result
    return taken


@dataclass(frozen=True)
class Measured:
    """What a function in a process of its own gave, and what it took: `seconds`, `cpu` seconds (its children's not).

    `peak_mb` is the most memory that the process had while the function ran, `held_mb` what it had before.
    """

    result: Any
    seconds: float
    cpu: float
    peak_mb: float
    held_mb: float

    @property
    def above_mb(self) -> float:
        """The peak above what was held."""
        return self.peak_mb - self.held_mb


def in_process(
    function: Callable[..., Any],
    *args: Any,
    holding: Callable[..., Any] | None = None,
    env: Mapping[str, str] | None = None,
    core: int | None = None,
) -> Measured:
    """Runs `function(*args)` in a fresh interpreter. It is of a module, not of another function; so is `holding`.

    - `holding`: what makes the things to work on, out of sight of the clock and the peak: then
      `function(holding(*args))` is run. What is held meanwhile counts in `held_mb`.
    - `env`: further variables of the environment; `core`: the only one it may run on.

    Arguments and results are pickled. Raises WrongResult when it fails, and shows what it wrote to stderr: else there
    are progress bars in it, which are drawn as ever, but where nobody has to see them.
    """
    with tempfile.TemporaryDirectory() as folder:
        order, answer, errors = (Path(folder, name) for name in ("order", "answer", "errors"))
        order.write_bytes(pickle.dumps((_name(function), None if holding is None else _name(holding), args, core)))
        code = "import sys; from tests.benchmarks.harness import child; child(*sys.argv[1:])"
        with errors.open("wb") as stderr:
            done = subprocess.run(
                [sys.executable, "-c", code, str(order), str(answer)],
                cwd=ROOT, env={**os.environ, **(env or {})}, stderr=stderr,
            )  # fmt: skip
        if done.returncode:
            sys.stderr.write(errors.read_text("utf-8", "replace"))
        check(done.returncode == 0, f"{_name(function)} failed in its process (exit code {done.returncode})")
        found: Measured = pickle.loads(answer.read_bytes())
        return found


def _name(function: Callable[..., Any]) -> tuple[str, str]:
    return function.__module__, function.__qualname__


def child(order: str, answer: str) -> None:
    """The other side of `in_process`. Ends the process."""
    from importlib import import_module

    function, holding, args, core = pickle.loads(Path(order).read_bytes())
    if core is not None and hasattr(os, "sched_setaffinity"):
        os.sched_setaffinity(0, {core})
    work: Callable[..., Any] = getattr(import_module(function[0]), function[1])
    if holding is not None:
        held = getattr(import_module(holding[0]), holding[1])(*args)
        args = (held,)
    _give_back()
    before = _forget_peak()
    cpu, started = time.process_time(), time.perf_counter()
    result = work(*args)
    took, cpu = time.perf_counter() - started, time.process_time() - cpu
    found = Measured(result, took, cpu, peak_mb(), before)
    Path(answer).write_bytes(pickle.dumps(found))
    # At once, as the work is done: pyreqwest's threads bring an interpreter down that is being finalized around them.
    sys.stdout.flush()
    sys.stderr.flush()
    os._exit(0)


def peak_mb() -> float:
    """The most memory (resident) that this process ever had, or since it was started anew by `in_process`."""
    found = _status("VmHWM")
    if found is None:  # no Linux: what getrusage says, which on macOS is in bytes
        most = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
        found = most if sys.platform == "darwin" else most * 1024
    return found / _MB


def _forget_peak() -> float:
    """Starts the high-water mark anew at what is held now, and gives that (in MB)."""
    with contextlib.suppress(OSError):
        Path("/proc/self/clear_refs").write_text("5")
    return peak_mb()


def _status(key: str) -> int | None:
    with contextlib.suppress(OSError, StopIteration):
        lines = Path("/proc/self/status").read_text().splitlines()
        return int(next(line.split()[1] for line in lines if line.startswith(key))) * 1024
    return None


def _give_back() -> None:
    """Freed memory goes back to the machine, so that none of what is used next was paid for before."""
    gc.collect()
    if "pyarrow" in sys.modules:
        sys.modules["pyarrow"].default_memory_pool().release_unused()
    with contextlib.suppress(OSError, AttributeError):
        ctypes.CDLL(None).malloc_trim(0)


def installation() -> str:
    """ "fast" where what `taskframe[fast]` brings is there, else "plain"."""
    from importlib.util import find_spec

    return "fast" if find_spec("pyarrow") else "plain"


def versions(*names: str) -> dict[str, str]:
    """What is installed of these distributions."""
    from importlib.metadata import PackageNotFoundError, version

    found = {}
    for name in names:
        with contextlib.suppress(PackageNotFoundError):
            found[name] = version(name)
    return found


def dump(value: Any) -> str:
    """As JSON that reads well in a diff."""
    return json.dumps(value, indent=1, ensure_ascii=False) + "\n"
