"""Any frame that a load of one of the three services could give; and what comes back of it through a file."""

from __future__ import annotations

from collections.abc import Callable
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pandas as pd
from hypothesis import strategies as st

from taskframe.catalogue import EMPTY
from taskframe.changes.baseline import Baseline
from taskframe.changes.diff import Diff, diff
from taskframe.changes.edited import Edited
from taskframe.config import find_service
from taskframe.schema import Column, Schema

SCHEMAS = {name: find_service(name).schema(EMPTY) for name in ("reload", "kore", "pragmatiks")}

text = st.text(st.characters(exclude_categories=["Cs"]), max_size=20) | st.text(
    "'\"=+-@<>clear \t\r\n,;|\0\x01\ufeff_x0041json:{}é€1/", max_size=12
)
_json = st.recursive(
    st.none() | st.booleans() | st.integers(-(2**53), 2**53) | text,
    lambda inner: st.lists(inner, max_size=2) | st.dictionaries(text, inner, max_size=2),
    max_leaves=4,
)
_times = st.datetimes(min_value=datetime(1, 1, 2), max_value=datetime(9999, 12, 30), timezones=st.just(UTC))
_KINDS: dict[str, st.SearchStrategy[Any]] = {
    "text": text,
    "integer": st.integers(-(2**63), 2**63 - 1),
    "number": st.floats(allow_nan=False, allow_infinity=False),
    "boolean": st.booleans(),
    "timestamp": _times.map(pd.Timestamp),
    "list": st.lists(_json, max_size=2),
    "object": st.dictionaries(text, _json, max_size=2),
    "any": _json,
}


def _values(column: Column) -> st.SearchStrategy[Any]:
    kind = st.sampled_from(column.choices) if column.kind == "choice" else _KINDS[column.kind]
    if column.kind == "timestamp" and column.unit == "ms":
        kind = kind.map(lambda time: time.floor("ms"))
    return st.none() | kind if column.nullable else kind


@st.composite
def frames(draw: st.DrawFn, schema: Schema) -> pd.DataFrame:
    """Up to four tasks, with some of the columns."""
    ids = draw(st.lists(text.filter(lambda t: t.strip() != ""), max_size=4, unique=True))
    wanted = draw(st.lists(st.sampled_from(schema.columns), min_size=1, max_size=6, unique_by=lambda c: c.name))
    some = {c.name: draw(st.lists(_values(c), min_size=len(ids), max_size=len(ids))) for c in wanted}
    return schema.frame(ids, {c.name: some[c.name] for c in schema if c.name in some})


def came_back(frame: pd.DataFrame, schema: Schema, read: Callable[[Baseline], Edited]) -> Diff:
    """What a file says of the frame that it was made of."""
    baseline = Baseline.of(frame, schema)
    return diff(baseline, read(baseline))


def transcoded(path: Path, encoding: str) -> Path:
    """The same text in another encoding, as an editor would save it."""
    path.write_bytes(path.read_bytes().decode("utf-8-sig").encode(encoding))
    return path
