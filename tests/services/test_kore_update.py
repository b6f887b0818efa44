"""Kore's updateTask: each of its 39 fields goes out as documented, with what belongs to it and nothing else."""

from __future__ import annotations

import pandas as pd
import pytest

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit
from taskframe.errors import PlanError, SettingsError
from taskframe.services.kore import Kore
from taskframe.services.kore.columns import SYSTEM, UPDATE

KORE = Kore()
OPEN = {"_id": "sts-1", "name": "Open", "lname": "open", "statusCategory": "open"}
HIGH = {"_id": "pr-1", "name": "High", "score": 15}
MAYA = {"_id": "u-1", "name": "Maya Chen", "emailId": "maya@example.com"}
EFFORT = {"_id": "fd-1", "displayName": "Effort", "dataType": "number", "value": 3}
REGION = {"_id": "fd-2", "displayName": "Region", "dataType": "input"}
CATALOGUE = Catalogue(
    {
        "status.name": {"Open": OPEN, "Closed": {"_id": "sts-2", "name": "Closed"}},
        "priority.name": {"High": HIGH},
        "currAssignee._id": {"u-1": MAYA, "u-2": {"_id": "u-2", "name": "Jo"}, "u-3": {"_id": "u-3", "name": "Jo"}},
        "assigneeType": {"u-1": "agents"},
        "fields": {
            "fields.Effort": {
                "kind": "number",
                "label": "Effort",
                "required": False,
                "readOnly": False,
                "key": "value",
            },
            "fields.Region": {"kind": "text", "label": "Region", "required": False, "readOnly": False, "key": None},
        },
    }
)
BASE = {"_id": "ti/1", "name": "Old", "assigneeType": "unassigned", "fields": [EFFORT, REGION]}
TIME = pd.Timestamp("2026-05-29T04:03:00.250Z")
MS = 1780027380250


def body(after, base=BASE, catalogue=CATALOGUE):
    edit = Edit("ti/1", base, after)
    assert list(KORE.check(edit, catalogue)) == []
    (call,) = KORE.calls(edit, catalogue)
    assert (call.method, call.path, call.kind) == ("POST", "/updateTask/ti%2F1", "unlocked")
    assert call.columns == frozenset(after)
    return call.json


TABLE = {
    "caseTmp": ("ctm-1", {"caseTmp": "ctm-1"}),
    "name": ("Task Testing", {"name": "Task Testing", "lname": "task testing"}),
    "lname": ("x", {"lname": "x"}),
    "desc": ("", {"desc": ""}),
    "tags": (["a", "b"], {"tags": ["a", "b"]}),
    "userInfo": ({"name": "John"}, {"userInfo": {"name": "John"}}),
    "sessIds": (["s"], {"sessIds": ["s"]}),
    "accountId": ("a", {"accountId": "a"}),
    "lid": ("st-1", {"lid": "st-1"}),
    "orgId": ("o-1", {"orgId": "o-1"}),
    "convIds": ([], {"convIds": []}),
    "status.name": ("Open", {"status": OPEN}),
    "language": ("english", {"language": "english"}),
    "source": ("rtm", {"source": "rtm"}),
    "conversationType": ("TASK", {"conversationType": "TASK"}),
    "fields": ([EFFORT], {"fields": [EFFORT]}),
    "participants": ([{"name": "x"}], {"participants": [{"name": "x"}]}),
    "queues": ([{"_id": "qu-1"}], {"queues": [{"_id": "qu-1"}]}),
    "priority.name": ("High", {"priority": HIGH}),
    "refId": ("TS1", {"refId": "TS1"}),
    "assigneeType": ("queues", {"assigneeType": "queues"}),
    "isActive": (False, {"isActive": False}),
    "taskIds": (["ti-2"], {"taskIds": ["ti-2"]}),
    "attachments": ([], {"attachments": []}),
    "feedback": ([], {"feedback": []}),
    "createdBy": ({"_id": "u"}, {"createdBy": {"_id": "u"}}),
    "updatedBy": ({"_id": "u"}, {"updatedBy": {"_id": "u"}}),
    "timestampValue": (TIME, {"timestampValue": MS}),
    "activityIds": (["x"], {"activityIds": ["x"]}),
    "commentIds": (["x"], {"commentIds": ["x"]}),
    "resolutionCmts": (["done"], {"resolutionCmts": ["done"]}),
    "dueDate": (TIME, {"dueDate": MS}),
    "isBreached": (True, {"isBreached": True}),
    "supportCustomTasks": (True, {"supportCustomTasks": True}),
    "channel": (["email"], {"channel": ["email"]}),
    "createdAt": (TIME, {"createdAt": "2026-05-29T04:03:00.250Z"}),
    "updatedAt": ("2026-05-29T06:03:00.25+02:00", {"updatedAt": "2026-05-29T04:03:00.250Z"}),
    "currAssignee._id": ("u-1", {"assigneeType": "agents", "currAssignee": MAYA}),
    "ETA": (TIME, {"ETA": "2026-05-29T04:03:00.250Z"}),
}


@pytest.mark.parametrize("column", TABLE)
def test_each_field_goes_out_as_documented(column):
    """The changed field, in the documented type, and only what belongs to it."""
    value, sent = TABLE[column]
    assert body({column: value}) == sent


def test_the_table_is_the_documented_one():
    """39 fields, one column to edit for each."""
    assert len(UPDATE) == 39
    assert [name.split(".")[0] for name in TABLE] == list(UPDATE)
    schema = KORE.schema(CATALOGUE).with_editable(SYSTEM)
    assert {c.name for c in schema.editable} == {*TABLE, "fields.Effort", "fields.Region"}


def test_fields_go_out_in_the_documented_order():
    """However they were edited."""
    assert list(body({"ETA": None, "name": "X", "status.name": "Open"})) == ["name", "lname", "status", "ETA"]


def test_lname_follows_name_unless_it_was_edited():
    """The service keeps both."""
    assert body({"name": "ÄB", "lname": "own"}) == {"name": "ÄB", "lname": "own"}


def test_nobody_is_an_empty_object_and_says_so():
    """Clearing the assignee."""
    assert body({"currAssignee._id": None}) == {"assigneeType": "unassigned", "currAssignee": {}}
    sent = {"assigneeType": "unassigned", "currAssignee": {}}
    assert body({"currAssignee._id": None, "assigneeType": "unassigned"}) == sent


def test_an_assignee_brings_the_type_that_was_seen_with_them():
    """Only where it is another one; nothing is made up where none was seen."""
    assert body({"currAssignee._id": "u-1"}, BASE | {"assigneeType": "agents"}) == {"currAssignee": MAYA}
    assert body({"currAssignee._id": "u-2"})["assigneeType"] == "agents"
    bare = Catalogue({"currAssignee._id": {"u-1": MAYA}})
    assert body({"currAssignee._id": "u-1"}, catalogue=bare) == {"currAssignee": MAYA}
    assert body({"currAssignee._id": "u-1", "assigneeType": "x"})["assigneeType"] == "x"


def test_no_eta_is_an_empty_text():
    """As the service writes it."""
    assert body({"ETA": None}) == {"ETA": ""}


def test_a_field_of_the_account_goes_out_within_all_fields():
    """All definitions as they were, one with another value under the key that the account has."""
    assert body({"fields.Effort": 4.0}) == {"fields": [EFFORT | {"value": 4}, REGION]}
    assert body({"fields.Region": "Bern"}) == {"fields": [EFFORT, REGION | {"value": "Bern"}]}
    assert body({"fields.Effort": None}) == {"fields": [EFFORT | {"value": ""}, REGION]}
    assert EFFORT["value"] == 3


def test_what_others_wrote_into_other_fields_goes_along():
    """The base is the row as it was read last."""
    theirs = BASE | {"fields": [EFFORT, REGION | {"value": "theirs"}]}
    assert body({"fields.Effort": 9}, theirs)["fields"][1]["value"] == "theirs"


def test_an_empty_edit_has_no_call():
    """Nothing goes out."""
    assert list(KORE.calls(Edit("ti", BASE, {}), CATALOGUE)) == []


@pytest.mark.parametrize(
    ("after", "kind", "column", "words"),
    [
        ({"status.name": "open"}, "choice", "status.name", "known are Open, Closed; did you mean 'Open'"),
        ({"priority.name": "Nope"}, "choice", "priority.name", "known are High"),
        ({"currAssignee._id": "Jo"}, "ambiguous", "currAssignee._id", "u-2, u-3: write the id"),
        ({"fields.Other": "x"}, "service", "fields.Other", "no such field"),
        ({"dueDate": pd.Timestamp("2026-01-01T00:00:00.000001Z")}, "range", "dueDate", "floor"),
        (
            {"fields": [EFFORT | {"value": 5}], "fields.Effort": 6}, "disagree", "fields.Effort",
            "fields says 5 and fields.Effort says 6",
        ),
        ({"currAssignee._id": None, "assigneeType": "agents"}, "disagree", "assigneeType", "leave one out"),
    ],
)  # fmt: skip
def test_what_cant_be_sent_is_a_problem_that_says_what_would_be_right(after, kind, column, words):
    """All before the first call, and no call is made of it by mistake where it stands for nothing."""
    edit = Edit("ti", BASE, after)
    (problem,) = KORE.check(edit, CATALOGUE)
    assert (problem.kind, problem.id, problem.column) == (kind, "ti", column)
    assert words in problem.problem
    if kind in ("choice", "ambiguous", "service"):
        with pytest.raises(PlanError):
            KORE.calls(edit, CATALOGUE)


def test_a_column_that_updatetask_does_not_take_makes_no_call():
    """Not by mistake either."""
    with pytest.raises(PlanError, match="does not take caseId"):
        KORE.calls(Edit("ti", BASE, {"caseId": "x"}), CATALOGUE)


# What may be edited.


def test_the_systems_own_record_is_editable_only_by_name():
    """`editable=["createdAt"]`; what no call changes is refused, with the column to edit instead."""
    schema = KORE.schema(CATALOGUE)
    for name in ("createdAt", "createdBy", "accountId", "timestampValue"):
        assert schema[name].system
        assert not schema[name].editable
        assert schema.with_editable([name])[name].editable
    assert not schema.with_editable(["createdAt"])["accountId"].editable
    with pytest.raises(SettingsError, match=r"status\._id; edit status\.name"):
        schema.with_editable(["status._id"])
    with pytest.raises(SettingsError, match="caseId"):
        schema.with_editable(["caseId"])
    with pytest.raises(SettingsError, match="Did you mean 'createdAt'"):
        schema.with_editable(["createAt"])


def test_each_object_has_one_handle_and_its_siblings_follow():
    """No two columns of one wire field can be edited, and a sibling names its handle."""
    schema = KORE.schema(CATALOGUE)
    parts = {c.name: c.handle for c in schema if "." in c.name and not c.name.startswith("fields.")}
    assert {name for name, handle in parts.items() if not handle} == {
        "status.name",
        "priority.name",
        "currAssignee._id",
    }
    assert all(schema[h].editable or schema[h].system for h in parts.values() if h)
    assert not any(schema[name].editable for name, handle in parts.items() if handle)


def test_columns_have_their_roles():
    """Code that goes by role runs on every service."""
    schema = KORE.schema(CATALOGUE)
    roles = ("identifier", "title", "status", "priority", "assignee", "due", "updated")
    assert [schema.role(r).name for r in roles] == [
        "refId", "name", "status.name", "priority.name", "currAssignee._id", "dueDate", "updatedAt",
    ]  # fmt: skip
    assert schema.role("version") is None
    assert schema.index == KORE.index == "_id"
    assert not KORE.versioned
