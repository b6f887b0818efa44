"""The log: an oracle can tell from it all that was asked and all that changed."""

from __future__ import annotations

import asyncio
import dataclasses
from typing import Any

import httpx
import pytest

from taskframe.sandbox import Sandbox


def test_every_call_is_logged_whole(box: Sandbox, http: httpx.Client, reload: Any, clock: Any) -> None:
    """A record has the call as sent, the reply as answered, and the wire fields before and after."""
    task = reload.tasks()[0]
    body = {"taskId": task["id"], "version": task["version"], "title": "New"}
    reply = http.post("update-task", json=body)
    (record,) = box.log
    assert (record.n, record.service, record.method) == (0, "reload", "POST")
    assert record.path == "/v1/agent/update-task"
    assert record.body == body
    assert (record.status, record.reply) == (200, reply.json())
    assert (record.actor, record.fault, record.task_id) == ("caller", None, task["id"])
    assert record.at == record.ended == clock.now()
    assert record.before == {k: task[k] for k in ("title", "version", "updatedAt")}
    assert record.after == {k: reload.task(task["id"])[k] for k in ("title", "version", "updatedAt")}
    http.get("list-tasks", params={"limit": 3, "query": ""})
    assert box.log[1].query == (("limit", "3"), ("query", ""))


def test_the_log_holds_no_secret(box: Sandbox, http: httpx.Client, reload: Any) -> None:
    """Tokens, good or bad, are labels in the log."""
    http.get("list-tasks")
    http.get("list-tasks", headers={"Authorization": "Bearer rl_sk_guessed"})
    http.get("list-tasks", headers={"Authorization": f"Bearer {reload.token(label='reader')}"})
    assert [r.headers["authorization"] for r in box.log] == ["<caller>", "<unknown>", "<reader>"]
    assert "rl_sk" not in repr(list(box.log))


def test_records_are_frozen(box: Sandbox, http: httpx.Client) -> None:
    """What is in the log can't be changed afterwards."""
    http.get("list-tasks")
    with pytest.raises(dataclasses.FrozenInstanceError):
        box.log[0].status = 500  # type: ignore[misc]


def test_others_edits_are_logged_as_theirs(box: Sandbox, reload: Any) -> None:
    """A colleague's edit is a write by "other" and no call."""
    task = reload.tasks()[0]
    edited = reload.edit(task["id"], dueAt="2026-02-01T17:00:00.000Z", status="blocked")
    assert edited["version"] == task["version"] + 1
    (record,) = box.log.writes(task["id"])
    assert record.actor == "other"
    assert record.after is not None
    assert record.after["status"] == "blocked"
    assert box.log.calls() == []


def test_calls_and_writes_can_be_picked(box: Sandbox, http: httpx.Client, reload: Any) -> None:
    """`calls` goes by service and path; `writes` by task, leaving out what changed nothing."""
    one, two = reload.tasks()[:2]
    for task in (one, two):
        http.post("update-task", json={"taskId": task["id"], "version": task["version"], "title": "N"})
    http.post("update-task", json={"taskId": one["id"], "version": one["version"] + 1, "title": "N"})
    http.get("list-tasks")
    assert len(box.log.calls()) == len(box.log.calls("reload")) == 4
    assert len(box.log.calls(path="update-task")) == 3
    assert box.log.calls("kore") == []
    assert [r.task_id for r in box.log.writes()] == [one["id"], two["id"]]
    assert [r.n for r in box.log.writes(two["id"])] == [1]
    assert box.log[2].after == {}


def test_bulk_creations_are_writes_of_each_task(box: Sandbox, http: httpx.Client) -> None:
    """A call that creates several tasks is found under each one's id."""
    made = http.post("create-tasks-bulk", json={"tasks": '[{"title": "A"}, {"title": "B"}]'}).json()["data"]
    for task in made:
        (record,) = box.log.writes(task["id"])
        assert record.after is not None
        assert record.after[task["id"]] == task


def test_the_log_is_complete_under_32_clients(box: Sandbox, reload: Any) -> None:
    """With 32 clients at once no call is missing, each write has its own version, and replaying them all
    from the start gives what the server holds in the end.
    """
    start = {t["id"]: t for t in reload.tasks()}
    picked = list(start)[:8]
    answered: list[str] = []

    async def work(http: httpx.AsyncClient, me: int) -> None:
        for turn in range(10):
            task_id = picked[(me + turn) % len(picked)]
            version = reload.task(task_id)["version"]
            body = {"taskId": task_id, "version": version, "title": f"{me}.{turn}"}
            reply = await http.post("update-task", json=body)
            assert reply.status_code in (200, 409)
            answered.append(reply.json()["meta"]["requestId"])

    async def main() -> None:
        settings = box.settings("reload")
        limits = httpx.Limits(max_connections=32)
        async with httpx.AsyncClient(
            base_url=settings["base_url"] + "/v1/agent/",
            headers={"Authorization": f"Bearer {settings['token']}"},
            limits=limits,
            timeout=60,
        ) as http:
            await asyncio.gather(*(work(http, me) for me in range(32)))

    asyncio.run(main())
    assert [r.n for r in box.log] == list(range(320))
    assert sorted(r.reply["meta"]["requestId"] for r in box.log) == sorted(answered)
    replayed = {task_id: dict(start[task_id]) for task_id in picked}
    for record in box.log.writes():
        task = replayed[record.task_id or ""]
        assert record.before is not None
        assert {k: task[k] for k in record.before} == record.before
        task |= record.after or {}
    assert replayed == {task_id: reload.task(task_id) for task_id in picked}
    assert sum(r.status == 200 for r in box.log) == len(box.log.writes())
