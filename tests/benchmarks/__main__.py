"""`python -m tests.benchmarks`: runs the benchmarks, prints the table, and writes docs/benchmarks.md."""

from __future__ import annotations

import argparse
import importlib
import sys
import time
import traceback

from tests.benchmarks.harness import Line, Size, installation
from tests.benchmarks.results import PAGE, PLOT, keep, names, page, table


def main() -> int:
    """Gives 0 whether the goals are reached or not; 1 for a wrong result, or when a benchmark fails."""
    words = argparse.ArgumentParser(prog="python -m tests.benchmarks", description=__doc__)
    words.add_argument("--small", action="store_true", help="in seconds, for their results only; writes nothing")
    words.add_argument("--only", nargs="+", choices=names(), metavar="NAME", help=f"of {', '.join(names())}")
    words.add_argument("--no-page", action="store_true", help="print only, write nothing")
    given = words.parse_args()
    size = Size.SMALL if given.small else Size.FULL
    found: dict[str, list[Line]] = {}
    failed = False
    for name in given.only or names():
        started = time.perf_counter()
        lines: list[Line] = []
        try:
            for line in importlib.import_module(f"tests.benchmarks.{name}").lines(size):
                lines.append(line)
                print(f"{name}: {line.what}: {line.shown()}", file=sys.stderr, flush=True)
        except Exception:
            traceback.print_exc()
            print(f"{name} failed: its lines are left out", file=sys.stderr)
            failed = True
        else:
            found[name] = lines
        print(f"{name}: {time.perf_counter() - started:.0f} s", file=sys.stderr, flush=True)
    print(f"taskframe, {installation()} installation")
    print(table([line for lines in found.values() for line in lines]))
    if size is Size.FULL and found and not given.no_page:
        write(found)
    return int(failed)


def write(found: dict[str, list[Line]]) -> None:
    """Keeps the numbers, and makes page and plot of all that were kept."""
    results = keep(found)
    PAGE.write_text(page(results), "utf-8")
    try:
        from tests.benchmarks.plot import draw

        draw(results, PLOT)
    except ImportError as error:
        print(f"no plot: {error}", file=sys.stderr)


if __name__ == "__main__":
    sys.exit(main())
