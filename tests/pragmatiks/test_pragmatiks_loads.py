"""Pragmatiks' tasks from the list to the server and back: filters, proof of the whole list, ids, priorities."""

from __future__ import annotations

from collections import Counter
from typing import Any
from urllib.parse import quote

import httpx
import pytest

import taskframe as tf
from taskframe.sandbox.pragmatiks_tasks import AWKWARD

USER = "assigned_to_user_id"


def _ids(box: tf.LocalSandbox, **wanted: Any) -> set[str]:
    """The tasks that have one of the wanted values in each of these columns."""
    return {
        task["id"] for task in box["pragmatiks"].tasks() if all(task[name] in values for name, values in wanted.items())
    }


# filters


def test_filters_find_what_the_oracle_says(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """One status, several (a list, a set), one instance, several, and both together."""
    instances = [p["id"] for p in box["pragmatiks"].people if p["kind"] == "instance"][:2]
    for filters in (
        {"status": ["done"]},
        {"status": ["backlog", "running"]},
        {"assigned_to_instance_id": instances[:1]},
        {"assigned_to_instance_id": instances},
        {"status": ["running", "review", "done"], "assigned_to_instance_id": instances},
    ):
        found = set(conn.load(**filters).df.index)
        assert found == _ids(box, **filters)
        assert found
        if all(len(values) == 1 for values in filters.values()):
            assert set(conn.load(**{name: values[0] for name, values in filters.items()}).df.index) == found
    assert set(conn.load(status={"backlog", "running"}).df.index) == _ids(box, status=["backlog", "running"])


def test_a_status_that_there_is_not_is_refused(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Before the first call, with what was meant."""
    with pytest.raises(tf.SettingsError, match="Did you mean 'running'"):
        conn.load(status="runing")
    with pytest.raises(tf.SettingsError, match="status, assigned_to_instance_id"):
        conn.load(priority=1)
    assert not box.log.calls("pragmatiks")


# the board


@pytest.mark.parametrize("filters", [{}, {"status": "done"}])
def test_a_list_that_lies_is_found_out_by_the_board(
    box: tf.LocalSandbox, conn: tf.Connection, filters: dict[str, str]
) -> None:
    """The list ends early and does not say so: IncompleteLoad names both numbers; on demand we go on."""
    count = len(_ids(box, **{name: [value] for name, value in filters.items()}))
    box["pragmatiks"].cap = 30
    with pytest.raises(tf.IncompleteLoad, match=f"30 of {count}") as error:
        conn.load(**filters)
    assert error.value.loaded == 30
    tasks = conn.load(allow_incomplete=True, **filters)
    assert len(tasks) == 30
    assert not tasks.complete
    assert f"30 of {count}" in repr(tasks)


def test_a_list_that_is_whole_is_proven(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """One call for the list, one for the board."""
    tasks = conn.load()
    assert tasks.complete
    assert "proves" not in repr(tasks)
    assert sorted(r.path.rpartition("/")[2] for r in box.log.calls("pragmatiks")) == ["", "board"]


class _NoBoard(httpx.AsyncHTTPTransport):
    """The way to an older service, which takes "board" for the id of a task."""

    async def handle_async_request(self, request: httpx.Request) -> httpx.Response:
        if request.url.path.endswith("/board"):
            return httpx.Response(404, json={"detail": "Task not found"})
        return await super().handle_async_request(request)


def test_without_a_board_a_note_says_that_nothing_proves_it(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """The list is taken as it comes, also one by agent instance, which the board does not count."""
    transport = _NoBoard()
    with box.connect("pragmatiks", progress=False, transport=transport) as old:
        tasks = old.load()
        assert len(tasks) == 120
        assert tasks.complete
        assert "nothing proves that this list is whole" in repr(tasks)
        old.run(transport.aclose())
    tasks = conn.load(assigned_to_instance_id=box["pragmatiks"].ids["instance"][0])
    assert tasks.complete
    assert "does not count by agent instance" in repr(tasks)


# ids


def test_ids_of_any_characters_go_there_and_back(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """Colons, angle brackets, slashes, per cent signs, spaces, letters of any alphabet: each names its own task."""
    tasks = conn.load()
    odd = [task for task in tasks.df.index if "⟨" in task]
    assert {word for word in AWKWARD if any(word in task for task in odd)} == set(AWKWARD)
    tasks.df["title"] = [f"title of {task}" for task in tasks.df.index]
    plan = tasks.plan()
    for verify in ("each", "listing"):
        tasks.df["title"] = [f"{verify}: title of {task}" for task in tasks.df.index]
        plan = tasks.plan()
        assert {r["url"].rpartition("/")[2] for r in plan.requests()} == {quote(t, safe="") for t in tasks.df.index}
        report = plan.apply(confirm=len(plan), verify=verify)
        assert report.counts == {"applied": 120}
        for task in tasks.df.index:
            assert box["pragmatiks"].task(task)["title"] == f"{verify}: title of {task}"


def test_odd_ids_go_through_files(box: tf.LocalSandbox, conn: tf.Connection, tmp_path: Any) -> None:
    """A CSV that is written, edited as text and read again; a plan that is saved and opened."""
    tasks = conn.load()
    tasks.to_csv(tmp_path / "tasks.csv")
    text = (tmp_path / "tasks.csv").read_text("utf-8")
    (tmp_path / "edited.csv").write_text(text.replace(",manual,", ",triage,"), "utf-8")
    plan = tasks.plan_csv(tmp_path / "edited.csv")
    assert len(plan.problems) == 0
    manual = _ids(box, source=["manual"])
    assert set(plan.changes["id"]) == manual
    assert any("⟨" in task for task in manual)
    plan.save(tmp_path / "monday.plan")
    plan = tf.open_plan(tmp_path / "monday.plan", conn)
    assert plan.apply(confirm=len(plan)).counts == {"applied": len(manual)}
    assert _ids(box, source=["manual"]) == set()


# priorities


def test_the_most_urgent_is_the_greatest(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """1 is urgent: `df["priority"] > 3` are the more urgent ones, sorting puts 4 first, `max` is 1."""
    df = conn.load().df
    held = Counter(task["priority"] for task in box["pragmatiks"].tasks())
    assert Counter(df["priority"]) == held
    assert set(df.loc[df["priority"] > 3, "priority"]) == {1, 2}
    assert (df["priority"] >= 2).sum() == held[1] + held[2]
    assert df["priority"].max() == 1
    assert df.sort_values("priority")["priority"].iloc[[0, -1]].tolist() == [4, 1]


def test_the_most_urgent_are_dealt_first(conn: tf.Connection) -> None:
    """Of somebody's most urgent tasks each of three gets as many, but for one."""
    tasks = conn.load()
    busiest = tasks.df[USER].value_counts().index
    mine = tasks.df[tasks.df[USER] == busiest[0]]
    assert mine["priority"].nunique() > 1
    tasks.reassign(busiest[0], list(busiest[1:4]))
    dealt = tasks.df.loc[mine.index, USER]
    ranked = sorted(mine.index, key=lambda task: (mine["priority"][task], task))
    firsts = list(dealt[ranked[:3]])
    assert sorted(firsts) == sorted(busiest[1:4])
    for most in (1, 2, 3, 4):
        shares = Counter(dealt[mine["priority"].astype("int64") <= most])
        assert not shares or max(shares.values()) - min(shares[who] for who in busiest[1:4]) <= 1


def test_a_priority_in_any_dtype_goes_out_as_a_number(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """1, 1.0 and "1" are one priority; 0, 5 and "urgent" are none."""
    tasks = conn.load()
    normal = list(tasks.df.index[tasks.df["priority"] == 3][:3])
    frame = tasks.df.astype({"priority": "object"})
    for task, word in zip(normal, (1, 1.0, "1"), strict=True):
        frame.loc[task, "priority"] = word
    plan = tasks.plan(frame)
    assert [r["json"] for r in plan.requests()] == [{"priority": 1}] * 3
    assert plan.apply().ok
    assert {box["pragmatiks"].task(task)["priority"] for task in normal} == {1}
    for wrong in (0, 5, "urgent"):
        frame.loc[normal[0], "priority"] = wrong
        assert len(tasks.plan(frame).problems) == 1
