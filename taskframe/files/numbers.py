"""Numbers as a country writes them: `1.234,5` where the decimal sign is the comma."""

from __future__ import annotations

import re
from dataclasses import dataclass

from taskframe.changes.unfit import shown
from taskframe.errors import FileError
from taskframe.schema import Unfit

_SPACES = " \u00a0\u2009\u202f"
_SIGNS = (".", ",")
_THOUSANDS = ("", ".", ",", "'", " ")
_FOREIGN = re.compile(rf"[+-]?\d[\d.,'{_SPACES}\u2019]*([eE][+-]?\d+)?", re.ASCII)


@dataclass(frozen=True)
class Numbers:
    """How numbers are written: `decimal` parts the fraction, `thousands` the digits before it in groups of three.

    A space stands for all of those that are used so. Raises FileError for what parts neither.
    """

    decimal: str = "."
    thousands: str = ""

    def __post_init__(self) -> None:
        if self.decimal not in _SIGNS:
            raise FileError(f"decimal={self.decimal!r}: numbers are written with ',' or with '.'")
        if self.thousands not in _THOUSANDS or self.thousands == self.decimal:
            raise FileError(
                f"thousands={self.thousands!r}: they are parted by '.', ',', ' ' or \"'\", and not by the decimal sign"
            )

    @property
    def own(self) -> bool:
        """Whether numbers are written as taskframe writes them."""
        return self.decimal == "." and not self.thousands

    def plain(self, text: str) -> str:
        """The number as taskframe writes it; text that is none stays as it is. Raises Unfit for what may be another."""
        if self.own or not _FOREIGN.fullmatch(text):
            return text
        whole, sign, rest = text.partition(self.decimal)
        marks = {" ": _SPACES, "'": "'\u2019"}.get(self.thousands, self.thousands)
        if marks and any(mark in whole for mark in marks):
            if not re.fullmatch(rf"[+-]?\d{{1,3}}([{marks}])\d{{3}}(\1\d{{3}})*", whole, re.ASCII):
                raise Unfit(f"{shown(text)}: thousands={self.thousands!r} parts digits in groups of three")
            whole = re.sub(f"[{marks}]", "", whole)
        if not re.fullmatch(r"[+-]?\d+([eE][+-]?\d+)?", whole, re.ASCII) or not re.fullmatch(
            r"\d*([eE][+-]?\d+)?", rest, re.ASCII
        ):
            raise Unfit(f"{shown(text)} is no number with decimal={self.decimal!r}{self._other(text)}")
        return f"{whole}.{rest}" if sign and rest else whole

    def _other(self, text: str) -> str:
        other = "," if self.decimal == "." else "."
        parted = other in text and not self.thousands
        return f": if the {other!r} parts thousands, say thousands={other!r}" if parted else ""

    def way_out(self, text: str) -> str:
        """The options that would read a number that can't be read; "" where none would."""
        if not self.own or not _FOREIGN.fullmatch(text):
            return ""
        found = [options for options, numbers in _OPTIONS if numbers.thousands in _alike(text) and numbers.reads(text)]
        return f"; {' or '.join(found)} reads it" if found else ""

    def reads(self, text: str) -> bool:
        """Whether the text is a number, written so."""
        try:
            return self.plain(text).replace(".", "", 1).lstrip("+-").isdigit()
        except Unfit:
            return False


def _alike(text: str) -> str:
    return re.sub(f"[{_SPACES}]", " ", text).replace("\u2019", "'")


_OPTIONS = (
    ("decimal=','", Numbers(",")),
    ("thousands=','", Numbers(".", ",")),
    ("decimal=',', thousands='.'", Numbers(",", ".")),
    ("decimal=',', thousands=' '", Numbers(",", " ")),
    ('thousands="\'"', Numbers(".", "'")),
)
