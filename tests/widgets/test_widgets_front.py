"""The front end in the package is the one that its source gives; without the extra there is an error that helps."""

from __future__ import annotations

import hashlib
import re
from pathlib import Path

import pytest

import taskframe.widgets
from tests.conftest import Python

HOME = Path(taskframe.widgets.__file__).parent
BUILT = ("grid.js", "grid.css", "ticks.js", "ticks.css")
_HEAD = re.compile(r"/\* built from (?P<source>[0-9a-f]{64}), contents (?P<body>[0-9a-f]{64})[^*]*\*/\n")


def source_hash() -> str:
    """As `frontend/build.mjs` counts it."""
    folder = HOME / "frontend"
    names = ["package.json", "package-lock.json", "build.mjs", *(f"src/{p.name}" for p in (folder / "src").iterdir())]
    found = hashlib.sha256()
    for name in sorted(names):
        found.update(f"{name}\n".encode() + (folder / name).read_bytes() + b"\n")
    return found.hexdigest()


@pytest.mark.parametrize("name", BUILT)
def test_the_built_file_is_that_of_its_source(name: str) -> None:
    """`make frontend` was run after the last change, and nobody wrote into the built file by hand."""
    text = (HOME / "static" / name).read_text("utf-8")
    head = _HEAD.match(text)
    assert head, name
    assert head["source"] == source_hash(), "run `make frontend`"
    assert head["body"] == hashlib.sha256(text[head.end() :].encode()).hexdigest()


@pytest.mark.parametrize("name", BUILT)
def test_the_built_file_asks_nobody(name: str) -> None:
    """It works offline: no address in it but those that name things (an XML namespace, a licence, a manual)."""
    text = (HOME / "static" / name).read_text("utf-8")
    assert not re.search(r"""(import|fetch|url)\s*\(\s*["']?(https?:)?//|from\s*["']https?:|@import""", text)


def test_without_the_extra_the_error_says_what_to_install(python: Python) -> None:
    """`tasks.editor()` needs ipywidgets and anywidget; whoever lacks them is told the command."""
    done = python(
        "import sys\nsys.modules['anywidget'] = None\nimport taskframe as tf\n"
        "with tf.sandbox(tasks=3) as box, box.connect('reload', progress=False) as conn:\n"
        "    try:\n        conn.load().editor()\n    except tf.MissingExtra as error:\n        print(error)\n"
    )
    assert 'pip install "taskframe[notebook]"' in done.stdout, done.stderr
