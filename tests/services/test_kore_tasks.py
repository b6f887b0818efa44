"""Kore's tasks as rows and columns: the published samples load as they are."""

from __future__ import annotations

import json

import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from taskframe.errors import ProtocolError
from taskframe.services.base import Call, Reply
from taskframe.services.kore import Kore
from taskframe.services.kore.columns import PARTS
from taskframe.services.kore.wire import list_tasks

KORE = Kore()
GET = list_tasks({}, 0, 50)
SEED = {
    "_id": "ti-73acd32-0123-4114-9891-00a950aaxxxx", "caseId": "ci-31d9184-d64d-42d9-8c75-5edba531xxxx",
    "caseRefId": "CS00xxxx", "taskTmp": "jbhk", "name": "Task Testing", "lname": "task testing", "tags": [],
    "userInfo": {"_id": "u-fd371c0a-3168-5a02-83dd-f4ba5597xxxx", "name": "John"}, "ETA": "",
}  # fmt: skip
LISTED = {
    "_id": "ti-c7c61c9-1392-45d3-b163-3622d737xxxx", "caseId": "ci-884ca36-6b0c-40bc-ba5c-bc8a8c6cxxxx",
    "caseRefId": "CS000108", "taskTmp": "Test task temp", "name": "This is demo task", "lname": "this is demo task",
    "tags": [], "userInfo": {"_id": "u-fd371c0a-3168-5a02-83dd-f4ba5597xxxx", "name": "dummy"}, "sessIds": [],
    "accountId": "6810a48a8b40a4e0175cxxxx", "iId": "st-d140086f-4d0a-59fa-9d28-b5fc23e9xxxx",
    "orgId": "o-734f0871-3217-515b-bd5f-36abef3cxxxx", "convIds": [],
    "status": {
        "_id": "sts-599163e-b869-4532-bbb3-c76a3d08xxxx", "name": "Open", "lname": "open", "statusCategory": "open",
        "type": "system", "desc": "When a new case/task is created", "isEnabled": True, "isActive": True,
    },
    "source": "rtm", "conversationType": "TASK",
    "fields": [
        {
            "_id": "fd-7ab71aa-5da2-4cd1-a7ec-0e2468b8xxxx", "show": True, "displayName": "Due Date",
            "lname": "due date", "desc": "Date/time to complete a case", "isEnabled": True, "isActive": True,
            "metaData": {"type": "datetime", "displayName": "Due Date", "name": "dueDate", "readOnly": False},
            "type": "system", "required": True, "dataType": "datetime",
        },
    ],
    "participants": [],
    "priority": {
        "_id": "pr-6189896-de68-4e02-8d56-813a68bdxxxx", "name": "Medium", "lname": "medium", "type": "system",
        "desc": "Moderate urgency", "color": "#16A34A", "isEnabled": True, "isActive": True, "score": 10,
    },
    "refId": "TS000105", "assigneeType": "unassigned", "isCustTsk": False, "isActive": True, "attachments": [],
    "feedback": [],
    "createdBy": {"name": "Rayirth P", "_id": "u-320fa237-51be-5c46-a046-14e97c770xxxx", "profImage": "no-avatar"},
    "updatedBy": {"name": "Rayirth P", "_id": "u-320fa237-51be-5c46-a046-14e97c77xxxx", "profImage": "no-avatar"},
    "timestampValue": 1748433938795, "activityIds": [], "commentIds": [], "resolutionCmts": [], "isBreached": False,
    "queues": [], "channel": [], "createdAt": "2025-05-28T12:05:38.807Z", "updatedAt": "2025-05-28T12:05:38.807Z",
    "currAssignee": {}, "ETA": "",
}  # fmt: skip


def tasks_of(*tasks):
    body = {"results": tasks, "page": 1, "limit": 10, "hasMore": False, "totalPages": 1, "totalResults": len(tasks)}
    return KORE.judge(GET, Reply(200, {}, json.dumps(body).encode())).data.tasks


def loaded(*tasks):
    columns, catalogue = KORE.columns(tasks_of(*tasks))
    schema = KORE.schema(catalogue)
    return schema.frame(columns[schema.index], columns), schema, catalogue


def test_the_published_list_loads_as_it_is():
    """Each key in its column, with the dtype that its type says."""
    frame, schema, catalogue = loaded(LISTED)
    row = frame.iloc[0]
    assert frame.index.name == "_id"
    assert row["status.name"] == "Open"
    assert row["status._id"] == LISTED["status"]["_id"]
    assert row["priority.score"] == 10
    assert row["timestampValue"] == pd.Timestamp("2025-05-28T12:05:38.795Z")
    assert row["createdAt"] == pd.Timestamp("2025-05-28T12:05:38.807Z")
    assert pd.isna(row["ETA"])
    assert pd.isna(row["currAssignee._id"])
    assert pd.isna(row["fields.Due Date"])
    assert str(frame["fields.Due Date"].dtype) == "datetime64[us, UTC]"
    assert str(frame["status.name"].dtype) == "str"
    assert str(frame["isActive"].dtype) == "boolean"
    assert row["fields"] == LISTED["fields"]
    assert list(frame.columns) == list(schema.names)
    assert catalogue.resolve("status.name", "Open") == LISTED["status"]
    assert catalogue.resolve("priority.name", "Medium") == LISTED["priority"]


def test_the_published_reply_of_an_update_is_a_row_of_what_it_holds():
    """What the sample leaves out stays absent, and does not become null."""
    call = Call("POST", f"/updateTask/{SEED['_id']}", json={"name": "Task Testing"}, kind="unlocked")
    verdict = KORE.judge(call, Reply(200, {}, json.dumps(SEED).encode()))
    assert verdict.kind == "ok"
    assert verdict.data == {k: v for k, v in SEED.items() if k != "ETA"} | {
        "ETA": None, "userInfo._id": SEED["userInfo"]["_id"], "userInfo.name": "John",
    }  # fmt: skip


def test_a_row_has_the_cells_of_its_columns():
    """`row` and `columns` say the same of a task."""
    for sample in (SEED, LISTED):
        (task,) = tasks_of(sample)
        columns, _ = KORE.columns([task])
        row = KORE.row(task)
        assert {name: values[0] for name, values in columns.items() if name in row} == row
        assert all(values == [None] for name, values in columns.items() if name not in row)


def test_an_empty_list_has_every_column_with_its_dtype():
    """But for the account's own fields, which nobody told."""
    frame, schema, _ = loaded()
    assert list(frame.columns) == list(schema.names)
    assert str(frame["dueDate"].dtype) == "datetime64[us, UTC]"


def test_unknown_keys_are_ignored():
    """A newer service loads."""
    frame, _, _ = loaded(LISTED | {"currQueue": {"_id": "x"}, "field1": {"selectedValue": None}})
    assert len(frame) == 1


@pytest.mark.parametrize("due", [1748491380000, 1748491380000.0, "2025-05-29T04:03:00.000Z"])
def test_a_due_date_is_an_instant(due):
    """Milliseconds, as documented, or the text that a case is made with."""
    frame, _, _ = loaded(SEED | {"dueDate": due})
    assert frame["dueDate"].iloc[0] == pd.Timestamp("2025-05-29T04:03:00Z")


def test_the_stream_is_read_from_either_of_its_names():
    """The reply writes iId where the update's table writes lid."""
    (task,) = tasks_of(SEED | {"iId": "st-1"})
    assert KORE.row(task)["lid"] == "st-1"
    (task,) = tasks_of(SEED | {"iId": "st-1", "lid": "st-2"})
    assert KORE.row(task)["lid"] == "st-2"
    assert "lid" not in KORE.row(tasks_of(SEED)[0])


def test_an_assignee_without_id_goes_by_the_agents():
    """As in the published sample of a case."""
    who = {"aId": "a-1", "name": "Mike", "agentId": "u-1"}
    frame, _, catalogue = loaded(LISTED | {"currAssignee": who})
    assert frame["currAssignee._id"].iloc[0] == "u-1"
    assert catalogue.resolve("currAssignee._id", "u-1") == who


@pytest.mark.parametrize(
    ("key", "value", "words"),
    [("dueDate", 1e18, "dueDate is no time"), ("ETA", "soon", "ETA is no time"), ("createdAt", "x", "createdAt")],
)
def test_a_time_that_is_none_is_an_error_that_names_the_task(key, value, words):
    """Not a silent null."""
    with pytest.raises(ProtocolError, match=words) as raised:
        KORE.columns(tasks_of(SEED | {key: value}))
    assert SEED["_id"] in str(raised.value)


@settings(deadline=None)
@given(
    st.fixed_dictionaries(
        {},
        optional={
            name: st.one_of(
                st.none(), st.dictionaries(st.sampled_from(["_id", "name", "score", "x"]), st.none() | st.integers())
            )
            for name in PARTS
        },
    )
)
def test_objects_of_any_form_load(parts):
    """Empty, null, short, with nulls and numbers where names belong."""
    frame, _, _ = loaded({"_id": "t", **parts})
    assert len(frame) == 1


# The account's own fields.


def field(name, kind, *value, **more):
    key = more.pop("key", "value")
    return {
        "_id": f"fd-{name}",
        "displayName": name,
        "dataType": kind,
        **dict.fromkeys([key] * len(value), *value),
        **more,
    }


def test_fields_have_the_dtype_that_is_declared_where_their_values_fit():
    """Else objects: what is there is shown as it is."""
    first = [
        field("Text", "input", "007"), field("Number", "number", 3), field("Flag", "checkbox", True),
        field("When", "datetime", "2026-01-01T00:00:00Z"), field("Day", "date", "2026-01-01"),
        field("Odd", "number", "three"), field("Strange", "hologram", {"a": 1}), field("Many", "multiselect", ["a"]),
        field("Multi", "dropdown", ["a"], metaData={"isMulti": True}), field("Wrong when", "datetime", "2026-01-01"),
    ]  # fmt: skip
    second = [field("Number", "number", 4.5), field("Odd", "number", 4), field("Text", "textarea", "")]
    frame, schema, _ = loaded({"_id": "a", "fields": first}, {"_id": "b", "fields": second}, {"_id": "c"})
    kinds = {n.removeprefix("fields."): schema[n].kind for n in schema.names if n.startswith("fields.")}
    assert kinds == {
        "Text": "text", "Number": "number", "Flag": "boolean", "When": "timestamp", "Day": "text", "Odd": "any",
        "Strange": "any", "Many": "list", "Multi": "list", "Wrong when": "any",
    }  # fmt: skip
    assert frame["fields.Number"].tolist()[:2] == [3.0, 4.5]
    assert frame["fields.Odd"].tolist() == ["three", 4, None]
    assert frame["fields.Odd"].dtype == object
    assert frame["fields.Text"].iloc[0] == "007"
    assert pd.isna(frame["fields.Text"].iloc[1])


def test_a_value_is_read_under_either_key():
    """Cases show `selectedValue`."""
    frame, _, catalogue = loaded({"_id": "a", "fields": [field("X", "input", "v", key="selectedValue")]})
    assert frame["fields.X"].iloc[0] == "v"
    assert catalogue.entries["fields"]["fields.X"]["key"] == "selectedValue"


def test_fields_of_one_name_in_one_task_go_by_their_ids_too():
    """A column each."""
    both = [field("X", "input", "a") | {"_id": "1"}, field("X", "input", "b") | {"_id": "2"}]
    frame, _, _ = loaded({"_id": "a", "fields": both})
    assert frame["fields.X [1]"].iloc[0] == "a"
    assert frame["fields.X [2]"].iloc[0] == "b"


def test_what_a_field_says_of_itself_holds_for_its_column():
    """Read-only and required."""
    own = [
        field("Fixed", "input", "a", metaData={"readOnly": True}), field("Must", "input", "a", required=True),
        field("May", "input", "a"),
    ]  # fmt: skip
    _, schema, _ = loaded({"_id": "a", "fields": own})
    assert [(schema[f"fields.{n}"].editable, schema[f"fields.{n}"].clearable) for n in ("Fixed", "Must", "May")] == [
        (False, True), (True, False), (True, True),
    ]  # fmt: skip


def test_a_list_in_a_field_of_its_own_is_edited_in_one_column_only():
    """A list changed in its cell must not turn up in `fields`, nor in what is known of the task."""
    field = {"_id": "fd-1", "displayName": "Labels", "dataType": "multiselect", "value": ["a"]}
    (task,) = tasks_of({**LISTED, "fields": [field]})
    columns, _ = KORE.columns([task])
    columns["fields.Labels"][0].append("b")
    KORE.row(task)["fields.Labels"].append("c")
    assert columns["fields"] == [[field]]
    assert KORE.columns([task])[0]["fields.Labels"] == [["a"]]
