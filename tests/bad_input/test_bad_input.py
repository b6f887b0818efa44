"""Bad input gives a clear error that names the place and the way out, and nothing is sent."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest
from bad_connect import CONNECT
from bad_csv import CSV
from bad_desk import FACTOR, Bad, Desk, ServerClock, texts, told
from bad_frames import FRAMES
from bad_load import LOAD
from bad_plans import PLANS
from bad_reassign import REASSIGN
from bad_replies import REPLIES
from bad_saved import SAVED
from bad_settings import SETTINGS
from bad_values import VALUES

import taskframe as tf
from taskframe.engine.clock import ScaledClock

ALL = {
    f"{group}: {row.name}": row
    for group, rows in {
        "connect": CONNECT,
        "settings": SETTINGS,
        "load": LOAD,
        "frame": FRAMES,
        "value": VALUES,
        "CSV": CSV,
        "plan": PLANS,
        "file": SAVED,
        "reassign": REASSIGN,
        "reply": REPLIES,
    }.items()
    for row in rows
}


@pytest.fixture(scope="module")
def world() -> Iterator[tuple[tf.LocalSandbox, ScaledClock]]:
    """One server for all: bad input changes nothing there."""
    clock = ScaledClock(FACTOR)
    with tf.sandbox(tasks=40, clock=ServerClock(clock)) as box:
        yield box, clock


@pytest.fixture
def desk(world: tuple[tf.LocalSandbox, ScaledClock], tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Iterator[Desk]:
    """A desk for one act."""
    box, clock = world
    desk = Desk(box, clock, tmp_path, monkeypatch.setenv)
    try:
        yield desk
    finally:
        desk.close()
        box.faults.clear()


@pytest.mark.parametrize("row", ALL.values(), ids=ALL)
def test_bad_input_is_named_and_nothing_is_sent(desk: Desk, row: Bad) -> None:
    """Each says where it is, what is wrong and what would be right; no task is changed, and no secret told."""
    if isinstance(row.comes, str):
        result = row.act(desk)
        words = told(row.comes, result)
        shown = [words, repr(result), result._repr_html_()]
        if row.comes == "problem":
            with pytest.raises(tf.PlanError, match="drop_problems"):
                result.apply(confirm=len(result))
    else:
        with pytest.raises(row.comes) as caught:
            row.act(desk)
        assert type(caught.value) is row.comes
        words, shown = str(caught.value), [*texts(caught.value)]
    missing = [w for w in row.words if w not in words]
    assert not missing, f"the message does not say {missing}: {words}"
    assert desk.written == row.writes
    assert row.calls or not desk.sent
    assert not [secret for secret in desk.secrets for text in shown if secret in text]


def test_there_are_many_kinds() -> None:
    """The table is long, and no row is there twice under one name."""
    groups = (CONNECT, SETTINGS, LOAD, FRAMES, VALUES, CSV, PLANS, SAVED, REASSIGN, REPLIES)
    assert len(ALL) == sum(map(len, groups)) > 120


def test_names_from_a_generator_are_not_lost(desk: Desk) -> None:
    """A generator gives its names once only: what is picked, or left out, by one is what was meant."""
    tasks = desk.tasks()
    tasks.df["title"] = "new"
    first, second, *_ = tasks.df.index
    one = (i for i in [first])
    assert list(tasks.plan(ids=one, columns=(c for c in ["title"])).changes["id"]) == [first]
    plan = tasks.plan(ids=[first, second])
    assert list(plan.select(ids=(i for i in [second])).changes["id"]) == [second]
    assert list(plan.drop(ids=(i for i in [second])).changes["id"]) == [first]
    assert not len(plan.drop(columns=(c for c in ["title"])))
