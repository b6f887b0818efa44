import asyncio
import threading
import traceback
from pathlib import Path
from typing import Any

import pytest
from pydantic import SecretStr

from taskframe.engine.tokens import TokenSource
from taskframe.errors import AuthError, SettingsError

SECRET = "sk_live_3f9a"
OURS = str(Path("taskframe", "engine", "tokens.py"))


def told(error: BaseException) -> str:
    """All that a traceback with locals would show."""
    return "".join(traceback.TracebackException.from_exception(error, capture_locals=True).format())


async def secret(source: TokenSource) -> str:
    token, _ = await source.current()
    assert token is not None
    return token.get_secret_value()


def test_a_string_is_the_token() -> None:
    """Bare or as SecretStr; generation 0."""
    for given in (SECRET, SecretStr(SECRET)):
        source = TokenSource(given)
        assert asyncio.run(secret(source)) == SECRET
        assert asyncio.run(source.current())[1] == 0
        assert not source.renewable
        assert SECRET not in repr(vars(source))


def test_a_string_can_not_be_renewed() -> None:
    """AuthError that says what could be."""
    with pytest.raises(AuthError, match="callable"):
        asyncio.run(TokenSource(SECRET).renew(0))


def test_no_token_at_all() -> None:
    """For a service that signs with its settings."""
    assert asyncio.run(TokenSource.none().current()) == (None, 0)
    with pytest.raises(AuthError):
        asyncio.run(TokenSource.none().renew(0))


@pytest.mark.parametrize(
    "bad", ["", "  ", SECRET + "\n", " " + SECRET, SECRET + "\r\nX: y", SECRET + "…", SECRET + "\x00"]
)
def test_a_token_that_is_no_header_is_refused_without_a_trace_of_it(bad: str) -> None:
    """At once as a string, at first use from a callable; neither words nor locals tell it."""

    def from_string(given: list[str]) -> None:
        TokenSource(given.pop())

    given = [bad]
    with pytest.raises(SettingsError) as caught:
        from_string(given)
    with pytest.raises(AuthError) as late:
        asyncio.run(TokenSource(lambda: bad).current())
    for error in (caught.value, late.value):
        text = "".join(
            f"{f.name} {f.locals}"
            for f in traceback.TracebackException.from_exception(error, capture_locals=True).stack
            if f.filename.endswith(OURS)
        )
        assert OURS in told(error)
        assert SECRET not in text + str(error)


@pytest.mark.parametrize("bad", [None, 7, b"bytes"])
def test_what_is_no_token_is_refused(bad: Any) -> None:
    """With its type, never its value."""
    with pytest.raises(SettingsError, match=type(bad).__name__):
        TokenSource(bad)
    with pytest.raises(AuthError, match=type(bad).__name__):
        asyncio.run(TokenSource(lambda: bad).current())


def test_one_renewal_serves_all_who_ask() -> None:
    """64 workers whose token expired together ask the callable once; it may block, it runs in a thread."""
    asked: list[int] = []

    def fresh() -> str:
        asked.append(threading.get_ident())
        return f"token{len(asked)}"

    async def main() -> None:
        source = TokenSource(fresh)
        assert {await secret(source) for _ in range(3)} == {"token1"}
        _, generation = await source.current()
        await asyncio.gather(*[source.renew(generation) for _ in range(64)])
        assert await secret(source) == "token2"
        await source.renew(generation)  # one who comes late with the old generation
        assert await secret(source) == "token2"

    asyncio.run(main())
    assert len(asked) == 2
    assert threading.get_ident() not in asked


def test_the_callable_may_be_async() -> None:
    """Awaited on the loop that asks."""

    async def fresh() -> SecretStr:
        await asyncio.sleep(0)
        return SecretStr(SECRET)

    assert asyncio.run(secret(TokenSource(fresh))) == SECRET


def test_a_failing_callable_is_asked_once_for_all_who_wait_and_again_later() -> None:
    """Everybody gets AuthError, the user's exception is its cause; a later renewal may work."""
    asked: list[int] = []

    def fresh() -> str:
        asked.append(1)
        if len(asked) == 2:
            raise OSError("the login server is down")
        return f"token{len(asked)}"

    async def main() -> None:
        source = TokenSource(fresh)
        _, generation = await source.current()
        errors = await asyncio.gather(*[source.renew(generation) for _ in range(8)], return_exceptions=True)
        assert all(isinstance(error, AuthError) and "OSError" in str(error) for error in errors)
        assert [type(e.__cause__) for e in errors if isinstance(e, AuthError) and e.__cause__] == [OSError]
        assert len(asked) == 2
        await source.renew(generation)
        assert await secret(source) == "token3"

    asyncio.run(main())
