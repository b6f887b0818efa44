"""What guards a plan: its checks, the number that it wants to be told, what stays open, and whom nobody knows."""

from __future__ import annotations

from collections.abc import Sequence
from datetime import UTC, datetime
from typing import Any

import numpy as np
import pytest

from taskframe.catalogue import EMPTY, Catalogue
from taskframe.changes.changes import Changes
from taskframe.changes.diff import Diff
from taskframe.changes.edit import Edit
from taskframe.errors import ConfirmationNeeded, PlanError
from taskframe.guard import check_confirmed, check_problems, checked, confirmation, open_risk, unseen
from taskframe.load import Load
from taskframe.problem import Problem
from taskframe.services.base import Source
from taskframe.services.kore import Kore
from taskframe.services.pragmatiks import Pragmatiks
from taskframe.services.reload import Reload


def load_of(service: Any, size: int = 100, **more: Any) -> Load:
    source = Source(service.name, "https://tasks.example", {})
    return Load(service, source, service.schema(EMPTY), EMPTY, datetime(2026, 1, 5, tzinfo=UTC), size, **more)


class Picky(Reload):
    """Takes no title "bad" (a cell's problem), and no task with the priority "urgent" (a whole row's)."""

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
        found = []
        if edit.after.get("title") == "bad":
            found.append(Problem("service", edit.id, "title", "bad", "no such title"))
        if edit.after.get("priority") == "urgent":
            found.append(Problem("service", edit.id, None, None, "no such task"))
        return found


def changes_of(*edits: dict[str, Any]) -> Changes:
    """Of the tasks t0, t1, …"""
    base = {"title": "a", "description": "x", "priority": "low", "assigneeUserId": "u_1", "version": 1}
    made = [Edit(f"t{n}", base, after) for n, after in enumerate(edits)]
    return Changes.of(made, Reload().schema(EMPTY))


def cells(changes: Changes) -> set[tuple[str, str]]:
    table = changes.frame()
    return set(zip(table["id"], table["column"], strict=True))


def test_what_no_column_can_tell_takes_a_cell_or_a_whole_task_out_of_the_changes() -> None:
    """The other cells of the task stay, and so do the other tasks' cells of the column."""
    changes = changes_of({"title": "bad", "description": "b"}, {"title": "b"}, {"title": "c", "priority": "urgent"})
    left, problems = checked(Diff(changes), load_of(Picky()))
    assert cells(left) == {("t0", "description"), ("t1", "title")}
    assert [(p.id, p.column) for p in problems] == [("t0", "title"), ("t2", None)]


def test_what_is_found_stands_with_its_line_among_the_other_problems() -> None:
    """By line, those without one first; a task that no line is known of has none."""
    changes = changes_of({"title": "bad"}, {"title": "bad"}, {"title": "bad"})
    others = (Problem("type", "t7", "title", 1, "a number", 9), Problem("stale", "t8", None, None, "stale", 3))
    _, problems = checked(Diff(changes, others, lines={"t0": 12, "t1": 4}), load_of(Picky()))
    assert [(p.id, p.line) for p in problems] == [("t2", None), ("t8", 3), ("t1", 4), ("t7", 9), ("t0", 12)]


def test_where_nothing_is_wrong_everything_stays_as_it_is() -> None:
    changes = changes_of({"title": "b"})
    others = (Problem("type", "t7", "title", 1, "a number", 9), Problem("stale", "t8", None, None, "stale", 3))
    assert checked(Diff(changes, others), load_of(Picky())) == (changes, others)


class Quick(Picky):
    """Tells by whole columns which tasks it must look at: not t0."""

    asked: list[str]

    def check(self, edit: Edit, catalogue: Catalogue) -> Sequence[Problem]:
        self.asked.append(edit.id)
        return super().check(edit, catalogue)

    def doubtful(self, changes: Changes, catalogue: Catalogue) -> np.ndarray:
        return np.asarray(changes.ids != "t0")


def test_a_service_is_asked_only_of_the_tasks_that_it_does_not_pass() -> None:
    """With their whole edits; the others stay as they are, whatever they hold."""
    changes = changes_of({"title": "bad"}, {"title": "b", "description": "b"}, {"title": "bad", "description": "c"})
    service = Quick()
    service.asked = []
    left, problems = checked(Diff(changes), load_of(service))
    assert service.asked == ["t1", "t2"]
    assert [(p.id, p.column) for p in problems] == [("t2", "title")]
    assert cells(left) == {("t0", "title"), ("t1", "title"), ("t1", "description"), ("t2", "description")}


def test_where_a_service_passes_all_tasks_none_is_looked_at() -> None:
    """The changes are the very same."""
    changes = changes_of({"title": "bad"})
    service = Quick()
    service.asked = []
    assert checked(Diff(changes), load_of(service))[0] is changes
    assert service.asked == []


def test_a_check_of_a_subclass_is_asked_of_each_task() -> None:
    """Reload passes all tasks with a version; of what another check finds it knows nothing."""
    changes = changes_of({"title": "bad"}, {"title": "bad"})
    assert len(checked(Diff(changes), load_of(Picky()))[1]) == 2
    assert checked(Diff(changes), load_of(Reload())) == (changes, ())


@pytest.mark.parametrize(
    ("cleared", "size", "more", "wanted"),
    [
        (50, 1_000, {}, (None, "")),
        (51, 1_000, {}, (51, "this plan clears 51 cells")),
        (51, 51, {}, (51, "this plan clears 51 cells")),
        (2, 4, {}, (None, "")),
        (2, 3, {}, (2, "this plan touches more than half of all tasks")),
        (2, 3, {"filters": {"status": "todo"}}, (None, "")),
        (2, 3, {"limited": True}, (None, "")),
        (2, 3, {"complete": False}, (None, "")),
    ],
)
def test_the_number_that_apply_wants_to_be_told(
    cleared: int, size: int, more: dict[str, Any], wanted: tuple[int | None, str]
) -> None:
    """More than 50 cells cleared, or more than half of all that there is touched."""
    changes = changes_of(*[{"description": ""}] * cleared)
    assert confirmation(changes, load_of(Reload(), size, **more)) == wanted


def test_many_cleared_cells_are_shown_as_one_reads_them() -> None:
    changes = changes_of(*[{"description": "", "assigneeUserId": None}] * 600)
    assert confirmation(changes, load_of(Reload(), 5_000)) == (600, "this plan clears 1,200 cells")


@pytest.mark.parametrize(
    ("count", "words"), [(1, "1 problem is left"), (2, "2 problems are left"), (1_234, "1,234 pr")]
)
def test_problems_that_are_left_are_counted(count: int, words: str) -> None:
    check_problems(0)
    with pytest.raises(PlanError, match=rf"^{words}.*plan\.problems.*plan\.drop_problems\(\)") as error:
        check_problems(count)
    assert not isinstance(error.value, ConfirmationNeeded)


def test_the_number_itself_is_what_is_wanted() -> None:
    """Another number is named, and none is not; the right one is not given away."""
    check_confirmed((None, ""), None)
    check_confirmed((None, ""), 3)
    check_confirmed((217, "so many"), 217)
    with pytest.raises(ConfirmationNeeded, match=r"^so many: look at the preview, and pass confirm= with the number"):
        check_confirmed((217, "so many"), None)
    for wrong in (0, 216, 218):
        with pytest.raises(ConfirmationNeeded, match=rf"^so many: confirm={wrong} is not that number; look") as error:
            check_confirmed((217, "so many"), wrong)
        assert "217" not in str(error.value)


def test_whom_nobody_knows_is_counted_in_each_column_of_people() -> None:
    """By cells; who is known, and nobody at all, is not told of; nor is a column without strangers."""
    changes = changes_of(
        {"assigneeUserId": "u_9", "title": "u_9"},
        {"assigneeUserId": "u_9"},
        {"assigneeUserId": "u_2"},
        {"assigneeUserId": None},
        {"assigneeUserId": "u_8"},
    )
    schema = Reload().schema(EMPTY)
    asked = []

    def seen(column: str) -> Sequence[str]:
        asked.append(column)
        return ["u_1", "u_2"]

    assert unseen(changes, schema, seen) == {"assigneeUserId": {"u_9": 2, "u_8": 1}}
    assert asked == ["assigneeUserId"]
    assert unseen(changes, schema, lambda _: {"u_2", "u_8", "u_9"}) == {}


OPEN = (
    " keeps no versions: what others change between our last read of a task and our write is overwritten unnoticed. "
    "Reading ahead of the writes costs "
)


def a_second_each(calls: int) -> float:
    return float(calls)


@pytest.mark.parametrize(
    ("tasks", "calls", "seconds_for", "costs"),
    [
        (3, 3, None, '3 calls; verify="each", right before each write, 3 calls'),
        (1, 1, None, '1 call; verify="each", right before each write, 1 call'),
        (3, 3, lambda _: None, '3 calls; verify="each", right before each write, 3 calls'),
        (
            3,
            3,
            a_second_each,
            '3 calls, 3 seconds at the known rate; verify="each", right before each write, 3 calls, 3 seconds at the '
            "known rate",
        ),
        # of many the whole list is read, and once more for each 30 seconds that the writes take
        (2_000, 30, None, '1 call; verify="each", right before each write, 2,000 calls'),
        (
            2_000,
            30,
            a_second_each,
            '1 call, 1 second at the known rate; verify="each", right before each write, 2,000 calls, 33 minutes at '
            "the known rate",
        ),
        (
            2_000,
            31,
            a_second_each,
            '2 calls, 2 seconds at the known rate; verify="each", right before each write, 2,000 calls, 33 minutes at '
            "the known rate",
        ),
    ],
)
def test_without_versions_the_preview_says_what_reading_costs(
    tasks: int, calls: int, seconds_for: Any, costs: str
) -> None:
    """In calls, and in time where the rate is known."""
    words = open_risk(tasks, calls, load_of(Pragmatiks()), seconds_for)
    assert words == f'Pragmatiks{OPEN}{costs}; verify="none" reads nothing'


def test_a_service_that_reads_no_single_task_offers_none() -> None:
    """And what was read there does not grow old, however long the writes take."""
    words = open_risk(200, 100_000, load_of(Kore(), 200), a_second_each)
    assert words == f'Kore{OPEN}4 calls, 4 seconds at the known rate; verify="none" reads nothing'


class Ageing(Kore):
    """Lets what was read grow old, though no call reads a single task."""

    fresh = 10.0


def test_what_grows_old_while_others_are_written_is_read_again() -> None:
    """A list of four pages, five times, while the writes take fifty seconds."""
    words = open_risk(200, 50, load_of(Ageing(), 200), a_second_each)
    assert f"{OPEN}20 calls, 20 seconds" in words


@pytest.mark.parametrize("more", [{"filters": {"status": "done"}}, {"limited": True}])
def test_of_a_part_of_the_list_nobody_knows_how_long_it_is(more: dict[str, Any]) -> None:
    words = open_risk(3, 3, load_of(Pragmatiks(), **more), None)
    assert words.startswith(f"Pragmatiks{OPEN}at least 3 calls; verify=")
    assert words.count("at least") == 1


def test_nothing_is_open_where_versions_guard_each_write_or_nothing_is_written() -> None:
    assert open_risk(3, 3, load_of(Reload()), None) == ""
    assert open_risk(0, 0, load_of(Pragmatiks()), None) == ""
