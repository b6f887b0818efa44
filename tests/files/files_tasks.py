"""Tasks like Reload's, for files; and any that hypothesis can think of."""

from __future__ import annotations

from datetime import UTC, datetime
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from taskframe.schema import Column, Schema

STATUSES = ("triage", "backlog", "todo", "in_progress", "blocked", "in_review", "done", "cancelled")

SCHEMA = Schema(
    (
        Column("identifier", "text", role="identifier", nullable=False),
        Column("title", "text", editable=True, role="title", min_length=1, max_length=500),
        Column("description", "text", editable=True, clearable=True),
        Column("status", "choice", editable=True, choices=STATUSES, role="status"),
        Column("level", "choice", editable=True, choices=(0, 1, 2), ordered=True),
        Column("version", "integer", nullable=False, role="version"),
        Column("estimate", "integer", editable=True, clearable=True),
        Column("score", "number", editable=True),
        Column("urgent", "boolean", editable=True),
        Column("sure", "boolean", nullable=False),
        Column("dueAt", "timestamp", editable=True, clearable=True, role="due"),
        Column("labels", "list", editable=True, unordered=True),
        Column("meta", "object"),
    )
)

TASKS: dict[str, list[Any]] = {
    "identifier": ["T-1", "T-2", "T-3"],
    "title": ["Write the report", "=1+1", "Say «hi», twice\r\nor \"thrice\""],
    "description": ["", None, "  "],
    "status": ["todo", "in_progress", "parked"],
    "level": [0, None, 7],
    "version": [1, 2**53 + 1, 3],
    "estimate": [5, None, -3],
    "score": [0.1, None, 1e300],
    "urgent": [True, None, False],
    "sure": [True, False, True],
    "dueAt": [pd.Timestamp("2026-01-31T09:00:00Z"), None, pd.Timestamp("2026-01-31T09:00:00.123456Z")],
    "labels": [["a", "b"], None, []],
    "meta": [{"a": [1, None]}, None, {}],
}  # fmt: skip


def tasks() -> pd.DataFrame:
    """Three tasks that have everything a file can stumble over."""
    return SCHEMA.frame(["id-1", "id-2", "id-3"], TASKS)


text = st.text(st.characters(exclude_categories=["Cs"])) | st.text(
    "'\"=+-@<>clear \t\r\n,;\0\ufeffjson:{}", max_size=12
)
_json = st.recursive(
    st.none()
    | st.booleans()
    | st.integers(-(2**63), 2**63 - 1)
    | st.floats(allow_nan=False, allow_infinity=False)
    | text,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(text, inner, max_size=3),
    max_leaves=6,
)
_int64 = st.integers(-(2**63), 2**63 - 1)
_floats = st.floats(allow_nan=False, allow_infinity=False)
_times = st.datetimes(min_value=datetime(1, 1, 1), max_value=datetime(9999, 12, 31), timezones=st.just(UTC))
_VALUES: dict[str, st.SearchStrategy[Any]] = {
    "identifier": text,
    "title": text,
    "description": st.none() | text,
    "status": st.none() | st.sampled_from(STATUSES) | text.filter(bool),
    "level": st.none() | st.integers(0, 5),
    "version": _int64,
    "estimate": st.none() | _int64,
    "score": st.none() | _floats,
    "urgent": st.none() | st.booleans(),
    "sure": st.booleans(),
    "dueAt": st.none() | _times.map(pd.Timestamp),
    "labels": st.none() | st.lists(_json, max_size=3),
    "meta": st.none() | st.dictionaries(text, _json, max_size=3),
}


@st.composite
def frames(draw: st.DrawFn) -> pd.DataFrame:
    """Any frame that a load could give."""
    ids = draw(st.lists(text.filter(lambda t: t.strip() != ""), max_size=5, unique=True))
    values = {name: draw(st.lists(of, min_size=len(ids), max_size=len(ids))) for name, of in _VALUES.items()}
    return SCHEMA.frame(ids, values)
