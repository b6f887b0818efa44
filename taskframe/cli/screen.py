"""What is shown: tables and previews for people, JSON for machines, what goes on beside them on stderr."""

from __future__ import annotations

import json
import os
import shutil
import sys
from collections.abc import Iterable, Mapping, Sequence
from typing import Any, Protocol

from taskframe.changes.normal import plain
from taskframe.cli.phrases import for_terminal
from taskframe.preview.escape import visible

WIDTH = 100
"""The columns of a page that goes to no terminal, and the most that one takes in a terminal."""


class Shown(Protocol):
    """A plan, a report, a frame."""

    def text(self, *, width: int = ..., colour: bool = ...) -> str:
        """As text."""


def is_terminal(stream: Any) -> bool:
    """Whether somebody sees what is written there."""
    try:
        return bool(stream.isatty())
    except (AttributeError, ValueError):
        return False


def columns() -> int:
    """How wide a page may be."""
    return min(shutil.get_terminal_size((WIDTH, 24)).columns, WIDTH) if is_terminal(sys.stdout) else WIDTH


def coloured() -> bool:
    """Whether stdout takes colours: see https://no-color.org."""
    return is_terminal(sys.stdout) and not os.environ.get("NO_COLOR") and os.environ.get("TERM") != "dumb"


def page(shown: Shown) -> None:
    """A preview or report, on stdout."""
    print(for_terminal(shown.text(width=columns(), colour=coloured())), flush=True)


def line(text: str) -> None:
    """A line on stdout."""
    print(text, flush=True)


def note(text: str) -> None:
    """A line on stderr: what goes on, and what can be done next."""
    print(text, file=sys.stderr, flush=True)


def as_json(value: Any) -> None:
    """One JSON document on stdout."""
    print(json.dumps(value, ensure_ascii=False, indent=2, default=_json), flush=True)


def one_line(value: Any) -> None:
    """One JSON document on one line of stdout."""
    print(json.dumps(value, ensure_ascii=False, default=_json), flush=True)


def _json(value: Any) -> Any:
    value = plain(value)
    if value is None or isinstance(value, str | int | float | list | dict):
        return value
    return list(value) if isinstance(value, tuple | set | frozenset) else str(value)


def table(heads: Sequence[str], rows: Iterable[Sequence[Any]], *, right: Sequence[str] = ()) -> None:
    """A table on stdout: folded to a terminal's width; a line a row where there is none."""
    from rich import box
    from rich.console import Console
    from rich.table import Table
    from rich.text import Text

    terminal, bold = is_terminal(sys.stdout), "bold" if coloured() else ""
    found = Table(box=box.SIMPLE_HEAD if terminal else None, pad_edge=False, show_edge=False, header_style=bold)
    for head in heads:
        found.add_column(head, justify="right" if head in right else "left", overflow="fold", no_wrap=not terminal)
    for row in rows:
        found.add_row(*(Text(visible("" if cell is None else str(cell))) for cell in row))
    console = Console(highlight=False, width=columns() if terminal else 100_000, no_color=not coloured())
    with console.capture() as caught:
        console.print(found)
    print("\n".join(text.rstrip() for text in caught.get().splitlines()), flush=True)


def records(frame: Any) -> list[Mapping[str, Any]]:
    """The rows of a DataFrame, for JSON."""
    import pandas as pd

    return [
        {str(k): None if pd.api.types.is_scalar(v) and pd.isna(v) else v for k, v in row.items()}
        for row in frame.astype("object").to_dict("records")
    ]
