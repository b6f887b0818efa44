"""What was measured, kept in docs/benchmarks.json; and the table and the page made of it."""

from __future__ import annotations

import json
import os
import platform
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import asdict
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from tests.benchmarks.harness import ROOT, Goal, Line, dump, figure, installation, versions

KEPT = ROOT / "docs" / "benchmarks.json"
PAGE = ROOT / "docs" / "benchmarks.md"
PLOT = ROOT / "docs" / "_static" / "benchmarks.svg"

_ORDER = ("diff", "plan", "load", "csv_plans", "apply", "imports")
_NO_BENCHMARKS = {"__init__", "__main__", "harness", "results", "plot"}
_PACKAGES = (
    "pandas", "numpy", "pyarrow", "msgspec", "orjson", "httpx", "httpx-aiohttp", "aiohttp", "pyreqwest", "requests",
    "reload-sdk",
)  # fmt: skip

INSTALLATIONS = {"plain": "`pip install taskframe`", "fast": '`pip install "taskframe[fast]"`'}


def names() -> list[str]:
    """The modules that measure, in the order of the table."""
    files = Path(__file__).parent.glob("*.py")
    found = [f.stem for f in files if f.stem not in _NO_BENCHMARKS and not f.stem.startswith(("test_", "_"))]
    found = [name for name in found if "\ndef lines(" in (Path(__file__).parent / f"{name}.py").read_text("utf-8")]
    return sorted(found, key=lambda name: (_ORDER.index(name) if name in _ORDER else len(_ORDER), name))


Kept = dict[str, dict[str, Any]]
"""Installation → what it ran on ("machine", "versions") and "lines": module → its lines."""


def kept() -> Kept:
    """What was kept."""
    found: Kept = json.loads(KEPT.read_text("utf-8")) if KEPT.exists() else {}
    return found


def keep(found: Mapping[str, Sequence[Line]]) -> Kept:
    """Puts the lines of these modules in place of their last ones, for this installation."""
    results = kept()
    last = results.get(installation(), {}).get("lines", {})
    at = datetime.now(UTC).date().isoformat()
    new = {name: {"at": at, "lines": [asdict(line) for line in lines]} for name, lines in found.items()}
    lines = {**last, **new}
    results[installation()] = {
        "machine": _machine(),
        "versions": versions(*_PACKAGES),
        "lines": {name: lines[name] for name in names() if name in lines},
    }
    results = {name: results[name] for name in INSTALLATIONS if name in results}
    KEPT.write_text(dump(results), "utf-8")
    return results


def lines_of(results: Kept, name: str) -> list[Line]:
    """All lines of an installation."""
    modules = results.get(name, {}).get("lines", {})
    return [_line(line) for module in modules.values() for line in module["lines"]]


def _line(kept: Mapping[str, Any]) -> Line:
    return Line(**{**kept, "goal": None if kept["goal"] is None else Goal(**kept["goal"])})


def _machine() -> dict[str, Any]:
    model = "unknown processor"
    cpuinfo = Path("/proc/cpuinfo")
    if cpuinfo.exists():
        models = [row.split(":", 1)[1].strip() for row in cpuinfo.read_text().splitlines() if "model name" in row]
        model = models[0] if models else platform.machine()
    return {
        "processor": model,
        "cores": os.cpu_count(),
        "system": platform.system(),
        "python": platform.python_version(),
    }


# the table in the terminal

_HEAD = ("what", "ours", "theirs", "ratio (lowest–highest)", "peak MB, ours / theirs", "goal", "")


def rows(lines: Iterable[Line]) -> list[tuple[str, ...]]:
    """The cells of the table."""
    return [
        (
            line.what,
            _with_unit(line.ours, line.unit),
            _with_unit(line.theirs, line.unit),
            line.shown(),
            ""
            if line.ours_mb is None and line.theirs_mb is None
            else f"{figure(line.ours_mb)} / {figure(line.theirs_mb)}",
            "" if line.goal is None else f"{line.goal} {line.ratio_unit}",
            line.verdict,
        )
        for line in lines
    ]


def _with_unit(number: float | None, unit: str) -> str:
    return "" if number is None else f"{figure(number)} {unit}"


def table(lines: Sequence[Line]) -> str:
    """The table as text."""
    cells = [_HEAD, *rows(lines)]
    widths = [max(len(row[at]) for row in cells) for at in range(len(_HEAD))]
    return "\n".join(
        "  ".join(cell.ljust(width) for cell, width in zip(row, widths, strict=True)).rstrip() for row in cells
    )


# the page

_INTRO = """\
# Benchmarks

How fast taskframe is, beside what one would use otherwise for the same work. Each number is the median of rounds in
which both sides ran in turn, in one go and on the same data; in brackets, the lowest and the highest ratio of a round.
Before a number counts, the results of both sides are compared. Peak memory is that of a process of each side's own.

The ratios are from one machine ({machine}). Yours will give others; `make bench` measures them, prints the
table and writes this page. It takes some 20 minutes.

![For each line how much of its goal is reached, on a logarithmic scale](_static/{plot})

Right of the line: reached. Dots are `taskframe[fast]`, rings an installation without that extra.
"""


def page(results: Kept) -> str:
    """The page, in Markdown."""
    machine = next(iter(results.values()))["machine"]
    words = f"{machine['processor']}, {machine['cores']} cores, {machine['system']}"
    parts = [_INTRO.format(machine=words, plot=PLOT.name)]
    for name in reversed(INSTALLATIONS):
        if name in results:
            parts.append(_section(results, name))
    return "\n".join(parts)


def _section(results: Kept, name: str) -> str:
    lines = lines_of(results, name)
    used = results[name]
    goals = sum(line.goal is not None for line in lines)
    missed = sum(not line.reached for line in lines)
    count = "All lines reach their goal." if not missed else f"{goals - missed} of {goals} goals are reached."
    packages = ", ".join(f"{package} {version}" for package, version in used["versions"].items())
    dates = sorted({module["at"] for module in used["lines"].values()})
    when = dates[0] if len(dates) == 1 else f"{dates[0]} to {dates[-1]}"
    table_rows = [_HEAD[:-1], *(row[:-1] for row in rows(lines))]
    out = [
        f"## {INSTALLATIONS[name]}",
        "",
        f"{count} Measured {when} on Python {used['machine']['python']}; {packages}.",
        "",
        _row((*table_rows[0], "reached")),
        _row(("---",) * len(_HEAD)),
        *(
            _row((*cells, line.verdict if line.reached else f"**{line.verdict}**"))
            for cells, line in zip(table_rows[1:], lines, strict=True)
        ),
        "",
        "What is done:",
        "",
        *(f"- **{line.what}**: {line.work}{'. ' + line.note if line.note else ''}." for line in lines),
        "",
    ]
    return "\n".join(out)


def _row(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
