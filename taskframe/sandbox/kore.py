"""Kore's sandbox: an account with tasks, people, its own names for things, and switches for what nobody documents."""

from __future__ import annotations

import random
from collections.abc import Collection, Mapping
from typing import Any, ClassVar, Literal
from urllib.parse import unquote

import msgspec

from taskframe.sandbox.base import Call, Reply, World
from taskframe.sandbox.kore_account import Account, Kind, Object
from taskframe.sandbox.kore_apps import HOUR, App, Apps
from taskframe.sandbox.kore_calls import TYPES, create_task, get_tasks, settled, update_task
from taskframe.sandbox.kore_tasks import Tasks
from taskframe.sandbox.oracle import Refused, Task, TaskSandbox
from taskframe.sandbox.switch import Switch

_PREFIX = "/caseManagement/api/public/analytics/"
_CALLS = ("getTasks", "updateTask", "createTask")
LIMIT_TEXT = "Rate limit for this API has been reached. Please try again later"
_WORDS = {
    401: ("Invalid SDK credentials", 4002),
    403: ("You do not have access", 4030),
    500: ("Internal server error", 5000),
    503: ("Service unavailable", 5030),
}


class KoreSandbox(TaskSandbox[Tasks]):
    """The server side of Kore's Case Management. The switches may be turned at any time:

    - `enforce_jti`: each token needs a jti never seen before and an exp at most an hour away;
    - `leeway`: for how many seconds after its end a token is still taken (0), as clocks may differ;
    - `ready_token`: `settings` gives a token (good for a day) in place of client id and secret;
    - `limit_status`, `limit_text`: how a call beyond a rate window is answered; neither is certain;
    - `limits`: rate windows per account, `(calls, seconds, "announced" | "hidden" | "date" | "ms")`;
    - `short_forms`: which replies have status and priority without most of their keys: those of "created"
      tasks (as published), "some" (every third task), "always", "never";
    - `stream_key`: replies write "iId", or "lid" as the update does; `omit`: keys left out of task objects;
    - `max_limit`: a longer page is cut to it; `total`: whether lists say how many there are, `total_error`: by
      how much that is wrong; `cap`: after so many tasks lists end, whatever the total says;
    - `shifting`: pages go by the last update, whatever the order asked for, so that they shift while others write.

    `account` has the lists of statuses, priorities, fields and people, which a test may change.
    """

    name: ClassVar[str] = "kore"
    secret_headers: ClassVar[frozenset[str]] = frozenset({"auth", "authorization", "cookie"})
    key = "_id"
    columns = tuple(TYPES)
    open_to_others = ("name", "desc", "status", "priority", "currAssignee", "dueDate", "tags")

    limit_status: Switch[int] = Switch(429, 400, 403, 200, 503)
    short_forms: Switch[Literal["created", "some", "always", "never"]] = Switch("created", "some", "always", "never")
    stream_key: Switch[Literal["iId", "lid"]] = Switch("iId", "lid")

    def __init__(self, world: World) -> None:
        super().__init__(world)
        self.ready_token = False
        self.limit_text = LIMIT_TEXT
        self.omit: Collection[str] = ()
        self.max_limit = 100
        self.total = True
        self.total_error = 0
        self.cap: int | None = None
        self.shifting = False
        self.account = Account(world.seed)
        self._apps = Apps(world.seed)

    @property
    def enforce_jti(self) -> bool:
        """Whether each token needs a jti of its own."""
        return self._apps.enforce_jti

    @enforce_jti.setter
    def enforce_jti(self, on: bool) -> None:
        self._apps.enforce_jti = on

    @property
    def leeway(self) -> float:
        """Seconds after its end for which a token is still taken."""
        return self._apps.leeway

    @leeway.setter
    def leeway(self, seconds: float) -> None:
        self._apps.leeway = seconds

    # The oracle's side

    @property
    def people(self) -> list[Object]:
        """Who tasks can be assigned to: `_id`, `name`, `emailId`, `profImage`."""
        return self.account.people

    def token(self, *, sub: str | None = None, expires_in: float | None = HOUR, app: App | None = None) -> str:
        """A ready token; `sub` is whom it stands for (None: the first person), `expires_in` is in seconds."""
        who = self.people[0]["emailId"] if sub is None else sub
        return self._apps.sign(app or self._apps.first, self.world.clock.now(), sub=who, expires_in=expires_in)

    def app(self, label: str, *, scoped: bool = True) -> App:
        """A further app: its `client_id`, its `client_secret`, with or without the scope that the calls need."""
        with self.world.lock:
            return self._apps.add(label, scoped=scoped)

    def revoke(self, secret: str | None = None) -> None:
        """Let a token, an app (by its client id) or the first app (None) answer 401 from now on."""
        self._apps.revoke(secret)

    def restore(self, secret: str | None = None) -> None:
        """Take it back."""
        self._apps.revoke(secret, revoked=False)

    def settings(self, url: str) -> dict[str, Any]:
        """Base URL (the host, as it were), stream, account, and client id and secret or a token."""
        settings = {"base_url": url, "stream_id": self.account.stream, "account_id": self.account.id}
        if self.ready_token:
            return settings | {"token": self.token(expires_in=24 * HOUR)}
        return settings | {"client_id": self._apps.first.client_id, "client_secret": self._apps.first.client_secret}

    # The server's side

    def open_store(self) -> Tasks:
        """The tasks: those of an earlier run, else made from the seed."""
        return Tasks(self.world.database, self.account, self.world.seed, self.world.tasks)

    def label(self, header: str, value: str) -> str:
        """The app and the jti of the token in an `auth` header."""
        return self._apps.label(value) if header == "auth" else "<unknown>"

    def who(self, call: Call) -> str:
        """Windows count by account."""
        return call.headers.get("accountid", "nobody")

    def carry_out(self, call: Call) -> Reply:
        """Carry out a call."""
        stream, name, task_id = _parts(call.path)
        if name not in _CALLS or (name == "updateTask") != (task_id is not None):
            raise Refused(404, "There is no such call")
        if call.method != "POST":
            raise Refused(405, "This call wants POST", headers=[("allow", "POST")])
        sub = self._apps.admit(call.headers.get("auth"), self.world.clock.now()) or ""
        account = call.headers.get("accountid")
        if account != self.account.id and not (account is None and name == "createTask"):
            raise Refused(403, "No such account") if account else Refused(400, "AccountId: is required")
        if stream != self.account.stream:
            raise Refused(404, "There is no such stream")
        if task_id is not None:
            return update_task(self, call, task_id, sub)
        return get_tasks(self, call, sub) if name == "getTasks" else create_task(self, call, sub)

    def failure(self, refused: Refused) -> Reply:
        """`{"errors": [{"msg", "code"}]}`: the shape of Kore's other public calls; for these none is documented."""
        error = {"msg": refused.detail, "code": refused.code or refused.status * 10}
        return Reply(refused.status, msgspec.json.encode({"errors": [error]}), headers=refused.headers)

    def words(self, status: int) -> Refused:
        """A failure that has nothing to do with the call."""
        if status == 429:
            return Refused(self.limit_status, self.limit_text, code=4290)
        text, code = _WORDS.get(status, ("It failed", status * 10))
        return Refused(status, text, code=code)

    def target(self, call: Call) -> str | None:
        """The task in an update's path."""
        return _parts(call.path)[2] if call.method == "POST" else None

    def other_task(self, call: Call) -> Reply:
        """A whole reply about some other task."""
        others = self.store.find('WHERE "id" <> ?', [self.target(call) or ""], 'ORDER BY "id" LIMIT 1')
        return Reply(200, msgspec.json.encode(self.shown(others[0]) if others else {}))

    def settle(self, fields: Mapping[str, Any]) -> dict[str, Any]:
        """A colleague's fields. A status, priority or assignee may be an object, an `_id` or a name."""
        account, given = self.account, dict(fields)
        kinds: dict[str, Kind] = {"status": "status", "priority": "priority", "currAssignee": "person"}
        for name, kind in kinds.items():
            if given.get(name) and isinstance(given[name], str):
                given[name] = account.colleague(kind, given[name])
        given.setdefault("updatedBy", account.author(self.people[1]["_id"]))
        return settled(self, given)

    def writes(self, call: Call) -> Collection[str]:
        """The fields of an update's body."""
        return tuple(call.json) if isinstance(call.json, dict) else ()

    def ours(self, call: Call, column: str) -> Any:
        """The value of an update's field, objects by their `_id`."""
        value = call.json.get(column) if isinstance(call.json, dict) else None
        return value.get("_id") if isinstance(value, dict) else value

    def other_value(self, task: Task, column: str, rng: random.Random) -> Any:
        """Another value for a field; an object by its `_id`."""
        now, kind = task.get(column), TYPES[column]
        lists = {"status": self.account.statuses, "priority": self.account.priorities, "currAssignee": self.people}
        if column in lists:
            return rng.choice([o["_id"] for o in lists[column] if o["_id"] != now["_id"]] if now else self.people[:1])
        if column == "fields":
            return _other_fields(task["fields"])
        if column in ("createdAt", "updatedAt", "ETA"):
            return "2026-01-08T08:00:00.000Z"
        if kind == "Number":
            return (now or round(self.world.clock.now()) * 1000) + 86_400_000 * rng.randint(1, 9)
        if kind == "String":
            return f"{(now or '')[:450]} (seen by {self.people[1]['name']})"
        if kind == "Array":
            return [*(now or []), "seen"]
        return {**(now or {}), "seen": True} if kind == "Object" else not now

    def shown(self, task: Task, columns: Collection[str] | None = None, *, created: bool = False) -> Task:
        """A task as replies show it, after the switches; `columns` narrows it, `_id` stays."""
        short = self.short_forms == "always" or (created and self.short_forms != "never")
        if short or (self.short_forms == "some" and int(task["refId"][-1:] or 0) % 3 == 0):
            task = dict(task)
            task["status"] = self.account.show("status", task["status"]["_id"], short=True)
            task["priority"] = self.account.show("priority", task["priority"]["_id"], short=True)
        wanted = [k for k in task if k not in self.omit and (columns is None or k in columns or k == "_id")]
        return {self.stream_key if k == "iId" else k: task[k] for k in wanted}

    def manner(self, columns: Collection[str] | None) -> bytes:
        """All that `shown` goes by besides the task."""
        account = self.account
        lists = (account.statuses, account.priorities, account.people, account.fields)
        switches = (self.short_forms, self.stream_key, list(self.omit), None if columns is None else list(columns))
        return msgspec.json.encode((lists, switches))

    def person(self, sub: str) -> str | None:
        """The `_id` of whom a token stands for, by `_id` or address; None when it is nobody here."""
        return next((p["_id"] for p in self.people if sub and sub in (p["_id"], p["emailId"])), None)

    def author(self, sub: str) -> Object:
        """Whom a write is put down to: the person, or whatever the token says."""
        person = self.person(sub)
        return self.account.author(person) if person else {"name": sub, "_id": sub, "profImage": "no-avatar"}


def _parts(path: str) -> tuple[str, str, str | None]:
    """The stream, the call and the task id in a path."""
    parts = path.removeprefix(_PREFIX).split("/") if path.startswith(_PREFIX) else []
    if len(parts) == 3 and parts[1] == "updateTask":
        return unquote(parts[0]), parts[1], unquote(parts[2])
    return (unquote(parts[0]), parts[1], None) if len(parts) == 2 else ("", "", None)


def _other_fields(fields: list[Object]) -> list[Object]:
    """A colleague fills in, or changes, the first text among the fields."""
    changed = next((f for f in fields if f["dataType"] == "input" and f["type"] == "custom"), None)
    value = f"{changed.get('value', '')} (seen)" if changed else ""
    return [{**f, "value": value} if f is changed else f for f in fields]
