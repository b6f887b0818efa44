"""The report of a big mixed run: every cell's before and after are the server's, and what is shown can be read."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest

from taskframe.changes.normal import same
from tests.storm.storm import SERVICES, storm


@pytest.mark.parametrize("service", SERVICES)
def test_before_and_after_are_the_servers(service: str, tmp_path: Path) -> None:
    """By the log: each applied cell's before was there ahead of our write, its after when it was written."""
    with storm(service, tmp_path, seed=31) as s:
        s.edit()
        s.breaks()
        report = s.apply()
        held: dict[str, list[dict[str, object]]] = {task: [row] for task, row in s.before.items()}
        for record in s.stage.since(s.start):
            if record.after and record.task_id is not None:
                held[record.task_id].append({**held[record.task_id][-1], **record.after})
        table = report.changes
        assert len(table) == len(report.plan.changes)
        for row in table.itertuples():
            column = s.schema[row.column]
            states = [s.kit.held(task, column) for task in held[row.id]]
            assert any(same(row.before, state, column) for state in states)
            if row.outcome in ("applied", "unchanged"):
                assert any(same(row.after, state, column) for state in states)
            else:
                assert row.after is None


def test_what_is_shown_can_be_read(tmp_path: Path) -> None:
    """Long ids leave room for the reasons; the file has what is left, and no half that went through."""
    with storm("pragmatiks", tmp_path, seed=2) as s:
        s.edit()
        s.breaks()
        report = s.apply()
        assert {"applied", "conflict", "partial"} <= set(report.counts)
        lines = repr(report).splitlines()
        assert max(map(len, lines)) <= 100
        table = lines[next(n for n, line in enumerate(lines) if "did not go through" in line) :]
        assert any("went through, status did not: " in line for line in table)
        report.to_csv(tmp_path / "left.csv")
        with (tmp_path / "left.csv").open(encoding="utf-8", newline="") as file:
            rows = list(csv.DictReader(file))
        cells = report.changes
        left = cells[~cells["outcome"].isin(["applied", "unchanged"])]
        assert [r["id"] for r in rows] == list(dict.fromkeys(left["id"]))
        wanted = {(r["id"], name) for r in rows for name in set(left["column"]) if r[name] != ""}
        assert wanted == set(zip(left["id"], left["column"], strict=True))
        partial = [r["id"] for r in rows if r["outcome"] == "partial"]
        assert {column for task, column in wanted if task in partial} == {"status"}
        assert sum(bool(r["theirs"]) for r in rows) == report.conflicts["id"].nunique()
