"""Bad profiles and variables, and what Kore and Pragmatiks ask of a connection."""

from __future__ import annotations

from typing import Any

from bad_desk import SECRET, Bad, Desk, bad

import taskframe as tf

WRONG = tf.SettingsError


def _check(desk: Desk, token: Any, service: str) -> Any:
    desk.secrets.append(token)
    return desk.connect(service, token=token).check()


def _with_file(text: str | bytes, **options: Any) -> Any:
    def act(desk: Desk) -> Any:
        desk.toml(text)
        return desk.connect(token=..., **options)

    return act


def _no_file(desk: Desk) -> Any:
    desk.setenv("TASKFRAME_CONFIG", str(desk.folder / "gone.toml"))
    return desk.connect(token=...)


def _folder(desk: Desk) -> Any:
    desk.setenv("TASKFRAME_CONFIG", str(desk.folder))
    return desk.connect(token=...)


def _wrong_environment(desk: Desk) -> Any:
    desk.setenv("TASKFRAME_KORE_ENFORCE_JTI", "perhaps")
    return desk.connect("kore", enforce_jti=...)


def _two(kore: dict[str, Any]) -> Any:
    return lambda desk: desk.connect("kore", **kore)


SETTINGS: list[Bad] = [
    # profiles
    bad(
        "a profile that there is not",
        _with_file("[reload]\n[monday]\n", profile="mondy"),
        WRONG,
        "config.toml",
        "no profile [mondy]",
        "'monday'",
    ),
    bad("a file that is no TOML", _with_file("[reload\n"), WRONG, "config.toml", "not TOML", "line 1"),
    bad("a file that is not UTF-8", _with_file(b"[reload]\ntoken = '\xff'"), WRONG, "config.toml", "not UTF-8"),
    bad("a profile that is no table", _with_file(f"reload = '{SECRET}'"), WRONG, "config.toml", "write [reload]"),
    bad(
        "a profile with a typo",
        _with_file(f"[reload]\ntokn = '{SECRET}'"),
        WRONG,
        "config.toml, [reload]",
        "'tokn'",
        "'token'",
    ),
    bad(
        "a profile with a number for a token",
        _with_file("[reload]\ntoken = 5"),
        WRONG,
        "config.toml, [reload]",
        "token",
        "string",
    ),
    bad("a file that is not there", _no_file, WRONG, "gone.toml", "no such file", "TASKFRAME_CONFIG"),
    bad("a folder for a file", _folder, WRONG, "directory"),
    # Kore
    bad(
        "Kore without a stream",
        _two({"stream_id": ...}),
        WRONG,
        "stream_id is missing",
        "stream_id=…",
        "TASKFRAME_KORE_STREAM_ID",
    ),
    bad(
        "Kore without an account",
        _two({"account_id": ...}),
        WRONG,
        "account_id is missing",
        "TASKFRAME_KORE_ACCOUNT_ID",
    ),
    bad("Kore with a blank account", _two({"account_id": " "}), WRONG, "account_id", "not empty"),
    bad("Kore without an address", _two({"base_url": ...}), WRONG, "host='platform.kore.ai'", "base_url='https://…'"),
    bad(
        "Kore with two hosts",
        _two({"base_url": "https://a.kore.ai", "host": "b.kore.ai"}),
        WRONG,
        "base_url and host",
        "leave one of them out",
    ),
    bad(
        "Kore with the address of another stream",
        _two({"base_url": "https://a.kore.ai/caseManagement/api/public/analytics/st-other"}),
        WRONG,
        "another stream",
        "stream_id=",
    ),
    bad(
        "Kore with a client id alone",
        _two({"client_secret": ...}),
        WRONG,
        "client_id and client_secret go together",
        "or a token",
    ),
    bad(
        "Kore with a client secret alone",
        _two({"client_id": ...}),
        WRONG,
        "client_id and client_secret go together",
        "or a token",
    ),
    bad(
        "Kore without token and client",
        _two({"client_id": ..., "client_secret": ...}),
        WRONG,
        "Kore needs a token",
        "client_id=",
        "client_secret=",
        "TASKFRAME_KORE_TOKEN",
    ),
    bad(
        "Kore with one token for calls that want one each",
        _two({"client_id": ..., "client_secret": ..., "token": SECRET, "enforce_jti": True}),
        WRONG,
        "enforce_jti=True",
        "client_id and client_secret",
    ),
    bad(
        "Kore with a callable token and a client secret",
        _two({"token": lambda: SECRET}),
        WRONG,
        "Kore takes a token, or makes its own",
        "leave one out",
    ),
    bad("Kore over http", _two({"base_url": "http://platform.kore.ai"}), WRONG, "base_url", "https"),
    bad("Kore with perhaps", _wrong_environment, WRONG, "TASKFRAME_KORE_ENFORCE_JTI", "boolean"),
    bad(
        "Kore with a wrong secret",
        lambda d: d.connect("kore", client_secret=SECRET).check(),
        tf.AuthError,
        "getTasks",
        calls=True,
    ),
    # Pragmatiks
    bad(
        "Pragmatiks without a token",
        lambda d: d.connect("pragmatiks", token=...),
        WRONG,
        "Pragmatiks needs a token",
        "TASKFRAME_PRAGMATIKS_TOKEN",
    ),
    bad("Pragmatiks with a typo", lambda d: d.connect("pragmatiks", base_ulr="x"), WRONG, "'base_ulr'", "'base_url'"),
    bad(
        "Pragmatiks with a token that expired",
        lambda d: _check(d, d.box["pragmatiks"].token(expires_in=-10), "pragmatiks"),
        tf.AuthError,
        "GET /agents/tasks/",
        calls=True,
    ),
]
