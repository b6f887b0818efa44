"""Kore's apps: client ids and secrets, and whether a token that was made with them lets a call in."""

from __future__ import annotations

import random
import uuid
from dataclasses import dataclass, field
from typing import Any

from taskframe.errors import SettingsError
from taskframe.sandbox.jwts import Signer, expiry, said
from taskframe.sandbox.kore_account import make_id
from taskframe.sandbox.oracle import Refused

HOUR = 3600.0


@dataclass(slots=True)
class App:
    """One app: its credentials, whether it has the scope for case management, whether it is still good."""

    label: str
    client_id: str
    client_secret: str = field(repr=False)
    scoped: bool = True
    revoked: bool = False


class Apps:
    """All apps of an account. The first one's credentials come from the seed, so that they outlive a restart."""

    def __init__(self, seed: int) -> None:
        self._rng = random.Random(f"{seed}:kore:apps")
        self._apps: dict[str, App] = {}
        self._revoked: set[str] = set()
        self._spent: set[tuple[str, str]] = set()
        self.enforce_jti = False
        self.leeway = 0.0
        self.first = self.add("caller")

    def add(self, label: str, *, scoped: bool = True) -> App:
        """Make an app."""
        app = App(label, make_id("cs", self._rng, 8), f"{self._rng.getrandbits(384):064x}", scoped)
        self._apps[app.client_id] = app
        return app

    def sign(self, app: App, now: float, *, sub: str, expires_in: float | None) -> str:
        """A ready token of an app."""
        claims: dict[str, Any] = {"appId": app.client_id, "sub": sub, "jti": uuid.uuid4().hex, "iat": int(now)}
        if expires_in is not None:
            claims["exp"] = now + expires_in
        return Signer(app.client_secret).sign(claims)

    def revoke(self, secret: str | None, *, revoked: bool = True) -> None:
        """Let a token, an app (by its client id), or the first app (None) be refused; or take it back."""
        app = self.first if secret is None else self._apps.get(secret)
        if app is not None:
            app.revoked = revoked
        elif secret is not None and said(secret).get("appId") in self._apps:
            (self._revoked.add if revoked else self._revoked.discard)(secret)
        else:
            raise SettingsError("there is no such token or client id in this sandbox")

    def label(self, token: str) -> str:
        """What the log shows in a token's place: its app and its jti, which is how a second use is told."""
        app, claims = self._read(token)
        if app is None:
            return "<unknown>"
        jti = claims.get("jti")
        return f"<{app.label} {jti}>" if jti else f"<{app.label}>"

    def admit(self, token: str | None, now: float) -> str | None:
        """Whom a token stands for (`sub`), or `Refused`. Where JTI is enforced the jti is spent by this.

        Only the message and code of a wrong signature are known; the others, and 401, are ours.
        """
        if not token:
            raise Refused(401, "Authorization token is missing", code=4001)
        app, claims = self._read(token)
        if app is None or app.revoked or token in self._revoked:
            raise Refused(401, "Invalid SDK credentials", code=4002)
        ends = expiry(claims)
        if "exp" in claims and (ends is None or ends + self.leeway <= now):
            raise Refused(401, "Token has expired", code=4003)
        if not claims.get("sub"):
            raise Refused(401, "Token has no sub", code=4002)
        if self.enforce_jti:
            self._spend(app, claims, ends, now)
        if not app.scoped:
            raise Refused(403, "The app lacks the scope Case Management Configuration", code=4030)
        return str(claims["sub"])

    def _spend(self, app: App, claims: dict[str, Any], ends: float | None, now: float) -> None:
        jti = claims.get("jti")
        if not jti:
            raise Refused(401, "Token has no jti", code=4004)
        if ends is None or ends > now + HOUR:
            raise Refused(401, "Token must expire within an hour", code=4004)
        if (app.client_id, jti) in self._spent:
            raise Refused(401, "Token was used before", code=4004)
        self._spent.add((app.client_id, jti))

    def _read(self, token: str) -> tuple[App | None, dict[str, Any]]:
        app = self._apps.get(str(said(token).get("appId")))
        claims = Signer(app.client_secret).read(token) if app else None
        return (app, claims) if claims is not None else (None, {})
