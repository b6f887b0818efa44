"""What is public, and what it costs to import it."""

from __future__ import annotations

import json
from pathlib import Path

import pytest

import taskframe as tf
from tests.conftest import Python

PUBLIC = [
    "ApplyInterrupted",
    "AuthError",
    "Catalogue",
    "ClosedError",
    "Column",
    "ConfirmationNeeded",
    "Connection",
    "FileError",
    "FrameError",
    "IncompleteLoad",
    "JournalError",
    "Limit",
    "LocalSandbox",
    "MissingExtra",
    "NoReply",
    "Plan",
    "PlanError",
    "ProtocolError",
    "Reply",
    "Report",
    "Request",
    "Schema",
    "ServiceError",
    "SettingsError",
    "TaskFrame",
    "TaskframeError",
    "Transport",
    "__version__",
    "connect",
    "from_frame",
    "open_plan",
    "open_tasks",
    "sandbox",
]


def test_the_public_names_are_these() -> None:
    """A name that is added, or lost, is added or lost on purpose; the list is sorted."""
    assert tf.__all__ == PUBLIC == sorted(PUBLIC)


def test_dir_gives_the_public_names() -> None:
    """Completion in a notebook offers what is public, before anything was used."""
    assert dir(tf) == PUBLIC


@pytest.mark.parametrize("name", PUBLIC)
def test_each_name_is_there(name: str) -> None:
    """Every public name can be imported, and is documented."""
    found = getattr(tf, name)
    assert name == "__version__" or found.__doc__


def test_an_unknown_name_is_an_attribute_error() -> None:
    """`hasattr` and typos work as with any module."""
    assert not hasattr(tf, "conect")


def test_importing_taskframe_is_light(python: Python) -> None:
    """`import taskframe` imports neither pandas nor httpx, pydantic or anything else that takes its time."""
    heavy = {"pandas", "numpy", "httpx", "aiohttp", "pydantic", "msgspec", "tqdm", "asyncio", "typer", "starlette"}
    done = python("import sys, json, taskframe; json.dump(sorted(sys.modules), sys.stdout)")
    assert done.returncode == 0, done.stderr
    assert heavy.isdisjoint(json.loads(done.stdout))


def test_importing_everything_leaves_out_what_is_optional(python: Python) -> None:
    """`from taskframe import *` works, and needs no extra: no server, no command line."""
    done = python("import sys, json\nfrom taskframe import *\njson.dump(list(sys.modules), sys.stdout)")
    assert done.returncode == 0, done.stderr
    assert {"typer", "rich", "starlette", "uvicorn", "pyarrow", "matplotlib"}.isdisjoint(json.loads(done.stdout))


@pytest.mark.parametrize(
    "first",
    ["import taskframe.sandbox", "from taskframe.sandbox import Sandbox", "import taskframe.local", "tf.sandbox"],
)
def test_sandbox_is_the_function_whatever_was_imported_first(python: Python, first: str) -> None:
    """`tf.sandbox(…)` works before and after the package of the same name was imported."""
    done = python(
        f"import taskframe as tf\n{first}\nimport taskframe.sandbox.faults\n"
        "from taskframe.sandbox import Sandbox\nassert tf.sandbox is not Sandbox\n"
        "with tf.sandbox(tasks=1) as box: assert isinstance(box, tf.LocalSandbox)"
    )
    assert (done.returncode, done.stderr) == (0, "")


def test_types_are_promised() -> None:
    """Type checkers read taskframe's own annotations: py.typed is in the package."""
    assert (Path(tf.__file__).parent / "py.typed").is_file()
