"""Reading a list that may be cut: whole, or the gaps name what is missing."""

from __future__ import annotations

import json
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from reload_lists import PRIORITIES, SERVICE, STATUSES, Lists, by_part, make, named, read, silently_short

from taskframe.errors import ServiceError, SettingsError
from taskframe.services.base import Call, Reply, Verdict
from taskframe.services.reload.parts import EMPTY

CURSORS = ("honour", "offset", "ignore", "refuse", "none", "loop")


def ids(tasks):
    return {t["id"] if isinstance(t, dict) else t.id for t in tasks}


@settings(max_examples=150, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    count=st.sampled_from([0, 1, 99, 100, 101, 350, 900, 1600, 2500]),
    cursors=st.sampled_from(CURSORS),
    totals=st.sampled_from(["true", "none", "page", "hidden"]),
    more=st.sampled_from(["true", "untold"]),
    full=st.sampled_from([100, 100, 50]),
    users=st.integers(0, 30),
    unassigned=st.sampled_from([0.0, 0.1, 0.9]),
    status=st.one_of(st.none(), st.lists(st.sampled_from(STATUSES), min_size=1, max_size=3)),
)
def test_a_list_is_never_silently_short(seed, count, cursors, totals, more, full, users, unassigned, status):
    """Whatever the service does with cursors and totals, and in whatever order replies come: each task is found,
    or in a part that a gap names."""
    rng = Random(seed)
    tasks = make(count, rng, users=users, unassigned=unassigned)
    listing = SERVICE.listing({} if status is None else {"status": status})
    lists = Lists(tasks, cursors=cursors, totals=totals, more=more, full=full, extra=3)
    found = read(listing, lists, rng)
    wanted = [t for t in tasks if status is None or t["status"] in status]
    assert ids(found) <= ids(wanted)
    assert silently_short(wanted, found, listing.gaps()) == []


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), count=st.integers(0, 1500), totals=st.sampled_from(["true", "none", "page"]))
def test_honoured_cursors_make_every_list_whole(seed, count, totals):
    """With cursors a list is read to its end, page by page, and nothing is asked twice."""
    rng = Random(seed)
    tasks = make(count, rng, unassigned=0.5)
    lists = Lists(tasks, cursors="honour", totals=totals)
    listing = SERVICE.listing({})
    assert ids(read(listing, lists, rng)) == ids(tasks)
    assert list(listing.gaps()) == []
    assert len(lists.calls) == max(1, -(-count // 100))


@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    cursors=st.sampled_from(["ignore", "refuse", "none"]),
    totals=st.sampled_from(["true", "none", "page"]),
)
def test_parts_of_a_page_make_a_whole(seed, cursors, totals):
    """Without cursors a list is whole when no status with one priority has more than a page."""
    rng = Random(seed)
    tasks = [t | {"status": rng.choice(STATUSES), "priority": rng.choice(PRIORITIES)} for t in make(2000, rng)]
    assert max(by_part(tasks, "status", "priority").values()) <= 100
    listing = SERVICE.listing({})
    assert ids(read(listing, Lists(tasks, cursors=cursors, totals=totals), rng)) == ids(tasks)
    assert list(listing.gaps()) == []


@pytest.mark.parametrize("cursors", CURSORS)
@pytest.mark.parametrize("totals", ["true", "none"])
@pytest.mark.parametrize("unassigned", [0.0, 0.3])
def test_ten_thousand_tasks(cursors, totals, unassigned):
    """10,000 tasks: whole, or each missing one lies in a part that is named."""
    rng = Random(1)
    tasks = make(10_000, rng, users=300, agents=0, unassigned=unassigned)
    lists = Lists(tasks, cursors=cursors, totals=totals)
    listing = SERVICE.listing({})
    found = read(listing, lists, rng, most=30_000)
    assert silently_short(tasks, found, listing.gaps()) == []
    if cursors in ("honour", "offset"):
        assert len(found) == 10_000
        assert len(lists.calls) == 100
    if totals == "true" and not unassigned:  # every assignee was seen, and none has more than a page of one part
        assert len(found) == 10_000
        assert list(listing.gaps()) == []


def test_assignees_prove_a_part_whole_by_count():
    """A part cut at the last level is whole when the ids found under its assignees equal its total."""
    tasks = [
        {"id": f"i{n}", "version": 1, "status": "todo", "priority": "high", "assigneeUserId": f"u_{n % 3}"}
        for n in range(250)
    ]
    listing = SERVICE.listing({})
    assert len(read(listing, Lists(tasks, cursors="none"))) == 250
    assert list(listing.gaps()) == []
    assert listing.total() == 250


def test_without_a_total_assignees_prove_nothing():
    """The same list without totals has a gap: there may be unassigned tasks that no filter finds."""
    tasks = [
        {"id": f"i{n}", "version": 1, "status": "todo", "priority": "high", "assigneeUserId": f"u_{n % 3}"}
        for n in range(250)
    ]
    listing = SERVICE.listing({})
    assert len(read(listing, Lists(tasks, cursors="none", totals="none"))) == 250
    assert list(listing.gaps()) == [
        "status=todo, priority=high: 250 tasks found, of how many is not told; no filter finds the unassigned ones"
    ]


def test_a_gap_names_the_part_with_numbers():
    """What no filter reaches is told in words: which part, how much of how much, and why."""
    tasks = [{"id": f"i{n}", "version": 1, "status": "todo", "priority": "high"} for n in range(312)]
    listing = SERVICE.listing({"status": "todo"})
    assert len(read(listing, Lists(tasks))) == 100
    assert list(listing.gaps()) == [
        "status=todo, priority=high: 100 of 312 tasks found; no filter finds the unassigned ones"
    ]


def test_a_gap_says_which_assignee_has_too_many():
    """An assignee with more tasks than a page is named: a narrower load of those can be asked for."""
    tasks = [
        {"id": f"i{n}", "version": 1, "status": "todo", "priority": "high", "assigneeUserId": "u_1"} for n in range(312)
    ]
    listing = SERVICE.listing({})
    read(listing, Lists(tasks))
    (gap,) = listing.gaps()
    assert gap.startswith("status=todo, priority=high: 100 of 312 tasks found; assigneeUserId=u_1 can't be read")


def test_an_assignee_seen_late_is_looked_for_in_every_cut_part():
    """u_2 shows up only in the last status, and still its tasks in the first one are found."""
    early = [
        {"id": f"a{n}", "version": 1, "status": "triage", "priority": "none", "assigneeUserId": "u_1"}
        for n in range(100)
    ] + [
        {"id": f"b{n}", "version": 1, "status": "triage", "priority": "none", "assigneeUserId": "u_2"}
        for n in range(60)
    ]
    late = [{"id": "c", "version": 1, "status": "cancelled", "priority": "urgent", "assigneeUserId": "u_2"}]
    listing = SERVICE.listing({})
    assert len(read(listing, Lists(early + late, cursors="none"))) == 161
    assert list(listing.gaps()) == []


def test_a_status_that_is_not_documented_is_split_by_too():
    """A status seen in a page, but in no documentation, is a part of its own."""
    tasks = make(400, Random(2)) + [
        {"id": f"n{n}", "version": 1, "status": "waiting", "priority": "low"} for n in range(30)
    ]
    tasks.insert(0, tasks.pop())
    listing = SERVICE.listing({})
    found = read(listing, Lists(tasks, cursors="none", totals="none"))
    assert sum(t.status == "waiting" for t in found) == 30


def test_a_status_nobody_knows_of_is_a_gap_by_count():
    """What the service counts, and no documented status finds, is not passed over."""
    tasks = [*make(400, Random(2)), {"id": "x", "version": 1, "status": "waiting", "priority": "low"}]
    listing = SERVICE.listing({})
    read(listing, Lists(tasks, cursors="none"))
    assert list(listing.gaps()) == ["all tasks: 400 of 401 tasks found; no status and no priority finds the others"]


def test_an_ignored_cursor_is_tried_once():
    """One repeated page is enough: no part sends a cursor after it."""
    lists = Lists(make(3000, Random(3)), cursors="ignore")
    read(SERVICE.listing({"status": list(STATUSES)}), lists, Random(0))
    assert sum("cursor" in dict(c.params) for c in lists.calls) == 1


def test_a_refused_cursor_is_tried_once():
    """One 400 is enough, and it does not end the reading."""
    lists = Lists(make(3000, Random(3)), cursors="refuse")
    read(SERVICE.listing({}), lists, Random(0))
    assert sum("cursor" in dict(c.params) for c in lists.calls) == 1


def test_cursors_that_work_are_followed_side_by_side():
    """Once a cursor was honoured, the parts that waited for it go on at once."""
    tasks = make(3000, Random(3))
    listing = SERVICE.listing({"status": ["triage", "backlog"]})
    lists = Lists(tasks, cursors="honour")
    first, second = listing.start()
    _, probe = listing.receive(first, SERVICE.judge(first, lists(first)))
    assert len(probe) == 1
    _, none = listing.receive(second, SERVICE.judge(second, lists(second)))
    assert none == []
    _, both = listing.receive(probe[0], SERVICE.judge(probe[0], lists(probe[0])))
    assert {dict(c.params)["status"] for c in both} == {"triage", "backlog"}


def test_empty_pages_with_more_to_come_are_followed():
    """A service that filters after it pages sends empty pages: the end is where it says so."""
    tasks = make(20, Random(5))

    def lists(call: Call):
        at = int(dict(call.params).get("cursor", "0"))
        page = tasks if at == 40 else []
        return _reply(page, more=at < 40, cursor=str(at + 1))

    listing = SERVICE.listing({})
    assert len(read(listing, lists)) == 20
    assert list(listing.gaps()) == []


def test_empty_pages_without_end_are_left():
    """A service that never comes to its end is left after a bounded number of calls, with gaps."""
    calls = []

    def lists(call: Call):
        calls.append(call)
        return _reply([], more=True, cursor=str(len(calls)))

    listing = SERVICE.listing({})
    assert read(listing, lists, most=EMPTY + 60) == []
    assert len(listing.gaps()) == 40


def test_a_cursor_that_goes_round_is_left():
    """A cursor seen before ends the walk; what was not reached is looked for by filters."""
    lists = Lists(make(3000, Random(3), unassigned=0.2), cursors="loop")
    listing = SERVICE.listing({})
    found = read(listing, lists, Random(0), most=1000)
    assert silently_short(lists.tasks, found, listing.gaps()) == []


@settings(max_examples=40, deadline=None)
@given(seed=st.integers(0, 2**32))
def test_pages_that_shift_give_no_id_twice_and_lose_nothing(seed):
    """Tasks appear and go while a list is read by position: what was there all the time is found."""
    rng = Random(seed)
    tasks = make(1200, rng)
    steady = ids(tasks[::3])

    def shift(lists: Lists) -> None:
        if rng.random() < 0.3 and len(lists.calls) < 12:
            if rng.random() < 0.5:
                lists.tasks.insert(0, make(1, rng)[0] | {"id": f"new-{len(lists.tasks)}-{rng.random()}"})
            else:
                gone = [i for i, t in enumerate(lists.tasks[:300]) if t["id"] not in steady]
                del lists.tasks[rng.choice(gone)]

    lists = Lists(tasks, cursors="offset", before=shift)
    listing = SERVICE.listing({})
    found = read(listing, lists)
    missing = steady - ids(found)
    # found, or noticed: a count can be right by chance only when as many were found that have gone since
    assert not missing or listing.gaps() or len(found) >= listing.total()


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), cursors=st.sampled_from(["honour", "ignore", "none"]))
def test_tasks_that_move_while_we_read_are_found_once(seed, cursors):
    """A task found in two parts is given once; those that stayed where they were are all found, or a gap tells."""
    rng = Random(seed)
    tasks = [t | {"status": rng.choice(STATUSES), "priority": rng.choice(PRIORITIES)} for t in make(1500, rng)]
    movers = tasks[::10]
    steady = ids(tasks) - ids(movers)

    def move(lists: Lists) -> None:
        for task in rng.sample(movers, 3):
            task["status"] = rng.choice(STATUSES)
            task["priority"] = rng.choice(PRIORITIES)

    listing = SERVICE.listing({})
    found = read(listing, Lists(tasks, cursors=cursors, before=move), rng)
    assert steady <= ids(found)


def test_a_task_that_slips_through_is_found_by_counting():
    """It moved from a status not read yet to one that was: the count is short, so the parts are read again."""
    tasks = [t | {"priority": "low"} for t in make(300, Random(8), users=0, agents=0)]
    counts = by_part(tasks, "status")
    assert counts[("triage",)] > 100
    tasks = [t | {"status": STATUSES[n % 4]} for n, t in enumerate(tasks)]
    slip = next(t for t in tasks[::-1] if t["status"] == "in_progress")

    def move(lists: Lists) -> None:
        if len(lists.calls) == 3:  # triage and backlog were read, in_progress was not
            slip["status"] = "triage"

    listing = SERVICE.listing({})
    found = read(listing, Lists(tasks, cursors="none", before=move))
    assert ids(found) == ids(tasks)
    assert list(listing.gaps()) == []


def test_tasks_that_go_while_we_read_are_no_false_alarm():
    """A list that got shorter is counted again before anybody is alarmed."""
    tasks = make(300, Random(9))

    def drop(lists: Lists) -> None:
        if len(lists.calls) == 1:
            del lists.tasks[150:200]

    listing = SERVICE.listing({})
    read(listing, Lists(tasks, cursors="none", before=drop))
    assert list(listing.gaps()) == []


def test_more_found_than_counted_is_no_gap():
    """Tasks that are created while we read make a list longer than its first count, and no gap."""
    tasks = [t | {"status": STATUSES[n % 8]} for n, t in enumerate(make(300, Random(9)))]

    def add(lists: Lists) -> None:
        if len(lists.calls) == 1:
            lists.tasks.append(make(1, Random(1))[0] | {"id": "new"})

    listing = SERVICE.listing({})
    assert len(read(listing, Lists(tasks, cursors="none", before=add))) == 301
    assert list(listing.gaps()) == []


def test_a_total_that_counts_what_is_never_listed_is_a_gap_after_a_second_walk():
    """The service counts 7 more than it lists: it is walked through once more, then told in one line."""
    lists = Lists(make(600, Random(4)), cursors="honour", totals="hidden", extra=7)
    listing = SERVICE.listing({})
    assert len(read(listing, lists)) == 600
    assert list(listing.gaps()) == ["all tasks: 600 of 607 tasks found; the service lists no more"]
    assert len(lists.calls) == 12


def test_a_total_that_only_counts_its_page_is_not_believed():
    """`total: 100` of a page of 100 with more to come says nothing: without cursors such a list is a gap."""
    tasks = [{"id": f"i{n}", "version": 1, "status": "todo", "priority": "high"} for n in range(312)]
    listing = SERVICE.listing({})
    read(listing, Lists(tasks, cursors="none", totals="page"))
    assert len(listing.gaps()) == 1
    assert listing.total() is None


def test_tasks_beyond_the_history_window_are_told_and_no_gap():
    """The plan's history window hides tasks: a note with their number, whether or not the total counts them."""
    for extra in (0, 2300):
        lists = Lists(make(500, Random(4)), cursors="honour", totals="hidden", extra=extra, beyond=2300)
        listing = SERVICE.listing({})
        assert len(read(listing, lists)) == 500
        assert list(listing.gaps()) == []
        assert list(listing.notes()) == [
            "2,300 tasks lie beyond the plan's history window (before 2026-01-01T00:00:00Z) and are not in this list"
        ]


def test_an_assignee_the_service_no_longer_takes_does_not_end_the_reading():
    """A 400 for one assignee's part leaves that part out; the count tells whether it mattered."""
    tasks = [
        {"id": f"i{n}", "version": 1, "status": "todo", "priority": "high", "assigneeUserId": f"u_{n % 3}"}
        for n in range(250)
    ]
    listing = SERVICE.listing({})
    found = read(listing, Lists(tasks, cursors="none", gone=frozenset({"u_2"})))
    assert len(listing.gaps()) == 1
    assert silently_short(tasks, found, listing.gaps()) == []


def test_a_list_that_was_asked_for_and_is_refused_is_an_error():
    """403 for the list itself: ServiceError with the service's words, its code and the request id."""
    listing = SERVICE.listing({})
    (call,) = listing.start()
    verdict = Verdict("refused", detail="no task-read scope", code="permission_denied", request_id="r1", status=403)
    with pytest.raises(ServiceError, match=r"no task-read scope \(request id r1\)") as caught:
        listing.receive(call, verdict)
    assert caught.value.status_code == 403
    assert caught.value.code == "permission_denied"


def test_my_tasks_are_split_by_status_only():
    """list-my-tasks takes status and limit: what stays cut there is a gap."""
    tasks = [t | {"status": "todo"} for t in make(150, Random(1))] + [
        t | {"id": f"x{t['id']}"} for t in make(90, Random(2))
    ]
    lists = Lists(tasks, cursors="none")
    listing = SERVICE.listing({"mine": True})
    found = read(listing, lists)
    assert {name for c in lists.calls for name, _ in c.params} == {"status", "limit"}
    assert {c.path for c in lists.calls} == {"/v1/agent/list-my-tasks"}
    (gap,) = listing.gaps()
    assert gap.startswith("assigned to me, status=todo: 100 of ")
    assert gap.endswith("tasks found; list-my-tasks has no further filter")
    assert len(found) < len(tasks)


def test_a_reply_given_twice_is_taken_once():
    """An engine that hands a reply over again gets nothing new from it."""
    lists = Lists(make(10, Random(1)))
    listing = SERVICE.listing({})
    (call,) = listing.start()
    verdict = SERVICE.judge(call, lists(call))
    assert len(listing.receive(call, verdict)[0]) == 10
    assert listing.receive(call, verdict) == ((), ())


def test_totals_of_all_parts_add_up():
    """total() is the sum over the parts asked for, and None until all are known."""
    tasks = make(500, Random(1))
    listing = SERVICE.listing({"status": ["triage", "todo"]})
    assert listing.total() is None
    read(listing, Lists(tasks, cursors="honour"))
    counts = by_part(tasks, "status")
    assert listing.total() == counts[("triage",)] + counts[("todo",)]


# What may be asked for.


def test_a_list_of_values_is_one_call_a_combination():
    """The service takes one value each: a product, without duplicates, 100 tasks a page."""
    calls = SERVICE.listing({"priority": ["high", "high", "low"], "status": "todo", "query": "roof"}).start()
    assert [c.params for c in calls] == [
        (("status", "todo"), ("priority", p), ("query", "roof"), ("limit", "100")) for p in ("high", "low")
    ]
    assert {(c.method, c.path, c.kind, c.json) for c in calls} == {("GET", "/v1/agent/list-tasks", "read", None)}


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"state": "todo"}, r"no filter 'state'\. Did you mean 'status'\? There are: status, priority, assigneeUserId"),
        ({"status": "to_do"}, "no status 'to_do'. Did you mean 'todo'.* There are: triage, backlog"),
        ({"priority": ["low", "hihg"]}, "no priority 'hihg'. Did you mean 'high'"),
        ({"status": []}, "status is an empty list: leave it out"),
        ({"status": None}, "status takes a text or a list of texts, not None"),
        ({"status": 3}, "status takes a text or a list"),
        ({"status": ["todo", None]}, "status takes text that is not empty, not None"),
        ({"status": {"todo": 1}}, "status takes a text or a list"),
        ({"assigneeUserId": ""}, "assigneeUserId takes text that is not empty"),
        ({"query": ["a", "b"]}, "query takes text that is not empty"),
        ({"query": " "}, "query takes text"),
        ({"mine": "yes"}, "mine is True or False"),
        ({"mine": True, "priority": "low"}, "mine=True goes with status only.*priority"),
    ],
)
def test_a_filter_that_can_not_be_right_is_told_before_any_call(filters, words):
    """Unknown filters, unknown values, nothing at all, and wrong types: SettingsError with the way out."""
    with pytest.raises(SettingsError, match=words):
        SERVICE.listing(filters)


def test_mine_false_is_no_filter():
    """mine=False asks for the list as ever."""
    (call,) = SERVICE.listing({"mine": False}).start()
    assert call.path == "/v1/agent/list-tasks"


def test_a_gap_shows_foreign_text_harmlessly():
    """A filter value with control characters comes out escaped, on one line."""
    tasks = [
        {"id": f"i{n}", "version": 1, "status": "todo", "priority": "high", "channelId": "a\n\x1b[2Jb"}
        for n in range(120)
    ]
    listing = SERVICE.listing({"channelId": "a\n\x1b[2Jb"})
    read(listing, Lists(tasks))
    (gap,) = listing.gaps()
    assert gap.isprintable()


def test_gaps_before_the_end_say_so():
    """A reading that was broken off is not whole."""
    listing = SERVICE.listing({})
    listing.start()
    assert list(listing.gaps()) == ["all tasks: 0 tasks found, of how many is not told; not read to its end"]
    assert named(listing.gaps()) == [{}]


def _reply(page, *, more, cursor):
    body = {"success": True, "data": page, "meta": {"pagination": {"hasMore": more, "cursor": cursor}}}
    return Reply(200, {}, json.dumps(body).encode())
