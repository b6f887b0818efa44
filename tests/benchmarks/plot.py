"""The picture on the page: for each line, how far beyond its goal it is."""

from __future__ import annotations

from pathlib import Path
from typing import Any

from tests.benchmarks.harness import Line
from tests.benchmarks.results import INSTALLATIONS, Kept, lines_of

_FAST, _PLAIN = "#0072b2", "#d55e00"  # of Okabe and Ito's colours, which the colour-blind tell apart too


def draw(results: Kept, path: Path) -> None:
    """Draws all installations into `path`. Shape tells them apart as well as colour does."""
    import matplotlib as mpl
    from matplotlib.figure import Figure

    found = {
        name: {line.what: line for line in lines_of(results, name) if line.goal and line.ratio is not None}
        for name in INSTALLATIONS
    }
    whats = list(dict.fromkeys(what for lines in found.values() for what in lines))
    mpl.rcParams["svg.hashsalt"] = "taskframe"  # the same numbers give the same file
    figure = Figure(figsize=(9, 1.3 + 0.34 * len(whats)), layout="constrained", facecolor="white")
    axes = figure.subplots()
    styles: dict[str, dict[str, Any]] = {
        "plain": {"marker": "o", "facecolor": "white", "edgecolor": _PLAIN, "label": "without extras"},
        "fast": {"marker": "o", "facecolor": _FAST, "edgecolor": _FAST, "label": "taskframe[fast]"},
    }
    for name, style in styles.items():
        points = [(score(found[name][what]), at) for at, what in enumerate(whats) if what in found[name]]
        if points:
            scores, places = zip(*points, strict=True)
            axes.scatter(scores, places, s=52, linewidth=1.8, zorder=3, **style)
    axes.axvline(1, color="#333333", linewidth=1.2)
    axes.set_xscale("log")
    low, high = axes.get_xlim()
    axes.set_xlim(min(low, 0.5), max(high, 2))
    ticks = [t for t in (0.01, 0.03, 0.1, 0.3, 1, 3, 10, 30, 100) if axes.get_xlim()[0] <= t <= axes.get_xlim()[1]]
    axes.set_xticks(ticks, [f"{t:g} ×" for t in ticks])
    axes.minorticks_off()
    axes.set_yticks(range(len(whats)), whats)
    axes.set_ylim(len(whats) - 0.4, -0.6)
    axes.grid(axis="x", color="#dddddd", linewidth=0.8)
    axes.grid(axis="y", color="#eeeeee", linewidth=0.8)
    axes.set_axisbelow(True)
    for side in ("top", "right", "left"):
        axes.spines[side].set_visible(False)
    axes.tick_params(axis="y", length=0)
    axes.set_xlabel("how many times as good as the goal (1: just reached)")
    axes.legend(loc="lower center", bbox_to_anchor=(0.5, 1), ncols=2, frameon=False)
    figure.savefig(path, metadata={"Date": None})


def score(line: Line) -> float:
    """How many times as good as its goal a line is: 1 is just reached."""
    least = 1e-2
    if line.goal is None or line.ratio is None:
        return 1
    goal, value = line.goal.number, line.ratio
    if line.goal.at == "least":
        return max(value / goal, least) if goal > 0 else 1 + float(line.reached)
    if goal <= 0 or value <= 0:
        return 100 if line.reached else least
    return min(max(goal / value, least), 100)
