"""A corpus of broken files, each with what must be said of it. `python broken_corpus.py FOLDER` writes them all.

`kind`: "error" (the file can't be read at all), "problem" (a cell or a row is refused) or "note" (it is read, and the
preview tells how). The files are edits of the export of `offline.tasks(6)` in tests/frame.
"""

from __future__ import annotations

import io
import sys
import zipfile
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

Content = bytes | Callable[[Path], None]


@dataclass(frozen=True)
class Broken:
    """A file, how it is planned, and the words that must be told."""

    name: str
    content: Content
    kind: str
    words: tuple[str, ...]
    options: Mapping[str, Any] = field(default_factory=dict)

    def write(self, folder: Path) -> Path:
        """Makes the file."""
        path = folder / self.name
        if callable(self.content):
            self.content(path)
        else:
            path.write_bytes(self.content)
        return path


def _text(*lines: str, encoding: str = "utf-8") -> bytes:
    return "".join(f"{line}\r\n" for line in lines).encode(encoding)


def _zip(parts: Mapping[str, bytes | str]) -> bytes:
    made = io.BytesIO()
    with zipfile.ZipFile(made, "w", zipfile.ZIP_DEFLATED) as archive:
        for name, body in parts.items():
            archive.writestr(name, body)
    return made.getvalue()


_MAIN = "http://schemas.openxmlformats.org/spreadsheetml/2006/main"
_OFFICE = "http://schemas.openxmlformats.org/officeDocument/2006/relationships"
_PACKAGE = "http://schemas.openxmlformats.org/package/2006"
_KINDS = "application/vnd.openxmlformats-officedocument.spreadsheetml"
PARTS = {
    "[Content_Types].xml": f'<Types xmlns="{_PACKAGE}/content-types"><Default Extension="rels" ContentType="'
    'application/vnd.openxmlformats-package.relationships+xml"/>'
    '<Default Extension="xml" ContentType="application/xml"/>'
    f'<Override PartName="/xl/workbook.xml" ContentType="{_KINDS}.sheet.main+xml"/>'
    f'<Override PartName="/xl/worksheets/sheet1.xml" ContentType="{_KINDS}.worksheet+xml"/></Types>',
    "_rels/.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" Type="{_OFFICE}/'
    'officeDocument" Target="xl/workbook.xml"/></Relationships>',
    "xl/workbook.xml": f'<workbook xmlns="{_MAIN}" xmlns:r="{_OFFICE}"><sheets><sheet name="tasks" sheetId="1" '
    'r:id="r1"/></sheets></workbook>',
    "xl/_rels/workbook.xml.rels": f'<Relationships xmlns="{_PACKAGE}/relationships"><Relationship Id="r1" '
    f'Type="{_OFFICE}/worksheet" Target="worksheets/sheet1.xml"/></Relationships>',
}


def _cells(*rows: str) -> str:
    return f'<worksheet xmlns="{_MAIN}"><sheetData>{"".join(rows)}</sheetData></worksheet>'


def _inline(reference: str, text: str) -> str:
    return f'<c r="{reference}" t="inlineStr"><is><t>{text}</t></is></c>'


_HEAD = f'<row r="1">{_inline("A1", "id")}{_inline("B1", "title")}</row>'


def _book(*rows: str, **more: bytes | str) -> bytes:
    return _zip({**PARTS, "xl/worksheets/sheet1.xml": _cells(*(rows or (_HEAD,))), **more})


def _row(number: int, task: str, cell: str) -> str:
    return f'<row r="{number}">{_inline(f"A{number}", task)}{cell}</row>'


def _long_line(path: Path) -> None:
    with path.open("wb") as file:
        file.write(b"id,title\ntsk_000,")
        for _ in range(1024):
            file.write(b"x" * (1 << 20))


def _bomb(part: str) -> Callable[[Path], None]:
    def write(path: Path) -> None:
        with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED, compresslevel=9) as archive:
            for name, body in PARTS.items():
                archive.writestr(name, body)
            with archive.open(part, "w", force_zip64=True) as file:
                for _ in range(300):
                    file.write(b" " * (1 << 20))

    return write


_LAUGHS = (
    '<?xml version="1.0"?><!DOCTYPE x [<!ENTITY a "ha"><!ENTITY b "&a;&a;&a;&a;">]>'
    f'<worksheet xmlns="{_MAIN}"><sheetData>{_HEAD}</sheetData></worksheet>'
)
_LONG = "What 0 is about " * 3_000

E, P, N = "error", "problem", "note"
CORPUS: tuple[Broken, ...] = tuple(
    Broken(name, content, kind, words if isinstance(words, tuple) else (words,), options or {})
    for name, content, kind, words, options in [
        # what is no table
        ("empty.csv", b"", E, ("is empty", "'id'"), None),
        ("blank.csv", b"\r\n \r\n\r\n", E, "has no column 'id'", None),
        ("picture.csv", b"\x89PNG\r\n\x1a\n\0\0\0\rIHDR", E, "a NUL byte", None),
        ("document.csv", b"%PDF-1.7\n", E, "a PDF document", None),
        ("packed.csv", b"\x1f\x8b\x08\0\0", E, "compressed: unpack it first", None),
        ("workbook.csv", _book(), E, ("an Excel workbook", "plan_excel"), None),
        ("old.csv", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", E, "an old Excel workbook", None),
        ("page.csv", b"<html><table><tr><td>id</td></tr></table></html>", E, "has no column 'id'", None),
        ("json.csv", b'[{"id": "tsk_000", "title": "x"}]', E, "column", None),
        ("long.csv", _long_line, E, ("line 2", "a line of more than 67,108,864 characters"), None),
        ("cell.csv", b'id,title\ntsk_000,"' + b"x" * (17 << 20) + b'"\n', E, ("line 2", "a cell has more than"), None),
        ("nul.csv", b"id,title\ntsk_000,a\0b\n", E, ("line 2", "a NUL byte"), None),
        # encodings
        ("cp1252.csv", _text("id,title", "tsk_000,Café", encoding="cp1252"), P, ("'é' may be another letter",), None),
        ("cp1252-ascii.csv", _text("id,title,x", "tsk_000,Cafe,é", encoding="cp1252"), N, "read as Windows-1252", None),
        ("cp1252-bad.csv", b"id,title\ntsk_000,\x81\x8d\n", E, ("line 2", "not UTF-8", "nor Windows-1252"), None),
        ("not-that.csv", "id,title\ntsk_000,é\n".encode("cp1252"), E, "not utf-8", {"encoding": "utf-8"}),
        ("no-such.csv", b"id\n", E, "there is no such encoding", {"encoding": "utf-7.5"}),
        ("utf-16-cut.csv", "id,title\r\ntsk_000,x".encode("utf-16") + b"\0", E, "not UTF-16", None),
        ("utf-16.csv", _text("id,title", "tsk_000,x", encoding="utf-16"), N, "read as UTF-16", None),
        ("utf-16-bare.csv", _text("id,title", "tsk_000,x", encoding="utf-16-le"), N, "though nothing says so", None),
        ("utf-32.csv", _text("id,title", encoding="utf-32"), E, "UTF-32 text", None),
        # quotes and separators
        ("open.csv", b'id,title\ntsk_000,"x\ntsk_001,y\n', E, ("line 2", "never closed"), None),
        ("behind.csv", b'id,title\ntsk_000,"a"b\n', E, ("line 2", "after its closing quote"), None),
        ("comma.csv", _text("id,title", "tsk_000,one, two"), P, ("has 3 cells, the header 2", "in quotes"), None),
        ("short.csv", _text("id,title,status", "tsk_000,x"), P, "has 2 cells, the header 3", None),
        ("spaces.csv", _text("id title", "tsk_000 x"), E, "has no column 'id'", None),
        ("semicolons.csv", _text("id;title", "tsk_000;x"), N, "parted by semicolons", None),
        ("said.csv", _text("sep=|", "id|title", "tsk_000|x"), N, "parted by bars", None),
        ("wrong-sep.csv", _text("id,title", "tsk_000,x"), E, "has no column 'id'", {"sep": ";"}),
        ("odd-sep.csv", _text("id,title"), E, "sep=';;'", {"sep": ";;"}),
        ("slipped.csv", _text("id,title,", "tsk_000,x,y"), P, "a column without a name", None),
        # the header
        ("no-id.csv", _text("title,status", "x,todo"), E, ("has no column 'id'", "key='identifier'"), None),
        ("no-header.csv", _text("tsk_000,x", "tsk_001,y"), E, "has no column 'id'", None),
        ("twice.csv", _text("id,title,title", "tsk_000,x,y"), E, "two columns 'title'", None),
        ("two-labels.csv", _text("id,Assignee,assignee", "tsk_000,u_1,u_2"), N, "Assignee: ignored", None),
        ("no-name.csv", _text("id,title", "tsk_000,x"), E, "there is no column 'tilte'", {"names": {"title": "tilte"}}),
        ("no-such-name.csv", _text("id,title"), E, "has no column 'Owner'", {"names": {"Owner": "assigneeUserId"}}),
        ("name.csv", _text("id,'json:x", "tsk_000,x"), E, "can't be read", None),
        # whose rows
        ("unknown.csv", _text("id,title", "tsk_999,x"), P, "no task of this load", None),
        ("null.csv", _text("id,title", ",x"), P, "no task id", None),
        ("double.csv", _text("id,title", "tsk_000,x", "tsk_000,y"), P, "2 rows have this id (lines 2, 3)", None),
        ("number.csv", _text("id,title", "9.9E+15,x"), P, ("'9.9E+15' is a number", "as text"), None),
        ("moved.csv", _text("id,identifier,title", "tsk_000,T-1,x"), P, ("another task", "sorted by itself"), None),
        ("stale.csv", _text("id,version,title", "tsk_000,9,x"), P, "stale", None),
        ("version.csv", _text("id,version,title", "tsk_000,####,x"), P, "'####'", None),
        ("no-key.csv", _text("identifier,title", "T-77,x"), P, "the identifier 'T-77'", {"key": "identifier"}),
        # cells
        ("choice.csv", _text("id,priority", "tsk_000,hgih"), P, "did you mean 'high'", None),
        ("date-choice.csv", _text("id,status", "tsk_000,02.01.2026"), P, "seems to have rewritten this cell", None),
        ("ref.csv", _text("id,title", "tsk_000,#REF!"), P, "a formula that failed", None),
        ("narrow.csv", _text("id,title", "tsk_000,########"), P, "a cell too narrow", None),
        ("read-only.csv", _text("id,dueAt", "tsk_000,01.02.2026"), P, "dueAt is read-only", None),
        ("cleared.csv", _text("id,title", "tsk_000,<clear>"), P, "title can't be cleared", None),
        ("escape.csv", _text("id,title", "tsk_000,'json:x"), P, "no JSON text follows", None),
        ("nobody.csv", _text("id,assigneeUserId", "tsk_000,@nobody"), P, "nobody is known as '@nobody'", None),
        ("too-long.csv", _text("id,title", "tsk_000," + "x" * 501), P, "at most 500 characters", None),
        ("filled.csv", _text("id,assigneeUserId", "tsk_001,u_1", "tsk_000,u_2", "tsk_002,u_3"), P,
         ("'u_3' was never seen", "counts on from 'u_1'"), None),
        ("sorted.csv", _text("id,title", "tsk_000,Task 1", "tsk_001,Task 2", "tsk_002,Task 0"), P,
         "hold one another's values", None),
        ("dates.csv", _text("id,title", "tsk_000,x"), E, "dates='dd.mm'", {"dates": "dd.mm"}),
        ("zone.csv", _text("id,title", "tsk_000,x"), E, "there is no such time zone", {"tz": "Mars/Olympus"}),
        ("blank-word.csv", _text("id,title"), E, "blank='clean'", {"blank": "clean"}),
        ("damage-word.csv", _text("id,title"), E, "damage='fix'", {"damage": "fix"}),
        # workbooks
        ("empty.xlsx", b"", E, "no Excel workbook", None),
        ("text.xlsx", b"id,title\n", E, ("no Excel workbook", "plan_csv"), None),
        ("old.xlsx", b"\xd0\xcf\x11\xe0\xa1\xb1\x1a\xe1", E, ("(.xls)", "password"), None),
        ("cut.xlsx", _book()[:-200], E, "cut or damaged", None),
        ("flipped.xlsx", _book().replace(b"PK\x01\x02", b"PK\x01\x03", 1), E, "cut or damaged", None),
        ("zip.xlsx", _zip({"a.txt": "x"}), E, "though it is a zip file", None),
        ("macros.xlsx", _book(**{"xl/vbaProject.bin": b"x"}), E, "holds macros", None),
        ("binary.xlsx", _zip({"[Content_Types].xml": "<x/>", "xl/workbook.bin": b"x"}), E, "(.xlsb)", None),
        ("open-document.xlsx", _zip({"mimetype": "application/vnd.oasis"}), E, "an OpenDocument file", None),
        ("bomb.xlsx", _bomb("xl/worksheets/sheet1.xml"), E, ("would unpack to", "it is not opened"), None),
        ("strings-bomb.xlsx", _bomb("xl/sharedStrings.xml"), E, "it is not opened", None),
        ("laughs.xlsx", _zip({**PARTS, "xl/worksheets/sheet1.xml": _LAUGHS}), E, "declares XML entities", None),
        ("no-sheet.xlsx", _zip(PARTS), E, "no sheet of cells", None),
        ("bad-xml.xlsx", _book(_HEAD + "<row"), E, "damaged", None),
        ("no-rows.xlsx", _zip({**PARTS, "xl/worksheets/sheet1.xml": _cells()}), E, "is empty", None),
        ("far.xlsx", _book(_HEAD, '<row r="99999999"><c r="A99999999"><v>1</v></c></row>'), E, "beyond the end", None),
        ("no-id.xlsx", _book(f'<row r="1">{_inline("A1", "title")}</row>'), E, "has no column 'id'", None),
        ("other.xlsx", _book(), E, ("no sheet 'Tasks 2'", "'tasks'"), {"sheet": "Tasks 2"}),
        ("formula.xlsx", _book(_HEAD, _row(2, "tsk_000", '<c r="B2" t="str"><f>1+1</f><v>two</v></c>')), N,
         ("1 cell with a formula", "B2"), None),
        ("no-value.xlsx", _book(_HEAD, _row(2, "tsk_000", '<c r="B2"><f>1+1</f></c>')), P, "has no value", None),
        ("error.xlsx", _book(_HEAD, _row(2, "tsk_000", '<c r="B2" t="e"><v>#REF!</v></c>')), P, "#REF!", None),
        ("beside.xlsx", _book(_HEAD, _row(2, "tsk_000", _inline("B2", "x") + _inline("D2", "y"))), P,
         "has 4 cells, the header 2", None),
    ]
)  # fmt: skip


if __name__ == "__main__":
    for broken in CORPUS:
        print(broken.write(Path(sys.argv[1])))
