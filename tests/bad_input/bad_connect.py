"""Bad options of `tf.connect`, a bad address, and credentials that are not taken."""

from __future__ import annotations

from typing import Any

import httpx
import pandas as pd
from bad_desk import SECRET, Bad, Desk, bad

import taskframe as tf


def _fails() -> str:
    raise KeyError("no such entry in the vault")


def _check(desk: Desk, token: Any, service: str = "reload") -> Any:
    desk.secrets += [token] if isinstance(token, str) and token.strip() else []
    return desk.connect(service, token=token).check()


def _people(table: Any) -> Any:
    return lambda desk: desk.connect(people=table)


def _token(token: Any) -> Any:
    def act(desk: Desk) -> Any:
        desk.secrets += [token] if isinstance(token, str) and token.strip() else []
        return desk.connect(token=token)

    return act


WRONG = tf.SettingsError

CONNECT: list[Bad] = [
    # which service
    bad("a service with a typo", lambda _: tf.connect("relaod", token=SECRET), WRONG, "'relaod'", "'reload'"),
    bad("a service in capitals", lambda _: tf.connect("Reload", token=SECRET), WRONG, "'Reload'", "'reload'"),
    bad("no service", lambda _: tf.connect(None, token=SECRET), WRONG, "None", "Known: ", "reload"),
    # options
    bad("an option with a typo", lambda d: d.connect(timeuot=3), WRONG, "'timeuot'", "'timeout'"),
    bad("a setting with a typo", lambda d: d.connect(baseurl="x"), WRONG, "'baseurl'", "'base_url'"),
    bad(
        "an option of another service",
        lambda d: d.connect(stream_id="st-1"),
        WRONG,
        "Reload",
        "'stream_id'",
        "There are: base_url, token",
    ),
    bad("a secret under a wrong name", lambda d: d.connect(tokn=SECRET), WRONG, "'tokn'", "'token'"),
    bad("a timeout of nothing", lambda d: d.connect(timeout=0), WRONG, "timeout=", "above 0", "not 0"),
    bad("a timeout of text", lambda d: d.connect(timeout="30 s"), WRONG, "timeout=", "number", "'30 s'"),
    bad("a timeout of NaN", lambda d: d.connect(timeout=float("nan")), WRONG, "timeout=", "nan"),
    bad("half a call at once", lambda d: d.connect(concurrency=2.5), WRONG, "concurrency=", "whole number", "2.5"),
    bad("True calls at once", lambda d: d.connect(concurrency=True), WRONG, "concurrency=", "True"),
    bad("a wait below nothing", lambda d: d.connect(max_wait=-1), WRONG, "max_wait=", "-1"),
    bad("a rate that is a number", lambda d: d.connect(rate=60), WRONG, "rate=", "tf.Limit(60, per=60)"),
    bad("a rate in words", lambda d: d.connect(rate=["60/min"]), WRONG, "rate=", "tf.Limit(60, per=60)", "'60/min'"),
    bad("a limit of no calls", lambda d: d.connect(rate=tf.Limit(0, per=60)), WRONG, "at least 1", "Limit(0, per=60)"),
    bad("a limit in no time", lambda d: d.connect(rate=tf.Limit(1, per=0)), WRONG, "seconds", "Limit(1, per=0)"),
    bad(
        "progress in words", lambda d: d.connect(progress="yes"), WRONG, "progress=", "True, False or a class", "'yes'"
    ),
    bad("a sync client", lambda d: d.connect(client=httpx.Client()), WRONG, "client=", "httpx.AsyncClient"),
    bad("a client that is none", lambda d: d.connect(client=object()), WRONG, "client=", "httpx.AsyncClient", "object"),
    bad(
        "a sync transport",
        lambda d: d.connect(transport=httpx.HTTPTransport()),
        WRONG,
        "transport=",
        "AsyncHTTPTransport",
    ),
    bad("a transport that is none", lambda d: d.connect(transport="aiohttp"), WRONG, "transport=", "async send", "str"),
    bad(
        "a client and a transport",
        lambda d: d.connect(client=httpx.AsyncClient(), transport=httpx.AsyncHTTPTransport()),
        WRONG,
        "client= or transport=, not both",
    ),
    bad("a list of people", _people(["Ada"]), WRONG, "people", "id", "list"),
    bad("people without ids", _people(pd.DataFrame({"name": ["Ada"]})), WRONG, "people", "column 'id'", "name"),
    bad("one id for two people", _people(pd.DataFrame({"id": ["u_1", "u_1"]})), WRONG, "people", "each id", "'u_1'"),
    bad("somebody whose id is null", _people(pd.DataFrame({"id": ["u_1", None]})), WRONG, "people", "needs an id"),
    # the address
    bad(
        "http to a public host",
        lambda d: d.connect(base_url="http://api.reload.chat"),
        WRONG,
        "base_url",
        "https",
        "http://api.reload.chat",
    ),
    bad(
        "an address without a scheme",
        lambda d: d.connect(base_url="api.reload.chat"),
        WRONG,
        "base_url",
        "'https://api.example.com'",
        "'api.reload.chat'",
    ),
    bad(
        "an address with a query",
        lambda d: d.connect(base_url="https://api.reload.chat?key=1"),
        WRONG,
        "base_url",
        "without “?”",
    ),
    bad(
        "an address with a password",
        lambda d: d.connect(base_url=f"https://ada:{SECRET}@api.reload.chat"),
        WRONG,
        "base_url",
        "user name or password",
        "leave it out",
    ),
    bad(
        "an address with a space",
        lambda d: d.connect(base_url="https://api.reload.chat/v 1"),
        WRONG,
        "base_url",
        "percent-encoded",
    ),
    bad(
        "an address of another protocol",
        lambda d: d.connect(base_url="ftp://api.reload.chat"),
        WRONG,
        "base_url",
        "https://",
    ),
    bad("an address that is a number", lambda d: d.connect(base_url=8080), WRONG, "reload", "base_url", "string"),
    bad(
        "an address where nobody listens",
        lambda d: d.connect(base_url="http://127.0.0.1:9").check(),
        tf.ServiceError,
        "GET /v1/agent/list-tasks",
        "127.0.0.1:9",
        "no connection",
    ),
    # who we are
    bad("no token", lambda d: d.connect(token=...), WRONG, "Reload needs a token", "token=", "TASKFRAME_RELOAD_TOKEN"),
    bad("an empty token", _token(""), WRONG, "token", "is empty"),
    bad("a blank token", _token("   "), WRONG, "token", "is empty"),
    bad(
        "a token with a line break behind it", _token(f"{SECRET}\n"), WRONG, "token", "line break around it", "strip()"
    ),
    bad("a token with a line break in it", _token(f"{SECRET}\nx"), WRONG, "token", "line break"),
    bad("a token with a quote from a text editor", _token(f"“{SECRET}”"), WRONG, "token", "quote from a text editor"),
    bad("a token that is a number", _token(5), WRONG, "token", "a string or a callable", "int"),
    bad("a token of bytes", _token(SECRET.encode()), WRONG, "token", "a string or a callable", "bytes"),
    bad(
        "a callable that raises", lambda d: d.connect(token=_fails).load(), tf.AuthError, "no token", "raised KeyError"
    ),
    bad(
        "a callable that gives nothing",
        lambda d: d.connect(token=lambda: None).load(),
        tf.AuthError,
        "no token",
        "gave None",
    ),
    bad(
        "a callable that gives an empty token",
        lambda d: d.connect(token=lambda: "").load(),
        tf.AuthError,
        "from the callable",
        "is empty",
    ),
    bad(
        "a callable that gives a line break",
        lambda d: d.connect(token=lambda: f"{SECRET}\n").load(),
        tf.AuthError,
        "from the callable",
        "strip()",
    ),
    bad("a token of nobody", lambda d: _check(d, SECRET), tf.AuthError, "GET /v1/agent/list-tasks", calls=True),
    bad(
        "an expired token",
        lambda d: _check(d, d.box["reload"].token(expires_in=-1)),
        tf.AuthError,
        "GET /v1/agent/list-tasks",
        calls=True,
    ),
    bad(
        "a token that may not read",
        lambda d: _check(d, d.box["reload"].token(scopes=["task-write"])),
        tf.AuthError,
        "task-read",
        calls=True,
    ),
    bad(
        "a load with a token of nobody",
        lambda d: d.connect(token=SECRET).load(),
        tf.AuthError,
        "GET /v1/agent/list-tasks",
        calls=True,
    ),
]
