"""What the preview of loaded tasks promises."""

from __future__ import annotations

import pandas as pd
from preview_makers import frame, tasks

from taskframe.preview.html import frame_html
from taskframe.preview.text import frame_text


def test_an_incomplete_frame_says_so_with_what_is_missing() -> None:
    """Wherever it is shown."""
    view = frame(tasks(), complete=False, gaps=["page 7 could not be read", "the list moved"])
    for said in (frame_text(view), frame_html(view)):
        assert "INCOMPLETE: page 7 could not be read; the list moved" in said
    assert "INCOMPLETE" not in frame_text(frame(tasks()))


def test_it_tells_how_many_where_from_and_when() -> None:
    """Count, service, source, time, filters, edits."""
    text = frame_text(frame(tasks(), edited=1200, filters={"status": "todo"}))
    assert text.splitlines()[0] == "30 tasks of Reload · 1,200 cells edited"
    assert "https://api.reload.chat · workspaceId ws_1\n" in text
    assert "loaded 2026-07-01T09:30Z · status = todo" in text
    assert "no edits" in frame_text(frame(tasks(), edited=0))
    assert "09:30Z · only some were asked for" in frame_text(frame(tasks(), limited=True))
    assert frame_text(frame(tasks(), source="")).splitlines()[1] == "Reload"


def test_tasks_are_counted_by_status_in_the_services_order() -> None:
    """Choices keep their order; what no task has is left out."""
    text = frame_text(frame(tasks()))
    assert "status\n  todo  20\n  done  10\n" in text
    assert "in_progress" not in text


def test_the_first_rows_have_the_columns_that_every_service_has() -> None:
    """By role: identifier, title, status, assignee with the name, due."""
    text = frame_text(frame(tasks(), names={"usr_1": "Anna Kim"}))
    assert "First 10 of 30 tasks" in text
    row = next(line for line in text.splitlines() if line.startswith("  REL-1 "))
    assert row.split("  ")[1:] != []
    for words in ("Fix the login page", "todo", "Anna Kim (usr_1)", "2026-07-01T09:00Z"):
        assert words in row
    assert "… and 20 more tasks" in text
    assert "… and 10 more tasks" in frame_html(frame(tasks()))


def test_whatever_an_analyst_did_to_the_frame_it_is_shown() -> None:
    """Columns dropped, doubled, turned to objects, lists among the statuses, no index name."""
    df = tasks(4)
    df["status"] = pd.Series([["a"], ["a"], None, 3], dtype="object", index=df.index)
    df = pd.concat([df.drop(columns=["identifier", "title"]), df[["status"]]], axis=1)
    df.index.name = None
    for said in (frame_text(frame(df)), frame_html(frame(df))):
        assert "tsk_0" in said
    assert '  ["a"]  2' in frame_text(frame(df))


def test_an_empty_frame_is_shown_too() -> None:
    """No rows, no table."""
    assert frame_text(frame(tasks(0))).splitlines()[0] == "0 tasks of Reload"
    assert "<table" not in frame_html(frame(tasks(0)))
