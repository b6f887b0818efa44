"""The vendor's own client, unchanged, against the sandbox.

`reload-sdk` 1.0.0 was made by the vendor from its own description of the service: what it sends, takes and
raises is the nearest thing to the real one. Its models forbid less than they seem to, so replies are also
compared with what the sandbox holds.
"""

from __future__ import annotations

import asyncio
import inspect
import json
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest
import reload as sdk
from reload import AsyncReloadApi, ReloadApi
from reload.core.api_error import ApiError
from reload.tasks.client import TasksClient

from taskframe.sandbox import Sandbox

ONCE = {"max_retries": 0}

Invoke = Callable[..., Any]


@pytest.fixture
def box() -> Iterator[Sandbox]:
    with Sandbox(tasks=120, seed=7) as box:
        yield box


@pytest.fixture
def reload(box: Sandbox) -> Any:
    return box["reload"]


@pytest.fixture(params=["sync", "async"])
def invoke(request: pytest.FixtureRequest, box: Sandbox) -> Iterator[Invoke]:
    """Calls a method of the client by its dotted name, in the sync or the async client."""
    settings = box.settings("reload")
    if request.param == "sync":
        with httpx.Client(timeout=20) as http:
            client = ReloadApi(**settings, httpx_client=http)

            def call(name: str, **arguments: Any) -> Any:
                group, _, method = name.partition(".")
                return getattr(getattr(client, group), method)(request_options=ONCE, **arguments)

            yield call
        return

    async def once(name: str, arguments: dict[str, Any]) -> Any:
        async with httpx.AsyncClient(timeout=20) as http:
            group, _, method = name.partition(".")
            client = AsyncReloadApi(**settings, httpx_client=http)
            return await getattr(getattr(client, group), method)(request_options=ONCE, **arguments)

    yield lambda name, **arguments: asyncio.run(once(name, arguments))


def on_the_wire(model: Any) -> Any:
    """A model as JSON with the wire's names, to compare with what the sandbox holds."""
    task = model.model_dump(by_alias=False)
    return {_camel(k): _text(v) for k, v in task.items()}


def _camel(name: str) -> str:
    head, *rest = name.split("_")
    return head + "".join(r.capitalize() for r in rest)


def _text(value: Any) -> Any:
    return f"{value:%Y-%m-%dT%H:%M:%S}.{value.microsecond // 1000:03}Z" if hasattr(value, "tzinfo") else value


CALLS = {
    "list_tasks", "list_my_tasks", "update_task", "create_task", "create_tasks_bulk",
    "complete_task", "cancel_task", "block_task", "release_task", "comment_on_task",
}  # fmt: skip


def test_no_task_call_of_the_client_is_left_out() -> None:
    """The tests below cover each public method that the client has for tasks."""
    public = {n for n, _ in inspect.getmembers(TasksClient, inspect.isfunction) if not n.startswith("_")}
    assert public == CALLS


@pytest.mark.parametrize("float_versions", [False, True], ids=["version 3", "version 3.0"])
def test_lists_validate_and_hold_what_the_server_holds(invoke: Invoke, reload: Any, float_versions: bool) -> None:
    """Every task of a list passes the client's model and loses nothing on the way, `version` as 3 or 3.0."""
    reload.float_versions = float_versions
    reply = invoke("tasks.list_tasks", limit=100)
    assert [on_the_wire(t) for t in reply.data] == reload.tasks()[:100]
    assert all(isinstance(t.version, int) for t in reply.data)
    assert reply.meta.request_id
    assert (reply.meta.pagination.has_more, reply.meta.pagination.total) == (True, 120)
    assert reply.meta.pagination.cursor


def test_lists_take_every_filter(invoke: Invoke, reload: Any) -> None:
    """Each filter that the client offers is one that the sandbox knows, under the same name."""
    task = next(t for t in reload.tasks() if t["assigneeUserId"] and t["channelId"])
    reply = invoke(
        "tasks.list_tasks",
        status=task["status"],
        priority=task["priority"],
        assignee_user_id=task["assigneeUserId"],
        channel_id=task["channelId"],
        query=task["identifier"],
        limit=10.0,
    )
    assert task["id"] in [t.id for t in reply.data]
    agent = next(t for t in reload.tasks() if t["assigneeAgentId"])["assigneeAgentId"]
    theirs = invoke("tasks.list_tasks", assignee_agent_id=agent).data
    assert {t.assignee_agent_id for t in theirs} == {agent}


def test_a_history_cutoff_validates(invoke: Invoke, reload: Any) -> None:
    """The cutoff arrives in the client's own model."""
    reload.history_cutoff = (40, "2025-06-01T00:00:00.000Z")
    cutoff = invoke("tasks.list_tasks").meta.pagination.history_cutoff
    assert (cutoff.beyond_count, cutoff.cutoff_at.year) == (40, 2025)


def test_my_tasks(invoke: Invoke, reload: Any) -> None:
    """`list_my_tasks` gives the caller's tasks of a status."""
    mine = [t for t in reload.tasks() if t["assigneeUserId"] == reload.caller["id"] and t["status"] == "done"]
    assert [on_the_wire(t) for t in invoke("tasks.list_my_tasks", status="done", limit=50).data] == mine


def test_an_update_of_every_field(invoke: Invoke, reload: Any) -> None:
    """All fields go through, null unassigns, and the version that comes back can be sent next."""
    task = next(t for t in reload.tasks() if t["assigneeUserId"])
    first = invoke(
        "tasks.update_task",
        task_id=task["id"],
        version=task["version"],
        status="in_review",
        priority="high",
        title="Title",
        description="*Text*",
        assignee_agent_id=reload.people[-1]["id"],
        assignee_user_id=None,
    ).data
    assert on_the_wire(first) == reload.task(task["id"])
    assert (first.title, first.assignee_user_id, first.version) == ("Title", None, task["version"] + 1)
    second = invoke("tasks.update_task", task_id=first.id, version=float(first.version), status="done").data
    assert (second.status, second.version) == ("done", first.version + 1)
    assert second.completed_at is not None


def test_creations(invoke: Invoke, reload: Any) -> None:
    """One task, and several at once."""
    parent = reload.tasks()[0]["id"]
    one = invoke("tasks.create_task", title="One", status="backlog", priority="low", parent_task_id=parent).data
    assert on_the_wire(one) == reload.task(one.id)
    many = invoke("tasks.create_tasks_bulk", tasks=json.dumps([{"title": "Two"}, {"title": "Three"}])).data
    assert [on_the_wire(t) for t in many] == [reload.task(t.id) for t in many]


def test_verbs(invoke: Invoke, reload: Any) -> None:
    """Block, cancel, complete, release and comment."""
    task = next(t for t in reload.tasks() if t["assigneeUserId"] == reload.caller["id"])
    assert invoke("tasks.block_task", task_id=task["id"], reason="waits").data.status == "blocked"
    assert invoke("tasks.cancel_task", task_id=task["id"]).data.status == "cancelled"
    assert invoke("tasks.complete_task", task_id=task["id"]).data.status == "done"
    assert invoke("tasks.release_task", task_id=task["id"]).data.assignee_user_id is None
    said = invoke("tasks.comment_on_task", task_id=task["id"], body="Thanks, @bjorn").data
    assert (said.task_id, said.body, said.author_user_id) == (task["id"], "Thanks, @bjorn", reload.caller["id"])
    assert [m.id for m in said.mentions] == [reload.people[1]["id"]]


def test_identities(invoke: Invoke, reload: Any) -> None:
    """A person by address, an agent by handle."""
    person, agent = reload.people[4], reload.people[-1]
    found = invoke("workspace.resolve_identity", email=person["email"]).data
    assert (found.id, found.kind, found.display_name) == (person["id"], "user", person["displayName"])
    assert invoke("workspace.resolve_identity", handle=f"@{agent['handle']}").data.id == agent["id"]


@pytest.mark.parametrize(
    ("kind", "error", "code"),
    [
        ("429", sdk.TooManyRequestsError, "rate_limited"),
        ("500", sdk.InternalServerError, "internal_error"),
        ("500-after", sdk.InternalServerError, "internal_error"),
        ("503", sdk.ServiceUnavailableError, "upstream_unavailable"),
        ("401", sdk.UnauthorizedError, "permission_denied"),
    ],
)
def test_faults_are_the_clients_own_errors(
    invoke: Invoke, box: Sandbox, kind: str, error: type[ApiError], code: str
) -> None:
    """What is injected raises the client's typed error, its body validated."""
    box.faults.add(kind)
    with pytest.raises(error) as raised:
        invoke("tasks.list_tasks")
    body = raised.value.body
    assert isinstance(body, sdk.ReloadError)
    assert (body.success, body.error.code) == (False, code)
    assert body.meta is not None


def test_mistakes_are_the_clients_own_errors(invoke: Invoke, reload: Any) -> None:
    """400, 403, 404 and 409, each typed; a revoked key is 401."""
    task = reload.tasks()[0]
    with pytest.raises(sdk.BadRequestError) as bad:
        invoke("tasks.update_task", task_id=task["id"], version=task["version"], title="")
    assert bad.value.body.error.details == {"field": "title"}
    with pytest.raises(sdk.ConflictError) as stale:
        invoke("tasks.update_task", task_id=task["id"], version=task["version"] + 1, title="x")
    assert (stale.value.body.error.code, stale.value.body.error.retryable) == ("conflict", False)
    with pytest.raises(sdk.NotFoundError):
        invoke("tasks.complete_task", task_id="tsk_none")
    theirs = next(t for t in reload.tasks() if t["assigneeUserId"] != reload.caller["id"])
    with pytest.raises(sdk.ForbiddenError):
        invoke("tasks.release_task", task_id=theirs["id"])
    reload.revoke()
    with pytest.raises(sdk.UnauthorizedError):
        invoke("tasks.list_tasks")


def test_a_plan_limit_is_an_api_error(invoke: Invoke, reload: Any) -> None:
    """The client has no type of its own for 402."""
    reload.plan_limit = 0
    with pytest.raises(ApiError) as raised:
        invoke("tasks.create_task", title="One too many")
    assert raised.value.status_code == 402


def test_the_client_sends_a_stale_version_again_in_vain(box: Sandbox, reload: Any) -> None:
    """Left to itself the client takes 409 for a hiccup: it sends the same version again, which can never win."""
    task = reload.tasks()[0]
    with httpx.Client() as http, pytest.raises(sdk.ConflictError):
        ReloadApi(**box.settings("reload"), httpx_client=http).tasks.update_task(
            task_id=task["id"],
            version=task["version"] - 1,
            title="Stale",
            request_options={"max_retries": 1},
        )
    sent = [r.body["version"] for r in box.log.calls(path="update-task")]
    assert len(set(sent)) == 1
    assert box.log.writes() == []
