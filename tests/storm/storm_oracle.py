"""The oracle of a storm: as of any run; and what is overwritten where no version guards, lies after our last read."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass, field
from functools import cache
from typing import Any

import msgspec

from taskframe.sandbox import Record
from taskframe.testing.oracle import Oracle, Planned
from tests.storm.storm_service import TAG


@dataclass(frozen=True)
class StormOracle(Oracle):
    """`reads`: task → the places in the log at which it was shown to a call that looked for it, and answered."""

    reads: Mapping[str, list[int]] = field(default_factory=dict)
    guarded: bool = True

    def may_overwrite(self, plan: Planned, theirs: Record, ours: Record) -> bool:
        """Only what came after the last read ahead of the write."""
        if self.guarded:
            return False
        reads = [n for n in self.reads.get(plan.id, ()) if n < ours.n]
        return bool(reads) and max(reads) < theirs.n

    def overwritten(self) -> int:
        """How many edits by others were overwritten, within what is promised or not."""
        blind = _Blind(**{name: getattr(self, name) for name in _FIELDS})
        return sum(len(blind._overwritten(p, self._by_task.get(p.id, []))) for p in self.planned)


_FIELDS = ("planned", "told", "records", "held", "calls", "cells", "same")


class _Blind(Oracle):
    """Excuses nothing."""


def reads_of(records: list[Record], wanted: Mapping[str, frozenset[str]], key: str) -> dict[str, list[int]]:
    """Task → the places in the log where it was shown: to a reading that looked for it, or in the reply to a write."""
    found: dict[str, list[int]] = {}
    for record in records:
        if record.actor != "caller" or record.status is None or not 200 <= record.status < 300:
            continue
        tag = dict(record.query).get(TAG)
        looked_for = wanted.get(tag or "", frozenset())
        for task in _shown(record.raw, key):
            if task in looked_for or task == record.task_id:
                found.setdefault(task, []).append(record.n)
    return found


@cache
def _tasks(key: str) -> msgspec.json.Decoder[Any]:
    """Reads nothing of a reply but the ids: of a task, of a list of tasks, or of a page of them."""
    row = msgspec.defstruct("Row", [("id", str | None, None)], rename={"id": key})
    whole = msgspec.defstruct(
        "Whole", [("id", str | None, None), ("results", list[row] | None, None)], rename={"id": key}
    )
    return msgspec.json.Decoder(list[row] | whole)


def _shown(raw: bytes, key: str) -> list[str]:
    """The ids of the tasks in a reply."""
    try:
        reply = _tasks(key).decode(raw)
    except (msgspec.MsgspecError, UnicodeDecodeError):  # it makes no sense, to whoever asked neither
        return []
    rows = reply if isinstance(reply, list) else [reply] if reply.results is None else reply.results
    return [row.id for row in rows if row.id is not None]
