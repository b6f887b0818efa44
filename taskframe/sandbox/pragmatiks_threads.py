"""What has gathered around Pragmatiks' tasks: comments, and the activity and mutations that the log tells."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator, Mapping
from datetime import datetime
from typing import TYPE_CHECKING, Any

from taskframe.sandbox.oracle import Refused
from taskframe.sandbox.people import make_id
from taskframe.sandbox.pragmatiks_checks import ASSIGNEES, whole
from taskframe.sandbox.pragmatiks_tasks import stamp

if TYPE_CHECKING:
    from taskframe.sandbox.log import Log, Record

Entry = dict[str, Any]

_ACTIVITY = (
    "kind", "timestamp", "edge_id", "from_status", "to_status", "assignee_table", "assignee_id", "comment_id",
    "instance_id", "operation", "resource_table", "resource_id", "fields_changed",
)  # fmt: skip
_TABLES = {"type": "agent_type", "instance": "agent_instance", "user": "user"}


class Comments:
    """The comments on all tasks, oldest first. They live as long as the sandbox, in no file."""

    def __init__(self, seed: int, organization: str) -> None:
        self._rng = random.Random(f"{seed}:pragmatiks:comments")
        self._organization = organization
        self._comments: list[Entry] = []

    def on(self, task_id: str) -> list[Entry]:
        """The comments on a task."""
        return [c for c in self._comments if c["task_id"] == task_id]

    def add(self, task_id: str, author: str, text: str, now: float) -> Entry:
        """A user's comment."""
        comment = {
            "id": f"task_comment:{make_id('', self._rng)[1:]}",
            "organization_id": self._organization,
            "task_id": task_id,
            "body": text,
            "author_type": "user",
            "author_user_id": author,
            "author_instance_id": None,
            "author_agent_type_id": None,
            "edited": False,
            "created_at": stamp(now),
            "updated_at": stamp(now),
        }
        self._comments.append(comment)
        return comment

    def of(self, comment_id: str, author: str) -> Entry:
        """A comment that its author may change."""
        found = next((c for c in self._comments if c["id"] == comment_id), None)
        if found is None:
            raise Refused(404, "Comment not found")
        if found["author_user_id"] != author:
            raise Refused(403, "Only the author may change a comment")
        return found

    def remove(self, comment: Entry) -> None:
        """Let a comment be gone."""
        self._comments.remove(comment)


def mutations(log: Log, task_id: str, actors: Mapping[str, str]) -> list[Entry]:
    """Each change of a task, newest first. The vendor's log is about the resources that a task's agents change;
    the only resource here is the task itself (ours).
    """
    found = []
    for record in _writes(log, task_id):
        before, after = dict(record.before or {}), dict(record.after or {})
        operation = "create" if not before else "delete" if "id" in before else "update"
        found.append(
            {
                "edge_id": f"{record.n:020}",
                "timestamp": after.get("updated_at") or stamp(record.at),
                "operation": operation,
                "resource_table": "agent_task",
                "resource_id": task_id.partition(":")[2],
                "before": before or None,
                "after": after if operation != "delete" else None,
                "fields_changed": sorted(after.keys() - {"updated_at"}),
                "version_before": None,
                "version_after": None,
                "actor_type": "user",
                "actor_id": actors[record.actor],
            }
        )
    return found[::-1]


def activity(log: Log, task_id: str, comments: list[Entry]) -> list[Entry]:
    """Transitions, assignments, changes and comments as one stream, newest first."""
    found = [entry for record in _writes(log, task_id) for entry in _told(record)]
    for comment in comments:
        edge = comment["id"].partition(":")[2]
        found.append(_entry("comment", comment["created_at"], edge, comment_id=comment["id"]))
    return sorted(found, key=_place("timestamp", "edge_id"), reverse=True)


def page(
    entries: list[Entry], query: Mapping[str, str], at: str, edge: str, *, newest_first: bool
) -> tuple[list[Entry], str | None]:
    """What `limit` (1 to 200, else 50) and `cursor` (`<moment>|<id>`) pick, and the cursor for what is left."""
    limit = whole(query.get("limit", "50"), "limit", 1, 200)
    place = _place(at, edge)
    if "cursor" in query:
        moment, _, mark = query["cursor"].partition("|")
        try:
            here = (datetime.fromisoformat(moment), mark)
        except ValueError:
            raise Refused(400, "Malformed cursor") from None
        entries = [e for e in entries if (place(e) < here if newest_first else place(e) > here)]
    picked = entries[:limit]
    more = len(entries) > limit
    return picked, f"{picked[-1][at]}|{picked[-1][edge]}" if more else None


def _writes(log: Log, task_id: str) -> Iterator[Record]:
    return (r for r in log.writes(task_id) if r.service == "pragmatiks")


def _told(record: Record) -> Iterator[Entry]:
    before, after = record.before or {}, record.after or {}
    moment, edge = after.get("updated_at") or stamp(record.at), f"{record.n:020}"
    if before.get("status") and after.get("status"):
        yield _entry("transition", moment, f"{edge}s", from_status=before["status"], to_status=after["status"])
    for kind, column in ASSIGNEES.items():
        if after.get(column):
            table = _TABLES[kind]
            yield _entry("assignment", moment, f"{edge}{kind}", assignee_table=table, assignee_id=after[column])
    names = sorted(after.keys() - {"updated_at", "status", *ASSIGNEES.values()})
    if names and before and "id" not in before:
        resource = {"resource_table": "agent_task", "resource_id": (record.task_id or "").partition(":")[2]}
        yield _entry("mutation", moment, f"{edge}m", operation="update", fields_changed=names, **resource)


def _entry(kind: str, moment: str, edge: str, **more: Any) -> Entry:
    return dict.fromkeys(_ACTIVITY) | {"kind": kind, "timestamp": moment, "edge_id": edge} | more


def _place(at: str, edge: str) -> Callable[[Entry], tuple[datetime, str]]:
    return lambda entry: (datetime.fromisoformat(entry[at]), entry[edge])
