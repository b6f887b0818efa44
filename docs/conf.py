"""How the documentation is built: `make docs`. Warnings are errors, and so are references that lead nowhere."""

from __future__ import annotations

import re
from typing import Any

from taskframe import __version__

project = "taskframe"
author = "The taskframe developers"
project_copyright = author
version = release = __version__

extensions = ["myst_parser", "sphinx.ext.autodoc"]
exclude_patterns = ["_build"]
default_role = "literal"  # docstrings put code in single backticks

myst_heading_anchors = 3

autodoc_member_order = "bysource"
autodoc_typehints = "none"  # docstrings say shapes, dtypes and units; a signature with every type is hard to read

nitpicky = True
nitpick_ignore_regex = [
    # bases of our errors, from the standard library, whose documentation may be out of reach while building
    ("py:class", r"(\w+Error|RuntimeError|KeyboardInterrupt|Exception|Protocol|object)"),
]

html_theme = "furo"
html_title = "taskframe"
html_static_path = ["_static"]
html_css_files = ["taskframe.css"]
html_copy_source = False
html_show_sourcelink = False
pygments_style = "tango"

_ITEM = re.compile(r"\s*- ")


def as_rst(_app: Any, _what: str, _name: str, _obj: Any, _options: Any, lines: list[str]) -> None:
    """Makes reStructuredText of a docstring: a blank line ahead of a list, `::` ahead of an indented example."""
    out: list[str] = []
    for line in lines:
        last = out[-1] if out else ""
        if line.startswith("    ") and not last.strip() and len(out) > 1 and not out[-2].startswith(("    ", "- ")):
            out += ["::", ""]
        elif _ITEM.match(line) and last.strip() and not _ITEM.match(last) and not last.startswith("  "):
            out.append("")
        out.append(line)
    lines[:] = out


MADE_FOR_YOU = frozenset({"Connection", "LocalSandbox", "Plan", "Report", "TaskFrame"})
"""Classes that nobody makes by hand: how to is no part of the reference."""


def without_arguments(_app: Any, what: str, name: str, *_: Any) -> tuple[str, None] | None:
    """No signature for those classes."""
    return ("", None) if what == "class" and name.rpartition(".")[2] in MADE_FOR_YOU else None


def setup(app: Any) -> None:
    """Called by Sphinx."""
    app.connect("autodoc-process-signature", without_arguments)
    app.connect("autodoc-process-docstring", as_rst)
