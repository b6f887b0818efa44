"""Tasks are dealt out exactly by weight, the same way each time, and so that nobody gets all the old ones."""

from __future__ import annotations

from collections import Counter
from fractions import Fraction
from itertools import accumulate
from typing import Any

import numpy as np
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from offline import table, tasks

import taskframe as tf
from taskframe.catalogue import EMPTY, Catalogue
from taskframe.config import find_service
from taskframe.errors import PlanError, SettingsError
from taskframe.reassign import deal


def owners(made: Any) -> dict[Any, int]:
    return dict(Counter(None if pd.isna(who) else who for who in made.df["assigneeUserId"]))


@pytest.mark.parametrize(
    ("count", "weights", "shares"),
    [
        (10, [2, 1], [7, 3]),
        (10, [1, 2], [3, 7]),
        (10, [1, 1, 1], [4, 3, 3]),
        (2, [1, 1, 1], [1, 1, 0]),
        (0, [1, 2], [0, 0]),
        (3, [0.1, 0.2], [1, 2]),
        (100, [0.7, 0.1, 0.2], [70, 10, 20]),
        (7, [1e-9, 1], [0, 7]),
        (5, [1e300, 1e300], [3, 2]),
    ],
)
def test_counts_are_by_largest_remainder(count: int, weights: list[float], shares: list[int]) -> None:
    """10 at 2:1 is 7:3; equal remainders go to whoever comes first."""
    assert np.bincount(deal(count, weights), minlength=len(weights)).tolist() == shares


@given(count=st.integers(0, 300), weights=st.lists(st.integers(1, 50) | st.floats(0.01, 9), min_size=1, max_size=6))
def test_nobody_is_off_by_a_whole_task(count: int, weights: list[float]) -> None:
    """All are dealt, and each one's count is its share rounded down or up; at every place in the queue, too."""
    dealt = deal(count, weights)
    assert len(dealt) == count
    exact = [Fraction(repr(float(w))) for w in weights]
    for person, weight in enumerate(exact):
        mine = list(accumulate(who == person for who in dealt)) or [0]
        assert abs(mine[-1] - count * weight / sum(exact)) < 1
        assert all(abs(n - Fraction(place * mine[-1], count)) < 1 for place, n in enumerate(mine, 1) if count)


def test_small_shares_are_not_dealt_in_a_row() -> None:
    """Of 9:1:1:1 the three with one each don't get three tasks that lie side by side."""
    dealt = deal(48, [9, 1, 1, 1])
    small = "".join("x" if who else "." for who in dealt)
    assert "xx" not in small


@settings(deadline=None, max_examples=30)
@given(data=st.data(), people=st.integers(2, 4), count=st.integers(1, 60))
def test_nobody_gets_all_the_old_or_all_the_urgent_ones(data: st.DataObject, people: int, count: int) -> None:
    """Of the tasks of each priority, and of the older half of them, everybody gets an even part."""
    ranks = ["none", "low", "medium", "high", "urgent"]
    priority = data.draw(st.lists(st.sampled_from(ranks), min_size=count, max_size=count))
    due = data.draw(st.lists(st.none() | st.integers(1, 28), min_size=count, max_size=count))
    made = tasks(
        count,
        assigneeUserId="u_1",
        priority=priority,
        dueAt=[None if d is None else f"2026-02-{d:02}T00:00:00Z" for d in due],
    )
    made.reassign("u_1", [f"new_{n}" for n in range(people)])
    for rank in ranks:
        part = made.df[made.df["priority"] == rank].sort_values("dueAt", kind="stable", na_position="last")
        for group in (part, part.iloc[: len(part) // 2]):
            counts = [int((group["assigneeUserId"] == f"new_{n}").sum()) for n in range(people)]
            assert max(counts) - min(counts) <= 2


@given(order=st.permutations(range(20)))
@settings(deadline=None, max_examples=20)
def test_it_does_not_depend_on_the_order_of_the_rows(order: list[int]) -> None:
    """The same tasks go to the same people, whether the frame was sorted or has its ids as a column."""
    expected = tasks(assigneeUserId="u_1")
    expected.reassign("u_1", {"u_2": 2, "u_3": 1})
    made = tasks(assigneeUserId="u_1")
    made.df = made.df.iloc[order].reset_index()
    made.reassign("u_1", {"u_2": 2, "u_3": 1})
    got = made.df.set_index("id")["assigneeUserId"].reindex(expected.df.index)
    assert got.tolist() == expected.df["assigneeUserId"].tolist()


def test_the_table_says_who_had_and_has_how_many() -> None:
    """A row a person, the source first: weight, dealt, before, after."""
    made = tasks()
    made.df.iloc[:3, made.df.columns.get_loc("assigneeUserId")] = "u_2"
    found = made.reassign("u_1", {"u_2": 2, "u_3": 1})
    assert found.index.tolist() == ["u_1", "u_2", "u_3"]
    assert found.index.name == "assigneeUserId"
    assert found.to_dict("list") == {
        "weight": [0.0, 2.0, 1.0], "dealt": [0, 6, 3], "before": [9, 3, 0], "after": [0, 9, 3],
    }  # fmt: skip
    assert owners(made) == {"u_2": 9, "u_3": 3, None: 8}
    assert len(made.plan()) == 12


def test_a_person_or_a_list_takes_equal_parts_and_may_be_the_source() -> None:
    """Somebody may keep a share."""
    made = tasks()
    made.reassign("u_1", "u_2")
    assert owners(made) == {"u_2": 10, None: 10}
    made.reassign("u_2", ["u_2", "u_3"])
    assert owners(made) == {"u_2": 5, "u_3": 5, None: 10}
    table_ = made.reassign("u_2", {"u_2": 4, "u_3": 1})
    assert table_.to_dict("list")["dealt"] == [4, 1]
    assert owners(made) == {"u_2": 4, "u_3": 6, None: 10}


def test_none_stands_for_nobody() -> None:
    """As a source: what is unassigned; as a target: unassigned it becomes."""
    made = tasks()
    found = made.reassign(None, ["u_2", "u_3"])
    assert owners(made) == {"u_1": 10, "u_2": 5, "u_3": 5}
    assert found.loc["u_2", "after"] == 5
    assert found.iloc[0].tolist() == [0, 0, 10, 0]
    made.reassign("u_1", None)
    assert owners(made) == {None: 10, "u_2": 5, "u_3": 5}
    made.reassign("u_2", {None: 1, "u_3": 1})
    assert owners(made) == {None: 13, "u_3": 7}
    assert made.plan().problems.empty


@pytest.mark.parametrize(
    "where",
    [
        lambda df: df["status"] == "todo",
        lambda df: (df["status"] == "todo").astype("boolean").mask(df["status"] == "done"),
        lambda df: "status == 'todo'",
        lambda df: "status not in ['done', 'in_progress'] and version > 0",
    ],
)
def test_where_says_which_of_them(where: Any) -> None:
    """A boolean Series or a query; null is no."""
    made = tasks()
    made.reassign("u_1", "u_2", where=where(made.df))
    assert (made.df["assigneeUserId"] == "u_2").equals(
        (made.df["status"] == "todo") & (tasks().df["assigneeUserId"] == "u_1")
    )


@pytest.mark.parametrize(
    ("arguments", "words", "error"),
    [
        (("u_7", "u_2", {}), "no task has 'u_7' in assigneeUserId. Did you mean 'u_1'", PlanError),
        (("u_1", {}, {}), "to whom", PlanError),
        (("u_1", {"u_2": 0}, {}), "weight of 'u_2' is 0", PlanError),
        (("u_1", {"u_2": -1}, {}), "a number above 0", PlanError),
        (("u_1", {"u_2": float("nan")}, {}), "a number above 0", PlanError),
        (("u_1", {"u_2": float("inf")}, {}), "a number above 0", PlanError),
        (("u_1", {"u_2": True}, {}), "a number above 0", PlanError),
        (("u_1", {"u_2": "much"}, {}), "a number above 0", PlanError),
        (
            ("u_1", "u_2", {"where": "status == 'cancelled'"}),
            "where= leaves none of the tasks that 'u_1' has",
            PlanError,
        ),
        (("u_1", "u_2", {"where": "stauts == 'todo'"}), "is no query of this frame", PlanError),
        (("u_1", "u_2", {"where": "version + 1"}), "boolean Series", PlanError),
        (("u_1", "u_2", {"where": [True] * 19}), "19 values for 20 rows", PlanError),
        (("u_1", "u_2", {"where": [1] * 20}), "boolean Series", PlanError),
        (("u_1", "u_2", {"where": {"status": "todo"}}), "boolean Series", PlanError),
        (("u_1", "u_2", {"where": pd.Series([True] * 20)}), "another index", PlanError),
        (("u_1", "u_2", {"column": "status"}), "holds no assignee; these do: assigneeUserId", PlanError),
        (("u_1", "u_2", {"column": "asigneeUserId"}), "Did you mean 'assigneeUserId'", SettingsError),
        (("u_1", "u_2", {"column": "assigneeAgentId"}), "no column 'assigneeAgentId'", PlanError),
    ],
    ids=repr,
)
def test_what_can_not_be_meant_is_an_error(arguments: Any, words: str, error: type[Exception]) -> None:
    """And the frame is as it was."""
    made = tasks()
    before = made.df.copy()
    source, targets, more = arguments
    with pytest.raises(error, match=words):
        made.reassign(source, targets, **more)
    pd.testing.assert_frame_equal(made.df, before)


@pytest.mark.parametrize("dtype", ["str", "object", "string", "category"])
def test_the_frame_stays_the_same_object_and_the_column_keeps_its_dtype(dtype: str) -> None:
    """A category gets the people that it lacks: nobody is lost."""
    made = tasks()
    df = made.df
    df["assigneeUserId"] = df["assigneeUserId"].astype(dtype)
    made.reassign("u_1", {"u_2": 2, None: 1})
    assert made.df is df
    assert df["assigneeUserId"].dtype == dtype
    assert owners(made) == {"u_2": 7, None: 13}
    assert set(made.plan().changes["after"]) == {"u_2", None}


def test_another_kind_of_assignee_may_be_dealt() -> None:
    """Reload has agents beside people."""
    made = tasks(assigneeAgentId="a_1")
    made.reassign("a_1", ["a_2", "a_3"], column="assigneeAgentId")
    assert made.df["assigneeAgentId"].value_counts().to_dict() == {"a_2": 10, "a_3": 10}
    assert owners(made) == {"u_1": 10, None: 10}


def test_odd_cells_in_the_queue_come_last_and_stop_nothing() -> None:
    """Due dates as text or without a zone, priorities that nobody knows."""
    expected = tasks(assigneeUserId="u_1")
    expected.reassign("u_1", ["u_2", "u_3"])
    for change in (
        lambda df: df.assign(dueAt=df["dueAt"].dt.tz_localize(None)),
        lambda df: df.assign(dueAt=df["dueAt"].astype("object").map(lambda t: t.isoformat(), na_action="ignore")),
        lambda df: df.assign(priority=df["priority"].astype("object")),
        lambda df: df.assign(dueAt=df["dueAt"].astype("object").where(df["dueAt"].notna(), "whenever")),
    ):
        made = tasks(assigneeUserId="u_1")
        made.df = change(made.df)
        made.reassign("u_1", ["u_2", "u_3"])
        assert made.df["assigneeUserId"].tolist() == expected.df["assigneeUserId"].tolist()


def test_a_frame_without_ids_is_told_so_at_once() -> None:
    """Not only when it is planned."""
    made = tf.from_frame(table(), "reload")
    made.df = made.df.reset_index(drop=True)
    with pytest.raises(PlanError, match="no task ids"):
        made.reassign("u_1", "u_2")


def test_a_name_that_nobody_has_is_no_new_assignee() -> None:
    """A misspelt name would become an id that exists nowhere; an id that is new is allowed, and the preview says so."""
    made = tasks()
    with pytest.raises(PlanError, match="nobody is known as 'Grace ONeil'"):
        made.reassign("u_1", ["Grace ONeil"])
    made.reassign("u_1", ["u_new"])


def test_nobody_is_named_twice() -> None:
    """Two words for one person would lose one of the two weights."""
    with tf.sandbox(tasks=50) as box, box.connect("reload", progress=False) as conn:
        made = conn.load()
        with pytest.raises(PlanError, match="are one person"):
            made.reassign("@ada", {"@grace": 2, "grace@example.com": 1})


@pytest.mark.parametrize(
    "form", [np.asarray, list, tuple, lambda mask: mask.array], ids=["numpy", "list", "tuple", "array"]
)
def test_a_mask_without_an_index_goes_by_position(form: Any) -> None:
    """What numpy and a comprehension give."""
    expected, made = tasks(), tasks()
    mask = expected.df["status"] == "todo"
    expected.reassign("u_1", "u_2", where=mask)
    made.reassign("u_1", "u_2", where=form(mask))
    assert made.df.equals(expected.df)
    assert 0 < (made.df["assigneeUserId"] == "u_2").sum() < 10


def test_unassigned_is_what_nobody_has() -> None:
    """A task of an agent is not up for grabs, unless the column is named."""
    agents = ["a_1" if i < 4 else None for i in range(20)]
    made = tasks(assigneeAgentId=agents)
    made.reassign(None, "u_2")
    assert owners(made) == {"u_1": 10, "u_2": 8, None: 2}
    made = tasks(assigneeAgentId=agents)
    made.reassign(None, "u_2", column="assigneeUserId")
    assert owners(made) == {"u_1": 10, "u_2": 10}
    with pytest.raises(PlanError, match="every task has somebody"):
        tasks(assigneeAgentId="a_1").reassign(None, "u_2")


def test_errors_name_people_as_they_were_named() -> None:
    """Not only by an id that nobody has typed."""
    with tf.sandbox(tasks=5) as box, box.connect("reload", progress=False, people={"u_77": "Nobody Much"}) as conn:
        made = conn.load()
        with pytest.raises(PlanError, match=r"no task has 'Nobody Much' \(u_77\) in assigneeUserId"):
            made.reassign("Nobody Much", "u_2")


# At every service, for every kind of assignee

_SCORES = {"Low": 5, "Medium": 10, "High": 15, "Critical": 20}
_OBJECTS = {name: {"_id": f"pr-{n}", "name": name, "score": n} for name, n in _SCORES.items()}
SCHEMES: dict[str, dict[str, Any]] = {
    "reload": {"priority": ["none", "low", "medium", "high", "urgent"], "due": "dueAt", "more": {}},
    "kore": {
        "priority": list(_SCORES),
        "due": "dueDate",
        "more": {"catalogue": Catalogue({"priority.name": _OBJECTS})},
    },
    "pragmatiks": {"priority": [4, 3, 2, 1], "due": None, "more": {}},
}
"""Per service its priorities, the least urgent first, and its due date."""
KINDS = [(s, c.name) for s in SCHEMES for c in find_service(s).schema(EMPTY).roles("assignee")]
PEOPLE = ["p_1", "p_2", "p_3", "p_4", None]


@st.composite
def dealings(draw: st.DrawFn) -> tuple[Any, str, str, Any, dict[Any, float], Any]:
    """Tasks of any service, a kind of assignee, a source, targets with weights, and which tasks."""
    service, column = draw(st.sampled_from(KINDS))
    scheme, count = SCHEMES[service], draw(st.integers(1, 60))
    schema = find_service(service).schema(EMPTY)
    rows = st.integers(0, 10_000)
    number = draw(rows)
    rng = np.random.default_rng(number)
    columns: dict[str, Any] = {column: rng.choice(np.array(PEOPLE, dtype=object), count)}
    columns[schema.role("priority").name] = rng.choice(np.array(scheme["priority"], dtype=object), count)  # type: ignore[union-attr]
    if scheme["due"]:
        days = rng.integers(1, 29, count)
        columns[scheme["due"]] = [None if d > 24 else f"2026-02-{d:02}T00:00:00Z" for d in days]
    df = pd.DataFrame(columns, index=pd.Index([str(i) for i in rng.permutation(count)], name=schema.index))
    made = tf.from_frame(df, service, **scheme["more"])
    holders = [None if pd.isna(v) else v for v in made.df[column]]
    source = draw(st.sampled_from(sorted(set(holders), key=str)))
    weights = st.integers(1, 9) | st.floats(0.1, 9).map(lambda w: round(w, 2))
    targets = draw(st.dictionaries(st.sampled_from([*PEOPLE, "p_new"]), weights, min_size=1, max_size=4))
    where = draw(st.sampled_from([None, "all", "some"]))
    mask = None
    if where is not None:
        mask = np.array([where == "all" or n % 3 > 0 or h == source for n, h in enumerate(holders)])
    return made, service, column, source, targets, mask


def counted(made: Any, column: str) -> Counter[Any]:
    return Counter(None if pd.isna(who) else who for who in made.df[column])


@settings(deadline=None, max_examples=40)
@given(dealing=dealings())
def test_it_is_exact_and_the_table_is_what_value_counts_says(dealing: Any) -> None:
    """By largest remainder, at any service: nobody else's tasks move, and the table tells before and after."""
    made, _, column, source, targets, mask = dealing
    before, cells = counted(made, column), made.df[column].astype("object").where(made.df[column].notna(), None)
    table_ = made.reassign(source, targets, where=mask, column=column)
    after = counted(made, column)
    number = sum(h == source for h in cells)
    exact = [Fraction(repr(float(w))) for w in targets.values()]
    shares = [number * w / sum(exact) for w in exact]
    counts = [int(s) for s in shares]
    for n in sorted(range(len(shares)), key=lambda n: (counts[n] - shares[n], n))[: number - sum(counts)]:
        counts[n] += 1
    assert table_["dealt"].to_dict() == {source: 0} | dict(zip(targets, counts, strict=True))
    assert table_["before"].to_dict() == {who: before[who] for who in table_.index}
    assert table_["after"].to_dict() == {who: after[who] for who in table_.index}
    assert table_["weight"].to_dict() == {source: 0.0} | {who: float(w) for who, w in targets.items()}
    assert sum(after.values()) == sum(before.values())
    now = made.df[column].astype("object").where(made.df[column].notna(), None)
    assert all(new == old for old, new in zip(cells, now, strict=True) if old != source)
    assert set(made.plan()._changes.columns) <= {column}


@settings(deadline=None, max_examples=12)
@given(dealing=dealings(), seed=st.integers(0, 99))
@pytest.mark.parametrize("form", ["str", "object", "string", "category", "int64", "a column"])
def test_it_is_the_same_each_time_in_any_order_with_ids_of_any_dtype(form: str, dealing: Any, seed: int) -> None:
    """Which task goes to whom follows from the tasks alone."""
    made, service, column, source, targets, mask = dealing
    start = made.df.copy()
    made.reassign(source, targets, where=mask, column=column)
    again = tf.from_frame(start, service, **SCHEMES[service]["more"])
    order = np.random.default_rng(seed).permutation(len(start))
    shuffled = again.df.iloc[order]
    again.df = shuffled.reset_index() if form == "a column" else shuffled.set_axis(shuffled.index.astype(form), axis=0)
    again.reassign(source, targets, where=None if mask is None else mask[order], column=column)
    got = again.df[column].astype("object").where(again.df[column].notna(), None)
    ids = again.df[start.index.name] if form == "a column" else again.df.index
    expected = made.df[column].astype("object").where(made.df[column].notna(), None)
    assert dict(zip(ids.astype("str"), got, strict=True)) == expected.to_dict()


@settings(deadline=None, max_examples=40)
@given(dealing=dealings())
def test_every_share_is_fair_over_urgency_and_age(dealing: Any) -> None:
    """Among the most urgent k, and the oldest k of each priority, each has a share within two of exact, for every k.

    Among the oldest k of all priorities it is within two for each priority that there is.
    """
    made, service, column, source, targets, mask = dealing
    scheme, priority = SCHEMES[service], made.schema.role("priority").name
    mine = made.df[column].isna() if source is None else made.df[column] == source
    made.reassign(source, targets, where=mask, column=column)
    part = made.df[mine].rename_axis("id").reset_index()
    part["rank"] = [-scheme["priority"].index(p) for p in part[priority]]
    age = [scheme["due"]] if scheme["due"] else []
    part["who"] = part[column].astype("object").where(part[column].notna(), "nobody")
    shares = {who: int((part["who"] == (who or "nobody")).sum()) / len(part) for who in targets}

    def furthest(queue: pd.DataFrame) -> float:
        steps = np.arange(1, len(queue) + 1)
        return max(
            float(np.abs(np.cumsum(queue["who"] == (who or "nobody")) - share * steps).max())
            for who, share in shares.items()
        )

    assert furthest(part.sort_values(["rank", *age, "id"])) < 1 + 1e-9
    levels = [queue.sort_values([*age, "id"]) for _, queue in part.groupby("rank")]
    assert max(map(furthest, levels)) < 2
    assert furthest(part.sort_values([*age, "id"])) < 2 * len(levels)


def test_priority_1_is_the_most_urgent_at_pragmatiks() -> None:
    """The smaller the number, the sooner it is dealt: the first target gets the first of them."""
    df = pd.DataFrame(
        {"priority": [4, 1, 3, 2, 1, 4], "assigned_to_user_id": "u_1"}, index=pd.Index(list("abcdef"), name="id")
    )
    made = tf.from_frame(df, "pragmatiks")
    made.reassign("u_1", ["u_2", "u_3"])
    queue = ["b", "e", "d", "c", "a", "f"]
    assert made.df["assigned_to_user_id"].reindex(queue).tolist() == ["u_2", "u_3"] * 3


def test_the_score_of_a_priority_says_how_urgent_it_is_at_kore() -> None:
    """Its names are the account's own: the catalogue knows their scores, as the loads told them."""
    names = ["Low", "Critical", "Medium", "High", "Critical", "Low"]
    df = pd.DataFrame({"priority.name": names, "currAssignee._id": "u_1"}, index=pd.Index(list("abcdef"), name="_id"))
    made = tf.from_frame(df, "kore", **SCHEMES["kore"]["more"])
    made.reassign("u_1", ["u_2", "u_3"])
    queue = ["b", "e", "d", "c", "a", "f"]
    assert made.df["currAssignee._id"].reindex(queue).tolist() == ["u_2", "u_3"] * 3
