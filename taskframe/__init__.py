"""Edit thousands of tasks behind a web API as a pandas DataFrame.

    import taskframe as tf

    conn = tf.connect("reload", token="rl_sk_…")
    tasks = conn.load(status=["todo", "in_progress"])
    tasks.df.loc[tasks.df["priority"] == "none", "priority"] = "low"
    plan = tasks.plan()          # the preview
    report = plan.apply()        # one outcome for every task

Names are imported when they are first used, so that `import taskframe` costs next to nothing.
"""

from __future__ import annotations

import sys
from importlib import import_module
from types import ModuleType
from typing import TYPE_CHECKING, Any

from taskframe._version import __version__

if TYPE_CHECKING:
    from taskframe.catalogue import Catalogue
    from taskframe.connection import Connection, connect
    from taskframe.elsewhere import from_frame, open_plan, open_tasks
    from taskframe.engine.transport import NoReply, Request, Transport
    from taskframe.errors import (
        ApplyInterrupted,
        AuthError,
        ClosedError,
        ConfirmationNeeded,
        FileError,
        FrameError,
        IncompleteLoad,
        JournalError,
        MissingExtra,
        PlanError,
        ProtocolError,
        ServiceError,
        SettingsError,
        TaskframeError,
    )
    from taskframe.frame import TaskFrame
    from taskframe.local import LocalSandbox, sandbox
    from taskframe.plan import Plan
    from taskframe.report import Report
    from taskframe.schema import Column, Schema
    from taskframe.services.base import Limit, Reply

__all__ = [
    "ApplyInterrupted",
    "AuthError",
    "Catalogue",
    "ClosedError",
    "Column",
    "ConfirmationNeeded",
    "Connection",
    "FileError",
    "FrameError",
    "IncompleteLoad",
    "JournalError",
    "Limit",
    "LocalSandbox",
    "MissingExtra",
    "NoReply",
    "Plan",
    "PlanError",
    "ProtocolError",
    "Reply",
    "Report",
    "Request",
    "Schema",
    "ServiceError",
    "SettingsError",
    "TaskFrame",
    "TaskframeError",
    "Transport",
    "__version__",
    "connect",
    "from_frame",
    "open_plan",
    "open_tasks",
    "sandbox",
]

_HOMES = {
    "taskframe.catalogue": ("Catalogue",),
    "taskframe.connection": ("Connection", "connect"),
    "taskframe.engine.transport": ("NoReply", "Request", "Transport"),
    "taskframe.elsewhere": ("from_frame", "open_plan", "open_tasks"),
    "taskframe.frame": ("TaskFrame",),
    "taskframe.local": ("LocalSandbox",),
    "taskframe.plan": ("Plan",),
    "taskframe.report": ("Report",),
    "taskframe.schema": ("Column", "Schema"),
    "taskframe.services.base": ("Limit", "Reply"),
}
_HOME = {name: home for home, names in _HOMES.items() for name in names}


def __getattr__(name: str) -> Any:
    home = _HOME.get(name, "taskframe.errors" if name in __all__ else None)
    if home is None:
        raise AttributeError(f"module 'taskframe' has no attribute {name!r}")
    value = getattr(import_module(home), name)
    globals()[name] = value
    return value


class _Package(ModuleType):
    """This module. `taskframe.sandbox` is the function, whatever imported the package of that name before or after."""

    @property
    def sandbox(self) -> Any:
        return import_module("taskframe.local").sandbox

    @sandbox.setter
    def sandbox(self, package: object) -> None:
        """The import system puts each submodule here."""


sys.modules[__name__].__class__ = _Package


def __dir__() -> list[str]:
    return sorted(__all__)
