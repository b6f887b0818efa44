"""What the service itself finds wrong is told like any other problem: with its line, in the order of the file."""

from __future__ import annotations

from pathlib import Path

import pandas as pd

import taskframe as tf


def test_what_the_service_finds_has_its_line_too(tmp_path: Path) -> None:
    """Kore's names are known to its catalogue, not to the schema: a wrong one is found when the plan is made."""
    with tf.sandbox(tasks=20, services=["kore"]) as box, box.connect("kore", progress=False) as conn:
        tasks = conn.load()
        tasks.to_csv(tmp_path / "t.csv", columns=["refId", "name", "status.name", "dueDate", "updatedAt"])
        table = pd.read_csv(tmp_path / "t.csv", dtype="str", keep_default_na=False)
        table.loc[[3, 12], "status.name"] = "Opne"
        table.loc[7, "dueDate"] = "next week"
        table.iloc[::-1].to_csv(tmp_path / "t.csv", index=False)
        plan = tasks.plan_csv(tmp_path / "t.csv")
        assert plan.problems[["line", "column"]].values.tolist() == [
            [9, "status.name"], [14, "dueDate"], [18, "status.name"],
        ]  # fmt: skip
        assert list(plan.problems["id"]) == list(table["_id"][[12, 7, 3]])
        assert plan.problems["problem"].iloc[0].endswith("did you mean 'Open'?")
        tasks.df["status.name"] = "Opne"
        assert tasks.plan().problems["line"].isna().all()
