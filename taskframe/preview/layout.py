"""Lines and tables of plain text, with colours for those who want them."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from typing import Literal

from taskframe.preview.difference import Pieces
from taskframe.preview.escape import visible
from taskframe.preview.width import ELLIPSIS, head, width, wrap

Style = Literal["", "bold", "dim", "clear", "before", "after", "warn"]

_COLOURS: dict[Style, str] = {
    "": "", "bold": "1", "dim": "2", "clear": "1;31", "before": "31", "after": "32", "warn": "1;33",
}  # fmt: skip


@dataclass(frozen=True)
class Words:
    """Text in parts, each with a style. What could steer a terminal is escaped here, whoever wrote it."""

    runs: tuple[tuple[str, Style], ...] = ()

    def __add__(self, other: Words) -> Words:
        return Words(self.runs + other.runs)

    @property
    def width(self) -> int:
        """The columns of a terminal that it takes."""
        return sum(width(text) for text, _ in self.runs)

    def cut(self, columns: int) -> Words:
        """At most `columns` wide."""
        if self.width <= columns:
            return self
        runs: list[tuple[str, Style]] = []
        for text, style in self.runs:
            if width(text) >= columns:
                return Words((*runs, (head(text + ELLIPSIS, columns), style)))
            runs.append((text, style))
            columns -= width(text)
        return Words(tuple(runs))

    def paint(self, colour: bool) -> str:
        """As text; with ANSI colours if wanted."""
        if not colour:
            return "".join(text for text, _ in self.runs)
        return "".join(f"\x1b[{_COLOURS[style]}m{text}\x1b[0m" if style else text for text, style in self.runs)


def say(text: str, style: Style = "") -> Words:
    """One run of text."""
    return Words(((visible(text), style),))


def say_pieces(pieces: Pieces, style: Style) -> Words:
    """The pieces of a text, the changed ones in `style`; all of it, when none is marked."""
    marked = any(p.changed for p in pieces)
    return Words(tuple((visible(p.text), style if p.changed or not marked else "") for p in pieces))


class Page:
    """Lines of text, of at most `columns`."""

    def __init__(self, columns: int) -> None:
        self.columns = max(columns, 40)
        self._lines: list[Words] = []

    def line(self, *parts: Words) -> None:
        """One line, cut where the page ends."""
        self._lines.append(sum(parts, Words()).cut(self.columns))

    def gap(self) -> None:
        """An empty line, unless there is one already."""
        if self._lines and self._lines[-1].runs:
            self._lines.append(Words())

    def say(self, text: str, style: Style = "", *, indent: int = 0, hang: int = 0) -> None:
        """As many lines as `text` needs; nothing for no text."""
        if not text:
            return
        for i, part in enumerate(wrap(visible(text), self.columns - indent - hang)):
            self.line(say(" " * (indent + (hang if i else 0))), say(part, style))

    def table(self, rows: Iterable[Sequence[Words]], *, right: frozenset[int] = frozenset(), indent: int = 2) -> None:
        """Rows of equal length, aligned; the columns in `right` to the right. The last one takes what is left."""
        lines = list(rows)
        if not lines:
            return
        widths = [max(row[i].width for row in lines) for i in range(len(lines[0]))]
        for row in lines:
            parts = [say(" " * indent)]
            for i, (cell, size) in enumerate(zip(row, widths, strict=True)):
                pad = say(" " * (size - cell.width))
                last = i == len(row) - 1
                parts.append(pad + cell if i in right else cell if last else cell + pad)
                if not last:
                    parts.append(say("  "))
            self._lines.append(_stripped(sum(parts, Words()).cut(self.columns)))

    def text(self, colour: bool) -> str:
        """The whole page."""
        return "\n".join(line.paint(colour) for line in self._lines)


def _stripped(line: Words) -> Words:
    runs = list(line.runs)
    while runs:
        text, style = runs.pop()
        if text := text.rstrip(" "):
            return Words((*runs, (text, style)))
    return Words()
