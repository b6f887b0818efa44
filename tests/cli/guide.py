"""Runs a page's commands: what follows `$ ` in its console blocks, in order, in one folder, each in a terminal.

A line without `$ ` right under a command is an answer, when the command asks; all other lines are what was printed.
`python -m tests.cli.guide` writes docs/terminal.md with what is printed now.
"""

from __future__ import annotations

import os
import re
import subprocess
import sys
import tempfile
import time
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from tests.cli.desk import TASKFRAME, Terminal

PAGE = Path(__file__).parents[2] / "docs" / "terminal.md"
QUESTION = re.compile(r"\? (\[y/N\] )?$")

_OTHERS = ("TASKFRAME_", "COLUMNS", "LINES")
_BLOCK = re.compile(r"^```console\n(?P<body>.*?)^```$", re.M | re.S)
_ANSWER = re.compile(r"\[y/N\] (\w+)$", re.M)


class Shell:
    """A folder in which commands are run."""

    def __init__(self, folder: Path) -> None:
        self.folder = folder
        kept = {name: value for name, value in os.environ.items() if not name.startswith(_OTHERS)}
        path = f"{Path(TASKFRAME).parent}{os.pathsep}{os.environ['PATH']}"
        self.env = {**kept, "PATH": path, "PYTHONUTF8": "1", "NO_COLOR": "1", "TQDM_DISABLE": "1", "LC_ALL": "C.UTF-8"}
        self._server: subprocess.Popen[bytes] | None = None

    def run(self, command: str, answer: str) -> str:
        """What the command prints in a terminal of 100 columns."""
        if command.startswith("export "):
            self.env.update(part.split("=", 1) for part in command.split()[1:])
            return ""
        if command.startswith("taskframe sandbox"):
            return self._serve(command)
        terminal = Terminal(self, command, columns=100, program=["bash", "-c"])
        if answer:
            while not QUESTION.search(terminal.shown):
                terminal.more()
            terminal.type(f"{answer}\n")
        terminal.end()
        return terminal.shown.replace("\r", "")

    def _serve(self, command: str) -> str:
        self._server = subprocess.Popen(
            command.split(), cwd=self.folder, env=self.env, stdout=subprocess.PIPE, stderr=subprocess.PIPE
        )
        assert self._server.stdout is not None
        lines = [self._server.stdout.readline().decode()]
        return "".join(lines)

    def close(self) -> None:
        """Ends the sandbox."""
        if self._server is not None:
            self._server.terminate()
            self._server.communicate()


@contextmanager
def shell() -> Iterator[Shell]:
    """In an empty folder."""
    with tempfile.TemporaryDirectory() as folder:
        found = Shell(Path(folder))
        try:
            yield found
        finally:
            found.close()
            time.sleep(0)


def commands(body: str) -> list[tuple[str, str, str]]:
    """Command, answer, and what is written of its output."""
    found = []
    for part in re.split(r"^\$ ", body, flags=re.M)[1:]:
        command, _, output = part.partition("\n")
        answer = _ANSWER.search(output)
        plain = output.strip()
        found.append((command, answer[1] if answer else plain if plain in ("y", "n") else "", output))
    return found


def run(text: str) -> list[tuple[str, str, str]]:
    """Runs all commands of the page: command, what is written, what is printed."""
    with shell() as found:
        return [
            (command, written, found.run(command, answer))
            for block in _BLOCK.finditer(text)
            for command, answer, written in commands(block["body"])
        ]


def rewritten(text: str) -> str:
    """The page with what is printed now."""
    done = iter(run(text))

    def fresh(block: re.Match[str]) -> str:
        parts = []
        for _ in commands(block["body"]):
            command, _, printed = next(done)
            parts.append(f"$ {command}\n{printed.rstrip()}".rstrip() + "\n")
        return "```console\n" + "".join(parts) + "```"

    return _BLOCK.sub(fresh, text)


if __name__ == "__main__":
    PAGE.write_text(rewritten(PAGE.read_text("utf-8")), "utf-8")
    sys.exit()
