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
from typing import Any

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
def test_the_demo_does_the_whole_job_on_every_service_and_proves_it(tmp_path: Path) -> None:
    """Exit 0; the server holds what was planned; a second run does the same; nothing is left in the folder."""
    for _ in range(2):
        done = _run("demo", "--tasks", "300", cwd=tmp_path)
        assert done.returncode == 0, done.stderr
        for label in ("Reload", "Kore", "Pragmatiks"):
            assert f"━━ {label} ━━" in done.stdout
        assert done.stdout.count("The plan finds 5 problems") == 3
        for held in ("27 of the 27 new values on 26 tasks", "25 of the 25", "26 of the 26 new values on 25 tasks"):
            assert f"The server holds {held}" in done.stdout
        assert done.stdout.count("The colleague's two edits are still there.") == 3
        assert " ".join(done.stdout.split()).count("turned away: each planned update once, and no other") == 3
        assert done.stdout.endswith("All is as planned: reload, kore, pragmatiks.\n")
        assert "Traceback" not in done.stderr
        assert "Warning" not in done.stderr
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("service", ["kore", "pragmatiks"])
def test_the_demo_says_what_stays_open_without_versions(tmp_path: Path, service: str) -> None:
    """Before the apply and after it; with the service's own names, and two calls for one task where it takes two."""
    done = _run("demo", "--service", service, "--tasks", "100", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    said = " ".join(done.stdout.split())
    assert "keeps no versions: what others change between our last read of a task and our write" in said
    assert "each write relied on a read that was at most" in said
    assert "applied · 1 conflict" in said
    assert "Reload" not in said
    assert ("applied · 1 conflict · 1 partial" in said) is (service == "pragmatiks")
    assert ("went through, status did not" in said) is (service == "pragmatiks")


def test_every_line_of_the_demo_fits_a_terminal(tmp_path: Path) -> None:
    """100 columns."""
    from taskframe.preview.width import width

    done = _run("demo", "--tasks", "60", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    assert [line for line in done.stdout.splitlines() if width(line) > 100] == []


def test_the_demo_keeps_its_files_when_asked(tmp_path: Path) -> None:
    """`--keep FOLDER` makes the folder, and one in it for each service."""
    done = _run("demo", "--tasks", "100", "--keep", "a/b", cwd=tmp_path)
    assert done.returncode == 0, done.stderr
    found = {p.relative_to(tmp_path / "a" / "b").as_posix() for p in (tmp_path / "a" / "b").glob("*/*")}
    assert found == {f"{s}/{f}.csv" for s in ("reload", "kore", "pragmatiks") for f in ("tasks", "edited")}


@pytest.mark.slow
def test_the_demo_works_with_few_tasks_of_any_kind(tmp_path: Path) -> None:
    """The smallest demo finds its mistakes and its conflict whatever the seed."""
    from taskframe.cli.demo import run

    for seed in range(4):
        assert run(tasks=50, seed=seed, folder=tmp_path) == 0


def test_the_demo_fails_when_the_server_does_not_hold_what_was_planned(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch, capsys: pytest.CaptureFixture[str]
) -> None:
    """Exit 1, and it says so: here the server forgets an update that it has taken."""
    from taskframe.cli import demo

    found = demo.prove

    def forgetful(box: Any, plan: Any, *more: Any) -> Any:
        applied = plan.changes.query("column == 'assigneeUserId'")["id"].iloc[0]
        box["reload"].edit(applied, assigneeUserId=None)
        return found(box, plan, *more)

    monkeypatch.setattr(demo, "prove", forgetful)
    assert demo.run(services=["reload"], tasks=100, seed=7, folder=tmp_path) == 1
    assert "THIS IS NOT WHAT WAS PLANNED." in capsys.readouterr().out


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


@pytest.mark.parametrize(
    "arguments",
    [["demo", "--service", "jira"], ["demo", "--tasks", "5"], ["demo", "--tsaks", "5"], ["dmeo"], ["sandbox", "-p"]],
)
def test_a_wrong_option_is_a_usage_error(tmp_path: Path, arguments: list[str]) -> None:
    """Exit 1, and the usage: 2 would tell a script that a plan has changes."""
    done = _run(*arguments, cwd=tmp_path)
    assert done.returncode == 1
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
