"""Reading some tasks again, by id, where no call reads one task."""

from __future__ import annotations

from random import Random

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reload_lists import SERVICE, Lists, make, read

from taskframe.services.reload.reread import SINGLY


def base(task, **more):
    return {k: task.get(k) for k in ("id", "identifier", "version")} | more


@settings(max_examples=80, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 1500),
    asked=st.integers(0, 120),
    cursors=st.sampled_from(["honour", "ignore", "refuse", "none", "loop"]),
    totals=st.sampled_from(["true", "none"]),
    gone=st.integers(0, 3),
)
def test_exactly_the_tasks_asked_for_are_found(seed, count, asked, cursors, totals, gone):
    """Few or many, with cursors or without: each task that a search finds is there, no other is, and none twice."""
    rng = Random(seed)
    tasks = make(count, rng, unassigned=0.3)
    wanted = rng.sample(tasks, min(asked, count))
    bases = [base(t) for t in wanted] + [{"id": f"gone-{n}", "identifier": f"G-{n}", "version": 1} for n in range(gone)]
    listing = SERVICE.reread(bases)
    found = read(listing, Lists(tasks, cursors=cursors, totals=totals), rng)
    assert {t.id for t in found} <= {t["id"] for t in wanted}
    if cursors == "honour":
        assert {t.id for t in found} == {t["id"] for t in wanted}
    assert list(listing.gaps()) == []


def test_a_few_tasks_are_searched_for_one_by_one():
    """One call a task, picked by id: "T-1" finds "T-10" too."""
    tasks = make(50, Random(1))
    lists = Lists(tasks)
    bases = [base(t) for t in tasks if t["identifier"] in ("T-1", "T-2")]
    found = read(SERVICE.reread(bases), lists)
    assert {t.identifier for t in found} == {"T-1", "T-2"}
    assert sorted(dict(c.params)["query"] for c in lists.calls) == ["T-1", "T-2"]


def test_many_tasks_are_looked_for_in_the_list_first():
    """Beyond 50 the list is read, which finds a page of them a call; it is left as soon as all are found."""
    tasks = make(5000, Random(1))
    lists = Lists(tasks, cursors="honour")
    found = read(SERVICE.reread([base(t) for t in tasks[:150]]), lists)
    assert len(found) == 150
    assert len(lists.calls) == 2


def test_the_list_costs_no_more_calls_than_searching_would():
    """60 tasks in a list that must be split a hundred times: the list is left, and the rest is searched for."""
    tasks = make(8000, Random(1), users=200)
    wanted = Random(3).sample(tasks, SINGLY + 10)
    lists = Lists(tasks, cursors="none")
    found = read(SERVICE.reread([base(t) for t in wanted]), lists)
    assert {t.id for t in found} == {t["id"] for t in wanted}
    assert len(lists.calls) <= 3 * len(wanted)


def test_a_task_without_identifier_is_looked_for_in_the_list():
    """A search can't find it: the list is read until it is there."""
    tasks = make(700, Random(1))
    lists = Lists(tasks, cursors="honour")
    found = read(SERVICE.reread([base(tasks[450], identifier=None), base(tasks[10])]), lists)
    assert {t.id for t in found} == {tasks[450]["id"], tasks[10]["id"]}
    assert len(lists.calls) == 5
    assert not any("query" in dict(c.params) for c in lists.calls)


@pytest.mark.parametrize("cursors", ["honour", "ignore", "refuse", "none"])
def test_a_search_that_is_cut_is_read_on(cursors):
    """T-1 has 1,111 namesakes in 10,000 tasks and comes last: by cursor, or by status and priority, it is found."""
    tasks = sorted(make(10_000, Random(1), users=0, agents=0), key=lambda t: t["identifier"] == "T-1")
    target = tasks[-1]
    target["priority"] = "urgent"
    lists = Lists(tasks, cursors=cursors)
    found = read(SERVICE.reread([base(target)]), lists)
    assert [t.id for t in found] == [target["id"]]
    assert len(lists.calls) < 80


def test_what_is_not_found_is_just_not_there():
    """A hidden task costs its search, gives no gap and no error."""
    lists = Lists(make(20, Random(1)))
    listing = SERVICE.reread([{"id": "x", "identifier": "T-999", "version": 1}])
    assert read(listing, lists) == []
    assert list(listing.gaps()) == []
    assert len(lists.calls) == 1


def test_nothing_to_read_asks_nothing():
    """No tasks, no calls."""
    assert list(SERVICE.reread([]).start()) == []


def test_a_row_read_again_has_the_form_of_an_update_reply():
    """row(): id and the columns that were sent, as `Verdict.data` of an update."""
    (task,) = read(SERVICE.reread([{"id": "id-0", "identifier": "T-0"}]), Lists(make(1, Random(1))))
    row = SERVICE.row(task)
    assert row["id"] == "id-0"
    assert "dueAt" not in row  # the key was absent
    assert set(row) == {
        "id", "identifier", "title", "version", "status", "priority", "assigneeUserId", "assigneeAgentId",
    }  # fmt: skip
