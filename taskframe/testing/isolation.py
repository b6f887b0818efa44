"""Promises about secrets: they leave in the headers of a call, and by no other door."""

from __future__ import annotations

import logging
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from taskframe.errors import TaskframeError
from taskframe.testing.stage import Signing, Stage
from taskframe.testing.suite import Suite


class Isolation(Suite):
    """Where a secret must not be."""

    def test_no_secret_is_shown(self, stage: Stage, tmp_path: Path, caplog: pytest.LogCaptureFixture) -> None:
        """Neither in a repr, a preview, a report, a file, an error nor the log, down to its debug messages."""
        caplog.set_level(logging.DEBUG)
        service = Signing(stage.service)
        conn = stage.connect(service=service)
        tasks = conn.load()
        title = self.title(tasks.schema).name
        tasks.df.loc[tasks.df.index[:6], title] = "ours"
        plan = tasks.plan()
        stage.faults.add("500", match=stage.any_write)
        stage.faults.add("drop-after", match=stage.any_write)
        report = plan.apply(confirm=len(plan))
        tasks.save(tmp_path / "monday.tasks")
        plan.save(tmp_path / "monday.plan")
        tasks.to_csv(tmp_path / "tasks.csv")
        report.to_csv(tmp_path / "left.csv")
        shown: dict[str, Any] = {
            "the repr of the settings": repr(stage.settings()), "the repr of the connection": repr(conn),
            "the frame": (repr(tasks), tasks._repr_html_()), "the plan": (repr(plan), plan._repr_html_()),
            "the requests": list(plan.requests()), "the report": (repr(report), report._repr_html_()),
            "the outcomes": report.outcomes.to_csv(), "the payload": plan.payload, "the log": caplog.text,
            "the account": conn.service.account(stage.settings(), None),
            **{file.name: file.read_bytes() for file in tmp_path.iterdir()},
        }  # fmt: skip
        stage.faults.add("401", times=None)
        for action in (conn.check, conn.load):
            with pytest.raises(TaskframeError) as caught:
                action()
            shown[f"the error of {action.__name__}"] = [repr((e, e.args, str(e))) for e in _chain(caught.value)]
        for secret in {*stage.secrets(), *service.secrets(stage.server.secret_headers)}:
            for where, what in shown.items():
                text = what.decode("utf-8", "replace") if isinstance(what, bytes) else repr(what)
                assert secret not in text, f"a secret is in {where}"

    def test_every_call_is_signed(self, stage: Stage) -> None:
        """With headers that the sandbox knows to be secret, so that its own log has a label in their place."""
        service = Signing(stage.service)
        stage.connect(service=service).load()
        assert service.signed
        assert list(service.secrets(stage.server.secret_headers)), (
            "no header of `sign` is among the sandbox's secret_headers"
        )
        logged = repr([record.headers for record in stage.box.log])
        assert not any(secret in logged for secret in service.secrets(stage.server.secret_headers))


def _chain(error: BaseException | None) -> Iterator[BaseException]:
    while error is not None:
        yield error
        error = error.__cause__ or error.__context__
