"""Lists that are cut: a load is whole, or says which part is not. Ten thousand tasks, held against the server's own."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pandas as pd
import pytest

import taskframe as tf

MANY = 10_000


@pytest.fixture(scope="module", params=["some tasks are unassigned", "every task is assigned"])
def many(request: pytest.FixtureRequest) -> Iterator[tuple[tf.LocalSandbox, bool]]:
    """A workspace, and whether its assignees cover it: each task has one, and nobody has too many of a kind."""
    with tf.sandbox(tasks=MANY, services=["reload"]) as box:
        covered = request.param == "every task is assigned"
        if covered:
            reload = box["reload"]
            users = [p["id"] for p in reload.people if p["kind"] == "user"]
            for n, task in enumerate(sorted(reload.tasks(), key=lambda t: (t["status"], t["priority"]))):
                reload.edit(task["id"], assigneeUserId=users[n % len(users)], assigneeAgentId=None)
        yield box, covered


def same_as_server(df: pd.DataFrame, box: tf.LocalSandbox) -> bool:
    """Whether the frame holds exactly the server's tasks, cell by cell."""
    server = pd.DataFrame(box["reload"].tasks()).set_index("id")
    if set(df.index) != set(server.index) or df.index.has_duplicates or set(df.columns) != set(server.columns):
        return False
    server = server.loc[df.index]
    for name in df.columns:
        ours, theirs = df[name], server[name]
        if isinstance(ours.dtype, pd.DatetimeTZDtype):
            theirs = pd.to_datetime(theirs, utc=True, format="ISO8601")
        ours, theirs = ours.astype("object"), theirs.astype("object")
        if not ((ours == theirs) | (ours.isna() & theirs.isna())).all():
            return False
    return True


@pytest.mark.slow
@pytest.mark.parametrize("total", [True, False])
@pytest.mark.parametrize("cursor", ["honour", "ignore", "refuse"])
def test_a_list_is_whole_or_says_what_is_missing(many: tuple[tf.LocalSandbox, bool], cursor: str, total: bool) -> None:
    """However the service treats its own cursor, whether it counts or not: never silently short."""
    box, covered = many
    box["reload"].cursor, box["reload"].total = cursor, total
    with box.connect("reload", progress=False) as conn:
        if cursor == "honour" or (covered and total):
            tasks = conn.load()
            assert tasks.complete
            assert len(tasks) == MANY
            assert same_as_server(tasks.df, box)
            return
        with pytest.raises(tf.IncompleteLoad, match="allow_incomplete=True") as caught:
            conn.load()
        error = caught.value
        assert error.gaps
        assert all("status=" in gap and "priority=" in gap for gap in error.gaps)  # the part is named
        assert error.gaps[0] in str(error)
        assert 0 < error.loaded <= MANY
        partly = conn.load(allow_incomplete=True)
        assert len(partly) == error.loaded
        assert not partly.complete
        assert set(partly.df.index) <= {t["id"] for t in box["reload"].tasks()}
        plan = partly.plan()
        for shown in (repr(partly), partly._repr_html_(), repr(plan), plan._repr_html_()):
            assert "INCOMPLETE" in shown.upper()


@pytest.mark.slow
def test_pages_that_shift_are_noticed(many: tuple[tf.LocalSandbox, bool]) -> None:
    """While others write, offset pages shift: all tasks are found all the same."""
    box, _ = many
    reload = box["reload"]
    reload.cursor, reload.total, reload.shifting = "honour", True, True
    victims = [t["id"] for t in reload.tasks()][::100]

    def others_write(call: Any) -> bool:
        if "list-tasks" in call.path and victims:
            reload.edit(victims.pop(), description="moved")
        return True

    rule = box.faults.add("latency", times=None, seconds=0.0, match=others_write)
    try:
        with box.connect("reload", progress=False) as conn:
            tasks = conn.load()
    finally:
        box.faults.clear()
        reload.shifting = False
    assert rule.hits > 10
    assert len(tasks) == MANY
    assert set(tasks.df.index) == {t["id"] for t in reload.tasks()}
