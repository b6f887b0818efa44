"""Secrets that are kept elsewhere, in a file, behind a command or in the keyring, and read when they are wanted"""

from __future__ import annotations

import os
import shlex
import subprocess
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Final, get_args

from pydantic import BaseModel, SecretStr

from taskframe.errors import MissingExtra, SettingsError

WAYS: Final = ("file", "command", "keyring")
"""A secret `token` may be kept as `token_file`, `token_command` or `token_keyring`."""

PATIENCE: Final = 120.0
"""Seconds that a command may take: it may ask its user for a password."""

MOST: Final = 1 << 20
"""Bytes that a file with a secret may have: a larger one is another file."""


@dataclass(frozen=True)
class Kept:
    """A secret that is kept elsewhere; called, it reads the secret.

    - `way`: one of `WAYS`; `where`: the file's path, the command and its arguments, or the keyring's user name.
    - `label`: the setting that says so: an environment variable, or a line of a profile.
    """

    way: str
    where: str | tuple[str, ...]
    label: str

    def __call__(self) -> SecretStr:
        """The secret, as it is now. Raises SettingsError, with nothing of the secret in it."""
        read = {"file": self._file, "command": self._command, "keyring": self._keyring}[self.way]
        secret = read()
        if not secret.get_secret_value():
            raise SettingsError(f"{self.label}: there is nothing in it")
        return secret

    def __str__(self) -> str:
        """Where it is kept; of a command only its name, as its arguments may tell something."""
        if isinstance(self.where, tuple):
            return f"the command {self.where[0]}"
        return f"the file {self.where}" if self.way == "file" else f"the keyring, taskframe / {self.where}"

    def _file(self) -> SecretStr:
        failure = ""  # said after the `except`, not in it: the decoder's error holds what was read
        try:
            with Path(str(self.where)).open("rb") as file:
                data = file.read(MOST + 1)
            if len(data) <= MOST:
                return SecretStr(data.decode("utf-8-sig").strip())
            failure = f"{self.where} has more than {MOST:,} bytes: that is no secret"
        except FileNotFoundError:
            failure = f"there is no file {self.where}"
        except OSError as error:
            failure = f"{self.where} can't be read: {error.strerror or type(error).__name__}"
        except UnicodeError:
            failure = f"{self.where} is not UTF-8"
        raise SettingsError(f"{self.label}: {failure}")

    def _command(self) -> SecretStr:
        name = self.where[0]
        try:
            done = subprocess.run(  # noqa: S603 - it is the user's own command, without a shell
                list(self.where), stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, timeout=PATIENCE, check=False
            )
        except subprocess.TimeoutExpired:
            failure = f"{name} gave nothing within {PATIENCE:g} seconds"
        except OSError as error:
            failure = f"{name} can't be run: {error.strerror or type(error).__name__}"
        else:
            if done.returncode == 0:
                return SecretStr(done.stdout.decode("utf-8", "replace").strip())
            failure = f"{name} ended with exit code {done.returncode}"
        raise SettingsError(f"{self.label}: {failure}")

    def _keyring(self) -> SecretStr:
        try:
            import keyring
        except ImportError:
            raise MissingExtra(f"{self.label}: the keyring", "keyring") from None
        failure, found = "", None
        try:
            found = keyring.get_password("taskframe", str(self.where))
        except Exception as error:  # each backend has errors of its own
            failure = f"the keyring failed: {type(error).__name__}"
        if found is not None:
            return SecretStr(found.strip())
        raise SettingsError(
            f"{self.label}: "
            + (failure or f"the keyring has nothing for it: run `keyring set taskframe {self.where}` first")
        )


def secret_fields(model: type[BaseModel]) -> list[str]:
    """The settings that are secrets."""
    return [n for n, f in model.model_fields.items() if SecretStr in (f.annotation, *get_args(f.annotation))]


def kept_names(model: type[BaseModel]) -> list[str]:
    """`token_file`, `token_command`, …: what may stand in place of each secret."""
    return [f"{field}_{way}" for field in secret_fields(model) for way in WAYS]


def kept_in(field: str, given: Mapping[str, Any], label: Mapping[str, str], folder: Path) -> Kept | None:
    """Where `given` (settings by name) says that the secret `field` is kept; None when it does not say.

    `label`: what to call each setting. A path is taken from `folder`. Raises SettingsError for what can't be right.
    """
    said = [f"{field}_{way}" for way in WAYS if f"{field}_{way}" in given]
    if not said:
        return None
    if len(said) > 1:
        raise SettingsError(f"{label[said[0]]} and {label[said[1]]} name two places: leave one of them out")
    name = said[0]
    way, value = name.rpartition("_")[2], given[name]
    if way == "command":
        return Kept(way, _arguments(value, label[name]), label[name])
    if not isinstance(value, str) or not value.strip():
        raise SettingsError(f"{label[name]} takes a text")
    return Kept(way, str(folder / Path(value).expanduser()) if way == "file" else value, label[name])


def _arguments(value: Any, label: str) -> tuple[str, ...]:
    """A command as its arguments: no shell reads it."""
    words: Any = value
    if isinstance(value, str):
        try:
            words = shlex.split(value, posix=os.name != "nt")
        except ValueError:
            raise SettingsError(f"{label}: a quote is never closed") from None
    if not isinstance(words, list) or not words or not all(isinstance(word, str) and word for word in words):
        raise SettingsError(f'{label} takes a command: "vault read …", or a list of its words')
    return tuple(words)
