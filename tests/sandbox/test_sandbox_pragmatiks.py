"""Pragmatiks' protocol, call by call, as a client sees it over the wire; and its switches."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from datetime import datetime
from typing import Any
from urllib.parse import quote

import httpx
import jwt
import pytest

from taskframe.errors import SettingsError
from taskframe.sandbox import Sandbox

SEED = {
    "organization_id", "title", "created_at", "updated_at", "id", "description", "status", "priority",
    "assigned_to_type_id", "assigned_to_instance_id", "assigned_to_user_id", "correlation_bucket_id", "created_by",
    "source",
}  # fmt: skip
STATUSES = {"backlog", "assigned", "running", "review", "done"}
SOURCES = {"triage", "conversation", "manual"}


@pytest.fixture
def pragmatiks(box: Sandbox) -> Any:
    return box["pragmatiks"]


@pytest.fixture
def http(box: Sandbox) -> Iterator[httpx.Client]:
    """A client with a token for a day, at the level of the tasks: `http.get("board")`."""
    settings = box.settings("pragmatiks")
    headers = {"Authorization": f"Bearer {settings['token']}"}
    with httpx.Client(base_url=f"{settings['base_url']}/agents/tasks/", headers=headers, timeout=10) as http:
        yield http


def at(task: Any, *rest: str) -> str:
    return "/".join((quote(task["id"], safe=""), *rest))


def patch(http: httpx.Client, task: Any, **fields: Any) -> httpx.Response:
    return http.patch(at(task), json=fields)


def move(http: httpx.Client, task: Any, status: str) -> httpx.Response:
    return http.post(at(task, "transition"), json={"status": status})


def some(pragmatiks: Any, **fields: Any) -> Any:
    """The newest task that has these values."""
    return next(t for t in pragmatiks.tasks() if fields.items() <= t.items())


def mistakes(reply: httpx.Response) -> list[list[Any]]:
    """Where a 422 says that something is wrong."""
    assert reply.status_code == 422, reply.text
    found = reply.json()["detail"]
    assert all(m["msg"] and m["type"] for m in found)
    return [m["loc"] for m in found]


# Reading


def test_a_task_has_the_keys_of_the_reference(http: httpx.Client) -> None:
    """All 14 keys are there, with values of their enums and moments in UTC."""
    tasks = http.get("").json()
    for task in tasks:
        assert set(task) == SEED
        assert task["status"] in STATUSES
        assert task["priority"] in (1, 2, 3, 4)
        assert task["source"] in SOURCES
        assert datetime.fromisoformat(task["created_at"]) <= datetime.fromisoformat(task["updated_at"])
        assert task["created_at"].endswith("Z")
    for column in ("status", "priority", "source"):
        assert len({t[column] for t in tasks}) == {"status": 5, "priority": 4, "source": 3}[column]


def test_the_list_is_a_bare_array_of_everything(http: httpx.Client, pragmatiks: Any) -> None:
    """Not paged: all tasks, the most urgent first; the board counts the same ones."""
    tasks = http.get("").json()
    assert sorted(t["id"] for t in tasks) == sorted(t["id"] for t in pragmatiks.tasks())
    assert [t["priority"] for t in tasks] == sorted(t["priority"] for t in tasks)
    assert http.get("board").json() == {"counts": Counter(t["status"] for t in tasks), "total": 230}


def test_filters_pick_what_they_say(http: httpx.Client, pragmatiks: Any) -> None:
    """By status and by instance, alone and together; a status that there is not is a 422."""
    instance = next(t["assigned_to_instance_id"] for t in pragmatiks.tasks() if t["assigned_to_instance_id"])
    status = some(pragmatiks, assigned_to_instance_id=instance)["status"]
    for params in (
        {"status": status},
        {"assigned_to_instance_id": instance},
        {"status": status} | {"assigned_to_instance_id": instance},
    ):
        want = {t["id"] for t in pragmatiks.tasks() if params.items() <= t.items()}
        assert {t["id"] for t in http.get("", params=params).json()} == want
    assert mistakes(http.get("", params={"status": "open"})) == [["query", "status"]]


def test_a_slash_too_few_is_a_redirect(box: Sandbox, http: httpx.Client) -> None:
    """`/agents/tasks` answers 307 to `/agents/tasks/`, as FastAPI does."""
    reply = http.get(f"{box.url}/pragmatiks/agents/tasks")
    assert (reply.status_code, reply.headers["location"]) == (307, f"{box.url}/pragmatiks/agents/tasks/")
    assert len(http.get(reply.headers["location"]).json()) == 230


def test_ids_need_percent_encoding(http: httpx.Client, pragmatiks: Any) -> None:
    """SurrealDB's ids hold colons, and some of them slashes, spaces, percents and more: each is reached encoded."""
    tasks = pragmatiks.tasks()
    assert all(t["id"].startswith("agent_task:") for t in tasks)
    awkward = [t for t in tasks if "⟨" in t["id"]]
    for sign in "/ %?#ü東;+&'\\":
        assert any(sign in t["id"] for t in awkward), sign
    for task in awkward:
        assert http.get(at(task)).json() == task
        assert patch(http, task, title="Reached").json()["id"] == task["id"]
    for part in ("Q3/", "50%25"):
        unencoded = next(t["id"] for t in awkward if part in t["id"])
        assert http.get(unencoded).status_code == 404


# Writing


def test_a_patch_changes_what_it_gives(http: httpx.Client, pragmatiks: Any, clock: Any) -> None:
    """Every documented field can be set, and null clears; the rest stays, `updated_at` moves."""
    task = pragmatiks.tasks()[0]
    clock.move(1.5)
    by_kind = {p["kind"]: p["id"] for p in pragmatiks.people}
    fields = {
        "title": "New", "description": "", "priority": 1, "assigned_to_type_id": by_kind["type"],
        "assigned_to_instance_id": by_kind["instance"], "assigned_to_user_id": by_kind["user"],
        "correlation_bucket_id": "bucket_1", "source": "triage",
    }  # fmt: skip
    reply = patch(http, task, **fields).json()
    assert reply == {**task, **fields, "updated_at": "2026-01-09T09:00:01.500000Z"} == pragmatiks.task(task["id"])
    empty = dict.fromkeys(k for k in fields if k not in ("title", "priority", "source"))
    reply = patch(http, task, **empty).json()
    assert empty.items() <= reply.items()
    assert reply["title"] == "New"
    assert reply["updated_at"] > "2026-01-09T09:00:01.500000Z"


@pytest.mark.parametrize(
    "fields",
    [
        {"status": "done"}, {"status": None}, {"nonsense": 1}, {"id": "x"}, {"organization_id": "x"},
        {"updated_at": "x"}, {"priority": 0}, {"priority": 5}, {"priority": 2.5}, {"priority": "2"},
        {"priority": True}, {"priority": None}, {"title": None}, {"title": 3}, {"source": "email"},
        {"source": None}, {"description": 3}, {"assigned_to_user_id": "nobody"}, {"assigned_to_instance_id": ""},
    ],
    ids=str,
)  # fmt: skip
def test_what_a_patch_does_not_take_is_a_422(http: httpx.Client, pragmatiks: Any, fields: Any) -> None:
    """Status, unknown fields, wrong types, ranges, choices, references: listed, and nothing is written."""
    task = pragmatiks.tasks()[0]
    assert mistakes(patch(http, task, correlation_bucket_id="fine", **fields)) == [["body", *fields]]
    assert pragmatiks.task(task["id"]) == task


def test_all_mistakes_are_listed_at_once(http: httpx.Client, pragmatiks: Any) -> None:
    """A 422 has one entry a mistake; a body that is no object is one, too."""
    task = pragmatiks.tasks()[0]
    assert mistakes(patch(http, task, priority=9, source="x", foo=1)) == [
        ["body", n] for n in ("priority", "source", "foo")
    ]
    for content in (b"", b"{", b"[]", b'"x"', b"\xff"):
        assert mistakes(http.patch(at(task), content=content))[0][0] == "body"


def test_a_null_where_none_may_be_can_be_passed_over(http: httpx.Client, pragmatiks: Any) -> None:
    """`nulls = "keep"`: a null title, priority or source is taken and changes nothing."""
    pragmatiks.nulls = "keep"
    task = pragmatiks.tasks()[0]
    reply = patch(http, task, title=None, priority=None, source=None, description=None).json()
    assert reply == {**task, "description": None, "updated_at": reply["updated_at"]}


def test_a_transition_goes_along_the_graph(http: httpx.Client, pragmatiks: Any) -> None:
    """Allowed moves are made; others, staying included, are 409 with a text; a status that there is not is 422."""
    task = some(pragmatiks, status="backlog")
    for status in ("assigned", "running", "review", "done"):
        reply = move(http, task, status)
        assert (reply.status_code, reply.json()["status"]) == (200, status)
    for status in ("done", "backlog"):
        refused = move(http, task, status)
        assert (refused.status_code, refused.json()) == (
            409,
            {"detail": f"Invalid lifecycle transition: done -> {status}"},
        )
    assert mistakes(move(http, task, "open")) == [["body", "status"]]
    assert mistakes(http.post(at(task, "transition"), json={})) == [["body", "status"]]
    assert mistakes(http.post(at(task, "transition"), json={"status": "done", "x": 1})) == [["body", "x"]]
    pragmatiks.graph["done"] = ("backlog",)
    assert move(http, task, "backlog").json()["status"] == "backlog"


def test_assigning_replaces_one_kind(http: httpx.Client, pragmatiks: Any) -> None:
    """Exactly one of the three; the other kinds stay as they were."""
    task = pragmatiks.tasks()[0]
    one, two = (p["id"] for p in pragmatiks.people[:2])
    agent = next(p["id"] for p in pragmatiks.people if p["kind"] == "type")
    for sent in ({"user_id": one}, {"type_id": agent}, {"user_id": two}):
        reply = http.post(at(task, "assign"), json=sent)
        assert reply.status_code == 200
    assert (reply.json()["assigned_to_user_id"], reply.json()["assigned_to_type_id"]) == (two, agent)
    for bad in ({}, {"user_id": one, "type_id": agent}, {"user_id": None}, {"who": one}):
        assert mistakes(http.post(at(task, "assign"), json=bad)) == [["body"]]
    assert mistakes(http.post(at(task, "assign"), json={"user_id": agent})) == [["body", "user_id"]]


def test_a_created_task_has_the_documented_defaults(http: httpx.Client, pragmatiks: Any) -> None:
    """Only the title is required; 201 or 200; the organization and creator are the token's."""
    reply = http.post("", json={"title": "New"})
    assert reply.status_code == 201
    task = reply.json()
    assert (task["status"], task["priority"], task["source"]) == ("backlog", 3, "manual")
    assert (task["created_by"], task["organization_id"]) == (pragmatiks.caller["id"], pragmatiks.organization)
    assert pragmatiks.tasks()[0] == task
    pragmatiks.created_status = 200
    assert http.post("", json={"title": "New", "status": "review", "priority": 1}).status_code == 200
    assert mistakes(http.post("", json={"priority": 1})) == [["body", "title"]]
    with pytest.raises(SettingsError, match="201"):
        pragmatiks.created_status = 202


def test_a_deleted_task_is_gone(http: httpx.Client, pragmatiks: Any) -> None:
    """204 without a body, then 404, and out of lists and counts."""
    task, other = pragmatiks.tasks()[:2]
    reply = http.delete(at(task))
    assert (reply.status_code, reply.content) == (204, b"")
    pragmatiks.delete(other["id"])
    for gone in (task, other):
        for again in (
            http.get(at(gone)),
            patch(http, gone, title="x"),
            http.delete(at(gone)),
            move(http, gone, "done"),
        ):
            assert (again.status_code, again.json()) == (404, {"detail": "Task not found"})
    assert http.get("board").json()["total"] == 228


def test_concurrent_changes_are_409(http: httpx.Client, pragmatiks: Any) -> None:
    """`contention`: so many writes are refused as concurrent changes, then they go through."""
    pragmatiks.contention = 2
    task = pragmatiks.tasks()[0]
    assert [patch(http, task, title="x").status_code for _ in range(3)] == [409, 409, 200]


def test_switches_of_the_replies(http: httpx.Client, pragmatiks: Any) -> None:
    """The organization or any key may be left out; lists may be cut without saying so, the board knows."""
    pragmatiks.organization_id = False
    assert {frozenset(t) for t in http.get("").json()} == {frozenset(SEED - {"organization_id"})}
    pragmatiks.omit = ("source",)
    assert "source" not in patch(http, pragmatiks.tasks()[0], title="x").json()
    pragmatiks.cap = 100
    assert len(http.get("").json()) == 100
    assert http.get("board").json()["total"] == 230


# Around a task


def test_subtasks_form_trees(http: httpx.Client, pragmatiks: Any) -> None:
    """They are created beneath a task with its priority and assignees, linked, unlinked, and never in a circle."""
    parent = some(pragmatiks, priority=1)
    child = http.post(at(parent, "subtasks"), json={"title": "Child"}).json()
    assert (child["priority"], child["assigned_to_user_id"]) == (1, parent["assigned_to_user_id"])
    other = pragmatiks.tasks()[5]
    assert http.post(at(parent, "subtasks", "link"), json={"child_id": other["id"]}).status_code == 204
    assert {t["id"] for t in http.get(at(parent, "subtasks")).json()} >= {child["id"], other["id"]}
    assert http.post(at(child, "subtasks", "link"), json={"child_id": parent["id"]}).status_code == 409
    assert http.post(at(child, "subtasks", "link"), json={"child_id": child["id"]}).status_code == 409
    assert http.delete(at(parent, "subtasks", quote(other["id"], safe=""))).status_code == 204
    assert http.delete(at(parent, "subtasks", quote(other["id"], safe=""))).status_code == 404
    assert http.get(at(other)).status_code == 200
    assert any(http.get(at(t, "subtasks")).json() for t in pragmatiks.tasks()[100:] if t != parent)


def test_comments_belong_to_their_author(box: Sandbox, http: httpx.Client, pragmatiks: Any) -> None:
    """Oldest first, in pages; only the author may edit or delete one; the task itself does not move."""
    task = pragmatiks.tasks()[0]
    made = [http.post(at(task, "comments"), json={"body": f"No. {n}"}).json() for n in range(3)]
    assert http.get(at(task, "comments")).json() == made
    assert http.get(at(task, "comments"), params={"limit": 1}).json() == made[:1]
    cursor = f"{made[0]['created_at']}|{made[0]['id']}"
    rest = http.get(at(task, "comments"), params={"cursor": cursor}).json()
    assert [c["id"] for c in rest] == sorted(c["id"] for c in made if c["id"] > made[0]["id"])
    mark = "comments/" + quote(made[1]["id"], safe="")
    edited = http.patch(mark, json={"body": "Better"}).json()
    assert (edited["body"], edited["edited"]) == ("Better", True)
    stranger = {"Authorization": f"Bearer {pragmatiks.token(user=pragmatiks.people[1]['id'])}"}
    assert http.delete(mark, headers=stranger).status_code == 403
    assert http.delete(mark).status_code == 204
    assert http.delete(mark).status_code == 404
    assert len(http.get(at(task, "comments")).json()) == 2
    assert mistakes(http.post(at(task, "comments"), json={"body": 3})) == [["body", "body"]]
    assert pragmatiks.task(task["id"]) == task


def test_activity_and_mutations_tell_what_happened(http: httpx.Client, pragmatiks: Any, clock: Any) -> None:
    """Newest first: transitions, assignments, changed fields, comments; mutations have before and after."""
    task = some(pragmatiks, status="backlog", assigned_to_user_id=None)
    user = pragmatiks.people[3]["id"]
    for step in (
        lambda: patch(http, task, title="New"),
        lambda: move(http, task, "assigned"),
        lambda: http.post(at(task, "assign"), json={"user_id": user}),
        lambda: http.post(at(task, "comments"), json={"body": "text"}),
    ):
        clock.move(1)
        assert step().is_success
    clock.move(1)
    pragmatiks.edit(task["id"], status="done")
    told = http.get(at(task, "activity")).json()
    assert [e["kind"] for e in told] == ["transition", "comment", "assignment", "transition", "mutation"]
    assert (told[3]["from_status"], told[3]["to_status"]) == ("backlog", "assigned")
    assert (told[2]["assignee_table"], told[2]["assignee_id"]) == ("user", user)
    assert told[4]["fields_changed"] == ["title"]
    first = http.get(at(task, "mutations"), params={"limit": 3}).json()
    second = http.get(at(task, "mutations"), params={"cursor": first["next_cursor"]}).json()
    assert [m["fields_changed"] for m in (*first["items"], *second["items"])] == [
        ["status"], ["assigned_to_user_id"], ["status"], ["title"],
    ]  # fmt: skip
    assert (first["items"][0]["after"]["status"], first["items"][0]["actor_id"]) == ("done", pragmatiks.people[1]["id"])
    assert second["next_cursor"] is None
    assert http.get(at(task, "mutations"), params={"cursor": "x"}).status_code == 400
    assert mistakes(http.get(at(task, "activity"), params={"limit": 201})) == [["query", "limit"]]


# Who may


def test_tokens_end_with_the_clock(box: Sandbox, http: httpx.Client, pragmatiks: Any, clock: Any) -> None:
    """A JWT says when it ends, and is refused from then on; a fresh one goes on. 401 names the scheme."""
    token = pragmatiks.token(expires_in=60)
    claims = jwt.decode(token, options={"verify_signature": False})
    assert (claims["exp"], claims["org_id"]) == (clock.now() + 60, pragmatiks.organization)
    bearer = {"Authorization": f"Bearer {token}"}
    assert http.get("board", headers=bearer).status_code == 200
    clock.move(60)
    refused = http.get("board", headers=bearer)
    assert (refused.status_code, refused.json()) == (401, {"detail": "Token has expired"})
    assert refused.headers["www-authenticate"] == "Bearer"
    assert http.get("board", headers={"Authorization": f"Bearer {pragmatiks.token()}"}).status_code == 200
    for header in ("", "Bearer", "Bearer x", f"Basic {pragmatiks.token()}"):
        assert http.get("board", headers={"Authorization": header}).status_code == 401
    forged = jwt.encode({**claims, "exp": clock.now() + 60}, "x" * 64)
    assert http.get("board", headers={"Authorization": f"Bearer {forged}"}).status_code == 401
    pragmatiks.revoke()
    assert http.get("board").status_code == 401
    pragmatiks.restore()
    assert http.get("board").status_code == 200
    clock.move(86_400)
    assert http.get("board").status_code == 401
    assert [r.headers["authorization"] for r in box.log][:3] == ["<caller>"] * 3
    assert "eyJ" not in repr(list(box.log))
    with pytest.raises(SettingsError):
        pragmatiks.revoke("x")


def test_other_organizations_and_readers_are_kept_out(http: httpx.Client, pragmatiks: Any) -> None:
    """Another organization's tasks don't exist for a token; a read-only one gets 403 for writes."""
    task = pragmatiks.tasks()[0]
    stranger = {"Authorization": f"Bearer {pragmatiks.token(organization='org_x')}"}
    assert http.get("", headers=stranger).json() == []
    assert http.get("board", headers=stranger).json()["total"] == 0
    assert http.get(at(task), headers=stranger).status_code == 404
    reader = {"Authorization": f"Bearer {pragmatiks.token(read_only=True)}"}
    assert http.get(at(task), headers=reader).json() == task
    assert http.patch(at(task), json={"title": "x"}, headers=reader).status_code == 403
    assert pragmatiks.task(task["id"]) == task


def test_what_is_not_there(http: httpx.Client) -> None:
    """Unknown tasks and paths are 404, a wrong method is 405, each with a text."""
    for path in ("agent_task:none", "x/y", "x/subtasks/y/z", "agent_task:x/"):
        assert http.get(path).status_code == 404
    reply = http.put("agent_task:none", json={})
    assert (reply.status_code, reply.json()) == (405, {"detail": "Method Not Allowed"})
    assert reply.headers["allow"] == "GET, PATCH, DELETE"


# Limits, faults, the log


def test_rate_windows_answer_429(http: httpx.Client, pragmatiks: Any, clock: Any) -> None:
    """Beyond a window calls get 429 with a text; fresh tokens of one caller share it."""
    pragmatiks.limits = [(2, 60, "announced")]
    fresh = {"Authorization": f"Bearer {pragmatiks.token()}"}
    assert [http.get("board").status_code, http.get("board", headers=fresh).status_code] == [200, 200]
    refused = http.get("board")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "60")
    clock.move(60)
    assert http.get("board").status_code == 200


@pytest.mark.parametrize("columns", ["same", "other"])
@pytest.mark.parametrize("how", ["patch", "transition", "assign"])
def test_others_edit_comes_just_before_the_write(
    box: Sandbox, http: httpx.Client, pragmatiks: Any, columns: str, how: str
) -> None:
    """A colleague edits a field that the call writes, be it by transition or assignment, or another one."""
    task = some(pragmatiks, status="backlog")
    user = pragmatiks.people[3]["id"]
    name, send = {
        "patch": ("title", lambda: patch(http, task, title="Ours")),
        "transition": ("status", lambda: move(http, task, "assigned")),
        "assign": ("assigned_to_user_id", lambda: http.post(at(task, "assign"), json={"user_id": user})),
    }[how]
    box.faults.add("others-edit", columns=columns)
    http.get(at(task))
    assert send().status_code in (200, 409)
    theirs, ours = box.log[1:]
    assert (theirs.actor, theirs.task_id, ours.fault) == ("other", task["id"], "others-edit")
    assert theirs.after is not None
    assert (name in theirs.after) == (columns == "same")
    if columns == "same":
        assert theirs.after[name] not in ("Ours", "assigned", user)


def test_faults_speak_pragmatiks_words(box: Sandbox, http: httpx.Client, pragmatiks: Any) -> None:
    """Refusals come as details; drops close, after the write or before; another task's reply is whole."""
    task = some(pragmatiks, status="backlog")
    for kind in ("401", "429", "500", "503"):
        box.faults.add(kind)
        reply = patch(http, task, title="x")
        assert (reply.status_code, list(reply.json())) == (int(kind), ["detail"])
    assert pragmatiks.task(task["id"]) == task
    for kind, status in (("drop", "backlog"), ("drop-after", "assigned")):
        box.faults.add(kind)
        with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
            move(http, task, "assigned")
        assert pragmatiks.task(task["id"])["status"] == status
    box.faults.add("other-task")
    assert patch(http, task, title="x").json()["id"] != task["id"]
    box.faults.add("cut")
    with pytest.raises(ValueError, match=r".+"):
        http.get("").json()


def test_the_log_replays_to_what_the_server_holds(box: Sandbox, http: httpx.Client, pragmatiks: Any) -> None:
    """Every write is there, transitions and assignments too, by whomever; before and after fit together."""
    task = some(pragmatiks, status="backlog")
    patch(http, task, title="One", description=None)
    move(http, task, "assigned")
    pragmatiks.edit(task["id"], status="review", priority=1)
    http.post(at(task, "assign"), json={"user_id": pragmatiks.people[5]["id"]})
    move(http, task, "backlog")  # refused
    replayed = dict(task)
    for record in box.log.writes(task["id"]):
        assert record.before is not None
        assert {k: replayed[k] for k in record.before} == record.before
        replayed |= record.after or {}
    assert replayed == pragmatiks.task(task["id"])
    assert [r.status for r in box.log.writes(task["id"])] == [200, 200, None, 200]
    new = pragmatiks.add(title="Theirs")
    assert box.log.writes(new["id"])[0].after == new
    http.delete(at(new))
    assert box.log.writes(new["id"])[-1].after == dict.fromkeys(new)
    with pytest.raises(SettingsError, match="title"):
        pragmatiks.edit(task["id"], titel="x")
    with pytest.raises(SettingsError, match="priority"):
        pragmatiks.edit(task["id"], priority=9)


def test_the_same_seed_gives_the_same_tasks(tmp_path: Any) -> None:
    """Tasks and people follow from the seed; a file goes on with what it holds, and old tokens still work."""
    path = tmp_path / "box.sqlite"
    seen, tokens = [], []
    for _ in range(2):
        with Sandbox(tasks=30, seed=3, path=path, services=["pragmatiks"]) as box:
            pragmatiks = box["pragmatiks"]
            seen.append((pragmatiks.people, pragmatiks.organization, [t["id"] for t in pragmatiks.tasks()]))
            tokens.append(pragmatiks.token())
            bearer = {"Authorization": f"Bearer {tokens[0]}"}
            assert httpx.get(f"{box.url}/pragmatiks/agents/tasks/", headers=bearer).status_code == 200
            pragmatiks.add(title="New")
    assert seen[1] == (*seen[0][:2], [seen[1][2][0], *seen[0][2]])
