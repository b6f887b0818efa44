"""Replies that make no sense: of reads, which are errors, and of writes, which are outcomes.

A write that the server carried out and answered badly is settled by reading the task: it is told as applied, once. One
that it did not carry out is told as failed.
"""

from __future__ import annotations

import gzip
from collections.abc import Callable
from typing import Any

import httpx
from bad_desk import MAX_BODY, Bad, Desk, bad

import taskframe as tf
from taskframe.engine.httpx_transport import HttpxTransport

WRONG = tf.ProtocolError
UPDATE = {"reload": "/update-task", "kore": "/updateTask/", "pragmatiks": "/agents/tasks/"}
LIST = {"reload": "/list-tasks", "kore": "/getTasks", "pragmatiks": "/agents/tasks/"}


def _load(kind: str, service: str = "reload", **params: Any) -> Callable[[Desk], Any]:
    """A load in which every reply is spoilt so."""

    def act(desk: Desk) -> Any:
        desk.box.faults.add(kind, times=None, match=LIST[service], **params)
        return desk.hasty(service, max_wait=600.0).load()

    return act


def _apply(kind: str, service: str = "reload", *, times: int | None = 1, **params: Any) -> Callable[[Desk], Any]:
    """A write of one task whose reply is spoilt so."""

    def act(desk: Desk) -> tf.Report:
        plan = desk.edited(service)
        update = UPDATE[service]
        desk.box.faults.add(kind, times=times, match=lambda c: update in c.path and c.method != "GET", **params)
        return plan.apply()

    return act


def _answers(status: int, body: bytes, **headers: str) -> Callable[[Desk], Any]:
    """A server that answers so, whatever it is asked."""

    def act(desk: Desk) -> Any:
        server = httpx.MockTransport(lambda _: httpx.Response(status, headers=headers, stream=httpx.ByteStream(body)))
        client = httpx.AsyncClient(transport=server)
        return desk.hasty(transport=HttpxTransport(client, owned=False, max_body=MAX_BODY)).load()

    return act


LOGIN = b"<html><title>Log in</title>"
GET = "GET /v1/agent/list-tasks"

REPLIES: list[Bad] = [
    # to reads
    bad(
        "a login page at 200",
        _load("html"),
        WRONG,
        GET,
        "makes no sense",
        "not JSON",
        "<html",
        "after 6 attempts",
        calls=True,
    ),
    bad("half of the JSON", _load("cut"), WRONG, GET, "makes no sense", "not JSON", calls=True),
    bad("half of the reply", _load("cut-socket"), tf.ServiceError, GET, "after 6 attempts", calls=True),
    bad("no reply", _load("drop"), tf.ServiceError, GET, "after 6 attempts", calls=True),
    bad("JSON of another shape", _load("wrong-shape"), WRONG, GET, "makes no sense", calls=True),
    bad(
        "a success that says that it failed",
        _load("unsuccessful"),
        tf.ServiceError,
        GET,
        "after 6 attempts",
        calls=True,
    ),
    bad("a reply without an end", _load("endless"), WRONG, GET, "more than", "bytes", calls=True),
    bad("an error of the server", _load("500"), tf.ServiceError, GET, "after 6 attempts", calls=True),
    bad(
        "a server that is always busy", _load("429", retry_after=3600), tf.ServiceError, GET, "max_wait=600", calls=True
    ),
    bad(
        "a task without an id",
        _load("wrong-shape", body=b'{"data": [{"id": "", "version": 1}]}'),
        WRONG,
        "an empty id",
        "$.data[0].id",
        calls=True,
    ),
    bad(
        "a version that is none",
        _load("wrong-shape", body=b'{"data": [{"id": "t", "version": 1.5}]}'),
        WRONG,
        "$.data[0].version",
        "1.5",
        calls=True,
    ),
    bad(
        "a title that is a number",
        _load("wrong-shape", body=b'{"data": [{"id": "t", "version": 1, "title": 5}]}'),
        WRONG,
        "$.data[0].title",
        "str",
        calls=True,
    ),
    bad(
        "a time that is none",
        _load("wrong-shape", body=b'{"data": [{"id": "t", "version": 1, "dueAt": "soon"}]}'),
        WRONG,
        "task t",
        "dueAt",
        "'soon'",
        calls=True,
    ),
    bad(
        "a redirect",
        _answers(302, b"", location="https://login.example.com/"),
        tf.ServiceError,
        GET,
        "a redirect to https://login.example.com/",
        "Is base_url right?",
    ),
    bad(
        "an address that is not Reload's",
        _answers(404, LOGIN),
        tf.ServiceError,
        GET,
        "no Reload at this address",
        "Is base_url right?",
    ),
    bad(
        "a page of HTML as JSON",
        _answers(200, LOGIN, **{"content-type": "application/json"}),
        WRONG,
        "not JSON",
        "<html",
    ),
    bad("JSON as HTML", _answers(200, b"[]", **{"content-type": "text/html"}), WRONG, GET, "makes no sense"),
    bad("an empty reply", _answers(200, b""), WRONG, GET, "it is empty"),
    bad(
        "a reply that is no gzip",
        _answers(200, b"this is no gzip at all", **{"content-encoding": "gzip"}),
        WRONG,
        GET,
        "the reply can't be decoded",
    ),
    bad(
        "a gzip bomb",
        _answers(200, gzip.compress(bytes(8 << 20)), **{"content-encoding": "gzip"}),
        WRONG,
        GET,
        "more than",
        "bytes",
    ),
    bad(
        "words that act on a terminal",
        _answers(400, b'{"error": {"message": "\x1b[2Jgone"}}'.replace(b"\x1b", b"\\u001b")),
        tf.ServiceError,
        "\\x1b[2Jgone",
    ),
    bad("Kore: a login page at 200", _load("html", "kore"), WRONG, "getTasks", "not JSON", "<html", calls=True),
    bad("Kore: JSON of another shape", _load("wrong-shape", "kore"), WRONG, "getTasks", "makes no sense", calls=True),
    bad(
        "Kore: a success that says that it failed",
        _load("unsuccessful", "kore"),
        tf.ServiceError,
        "getTasks",
        calls=True,
    ),
    bad("Kore: a reply without an end", _load("endless", "kore"), WRONG, "getTasks", "more than", calls=True),
    bad(
        "Pragmatiks: a login page at 200",
        _load("html", "pragmatiks"),
        WRONG,
        "GET /agents/tasks/",
        "not JSON",
        "<html",
        calls=True,
    ),
    bad(
        "Pragmatiks: half of the JSON",
        _load("cut", "pragmatiks"),
        WRONG,
        "GET /agents/tasks/",
        "makes no sense",
        calls=True,
    ),
    bad(
        "Pragmatiks: JSON of another shape",
        _load("wrong-shape", "pragmatiks"),
        WRONG,
        "GET /agents/tasks/",
        "makes no sense",
        calls=True,
    ),
    # to writes that were not carried out
    bad(
        "a write: a login page at 200, each time",
        _apply("html", times=None),
        "failed",
        "given up after 6 attempts",
        "not understood",
        "not JSON",
        "<html",
        calls=True,
    ),
    bad(
        "a write: refused at 200", _apply("unsuccessful", times=None), "failed", "given up after 6 attempts", calls=True
    ),
    bad("a write: a token that expired", _apply("401", times=None), "failed", calls=True),
    bad(
        "Kore: a write: a login page at 200, each time",
        _apply("html", "kore", times=None),
        "failed",
        "given up after 6 attempts",
        "not understood",
        "not JSON",
        calls=True,
    ),
    bad("Kore: a write: refused at 200", _apply("unsuccessful", "kore", times=None), "failed", calls=True),
    bad(
        "Pragmatiks: a write: a login page, each time",
        _apply("html", "pragmatiks", times=None),
        "failed",
        "given up after 6 attempts",
        "not understood",
        "not JSON",
        calls=True,
    ),
    bad(
        "Pragmatiks: a write: refused at 200",
        _apply("unsuccessful", "pragmatiks", times=None),
        "failed",
        "it says 'Internal Server Error'",
        calls=True,
    ),
    # to writes that were carried out
    bad("a write: half of the JSON", _apply("cut"), "applied", calls=True, writes=1),
    bad("a write: half of the reply", _apply("cut-socket"), "applied", calls=True, writes=1),
    bad("a write: JSON of another shape", _apply("wrong-shape"), "applied", calls=True, writes=1),
    bad("a write: another task than asked", _apply("other-task"), "applied", calls=True, writes=1),
    bad("a write: a reply without an end", _apply("endless"), "applied", calls=True, writes=1),
    bad("Kore: a write: half of the JSON", _apply("cut", "kore"), "applied", calls=True, writes=1),
    bad("Kore: a write: another task than asked", _apply("other-task", "kore"), "applied", calls=True, writes=1),
    bad("Kore: a write: JSON of another shape", _apply("wrong-shape", "kore"), "applied", calls=True, writes=1),
    bad("Pragmatiks: a write: half of the JSON", _apply("cut", "pragmatiks"), "applied", calls=True, writes=1),
    bad(
        "Pragmatiks: a write: another task than asked",
        _apply("other-task", "pragmatiks"),
        "applied",
        calls=True,
        writes=1,
    ),
]
