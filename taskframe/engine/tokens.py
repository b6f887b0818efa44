"""Where the token comes from, and how a new one is had when it expires."""

from __future__ import annotations

import asyncio
import inspect
from collections.abc import Awaitable, Callable

from pydantic import SecretStr

from taskframe.engine.aside import aside
from taskframe.errors import AuthError, SettingsError

Fresh = Callable[[], "str | SecretStr | Awaitable[str | SecretStr]"]
"""Gives a token that is valid now. May block (it is called in a thread) and may be async."""


class TokenSource:
    """A token, or a callable that gives one; `generation` counts how often it was asked for.

    Secrets are held as `SecretStr`, and local variables with the bare text are gone before anything is raised: a
    traceback that shows locals shows none.
    """

    def __init__(self, token: str | SecretStr | Fresh) -> None:
        given: object = token
        self._fresh: Fresh | None = None
        self._token: SecretStr | None = None
        self._generation = 0
        self._failures = 0
        self._why = ""
        self._lock = asyncio.Lock()
        if isinstance(token, str):
            token = given = SecretStr(token)
        if isinstance(token, SecretStr):
            wrong = _wrong(token)
            if wrong:
                raise SettingsError(f"the token {wrong}")
            self._token = token
        elif callable(given):
            self._fresh = token
        else:
            kind = type(given).__name__
            del given, token
            raise SettingsError(f"a token is a string or a callable that gives one, not {kind}")

    @classmethod
    def none(cls) -> TokenSource:
        """For a service that signs with its settings alone."""
        source = cls(_never)
        source._fresh = None
        return source

    @property
    def renewable(self) -> bool:
        """Whether there is a callable to ask for a new one."""
        return self._fresh is not None

    @property
    def ready(self) -> bool:
        """Whether `current` need not ask anybody."""
        return self._token is not None or self._fresh is None

    def known(self) -> tuple[SecretStr | None, int]:
        """The token and its generation, when `ready`."""
        return self._token, self._generation

    async def current(self) -> tuple[SecretStr | None, int]:
        """The token and its generation; the first time a callable is asked. AuthError when it gives none."""
        if self._token is None and self._fresh is not None:
            await self.renew(0)
        return self._token, self._generation

    async def renew(self, generation: int) -> None:
        """Have the token after `generation`; however many workers ask, the callable is asked once.

        AuthError when it fails, or when there is only a string.
        """
        if self._fresh is None:
            raise AuthError("the credentials were not taken, and only a callable token can be renewed: token=f")
        failures = self._failures
        async with self._lock:
            if self._generation != generation:
                return  # somebody else got it while we waited
            if self._failures != failures:
                raise AuthError(self._why)  # somebody else asked in vain while we waited: don't ask 64 times
            try:
                self._token = await self._ask(self._fresh)
            except AuthError as error:
                self._failures += 1
                self._why = str(error)
                raise
            self._generation += 1

    @staticmethod
    async def _ask(fresh: Fresh) -> SecretStr:
        try:
            given: object = await aside(fresh)
            if inspect.isawaitable(given):
                given = await given
        except Exception as error:
            # the user's own code and words: they see them as the cause, our logs and outcomes don't
            raise AuthError(f"no token: the callable raised {type(error).__name__}") from error
        if isinstance(given, str):
            given = SecretStr(given)
        if not isinstance(given, SecretStr):
            kind = type(given).__name__
            del given
            raise AuthError(f"no token: the callable gave {kind}, not a string")
        wrong = _wrong(given)
        if wrong:
            raise AuthError(f"the token from the callable {wrong}")
        return given


def _never() -> str:
    raise NotImplementedError


def _wrong(token: SecretStr) -> str:
    """What keeps `token` from being a header, in words that tell nothing of it."""
    text = token.get_secret_value()
    if not text.strip():
        return "is empty"
    if text != text.strip():
        return "has spaces or a line break around it: strip() it"
    if not (text.isascii() and text.isprintable()):
        return "holds characters that can't go into a header (a line break, a quote from a text editor?)"
    return ""
