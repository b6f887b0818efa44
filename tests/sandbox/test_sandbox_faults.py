"""Faults: each kind is what it says on the wire, strikes when told, and is in the log."""

from __future__ import annotations

from email.utils import parsedate_to_datetime
from typing import Any

import httpx
import pytest

from taskframe.errors import SettingsError
from taskframe.sandbox import KINDS, Sandbox


@pytest.fixture
def task(reload: Any) -> dict[str, Any]:
    return reload.tasks()[0]


def update(http: httpx.Client, task: dict[str, Any], **fields: Any) -> httpx.Response:
    body = {"taskId": task["id"], "version": task["version"], "title": "Ours", **fields}
    return http.post("update-task", json=body)


@pytest.mark.parametrize("status", [401, 429, 500, 502, 503, 504])
def test_a_refusal_comes_before_the_write(
    box: Sandbox, http: httpx.Client, reload: Any, task: Any, status: int
) -> None:
    """401, 429, 5xx: the status arrives, nothing was written, the log names the fault."""
    box.faults.add(str(status))
    assert update(http, task).status_code == status
    assert reload.task(task["id"]) == task
    (record,) = box.log
    assert (record.fault, record.status, record.after) == (str(status), status, None)
    assert update(http, task).status_code == 200


@pytest.mark.parametrize("kind", ["500-after", "502-after", "504-after"])
def test_an_error_may_come_after_the_write(box: Sandbox, http: httpx.Client, reload: Any, task: Any, kind: str) -> None:
    """The call went through, whatever the status says; the log has the write."""
    box.faults.add(kind)
    assert update(http, task).status_code == int(kind[:3])
    assert reload.task(task["id"])["title"] == "Ours"
    (record,) = box.log.writes(task["id"])
    assert (record.fault, record.status) == (kind, int(kind[:3]))


@pytest.mark.parametrize("reset", [False, True])
@pytest.mark.parametrize("kind", ["drop", "drop-after"])
def test_a_drop_really_closes_the_connection(
    box: Sandbox, http: httpx.Client, reload: Any, task: Any, kind: str, reset: bool
) -> None:
    """The client sees the connection end without a reply; whether the write was made is in the log."""
    assert update(http, {**task, "version": -1}).status_code == 409  # so that a kept connection is dropped
    box.faults.add(kind, reset=reset)
    with pytest.raises((httpx.RemoteProtocolError, httpx.ReadError)):
        update(http, task)
    written = reload.task(task["id"])["title"] == "Ours"
    assert written == (kind == "drop-after")
    record = box.log[-1]
    assert (record.fault, record.status, record.reply) == (kind, None, None)
    assert (record.after is not None) == written
    assert http.get("list-tasks").status_code == 200


@pytest.mark.parametrize(
    ("params", "header", "value"),
    [
        ({"retry_after": 7}, "retry-after", "7"),
        ({"retry_after": 0.25}, "retry-after", "1"),
        ({"retry_after": 0.25, "form": "ms"}, "retry-after-ms", "250"),
        ({}, "retry-after", None),
    ],
)
@pytest.mark.parametrize("kind", ["429", "503"])
def test_how_long_to_wait_is_told_as_asked(
    box: Sandbox, http: httpx.Client, kind: str, params: Any, header: str, value: str | None
) -> None:
    """`Retry-After` in whole seconds, `retry-after-ms`, or nothing at all."""
    box.faults.add(kind, **params)
    assert http.get("list-tasks").headers.get(header) == value


def test_retry_after_as_a_date_counts_from_the_replys_date(box: Sandbox, http: httpx.Client) -> None:
    """The date lies as far from the reply's own `Date` as was asked for."""
    box.faults.add("429", retry_after=30, form="date")
    headers = http.get("list-tasks").headers
    wait = parsedate_to_datetime(headers["retry-after"]) - parsedate_to_datetime(headers["date"])
    assert wait.total_seconds() == 30


@pytest.mark.parametrize(("kind", "writes_at"), [("latency", 30.0), ("stall", 0.0)])
def test_time_passes_before_the_write_or_after_it(
    box: Sandbox, http: httpx.Client, task: Any, clock: Any, kind: str, writes_at: float
) -> None:
    """ "latency" holds the call back before it takes effect, "stall" only its reply."""
    began = clock.now()
    box.faults.add(kind, seconds=30)
    reply = update(http, task).json()
    (record,) = box.log
    assert (record.at, record.ended, record.status) == (began, began + 30, 200)
    written = reply["data"]["updatedAt"]
    assert written == ("2026-01-09T09:00:30.000Z" if writes_at else "2026-01-09T09:00:00.000Z")


@pytest.mark.parametrize("columns", ["same", "other"])
def test_others_edit_comes_just_before_the_write(
    box: Sandbox, http: httpx.Client, reload: Any, task: Any, columns: str
) -> None:
    """A colleague edits the column that the call writes, or another one; the call then meets a newer version."""
    box.faults.add("others-edit", columns=columns)
    assert update(http, task).status_code == 409
    theirs, ours = box.log
    assert (theirs.actor, theirs.task_id, ours.fault) == ("other", task["id"], "others-edit")
    assert theirs.after is not None
    assert ("title" in theirs.after) == (columns == "same")
    assert reload.task(task["id"])["version"] == task["version"] + 1


def test_others_edit_may_be_spelt_out(box: Sandbox, http: httpx.Client, reload: Any, task: Any) -> None:
    """Values given for an edit by others are what the task has then; reads pass the fault by."""
    rule = box.faults.add("others-edit", columns={"priority": "urgent", "dueAt": None})
    http.get("list-tasks")
    assert rule.hits == 0
    update(http, task)
    assert rule.hits == 1
    assert reload.task(task["id"])["priority"] == "urgent"


def test_a_whole_reply_of_nonsense(box: Sandbox, http: httpx.Client, reload: Any, task: Any) -> None:
    """Malformed replies come with status 200, each broken in its own way."""
    box.faults.add("html")
    reply = update(http, task)
    assert (reply.status_code, reply.headers["content-type"]) == (200, "text/html; charset=utf-8")
    assert reload.task(task["id"]) == task

    box.faults.add("unsuccessful")
    reply = update(http, task)
    assert (reply.status_code, reply.json()["success"]) == (200, False)
    assert reload.task(task["id"]) == task

    box.faults.add("cut")
    reply = update(http, task)
    assert reply.status_code == 200
    with pytest.raises(ValueError, match=r".+"):
        reply.json()

    box.faults.add("wrong-shape")
    assert "id" not in update(http, reload.task(task["id"])).json()["data"]

    box.faults.add("other-task")
    assert update(http, reload.task(task["id"])).json()["data"]["id"] != task["id"]

    box.faults.add("wrong-shape", body=b"[1]")
    assert http.get("list-tasks").json() == [1]


def test_a_reply_cut_by_the_socket_is_written_all_the_same(
    box: Sandbox, http: httpx.Client, reload: Any, task: Any
) -> None:
    """The length promises a whole reply, the connection ends half-way."""
    box.faults.add("cut-socket")
    with pytest.raises(httpx.RemoteProtocolError, match="without sending complete"):
        update(http, task)
    assert reload.task(task["id"])["title"] == "Ours"
    assert box.log[0].reply is None


def test_an_endless_reply_ends_with_the_client(box: Sandbox, http: httpx.Client) -> None:
    """The body goes on until the client hangs up; the server serves others meanwhile and afterwards."""
    box.faults.add("endless")
    with http.stream("GET", "list-tasks") as reply:
        chunks = reply.iter_raw()
        assert sum(len(next(chunks)) for _ in range(40)) > 40
        assert httpx.get(f"{box.url}/nowhere").status_code == 404
    assert http.get("list-tasks").status_code == 200


def test_rules_are_used_up_in_order(box: Sandbox, http: httpx.Client) -> None:
    """`times`, `after` and `match` say which calls; the rule added first strikes first; `clear` ends it all."""
    box.faults.add("503", times=2, after=1, match="list-tasks")
    last = box.faults.add("500", times=None, match=lambda call: dict(call.query).get("limit") == "9")
    got = [http.get(p, params={"limit": "9"}).status_code for p in ["list-tasks"] * 4 + ["list-my-tasks"]]
    assert got == [500, 503, 503, 500, 500]
    assert last.hits == 3
    assert http.get("list-tasks").status_code == 200
    box.faults.clear()
    assert http.get("list-tasks", params={"limit": "9"}).status_code == 200


def test_unknown_kinds_and_parameters_are_refused(box: Sandbox) -> None:
    """A typo in a test's fault is an error, not fair weather."""
    with pytest.raises(SettingsError, match="drop-after"):
        box.faults.add("drop-aftr")
    with pytest.raises(SettingsError, match="retry"):
        box.faults.add("429", retry=3)
    with pytest.raises(SettingsError, match="own reply"):
        box.faults.add("stall", write=False)
    with pytest.raises(SettingsError, match="announced"):
        box["reload"].limits = [(1, 60, "loudly")]
    with pytest.raises(SettingsError, match="honour"):
        box["reload"].cursor = "honor"


def test_a_storm_depends_on_its_seed_alone(box: Sandbox, http: httpx.Client, reload: Any) -> None:
    """The same seed strikes the same attempts of the same tasks, in whatever order they come."""
    tasks = reload.tasks()[:40]

    def weather(order: list[dict[str, Any]], seed: int) -> dict[str, list[str | None]]:
        begin = len(box.log)
        box.faults.storm(0.5, seed=seed, kinds=["429", "500", ("503", {"retry_after": 2})])
        for _ in range(3):
            for task in order:
                update(http, {**task, "version": -1})
        found: dict[str, list[str | None]] = {}
        for record in box.log[begin:]:
            found.setdefault(record.task_id or "", []).append(record.fault)
        return found

    first = weather(tasks, 1)
    assert weather(tasks[::-1], 1) == first
    assert weather(tasks, 2) != first
    struck = [f for faults in first.values() for f in faults if f]
    assert 30 <= len(struck) <= 90
    assert set(struck) == {"429", "500", "503"}


def test_a_storm_lets_up(box: Sandbox, http: httpx.Client, task: Any) -> None:
    """No task is struck more than `most_in_a_row` times in succession, even at a rate of 1."""
    box.faults.storm(1.0, kinds=["500"], most_in_a_row=2)
    got = [update(http, {**task, "version": -1}).status_code for _ in range(6)]
    assert got == [500, 500, 409, 500, 500, 409]


def test_an_expired_token_ends_no_row_of_strikes(box: Sandbox, http: httpx.Client, client_of: Any) -> None:
    """The one call in three that is let pass is refused for its token: the next one is let pass instead."""
    box.faults.storm(1.0, kinds=["500"], most_in_a_row=2)
    old = client_of(box, token="it has expired")
    got = [client.get("list-tasks").status_code for client in (http, http, old, old, http, http, http, http)]
    assert got == [500, 500, 401, 401, 200, 500, 500, 200]


def test_every_kind_is_documented_by_its_defaults() -> None:
    """Kinds that carry the call out say so: those after the write, and those that only spoil the reply."""
    after = {k for k, f in KINDS.items() if f.write}
    assert {"500-after", "drop-after", "stall", "others-edit", "cut", "cut-socket"} <= after
    assert after.isdisjoint({"401", "429", "500", "503", "drop"})


def test_rate_windows_answer_429(box: Sandbox, http: httpx.Client, reload: Any, clock: Any) -> None:
    """Beyond a window calls get 429, with the wait or without; a slot is free again one period later."""
    reload.limits = [(3, 60, "announced")]
    assert [http.get("list-tasks").status_code for _ in range(4)] == [200, 200, 200, 429]
    clock.move(20.5)
    refused = http.get("list-tasks")
    assert (refused.status_code, refused.headers["retry-after"]) == (429, "40")
    assert refused.json()["error"]["code"] == "rate_limited"
    clock.move(39.5)
    assert http.get("list-tasks").status_code == 200
    reload.limits = [(1, 60, "hidden")]
    assert http.get("list-tasks").status_code == 200
    refused = http.get("list-tasks")
    assert (refused.status_code, "retry-after" in refused.headers) == (429, False)
    other = {"Authorization": f"Bearer {reload.token()}"}
    assert http.get("list-tasks", headers=other).status_code == 200
