"""The whole job in one go, on an embedded server; and the proof that the server holds the new values."""

from __future__ import annotations

import csv
import tempfile
from collections import Counter
from contextlib import nullcontext
from pathlib import Path
from typing import Any

import pandas as pd

from taskframe.local import LocalSandbox, sandbox
from taskframe.plan import Plan
from taskframe.report import Report

OPEN = ("triage", "backlog", "todo", "in_progress", "blocked", "in_review")


def run(*, tasks: int, seed: int, folder: Path | None) -> int:
    """Runs the demo; gives the exit code: 0 when the server holds what was planned, else 1."""
    with (
        nullcontext(folder) if folder else tempfile.TemporaryDirectory() as place,
        sandbox(tasks=tasks, seed=seed) as box,
    ):
        Path(place).mkdir(parents=True, exist_ok=True)
        return _job(box, Path(place))


def _say(step: int, words: str) -> None:
    print(f"\n── {step}. {words}\n", flush=True)


def _job(box: LocalSandbox, folder: Path) -> int:
    _say(1, f"A server with {len(box['reload'].tasks()):,} tasks answers at {box.url}; load them")
    with box.connect("reload") as conn:
        conn.people = pd.DataFrame(box["reload"].people).rename(columns={"displayName": "name"})
        tasks = conn.load()
        print(tasks)

        exported, edited = folder / "tasks.csv", folder / "edited.csv"
        tasks.to_csv(exported)
        story = _edit_as_a_team_lead(exported, edited, conn.known.names)
        _say(2, f"Exported to {exported.name}; a team lead edited it in a spreadsheet:\n\n{story}")

        plan = tasks.plan_csv(edited)
        _say(3, f"The plan finds {len(plan.problems)} problems; nothing can be sent while there is one")
        for problem in plan.problems.itertuples():
            where = problem.column if isinstance(problem.column, str) else "the row"
            print(f"  line {problem.line}: {where}: {problem.problem}")

        plan = plan.drop_problems()
        _say(4, "Without them, this is what would change")
        print(plan)

        rival, friend = _colleagues_edit(box, plan)
        _say(5, "Apply. Meanwhile a colleague has edited two of these tasks")
        report = plan.apply(confirm=len(plan))
        print(report)
    return _prove(box, plan, report, rival, friend)


def _edit_as_a_team_lead(exported: Path, edited: Path, names: dict[str, str]) -> str:
    """What somebody does to a CSV: some good work, and some mistakes."""
    with exported.open(encoding="utf-8", newline="") as file:
        reader = csv.DictReader(file)
        fields = list(reader.fieldnames or ())
        rows = list(reader)
    work = [r for r in rows if r["status"] in OPEN]
    busy = [who for who, _ in Counter(r["assigneeUserId"] for r in work if r["assigneeUserId"]).most_common()]
    leaver, heirs = busy[0], busy[-2:]
    theirs = [r for r in work if r["assigneeUserId"] == leaver]
    for n, row in enumerate(theirs):
        row["assigneeUserId"] = heirs[n % 2]
    idle = [r for r in work if r["priority"] in ("none", "low")]
    late = sorted(idle, key=lambda r: not r["dueAt"])[: max(2, len(work) // 20)]
    for row in late:
        row["priority"] = "High"  # as a person writes it
    edited_ids = {r["id"] for r in (*theirs, *late)}
    wrong = [r for r in work if r["id"] not in edited_ids][:4]
    wrong[0]["priority"] = "hgih"
    wrong[1]["title"] = "x" * 501
    wrong[2]["version"] = "1000000"
    wrong[2]["status"] = "done"
    wrong[3]["dueAt"] = "next week"
    rows.append({**dict.fromkeys(fields, ""), "id": "tsk_of_another_list", "status": "done"})
    with edited.open("w", encoding="utf-8", newline="") as file:
        writer = csv.DictWriter(file, fields)
        writer.writeheader()
        writer.writerows(rows)
    heirs_names = " and ".join(names.get(who, who) for who in heirs)
    return (
        f"   {names.get(leaver, leaver)} leaves: {len(theirs)} open tasks go to {heirs_names}\n"
        f"   {len(late)} tasks are raised to 'High'\n"
        "   and five mistakes are made"
    )


def _colleagues_edit(box: LocalSandbox, plan: Plan) -> tuple[str, str]:
    """A colleague is quicker with one of our cells, and edits another column of another task."""
    priorities = plan.changes.query("column == 'priority'")["id"]
    rival, friend = str(priorities.iloc[0]), str(priorities.iloc[-1])
    box["reload"].edit(rival, priority="urgent")
    box["reload"].edit(friend, description="A colleague was here.")
    return rival, friend


def _prove(box: LocalSandbox, plan: Plan, report: Report, rival: str, friend: str) -> int:
    """Reads the tasks again, over a new connection: is each planned cell there, and the colleague's work too?"""
    with box.connect("reload", progress=False) as conn:
        now: Any = conn.load().df
    applied = report.outcomes.index[report.outcomes["outcome"] == "applied"]
    planned = plan.changes
    values = {(row["id"], name): row[name] for row in now.reset_index().to_dict("records") for name in row}
    cells = [(c["id"], c["column"], c["after"]) for c in planned[planned["id"].isin(applied)].to_dict("records")]
    held = sum(values[task, column] == after for task, column, after in cells)
    wanted = len(cells)
    others = values[rival, "priority"] == "urgent" and values[friend, "description"] == "A colleague was here."
    fine = held == wanted and others and report.counts == {"applied": len(plan) - 1, "conflict": 1}
    _say(6, "Read the tasks again")
    print(f"   The server now holds {held:,} of the {wanted:,} new values on {len(applied):,} tasks;")
    print(f"   the colleague's two edits {'are still there' if others else 'ARE GONE'}.")
    print("\n   All is as planned." if fine else "\n   THIS IS NOT WHAT WAS PLANNED.")
    return 0 if fine else 1
