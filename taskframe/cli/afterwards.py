"""What can follow a run: look back, go on, try again, go back."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Literal

import typer

from taskframe.cli import options as opt
from taskframe.cli.manner import Manner

if TYPE_CHECKING:
    from taskframe.cli.link import Link
    from taskframe.plan import Plan
    from taskframe.report import Report


def runs(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="Only those of one service.")] = None,
    json: opt.Json = False,
) -> None:
    """List the runs in the journal, the latest first."""
    from taskframe.cli.journal import Past, outcomes_of
    from taskframe.cli.screen import as_json, note, records, table

    found = Past().table(service)
    if json:
        as_json(records(found.rename_axis("run").reset_index()))
        return
    if found.empty:
        note("No runs in the journal.")
        return
    rows = [
        (run, row["service"], f"{row['started']:%Y-%m-%d %H:%M}", row["state"], f"{row['tasks']:,}", outcomes_of(row))
        for run, row in found.iterrows()
    ]
    table(("run", "service", "started (UTC)", "state", "tasks", "outcomes"), rows, right=("tasks",))


def report(
    run: opt.Run,
    csv: Annotated[
        Path | None, typer.Option("--csv", metavar="FILE", help="Write what did not go through, to plan it again.")
    ] = None,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Show what became of a run."""
    from taskframe.cli.facts import report_facts
    from taskframe.cli.journal import Past
    from taskframe.cli.left import write_left
    from taskframe.cli.link import Link
    from taskframe.cli.screen import as_json, note, page

    with Link(profile, people) as link:
        found = Past().report(run, link.at_hand)
        if csv is not None and not found.ok:
            write_left(found, csv)
        if json:
            as_json(report_facts(found))
        else:
            page(found)
        if csv is not None:
            note("\nEvery task holds what was planned." if found.ok else f"\nTo plan it again: taskframe plan {csv}")


def resume(
    run: opt.Run,
    on_conflict: Annotated[
        Literal["report", "overwrite"] | None, typer.Option("--on-conflict", help="By default the run's.")
    ] = None,
    verify: opt.Verifying = None,
    left_file: opt.LeftFile = None,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Go on with a run that was interrupted or broke off.

    Exit codes are those of `apply`.
    """
    from taskframe.cli.journal import Past
    from taskframe.cli.link import Link
    from taskframe.cli.screen import note
    from taskframe.cli.sending import conclude

    manner = Manner(left_file=left_file, json=json)
    with Link(profile, people) as link:
        found = Past().report(run, link.to_load)
        if not found.resumable:
            note("Nothing was left to go on with.")
        code = conclude(lambda: found.resume(on_conflict=on_conflict, verify=verify), manner)
    raise typer.Exit(code)


def retry(
    run: opt.Run,
    conflicts: Annotated[
        Literal["ours"] | None, typer.Option("--conflicts", help="Also what is in conflict: ours on top of theirs.")
    ] = None,
    output: opt.Output = None,
    yes: opt.Yes = False,
    confirm: opt.Confirm = None,
    on_conflict: opt.Conflict = "report",
    verify: opt.Verifying = None,
    left_file: opt.LeftFile = None,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Plan and apply again what did not go through; asks first.

    With -o only the plan is written. Exit codes are those of `apply`, or with -o of `plan`.
    """
    from taskframe.cli.link import Link

    manner = Manner(yes, confirm, on_conflict, verify, left_file, json)
    raise typer.Exit(_follow(run, lambda r: r.retry(conflicts=conflicts), manner, output, Link(profile, people)))


def undo(
    run: opt.Run,
    output: opt.Output = None,
    yes: opt.Yes = False,
    confirm: opt.Confirm = None,
    drop_problems: opt.DropProblems = False,
    on_conflict: opt.Conflict = "report",
    verify: opt.Verifying = None,
    left_file: opt.LeftFile = None,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Put back what a run wrote; asks first.

    With -o only the plan is written. Exit codes are those of `apply`, or with -o of `plan`.
    """
    from taskframe.cli.link import Link

    manner, link = Manner(yes, confirm, on_conflict, verify, left_file, json), Link(profile, people)
    raise typer.Exit(_follow(run, lambda r: r.undo(), manner, output, link, drop_problems=drop_problems))


def _follow(
    run: str,
    make: Callable[[Report], Plan],
    manner: Manner,
    output: Path | None,
    link: Link,
    *,
    drop_problems: bool = False,
) -> int:
    """Makes the plan that follows a run; writes it, or asks and applies it."""
    from taskframe.cli.journal import Past
    from taskframe.cli.sending import carry_out, offer

    with link:
        plan = make(Past().report(run, link.to_load if output is None else link.at_hand))
        if output is not None or (len(plan.problems) and not drop_problems):
            return offer(plan, output, drop_problems=drop_problems, json=manner.json)
        return carry_out(plan.drop_problems() if drop_problems else plan, manner)
