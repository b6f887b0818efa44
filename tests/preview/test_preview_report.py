"""What the report of a run promises."""

from __future__ import annotations

from typing import Any

import pandas as pd
import pytest
from preview_makers import report

from taskframe.preview.html import report_html
from taskframe.preview.text import report_text

OUTCOMES: list[Any] = [("applied", None)] * 812 + [("failed", "title is too long")] * 15 + [("conflict", None)]


def test_counts_come_first_then_the_rate() -> None:
    """In the order given."""
    lines = report_text(report(OUTCOMES)).splitlines()
    assert lines[0] == "812 applied · 15 failed · 1 conflict"
    assert lines[1] == "828 tasks · 40 calls in 10.0 s (4 calls a second)"


@pytest.mark.parametrize("show", [report_text, report_html])
def test_a_dry_run_is_called_a_dry_run(show: Any) -> None:
    """And says that nothing was written."""
    said = show(report([("ready", None)] * 3, dry_run=True))
    assert "DRY RUN, nothing was written: 3 ready" in said
    assert "DRY RUN" not in show(report([("applied", None)]))


def test_failures_come_with_words_and_their_first_rows() -> None:
    """The commonest reasons, then the tasks."""
    text = report_text(report(OUTCOMES))
    assert "failed 15: nothing was written" in text
    assert "15 failed: title is too long" in text
    assert "First 10 of 15 tasks that did not go through" in text
    assert "REL-812" in text
    assert "… and 5 more tasks" in text
    assert "422" in text


@pytest.mark.parametrize("show", [report_text, report_html])
def test_one_reason_is_counted_as_one(show: Any) -> None:
    """Whatever its request ids are, and whatever a reply quoted."""
    details = [f"no right to write (request id req_{n})" for n in range(7)]
    details += [f"the reply is no JSON: '<html>{n}</html>'" for n in range(5)] + ["can't be 'x'"]
    said = show(report([("failed", d) for d in details])).replace("&#x27;", "'")
    reasons = said[said.index("Commonest reasons") : said.index("tasks that did not")]
    assert "7 failed: no right to write" in reasons
    assert "5 failed: the reply is no JSON: …" in reasons
    assert "1 failed: can't be 'x'" in reasons
    assert "req_0" not in reasons


def test_conflicts_show_base_ours_and_theirs() -> None:
    """With names for people, and never two that look alike."""
    times = [pd.Timestamp(f"2026-07-01T09:00:0{i}Z") for i in range(3)]
    long = "The same beginning of a long description that goes on and on until here: {}"
    conflicts = [
        ("tsk_0", "assigneeUserId", "usr_1", None, "usr_2"),
        ("tsk_0", "dueAt", *times),
        ("tsk_0", "description", long.format("one"), long.format("two"), long.format("three")),
    ]
    view = report([("conflict", None)], conflicts, names={"usr_1": "Anna Kim"})
    for said in (report_text(view), report_html(view)):
        for words in ("3 conflicting cells", "Anna Kim (usr_1)", "∅", "usr_2", "09:00:02", "one", "two", "three"):
            assert words in said


def test_a_run_that_ended_early_says_why() -> None:
    """And that the rest was never sent."""
    view = report([("applied", None), ("skipped", None)], stopped="you interrupted it")
    assert "STOPPED EARLY: you interrupted it" in report_text(view)
    assert "skipped 1: never sent" in report_text(view)
    assert "STOPPED EARLY: you interrupted it" in report_html(view)


def test_a_run_without_tasks_is_shown_too() -> None:
    """No tasks, no tables, no division by zero."""
    view = report([], elapsed=0.0, calls=0)
    assert report_text(view).splitlines()[0] == "no tasks"
    assert "<table" not in report_html(view)
