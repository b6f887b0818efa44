"""LibreOffice opens and saves what we wrote: nothing runs, and nothing changes that is not told."""

from __future__ import annotations

import csv
from pathlib import Path

import pytest
from office import formulas, needs_office, resave

import taskframe as tf

pytestmark = [needs_office, pytest.mark.slow]

ODD = [
    "007", "NA", "TRUE", "1-2", "1E+15", "12345678901234567890", "=1+1", "@x", "+1", "-1", " x ", "1.50", "März",
    "31.01.2026", "'=1", "line\nend", "\t=1", '"=1"', "-", "10:30", "=HYPERLINK(\"http://x\")", "＝1", "_x0041_",
]  # fmt: skip
SERVICES = ("reload", "kore", "pragmatiks")


@pytest.fixture(scope="module")
def frames() -> dict[str, tf.TaskFrame]:
    """Loaded tasks of each service, with titles that a spreadsheet stumbles over."""
    made = {}
    with tf.sandbox(tasks=40) as box:
        for service in SERVICES:
            with box.connect(service, progress=False) as conn:
                tasks = conn.load()
            title = tasks.schema.role("title")
            assert title is not None
            tasks.df[title.name] = [ODD[n % len(ODD)] for n in range(len(tasks.df))]
            made[service] = tf.from_frame(tasks.df, service, catalogue=tasks.catalogue)
    return made


@pytest.mark.parametrize("service", SERVICES)
def test_nothing_runs_as_a_formula(frames: dict[str, tf.TaskFrame], service: str, tmp_path: Path) -> None:
    """Neither in a CSV file nor in a workbook, as LibreOffice reads the cells."""
    frames[service].to_csv(tmp_path / "t.csv")
    assert formulas(tmp_path / "t.csv") == []
    frames[service].to_excel(tmp_path / "t.xlsx")
    assert formulas(tmp_path / "t.xlsx") == []


def test_a_formula_would_be_seen(tmp_path: Path) -> None:
    """So that the test above can fail."""
    (tmp_path / "t.csv").write_text("id,title\nx,=1+1\n")
    assert len(formulas(tmp_path / "t.csv")) == 1


@pytest.mark.parametrize("service", SERVICES)
@pytest.mark.parametrize("kind", ["csv", "xlsx"])
@pytest.mark.parametrize("made", ["csv", "xlsx"])
def test_what_libreoffice_saves_again_plans_nothing(
    frames: dict[str, tf.TaskFrame], service: str, kind: str, made: str, tmp_path: Path
) -> None:
    """A workbook as it is, a CSV file with its columns imported as text; as CSV and as a workbook."""
    tasks = frames[service]
    path = tmp_path / f"t.{made}"
    tasks.to_csv(path) if made == "csv" else tasks.to_excel(path)
    again = resave(path, kind, as_text=made == "csv")
    plan = tasks.plan_csv(again) if kind == "csv" else tasks.plan_excel(again)
    assert plan.changes.values.tolist() == []
    assert plan.problems.values.tolist() == []


@pytest.mark.parametrize("kind", ["csv", "xlsx"])
def test_a_careless_import_changes_nothing_unsaid(frames: dict[str, tf.TaskFrame], kind: str, tmp_path: Path) -> None:
    """LibreOffice guesses the columns' types: what it rewrites is a problem with its line, and no edit."""
    tasks = frames["reload"]
    tasks.to_csv(tmp_path / "t.csv")
    again = resave(tmp_path / "t.csv", kind)
    plan = tasks.plan_csv(again) if kind == "csv" else tasks.plan_excel(again)
    assert plan.changes.values.tolist() == []
    told = plan.problems[plan.problems["column"] == "title"]
    assert len(told) >= 4
    assert told["problem"].str.contains("a spreadsheet").all()
    assert told["line"].notna().all()


def test_an_edit_in_libreoffice_is_planned(frames: dict[str, tf.TaskFrame], tmp_path: Path) -> None:
    """The one cell that was edited, through semicolons and a workbook."""
    tasks = frames["reload"]
    tasks.to_csv(tmp_path / "t.csv", sep=";")
    with (tmp_path / "t.csv").open(encoding="utf-8", newline="") as file:
        header, cells, *rest = csv.reader(file, delimiter=";")
    status = header.index("status")
    cells[status] = "blocked" if cells[status] != "blocked" else "todo"
    with (tmp_path / "t.csv").open("w", encoding="utf-8", newline="") as file:
        csv.writer(file, delimiter=";").writerows([header, cells, *rest])
    plan = tasks.plan_excel(resave(tmp_path / "t.csv", "xlsx", sep=";", as_text=True))
    assert plan.changes[["id", "column", "after"]].values.tolist() == [[cells[0], "status", cells[status]]]
    assert len(plan.problems) == 0
