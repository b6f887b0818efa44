"""Reload's replies: the shape of each, and what it means."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

import msgspec
from msgspec import UNSET, UnsetType

from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Person, Reply, Verdict, VerdictKind
from taskframe.services.http import failure, kind_of, request_id_of, unreadable, words
from taskframe.services.reload.tasks import LARGEST, TIMES, Task, WholeTask, row
from taskframe.services.times import are_times

LIST_TASKS: Final = "/v1/agent/list-tasks"
LIST_MY_TASKS: Final = "/v1/agent/list-my-tasks"
UPDATE_TASK: Final = "/v1/agent/update-task"
RESOLVE_IDENTITY: Final = "/v1/agent/resolve-identity"


class Cutoff(msgspec.Struct):
    """The plan's history window: so many tasks lie beyond it."""

    beyondCount: int | float = 0  # noqa: N815 - the service's own names
    cutoffAt: str | None = None  # noqa: N815


class Pagination(msgspec.Struct):
    """What a list says of itself; all of it may be missing."""

    hasMore: bool | None = None  # noqa: N815
    cursor: str | int | None = None
    total: int | float | None = None
    historyCutoff: Cutoff | None = None  # noqa: N815


class _ListMeta(msgspec.Struct):
    pagination: Pagination | None = None
    requestId: Any = None  # noqa: N815


class _ListReply(msgspec.Struct):
    data: list[Task] | UnsetType = UNSET
    meta: _ListMeta | None = None
    success: bool = True  # the docs' own sample leaves it out


class _WholeListReply(_ListReply):
    data: list[WholeTask] | UnsetType = UNSET


class _TaskReply(msgspec.Struct):
    data: Task | UnsetType = UNSET
    meta: Any = None
    success: bool = True


class _Identity(msgspec.Struct):
    id: str
    kind: str | None = None
    displayName: str | None = None  # noqa: N815
    handle: str | None = None


class _IdentityReply(msgspec.Struct):
    data: _Identity | UnsetType = UNSET
    meta: Any = None
    success: bool = True


class Page(msgspec.Struct):
    """One reply of a list call: `Verdict.data`."""

    tasks: list[Any]
    has_more: bool | None
    cursor: str | None
    total: int | None
    beyond: int = 0
    cutoff: str | None = None


_list_reply = msgspec.json.Decoder(_ListReply)
_whole_list_reply = msgspec.json.Decoder(_WholeListReply)
_task_reply = msgspec.json.Decoder(_TaskReply)
_identity_reply = msgspec.json.Decoder(_IdentityReply)
_any = msgspec.json.Decoder()


class _Senseless(Exception):
    """A success that makes no sense: an error when we read, a doubt when we wrote."""


def judge(call: Call, reply: Reply) -> Verdict:
    """What a reply means; `ProtocolError` for a *read* whose success makes no sense."""
    if not 200 <= reply.status < 300:
        return _refusal(call, reply)
    try:
        if call.path in (LIST_TASKS, LIST_MY_TASKS):
            return _page(call, reply)
        if call.path == RESOLVE_IDENTITY:
            return _person(call, reply)
        return _updated(call, reply)
    except (_Senseless, msgspec.MsgspecError, UnicodeDecodeError, RecursionError) as error:
        why = str(error) if isinstance(error, _Senseless | msgspec.ValidationError) else _no_json(reply)
        request_id = request_id_of(reply.headers)
        if call.kind == "read":
            message = f"{call.method} {call.path}: the reply makes no sense: {why}"
            raise ProtocolError(message, status_code=reply.status, request_id=request_id) from None
        return unreadable(call, reply, why, request_id=request_id)


def _no_json(reply: Reply) -> str:
    begin = words(reply.body[:400].decode("utf-8", "replace"), 80)
    return f"it is not JSON: {begin!r}" if begin else "it is empty"


def _page(call: Call, reply: Reply) -> Verdict:
    try:
        answer: _ListReply = _whole_list_reply.decode(reply.body)
        whole = True
    except msgspec.ValidationError:  # a key is missing somewhere, a version is 3.0, or worse
        answer = _list_reply.decode(reply.body)
        whole = False
    if not answer.success:
        return _refusal(call, reply)
    if isinstance(answer.data, UnsetType):
        raise _Senseless("there is no `data`")
    if not whole:
        for at, task in enumerate(answer.data):
            _mend(task, f"$.data[{at}]")
    meta = answer.meta or _ListMeta()
    paging = meta.pagination or Pagination()
    cutoff = paging.historyCutoff or Cutoff()
    page = Page(
        answer.data,
        paging.hasMore,
        None if paging.cursor in (None, "") else str(paging.cursor),
        None if paging.total is None else int(paging.total),
        int(cutoff.beyondCount),
        cutoff.cutoffAt,
    )
    return Verdict("ok", page, request_id=_request_id(meta.requestId, reply), status=reply.status)


def _updated(call: Call, reply: Reply) -> Verdict:
    answer: _TaskReply = _task_reply.decode(reply.body)
    if not answer.success:
        return _refusal(call, reply)
    task = answer.data
    if isinstance(task, UnsetType):
        raise _Senseless("there is no `data`")
    _mend(task, "$.data")
    asked = call.json["taskId"]
    if task.id != asked:
        raise _Senseless(f"it is about task {words(task.id, 60)}, not {words(asked, 60)}")
    updated = row(task)
    if not are_times([updated.get(name) for name in TIMES]):
        name = next(n for n in TIMES if not are_times([updated.get(n)]))
        raise _Senseless(f"{words(updated[name], 40)!r} is no RFC 3339 timestamp - at `$.data.{name}`")
    meta = answer.meta if isinstance(answer.meta, dict) else {}
    return Verdict("ok", updated, request_id=_request_id(meta.get("requestId"), reply), status=reply.status)


def _person(call: Call, reply: Reply) -> Verdict:
    answer: _IdentityReply = _identity_reply.decode(reply.body)
    if not answer.success:
        return _refusal(call, reply)
    if isinstance(answer.data, UnsetType) or not answer.data.id:
        raise _Senseless("there is no `data.id`")
    who = answer.data
    person = Person(who.id, who.displayName, dict(call.params).get("email"), who.handle, who.kind)
    return Verdict("ok", person, request_id=request_id_of(reply.headers), status=reply.status)


def _mend(task: Any, path: str) -> None:
    """A version of 3.0 is 3; 3.5 is none."""
    if not task.id:
        raise _Senseless(f"an empty id - at `{path}.id`")
    whole = int(task.version)
    if whole != task.version or abs(whole) > LARGEST:
        raise _Senseless(f"expected an integer, got {task.version} - at `{path}.version`")
    task.version = whole


_BY_CODE: Final[Mapping[str, VerdictKind]] = {
    "permission_denied": "refused",
    "channel_not_member": "refused",
    "plan_limit_reached": "refused",
    "invalid_input": "refused",
    "not_found": "missing",
    "conflict": "stale",
    "rate_limited": "throttled",
    "upstream_unavailable": "throttled",
    "internal_error": "retry",
}


def _refusal(call: Call, reply: Reply) -> Verdict:
    """A failure: by the service's own code where it is a documented one, else by the HTTP status.

    `retryable: true` turns a refusal into a retry. `retryable: false` turns nothing: after a 5xx a write may have
    happened, and only reading the task can tell.
    """
    try:
        body = _any.decode(reply.body)
    except (msgspec.MsgspecError, UnicodeDecodeError, RecursionError):
        body = None
    if not isinstance(body, dict) or not isinstance(body.get("error"), dict):
        return _wordless(call, reply)
    error = body["error"]
    code = error["code"] if isinstance(error.get("code"), str) else None
    if reply.status in (401, 429, 503):
        kind = kind_of(reply.status)
    elif code is not None and code in _BY_CODE:
        kind = _BY_CODE[code]
    elif 200 <= reply.status < 300:
        kind = "refused"
    else:
        kind = "stale" if reply.status == 409 else kind_of(reply.status)
    if kind == "stale" and call.kind == "read":
        kind = "refused"
    if kind == "refused" and error.get("retryable") is True:
        kind = "retry"
    meta = body["meta"] if isinstance(body.get("meta"), dict) else {}
    request_id = _request_id(meta.get("requestId"), reply)
    doubt = kind == "retry" and code == "internal_error"
    return failure(call, reply, kind=kind, message=_message(error), code=code, request_id=request_id, doubt=doubt)


def _wordless(call: Call, reply: Reply) -> Verdict:
    """A failure outside of Reload's envelope: a proxy, another server, another address."""
    if 200 <= reply.status < 300:
        return failure(call, reply, kind="refused", message="the reply says `success: false`, and not why")
    if reply.status == 409 and call.kind == "locked":
        return failure(call, reply, kind="stale")
    if reply.status in (404, 410):  # a word about an address, not about a task
        return failure(
            call, reply, kind="refused", message=f"no Reload at this address: HTTP {reply.status}. Is base_url right?"
        )
    return failure(call, reply)


def _message(error: Mapping[str, Any]) -> str:
    message = error["message"] if isinstance(error.get("message"), str) else ""
    details = error.get("details")
    if isinstance(details, dict) and isinstance(details.get("message"), str):
        details = details["message"]
    if details:
        more = details if isinstance(details, str) else msgspec.json.encode(details).decode()
        message = f"{words(message, 250)} ({words(more, 140)})" if message else more
    return message


def _request_id(value: Any, reply: Reply) -> str | None:
    return words(value, 100) if isinstance(value, str) and value else request_id_of(reply.headers)
