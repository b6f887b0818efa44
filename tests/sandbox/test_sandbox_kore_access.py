"""Kore: who may call, how often, what faults look like, and what the log tells."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import httpx
import jwt
import pytest
from sandbox_kore import client, error, ids, update

from taskframe.errors import SettingsError
from taskframe.sandbox import Sandbox


@pytest.fixture
def kore(box: Sandbox) -> Any:
    return box["kore"]


@pytest.fixture
def http(box: Sandbox) -> Iterator[httpx.Client]:
    with client(box) as http:
        yield http


# Who may


def test_a_client_mints_its_own_tokens(box: Sandbox, http: httpx.Client, kore: Any, clock: Any) -> None:
    """HS256 over appId and sub with the client secret is let in; other secrets, algorithms and apps are not."""
    settings = box.settings("kore")
    good = {"appId": settings["client_id"], "sub": "me"}

    def status(claims: Any, secret: str | None = None, algorithm: str = "HS256") -> int:
        key = settings["client_secret"] if secret is None else secret
        token = jwt.encode(claims, key, algorithm=algorithm)
        return http.post("getTasks", json={}, headers={"auth": token}).status_code

    assert status(good) == 200
    assert status(good | {"exp": clock.now() + 5}) == 200
    assert status(good | {"exp": clock.now()}) == 401
    assert status(good | {"appId": "cs-x"}) == 401
    assert status({"appId": good["appId"]}) == 401
    assert status(good, "x" * 64) == 401
    assert status(good, "", "none") == 401
    for token in ("", "nonsense", "a.b.c"):
        assert http.post("getTasks", json={}, headers={"auth": token}).status_code == 401
    assert http.post("getTasks", json={}, headers={"auth": "", "Authorization": kore.token()}).status_code == 401


def test_enforced_jti_lets_each_token_in_once(box: Sandbox, http: httpx.Client, kore: Any, clock: Any) -> None:
    """With JTI on, a token wants a jti never seen and an exp within the hour; a refused call has used its jti up."""
    kore.enforce_jti = True
    settings = box.settings("kore")

    def status(**claims: Any) -> int:
        token = jwt.encode({"appId": settings["client_id"], "sub": "me", **claims}, settings["client_secret"])
        return http.post("getTasks", json={"limit": claims.get("limit", 10)}, headers={"auth": token}).status_code

    now = clock.now()
    assert status(jti="a", exp=now + 3600) == 200
    assert status(jti="a", exp=now + 3600) == 401
    assert status(jti="b", exp=now + 60, limit=0) == 400
    assert status(jti="b", exp=now + 60) == 401
    assert status(jti="c", exp=now + 3601) == 401
    assert status(jti="c") == 401
    assert status(exp=now + 60) == 401
    token = {"auth": kore.token()}
    assert [http.post("getTasks", headers=token).status_code for _ in range(2)] == [200, 401]
    labels = [r.headers["auth"] for r in box.log]
    assert labels[:2] == ["<caller a>", "<caller a>"]
    assert kore.token() not in repr(list(box.log))


def test_ready_tokens_end_with_the_clock(box: Sandbox, http: httpx.Client, kore: Any, clock: Any) -> None:
    """A ready token is good for its time and the leeway, unless it or its app is revoked; `settings` can give one."""
    kore.ready_token = True
    settings = box.settings("kore")
    assert "client_secret" not in settings
    token = {"auth": settings["token"]}
    assert http.post("getTasks", headers=token).status_code == 200
    kore.revoke(settings["token"])
    assert error(http.post("getTasks", headers=token)) == (401, "Invalid SDK credentials")
    kore.restore(settings["token"])
    clock.move(86_400)
    assert error(http.post("getTasks", headers=token)) == (401, "Token has expired")
    kore.leeway = 60
    assert http.post("getTasks", headers=token).status_code == 200
    clock.move(60)
    assert error(http.post("getTasks", headers=token)) == (401, "Token has expired")
    assert http.post("getTasks").status_code == 200
    kore.revoke()
    assert http.post("getTasks").status_code == 401
    kore.restore()
    assert http.post("getTasks").status_code == 200
    with pytest.raises(SettingsError):
        kore.revoke("nonsense")


def test_an_app_needs_the_scope(http: httpx.Client, kore: Any) -> None:
    """An app without the scope for case management is known, and refused."""
    app = kore.app("stranger", scoped=False)
    assert error(http.post("getTasks", headers={"auth": kore.token(app=app)}))[0] == 403


def test_account_and_stream_are_checked(box: Sandbox, http: httpx.Client, kore: Any) -> None:
    """`AccountId` is required but for creation, in any case of letters; another account or stream is refused."""
    settings = box.settings("kore")
    auth = {"auth": kore.token()}
    base = f"{settings['base_url']}/caseManagement/api/public/analytics"
    url = f"{base}/{settings['stream_id']}/getTasks"
    assert httpx.post(url, json={}, headers={**auth, "ACCOUNTID": settings["account_id"]}).status_code == 200
    assert error(httpx.post(url, json={}, headers=auth))[0] == 400
    assert error(httpx.post(url, json={}, headers={**auth, "AccountId": "x"}))[0] == 403
    both = {**auth, "AccountId": settings["account_id"]}
    assert error(httpx.post(f"{base}/st-other/getTasks", json={}, headers=both))[0] == 404
    assert error(httpx.post(f"{base}/{settings['stream_id']}/createTask", json={}, headers=auth))[0] == 400


def test_what_is_not_there(http: httpx.Client, kore: Any) -> None:
    """Unknown and deleted tasks and unknown calls are 404; a wrong method is 405."""
    task = kore.tasks()[0]
    kore.delete(task["_id"])
    assert error(update(http, task, name="x")) == (404, "Task not found")
    assert task["_id"] not in ids(http)
    with pytest.raises(KeyError):
        kore.task(task["_id"])
    assert error(http.post("deleteTask", json={}))[0] == 404
    assert error(http.post("updateTask", json={}))[0] == 404
    assert http.get("getTasks").headers["allow"] == "POST"


# Limits, faults, the log


@pytest.mark.parametrize("status", [429, 400, 403, 200])
def test_past_the_limit_the_text_tells(http: httpx.Client, kore: Any, clock: Any, status: int) -> None:
    """Windows count by account, over all tokens; the text is the documented one, the status whatever is set."""
    kore.limits = [(2, 60, "hidden")]
    kore.limit_status = status
    codes = [http.post("getTasks", headers={"auth": kore.token()}).status_code for _ in range(2)]
    assert codes == [200, 200]
    refused = http.post("getTasks")
    assert error(refused) == (status, "Rate limit for this API has been reached. Please try again later")
    assert "retry-after" not in refused.headers
    clock.move(60)
    assert "results" in http.post("getTasks").json()


@pytest.mark.parametrize("columns", ["same", "other"])
@pytest.mark.parametrize(
    "fields",
    [{"name": "Ours"}, {"status": 3}, {"currAssignee": {}}, {"dueDate": 5}, {"tags": ["x"]}, {"fields": []}],
    ids=str,
)
def test_others_edit_comes_just_before_the_write(
    box: Sandbox, http: httpx.Client, kore: Any, columns: str, fields: dict[str, Any]
) -> None:
    """A colleague edits a field that the call writes, or another one; without a version the call goes through."""
    task = next(t for t in kore.tasks() if t["currAssignee"] and t["status"]["name"] == "Open")
    (name,) = fields
    sent = {"status": kore.account.statuses[3]} if name == "status" else fields
    box.faults.add("others-edit", columns=columns)
    assert update(http, task, **sent).status_code == 200
    theirs, ours = box.log
    assert (theirs.actor, theirs.task_id, ours.fault) == ("other", task["_id"], "others-edit")
    assert theirs.after is not None
    assert (name in theirs.after) == (columns == "same")
    assert theirs.after["updatedBy"]["name"] == kore.people[1]["name"]
    assert ours.before is not None
    if columns == "same":
        assert ours.before[name] == theirs.after[name]


def test_faults_speak_kores_words(box: Sandbox, http: httpx.Client, kore: Any) -> None:
    """Refusals come in the service's shape, a gateway's are HTML; drops close; another task's reply is whole."""
    task = kore.tasks()[0]
    for kind in ("401", "429", "500", "503"):
        box.faults.add(kind)
        assert error(update(http, task, name="x"))[0] == int(kind)
    box.faults.add("504")
    assert "html" in update(http, task, name="x").headers["content-type"]
    box.faults.add("unsuccessful")
    assert error(update(http, task, name="x"))[0] == 200
    assert kore.task(task["_id"]) == task
    box.faults.add("drop-after")
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        update(http, task, name="Kept")
    assert kore.task(task["_id"])["name"] == "Kept"
    box.faults.add("other-task")
    assert update(http, task, name="Kept").json()["_id"] != task["_id"]


def test_the_log_replays_to_what_the_server_holds(box: Sandbox, http: httpx.Client, kore: Any) -> None:
    """Every write is there in wire form, by whomever; before and after fit together."""
    task = kore.tasks()[0]
    update(http, task, name="One", status=kore.account.statuses[1])
    kore.edit(task["_id"], priority="High", currAssignee="Ada Okafor", dueDate=7)
    update(http, task, currAssignee={}, desc="text")
    new = kore.add(name="Theirs")
    assert box.log.writes(new["_id"])[0].after == new
    replayed = dict(task)
    for record in box.log.writes(task["_id"]):
        assert record.before is not None
        assert {k: replayed.get(k) for k in record.before} == record.before
        replayed |= record.after or {}
    assert replayed == kore.task(task["_id"])
    with pytest.raises(SettingsError, match="name"):
        kore.edit(task["_id"], nmae="x")
    with pytest.raises(SettingsError, match="String"):
        kore.edit(task["_id"], name=4)


def test_the_same_seed_gives_the_same_account(tmp_path: Any) -> None:
    """Tasks, names, people and credentials follow from the seed; a file goes on with what it holds."""
    path = tmp_path / "box.sqlite"
    seen = []
    for _ in range(2):
        with Sandbox(tasks=30, seed=3, path=path, services=["kore"]) as box:
            settings = box.settings("kore")
            del settings["base_url"]
            kore = box["kore"]
            seen.append((settings, kore.people, kore.account.statuses, [t["_id"] for t in kore.tasks()]))
            kore.add(name="New")
    assert seen[1] == (*seen[0][:3], [seen[1][3][0], *seen[0][3]])
    with Sandbox(tasks=30, seed=3, services=["kore"]) as box:
        assert [t["_id"] for t in box["kore"].tasks()] == seen[0][3]
