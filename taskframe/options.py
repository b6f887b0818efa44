"""The options of a connection: concealed where they may be secrets, and checked before anything is made of them."""

from __future__ import annotations

import math
from collections.abc import Collection, Iterable, Mapping, Sequence
from typing import Any, get_args

from pydantic import BaseModel, SecretStr

from taskframe.engine.tokens import Fresh, TokenSource
from taskframe.errors import SettingsError, did_you_mean
from taskframe.services.base import Limit, Service

TIMEOUT = 30.0
CONCURRENCY = 16
MAX_WAIT = 300.0

Token = str | SecretStr | Fresh | None


def conceal(value: Any) -> Any:
    """Text as a secret, until it is known to be none: a traceback that shows locals must not show a token."""
    if isinstance(value, str):
        return SecretStr(value)
    if isinstance(value, dict):
        return {k: conceal(v) for k, v in value.items()}
    return [conceal(v) for v in value] if isinstance(value, list) else value


def reveal(values: Mapping[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """Settings ready for their model: what it does not hold as a secret is plain, what is None is left out."""
    plain = {name for name, f in model.model_fields.items() if SecretStr not in (f.annotation, *get_args(f.annotation))}
    return {name: bare(v) if name in plain else v for name, v in values.items() if v is not None}


def bare(value: Any) -> Any:
    """What conceal was given."""
    if isinstance(value, SecretStr):
        return value.get_secret_value()
    if isinstance(value, dict):
        return {k: bare(v) for k, v in value.items()}
    return [bare(v) for v in value] if isinstance(value, list) else value


def check_options(service: Service, settings: Collection[str], own: Collection[str], **numbers: object) -> None:
    """Raises SettingsError for a setting that the service does not have, or a number that is none or not above 0.

    `own` are the options that all services have; `concurrency` is a whole number.
    """
    fields = service.settings.model_fields
    known = [*fields, *(name for name in own if name not in fields)]
    for name in settings:
        if name not in fields:
            near = did_you_mean(name, known) or f" There are: {', '.join(known)}."
            raise SettingsError(f"a connection to {service.label} has no option {name!r}.{near}")
    for name, value in numbers.items():
        kinds = (int,) if name == "concurrency" else (int, float)
        if isinstance(value, bool) or not isinstance(value, kinds) or not 0 < value < math.inf:
            whole = "whole " if name == "concurrency" else ""
            raise SettingsError(f"{name}= is a {whole}number above 0, not {value!r}")


def limits_of(rate: Iterable[Limit] | Limit | None, service: Service) -> Sequence[Limit]:
    """The limits to keep to: those that are asked for (an empty list: none), else the documented ones."""
    if rate is None:
        return tuple(service.limits)
    limits = (rate,) if isinstance(rate, Limit) or not isinstance(rate, Iterable) else tuple(rate)
    for limit in limits:
        if not isinstance(limit, Limit):
            raise SettingsError(f"rate= takes limits: tf.Limit(60, per=60), or a list of them, not {limit!r}")
    return limits


def token_source(service: Service, settings: BaseModel, token: Token) -> TokenSource:
    """Where the token comes from: a callable that is given, else the settings; none where they make their own."""
    mints = bool(getattr(settings, "mints", False))
    if token is None or isinstance(token, SecretStr):
        token = None if mints else getattr(settings, "token", None)
    elif mints:
        raise SettingsError(f"{service.label} takes a token, or makes its own of the client's secret: leave one out")
    if mints:
        return TokenSource.none()
    if token is None:
        other = ", or client_id=… and client_secret=…" if "client_secret" in type(settings).model_fields else ""
        raise SettingsError(
            f"{service.label} needs a token: pass token=…{other}, or set TASKFRAME_{service.name.upper()}_TOKEN"
        )
    return TokenSource(token)
