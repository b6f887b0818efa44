"""The options that several commands have in common"""

from __future__ import annotations

from pathlib import Path
from typing import Annotated, Literal

import typer

Json = Annotated[bool, typer.Option("--json", help="One JSON document on stdout, for machines.")]
Profile = Annotated[
    str | None,
    typer.Option(
        "--profile",
        metavar="NAME",
        envvar="TASKFRAME_PROFILE",
        help="A table of the TOML file, see `config`.",
    ),
]
People = Annotated[
    Path | None,
    typer.Option(
        "--people", metavar="FILE", envvar="TASKFRAME_PEOPLE", help="A CSV file of people: id, name, email, handle."
    ),
]
Baseline = Annotated[
    Path | None,
    typer.Option("--baseline", metavar="FILE", help="The baseline; by default the one beside the file."),
]
Columns = Annotated[
    list[str] | None,
    typer.Option("--columns", metavar="NAMES", help="Only these columns: a,b,c."),
]
Ids = Annotated[list[str] | None, typer.Option("--ids", metavar="IDS", help="Only these tasks: a,b,c.")]
Output = Annotated[Path | None, typer.Option("-o", "--output", metavar="FILE", help="Write the plan to a file.")]
DropProblems = Annotated[bool, typer.Option("--drop-problems", help="Go on with what is fine as it is.")]
Yes = Annotated[bool, typer.Option("--yes", "-y", help="Don't ask.")]
Confirm = Annotated[
    int | None,
    typer.Option("--confirm", metavar="N", help="The number of tasks that the preview shows, of a plan that wants it."),
]
Conflict = Annotated[
    Literal["report", "overwrite"],
    typer.Option("--on-conflict", help="Where others changed the same cell: report it and send nothing, or overwrite."),
]
Verifying = Annotated[
    Literal["listing", "each", "none"] | None,
    typer.Option("--verify", help="How to read ahead of a write where the service has no versions."),
]
LeftFile = Annotated[
    Path | None,
    typer.Option(
        "--left-file", metavar="FILE", help="Write what did not go through to a CSV file, which can be planned again."
    ),
]
Run = Annotated[str, typer.Argument(metavar="RUN", help="A run's name, its beginning, or `last`.")]
