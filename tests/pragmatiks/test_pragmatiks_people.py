"""Three kinds of assignee: users, agent instances, agent types; each dealt, cleared and held by the server."""

from __future__ import annotations

from collections import Counter

import pytest

import taskframe as tf

KINDS = {"user": "assigned_to_user_id", "instance": "assigned_to_instance_id", "type": "assigned_to_type_id"}


def _holders(box: tf.LocalSandbox, column: str) -> Counter[str | None]:
    return Counter(task[column] for task in box["pragmatiks"].tasks())


def _applied(tasks: tf.TaskFrame) -> tf.Report:
    plan = tasks.plan()
    report = plan.apply(confirm=len(plan))
    assert report.ok, report
    assert len(tasks.plan()) == 0
    return report


@pytest.mark.parametrize("kind", KINDS)
def test_each_kind_is_dealt_by_weights(box: tf.LocalSandbox, conn: tf.Connection, kind: str) -> None:
    """The table says who had and has how many, the calls hold this kind only, and the server agrees."""
    column = KINDS[kind]
    tasks = conn.load()
    before = _holders(box, column)
    source = next(who for who, _ in before.most_common() if who)
    first, second = [who for who in box["pragmatiks"].ids[kind] if who != source][:2]
    table = tasks.reassign(source, {first: 3, second: 1}, column=column)
    assert table["dealt"].sum() == before[source]
    assert abs(table["dealt"][first] - before[source] * 3 / 4) < 1
    assert {tuple(r["json"]) for r in tasks.plan().requests()} == {(column,)}
    _applied(tasks)
    after = _holders(box, column)
    assert table["before"].tolist() == [before[who] for who in (source, first, second)]
    assert table["after"].tolist() == [after[who] for who in (source, first, second)]
    for other in set(KINDS.values()) - {column}:
        assert _holders(box, other) == Counter(tasks.df[other].astype("object").where(tasks.df[other].notna(), None))


@pytest.mark.parametrize("kind", KINDS)
def test_none_is_a_source_and_a_target(box: tf.LocalSandbox, conn: tf.Connection, kind: str) -> None:
    """Null goes out and clears; tasks that have nobody of this kind are dealt."""
    column = KINDS[kind]
    tasks = conn.load()
    before = _holders(box, column)
    source = next(who for who, _ in before.most_common() if who)
    tasks.reassign(source, None, column=column)
    assert {r["json"][column] for r in tasks.plan().requests()} == {None}
    _applied(tasks)
    assert _holders(box, column)[source] == 0
    assert _holders(box, column)[None] == before[None] + before[source]
    tasks.reassign(None, source, column=column)
    _applied(tasks)
    assert _holders(box, column)[None] == 0
    assert _holders(box, column)[source] == before[None] + before[source]


def test_nobody_at_all_is_nobody_of_any_kind(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Without `column` None stands for tasks that neither a user nor an agent has."""
    tasks = conn.load()
    free = [t["id"] for t in box["pragmatiks"].tasks() if not any(t[column] for column in KINDS.values())]
    assert free
    user = box["pragmatiks"].ids["user"][0]
    table = tasks.reassign(None, user)
    assert table["dealt"][user] == len(free)
    _applied(tasks)
    assert {box["pragmatiks"].task(task)[KINDS["user"]] for task in free} == {user}


def test_people_go_by_name_once_they_are_told(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Pragmatiks tells no names: `conn.people` does, for every kind; previews show them."""
    assert len(conn.people) == 0
    tasks = conn.load()
    assert len(conn.people) == 0
    people = box["pragmatiks"].people
    conn.people = {p["id"]: p["name"] for p in people}
    names = {p["id"]: p["name"] for p in people}
    source = next(who for who, _ in _holders(box, KINDS["user"]).most_common() if who)
    target = next(p for p in people if p["kind"] == "user" and p["id"] != source)
    tasks.reassign(names[source], target["name"].upper())
    plan = tasks.plan()
    assert target["name"] in repr(plan)
    assert names[source] in plan._repr_html_()
    _applied(tasks)
    assert _holders(box, KINDS["user"])[source] == 0
    with pytest.raises(tf.SettingsError, match="nobody is known"):
        tasks.reassign("nobody@example.com", target["name"])


def test_an_assignee_that_the_service_does_not_have_is_refused_in_its_words(
    box: tf.LocalSandbox, conn: tf.Connection
) -> None:
    """Failed, with the column; the frame keeps the edit."""
    tasks = conn.load(limit=3)
    tasks.df[KINDS["instance"]] = "inst_nowhere"
    report = tasks.plan().apply()
    assert report.counts == {"failed": 3}
    assert report.outcomes["detail"].str.contains(KINDS["instance"]).all()
    assert set(tasks.df[KINDS["instance"]]) == {"inst_nowhere"}
    assert len(tasks.plan()) == 3
