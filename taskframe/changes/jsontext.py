"""Lists and objects as JSON text, of which equal texts mean equal values."""

from __future__ import annotations

import json
from collections.abc import Sequence
from typing import Any, Final

import msgspec
import pandas as pd

from taskframe import arrays


def json_text(value: Any) -> str | None:
    """A list or object as JSON text with sorted keys; None for null. Equal texts mean equal values."""
    if value is None or value is pd.NA or (isinstance(value, float) and value != value):
        return None
    try:
        return msgspec.json.encode(value, order="deterministic").decode()
    except UnicodeEncodeError:  # half a surrogate pair, which only \u can say
        return json.dumps(value, sort_keys=True, separators=(",", ":"))


def json_column(values: Sequence[Any]) -> Any:
    """Each value as `json_text` gives it, as an array of texts: never more than some of them as Python's own."""
    try:
        return arrays.written_texts(values, _ENCODER.encode_into)
    except (TypeError, ValueError):  # pd.NA, NaN, half a surrogate pair; no Arrow
        texts = arrays.Texts()
    for start in range(0, len(values), _BLOCK):
        texts.add(json_texts(values[start : start + _BLOCK]))
    return texts.array()


def json_texts(values: Sequence[Any]) -> list[str | None]:
    """Each value as `json_text` gives it, many at a time."""
    try:
        lines = encode_lines(values)
    except (TypeError, ValueError):  # pd.NA, half a surrogate pair
        return [json_text(value) for value in values]
    return [json_text(v) if text == "null" else text for text, v in zip(lines, values, strict=True)]


def encode_lines(values: Sequence[Any]) -> list[str]:
    """Each value as msgspec writes it; "null" for what has no JSON. Raises what msgspec raises."""
    texts = _ENCODER.encode_lines(values).decode().split("\n")  # there are no other line ends in JSON
    return texts[:-1]


_ENCODER: Final = msgspec.json.Encoder(order="deterministic")
_BLOCK: Final = 1_024


def json_value(text: Any) -> Any:
    """What `json_text` was given."""
    if not isinstance(text, str):
        return None
    try:
        return msgspec.json.decode(text)
    except msgspec.DecodeError:
        return json.loads(text)
