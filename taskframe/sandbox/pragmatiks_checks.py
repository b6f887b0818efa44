"""What Pragmatiks takes in a body or a query, and how it lists what is wrong: FastAPI's 422."""

from __future__ import annotations

from collections.abc import Collection, Iterable, Mapping
from typing import TYPE_CHECKING, Any

from taskframe.sandbox.oracle import Refused

if TYPE_CHECKING:
    from taskframe.sandbox.base import Call

STATUSES = ("backlog", "assigned", "running", "review", "done")
SOURCES = ("triage", "conversation", "manual")
ASSIGNEES = {"type": "assigned_to_type_id", "instance": "assigned_to_instance_id", "user": "assigned_to_user_id"}
UPDATE = ("title", "description", "priority", *ASSIGNEES.values(), "correlation_bucket_id", "source")
CREATE = (*UPDATE, "status")
NULLABLE = frozenset({"description", "correlation_bucket_id", *ASSIGNEES.values()})
_CHOICES = {"status": STATUSES, "source": SOURCES}

Mistake = dict[str, Any]


def mistake(kind: str, loc: Iterable[str | int], message: str, given: object) -> Mistake:
    """One entry of a 422."""
    return {"type": kind, "loc": list(loc), "msg": message, "input": given}


def refuse(mistakes: list[Mistake]) -> None:
    """Raise the 422 that lists all mistakes, if there are any."""
    if mistakes:
        raise Refused(422, mistakes)


def body(call: Call) -> dict[str, Any]:
    """The JSON object in a call's body."""
    if not call.content:
        refuse([mistake("missing", ["body"], "Field required", None)])
    if call.json is None:
        refuse([mistake("json_invalid", ["body", 0], "JSON decode error", {})])
    if not isinstance(call.json, dict):
        message = "Input should be a valid dictionary or object to extract fields from"
        refuse([mistake("model_attributes_type", ["body"], message, call.json)])
    found: dict[str, Any] = call.json
    return found


def fields(
    given: Mapping[str, Any],
    taken: Collection[str],
    people: Mapping[str, Collection[str]],
    *,
    required: Collection[str] = (),
    nulls: Collection[str] = NULLABLE,
) -> dict[str, Any]:
    """The fields of a task, checked all at once. `people` are the ids that each kind of assignee may have (ours)."""
    mistakes = [mistake("missing", ["body", n], "Field required", dict(given)) for n in required if n not in given]
    found: dict[str, Any] = {}
    for name, value in given.items():
        loc = ["body", name]
        if name not in taken:
            message = "Extra inputs are not permitted"
            if name == "status":
                message = "Status changes are not allowed here; use the transition endpoint"
            mistakes.append(mistake("extra_forbidden", loc, message, value))
            continue
        found[name] = value
        if value is None and name in nulls:
            continue
        wrong = _wrong(name, value, people)
        if wrong is not None:
            mistakes.append(mistake(wrong[0], loc, wrong[1], value))
        elif name == "priority":
            found[name] = int(value)
    refuse(mistakes)
    return found


def status(value: object, loc: Iterable[str]) -> str:
    """A status that there is."""
    wrong = _wrong("status", value, {})
    if wrong is not None:
        refuse([mistake(wrong[0], loc, wrong[1], value)])
    return str(value)


def whole(text: str, name: str, low: int, high: int) -> int:
    """A whole number in a query."""
    try:
        number = int(text)
    except ValueError:
        refuse([mistake("int_parsing", ["query", name], "Input should be a valid integer", text)])
    if not low <= number <= high:
        refuse([mistake("range", ["query", name], f"Input should be from {low} to {high}", text)])
    return number


def _wrong(name: str, value: object, people: Mapping[str, Collection[str]]) -> tuple[str, str] | None:
    if name == "priority":
        number = isinstance(value, int | float) and not isinstance(value, bool)
        if not number or value != int(value):  # type: ignore[call-overload]
            return "int_type", "Input should be a valid integer"
        if not 1 <= value <= 4:  # type: ignore[operator]
            return "range", "Input should be greater than or equal to 1 and less than or equal to 4"
        return None
    choices = _CHOICES.get(name)
    if choices is not None and value not in choices:
        return "enum", f"Input should be {', '.join(map(repr, choices[:-1]))} or {choices[-1]!r}"
    if not isinstance(value, str):
        return "string_type", "Input should be a valid string"
    for kind, column in ASSIGNEES.items():
        if name == column and value not in people.get(kind, ()):
            return "value_error", f"Value error, there is no such {kind} in this organization"
    return None
