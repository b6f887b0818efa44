"""The ways to verify: which there are, what a dry run reads, what the preview and the report say."""

from __future__ import annotations

from typing import Any

import pytest
from apply_stage import one
from verify_stage import staged

import taskframe as tf
from taskframe.engine.verifying import way_of
from taskframe.services.base import Limit
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload


def test_the_ways_of_each_service_are_named() -> None:
    """A way that a service has not is refused, before anything is sent, with those that it has."""
    assert [way_of(s(), None) for s in (Kore, Pragmatiks, Reload)] == ["listing", "listing", None]
    assert way_of(Pragmatiks(), "each") == "each"
    with pytest.raises(tf.PlanError, match="no call of Kore reads a single task; there are 'listing', 'none'"):
        way_of(Kore(), "each")
    with pytest.raises(tf.PlanError, match="there are 'listing', 'each', 'none'"):
        way_of(Pragmatiks(), "page")
    for verify in ("listing", "none"):
        with pytest.raises(tf.PlanError, match="leave verify= out"):
            way_of(Reload(), verify)
    with staged("kore", tasks=3) as stage:
        plan = stage.edited().plan()
        seen = len(stage.box.log)
        with pytest.raises(tf.PlanError, match="single task"):
            plan.apply(verify="each", confirm=3)
        with pytest.raises(tf.PlanError, match="single task"):
            plan.dry_run(verify="each")
        assert len(stage.box.log) == seen


@pytest.mark.parametrize(("service", "verify", "reads"), [
    ("kore", "listing", 2), ("kore", "none", 0), ("pragmatiks", "listing", 1), ("pragmatiks", "each", 60),
    ("pragmatiks", "none", 0),
])  # fmt: skip
def test_a_dry_run_reads_what_an_apply_would_read(service: str, verify: Any, reads: int) -> None:
    """And says what an apply would do, as far as it is read."""
    with staged(service, tasks=60, factor=20) as stage:
        tasks = stage.edited()
        stage.server.edit(tasks.df.index[2], **{stage.title: "theirs"})
        stage.server.delete(tasks.df.index[3])
        start = stage.start = len(stage.box.log)
        report = tasks.plan().dry_run(verify=verify)
        if verify == "none":
            assert report.counts == {"ready": 60}
        else:
            assert report.counts == {"ready": 58, "conflict": 1, "unknown": 1}
        assert report.outcomes["read_age"].isna().all()
        assert report.calls == len(stage.box.log) - start
        assert reads <= len(stage.reads()) <= reads + 3  # what is not there is looked for
        assert stage.writes() == []


def test_the_preview_says_what_stays_open_and_what_it_costs() -> None:
    """In calls, and in time at the known rate; Reload has nothing to say."""
    with staged("kore", tasks=230) as stage:
        text = " ".join(str(stage.edited(rate=[Limit(60, per=60)]).plan()).split())
        assert "Can't be verified: Kore keeps no versions" in text
        assert "Reading ahead of the writes costs 5 calls, 5 seconds at the known rate" in text
        assert 'verify="none"' in text
        assert 'verify="each"' not in text
    with staged("pragmatiks", tasks=120) as stage:
        text = " ".join(str(stage.edited(rate=[Limit(60, per=60)]).plan()).split())
        assert "costs 4 calls, 4 seconds at the known rate" in text  # 120 s of writes, a list each 30 s
        assert 'verify="each", right before each write, 120 calls, 2 minutes' in text
        assert "at least" not in text
        assert "costs at least 1 call;" in " ".join(str(stage.edited(20).plan()).split())


def test_the_read_age_of_a_single_task() -> None:
    """Known where it was read and written; not where it was not."""
    with staged("kore", tasks=5, factor=20) as stage:
        assert 0 < one(stage.apply(stage.edited(1)))["read_age"] < 10
        tasks = stage.edited(1)
        tasks.df["name"] = "again"
        stage.server.edit(tasks.df.index[0], name="theirs")
        told = one(stage.apply(tasks))
        assert told["outcome"] == "conflict"
        assert told.isna()["read_age"]
