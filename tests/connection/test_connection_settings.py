"""Settings: where they come from, which counts, and what is said when they can't be right."""

from __future__ import annotations

import time
from pathlib import Path
from typing import Any

import httpx
import numpy as np
import pandas as pd
import pytest
from pydantic import SecretStr

import taskframe as tf


@pytest.fixture
def config(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> Path:
    """A file of profiles, named by TASKFRAME_CONFIG."""
    path = tmp_path / "config.toml"
    monkeypatch.setenv("TASKFRAME_CONFIG", str(path))
    return path


def _token_used(box: tf.LocalSandbox, **options: Any) -> str:
    """The label of the key that a call goes out with."""
    with tf.connect("reload", base_url=box.settings("reload")["base_url"], progress=False, **options) as conn:
        conn.check()
    return str(box.log[-1].headers["authorization"])


def test_a_token_comes_from_the_argument_the_environment_or_a_profile(
    box: tf.LocalSandbox, config: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The argument counts most, then the environment, then the profile."""
    keys = {label: box["reload"].token(label=label) for label in ("argument", "environment", "profile", "named")}
    config.write_text(f'[reload]\ntoken = "{keys["profile"]}"\n[monday]\ntoken = "{keys["named"]}"\n', "utf-8")
    assert _token_used(box) == "<profile>"
    assert _token_used(box, profile="monday") == "<named>"
    monkeypatch.setenv("TASKFRAME_RELOAD_TOKEN", keys["environment"])
    assert _token_used(box) == "<environment>"
    assert _token_used(box, profile="monday") == "<environment>"
    assert _token_used(box, token=keys["argument"]) == "<argument>"
    assert _token_used(box, token=SecretStr(keys["argument"])) == "<argument>"
    assert _token_used(box, token=lambda: keys["argument"]) == "<argument>"
    monkeypatch.setenv("TASKFRAME_RELOAD_TOKEN", "")  # as good as none
    assert _token_used(box) == "<profile>"


def test_the_address_has_the_same_sources(box: tf.LocalSandbox, config: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """base_url: the documented one, unless a profile, the environment or an argument says otherwise."""
    ours = box.settings("reload")["base_url"]
    config.touch()
    with tf.connect("reload", token="t") as conn:
        assert conn.base_url == "https://api.reload.chat"
    config.write_text('[reload]\nbase_url = "https://profile.example/x/"\n', "utf-8")
    with tf.connect("reload", token="t") as conn:
        assert conn.base_url == "https://profile.example/x"
    monkeypatch.setenv("TASKFRAME_RELOAD_BASE_URL", "https://environment.example")
    with tf.connect("reload", token="t") as conn:
        assert conn.base_url == "https://environment.example"
    with tf.connect("reload", token="t", base_url=ours) as conn:
        assert conn.base_url == ours
    with tf.connect("reload", token="t", base_url=None) as conn:  # what is left out may be left out as None
        assert conn.base_url == "https://environment.example"


WRONG = [
    ({}, "needs a token.*TASKFRAME_RELOAD_TOKEN"),
    ({"token": ""}, "token is empty"),
    ({"token": "  "}, "token is empty"),
    ({"token": "a b\n"}, "strip"),
    ({"token": 5}, "string or a callable"),
    ({"token": b"t"}, "string or a callable"),
    ({"token": "t", "profile": "monday"}, r"no profile \[monday\]"),
    ({"token": "t", "base_url": 5}, "base_url"),
    ({"token": "t", "base_url": ""}, "base_url"),
    ({"token": "t", "base_url": "http://api.reload.chat"}, "must be https"),
    ({"token": "t", "base_url": "http://192.168.0.1"}, "must be https"),
    ({"token": "t", "base_url": "ftp://api.reload.chat"}, "base_url"),
    ({"token": "t", "base_url": "https://u:p@api.reload.chat"}, "user name or password"),
    ({"token": "t", "timout": 3}, "'timeout'"),
    ({"token": "t", "baseurl": "https://x"}, "'base_url'"),
    ({"tokne": "t"}, "'token'"),
    ({"token": "t", "zzz": 3}, "There are: base_url, token"),
    ({"token": "t", "timeout": 0}, "timeout="),
    ({"token": "t", "timeout": -1}, "timeout="),
    ({"token": "t", "timeout": "30"}, "timeout="),
    ({"token": "t", "timeout": None}, "timeout="),
    ({"token": "t", "timeout": float("nan")}, "timeout="),
    ({"token": "t", "timeout": float("inf")}, "timeout="),
    ({"token": "t", "timeout": True}, "timeout="),
    ({"token": "t", "concurrency": 0}, "concurrency="),
    ({"token": "t", "concurrency": 2.5}, "whole number"),
    ({"token": "t", "max_wait": -3}, "max_wait="),
    ({"token": "t", "rate": 60}, "tf.Limit"),
    ({"token": "t", "rate": (60, 60)}, "tf.Limit"),
    ({"token": "t", "rate": "60/m"}, "tf.Limit"),
    ({"token": "t", "progress": "yes"}, "progress="),
    ({"token": "t", "progress": None}, "progress="),
    ({"token": "t", "people": ["Ada"]}, "people"),
]


@pytest.mark.parametrize(("options", "words"), WRONG, ids=lambda v: str(v)[:40])
def test_what_cannot_be_right_is_said_at_once(options: dict[str, Any], words: str) -> None:
    """SettingsError names the option and the way out; it is a ValueError too."""
    with pytest.raises(tf.SettingsError, match=words) as caught:
        tf.connect("reload", **options)
    assert isinstance(caught.value, ValueError)
    assert "pydantic" not in str(caught.value)


@pytest.mark.parametrize("service", ["rleoad", "", None, 3, "Reload"])
def test_an_unknown_service_names_the_known(service: Any) -> None:
    """Those that are installed are listed."""
    with pytest.raises(tf.SettingsError, match="reload"):
        tf.connect(service, token="t")


@pytest.mark.parametrize(
    ("text", "words"),
    [
        ("[reload", "not TOML"),
        ('[reload]\ntokn = "x"', "'token'"),
        ('reload = "x"', r"write \[reload\]"),
        ("[reload]\ntoken = 5", "token"),
    ],
)
def test_a_broken_profile_is_named_with_its_file(config: Path, text: str, words: str) -> None:
    """SettingsError says what is wrong with it."""
    config.write_text(text, "utf-8")
    with pytest.raises(tf.SettingsError, match=words):
        tf.connect("reload")


def test_a_config_that_is_named_and_not_there_is_an_error(config: Path) -> None:
    """TASKFRAME_CONFIG with a typo is not as good as none; a missing default file is."""
    with pytest.raises(tf.SettingsError, match=r"no such file.*TASKFRAME_CONFIG"):
        tf.connect("reload", token="t")
    config.write_bytes(b"\xff\xfe")
    with pytest.raises(tf.SettingsError, match="UTF-8"):
        tf.connect("reload", token="t")


def test_the_default_config_may_be_missing(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Nobody needs a file."""
    monkeypatch.delenv("TASKFRAME_CONFIG")
    monkeypatch.setenv("XDG_CONFIG_HOME", str(tmp_path))
    monkeypatch.setenv("HOME", str(tmp_path))
    tf.connect("reload", token="t").close()


def test_sensible_numbers_are_taken(box: tf.LocalSandbox) -> None:
    """Limits one or several or none, and any number type."""
    for rate in (tf.Limit(60, per=60), [tf.Limit(60, per=60), tf.Limit(5, per=1)], (), iter([tf.Limit(9, per=1)])):
        with box.connect("reload", rate=rate, timeout=np.float64(3), concurrency=1, progress=False) as conn:
            assert len(conn.load(limit=1)) == 1


# tokens that come from a callable


def test_a_callable_is_asked_when_it_is_needed(box: tf.LocalSandbox) -> None:
    """Sync or async; not before the first call, and again when the service does not take the token any more."""
    reload = box["reload"]
    for kind in ("sync", "async"):
        keys = [reload.token(label="old"), reload.token(label="new")]
        asked: list[str] = []

        def sync(keys: list[str] = keys, asked: list[str] = asked) -> str:
            asked.append(keys[min(len(asked), 1)])
            return asked[-1]

        async def asynchronous(sync: Any = sync) -> SecretStr:
            return SecretStr(sync())

        with box.connect("reload", token=sync if kind == "sync" else asynchronous, progress=False) as conn:
            assert asked == []
            tasks = conn.load()
            assert asked == keys[:1]
            reload.revoke(keys[0])
            tasks.df["description"] = f"written with the new token, {kind}"
            assert tasks.plan().apply(confirm=300).ok
            assert asked == keys
        assert box.log[-1].headers["authorization"] == "<new>"


def test_a_callable_that_fails_is_an_auth_error(box: tf.LocalSandbox) -> None:
    """The user's own error is the cause."""

    def broken() -> str:
        raise KeyError("no such secret in the vault")

    with (
        box.connect("reload", token=broken, progress=False) as conn,
        pytest.raises(tf.AuthError, match="KeyError") as caught,
    ):
        conn.load()
    assert isinstance(caught.value.__cause__, KeyError)
    assert len(box.log) == 0


# check


def test_check_gives_the_account(box: tf.LocalSandbox, conn: tf.Connection) -> None:
    """One read, nothing written; the account is then known."""
    assert "workspaceId" not in repr(conn)
    assert conn.check() == {"workspaceId": box["reload"].workspace}
    assert [(r.method, r.path) for r in box.log] == [("GET", "/v1/agent/list-tasks")]
    assert box["reload"].workspace in repr(conn)


def test_check_finds_bad_credentials(box: tf.LocalSandbox) -> None:
    """Wrong, revoked, expired, or without task-read: AuthError, at once. Without task-write reading is well."""
    reload = box["reload"]
    revoked = reload.token()
    reload.revoke(revoked)
    bad = ["rl_sk_of_nobody", revoked, reload.token(expires_in=-1), reload.token(scopes=["task-write"])]
    for token in bad:
        with box.connect("reload", token=token) as conn, pytest.raises(tf.AuthError) as caught:
            conn.check()
        assert isinstance(caught.value, PermissionError)
        assert token not in str(caught.value)
    assert len(box.log) == len(bad)
    with box.connect("reload", token=reload.token(scopes=["task-read"]), progress=False) as conn:
        assert conn.check()
        tasks = conn.load(limit=1)
        tasks.df["status"] = "blocked" if tasks.df["status"].iloc[0] != "blocked" else "todo"
        report = tasks.plan().apply()
    assert report.counts == {"failed": 1}
    assert "task-write" in report.outcomes["detail"].iloc[0]


def test_nobody_listens(free_port: int) -> None:
    """Fast and clear: what was asked, and that no connection could be made."""
    with tf.connect("reload", token="t", base_url=f"http://127.0.0.1:{free_port}") as conn:
        started = time.monotonic()
        with pytest.raises(tf.ServiceError, match="no connection could be made") as caught:
            conn.check()
        assert time.monotonic() - started < 5
    assert caught.value.status_code is None
    assert str(free_port) in str(caught.value)


@pytest.mark.parametrize(
    ("status", "body", "error", "words"),
    [
        (200, b"<html><title>Log in</title>", tf.ProtocolError, "not JSON"),
        (200, b"", tf.ProtocolError, "empty"),
        (200, b"[]", tf.ProtocolError, "makes no sense"),
        (200, b'{"hello": "world"}', tf.ProtocolError, "no `data`"),
        (404, b"<html>not found", tf.ServiceError, "base_url"),
        (302, b"", tf.ServiceError, "redirect"),
        (500, b"<html>oops", tf.ServiceError, "500"),
    ],
)
def test_a_server_that_is_not_reload(status: int, body: bytes, error: type[Exception], words: str) -> None:
    """Said at once, with the beginning of what it answered or the way out."""
    transport = httpx.MockTransport(lambda _: httpx.Response(status, content=body, headers={"location": "/login"}))
    with (
        tf.connect("reload", token="t", base_url="https://example.com", transport=transport) as conn,
        pytest.raises(error, match=words),
    ):
        conn.check()


def test_an_empty_workspace_has_no_account_yet() -> None:
    """The credentials are good all the same."""
    with tf.sandbox(tasks=0, services=["reload"]) as box, box.connect("reload") as conn:
        assert conn.check() == {}


@pytest.fixture
def free_port() -> int:
    """A port of this machine on which nobody listens."""
    import socket

    with socket.socket() as taken:
        taken.bind(("127.0.0.1", 0))
        return int(taken.getsockname()[1])


def test_seconds_for_is_what_the_limits_make_of_calls(box: tf.LocalSandbox) -> None:
    """The preview says how long a plan takes at the known rate, and nothing where none is known."""
    with box.connect("reload", rate=[tf.Limit(10, per=1), tf.Limit(60, per=60)], progress=False) as conn:
        assert conn.seconds_for(600) == pytest.approx(600)
        tasks = conn.load()
        tasks.df["title"] = "the same"
        assert "minutes" in repr(tasks.plan())
    with box.connect("reload", progress=False) as conn:
        assert conn.seconds_for(600) is None


def test_people_at_connect(box: tf.LocalSandbox) -> None:
    """`people=` takes what `conn.people =` takes."""
    with box.connect("reload", people=pd.DataFrame({"id": ["u_1"], "name": ["Ada"]})) as conn:
        assert conn.person_id("ada") == "u_1"
