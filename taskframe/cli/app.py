"""The commands, by name."""

from __future__ import annotations

from typing import Annotated

import typer

from taskframe._version import __version__
from taskframe.cli import about, afterwards, job

app = typer.Typer(
    help="Edit thousands of tasks behind a web API as a table: see exactly what would change, and apply it.",
    no_args_is_help=True,
    context_settings={"help_option_names": ["-h", "--help"]},
    pretty_exceptions_enable=False,  # a traceback that shows locals might show more than it should
)

_PANELS = {
    "The job": (job.load, job.plan, job.show, job.apply),
    "After a run": (afterwards.runs, afterwards.report, afterwards.resume, afterwards.retry, afterwards.undo),
    "Look up": (about.services, about.columns, about.config, about.check),
    "Try it": (about.demo, about.sandbox),
}
for _panel, _commands in _PANELS.items():
    for _command in _commands:
        app.command(rich_help_panel=_panel)(_command)


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
