"""Runs a page's examples: the Python blocks of a Markdown file, in order, in one namespace.

A text block under `<!-- output -->` is what the Python block before it printed. Addresses, times, speeds and the ids
of runs differ from run to run: they are masked on both sides. `python -m tests.docs.examples PAGE…` writes the
outputs anew.
"""

from __future__ import annotations

import contextlib
import io
import os
import re
import sys
import tempfile
from pathlib import Path
from typing import Any

ROOT = Path(__file__).parents[2]
PAGES = sorted([ROOT / "README.md", *(ROOT / "docs").glob("*.md")])

_BLOCK = re.compile(r"(?P<mark><!-- output -->\n)?^```(?P<kind>\w+)\n(?P<body>.*?)^```$", re.M | re.S)
_MASKS = (
    (re.compile(r"127\.0\.0\.1:\d+"), "127.0.0.1:PORT"),
    (re.compile(r"20\d\d-\d\d-\d\d[T ]\d\d:\d\d(:\d\d)?( UTC|Z)?"), "TIME"),
    (re.compile(r"[\d,]+ calls? in [\d.,]+ (s|min)( \([\d,]+ calls a (second|minute)\))?"), "CALLS in SECONDS"),
    (re.compile(r"\brun\s+[0-9a-f]{16}"), "run ID"),
    (re.compile(r"\s+"), " "),
)


def masked(text: str) -> str:
    """The text without what differs from run to run."""
    for pattern, word in _MASKS:
        text = pattern.sub(word, text)
    return text.strip()


def run(page: Path) -> list[tuple[str, str]]:
    """Runs the page's examples in an empty folder; gives (written, printed) for each output block."""
    namespace: dict[str, Any] = {"__name__": "__example__"}
    printed = ""
    outputs = []
    home = Path.cwd()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        journal = os.environ.get("TASKFRAME_JOURNAL")
        os.environ["TASKFRAME_JOURNAL"] = str(Path(folder) / "journal.sqlite")  # not the user's own
        try:
            for block in _BLOCK.finditer(page.read_text("utf-8")):
                if block["mark"]:
                    outputs.append((block["body"], printed))
                elif block["kind"] == "python":
                    out = io.StringIO()
                    with contextlib.redirect_stdout(out), contextlib.redirect_stderr(io.StringIO()):
                        exec(compile(block["body"], str(page), "exec"), namespace)
                    printed = out.getvalue()
        finally:
            os.chdir(home)
            os.environ.pop("TASKFRAME_JOURNAL")
            if journal is not None:
                os.environ["TASKFRAME_JOURNAL"] = journal
            for value in namespace.values():  # examples need not close what they open; a test must
                if hasattr(value, "close") and type(value).__module__.startswith("taskframe"):
                    value.close()
    return outputs


def rewrite(page: Path) -> None:
    """Writes the page's output blocks as they are now."""
    outputs = iter(run(page))

    def fresh(block: re.Match[str]) -> str:
        if not block["mark"]:
            return block[0]
        return f"{block['mark']}```{block['kind']}\n{next(outputs)[1].rstrip()}\n```"

    page.write_text(_BLOCK.sub(fresh, page.read_text("utf-8")), "utf-8")


if __name__ == "__main__":
    for name in sys.argv[1:]:
        rewrite(Path(name).resolve())
