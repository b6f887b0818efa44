"""Kore's getTasks: its filters and its order, as SQL over the tasks.

What a filter is called and its type are documented; what it means is ours where that is said.
"""

from __future__ import annotations

import json
from collections.abc import Callable, Mapping
from datetime import UTC, datetime
from typing import Any

from taskframe.sandbox.base import timestamp
from taskframe.sandbox.kore_account import Account, is_moment
from taskframe.sandbox.oracle import Refused

TYPES: dict[str, type] = {
    "skip": int, "limit": int, "searchText": str, "unresolved": bool, "unassigned": bool, "mytask": bool,
    "mycase": bool, "priority": list, "status": list, "channel": list, "queues": list, "agents": list,
    "customFields": list, "ETAlist": list, "selectedColumns": list, "startDate": str, "endDate": str, "dueDate": str,
}  # fmt: skip
"""Every field of the body but `sortBy`. `mytask` is in the sample, `mycase` in the table: both are taken."""

_WORDS = {int: "a whole number", str: "a string", bool: "a boolean", list: "an array"}

_DONE = ("resolved", "closed")

_ORDERS = {
    "createdAt": '"created"',
    "createdDate": '"created"',
    "updatedAt": '"updated"',
    **{k: f"json_extract(task, '$.{k}')" for k in ("name", "lname", "refId", "caseRefId", "dueDate", "ETA")},
    "timestampValue": "json_extract(task, '$.timestampValue')",
}


def checked(body: object) -> dict[str, Any]:
    """The body of getTasks, every field of its type."""
    if body is None:
        return {}
    if not isinstance(body, dict):
        raise Refused(400, "The body must be a JSON object")
    for name, value in body.items():
        kind = TYPES.get(name)
        if kind is None and name != "sortBy":
            raise Refused(400, f"{name}: is no filter of this call")
        if kind is not None and (not isinstance(value, kind) or (kind is int and isinstance(value, bool))):
            raise Refused(400, f"{name}: {_WORDS[kind]} is expected")
        if name == "customFields" and not all(isinstance(v, dict) for v in value):
            raise Refused(400, f"{name}: an array of objects is expected")
        if kind is list and name != "customFields" and not all(isinstance(v, str) for v in value):
            raise Refused(400, f"{name}: an array of strings is expected")
        if name in ("startDate", "endDate", "dueDate") and value and not is_moment(value):
            raise Refused(400, f"{name}: a date in ISO 8601 is expected")
    return body


def condition(given: Mapping[str, Any], account: Account, me: str | None) -> tuple[str, list[Any]]:
    """The WHERE for a body. A filter that is empty or false filters nothing."""
    where, values = ["1"], []
    for name, make in _FILTERS.items():
        if given.get(name):
            sql, *bound = make(given[name], account, me)
            where.append(sql)
            values += bound
    return "WHERE " + " AND ".join(where), values


def order(sort: object, account: Account) -> str:
    """The ORDER BY for `sortBy`: a field, or one field and its direction. Ties go by `_id`, newest first by default."""
    if sort in (None, {}, ""):
        return 'ORDER BY "created" DESC, "id" DESC'
    column, direction = next(iter(sort.items())) if isinstance(sort, dict) and len(sort) == 1 else (sort, "asc")
    ranked = {"status": account.statuses, "priority": account.priorities}
    if column in ("status", "priority"):
        ranks = {o["_id"]: o.get("score", i) for i, o in enumerate(ranked[column])}
        cases = " ".join(f"WHEN '{object_id}' THEN {rank}" for object_id, rank in ranks.items())
        expression = f'CASE "{column}" {cases} END'
    elif isinstance(column, str) and column in _ORDERS:
        expression = _ORDERS[column]
    else:
        raise Refused(400, f"sortBy: can't sort by {column!r}")
    if direction not in ("asc", "desc"):
        raise Refused(400, 'sortBy: the direction is "asc" or "desc"')
    return f'ORDER BY {expression} {direction}, "id" {direction}'


def _among(column: str, values: list[str]) -> tuple[str, str]:
    return f'"{column}" IN (SELECT value FROM json_each(?))', json.dumps(values)  # noqa: S608 - columns are our own


def _in_array(key: str) -> Callable[[Any, Account, str | None], tuple[Any, ...]]:
    def make(wanted: list[str], _account: Account, _me: str | None) -> tuple[Any, ...]:
        each = f"SELECT 1 FROM json_each(task, '$.{key}') WHERE value IN (SELECT value FROM json_each(?))"  # noqa: S608
        return f"EXISTS ({each})", json.dumps(wanted)

    return make


def _unresolved(_on: bool, account: Account, _me: str | None) -> tuple[Any, ...]:
    return _among("status", [s["_id"] for s in account.statuses if s["statusCategory"] not in _DONE])


def _custom(wanted: list[dict[str, Any]], account: Account, _me: str | None) -> tuple[Any, ...]:
    """`[{"displayName" or "_id": …, "value": …}]`, all of which must hold (ours: the shape is not documented)."""
    parts, values = [], []
    for entry in wanted:
        named = [f["_id"] for f in account.fields if entry.get("_id", f["_id"]) == f["_id"]]
        ids = [i for f in account.fields if (i := f["_id"]) in named and f["displayName"] == entry.get("displayName")]
        ids = ids if "displayName" in entry else named
        held = "json_extract(value, '$[0]') IN (SELECT value FROM json_each(?)) AND json_extract(value, '$[1]') = ?"
        parts.append(f"EXISTS (SELECT 1 FROM json_each(task, '$.fields') WHERE {held})")  # noqa: S608
        value = entry.get("value")
        packed = (
            json.dumps(value, ensure_ascii=False, separators=(",", ":")) if isinstance(value, list | dict) else value
        )
        values += [json.dumps(ids), packed]
    return " AND ".join(parts), *values


def _moment(text: str) -> datetime:
    moment = datetime.fromisoformat(text)
    return moment if moment.tzinfo else moment.replace(tzinfo=UTC)


def _stamp(text: str) -> str:
    return timestamp(_moment(text).timestamp())


_FILTERS: dict[str, Callable[[Any, Account, str | None], tuple[Any, ...]]] = {
    "searchText": lambda text, _a, _m: ("instr(json_extract(task, '$.lname'), ?) > 0", text.lower()),
    "unresolved": _unresolved,
    "unassigned": lambda _on, _a, _m: ('"assignee" IS NULL',),
    "mytask": lambda _on, _a, me: ('"assignee" = ?', me),
    "mycase": lambda _on, _a, me: ('"assignee" = ?', me),
    "priority": lambda names, account, _m: _among("priority", account.named("priority", names)),
    "status": lambda names, account, _m: _among("status", account.named("status", names)),
    "agents": lambda ids, _a, _m: _among("assignee", ids),
    "channel": _in_array("channel"),
    "queues": _in_array("queues"),
    "customFields": _custom,
    "ETAlist": lambda etas, _a, _m: (
        "json_extract(task, '$.ETA') IN (SELECT value FROM json_each(?))",
        json.dumps(etas),
    ),
    # Which date startDate and endDate are about is not documented: ours is the day of creation.
    "startDate": lambda text, _a, _m: ('"created" >= ?', _stamp(text)),
    "endDate": lambda text, _a, _m: ('"created" <= ?', _stamp(text)),
    "dueDate": lambda text, _a, _m: ("json_extract(task, '$.dueDate') = ?", round(_moment(text).timestamp() * 1000)),
}
