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

from taskframe.errors import SettingsError, did_you_mean
from taskframe.options import conceal, reveal
from taskframe.services.base import Service

M = TypeVar("M", bound=BaseModel)


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
    table = reveal(_profile(profile or name, wanted=profile is not None), model)
    given = reveal(given, model)

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
