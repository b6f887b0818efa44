"""Kore's replies: the shape of each, and what it means."""

from __future__ import annotations

import dataclasses
from typing import Any, Final
from urllib.parse import quote

import msgspec
from msgspec import UNSET, UnsetType

from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Reply, Verdict
from taskframe.services.http import failure, kind_of, request_id_of, unreadable, words
from taskframe.services.kore.tasks import INDEX, ListedTask, Senseless, Task, row, settle

GET_TASKS: Final = "/getTasks"
UPDATE_TASK: Final = "/updateTask/"
LIMIT: Final = "rate limit for this api has been reached"
"""How a call beyond the limits is answered, whatever its status [docs]."""


class _ListReply(msgspec.Struct):
    results: list[ListedTask] | UnsetType = UNSET
    hasMore: bool | None = None  # noqa: N815 - the service's own names
    totalResults: int | float | None = None  # noqa: N815


class Page(msgspec.Struct):
    """One reply of getTasks: `Verdict.data`."""

    tasks: list[Any]
    has_more: bool | None
    total: int | None


_list_reply = msgspec.json.Decoder(_ListReply)
_task = msgspec.json.Decoder(Task)
_any = msgspec.json.Decoder()
_UNREADABLE = (msgspec.MsgspecError, UnicodeDecodeError, RecursionError, Senseless)


def list_tasks(body: dict[str, Any], skip: int, limit: int) -> Call:
    """getTasks, in an order that writes don't change [inferred: the sample sorts by another field]."""
    return Call("POST", GET_TASKS, json={"skip": skip, "limit": limit, **body, "sortBy": {"createdAt": "asc"}})


def update_task(task: str, body: dict[str, Any], columns: frozenset[str]) -> Call:
    """updateTask."""
    return Call("POST", UPDATE_TASK + quote(task, safe=""), json=body, kind="unlocked", columns=columns)


def judge(call: Call, reply: Reply) -> Verdict:
    """What a reply means; `ProtocolError` for a *read* whose success makes no sense."""
    if not 200 <= reply.status < 300:
        return _refusal(call, reply)
    try:
        data = _page(reply) if call.path == GET_TASKS else _updated(call, reply)
    except _UNREADABLE as error:
        said = _said(reply)
        if said:  # a failure, said in a success
            return _refusal(call, reply)
        why = str(error) if isinstance(error, msgspec.ValidationError | Senseless) else _no_json(reply)
        if call.kind == "read":
            message = f"{call.method} {call.path}: the reply makes no sense: {why}"
            raise ProtocolError(message, status_code=reply.status, request_id=request_id_of(reply.headers)) from None
        return unreadable(call, reply, why)
    return Verdict("ok", data, request_id=request_id_of(reply.headers), status=reply.status)


def _page(reply: Reply) -> Page:
    answer: _ListReply = _list_reply.decode(reply.body)
    if isinstance(answer.results, UnsetType):
        raise Senseless("there is no `results`")
    for at, task in enumerate(answer.results):
        if not task.id:
            raise Senseless(f"an empty id - at `$.results[{at}]._id`")
        settle(task)
    total = answer.totalResults
    return Page(answer.results, answer.hasMore, None if total is None else int(total))


def _updated(call: Call, reply: Reply) -> Any:
    task = _task.decode(reply.body)
    asked = call.path.removeprefix(UPDATE_TASK)
    if quote(task.id, safe="") != asked:
        raise Senseless(f"it is about task {words(task.id, 60)}, not {words(asked, 60)}")
    return row(task)


def _no_json(reply: Reply) -> str:
    begin = words(reply.body[:400].decode("utf-8", "replace"), 80)
    return f"it is not JSON: {begin!r}" if begin else "it is empty"


def _refusal(call: Call, reply: Reply) -> Verdict:
    message, code = _said(reply) or ("", None)
    limited = LIMIT in reply.body[:4096].decode("utf-8", "replace").casefold()
    kind = "throttled" if limited else "refused" if reply.status < 300 else kind_of(reply.status)
    if kind == "missing" and (call.kind == "read" or not message):  # a word about an address, not about a task
        message = f"no Kore at this address: HTTP {reply.status}. Are host and stream_id right?" + (
            f" ({words(message, 200)})" if message else ""
        )
        kind = "refused"
    verdict = failure(call, reply, kind=kind, message=message, code=code)
    return dataclasses.replace(verdict, in_doubt=False) if limited else verdict


def _said(reply: Reply) -> tuple[str, str | None] | None:
    """The service's own words for a failure, and its code: `{"errors": [{"msg", "code"}]}` [docs: its other public
    calls], or one of the usual ways. None where there are none."""
    try:
        body = _any.decode(reply.body)
    except _UNREADABLE:
        text = words(reply.body[:4096].decode("utf-8", "replace"))
        return (text, None) if LIMIT in text.casefold() else None
    if isinstance(body, str) and LIMIT in body.casefold():
        return body, None
    if not isinstance(body, dict) or INDEX in body:
        return None
    found = body.get("errors") or body.get("error") or body
    parts = [part for part in (found if isinstance(found, list) else [found]) if part]
    told = [_text(part) for part in parts]
    message = "; ".join(t for t in told if t)
    code = next((str(p["code"]) for p in parts if isinstance(p, dict) and isinstance(p.get("code"), int | str)), None)
    return (message, code) if message else None


def _text(part: Any) -> str:
    if isinstance(part, str):
        return part
    if not isinstance(part, dict):
        return ""
    return next((part[k] for k in ("msg", "message", "error", "detail") if isinstance(part.get(k), str)), "")
