"""The whole job in one go, on an embedded server; and the proof that the server holds the new values."""

from __future__ import annotations

import tempfile
import textwrap
from collections.abc import Sequence
from contextlib import nullcontext
from pathlib import Path

import pandas as pd

from taskframe.cli.lead import WAYS, TeamLead, column, file_columns
from taskframe.cli.proof import Colleague, prove
from taskframe.connection import Connection
from taskframe.frame import TaskFrame
from taskframe.local import LocalSandbox, sandbox
from taskframe.plan import Plan
from taskframe.report import Report

_WIDTH = 100


def run(*, services: Sequence[str] = tuple(WAYS), tasks: int, seed: int, folder: Path | None) -> int:
    """Runs the demo for each service; gives the exit code: 0 when the servers hold what was planned, else 1."""
    with (
        nullcontext(folder) if folder else tempfile.TemporaryDirectory() as place,
        sandbox(tasks=tasks, seed=seed, services=services) as box,
    ):
        fine = []
        for name in services:
            here = Path(place) / name
            here.mkdir(parents=True, exist_ok=True)
            with box.connect(name) as conn:
                fine.append(_job(box, conn, here))
    if len(fine) > 1:
        good = ", ".join(name for name, well in zip(services, fine, strict=True) if well)
        print(f"\n{'All is' if all(fine) else 'NOT ALL IS'} as planned{f': {good}' if good else ''}.")
    return 0 if all(fine) else 1


def _job(box: LocalSandbox, conn: Connection, folder: Path) -> bool:
    name, label = conn.service.name, conn.service.label
    print(f"\n━━ {label} {'━' * (_WIDTH - len(label) - 4)}")
    _say(1, f"Load the {len(box[name].tasks()):,} tasks of a server on this machine")
    tasks = conn.load()
    if conn.people.empty:  # this service tells ids only
        conn.people = pd.DataFrame(box[name].people).rename(columns={"displayName": "name"})
    print(tasks)

    exported, edited = folder / "tasks.csv", folder / "edited.csv"
    tasks.to_csv(exported, columns=file_columns(tasks.schema))
    story = TeamLead(tasks, WAYS[name], conn.known.names).edit(exported, edited)
    _say(2, f"Exported to {exported.name}; a team lead edits it in a spreadsheet")
    for line in story.lines:
        _line(line)

    plan = tasks.plan_csv(edited)
    found = len(plan.problems)
    _say(3, f"The plan finds {found} problems; nothing can be sent while there is one")
    for problem in plan.problems.itertuples():
        where = f"{problem.column}: " if isinstance(problem.column, str) else ""
        _line(f"line {problem.line}: {where}{problem.problem}")

    plan = plan.drop_problems()
    _say(4, "Without them, this is what would change")
    print(plan)

    colleague = _colleague_edits(box, tasks, plan)
    _say(5, "Apply. A colleague has edited two of these tasks meanwhile")
    before = len(box.log)
    report = plan.apply(confirm=len(plan))
    log = [r for r in box.log[before:] if r.actor == "caller" and r.service == name]
    print(report)
    _read_age(label, report)

    _say(6, "The proof: read the tasks again over a new connection, and count the calls in the server's log")
    proof = prove(box, plan, report, colleague, log)
    for line in proof.lines:
        _line(line)
    partial = 1 if WAYS[name].leap else 0
    wanted = {"applied": len(plan) - 1 - partial, "conflict": 1, "partial": partial}
    fine = proof.fine and found == story.mistakes and report.counts == {k: n for k, n in wanted.items() if n}
    print(f"\n  {'All is as planned.' if fine else 'THIS IS NOT WHAT WAS PLANNED.'}", flush=True)
    return fine


def _colleague_edits(box: LocalSandbox, tasks: TaskFrame, plan: Plan) -> Colleague:
    """They are quicker with one of our cells, and edit another column of another task."""
    priority = column(tasks.schema, "priority")
    cells = plan.changes
    alone = cells[~cells["id"].duplicated(keep=False)]
    raised = [str(task) for task in alone.loc[alone["column"] == priority.name, "id"]]
    rival, friend = raised[0], raised[-1]
    top = priority.choices[-1]
    text = next(c.name for c in tasks.schema if c.label == "Description")
    server = box[plan.source.service]
    server.edit(rival, **{priority.name.partition(".")[0]: top})
    server.edit(friend, **{text: "A colleague was here."})
    return Colleague((rival, priority.name, top), (friend, text, "A colleague was here."))


def _read_age(label: str, report: Report) -> None:
    """Where no version guards a write: how old the read was that it relied on."""
    ages = report.outcomes["read_age"].dropna() if "read_age" in report.outcomes else pd.Series(dtype=float)
    if len(ages):
        print()
        _line(
            f"{label} keeps no versions: each write relied on a read that was at most {ages.max():.1f} s old. "
            "What a colleague does in that time can be overwritten, and nobody notices."
        )


def _say(step: int, words: str) -> None:
    print(f"\n── {step}. {words}\n", flush=True)


def _line(words: str) -> None:
    print(textwrap.fill(words, _WIDTH, initial_indent="  · ", subsequent_indent="    ", break_on_hyphens=False))
