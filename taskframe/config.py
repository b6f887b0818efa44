"""Where settings come from: what is given, then the environment, then a profile in a TOML file."""

from __future__ import annotations

import os
import tomllib
from collections.abc import Mapping
from importlib.metadata import entry_points
from pathlib import Path
from typing import Any, TypeVar

import platformdirs
from pydantic import BaseModel, ValidationError
from pydantic_settings import BaseSettings, InitSettingsSource, PydanticBaseSettingsSource, SettingsConfigDict

from taskframe.credentials import Kept, kept_in, kept_names, secret_fields
from taskframe.errors import SettingsError, did_you_mean
from taskframe.options import bare, conceal, reveal
from taskframe.services.base import Limit, Service

M = TypeVar("M", bound=BaseModel)


def service_names() -> list[str]:
    """The services that are installed."""
    return sorted(entry.name for entry in entry_points(group="taskframe.services"))


def find_service(name: str) -> Service:
    """The service of this name: one of ours, or of a package that brings its own (`taskframe.services`)."""
    found = {entry.name: entry for entry in entry_points(group="taskframe.services")}
    if not isinstance(name, str) or name not in found:
        raise SettingsError(
            f"there is no service {name!r}.{did_you_mean(name, found)} Known: {', '.join(sorted(found)) or 'none'}"
        )
    service: Service = found[name].load()()
    return service


def read_settings(model: type[M], name: str, given: Mapping[str, Any], *, profile: str | None = None) -> M:
    """The settings of a service.

    `given` counts most, then TASKFRAME_<NAME>_<SETTING>, then the table `[<profile>]` (by default the service's
    name) of the file that TASKFRAME_CONFIG names, or of config.toml in the user's configuration folder.
    Raises SettingsError, with no value in it, since a value may be a secret.
    """
    table = reveal(_without_own(_profile(profile or name, wanted=profile is not None), model), model)
    read = {f: k() for f, k in kept(model, name, profile=profile).items() if f != "token" and given.get(f) is None}
    given = reveal({**given, **read}, model)

    class Settings(BaseSettings, model):  # type: ignore[misc, valid-type]
        model_config = SettingsConfigDict(
            env_prefix=f"TASKFRAME_{name.upper()}_", env_ignore_empty=True, hide_input_in_errors=True, extra="forbid"
        )

        @classmethod
        def settings_customise_sources(
            cls,
            settings_cls: type[BaseSettings],
            init_settings: PydanticBaseSettingsSource,
            env_settings: PydanticBaseSettingsSource,
            dotenv_settings: PydanticBaseSettingsSource,  # noqa: ARG003 - pydantic passes these by name
            file_secret_settings: PydanticBaseSettingsSource,  # noqa: ARG003
        ) -> tuple[PydanticBaseSettingsSource, ...]:
            return init_settings, env_settings, InitSettingsSource(settings_cls, table)

    # Raised after the `except`, not in it: pydantic's frames hold what came from the environment.
    try:
        values = Settings(**given)
        return model.model_validate({field: getattr(values, field) for field in model.model_fields})
    except ValidationError as error:
        labels = {
            **{field: f"{config_path()}, [{profile or name}]: {field}" for field in table},
            **{field: _variable(name, field) for field in model.model_fields if os.environ.get(_variable(name, field))},
            **{field: field for field in given},
        }
        failure = SettingsError(f"{name}: {_words(error, name, model, labels)}")
    raise failure


def kept(model: type[BaseModel], name: str, *, profile: str | None = None) -> dict[str, Kept]:
    """Secret → where it is kept, of those that are in a file, behind a command or in the keyring.

    A secret that the environment or else the profile holds itself goes before one that the same says is elsewhere.
    """
    table = _profile(profile or name, wanted=profile is not None)
    names = [n for n in kept_names(model) if n not in model.model_fields]
    environment = {n: value for n in names if (value := os.environ.get(_variable(name, n)))}
    found = {}
    for secret in secret_fields(model):
        if os.environ.get(_variable(name, secret)):
            continue
        place = kept_in(secret, environment, {n: _variable(name, n) for n in names}, Path.cwd())
        if place is None and secret not in table:
            labels = {n: f"{config_path()}, [{profile or name}]: {n}" for n in names}
            place = kept_in(secret, {n: bare(table[n]) for n in names if n in table}, labels, config_path().parent)
        if place is not None:
            found[secret] = place
    return found


def read_rate(model: type[BaseModel], name: str, *, profile: str | None = None) -> list[Limit] | None:
    """The limits that the environment (`600/60,18000/3600`) or the profile (`rate = ["600/60"]`) asks for, if any."""
    if "rate" in model.model_fields:
        return None
    text = os.environ.get(_variable(name, "rate"))
    if text:
        return [_limit(part, _variable(name, "rate")) for part in text.split(",")]
    table = _profile(profile or name, wanted=profile is not None)
    label = f"{config_path()}, [{profile or name}]: rate"
    asked = bare(table.get("rate"))
    if asked is not None and not isinstance(asked, list):
        raise SettingsError(f'{label} takes a list: rate = ["600/60"] for 600 calls in 60 seconds')
    return None if asked is None else [_limit(part, label) for part in asked]


def _limit(text: Any, label: str) -> Limit:
    calls, _, seconds = str(text).partition("/")
    try:
        return Limit(int(calls), per=float(seconds))
    except (ValueError, SettingsError):
        raise SettingsError(f"{label}: {str(text)!r} is no limit: 600/60 is 600 calls in 60 seconds") from None


def profile_names() -> list[str]:
    """The profiles in the TOML file."""
    return [name for name, table in _read(config_path()).items() if isinstance(table, dict)]


def where_from(model: type[BaseModel], name: str, *, profile: str | None = None) -> list[tuple[str, str, str]]:
    """Each setting of a service: its name, its value (of a secret never more than `set`), and where that comes from."""
    table = _profile(profile or name, wanted=profile is not None)
    places, secrets = kept(model, name, profile=profile), secret_fields(model)
    rows = []
    for field, info in model.model_fields.items():
        value, source, secret = "", "not set", field in secrets
        if os.environ.get(_variable(name, field)):
            value, source = "set" if secret else os.environ[_variable(name, field)], _variable(name, field)
        elif field in places:
            value, source = f"in {places[field]}", places[field].label
        elif field in table:
            value, source = "set" if secret else str(bare(table[field])), f"{config_path()}, [{profile or name}]"
        elif info.default not in (None, "") and not info.is_required():
            value, source = str(info.default), "the default"
        rows.append((field, value, source))
    return rows


def _without_own(table: dict[str, Any], model: type[BaseModel]) -> dict[str, Any]:
    """A profile without what is not the service's own."""
    own = {"rate", *kept_names(model)} - set(model.model_fields)
    return {name: value for name, value in table.items() if name not in own}


def _variable(name: str, field: str) -> str:
    return f"TASKFRAME_{name.upper()}_{field.upper()}"


def _words(error: ValidationError, name: str, model: type[BaseModel], labels: Mapping[str, str]) -> str:
    """`labels`: what to call each setting, so that it is found where it stands."""
    words = []
    for problem in error.errors(include_input=False, include_url=False, include_context=False):
        field = ".".join(map(str, problem["loc"]))
        label = labels.get(field, field)
        if problem["type"] == "missing":
            words.append(f"{field} is missing: pass {field}=…, or set {_variable(name, field)}")
        elif problem["type"] == "extra_forbidden":
            words.append(f"{label}: there is no setting {field!r}.{did_you_mean(field, model.model_fields)}")
        else:
            message = problem["msg"].removeprefix("Value error, ")
            words.append(f"{label}: {message}" if label else message)
    return "; ".join(words)


def config_path() -> Path:
    """The TOML file with the profiles, whether it is there or not."""
    named = os.environ.get("TASKFRAME_CONFIG")
    return Path(named) if named else platformdirs.user_config_path("taskframe") / "config.toml"


def journal_path() -> Path:
    """The journal's file, whether it is there or not."""
    named = os.environ.get("TASKFRAME_JOURNAL")
    return Path(named) if named else platformdirs.user_state_path("taskframe") / "journal.sqlite"


def _profile(profile: str, *, wanted: bool) -> dict[str, Any]:
    """The table of this name, its text concealed."""
    path = config_path()
    profiles = _read(path)
    table = profiles.get(profile, {})
    if not isinstance(table, dict):
        del profiles, table  # it may be a token
        raise SettingsError(f"{path}: {profile!r} is no table: write [{profile}]")
    if wanted and profile not in profiles:
        raise SettingsError(f"{path} has no profile [{profile}].{did_you_mean(profile, profiles)}")
    return table


def _read(path: Path) -> dict[str, Any]:
    """The file's tables, their text concealed."""
    tables: dict[str, Any] = {}
    failure = ""  # said after the `except`, not in it: the parser's frames hold the file
    try:
        tables = conceal(tomllib.loads(path.read_text("utf-8")))
    except FileNotFoundError:
        if os.environ.get("TASKFRAME_CONFIG"):
            failure = "there is no such file; TASKFRAME_CONFIG names it"
    except tomllib.TOMLDecodeError as error:
        failure = f"not TOML: {error}"
    except UnicodeError:
        failure = "not UTF-8"
    except OSError as error:
        failure = error.strerror or type(error).__name__
    if failure:
        raise SettingsError(f"{path}: {failure}")
    return tables
