"""Where Kore is and who we are; and the headers that say so."""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any, Final
from urllib.parse import quote, urlsplit

from pydantic import BaseModel, ConfigDict, SecretStr, model_validator

from taskframe.errors import SettingsError

PATH: Final = "/caseManagement/api/public/analytics"
"""What stands between the host and the stream id [seed]."""

LIFETIME: Final = 900
"""Seconds that a minted token lives; enforced JTI allows an hour at most [docs]."""


class KoreSettings(BaseModel):
    """Where Kore is and who we are.

    - `host` (`platform.kore.ai`) or `base_url` (`https://…`, without or with the path that the service documents);
      either way `base_url` ends as the whole of it: `https://{host}/caseManagement/api/public/analytics/{stream_id}`.
    - `stream_id` (`st-…`) and `account_id`: the bot's, from its general settings.
    - `token`: a ready JWT; or `client_id` and `client_secret`, of which a short-lived token is made for each attempt.
    - `sub`: whom a made token stands for. `enforce_jti`: the app takes each token once, so that a ready one won't do.
    """

    model_config = ConfigDict(frozen=True, extra="forbid", hide_input_in_errors=True)

    stream_id: str
    account_id: str
    base_url: str = ""
    host: str | None = None
    token: SecretStr | None = None
    client_id: str | None = None
    client_secret: SecretStr | None = None
    sub: str = "taskframe"
    enforce_jti: bool = False

    @property
    def mints(self) -> bool:
        """Whether tokens are made of the client secret, so that none need be given."""
        return self.client_secret is not None

    @model_validator(mode="after")
    def _whole(self) -> KoreSettings:
        for name in ("stream_id", "account_id", "sub"):
            value = getattr(self, name)
            if not value.strip() or not value.isascii() or not value.isprintable():
                raise ValueError(f"{name} is plain text that is not empty")
        if self.client_secret is not None and not self.client_secret.get_secret_value().strip():
            raise ValueError("client_secret is empty")
        if self.client_secret is not None and self.token is not None:
            raise ValueError("give a token, or client_id and client_secret to make tokens of: not both")
        if (self.client_id is None) is not (self.client_secret is None):
            raise ValueError("client_id and client_secret go together: give both, or a token")
        if self.enforce_jti and self.token is not None and not self.mints:
            raise ValueError("enforce_jti=True takes each token once: give client_id and client_secret, not a token")
        object.__setattr__(self, "base_url", _address(self.base_url, self.host, self.stream_id))
        return self


def _address(base_url: str, host: str | None, stream: str) -> str:
    if not base_url and not host:
        raise ValueError("where is it? pass host='platform.kore.ai' or base_url='https://…'")
    tail = f"{PATH}/{quote(stream, safe='')}"
    given = (base_url or str(host)).strip().rstrip("/")
    if "://" not in given:
        given = f"https://{given}"
    if given.endswith(tail):
        whole = given
    elif given.endswith(PATH):
        whole = given + tail.removeprefix(PATH)
    elif f"{PATH}/" in given:
        raise ValueError(f"base_url is of another stream than stream_id={stream!r}")
    else:
        whole = given + tail
    if base_url and host and urlsplit(whole).netloc != urlsplit(host if "://" in host else f"//{host}").netloc:
        raise ValueError("base_url and host name two hosts: leave one of them out")
    return whole


def account(settings: KoreSettings) -> Mapping[str, str]:
    """Host, stream and account: what makes two connections lead to the same tasks."""
    host = urlsplit(settings.base_url).netloc
    return {"host": host, "stream": settings.stream_id, "account": settings.account_id}


def headers(settings: KoreSettings, token: SecretStr | None, now: float, nonce: str) -> Mapping[str, str]:
    """`auth` and `AccountId` [seed]. With a client secret each call of this makes a token of its own."""
    secret = settings.client_secret
    ready = token or settings.token
    if secret is not None:
        auth = _minted(settings, secret, now, nonce)
    elif settings.enforce_jti:
        raise SettingsError("enforce_jti=True takes each token once: give client_id and client_secret, not a token")
    elif ready is not None:
        auth = ready.get_secret_value().strip()
    else:
        raise SettingsError(
            "Kore needs a token, or a client id and secret: pass token=…, or client_id=… and client_secret=…"
        )
    if not auth or not auth.isascii() or not auth.isprintable() or " " in auth:
        del auth
        raise SettingsError("the Kore token is empty, or holds characters that no token has (spaces, line ends)")
    return {"auth": auth, "AccountId": settings.account_id}


def _minted(settings: KoreSettings, secret: SecretStr, now: float, nonce: str) -> str:
    """HS256 over `appId` (that spelling) and `sub`; `jti` and a near `exp` for apps that enforce them [docs]."""
    import jwt

    issued = int(now)
    claims: dict[str, Any] = {
        "appId": settings.client_id, "sub": settings.sub, "iat": issued, "exp": issued + LIFETIME, "jti": nonce,
    }  # fmt: skip
    return jwt.encode(claims, secret.get_secret_value(), algorithm="HS256")
