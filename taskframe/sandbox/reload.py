"""Reload's sandbox: a workspace with tasks, people and keys, and switches for what the service leaves open."""

from __future__ import annotations

import itertools
import random
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal, get_args

import msgspec

from taskframe.errors import SettingsError, did_you_mean
from taskframe.sandbox.base import Call, Reply, ServiceSandbox, World, timestamp
from taskframe.sandbox.keys import Key, Keys, Sees, bearer
from taskframe.sandbox.people import make_id, people
from taskframe.sandbox.reload_calls import ROUTES, WRITABLE, Done, Refused, comment
from taskframe.sandbox.reload_tasks import COLUMNS, PRIORITIES, STATUSES, Task, Tasks
from taskframe.sandbox.stories import TEAMS

Cursor = Literal["honour", "ignore", "refuse"]

_PREFIX = "/v1/agent/"
_CODES = {
    # No code is documented for 401; permission_denied is the nearest of those that are.
    401: ("permission_denied", "The token is missing, unknown, expired or revoked."),
    402: ("plan_limit_reached", "The plan's monthly task allowance is used up."),
    403: ("permission_denied", "The token does not allow this."),
    429: ("rate_limited", "Too many requests. Slow down."),
    500: ("internal_error", "Something went wrong on our side."),
    503: ("upstream_unavailable", "The service is temporarily unavailable."),
}
_RETRYABLE = frozenset({"rate_limited", "upstream_unavailable", "internal_error"})


class ReloadSandbox(ServiceSandbox):
    """The server side of Reload. The switches may be turned at any time:

    - `cursor`: "honour" (it pages on), "ignore" (the first page again) or "refuse" (400);
    - `total`: whether lists give `meta.pagination.total`;
    - `shifting`: cursors count from the last updated task, so that pages shift while others write;
    - `history_cutoff`: `(how many tasks lie beyond it, the moment)`, or None; those tasks aren't held here;
    - `float_versions`: `version` arrives as 3.0; `omit`: keys left out of task objects;
    - `limits`: rate windows per token, `(calls, seconds, "announced" | "hidden" | "date" | "ms")`;
    - `plan_limit`: how many tasks may yet be created, or None.
    """

    name: ClassVar[str] = "reload"

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self._cursor: Cursor = "honour"
        self.total = True
        self.shifting = False
        self.history_cutoff: tuple[int, str] | None = None
        self.float_versions = False
        self.omit: Collection[str] = ()
        self.plan_limit: int | None = None

        self.rng = random.Random(f"{world.seed}:reload")
        self.workspace = make_id("wsp", self.rng)
        everybody = people(world.seed)
        self.people: list[dict[str, Any]] = [
            {"id": p.id, "kind": p.kind, "displayName": p.name, "handle": p.handle, "email": p.email} for p in everybody
        ]
        self._kinds = {p.id: p.kind for p in everybody}
        self.channels: list[dict[str, str]] = [
            {"id": make_id("chn", self.rng), "name": name} for name in (*TEAMS, "general")
        ]
        self.caller = self.people[0]
        self._keys = Keys(f"{world.seed}:reload:keys", lambda rng: f"rl_sk_{make_id('sandbox', rng)}")
        scopes = ("task-read", "task-write")
        self._default = self._keys.add(holder=self.caller["id"], scopes=scopes, label="caller")
        self._comments: dict[str, list[dict[str, Any]]] = {}
        self._requests = itertools.count(1)
        self.store = Tasks(world.database, self.workspace)
        if not len(self.store):
            users = [p.id for p in everybody if p.kind == "user"]
            agents = [p.id for p in everybody if p.kind == "agent"]
            self.store.seed(world.tasks, world.seed, users, agents, [c["id"] for c in self.channels])
        # A file that is opened again already holds the ids that the first run made.
        self.rng = random.Random(f"{world.seed}:reload:{len(self.store)}")

    @property
    def cursor(self) -> Cursor:
        """What becomes of a cursor that a client sends back."""
        return self._cursor

    @cursor.setter
    def cursor(self, cursor: Cursor) -> None:
        if cursor not in get_args(Cursor):
            raise SettingsError(f"cursor is one of {', '.join(get_args(Cursor))}; got {cursor!r}")
        self._cursor = cursor

    # The oracle's side

    def task(self, task_id: str) -> Task:
        """A task in wire form, as the server holds it now. `KeyError` when there is none."""
        with self.world.lock:
            task = self.store.get(task_id)
        if task is None:
            raise KeyError(task_id)
        return task

    def tasks(self) -> list[Task]:
        """All tasks in wire form, newest first."""
        with self.world.lock:
            return self.store.all()

    def comments(self, task_id: str) -> list[dict[str, Any]]:
        """The comments on a task, oldest first."""
        return list(self._comments.get(task_id, ()))

    def edit(self, task_id: str, **fields: Any) -> Task:
        """A colleague's edit, of any column; the version goes up even when the values are the same."""
        return self._edit(task_id, fields)

    def add(self, **fields: Any) -> Task:
        """A colleague's new task."""
        _known(fields)
        with self.world.lock:
            by = {"title": "New task", "createdByUserId": self.people[1]["id"]}
            task = self.store.create([by | fields], self.world.clock.now(), self.rng)[0]
            self.record_other(task["id"], {}, task)
        return task

    def delete(self, task_id: str) -> None:
        """A colleague deletes a task: lists leave it out, calls answer 404."""
        self._edit(task_id, {"deletedAt": timestamp(self.world.clock.now())})

    def token(
        self,
        *,
        scopes: Collection[str] = ("task-read", "task-write"),
        user: str | None = None,
        sees: Sees = "all",
        expires_in: float | None = None,
        label: str | None = None,
    ) -> str:
        """A further key. `user` is the id of the person or agent it stands for (None: the caller).

        `sees="own"` shows only tasks that the holder is assigned or created; `expires_in` is in seconds.
        """
        holder = self.caller["id"] if user is None else user
        if holder not in self._kinds:
            raise SettingsError(f"no person or agent has the id {holder!r}; see `people`")
        expires = None if expires_in is None else self.world.clock.now() + expires_in
        with self.world.lock:
            return self._keys.add(holder=holder, scopes=scopes, sees=sees, expires=expires, label=label).secret

    def revoke(self, token: str | None = None) -> None:
        """Let a key (None: the default one) answer 401 from now on."""
        self._key(token).revoked = True

    def restore(self, token: str | None = None) -> None:
        """Take a revoked key back."""
        self._key(token).revoked = False

    # The server's side

    def settings(self, url: str) -> dict[str, Any]:
        """Base URL and token."""
        return {"base_url": url, "token": self._default.secret}

    def label(self, header: str, value: str) -> str:
        """The label of the key in an `Authorization` header."""
        key = self._keys.find(bearer(value) or "") if header == "authorization" else None
        return f"<{key.label if key else 'unknown'}>"

    def answer(self, call: Call) -> Reply:
        """Carry out a call."""
        try:
            done = self._carry_out(call)
        except Refused as refused:
            return self._failure(refused)
        meta = self._meta()
        if done.pagination is not None:
            meta["pagination"] = done.pagination
        content = msgspec.json.encode({"success": True, "data": done.data, "meta": meta})
        return Reply(200, content, done.task_id, done.before, done.after)

    def refuse(self, status: int) -> Reply:
        """Reload's own words for a failure; a gateway's page for 502 and 504, which come from in front of it."""
        if status in (502, 504):
            words = {502: "Bad Gateway", 504: "Gateway Time-out"}[status]
            page = f"<html><head><title>{status} {words}</title></head><body><h1>{status} {words}</h1></body></html>"
            return Reply(status, page.encode(), content_type="text/html")
        return self._failure(Refused(status, *_CODES.get(status, ("internal_error", "It failed."))))

    def target(self, call: Call) -> str | None:
        """The task in a write's body."""
        if call.method != "POST" or not isinstance(call.json, dict):
            return None
        task_id = call.json.get("taskId")
        return task_id if isinstance(task_id, str) else None

    def meddle(self, call: Call, columns: str | Mapping[str, Any]) -> None:
        """A colleague's edit just ahead of a write."""
        task_id = self.target(call)
        task = self.store.get(task_id) if task_id else None
        if task is None:
            return
        fields = columns if isinstance(columns, Mapping) else self._other_values(task, call.json, columns)
        self._edit(task["id"], fields, fault="others-edit")

    def other_task(self, call: Call) -> Reply:
        """A whole reply about some other task."""
        others = self.store.find(' AND "id" <> ?', [self.target(call) or ""], 'ORDER BY "id" LIMIT 1')
        data = self.wire(others[0]) if others else None
        return Reply(200, msgspec.json.encode({"success": True, "data": data, "meta": self._meta()}))

    def wire(self, task: Task) -> Task:
        """A task as replies show it, after the switches."""
        if not self.float_versions and not self.omit:
            return task
        shown = {k: v for k, v in task.items() if k not in self.omit}
        if self.float_versions and "version" in shown:
            shown["version"] = float(shown["version"])
        return shown

    def kind_of(self, person: str) -> str | None:
        """ "user" or "agent"; None for an id that is nobody's."""
        return self._kinds.get(person)

    def add_comment(self, task_id: str, author: str, text: str) -> None:
        """Put a comment on a task."""
        self._comments.setdefault(task_id, []).append(comment(self, task_id, author, text))

    def _carry_out(self, call: Call) -> Done:
        name = call.path.removeprefix(_PREFIX)
        if name not in ROUTES or not call.path.startswith(_PREFIX):
            raise Refused(404, "not_found", "There is no such call.")
        method, scope, handler = ROUTES[name]
        if call.method != method:
            raise Refused(405, "invalid_input", f"This call wants {method}.", {"allow": method})
        key = self._keys.find(bearer(call.headers.get("authorization")) or "")
        if key is None or not key.good(self.world.clock.now()):
            raise Refused(401, *_CODES[401])
        if scope is not None and scope not in key.scopes:
            raise Refused(403, "permission_denied", f"The token lacks the scope `{scope}`.", {"scope": scope})
        return handler(self, call, key)

    def _edit(self, task_id: str, fields: Mapping[str, Any], fault: str | None = None) -> Task:
        _known(fields)
        with self.world.lock:
            task = self.task(task_id)
            changed, before, after = self.store.change(task, fields, self.world.clock.now(), touch=True)
            self.record_other(task_id, before, after, fault)
        return changed

    def _other_values(self, task: Task, body: Mapping[str, Any], columns: str) -> dict[str, Any]:
        """One column and a value for it that is neither what is there nor what the caller sends."""
        rng = random.Random(f"{task['id']}:{task['version']}")
        ours = [c for c in WRITABLE if c in body] or ["status"]
        column = rng.choice(ours if columns == "same" else [c for c in WRITABLE if c not in ours] or ours)
        if column in ("title", "description"):
            return {column: f"{(task[column] or '')[:450]} (seen by {self.people[1]['displayName']})"}
        agents = column == "assigneeAgentId"
        choices: Collection[Any] = {"status": STATUSES, "priority": PRIORITIES}.get(
            column, [p["id"] for p in self.people if (p["kind"] == "agent") == agents]
        )
        return {column: rng.choice([c for c in choices if c not in (task[column], body.get(column))])}

    def _key(self, token: str | None) -> Key:
        key = self._default if token is None else self._keys.find(token)
        if key is None:
            raise SettingsError("there is no such token in this sandbox")
        return key

    def _meta(self) -> dict[str, Any]:
        now = timestamp(self.world.clock.now())
        return {"requestId": f"req_{next(self._requests):08x}", "timestamp": now}

    def _failure(self, refused: Refused) -> Reply:
        error: dict[str, Any] = {"code": refused.code, "message": refused.message}
        if refused.details is not None:
            error["details"] = refused.details
        error["retryable"] = refused.code in _RETRYABLE
        content = msgspec.json.encode({"success": False, "error": error, "meta": self._meta()})
        headers = [("allow", refused.details["allow"])] if refused.status == 405 and refused.details else []
        return Reply(refused.status, content, headers=headers)


def _known(fields: Mapping[str, Any]) -> None:
    for name in fields:
        if name not in COLUMNS or name == "id":
            raise SettingsError(f"a task has no column {name!r} to edit.{did_you_mean(name, COLUMNS)}")
