"""Outcomes and steps as JSON, and back."""

from __future__ import annotations

import json
import zlib
from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from taskframe.changes.edit import Row
from taskframe.changes.merge import Conflict
from taskframe.changes.normal import parse, plain
from taskframe.engine.outcome import Outcome
from taskframe.errors import JournalError
from taskframe.schema import Schema, Unfit


def packed(value: Any) -> bytes:
    """JSON, compressed: a plan repeats itself."""
    return zlib.compress(encoded(value), 1)


def unpacked(data: bytes) -> Any:
    """What `packed` was given."""
    return decoded(zlib.decompress(data))


def encoded(value: Any) -> bytes:
    """JSON. A time becomes text; half a surrogate pair, which only an escape can say, is kept."""
    try:
        return msgspec.json.encode(value, enc_hook=_text)
    except UnicodeEncodeError:
        return json.dumps(value, separators=(",", ":"), default=_text).encode("ascii")


def decoded(data: bytes) -> Any:
    """What `encoded` was given."""
    try:
        return msgspec.json.decode(data)
    except msgspec.DecodeError:
        return json.loads(data)


def _text(value: Any) -> Any:
    if isinstance(value, datetime):
        return plain(value)
    if isinstance(value, Mapping):
        return dict(value)
    raise TypeError(f"{type(value).__name__} can't be kept in the journal")


def outcome_json(outcome: Outcome) -> dict[str, Any]:
    """An outcome as plain JSON (times excepted)."""
    return {
        "id": outcome.id,
        "kind": outcome.kind,
        "detail": outcome.detail,
        "attempts": outcome.attempts,
        "status": outcome.status_code,
        "request": outcome.request_id,
        "row": None if outcome.row is None else dict(outcome.row),
        "conflicts": [[c.column, c.base, c.ours, c.theirs] for c in outcome.conflicts],
        "read_age": outcome.read_age,
        "written": dict(outcome.written),
        "before": dict(outcome.before),
        "left": outcome.left,
        "at": outcome.at,
        **({"answered": dict(outcome.answered)} if outcome.answered else {}),
    }


def json_outcome(data: Mapping[str, Any], schema: Schema) -> Outcome:
    """The outcome that `outcome_json` was given. Raises JournalError."""
    try:
        row = data["row"]
        return Outcome(
            data["id"],
            data["kind"],
            data["detail"],
            data["attempts"],
            data["status"],
            data["request"],
            None if row is None else cells(row, schema),
            tuple(_conflict(parts, schema) for parts in data["conflicts"]),
            data["read_age"],
            cells(data["written"], schema),
            cells(data["before"], schema),
            data["left"],
            data.get("at"),
            cells(data.get("answered", {}), schema),
        )
    except (LookupError, TypeError, ValueError) as error:
        raise JournalError(f"an outcome in the journal makes no sense: {error!r}") from error


def _conflict(parts: Any, schema: Schema) -> Conflict:
    name, *three = parts
    base, ours, theirs = (cells({name: value}, schema)[name] for value in three)
    return Conflict(name, base, ours, theirs)


def cells(found: Mapping[str, Any], schema: Schema) -> Row:
    """Cells in normal form again: JSON has no times."""
    return {name: _cell(name, value, schema) for name, value in found.items()}


def _cell(name: str, value: Any, schema: Schema) -> Any:
    if name not in schema or schema[name].kind != "timestamp":
        return value
    try:
        return parse(value, schema[name])
    except Unfit:
        return value
