"""Reading some of Kore's tasks again, where no call reads one task."""

from __future__ import annotations

from random import Random

from hypothesis import given, settings
from hypothesis import strategies as st
from kore_lists import SERVICE, Lists, make, read


def base(task, **more):
    return {"_id": task["_id"], "createdAt": task.get("createdAt")} | more


@settings(max_examples=200, deadline=None)
@given(
    seed=st.integers(0, 2**32),
    count=st.integers(1, 3000),
    asked=st.one_of(st.integers(0, 8), st.integers(0, 100)),
    gone=st.integers(0, 2),
    unknown=st.booleans(),
    total=st.booleans(),
    shuffled=st.booleans(),
)
def test_exactly_the_tasks_asked_for_are_found(seed, count, asked, gone, unknown, total, shuffled):
    """Few or many, at times known or not, in a list that keeps the order asked for or does not; one call at a time."""
    rng = Random(seed)
    tasks = make(count, rng)
    wanted = rng.sample(tasks, min(asked, count))
    if shuffled:
        rng.shuffle(tasks)
    bases = [base(t) for t in wanted]
    bases += [{"_id": f"gone-{n}", "createdAt": make(9)[n]["createdAt"]} for n in range(gone)]
    if unknown and bases:
        bases[0]["createdAt"] = None
    listing = SERVICE.reread(bases)
    found = read(listing, Lists(tasks, total=total), wide=1)
    assert {t.id for t in found} == {t["_id"] for t in wanted}
    assert list(listing.gaps()) == []
    assert listing.total() == len(bases)


def test_one_task_among_many_is_found_by_its_time():
    """In 20,000 tasks, which are 400 pages, in a few calls; unevenly spread over time too."""
    for seed in range(20):
        rng = Random(seed)
        tasks = make(20_000, rng)
        lists = Lists(tasks)
        wanted = rng.choice(tasks)
        (found,) = read(SERVICE.reread([base(wanted)]), lists)
        assert found.id == wanted["_id"]
        assert len(lists.calls) <= 16


def test_many_tasks_are_read_page_by_page_in_their_order_and_no_further():
    """What is found comes with its page, before the next one is asked for; nothing is filtered."""
    tasks = make(1000)
    lists = Lists(tasks)
    listing = SERVICE.reread([base(t) for t in tasks[:400]])
    (call,) = listing.start()
    pages = []
    while call is not None:
        assert set(call.json) == {"skip", "limit", "sortBy"}
        found, calls = listing.receive(call, SERVICE.judge(call, lists(call)))
        pages.append(len(found))
        assert len(calls) <= 1
        call = calls[0] if calls else None
    assert pages == [50, *[49] * 7, 7]
    assert [c.json["skip"] for c in lists.calls] == [*range(0, 441, 49)][: len(pages)]


def test_a_task_that_is_not_where_it_must_be_is_looked_up_in_the_whole_list():
    """Its time of creation was changed since: found all the same."""
    tasks = make(2000)
    lists = Lists(tasks)
    listing = SERVICE.reread([base(tasks[1500], createdAt=tasks[200]["createdAt"])])
    (found,) = read(listing, lists, wide=1)
    assert found.id == "ti-1500"


def test_what_is_nowhere_costs_one_reading_of_the_list():
    """Deleted, or hidden from us: no gap, no error."""
    lists = Lists(make(500))
    listing = SERVICE.reread([{"_id": "gone", "createdAt": make(500)[250]["createdAt"]}])
    assert read(listing, lists) == []
    assert len(lists.calls) <= 20


def test_a_row_that_moved_is_read_although_pages_shift():
    """Half of the list goes while it is read."""
    tasks = make(600)
    wanted = [t for t in tasks if int(t["_id"][3:]) % 2]

    def others(lists):
        keep = [t for t in lists.tasks if int(t["_id"][3:]) % 2 or len(lists.tasks) < 310]
        lists.tasks[:] = keep if len(lists.calls) == 3 else lists.tasks

    found = read(SERVICE.reread([base(t) for t in wanted]), Lists(list(tasks), before=others), wide=1)
    assert {t.id for t in found} == {t["_id"] for t in wanted}


def test_nothing_to_read_asks_nothing():
    """No tasks, no calls."""
    assert list(SERVICE.reread([]).start()) == []
