"""Not too fast: pauses that the service asks for, limits of the user's, tokens that are not taken any more."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import Any

import pytest
from apply_stage import LIST, UPDATE, Stage, ids, kinds

import taskframe as tf
from taskframe.sandbox import Record


def watcher(tell: Callable[[int], object]) -> type[Any]:
    """A progress class that tells how many outcomes there are."""

    class Watcher:
        def __init__(self, **_: Any) -> None:
            self.n = 0
            self.total: int | None = None

        def update(self, n: int = 1) -> None:
            self.n += n
            tell(self.n)

        def refresh(self) -> None: ...
        def set_postfix(self, *_: Any, **__: Any) -> None: ...
        def close(self) -> None: ...

    return Watcher


@pytest.mark.parametrize("status", ["429", "503"])
@pytest.mark.parametrize("form", ["seconds", "date", "ms"])
def test_a_pause_is_for_all_workers(make_stage: Callable[..., Stage], status: str, form: str) -> None:
    """One is told to come back in 60 s: no call of anybody's arrives until then."""
    stage = make_stage(factor=60)
    tasks = stage.edited(30, concurrency=8)
    # One call is turned away while the seven others are in flight; they end a little later.
    turned = stage.faults.add(status, match=UPDATE, seconds=15, retry_after=60, form=form)
    stage.faults.add("latency", times=7, match=UPDATE, seconds=25)
    report = stage.apply(tasks)
    assert turned.hits == 1
    assert set(kinds(report)) == {"applied"}
    (away,) = [c for c in stage.updates() if c.fault == status]
    assert away.ended is not None
    until = (away.at if form == "date" else away.ended) + 59  # a date was fixed before the reply was held back
    early = [c for c in stage.box.log.calls("reload") if away.ended < c.at < until]
    assert early == []
    assert sum(c.at > away.ended for c in stage.updates()) == 30 - 7  # and then it went on


def test_a_service_that_does_not_say_how_long_is_given_longer_each_time(stage: Stage) -> None:
    """429 without Retry-After, over and over: the gaps grow, the task gets there."""
    tasks = stage.edited(1)
    stage.faults.add("429", times=4, match=UPDATE)
    report = stage.apply(tasks)
    assert kinds(report) == ["applied"]
    at = [c.at for c in stage.updates()]
    gaps = [late - early for early, late in pairwise(at)]
    assert all(gap > 1.9 * 2**n for n, gap in enumerate(gaps))


def test_each_pause_narrows_the_run(make_stage: Callable[..., Stage]) -> None:
    """After three pauses fewer calls are in flight together than the concurrency allows."""
    stage = make_stage(tasks=150, factor=60)
    tasks = stage.edited(120, concurrency=12)
    stage.faults.add("429", times=1, match=UPDATE, after=12, retry_after=5)
    stage.faults.add("429", times=1, match=UPDATE, after=30, retry_after=5)
    stage.faults.add("429", times=1, match=UPDATE, after=45, retry_after=5)
    stage.faults.add("latency", times=None, match=UPDATE, seconds=1)
    assert set(kinds(stage.apply(tasks))) == {"applied"}
    calls = [c for c in stage.updates() if c.ended is not None]
    assert _most_together(calls[:12]) > 12 * 0.85**3
    assert _most_together(calls[-50:]) <= 12 * 0.85**3


def _most_together(calls: list[Record]) -> int:
    edges = sorted([(c.at, 1) for c in calls] + [(c.ended or c.at, -1) for c in calls])
    most = now = 0
    for _, step in edges:
        now += step
        most = max(most, now)
    return most


@pytest.mark.parametrize("status", ["429", "503", "500"])
def test_a_pause_that_is_too_long_stops_in_order(stage: Stage, status: str) -> None:
    """Asked to wait for hours: what is in flight ends, the rest is skipped, with why; nothing is sent any more."""
    tasks = stage.edited(40, concurrency=4)
    stage.faults.add(status, times=None, match=UPDATE, after=10, retry_after=10_000)
    report = stage.apply(tasks)
    counts = report.counts
    assert counts["applied"] == 10
    assert counts["skipped"] >= 40 - 10 - 4
    assert sum(counts.values()) == 40
    assert "max_wait=300" in report.stopped
    assert all("max_wait=300" in words for words in report.outcomes.query("outcome == 'skipped'")["detail"])
    assert len(stage.updates()) <= 10 + 4
    left = report.outcomes.query("outcome not in ['applied', 'skipped']")
    assert set(left["outcome"]) == ({"unknown"} if status == "500" else {"failed"})
    assert set(left["attempts"]) == {1}
    assert set(report.retry().changes["id"]) == set(report.outcomes.query("outcome != 'applied'").index)


def test_who_only_waits_for_a_slot_is_skipped(stage: Stage) -> None:
    """The run stops while workers wait for their limit's window: they sent nothing, so nothing is unknown."""
    connection = stage.connect(concurrency=8, rate=[tf.Limit(4, per=100_000)])
    tasks = connection.load(limit=20)  # one call of the four
    tasks.df["title"] = "ours"
    stage.faults.add("429", match=UPDATE, retry_after=10_000, seconds=5)
    report = stage.apply(tasks)
    assert report.counts == {"applied": 2, "failed": 1, "skipped": 17}
    assert set(report.outcomes.query("outcome == 'skipped'")["attempts"]) == {0}
    assert report.elapsed < 50_000  # nobody sat the window out


def test_a_settling_read_that_must_wait_too_long_stops_in_order(stage: Stage) -> None:
    """The read is told to come back in hours: failed, as nothing was written; the rest skipped, with why."""
    tasks = stage.edited(30, concurrency=1)
    for task in tasks.df.index[:2]:
        stage.reload.edit(task, description="theirs")
    stage.faults.add("429", times=None, match=LIST, retry_after=10_000)
    report = stage.apply(tasks)
    assert kinds(report) == ["failed"] + ["skipped"] * 29
    assert "max_wait=300" in report.stopped


def test_a_service_that_is_gone_stops_in_order(stage: Stage) -> None:
    """The server dies in mid-run: not six attempts for each of hundreds of tasks, but an end, with why."""
    progress = watcher(lambda n: stage.box.close() if n == 20 else None)
    tasks = stage.connect(concurrency=4, progress=progress).load(limit=40, progress=False)
    tasks.df["title"] = "ours"
    report = stage.apply(tasks)
    assert len(report) == 40
    assert report.counts["applied"] >= 20
    assert report.counts["skipped"] > 0
    assert "does not answer" in report.stopped
    assert report.retry().select(ids=[report.outcomes.index[-1]])


def test_nobody_getting_through_for_too_long_stops_in_order(stage: Stage) -> None:
    """Always "in a minute": after max_wait of that, the run ends."""
    tasks = stage.edited(20, concurrency=4, max_wait=50)
    stage.faults.add("429", times=None, match=UPDATE, retry_after=10)
    report = stage.apply(tasks)
    assert report.counts == {"failed": 4, "skipped": 16}
    assert "max_wait" in report.stopped
    assert len(stage.updates()) <= 4 * 6


def test_one_task_turned_away_for_ever_stops_nobody_else(stage: Stage) -> None:
    """While others get through, waiting is no dead end."""
    tasks = stage.edited(40, concurrency=8, max_wait=30)
    odd = tasks.df.index[0]
    stage.faults.add("429", times=None, match=lambda call: (call.json or {}).get("taskId") == odd, retry_after=10)
    report = stage.apply(tasks)
    assert kinds(report) == ["failed"] + ["applied"] * 39


def test_no_window_holds_more_than_the_limits_allow(make_stage: Callable[..., Stage]) -> None:
    """rate=[…]: by the server's own times, reads and retries too, and for both limits."""
    stage = make_stage(tasks=120, factor=60)
    limits = [tf.Limit(15, per=10), tf.Limit(40, per=60)]
    tasks = stage.edited(90, rate=limits, concurrency=8)
    for task in tasks.df.index[::5]:
        stage.reload.edit(task, description="theirs")
    stage.faults.add("500", times=10, match=UPDATE, after=20)
    report = stage.apply(tasks)
    assert set(kinds(report)) == {"applied"}
    at = sorted(c.at for c in stage.box.log.calls("reload"))
    assert len(at) > 130
    for limit in limits:
        beyond = [late - early for early, late in zip(at, at[limit.calls :], strict=False)]
        assert min(beyond) >= limit.per


@pytest.mark.timeout(600)
@pytest.mark.parametrize("form", ["announced", "hidden"])
@pytest.mark.parametrize(("calls", "per", "factors", "tasks"), [(200, 60, (60, 20), 1_800), (100, 10, (12, 4), 1_200)])
def test_a_limit_that_nobody_told_of_is_found_out(
    make_stage: Callable[..., Stage], calls: int, per: float, factors: tuple[float, ...], tasks: int, form: str
) -> None:
    """By the server's log: under 2 % of the calls are refused, and after three windows 0.85 of the limit is used.

    A fast clock makes the delays of a busy machine longer too: where it is too busy, a slower clock is taken.
    """
    found = []
    for factor in factors:
        found.append(_found_out(make_stage(tasks=tasks, factor=factor), calls, per, form))
        refused, used = found[-1]
        if refused < 0.02 and used >= 0.85:
            return
    pytest.fail(f"shares refused and used, with slower and slower clocks: {found}")


def _found_out(stage: Stage, calls: int, per: float, form: str) -> tuple[float, float]:
    """The share of all calls that was refused, and the share of the limit that was used after three windows."""
    frame = stage.edited(rate=[], concurrency=8)
    stage.reload.limits = [(calls, per, form)]
    start = len(stage.box.log)
    assert stage.apply(frame).counts == {"applied": len(frame)}
    log = stage.box.log[start:]
    passed = [c.at for c in log if c.status == 200]
    assert len(passed) == len(frame)
    begin, end = passed[0] + 3 * per, passed[0] + (passed[-1] - passed[0]) // per * per
    return 1 - len(passed) / len(log), sum(begin <= at < end for at in passed) * per / (calls * (end - begin))


# tokens


def test_a_revoked_token_stops_in_order(stage: Stage) -> None:
    """In mid-run: at most one refusal a worker, the rest skipped, with why."""
    connection = stage.connect(concurrency=4, progress=watcher(lambda n: stage.reload.revoke() if n == 10 else None))
    tasks = connection.load(limit=40, progress=False)
    tasks.df["title"] = "ours"
    report = stage.apply(tasks)
    refused = [c for c in stage.box.log.calls("reload") if c.status == 401]
    assert 1 <= len(refused) <= 4
    assert report.counts["applied"] + report.counts["failed"] + report.counts["skipped"] == 40
    assert report.counts["failed"] == len(refused)
    assert report.counts["skipped"] >= 40 - 10 - 4 - 4
    assert "does not take the token" in report.stopped
    assert stage.updates()[-len(refused) :] == refused  # and nothing after them
    tokens = stage.box.settings("reload")["token"]
    assert tokens not in repr(report) + report.outcomes.to_csv()


def test_a_revoked_token_stops_settling_reads_too(stage: Stage) -> None:
    """Refused for its version, then the key is gone: failed, with why, and what was in doubt is unknown."""
    tasks = stage.edited(2, concurrency=1)
    first, second = map(str, tasks.df.index)
    stage.reload.edit(first, description="theirs")
    stage.faults.add("401", times=None, match=LIST)
    report = stage.apply(tasks)
    assert report.outcomes["outcome"].tolist() == ["failed", "skipped"]
    assert stage.written(first) == stage.written(second) == []
    assert report.stopped


def test_a_callable_token_is_renewed_once_and_the_run_goes_on(stage: Stage) -> None:
    """Expired in mid-run, under eight workers: asked for once, everything applied."""
    given: list[str] = []

    def fresh() -> str:
        given.append(stage.reload.token(label=f"key {len(given)}"))
        return given[-1]

    connection = stage.connect(
        token=fresh, concurrency=8, progress=watcher(lambda n: stage.reload.revoke(given[0]) if n == 10 else None)
    )
    tasks = connection.load(limit=40, progress=False)
    tasks.df["title"] = "ours"
    report = stage.apply(tasks)
    assert report.counts == {"applied": 40}
    assert len(given) == 2
    assert 1 <= sum(c.status == 401 for c in stage.updates()) <= 8


@pytest.mark.parametrize("spent", [True, False])
def test_a_callable_that_has_nothing_better_stops_in_order(stage: Stage, spent: bool) -> None:
    """The new token is not taken either, or there is none: no hammering of service or callable."""
    asked: list[int] = []

    def fresh() -> str:
        asked.append(1)
        if len(asked) > 1 and not spent:
            raise RuntimeError("the vault is locked")
        token: str = stage.reload.token()
        if len(asked) > 1:
            stage.reload.revoke(token)
        return token

    connection = stage.connect(token=fresh, concurrency=4)
    tasks = connection.load(limit=40)
    tasks.df["title"] = "ours"
    stage.faults.add("401", times=None, match=UPDATE, after=10)
    report = stage.apply(tasks)
    assert len(asked) == 2
    assert sum(c.status == 401 for c in stage.updates()) <= 2 * 4
    assert report.counts["applied"] == 10
    assert report.counts["skipped"] >= 40 - 10 - 8
    assert ("does not take the new token" if spent else "RuntimeError") in report.stopped
    assert "the vault is locked" not in report.stopped  # may hold secrets


def test_one_task_refused_with_401_for_ever_fails_alone(stage: Stage) -> None:
    """A service that says 401 of one task only: it fails in the end, the others are applied."""
    connection = stage.connect(token=lambda: stage.box.settings("reload")["token"], concurrency=1)
    tasks = connection.load(limit=10)
    tasks.df["title"] = "ours"
    odd = tasks.df.index[4]
    stage.faults.add("401", times=None, match=lambda call: (call.json or {}).get("taskId") == odd)
    stage.faults.add("latency", times=None, match=UPDATE, seconds=0.1)
    report = stage.apply(tasks)
    assert kinds(report) == ["applied"] * 4 + ["failed"] + ["applied"] * 5
    assert ids(stage.updates()).count(odd) <= 6
