"""A real server that speaks the services' protocols: to try taskframe on, and to test it against.

    with Sandbox(tasks=2_000, seed=7) as box:
        box.settings("reload")          # what any client needs: {"base_url": …, "token": …}
        box["reload"].task("tsk_…")     # the oracle's side: what the server holds now
        box["reload"].edit("tsk_…", status="blocked")      # a colleague's edit
        box.faults.add("drop-after")    # the next call is carried out, its reply lost
        box.log.writes("tsk_…")         # every write, also those whose reply was dropped

Starlette, uvicorn and SQLite are imported when a `Sandbox` is made, not before.
"""

from taskframe.sandbox.base import Call, Clock, Reply, ServiceSandbox, World
from taskframe.sandbox.box import Sandbox, available
from taskframe.sandbox.command import serve
from taskframe.sandbox.faults import KINDS, Fault, Faults, Rule
from taskframe.sandbox.log import Log, Record

__all__ = [
    "KINDS",
    "Call",
    "Clock",
    "Fault",
    "Faults",
    "Log",
    "Record",
    "Reply",
    "Rule",
    "Sandbox",
    "ServiceSandbox",
    "World",
    "available",
    "serve",
]
