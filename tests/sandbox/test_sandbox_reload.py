"""Reload's protocol, call by call, as a client sees it over the wire."""

from __future__ import annotations

import re
from typing import Any

import httpx
import pytest

from taskframe.errors import SettingsError
from taskframe.sandbox import Sandbox

RFC3339 = re.compile(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z")


def error(reply: httpx.Response) -> tuple[int, str]:
    """The status and code of a failure in the documented envelope."""
    body = reply.json()
    assert body["success"] is False
    assert body["error"]["message"]
    assert RFC3339.fullmatch(body["meta"]["timestamp"])
    return reply.status_code, body["error"]["code"]


def update(http: httpx.Client, task: Any, **fields: Any) -> httpx.Response:
    return http.post("update-task", json={"taskId": task["id"], "version": task["version"], **fields})


def pages(http: httpx.Client, **params: Any) -> list[list[str]]:
    """The ids of every page, following the cursor."""
    found, cursor = [], None
    while True:
        reply = http.get("list-tasks", params=params | ({"cursor": cursor} if cursor else {})).json()
        found.append([t["id"] for t in reply["data"]])
        cursor = reply["meta"]["pagination"]["cursor"]
        assert reply["meta"]["pagination"]["hasMore"] == (cursor is not None)
        if cursor is None or len(found) > 50:
            return found


# Lists


def test_lists_are_newest_first_fifty_at_a_time(http: httpx.Client, reload: Any) -> None:
    """Without parameters: the newest 50 tasks whole, the total, a cursor."""
    reply = http.get("list-tasks").json()
    assert reply["success"] is True
    assert reply["data"] == reload.tasks()[:50]
    pagination = reply["meta"]["pagination"]
    assert (pagination["hasMore"], pagination["total"], pagination["historyCutoff"]) == (True, 230, None)
    assert reply["meta"]["requestId"]
    times = [t["createdAt"] for t in reload.tasks()]
    assert times == sorted(times, reverse=True)


def test_a_limit_is_at_most_100(http: httpx.Client) -> None:
    """1 to 100 are taken, as an SDK's 7.0 is; anything else is invalid input."""
    assert len(http.get("list-tasks", params={"limit": 100}).json()["data"]) == 100
    assert len(http.get("list-tasks", params={"limit": "7.0"}).json()["data"]) == 7
    for limit in ("101", "0", "-1", "2.5", "many", "", "nan"):
        assert error(http.get("list-tasks", params={"limit": limit})) == (400, "invalid_input")


@pytest.mark.parametrize("column", ["status", "priority", "assigneeUserId", "assigneeAgentId", "channelId"])
def test_filters_pick_what_they_say(http: httpx.Client, reload: Any, column: str) -> None:
    """Each filter takes one value and gives exactly the tasks that have it."""
    value = next(t[column] for t in reload.tasks() if t[column])
    want = [t["id"] for t in reload.tasks() if t[column] == value]
    reply = http.get("list-tasks", params={column: value, "limit": 100}).json()
    assert [t["id"] for t in reply["data"]] == want[:100]
    assert reply["meta"]["pagination"]["total"] == len(want)


def test_filters_go_together(http: httpx.Client, reload: Any) -> None:
    """Several filters all hold."""
    want = [t["id"] for t in reload.tasks() if t["status"] == "todo" and t["priority"] == "low"]
    reply = http.get("list-tasks", params={"status": "todo", "priority": "low"}).json()
    assert [t["id"] for t in reply["data"]] == want


def test_text_search_ignores_case_and_finds_parts(http: httpx.Client, reload: Any) -> None:
    """`query` is looked for in title, description and identifier, and sees edits at once."""

    def find(text: str) -> list[str]:
        reply = http.get("list-tasks", params={"query": text, "limit": 100}).json()
        return [t["identifier"] for t in reply["data"]]

    assert find("t-10") == [f"T-{n}" for n in (*range(109, 99, -1), 10)]
    assert find("T-230") == ["T-230"]
    one, two, three = reload.tasks()[:3]
    reload.edit(one["id"], title="ÄRGER mit 100% der Fälle")
    reload.edit(two["id"], description="viel *ärger*")
    assert find("Ärger") == [one["identifier"], two["identifier"]]
    assert find("100%") == [one["identifier"]]
    reload.delete(one["id"])
    assert find("ärger") == [two["identifier"]]
    assert three["identifier"] not in find("ärger")


@pytest.mark.parametrize(
    "query",
    ["status=open", "priority=", "status=todo&status=done", "limit=3&limit=3", "assignee=x", "status=todo,done"],
)
def test_parameters_out_of_the_documentation_are_refused(http: httpx.Client, query: str) -> None:
    """A repeated, unknown or ill-valued parameter is invalid input, not a list of something else."""
    assert error(http.get(f"list-tasks?{query}")) == (400, "invalid_input")


def test_my_tasks_are_those_assigned_to_the_caller(http: httpx.Client, reload: Any) -> None:
    """`list-my-tasks` goes by the token's holder, person or agent."""
    mine = [t["id"] for t in reload.tasks() if t["assigneeUserId"] == reload.caller["id"]]
    reply = http.get("list-my-tasks", params={"limit": 100}).json()
    assert [t["id"] for t in reply["data"]] == mine
    done = http.get("list-my-tasks", params={"status": "done"}).json()["data"]
    assert {t["status"] for t in done} == {"done"}
    agent = next(p["id"] for p in reload.people if p["kind"] == "agent")
    bearer = {"Authorization": f"Bearer {reload.token(user=agent)}"}
    theirs = http.get("list-my-tasks", headers=bearer).json()["data"]
    assert {t["assigneeAgentId"] for t in theirs} == {agent}


def test_an_honoured_cursor_pages_through_everything_once(http: httpx.Client, reload: Any) -> None:
    """`cursor = "honour"`: all tasks, each once, even when others write and create meanwhile."""
    reload.cursor = "honour"
    want = [t["id"] for t in reload.tasks()]
    first = http.get("list-tasks", params={"limit": 100}).json()
    reload.edit(want[150], title="Moved")
    reload.add(title="Newer than all")
    cursor = first["meta"]["pagination"]["cursor"]
    rest = []
    while cursor:
        reply = http.get("list-tasks", params={"limit": 100, "cursor": cursor}).json()
        rest += reply["data"]
        cursor = reply["meta"]["pagination"]["cursor"]
    assert [t["id"] for t in first["data"] + rest] == want
    assert error(http.get("list-tasks", params={"cursor": "made-up"})) == (400, "invalid_input")


def test_an_ignored_cursor_gives_the_first_page_again(http: httpx.Client, reload: Any) -> None:
    """`cursor = "ignore"`: the same page, which still claims to have more."""
    reload.cursor = "ignore"
    found = pages(http, limit=100)
    assert found[0] == found[1] == found[-1]


def test_a_refused_cursor_is_an_unknown_parameter(http: httpx.Client, reload: Any) -> None:
    """`cursor = "refuse"`: a cursor is reported, and 400 when it comes back."""
    reload.cursor = "refuse"
    cursor = http.get("list-tasks").json()["meta"]["pagination"]["cursor"]
    assert error(http.get("list-tasks", params={"cursor": cursor})) == (400, "invalid_input")


def test_shifting_pages_miss_and_repeat_tasks(http: httpx.Client, reload: Any) -> None:
    """`shifting = True`: an edit between two pages pushes a task from one page into the next."""
    reload.shifting = True
    assert sorted(i for page in pages(http, limit=100) for i in page) == sorted(t["id"] for t in reload.tasks())
    first = http.get("list-tasks", params={"limit": 100}).json()
    seen = [t["id"] for t in first["data"]]
    unseen = next(t["id"] for t in reload.tasks() if t["id"] not in seen)
    reload.edit(unseen, title="Now the last updated")
    cursor = first["meta"]["pagination"]["cursor"]
    second = http.get("list-tasks", params={"limit": 100, "cursor": cursor}).json()
    assert second["data"][0]["id"] == seen[-1]


def test_switches_of_the_listing(http: httpx.Client, reload: Any) -> None:
    """The total may be left out, a history cutoff reported, keys left out, versions be floats."""
    reload.total = False
    reload.history_cutoff = (12, "2025-06-01T00:00:00.000Z")
    reload.omit = ("status", "priority")
    reload.float_versions = True
    reply = http.get("list-tasks", params={"limit": 1})
    assert re.search(r'"version":\d+\.0\b', reply.text)
    assert not {"status", "priority"} & set(reply.json()["data"][0])
    pagination = reply.json()["meta"]["pagination"]
    assert "total" not in pagination
    assert pagination["historyCutoff"] == {"beyondCount": 12, "cutoffAt": "2025-06-01T00:00:00.000Z"}


# Updates


def test_an_update_writes_what_is_given_and_answers_with_the_whole_task(
    http: httpx.Client, reload: Any, clock: Any
) -> None:
    """Every documented field can be set; the version goes up by one, `updatedAt` is the clock's."""
    task = reload.tasks()[0]
    user, agent = reload.people[3]["id"], reload.people[-1]["id"]
    clock.move(1.5)
    fields = {"status": "in_progress", "priority": "urgent", "title": "T" * 500, "description": ""}
    reply = update(http, task, **fields, assigneeUserId=user, assigneeAgentId=agent).json()["data"]
    assert reply == reload.task(task["id"])
    assert {k: reply[k] for k in fields} == fields
    assert (reply["assigneeUserId"], reply["assigneeAgentId"]) == (user, agent)
    assert reply["version"] == task["version"] + 1
    assert reply["updatedAt"] == "2026-01-09T09:00:01.500Z"
    freed = update(http, reply, assigneeUserId=None, assigneeAgentId=None).json()["data"]
    assert (freed["assigneeUserId"], freed["assigneeAgentId"]) == (None, None)


def test_a_stale_version_is_a_conflict(http: httpx.Client, reload: Any) -> None:
    """409 leaves the task alone, however often the same version is sent; 3 and 3.0 are one version."""
    task = reload.tasks()[0]
    assert update(http, {**task, "version": float(task["version"])}, title="A").status_code == 200
    for stale in (task["version"], task["version"] + 2, task["version"] + 0.5):
        assert error(update(http, {**task, "version": stale}, title="B")) == (409, "conflict")
    assert reload.task(task["id"])["title"] == "A"


def test_an_update_that_changes_nothing_keeps_the_version(http: httpx.Client, reload: Any) -> None:
    """Equal values, or none at all, succeed and leave the task untouched."""
    task = reload.tasks()[0]
    assert update(http, task).json()["data"] == task
    assert update(http, task, title=task["title"], status=task["status"]).json()["data"] == task
    assert reload.task(task["id"]) == task


@pytest.mark.parametrize(
    "fields",
    [
        {"title": ""},
        {"title": "x" * 501},
        {"title": None},
        {"title": 3},
        {"description": None},
        {"status": "open"},
        {"status": None},
        {"priority": 2},
        {"assigneeUserId": "usr_nobody"},
        {"assigneeUserId": ""},
        {"assigneeAgentId": 7},
        {"dueAt": None},
        {"channelId": "x"},
        {"version": "3"},
        {"version": None},
        {"version": True},
        {"taskId": None},
        {"id": "x"},
    ],
    ids=str,
)
def test_what_an_update_does_not_take_is_invalid_input(http: httpx.Client, reload: Any, fields: Any) -> None:
    """Wrong types, choices, lengths, references, unknown fields: 400, and nothing is written."""
    task = reload.tasks()[0]
    body = {"taskId": task["id"], "version": task["version"], "priority": "high", **fields}
    assert error(http.post("update-task", json=body)) == (400, "invalid_input")
    assert reload.task(task["id"]) == task


@pytest.mark.parametrize("content", [b"", b"{", b"[]", b'"x"', b'{"taskId": "\\ud800"}', b"\xff"])
def test_a_body_must_be_an_object(http: httpx.Client, content: bytes) -> None:
    """Anything but a JSON object is invalid input."""
    assert error(http.post("update-task", content=content)) == (400, "invalid_input")


def test_an_agent_is_no_user(http: httpx.Client, reload: Any) -> None:
    """An id goes into the field of its kind only."""
    task, user, agent = reload.tasks()[0], reload.people[1]["id"], reload.people[-1]["id"]
    assert error(update(http, task, assigneeUserId=agent)) == (400, "invalid_input")
    assert error(update(http, task, assigneeAgentId=user)) == (400, "invalid_input")


def test_moments_follow_the_status(http: httpx.Client, reload: Any) -> None:
    """Started, completed and cancelled are set by the status, and taken back with it."""
    task = next(t for t in reload.tasks() if t["status"] == "todo")

    def moments(status: str) -> list[bool]:
        done = update(http, reload.task(task["id"]), status=status).json()["data"]
        return [done[k] is not None for k in ("startedAt", "completedAt", "cancelledAt")]

    assert moments("in_progress") == [True, False, False]
    assert moments("done") == [True, True, False]
    assert moments("cancelled") == [True, False, True]
    assert moments("todo") == [False, False, False]


# The other calls


def test_verbs_change_a_task_without_its_version(http: httpx.Client, reload: Any) -> None:
    """Complete, cancel, block, release and comment take no version, and bump it."""
    task = next(t for t in reload.tasks() if t["assigneeUserId"] == reload.caller["id"] and t["status"] == "todo")
    calls = [
        ("block-task", {"reason": "waits for @ada"}, {"status": "blocked"}),
        ("cancel-task", {"reason": "obsolete"}, {"status": "cancelled"}),
        ("complete-task", {}, {"status": "done"}),
        ("release-task", {}, {"assigneeUserId": None}),
    ]
    for n, (name, body, want) in enumerate(calls, start=1):
        data = http.post(name, json={"taskId": task["id"], **body}).json()["data"]
        assert {k: data[k] for k in want} == want
        assert data["version"] == task["version"] + n
    said = http.post("comment-on-task", json={"taskId": task["id"], "body": "Done, @ada"}).json()["data"]
    assert (said["taskId"], said["body"]) == (task["id"], "Done, @ada")
    assert said["mentions"] == [{"id": reload.people[0]["id"], "type": "user"}]
    assert reload.task(task["id"])["version"] == task["version"] + 5
    assert [c["body"] for c in reload.comments(task["id"])] == ["waits for @ada", "obsolete", "Done, @ada"]


def test_only_the_assignee_can_release(http: httpx.Client, reload: Any) -> None:
    """Releasing somebody else's task is not allowed."""
    task = next(t for t in reload.tasks() if t["assigneeUserId"] == reload.people[1]["id"])
    assert error(http.post("release-task", json={"taskId": task["id"]})) == (403, "permission_denied")


@pytest.mark.parametrize("name", ["block-task", "comment-on-task"])
def test_a_text_is_required_where_the_docs_say_so(http: httpx.Client, reload: Any, name: str) -> None:
    """No reason, no block; no body, no comment."""
    body = {"taskId": reload.tasks()[0]["id"]}
    assert error(http.post(name, json=body)) == (400, "invalid_input")
    field = "reason" if name == "block-task" else "body"
    assert error(http.post(name, json=body | {field: ""})) == (400, "invalid_input")


def test_a_created_task_is_the_newest(http: httpx.Client, reload: Any, clock: Any) -> None:
    """It has the next identifier, version 1, the caller as its creator, and can be listed."""
    clock.move(60)
    task = http.post("create-task", json={"title": "New", "channelId": reload.channels[0]["id"]}).json()["data"]
    assert (task["identifier"], task["version"], task["status"]) == ("T-231", 1, "todo")
    assert task["createdByUserId"] == reload.caller["id"]
    assert reload.tasks()[0] == task
    assert http.get("list-tasks", params={"limit": 1}).json()["data"] == [task]


@pytest.mark.parametrize(
    "body",
    [{}, {"title": ""}, {"title": "x", "status": "done"}, {"title": "x", "parentTaskId": "x"}, {"title": "x", "a": 1}],
    ids=str,
)
def test_a_bad_creation_is_refused(http: httpx.Client, reload: Any, body: Any) -> None:
    """What `create-task` does not take creates nothing."""
    assert error(http.post("create-task", json=body)) == (400, "invalid_input")
    assert len(reload.tasks()) == 230


@pytest.mark.parametrize(
    "tasks",
    ["", "[]", "{}", [{"title": "x"}], '[{"title": "x"}, {"title": ""}]', "[" + ",".join(['{"title":"x"}'] * 51) + "]"],
    ids=["text", "none", "object", "no string", "one bad", "51"],
)
def test_bulk_creation_is_all_or_none(http: httpx.Client, reload: Any, tasks: Any) -> None:
    """A string with an array of 1 to 50 good tasks, or nothing is created."""
    assert error(http.post("create-tasks-bulk", json={"tasks": tasks})) == (400, "invalid_input")
    assert len(reload.tasks()) == 230


def test_a_plan_limit_stops_creation(http: httpx.Client, reload: Any) -> None:
    """Past the plan's allowance creation answers 402."""
    reload.plan_limit = 1
    assert http.post("create-task", json={"title": "One"}).status_code == 200
    assert error(http.post("create-task", json={"title": "Two"})) == (402, "plan_limit_reached")


def test_an_identity_is_found_by_handle_or_email(http: httpx.Client, reload: Any) -> None:
    """With @ or without, in any case; exactly one of the two; unknown ones are 404."""
    person = reload.people[1]
    want = {k: person[k] for k in ("id", "kind", "displayName", "handle")}
    for params in ({"handle": "bjorn"}, {"handle": "@Bjorn"}, {"email": "BJORN@example.com"}):
        assert http.get("resolve-identity", params=params).json()["data"] == want
    assert error(http.get("resolve-identity", params={"handle": "nobody"})) == (404, "not_found")
    assert error(http.get("resolve-identity", params={"email": ""})) == (404, "not_found")
    assert error(http.get("resolve-identity")) == (400, "invalid_input")
    both = {"handle": "bjorn", "email": "bjorn@example.com"}
    assert error(http.get("resolve-identity", params=both)) == (400, "invalid_input")


# Who may


def test_only_good_tokens_are_let_in(box: Sandbox, http: httpx.Client, reload: Any, clock: Any) -> None:
    """Missing, unknown, revoked and expired ones are 401; one that is restored works again."""
    short = reload.token(expires_in=60)
    for header in ("", "Bearer", "Bearer rl_sk_x", "Basic x"):
        got = httpx.get(f"{box.url}/reload/v1/agent/list-tasks", headers={"Authorization": header} if header else {})
        assert error(got)[0] == 401
    bearer = {"Authorization": f"bearer {short}"}
    assert http.get("list-tasks", headers=bearer).status_code == 200
    clock.move(60)
    assert http.get("list-tasks", headers=bearer).status_code == 401
    reload.revoke()
    assert http.get("list-tasks").status_code == 401
    reload.restore()
    assert http.get("list-tasks").status_code == 200
    with pytest.raises(SettingsError):
        reload.revoke("rl_sk_x")


def test_a_scope_is_needed(http: httpx.Client, reload: Any) -> None:
    """Reading wants `task-read`, writing `task-write`; without it 403, before anything else is looked at."""
    reader = {"Authorization": f"Bearer {reload.token(scopes=['task-read'])}"}
    writer = {"Authorization": f"Bearer {reload.token(scopes=['task-write'])}"}
    assert http.get("list-tasks", headers=reader).status_code == 200
    assert error(http.post("update-task", json={}, headers=reader)) == (403, "permission_denied")
    assert error(http.get("list-tasks", headers=writer)) == (403, "permission_denied")


def test_a_token_may_see_only_its_own_tasks(http: httpx.Client, reload: Any) -> None:
    """`sees="own"`: what the holder is assigned or created; a task that is reassigned away vanishes."""
    me = reload.people[2]["id"]
    bearer = {"Authorization": f"Bearer {reload.token(user=me, sees='own')}"}
    seen = http.get("list-tasks", params={"limit": 100}, headers=bearer).json()["data"]
    assert seen
    assert all(me in (t["assigneeUserId"], t["createdByUserId"]) for t in seen)
    mine = next(t for t in seen if t["createdByUserId"] != me)
    body = {"taskId": mine["id"], "version": mine["version"], "assigneeUserId": None}
    assert http.post("update-task", json=body, headers=bearer).status_code == 200
    again = http.get("list-tasks", params={"query": mine["identifier"]}, headers=bearer).json()["data"]
    assert mine["id"] not in [t["id"] for t in again]
    gone = http.post("update-task", json={**body, "version": mine["version"] + 1}, headers=bearer)
    assert error(gone) == (404, "not_found")


def test_what_is_not_there(http: httpx.Client, reload: Any) -> None:
    """Unknown tasks, deleted tasks and unknown calls are 404; a wrong method is 405."""
    task = reload.tasks()[0]
    reload.delete(task["id"])
    for gone in (task, {"id": "tsk_none", "version": 1}):
        assert error(update(http, gone, title="x")) == (404, "not_found")
    assert task["id"] not in pages(http, limit=100)[0]
    with pytest.raises(KeyError):
        reload.task(task["id"])
    assert error(http.post("delete-task", json={})) == (404, "not_found")
    wrong = http.get("update-task")
    assert error(wrong) == (405, "invalid_input")
    assert wrong.headers["allow"] == "POST"


def test_failures_say_whether_to_try_again(box: Sandbox, http: httpx.Client) -> None:
    """`retryable` is true for rate limits, outages and internal errors, false for the caller's own mistakes."""
    for kind in ("429", "503", "500"):
        box.faults.add(kind)
        assert http.get("list-tasks").json()["error"]["retryable"] is True
    assert http.get("list-tasks", params={"limit": 0}).json()["error"]["retryable"] is False


def test_an_edit_names_a_column_that_exists(reload: Any) -> None:
    """The oracle's own typos are errors."""
    with pytest.raises(SettingsError, match="title"):
        reload.edit(reload.tasks()[0]["id"], titel="x")
