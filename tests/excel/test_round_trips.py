"""What goes out and comes back unedited plans nothing: each service, each dialect of CSV, and Excel."""

from __future__ import annotations

import tempfile
from pathlib import Path
from typing import Any

import pytest
from any_frames import SCHEMAS, came_back, frames, transcoded
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskframe.files.csv import write_csv
from taskframe.files.excel import write_excel
from taskframe.files.exchange import csv_edits, excel_edits

DIALECTS: list[dict[str, Any]] = [
    {},
    {"sep": ";", "bom": True},
    {"sep": "\t", "encoding": "utf-16"},
    {"sep": ",", "encoding": "utf-16-be"},
    {"sep": "|", "tz": "Europe/Berlin"},
]
SLOWLY = settings(max_examples=40, deadline=None, suppress_health_check=[HealthCheck.too_slow])


@pytest.mark.parametrize("service", SCHEMAS)
@pytest.mark.parametrize("dialect", DIALECTS, ids=[" ".join(map(str, d.values())) or "plain" for d in DIALECTS])
@SLOWLY
@given(data=st.data())
def test_any_frame_comes_back_through_csv(service: str, dialect: dict[str, Any], data: st.DataObject) -> None:
    """In each dialect; no change, no problem."""
    schema = SCHEMAS[service]
    frame = data.draw(frames(schema))
    encoding = dialect.get("encoding")
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.csv"
        write_csv(frame, schema, path, **{k: v for k, v in dialect.items() if k != "encoding"})
        if encoding:
            transcoded(path, encoding)
        say = {"encoding": encoding} if encoding == "utf-16-be" else {}  # it has no mark
        found = came_back(frame, schema, lambda base: csv_edits(path, base, sep=dialect.get("sep"), **say))
    assert len(found.changes) == 0
    assert found.problems == ()


@pytest.mark.parametrize("service", SCHEMAS)
@SLOWLY
@given(data=st.data())
def test_any_frame_comes_back_through_excel(service: str, data: st.DataObject) -> None:
    """No change, no problem; every cell is text."""
    schema = SCHEMAS[service]
    frame = data.draw(frames(schema))
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "t.xlsx"
        write_excel(frame, schema, path)
        found = came_back(frame, schema, lambda base: excel_edits(path, base))
    assert len(found.changes) == 0
    assert found.problems == ()
    assert not any("formula" in note for note in found.notes)
