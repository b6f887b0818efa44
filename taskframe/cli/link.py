"""The connection of a command: named, or found by what a file tells of the place that it came from."""

from __future__ import annotations

import sys
from contextlib import ExitStack
from pathlib import Path
from typing import TYPE_CHECKING

from taskframe.cli.screen import is_terminal
from taskframe.errors import FileError, PlanError, SettingsError

if TYPE_CHECKING:
    import pandas as pd

    from taskframe.connection import Connection
    from taskframe.load import Load


class Link:
    """Makes connections, and closes them at the end of its `with` block.

    `profile` is a table of the TOML file; `people` a CSV file of people: id, name, email, handle.
    """

    def __init__(self, profile: str | None = None, people: Path | None = None) -> None:
        self._profile = profile
        self._people = None if people is None else _table(people)
        self._stack = ExitStack()

    def __enter__(self) -> Link:
        return self

    def __exit__(self, *_: object) -> None:
        self._stack.close()

    def to(self, service: str) -> Connection:
        """A connection to a service."""
        return self._stack.enter_context(self._connect(service, self._profile))

    def to_load(self, load: Load) -> Connection:
        """The connection to where `load` came from: of the profile that is named, else of any that leads there.

        Never to an address that only the file names: it would be given our token. Raises SettingsError where nothing
        leads anywhere, PlanError where it leads elsewhere.
        """
        from taskframe.config import profile_names

        failure: Exception | None = None
        for profile in [self._profile] if self._profile else [None, *profile_names()]:
            try:
                connection = self._connect(load.source.service, profile)
            except SettingsError as error:
                failure = failure or error
                continue
            try:
                connection.check_same_place(load.source, f"what was loaded from {load.place}")
            except PlanError as error:
                connection.close()
                words = f"{error}: name a profile that leads there (--profile)"
                failure = failure if isinstance(failure, PlanError) else PlanError(words)
                continue
            return self._stack.enter_context(connection)
        raise failure or SettingsError("there is no profile")

    def at_hand(self, load: Load) -> Connection | None:
        """The same where nothing need be sent; None where there is no such connection and none was asked for."""
        try:
            return self.to_load(load)
        except (SettingsError, PlanError):
            if self._profile is not None or self._people is not None:
                raise
            return None

    def _connect(self, service: str, profile: str | None) -> Connection:
        from taskframe.connection import connect

        return connect(service, profile=profile, people=self._people, progress=is_terminal(sys.stderr))


def _table(path: Path) -> pd.DataFrame:
    import pandas as pd

    try:
        return pd.read_csv(path, dtype="str", keep_default_na=False, encoding="utf-8-sig")
    except FileNotFoundError:
        raise FileError(f"there is no file {path} (looked in {path.absolute().parent})") from None
    except (OSError, ValueError) as error:
        raise FileError(f"{path}: this is no table of people (id, name, email, handle): {error}") from None
