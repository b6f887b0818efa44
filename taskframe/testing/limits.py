"""Promises about rate limits: a limit that is known is kept to, so that nobody is ever refused for it."""

from __future__ import annotations

from taskframe.testing.stage import Stage
from taskframe.testing.suite import Suite


class Limits(Suite):
    """Windows that the service counts calls in."""

    def test_a_limit_is_kept_to(self, stage: Stage) -> None:
        """Two windows, and a service that refuses whatever is over: loads and applies are never refused."""
        stage.server.limits = [(12, 10.0, "hidden"), (30, 60.0, "hidden")]
        tasks = stage.load()
        title = self.title(tasks.schema).name
        tasks.df.loc[tasks.df.index[:50], title] = [f"ours {n}" for n in range(50)]
        assert stage.apply(tasks).counts == {"applied": 50}
        calls = [record for record in stage.box.log if record.actor == "caller"]
        assert len(calls) > 50
        refused = [r for r in calls if r.status is not None and r.status >= 400]
        assert refused == [], f"{len(refused)} of {len(calls)} calls were refused"

    def test_a_limit_that_nobody_told_of_is_survived(self, stage: Stage) -> None:
        """The service allows less than we know: it refuses some calls, and all is applied in the end."""
        conn = stage.connect(rate=())
        tasks = conn.load()
        title = self.title(tasks.schema).name
        tasks.df.loc[tasks.df.index[:40], title] = [f"ours {n}" for n in range(40)]
        stage.server.limits = [(25, 20.0, "announced")]
        start = len(stage.box.log)
        assert stage.apply(tasks).counts == {"applied": 40}
        assert any(record.status == 429 for record in stage.since(start)), "nothing was refused"
