"""Keys to a workspace: who holds one, what it allows, whether it is still good."""

from __future__ import annotations

import random
from collections.abc import Callable, Collection
from dataclasses import dataclass
from typing import Literal

Sees = Literal["all", "own"]


@dataclass(slots=True)
class Key:
    """One key. `sees="own"` narrows its lists to tasks that its holder is assigned or created."""

    label: str
    secret: str
    holder: str
    scopes: frozenset[str]
    sees: Sees = "all"
    expires: float | None = None
    revoked: bool = False

    def good(self, now: float) -> bool:
        """Whether the service still takes it."""
        return not self.revoked and (self.expires is None or now < self.expires)


class Keys:
    """All keys of a workspace. Secrets come from the seed, so that a settings file outlives a restart."""

    def __init__(self, seed: str, secret: Callable[[random.Random], str]) -> None:
        self._rng = random.Random(seed)
        self._secret = secret
        self._keys: dict[str, Key] = {}

    def add(
        self,
        *,
        holder: str,
        scopes: Collection[str],
        sees: Sees = "all",
        expires: float | None = None,
        label: str | None = None,
    ) -> Key:
        """Make a key."""
        key = Key(label or f"key-{len(self._keys)}", self._secret(self._rng), holder, frozenset(scopes), sees, expires)
        self._keys[key.secret] = key
        return key

    def find(self, secret: str) -> Key | None:
        """The key with this secret, good or not."""
        return self._keys.get(secret)


def bearer(header: str | None) -> str | None:
    """The secret in an `Authorization: Bearer …` header."""
    scheme, _, secret = (header or "").partition(" ")
    return secret.strip() or None if scheme.lower() == "bearer" else None
