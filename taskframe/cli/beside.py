"""The files of a job: the one to edit, the baseline beside it, and pipes in their place"""

from __future__ import annotations

import shutil
import sys
import tempfile
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path

from taskframe.errors import FileError
from taskframe.files.atomic import opened

STANDARD = Path("-")
"""Standard input, or standard output."""

SUFFIX = ".baseline"
_MOST = 2 << 30
_PIECE = 1 << 20


def baseline_of(file: Path) -> Path:
    """Where `load` writes the baseline of a file."""
    return file.with_name(file.name + SUFFIX)


def find_baseline(file: Path, named: Path | None) -> Path:
    """The baseline that a file is compared with: the one that is named, or the one beside it.

    It may have been saved under another ending (tasks.xlsx of tasks.csv). Raises FileError when there is none, or when
    there is more than one that could be meant.
    """
    if named is not None:
        return named
    if file == STANDARD:
        raise FileError("what comes from a pipe has no file beside it: name its baseline (--baseline FILE)")
    beside = baseline_of(file)
    if beside.exists():
        return beside
    with opened(file, _MOST, "a file to plan"):  # if it is not there either, that is what to say
        pass
    kin = sorted(file.parent.glob(f"{_literal(file.stem)}.*{SUFFIX}"))
    if len(kin) == 1:
        return kin[0]
    others = sorted(path.name for path in (kin or file.parent.glob(f"*{SUFFIX}")))
    near = f"; in that folder: {', '.join(others[:5])}" if others else ""
    raise FileError(
        f"there is no baseline {beside}, which `taskframe load` writes beside its file: name it (--baseline FILE){near}"
    )


def _literal(name: str) -> str:
    return "".join(f"[{c}]" if c in "*?[" else c for c in name)


@contextmanager
def readable(file: Path) -> Iterator[Path]:
    """A file to read; what comes from standard input is put into one for as long as it is needed."""
    if file != STANDARD:
        yield file
        return
    if sys.stdin is None or sys.stdin.isatty():
        raise FileError("nothing comes from a pipe: name a file, or `… | taskframe plan - --baseline FILE`")
    with tempfile.TemporaryDirectory(prefix="taskframe-") as folder:
        data = sys.stdin.buffer
        start = data.read(4)
        place = Path(folder) / ("standard input.xlsx" if start == b"PK\x03\x04" else "standard input.csv")
        with place.open("wb") as copy:
            copy.write(start)
            taken = len(start)
            while piece := data.read(_PIECE):
                taken += len(piece)
                if taken > _MOST:
                    raise FileError(f"more than {_MOST:,} bytes came from the pipe: split it")
                copy.write(piece)
        try:
            yield place
        except FileError as error:
            raise FileError(nameless(str(error), place)) from error


def nameless(text: str, place: Path) -> str:
    """The same, without the folder that standard input was put into."""
    return text.replace(str(place), "standard input").replace(str(place.parent), "a pipe")


@contextmanager
def writable(file: Path, *, replace: bool) -> Iterator[Path]:
    """A file to write; what is for standard output goes there when the block ends well.

    Raises FileError where a file would be replaced unasked: somebody's edits may be in it.
    """
    if file != STANDARD:
        if file.is_file() and not replace:
            raise FileError(f"{file} is there already, maybe with edits in it: name another, or replace it (--replace)")
        yield file
        return
    with tempfile.TemporaryDirectory(prefix="taskframe-") as folder:
        place = Path(folder) / "standard output.csv"
        yield place
        with place.open("rb") as copy:
            shutil.copyfileobj(copy, sys.stdout.buffer)
        sys.stdout.buffer.flush()
