"""Who we are to Kore: ready tokens, tokens made of the client's secret, tokens that end."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest

import taskframe as tf
from tests.apply.verify_stage import staged


def _shown(box: tf.LocalSandbox) -> list[str]:
    """The token of each call, as the log shows it: its app and its jti."""
    return [record.headers["auth"] for record in box.log.calls("kore")]


def test_each_attempt_has_a_jti_of_its_own(box: tf.LocalSandbox) -> None:
    """Where the app enforces it: loads, reads ahead of writes, writes and their retries, none is used twice."""
    box["kore"].enforce_jti = True
    with box.connect("kore", progress=False) as conn:
        tasks = conn.load()
        tasks.df["name"] = [f"ours {n}" for n in range(len(tasks))]
        box.faults.add("500", times=8, match="/updateTask/")
        box.faults.add("drop", times=4, match="/updateTask/")
        box.faults.add("drop-after", times=4, match="/updateTask/")
        box.faults.add("429", times=2, match="/updateTask/", retry_after=0)
        box.faults.add("503", times=2, match="/getTasks", retry_after=0)
        plan = tasks.plan()
        report = plan.apply(confirm=len(plan))
    assert report.counts == {"applied": len(tasks)}
    assert report.outcomes["attempts"].max() > 1
    shown = _shown(box)
    assert len(shown) > len(tasks) + 16
    assert len(set(shown)) == len(shown)
    assert 401 not in {r.status for r in box.log.calls("kore")}


def test_a_token_that_was_spent_is_not_taken(box: tf.LocalSandbox) -> None:
    """The sandbox does enforce it: a ready token is good for one call there, and taskframe says so beforehand."""
    box["kore"].enforce_jti = True
    box["kore"].ready_token = True
    token = box["kore"].token(expires_in=600)
    with box.connect("kore", progress=False, token=token) as conn, pytest.raises(tf.AuthError, match="used before"):
        conn.load()
    with pytest.raises(tf.SettingsError, match="client_id and client_secret"):
        box.connect("kore", enforce_jti=True)


def test_minted_tokens_do_not_grow_old() -> None:
    """A run of many hours: each token is made when it goes out, so that none has ended."""
    with staged("kore", tasks=30, factor=3_000) as stage:
        stage.server.enforce_jti = True
        stage.server.leeway = 2_000  # a quarter of an hour is 0.3 s of ours; with this, still less than a wait of 3,600
        frame = stage.edited(rate=[tf.Limit(10, per=3_600)], timeout=3_600)
        report = stage.apply(frame)
        assert report.counts == {"applied": 30}
        at = [r.at for r in stage.box.log.calls("kore")]
        assert at[-1] - at[0] > 2 * 3_600
        assert 401 not in {r.status for r in stage.box.log.calls("kore")}


def test_a_ready_token_does_as_long_as_it_is_good(box: tf.LocalSandbox) -> None:
    """Then AuthError, with what to do and without the token; nothing of a plan is lost."""
    box["kore"].ready_token = True
    token = box.settings("kore")["token"]
    with box.connect("kore", progress=False, token=token) as conn:
        tasks = conn.load(limit=20)
        tasks.df["name"] = "ours"
        plan = tasks.plan()
        box["kore"].revoke(token)
        report = plan.apply()
        assert set(report.counts) <= {"failed", "skipped"}
        assert report.counts["skipped"] > 0
        assert not box.log.writes()
        with pytest.raises(tf.AuthError) as error:
            conn.load()
        assert token not in "".join(map(str, (error.value, report, report.outcomes.to_string())))


def test_a_callable_is_asked_again_when_its_token_has_ended() -> None:
    """In the middle of a run: one renewal for all workers, and each task is written once."""
    with staged("kore", tasks=60, factor=1_000) as stage:
        asked: list[str] = []

        def fresh() -> str:
            asked.append(stage.server.token(expires_in=3_600))
            return asked[-1]

        stage.server.ready_token = True
        given = {"client_id": None, "client_secret": None}
        frame = stage.edited(token=fresh, rate=[tf.Limit(20, per=1_800)], timeout=3_600, **given)
        assert len(asked) == 1
        report = stage.apply(frame)
        assert report.counts == {"applied": 60}
        at = [r.at for r in stage.box.log.calls("kore")]
        assert 2 <= len(asked) <= 2 + (at[-1] - at[0]) // 3_600
        assert len([r for r in stage.box.log if r.after]) == 60


def test_of_a_token_and_a_secret_one_is_left_out(box: tf.LocalSandbox) -> None:
    """A callable beside a client secret is SettingsError: which of them should it be?"""
    settings = box.settings("kore")
    asked: list[int] = []

    def fresh() -> str:
        asked.append(1)
        return "t"

    with pytest.raises(tf.SettingsError, match="leave one out"):
        tf.connect("kore", **{**settings, "token": fresh})
    with pytest.raises(tf.SettingsError, match="go together"):
        tf.connect("kore", **{name: v for name, v in settings.items() if name != "client_id"})
    with pytest.raises(tf.SettingsError, match="token"):
        tf.connect("kore", **{name: v for name, v in settings.items() if not name.startswith("client")})
    assert not asked
    assert not box.log.calls("kore")


def test_a_wrong_secret_is_an_auth_error_that_does_not_tell_it(box: tf.LocalSandbox) -> None:
    """Neither the secret nor the token that was made of it, in any text or local of the traceback."""
    secret = "not-the-secret-of-this-app-" + "0123456789abcdef" * 2
    with box.connect("kore", progress=False, client_secret=secret) as conn:
        for ask in (conn.check, conn.load):
            with pytest.raises(tf.AuthError) as error:
                ask()
            told = [str(error.value), repr(error.value), repr(conn), str(conn)]
            trace: Any = error.tb
            while trace is not None:
                if (
                    "taskframe" in trace.tb_frame.f_code.co_filename
                    and "tests" not in trace.tb_frame.f_code.co_filename
                ):
                    told += [repr(value) for value in trace.tb_frame.f_locals.values()]
                trace = trace.tb_next
            text = "\n".join(told)
            assert secret not in text
            assert "eyJ" not in text
            assert "credentials" in str(error.value)
    assert len(box.log.calls("kore")) == 2


def test_an_app_may_be_taken_back_in_the_middle_of_a_run(box: tf.LocalSandbox) -> None:
    """It stops in order: what was not sent is `skipped`, and a retry later goes through."""
    with box.connect("kore", progress=False, concurrency=4) as conn:
        tasks = conn.load(limit=40)
        tasks.df["name"] = [f"ours {n}" for n in range(40)]
        box.faults.add("401", times=None, match="/updateTask/", after=10)
        report = tasks.plan().apply()
        assert report.counts["applied"] == 10
        assert report.counts["applied"] + report.counts.get("failed", 0) + report.counts["skipped"] == 40
        assert report.stopped
        box.faults.clear()
        assert report.retry().apply().ok
    held = {box["kore"].task(task)["name"] for task in tasks.df.index}
    assert held == {f"ours {n}" for n in range(40)}
    assert len(box.log.writes()) == 40


def test_whom_a_minted_token_stands_for(box: tf.LocalSandbox) -> None:
    """`sub`: a person of the account by id or address; then `mytask` means their tasks."""
    person = box["kore"].people[2]
    theirs = {t["_id"] for t in box["kore"].tasks() if t["currAssignee"].get("_id") == person["_id"]}
    assert theirs
    for sub in (person["_id"], person["emailId"]):
        with box.connect("kore", progress=False, sub=sub) as conn:
            mine = conn.load(mytask=True)
            assert set(mine.df.index) == theirs
            mine.df["dueDate"] = pd.Timestamp("2027-01-01", tz="UTC")
            assert mine.plan().apply(confirm=len(mine)).counts.keys() <= {"applied", "unchanged"}
    assert {box["kore"].task(t)["updatedBy"]["_id"] for t in theirs} == {person["_id"]}
