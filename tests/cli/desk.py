"""Somebody at a terminal: a folder, a sandbox in this process, and the command, here or as a process of its own."""

from __future__ import annotations

import csv
import io
import json
import os
import subprocess
import sys
import time
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Any, Protocol

import taskframe as tf
from taskframe.cli import main

TASKFRAME = str(Path(sys.executable).with_name("taskframe" + (".exe" if os.name == "nt" else "")))
PATIENCE = 120
COLUMNS = "identifier,title,status,priority,assigneeUserId,version"

Done = subprocess.CompletedProcess[str]


class _Stream(io.TextIOWrapper):
    """Standard output that is kept."""

    def __init__(self) -> None:
        self._kept = io.BytesIO()
        super().__init__(self._kept, encoding="utf-8")

    def text(self) -> str:
        """What was written."""
        self.flush()
        return self._kept.getvalue().decode()


class Desk:
    """`folder` is where commands run; their settings are in a TOML file there, their journal too."""

    def __init__(self, folder: Path, box: tf.LocalSandbox) -> None:
        self.folder = folder
        self.box = box
        self.env = {
            **{name: value for name, value in os.environ.items() if name not in ("COLUMNS", "LINES")},
            "PYTHONUTF8": "1",
            "PYTHONWARNINGS": "error",
            "TASKFRAME_CONFIG": str(folder / "config.toml"),
            "TASKFRAME_JOURNAL": str(folder / "journal.sqlite"),
        }
        lines = []
        for name in box.services:
            lines += [f"[{name}]", *(f"{k} = {json.dumps(v)}" for k, v in box.settings(name).items()), "rate = []"]
        (folder / "config.toml").write_text("\n".join(lines), "utf-8")

    def run(self, *arguments: str, stdin: str | None = None, **env: str) -> Done:
        """`taskframe` with these arguments, without a terminal: the same entry point, in this process."""
        out, err = _Stream(), _Stream()
        streams = sys.stdin, sys.stdout, sys.stderr, sys.argv, Path.cwd(), dict(os.environ)
        sys.stdin, sys.stdout, sys.stderr = io.TextIOWrapper(io.BytesIO((stdin or "").encode())), out, err
        sys.argv = [TASKFRAME, *arguments]
        os.environ.update({**self.env, **env})
        os.chdir(self.folder)
        code: Any = 0
        try:
            main()
        except SystemExit as ending:
            code = ending.code
        finally:
            sys.stdin, sys.stdout, sys.stderr, sys.argv = streams[:4]
            os.chdir(streams[4])
            os.environ.clear()
            os.environ.update(streams[5])
        return subprocess.CompletedProcess(list(arguments), code, out.text(), err.text())

    def process(self, *arguments: str, stdin: str | None = None, code: int = 0, **env: str) -> Done:
        """The same as a process of its own, when it ends with this exit code and no traceback."""
        done = subprocess.run(
            [TASKFRAME, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=PATIENCE,
            cwd=self.folder,
            env={**self.env, **env},
            **({"stdin": subprocess.DEVNULL} if stdin is None else {"input": stdin}),
        )
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def ok(self, *arguments: str, code: int = 0, **more: Any) -> Done:
        """The same, when it ends with this exit code and no traceback."""
        done = self.run(*arguments, **more)
        assert done.returncode == code, (done.returncode, done.stdout, done.stderr)
        assert "Traceback" not in done.stderr
        return done

    def json(self, *arguments: str, code: int = 0) -> Any:
        """What it says to a machine: stdout is one JSON document."""
        return json.loads(self.ok(*arguments, "--json", code=code).stdout)

    def load(self, *more: str, output: str = "tasks.csv") -> Done:
        """All that is to be done, into tasks.csv."""
        return self.ok("load", "reload", "-o", output, "--filter", "status=todo", "--columns", COLUMNS, *more)

    def rows(self, name: str = "tasks.csv") -> list[dict[str, str]]:
        """The rows of a CSV file."""
        with (self.folder / name).open(encoding="utf-8", newline="") as file:
            return list(csv.DictReader(file))

    def edit(
        self, change: Callable[[int, dict[str, str]], Mapping[str, str]], name: str = "tasks.csv", to: str | None = None
    ) -> list[dict[str, str]]:
        """Edits a file as a spreadsheet would: `change` gives the new cells of a row."""
        rows = [{**row, **change(number, row)} for number, row in enumerate(self.rows(name))]
        with (self.folder / (to or name)).open("w", encoding="utf-8", newline="") as file:
            writer = csv.DictWriter(file, list(rows[0]))
            writer.writeheader()
            writer.writerows(rows)
        return rows

    def planned(self, tasks: int = 5, **cells: str) -> list[str]:
        """monday.plan: these cells in the first `tasks` rows of tasks.csv; gives their ids."""
        self.load()
        cells = cells or {"title": "A new title"}
        rows = self.edit(lambda n, _row: cells if n < tasks else {})
        self.ok("plan", "tasks.csv", "-o", "monday.plan", code=2)
        return [row["id"] for row in rows[:tasks]]

    def title(self, task: str) -> str:
        """What the server holds."""
        return str(self.box["reload"].task(task)["title"])


class Place(Protocol):
    """Where a command runs."""

    folder: Path
    env: dict[str, str]


class Terminal:
    """A command in a pseudo-terminal."""

    def __init__(
        self, desk: Place, *arguments: str, columns: int = 80, program: Sequence[str] = (TASKFRAME,), **env: str
    ) -> None:
        import fcntl
        import pty
        import struct
        import termios

        self._ours, theirs = pty.openpty()
        fcntl.ioctl(theirs, termios.TIOCSWINSZ, struct.pack("HHHH", 40, columns, 0, 0))

        def own_terminal() -> None:
            fcntl.ioctl(0, termios.TIOCSCTTY, 0)

        self.process = subprocess.Popen(
            [*program, *arguments],
            stdin=theirs, stdout=theirs, stderr=theirs, cwd=desk.folder,
            env={**desk.env, "TERM": "xterm", **env}, start_new_session=True, preexec_fn=own_terminal,
        )  # fmt: skip
        os.close(theirs)
        self.shown = ""

    def until(self, words: str) -> str:
        """Reads until these words are on the screen."""
        end = time.monotonic() + PATIENCE
        while words not in self.shown:
            assert time.monotonic() < end, f"{words!r} never came: {self.shown}"
            self.more()
        return self.shown

    def more(self) -> None:
        """Reads what comes next."""
        piece = self._read()
        assert piece is not None, f"it ended: {self.shown}"
        self.shown += piece

    def type(self, text: str) -> None:
        """What somebody types; "\\x03" is Ctrl-C."""
        os.write(self._ours, text.encode())

    def end(self) -> int:
        """Reads to the end; gives the exit code."""
        while (piece := self._read()) is not None:
            self.shown += piece
        code = self.process.wait(PATIENCE)
        os.close(self._ours)
        return code

    def _read(self) -> str | None:
        try:
            data = os.read(self._ours, 65_536)
        except OSError:  # Linux says so when the other side is closed
            return None
        return data.decode("utf-8", "replace").replace("\r\n", "\n") if data else None
