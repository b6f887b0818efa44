"""The command line, as a process."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

import pytest

import taskframe as tf

TASKFRAME = str(Path(sys.executable).with_name("taskframe" + (".exe" if os.name == "nt" else "")))


def _run(*arguments: str, cwd: Path, **env: str) -> subprocess.CompletedProcess[str]:
    return subprocess.run(
        [TASKFRAME, *arguments],
        capture_output=True,
        text=True,
        encoding="utf-8",
        errors="replace",
        timeout=120,
        cwd=cwd,
        env={**os.environ, "PYTHONUTF8": "1", "PYTHONWARNINGS": "error", **env},
    )


def test_version(tmp_path: Path) -> None:
    """One line, the version, exit 0."""
    done = _run("--version", cwd=tmp_path)
    assert (done.returncode, done.stdout, done.stderr) == (0, f"{tf.__version__}\n", "")


def test_help_names_the_commands(tmp_path: Path) -> None:
    """`taskframe --help` says what there is."""
    done = _run("--help", cwd=tmp_path)
    assert done.returncode == 0
    assert "demo" in done.stdout
    assert "sandbox" in done.stdout


@pytest.mark.slow
def test_the_demo_does_the_whole_job_and_proves_it(tmp_path: Path) -> None:
    """Exit 0; the server holds what was planned; a second run does the same; nothing is left in the folder."""
    for _ in range(2):
        done = _run("demo", "--tasks", "300", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        assert "The plan finds 5 problems" in done.stdout
        assert "1 conflict" in done.stdout
        assert "The server now holds 27 of the 27 new values on 26 tasks" in done.stdout
        assert "the colleague's two edits are still there" in done.stdout
        assert "All is as planned." in done.stdout
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr
    assert list(tmp_path.iterdir()) == []


def test_the_demo_keeps_its_files_when_asked(tmp_path: Path) -> None:
    """`--keep FOLDER` makes the folder."""
    done = _run("demo", "--tasks", "100", "--keep", "a/b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert {p.name for p in (tmp_path / "a" / "b").iterdir()} == {"tasks.csv", "edited.csv"}


def test_the_demo_works_with_few_tasks_of_any_kind(tmp_path: Path) -> None:
    """The smallest demo finds its mistakes and its conflict whatever the seed."""
    from taskframe.cli.demo import run

    for seed in range(4):
        assert run(tasks=50, seed=seed, folder=tmp_path) == 0


def test_a_terminal_that_knows_no_umlauts_is_no_reason_to_fail(tmp_path: Path) -> None:
    """What it can't show is shown as a question mark."""
    done = _run("demo", "--tasks", "50", cwd=tmp_path, PYTHONUTF8="0", PYTHONIOENCODING="ascii")
    assert done.returncode == 0, done.stderr
    assert "?" in done.stdout


@contextmanager
def _sandbox(*arguments: str) -> Iterator[subprocess.Popen[str]]:
    process = subprocess.Popen(
        [TASKFRAME, "sandbox", *arguments],
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
        env={**os.environ, "PYTHONWARNINGS": "error"},
    )
    try:
        yield process
    finally:
        if process.poll() is None:
            process.kill()
        process.communicate()


@pytest.mark.skipif(os.name == "nt", reason="there are no such signals")
@pytest.mark.parametrize("ending", ["SIGTERM", "SIGINT"])
def test_the_sandbox_serves_until_it_is_told_to_stop(ending: str) -> None:
    """The first line is JSON that any client can use; SIGTERM and Ctrl-C end it with exit 0 and without a word."""
    with _sandbox("--json", "--tasks", "30") as process:
        assert process.stdout is not None
        told = json.loads(process.stdout.readline())
        assert set(told) >= {"url", "settings"}
        with tf.connect("reload", **told["settings"]["reload"], progress=False) as conn:
            tasks = conn.load()
            assert len(tasks) == 30
            tasks.df.iloc[0, tasks.df.columns.get_loc("title")] = "from another process"
            assert tasks.plan().apply().ok
        process.send_signal(getattr(signal, ending))
        out, err = process.communicate(timeout=20)
        assert (process.returncode, out, err) == (0, "", "")


def test_the_sandbox_says_where_it_is(tmp_path: Path) -> None:
    """Without --json for people; the port can be chosen."""
    with _sandbox("--tasks", "0") as process:
        assert process.stdout is not None
        line = process.stdout.readline()
        assert "http://127.0.0.1:" in line
        port = line.split("http://127.0.0.1:")[1].split()[0].rstrip("/")
        done = _run("sandbox", "--port", port, cwd=tmp_path)  # and a port that is taken is an error of one line
        assert done.returncode == 1
        assert done.stdout == ""
        assert len(done.stderr.splitlines()) == 1
        assert done.stderr.startswith("taskframe: ")


def test_an_error_is_one_line(tmp_path: Path) -> None:
    """On stderr, with exit 1; no traceback, even if the error has several lines."""
    (tmp_path / "a\nfile").touch()
    done = _run("demo", "--tasks", "100", "--keep", "a\nfile", cwd=tmp_path)
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert done.stderr.startswith("taskframe: ")


@pytest.mark.parametrize("arguments", [["demo", "--tasks", "5"], ["demo", "--tsaks", "5"], ["dmeo"], ["sandbox", "-p"]])
def test_a_wrong_option_is_a_usage_error(tmp_path: Path, arguments: list[str]) -> None:
    """Exit 2, and the usage."""
    done = _run(*arguments, cwd=tmp_path)
    assert done.returncode == 2
    assert "Usage" in done.stderr
    assert "Traceback" not in done.stderr


@pytest.mark.parametrize(("missing", "extra"), [("typer", "cli"), ("starlette", "sandbox"), ("uvicorn", "sandbox")])
def test_without_its_extra_it_names_the_pip_command(tmp_path: Path, missing: str, extra: str) -> None:
    """One clear line and exit 1, no traceback."""
    hidden = tmp_path / "sitecustomize.py"
    hidden.write_text(f"import sys\nsys.modules[{missing!r}] = None\n", "utf-8")
    done = _run("sandbox", cwd=tmp_path, PYTHONPATH=str(tmp_path))
    assert done.returncode == 1
    assert len(done.stderr.splitlines()) == 1
    assert f'pip install "taskframe[{extra}]"' in done.stderr
