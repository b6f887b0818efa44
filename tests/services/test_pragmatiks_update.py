"""Pragmatiks' writes: a PATCH for 8 fields, a transition for the status, a row's ids percent-encoded whole."""

from __future__ import annotations

import json

import pandas as pd
import pytest

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit
from taskframe.changes.normal import parse
from taskframe.errors import PlanError, ProtocolError, SettingsError
from taskframe.schema import Unfit
from taskframe.services.base import Reply
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.pragmatiks.tasks import PATCHED

PRAGMATIKS = Pragmatiks()
NONE = Catalogue()
SCHEMA = PRAGMATIKS.schema(NONE)
ID = "agent_task:8f⟨a/b⟩ c?#%"
PATH = "/agents/tasks/agent_task%3A8f%E2%9F%A8a%2Fb%E2%9F%A9%20c%3F%23%25"
SAMPLE = {
    "organization_id": "<string>", "title": "<string>", "created_at": "2023-11-07T05:31:56Z",
    "updated_at": "2023-11-07T05:31:56Z", "id": "<string>", "description": "<string>", "status": "backlog",
    "priority": 3, "assigned_to_type_id": "<string>", "assigned_to_instance_id": "<string>",
    "assigned_to_user_id": "<string>", "correlation_bucket_id": "<string>", "created_by": "<string>",
    "source": "manual",
}  # fmt: skip


def calls(after):
    edit = Edit(ID, {"id": ID}, after)
    assert list(PRAGMATIKS.check(edit, NONE)) == []
    return list(PRAGMATIKS.calls(edit, NONE))


TABLE = {
    "title": "T", "description": "D", "priority": 1, "assigned_to_type_id": "t", "assigned_to_instance_id": "i",
    "assigned_to_user_id": "u", "correlation_bucket_id": "b", "source": "triage",
}  # fmt: skip


@pytest.mark.parametrize("column", TABLE)
def test_each_field_goes_out_by_patch(column):
    """The changed field and nothing else, at the task's encoded id."""
    value = TABLE[column]
    (call,) = calls({column: value})
    assert (call.method, call.path, call.json, call.kind) == ("PATCH", PATH, {column: value}, "unlocked")
    assert call.columns == {column}


def test_the_table_is_the_documented_one():
    """8 fields, and the status."""
    assert tuple(TABLE) == PATCHED
    assert {c.name for c in SCHEMA.editable} == {*TABLE, "status"}


@pytest.mark.parametrize(
    "column",
    [
        "description", "assigned_to_type_id", "assigned_to_instance_id", "assigned_to_user_id", "correlation_bucket_id",
    ],
)  # fmt: skip
def test_null_clears_what_may_be_null(column):
    """It goes out as null."""
    SCHEMA[column].check(None)
    assert calls({column: None})[0].json == {column: None}


@pytest.mark.parametrize("column", ["title", "priority", "source", "status"])
def test_what_is_never_null_in_a_reply_cant_be_cleared(column):
    """A problem before the first call."""
    with pytest.raises(Unfit, match="can't be cleared"):
        SCHEMA[column].check(None)


def test_the_status_goes_by_a_transition_alone():
    """It is not allowed in a PATCH."""
    (call,) = calls({"status": "review"})
    assert (call.method, call.path, call.json) == ("POST", f"{PATH}/transition", {"status": "review"})
    assert (call.kind, call.columns) == ("unlocked", {"status"})


def test_fields_and_status_are_two_calls_the_patch_first():
    """Each says what it writes, so that the half that went through can be named."""
    patch, transition = calls({"status": "done", "source": "manual", "title": "T"})
    assert list(patch.json) == ["title", "source"]
    assert (patch.columns, transition.columns) == ({"title", "source"}, {"status"})
    assert transition.json == {"status": "done"}


def test_an_empty_edit_has_no_call_and_a_strange_one_is_refused():
    """Nothing goes out by mistake."""
    assert calls({}) == []
    with pytest.raises(PlanError, match="created_by"):
        PRAGMATIKS.calls(Edit(ID, {}, {"created_by": "x"}), NONE)


# Columns.


def test_priority_1_is_the_most_urgent():
    """Integers, ordered so that more is more urgent, whatever way they are written."""
    column = SCHEMA["priority"]
    values = pd.Series(column.array([3, 1, 4, None]))
    assert values.cat.categories.tolist() == [4, 3, 2, 1]
    assert values.max() == 1
    assert (values > 3).tolist() == [False, True, False, False]
    assert [parse(v, column) for v in (1, 2.0, "4")] == [1, 2, 4]
    with pytest.raises(Unfit, match="not one of 4, 3, 2, 1"):
        parse(0, column)


def test_there_are_three_kinds_of_assignee():
    """The person first: that is whom code that goes by role takes."""
    assert [c.name for c in SCHEMA.roles("assignee")] == [
        "assigned_to_user_id", "assigned_to_instance_id", "assigned_to_type_id",
    ]  # fmt: skip
    assert [SCHEMA.role(r).name for r in ("title", "status", "priority", "updated")] == [
        "title", "status", "priority", "updated_at",
    ]  # fmt: skip
    assert SCHEMA.role("version") is None
    assert not PRAGMATIKS.versioned


def judged(call, status, body):
    return PRAGMATIKS.judge(call, Reply(status, {}, body if isinstance(body, bytes) else json.dumps(body).encode()))


def test_the_published_sample_loads_as_it_is():
    """Each key in its column; unknown keys are ignored, absent ones are null in a frame and absent in a row."""
    (call,) = [c for c in PRAGMATIKS.listing({}).start() if c.path == "/agents/tasks/"]
    tasks = judged(call, 200, [SAMPLE | {"new": 1}, {"id": "x"}]).data
    columns, catalogue = PRAGMATIKS.columns(tasks)
    frame = SCHEMA.frame(columns["id"], columns)
    assert frame.loc["<string>", "priority"] == 3
    assert frame.loc["<string>", "created_at"] == pd.Timestamp("2023-11-07T05:31:56Z")
    assert PRAGMATIKS.row(tasks[0]) == SAMPLE
    assert PRAGMATIKS.row(tasks[1]) == {"id": "x"}
    assert len(catalogue) == 0


def test_an_updates_reply_is_a_row():
    """As the sample of the PATCH has it."""
    patch, transition = PRAGMATIKS.calls(Edit("<string>", {}, {"title": "x", "status": "done"}), NONE)
    assert judged(patch, 200, SAMPLE).data == SAMPLE
    assert judged(transition, 200, SAMPLE).data == SAMPLE


def test_a_time_that_is_none_is_an_error_that_names_the_task():
    """In a list; in the reply to a write it is a doubt."""
    (call, _) = PRAGMATIKS.listing({}).start()
    with pytest.raises(ProtocolError, match="task x: updated_at"):
        PRAGMATIKS.columns(judged(call, 200, [{"id": "x", "updated_at": "soon"}]).data)


# Replies.

PATCH, TRANSITION = PRAGMATIKS.calls(Edit("t:1", {}, {"title": "x", "status": "done"}), NONE)
LIST, BOARD = PRAGMATIKS.listing({}).start()
(GET,) = PRAGMATIKS.reread([{"id": "t:1"}]).start()


@pytest.mark.parametrize(
    ("status", "kind", "doubt"),
    [
        (400, "refused", False), (401, "expired", False), (403, "refused", False), (404, "missing", False),
        (422, "refused", False), (429, "throttled", False), (500, "retry", True), (502, "retry", True),
        (503, "throttled", False), (504, "retry", True),
    ],
)  # fmt: skip
@pytest.mark.parametrize("call", [PATCH, TRANSITION])
def test_a_failure_of_a_write_by_its_status(call, status, kind, doubt):
    """In the words of `detail`."""
    verdict = judged(call, status, {"detail": "because"})
    assert (verdict.kind, verdict.in_doubt, verdict.detail, verdict.refusal) == (kind, doubt, "because", False)


def test_a_409_wants_a_read():
    """A refused move or a concurrent change: only the task can tell. Where nobody changed it, the move is refused."""
    verdict = judged(TRANSITION, 409, {"detail": "backlog can't become done"})
    assert (verdict.kind, verdict.refusal, verdict.in_doubt) == ("stale", True, False)
    assert verdict.detail == "backlog can't become done"
    verdict = judged(PATCH, 409, {"detail": "the task changed"})
    assert (verdict.kind, verdict.refusal) == ("stale", False)


def test_a_422_says_in_words_what_is_wrong_with_what():
    """Its list of complaints, each with its field."""
    detail = [
        {"loc": ["body", "priority"], "msg": "Input should be less than or equal to 4", "type": "less_than_equal"},
        {"loc": ["body", "source"], "msg": "", "type": "enum"}, {"loc": 5, "msg": "Bad"}, "odd",
    ]  # fmt: skip
    words = "priority: Input should be less than or equal to 4; source: enum; Bad"
    assert judged(PATCH, 422, {"detail": detail}).detail == words


def test_a_wrong_address_is_no_missing_task():
    """A 404 without words, or for the list."""
    for verdict in (judged(PATCH, 404, b"<html>"), judged(LIST, 404, {"detail": "Not Found"})):
        assert verdict.kind == "refused"
        assert "base_url" in verdict.detail
    assert judged(GET, 404, {"detail": "no such task"}).kind == "missing"


SENSELESS = [b"", b"<html>", b"null", b"[]", b"{}", b'{"id": "t:2"}', b'{"id": "t:1", "priority": "high"}', b"\xff"]


@pytest.mark.parametrize("body", [*SENSELESS, b'{"id": "t:1", "created_at": "soon"}'])
@pytest.mark.parametrize("call", [PATCH, TRANSITION])
def test_a_write_whose_reply_makes_no_sense_is_in_doubt(call, body):
    """It was answered with a success: it may have been done."""
    verdict = judged(call, 200, body)
    assert (verdict.kind, verdict.in_doubt) == ("retry", True)


@pytest.mark.parametrize(
    ("call", "bodies"),
    [
        (GET, SENSELESS), (LIST, [b"", b"{}", b"null", b"[1]", b'[{"title": "x"}]', b'[{"id": ""}]']),
        (BOARD, [b"", b"[]", b'{"total": "many"}']),
    ],
)  # fmt: skip
def test_a_read_whose_reply_makes_no_sense_is_an_error(call, bodies):
    """Never an empty list."""
    for body in bodies:
        with pytest.raises(ProtocolError, match="makes no sense"):
            judged(call, 200, body)


# Who we are.


def test_the_token_is_a_bearer_token():
    """The one that was renewed goes first; without one there is a way out, and no secret in the words."""
    settings = PRAGMATIKS.settings(token="abc")
    assert settings.base_url == "https://api.pragmatiks.io"
    assert PRAGMATIKS.sign(settings, None, 0, "") == {"Authorization": "Bearer abc"}
    with pytest.raises(SettingsError, match="callable"):
        PRAGMATIKS.sign(PRAGMATIKS.settings(), None, 0, "")
    with pytest.raises(SettingsError) as raised:
        PRAGMATIKS.sign(PRAGMATIKS.settings(token="sec\nret"), None, 0, "")
    assert "sec" not in str(raised.value)


def test_the_account_is_the_organization_where_a_task_tells_it():
    """Newer versions leave it out."""
    assert PRAGMATIKS.account(None, {"organization_id": "o"}) == {"organization": "o"}
    assert PRAGMATIKS.account(None, {"id": "x"}) == PRAGMATIKS.account(None, None) == {}
