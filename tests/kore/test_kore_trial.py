"""What a new user's trial found on Kore, and must not come back."""

from __future__ import annotations

from concurrent.futures import ThreadPoolExecutor

import taskframe as tf


def test_plans_of_one_frame_may_be_applied_in_threads() -> None:
    """Four parts of one frame's edits at once, eight times over: nothing is left, and nothing conflicts with itself."""
    with tf.sandbox(tasks=60, services=["kore"]) as box, box.connect("kore", progress=False) as conn:
        tasks = conn.load()
        ids = list(tasks.df.index[:40])
        for turn in range(8):
            tasks.df.loc[ids, "name"] = f"round {turn}"
            plans = [tasks.plan(ids=ids[part::4]) for part in range(4)]
            with ThreadPoolExecutor(4) as pool:
                counts = [report.counts for report in pool.map(lambda plan: plan.apply(confirm=len(plan)), plans)]
            assert counts == [{"applied": 10}] * 4
            assert len(tasks.plan()) == 0


def test_a_lower_case_name_of_its_own_stays() -> None:
    """`lname` is sent along with `name` only where it is its lower case: a text of its own is left alone by us."""
    with tf.sandbox(tasks=20, services=["kore"]) as box, box.connect("kore", progress=False) as conn:
        tasks = conn.load(editable=["lname"])
        own, plain = tasks.df.index[:2]
        tasks.df.loc[own, "lname"] = "my own key"
        assert tasks.plan().apply().counts == {"applied": 1}
        tasks.df.loc[[own, plain], "name"] = "New Name"
        sent = {request["url"].rpartition("/")[2]: request["json"] for request in tasks.plan().requests()}
        assert sent[own] == {"name": "New Name"}
        assert sent[plain] == {"name": "New Name", "lname": "new name"}
