"""The command line: `taskframe demo`, `taskframe sandbox`."""

from __future__ import annotations

import sys

from taskframe.errors import MissingExtra, TaskframeError


def main() -> None:
    """The entry point of the `taskframe` command. An error is one line on stderr, and exit code 1."""
    try:
        try:
            from taskframe.cli.app import app
        except ModuleNotFoundError as error:
            if error.name not in ("typer", "rich"):
                raise
            raise MissingExtra("the command line", "cli") from None
        app()
    except TaskframeError as error:
        print(f"taskframe: {error}", file=sys.stderr)
        sys.exit(1)
