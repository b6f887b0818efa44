"""Reading Kore's list: by position, while others write; whole, or a gap says that it is not."""

from __future__ import annotations

from datetime import UTC, datetime
from random import Random

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from kore_lists import SERVICE, Lists, make, read

from taskframe.errors import ServiceError, SettingsError
from taskframe.services.base import Reply


def ids(tasks):
    return {t["_id"] if isinstance(t, dict) else t.id for t in tasks}


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.one_of(st.integers(0, 120), st.integers(120, 1500)),
    full=st.sampled_from([100, 50, 50, 10, 2, 1]),
    total=st.booleans(),
    more=st.booleans(),
)
def test_a_list_that_nobody_edits_is_read_whole(seed, count, full, total, more):
    """Whatever pages it gives and whatever it tells of itself, in whatever order replies come."""
    count = min(count, full * 40)
    rng = Random(seed)
    listing = SERVICE.listing({})
    assert ids(read(listing, Lists(make(count), full=full, total=total, more=more), rng)) == ids(make(count))
    assert list(listing.gaps()) == []
    assert listing.total() == (count if total else None)


@settings(max_examples=250, deadline=None, suppress_health_check=[HealthCheck.too_slow])
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(0, 900),
    often=st.sampled_from([0.05, 0.2, 0.5, 1.0]),
    burst=st.sampled_from([1, 3, 30, 200]),
    total=st.booleans(),
)
def test_tasks_that_stay_are_found_however_the_list_shifts(seed, count, often, burst, total):
    """Others take tasks out of the list and put new ones in as it is read: each that was there all the time is found,
    or a gap says that the list may not be whole."""
    rng = Random(seed)
    tasks = make(count)
    gone: set[str] = set()

    def others(lists):
        if rng.random() >= often:
            return
        for _ in range(min(rng.randint(1, burst), len(lists.tasks))):
            if rng.random() < 0.7:
                gone.add(lists.tasks.pop(rng.randrange(len(lists.tasks)))["_id"])
            else:
                lists.tasks.append({"_id": f"new-{rng.getrandbits(64)}", "createdAt": "2026-09-01T00:00:00.000Z"})

    listing = SERVICE.listing({})
    found = ids(read(listing, Lists(list(tasks), before=others, total=total), rng))
    assert ids(tasks) - gone <= found or listing.gaps()


def test_the_first_page_tells_how_many_there_are_and_the_others_are_asked_for_together():
    """One call, then all pages but those beyond the window, each overlapping the one before by a task."""
    listing = SERVICE.listing({"status": "Open"})
    (first,) = listing.start()
    assert first.json == {"skip": 0, "limit": 50, "status": ["Open"], "sortBy": {"createdAt": "asc"}}
    lists = Lists(make(500))
    _, calls = listing.receive(first, SERVICE.judge(first, lists(first)))
    assert [c.json["skip"] for c in calls] == [*range(49, 499, 49)]
    assert listing.total() == 500


def test_a_shift_is_noticed_and_only_that_place_is_read_again():
    """A task on the first page goes, so that every page behind it lacks one: they are found by one call more."""
    tasks = make(200)

    def others(lists):
        if len(lists.calls) == 1:
            del lists.tasks[10]

    lists = Lists(list(tasks), before=others)
    listing = SERVICE.listing({})
    assert ids(read(listing, lists)) == ids(tasks)
    assert list(listing.gaps()) == []
    assert len(lists.calls) == 6
    assert "shifted" in listing.notes()[0]


def test_tasks_that_come_at_the_end_are_read_without_reading_all_again():
    """New tasks are the last in the order of creation."""
    tasks = make(200)

    def others(lists):
        if 2 <= len(lists.calls) <= 6:
            lists.tasks.append({"_id": f"new-{len(lists.calls)}", "createdAt": "2026-09-01T00:00:00.000Z"})

    lists = Lists(list(tasks), before=others)
    listing = SERVICE.listing({})
    found = read(listing, lists)
    assert ids(tasks) <= ids(found)
    assert list(listing.gaps()) == []
    assert len(lists.calls) <= 9


def test_what_is_counted_and_never_listed_is_a_gap():
    """All is read twice, and then the gap says how many were found."""
    lists = Lists(make(120), extra=2)
    listing = SERVICE.listing({"status": ["Open", "Closed"]})
    assert len(read(listing, lists)) == 120
    (gap,) = listing.gaps()
    assert gap.startswith("status=['Open', 'Closed']: 120 of 122 tasks found")
    assert len(lists.calls) == 8


@pytest.mark.parametrize("total", [True, False])
def test_a_list_that_goes_in_circles_ends(total):
    """A service that ignores `skip` gives its first page for ever."""
    lists = Lists(make(1000), stuck=True, total=total)
    listing = SERVICE.listing({})
    assert len(read(listing, lists, most=300)) == 50
    assert listing.gaps()


def test_a_count_out_of_all_bounds_costs_no_more_than_a_window_of_calls():
    """A count is only a claim: the pages behind the end are empty."""
    lists = Lists(make(60), extra=10**12)
    listing = SERVICE.listing({})
    assert len(read(listing, lists)) == 60
    assert listing.gaps()
    assert len(lists.calls) < 300


def test_a_page_that_is_not_read_leaves_a_gap():
    """Until all is answered nothing is proven."""
    listing = SERVICE.listing({})
    listing.start()
    assert list(listing.gaps()) == ["all tasks: not read to its end"]


def test_a_refused_list_is_an_error_with_the_services_words():
    """Not an empty list."""
    listing = SERVICE.listing({})
    (call,) = listing.start()
    verdict = SERVICE.judge(call, Reply(403, {}, b'{"errors": [{"msg": "You do not have access", "code": 4030}]}'))
    with pytest.raises(ServiceError, match="You do not have access"):
        listing.receive(call, verdict)


# Filters.


def test_every_filter_goes_out_as_documented():
    """A text is a list of one; times are ISO 8601 in UTC."""
    filters = {
        "searchText": "pay", "unresolved": True, "unassigned": False, "mytask": True, "mycase": False,
        "priority": "High", "status": ("Open", "In-Progress"), "channel": {"rtm"}, "queues": ["q"], "agents": ["u-1"],
        "customFields": {"a": 1}, "ETAlist": ["overdue"], "selectedColumns": ["name"],
        "startDate": "2026-01-01T01:00:00+01:00", "endDate": datetime(2026, 2, 1, tzinfo=UTC),
        "dueDate": "2026-01-02T00:00:00Z",
    }  # fmt: skip
    listing = SERVICE.listing(filters)
    (call,) = listing.start()
    assert call.json == {
        "skip": 0, "limit": 50, "searchText": "pay", "unresolved": True, "unassigned": False, "mytask": True,
        "mycase": False, "priority": ["High"], "status": ["Open", "In-Progress"], "channel": ["rtm"], "queues": ["q"],
        "agents": ["u-1"], "customFields": [{"a": 1}], "ETAlist": ["overdue"], "selectedColumns": ["name"],
        "startDate": "2026-01-01T00:00:00.000Z", "endDate": "2026-02-01T00:00:00.000Z",
        "dueDate": "2026-01-02T00:00:00.000Z", "sortBy": {"createdAt": "asc"},
    }  # fmt: skip
    assert any("selectedColumns" in note for note in listing.notes())


@pytest.mark.parametrize(
    ("filters", "words"),
    [
        ({"stauts": "Open"}, "Did you mean 'status'"),
        ({"sortBy": {"dueDate": "desc"}}, "sort tasks.df"),
        ({"skip": 5}, "all pages are read"),
        ({"unresolved": 1}, "True or False"),
        ({"status": []}, "empty list"),
        ({"status": [""]}, "not empty"),
        ({"status": 3}, "a text or a list"),
        ({"customFields": ["a"]}, "an object"),
        ({"startDate": "yesterday"}, "a time with its offset"),
        ({"dueDate": "2026-01-01T00:00:00"}, "a time with its offset"),
        ({"searchText": " "}, "not empty"),
    ],
)
def test_a_filter_that_cant_be_right_is_refused_before_the_first_call(filters, words):
    """With the name that was probably meant, or the way out."""
    with pytest.raises(SettingsError, match=words):
        SERVICE.listing(filters)
