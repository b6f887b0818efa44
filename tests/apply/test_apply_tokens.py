"""A token that any call was good with is no new one that the service does not take: it has expired."""

from __future__ import annotations

from typing import Any

from taskframe.config import find_service
from taskframe.testing.stage import Stage


def test_a_token_that_only_reads_were_good_with_has_expired() -> None:
    """The first one expires at a write; with the second one a reply is lost, and reads go through; then it expires too.

    There is a third, and the run goes on to its end.
    """
    given: list[str] = []
    with Stage(find_service("pragmatiks"), tasks=8) as stage:
        server: Any = stage.server

        def fresh() -> str:
            given.append(server.token())
            return given[-1]

        tasks = stage.connect(token=fresh, concurrency=1).load()
        tasks.df["title"] = [f"ours {n}" for n in range(len(tasks))]
        writes = iter(range(1, 10**6))

        def expires(call: Any) -> bool:
            if stage.any_write(call) and next(writes) in (1, 3):
                server.revoke(given[-1])
            return False

        stage.faults.add("latency", times=None, match=expires)
        stage.faults.add("drop-after", match=stage.any_write, after=1)
        report = stage.apply(tasks, verify="each")
        assert (report.counts, report.stopped) == ({"applied": 8}, "")
        assert len(given) == 3
