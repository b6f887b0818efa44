"""Saved frames and plans come back as they were, or not at all."""

from __future__ import annotations

import contextlib
import gzip
import json
import os
from collections.abc import Callable
from pathlib import Path
from typing import Any

import msgspec
import numpy as np
import pandas as pd
import pytest
from files_tasks import SCHEMA, TASKS, frames, tasks
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from taskframe._version import __version__
from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.changes.normal import normal_values
from taskframe.errors import FileError
from taskframe.files import saved
from taskframe.files.saved import (
    changes_payload,
    frame_payload,
    payload_changes,
    payload_frame,
    read_document,
    write_document,
)
from taskframe.schema import Column, Schema

PAYLOAD = {"id": "p1", "cells": [1, None, "é", 2**53 + 1, {"a": [True]}], "order": {"b": 1, "a": 2}}


@pytest.fixture
def plan(tmp_path: Path) -> Path:
    write_document(tmp_path / "monday.plan", "plan", PAYLOAD)
    return tmp_path / "monday.plan"


def repacked(path: Path, **changed: Any) -> None:
    document = json.loads(gzip.decompress(path.read_bytes()))
    path.write_bytes(gzip.compress(json.dumps({**document, **changed}).encode()))


# The container


def test_a_document_comes_back(plan: Path) -> None:
    """Values, digits and the order of keys."""
    found = read_document(plan, "plan")
    assert found == PAYLOAD
    assert list(found["order"]) == ["b", "a"]


def test_a_document_is_gzipped_json_that_says_what_it_is(plan: Path) -> None:
    """Format, version and maker come first, so that any tool can tell."""
    document = json.loads(gzip.decompress(plan.read_bytes()))
    assert list(document) == ["format", "version", "taskframe", "checksum", "payload"]
    assert (document["format"], document["version"], document["taskframe"]) == ("taskframe.plan", 1, __version__)
    assert document["checksum"].startswith("sha256:")


def test_the_same_document_is_the_same_file(tmp_path: Path, plan: Path) -> None:
    """No time and no name are in it."""
    write_document(tmp_path / "again", "plan", PAYLOAD)
    assert (tmp_path / "again").read_bytes() == plan.read_bytes()


@pytest.mark.skipif(os.name == "nt", reason="no such modes")
def test_only_its_owner_can_read_it(plan: Path) -> None:
    """Also when it takes the place of a file that all can read."""
    assert plan.stat().st_mode & 0o777 == 0o600
    plan.chmod(0o644)
    write_document(plan, "plan", PAYLOAD)
    assert plan.stat().st_mode & 0o777 == 0o600


def test_a_write_that_fails_leaves_the_old_file(plan: Path) -> None:
    """Written whole or not at all, and no scraps beside it."""
    before = plan.read_bytes()
    with pytest.raises(TypeError):
        write_document(plan, "plan", {"a": object()})
    assert plan.read_bytes() == before
    assert list(plan.parent.iterdir()) == [plan]


def test_half_a_surrogate_pair_is_kept(tmp_path: Path) -> None:
    """JSON can say it, so can a service."""
    write_document(tmp_path / "x", "tasks", {"title": "a\ud800", "other": "é"})
    assert read_document(tmp_path / "x", "tasks") == {"title": "a\ud800", "other": "é"}


def test_what_is_written_can_be_read_however_dense_it_is(tmp_path: Path) -> None:
    """A frame of one long text in every row packs like a bomb: it is written so that it looks like none."""
    payload = {"values": ["x" * 1000] * 100_000}
    write_document(tmp_path / "x", "tasks", payload)
    assert read_document(tmp_path / "x", "tasks") == payload


def flipped(path: Path) -> None:
    data = bytearray(path.read_bytes())
    data[len(data) // 2] ^= 0xFF
    path.write_bytes(data)


BROKEN: list[tuple[str, Callable[[Path], object], str]] = [
    ("empty", lambda p: p.write_bytes(b""), "is not a plan that taskframe wrote"),
    ("csv", lambda p: p.write_bytes(b"id,title\n"), "(a CSV file goes to plan_csv)"),
    ("pickle", lambda p: p.write_bytes(b"\x80\x04N."), "is not a plan that taskframe wrote"),
    ("other gzip", lambda p: p.write_bytes(gzip.compress(b"hello")), "is not a plan that taskframe wrote"),
    ("other json", lambda p: p.write_bytes(gzip.compress(b'{"format": "x"}')), "is not a plan that taskframe wrote"),
    ("json list", lambda p: p.write_bytes(gzip.compress(b"[]")), "is not a plan that taskframe wrote"),
    ("deep json", lambda p: p.write_bytes(gzip.compress(b"[" * 100_000)), "is not a plan that taskframe wrote"),
    ("other format", lambda p: repacked(p, format="taskframe.journal"), "is not a plan that taskframe wrote"),
    ("version 0", lambda p: repacked(p, version=0), "is not a plan that taskframe wrote"),
    ("frame", lambda p: write_document(p, "tasks", {}), "is saved tasks, not a plan: open it with tf.open_tasks"),
    (
        "newer",
        lambda p: repacked(p, version=2, taskframe="9.0"),
        f"made by a newer taskframe (9.0; this is {__version__})",
    ),
    ("newer shape", lambda p: repacked(p, version=7, checksum=""), "pip install --upgrade taskframe"),
    ("cut", lambda p: p.write_bytes(p.read_bytes()[:-9]), "is cut: its end is missing. Copy it again"),
    ("cut short", lambda p: p.write_bytes(p.read_bytes()[:12]), "is cut: its end is missing"),
    ("flipped bit", flipped, "was altered or damaged"),
    ("more behind", lambda p: p.write_bytes(p.read_bytes() + b"\n"), "(something follows its end)"),
    ("two in one", lambda p: p.write_bytes(p.read_bytes() * 2), "(something follows its end)"),
    ("edited", lambda p: repacked(p, payload={"id": "p2"}), "(its checksum does not fit)"),
    ("reformatted", repacked, "can't be edited by hand"),
    ("no checksum", lambda p: repacked(p, checksum=""), "(its checksum does not fit)"),
    ("bomb", lambda p: p.write_bytes(gzip.compress(b" " * (80 << 20))), "unpacks to more than 67,108,864 bytes"),
    ("gone", lambda p: p.unlink(), "there is no file"),
]


@pytest.mark.parametrize(("breaks", "words"), [b[1:] for b in BROKEN], ids=[b[0] for b in BROKEN])
def test_a_broken_file_says_what_is_wrong_and_the_way_out(
    plan: Path, breaks: Callable[[Path], object], words: str
) -> None:
    """Always with the file's name; never an error of gzip's or of JSON's."""
    breaks(plan)
    with pytest.raises(FileError) as caught:
        read_document(plan, "plan")
    assert str(plan) in str(caught.value)
    assert words in str(caught.value)


def test_a_missing_file_chains_its_cause(tmp_path: Path) -> None:
    """For whoever debugs it."""
    with pytest.raises(FileError) as caught:
        read_document(tmp_path / "x", "plan")
    assert isinstance(caught.value.__cause__, FileNotFoundError)


def test_a_file_is_bounded_packed_and_unpacked(tmp_path: Path, plan: Path) -> None:
    """Neither is read beyond its bound."""
    with pytest.raises(FileError, match="unpacks to more than 20 bytes"):
        read_document(plan, "plan", most=20)
    with (tmp_path / "big").open("wb") as file:
        file.truncate(saved.MOST_PACKED + 1)
    with pytest.raises(FileError, match="more than the 5,368,709,120 that a plan may have"):
        read_document(tmp_path / "big", "plan")


@settings(suppress_health_check=[HealthCheck.function_scoped_fixture], deadline=None)
@given(data=st.data())
def test_no_damage_goes_unseen(plan: Path, data: st.DataObject) -> None:
    """Any byte of the packed data that is changed is an error, or changes nothing."""
    whole = plan.read_bytes()
    at = data.draw(st.integers(0, len(whole) - 1))
    damaged = bytearray(whole)
    damaged[at] ^= data.draw(st.integers(1, 255))
    other = plan.with_name("damaged")
    other.write_bytes(damaged)
    with contextlib.suppress(FileError):
        assert read_document(other, "plan") == PAYLOAD


# Frames


def there_and_back(payload: dict[str, Any]) -> Any:
    return msgspec.json.decode(msgspec.json.encode(payload))


def same_frame(found: pd.DataFrame, frame: pd.DataFrame) -> None:
    pd.testing.assert_frame_equal(found, frame, check_exact=True)
    assert (found.dtypes == frame.dtypes).all()
    for name in frame.columns:
        assert normal_values(found[name]) == normal_values(frame[name])


def test_a_frame_comes_back_with_its_dtypes() -> None:
    """Categories in their order with the unknown ones behind, nullable integers to the digit, microseconds, lists."""
    found = payload_frame(there_and_back(frame_payload(tasks(), SCHEMA)), SCHEMA)
    same_frame(found, tasks())
    assert list(found["status"].cat.categories)[-1] == "parked"
    assert found["level"].cat.ordered
    assert found.index.name == "id"


def test_an_empty_frame_comes_back() -> None:
    """With every column and its dtype; and one without columns."""
    empty = tasks().iloc[:0]
    same_frame(payload_frame(there_and_back(frame_payload(empty, SCHEMA)), SCHEMA), empty)
    none = tasks()[[]]
    assert list(payload_frame(there_and_back(frame_payload(none, SCHEMA)), SCHEMA).index) == list(none.index)


@settings(deadline=None)
@given(frame=frames())
def test_every_frame_comes_back_exactly(frame: pd.DataFrame) -> None:
    """Whatever the service holds."""
    same_frame(payload_frame(there_and_back(frame_payload(frame, SCHEMA)), SCHEMA), frame)


def test_only_the_services_columns_are_saved() -> None:
    """An analyst's helper column is no part of a baseline; the order is the frame's."""
    frame = tasks()[["title", "identifier"]].assign(mine=1)
    assert list(payload_frame(frame_payload(frame, SCHEMA), SCHEMA).columns) == ["title", "identifier"]


def test_a_dtype_that_no_baseline_has_is_refused() -> None:
    """Rather than saved as something else."""
    with pytest.raises(FileError, match="column title has the dtype complex128"):
        frame_payload(tasks().assign(title=1j), SCHEMA)


def column(**changed: Any) -> dict[str, Any]:
    saved_column = {"name": "status", "dtype": "category", "categories": ["a"], "ordered": False, "values": [0, -1]}
    return {"index": "id", "ids": ["x", "y"], "columns": [{**saved_column, **changed}]}


SENSELESS = [
    [],
    {},
    {"index": "id", "ids": ["x", "x"], "columns": []},
    {"index": "id", "ids": ["x", None], "columns": []},
    {"index": "id", "ids": [1], "columns": []},
    {"index": None, "ids": [], "columns": []},
    {"index": "id", "ids": [], "columns": ["title"]},
    column(values=[0]),
    column(values=[0, 1]),
    column(values=[0, True]),
    column(values="ab"),
    column(categories=["a", "a"]),
    column(categories=[["a"]]),
    column(categories=5),
    column(ordered="yes"),
    column(dtype="datetime64"),
    column(dtype=["str"]),
    column(dtype="str"),
    column(dtype="int64", values=[1, None]),
    column(dtype="Int64", values=[1, 2**70]),
    column(dtype="float64", values=[1, "x"]),
    column(dtype="bool", values=[True, 1]),
    column(dtype="timestamp", values=[1.5, None]),
    column(dtype="timestamp", values=[2**62, None]),
    column(dtype="timestamp", values=[2**70, None]),
    {**column(), "columns": column()["columns"] * 2},
]


@pytest.mark.parametrize("payload", SENSELESS, ids=lambda p: json.dumps(p)[:60])
def test_a_frame_that_makes_no_sense_is_refused(payload: Any) -> None:
    """A checksum proves no sense: whoever writes a file can write that too."""
    with pytest.raises(FileError, match=r"the file's tasks make no sense .*: load the tasks again"):
        payload_frame(payload, SCHEMA)


def test_a_column_that_nobody_knows_is_named() -> None:
    """Saved by another version, or by a service that has changed since."""
    with pytest.raises(FileError, match="a column 'colour' that this taskframe does not know"):
        payload_frame(column(name="colour"), SCHEMA)


# Changes


def cells(values: list[Any]) -> np.ndarray:
    array = np.empty(len(values), dtype=object)
    for at, value in enumerate(values):
        array[at] = value
    return array


def changes() -> Changes:
    """Every column of the three tasks, from what the first holds to what the third does, and back."""
    columns = {
        name: ColumnChanges(name, np.array([0, 2], dtype=np.intp), cells([v[0], v[2]]), cells([v[2], v[0]]))
        for name, v in TASKS.items()
    }
    columns["description"] = ColumnChanges("description", np.array([1], dtype=np.intp), cells([None]), cells([""]))
    return Changes(tasks(), columns)


def same_changes(found: Changes, wanted: Changes) -> None:
    same_frame(found.base, wanted.base)
    assert list(found.columns) == list(wanted.columns)
    for name, change in wanted.columns.items():
        assert found.columns[name].rows.tolist() == change.rows.tolist()
        assert found.columns[name].rows.dtype == change.rows.dtype
        for a, b in zip(
            (*found.columns[name].before, *found.columns[name].after), (*change.before, *change.after), strict=True
        ):
            assert (type(a), a) == (type(b), b)


def test_changes_come_back() -> None:
    """Positions, before and after, in normal form; "" and null stay apart, unknown choices stay."""
    same_changes(payload_changes(there_and_back(changes_payload(changes())), SCHEMA), changes())
    none = Changes(tasks().iloc[:0])
    same_changes(payload_changes(there_and_back(changes_payload(none)), SCHEMA), none)


def test_an_empty_text_stays_empty_where_blank_means_null() -> None:
    """What was saved is what was planned, not what would be read from a file."""
    schema = Schema((Column("note", "text", editable=True, blank_is_null=True),))
    base = schema.frame(["x"], {"note": [""]})
    made = Changes(base, {"note": ColumnChanges("note", np.array([0]), cells([""]), cells(["a"]))})
    assert payload_changes(there_and_back(changes_payload(made)), schema).columns["note"].before.tolist() == [""]


@pytest.mark.parametrize(
    "changed",
    [{"rows": [0, 0]}, {"rows": [2, 0]}, {"rows": [0, 3]}, {"rows": [-1, 2]}, {"rows": [0]}, {"rows": [0, "2"]},
     {"rows": [0, 2**70]}, {"before": [None]}, {"after": [5, 5]}, {"after": None}, {"name": 5}],
    ids=str,
)  # fmt: skip
def test_changes_that_make_no_sense_are_refused(changed: dict[str, Any]) -> None:
    """Rows that go astray would change another task."""
    payload = there_and_back(changes_payload(changes()))
    payload["columns"][1] |= changed
    with pytest.raises(FileError, match="the file's changes make no sense"):
        payload_changes(payload, SCHEMA)
