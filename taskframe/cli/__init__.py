"""The command line: `taskframe demo`, `taskframe sandbox`."""

from __future__ import annotations

import io
import sys

from taskframe.errors import MissingExtra, TaskframeError


def main() -> None:
    """The entry point of the `taskframe` command. An error is one line on stderr, and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal can't show must not end the job
    try:
        try:
            from taskframe.cli.app import app
        except ModuleNotFoundError as error:
            if error.name not in ("typer", "rich"):
                raise
            raise MissingExtra("the command line", "cli") from None
        app()
    except (TaskframeError, OSError) as error:
        print(f"taskframe: {' '.join(str(error).split())}", file=sys.stderr)
        sys.exit(1)
