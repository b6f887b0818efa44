"""An edit as the body of updateTask, and what is wrong with it."""

from __future__ import annotations

from collections.abc import Iterator, Mapping
from typing import TYPE_CHECKING, Any, Final

import numpy as np

from taskframe.errors import PlanError, did_you_mean
from taskframe.problem import Problem
from taskframe.services.kore import fields as kore_fields
from taskframe.services.kore import objects
from taskframe.services.kore.columns import HANDLES, MILLISECONDS, TIMES, UPDATE
from taskframe.services.kore.moments import is_whole, iso, milliseconds

if TYPE_CHECKING:
    from taskframe.catalogue import Catalogue
    from taskframe.changes.changes import Changes
    from taskframe.changes.edit import Edit, Row

UNASSIGNED: Final = "unassigned"
"""The `assigneeType` of a task that nobody has [docs: sample]."""


def body(edit: Edit, catalogue: Catalogue) -> dict[str, Any]:
    """The changed fields only, in the order of the documentation, and what goes with them.

    `name` brings `lname`, in lower case, unless that was edited, or is a text of its own [inferred from every sample].
    The assignee brings `assigneeType`: "unassigned" with nobody, else the one seen with that assignee [inferred].
    Raises PlanError for what `problems` would have named.
    """
    after = edit.after
    sent: dict[str, Any] = {}
    own: dict[str, Any] = {}
    for name, value in after.items():
        if name in HANDLES:
            sent[HANDLES[name]] = _thing(edit.id, name, value, catalogue)
        elif name.startswith(kore_fields.PREFIX):
            own[name] = value
        elif name in UPDATE:
            sent[name] = _value(name, value)
        else:
            raise PlanError(f"task {edit.id}: updateTask does not take {name}")
    if own:
        base = after["fields"] if "fields" in after else edit.base.get("fields")
        if list(kore_fields.missing({"fields": base}, own)):
            raise PlanError(f"task {edit.id} has no such field: {', '.join(own)}")
        sent["fields"] = kore_fields.filled(base, own, catalogue)
    if isinstance(after.get("name"), str) and _follows(edit.base):
        sent.setdefault("lname", after["name"].lower())
    if objects.ASSIGNEE in after and "assigneeType" not in after:
        kind = _kind_of(after[objects.ASSIGNEE], sent["currAssignee"], edit.base.get("assigneeType"), catalogue)
        if kind is not None:
            sent["assigneeType"] = kind
    return {name: sent[name] for name in UPDATE if name in sent}


def _follows(base: Row) -> bool:
    """Whether `lname` is `name` in lower case, so that it goes along; one of its own is left as it is."""
    name, low = base.get("name"), base.get("lname")
    return low is None or (isinstance(name, str) and low == name.lower())


def _thing(task: str, column: str, value: str | None, catalogue: Catalogue) -> Mapping[str, Any]:
    if value is None:
        if column == objects.ASSIGNEE:
            return {}
        raise PlanError(f"task {task}: {column} can't be cleared")
    try:
        return objects.find(catalogue, column, value)
    except objects.Unknown as unknown:
        raise PlanError(f"task {task}: {unknown}") from None


def _kind_of(who: str | None, thing: Mapping[str, Any], now: Any, catalogue: Catalogue) -> str | None:
    """The `assigneeType` to send with an assignee; None where it is right already, or nothing tells."""
    if who is None:
        return UNASSIGNED
    seen = catalogue.entries.get("assigneeType", {})
    kinds = set(seen.values()) - {UNASSIGNED}
    kind = seen.get(objects.id_of(thing) or who) or (kinds.pop() if len(kinds) == 1 else None)
    return None if kind in (now, UNASSIGNED) else kind


def _value(name: str, value: Any) -> Any:
    if name in MILLISECONDS and value is not None:
        return milliseconds(value)
    if name in TIMES:
        return "" if value is None else iso(value)
    return value


def problems(edit: Edit, catalogue: Catalogue) -> Iterator[Problem]:
    """What no single column can tell."""
    after = edit.after
    own = [name for name in after if name.startswith(kore_fields.PREFIX)]
    for name, value in after.items():
        if name in HANDLES and value is not None:
            try:
                objects.find(catalogue, name, value)
            except objects.Unknown as unknown:
                yield Problem(unknown.kind, edit.id, name, value, str(unknown))
        elif name in (*MILLISECONDS, *TIMES) and value is not None and not is_whole(value):
            words = f"{name} holds whole milliseconds: write {iso(value)}, or use .dt.floor('ms')"
            yield Problem("range", edit.id, name, value, words)
    for name in kore_fields.missing(edit.base, own):
        words = "this task has no such field: its template does not have it, or its fields were not loaded"
        yield Problem("service", edit.id, name, after[name], words)
    known = catalogue.entries.get("fields", {})
    for name in own:
        options = known.get(name, {}).get("options") or ()
        given = after[name] if isinstance(after[name], list) else [after[name]]
        strange = [v for v in given if options and v is not None and v not in options]
        if strange:
            near = did_you_mean(strange[0], options)
            words = f"{strange[0]!r} is not one of {', '.join(options)}.{near}"
            yield Problem("choice", edit.id, name, after[name], words)
    if "fields" in after:
        raw, base = dict(kore_fields.named(after["fields"])), dict(kore_fields.named(edit.base.get("fields")))
        for name in own:
            given, was = (kore_fields.value_of(d.get(name, {})) for d in (raw, base))
            if name not in raw or (given != was and given != after[name]):
                words = f"fields says {given!r} and {name} says {after[name]!r}: edit one of the two"
                yield Problem("disagree", edit.id, name, after[name], words)
    kind = after.get("assigneeType")
    if kind is not None and objects.ASSIGNEE in after and (kind == UNASSIGNED) is not (after[objects.ASSIGNEE] is None):
        words = f"assigneeType {kind!r} does not go with {objects.ASSIGNEE} {after[objects.ASSIGNEE]!r}: leave one out"
        yield Problem("disagree", edit.id, "assigneeType", kind, words)


def doubtful(changes: Changes, catalogue: Catalogue) -> np.ndarray:
    """A mask of the tasks that `problems` may name: each name is looked up once here, not for each task that gets it.

    What only the task itself tells, such as which fields of the account's own it has, is left to `problems`.
    """
    mask = np.zeros(len(changes.ids), dtype=bool)
    for name, change in changes.columns.items():
        cells = change.after.tolist()
        if name in HANDLES:
            unknown = {value for value in set(cells) if value is not None and _is_unknown(catalogue, name, value)}
            mask[change.rows] |= np.array([value in unknown for value in cells], dtype=bool)
        elif name in (*MILLISECONDS, *TIMES):
            mask[change.rows] |= np.array([v is not None and not is_whole(v) for v in cells], dtype=bool)
        elif name.startswith(kore_fields.PREFIX) or (name == "assigneeType" and objects.ASSIGNEE in changes.columns):
            mask[change.rows] = True
    return mask


def _is_unknown(catalogue: Catalogue, column: str, name: str) -> bool:
    try:
        objects.find(catalogue, column, name)
    except objects.Unknown:
        return True
    return False
