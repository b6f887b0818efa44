"""Reading Pragmatiks' list, which comes in one piece and is held against the board; and some tasks again."""

from __future__ import annotations

import json
from collections import Counter
from dataclasses import dataclass, field
from urllib.parse import unquote

import pytest

from taskframe.errors import ServiceError, SettingsError
from taskframe.services.base import Call, Reply
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.pragmatiks.reread import FEW, LEFT

PRAGMATIKS = Pragmatiks()
STATUSES = ("backlog", "assigned", "running", "review", "done")


def make(count):
    return [
        {"id": f"agent_task:{n}", "status": STATUSES[n % 5], "assigned_to_instance_id": f"i_{n % 3}"}
        for n in range(count)
    ]


@dataclass
class Lists:
    """The service's list. `cut`: the list gives so many; `board`: the status of its reply."""

    tasks: list
    cut: int = 10**9
    board: int = 200
    calls: list[Call] = field(default_factory=list)

    def __call__(self, call):
        self.calls.append(call)
        assert (call.method, call.kind, call.json) == ("GET", "read", None)
        if call.path == "/agents/tasks/board":
            counts = Counter(t["status"] for t in self.tasks)
            return reply(self.board, {"counts": counts, "total": len(self.tasks)})
        if call.path == "/agents/tasks/":
            found = [t for t in self.tasks if all(t[k] == v for k, v in call.params)]
            return reply(200, found[: self.cut])
        wanted = unquote(call.path.removeprefix("/agents/tasks/"))
        found = [t for t in self.tasks if t["id"] == wanted]
        return reply(200, found[0]) if found else reply(404, {"detail": "no such task"})


def reply(status, body):
    return Reply(status, {}, json.dumps(body).encode())


def read(listing, lists):
    waiting = list(listing.start())
    found = []
    while waiting:
        call = waiting.pop()
        tasks, calls = listing.receive(call, PRAGMATIKS.judge(call, lists(call)))
        found += [t.id for t in tasks]
        waiting += calls
    assert len(found) == len(set(found)), "an id twice"
    return found


@pytest.mark.parametrize("count", [0, 1, 7])
def test_a_whole_list_is_proven_by_the_board(count):
    """Two calls."""
    listing, lists = PRAGMATIKS.listing({}), Lists(make(count))
    assert len(read(listing, lists)) == count
    assert [c.path for c in reversed(lists.calls)] == ["/agents/tasks/", "/agents/tasks/board"]
    assert (list(listing.gaps()), listing.total(), list(listing.notes())) == ([], count, [])


@pytest.mark.parametrize("filters", [{}, {"status": "backlog"}, {"status": ["backlog", "done"]}])
def test_a_list_that_is_cut_is_read_again_and_then_is_a_gap(filters):
    """With how many were found."""
    listing, lists = PRAGMATIKS.listing(filters), Lists(make(50), cut=8)
    read(listing, lists)
    (gap,) = listing.gaps()
    assert "8 of 10" in gap if filters == {"status": "backlog"} else "8 of 50" in gap
    assert len(lists.calls) == 6


def test_tasks_that_come_between_list_and_board_are_read():
    """The board counts more for a moment."""
    lists = Lists(make(5))
    listing = PRAGMATIKS.listing({})
    tasks, board = listing.start()
    found, _ = listing.receive(tasks, PRAGMATIKS.judge(tasks, lists(tasks)))
    lists.tasks.append({"id": "new", "status": "backlog", "assigned_to_instance_id": None})
    _, again = listing.receive(board, PRAGMATIKS.judge(board, lists(board)))
    assert [c.path for c in again] == ["/agents/tasks/", "/agents/tasks/board"]
    assert [t.id for t in listing.receive(again[0], PRAGMATIKS.judge(again[0], lists(again[0])))[0]] == ["new"]
    listing.receive(again[1], PRAGMATIKS.judge(again[1], lists(again[1])))
    assert list(listing.gaps()) == []
    assert len(found) == 5


def test_a_filter_goes_out_as_documented():
    """One status is the service's to filter; the board counts it."""
    listing, lists = PRAGMATIKS.listing({"status": "done"}), Lists(make(20))
    assert len(read(listing, lists)) == 4
    assert listing.total() == 4
    assert [dict(c.params) for c in lists.calls if c.path == "/agents/tasks/"] == [{"status": "done"}]


def test_several_statuses_are_picked_from_one_list():
    """A task that moves from one to another as we read can't be missed."""
    listing, lists = PRAGMATIKS.listing({"status": ("done", "running")}), Lists(make(20))
    assert len(read(listing, lists)) == 8
    assert listing.total() == 8
    assert [c.params for c in lists.calls if c.path == "/agents/tasks/"] == [()]


def test_lists_by_instance_are_a_call_each_and_can_not_be_proven():
    """Which is said."""
    listing = PRAGMATIKS.listing({"assigned_to_instance_id": ["i_0", "i_1"], "status": "done"})
    lists = Lists(make(30))
    assert len(read(listing, lists)) == 4
    assert sorted(dict(c.params)["assigned_to_instance_id"] for c in lists.calls) == ["i_0", "i_1"]
    assert list(listing.gaps()) == []
    assert "nothing proves" in listing.notes()[0]


def test_without_a_board_the_list_is_taken_as_it_comes():
    """Which is said."""
    listing, lists = PRAGMATIKS.listing({}), Lists(make(3), board=404)
    assert len(read(listing, lists)) == 3
    assert list(listing.gaps()) == []
    assert listing.total() is None
    assert "nothing proves that this list is whole" in listing.notes()[0]


def test_a_refused_list_is_an_error():
    """Not an empty one."""
    listing = PRAGMATIKS.listing({})
    call, _ = listing.start()
    with pytest.raises(ServiceError, match="not yours"):
        listing.receive(call, PRAGMATIKS.judge(call, reply(403, {"detail": "not yours"})))


def test_a_list_that_is_not_read_is_a_gap():
    """Until all is answered nothing is proven."""
    listing = PRAGMATIKS.listing({})
    listing.start()
    assert "not read to its end" in listing.gaps()[0]


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"stat": "done"}, "Did you mean 'status'"), ({"status": "doen"}, "Did you mean 'done'"),
        ({"status": []}, "empty list"), ({"assigned_to_instance_id": 5}, "a text or a list"),
        ({"assigned_to_user_id": "u"}, "no filter"), ({"status": [" "]}, "not empty"),
    ],
)  # fmt: skip
def test_a_filter_that_cant_be_right_is_refused_before_the_first_call(filters, words):
    """With the name that was probably meant."""
    with pytest.raises(SettingsError, match=words):
        PRAGMATIKS.listing(filters)


# Some tasks again.


def bases(numbers):
    return [{"id": f"agent_task:{n}"} for n in numbers]


def test_few_tasks_are_read_one_by_one():
    """At their encoded ids; one that is gone is just not there."""
    lists = Lists(make(50))
    listing = PRAGMATIKS.reread(bases([1, 2, 99]))
    assert sorted(read(listing, lists)) == ["agent_task:1", "agent_task:2"]
    assert lists.calls[0].path == "/agents/tasks/agent_task%3A99"
    assert (list(listing.gaps()), list(listing.notes()), listing.total()) == ([], [], 3)


def test_many_tasks_are_read_by_one_list():
    """One call for all of them."""
    lists = Lists(make(50))
    wanted = range(FEW + 1)
    assert len(read(PRAGMATIKS.reread(bases(wanted)), lists)) == FEW + 1
    assert [c.path for c in lists.calls] == ["/agents/tasks/"]


def test_what_a_list_lacks_is_asked_for_one_by_one_where_that_is_little():
    """The list may be cut; when it lacks many, they are gone."""
    lists = Lists(make(50), cut=30)
    assert len(read(PRAGMATIKS.reread(bases(range(20, 40))), lists)) == 20
    assert len(lists.calls) == 11
    lists = Lists(make(100), cut=0)
    assert read(PRAGMATIKS.reread(bases(range(LEFT + 1))), lists) == []
    assert len(lists.calls) == 1


def test_a_read_that_is_refused_is_an_error():
    """It tells nothing of the task."""
    listing = PRAGMATIKS.reread(bases([1]))
    (call,) = listing.start()
    with pytest.raises(ServiceError):
        listing.receive(call, PRAGMATIKS.judge(call, reply(403, {"detail": "no"})))


def test_nothing_to_read_asks_nothing():
    """No tasks, no calls."""
    assert list(PRAGMATIKS.reread([]).start()) == []
