"""Kore's calls, as its public pages have them. What they leave open is decided here, and said ("ours")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from taskframe.sandbox.base import Reply
from taskframe.sandbox.kore_account import is_moment
from taskframe.sandbox.kore_query import checked, condition, order
from taskframe.sandbox.oracle import Refused, Task

if TYPE_CHECKING:
    from taskframe.sandbox.base import Call
    from taskframe.sandbox.kore import KoreSandbox

TYPES: dict[str, str] = {
    **dict.fromkeys(
        ("caseTmp", "name", "lname", "desc", "accountId", "lid", "orgId", "language", "source", "conversationType"),
        "String",
    ),
    **dict.fromkeys(("refId", "assigneeType", "createdAt", "updatedAt", "ETA"), "String"),
    **dict.fromkeys(
        ("tags", "sessIds", "convIds", "fields", "participants", "queues", "taskIds", "attachments"), "Array"
    ),
    **dict.fromkeys(("feedback", "activityIds", "commentIds", "resolutionCmts", "channel"), "Array"),
    **dict.fromkeys(("userInfo", "status", "priority", "createdBy", "updatedBy", "currAssignee"), "Object"),
    **dict.fromkeys(("isActive", "isBreached", "supportCustomTasks"), "Boolean"),
    **dict.fromkeys(("timestampValue", "dueDate"), "Number"),
}
"""The 39 fields of updateTask, with their types."""

_IS: dict[str, Callable[[object], bool]] = {
    "String": lambda v: isinstance(v, str),
    "Array": lambda v: isinstance(v, list),
    "Object": lambda v: isinstance(v, dict),
    "Boolean": lambda v: isinstance(v, bool),
    "Number": lambda v: isinstance(v, int | float) and not isinstance(v, bool) and abs(v) <= 2**53,
}
_STRINGS = ("tags", "channel")
_MOMENTS = ("createdAt", "updatedAt", "ETA")
_CREATE = ("caseId", "caseRefId", "taskTmp", "userInfo", "source")


def get_tasks(box: KoreSandbox, call: Call, sub: str) -> Reply:
    """`POST getTasks`. Without a limit 10 tasks, as in the published sample; a longer page is cut (ours)."""
    body = _body(call) if call.content else {}
    given = checked(body)
    skip, limit = given.get("skip", 0), given.get("limit", 10)
    if skip < 0 or limit < 1:
        raise Refused(400, "skip is 0 or more, limit 1 or more")
    skip, limit = min(skip, 2**53), min(limit, box.max_limit)
    where, values = condition(given, box.account, box.person(sub))
    by = order(given.get("sortBy"), box.account)
    if box.shifting:
        by = 'ORDER BY "updated" DESC, "id" DESC'
    true_total = box.store.count(where, values)
    there = true_total if box.cap is None else min(true_total, box.cap)
    columns = given.get("selectedColumns") or None
    rest = f"{by} LIMIT {max(0, min(limit, there - skip))} OFFSET {skip}"
    results = box.store.said(where, values, rest, lambda task: box.shown(task, columns), box.manner(columns))
    reply: dict[str, Any] = {"results": results, "page": skip // limit + 1, "limit": limit}
    reply["hasMore"] = skip + len(results) < there
    if box.total:
        total = max(0, true_total + box.total_error)
        reply |= {"totalPages": -(-total // limit), "totalResults": total}
    return _done(reply)


def update_task(box: KoreSandbox, call: Call, task_id: str, sub: str) -> Reply:
    """`POST updateTask/{taskId}`. Fields out of the table are refused, and so is null (ours: nothing says either).

    `updatedAt` is the server's own whatever is sent; `updatedBy` is the caller unless it is sent (ours).
    """
    fields = settled(box, _body(call))
    if box.store.get(task_id) is None:
        raise Refused(404, "Task not found")
    written = box.store.change(task_id, {"updatedBy": box.author(sub), **fields}, box.world.clock.now())
    return _done(box.shown(written.task), task_id, written.before, written.after)


def create_task(box: KoreSandbox, call: Call, sub: str) -> Reply:
    """`POST createTask`. `desc` is not required, as the published sample has none; nor is `name` (ours)."""
    body = _body(call)
    for name in _CREATE:
        if name not in body:
            raise Refused(400, f"{name}: is required")
    fields: dict[str, Any] = {}
    for name, value in body.items():
        if name not in (*_CREATE, "desc", "name"):
            raise Refused(400, f"{name}: is no field of this call")
        kind = "Object" if name == "userInfo" else "String"
        if not _IS[kind](value):
            raise Refused(400, f"{name}: {kind} is expected")
        fields[name] = value
    user = fields["userInfo"]
    if not isinstance(user.get("name"), str) or not any(user.get(k) for k in ("_id", "emailId", "phoneNumber")):
        raise Refused(400, "userInfo: wants a name, and one of _id, emailId, phoneNumber")
    fields["userInfo"] = {k: user[k] for k in ("_id", "name", "emailId", "phoneNumber") if k in user}
    task = box.store.create(
        {**fields, "createdBy": box.author(sub), "updatedBy": box.author(sub)}, box.world.clock.now()
    )
    return _done(box.shown(task, created=True), task["_id"], {}, task)


def settled(box: KoreSandbox, body: Mapping[str, Any]) -> dict[str, Any]:
    """The fields of an update, checked, in the form in which tasks are held."""
    fields: dict[str, Any] = {}
    for name, value in body.items():
        kind = TYPES.get(name)
        if kind is None:
            raise Refused(400, f"{name}: is no field of a task")
        if not _IS[kind](value):
            raise Refused(400, f"{name}: {kind} is expected")
        if name in _STRINGS and not all(isinstance(v, str) for v in value):
            raise Refused(400, f"{name}: an Array of strings is expected")
        if name in _MOMENTS and not is_moment(value) and not (name == "ETA" and not value):
            raise Refused(400, f"{name}: a date in ISO 8601 is expected")
        fields[name] = value
    account = box.account
    for name in {"status", "priority"} & fields.keys():
        fields[name] = account.pick("status" if name == "status" else "priority", fields[name], name)
    if "fields" in fields:
        fields["fields"] = account.take_fields(fields["fields"])
    if "currAssignee" in fields:
        given = fields["currAssignee"]
        fields["currAssignee"] = account.pick("person", given, "currAssignee") if given else None
        fields.setdefault("assigneeType", "agents" if given else "unassigned")
    if "name" in fields:
        # The seed's sample sends a name alone and gets both back.
        fields.setdefault("lname", fields["name"].lower())
    if "lid" in fields:
        fields["iId"] = fields.pop("lid")
    if "dueDate" in fields and fields["dueDate"] == int(fields["dueDate"]):
        fields["dueDate"] = int(fields["dueDate"])
    fields.pop("updatedAt", None)
    return fields


def _body(call: Call) -> dict[str, Any]:
    if not isinstance(call.json, dict):
        raise Refused(400, "The body must be a JSON object")
    return call.json


def _done(
    data: Any, task_id: str | None = None, before: Task | None = None, after: Mapping[str, Any] | None = None
) -> Reply:
    return Reply(200, msgspec.json.encode(data), task_id, before, after)
