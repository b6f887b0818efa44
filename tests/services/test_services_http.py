"""What an HTTP reply says whatever the service."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from taskframe.services.base import Call, Reply
from taskframe.services.http import describe, failure, kind_of, retry_after, unreadable, words

WRITE = Call("POST", "/x", kind="unlocked")
READ = Call("GET", "/x")


@pytest.mark.parametrize(
    ("headers", "seconds"),
    [
        ({}, None),
        ({"retry-after": "0"}, 0),
        ({"retry-after": "120"}, 120),
        ({"retry-after": " 1.5 "}, 1.5),
        ({"retry-after": "-3"}, 0),
        ({"retry-after": "inf"}, None),
        ({"retry-after": "nan"}, None),
        ({"retry-after": "soon"}, None),
        ({"retry-after": ""}, None),
        ({"retry-after-ms": "250"}, 0.25),
        ({"retry-after-ms": "250", "retry-after": "9"}, 0.25),
        ({"retry-after-ms": "x", "retry-after": "9"}, 9),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, 30),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:00 GMT", "date": "Wed, 21 Oct 2015 07:29:00 GMT"}, 0),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT"}, None),
        ({"retry-after": "Wed, 21 Oct 2015 07:28:30 GMT", "date": "today"}, None),
        ({"retry-after": "Wed, 99 Oct 2015 07:28:30 GMT", "date": "Wed, 21 Oct 2015 07:28:00 GMT"}, None),
    ],
)
def test_how_long_to_wait(headers, seconds):
    """Seconds, milliseconds, or a date judged by the reply's own clock, never by ours; else nothing."""
    assert retry_after(headers) == seconds


@given(st.text(), st.text())
def test_no_header_breaks_the_wait(value, date):
    """Whatever a proxy writes there: a number of seconds, or None."""
    seconds = retry_after({"retry-after": value, "retry-after-ms": value, "date": date})
    assert seconds is None or seconds >= 0


@given(st.text(max_size=3000), st.integers(5, 500))
def test_foreign_words_are_bounded_and_do_nothing(text, most):
    """One line, printable, no longer than asked for."""
    line = words(text, most)
    assert len(line) <= most
    assert line.isprintable()


@given(st.integers(100, 999), st.binary(max_size=300))
def test_every_reply_has_a_kind_and_a_description(status, body):
    """No status and no body is too strange."""
    reply = Reply(status, {}, body)
    assert describe(reply).startswith(f"HTTP {status}")
    verdict = failure(READ, reply)
    assert verdict.kind == kind_of(status)
    assert not verdict.in_doubt


def test_only_a_write_can_be_in_doubt():
    """500, 502, 504 and 408 leave open whether it happened; 503, 429 and 4xx don't."""
    doubts = {s for s in range(300, 600) if failure(WRITE, Reply(s, {}, b"")).in_doubt}
    assert {408, 500, 502, 504} <= doubts
    assert not doubts & {400, 401, 403, 404, 409, 422, 425, 429, 503}


def test_an_unreadable_success_of_a_write_is_in_doubt():
    """It may have happened."""
    verdict = unreadable(WRITE, Reply(200, {"x-request-id": "r"}, b""), "it is empty")
    assert (verdict.kind, verdict.in_doubt, verdict.request_id) == ("retry", True, "r")
