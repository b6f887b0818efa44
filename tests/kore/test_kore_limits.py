"""Kore's rate limits over a real socket: never one call too many, and hardly one too few."""

from __future__ import annotations

import asyncio
from typing import Any

import pytest

import taskframe as tf
from taskframe.services.kore import Kore
from tests.apply.verify_stage import Stage, staged

TEXT = "Rate limit for this API has been reached"


@pytest.mark.timeout(900)
@pytest.mark.parametrize(("calls", "tasks", "factors"), [(60, 600, (60, 20, 8)), (600, 2_400, (30, 10, 5))])
def test_windows_are_used_to_the_full_and_never_overrun(calls: int, tasks: int, factors: tuple[int, ...]) -> None:
    """Reads count like writes: of each minute at least 97 % is used, and the account never says "too many".

    A machine that is too busy to make so many calls gets a slower clock: what is shown is the engine's pace.
    """
    used = [_used(calls, tasks, factors[0])]
    for factor in factors[1:]:
        if used[-1] < 0.97:
            used.append(_used(calls, tasks, factor))
    assert used[-1] >= 0.97, used


def _used(calls: int, tasks: int, factor: float) -> float:
    """How much of the limit an apply used, over the whole windows between its first call and its last."""
    with staged("kore", tasks=tasks, factor=factor) as stage:
        _limited(stage, (calls, 60))
        frame = stage.edited(rate=[tf.Limit(calls, per=60)])
        asyncio.run(stage.clock.sleep(60))  # what the load used of its minute is no matter of the apply
        assert stage.apply(frame).counts == {"applied": tasks}
        at = [r.at for r in stage.log]
        assert len(at) >= tasks * 1.02  # the pages that are read ahead of the writes too
        assert {r.status for r in stage.box.log.calls("kore")} == {200}
        windows = int((at[-1] - at[0]) // 60)
        assert windows >= tasks // calls - 1
        return sum(t < at[0] + windows * 60 for t in at) / (calls * windows)


def test_both_documented_windows_hold_together() -> None:
    """60 a minute and 1,800 an hour: half an hour of the one, and then the other says when to go on."""
    with staged("kore", tasks=1_800, factor=120) as stage:
        _limited(stage, (60, 60), (1_800, 3_600))
        frame = stage.edited(rate=Kore.limits)
        assert stage.apply(frame).counts == {"applied": 1_800}
        at = [r.at for r in stage.box.log.calls("kore")]
        assert {r.status for r in stage.box.log.calls("kore")} == {200}
        assert sum(t < at[0] + 3_600 for t in at) >= 0.97 * 1_800
        assert at[1_800] - at[0] >= 3_600


def _limited(stage: Stage, *windows: tuple[int, float]) -> None:
    stage.server.limits = [(calls, per, "hidden") for calls, per in windows]


def _somewhere() -> dict[str, Any]:
    return {"host": "platform.example.com", "stream_id": "st-1", "account_id": "a-1", "token": "t"}


def test_who_says_nothing_gets_the_lower_of_the_documented_classes() -> None:
    """60 a minute and 1,800 an hour; one's own limits take their place, and an empty list is none."""
    with tf.connect("kore", **_somewhere()) as conn:
        assert conn.seconds_for(60) == pytest.approx(120)  # the hour's pace is the slower one
        assert conn.seconds_for(18_000) == 36_000
        assert conn.service.limits == (tf.Limit(60, 60), tf.Limit(1_800, 3_600))
    with tf.connect("kore", **_somewhere(), rate=[tf.Limit(600, 60), tf.Limit(18_000, 3_600)]) as conn:
        assert conn.seconds_for(18_000) == 3_600
    with tf.connect("kore", **_somewhere(), rate=[]) as conn:
        assert conn.seconds_for(18_000) is None


@pytest.mark.parametrize("status", [200, 400, 403, 429, 503])
@pytest.mark.parametrize("text", [f"{TEXT}. Please try again later", f"{TEXT} for st-1; retry in a while"])
def test_the_limit_is_known_by_its_text_whatever_the_status(status: int, text: str) -> None:
    """We know of no limit, the account has one: all wait, nobody gives up, and each task is written once."""
    with staged("kore", tasks=30, factor=400) as stage:
        frame = stage.edited()
        _limited(stage, (12, 60))
        stage.server.limit_status = status
        stage.server.limit_text = text
        report = stage.apply(frame)
        assert report.counts == {"applied": 30}
        throttled = [r for r in stage.log if TEXT.encode() in r.raw]
        assert throttled
        assert {r.status for r in throttled} == {status}
        assert all(r.after is None for r in throttled)
        written = [r.task_id for r in stage.log if r.after]
        assert sorted(written) == sorted(frame.df.index)
        assert {stage.held(task) for task in frame.df.index} == {f"ours {n}" for n in range(30)}


@pytest.mark.parametrize("status", [200, 400, 403, 503])
def test_a_load_waits_for_a_limit_that_is_told_by_text(status: int) -> None:
    """The list comes whole, a minute later."""
    with staged("kore", tasks=120, factor=400) as stage:
        _limited(stage, (2, 60))
        stage.server.limit_status = status
        assert len(stage.load()) == 120
        at = [r.at for r in stage.box.log.calls("kore") if TEXT.encode() not in r.raw]
        assert at[2] - at[0] >= 60


def test_another_refusal_is_no_limit(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """A 403 in other words is an error at once, and asked once."""
    app = box["kore"].app("unscoped", scoped=False)
    with (
        box.connect("kore", progress=False, client_id=app.client_id, client_secret=app.client_secret) as other,
        pytest.raises(tf.ServiceError, match="Case Management Configuration"),
    ):
        other.load()
    assert len(box.log.calls("kore")) == 1
