"""Our three services in the conformance suite: what their schemas can't tell."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, ClassVar

import pandas as pd

from taskframe.changes.normal import plain
from taskframe.services.kore.fields import named, value_of
from taskframe.testing import ServiceConformance


class ReloadKit(ServiceConformance):
    """Columns are the fields of the wire: nothing to add but the filters."""

    service = "reload"
    filters: ClassVar = {"status": "status", "priority": "priority", "assigneeUserId": "assigneeUserId"}


class PragmatiksKit(ServiceConformance):
    """A status moves along the server's graph."""

    service = "pragmatiks"
    filters: ClassVar = {"status": "status", "assigned_to_instance_id": "assigned_to_instance_id"}

    def values(self, stage: Any, tasks: Any, task: str, column: Any) -> Any:
        if column.role == "status":
            return stage.server.graph[stage.server.task(task)["status"]]
        return super().values(stage, tasks, task, column)


class KoreKit(ServiceConformance):
    """Objects behind names, times in milliseconds, fields of the account's own."""

    service = "kore"
    filters: ClassVar = {"status": "status.name", "priority": "priority.name"}
    companions: ClassVar = {"name": ("lname",), "currAssignee._id": ("assigneeType",)}

    def cell(self, task: Mapping[str, Any], column: Any) -> Any:
        if column.name.startswith("fields."):
            return next((value_of(f) for name, f in named(task["fields"]) if name == column.name), None)
        if column.name == "lid":
            return task["iId"]
        value = super().cell(task, column)
        if column.kind == "timestamp" and isinstance(value, int | float):
            return pd.Timestamp(value, unit="ms", tz="UTC").isoformat()
        return value

    def fields(self, task: Mapping[str, Any], column: Any, value: Any) -> Mapping[str, Any]:
        name = column.name
        if name.startswith("fields."):
            changed = [{**f, "value": plain(value)} if n == name else f for n, f in named(task["fields"])]
            return {"fields": changed}
        if name in ("dueDate", "timestampValue"):
            return {name: None if value is None else round(pd.Timestamp(value).timestamp() * 1000)}
        return {name.partition(".")[0]: plain(value)}
