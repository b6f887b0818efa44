"""Whom Kore's tasks are assigned to: by id, name and address, dealt out, cleared; and what the server then holds."""

from __future__ import annotations

from collections import Counter
from typing import Any

import pytest

import taskframe as tf

WHO = "currAssignee._id"


def _holders(box: tf.LocalSandbox) -> Counter[str | None]:
    """Who has how many tasks at the server."""
    return Counter(task["currAssignee"].get("_id") for task in box["kore"].tasks())


def _busiest(tasks: tf.TaskFrame, n: int = 3) -> list[str]:
    return list(tasks.df[WHO].value_counts().index[:n])


def _applied(tasks: tf.TaskFrame) -> tf.Report:
    plan = tasks.plan()
    report = plan.apply(confirm=len(plan))
    assert report.ok, report
    assert len(tasks.plan()) == 0
    return report


def test_an_assignee_goes_by_id_name_or_address(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """In a cell each stands for the id; the whole object goes out, with the `assigneeType` that goes with it."""
    tasks = conn.load()
    person = next(p for p in box["kore"].people if p["emailId"] and p["_id"] in set(tasks.df[WHO]))
    nobody = tasks.df.index[tasks.df[WHO].isna()][:3]
    for task, word in zip(nobody, ("_id", "name", "emailId"), strict=True):
        tasks.df.loc[task, WHO] = person[word]
    plan = tasks.plan()
    assert len(plan.problems) == 0
    assert set(plan.changes["after"]) == {person["_id"]}
    sent = [request["json"] for request in plan.requests()]
    assert sent == [{"currAssignee": person, "assigneeType": "agents"}] * 3
    _applied(tasks)
    for task in nobody:
        held = box["kore"].task(task)
        assert held["currAssignee"]["_id"] == person["_id"]
        assert held["assigneeType"] == "agents"
        assert tasks.df.loc[task, [WHO, "currAssignee.name", "assigneeType"]].tolist() == [
            person["_id"],
            person["name"],
            "agents",
        ]


def test_whom_a_cell_names_has_the_task(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Tasks are dealt by person, also those whose cell says a name or address that was just written."""
    tasks = conn.load()
    ada, other, _ = _busiest(tasks)
    person = next(p for p in box["kore"].people if p["_id"] == ada)
    free = tasks.df.index[tasks.df[WHO].isna()][:2]
    tasks.df.loc[free, WHO] = [person["name"], person["emailId"]]
    table = tasks.reassign(person["name"], other)
    assert table["before"][ada] == _holders(box)[ada] + 2
    assert table["after"][ada] == 0
    assert not {person["name"], person["emailId"], ada} & set(tasks.df[WHO])
    _applied(tasks)
    assert table["after"][other] == _holders(box)[other]


def test_nobody_goes_out_as_an_empty_object(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """With `assigneeType` "unassigned"; the preview counts the cells that are cleared."""
    tasks = conn.load()
    rows = tasks.df.index[tasks.df[WHO].notna()][:4]
    tasks.df.loc[rows, WHO] = None
    plan = tasks.plan()
    assert repr(plan).lower().startswith("4 cells are cleared")
    assert [r["json"] for r in plan.requests()] == [{"assigneeType": "unassigned", "currAssignee": {}}] * 4
    _applied(tasks)
    for task in rows:
        assert box["kore"].task(task)["currAssignee"] == {}
        assert box["kore"].task(task)["assigneeType"] == "unassigned"


def test_a_name_of_several_people_is_ambiguous_but_by_id(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """In a cell, in reassign, as source and target."""
    account = box["kore"].account
    ada = account.colleague("person", "Ada Okafor")
    twin = account.duplicate("person", "Ada Okafor")
    tasks = conn.load()
    one, two = tasks.df.index[tasks.df[WHO].isna()][:2]
    box["kore"].edit(one, currAssignee=ada["_id"])
    box["kore"].edit(two, currAssignee=twin["_id"])
    tasks = conn.load()
    other = tasks.df.index[tasks.df[WHO].isna()][0]
    tasks.df.loc[other, WHO] = "Ada Okafor"
    (words,) = tasks.plan().problems["problem"]
    assert ada["_id"] in words
    assert twin["_id"] in words
    tasks.df.loc[other, WHO] = twin["_id"]
    with pytest.raises(tf.SettingsError, match="use the id"):
        tasks.reassign("Ada Okafor", None)
    tasks.reassign(ada["_id"], twin["_id"])
    _applied(tasks)
    assert _holders(box)[ada["_id"]] == 0
    assert box["kore"].task(other)["currAssignee"]["_id"] == twin["_id"]


def test_tasks_are_dealt_by_name_with_weights(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The loaded tasks tell who is who; the table says who had and has how many, and so does the server."""
    tasks = conn.load()
    before = _holders(box)
    source, two, one = (conn.people.set_index("id")["name"][who] for who in _busiest(tasks))
    ids = _busiest(tasks)
    table = tasks.reassign(source, {two: 2, one: 1})
    assert list(table.index) == ids
    count = before[ids[0]]
    assert table["dealt"].tolist() == [0, round(count * 2 / 3), count - round(count * 2 / 3)]
    assert table["before"].tolist() == [before[who] for who in ids]
    _applied(tasks)
    assert table["after"].tolist() == [_holders(box)[who] for who in ids]
    assert _holders(box)[ids[0]] == 0


def test_nobodys_tasks_are_dealt_and_tasks_are_given_to_nobody(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """None as the source, and as the target."""
    tasks = conn.load()
    free = _holders(box)[None]
    source, target, _ = _busiest(tasks)
    tasks.reassign(None, target)
    _applied(tasks)
    assert _holders(box)[None] == 0
    held = _holders(box)
    assert held[target] == tasks.df[WHO].value_counts()[target]
    table = tasks.reassign(source, None)
    _applied(tasks)
    assert _holders(box)[source] == 0
    assert _holders(box)[None] == held[source] == table.loc[[None], "after"].item()
    assert free > 0


def test_the_most_urgent_are_dealt_first_by_the_accounts_own_scores(conn: tf.Connection) -> None:
    """ "Critical" has the highest score: of the urgent ones nobody gets all."""
    tasks = conn.load()
    one, two, three = _busiest(tasks)
    ranks = {p["name"]: p["score"] for p in conn.catalogue.entries["priority.name"].values()}
    mine = tasks.df[tasks.df[WHO] == one]
    tasks.reassign(one, [two, three])
    dealt = tasks.df.loc[mine.index, WHO]
    urgent = mine.sort_values("priority.name", key=lambda names: -names.map(ranks), kind="stable")
    top = urgent["priority.name"].iloc[0]
    shares = Counter(dealt[mine["priority.name"] == top])
    assert abs(shares[two] - shares[three]) <= 1


def test_the_users_names_go_first_and_the_services_people_stay(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """`conn.people = …` adds and renames; whom the loads told of stays known."""
    tasks = conn.load()
    source, target, _ = _busiest(tasks)
    known = dict(zip(conn.people["id"], conn.people["name"], strict=True))
    conn.people = {source: "The Boss", target: "The Helper"}
    after = dict(zip(conn.people["id"], conn.people["name"], strict=True))
    assert after == known | {source: "The Boss", target: "The Helper"}
    conn.load()
    assert dict(zip(conn.people["id"], conn.people["name"], strict=True)) == after
    tasks.reassign("the boss", "the helper")
    plan = tasks.plan()
    assert "The Helper" in repr(plan)
    _applied(tasks)
    assert _holders(box)[source] == 0
    conn.people = None
    assert dict(zip(conn.people["id"], conn.people["name"], strict=True)) == known


def test_somebody_without_a_task_is_unknown_until_they_are_told(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Kore wants an object: the problem says that none was loaded; the catalogue takes it."""
    box["kore"].people.append(
        {"_id": "u-new", "name": "Nia New", "emailId": "nia@example.com", "profImage": "no-avatar"}
    )
    tasks = conn.load()
    task = tasks.df.index[0]
    tasks.df.loc[task, WHO] = "u-new"
    (words,) = tasks.plan().problems["problem"]
    assert "no assignee that was loaded" in words
    conn.catalogue = conn.catalogue.merge(tf.Catalogue({WHO: {"u-new": {"_id": "u-new", "name": "Nia New"}}}))
    tasks = conn.load()
    tasks.df.loc[task, WHO] = "Nia New"
    _applied(tasks)
    assert box["kore"].task(task)["currAssignee"]["_id"] == "u-new"


def test_a_name_in_a_csv_is_taken(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Any) -> None:
    """A spreadsheet is written with the person's name."""
    tasks = conn.load()
    source, target, _ = _busiest(tasks)
    name = conn.people.set_index("id")["name"][target]
    task = tasks.df.index[tasks.df[WHO] == source][0]
    path = tmp_path / "edited.csv"
    path.write_text(f'_id,{WHO}\n{task},"{name}"\n', "utf-8")
    plan = tasks.plan_csv(path)
    assert len(plan.problems) == 0
    assert plan.apply().ok
    assert box["kore"].task(task)["currAssignee"]["_id"] == target
