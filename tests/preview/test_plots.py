"""Plots: what is counted is what is drawn; titles, axes and units are there; names are text."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pytest

import taskframe as tf
from taskframe.errors import MissingExtra, PlanError, SettingsError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")

from matplotlib import pyplot as plt  # noqa: E402


@pytest.fixture(autouse=True)
def _closed() -> Iterator[None]:
    yield
    plt.close("all")


def _bars(axes: Any) -> dict[str, dict[str, int]]:
    """Legend entry → name → tasks."""
    names = [label.get_text() for label in axes.get_yticklabels()]
    return {
        str(group.get_label()): {name: round(bar.get_width()) for name, bar in zip(names, group, strict=True)}
        for group in axes.containers
    }


def _drawn(axes: Any) -> None:
    """All of it can be drawn, and the legend lies outside the axes."""
    figure = axes.figure
    figure.canvas.draw()
    for legend in figure.legends:
        assert not legend.get_window_extent().overlaps(axes.get_window_extent())


@pytest.mark.parametrize("service", ["reload", "kore", "pragmatiks"])
def test_work_before_and_after_a_plan(service: str) -> None:
    """The bars are the counts of the whole load, before and after; people go by name; the unassigned are counted."""
    with tf.sandbox(tasks=120, services=[service]) as box, box.connect(service, progress=False) as conn:
        tasks = conn.load()
        column = tasks.schema.role("assignee").name  # type: ignore[union-attr]
        people = tasks.df[column].value_counts().index
        before = tasks.df[column].copy()
        tasks.reassign(people[0], {people[1]: 2, people[2]: 1})
        tasks.reassign(people[3], None)
        axes = tasks.plan().plot()
        _drawn(axes)
        assert axes.get_title().endswith("before and after this plan")
        assert axes.get_xlabel() == "tasks"
        assert axes.get_ylabel()
        bars = _bars(axes)
        names = conn.known.names
        for label, series in (("before", before), ("after", tasks.df[column])):
            counts = {names.get(who, who): int(n) for who, n in series.value_counts().items()}
            counts["unassigned"] = int(series.isna().sum())
            # long ids are cut
            shown = {name.rstrip("…"): n for name, n in bars[label].items() if n}
            assert sum(shown.values()) == len(series)
            for name, number in shown.items():
                if len(name) < 27:
                    assert counts[name] == number


def test_by_status_and_by_any_column(conn: tf.Connection) -> None:
    """`by=`, `column=`; what is neither is an error with the nearest."""
    tasks = conn.load()
    tasks.df.loc[tasks.df["status"] == "todo", "status"] = "done"
    plan = tasks.plan()
    bars = _bars(plan.plot("status"))
    assert bars["after"]["todo"] == 0
    assert bars["after"]["done"] == bars["before"]["done"] + bars["before"]["todo"]
    assert _bars(plan.plot("priority"))["before"] == _bars(plan.plot("priority"))["after"]
    assert plan.plot(column="assigneeAgentId")
    with pytest.raises(PlanError, match="Did you mean 'status'"):
        plan.plot("statsu")
    with pytest.raises(SettingsError, match="no column 'nobody'"):
        plan.plot(column="nobody")


def test_what_a_run_did_over_time(conn: tf.Connection, box: tf.LocalSandbox) -> None:
    """Stacked outcomes end at their counts; the rate is there; from the journal too."""
    tasks = conn.load()
    tasks.df["title"] = [f"new {n}" for n in range(len(tasks))]
    for task in tasks.df.index[:20]:
        box["reload"].edit(task, title="theirs")
    report = tasks.plan().apply(confirm=len(tasks))
    for told in (report, conn.report(report.run_id)):
        axes = told.plot()
        _drawn(axes)
        stacked = {c.get_label(): c.get_paths()[0].vertices[:, 1] for c in axes.collections}
        assert set(stacked) == set(report.counts)
        assert max(v.max() for v in stacked.values()) == len(report)
        assert re.match(f"Run {report.run_id}: .*applied", axes.get_title())
        assert "seconds" in axes.get_xlabel()
    with pytest.raises(PlanError, match="nothing to plot"):
        tasks.plan(ids=[]).dry_run().plot()


def test_what_a_load_is_like(conn: tf.Connection) -> None:
    """Status in the service's order, ages in days, load per assignee; of fewer columns what there is."""
    tasks = conn.load()
    status, ages, load = tasks.plot()
    _drawn(status)
    names = [label.get_text() for label in status.get_yticklabels()]
    known = [c for c in tasks.schema["status"].choices if c in names]
    assert names == known
    assert "days" in ages.get_xlabel()
    assert sum(round(bar.get_width()) for bar in load.containers[0]) == len(tasks)
    tasks.df = tasks.df[["title", "status"]]
    assert len(tasks.plot()) == 1
    tasks.df = tasks.df[["title"]]
    with pytest.raises(PlanError, match="nothing to plot"):
        tasks.plot()


def test_a_name_is_text_and_no_formula(conn: tf.Connection) -> None:
    """`$x^2$` is shown as it is."""
    tasks = conn.load()
    people = tasks.df["assigneeUserId"].value_counts().index
    conn.people = {people[0]: "$x^{$", people[1]: "<b>Ada</b>"}
    tasks.reassign(people[0], people[1])
    axes = tasks.plan().plot()
    _drawn(axes)
    assert r"\$x^{\$" in [label.get_text() for label in axes.get_yticklabels()]


def test_many_people_are_summed_up(conn: tf.Connection) -> None:
    """More than two dozen: the rest is one pair of bars, and none is lost."""
    tasks = conn.load()
    tasks.df["assigneeUserId"] = [f"u_{n % 60}" for n in range(len(tasks))]
    after = _bars(tasks.plan().plot())["after"]
    assert len(after) == 24
    assert any("others" in name for name in after)
    assert sum(after.values()) == len(tasks)


def test_without_matplotlib_the_error_names_the_extra(conn: tf.Connection, monkeypatch: pytest.MonkeyPatch) -> None:
    """MissingExtra with the pip command."""
    tasks = conn.load()
    monkeypatch.setitem(__import__("sys").modules, "matplotlib", None)
    with pytest.raises(MissingExtra, match=r"pip install \"taskframe\[plot\]\""):
        tasks.plot()
