"""The zip file that a workbook is, looked at before anything in it is opened."""

from __future__ import annotations

import os
import zipfile
from collections.abc import Mapping, Sequence
from typing import Any, BinaryIO
from xml.parsers import expat

from taskframe.errors import FileError

MOST_UNPACKED = 2 << 30
_MOST_OTHER = 512 << 20  # of all that is held in memory at once
_MOST_RATIO, _FREE = 200, 64 << 20
_MOST_PARTS = 10_000
_PROLOG = 1 << 20
_MAGIC = {
    b"\xd0\xcf\x11\xe0": "an old workbook (.xls), or one with a password: save it as 'Excel workbook (.xlsx)'",
    b"\x1f\x8b": "compressed: unpack it first",
    b"%PDF": "a PDF document",
}


def checked_parts(path: str | os.PathLike[str], file: BinaryIO) -> Mapping[str, int]:
    """The parts of a workbook, by size, after a look at what may be dangerous. Raises FileError for what is none."""
    start = file.read(8)
    magic = next((words for bytes_, words in _MAGIC.items() if start.startswith(bytes_)), None)
    if magic is not None:
        raise FileError(f"{path} is no Excel workbook (.xlsx) but {magic}")
    if not start.startswith(b"PK"):
        raise FileError(f"{path} is no Excel workbook (.xlsx): a CSV file goes to plan_csv")
    try:
        with zipfile.ZipFile(file) as archive:
            infos = archive.infolist()
            parts = {info.filename: info.file_size for info in infos}
            _refuse_kinds(path, parts)
            _refuse_sizes(path, os.fstat(file.fileno()).st_size, infos)
            for info in infos:
                if info.filename.endswith((".xml", ".rels")):
                    with archive.open(info) as part:
                        _check_prolog(path, part)
            return parts
    except FileError:
        raise
    except (zipfile.BadZipFile, NotImplementedError, RuntimeError, EOFError, OSError, ValueError, KeyError) as error:
        raise FileError(f"{path} is cut or damaged ({error}): copy it again, or save it again") from error


def _refuse_sizes(path: str | os.PathLike[str], packed: int, infos: Sequence[zipfile.ZipInfo]) -> None:
    size = sum(info.file_size for info in infos)
    other = sum(info.file_size for info in infos if not info.filename.startswith("xl/worksheets/"))
    dense = size > _FREE and size > _MOST_RATIO * packed
    if size > MOST_UNPACKED or other > _MOST_OTHER or dense or len(infos) > _MOST_PARTS:
        words = f"has {packed:,} bytes in {len(infos):,} parts, and would unpack to {size:,}"
        raise FileError(f"{path} {words}, which no such table does: it is not opened")
    if len({info.filename for info in infos}) < len(infos):
        raise FileError(f"{path} is damaged: it has a part twice: save it again in the spreadsheet")


def _refuse_kinds(path: str | os.PathLike[str], parts: Mapping[str, int]) -> None:
    if any(name.lower().endswith("vbaproject.bin") for name in parts):
        raise FileError(f"{path} holds macros: save it as 'Excel workbook (.xlsx)', which has none")
    if "xl/workbook.bin" in parts:
        raise FileError(f"{path} is a binary workbook (.xlsb): save it as 'Excel workbook (.xlsx)'")
    if "mimetype" in parts or "content.xml" in parts:
        raise FileError(f"{path} is an OpenDocument file: save it as 'Excel 2007-365 (.xlsx)'")
    if "[Content_Types].xml" not in parts or not any(name.startswith("xl/") for name in parts):
        raise FileError(f"{path} is no Excel workbook (.xlsx), though it is a zip file: export it as one")


class _Started(Exception):
    pass


def _check_prolog(path: str | os.PathLike[str], part: Any) -> None:
    """Raises FileError where a part declares entities, which can grow without end; Excel never does."""
    parser = expat.ParserCreate()

    def started(*_: Any) -> None:
        raise _Started

    def declared(*_: Any) -> None:
        raise FileError(f"{path} declares XML entities, which no spreadsheet does: it is not opened")

    parser.StartElementHandler = started
    parser.StartDoctypeDeclHandler = declared
    try:
        for _ in range(_PROLOG >> 12):
            piece = part.read(1 << 12)
            parser.Parse(piece, not piece)
            if not piece:
                return
    except _Started:
        return
    except expat.ExpatError as error:
        raise FileError(f"{path} is damaged ({error}): save it again in the spreadsheet") from error
    raise FileError(f"{path} is damaged: a part has no beginning: save it again in the spreadsheet")
