"""LibreOffice, without a screen: files go through it as through somebody's hands."""

from __future__ import annotations

import os
import shutil
import subprocess
import xml.etree.ElementTree as ET
from pathlib import Path

import pytest

SOFFICE = shutil.which("soffice")
TABLE = "{urn:oasis:names:tc:opendocument:xmlns:table:1.0}"
needs_office = pytest.mark.skipif(
    SOFFICE is None and not os.environ.get("CI"), reason="LibreOffice is not installed (Debian: libreoffice-calc)"
)

_CSV_IN = "CSV:{sep},34,76,1,{columns}"
_CSV_OUT = "csv:Text - txt - csv (StarCalc):{sep},34,76,1,,0,false,true,false"


def resave(path: Path, kind: str, *, sep: str = ",", as_text: bool = False) -> Path:
    """Opens a file in LibreOffice and saves it as `kind`, in a folder beside it.

    `as_text`: a CSV file's columns are imported as text, as a careful user would choose in the dialogue.
    """
    assert SOFFICE is not None, "install LibreOffice (Debian: libreoffice-calc)"
    out = path.parent / f"from-{path.suffix[1:]}-as-{kind}{'-text' if as_text else ''}"
    out.mkdir(exist_ok=True)
    target = _CSV_OUT.format(sep=ord(sep)) if kind == "csv" else kind
    command = [SOFFICE, f"-env:UserInstallation={(path.parent / 'profile').as_uri()}", "--headless", "--norestore"]
    if path.suffix == ".csv":
        columns = "/".join(f"{n}/2" for n in range(1, 60)) if as_text else ""
        command.append(f"--infilter={_CSV_IN.format(sep=ord(sep), columns=columns)}")
    command += ["--convert-to", target, "--outdir", str(out), str(path)]
    done = subprocess.run(command, capture_output=True, text=True, timeout=120, check=False)
    made = out / f"{path.stem}.{kind}"
    assert made.exists(), done.stdout + done.stderr
    return made


def formulas(path: Path, **how: bool) -> list[str]:
    """The formulas that LibreOffice sees in a file."""
    tree = ET.parse(resave(path, "fods", **how))
    return [cell.get(f"{TABLE}formula", "") for cell in tree.iter(f"{TABLE}table-cell") if cell.get(f"{TABLE}formula")]
