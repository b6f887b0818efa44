"""The sandbox at hand: a real server on this machine, with connections to it."""

from __future__ import annotations

from typing import Any

from taskframe.connection import Connection, connect
from taskframe.sandbox import Sandbox
from taskframe.services.base import Limit


class LocalSandbox(Sandbox):
    """A sandbox that also makes connections to itself."""

    def connect(self, service: str, **options: Any) -> Connection:
        """A connection to one of its services; `options` as for `taskframe.connect`.

        Its `rate` is what the sandbox allows at that moment: without `box[service].limits` there is no limit.
        """
        rate = [Limit(limit.calls, limit.per) for limit in self[service].limits]
        return connect(service, **{"rate": rate, **self.settings(service), **options})


def sandbox(*, tasks: int = 2_000, seed: int = 7, **options: Any) -> LocalSandbox:
    """A server on 127.0.0.1 that speaks the services' protocols, with so many made-up tasks.

        with tf.sandbox(tasks=2_000) as box:
            conn = box.connect("reload")

    The same seed gives the same tasks. Needs the extra `sandbox`.
    """
    return LocalSandbox(tasks=tasks, seed=seed, **options)
