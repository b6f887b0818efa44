"""What many tests share: a sandbox, a connection to it, a new process; and nobody's own settings."""

from __future__ import annotations

import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from pathlib import Path

import pytest

import taskframe as tf

SLOW = (
    "apply",
    "bad_input",
    "benchmarks",
    "broken_files",
    "browser",
    "cli",
    "conformance",
    "connection",
    "contract",
    "docs",
    "engine",
    "excel",
    "files",
    "interrupt",
    "kill",
    "journal",
    "kore",
    "loading",
    "notebooks",
    "pragmatiks",
    "sandbox",
    "services",
    "stories",
    "storm",
    "widgets",
)
"""Folders of tests that `make quick` leaves out: they start servers and processes by the dozen, or long searches."""

SEARCHES = (
    "test_diff_equalities",
    "test_diff_properties",
    "test_diff_roundtrips",
    "test_frame_people",
    "test_reassign",
)
"""Files that it leaves out as well: a few tests that try thousands of values."""


FIRST = ("storm", "kill")
"""Folders whose tests take a minute each: one process begins with them while others do the small ones, so that none of
them is what all wait for in the end."""


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """Marks all tests of the slow folders, and puts the longest first."""
    here = Path(__file__).parent
    folders = {item: item.path.relative_to(here).parts[0] for item in items}
    for item, folder in folders.items():
        if folder in SLOW or item.path.stem in SEARCHES:
            item.add_marker(pytest.mark.slow)
    items.sort(key=lambda item: folders[item] not in FIRST)


Python = Callable[..., "subprocess.CompletedProcess[str]"]


@pytest.fixture(autouse=True)
def _own_settings_stay_out(monkeypatch: pytest.MonkeyPatch, tmp_path_factory: pytest.TempPathFactory) -> None:
    for name in list(os.environ):
        if name.upper().startswith("TASKFRAME_"):
            monkeypatch.delenv(name)
    empty = tmp_path_factory.getbasetemp() / "no-settings.toml"
    empty.touch()
    monkeypatch.setenv("TASKFRAME_CONFIG", str(empty))
    monkeypatch.setenv("TASKFRAME_JOURNAL", str(tmp_path_factory.getbasetemp() / "journal.sqlite"))


@pytest.fixture
def box() -> Iterator[tf.LocalSandbox]:
    """A sandbox of its own for each test, with 300 tasks."""
    with tf.sandbox(tasks=300, services=["reload"]) as box:
        yield box


@pytest.fixture
def conn(box: tf.LocalSandbox) -> Iterator[tf.Connection]:
    """A connection to `box`, without progress bars."""
    with box.connect("reload", progress=False) as conn:
        yield conn


@pytest.fixture
def python(tmp_path: Path) -> Python:
    """Runs a script in a new process, in an empty folder: `python(script, *arguments)`."""

    def run(script: str, *arguments: str, **env: str) -> subprocess.CompletedProcess[str]:
        return subprocess.run(
            [sys.executable, "-W", "error", "-c", script, *arguments],
            capture_output=True,
            text=True,
            encoding="utf-8",
            timeout=60,
            cwd=tmp_path,
            env={**os.environ, "PYTHONUTF8": "1", **env},
        )

    return run
