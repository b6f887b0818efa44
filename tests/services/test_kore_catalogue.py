"""What Kore's names stand for: unknown, duplicate, renamed and short ones."""

from __future__ import annotations

import json

import pytest
from test_kore_tasks import loaded

from taskframe.catalogue import Catalogue
from taskframe.changes.edit import Edit
from taskframe.services.base import Person
from taskframe.services.kore import Kore

KORE = Kore()


def status(key, name, **more):
    return {"_id": key, "name": name, **more}


def task(n, updated="2026-01-01T00:00:00.000Z", **more):
    return {"_id": f"ti-{n}", "updatedAt": updated, **more}


def sent(catalogue, column, value):
    edit = Edit("ti-1", {"_id": "ti-1"}, {column: value})
    assert list(KORE.check(edit, catalogue)) == []
    (call,) = KORE.calls(edit, catalogue)
    return call.json[column.split(".")[0]]


def kinds(catalogue, column, value):
    return [p.kind for p in KORE.check(Edit("ti-1", {"_id": "ti-1"}, {column: value}), catalogue)]


def test_the_fullest_form_of_an_object_is_what_goes_out():
    """An account whose objects come in short form now and then."""
    full = status("sts-1", "Open", statusCategory="open", lname="open", type="system")
    short = status("sts-1", "Open", statusCategory="open")
    for first, second in ((full, short), (short, full)):
        _, _, catalogue = loaded(task(1, status=first), task(2, "2026-02-01T00:00:00.000Z", status=second))
        assert sent(catalogue, "status.name", "Open") == full
    _, _, catalogue = loaded(task(1, status=short))
    assert sent(catalogue, "status.name", "Open") == short


def test_an_id_is_always_taken():
    """For a name that only one object has it is just another word."""
    _, schema, catalogue = loaded(task(1, status=status("sts-1", "Open"), priority={"_id": "pr-1", "name": "High"}))
    assert sent(catalogue, "status.name", "sts-1") == status("sts-1", "Open")
    assert schema["status.name"].aliases == {"sts-1": "Open"}
    assert schema["priority.name"].aliases == {"pr-1": "High"}


def test_two_objects_of_one_name_are_ambiguous_but_by_id():
    """The name is refused with the ids to choose from."""
    _, schema, catalogue = loaded(task(1, status=status("sts-1", "Open")), task(2, status=status("sts-2", "Open")))
    assert kinds(catalogue, "status.name", "Open") == ["ambiguous"]
    assert sent(catalogue, "status.name", "sts-2") == status("sts-2", "Open")
    assert schema["status.name"].aliases == {}
    assert schema["status.name"].choices == ("sts-1", "sts-2")


def test_a_renamed_object_goes_out_as_it_is_called_now():
    """The task that was updated last tells; the old name still stands for it."""
    old, new = status("sts-1", "Open", x=1), status("sts-1", "Backlog")
    for tasks in (
        (task(1, status=old), task(2, "2026-02-01T00:00:00.000Z", status=new)),
        (task(2, "2026-02-01T00:00:00.000Z", status=new), task(1, status=old)),
    ):
        _, schema, catalogue = loaded(*tasks)
        assert sent(catalogue, "status.name", "Backlog") == new
        assert sent(catalogue, "status.name", "Open") == new
        assert sent(catalogue, "status.name", "sts-1") == new
        assert schema["status.name"].choices == ("Backlog",)
        assert schema["status.name"].aliases == {"sts-1": "Backlog"}


def test_a_name_that_went_to_another_object_stands_for_that_one():
    """Nothing is ambiguous in a former name."""
    _, _, catalogue = loaded(
        task(1, status=status("sts-1", "Open")),
        task(2, "2026-02-01T00:00:00.000Z", status=status("sts-1", "Backlog")),
        task(3, "2026-02-01T00:00:00.000Z", status=status("sts-2", "Open")),
    )
    assert sent(catalogue, "status.name", "Open") == status("sts-2", "Open")


def test_a_newer_catalogue_wins_and_knows_of_the_rename():
    """Two loads merged."""
    _, _, first = loaded(task(1, status=status("sts-1", "Open")))
    _, _, second = loaded(task(1, status=status("sts-1", "Backlog")))
    assert sent(first.merge(second), "status.name", "Open") == status("sts-1", "Backlog")


def test_an_unknown_name_is_refused_with_those_that_are_known():
    """And where nothing is known, that is said."""
    _, _, catalogue = loaded(task(1, status=status("sts-1", "Open")))
    (problem,) = KORE.check(Edit("ti-1", {}, {"status.name": "Opne"}), catalogue)
    assert "known are Open; did you mean 'Open'" in problem.problem
    (problem,) = KORE.check(Edit("ti-1", {}, {"status.name": "Open"}), Catalogue())
    assert "no status is known" in problem.problem


def test_the_user_may_add_what_was_not_seen():
    """A status that no loaded task has."""
    _, _, catalogue = loaded(task(1, status=status("sts-1", "Open")))
    more = catalogue.merge(Catalogue({"status.name": {"Archived": status("sts-9", "Archived")}}))
    assert sent(more, "status.name", "Archived") == status("sts-9", "Archived")
    assert sent(more, "status.name", "Open") == status("sts-1", "Open")
    assert "Archived" in KORE.schema(more)["status.name"].choices


def test_people_go_by_id_always_and_by_name_or_address_where_those_are_unique():
    """Two Johns are ambiguous."""
    people = [
        {"_id": "u-1", "name": "John", "emailId": "j1@example.com"},
        {"_id": "u-2", "name": "John", "emailId": "j2@example.com"},
        {"_id": "u-3", "name": "Maya"},
    ]
    _, schema, catalogue = loaded(*(task(n, currAssignee=p, assigneeType="agents") for n, p in enumerate(people)))
    assert sent(catalogue, "currAssignee._id", "u-2") == people[1]
    assert sent(catalogue, "currAssignee._id", "Maya") == people[2]
    assert kinds(catalogue, "currAssignee._id", "John") == ["ambiguous"]
    assert schema["currAssignee._id"].aliases == {"Maya": "u-3", "j1@example.com": "u-1", "j2@example.com": "u-2"}
    assert list(KORE.people(catalogue)) == [
        Person("u-1", "John", "j1@example.com", kind="agent"),
        Person("u-2", "John", "j2@example.com", kind="agent"),
        Person("u-3", "Maya", kind="agent"),
    ]


def test_priorities_are_ranked_by_their_score():
    """The least urgent first, whatever the account calls them."""
    named = (("Top", 20), ("Low", 5), ("Mid", 10))
    _, schema, _ = loaded(*(task(n, priority={"_id": n, "name": n, "score": s}) for n, s in named))
    assert schema["priority.name"].choices == ("Low", "Mid", "Top")


def test_a_saved_catalogue_still_knows_its_objects():
    """It is plain JSON, and gives the same schema and the same calls in another process."""
    own = [{"_id": "fd-1", "displayName": "Effort", "dataType": "number", "value": 3}]
    _, schema, catalogue = loaded(task(1, status=status("sts-1", "Open"), currAssignee={"_id": "u-1"}, fields=own))
    opened = Catalogue(json.loads(json.dumps(catalogue.to_json())))
    assert KORE.schema(opened) == schema
    assert sent(opened, "status.name", "Open") == status("sts-1", "Open")


@pytest.mark.parametrize("thing", [{}, None, {"name": "Open"}, {"_id": "", "name": ""}, {"_id": 5, "name": ["x"]}])
def test_an_object_of_any_form_is_learned_or_left(thing):
    """Without an id its name has to do; without either there is nothing to learn."""
    _, _, catalogue = loaded(task(1, status=thing))
    if thing == {"name": "Open"}:
        assert sent(catalogue, "status.name", "Open") == thing
    else:
        assert "status.name" not in catalogue.entries


def test_catalogues_are_of_their_load():
    """Nothing is remembered between two, not even by one service."""
    loaded(task(1, status=status("sts-1", "Open")))
    _, _, second = loaded(task(1, status=status("sts-2", "New")))
    assert kinds(second, "status.name", "Open") == ["choice"]
