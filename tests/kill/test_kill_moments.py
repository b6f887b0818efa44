"""A process dies at any moment: ahead of its first call, while it verifies, in flight, waiting for a limit, at the end.

A hundred moments, or as many as KILLS in the environment says. Most of each is waiting for what may yet arrive, so many
are under way at a time. Budget: two minutes.
"""

from __future__ import annotations

import os
import random
from collections import Counter

import pytest
from kill_stage import staged, together

KILLS = int(os.environ.get("KILLS", "100"))
TASKS = 64


@pytest.mark.parametrize("service", ["reload", "kore", "pragmatiks"])
def test_at_any_moment(service: str, tmp_path_factory: pytest.TempPathFactory) -> None:
    """Colleagues edit here and there; whoever goes on with the run tells the truth, and its undo puts all back."""
    when: Counter[str] = Counter()

    def work(seed: int) -> list[str]:
        rng = random.Random(f"{service} {seed}")
        slow = rng.choice([0.01, 0.03, 0.6])  # the last ones arrive when the process is long dead
        with staged(service, tmp_path_factory.mktemp("moment"), tasks=TASKS, seed=seed) as stage:
            child = stage.spawn()
            stage.prepare()
            if seed % 2:
                stage.meddle(0.15, "early", seed=seed)
            stage.slow(slow)
            limit = [[25, 0.5]] if rng.random() < 0.3 else []
            call, delay = rng.randrange(TASKS + TASKS // 2), rng.choice([0.0, rng.uniform(0, slow), 0.12])
            ran = stage.killed_at(child, call, delay, rate=limit)
            stage.box.faults.clear()
            if seed % 2:
                stage.meddle(0.25, "late", seed=-seed)
            conn = stage.connect()
            if not len(conn.runs()):
                when["ahead of the intents"] += 1
                return [f"sent, and not in the journal: {r.path}" for r in stage.log if stage.is_write(r)]
            report = conn.report(stage.run())
            when["in the run" if ran else "behind the end"] += 1
            when["in doubt"] += "unknown" in report.counts
            report = report.resume()
            return stage.complaints(report) + stage.undone(report)

    shares = {"reload": 0, "kore": 1, "pragmatiks": 2}
    number = (KILLS + 2 - shares[service]) // 3
    assert together(work, range(number), at_once=8) == []
    assert when["in doubt"] > number / 4, f"most of these moments proved nothing: {dict(when)}"
