"""What goes out to Reload and what its replies mean."""

from __future__ import annotations

import json
import re

import pandas as pd
import pytest
from pydantic import SecretStr, ValidationError
from reload_lists import SERVICE

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit
from taskframe.errors import PlanError, ProtocolError, SettingsError
from taskframe.schema import Unfit
from taskframe.services.base import Call, Person, Reply, Service
from taskframe.services.reload import Reload, ReloadSettings

NOTHING = Catalogue()
LIST = Call("GET", "/v1/agent/list-tasks", (("limit", "100"),))
BASE = {"id": "id-1", "identifier": "T-1", "version": 7, "status": "todo", "assigneeUserId": "u_1"}

OBJECT = {
    "id": "<string>", "identifier": "<string>", "workspaceId": "<string>", "title": "<string>",
    "description": "<string>", "version": 123, "dueAt": "2023-11-07T05:31:56Z", "assigneeUserId": "<string>",
    "assigneeAgentId": "<string>", "createdByUserId": "<string>", "createdByAgentId": "<string>",
    "parentTaskId": "<string>", "channelId": "<string>", "originMessageId": "<string>",
    "originExtractionId": "<string>", "startedAt": "2023-11-07T05:31:56Z", "completedAt": "2023-11-07T05:31:56Z",
    "cancelledAt": "2023-11-07T05:31:56Z", "archivedAt": "2023-11-07T05:31:56Z", "createdAt": "2023-11-07T05:31:56Z",
    "updatedAt": "2023-11-07T05:31:56Z", "deletedAt": "2023-11-07T05:31:56Z",
}  # fmt: skip
"""The task object of the documentation's own sample: without status and priority."""

META = {
    "requestId": "<string>",
    "timestamp": "2023-11-07T05:31:56Z",
    "pagination": {
        "hasMore": True,
        "cursor": "<string>",
        "total": 123,
        "historyCutoff": {"beyondCount": 123, "cutoffAt": "2023-11-07T05:31:56Z"},
    },
}


def write(**after) -> Call:
    (call,) = SERVICE.calls(Edit("id-1", BASE, after), NOTHING)
    return call


WRITE = write(status="done")


def reply(body, status=200, **headers) -> Reply:
    raw = body if isinstance(body, bytes) else json.dumps(body).encode()
    return Reply(status, {k.replace("_", "-"): v for k, v in headers.items()}, raw)


def failed(code, status, message="no", **more) -> Reply:
    error = {"code": code, "message": message, **more}
    return reply({"success": False, "error": error, "meta": {"requestId": "req-1"}}, status)


# Out.


@pytest.mark.parametrize(
    ("column", "value"),
    [
        ("status", "done"),
        ("priority", "none"),
        ("title", "Ω „quoted“ \U0001f600"),
        ("description", "# a\n\n* b"),
        ("description", ""),
        ("assigneeAgentId", "a_1"),
        ("assigneeAgentId", None),
        ("assigneeUserId", "u_2"),
        ("assigneeUserId", None),
    ],
)
def test_an_edit_sends_the_changed_field_and_nothing_else(column, value):
    """One versioned POST: the task, the version it is based on, the field."""
    assert write(**{column: value}) == Call(
        "POST",
        "/v1/agent/update-task",
        json={"taskId": "id-1", "version": 7, column: value},
        kind="locked",
        columns=frozenset({column}),
    )


def test_fields_go_out_in_the_documented_order():
    """Whatever the order of the edit."""
    after = dict.fromkeys(("assigneeUserId", "title", "assigneeAgentId", "description", "status", "priority"), "low")
    assert list(write(**after).json) == [
        "taskId", "version", "status", "priority", "title", "description", "assigneeAgentId", "assigneeUserId",
    ]  # fmt: skip


def test_a_version_goes_out_as_an_integer():
    """A version that a frame turned into 7.0 is 7."""
    (call,) = SERVICE.calls(Edit("id-1", BASE | {"version": 7.0}, {"status": "done"}), NOTHING)
    assert json.dumps(call.json["version"]) == "7"


@pytest.mark.parametrize("version", [None, float("nan"), 7.5, "7", True])
def test_no_edit_goes_out_without_a_version(version):
    """A base whose version is not known is a problem before, and an error at, sending."""
    edit = Edit("id-1", BASE | {"version": version}, {"status": "done"})
    (problem,) = SERVICE.check(edit, NOTHING)
    assert (problem.kind, problem.id, problem.column) == ("service", "id-1", None)
    with pytest.raises(PlanError, match="task id-1: no edit goes out without a version"):
        SERVICE.calls(edit, NOTHING)


def test_an_edit_with_a_version_has_no_problem_of_its_own():
    """What the columns tell is not told again."""
    assert list(SERVICE.check(Edit("id-1", BASE, {"status": "done"}), NOTHING)) == []


def test_what_update_task_does_not_take_is_an_error_not_left_out():
    """dueAt can't be written: an edit of it must never look as if it was."""
    with pytest.raises(PlanError, match="update-task does not take dueAt"):
        write(dueAt="2026-01-01T00:00:00Z", status="done")


def test_an_empty_edit_is_no_call():
    """Nothing changed, nothing sent."""
    assert list(SERVICE.calls(Edit("id-1", BASE, {}), NOTHING)) == []


def test_the_key_is_sent_as_a_bearer_token_and_shown_nowhere():
    """The header holds it; the settings' repr does not."""
    settings = ReloadSettings(token=SecretStr("rl_sk_1"))
    assert SERVICE.sign(settings, settings.token, 0.0, "n") == {"Authorization": "Bearer rl_sk_1"}
    assert SERVICE.sign(settings, SecretStr("other\n"), 0.0, "n") == {"Authorization": "Bearer other"}
    assert "rl_sk_1" not in repr(settings)


@pytest.mark.parametrize("token", [None, "", " ", "a\r\nX-Evil: 1", "a b", "schlüssel"])
def test_a_token_that_can_not_be_one_is_told_without_showing_it(token):
    """SettingsError before any call, and the secret is not in it."""
    with pytest.raises(SettingsError) as caught:
        SERVICE.sign(ReloadSettings(), None if token is None else SecretStr(token), 0.0, "n")
    assert not token or not token.strip() or token not in str(caught.value)


def test_settings_are_frozen_and_know_their_names():
    """base_url and token, nothing else."""
    assert ReloadSettings().base_url == "https://api.reload.chat"
    with pytest.raises(ValidationError):
        ReloadSettings(bse_url="x")
    with pytest.raises(ValidationError):
        ReloadSettings().base_url = "x"


def test_the_account_is_the_workspace_of_a_task():
    """Known as soon as a task was seen."""
    assert SERVICE.account(ReloadSettings(), {"workspaceId": "ws-1"}) == {"workspaceId": "ws-1"}
    assert SERVICE.account(ReloadSettings(), {"id": "x"}) == {}
    assert SERVICE.account(ReloadSettings(), None) == {}


@pytest.mark.parametrize(
    ("name", "params"),
    [
        ("@ada", (("handle", "ada"),)),
        (" ada@example.org ", (("email", "ada@example.org"),)),
        ("ada", None),
        ("Ada Lovelace", None),
        ("@", None),
        ("@ada lovelace", None),
        ("ada@", None),
        ("", None),
    ],
)
def test_a_handle_or_a_mail_address_can_be_looked_up(name, params):
    """Exactly one of handle and email; a bare name can't."""
    call = SERVICE.find_person(name)
    assert call == (params and Call("GET", "/v1/agent/resolve-identity", params))


def test_a_person_comes_back_with_the_address_that_was_asked_for():
    """resolve-identity gives id, kind, displayName and handle."""
    body = {"success": True, "data": {"id": "u_1", "kind": "user", "displayName": "Ada", "handle": "ada"}}
    by_mail = SERVICE.judge(SERVICE.find_person("ada@example.org"), reply(body))
    assert by_mail.data == Person("u_1", "Ada", "ada@example.org", "ada", "user")
    assert SERVICE.judge(SERVICE.find_person("@ada"), reply(body)).data == Person("u_1", "Ada", None, "ada", "user")
    assert SERVICE.judge(SERVICE.find_person("@bob"), failed("not_found", 404)).kind == "missing"


# The columns.


def test_the_columns_are_those_of_the_task_object_in_its_order():
    """Every key but id, which is the index."""
    assert SERVICE.schema(NOTHING).names == (
        "identifier", "workspaceId", "title", "description", "status", "priority", "version", "dueAt",
        "assigneeUserId", "assigneeAgentId", "createdByUserId", "createdByAgentId", "parentTaskId", "channelId",
        "originMessageId", "originExtractionId", "startedAt", "completedAt", "cancelledAt", "archivedAt", "createdAt",
        "updatedAt", "deletedAt",
    )  # fmt: skip


def test_what_update_task_takes_can_be_edited_and_only_assignees_cleared():
    """The documentation gives null for the two assignees, and for nothing else."""
    schema = SERVICE.schema(NOTHING)
    assert {c.name for c in schema.editable} == {
        "title", "description", "status", "priority", "assigneeUserId", "assigneeAgentId",
    }  # fmt: skip
    assert {c.name for c in schema if c.clearable} == {"assigneeUserId", "assigneeAgentId"}
    assert [c.name for c in schema.roles("assignee")] == ["assigneeUserId", "assigneeAgentId"]
    roles = ("identifier", "title", "status", "priority", "due", "version", "updated")
    assert [schema.role(r).name for r in roles] == [
        "identifier", "title", "status", "priority", "dueAt", "version", "updatedAt",
    ]  # fmt: skip
    assert all(c.label and c.source.startswith("docs: ") for c in schema)
    assert schema["priority"].ordered
    assert not schema["status"].ordered
    schema["title"].check("x" * 500)
    for bad in ("", "x" * 501, None):
        with pytest.raises(Unfit):
            schema["title"].check(bad)
    with pytest.raises(Unfit, match="empty text goes"):
        schema["description"].check(None)
    schema["description"].check("")


def test_reload_is_a_service():
    """mypy holds this; here it is for the reader."""
    service: Service = Reload()
    assert (service.name, service.label, service.index, list(service.limits)) == ("reload", "Reload", "id", [])


# In: success.


def test_the_printed_sample_of_an_update_loads_as_it_is():
    """No `success`, no status, no priority: the row holds what was there, and nothing that was not."""
    sample = reply({"data": OBJECT | {"id": "id-1"}, "meta": META})
    verdict = SERVICE.judge(WRITE, sample)
    assert verdict.kind == "ok"
    assert dict(verdict.data) == OBJECT | {"id": "id-1"}
    assert verdict.request_id == "<string>"


def test_the_same_sample_in_a_list_loads_with_nulls():
    """A key that a list's task leaves out is null in its column."""
    verdict = SERVICE.judge(LIST, reply({"success": True, "data": [OBJECT], "meta": META}))
    columns, catalogue = SERVICE.columns(verdict.data.tasks)
    assert columns["status"] == [None]
    assert columns["version"] == [123]
    assert columns["dueAt"] == ["2023-11-07T05:31:56Z"]
    assert len(catalogue) == 0
    frame = SERVICE.schema(catalogue).frame(columns["id"], columns)
    assert frame["dueAt"].iloc[0] == pd.Timestamp("2023-11-07T05:31:56Z")
    assert frame["priority"].isna().all()


def test_an_update_tells_null_from_absent():
    """A null that was sent is None in the row; a key that was not is no key."""
    verdict = SERVICE.judge(
        WRITE, reply({"success": True, "data": {"id": "id-1", "version": 8, "assigneeUserId": None}})
    )
    assert verdict.data == {"id": "id-1", "version": 8, "assigneeUserId": None}


def test_unknown_keys_are_passed_over():
    """The service may grow."""
    data = [{"id": "a", "version": 1, "labels": [{"x": 1}], "status": "waiting"}]
    verdict = SERVICE.judge(LIST, reply({"success": True, "data": data, "meta": {"new": 1}, "more": []}))
    assert SERVICE.columns(verdict.data.tasks)[0]["status"] == ["waiting"]


def test_a_version_of_3_0_is_3():
    """JSON from a language without integers."""
    verdict = SERVICE.judge(LIST, reply(b'{"success": true, "data": [{"id": "a", "version": 3.0}]}'))
    assert [type(v) for v in SERVICE.columns(verdict.data.tasks)[0]["version"]] == [int]
    assert SERVICE.judge(WRITE, reply(b'{"data": {"id": "id-1", "version": 8.0}}')).data["version"] == 8


def test_no_tasks_make_every_column_of_no_length():
    """An empty list has all columns."""
    columns, _ = SERVICE.columns([])
    assert all(values == [] for values in columns.values())
    assert list(columns) == ["id", *SERVICE.schema(NOTHING).names]


# In: what makes no sense.

SENSELESS = [
    (b"", "it is empty"),
    (b"<html><body>Welcome</body></html>", "it is not JSON: '<html>"),
    (b"\xff\xfe", "it is not JSON"),
    (b'{"new": ' + b"[" * 100_000, "it is not JSON"),
    (b"[]", "Expected `object`"),
    (b'{"success": true}', "there is no `data`"),
    (b'{"success": true, "data": null}', r"at `\$.data`"),
    (b'{"success": "yes", "data": []}', r"at `\$.success`"),
]


@pytest.mark.parametrize(
    ("body", "words"),
    [
        *SENSELESS,
        (b'{"data": {"id": "a", "version": 1}}', r"Expected `array`, got `object` - at `\$.data`"),
        (b'{"data": [{"id": "a", "version": 1}, {"id": 3, "version": 1}]}', r"at `\$.data\[1?\.*.*id`"),
        (b'{"data": [{"id": "a", "version": 3.5}]}', r"expected an integer, got 3.5 - at `\$.data\[0\].version`"),
        (b'{"data": [{"id": "a", "version": 99999999999999999999}]}', r"at `\$.data\[0\].version`"),
        (b'{"data": [{"id": "a", "version": "1"}]}', "version"),
        (b'{"data": [{"id": "a", "version": true}]}', "version"),
        (b'{"data": [{"id": "a"}]}', "version"),
        (b'{"data": [{"id": "", "version": 1}]}', r"an empty id - at `\$.data\[0\].id`"),
        (b'{"data": [{"id": "a", "version": 1, "title": 5}]}', "title"),
        (b'{"data": [], "meta": {"pagination": {"hasMore": "no"}}}', "hasMore"),
    ],
)
def test_a_read_that_makes_no_sense_is_an_error_that_names_the_place(body, words):
    """ProtocolError, with the JSON path, the status and the request id, and bounded."""
    with pytest.raises(ProtocolError, match=words) as caught:
        SERVICE.judge(LIST, reply(body, x_request_id="req-9"))
    assert "GET /v1/agent/list-tasks: the reply makes no sense: " in str(caught.value)
    assert caught.value.request_id == "req-9"
    assert caught.value.status_code == 200
    assert len(str(caught.value)) < 400


@pytest.mark.parametrize(
    ("body", "words"),
    [
        *SENSELESS,
        (b'{"success": true, "data": [{"id": "id-1", "version": 8}]}', "Expected `object`"),
        (b'{"success": true, "data": {"id": "id-2", "version": 8}}', "it is about task id-2, not id-1"),
        (b'{"success": true, "data": {"id": "id-1"}}', "version"),
        (b'{"success": true, "data": {"id": "id-1", "version": 8, "dueAt": "now"}}', "'now' is no RFC 3339 timestamp"),
    ],
)
def test_a_write_whose_reply_makes_no_sense_is_in_doubt(body, words):
    """It may have happened: no error, no success, but a task to be read again."""
    verdict = SERVICE.judge(WRITE, reply(body))
    assert (verdict.kind, verdict.in_doubt, verdict.status) == ("retry", True, 200)
    assert re.search(words, verdict.detail)


@pytest.mark.parametrize("when", ["now", "", "NaT", "2026-02-30T00:00:00Z", "yesterday", "2026-01-01"])
def test_a_bad_timestamp_names_its_task_and_column(when):
    """Nothing is guessed into a time, least of all "now"."""
    data = [{"id": f"id-{n}", "version": 1, "dueAt": when if n == 3 else None} for n in range(5)]
    tasks = SERVICE.judge(LIST, reply({"success": True, "data": data})).data.tasks
    with pytest.raises(ProtocolError, match="task id-3: dueAt is no RFC 3339 timestamp"):
        SERVICE.columns(tasks)


# In: failures.


@pytest.mark.parametrize(
    ("code", "status", "kind", "in_doubt"),
    [
        ("permission_denied", 403, "refused", False),
        ("channel_not_member", 403, "refused", False),
        ("plan_limit_reached", 402, "refused", False),
        ("invalid_input", 400, "refused", False),
        ("not_found", 404, "missing", False),
        ("conflict", 409, "stale", False),
        ("rate_limited", 429, "throttled", False),
        ("upstream_unavailable", 503, "throttled", False),
        ("internal_error", 500, "retry", True),
        ("unauthorized", 401, "expired", False),
        ("permission_denied", 401, "expired", False),
        ("something_new", 400, "refused", False),
        ("something_new", 402, "refused", False),
        ("something_new", 404, "missing", False),
        ("something_new", 409, "stale", False),
        ("something_new", 429, "throttled", False),
        ("something_new", 500, "retry", True),
        ("something_new", 502, "retry", True),
        ("something_new", 503, "throttled", False),
        ("something_new", 504, "retry", True),
        ("something_new", 599, "retry", True),
        ("upstream_unavailable", 502, "throttled", True),
        ("permission_denied", 200, "refused", False),
        ("conflict", 200, "stale", False),
        ("internal_error", 200, "retry", True),
        ("something_new", 200, "refused", False),
    ],
)
def test_every_code_has_its_verdict(code, status, kind, in_doubt):
    """By the documented code, else by the status; with the code, the words and the request id."""
    verdict = SERVICE.judge(WRITE, failed(code, status, "what went wrong"))
    assert (verdict.kind, verdict.in_doubt) == (kind, in_doubt)
    assert (verdict.code, verdict.status, verdict.request_id) == (code, status, "req-1")
    assert verdict.detail == "what went wrong"


def test_a_read_is_never_in_doubt_and_never_stale():
    """Doubt is about what a write did."""
    assert not SERVICE.judge(LIST, failed("internal_error", 500)).in_doubt
    assert SERVICE.judge(LIST, failed("conflict", 409)).kind == "refused"


def test_retryable_turns_a_refusal_into_a_retry_and_nothing_else():
    """After a 5xx a write may have happened, whatever `retryable` says: only reading the task can tell."""
    assert SERVICE.judge(WRITE, failed("permission_denied", 403, retryable=True)).kind == "retry"
    assert not SERVICE.judge(WRITE, failed("permission_denied", 403, retryable=True)).in_doubt
    assert SERVICE.judge(WRITE, failed("conflict", 409, retryable=True)).kind == "stale"
    verdict = SERVICE.judge(WRITE, failed("internal_error", 500, retryable=False))
    assert (verdict.kind, verdict.in_doubt) == ("retry", True)
    assert SERVICE.judge(WRITE, failed("invalid_input", 400, retryable="yes")).kind == "refused"


def test_details_are_told_in_short():
    """What a 400 says about the field is part of the words, bounded."""
    assert SERVICE.judge(WRITE, failed("invalid_input", 400, "bad", details={"message": "title too long"})).detail == (
        "bad (title too long)"
    )
    verdict = SERVICE.judge(WRITE, failed("invalid_input", 400, "bad", details={"issues": [{"path": "title"}]}))
    assert verdict.detail == 'bad ({"issues":[{"path":"title"}]})'
    long = SERVICE.judge(WRITE, failed("invalid_input", 400, "x" * 9000, details={"y": "z" * 9000}))
    assert len(long.detail) <= 400


@pytest.mark.parametrize(
    ("status", "body", "kind", "in_doubt", "detail"),
    [
        (
            502,
            b"<html><h1>Bad\x1b[31m gateway</h1>",
            "retry",
            True,
            "HTTP 502 Bad Gateway: <html><h1>Bad\\x1b[31m gateway</h1>",
        ),
        (503, b"", "throttled", False, "HTTP 503 Service Unavailable"),
        (500, b'"oops"', "retry", True, 'HTTP 500 Internal Server Error: "oops"'),
        (500, b'{"error": "oops"}', "retry", True, 'HTTP 500 Internal Server Error: {"error": "oops"}'),
        (409, b"", "stale", False, "HTTP 409 Conflict"),
        (401, b"nope", "expired", False, "HTTP 401 Unauthorized: nope"),
        (404, b"<html>", "refused", False, "no Reload at this address: HTTP 404. Is base_url right?"),
        (413, b"", "refused", False, None),
        (408, b"", "retry", True, "HTTP 408 Request Timeout"),
        (200, b'{"success": false}', "refused", False, "the reply says `success: false`, and not why"),
        (200, b'{"success": false, "error": 3}', "refused", False, "the reply says `success: false`, and not why"),
    ],
)
def test_replies_outside_of_the_envelope_are_judged_by_their_status(status, body, kind, in_doubt, detail):
    """A proxy's HTML, an empty body, another server: short words, in which nothing acts."""
    verdict = SERVICE.judge(WRITE, reply(body, status))
    assert (verdict.kind, verdict.in_doubt) == (kind, in_doubt)
    assert detail is None or verdict.detail == detail
    assert verdict.detail.isprintable()


def test_a_redirect_is_refused_in_words():
    """Redirects are not followed: a token must not travel."""
    verdict = SERVICE.judge(LIST, reply(b"", 302, location="https://login.example/\x1b"))
    assert verdict.kind == "refused"
    assert verdict.detail == (
        "HTTP 302 Found: a redirect to https://login.example/\\x1b, which is not followed. Is base_url right?"
    )


def test_the_request_id_comes_from_the_body_or_the_header():
    """To quote to the support."""
    assert SERVICE.judge(LIST, reply(b"", 500, x_request_id="h-1")).request_id == "h-1"
    assert SERVICE.judge(LIST, reply({"success": True, "data": []}, x_request_id="h-2")).request_id == "h-2"
    assert SERVICE.judge(LIST, failed("not_found", 404)).request_id == "req-1"


def test_the_wait_comes_from_the_headers():
    """Retry-After, for 429 and for 503."""
    assert SERVICE.judge(LIST, reply(b"", 429, retry_after="7")).after == 7
    assert SERVICE.judge(LIST, reply(b"", 503, retry_after="7")).after == 7
    assert SERVICE.judge(LIST, failed("rate_limited", 429)).after is None
