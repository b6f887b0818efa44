"""One call at a time: take a slot, sign, send, judge; and for reads, try again."""

from __future__ import annotations

import asyncio
import dataclasses
import logging
import random
from collections.abc import Callable
from dataclasses import dataclass
from types import TracebackType
from typing import Any

from pydantic import SecretStr

from taskframe.engine.backoff import delay
from taskframe.engine.clock import Clock
from taskframe.engine.garbage import collector_paused
from taskframe.engine.limits import Limiter, Unused
from taskframe.engine.tokens import TokenSource
from taskframe.engine.transport import NoReply, Request, Transport, build_request
from taskframe.errors import AuthError, ProtocolError, ServiceError
from taskframe.services.base import Call, Service, Verdict

log = logging.getLogger("taskframe")

_LEAST = 0.5  # seconds of pause: a service that says "too many, come back in 0 s" is not called in a tight loop


@dataclass(slots=True)  # not frozen: that would cost a call more than all else that is in it
class Attempt:
    """One HTTP call and what came of it.

    `verdict` is None when no reply came, or none that makes sense: then `failure` says why. `sent` is False only
    where the call certainly never left. `started` and `ended` are of the clock's `now()`. `scout`: it was refused, as
    was to be expected: it was one more than the limiter takes the service to allow.
    """

    verdict: Verdict | None
    failure: NoReply | ProtocolError | None
    sent: bool
    generation: int
    status: int | None
    request_id: str | None
    started: float
    ended: float
    scout: bool = False

    @property
    def elapsed(self) -> float:
        """Seconds from sending to the end of the reply."""
        return self.ended - self.started

    @property
    def detail(self) -> str:
        """What to say of it."""
        if self.verdict is not None:
            return self.verdict.detail or self.verdict.kind
        return str(self.failure)

    @property
    def in_doubt(self) -> bool:
        """Whether a write may have had its effect although nothing says so."""
        return self.sent if self.verdict is None else self.verdict.in_doubt


class Halted(Exception):
    """This call never left, as `Caller.halt` was called before."""


class _Grounded:
    """Around all waiting ahead of a call: `wake` ends it with `Halted`."""

    def __init__(self, grounded: set[_Grounded]) -> None:
        self._grounded = grounded
        self._task = asyncio.current_task()
        self._woken = False

    def __enter__(self) -> _Grounded:
        self._grounded.add(self)
        return self

    def wake(self) -> None:
        if self._task is not None:
            self._woken = self._task.cancel()

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._grounded.discard(self)
        # cancelled by somebody else too: then that is what counts
        if self._woken and self._task is not None and not self._task.uncancel() and kind is asyncio.CancelledError:
            raise Halted from None


class Caller:
    """Calls a service, for one run or one load.

    `calls` counts the attempts that were sent, as the server does; `pauses` how often the service had all of us wait.
    `taken` is the newest generation of the token that the service took, for a read or for a write.
    """

    def __init__(
        self,
        service: Service,
        settings: Any,
        transport: Transport,
        limiter: Limiter,
        tokens: TokenSource | None,
        clock: Clock,
        rng: random.Random,
        *,
        base_url: str,
        timeout: float,
        attempts: int = 6,
        max_wait: float = 300.0,
    ) -> None:
        self.service = service
        self.limiter = limiter
        self.clock = clock
        self.rng = rng
        self.tokens = TokenSource.none() if tokens is None else tokens
        self.base_url = base_url
        self.timeout = timeout
        self.attempts = attempts
        self.max_wait = max_wait
        self.calls = 0
        self.pauses = 0
        self.taken = -1
        self._settings = settings
        self._transport = transport
        self._halted = False
        self._grounded: set[_Grounded] = set()

    def halt(self) -> None:
        """Let no further call leave: whoever waits to send gets `Halted`, now and later. Calls in flight go on."""
        if self._halted:
            return
        self._halted = True
        for grounded in list(self._grounded):
            grounded.wake()

    def grounded(self) -> _Grounded:
        """Around other waiting that a halt shall end: then it raises Halted."""
        return self._ground()

    def _ground(self) -> _Grounded:
        if self._halted:
            raise Halted
        return _Grounded(self._grounded)

    async def attempt(self, call: Call, *, on_leave: Callable[[], object] | None = None) -> Attempt:
        """Send `call` once, when the limits allow. `on_leave` is called when it really leaves; by `Unused` it stays.

        Raises only before that: AuthError when no token can be had, SettingsError when signing fails, ProtocolError
        for a path that can't be sent, Halted, Unused.
        """
        if self._halted:
            raise Halted
        limiter, tokens = self.limiter, self.tokens
        if not limiter.take():
            with self._ground():
                await limiter.acquire()
        used = True
        try:
            # signed in the slot: after a long wait for it an earlier signature may be too old
            if tokens.ready:
                token, generation = tokens.known()
            else:
                with self._ground():
                    token, generation = await tokens.current()
            request = self._request(call, token)
            if on_leave is not None:
                on_leave()
            verdict: Verdict | None = None
            failure: NoReply | ProtocolError | None = None
            status: int | None = None
            sent = True
            started = self.clock.now()
            self.calls += 1
            try:
                reply = await self._transport.send(request, self.timeout)
                status = reply.status
                if call.kind == "read":
                    with collector_paused():
                        verdict = self.service.judge(call, reply)
                else:
                    verdict = self.service.judge(call, reply)
            except NoReply as error:
                failure, sent = error, error.sent
                if not sent:
                    self.calls -= 1
            except ProtocolError as error:
                failure, status = error, error.status_code or status
            ended = self.clock.now()
            scout = status is not None and self._learn(verdict, started, ended)
        except Unused:
            used = False
            raise
        finally:
            limiter.release(used=used)
        if verdict is not None:
            request_id = verdict.request_id
            if verdict.kind != "expired":
                self.taken = max(self.taken, generation)
        else:
            request_id = failure.request_id if isinstance(failure, ProtocolError) else None
        if log.isEnabledFor(logging.DEBUG):
            words = verdict.kind if verdict is not None else failure
            log.debug("%s %s: %s %s in %.3f s", call.method, call.path, status, words, ended - started)
        return Attempt(verdict, failure, sent, generation, status, request_id, started, ended, scout)

    def _learn(self, verdict: Verdict | None, started: float, ended: float) -> bool:
        """Tells the limiter what an answer says of limits that nobody told of. True for a scout that was refused."""
        if verdict is None or verdict.kind != "throttled":
            self.limiter.passed(started, ended)
        elif verdict.status != 503:  # out of order is not too fast
            return self.limiter.refused(started, ended)
        return False

    def _request(self, call: Call, token: SecretStr | None) -> Request:
        nonce = f"{self.rng.getrandbits(128):032x}"
        return build_request(self.base_url, call, self.service.sign(self._settings, token, self.clock.wall(), nonce))

    async def read(self, call: Call, *, on_leave: Callable[[], object] | None = None) -> Verdict:
        """Send a call that changes nothing until it is answered: `ok`, `missing`, `refused` or `stale`.

        Failures (no reply, one that makes no sense, `retry`) count against `attempts`. Being throttled does not, as
        64 workers may well be turned away 6 times in a row by a small limit: it counts against `max_wait`. A token
        that isn't taken is renewed, once in a row: it may expire again in a long pause. In the end: ServiceError or
        AuthError with the words of the last failure.
        """
        failures = throttles = 0
        waited = 0.0
        renewed = False
        while True:
            attempt = await self.attempt(call, on_leave=on_leave)
            verdict = attempt.verdict
            renewed = renewed and (verdict is None or verdict.kind == "expired")
            if verdict is None or verdict.kind == "retry":
                failures += 1
                if failures >= self.attempts:
                    raise self.error(call, attempt, failures)
                wait = delay(failures, after=verdict.after if verdict is not None else None, rng=self.rng)
                self._bound(call, verdict, wait)
                with self._ground():
                    await self.clock.sleep(wait)
            elif verdict.kind == "throttled":
                throttles += 1
                waited += self.hold_back(call, verdict, throttles, scout=attempt.scout)
                self._bound(call, verdict, waited)
            elif verdict.kind == "expired":
                if renewed or not self.tokens.renewable:
                    raise verdict.error(call)
                renewed = True
                await self.renew(attempt.generation)
            else:
                return verdict

    async def renew(self, generation: int) -> None:
        """Have the token after `generation`; see `TokenSource.renew`. Raises Halted too."""
        with self._ground():
            await self.tokens.renew(generation)

    def hold_back(self, call: Call, verdict: Verdict, times: int, *, scout: bool = False) -> float:
        """Pause everybody after this call's `throttled` reply number `times`; gives the seconds.

        As long as the service asks, else longer each time; after a `scout` only a little. ServiceError, and no pause,
        when that is beyond `max_wait`.
        """
        patience = _LEAST if scout else min(30.0, 2.0 ** min(max(times, self.limiter.rounds), 5))
        after = patience if verdict.after is None else verdict.after
        wait = max(_LEAST, delay(times, after=after, rng=self.rng))
        self._bound(call, verdict, wait)
        if (
            self.limiter.pause(wait) and not scout
        ):  # once a pause, however many calls in flight are turned away together
            self.limiter.ease()
            self.pauses += 1
        return wait

    def error(self, call: Call, attempt: Attempt, attempts: int) -> ServiceError | AuthError:
        """The exception for a call that failed `attempts` times, with the words of the last failure."""
        times = f"after {attempts} attempt{'s'[: attempts > 1]}"
        words = f"{attempt.detail} ({times})"
        if attempt.verdict is not None:
            return dataclasses.replace(attempt.verdict, detail=words).error(call)
        where = f"{call.method} {call.path}: "
        words = words if words.startswith(where) else where + words  # a reply that makes no sense says it itself
        if isinstance(attempt.failure, ProtocolError):
            code, request_id = attempt.failure.code, attempt.failure.request_id
            return ProtocolError(words, status_code=attempt.status, code=code, request_id=request_id)
        return ServiceError(words)

    def _bound(self, call: Call, verdict: Verdict | None, wait: float) -> None:
        if verdict is None or wait <= self.max_wait:
            return
        words = f"{verdict.detail or verdict.kind}; to wait {wait:.0f} s is more than max_wait={self.max_wait:g}"
        raise dataclasses.replace(verdict, detail=words).error(call)
