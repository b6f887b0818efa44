"""How long `import taskframe` takes beside `import pandas`; both in fresh processes, in turn."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time
from collections.abc import Callable, Iterator

from tests.benchmarks.harness import ROOT, Goal, Line, Size, check, interleaved

_WORK = {
    "import taskframe": "import taskframe",
    "import taskframe, and use it": "import taskframe; taskframe.connect, taskframe.from_frame",
}


def lines(size: Size) -> Iterator[Line]:
    """The import alone, and the import with what a program asks for next."""
    sides = {"import pandas": _run("import pandas"), **{what: _run(code) for what, code in _WORK.items()}}
    for side in sides.values():
        side()  # whoever is first would write the bytecode, or read it from the disk
    rounds = interleaved(sides, size.pick(11, 2))
    pandas = rounds.times["import pandas"]
    for what, goal in (("import taskframe", Goal("most", 60)), ("import taskframe, and use it", None)):
        more = [1000 * (a - b) for a, b in zip(rounds.times[what], pandas, strict=True)]
        yield Line(
            what=what,
            work=f"`{_WORK[what]}` in a fresh process, against `import pandas`",
            unit="ms",
            ours=1000 * rounds.median(what),
            theirs=1000 * rounds.median("import pandas"),
            ratio=statistics.median(more),
            low=min(more),
            high=max(more),
            ratio_unit="ms more",
            goal=goal,
        )


def _run(code: str) -> Callable[[], float]:
    def run() -> float:
        started = time.perf_counter()
        done = subprocess.run([sys.executable, "-c", code], cwd=ROOT)
        taken = time.perf_counter() - started
        check(done.returncode == 0, f"{code} failed")
        return taken

    return run
