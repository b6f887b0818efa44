"""The server's count of calls is the report's: no client tries again by itself."""

from __future__ import annotations

from collections import Counter
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.storm.storm import SERVICES, storm

DEADLY = ["drop", "drop-after", ("drop", {"reset": True}), ("drop-after", {"reset": True}), "cut-socket", "503", "500"]
"""What makes HTTP clients try again, if anything does."""


@pytest.mark.parametrize("own", [False, True], ids=["ours", "httpx"])
@pytest.mark.parametrize("service", SERVICES)
def test_calls_and_attempts_are_the_servers(service: str, own: bool, tmp_path: Path) -> None:
    """Over our own transport and over a user's httpx client: calls in all, and writes of each task."""
    client = httpx.AsyncClient() if own else None
    with storm(service, tmp_path, tasks=80) as s:
        conn = s.connect(client=client)
        tasks = conn.load()
        tasks.df[s.title.name] = [f"ours {n}" for n in range(80)]
        plan = tasks.plan()
        start = len(s.stage.box.log)
        s.stage.faults.storm(0.4, kinds=DEADLY, seed=4)
        report = plan.apply(confirm=80)
        s.stage.faults.clear()
        records = [r for r in s.stage.since(start) if r.actor == "caller"]
        assert report.calls == len(records)
        seen = Counter(r.task_id for r in records if r.task_id is not None)
        assert report.outcomes["attempts"].to_dict() == {str(task): seen[str(task)] for task in tasks.df.index}
        assert max(seen.values()) > 1
        if client is not None:
            conn.run(client.aclose())


@pytest.mark.parametrize("fault", DEADLY)
@pytest.mark.parametrize("own", [False, True], ids=["ours", "httpx"])
def test_a_read_is_sent_once_too(own: bool, fault: Any, tmp_path: Path) -> None:
    """GET, which clients hold to be safe to send again: as many calls as the report tells of."""
    kind, how = (fault, {}) if isinstance(fault, str) else fault
    client = httpx.AsyncClient() if own else None
    with storm("reload", tmp_path, tasks=40) as s:
        conn = s.connect(client=client)
        tasks = conn.load(limit=1)
        tasks.df["title"] = "ours"
        s.kit.colleague(s.stage, str(tasks.df.index[0]), s.schema["priority"], "urgent")
        s.kit.colleague(s.stage, str(tasks.df.index[0]), s.schema["priority"], "low")
        start = len(s.stage.box.log)
        s.stage.faults.add(kind, times=2, match="/list-tasks", **how)
        report = tasks.plan().apply(confirm=1)
        records = [r for r in s.stage.since(start) if r.actor == "caller"]
        assert report.counts == {"applied": 1}
        assert report.calls == len(records) == 5
        if client is not None:
            conn.run(client.aclose())
