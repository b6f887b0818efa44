"""The table of pandas idioms: it says what happens, and what happens is what the frame shows."""

from __future__ import annotations

import re
from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from tests.docs.idioms import idioms, idioms_page, tried
from tests.docs.tables import DOCS

PAGE = (DOCS / "idioms.md").read_text("utf-8")
IDIOMS = idioms(PAGE)


@pytest.fixture(scope="module")
def conns() -> Iterator[dict[str, tf.Connection]]:
    """A connection to each service that the page has idioms of."""
    with (
        tf.sandbox(tasks=200, seed=7) as box,
        box.connect("reload", progress=False) as reload,
        box.connect("kore", progress=False) as kore,
    ):
        yield {"reload": reload, "kore": kore}


@pytest.fixture(scope="module")
def loads(conns: dict[str, tf.Connection]) -> dict[str, dict[str, dict[str, Any]]]:
    """The tasks of each service as loaded: not the very lists that an idiom may change in their cells."""
    frames = {service: conn.load().df for service, conn in conns.items()}
    return {service: dict(zip(df.index, plain_rows(df), strict=True)) for service, df in frames.items()}


def test_the_page_says_what_happens() -> None:
    """Each idiom gives what its row says."""
    assert idioms_page(PAGE) == PAGE, "run `python -m tests.docs.tables`"


def test_no_row_is_left_out() -> None:
    """A row that does not parse would not be run."""
    rows = [line for line in PAGE.splitlines() if line.startswith("| ") and not line.startswith(("| **", "| idiom"))]
    assert len(rows) == len(IDIOMS) == len(set(IDIOMS))
    assert len(IDIOMS) >= 60
    assert len(re.findall(r"^\| idiom \|", PAGE, re.M)) == 1


@pytest.mark.parametrize(("service", "code"), IDIOMS, ids=[code for _, code in IDIOMS])
def test_the_plan_is_what_the_frame_shows(
    service: str, code: str, conns: dict[str, tf.Connection], loads: dict[str, dict[str, dict[str, Any]]]
) -> None:
    """Held against the loaded rows cell by cell, in plain Python: no edit is missed, and none is made up."""
    tasks = conns[service].load()
    loaded = loads[service]
    found = tried(code, tasks)
    if found.plan is None:
        assert found.error is not None
        return
    expected = edits(found.frame, loaded, tasks.schema)
    changes, problems = found.plan.changes, found.plan.problems
    cells = {(c.id, c.column): c.after for c in changes.itertuples()}
    of_cells = problems[problems["column"].notna()]
    wrong = set(zip(of_cells["id"], of_cells["column"], strict=True))
    assert not wrong & set(cells)
    assert set(cells) | wrong == set(expected)
    assert {cell: expected[cell] for cell in cells} == cells
    for task, column, before in zip(changes["id"], changes["column"], changes["before"], strict=True):
        assert before == loaded[task][column]


def edits(frame: pd.DataFrame, loaded: dict[str, dict[str, Any]], schema: tf.Schema) -> dict[tuple[str, str], Any]:
    """The cells that differ, of the rows that count: known ids that are there once, on the version that was loaded."""
    name = schema.index
    ids = list(frame[name] if name in frame else frame.index.get_level_values(name))
    rows = [(i, row) for i, row in zip(ids, plain_rows(frame), strict=True) if ids.count(i) == 1 and i in loaded]
    return {
        (task, column.name): row[column.name]
        for task, row in rows
        if "version" not in row or row["version"] == loaded[task]["version"]
        for column in schema.editable
        if column.name in row and not same(row[column.name], loaded[task][column.name], column.unordered)
    }


def plain_rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    """The rows as dicts of Python objects, None for null."""
    columns = {name: [plain(v) for v in frame[name].astype("object")] for name in frame.columns}
    return [dict(zip(columns, values, strict=True)) for values in zip(*columns.values(), strict=True)]


def plain(value: Any) -> Any:
    """None for null, also in a list."""
    if isinstance(value, list | tuple):
        return [plain(item) for item in value]
    return value if isinstance(value, dict) or not pd.isna(value) else None


def same(a: Any, b: Any, unordered: bool) -> bool:
    """Whether the two say the same; a time without a zone is UTC."""
    if unordered and isinstance(a, list) and isinstance(b, list):
        return sorted(a, key=repr) == sorted(b, key=repr)
    times = [isinstance(v, pd.Timestamp) for v in (a, b)]
    if all(times) and a.tzinfo is None:
        a = a.tz_localize("UTC")
    return bool(a == b)
