"""The command line: the whole job from a terminal, from `taskframe load` to `taskframe undo`"""

from __future__ import annotations

import io
import os
import sys

from taskframe.errors import MissingExtra, TaskframeError

INTERRUPTED = 130
"""The exit code after a Ctrl-C, as shells have it."""


def main() -> None:
    """The entry point of the `taskframe` command. An error is one line on stderr, and exit code 1."""
    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a name that the terminal can't show must not end the job
    try:
        code = _run()
        sys.stdout.flush()
    except BrokenPipeError:  # whoever read us has enough: `taskframe runs | head -1`
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        code = 1
    except KeyboardInterrupt:
        print("taskframe: interrupted", file=sys.stderr)
        code = INTERRUPTED
    except (TaskframeError, OSError) as error:
        from taskframe.cli.phrases import said

        print(f"taskframe: {said(error)}", file=sys.stderr)
        code = 1
    sys.exit(code)


def _run() -> int:
    """The exit code of the command."""
    try:
        from taskframe.cli.app import app
    except ModuleNotFoundError as error:
        if error.name not in ("typer", "rich"):
            raise
        raise MissingExtra("the command line", "cli") from None
    import typer

    try:
        code = app(standalone_mode=False)
    except typer.Abort as error:
        if isinstance(error.__cause__, KeyboardInterrupt):
            raise KeyboardInterrupt from None
        return 1
    except Exception as error:
        show = getattr(error, "show", None)  # typer's own: a command, option or value that can't be right
        if not callable(show) or isinstance(error, TaskframeError):
            raise
        show()
        return 1  # not click's 2: of `plan` that means that there is something to apply
    if code == INTERRUPTED:
        raise KeyboardInterrupt
    return code if isinstance(code, int) else 0
