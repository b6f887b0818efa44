"""JSON Web Tokens (HS256), to be judged by the sandbox's clock: PyJWT would ask the computer's."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

import jwt


class Signer:
    """Makes tokens with one secret, and reads those that were made with it."""

    def __init__(self, secret: str) -> None:
        self._secret = secret

    def sign(self, claims: Mapping[str, Any]) -> str:
        """A token that says `claims`."""
        return jwt.encode(dict(claims), self._secret, algorithm="HS256")

    def read(self, token: str) -> dict[str, Any] | None:
        """What a token says, expired or not; None when it was not signed with this secret, or is no token."""
        unjudged = dict.fromkeys(("verify_exp", "verify_iat", "verify_nbf", "verify_aud"), False)
        try:
            return dict(jwt.decode(token, self._secret, algorithms=["HS256"], options=unjudged))  # type: ignore[arg-type]
        except jwt.PyJWTError:
            return None


def said(token: str) -> dict[str, Any]:
    """What a token says of itself, before anybody has checked it; nothing when it is no token."""
    try:
        return dict(jwt.decode(token, options={"verify_signature": False}))
    except jwt.PyJWTError:
        return {}


def expiry(claims: Mapping[str, Any]) -> float | None:
    """When a token ends; None when it says no moment."""
    moment = claims.get("exp")
    return float(moment) if isinstance(moment, int | float) and not isinstance(moment, bool) else None
