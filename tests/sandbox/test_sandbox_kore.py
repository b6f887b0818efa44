"""Kore's protocol, call by call, as a client sees it over the wire; and its switches."""

from __future__ import annotations

import re
from collections.abc import Iterator
from datetime import UTC, datetime
from typing import Any

import httpx
import pytest
from sandbox_kore import client, error, get, ids, update

from taskframe.errors import SettingsError
from taskframe.sandbox import Sandbox

PUBLISHED = [
    "_id", "caseId", "caseRefId", "taskTmp", "name", "lname", "tags", "userInfo", "sessIds", "accountId", "iId",
    "orgId", "convIds", "status", "source", "conversationType", "fields", "participants", "priority", "refId",
    "assigneeType", "isCustTsk", "isActive", "attachments", "feedback", "createdBy", "updatedBy", "timestampValue",
    "activityIds", "commentIds", "resolutionCmts", "isBreached", "queues", "channel", "createdAt", "updatedAt",
    "currAssignee", "ETA",
]  # fmt: skip
SPARSE = {"caseTmp", "desc", "language", "taskIds", "dueDate", "supportCustomTasks"}
STATUS = {"_id", "name", "lname", "statusCategory", "type", "desc", "isEnabled", "isActive"}
PRIORITY = {"_id", "name", "lname", "type", "desc", "color", "isEnabled", "isActive", "score"}
UPDATABLE = [
    "caseTmp", "name", "lname", "desc", "tags", "userInfo", "sessIds", "accountId", "lid", "orgId", "convIds",
    "status", "language", "source", "conversationType", "fields", "participants", "queues", "priority", "refId",
    "assigneeType", "isActive", "taskIds", "attachments", "feedback", "createdBy", "updatedBy", "timestampValue",
    "activityIds", "commentIds", "resolutionCmts", "dueDate", "isBreached", "supportCustomTasks", "channel",
    "createdAt", "updatedAt", "currAssignee", "ETA",
]  # fmt: skip


@pytest.fixture
def kore(box: Sandbox) -> Any:
    return box["kore"]


@pytest.fixture
def http(box: Sandbox) -> Iterator[httpx.Client]:
    with client(box) as http:
        yield http


def pages(http: httpx.Client, limit: int = 50, **body: Any) -> list[str]:
    found: list[str] = []
    while True:
        page = get(http, skip=len(found), limit=limit, **body)
        found += [t["_id"] for t in page["results"]]
        if not page["hasMore"]:
            return found


# Lists


def test_a_task_has_the_published_keys(http: httpx.Client) -> None:
    """All keys of the vendor's samples are there, in their order; further ones only when they were set."""
    tasks = get(http, limit=100)["results"]
    for task in tasks:
        assert [k for k in task if k not in SPARSE] == PUBLISHED
        assert set(task["status"]) == STATUS
        assert set(task["priority"]) == PRIORITY
        assert set(task["createdBy"]) == {"name", "_id", "profImage"}
        assert task["lname"] == task["name"].lower()
        assert re.fullmatch(r"ti-[0-9a-f]{7}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{4}-[0-9a-f]{12}", task["_id"])
        assert (task["currAssignee"] == {}) == (task["assigneeType"] == "unassigned")
        assert task["ETA"] == "" or task["ETA"].endswith("Z")
    assert {k for t in tasks for k in t} & SPARSE >= {"desc", "dueDate"}


def test_a_list_says_where_it_is(http: httpx.Client, kore: Any) -> None:
    """Ten tasks unless told otherwise; page, limit, whether more is there, how many pages and tasks there are."""
    page = get(http)
    assert len(page.pop("results")) == 10
    assert page == {"page": 1, "limit": 10, "hasMore": True, "totalPages": 23, "totalResults": 230}
    page = get(http, skip=200, limit=100)
    assert [t["_id"] for t in page.pop("results")] == [t["_id"] for t in kore.tasks()[200:]]
    assert page == {"page": 3, "limit": 100, "hasMore": False, "totalPages": 3, "totalResults": 230}
    assert get(http, skip=230)["results"] == []


def test_pages_in_a_stable_order_are_the_whole_list(http: httpx.Client, kore: Any) -> None:
    """Whatever they are sorted by, pages hold each task once; ties have an order of their own."""
    everything = sorted(t["_id"] for t in kore.tasks())
    for column in ("createdAt", "updatedAt", "dueDate", "priority", "status", "name"):
        up = pages(http, sortBy={column: "asc"})
        assert sorted(up) == everything
        assert up == pages(http, limit=7, sortBy={column: "asc"})
        assert up == pages(http, sortBy={column: "desc"})[::-1]
    scores = [t["priority"]["score"] for t in get(http, limit=100, sortBy={"priority": "desc"})["results"]]
    assert scores == sorted(scores, reverse=True)


def test_filters_pick_what_they_say(http: httpx.Client, kore: Any) -> None:
    """Each documented filter gives exactly the tasks that it is about, and several hold together."""
    tasks = kore.tasks()
    me = kore.people[0]["_id"]
    value = next(f["value"] for t in tasks for f in t["fields"] if f["displayName"] == "Customer Tier" and "value" in f)
    due = next(t["dueDate"] for t in tasks if "dueDate" in t)
    eta = next(t["ETA"] for t in tasks if t["ETA"])

    def tier(task: Any) -> Any:
        return next(f.get("value") for f in task["fields"] if f["displayName"] == "Customer Tier")

    def mine(task: Any) -> bool:
        return task["currAssignee"].get("_id") == me

    cases: list[tuple[dict[str, Any], Any]] = [
        ({"status": ["Open", "in-progress"]}, lambda t: t["status"]["name"] in ("Open", "In-Progress")),
        ({"priority": ["Critical"]}, lambda t: t["priority"]["name"] == "Critical"),
        ({"unresolved": True}, lambda t: t["status"]["name"] not in ("Resolved", "Closed")),
        ({"unassigned": True}, lambda t: t["currAssignee"] == {}),
        ({"mytask": True}, mine),
        ({"mycase": True, "status": ["Open"]}, lambda t: mine(t) and t["status"]["name"] == "Open"),
        ({"agents": [me]}, mine),
        ({"channel": ["chat", "email"]}, lambda t: {"chat", "email"} & set(t["channel"])),
        ({"queues": ["SupportQueue1"]}, lambda t: "SupportQueue1" in t["queues"]),
        ({"searchText": "ÜBERSETZUNG"}, lambda t: "übersetzung" in t["lname"]),
        ({"customFields": [{"displayName": "Customer Tier", "value": value}]}, lambda t: tier(t) == value),
        ({"ETAlist": [eta]}, lambda t: t["ETA"] == eta),
        (
            {"startDate": "2025-06-01T00:00:00.000Z", "endDate": "2025-09-01T02:00:00.000+02:00"},
            lambda t: "2025-06-01" <= t["createdAt"] <= "2025-09-01T00:00:00.000Z",
        ),
        ({"dueDate": datetime.fromtimestamp(due / 1000, UTC).isoformat()}, lambda t: t.get("dueDate") == due),
        ({"status": ["no such"]}, lambda t: False),
        ({"status": [], "unassigned": False, "searchText": ""}, lambda t: True),
    ]
    for body, wanted in cases:
        found = get(http, limit=100, **body)
        want = [t["_id"] for t in tasks if wanted(t)]
        assert [t["_id"] for t in found["results"]] == want[:100], body
        assert found["totalResults"] == len(want)


def test_columns_can_be_picked(http: httpx.Client) -> None:
    """`selectedColumns` leaves the rest out; the id stays."""
    assert set(get(http, limit=1, selectedColumns=["name", "status"])["results"][0]) == {"_id", "name", "status"}


@pytest.mark.parametrize(
    "body",
    [
        {"status": "Open"}, {"status": [1]}, {"skip": -1}, {"limit": 0}, {"limit": "50"}, {"limit": True},
        {"unassigned": "yes"}, {"sortBy": {"name": "up"}}, {"sortBy": {"shoeSize": "asc"}}, {"startDate": "soon"},
        {"customFields": ["x"]}, {"nonsense": 1}, {"priority": None},
    ],
    ids=str,
)  # fmt: skip
def test_a_filter_of_the_wrong_type_is_refused(http: httpx.Client, body: Any) -> None:
    """Types are checked, and so are names: a list of something else never comes back."""
    assert error(http.post("getTasks", json=body))[0] == 400


def test_switches_of_the_listing(http: httpx.Client, kore: Any) -> None:
    """Totals may be wrong or left out, lists end early, pages be shorter than asked for, keys be left out."""
    kore.total_error = -3
    assert get(http)["totalResults"] == 227
    kore.total = False
    assert "totalResults" not in get(http)
    kore.cap = 120
    assert len(pages(http)) == 120
    kore.max_limit = 20
    page = get(http, limit=50)
    assert (page["limit"], len(page["results"])) == (20, 20)
    kore.omit = ("desc", "iId")
    assert not {"desc", "iId"} & set(get(http)["results"][0])
    kore.omit = ()
    kore.stream_key = "lid"
    assert get(http)["results"][0]["lid"] == kore.account.stream


def test_shifting_pages_miss_and_repeat_tasks(http: httpx.Client, kore: Any) -> None:
    """`shifting = True`: pages go by the last update, so a write between two of them moves a task across."""
    kore.shifting = True
    first = ids(http, sortBy={"createdAt": "asc"})
    unseen = next(t["_id"] for t in kore.tasks() if t["_id"] not in first)
    kore.edit(unseen, desc="now the last updated")
    second = [t["_id"] for t in get(http, skip=100, limit=100, sortBy={"createdAt": "asc"})["results"]]
    assert second[0] == first[-1]
    assert unseen not in second


def test_an_accounts_names_are_its_own(http: httpx.Client, kore: Any) -> None:
    """Statuses can be renamed and doubled; tasks go by `_id` and show the name of the day; short forms occur."""
    kore.account.rename("status", "Open", "Neu")
    twin = kore.account.duplicate("status", "Closed")
    task = kore.edit(kore.tasks()[0]["_id"], status=twin["_id"])
    assert (task["status"]["name"], task["status"]["_id"]) == ("Closed", twin["_id"])
    assert {t["status"]["name"] for t in kore.tasks()} >= {"Neu", "Closed"}
    assert ids(http, status=["neu"]) == [t["_id"] for t in kore.tasks() if t["status"]["name"] == "Neu"][:100]
    kore.short_forms = "always"
    shown = get(http, limit=1)["results"][0]
    assert set(shown["status"]) == {"_id", "name", "statusCategory"}
    assert set(shown["priority"]) == {"_id", "name", "color", "score"}
    kore.short_forms = "some"
    assert len({len(t["status"]) for t in get(http, limit=10)["results"]}) == 2
    with pytest.raises(SettingsError, match="always"):
        kore.short_forms = "sometimes"


def test_custom_fields_are_of_mixed_types(kore: Any) -> None:
    """Each task lists all fields; values of all types occur where one is set, and long digits stay text."""
    values: dict[str, list[Any]] = {}
    for task in kore.tasks():
        assert [f["displayName"] for f in task["fields"]] == [f["displayName"] for f in kore.account.fields]
        for field in task["fields"]:
            if "value" in field:
                values.setdefault(field["dataType"], []).append(field["value"])
    assert set(values) == {"dropdown", "number", "input", "date", "multiselect"}
    assert {type(v) for v in values["number"]} == {int, float}
    assert any(len(v) == 34 for v in values["input"])
    assert all(isinstance(v, list) for v in values["multiselect"])


# Updates


def test_an_update_writes_what_is_given_and_answers_with_the_whole_task(
    http: httpx.Client, kore: Any, clock: Any
) -> None:
    """The whole task comes back, `lname` with the name, `updatedAt` with the clock; the caller is who updated it."""
    task = kore.tasks()[0]
    clock.move(1.5)
    done = kore.account.statuses[3]
    person = kore.people[4]
    fields = {"name": "Task TÉSTING", "status": done, "currAssignee": person, "dueDate": 1_770_000_000_000}
    reply = update(http, task, **fields, tags=["a", "b"], ETA="").json()
    assert reply == kore.task(task["_id"])
    assert (reply["name"], reply["lname"]) == ("Task TÉSTING", "task tésting")
    assert (reply["status"], reply["dueDate"], reply["tags"]) == (done, 1_770_000_000_000, ["a", "b"])
    assert (reply["currAssignee"], reply["assigneeType"]) == (person, "agents")
    assert reply["updatedAt"] == "2026-01-09T09:00:01.500Z"
    assert reply["updatedBy"]["name"] == kore.people[0]["name"]
    freed = update(http, task, currAssignee={}).json()
    assert (freed["currAssignee"], freed["assigneeType"]) == ({}, "unassigned")


def test_every_field_of_the_table_is_taken(http: httpx.Client, kore: Any) -> None:
    """All 39 body fields can be sent back as they came, together; `lid` is what replies call `iId`."""
    task = kore.tasks()[0]
    extras = {"caseTmp": "ttm-1", "language": "english", "taskIds": [], "supportCustomTasks": False}
    sent = {k: ({**task, "desc": "", "dueDate": 1, **extras, "lid": task["iId"]})[k] for k in UPDATABLE}
    assert len(sent) == 39
    reply = update(http, task, **sent).json()
    same = {k: v for k, v in reply.items() if k not in ("updatedAt", *SPARSE)}
    assert same == {k: v for k, v in task.items() if k not in ("updatedAt", *SPARSE)}
    assert reply["iId"] == task["iId"]
    assert reply["updatedAt"] > task["updatedAt"]


def test_a_short_form_or_an_id_is_enough_for_an_object(http: httpx.Client, kore: Any) -> None:
    """A status, priority or assignee is told by its `_id`; replies show the account's whole object."""
    task, high = kore.tasks()[0], kore.account.priorities[1]
    short = {k: high[k] for k in ("_id", "name", "score")}
    assert update(http, task, priority=short).json()["priority"] == high
    person = kore.people[2]
    assert update(http, task, currAssignee={"_id": person["_id"]}).json()["currAssignee"] == person


def test_custom_fields_are_replaced_as_a_whole(http: httpx.Client, kore: Any) -> None:
    """The array that is sent is what the task has then: values set, cleared, and fields that were left out gone."""
    task = kore.tasks()[0]
    sent = [dict(f) for f in task["fields"]]
    named = {f["displayName"]: f for f in sent}
    named["Effort (h)"]["value"] = 2.5
    named["Labels"]["value"] = ["legal", "billing"]
    named["Région"].pop("value", None)
    assert update(http, task, fields=sent).json()["fields"] == sent
    assert len(update(http, task, fields=sent[:2]).json()["fields"]) == 2
    for name, value in (("Effort (h)", "2"), ("Labels", ["other"]), ("Customer Tier", "Tin"), ("Follow-up on", "soon")):
        bad = [{**f, "value": value} if f["displayName"] == name else f for f in sent]
        assert error(update(http, task, fields=bad))[0] == 400


@pytest.mark.parametrize(
    "fields",
    [
        {"name": None}, {"name": 3}, {"dueDate": "2026-01-01"}, {"dueDate": None}, {"dueDate": True}, {"tags": "a"},
        {"tags": [1]}, {"isActive": "true"}, {"status": "Open"}, {"status": {"name": "Open"}}, {"status": {}},
        {"status": {"_id": "sts-none"}}, {"currAssignee": {"_id": "u-nobody"}}, {"currAssignee": None},
        {"currAssignee": "Ada Okafor"}, {"ETA": "soon"}, {"createdAt": 5}, {"version": 1}, {"iId": "st-1"},
        {"timestampValue": "1"}, {"fields": {}}, {"fields": [{"displayName": "Labels"}]}, {"fields": ["x"]},
    ],
    ids=str,
)  # fmt: skip
def test_what_an_update_does_not_take_is_refused(http: httpx.Client, kore: Any, fields: Any) -> None:
    """Wrong types, null, unknown objects and unknown fields: 400, and nothing is written."""
    task = kore.tasks()[0]
    assert error(update(http, task, desc="fine", **fields))[0] == 400
    assert kore.task(task["_id"]) == task


def test_an_object_must_not_contradict_itself(http: httpx.Client, kore: Any) -> None:
    """The `_id` of one status under the name of another is a mistake that is noticed."""
    one, two = kore.account.statuses[:2]
    assert error(update(http, kore.tasks()[0], status={**one, "name": two["name"]})) == (
        400,
        f"status.name: does not belong to {one['_id']!r}",
    )


def test_the_moment_of_an_update_never_stands_still(http: httpx.Client, kore: Any) -> None:
    """Two writes in one millisecond differ in `updatedAt`, and so does a write of equal values."""
    task = kore.tasks()[0]
    seen = [update(http, task, name=task["name"]).json()["updatedAt"] for _ in range(3)]
    assert seen == sorted(set(seen))


def test_a_created_task_is_the_newest(http: httpx.Client, kore: Any, clock: Any) -> None:
    """It is open and nobody's, has the next reference, and is answered in the published short form."""
    clock.move(60)
    body = {"caseId": "ci-1", "caseRefId": "CS000131", "taskTmp": "ttm-1", "source": "rtm", "name": "This is Demo"}
    user = {"_id": "u-fd371c0a", "name": "dummy", "emailId": "dummy@example.com"}
    task = http.post("createTask", json={**body, "userInfo": user}).json()
    assert set(task) - SPARSE == set(PUBLISHED)
    assert set(task["status"]) == {"_id", "name", "statusCategory"}
    assert (task["name"], task["lname"], task["refId"]) == ("This is Demo", "this is demo", "TS000231")
    assert kore.tasks()[0]["_id"] == task["_id"]
    assert ids(http)[0] == task["_id"]
    for missing in (*body, "userInfo"):
        sent = {k: v for k, v in {**body, "userInfo": user}.items() if k != missing}
        assert http.post("createTask", json=sent).status_code == (200 if missing == "name" else 400)
    assert error(http.post("createTask", json={**body, "userInfo": {"name": "x"}}))[0] == 400
