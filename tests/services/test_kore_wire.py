"""What Kore's replies mean, and the headers that say who we are."""

from __future__ import annotations

import json

import jwt
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pydantic import SecretStr, ValidationError

from taskframe.errors import ProtocolError, SettingsError
from taskframe.services.base import Call, Limit, Reply
from taskframe.services.kore import Kore, KoreSettings
from taskframe.services.kore.wire import list_tasks

KORE = Kore()
READ = list_tasks({}, 0, 50)
WRITE = Call("POST", "/updateTask/ti-1", json={"name": "x"}, kind="unlocked", columns=frozenset({"name"}))
LIMITED = "Rate limit for this API has been reached. Please try again later"


def judged(call, status, body, headers=None):
    body = body if isinstance(body, bytes) else json.dumps(body).encode()
    return KORE.judge(call, Reply(status, headers or {}, body))


@pytest.mark.parametrize("call", [READ, WRITE])
@pytest.mark.parametrize("status", [200, 400, 403, 429, 500, 503])
@pytest.mark.parametrize(
    "body", [{"errors": [{"msg": LIMITED, "code": 4290}]}, {"message": LIMITED}, LIMITED, LIMITED.encode()]
)
def test_the_limits_text_is_known_whatever_the_status(call, status, body):
    """Nothing was done: never in doubt."""
    verdict = judged(call, status, body, {"retry-after": "3"})
    assert (verdict.kind, verdict.after, verdict.in_doubt) == ("throttled", 3.0, False)
    assert LIMITED in verdict.detail


def test_a_task_that_speaks_of_limits_is_a_task():
    """The text in a description means nothing."""
    assert judged(WRITE, 200, {"_id": "ti-1", "desc": LIMITED}).kind == "ok"


@pytest.mark.parametrize(
    ("status", "kind", "doubt"),
    [
        (400, "refused", False), (401, "expired", False), (403, "refused", False), (404, "missing", False),
        (408, "retry", True), (429, "throttled", False), (500, "retry", True), (502, "retry", True),
        (503, "throttled", False), (504, "retry", True),
    ],
)  # fmt: skip
def test_a_failure_of_a_write_by_its_status(status, kind, doubt):
    """With the service's words and code, and whether it may have been done."""
    verdict = judged(WRITE, status, {"errors": [{"msg": "it failed", "code": 4002}]}, {"x-request-id": "r"})
    assert (verdict.kind, verdict.in_doubt, verdict.code) == (kind, doubt, "4002")
    assert (verdict.detail, verdict.request_id, verdict.status) == ("it failed", "r", status)


def test_a_failure_that_is_said_in_a_success_is_a_refusal():
    """A reply without a task and with words."""
    assert judged(WRITE, 200, {"errors": [{"msg": "no"}]}).kind == "refused"
    assert judged(READ, 200, {"error": "no"}).kind == "refused"


def test_a_wrong_address_is_no_missing_task():
    """A 404 that Kore did not write, or for a list."""
    for verdict in (judged(WRITE, 404, b"<html>"), judged(READ, 404, {"errors": [{"msg": "no such stream"}]})):
        assert verdict.kind == "refused"
        assert "Are host and stream_id right?" in verdict.detail


SENSELESS = [
    b"", b"<html>", b"[]", b"{}", b"null", b"\xff", b'{"results": null}', b'{"results": [{"name": "x"}]}',
    b'{"results": [{"_id": ""}]}', b'{"_id": "ti-2"}', b'{"_id": "ti-1", "name": 5}', b'{"_id": "ti-1", "tags": {}}',
    b'{"_id": "ti-1", "dueDate": "soon"}', b'{"_id": "ti-1", "updatedAt": "soon"}',
]  # fmt: skip


@pytest.mark.parametrize("body", SENSELESS)
def test_a_write_whose_reply_makes_no_sense_is_in_doubt(body):
    """It was answered with a success: it may have been done, and not for another task."""
    verdict = judged(WRITE, 200, body)
    assert (verdict.kind, verdict.in_doubt) == ("retry", True)


@pytest.mark.parametrize("body", SENSELESS)
def test_a_read_whose_reply_makes_no_sense_is_an_error(body):
    """Never an empty list."""
    with pytest.raises(ProtocolError, match="makes no sense"):
        judged(READ, 200, body)


@settings(deadline=None)
@given(st.integers(200, 599), st.binary(max_size=60), st.sampled_from([READ, WRITE]))
def test_whatever_comes_there_is_a_verdict(status, body, call):
    """No other exception than ProtocolError."""
    try:
        verdict = KORE.judge(call, Reply(status, {}, body))
    except ProtocolError:
        assert call is READ
        assert status < 300
    else:
        assert verdict.kind != "ok"


# Who we are.

HERE = {"host": "platform.kore.ai", "stream_id": "st-1", "account_id": "6639"}
WHOLE = "https://platform.kore.ai/caseManagement/api/public/analytics/st-1"
SECRET = "s" * 64


@pytest.mark.parametrize(
    ("given", "whole"),
    [
        ({"host": "platform.kore.ai"}, WHOLE),
        ({"host": "https://platform.kore.ai/"}, WHOLE),
        ({"base_url": "https://platform.kore.ai"}, WHOLE),
        ({"base_url": "https://platform.kore.ai/caseManagement/api/public/analytics/"}, WHOLE),
        ({"base_url": WHOLE}, WHOLE),
        ({"base_url": WHOLE, "host": "platform.kore.ai"}, WHOLE),
        ({"base_url": "http://127.0.0.1:81/kore"}, "http://127.0.0.1:81/kore" + WHOLE.removeprefix("https://platform.kore.ai")),
        ({"host": "platform.kore.ai", "stream_id": "st/1"}, WHOLE.removesuffix("/st-1") + "/st%2F1"),
    ],
)  # fmt: skip
def test_the_address_is_whole_however_it_is_given(given, whole):
    """And stays as it is when settings are read again."""
    settings = KoreSettings(**{"stream_id": "st-1", "account_id": "a", "token": "t"} | given)
    assert settings.base_url == whole
    assert KoreSettings(**settings.model_dump()).base_url == whole


@pytest.mark.parametrize(
    "given",
    [
        {"host": None}, {"stream_id": " "}, {"client_id": "cs-1"}, {"client_secret": "x"}, {"account_id": "a\nb"},
        {"base_url": WHOLE.replace("st-1", "st-2")}, {"base_url": "https://elsewhere.example"},
        {"token": "t", "enforce_jti": True}, {"tokken": "t"},
    ],
)  # fmt: skip
def test_settings_that_cant_be_right_are_refused(given):
    """Without a value in the words, as it may be a secret."""
    with pytest.raises(ValidationError):
        KoreSettings(**HERE | given)


def test_a_ready_token_goes_out_as_it_is():
    """`auth`, not `Authorization`; a token that was renewed goes first."""
    settings = KoreSettings(**HERE, token="abc")
    assert KORE.sign(settings, None, 0, "n") == {"auth": "abc", "AccountId": "6639"}
    assert KORE.sign(settings, SecretStr("new"), 0, "n")["auth"] == "new"


def test_each_attempt_has_a_token_of_its_own():
    """HS256 with appId, sub, iat, exp and the nonce as jti; less than an hour to live."""
    settings = KoreSettings(**HERE, client_id="cs-1", client_secret=SECRET, sub="me", enforce_jti=True)
    assert settings.mints
    first, second = (KORE.sign(settings, None, 1_000_000.7, nonce)["auth"] for nonce in ("a", "b"))
    claims = jwt.decode(first, SECRET, algorithms=["HS256"], options={"verify_exp": False})
    assert claims == {"appId": "cs-1", "sub": "me", "iat": 1_000_000, "exp": 1_000_900, "jti": "a"}
    assert jwt.get_unverified_header(first)["alg"] == "HS256"
    assert jwt.decode(second, SECRET, algorithms=["HS256"], options={"verify_exp": False})["jti"] == "b"


def test_without_credentials_nothing_is_signed():
    """With the way out; and no token is shown."""
    with pytest.raises(SettingsError, match="client_id"):
        KORE.sign(KoreSettings(**HERE), None, 0, "n")
    with pytest.raises(SettingsError) as raised:
        KORE.sign(KoreSettings(**HERE, token="line\nbreak"), None, 0, "n")
    assert "line" not in str(raised.value).replace("line ends", "")
    with pytest.raises(SettingsError, match="enforce_jti"):
        KORE.sign(KoreSettings(**HERE, enforce_jti=True), SecretStr("t"), 0, "n")


def test_secrets_are_in_no_repr():
    """Not of settings, not of their errors."""
    assert SECRET not in repr(KoreSettings(**HERE, client_id="c", client_secret=SECRET))
    with pytest.raises(ValidationError) as raised:
        KoreSettings(**HERE, client_secret=SECRET)
    assert SECRET not in str(raised.value)


def test_the_account_is_host_stream_and_account():
    """Never made of a secret; without settings a task tells."""
    settings = KoreSettings(**HERE, token="t")
    assert KORE.account(settings, None) == {"host": "platform.kore.ai", "stream": "st-1", "account": "6639"}
    assert KORE.account(None, {"accountId": "6639"}) == {"account": "6639"}
    assert KORE.account(None, None) == {}


def test_limits_are_the_lower_class_that_is_documented():
    """60 a minute and 1,800 an hour."""
    assert KORE.limits == (Limit(60, 60), Limit(1800, 3600))
