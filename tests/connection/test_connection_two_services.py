"""Several connections in one process: what they share, and what they do not."""

from __future__ import annotations

from collections.abc import Iterator
from typing import Any

import pytest

import taskframe as tf


@pytest.fixture
def box() -> Iterator[tf.LocalSandbox]:
    """All three services at one address."""
    with tf.sandbox(tasks=60) as box:
        yield box


def _limits(conn: tf.Connection) -> Any:
    """What holds for a connection now, of all that share its account."""
    return conn._session.link.limiter.effective


def test_services_at_one_address_share_nothing(box: tf.LocalSandbox) -> None:
    """Neither limits nor names nor people."""
    with (
        box.connect("reload", progress=False, rate=tf.Limit(50, 1)) as reload,
        box.connect("kore", progress=False, rate=tf.Limit(70, 1)) as kore,
        box.connect("pragmatiks", progress=False, rate=tf.Limit(90, 1)) as pragmatiks,
    ):
        frames = [conn.load() for conn in (reload, kore, pragmatiks)]
        assert [_limits(c)[0].calls for c in (reload, kore, pragmatiks)] == [50, 70, 90]
        assert len(kore.people) > 0
        assert len(kore.catalogue) > 0
        for other in (reload, pragmatiks):
            assert len(other.people) == 0
            assert len(other.catalogue) == 0
        reload.people = {"usr_1": "Ada"}
        assert "usr_1" not in set(kore.people["id"])
        for frame in frames:
            title = frame.schema.role("title")
            assert title is not None
            frame.df[title.name] = "ours"
            plan = frame.plan()
            assert plan.apply(confirm=len(plan)).counts == {"applied": 60}


def test_a_pause_of_one_service_is_no_pause_of_another(box: tf.LocalSandbox) -> None:
    """One is told to come back later and goes slower from then on; the other's limits stay as they were."""
    rate = tf.Limit(1_000, 1)
    with (
        box.connect("kore", progress=False, rate=rate) as kore,
        box.connect("pragmatiks", progress=False, rate=rate) as pragmatiks,
    ):
        box.faults.add("429", match="/getTasks", retry_after=1)
        kore.load()
        pragmatiks.load()
        assert _limits(kore)[0].calls == 850
        assert _limits(pragmatiks)[0].calls == 1_000


def test_two_accounts_of_one_service_share_nothing() -> None:
    """Two streams, two accounts: each its own limits, names and people; a plan of the one is refused by the other."""
    with (
        tf.sandbox(tasks=60, seed=1, services=["kore"]) as one,
        tf.sandbox(tasks=60, seed=2, services=["kore"]) as two,
        one.connect("kore", progress=False, rate=tf.Limit(50, 1)) as here,
        two.connect("kore", progress=False, rate=tf.Limit(80, 1)) as there,
    ):
        here.load()
        assert len(there.people) == len(there.catalogue) == 0
        tasks = there.load()
        assert not set(here.people["id"]) & set(there.people["id"])
        ids = [{s["_id"] for s in c.catalogue.entries["status.name"].values()} for c in (here, there)]
        assert not ids[0] & ids[1]
        assert [_limits(c)[0].calls for c in (here, there)] == [50, 80]
        tasks.df["name"] = "ours"
        with pytest.raises(tf.PlanError):
            here.check_same_place(tasks._load.source, "the plan")


def test_streams_and_accounts_at_one_host_have_limits_of_their_own(box: tf.LocalSandbox) -> None:
    """Limits go by host, stream and account: a change of either is another account."""
    settings = box.settings("kore")
    others = [settings, {**settings, "stream_id": "st-other"}, {**settings, "account_id": "a-other"}]
    rates = (50, 70, 90)
    conns = [
        tf.connect("kore", **given, progress=False, rate=tf.Limit(calls, 1))
        for given, calls in zip(others, rates, strict=True)
    ]
    try:
        assert tuple(_limits(conn)[0].calls for conn in conns) == rates
    finally:
        for conn in conns:
            conn.close()


@pytest.mark.parametrize("service", ["kore", "pragmatiks"])
def test_two_connections_to_one_account_share_its_limits_and_nothing_else(box: tf.LocalSandbox, service: str) -> None:
    """The stricter limit holds for both as long as both are open; names and people are each one's own."""
    one = box.connect(service, progress=False, rate=tf.Limit(40, 1))
    two = box.connect(service, progress=False, rate=tf.Limit(90, 1))
    with two:
        with one:
            assert _limits(one) == _limits(two) == (tf.Limit(40, 1),)
            one.load()
            one.people = {"u-1": "Ada"}
            assert len(two.people) == 0
            assert len(two.catalogue) == 0
        assert _limits(two) == (tf.Limit(90, 1),)
