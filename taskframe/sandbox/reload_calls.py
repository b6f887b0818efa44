"""Reload's calls, as its public documentation and its own client have them.

What neither says is decided here, and said where it is decided ("ours").
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

import msgspec

from taskframe.sandbox.base import timestamp
from taskframe.sandbox.people import make_id
from taskframe.sandbox.reload_tasks import PRIORITIES, STATUSES, Task, cursor_of, position_of

if TYPE_CHECKING:
    from taskframe.sandbox.base import Call
    from taskframe.sandbox.keys import Key
    from taskframe.sandbox.reload import ReloadSandbox

WRITABLE = ("status", "priority", "title", "description", "assigneeAgentId", "assigneeUserId")
_FILTERS = ("status", "assigneeAgentId", "assigneeUserId", "priority", "channelId")
_CREATE = (*WRITABLE, "parentTaskId", "channelId")


class Refused(Exception):
    """A call that is answered with a failure."""

    def __init__(self, status: int, code: str, message: str, details: Mapping[str, Any] | None = None) -> None:
        super().__init__(message)
        self.status = status
        self.code = code
        self.message = message
        self.details = details


@dataclass(slots=True)
class Done:
    """What a call comes to: the reply's `data` and `meta.pagination`, and what it changed."""

    data: Any
    pagination: dict[str, Any] | None = None
    task_id: str | None = None
    before: Mapping[str, Any] | None = None
    after: Mapping[str, Any] | None = field(default=None)


Handler = Callable[["ReloadSandbox", "Call", "Key"], Done]


def list_tasks(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`GET list-tasks`: newest first."""
    given = _query(box, call, (*_FILTERS, "query", "limit"))
    where, values = _visible(key)
    for name in _FILTERS:
        if name in given:
            _check_choice(name, given[name])
            where += f' AND "{name}" = ?'
            values.append(given[name])
    if given.get("query"):
        where += ' AND "id" IN (SELECT value FROM json_each(?))'
        values.append(box.store.search(given["query"]))
    return _page(box, given, where, values)


def list_my_tasks(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`GET list-my-tasks`: those that the caller is assigned."""
    given = _query(box, call, ("status", "limit"))
    where, values = ' AND ? IN ("assigneeUserId", "assigneeAgentId")', [key.holder]
    if "status" in given:
        _check_choice("status", given["status"])
        where += ' AND "status" = ?'
        values.append(given["status"])
    return _page(box, given, where, values)


def update_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST update-task`. With no field to set it succeeds and changes nothing (ours), as does an equal value.

    A person and an agent may both be assigned; setting one leaves the other as it is (ours).
    """
    body = _body(call, ("taskId", "version"), WRITABLE)
    version = body["version"]
    if isinstance(version, bool) or not isinstance(version, int | float):
        raise _invalid("version", "must be a number")
    fields = {name: body[name] for name in WRITABLE if name in body}
    _check(box, fields)
    task = _task(box, body, key)
    if task["version"] != version:
        raise Refused(
            409,
            "conflict",
            "The task was modified since you read it. Read it again and retry.",
            {"currentVersion": task["version"], "givenVersion": version},
        )
    return _change(box, task, fields)


def complete_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST complete-task`: status `done`."""
    return _change(box, _task(box, _body(call, ("taskId",)), key), {"status": "done"})


def cancel_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST cancel-task`: status `cancelled`; a reason becomes a comment."""
    body = _body(call, ("taskId",), ("reason",))
    return _with_comment(box, body, key, "reason", {"status": "cancelled"})


def block_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST block-task`: status `blocked`; the reason becomes a comment."""
    body = _body(call, ("taskId", "reason"))
    return _with_comment(box, body, key, "reason", {"status": "blocked"})


def release_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST release-task`: only for whom the task is assigned to; otherwise 403 (ours)."""
    task = _task(box, _body(call, ("taskId",)), key)
    column = "assigneeUserId" if task["assigneeUserId"] == key.holder else "assigneeAgentId"
    if task[column] != key.holder:
        raise Refused(403, "permission_denied", "You can only release a task that is assigned to you.")
    return _change(box, task, {column: None})


def comment_on_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST comment-on-task`: bumps the task's version (ours)."""
    body = _body(call, ("taskId", "body"))
    done = _with_comment(box, body, key, "body", {})
    done.data = box.comments(body["taskId"])[-1]
    return done


def create_task(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST create-task`: status `todo` and priority `none` unless given (ours)."""
    task = _create(box, [_body(call, ("title",), _CREATE)], key)[0]
    return Done(box.wire(task), task_id=task["id"], before={}, after=task)


def create_tasks_bulk(box: ReloadSandbox, call: Call, key: Key) -> Done:
    """`POST create-tasks-bulk`: `tasks` is a string that holds a JSON array; all or none."""
    text = _body(call, ("tasks",), ("summaryChannelId", "summaryMessage"))["tasks"]
    if not isinstance(text, str):
        raise _invalid("tasks", "must be a string that holds a JSON array")
    try:
        wanted = msgspec.json.decode(text)
    except msgspec.DecodeError:
        raise _invalid("tasks", "must be a string that holds a JSON array") from None
    if not isinstance(wanted, list) or not 1 <= len(wanted) <= 50:
        raise _invalid("tasks", "must hold 1 to 50 tasks")
    tasks = _create(box, [_fields(w, ("title",), _CREATE) for w in wanted], key)
    return Done([box.wire(t) for t in tasks], before={}, after={t["id"]: t for t in tasks})


def resolve_identity(box: ReloadSandbox, call: Call, _key: Key) -> Done:
    """`GET resolve-identity`: exactly one of `handle` (with or without @) and `email`."""
    given = _query(box, call, ("handle", "email"))
    if len(given) != 1:
        raise Refused(400, "invalid_input", "Pass exactly one of `handle` or `email`.")
    name, value = next(iter(given.items()))
    value = value.removeprefix("@").casefold()
    for person in box.people:
        if value and (person[name] or "").casefold() == value:
            return Done({k: person[k] for k in ("id", "kind", "displayName", "handle")})
    raise Refused(404, "not_found", f"No identity with this {name} in the workspace.")


ROUTES: dict[str, tuple[str, str | None, Handler]] = {
    "list-tasks": ("GET", "task-read", list_tasks),
    "list-my-tasks": ("GET", "task-read", list_my_tasks),
    "update-task": ("POST", "task-write", update_task),
    "create-task": ("POST", "task-write", create_task),
    "create-tasks-bulk": ("POST", "task-write", create_tasks_bulk),
    "complete-task": ("POST", "task-write", complete_task),
    "cancel-task": ("POST", "task-write", cancel_task),
    "block-task": ("POST", "task-write", block_task),
    "release-task": ("POST", "task-write", release_task),
    "comment-on-task": ("POST", "task-write", comment_on_task),
    "resolve-identity": ("GET", None, resolve_identity),  # which scope it wants is not documented
}
"""Each call: its method, the scope that it needs, what carries it out."""


def _query(box: ReloadSandbox, call: Call, known: tuple[str, ...]) -> dict[str, str]:
    """The parameters: one value each, none unknown. `cursor` is not documented: it depends on the switch."""
    given: dict[str, str] = {}
    for name, value in call.query:
        cursor = name == "cursor" and "limit" in known and box.cursor != "refuse"
        if name not in known and not cursor:
            raise _invalid(name, "is not a parameter of this call")
        if name in given:
            raise _invalid(name, "may be given once")
        given[name] = value
    if box.cursor == "ignore":
        given.pop("cursor", None)
    return given


def _page(box: ReloadSandbox, given: Mapping[str, str], where: str, values: list[Any]) -> Done:
    limit = _limit(given.get("limit", "50"))
    total = box.store.count(where, values) if box.total else None
    order, key = ("updatedAt", "offset") if box.shifting else ("createdAt", "keyset")
    newest_first = f'ORDER BY "{order}" DESC, "id" DESC LIMIT ?'
    start = _position(given["cursor"], key) if "cursor" in given else None
    offset = start[0] if start and box.shifting else 0
    if box.shifting:
        found = box.store.find(where, values, f"{newest_first} OFFSET ?", (limit + 1, offset))
    elif start:
        found = box.store.find(where, values, f'AND ("createdAt", "id") < (?, ?) {newest_first}', (*start, limit + 1))
    else:
        found = box.store.find(where, values, newest_first, (limit + 1,))
    page, more = found[:limit], len(found) > limit
    cursor = None
    if more:
        last = page[-1]
        cursor = cursor_of(key, *([offset + limit] if box.shifting else [last["createdAt"], last["id"]]))
    pagination: dict[str, Any] = {"hasMore": more, "cursor": cursor}
    if total is not None:
        pagination["total"] = total
    cutoff = box.history_cutoff
    pagination["historyCutoff"] = None if cutoff is None else {"beyondCount": cutoff[0], "cutoffAt": cutoff[1]}
    return Done([box.wire(t) for t in page], pagination)


def _limit(text: str) -> int:
    try:
        limit = float(text)
    except ValueError:
        raise _invalid("limit", "must be a number") from None
    if not 1 <= limit <= 100 or limit != int(limit):
        raise _invalid("limit", "must be an integer from 1 to 100")
    return int(limit)


def _position(cursor: str, kind: str) -> list[Any]:
    found = position_of(cursor)
    types = [str, int] if kind == "offset" else [str, str, str]
    if not found or [type(f) for f in found] != types or found[0] != kind:
        raise _invalid("cursor", "is not a cursor of this list")
    return found[1:]


def _visible(key: Key) -> tuple[str, list[Any]]:
    """Which tasks a key may see: all, or those that its holder takes part in."""
    if key.sees == "all":
        return "", []
    columns = '"assigneeUserId", "assigneeAgentId", "createdByUserId", "createdByAgentId"'
    return f" AND ? IN ({columns})", [key.holder]


def _body(call: Call, required: tuple[str, ...], optional: tuple[str, ...] = ()) -> dict[str, Any]:
    return _fields(call.json, required, optional)


def _fields(body: object, required: tuple[str, ...], optional: tuple[str, ...]) -> dict[str, Any]:
    if not isinstance(body, dict):
        raise Refused(400, "invalid_input", "The body must be a JSON object.")
    for name in required:
        if name not in body:
            raise _invalid(name, "is required")
    for name in body:
        if name not in required and name not in optional:
            raise _invalid(name, "is not a field of this call")
    return body


def _check(box: ReloadSandbox, fields: Mapping[str, Any]) -> None:
    """Types, choices, lengths and references of a task's fields. Null is for assignees (on create: none, ours)."""
    for name, value in fields.items():
        if name.startswith("assignee") and value is None:
            continue
        if not isinstance(value, str):
            raise _invalid(name, "must be a string" if value is not None else "may not be null")
        if name == "title" and not 1 <= len(value) <= 500:
            raise _invalid(name, "must be 1 to 500 characters long")
        _check_choice(name, value)
        kind = {"assigneeUserId": "user", "assigneeAgentId": "agent"}.get(name)
        if kind is not None and box.kind_of(value) != kind:
            raise _invalid(name, f"is not a {kind} of this workspace")
        if name == "channelId" and not any(c["id"] == value for c in box.channels):
            raise _invalid(name, "is not a channel of this workspace")
        if name == "parentTaskId" and box.store.get(value) is None:
            raise _invalid(name, "is not a task of this workspace")


def _check_choice(name: str, value: str) -> None:
    choices = {"status": STATUSES, "priority": PRIORITIES}.get(name)
    if choices is not None and value not in choices:
        raise _invalid(name, f"must be one of {', '.join(choices)}")


def _task(box: ReloadSandbox, body: Mapping[str, Any], key: Key) -> Task:
    """The task that a body names. One that the key can't see does not exist for it (ours)."""
    task_id = body["taskId"]
    if not isinstance(task_id, str):
        raise _invalid("taskId", "must be a string")
    task = box.store.get(task_id)
    parties = ("assigneeUserId", "assigneeAgentId", "createdByUserId", "createdByAgentId")
    if task is None or (key.sees == "own" and key.holder not in [task[p] for p in parties]):
        raise Refused(404, "not_found", "There is no such task.")
    return task


def _change(box: ReloadSandbox, task: Task, fields: Mapping[str, Any], *, touch: bool = False) -> Done:
    changed, before, after = box.store.change(task, fields, box.world.clock.now(), touch=touch)
    return Done(box.wire(changed), None, task["id"], before, after)


def _with_comment(box: ReloadSandbox, body: Mapping[str, Any], key: Key, name: str, fields: Mapping[str, Any]) -> Done:
    text = body.get(name)
    if name in body and (not isinstance(text, str) or not text):
        raise _invalid(name, "must be a text")
    task = _task(box, body, key)
    if text:
        box.add_comment(task["id"], key.holder, text)
    return _change(box, task, fields, touch=bool(text))


def _create(box: ReloadSandbox, wanted: list[dict[str, Any]], key: Key) -> list[Task]:
    for fields in wanted:
        _check(box, fields)
        if fields.get("status") in ("done", "cancelled"):
            raise _invalid("status", "of a new task can't be done or cancelled")
    if box.plan_limit is not None and len(wanted) > box.plan_limit:
        raise Refused(402, "plan_limit_reached", "The plan's monthly task allowance is used up.")
    by = "createdByUserId" if box.kind_of(key.holder) == "user" else "createdByAgentId"
    if box.plan_limit is not None:
        box.plan_limit -= len(wanted)
    return box.store.create([{**w, by: key.holder} for w in wanted], box.world.clock.now(), box.rng)


def comment(box: ReloadSandbox, task_id: str, author: str, text: str) -> dict[str, Any]:
    """A comment in wire form."""
    at = timestamp(box.world.clock.now())
    user = box.kind_of(author) == "user"
    return {
        "id": make_id("cmt", box.rng),
        "taskId": task_id,
        "authorUserId": author if user else None,
        "authorAgentId": None if user else author,
        "body": text,
        "parentCommentId": None,
        "resolvedAt": None,
        "mentions": [{"id": p["id"], "type": p["kind"]} for p in box.people if f"@{p['handle']}" in text],
        "createdAt": at,
        "updatedAt": at,
        "deletedAt": None,
    }


def _invalid(name: str, what: str) -> Refused:
    return Refused(400, "invalid_input", f"`{name}` {what}.", {"field": name})
