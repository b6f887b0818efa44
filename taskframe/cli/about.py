"""What there is: services, their columns, where settings come from, whether credentials are good; and the sandbox."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any

import typer

from taskframe.cli import options as opt

if TYPE_CHECKING:
    from taskframe.sandbox.box import Sandbox
    from taskframe.schema import Column


class Service(StrEnum):
    """The services that there is a sandbox for."""

    reload = "reload"
    kore = "kore"
    pragmatiks = "pragmatiks"


Tasks = Annotated[int, typer.Option(min=0, max=1_000_000, help="How many tasks to make up.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same tasks.")]
Name = Annotated[str, typer.Argument(metavar="SERVICE", help="reload, kore, pragmatiks: see `services`.")]


def services(json: opt.Json = False) -> None:
    """List the services that taskframe works with."""
    from taskframe.cli.screen import as_json, table
    from taskframe.config import find_service, service_names

    found = [find_service(name) for name in service_names()]
    facts: list[dict[str, Any]] = [
        {
            "name": one.name,
            "label": one.label,
            "versions": one.versioned,
            "verify": _ways(one),
            "token": f"TASKFRAME_{one.name.upper()}_TOKEN",
        }
        for one in found
    ]
    if json:
        as_json(facts)
        return
    rows = [
        (f["name"], f["label"], "yes" if f["versions"] else "no", ", ".join(f["verify"]) or "–", f["token"])
        for f in facts
    ]
    table(("service", "", "versions", "--verify", "its token comes from"), rows)


def _ways(service: object) -> list[str]:
    from taskframe.engine.verifying import ways

    return list(ways(service))  # type: ignore[arg-type]


def columns(
    service: Name,
    baseline: Annotated[
        Path | None, typer.Option("--baseline", metavar="FILE", help="Of this load: with the account's own fields.")
    ] = None,
    json: opt.Json = False,
) -> None:
    """List a service's columns: what they hold, and whether they can be edited and cleared."""
    from taskframe.catalogue import EMPTY
    from taskframe.cli.screen import as_json, table
    from taskframe.config import find_service
    from taskframe.elsewhere import open_tasks
    from taskframe.errors import SettingsError

    schema = find_service(service).schema(EMPTY)
    if baseline is not None:
        load = open_tasks(baseline).load
        if load.source.service != service:
            raise SettingsError(f"{baseline} is of {load.source.service}, not of {service}")
        schema = load.schema
    if json:
        facts = [
            {
                "name": c.name,
                "label": c.label,
                "kind": c.kind,
                "role": c.role,
                "editable": c.editable,
                "clearable": c.clearable,
                "choices": list(c.choices),
            }
            for c in schema
        ]
        as_json(facts)
        return
    rows = [(c.name, c.kind, _may(c), ", ".join(map(str, c.choices)) or c.label) for c in schema]
    table(("column", "holds", "may be", "choices, or what it is"), rows)


def _may(column: Column) -> str:
    if not column.editable:
        return ""
    return "edited, cleared" if column.clearable else "edited"


def check(service: Name, profile: opt.Profile = None, json: opt.Json = False) -> None:
    """Ask the service for a page: are the credentials good?

    Exit code 0: yes, 1: no.
    """
    from taskframe.cli.link import Link
    from taskframe.cli.screen import as_json, line

    with Link(profile) as link:
        conn = link.to(service)
        account = conn.check()
        if json:
            as_json({"service": service, "base_url": conn.base_url, "account": account})
            return
        who = " · ".join(f"{key} {value}" for key, value in account.items() if value not in conn.base_url)
        line(f"{conn.service.label} at {conn.base_url} takes these credentials{f': {who}' if who else ''}.")


def config(
    service: Annotated[str | None, typer.Argument(metavar="[SERVICE]", help="Only this one.")] = None,
    profile: opt.Profile = None,
    json: opt.Json = False,
) -> None:
    """Show where settings come from; of a secret only whether it is set."""
    from taskframe.cli.screen import as_json, line, table
    from taskframe.config import config_path, find_service, journal_path, profile_names, service_names, where_from

    wanted = [service] if service else service_names()
    settings = [
        (name, *row) for name in wanted for row in where_from(find_service(name).settings, name, profile=profile)
    ]
    file, journal = config_path(), journal_path()
    if json:
        keys = ("service", "setting", "value", "from")
        facts = {"file": str(file), "profiles": profile_names(), "journal": str(journal)}
        as_json({**facts, "settings": [dict(zip(keys, row, strict=True)) for row in settings]})
        return
    there = f"profiles: {', '.join(profile_names()) or 'none'}" if file.exists() else "not there"
    line(f"Settings  {file} ({there})")
    line(f"Journal   {journal}{'' if journal.exists() else ' (not there yet)'}\n")
    short = [(*row[:3], row[3].replace(f"{file}, ", "")) for row in settings]
    table(("service", "setting", "value", "from"), short)


def demo(
    tasks: Annotated[int, typer.Option(min=50, max=1_000_000, help="How many tasks to make up.")] = 2_000,
    seed: Seed = 7,
    service: Annotated[Service | None, typer.Option(help="One of the services; by default all, in turn.")] = None,
    keep: Annotated[Path | None, typer.Option(help="A folder for the files; by default they are thrown away.")] = None,
) -> None:
    """The whole job on an embedded server, for each service: load, edit a CSV, plan, apply, read again."""
    from taskframe.cli.demo import run

    wanted = [service] if service else list(Service)
    raise typer.Exit(run(services=[one.value for one in wanted], tasks=tasks, seed=seed, folder=keep))


def sandbox(
    tasks: Tasks = 2_000,
    seed: Seed = 7,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: a free one.")] = 0,
    config: Annotated[
        Path | None,
        typer.Option("--config", metavar="FILE", help="Write a TOML file of profiles, for TASKFRAME_CONFIG."),
    ] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Say where and how as one line of JSON.")] = False,
) -> None:
    """A server on 127.0.0.1 that speaks the services' protocols, until Ctrl-C."""
    from taskframe.sandbox import serve

    def ready(box: Sandbox) -> None:
        if config is not None:
            _write_profiles(box, config)

    serve(port=port, tasks=tasks, seed=seed, as_json=as_json, ready=ready)


def _write_profiles(box: Sandbox, path: Path) -> None:
    """A profile for each service of the sandbox, with its limits."""
    import json

    from taskframe.files.atomic import PRIVATE, written

    lines = ["# The settings of a sandbox: they are of no use when it has ended."]
    for name in box.services:
        limits = [f"{limit.calls}/{limit.per:g}" for limit in box[name].limits]
        lines += ["", f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in box.settings(name).items())]
        lines.append(f"rate = {json.dumps(limits)}")
    with written(path, PRIVATE) as file:
        file.write("\n".join([*lines, ""]).encode())
