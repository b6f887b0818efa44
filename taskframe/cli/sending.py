"""From a plan to its report: the question, the run, what is said of it, and the exit code."""

from __future__ import annotations

import sys
from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING

from taskframe.cli.facts import plan_facts, report_facts
from taskframe.cli.left import write_left
from taskframe.cli.manner import Manner
from taskframe.cli.screen import as_json, is_terminal, line, note, page
from taskframe.errors import ApplyInterrupted, PlanError

if TYPE_CHECKING:
    from taskframe.plan import Plan
    from taskframe.report import Report

FINE, CHANGES, LEFT, INTERRUPTED = 0, 2, 3, 130
"""Exit codes: nothing (left) to do; there are changes; some did not go through; a Ctrl-C. 1 is an error."""


def offer(plan: Plan, output: Path | None, *, drop_problems: bool, json: bool) -> int:
    """Shows a plan, and saves it where that is wanted."""
    problems = len(plan.problems)
    if problems and drop_problems:
        plan = plan.drop_problems()
        note(f"taskframe: {_problems(problems)} left out")
    stays = problems and not drop_problems
    if output is not None and len(plan) and not stays:
        plan.save(output)
    if json:
        as_json({**plan_facts(plan), "file": str(output) if output is not None and len(plan) and not stays else None})
    elif not stays:
        page(plan)
    else:
        _list_problems(plan)
    if stays:
        raise PlanError(
            f"{_problems(problems)}: mend {'it' if problems == 1 else 'them'} and plan again, or go on with what is "
            f"fine (--drop-problems){'; nothing was written' if output else ''}"
        )
    if output is not None and len(plan):
        if not json:
            line("")
        note(f"Written to {output}. To apply it: taskframe apply {output}")
    return CHANGES if len(plan) else FINE


def _list_problems(plan: Plan) -> None:
    """Each problem with its place; then what is fine."""
    from taskframe.cli.problems import problem_lines

    for text in problem_lines(plan):
        print(text)
    print()
    page(plan.drop_problems())


def _problems(number: int) -> str:
    return f"{number:,} problem{'s'[: number != 1]}"


def carry_out(plan: Plan, manner: Manner, *, dry_run: bool = False) -> int:
    """Applies a plan, or tries it: asks, shows the report, and gives the exit code."""
    if dry_run:
        return conclude(lambda: plan.dry_run(verify=manner.verify), manner)
    if plan.connection is not None:
        plan.connection.check_not_applied(plan)
    if len(plan.problems):
        raise PlanError(f"{_problems(len(plan.problems))} left: plan again without them (--drop-problems)")
    if not len(plan):
        note("Nothing to do.")
        return FINE
    confirm = manner.confirm
    if not manner.yes:
        agreed, confirm = _ask(plan, manner)
        if not agreed:
            note("Nothing was sent.")
            return 1
    return conclude(lambda: plan.apply(on_conflict=manner.on_conflict, verify=manner.verify, confirm=confirm), manner)


def _ask(plan: Plan, manner: Manner) -> tuple[bool, int | None]:
    """Shows the preview, and asks on the terminal: whether to go on, and the number of tasks."""
    if not is_terminal(sys.stdin):
        raise PlanError(
            f"there is no terminal to ask on whether to update {len(plan):,} task{'s'[: len(plan) != 1]}: look at the "
            "preview (taskframe show), then say --yes"
        )
    if not manner.json:
        page(plan)
    place = f"{plan.load.service.label} at {plan.load.place}"
    number, why = plan.confirmation
    if number is not None and manner.confirm is None:
        answer = _answer(f"\n{why[:1].upper()}{why[1:]}. How many tasks does it update, on {place}? ")
        given = answer.replace(",", "").replace(".", "")
        if given.isdecimal() and int(given) == number:
            return True, number
        if answer:
            note(f"{answer} is not the number of tasks that the preview shows.")
        return False, None
    calls = plan.calls
    size = f"{len(plan):,} task{'s'[: len(plan) != 1]} in {calls:,} call{'s'[: calls != 1]}"
    return _answer(f"\nUpdate {size}, on {place}? [y/N] ").lower() in ("y", "yes"), manner.confirm


def _answer(question: str) -> str:
    print(question, end="", file=sys.stderr, flush=True)
    text = sys.stdin.readline()
    if not text.endswith("\n"):
        note("")
    return text.strip()


def conclude(run: Callable[[], Report], manner: Manner) -> int:
    """Runs, shows the report, says what can follow, and gives the exit code."""
    interrupted = False
    try:
        report = run()
    except ApplyInterrupted as stopped:
        report, interrupted = stopped.report, True
    if manner.left_file is not None and not report.ok:
        write_left(report, manner.left_file)
    if manner.json:
        as_json(report_facts(report))
    else:
        page(report)
    _follow_up(report, manner, interrupted=interrupted)
    if interrupted:
        return INTERRUPTED
    return FINE if report.ok else LEFT


def _follow_up(report: Report, manner: Manner, *, interrupted: bool) -> None:
    if report.dry_run:
        return
    run = report.run_id
    lines = []
    if report.resumable:
        lines.append(f"go on with the rest:     taskframe resume {run}")
    kinds = set(report.counts)
    if kinds & {"failed", "partial"} or (kinds & {"unknown", "skipped"} and not report.resumable):
        lines.append(f"try again what failed:   taskframe retry {run}")
    if "conflict" in kinds:
        lines.append(f"ours on top of theirs:   taskframe retry {run} --conflicts ours")
    if interrupted and kinds & {"applied", "partial"}:
        lines.append(f"put back what was sent:  taskframe undo {run}")
    if lines:
        note("\n".join(["\nWhat can follow:", *(f"  {text}" for text in lines)]))
    if manner.left_file is not None and not report.ok:
        note(f"\nWhat did not go through is in {manner.left_file}; plan it again: taskframe plan {manner.left_file}")
