"""Where many ids are among many others: the ids of most services are of one length, and then numbers stand for them."""

from __future__ import annotations

from collections.abc import Collection
from typing import Any

import numpy as np
import pandas as pd

_LONGEST = 64  # bytes
_MANY = 100  # times as long as looking for an id takes to make a scalar
_WEIGHTS = np.random.default_rng(2).integers(0, 2**64, _LONGEST // 8, dtype=np.uint64) | np.uint64(1)


def places_of(wanted: pd.Index, known: pd.Index) -> np.ndarray:
    """The place of each wanted id in `known`, whose ids are unique; -1 for those that are not there."""
    theirs = _words(wanted)
    ours = None if theirs is None else _words(known)
    if ours is None or theirs is None or ours.shape[1] != theirs.shape[1]:
        return np.asarray(known.get_indexer(wanted))
    weights = _WEIGHTS[: ours.shape[1]]
    numbers = pd.Index(ours @ weights)
    if not numbers.is_unique:
        return np.asarray(known.get_indexer(wanted))
    places = np.asarray(numbers.get_indexer(pd.Index(theirs @ weights)))
    there = places >= 0
    if not np.array_equal(ours[places[there]], theirs[there]):  # other ids may have the number of ours
        return np.asarray(known.get_indexer(wanted))
    return places


def among(ids: pd.Index, wanted: Collection[object]) -> np.ndarray:
    """Which of the ids are wanted, as a mask. `isin` makes a scalar of Arrow's of each wanted one, so it is for few."""
    known = {one for one in wanted if isinstance(one, str)}
    if _MANY * len(known) < len(ids):
        return np.asarray(ids.isin(list(known)))
    return np.fromiter((one in known for one in ids.tolist()), dtype=bool, count=len(ids))


def _words(ids: pd.Index) -> np.ndarray | None:
    """Ids of Arrow's as rows of eight bytes each; None where they are of several lengths, or otherwise kept."""
    array = ids.array
    if not isinstance(array, pd.arrays.ArrowStringArray) or ids.hasnans or len(ids) < 1_000:
        return None
    chunked = array.__arrow_array__()
    parts = [part for chunk in getattr(chunked, "chunks", [chunked]) if (part := _bytes(chunk)) is not None]
    if len(parts) < len(getattr(chunked, "chunks", [chunked])) or len({part.shape[1] for part in parts}) != 1:
        return None
    found = parts[0] if len(parts) == 1 else np.concatenate(parts)
    length = found.shape[1]
    if length % 8:
        padded = np.full((len(found), length + 8 - length % 8), 0xFF, dtype=np.uint8)  # of no text: "id" is not "id\0"
        padded[:, :length] = found
        found = padded
    return np.ascontiguousarray(found).view(np.uint64)


def _bytes(chunk: Any) -> np.ndarray | None:
    """The bytes of texts of one length, a row each."""
    if not str(chunk.type).endswith("string") or not len(chunk):
        return None
    wide = str(chunk.type).startswith("large")
    offsets = np.frombuffer(chunk.buffers()[1], dtype=np.int64 if wide else np.int32)
    offsets = offsets[chunk.offset : chunk.offset + len(chunk) + 1]
    length = int(offsets[1] - offsets[0])
    if not 0 < length <= _LONGEST or (np.diff(offsets) != length).any():
        return None
    data = np.frombuffer(chunk.buffers()[2], dtype=np.uint8)
    return data[offsets[0] : offsets[-1]].reshape(-1, length)
