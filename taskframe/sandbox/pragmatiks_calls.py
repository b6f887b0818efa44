"""Pragmatiks' calls, as its reference and its own client have them. What they leave open is decided here ("ours")."""

from __future__ import annotations

from collections.abc import Callable, Mapping
from typing import TYPE_CHECKING, Any

import msgspec

from taskframe.sandbox.base import Reply
from taskframe.sandbox.oracle import Refused, Task
from taskframe.sandbox.pragmatiks_checks import (
    ASSIGNEES,
    CREATE,
    NULLABLE,
    UPDATE,
    body,
    fields,
    mistake,
    refuse,
    status,
)
from taskframe.sandbox.pragmatiks_threads import activity, mutations, page

if TYPE_CHECKING:
    from taskframe.sandbox.base import Call
    from taskframe.sandbox.pragmatiks import PragmatiksSandbox

Handler = Callable[["PragmatiksSandbox", "Call", str, list[str]], Reply]


def list_tasks(box: PragmatiksSandbox, call: Call, _user: str, _at: list[str]) -> Reply:
    """`GET /agents/tasks/`: a bare array. Parameters that it does not know are ignored, as FastAPI does."""
    query = dict(call.query)
    where, values = ["1"], []
    if "status" in query:
        where.append('"status" = ?')
        values.append(status(query["status"], ["query", "status"]))
    if "assigned_to_instance_id" in query:
        where.append('"assigned_to_instance_id" = ?')
        values.append(query["assigned_to_instance_id"])
    tasks = box.store.find("WHERE " + " AND ".join(where), values, limit=box.cap)
    return _done([box.shown(task) for task in tasks])


def board(box: PragmatiksSandbox, _call: Call, _user: str, _at: list[str]) -> Reply:
    """`GET /agents/tasks/board`: only statuses that occur (ours)."""
    counts = box.store.board()
    return _done({"counts": counts, "total": sum(counts.values())})


def get_task(box: PragmatiksSandbox, _call: Call, _user: str, at: list[str]) -> Reply:
    """`GET /agents/tasks/{task_id}`."""
    return _done(box.shown(_task(box, at[0])))


def create_task(box: PragmatiksSandbox, call: Call, user: str, _at: list[str]) -> Reply:
    """`POST /agents/tasks/`: in any status (ours: the first one is not checked against the graph)."""
    return _created(box, fields(body(call), CREATE, box.ids, required=["title"]), user)


def update_task(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`PATCH /agents/tasks/{task_id}`: what is given changes; null clears what may be null.

    For a title, priority or source that is null the schema allows it and the task does not: see `nulls`.
    """
    keep = box.nulls == "keep"
    given = fields(body(call), UPDATE, box.ids, nulls=UPDATE if keep else NULLABLE)
    return _write(box, at[0], {k: v for k, v in given.items() if v is not None or k in NULLABLE})


def delete_task(box: PragmatiksSandbox, _call: Call, _user: str, at: list[str]) -> Reply:
    """`DELETE /agents/tasks/{task_id}`."""
    task = _task(box, at[0])
    box.store.remove(task["id"])
    return Reply(204, b"", task["id"], task, dict.fromkeys(task))


def transition(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`POST …/transition`: only along `graph`, which a move to the same status is no part of (ours)."""
    given = body(call)
    extra = [mistake("extra_forbidden", ["body", n], "Extra inputs are not permitted", given[n]) for n in given]
    refuse([m for m in extra if m["loc"] != ["body", "status"]])
    if "status" not in given:
        refuse([mistake("missing", ["body", "status"], "Field required", given)])
    wanted, task = status(given["status"], ["body", "status"]), _task(box, at[0])
    if wanted not in box.graph.get(task["status"], ()):
        raise Refused(409, f"Invalid lifecycle transition: {task['status']} -> {wanted}")
    return _write(box, task["id"], {"status": wanted})


def assign(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`POST …/assign`: one of the three; the other kinds stay as they are."""
    given = body(call)
    kinds = {f"{kind}_id": column for kind, column in ASSIGNEES.items()}
    if len(given) != 1 or not given.keys() <= kinds.keys() or None in given.values():
        message = f"Value error, exactly one of {', '.join(kinds)} must be given"
        refuse([mistake("value_error", ["body"], message, given)])
    name, value = next(iter(given.items()))
    try:
        return _write(box, at[0], fields({kinds[name]: value}, UPDATE, box.ids))
    except Refused as refused:
        if refused.status == 422:
            refused.detail = [{**m, "loc": ["body", name]} for m in refused.detail]
        raise


def list_subtasks(box: PragmatiksSandbox, _call: Call, _user: str, at: list[str]) -> Reply:
    """`GET …/subtasks`: by priority, then age."""
    return _done([box.shown(t) for t in box.store.subtasks(_task(box, at[0])["id"])])


def create_subtask(box: PragmatiksSandbox, call: Call, user: str, at: list[str]) -> Reply:
    """`POST …/subtasks`: priority and assignees are the parent's unless they are given."""
    parent = _task(box, at[0])
    given = fields(body(call), CREATE, box.ids, required=["title"])
    inherited = {name: parent[name] for name in ("priority", *ASSIGNEES.values())}
    reply = _created(box, inherited | given, user)
    box.store.link(parent["id"], reply.task_id or "")
    return reply


def link_subtask(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`POST …/subtasks/link`: not in a circle."""
    parent, given = _task(box, at[0]), body(call)
    if not isinstance(given.get("child_id"), str):
        refuse([mistake("missing", ["body", "child_id"], "Field required", given)])
    child = _task(box, given["child_id"])
    if child["id"] in box.store.ancestors(parent["id"]):
        raise Refused(409, "Linking these tasks would create a cycle")
    box.store.link(parent["id"], child["id"])
    return Reply(204, b"")


def unlink_subtask(box: PragmatiksSandbox, _call: Call, _user: str, at: list[str]) -> Reply:
    """`DELETE …/subtasks/{child_id}`: the child itself stays."""
    if not box.store.unlink(_task(box, at[0])["id"], _task(box, at[2])["id"]):
        raise Refused(404, "Subtask not found")
    return Reply(204, b"")


def list_comments(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`GET …/comments`: oldest first."""
    comments = box.comments.on(_task(box, at[0])["id"])
    return _done(page(comments, dict(call.query), "created_at", "id", newest_first=False)[0])


def create_comment(box: PragmatiksSandbox, call: Call, user: str, at: list[str]) -> Reply:
    """`POST …/comments`: leaves the task's `updated_at` alone (ours)."""
    task = _task(box, at[0])
    return _done(box.comments.add(task["id"], user, _text(call), box.world.clock.now()), box.created_status)


def update_comment(box: PragmatiksSandbox, call: Call, user: str, at: list[str]) -> Reply:
    """`PATCH /agents/tasks/comments/{comment_id}`."""
    comment = box.comments.of(at[1], user)
    comment |= {"body": _text(call), "edited": True, "updated_at": box.now()}
    return _done(comment)


def delete_comment(box: PragmatiksSandbox, _call: Call, user: str, at: list[str]) -> Reply:
    """`DELETE /agents/tasks/comments/{comment_id}`."""
    box.comments.remove(box.comments.of(at[1], user))
    return Reply(204, b"")


def list_activity(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`GET …/activity`: newest first."""
    task_id = _task(box, at[0])["id"]
    entries = activity(box.world.log, task_id, box.comments.on(task_id))
    return _done(page(entries, dict(call.query), "timestamp", "edge_id", newest_first=True)[0])


def list_mutations(box: PragmatiksSandbox, call: Call, _user: str, at: list[str]) -> Reply:
    """`GET …/mutations`: newest first, with a cursor."""
    entries = mutations(box.world.log, _task(box, at[0])["id"], box.actors)
    items, cursor = page(entries, dict(call.query), "timestamp", "edge_id", newest_first=True)
    return _done({"items": items, "next_cursor": cursor})


_ONE, _COMMENT = ("",), ("comments", "")
ROUTES: dict[tuple[str, ...], dict[str, Handler]] = {
    (): {"GET": list_tasks, "POST": create_task},
    ("board",): {"GET": board},
    _COMMENT: {"PATCH": update_comment, "DELETE": delete_comment},
    _ONE: {"GET": get_task, "PATCH": update_task, "DELETE": delete_task},
    (*_ONE, "transition"): {"POST": transition},
    (*_ONE, "assign"): {"POST": assign},
    (*_ONE, "subtasks"): {"GET": list_subtasks, "POST": create_subtask},
    (*_ONE, "subtasks", "link"): {"POST": link_subtask},
    (*_ONE, "subtasks", ""): {"DELETE": unlink_subtask},
    (*_ONE, "comments"): {"GET": list_comments, "POST": create_comment},
    (*_ONE, "activity"): {"GET": list_activity},
    (*_ONE, "mutations"): {"GET": list_mutations},
}
"""The segments of a path beneath `/agents/tasks/`, "" for an id; of two that fit, the first one counts."""

WRITES: frozenset[Handler] = frozenset({update_task, transition, assign, delete_task})
"""What writes one existing task."""


def route(parts: list[str]) -> dict[str, Handler] | None:
    """The handlers of a path, by method."""
    for pattern, handlers in ROUTES.items():
        if len(pattern) == len(parts) and all(p in ("", part) for p, part in zip(pattern, parts, strict=True)):
            return handlers
    return None


def _task(box: PragmatiksSandbox, task_id: str) -> Task:
    task = box.store.get(task_id)
    if task is None:
        raise Refused(404, "Task not found")
    return task


def _write(box: PragmatiksSandbox, task_id: str, given: Mapping[str, Any]) -> Reply:
    _task(box, task_id)
    if box.contention:
        box.contention -= 1
        raise Refused(409, "The task was modified concurrently; try again")
    written = box.store.change(task_id, given, box.world.clock.now())
    return _done(box.shown(written.task), 200, task_id, written.before, written.after)


def _created(box: PragmatiksSandbox, given: Mapping[str, Any], user: str) -> Reply:
    task = box.store.create({**given, "created_by": user}, box.world.clock.now())
    return _done(box.shown(task), box.created_status, task["id"], {}, task)


def _text(call: Call) -> str:
    text = body(call).get("body")
    if not isinstance(text, str):
        refuse([mistake("string_type", ["body", "body"], "Input should be a valid string", text)])
    return str(text)


def _done(
    data: Any, code: int = 200, task_id: str | None = None, before: Task | None = None, after: Task | None = None
) -> Reply:
    return Reply(code, msgspec.json.encode(data), task_id, before, after)
