"""The job: load, plan, show, apply."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Any, Literal

import typer

from taskframe.cli import options as opt
from taskframe.cli.manner import Manner

File = Annotated[Path, typer.Argument(metavar="FILE", help="A CSV file or workbook that `load` wrote; `-`: a pipe.")]
PlanFile = Annotated[Path, typer.Argument(metavar="PLAN", help="What `taskframe plan -o` wrote.")]


def load(
    service: Annotated[str, typer.Argument(metavar="SERVICE", help="reload, kore, pragmatiks: see `services`.")],
    output: Annotated[
        Path | None,
        typer.Option("-o", "--output", metavar="FILE", help="A .csv or .xlsx file to edit; `-`: standard output."),
    ] = None,
    filters: Annotated[
        list[str] | None,
        typer.Option("--filter", metavar="NAME=VALUE", help="One of the service's own; several times for several."),
    ] = None,
    columns: opt.Columns = None,
    limit: Annotated[int | None, typer.Option("--limit", min=1, help="At most so many tasks.")] = None,
    ids: opt.Ids = None,
    editable: Annotated[
        list[str] | None,
        typer.Option("--editable", metavar="NAMES", help="The service's own records that are to be editable."),
    ] = None,
    allow_incomplete: Annotated[
        bool, typer.Option("--allow-incomplete", help="Go on with a list that is cut, or may be.")
    ] = False,
    baseline: Annotated[
        Path | None,
        typer.Option("--baseline", metavar="FILE", help="Where the baseline goes; by default beside the file."),
    ] = None,
    bom: Annotated[bool, typer.Option("--bom", help="Start with a mark, for an Excel that shows Ã¼ for ü.")] = False,
    sep: Annotated[str, typer.Option("--sep", help="What parts cells: ; for an Excel with a decimal comma.")] = ",",
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Times by its clocks; by default UTC.")] = None,
    replace: Annotated[bool, typer.Option("--replace", help="Replace a file that is there.")] = False,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Load tasks into a file to edit, with their baseline beside it.

    Without -o it only says what there is.
    """
    from taskframe.cli.export import Dialect, Wanted, export

    wanted = Wanted(filters or [], columns, limit, ids, editable, allow_incomplete)
    dialect = Dialect(bom, sep, tz)
    export(service, wanted, output, baseline=baseline, dialect=dialect, replace=replace, profile=profile, json=json)


def plan(
    file: File,
    output: opt.Output = None,
    baseline: opt.Baseline = None,
    blank: Annotated[
        Literal["leave", "clear"], typer.Option("--blank", help="What a blank cell does to the value.")
    ] = "leave",
    key: Annotated[
        str | None, typer.Option("--key", metavar="NAME", help="Find rows by this column, such as identifier.")
    ] = None,
    columns: opt.Columns = None,
    ids: opt.Ids = None,
    names: Annotated[
        list[str] | None,
        typer.Option("--name", metavar="THEIRS=OURS", help="A column that has another name in the file."),
    ] = None,
    dates: Annotated[
        list[str] | None,
        typer.Option("--dates", metavar="FORMAT", help="How times are written that are no ISO 8601: %d.%m.%Y."),
    ] = None,
    tz: Annotated[str | None, typer.Option("--tz", metavar="ZONE", help="Whose a time without an offset is.")] = None,
    decimal: Annotated[str, typer.Option("--decimal", metavar="SIGN", help="A comma where 1,5 is a number.")] = ".",
    thousands: Annotated[
        str, typer.Option("--thousands", metavar="SIGN", help="A dot where 1.234,5 is a number; by default none.")
    ] = "",
    sep: Annotated[str | None, typer.Option("--sep", help="What parts cells; by default found out.")] = None,
    encoding: Annotated[str | None, typer.Option("--encoding", help="By default found out.")] = None,
    sheet: Annotated[str | None, typer.Option("--sheet", metavar="NAME", help="Of a workbook.")] = None,
    damage: Annotated[
        Literal["refuse", "take"], typer.Option("--damage", help="What a spreadsheet seems to have done to a cell.")
    ] = "refuse",
    drop_problems: opt.DropProblems = False,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """See what an edited file would change; nothing is sent.

    Exit code 0: nothing to do, 2: changes, 1: an error, or problems in the file.
    """
    from taskframe.cli.beside import find_baseline, nameless, readable
    from taskframe.cli.filters import names_of, pairs_of
    from taskframe.cli.link import Link
    from taskframe.cli.sending import offer
    from taskframe.elsewhere import open_tasks

    found = find_baseline(file, baseline)
    with Link(profile, people) as link, readable(file) as place:
        tasks = open_tasks(found, link.at_hand)
        how: dict[str, Any] = {
            "key": key,
            "blank": blank,
            "columns": names_of(columns),
            "ids": names_of(ids),
            "names": pairs_of("--name", names or []),
            "dates": tuple(dates or ()),
            "tz": tz,
            "damage": damage,
        }
        if place.suffix.lower() in (".xlsx", ".xlsm", ".xls"):
            made = tasks.plan_excel(place, sheet=sheet, **how)
        else:
            made = tasks.plan_csv(place, sep=sep, encoding=encoding, decimal=decimal, thousands=thousands, **how)
        made = made.hinted(f"no edits in {nameless(str(place), place) if place != file else file}")
        code = offer(made, output, drop_problems=drop_problems, json=json)
    raise typer.Exit(code)


def show(
    file: PlanFile,
    requests: Annotated[bool, typer.Option("--requests", help="The very calls, a line of JSON each.")] = False,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Show a plan that was written to a file."""
    from taskframe.cli.facts import plan_facts
    from taskframe.cli.link import Link
    from taskframe.cli.screen import as_json, one_line, page
    from taskframe.elsewhere import open_plan

    with Link(profile, people) as link:
        found = open_plan(file, link.at_hand)
        if requests:
            for request in found.requests():
                one_line(request)
        elif json:
            as_json({**plan_facts(found), "file": str(file)})
        else:
            page(found)


def apply(
    file: PlanFile,
    yes: opt.Yes = False,
    confirm: opt.Confirm = None,
    dry_run: Annotated[
        bool, typer.Option("--dry-run", help="Read what an apply would read, and write nothing.")
    ] = False,
    on_conflict: opt.Conflict = "report",
    verify: opt.Verifying = None,
    left_file: opt.LeftFile = None,
    people: opt.People = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Apply a plan; asks first.

    Exit code 0: every task holds what was planned, 3: some do not, 130: a Ctrl-C ended it in order, 1: an error.
    """
    from taskframe.cli.link import Link
    from taskframe.cli.sending import carry_out
    from taskframe.elsewhere import open_plan

    manner = Manner(yes, confirm, on_conflict, verify, left_file, json)
    with Link(profile, people) as link:
        code = carry_out(open_plan(file, link.to_load), manner, dry_run=dry_run)
    raise typer.Exit(code)
