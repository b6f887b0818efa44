"""Pragmatiks' calls and replies: the shape of each, and what it means."""

from __future__ import annotations

import dataclasses
from typing import Any, Final
from urllib.parse import quote

import msgspec

from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Reply, Verdict
from taskframe.services.http import failure, kind_of, request_id_of, unreadable, words
from taskframe.services.pragmatiks.tasks import TIMES, Task, row
from taskframe.services.times import are_times

TASKS: Final = "/agents/tasks/"
BOARD: Final = "/agents/tasks/board"
_TRANSITION: Final = "/transition"


class Board(msgspec.Struct):
    """How many tasks there are: `Verdict.data` of a call for the board."""

    counts: dict[str, int] = {}
    total: int | None = None


_list = msgspec.json.Decoder(list[Task])
_task = msgspec.json.Decoder(Task)
_board = msgspec.json.Decoder(Board)
_any = msgspec.json.Decoder()


class _Senseless(Exception):
    """A success that makes no sense: an error when we read, a doubt when we wrote."""


_UNREADABLE = (_Senseless, msgspec.MsgspecError, UnicodeDecodeError, RecursionError)


def path_of(task: str) -> str:
    """A task's path: its id is a record id (`agent_task:8f…`), which may hold anything."""
    return TASKS + quote(task, safe="")


def list_tasks(**filters: str) -> Call:
    """All tasks, or those that the filters find."""
    return Call("GET", TASKS, tuple(filters.items()))


def read_board() -> Call:
    """How many tasks there are, by status."""
    return Call("GET", BOARD)


def read_task(task: str) -> Call:
    """One task."""
    return Call("GET", path_of(task))


def patch(task: str, body: dict[str, Any]) -> Call:
    """Changes of all but the status."""
    return Call("PATCH", path_of(task), json=body, kind="unlocked", columns=frozenset(body))


def transition(task: str, status: str) -> Call:
    """A change of the status, which the service may refuse."""
    path = path_of(task) + _TRANSITION
    return Call("POST", path, json={"status": status}, kind="unlocked", columns=frozenset({"status"}))


def judge(call: Call, reply: Reply) -> Verdict:
    """What a reply means; `ProtocolError` for a *read* whose success makes no sense.

    `data` of the list and of one task that is read: a list of tasks; of the board: a `Board`; of a write: a row.
    """
    if not 200 <= reply.status < 300:
        return _refusal(call, reply)
    try:
        return Verdict("ok", _data(call, reply), request_id=request_id_of(reply.headers), status=reply.status)
    except _UNREADABLE as error:
        why = str(error) if isinstance(error, _Senseless | msgspec.ValidationError) else _no_json(reply)
        said = _detail(reply)  # a failure, said in a success
        why += f"; it says {words(said, 200)!r}" if said else ""
        if call.kind == "read":
            message = f"{call.method} {call.path}: the reply makes no sense: {why}"
            raise ProtocolError(message, status_code=reply.status, request_id=request_id_of(reply.headers)) from None
        return unreadable(call, reply, why)


def _data(call: Call, reply: Reply) -> Any:
    if call.path == BOARD:
        return _board.decode(reply.body)
    if call.path == TASKS:
        tasks = _list.decode(reply.body)
        for at, task in enumerate(tasks):
            if not task.id:
                raise _Senseless(f"an empty id - at `$[{at}].id`")
        return tasks
    task = _task.decode(reply.body)
    asked = call.path.removesuffix(_TRANSITION) if call.method == "POST" else call.path
    if path_of(task.id) != asked:
        raise _Senseless(f"it is about task {words(task.id, 60)}, not {words(asked.removeprefix(TASKS), 60)}")
    if call.kind == "read":
        return [task]
    updated = row(task)
    for name in TIMES:
        if not are_times([updated.get(name)]):
            raise _Senseless(f"{words(updated[name], 40)!r} is no RFC 3339 timestamp - at `$.{name}`")
    return updated


def _no_json(reply: Reply) -> str:
    begin = words(reply.body[:400].decode("utf-8", "replace"), 80)
    return f"it is not JSON: {begin!r}" if begin else "it is empty"


def _refusal(call: Call, reply: Reply) -> Verdict:
    """A failure: by the HTTP status, in the words of `detail`.

    A 409 answers a move that is not allowed, or a concurrent change [docs]; which of the two, only the task can tell:
    `stale`, and for a transition `refusal`, as it will be refused again where nobody changed the task.
    """
    message = _detail(reply)
    kind = kind_of(reply.status)
    if reply.status == 409 and call.kind != "read":
        kind = "stale"
    if kind == "missing" and (call.path in (TASKS, BOARD) or not message):  # a word about an address, not about a task
        message = f"no Pragmatiks at this address: HTTP {reply.status}. Is base_url right?"
        kind = "refused"
    verdict = failure(call, reply, kind=kind, message=message)
    refusal = kind == "stale" and call.method == "POST"
    return dataclasses.replace(verdict, refusal=True) if refusal else verdict


def _detail(reply: Reply) -> str:
    """The text of `detail`, or the list of a 422 in words: `priority: Input should be less than or equal to 4`."""
    try:
        body = _any.decode(reply.body)
    except _UNREADABLE:
        return ""
    detail = body.get("detail") if isinstance(body, dict) else None
    if isinstance(detail, str):
        return detail
    parts = [part for part in detail if isinstance(part, dict)] if isinstance(detail, list) else []
    return "; ".join(filter(None, map(_complaint, parts)))


def _complaint(part: dict[str, Any]) -> str:
    text = str(part.get("msg") or part.get("type") or "")
    where = part.get("loc")
    names = [str(step) for step in where if step != "body"] if isinstance(where, list) else []
    return f"{'.'.join(names)}: {text}" if names and text else text
