"""Progress bars: where they go, whose they are, and that a broken one harms nothing."""

from __future__ import annotations

import logging
import threading
from typing import Any

import pytest
from tqdm import tqdm

import taskframe as tf
from taskframe.progress import progress_bar


def _work(conn: tf.Connection, **options: Any) -> tf.Report:
    tasks = conn.load(**options)
    rows = tasks.df.index[tasks.df["priority"] == "none"]
    tasks.df.loc[rows, "priority"] = "low"
    return tasks.plan().apply()


class Recorder:
    """A bar that is no tqdm, but is used as one."""

    made: list[Recorder]

    def __init__(self, *, desc: str, total: int | None, **more: Any) -> None:
        type(self).made.append(self)
        self.desc, self.total, self.n = desc, total, 0
        self.closed = False
        self.postfix: dict[str, int] = {}

    def update(self, n: int = 1) -> None:
        self.n += n

    def set_postfix(self, counts: dict[str, int], refresh: bool = True) -> None:
        self.postfix = dict(counts)

    def close(self) -> None:
        self.closed = True


@pytest.fixture
def recorder() -> type[Recorder]:
    return type("Bars", (Recorder,), {"made": []})


def test_false_prints_nothing(box: tf.LocalSandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """Neither the load nor the apply."""
    with box.connect("reload", progress=False) as conn:
        assert _work(conn).ok
    assert capfd.readouterr() == ("", "")


def test_true_prints_to_stderr(box: tf.LocalSandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """Load and apply each have a bar that says what it is and ends at its total; stdout stays free."""
    with box.connect("reload") as conn:
        report = _work(conn)
    out, err = capfd.readouterr()
    assert out == ""
    assert "Loading Reload" in err
    assert "300/300" in err
    assert "Applying to Reload" in err
    assert f"{len(report)}/{len(report)}" in err
    assert "applied=" in err


def test_a_class_of_the_users_is_used(box: tf.LocalSandbox, recorder: type[Recorder]) -> None:
    """For load, dry run and apply: total, count, postfix, and closed at the end."""
    with box.connect("reload", progress=recorder) as conn:
        tasks = conn.load()
        tasks.df["title"] = "the same"
        plan = tasks.plan()
        plan.dry_run()
        plan.apply(confirm=len(plan))
    load, dry, apply = recorder.made
    assert (load.desc, load.total, load.n) == ("Loading Reload", 300, 300)
    assert (dry.desc, dry.total, dry.n) == ("Checking Reload", 300, 300)
    assert (apply.desc, apply.total, apply.n, apply.postfix) == ("Applying to Reload", 300, 300, {"applied": 300})
    assert all(bar.closed for bar in recorder.made)


def test_a_tqdm_class_of_the_users_is_used(box: tf.LocalSandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """A subclass of tqdm; a callable that makes one will do too."""

    class Mine(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0

        def __init__(self, *args: Any, **more: Any) -> None:
            super().__init__(*args, **{**more, "desc": f"mine: {more['desc']}"})

    for progress in (Mine, lambda **more: Mine(**more)):
        with box.connect("reload", progress=progress) as conn:
            conn.load()
        assert "mine: Loading Reload" in capfd.readouterr().err


def test_a_load_may_have_its_own(
    box: tf.LocalSandbox, recorder: type[Recorder], capfd: pytest.CaptureFixture[str]
) -> None:
    """`conn.load(progress=…)` counts more than the connection's."""
    with box.connect("reload", progress=recorder) as conn:
        conn.load(progress=False)
        assert recorder.made == []
        conn.load(progress=True)
    assert recorder.made == []
    assert "Loading Reload" in capfd.readouterr().err
    with box.connect("reload", progress=False) as conn:
        conn.load(progress=recorder)
    assert len(recorder.made) == 1


def test_the_total_follows_where_nobody_knows_it_at_first(box: tf.LocalSandbox, recorder: type[Recorder]) -> None:
    """Without a total the bar has none; with a limit it is the limit."""
    box["reload"].total = False
    with box.connect("reload", progress=recorder) as conn:
        conn.load()
        assert (recorder.made[-1].total, recorder.made[-1].n) == (None, 300)
        box["reload"].total = True
        conn.load(limit=120)
        assert (recorder.made[-1].total, recorder.made[-1].n) == (120, 120)


def test_a_bar_that_takes_its_total_by_reset_gets_it_so() -> None:
    """A notebook's bar takes a total that comes later by `reset` only; it is told once."""
    told = []

    class Notebook(tqdm):  # type: ignore[type-arg]
        monitor_interval = 0

        def reset(self, total: float | None = None) -> None:
            told.append(total)
            super().reset(total)

    with progress_bar(Notebook, desc="x", total=None) as bar:
        for done in (10, 20, 30):
            bar.reach(done, 30)
    assert told == [30]


@pytest.mark.parametrize("method", ["__init__", "update", "set_postfix", "close"])
def test_a_broken_bar_harms_nothing(
    box: tf.LocalSandbox, recorder: type[Recorder], caplog: pytest.LogCaptureFixture, method: str
) -> None:
    """Load and apply go on without it, and the log says so once for each."""

    def broken(*_: Any, **__: Any) -> None:
        raise BrokenPipeError("nobody looks any more")

    setattr(recorder, method, broken)
    with box.connect("reload", progress=recorder) as conn, caplog.at_level(logging.WARNING):
        report = _work(conn)
    assert report.counts == {"applied": len(report)}
    assert 1 <= len(caplog.records) <= 2
    assert "progress bar failed" in caplog.text


def test_no_monitor_thread_is_left(box: tf.LocalSandbox, capfd: pytest.CaptureFixture[str]) -> None:
    """tqdm's own monitor would outlive the bar."""
    with box.connect("reload") as conn:
        before = set(threading.enumerate())
        _work(conn)
        assert {t.name for t in set(threading.enumerate()) - before} <= {"taskframe", "asyncio_0"}
