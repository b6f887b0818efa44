"""The commands and their options."""

from __future__ import annotations

from enum import StrEnum
from pathlib import Path
from typing import Annotated

import typer

from taskframe._version import __version__

app = typer.Typer(
    help="Edit thousands of tasks behind a web API as a table: see exactly what would change, and apply it.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # a traceback that shows locals might show more than it should
)


class Service(StrEnum):
    """The services that there is a sandbox for."""

    reload = "reload"
    kore = "kore"
    pragmatiks = "pragmatiks"


Tasks = Annotated[int, typer.Option(min=0, max=1_000_000, help="How many tasks to make up.")]
Seed = Annotated[int, typer.Option(help="The same seed gives the same tasks.")]


def _version(asked: bool) -> None:
    if asked:
        typer.echo(__version__)
        raise typer.Exit


@app.callback()
def _options(
    version: Annotated[
        bool, typer.Option("--version", callback=_version, is_eager=True, help="Print the version.")
    ] = False,
) -> None:
    """Nothing but the options that all commands have."""


@app.command()
def demo(
    tasks: Annotated[int, typer.Option(min=50, max=1_000_000, help="How many tasks to make up.")] = 2_000,
    seed: Seed = 7,
    service: Annotated[Service | None, typer.Option(help="One of the services; by default all, in turn.")] = None,
    keep: Annotated[Path | None, typer.Option(help="A folder for the files; by default they are thrown away.")] = None,
) -> None:
    """The whole job on an embedded server, for each service: load, edit a CSV, plan, apply, read again."""
    from taskframe.cli.demo import run

    services = [service] if service else list(Service)
    raise typer.Exit(run(services=[one.value for one in services], tasks=tasks, seed=seed, folder=keep))


@app.command()
def sandbox(
    tasks: Tasks = 2_000,
    seed: Seed = 7,
    port: Annotated[int, typer.Option(min=0, max=65_535, help="0: a free one.")] = 0,
    as_json: Annotated[bool, typer.Option("--json", help="Say where and how as one line of JSON.")] = False,
) -> None:
    """A server on 127.0.0.1 that speaks the services' protocols, until Ctrl-C."""
    from taskframe.sandbox import serve

    serve(port=port, tasks=tasks, seed=seed, as_json=as_json)
