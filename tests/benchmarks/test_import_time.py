"""How long `import taskframe` takes beside `import pandas`; both in fresh processes, interleaved."""

from __future__ import annotations

import statistics
import subprocess
import sys
import time

import pytest

ROUNDS = 11
GOAL = 0.060  # seconds above `import pandas`


def _seconds(code: str) -> float:
    started = time.perf_counter()
    subprocess.run([sys.executable, "-c", code], check=True)
    return time.perf_counter() - started


@pytest.mark.benchmark
def test_import_is_light() -> None:
    """`import taskframe` takes at most 60 ms more than `import pandas`."""
    sides = {"import pandas": [], "import taskframe": [], "import taskframe, and use it": []}
    code = {
        "import pandas": "import pandas",
        "import taskframe": "import taskframe",
        "import taskframe, and use it": "import taskframe; taskframe.connect, taskframe.from_frame",
    }
    for _ in range(ROUNDS):
        for side, times in sides.items():
            times.append(_seconds(code[side]))
    medians = {side: statistics.median(times) for side, times in sides.items()}
    print()
    for side, median in medians.items():
        spread = max(sides[side]) - min(sides[side])
        print(
            f"{side:30} {median * 1000:6.0f} ms (spread {spread * 1000:.0f}), {median / medians['import pandas']:.2f} ×"
        )
    assert medians["import taskframe"] <= medians["import pandas"] + GOAL
