"""A hundred thousand problems are found, shown and dropped at once."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from time import perf_counter

import pandas as pd
import pytest

import taskframe as tf

COUNT = 100_000


@pytest.fixture(scope="module")
def tasks() -> tf.TaskFrame:
    ids = [f"tsk_{i:06}" for i in range(COUNT)]
    columns = {"identifier": [f"T-{i}" for i in range(COUNT)], "title": "x", "status": "todo", "priority": "low"}
    df = pd.DataFrame({**columns, "version": 1, "updatedAt": "2026-06-01T00:00:00Z"}, index=pd.Index(ids, name="id"))
    return tf.from_frame(df, "reload")


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


@pytest.mark.parametrize("mistake", ["one", "many"])
def test_a_file_of_mistakes_is_shown_quickly(tasks: tf.TaskFrame, mistake: str, tmp_path: Path) -> None:
    """One word throughout, or another in every row: all that shows and narrows takes less than it took to read them."""
    path = tmp_path / "tasks.csv"
    tasks.to_csv(path)
    header, *rows = path.read_text("utf-8").splitlines()
    words = ["Hgih" if mistake == "one" else f"Hgih {n}" for n in range(COUNT)]
    path.write_text("\n".join([header, *(r.replace(",low,", f",{w},") for r, w in zip(rows, words, strict=True))]))
    started = perf_counter()
    plan = tasks.plan_csv(path)
    reading = perf_counter() - started

    table = plan.problems
    assert len(table) == COUNT
    assert table["line"].tolist() == list(range(2, COUNT + 2))
    assert table["value"].tolist() == words
    assert seconds(lambda: repr(plan)) < reading
    for quick in (
        lambda: plan.problems,
        lambda: repr(plan.select(ids=table["id"])),
        lambda: plan.drop(ids=table["id"].head(COUNT // 2))._repr_html_(),
        lambda: plan.drop(cells=table),
        lambda: plan.drop_problems(),
    ):
        assert seconds(quick) < reading
    said = " ".join(repr(plan).split())
    assert "100,000 PROBLEMS" in said
    assert "choice · priority: 100,000" in said
    if mistake == "one":
        assert "100,000×, such as line 2 · T-0 (tsk_000000) · priority = Hgih" in said
        assert "did you mean 'high'?" in said
    assert len(repr(plan)) < 2_000
    assert len(plan._repr_html_()) < 20_000
