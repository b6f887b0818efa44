"""The sandbox at hand: a real server on this machine, with connections to it."""

from __future__ import annotations

import tempfile
from functools import cached_property
from pathlib import Path
from typing import Any

from taskframe.connection import Connection, connect
from taskframe.sandbox import Sandbox
from taskframe.services.base import Limit


class LocalSandbox(Sandbox):
    """A sandbox that also makes connections to itself."""

    def connect(self, service: str, **options: Any) -> Connection:
        """A connection to one of its services; `options` as for `taskframe.connect`.

        Its `rate` is what the sandbox allows at that moment: without `box[service].limits` there is no limit. Its
        `journal` goes with the sandbox.
        """
        rate = [Limit(limit.calls, limit.per) for limit in self[service].limits]
        return connect(service, **{"rate": rate, "journal": self._journal, **self.settings(service), **options})

    @property
    def _journal(self) -> Path:
        """In a folder of its own, which is gone with the sandbox."""
        return Path(self._folder.name) / "journal.sqlite"

    @cached_property
    def _folder(self) -> tempfile.TemporaryDirectory[str]:
        return tempfile.TemporaryDirectory(prefix="taskframe-", ignore_cleanup_errors=True)

    def close(self) -> None:
        """Stop the server and let go of the tasks; the log stays. Calling it again is fine."""
        super().close()
        if "_folder" in self.__dict__:
            self._folder.cleanup()


def sandbox(*, tasks: int = 2_000, seed: int = 7, **options: Any) -> LocalSandbox:
    """A server on 127.0.0.1 that speaks the services' protocols, with so many made-up tasks.

        with tf.sandbox(tasks=2_000) as box:
            conn = box.connect("reload")

    The same seed gives the same tasks. Needs the extra `sandbox`.
    """
    return LocalSandbox(tasks=tasks, seed=seed, **options)
