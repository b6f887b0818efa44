"""The diff beside `edited.compare(baseline)`, up to the changes; both in processor time, which neither side threads."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from functools import partial
from typing import Any

import pandas as pd

from taskframe.changes.baseline import Baseline
from taskframe.changes.changes import Changes
from taskframe.changes.diff import Diff, diff
from taskframe.changes.intake import take_frame
from tests.benchmarks.harness import Goal, Line, Measured, Size, check, in_process, interleaved, seconds
from tests.benchmarks.many import edit, many


def lines(size: Size) -> Iterator[Line]:
    """Edited, with lists, not edited, shuffled; the memory; and how the time grows with the number of tasks."""
    rows, rounds = size.pick(1_000_000, 4_000), size.pick(7, 2)
    edits = f"{rows:,} tasks × {{}} columns{{}}, 5 % of two columns edited by `.loc`"
    plain = edits.format(20, " without lists or objects")
    pair = Pair.of(rows)
    yield pair.line("diff, nothing edited", plain.split(", 5 %")[0] + ", none edited", 300, rounds)
    pair.edit()
    peaks = Peaks.of(rows)
    yield pair.line("diff", plain, 30, rounds, peaks)
    yield peaks.line(plain)
    yield pair.shuffled().line(
        "diff, shuffled rows",
        f"{plain}, then `sort_values`; `compare` gets frames that were aligned for it beforehand",
        1,
        rounds,
    )
    del pair
    lists = Pair.of(rows, lists=True)
    lists.edit()
    yield lists.line("diff, two list columns more", edits.format(22, ", two of lists of texts"), 15, rounds)
    del lists
    yield _growth(size, rounds)


@dataclass(frozen=True)
class Pair:
    """Tasks that were edited, and what each side compares them with."""

    baseline: Baseline
    edited: pd.DataFrame
    peer: pd.DataFrame

    @classmethod
    def of(cls, rows: int, *, lists: bool = False) -> Pair:
        """Loaded, and not edited yet. The peer has a copy of its own: it could not do with ours, which has texts."""
        tasks = many(rows, lists=lists)
        return cls(tasks.baseline, tasks.df, tasks.df.copy())

    def edit(self) -> None:
        """In place, as `tasks.df` is edited."""
        edit(self.edited)

    def shuffled(self) -> Pair:
        """In another order; the peer's side is aligned."""
        edited = self.edited.sort_values("title")
        return Pair(self.baseline, edited, self.peer.loc[edited.index])

    def ours(self) -> Diff:
        """As `tasks.plan()` does it."""
        return diff(self.baseline, take_frame(self.edited, self.baseline.schema))

    def theirs(self) -> pd.DataFrame:
        """As pandas does it."""
        return self.edited.compare(self.peer)

    def forget(self) -> None:
        """Our side starts anew: what it looked up in the last round is of no help in this one."""
        if not self.edited.index.is_(self.baseline.ids):
            ids = self.baseline.frame.index
            self.baseline.frame.index = pd.Index(ids.array, name=ids.name)
            vars(self.baseline).pop("ids", None)

    def line(self, what: str, work: str, goal: float, rounds: int, peaks: Peaks | None = None) -> Line:
        """Measures both, once it is clear that they give the same."""
        check_equal(self.ours(), self.theirs())
        times = interleaved({"ours": self._ours, "theirs": partial(_time, self.theirs)}, rounds)
        ratio = times.ratio("theirs", "ours")
        return Line(
            what=what,
            work=work,
            unit="ms",
            ours=1000 * times.median("ours"),
            theirs=1000 * times.median("theirs"),
            ratio=ratio.median,
            low=ratio.low,
            high=ratio.high,
            ours_mb=None if peaks is None else peaks.ours.peak_mb,
            theirs_mb=None if peaks is None else peaks.theirs.peak_mb,
            goal=Goal("least", goal),
            note="Processor time; theirs is `edited.compare(baseline)`",
        )

    def _ours(self) -> float:
        self.forget()
        return _time(self.ours)


_time: Callable[[Callable[[], Any]], float] = partial(seconds, clock=time.process_time)


def check_equal(found: Diff, peer: pd.DataFrame) -> None:
    """Whether both found the same cells, with the same values before and after."""
    check(not found.problems, f"{len(found.problems)} problems, of which the first: {found.problems[:1]}")
    columns = found.changes.columns
    names = list(dict.fromkeys(peer.columns.get_level_values(0)))
    check(sorted(names) == sorted(columns), f"ours changed {sorted(columns)}, theirs {sorted(names)}")
    for name in names:
        theirs = peer[name].dropna(how="all").sort_index()
        order = pd.Series(found.changes.ids[columns[name].rows]).sort_values().index
        ids = found.changes.ids[columns[name].rows][order]
        check(ids.tolist() == theirs.index.tolist(), f"{name}: other tasks changed")
        check(columns[name].before[order].tolist() == theirs["other"].tolist(), f"{name}: other values before")
        check(columns[name].after[order].tolist() == theirs["self"].tolist(), f"{name}: other values after")


# memory, in processes of their own


def hold(rows: int) -> Pair:
    """The frames, edited."""
    pair = Pair.of(rows)
    pair.edit()
    return pair


def run_ours(pair: Pair) -> int:
    """Gives the number of changed cells; the changes are whole when it looks at them."""
    changes: Changes = pair.ours().changes
    return len(changes)


def run_theirs(pair: Pair) -> int:
    """Gives the number of rows."""
    return len(pair.theirs())


@dataclass(frozen=True)
class Peaks:
    """What each side took in its process."""

    ours: Measured
    theirs: Measured

    @classmethod
    def of(cls, rows: int) -> Peaks:
        """Measures both."""
        return cls(*(in_process(run, rows, holding=hold) for run in (run_ours, run_theirs)))

    def line(self, work: str) -> Line:
        """What they took above the frames."""
        return Line(
            what="diff, memory above the frames",
            work=work,
            unit="MB",
            ours=self.ours.above_mb,
            theirs=self.theirs.above_mb,
            ratio=self.ours.above_mb,
            ratio_unit="MB",
            goal=Goal("most", 40),
            ours_mb=self.ours.peak_mb,
            theirs_mb=self.theirs.peak_mb,
            note="The high-water mark while the diff runs, less what the process held before it",
        )


# growth


def _growth(size: Size, rounds: int) -> Line:
    counts = [size.pick(*pair) for pair in ((10_000, 1_000), (100_000, 2_000), (1_000_000, 4_000))]
    pairs = [hold(rows) for rows in counts]
    repeats = [counts[-1] // rows for rows in counts]

    def per_task(pair: Pair, rows: int, times: int) -> float:
        return sum(pair._ours() for _ in range(times)) / times / rows

    sides = {
        f"{rows:,}": partial(per_task, pair, rows, min(times, 30))
        for pair, rows, times in zip(pairs, counts, repeats, strict=True)
    }
    times = interleaved(sides, rounds)
    low, middle, top = sides
    ratio = times.ratio(top, middle)
    return Line(
        what="growth, diff",
        work=f"the diff of {' and '.join((top, middle))} tasks × 20 columns: the time per task, each",
        unit="ns a task",
        ours=1e9 * times.median(top),
        theirs=1e9 * times.median(middle),
        ratio=ratio.median,
        low=ratio.low,
        high=ratio.high,
        goal=Goal("most", 1.25),
        note=f"The middle stands where the peer stands; with {low} tasks it is {1e9 * times.median(low):,.0f} ns",
    )
