"""Pictures of frozen data, by matplotlib: work per assignee, what a run did over time, what a load is like.

Each gives matplotlib's Axes (or an array of them), to be changed or saved: `axes.figure.savefig("monday.png")`.
"""

from __future__ import annotations

import textwrap
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any, Final

import numpy as np
import pandas as pd

from taskframe.errors import MissingExtra

if TYPE_CHECKING:
    from matplotlib.axes import Axes

BEFORE: Final = "#999999"
AFTER: Final = "#0072B2"
COLOURS: Final[Mapping[str, str]] = {
    "applied": "#009E73", "unchanged": "#56B4E9", "ready": "#0072B2", "conflict": "#E69F00", "partial": "#F0E442",
    "failed": "#D55E00", "unknown": "#CC79A7", "skipped": "#999999",
}  # fmt: skip
"""Okabe and Ito's colours, which the colour-blind can tell apart."""

NOBODY: Final = "unassigned"
_MOST: Final = 24
_STEPS: Final = 40
_LONGEST: Final = 28


def work_plot(before: pd.Series[int], after: pd.Series[int], *, title: str, what: str) -> Axes:
    """Bars of tasks before and after, a pair a name; the most first. More than 24 names: the rest is one pair."""
    table = pd.DataFrame({"before": before, "after": after}).fillna(0).astype("int64")
    order = table.max(axis=1).sort_values(ascending=False, kind="stable").index
    table = table.loc[order]
    if len(table) > _MOST:
        rest = table.iloc[_MOST - 1 :].sum().rename(f"{len(table) - _MOST + 1:,} others")
        table = pd.concat([table.iloc[: _MOST - 1], rest.to_frame().T])
    figure, axes = _figure(height=1.6 + 0.42 * max(len(table), 1))
    at = np.arange(len(table))
    for shift, name, colour in ((-0.19, "before", BEFORE), (0.19, "after", AFTER)):
        bars = axes.barh(at + shift, table[name], height=0.36, color=colour, label=name)
        axes.bar_label(bars, [f"{n:,}" for n in table[name]], padding=3, fontsize=8)
    axes.set_yticks(at, [_label(name) for name in table.index])
    axes.invert_yaxis()
    axes.margins(x=0.1)
    axes.set(title=title, xlabel="tasks", ylabel=what)
    _whole(axes.xaxis)
    figure.legend(*axes.get_legend_handles_labels(), loc="outside lower center", ncols=2, frameon=False)
    return axes


def outcomes_plot(at: Sequence[float], kinds: Sequence[str], *, elapsed: float, title: str) -> Axes:
    """Outcomes over time, stacked, and their rate. `at`: seconds from the start of the run, one an outcome."""
    figure, axes = _figure(height=4.2)
    times = np.asarray(at, dtype="float64")
    edges = np.linspace(0.0, max(elapsed, float(times.max(initial=0.0)), 1e-3), _STEPS + 1)
    seen = [kind for kind in COLOURS if kind in set(kinds)]
    counts = np.array([np.histogram(times[[k == kind for k in kinds]], edges)[0] for kind in seen]).reshape(-1, _STEPS)
    rising = np.pad(counts.cumsum(axis=1), ((0, 0), (1, 0)))
    axes.stackplot(edges, rising, labels=seen, colors=[COLOURS[kind] for kind in seen])
    axes.set(title=title, xlabel="seconds since the start of the run", ylabel="tasks with an outcome")
    axes.set_xlim(0, edges[-1])
    axes.margins(y=0.05)
    _whole(axes.yaxis)
    rate = axes.twinx()
    rate.stairs(counts.sum(axis=0) / (edges[1] - edges[0]), edges, color="black", label="outcomes a second")
    rate.set_ylabel("outcomes a second")
    rate.set_ylim(bottom=0)
    both = zip(axes.get_legend_handles_labels(), rate.get_legend_handles_labels(), strict=True)
    handles, labels = (mine + theirs for mine, theirs in both)
    figure.legend(handles, labels, loc="outside lower center", ncols=5, frameon=False)
    return axes


def tasks_plot(
    status: pd.Series[int] | None, ages: pd.Series[float] | None, load: pd.Series[int] | None, *, title: str
) -> np.ndarray[Any, Any]:
    """Up to three panels: tasks by status, days since the last change, tasks per assignee."""
    panels = [panel for panel in (status, ages, load) if panel is not None]
    plt = _pyplot()
    figure, grid = plt.subplots(1, len(panels), figsize=(4.6 * len(panels), 4.2), layout="constrained", squeeze=False)
    figure.suptitle(title)
    axes = iter(grid[0])
    if status is not None:
        _bars(next(axes), status, title="By status", colour=AFTER)
    if ages is not None:
        panel = next(axes)
        panel.hist(ages, bins=30, color=COLOURS["conflict"], edgecolor="white", linewidth=0.4)
        panel.set(title="By age", xlabel="days since the last change", ylabel="tasks")
        _whole(panel.yaxis)
    if load is not None:
        _bars(next(axes), load, title="By assignee", colour=COLOURS["applied"])
    return np.asarray(grid[0])


def _bars(axes: Axes, counts: pd.Series[int], *, title: str, colour: str) -> None:
    counts = counts[counts > 0]
    if len(counts) > _MOST:
        rest = pd.Series({f"{len(counts) - _MOST + 1:,} others": int(counts.iloc[_MOST - 1 :].sum())})
        counts = pd.concat([counts.iloc[: _MOST - 1], rest])
    bars = axes.barh([_label(name) for name in counts.index], counts.to_numpy(), color=colour)
    axes.bar_label(bars, [f"{n:,}" for n in counts], padding=3, fontsize=8)
    axes.invert_yaxis()
    axes.margins(x=0.14)
    axes.set(title=title, xlabel="tasks")
    _whole(axes.xaxis)


def _label(name: Any) -> str:
    """Text as it is: a `$` is no formula, and a long name is cut."""
    text = textwrap.shorten(str(name), _LONGEST, placeholder="…") if " " in str(name) else str(name)
    return (text if len(text) <= _LONGEST else f"{text[: _LONGEST - 1]}…").replace("$", r"\$")


def _whole(axis: Any) -> None:
    from matplotlib.ticker import MaxNLocator, StrMethodFormatter

    axis.set_major_locator(MaxNLocator(integer=True, nbins="auto"))
    axis.set_major_formatter(StrMethodFormatter("{x:,.0f}"))


def _figure(*, height: float) -> tuple[Any, Axes]:
    figure, axes = _pyplot().subplots(figsize=(8.0, height), layout="constrained")
    for side in ("top", "right"):
        axes.spines[side].set_visible(False)
    return figure, axes


def _pyplot() -> Any:
    try:
        from matplotlib import pyplot as plt
    except ImportError as error:
        if (error.name or "").partition(".")[0] != "matplotlib":
            raise
        raise MissingExtra("a plot", "plot") from error
    return plt
