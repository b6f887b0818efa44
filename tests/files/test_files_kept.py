"""Files that earlier versions wrote open in this one, with the same edits."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import pytest
from kept_files import EDITS, KEPT, connected, tasks, write

import taskframe as tf

VERSIONS = sorted(folder.name for folder in KEPT.iterdir())


def cells(plan: Any) -> dict[tuple[str, str], Any]:
    return {(i, c): after for i, c, _, after in plan.changes.itertuples(index=False)}


def test_this_version_is_kept_too() -> None:
    """Written by `python tests/files/kept_files.py`, and committed."""
    assert tf.__version__ in VERSIONS


@pytest.mark.parametrize("version", VERSIONS)
def test_files_of_that_version_open(version: str) -> None:
    """The frame with its edits, the plan, and what was exported for a spreadsheet."""
    with connected() as conn:
        saved = tf.open_tasks(KEPT / version / "kept.tasks", conn)
        assert cells(saved.plan()) == EDITS
        assert cells(tf.open_plan(KEPT / version / "kept.plan", conn)) == EDITS
        assert cells(saved.plan_csv(KEPT / version / "kept.csv")) == EDITS
        assert cells(saved.plan_excel(KEPT / version / "kept.xlsx")) == EDITS


def test_what_is_kept_is_what_this_version_writes(tmp_path: Path) -> None:
    """The CSV file to the byte: a change of its form is noticed."""
    write(tmp_path)
    assert (tmp_path / "kept.csv").read_bytes() == (KEPT / tf.__version__ / "kept.csv").read_bytes()
    with connected() as conn:
        assert cells(tasks(conn).plan()) == EDITS
