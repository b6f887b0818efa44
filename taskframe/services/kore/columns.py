"""Kore's columns: all that a task holds, in the service's order, and what each is for."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final

from taskframe.schema import Column

_BODY: Final = "seed: updateTask, request body"
_TASK: Final = "docs: getTasks, sample response"

TEXTS: Final = (
    "caseId", "caseRefId", "taskTmp", "caseTmp", "name", "lname", "desc", "accountId", "iId", "lid", "orgId",
    "language", "source", "conversationType", "refId", "assigneeType",
)  # fmt: skip
LISTS: Final = (
    "tags", "sessIds", "convIds", "fields", "participants", "queues", "taskIds", "attachments", "feedback",
    "activityIds", "commentIds", "resolutionCmts", "channel",
)  # fmt: skip
BOOLEANS: Final = ("isCustTsk", "isActive", "isBreached", "supportCustomTasks")
MILLISECONDS: Final = ("timestampValue", "dueDate")
TIMES: Final = ("createdAt", "updatedAt", "ETA")

PARTS: Final[Mapping[str, tuple[str, ...]]] = {
    "userInfo": ("_id", "name"),
    "status": ("_id", "name", "statusCategory"),
    "priority": ("_id", "name", "score"),
    "createdBy": ("name",),
    "updatedBy": ("name",),
    "currAssignee": ("_id", "name"),
}
"""The objects of a task, and those of their keys that are columns: `status.name`."""

WHOLE: Final = ("userInfo", "createdBy", "updatedBy")
"""The objects that are edited as objects. The others have names or ids that stand for them: see `objects`."""

HANDLES: Final[Mapping[str, str]] = {
    "status.name": "status", "priority.name": "priority", "currAssignee._id": "currAssignee",
}  # fmt: skip
"""The column to edit → the object that goes out."""

IDS: Final = ("_id", "agentId", "aId")
"""Where an object's id is: the first of these that it has. Published samples of an assignee have no `_id`."""

UPDATE: Final = (
    "caseTmp", "name", "lname", "desc", "tags", "userInfo", "sessIds", "accountId", "lid", "orgId", "convIds",
    "status", "language", "source", "conversationType", "fields", "participants", "queues", "priority", "refId",
    "assigneeType", "isActive", "taskIds", "attachments", "feedback", "createdBy", "updatedBy", "timestampValue",
    "activityIds", "commentIds", "resolutionCmts", "dueDate", "isBreached", "supportCustomTasks", "channel",
    "createdAt", "updatedAt", "currAssignee", "ETA",
)  # fmt: skip
"""The 39 fields that updateTask takes, in the order of its documentation."""

SYSTEM: Final = frozenset(
    {
        "caseTmp", "sessIds", "accountId", "lid", "orgId", "convIds", "conversationType", "fields", "refId",
        "createdBy", "updatedBy", "timestampValue", "activityIds", "commentIds", "isBreached", "createdAt", "updatedAt",
    }
)  # fmt: skip
"""What updateTask takes and is the system's own record: who, where, when, and what belongs to it [inferred].

`fields` is among them, as each of its values has a column of its own (`fields.<displayName>`).
"""


def _column(name: str, label: str, kind: Any = "text", **more: Any) -> Column:
    sent = name in UPDATE or name in HANDLES
    more.setdefault("source", _BODY if sent else _TASK)
    more.setdefault("editable", sent and name not in SYSTEM)
    return Column(name, kind, label=label, system=name in SYSTEM, **more)


def _part(name: str, label: str, handle: str, kind: Any = "text") -> Column:
    return _column(name, label, kind, handle=handle)


COLUMNS: Final[tuple[Column, ...]] = (
    _column("caseId", "Case"),
    _column("caseRefId", "Case reference"),
    _column("taskTmp", "Task template"),
    _column("caseTmp", "Template id"),
    _column("name", "Name", role="title", nullable=False),
    _column("lname", "Name in lower case"),
    _column("desc", "Description"),
    _column("tags", "Tags", "list", unordered=True),
    _column("userInfo", "User", "object"),
    _part("userInfo._id", "User id", "userInfo"),
    _part("userInfo.name", "User name", "userInfo"),
    _column("sessIds", "Sessions", "list"),
    _column("accountId", "Account"),
    _column("iId", "Stream"),
    _column("lid", "Stream, as the update calls it"),
    _column("orgId", "Organization"),
    _column("convIds", "Conversations", "list"),
    _part("status._id", "Status id", "status.name"),
    _column("status.name", "Status", role="status"),
    _part("status.statusCategory", "Status category", "status.name"),
    _column("language", "Language"),
    _column("source", "Source"),
    _column("conversationType", "Conversation type"),
    _column("fields", "Fields", "list"),
    _column("participants", "Participants", "list"),
    _column("queues", "Queues", "list"),
    _part("priority._id", "Priority id", "priority.name"),
    _column("priority.name", "Priority", role="priority"),
    _part("priority.score", "Priority score", "priority.name", "number"),
    _column("refId", "Reference", role="identifier"),
    _column("assigneeType", "Kind of assignee"),
    _column("isCustTsk", "Custom task", "boolean"),
    _column("isActive", "Active", "boolean"),
    _column("taskIds", "Tasks", "list"),
    _column("attachments", "Attachments", "list"),
    _column("feedback", "Feedback", "list"),
    _column("createdBy", "Created by", "object"),
    _part("createdBy.name", "Creator", "createdBy"),
    _column("updatedBy", "Updated by", "object"),
    _part("updatedBy.name", "Updater", "updatedBy"),
    _column("timestampValue", "Timestamp", "timestamp", unit="ms"),
    _column("activityIds", "Activities", "list"),
    _column("commentIds", "Comments", "list"),
    _column("resolutionCmts", "Resolution comments", "list"),
    _column("dueDate", "Due", "timestamp", role="due", unit="ms"),
    _column("isBreached", "Breached", "boolean"),
    _column("supportCustomTasks", "Takes custom tasks", "boolean"),
    _column("channel", "Channels", "list", unordered=True),
    _column("createdAt", "Created", "timestamp", unit="ms"),
    _column("updatedAt", "Updated", "timestamp", role="updated", unit="ms"),
    _column("currAssignee._id", "Assignee", role="assignee", clearable=True, people=True),
    _part("currAssignee.name", "Assignee's name", "currAssignee._id"),
    _column("ETA", "Estimated resolution", "timestamp", clearable=True, blank_is_null=True, unit="ms"),
)
"""All columns but those of the account's own fields. `""` is Kore's way to say that there is no ETA [docs: sample]."""
