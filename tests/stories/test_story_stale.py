"""A file that was exported on Monday, edited, and given back on Thursday never puts an old value back."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest
from story import SERVICES, STATES, Cell, Week, complaints, edit_file, is_write, task_of, week

import taskframe as tf


@pytest.fixture(params=SERVICES)
def monday(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Week]:
    """Each service in turn."""
    with week(request.param, tmp_path) as made:
        yield made


class Story:
    """Who did what until Thursday; each task has its part."""

    def __init__(self, monday: Week) -> None:
        (
            self.alone, self.beside, self.against, self.alike, self.theirs, self.gone, self.gone_too, self.half,
            *self.rest,
        ) = monday.ids  # fmt: skip
        title, priority = monday.title, monday.priority
        self.edits: dict[Cell, str] = {
            (self.alone, title): "Ours alone",
            (self.beside, title): "Ours, beside theirs",
            (self.against, title): "Ours, against theirs",
            (self.alike, title): "Both of us",
            (self.gone, title): "Ours, too late",
            (self.half, title): "Ours, of a task whose priority is theirs",
            (self.half, priority): monday.another_priority(self.half),
        }
        self.colleagues: dict[Cell, str] = {
            (self.beside, monday.text): "Theirs, beside ours",
            (self.against, title): "Theirs, against ours",
            (self.alike, title): "Both of us",
            (self.theirs, title): "Theirs alone",
            (self.theirs, priority): monday.another_priority(self.theirs),
            (self.half, priority): monday.another_priority(self.half, but=[self.edits[self.half, priority]]),
        }

    def until_thursday(self, monday: Week, **spreadsheet: Any) -> None:
        """The file is edited; colleagues edit and delete tasks."""
        edit_file(monday.file, self.edits, **spreadsheet)
        for (task, column), value in self.colleagues.items():
            monday.colleague(task, column, value)
        for task in (self.gone, self.gone_too):
            monday.box[monday.service].delete(task)

    def check_server(self, monday: Week, *, written: set[str]) -> None:
        """Only cells that were edited, and no colleague's; of the tasks `written` they are there."""
        assert complaints(monday.since, self.edits) == []
        assert {task_of(r) for r in monday.since if is_write(r) and r.after} == written
        for (task, column), value in self.colleagues.items():
            assert monday.held(task, column) == value
        for (task, column), value in self.edits.items():
            if task in written:
                assert monday.held(task, column) == value


def test_against_mondays_load_only_the_edits_count(monday: Week) -> None:
    """What colleagues did meanwhile is no edit of ours: the three-way rule decides, task by task."""
    story = Story(monday)
    story.until_thursday(monday)
    plan = monday.reopened().plan_csv(monday.file)
    assert set(zip(plan.changes["id"], plan.changes["column"], strict=True)) == set(story.edits)
    assert not len(plan.problems)
    report = plan.apply()
    outcomes = report.outcomes["outcome"].astype("str").to_dict()
    gone = outcomes.pop(story.gone)
    assert outcomes == {
        story.alone: "applied", story.beside: "applied", story.against: "conflict", story.alike: "unchanged",
        story.half: "conflict",
    }  # fmt: skip
    assert gone in ("failed", "unknown")
    story.check_server(monday, written={story.alone, story.beside})


def test_against_a_fresh_load_moved_rows_are_stale(monday: Week) -> None:
    """Each is one problem, edited or not; what is left is right. Tasks that are gone are unknown."""
    story = Story(monday)
    story.until_thursday(monday)
    plan = monday.fresh().plan_csv(monday.file)
    stale = {story.beside, story.against, story.theirs, story.half}
    if monday.service == "kore":  # its `lname` went with the name that both of us gave: the file has the old one
        stale.add(story.alike)
    assert {(p.id, p.kind) for p in plan._problems} == {
        *((task, "stale") for task in stale),
        *((task, "unknown id") for task in (story.gone, story.gone_too)),
    }
    with pytest.raises(tf.PlanError, match=f"{len(plan.problems)} problems are left"):
        plan.apply()
    assert plan.drop_problems().apply().counts == {"applied": 1}
    story.check_server(monday, written={story.alone})


@pytest.mark.parametrize("keep", ["nothing", "updated"])
def test_without_states_it_is_labelled(monday: Week, keep: str) -> None:
    """Without version and time of the last update nothing tells; the version alone may be missing."""
    story = Story(monday)
    cut = STATES[monday.service][: None if keep == "nothing" else -1]
    story.until_thursday(monday, without=cut)
    fresh = monday.fresh()
    plan = fresh.plan_csv(monday.file)
    label = f"compared with the load of {fresh.loaded_at:%Y-%m-%d %H:%M} UTC"
    said = [words for words in (*plan.notes, repr(plan), plan._repr_html_()) if label in " ".join(words.split())]
    stale = [p for p in plan._problems if p.kind == "stale"]
    assert (len(said), bool(stale)) == ((3, False) if keep == "nothing" else (0, True))
    own = monday.reopened().plan_csv(monday.file)
    assert set(zip(own.changes["id"], own.changes["column"], strict=True)) == set(story.edits)
    own.apply()
    story.check_server(monday, written={story.alone, story.beside})


DAMAGE: dict[str, Callable[[str], str]] = {
    "a date of a spreadsheet": lambda _: "08.01.2026 15:13",
    "a serial number": lambda _: "46030.63421296296",
    "scientific": lambda text: "2.02601E+13" if "T" in text else "1E+15",
    "cut to seconds": lambda text: text.partition(".")[0] + "Z" if "T" in text else text,
    "no zone, cut to minutes": lambda text: text[:16].replace("T", " ") if "T" in text else text,
    "a word": lambda _: "########",
    "a decimal comma": lambda text: f"{text},0",
}


@pytest.mark.parametrize("how", DAMAGE)
def test_a_damaged_state_sends_nothing_old(monday: Week, how: str) -> None:
    """What a spreadsheet makes of versions and times is a problem of each edited row, or still right; never a guess."""
    story = Story(monday)
    story.until_thursday(monday, damage=dict.fromkeys(STATES[monday.service], DAMAGE[how]))
    fresh = monday.fresh().plan_csv(monday.file)
    assert {story.beside, story.against, story.theirs, story.half} <= {p.id for p in fresh._problems}
    assert set(fresh.changes["id"]) <= {story.alone}
    fresh.drop_problems().apply()
    assert complaints(monday.since, story.edits) == []
    own = monday.reopened().plan_csv(monday.file).drop_problems()
    assert set(zip(own.changes["id"], own.changes["column"], strict=True)) <= set(story.edits)
    own.apply()
    assert complaints(monday.since, story.edits) == []
    for (task, column), value in story.colleagues.items():
        assert monday.held(task, column) == value


@pytest.mark.parametrize("against", ["the same frame", "Monday's saved load", "a fresh load"])
def test_after_an_apply_of_our_own_in_between(monday: Week, against: str) -> None:
    """What we applied on Tuesday is not taken back on Thursday by a file of Monday."""
    edited, both, ours, *_ = monday.ids
    title, priority = monday.title, monday.priority
    tuesday = {(both, title): "Applied on Tuesday", (ours, title): "Applied on Tuesday, too"}
    for (task, column), value in tuesday.items():
        monday.monday.df.loc[task, column] = value
    assert monday.monday.plan().apply().counts == {"applied": 2}
    start = len(monday.box.log)

    edits = {(edited, title): "In the file", (both, priority): monday.another_priority(both)}
    edit_file(monday.file, edits)
    frames = {"the same frame": lambda: monday.monday, "Monday's saved load": monday.reopened}
    plan = frames.get(against, monday.fresh)().plan_csv(monday.file)
    assert set(zip(plan.changes["id"], plan.changes["column"], strict=True)) <= set(edits)
    assert plan.drop_problems().apply().ok
    assert complaints(list(monday.box.log)[start:], edits) == []
    for (task, column), value in tuesday.items():
        assert monday.held(task, column) == value
    assert monday.held(edited, title) == "In the file"
    if against == "Monday's saved load" or (against == "the same frame" and monday.service == "reload"):
        assert not len(plan.problems)
        assert monday.held(both, priority) == edits[both, priority]
    else:
        assert set(plan.problems["id"]) >= {both}


def test_the_file_again_after_it_was_applied(monday: Week) -> None:
    """Against the frame that followed nothing is left but what did not go through; nothing is written twice."""
    story = Story(monday)
    story.until_thursday(monday)
    frame = monday.reopened()
    frame.plan_csv(monday.file).apply()
    story.check_server(monday, written={story.alone, story.beside})
    for again in (frame, monday.reopened(), monday.fresh()):
        plan = again.plan_csv(monday.file).drop_problems()
        assert plan._changes.cleared == 0
        assert set(zip(plan.changes["id"], plan.changes["column"], strict=True)) <= set(story.edits)
        report = plan.apply()
        assert "applied" not in report.counts
        story.check_server(monday, written={story.alone, story.beside})


def test_a_run_that_failed_half_way_is_retried(monday: Week) -> None:
    """`retry` sends what is left of Monday's edits, and colleagues who came between are safe from it too."""
    edits = {(task, monday.title): f"New {n}" for n, task in enumerate(monday.ids[:12])}
    edit_file(monday.file, edits)
    frame = monday.reopened()
    monday.box.faults.add("html", times=None, after=3, match=lambda c: c.method == "PATCH" or "update" in c.path)
    report = frame.plan_csv(monday.file).apply()
    monday.box.faults.clear()
    assert report.counts["applied"] == 3
    failed = [str(i) for i in report.outcomes.index[report.outcomes["outcome"] != "applied"]]
    monday.colleague(failed[0], monday.title, "Theirs, before the retry")
    monday.colleague(failed[1], monday.text, "Theirs, before the retry")
    again = report.retry()
    assert set(again.changes["id"]) == set(failed)
    told = again.apply().outcomes["outcome"].astype("str").to_dict()
    assert told == {task: "conflict" if task == failed[0] else "applied" for task in failed}
    assert complaints(monday.since, edits) == []
    assert monday.held(failed[1], monday.text) == "Theirs, before the retry"
    left = frame.plan_csv(monday.file)
    assert set(left.changes["id"]) <= {failed[0]}, "what went through is not sent again"
    assert failed[1] in set(left.problems["id"]), "its text in the file is older than theirs"


@pytest.mark.parametrize("seed", range(4))
@pytest.mark.parametrize("service", SERVICES)
def test_any_week_ends_without_a_complaint(service: str, seed: int, tmp_path: Path) -> None:
    """Whatever is typed into the file, whoever works meanwhile, against whichever load, and again after that."""
    rng = random.Random(f"{service}:{seed}")
    with week(service, tmp_path, tasks=60, seed=seed) as monday:
        columns = {monday.title: None, monday.text: None, monday.priority: monday.priorities}

        def cell(word: str) -> tuple[Cell, str]:
            column = rng.choice(list(columns))
            values = columns[column]
            return (rng.choice(monday.ids), column), rng.choice(values) if values else f"{word} {rng.randrange(6)}"

        edits = dict(cell("Ours") for _ in range(30))
        edit_file(monday.file, edits)
        gone = rng.sample(monday.ids, 4)
        for task, column, value in ((*c, v) for c, v in (cell(rng.choice(["Ours", "Theirs"])) for _ in range(40))):
            monday.colleague(task, column, value)
        for task in gone:
            monday.box[service].delete(task)

        def settle(frame: tf.TaskFrame) -> None:
            plan = frame.plan_csv(monday.file).drop_problems()
            report = plan.apply()
            assert complaints(monday.since, edits) == []
            for task, outcome in report.outcomes["outcome"].items():
                mine = plan.changes[plan.changes["id"] == task]
                if outcome in ("applied", "unchanged"):
                    assert all(
                        monday.held(task, c) == str(v) for c, v in zip(mine["column"], mine["after"], strict=True)
                    )
                assert outcome in ("applied", "unchanged", "conflict") or task in gone

        frames = [monday.reopened, monday.fresh]
        rng.shuffle(frames)
        for load in frames:
            settle(load())
