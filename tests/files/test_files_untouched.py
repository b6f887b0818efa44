"""Rows that nobody touched are left out while a file is read. That shows in nothing but time and memory."""

from __future__ import annotations

import csv
import subprocess
import sys
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from files_tasks import SCHEMA, frames
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import diff
from taskframe.files.cells import read_cells
from taskframe.files.csv import read_csv, write_csv
from taskframe.files.damage import find_damage
from taskframe.files.exchange import _known, csv_edits
from taskframe.files.reading import Reading
from taskframe.files.rows import Lot, Sheet
from taskframe.files.untouched import Untouched

MANY = 3_000


def found(baseline: Baseline, path: Path, *, whole: bool, **how: Any) -> tuple[Any, ...]:
    """All that is told of a file: with every row read, or without the untouched."""
    if whole:
        more = _known(baseline, None)
        edited = find_damage(read_csv(path, SCHEMA, **more, **how), baseline, Reading(**more, **how))
    else:
        edited = csv_edits(path, baseline, **how)
    seen = diff(baseline, edited)
    columns = {n: [*map(repr, zip(c.rows, c.before, c.after, strict=True))] for n, c in seen.changes.columns.items()}
    return [*seen.changes.ids], columns, *map(repr, seen.problems), seen.lines, {*seen.notes}, seen.ignored


def tasks(count: int = MANY) -> pd.DataFrame:
    values = {
        "identifier": [f"T-{n}" for n in range(count)],
        "title": [("=SUM(A1)", "'quoted", "Say, «hi»", "two\nlines", "plain")[n % 5] + f" {n}" for n in range(count)],
        "status": [("todo", "done", None, "parked")[n % 4] for n in range(count)],
        "version": [n % 7 for n in range(count)],
        "urgent": [True] * count,
        "sure": [True] * count,
        "estimate": [None if n % 3 else n for n in range(count)],
        "dueAt": [None if n % 5 else pd.Timestamp("2026-01-31T09:00:00Z") for n in range(count)],
        "labels": [["a", f"b{n}"] if n % 2 else None for n in range(count)],
    }
    return SCHEMA.frame([f"id-{n}" for n in range(count)], values)


def table(path: Path) -> list[list[str]]:
    with path.open(newline="", encoding="utf-8") as file:
        return [*csv.reader(file)]


def put(path: Path, rows: list[list[str]]) -> None:
    with path.open("w", newline="", encoding="utf-8") as file:
        csv.writer(file).writerows(rows)


CELLS = ["", "x", "<clear>", "'", " ", "'=1", "todo", "Todo", "hgih", "0", "id-1", "2026-01-31T09:00:00Z", "[]", "NaN"]


@settings(deadline=None, max_examples=80, suppress_health_check=[HealthCheck.function_scoped_fixture])
@given(frame=frames(), data=st.data())
def test_the_same_is_found_as_when_every_row_is_read(
    tmp_path_factory: pytest.TempPathFactory, frame: pd.DataFrame, data: st.DataObject
) -> None:
    """Whatever was loaded, and whatever was done to the file."""
    path = tmp_path_factory.getbasetemp() / "untouched.csv"
    write_csv(frame, SCHEMA, path)
    head, *rows = table(path)
    for _ in range(data.draw(st.integers(0, 4)) if rows else 0):
        at, column = data.draw(st.integers(0, len(rows) - 1)), data.draw(st.integers(0, len(head) - 1))
        match data.draw(st.sampled_from(["cell", "copy", "move", "below", "drop"])):
            case "cell":
                rows[at][column] = data.draw(st.sampled_from(CELLS))
            case "copy":
                rows.append([*rows[at]])
            case "move":
                rows.insert(0, rows.pop(at))
            case "below":
                rows[at][column] = rows[at - 1][column]
            case _ if len(rows) > 1:
                del rows[at]
    put(path, [head, *rows])
    baseline = Baseline.of(frame, SCHEMA)
    for blank in ("leave", "clear"):
        got, wanted = (found(baseline, path, whole=whole, blank=blank) for whole in (False, True))
        assert got == wanted


@pytest.mark.parametrize("order", ["as loaded", "turned round", "every third", "with notes"])
def test_only_edited_rows_are_read(tmp_path: Path, order: str) -> None:
    """In any order and with further columns: the edited row, and the one above."""
    baseline, path = Baseline.of(tasks(), SCHEMA), tmp_path / "t.csv"
    write_csv(tasks(), SCHEMA, path)
    head, *rows = table(path)
    rows = {"turned round": rows[::-1], "every third": rows[::3]}.get(order, rows)
    if order == "with notes":
        head, rows = [*head, "my notes"], [[*row, f"seen {n}"] for n, row in enumerate(rows)]
    rows[500][head.index("status")] = "cancelled"
    put(path, [head, *rows])
    untouched = Untouched(baseline)
    edited = read_csv(path, SCHEMA, untouched=untouched, **_known(baseline, None))
    assert list(edited.ids) == [rows[499][0], rows[500][0]]
    assert not untouched.is_twice(edited.ids)
    got, wanted = (found(baseline, path, whole=whole) for whole in (False, True))
    assert got == wanted
    assert got[0] == [rows[500][0]]


@pytest.mark.parametrize("size", [1, 2, 7, 100])
@pytest.mark.parametrize("touched", [{0, 6, 7, 13, 14, 50}, {*range(60), 99}, {*range(100)}, set()], ids=len)
def test_whatever_is_read_at_once(tmp_path: Path, size: int, touched: set[int]) -> None:
    """Edited rows at either end of a lot, and files in which all rows of many lots differ: the same is found."""
    frame, path = tasks(100), tmp_path / "t.csv"
    baseline = Baseline.of(frame, SCHEMA)
    write_csv(frame, SCHEMA, path)
    head, *rows = table(path)
    for at in touched:
        rows[at][head.index("status")] = "cancelled"
    lots = [
        Lot(range(2 + at, 2 + min(at + size, 100)), columns=[[*c] for c in zip(*rows[at : at + size], strict=True)])
        for at in range(0, 100, size)
    ]
    how = Reading(**_known(baseline, None))
    untouched = Untouched(baseline)
    part = read_cells(Sheet("t.csv", head, lots), SCHEMA, how, untouched)
    whole = read_cells(Sheet("t.csv", head, lots), SCHEMA, how)
    assert list(part.ids) == [i for i in whole.ids if i in set(part.ids)]
    assert part.lines is not None
    lines = set(part.lines.tolist())
    assert {line for at in touched for line in (at + 1, at + 2)} - {1} <= lines
    assert size > 2 or len(touched) > 50 or len(lines) <= 2 * len(touched) + size
    assert not untouched.is_twice(part.ids)
    assert (
        untouched.whole("title", part.lines.tolist(), part.columns["title"].tolist()) == whole.columns["title"].tolist()
    )
    found, wanted = diff(baseline, part), diff(baseline, whole)
    assert list(found.changes.ids) == list(wanted.changes.ids)
    assert found.lines == wanted.lines
    assert found.problems == wanted.problems


def test_a_row_twice_is_told_with_both_lines(tmp_path: Path) -> None:
    """Though one of the two says nothing new, or neither does, however far apart they are."""
    baseline, path = Baseline.of(tasks(), SCHEMA), tmp_path / "t.csv"
    write_csv(tasks(), SCHEMA, path)
    head, *rows = table(path)
    edited = [*rows[3]]
    edited[head.index("status")] = "cancelled"
    for more in (edited, rows[3]):
        put(path, [head, *rows, more])
        problems = diff(baseline, csv_edits(path, baseline)).problems
        assert ["2 rows have this id" in problem.problem for problem in problems] == [True]
        assert found(baseline, path, whole=False) == found(baseline, path, whole=True)


def test_a_column_sorted_by_itself_is_told_from_one_that_is_not(tmp_path: Path) -> None:
    """The rows that were left out count too: of a few cells that change places in order, the column need not be."""
    frame = tasks(12)
    frame["status"] = pd.Categorical(["todo", "done"] * 6, dtype=frame["status"].dtype)
    baseline, path = Baseline.of(frame, SCHEMA), tmp_path / "t.csv"
    write_csv(frame, SCHEMA, path)
    head, *rows = table(path)
    at = head.index("status")
    for sorted_rows in (rows, rows[4:10]):
        cells = sorted(row[at] for row in sorted_rows)
        put(path, [head, *([*r[:at], cells.pop(0), *r[at + 1 :]] if r in sorted_rows else r for r in rows)])
        assert found(baseline, path, whole=False) == found(baseline, path, whole=True)


_PEAK = """
import sys, tracemalloc, pandas as pd
sys.path[:0] = sys.argv[2:]
from files_tasks import SCHEMA
from test_files_untouched import tasks
from pathlib import Path
from taskframe.changes.baseline import Baseline
from taskframe.files.csv import write_csv
from taskframe.files.exchange import csv_edits
rows, path = int(sys.argv[1]), Path(sys.argv[2]) / f"{sys.argv[1]}.csv"
frame = tasks(rows)
write_csv(frame, SCHEMA, path)
baseline = Baseline.of(frame, SCHEMA)
baseline.ids.get_indexer(["id-1"])
tracemalloc.start()
csv_edits(path, baseline)
print(tracemalloc.get_traced_memory()[1])
"""


@pytest.mark.slow
def test_memory_is_bounded_by_what_is_read_at_once(tmp_path: Path) -> None:
    """A further row takes less than 24 bytes: where it stands, and that it was seen."""
    peaks = {}
    for rows in (40_000, 120_000):
        done = subprocess.run(
            [sys.executable, "-c", _PEAK, str(rows), str(tmp_path), str(Path(__file__).parent)],
            capture_output=True, text=True, check=True,
        )  # fmt: skip
        peaks[rows] = int(done.stdout)
    assert peaks[120_000] - peaks[40_000] < 24 * 80_000, peaks
