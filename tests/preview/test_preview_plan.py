"""What the preview of a plan promises, as text and as HTML."""

from __future__ import annotations

import re
from collections.abc import Callable
from time import perf_counter
from typing import Any

import numpy as np
import pandas as pd
import pytest
from preview_makers import changes, objects, plan

from taskframe.changes.changes import Changes, ColumnChanges
from taskframe.preview.html import plan_html
from taskframe.preview.text import plan_text
from taskframe.preview.width import width
from taskframe.problem import Problem, problems_frame


def words_of(page: str) -> str:
    """The text of a page, without its style."""
    return re.sub(r"<[^>]+>", " ", re.sub(r"<style>.*?</style>", "", page, flags=re.S))


@pytest.fixture
def view() -> Any:
    return plan(
        changes(
            12,
            status=[("todo", "done")] * 7 + [("in_progress", "done")] * 3 + [("done", "todo")],
            assigneeUserId=[("usr_1", None), ("usr_1", "usr_9"), (None, "usr_1")],
            description=[("text", "")],
        ),
        calls=1234,
        seconds=10_000,
        names={"usr_1": "Anna Kim"},
        unseen={"assigneeUserId": {"usr_9": 1}},
        warnings=["12 edits in read-only column createdAt are ignored"],
        ignored=["score"],
        notes=["a note"],
        open_risk="an edit by others within 2 s",
        filters={"status": ["todo", "done"]},
    )


def test_the_first_line_is_the_number_of_cells_cleared(view: Any) -> None:
    """Nothing comes before it, and it names the columns."""
    assert plan_text(view).splitlines()[0] == "2 cells are CLEARED: assigneeUserId 1, description 1"
    assert words_of(plan_html(view)).strip().startswith("2 cells are CLEARED")
    one = plan(changes(1, status=[("todo", "done")]))
    assert plan_text(one).splitlines()[0] == "0 cells are cleared"


def test_the_second_line_is_tasks_and_calls(view: Any) -> None:
    """With thousands separators, and the time that they take."""
    assert plan_text(view).splitlines()[1] == (
        "12 tasks · 1,234 calls · 15 cells in 3 columns · about 2.8 hours at the known rate"
    )


@pytest.mark.parametrize("show", [plan_text, lambda view: words_of(plan_html(view))], ids=["text", "html"])
def test_all_that_matters_is_said(view: Any, show: Any) -> None:
    """Text and HTML say the same."""
    said = " ".join(show(view).split())
    for words in (
        "https://api.reload.chat · workspaceId ws_1", "loaded 2026-07-01T09:30Z", "status = todo, done",
        "Assignees never seen before in this load", "usr_9", "Anna Kim (usr_1)",
        "12 edits in read-only column createdAt are ignored", "Ignored column, unknown to Reload: score", "a note",
        "about 2.8 hours at the known rate", "Can&#x27;t be verified: an edit by others within 2 s",
        "REL-0", "Fix the login page", "cleared",
    ):  # fmt: skip
        assert words in said or words.replace("&#x27;", "'") in said


def test_the_commonest_changes_come_first(view: Any) -> None:
    """Each column with its cells and its commonest before → after."""
    lines = plan_text(view).splitlines()
    start = next(i for i, line in enumerate(lines) if line.startswith("  status "))
    assert lines[start].split() == ["status", "11", "7×", "todo", "→", "done"]
    assert lines[start + 1].split() == ["3×", "in_progress", "→", "done"]


def test_an_empty_plan_says_what_to_do() -> None:
    """The hint is about the commonest mistake: an edited copy."""
    empty = plan(changes(0), calls=0)
    for said in (plan_text(empty), words_of(plan_html(empty))):
        assert "0 cells are cleared" in said
        assert "Nothing to do" in said
        assert "no edits in tasks.df; edited a copy? tasks.plan(copy)" in said
        assert "at the known rate" not in said


def test_a_place_without_an_address_has_no_loose_end() -> None:
    """A frame from elsewhere, without a connection."""
    lines = plan_text(plan(changes(1, status=[("todo", "done")]), source="")).splitlines()
    assert lines[2] == "Reload"


@pytest.mark.parametrize("limited", [True, False])
def test_a_limited_load_is_told(limited: bool) -> None:
    """Only so many tasks, or some ids, were wanted: the rest is not in it."""
    view = plan(changes(1, status=[("todo", "done")]), limited=limited, filters={"status": "todo"})
    for said in (plan_text(view), words_of(plan_html(view))):
        assert ("status = todo · only some were asked for" in said) == limited


def test_an_incomplete_load_is_said_aloud() -> None:
    """A plan from a cut list is labelled."""
    view = plan(changes(1, status=[("todo", "done")]), complete=False)
    assert "INCOMPLETE" in plan_text(view)
    assert "INCOMPLETE" in plan_html(view)


def test_the_number_to_confirm_is_shown_with_its_reason() -> None:
    """The preview is where the number is read."""
    view = plan(changes(1, status=[("todo", None)]), confirm=4190, confirm_why="more than 50 cells are cleared")
    line = "Apply wants to be told the number of tasks, 4,190 (confirm=): more than 50 cells are cleared"
    assert line in plan_text(view)
    assert line in plan_html(view)


TOOD = "'tood' is not one of todo, in_progress, done; did you mean 'todo'?"


def mistyped(count: int) -> list[Problem]:
    return [Problem("choice", f"tsk_{i}", "status", "tood", TOOD, i + 2) for i in range(count)]


def test_problems_are_summed_up_by_kind_and_column() -> None:
    """Kind, column, count; then how often, an example with task, line and value, and what would be right."""
    problems = mistyped(900)
    problems.append(Problem("choice", "tsk_y", "priority", "Hgih", "did you mean 'high'?", 950))
    problems.append(Problem("stale", "tsk_x", None, None, "load again"))
    problems.append(Problem("null id", None, None, None, "give it an id", 7))
    view = plan(changes(2, status=[("todo", "done")]), problems=problems, identifiers={"tsk_x": "REL-X"})
    text = plan_text(view, width=140)
    assert "903 PROBLEMS: apply refuses while any is left" in text
    assert f"  choice · status: 900\n    900×, such as line 2 · REL-0 (tsk_0) · status = tood · {TOOD}\n" in text
    assert "  choice · priority: 1\n    line 950 · tsk_y · priority = Hgih · did you mean 'high'?\n" in text
    assert "  stale: 1\n    REL-X (tsk_x) · load again\n" in text
    assert "  null id: 1\n    line 7 · give it an id\n" in text
    page = " ".join(words_of(plan_html(view)).split())
    for words in (
        "choice status 900 900× 2 REL-0 (tsk_0) tood",
        "choice priority 1 1× 950 tsk_y Hgih",
        "REL-X (tsk_x)",
    ):
        assert words in page


def test_the_commonest_mistakes_come_first() -> None:
    """Of each kind and column the three commonest, and how many others; the rest is in `plan.problems`."""
    problems = mistyped(2)
    for word, count in (("dnoe", 40), ("oepn", 1), ("Fertig", 7), ("Erledigt", 1)):
        problems += [Problem("choice", "tsk_1", "status", word, f"{word!r} is not one of those", 9)] * count
    text = plan_text(plan(changes(0), problems=problems), width=140)
    lines = text[text.index("choice · status: 51") :].splitlines()
    assert [line.split("·")[0].strip() for line in lines[1:5]] == [
        "40×, such as line 9", "7×, such as line 9", "2×, such as line 2", "… and 2 more",
    ]  # fmt: skip
    page = " ".join(words_of(plan_html(plan(changes(0), problems=problems))).split())
    assert "2× … and 2 more" in page


def test_problems_that_differ_in_numbers_only_are_one_case() -> None:
    """A stale row names its versions and times: a thousand of them are one thing to know."""
    words = "stale: made on version {}, the load of 2026-07-01 09:30 UTC has {}"
    problems = [Problem("stale", f"tsk_{i}", None, i, words.format(i, i * i + 1), i + 2) for i in range(1_000)]
    text = plan_text(plan(changes(0), problems=problems), width=140)
    assert "  stale: 1,000\n    1,000×, such as line 2 · tsk_0 · stale: made on version 0," in text
    assert text.count("stale: made on") == 1


@pytest.mark.parametrize(("number", "most"), [(3, 14), (300, 14), (100_000, 14)])
def test_the_preview_is_no_longer_for_more_problems(number: int, most: int) -> None:
    """However many there are, they are summed up in a few lines, each column in turn."""
    half = [Problem("range", f"tsk_{i}", "extra", i, f"{i} is more than 9", i + 2) for i in range(number // 2)]
    view = plan(changes(0), problems=[*mistyped(number - len(half)), *half])
    lines = plan_text(view).splitlines()
    assert len(lines) <= most
    assert plan_html(view).count("<tr>") <= 4


def test_a_hundred_columns_with_problems_do_not_fill_the_page() -> None:
    """The commonest thirty, and how many more."""
    problems = [Problem("type", "tsk_1", f"fields.{i}", "x", "a number", 2) for i in range(100)]
    view = plan(changes(0), problems=problems)
    assert "… and 70 more groups" in plan_text(view)
    assert "… and 70 more groups" in plan_html(view)


def test_only_the_first_rows_are_shown() -> None:
    """10 in text, 20 in HTML, and how many more there are."""
    view = plan(changes(4190, status=[("todo", "done")] * 4190))
    text = plan_text(view)
    assert "First 10 of 4,190 tasks" in text
    assert "… and 4,180 more tasks" in text
    assert "REL-9 " in text
    assert "REL-10" not in text
    assert "… and 4,170 more tasks" in plan_html(view)
    assert "First 3 of 4,190 tasks" in plan_text(view, rows=3)


def test_before_and_after_are_side_by_side_with_the_difference_marked() -> None:
    """In HTML, long texts have <del> and <ins> around what changed, and only around that."""
    text = "The customer reported on {} that the export fails with a timeout. " + "More. " * 100
    page = plan_html(plan(changes(1, description=[(text.format("Monday"), text.format("Friday"))])))
    assert "<del>Monday</del>" in page
    assert "<ins>Friday</ins>" in page
    assert "Monday that" in plan_text(plan(changes(1, description=[(text.format("Monday"), text.format("Friday"))])))


def test_a_cleared_cell_is_told_by_a_word() -> None:
    """Not by colour alone."""
    view = plan(changes(1, dueAt=[(pd.Timestamp("2026-07-01T09:00Z"), None)]))
    assert "2026-07-01T09:00Z → ∅  cleared" in plan_text(view)
    assert '<span class="tf-clear">∅ cleared</span>' in plan_html(view)


def test_lists_and_objects_are_counted_by_content() -> None:
    """Two lists with the same items are the same value, though lists can't be hashed."""
    cells: list[Any] = [(["a"], ["a", "b"])] * 2 + [(["a"], [])]
    nested: list[Any] = [({"k": [1, {"x": 1}]}, {"k": [2]})] * 3 + [({"k": "\ud800"}, None)]
    lines = plan_text(plan(changes(4, labels=cells, extra=nested))).splitlines()
    assert any(line.split()[:3] == ["labels", "3", "2×"] for line in lines)
    assert any(line.split()[:4] == ["extra", "4", "1", "3×"] for line in lines)


@pytest.mark.parametrize("columns", [40, 60, 80, 100, 160])
def test_no_line_is_wider_than_asked(view: Any, columns: int) -> None:
    """Wide characters count double."""
    wide = changes(
        3, "資料庫遷移與備份計畫的檢查" * 9, status=[("todo", "done")], description=[("移" * 400, "移" * 399)]
    )
    for each in (view, plan(wide, problems=[Problem("type", "移" * 90, "備" * 90, "移" * 90, "移" * 500)])):
        for line in plan_text(each, width=columns).splitlines():
            assert width(line) <= columns
            assert line == line.rstrip()


def test_html_is_accessible_and_has_no_script() -> None:
    """Headers have a scope, tables a caption, what scrolls can be reached; nothing is loaded or run."""
    page = plan_html(plan(changes(2, status=[("todo", "done")] * 2)))
    assert page.count("<caption>") == page.count("<table") == page.count('role="region" tabindex="0"')
    assert all("scope=" in th for th in re.findall(r"<th\b[^>]*>", page))
    assert "<script" not in page
    assert "url(" not in page
    assert "http" not in re.sub(r"https://api\.reload\.chat", "", page)
    assert "prefers-color-scheme: dark" in page
    assert "--jp-layout-color0" in page


def test_a_million_changes_are_shown_quickly() -> None:
    """What is counted is counted by numpy; only the first rows are made into text."""
    n = 1_000_000
    rng = np.random.default_rng(7)
    before = np.array(["todo", "in_progress", None], dtype=object)[rng.integers(0, 3, n)]
    after = np.array(["done", "blocked", None], dtype=object)[rng.integers(0, 3, n)]
    base = pd.DataFrame(index=pd.RangeIndex(n).astype("str").rename("id"))
    view = plan(Changes(base, {"status": ColumnChanges("status", np.arange(n), before, after)}))
    table = min(seconds(view.changes.frame) for _ in range(2))
    assert min(seconds(lambda: plan_text(view)) for _ in range(2)) < 3 * table  # takes a quarter of it
    text = plan_text(view)
    assert len(text) < 5_000
    assert "1,000,000 tasks" in text


@pytest.mark.parametrize("alike", [True, False])
def test_a_hundred_thousand_problems_are_summed_up_quickly(alike: bool) -> None:
    """Whether they are one mistake or as many: never slower than to put them into a table a few times."""
    problems = [
        Problem("choice", str(i), "status", "x", "no" if alike else f"no {chr(97 + i % 26) * (i // 26 + 1)}"[:99], i)
        for i in range(100_000)
    ]
    view = plan(changes(1, status=[("todo", "done")]), problems=problems)
    table = min(seconds(lambda: problems_frame(problems)) for _ in range(3))
    for show in (plan_text, plan_html):
        assert "100,000 PROBLEMS" in show(view)
        assert min(seconds(lambda show=show: show(view)) for _ in range(3)) < 20 * table


def seconds(work: Callable[[], object]) -> float:
    started = perf_counter()
    work()
    return perf_counter() - started


def test_one_task_with_many_cells_does_not_crowd_out_the_others() -> None:
    """A task shows its first cells and how many more there are."""
    many = {f"fields.{i}": [(1, 2)] for i in range(40)}
    text = plan_text(plan(changes(2, **many)))
    assert "… and 32 more cells" in text
    assert "… and 10 more columns" in text


def test_an_unordered_column_of_changes_is_left_as_it_is() -> None:
    """Showing changes nothing: the values are the same objects afterwards."""
    cells = objects([["a"], ["b"]])
    made = Changes(changes(2).base, {"labels": ColumnChanges("labels", np.arange(2), cells, cells[::-1])})
    plan_text(plan(made))
    assert list(made.columns["labels"].before) == [["a"], ["b"]]
