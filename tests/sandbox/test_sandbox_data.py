"""The seeded tasks: the same for the same seed, and like a company's own."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from typing import Any

import pytest

from taskframe.sandbox import Sandbox


@pytest.fixture(scope="module")
def large() -> Iterator[Any]:
    with Sandbox(tasks=2_000, seed=7) as box:
        yield box["reload"]


def test_the_same_seed_gives_the_same_tasks_and_people() -> None:
    """Tasks, people, channels and token follow from the seed, whatever the clock says."""
    seen = []
    for seed in (1, 1, 2):
        with Sandbox(tasks=60, seed=seed) as box:
            reload = box["reload"]
            seen.append((reload.tasks(), reload.people, reload.channels, box.settings("reload")["token"]))
    assert seen[0] == seen[1]
    assert all(one != other for one, other in zip(seen[0], seen[2], strict=True))


def test_every_task_has_every_key(large: Any) -> None:
    """All 24 keys are present; null only where the protocol allows it."""
    may_be_null = {
        *("description", "dueAt", "assigneeUserId", "assigneeAgentId", "createdByUserId", "createdByAgentId"),
        *("parentTaskId", "channelId", "originMessageId", "originExtractionId", "startedAt", "completedAt"),
        *("cancelledAt", "archivedAt", "deletedAt"),
    }
    for task in large.tasks():
        assert len(task) == 24
        assert {k for k, v in task.items() if v is None} <= may_be_null
    filled = {k for t in large.tasks() for k, v in t.items() if v is not None}
    assert filled == set(large.tasks()[0]) - {"deletedAt"}


def test_work_is_spread_as_in_a_company(large: Any) -> None:
    """About 12 % are nobody's, 8 % an agent's and then no person's; all statuses and priorities occur, unevenly."""
    tasks = large.tasks()
    nobody = sum(t["assigneeUserId"] is None and t["assigneeAgentId"] is None for t in tasks)
    agents = sum(t["assigneeAgentId"] is not None for t in tasks)
    assert 0.10 < nobody / len(tasks) < 0.14
    assert 0.06 < agents / len(tasks) < 0.10
    assert not any(t["assigneeUserId"] and t["assigneeAgentId"] for t in tasks)
    users = Counter(t["assigneeUserId"] for t in tasks if t["assigneeUserId"])
    assert len(users) == 14
    assert max(users.values()) > 2 * min(users.values())
    for column, n in (("status", 8), ("priority", 5)):
        counts = Counter(t[column] for t in tasks)
        assert len(counts) == n
        assert max(counts.values()) > 3 * min(counts.values())


def test_moments_are_in_order(large: Any) -> None:
    """Nothing starts before it was created or ends before it started; numbers go up with time."""
    tasks = large.tasks()[::-1]
    assert [t["identifier"] for t in tasks] == [f"T-{i}" for i in range(1, len(tasks) + 1)]
    for task in tasks:
        ended = task["completedAt"] or task["cancelledAt"]
        moments = [task["createdAt"], task["startedAt"], ended]
        known = [m for m in moments if m]
        assert known == sorted(known)
        assert task["createdAt"] <= task["updatedAt"] <= "2026-01-09T09:00:00.000Z"
        assert (task["completedAt"] is not None) == (task["status"] == "done")
        assert (task["cancelledAt"] is not None) == (task["status"] == "cancelled")


def test_references_lead_somewhere(large: Any) -> None:
    """Assignees, creators, channels and parents exist; a parent is an older task."""
    people = {p["id"] for p in large.people} | {None}
    channels = {c["id"] for c in large.channels} | {None}
    made = {t["id"]: t["createdAt"] for t in large.tasks()}
    for task in large.tasks():
        for key in ("assigneeUserId", "assigneeAgentId", "createdByUserId", "createdByAgentId"):
            assert task[key] in people
        assert task["channelId"] in channels
        parent = task["parentTaskId"]
        assert parent is None or made[parent] <= task["createdAt"]


def test_texts_are_varied_and_awkward(large: Any) -> None:
    """Titles differ, fit into 500 characters and one line; markup, formulas, quotes, emoji and long ones occur."""
    titles = [t["title"] for t in large.tasks()]
    assert len(set(titles)) > 1_200
    assert all(1 <= len(t) <= 500 and "\n" not in t for t in titles)
    for part in ("<b>", "🔥", "=SUM", '"Smith, John"', "Ñ", "東京"):
        assert any(part in t for t in titles)
    texts = [t["description"] for t in large.tasks()]
    assert 0.15 < sum(t is None for t in texts) / len(texts) < 0.3
    assert any(t is not None and "\n" in t for t in texts)
    assert any(t is not None and len(t) > 800 for t in texts)


def test_people_can_be_told_apart(large: Any) -> None:
    """14 people with addresses at example.com and 4 agents without; ids, names and handles are unique."""
    people = large.people
    assert Counter(p["kind"] for p in people) == {"user": 14, "agent": 4}
    for key in ("id", "displayName", "handle"):
        assert len({p[key] for p in people}) == 18
    assert all(p["email"].endswith("@example.com") for p in people if p["kind"] == "user")
    assert large.caller in people
