import asyncio
import logging
import random
import re
from collections.abc import Callable
from typing import Any

import pytest
from engine_wire import NoSettings, Seen, VirtualClock, Wire, plain, reply

from taskframe.engine.caller import Caller
from taskframe.engine.clock import Clock, ScaledClock
from taskframe.engine.limits import Limiter
from taskframe.engine.tokens import TokenSource
from taskframe.engine.transport import make_transport
from taskframe.errors import AuthError, ProtocolError, ServiceError
from taskframe.services.base import Call

READ = Call("GET", "/tasks/1")
WRITE = Call("POST", "/tasks/1", json={"a": 1}, kind="unlocked")
SECRET = "sk_live_3f9a"


def on(
    answer: Callable[[Seen], Any],
    do: Callable[[Caller, Wire], Any],
    *,
    token: Any = SECRET,
    clock: Clock | None = None,
    **options: Any,
) -> Any:
    """Run `do(caller, wire)` against a server that answers so."""

    async def main() -> Any:
        time = ScaledClock(1000) if clock is None else clock
        async with Wire(answer) as wire:
            url = options.pop("base_url", wire.url)
            transport = make_transport(url)
            limiter = Limiter((), time)
            timeout = options.pop("timeout", 10.0)
            caller = Caller(
                plain(), NoSettings(), transport, limiter, TokenSource(token), time, random.Random(1),
                base_url=url, timeout=timeout, **options,
            )  # fmt: skip
            try:
                return await do(caller, wire)
            finally:
                await transport.aclose()

    return asyncio.run(main())


def script(*answers: Any) -> Callable[[Seen], Any]:
    """These answers one after another, the last for ever."""
    left = list(answers)
    return lambda seen: left.pop(0) if len(left) > 1 else left[0]


def test_an_attempt_is_one_call_and_tells_all_about_it() -> None:
    """Signed, sent, judged; with status, request id, time and generation."""

    async def do(caller: Caller, wire: Wire) -> None:
        attempt = await caller.attempt(WRITE)
        assert attempt.verdict is not None
        assert (attempt.verdict.kind, attempt.verdict.data) == ("ok", {"x": 1})
        assert (attempt.status, attempt.request_id, attempt.sent, attempt.generation) == (200, "r1", True, 0)
        assert attempt.elapsed >= 0
        assert not attempt.in_doubt
        assert caller.calls == len(wire.seen) == 1
        assert wire.seen[0].headers["authorization"] == f"Bearer {SECRET}"
        assert wire.seen[0].body == b'{"a":1}'

    on(script(reply({"x": 1}, x_request_id="r1")), do)


def test_every_attempt_is_signed_anew() -> None:
    """No nonce goes out twice."""

    async def do(caller: Caller, wire: Wire) -> None:
        await asyncio.gather(*[caller.attempt(READ) for _ in range(20)])
        assert len({seen.headers["x-nonce"] for seen in wire.seen}) == 20

    on(script(reply({})), do)


def test_an_attempt_without_an_answer_is_in_doubt() -> None:
    """The server may have seen it: no verdict, sent, counted; never repeated by anybody."""

    async def do(caller: Caller, wire: Wire) -> None:
        attempt = await caller.attempt(WRITE)
        assert attempt.verdict is None
        assert attempt.sent
        assert attempt.in_doubt
        assert attempt.detail
        assert caller.calls == len(wire.seen) == 1

    on(script(None), do)


def test_an_attempt_that_never_left_is_not_in_doubt_and_not_counted() -> None:
    """No connection: nothing can have been written."""

    async def do(caller: Caller, wire: Wire) -> None:
        attempt = await caller.attempt(WRITE)
        assert attempt.verdict is None
        assert not attempt.sent
        assert not attempt.in_doubt
        assert caller.calls == 0

    on(script(None), do, base_url="http://127.0.0.1:9")


def test_a_reply_that_makes_no_sense_leaves_a_write_in_doubt() -> None:
    """ProtocolError is kept in the attempt, with the status."""

    async def do(caller: Caller, wire: Wire) -> None:
        attempt = await caller.attempt(WRITE)
        assert attempt.verdict is None
        assert isinstance(attempt.failure, ProtocolError)
        assert attempt.status == 200
        assert attempt.in_doubt

    on(script(reply(b"<html>")), do)


@pytest.mark.parametrize("bad", [None, reply(b"<html>"), reply(status=500), reply(status=503, retry_after="2")])
def test_a_read_is_tried_again_until_it_is_answered(bad: bytes | None) -> None:
    """A drop, nonsense, and errors of the server; each attempt is counted, as the server does."""

    async def do(caller: Caller, wire: Wire) -> None:
        verdict = await caller.read(READ)
        assert verdict.data == {"n": 3}
        assert caller.calls == len(wire.seen) == 3

    on(script(bad, bad, reply({"n": 3})), do)


@pytest.mark.parametrize(
    ("bad", "words"),
    [
        (None, "no answer came .* \\(after 6 attempts\\)"),
        (reply(status=500, x_request_id="r9"), "out of order \\(after 6 attempts\\) \\(request id r9\\)"),
        (reply(b"<html>"), "not JSON"),
    ],
)
def test_a_read_gives_up_with_the_words_of_the_last_failure(bad: bytes | None, words: str) -> None:
    """ServiceError after `attempts`, with status, code and request id."""

    async def do(caller: Caller, wire: Wire) -> None:
        with pytest.raises(ServiceError, match=words) as caught:
            await caller.read(READ)
        assert "GET /tasks/1" in str(caught.value)
        assert len(wire.seen) == 6
        if b"r9" in (bad or b""):
            error = caught.value
            assert (error.status_code, error.code, error.request_id) == (500, "oops", "r9")

    on(script(bad), do)


@pytest.mark.parametrize("status", [404, 409, 400])
def test_an_answer_is_an_answer(status: int) -> None:
    """Missing, stale and refused are not tried again."""

    async def do(caller: Caller, wire: Wire) -> None:
        await caller.read(READ)
        assert len(wire.seen) == 1

    on(script(reply(status=status)), do)


def test_a_throttled_read_holds_back_all_calls() -> None:
    """Retry-After pauses everybody; being turned away many times is not a failure."""

    async def do(caller: Caller, wire: Wire) -> None:
        before = caller.clock.now()
        await caller.read(READ)
        assert len(wire.seen) == 10
        assert caller.clock.now() - before >= 9 * 5

    on(script(*[reply(status=429, retry_after="5")] * 9, reply({})), do)

    async def others(caller: Caller, wire: Wire) -> None:
        attempt = await caller.attempt(READ)
        assert attempt.verdict is not None
        caller.hold_back(READ, attempt.verdict, 1)
        before = caller.clock.now()
        await caller.attempt(WRITE)
        assert caller.clock.now() - before >= 60

    on(script(reply(status=429, retry_after="61"), reply({})), others)


@pytest.mark.parametrize(("answer", "calls"), [(reply(status=429, retry_after="301"), 1), (reply(status=429), 14)])
def test_a_wait_beyond_max_wait_is_an_error(answer: bytes, calls: int) -> None:
    """Both one long wait and many short ones; the error says so, and nobody is paused for a wait that nobody waits."""

    async def do(caller: Caller, wire: Wire) -> None:
        with pytest.raises(ServiceError, match=r"slow down; to wait .* more than max_wait=300"):
            await caller.read(READ)
        assert len(wire.seen) <= calls
        if calls == 1:
            assert caller.limiter.wait() == 0.0

    on(script(answer), do)


def test_an_expired_token_is_renewed_once_for_all() -> None:
    """20 reads on an expired token: one renewal, and all go through."""
    given: list[str] = []

    def fresh() -> str:
        given.append(f"token{len(given)}")
        return given[-1]

    def answer(seen: Seen) -> bytes:
        return reply({}) if seen.headers["authorization"] == "Bearer token1" else reply(status=401)

    async def do(caller: Caller, wire: Wire) -> None:
        await asyncio.gather(*[caller.read(READ) for _ in range(20)])
        assert given == ["token0", "token1"]
        assert caller.calls == len(wire.seen)

    on(answer, do, token=fresh)


def test_a_token_may_expire_again_while_one_read_waits() -> None:
    """Expired, renewed, held back for long, expired again: two renewals, and the read goes through."""
    given: list[str] = []

    def fresh() -> str:
        given.append(f"token{len(given)}")
        return given[-1]

    def answer(seen: Seen) -> bytes:
        match seen.headers["authorization"]:
            case "Bearer token2":
                return reply({})
            case "Bearer token1" if len(wires[0].seen) == 2:
                return reply(status=429)
        return reply(status=401)

    wires: list[Wire] = []

    async def do(caller: Caller, wire: Wire) -> None:
        wires.append(wire)
        await caller.read(READ)
        assert given == ["token0", "token1", "token2"]
        assert len(wire.seen) == 4

    on(answer, do, token=fresh)


@pytest.mark.parametrize("token", [SECRET, lambda: SECRET])
def test_credentials_that_are_not_taken_are_an_auth_error(token: Any) -> None:
    """With the service's words and not the token: a string at once, a callable after one renewal."""

    async def do(caller: Caller, wire: Wire) -> None:
        with pytest.raises(AuthError, match="bad key") as caught:
            await caller.read(READ)
        assert SECRET not in str(caught.value)
        assert len(wire.seen) == (1 if token is SECRET else 2)

    on(script(reply(status=401)), do, token=token)


def test_a_stalled_call_ends_with_its_timeout() -> None:
    """A server that accepts and says nothing: no answer, in doubt."""

    async def stall(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return b""

    async def do(caller: Caller, wire: Wire) -> None:
        attempt = await caller.attempt(WRITE)
        assert attempt.verdict is None
        assert attempt.sent
        assert "0.2 s" in attempt.detail

    on(stall, do, timeout=0.2)


def test_logs_tell_calls_and_no_secrets(caplog: pytest.LogCaptureFixture) -> None:
    """At debug: method, path, what came of it."""

    async def do(caller: Caller, wire: Wire) -> None:
        await caller.read(READ)
        await caller.attempt(WRITE)

    with caplog.at_level(logging.DEBUG, logger="taskframe"):
        on(script(None, reply({})), do)
    assert re.search(r"GET /tasks/1: 200 ok in ", caplog.text)
    assert SECRET not in caplog.text


def test_a_cancelled_attempt_gives_its_slot_back() -> None:
    """An interrupt in the middle of a call leaves the limiter as it was."""

    async def stall(seen: Seen) -> bytes:
        await asyncio.sleep(60)
        return b""

    async def do(caller: Caller, wire: Wire) -> None:
        task = asyncio.create_task(caller.attempt(READ))
        await wire.until(1)
        task.cancel()
        with pytest.raises(asyncio.CancelledError):
            await task
        assert caller.limiter.wait() == 0.0
        assert caller.calls == 1

    on(stall, do, clock=VirtualClock())
