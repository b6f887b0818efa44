"""People: whom the service can tell, whom the user assigned; by handle, mail address and name."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import taskframe as tf


def _asked(box: tf.LocalSandbox) -> list[dict[str, str]]:
    return [dict(r.query) for r in box.log.calls(path="resolve-identity")]


def _user(box: tf.LocalSandbox, n: int = 1) -> dict[str, Any]:
    return [p for p in box["reload"].people if p["kind"] == "user"][n]


def test_a_handle_is_asked_for_once(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """`@handle` goes to resolve-identity, without the @; then it is remembered, whatever its case."""
    ada = _user(box)
    for who in (f"@{ada['handle']}", f"@{ada['handle'].upper()}", f" @{ada['handle']} "):
        assert conn.person_id(who) == ada["id"]
    assert _asked(box) == [{"handle": ada["handle"]}]
    row = conn.people.set_index("id").loc[ada["id"]]
    assert (row["name"], row["handle"], row["kind"]) == (ada["displayName"], ada["handle"], "user")
    assert conn.person_id(ada["displayName"]) == ada["id"]
    assert conn.person_id(ada["id"]) == ada["id"]
    assert len(_asked(box)) == 1


def test_a_mail_address_is_asked_for_once(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The same for an address."""
    ada = _user(box)
    for _ in range(2):
        assert conn.person_id(ada["email"]) == ada["id"]
    assert _asked(box) == [{"email": ada["email"]}]
    assert list(conn.people["email"]) == [ada["email"]]


def test_what_the_service_does_not_say_of_them_is_remembered_too(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The reply may leave out the handle it was asked for."""
    ada = _user(box)
    handle, ada["handle"] = ada["handle"], None
    box.faults.add("wrong-shape", body=b'{"success":true,"data":{"id":"usr_x"},"meta":{}}', match="resolve-identity")
    assert [conn.person_id(f"@{handle}") for _ in range(2)] == ["usr_x", "usr_x"]
    assert len(_asked(box)) == 1


@pytest.mark.parametrize("who", ["@nobody_here", "nobody@example.com"])
def test_nobody_goes_by_it(conn: tf.Connection, who: str) -> None:
    """SettingsError with what was asked for."""
    with pytest.raises(tf.SettingsError, match=who):
        conn.person_id(who)


@pytest.mark.parametrize("who", ["", "  ", "@", "Ada @work", None, 5])
def test_what_can_be_nobody(box: tf.LocalSandbox, conn: tf.Connection, who: Any) -> None:
    """SettingsError, and nobody is asked."""
    with pytest.raises(tf.SettingsError):
        conn.person_id(who)
    assert not _asked(box)


def test_a_bare_word_is_an_id(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """What is neither known nor a handle nor an address is taken as an id; the preview then says it is new."""
    assert conn.person_id("usr_new") == "usr_new"
    assert not _asked(box)


def test_people_may_be_assigned(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A DataFrame (id as a column or the index; any more columns) or a mapping; then nobody asks the service."""
    table = pd.DataFrame(
        {
            "id": ["u_1", "u_2"],
            "name": ["Ada Lovelace", None],
            "email": ["ada@example.com", float("nan")],
            "handle": ["@ada", "bob"],
            "room": [1, 2],
        }
    )
    for given in (table, table.set_index("id"), table.astype("string"), table.convert_dtypes()):
        conn.people = given
        assert conn.person_id("@ADA") == conn.person_id("ada@EXAMPLE.com") == conn.person_id("ada lovelace") == "u_1"
        assert conn.person_id("@bob") == "u_2"
        assert list(conn.people.columns) == ["id", "name", "email", "handle", "kind"]
        assert conn.people["name"].isna().tolist() == [False, True]
    conn.people = {"u_1": "Ada", "u_2": None}
    assert conn.person_id("ADA") == "u_1"
    conn.people = pd.DataFrame({"id": [1, 2], "name": ["Ada", "Bob"]})  # ids that look like numbers are text
    assert conn.person_id("bob") == "2"
    assert not _asked(box)
    conn.people = None
    assert len(conn.people) == 0
    assert set(map(str, conn.people.dtypes)) == {"str"}


@pytest.mark.parametrize(
    ("table", "words"),
    [
        (pd.DataFrame({"name": ["Ada"]}), "column 'id'"),
        (pd.DataFrame({"id": ["u_1", "u_1"]}), "each id"),
        (pd.DataFrame({"id": ["u_1", None]}), "needs an id"),
        (pd.DataFrame({"id": [""]}), "needs an id"),
        (pd.DataFrame({"id": [1.5]}), "needs an id"),
        (pd.DataFrame([["u_1", "Ada", "Bea"]], columns=["id", "name", "name"]), "one name"),
        ({"": "Ada"}, "needs an id"),
        ([{"id": "u_1"}], "DataFrame, or a mapping"),
        ("Ada", "DataFrame, or a mapping"),
    ],
)
def test_a_table_that_is_none(conn: tf.Connection, table: Any, words: str) -> None:
    """SettingsError; those known before stay."""
    conn.people = {"u_1": "Ada"}
    with pytest.raises(tf.SettingsError, match=words):
        conn.people = table
    assert conn.person_id("Ada") == "u_1"


def test_a_name_of_several_is_not_guessed(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """SettingsError names the ids."""
    conn.people = {"u_1": "Ada", "u_2": "ada"}
    with pytest.raises(tf.SettingsError, match=r"u_1.*u_2"):
        conn.person_id("Ada")
    assert conn.person_id("u_2") == "u_2"


def test_tasks_are_reassigned_by_handle(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """From handle to address: names in the preview, ids on the wire."""
    tasks = conn.load()
    busiest = tasks.df["assigneeUserId"].value_counts().index[0]
    source = next(p for p in box["reload"].people if p["id"] == busiest)
    target = next(p for p in box["reload"].people if p["kind"] == "user" and p["id"] != busiest)
    dealt = tasks.reassign(f"@{source['handle']}", target["email"])
    plan = tasks.plan()
    assert len(plan) == dealt["dealt"].sum() > 0
    for shown in (repr(plan), plan._repr_html_()):
        assert source["displayName"] in shown
        assert target["displayName"] in shown
    assert {r["json"]["assigneeUserId"] for r in plan.requests()} == {target["id"]}
    assert len(_asked(box)) == 2
    assert plan.apply().ok


def test_names_show_in_a_report(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Conflicts name people too."""
    one, two, three = (_user(box, n) for n in (1, 2, 3))
    conn.people = {p["id"]: p["displayName"] for p in (one, two, three)}
    tasks = conn.load()
    task = tasks.df.index[0]
    box["reload"].edit(task, assigneeUserId=one["id"])
    tasks = conn.load()
    tasks.df.loc[task, "assigneeUserId"] = two["id"]
    plan = tasks.plan()
    box["reload"].edit(task, assigneeUserId=three["id"])
    report = plan.apply()
    assert report.counts == {"conflict": 1}
    for shown in (repr(report), report._repr_html_()):
        assert two["displayName"] in shown
        assert three["displayName"] in shown
