"""Pragmatiks' sandbox: an organization with tasks, users and agents, and switches for what nobody publishes."""

from __future__ import annotations

import random
import uuid
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

import msgspec

from taskframe.errors import SettingsError
from taskframe.sandbox.base import Call, Reply, World
from taskframe.sandbox.jwts import Signer, expiry, said
from taskframe.sandbox.keys import bearer
from taskframe.sandbox.oracle import Refused, Task, TaskSandbox
from taskframe.sandbox.people import make_id, people
from taskframe.sandbox.pragmatiks_calls import WRITES, Handler, assign, route, transition, update_task
from taskframe.sandbox.pragmatiks_checks import ASSIGNEES, CREATE, SOURCES, STATUSES, fields
from taskframe.sandbox.pragmatiks_tasks import Tasks, stamp
from taskframe.sandbox.pragmatiks_threads import Comments
from taskframe.sandbox.switch import Switch

_PREFIX = "/agents/tasks"
_HOUR = 3600.0
_DETAILS = {
    401: "Token has expired",
    403: "Not allowed",
    429: "Too many requests",
    500: "Internal Server Error",
    503: "Service Unavailable",
}


class PragmatiksSandbox(TaskSandbox[Tasks]):
    """The server side of Pragmatiks' agent tasks. The switches may be turned at any time:

    - `graph`: to which statuses each status may go; `done` is an end unless it is changed;
    - `created_status`: 201 or 200 for what was created;
    - `organization_id`: whether replies have it, as older versions do; `omit`: keys left out of task objects;
    - `nulls`: what a null title, priority or source does: "refuse" (422) or "keep" (nothing);
    - `contention`: so many further writes answer 409 as concurrent changes;
    - `cap`: lists end after so many tasks, and don't say so: only `board` knows;
    - `token_life`: for how many seconds a token from `settings` is good (a day);
    - `limits`: rate windows per token, `(calls, seconds, "announced" | "hidden" | "date" | "ms")`.
    """

    name: ClassVar[str] = "pragmatiks"
    columns = CREATE
    open_to_others = ("title", "description", "priority", "status", *ASSIGNEES.values())

    created_status: Switch[int] = Switch(201, 200)
    nulls: Switch[Literal["refuse", "keep"]] = Switch("refuse", "keep")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.graph: dict[str, Collection[str]] = {
            "backlog": ("assigned",),
            "assigned": ("running", "backlog"),
            "running": ("review", "assigned"),
            "review": ("done", "running"),
            "done": (),
        }
        self.organization_id = True
        self.omit: Collection[str] = ()
        self.contention = 0
        self.cap: int | None = None
        self.token_life = 24 * _HOUR

        rng = random.Random(f"{world.seed}:pragmatiks")
        self.organization = make_id("org", rng)
        self._signer = Signer(f"{rng.getrandbits(384):064x}")
        company = people(world.seed)
        users = [p for p in company if p.kind == "user"]
        agents = [p for p in company if p.kind == "agent"]
        self.people: list[dict[str, Any]] = [
            *({"id": make_id("user", rng), "kind": "user", "name": p.name, "email": p.email} for p in users),
            *({"id": make_id("inst", rng), "kind": "instance", "name": f"{p.name} 1", "email": None} for p in agents),
            *({"id": p.handle, "kind": "type", "name": p.name, "email": None} for p in agents),
        ]
        self.ids = {kind: [p["id"] for p in self.people if p["kind"] == kind] for kind in ASSIGNEES}
        self.caller = self.people[0]
        self.actors = {"caller": self.people[0]["id"], "other": self.people[1]["id"]}
        self.comments = Comments(world.seed, self.organization)
        self._labels: dict[str, str] = {}
        self._revoked: set[str] = set()

    # The oracle's side

    def token(
        self,
        *,
        user: str | None = None,
        expires_in: float = _HOUR,
        read_only: bool = False,
        organization: str | None = None,
        label: str = "caller",
    ) -> str:
        """A fresh token, good for `expires_in` seconds. `user` is an id (None: the caller).

        A client that takes a callable takes this one: `token=box["pragmatiks"].token`. A token of another
        `organization` sees no task; a `read_only` one gets 403 for writes.
        """
        holder = self.caller["id"] if user is None else user
        if holder not in self.ids["user"]:
            raise SettingsError(f"no user has the id {holder!r}; see `people`")
        now, jti = self.world.clock.now(), uuid.uuid4().hex
        claims = {"sub": holder, "org_id": organization or self.organization, "jti": jti, "iat": int(now)}
        claims |= {"exp": now + expires_in} | ({"read_only": True} if read_only else {})
        with self.world.lock:
            self._labels[jti] = label
        return self._signer.sign(claims)

    def revoke(self, token: str | None = None) -> None:
        """Let a token (None: all so far) answer 401 from now on."""
        with self.world.lock:
            self._revoked |= set(self._labels) if token is None else {self._jti(token)}

    def restore(self, token: str | None = None) -> None:
        """Take revoked tokens back."""
        with self.world.lock:
            self._revoked -= set(self._labels) if token is None else {self._jti(token)}

    def settings(self, url: str) -> dict[str, Any]:
        """Base URL and a fresh token."""
        return {"base_url": url, "token": self.token(expires_in=self.token_life)}

    # The server's side

    def open_store(self) -> Tasks:
        """The tasks: those of an earlier run, else made from the seed."""
        return Tasks(self.world.database, self.organization, self.ids, self.world.seed, self.world.tasks)

    def label(self, header: str, value: str) -> str:
        """The label of the token in an `Authorization` header."""
        claims = self._signer.read(bearer(value) or "") if header == "authorization" else None
        return "<unknown>" if claims is None else f"<{self._labels.get(str(claims.get('jti')), 'caller')}>"

    def carry_out(self, call: Call) -> Reply:
        """Carry out a call."""
        if call.path == _PREFIX:
            # FastAPI's way with a slash too few.
            host = call.headers.get("host", "127.0.0.1")
            raise Refused(307, None, headers=[("location", f"http://{host}/{self.name}{_PREFIX}/")])
        parts = _parts(call.path)
        handlers = None if parts is None else route(parts)
        if parts is None or handlers is None:
            raise Refused(404, "Not Found")
        handler = handlers.get(call.method)
        if handler is None:
            raise Refused(405, "Method Not Allowed", headers=[("allow", ", ".join(handlers))])
        claims = self._admit(call)
        if claims.get("read_only") and call.method != "GET":
            raise Refused(403, "This token may only read")
        if claims.get("org_id") != self.organization:
            return self._elsewhere(parts)
        return handler(self, call, str(claims["sub"]), parts)

    def failure(self, refused: Refused) -> Reply:
        """`{"detail": text}`, or for 422 `{"detail": [{"type", "loc", "msg", "input"}]}`."""
        headers = refused.headers
        if refused.status == 401:
            headers = [*headers, ("www-authenticate", "Bearer")]
        content = b"" if refused.detail is None else msgspec.json.encode({"detail": refused.detail})
        return Reply(refused.status, content, headers=headers)

    def words(self, status: int) -> Refused:
        """A failure that has nothing to do with the call."""
        return Refused(status, _DETAILS.get(status, "It failed"))

    def target(self, call: Call) -> str | None:
        """The task that a write is about."""
        parts = _parts(call.path)
        return parts[0] if parts and self._handler(call) in WRITES else None

    def other_task(self, call: Call) -> Reply:
        """A whole reply about some other task."""
        others = self.store.find('WHERE "id" <> ?', [self.target(call) or ""], limit=1)
        return Reply(200, msgspec.json.encode(self.shown(others[0]) if others else None))

    def settle(self, fields_given: Mapping[str, Any]) -> dict[str, Any]:
        """A colleague's fields; the status goes where they want it."""
        return fields(fields_given, CREATE, self.ids)

    def writes(self, call: Call) -> Collection[str]:
        """The fields that a call writes."""
        handler = self._handler(call)
        if handler is transition:
            return ("status",)
        sent = call.json if isinstance(call.json, dict) else {}
        if handler is assign:
            return tuple(c for kind, c in ASSIGNEES.items() if f"{kind}_id" in sent)
        return tuple(sent) if handler is update_task else ()

    def ours(self, call: Call, column: str) -> Any:
        """The value that a call writes to a field."""
        sent = call.json if isinstance(call.json, dict) else {}
        short = next((f"{kind}_id" for kind, c in ASSIGNEES.items() if c == column), column)
        return sent.get(column, sent.get(short))

    def other_value(self, task: Task, column: str, rng: random.Random) -> Any:
        """Another value for a field."""
        kinds = {c: self.ids[kind] for kind, c in ASSIGNEES.items()}
        choices: Mapping[str, Collection[Any]] = {
            "status": STATUSES,
            "priority": range(1, 5),
            "source": SOURCES,
            **kinds,
        }
        if column in choices:
            return rng.choice([c for c in choices[column] if c != task[column]])
        return f"{task[column] or ''} (seen by {self.people[1]['name']})"

    def shown(self, task: Task) -> Task:
        """A task as replies show it, after the switches."""
        hidden = {*self.omit, *(() if self.organization_id else ("organization_id",))}
        return {k: v for k, v in task.items() if k not in hidden} if hidden else task

    def now(self) -> str:
        """The moment on the sandbox's clock, as replies write it."""
        return stamp(self.world.clock.now())

    def _admit(self, call: Call) -> dict[str, Any]:
        token = bearer(call.headers.get("authorization"))
        if token is None:
            raise Refused(401, "Not authenticated")
        claims = self._signer.read(token)
        if claims is None or claims.get("jti") in self._revoked or not claims.get("sub"):
            raise Refused(401, "Invalid token")
        ends = expiry(claims)
        if ends is None or ends <= self.world.clock.now():
            raise Refused(401, "Token has expired")
        return claims

    def _elsewhere(self, parts: list[str]) -> Reply:
        """What another organization sees: nothing."""
        if parts and parts != ["board"]:
            raise Refused(404, "Task not found")
        return Reply(200, msgspec.json.encode({"counts": {}, "total": 0} if parts else []))

    def _handler(self, call: Call) -> Handler | None:
        parts = _parts(call.path)
        return None if parts is None else (route(parts) or {}).get(call.method)

    def _jti(self, token: str) -> str:
        jti = said(token).get("jti")
        if jti not in self._labels:
            raise SettingsError("there is no such token in this sandbox")
        return str(jti)


def _parts(path: str) -> list[str] | None:
    """The segments beneath `/agents/tasks/`, decoded: an id may hold a slash once it is."""
    if not path.startswith(f"{_PREFIX}/"):
        return None
    rest = path[len(_PREFIX) + 1 :]
    return [unquote(part) for part in rest.split("/")] if rest else []
