"""Plans at every service: narrowed, saved, opened elsewhere, guarded, and honest about who and what is new in them."""

from __future__ import annotations

import json
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pandas as pd
import pytest
from story import SERVICES, Week, complaints, edit_file, week

import taskframe as tf
from tests.conftest import Python

READ_ONLY = {"reload": "dueAt", "kore": "createdAt", "pragmatiks": "created_at"}
CHOICE = {"reload": "priority", "kore": "priority.name", "pragmatiks": "priority"}


@pytest.fixture(params=SERVICES)
def monday(request: pytest.FixtureRequest, tmp_path: Path) -> Iterator[Week]:
    """Each service in turn."""
    with week(request.param, tmp_path) as made:
        yield made


def with_everything(monday: Week) -> tf.Plan:
    """A plan of a file with changes, problems of cells and of rows, notes and columns that nobody knows."""
    first, second, third, *_ = monday.ids
    edit_file(
        monday.file,
        {
            (first, monday.title): "From the file",
            (second, monday.priority): monday.another_priority(second),
            (second, READ_ONLY[monday.service]): "2030-01-01T00:00:00Z",
            (third, CHOICE[monday.service]): "no such thing",
        },
    )
    with monday.file.open("a", encoding="utf-8") as file:
        header = monday.file.read_text("utf-8").splitlines()[0]
        file.write("no-such-task" + "," * header.count(",") + "\r\n")
    return monday.monday.plan_csv(monday.file)


OPEN = """
import json, sys, taskframe as tf
service, path = sys.argv[1:3]
with tf.connect(service, progress=False, rate=[], **json.loads(sys.argv[3])) as conn:
    plan = tf.open_plan(path, conn)
    shown = [repr(plan), plan._repr_html_(), plan.problems.to_json(), list(plan.requests())]
    report = plan.drop_problems().select(columns=[sys.argv[4]]).apply()
    print(json.dumps([plan.id, *shown, report.counts]))
"""


def test_a_saved_plan_of_a_file_is_the_same_in_a_new_process(monday: Week, python: Python, tmp_path: Path) -> None:
    """Its preview, lines and requests; there it is narrowed and applied, and the server sees just that."""
    plan = with_everything(monday)
    assert set(plan.problems["line"]) == {monday.line(task) for task in (*monday.ids[1:3], "no-such-task")}
    plan.save(tmp_path / "monday.plan")
    settings = json.dumps(monday.box.settings(monday.service))
    done = python(OPEN, monday.service, str(tmp_path / "monday.plan"), settings, monday.title)
    assert done.returncode == 0, done.stderr
    told = json.loads(done.stdout)
    assert told[0] == plan.id
    assert told[1].splitlines()[:4] == repr(plan).splitlines()[:4]
    assert told[1] == repr(plan)
    assert told[2] == plan._repr_html_()
    assert told[3] == plan.problems.to_json()
    assert told[4] == json.loads(json.dumps(list(plan.requests())))
    assert told[5] == {"applied": 1}
    assert complaints(monday.since, {(monday.ids[0], monday.title)}) == []
    assert monday.held(monday.ids[0], monday.title) == "From the file"


def test_a_plan_stays_where_it_was_made(monday: Week, tmp_path: Path) -> None:
    """Another service, address or account refuses it, with both names, and nothing is sent."""
    monday.monday.df.loc[monday.ids[0], monday.title] = "Here"
    path = tmp_path / "monday.plan"
    monday.monday.plan().save(path)
    other = next(s for s in SERVICES if s != monday.service)
    with tf.sandbox(tasks=5, services=[other, monday.service], seed=8) as box:
        with box.connect(other, progress=False) as conn, pytest.raises(tf.PlanError, match=other):
            tf.open_plan(path, conn)
        with box.connect(monday.service, progress=False) as conn, pytest.raises(tf.PlanError, match="address") as told:
            tf.open_plan(path, conn)
        assert monday.conn.base_url in str(told.value)
        assert conn.base_url in str(told.value)
        assert not len(box.log)


def test_a_plan_is_applied_once_and_parts_of_it_do_no_harm(monday: Week, tmp_path: Path) -> None:
    """The plan and its copies are refused, with the run's id; a part of it finds its values there."""
    rows = monday.ids[:3]
    monday.monday.df.loc[rows, monday.title] = "Once"
    plan = monday.monday.plan()
    plan.save(tmp_path / "a.plan")
    part = plan.select(ids=rows[:1])
    run = plan.apply().run_id
    for again in (plan, tf.open_plan(tmp_path / "a.plan", monday.conn)):
        with pytest.raises(tf.PlanError, match=run):
            again.apply()
    writes = len(monday.box.log.writes())
    assert set(part.apply().counts) <= {"unchanged", "applied"}
    assert len(monday.box.log.writes()) == writes
    assert monday.held(rows[0], monday.title) == "Once"


@pytest.mark.parametrize("kind", ["frame", "file"])
def test_edits_where_the_service_takes_none_are_told_and_never_sent(monday: Week, kind: str) -> None:
    """In a frame one warning a column, with its count; in a file a problem a cell, since its editor sees no warning."""
    name, title = READ_ONLY[monday.service], monday.title
    when = pd.Timestamp("2030-01-01T00:00:00Z")
    if kind == "frame":
        monday.monday.df.loc[monday.ids[:7], name] = when
        plan = monday.monday.plan()
        (warning,) = plan.warnings
        assert warning.startswith(f"7 edits in the read-only column {name} ignored")
        assert warning in " ".join(repr(plan).split())
        assert "see the warnings" in repr(plan)
        monday.monday.df.loc[monday.ids[0], title] = "Beside it"
        plan = monday.monday.plan()
    else:
        cells = {(task, name): "2030-01-01T00:00:00Z" for task in monday.ids[:7]}
        edit_file(monday.file, {**cells, (monday.ids[0], title): "Beside it"})
        plan = monday.monday.plan_csv(monday.file)
        assert {(p.kind, p.column) for p in plan._problems} == {("read-only", name)}
        assert set(plan.problems["line"]) == {monday.line(task) for task in monday.ids[:7]}
        plan = plan.drop_problems()
    assert plan.apply().counts == {"applied": 1}
    assert complaints(monday.since, {(monday.ids[0], title)}) == []


@pytest.mark.parametrize("cleared", [50, 51])
def test_the_guard_counts_cleared_cells(cleared: int, tmp_path: Path) -> None:
    """Up to 50 go without a word; 51 want the number of tasks, which the preview shows; a part of them goes freely."""
    for service in SERVICES:
        folder = tmp_path / service
        folder.mkdir()
        with week(service, folder, tasks=220) as monday:
            who = next(c.name for c in monday.monday.schema.roles("assignee"))
            rows = monday.monday.df.index[monday.monday.df[who].notna()][:cleared]
            monday.monday.df.loc[rows, who] = None
            plan = monday.monday.plan()
            first = repr(plan).splitlines()[0]
            assert first == f"{cleared} cells are CLEARED: {who} {cleared}"
            if cleared > 50:
                with pytest.raises(tf.ConfirmationNeeded, match=f"clears {cleared} cells"):
                    plan.apply()
                assert f"wants to be told the number of tasks, {cleared} (confirm=)" in repr(plan)
                assert not [r for r in monday.since if r.after]
                assert plan.select(ids=list(rows[:50])).confirmation == (None, "")
                assert plan.drop(cells=plan.changes.head(1)).confirmation == (None, "")
            assert plan.apply(confirm=cleared).counts == {"applied": cleared}


def test_the_guard_counts_half_of_all_tasks(monday: Week) -> None:
    """Half of an unfiltered load goes; one more wants its number; of a filtered load it is what one wants."""
    title, size = monday.title, len(monday.monday)
    monday.monday.df.loc[monday.ids[: size // 2 + 1], title] = "All alike"
    plan = monday.monday.plan()
    with pytest.raises(tf.ConfirmationNeeded, match="more than half of all tasks"):
        plan.apply()
    with pytest.raises(tf.ConfirmationNeeded, match=f"confirm={size} is not that number"):
        plan.apply(confirm=size)
    assert plan.drop(ids=[monday.ids[0]]).apply().counts == {"applied": size // 2}
    some = monday.conn.load(limit=10)
    some.df[title] = "All of the few"
    assert some.plan().apply().counts == {"applied": 10}


def test_assignees_never_seen_are_named(monday: Week, tmp_path: Path) -> None:
    """Who had no task in the load is told in the preview, with the number of cells; in a saved plan, too."""
    for column in monday.monday.schema.roles("assignee"):
        frame = monday.fresh()
        kept = frame.df[column.name].dropna()
        known = str(kept.iloc[0])
        others = [i for i in frame.df.index if frame.df.at[i, column.name] != known]
        frame.df.loc[others[:2], column.name] = "somebody_new"
        frame.df.loc[others[2:5], column.name] = known
        if monday.service == "kore":  # the object that goes out must be known: a stranger is a problem
            assert set(frame.plan().problems["value"]) == {"somebody_new"}
            continue
        plan = frame.plan()
        assert {c: dict(n) for c, n in plan._unseen().items()} == {column.name: {"somebody_new": 2}}
        plan.save(tmp_path / "new.plan")
        opened = tf.open_plan(tmp_path / "new.plan", monday.conn)
        for shown in (plan, opened, plan.select(columns=[column.name])):
            text = " ".join(repr(shown).split())
            assert f"Assignees never seen before in this load {column.name} somebody_new 2 cells" in text
        assert plan.drop(ids=others[:2])._unseen() == {}
        assert "never seen" not in repr(plan.drop(ids=others[:1]).drop(ids=others[1:2]))


def test_people_of_the_catalogue_and_of_the_connection_are_seen(tmp_path: Path) -> None:
    """Kore tells who its people are as it lists tasks; elsewhere they are named when connecting, or nobody knows."""
    with week("kore", tmp_path) as monday:
        mine = monday.monday.df["currAssignee._id"]
        rare = mine.value_counts().index[-1]
        few = monday.conn.load(ids=[str(i) for i in monday.monday.df.index[mine != rare][:5]])
        few.df["currAssignee._id"] = rare
        assert few.plan()._unseen() == {}
        assert "never seen" not in repr(few.plan())
    for service in ("reload", "pragmatiks"):
        folder = tmp_path / service
        folder.mkdir()
        with week(service, folder) as monday:
            column = monday.monday.schema.roles("assignee")[0].name
            people = {"u_77": "Nobody Much"}
            with monday.box.connect(service, progress=False, people=people) as conn:
                known = conn.load()
                known.df.loc[monday.ids[0], column] = "Nobody Much"
                assert set(known.plan().changes["after"]) == {"u_77"}
                assert known.plan()._unseen() == {}
                assert "Nobody Much" in repr(known.plan())


def narrowings(plan: tf.Plan) -> Iterator[tf.Plan]:
    changes = plan.changes
    yield plan.drop_problems()
    yield plan.select(ids=changes["id"].head(3))
    yield plan.drop(ids=changes["id"].head(1))
    yield plan.select(columns=[changes["column"].iloc[0]])
    yield plan.drop(cells=changes.iloc[::2])
    yield plan.select(cells=changes.iloc[::2]).drop(cells=changes.iloc[:1])
    yield plan.select(ids=[])


def test_a_narrowed_plans_preview_counts_what_is_left(monday: Week, tmp_path: Path) -> None:
    """Cleared cells, tasks, calls and cells are those of its own changes and requests; saved and opened, too."""
    df = monday.monday.df
    who = monday.monday.schema.roles("assignee")[0].name
    df.loc[monday.ids[:6], monday.title] = "New"
    df.loc[monday.ids[3:9], who] = None
    df.loc[monday.ids[8:11], monday.text] = ""
    df.loc[monday.ids[12], monday.title] = None
    for n, plan in enumerate(narrowings(monday.monday.plan())):
        plan.save(tmp_path / f"{n}.plan")
        for shown in (plan, tf.open_plan(tmp_path / f"{n}.plan", monday.conn)):
            changes = shown.changes
            gone = changes["after"].map(lambda v: v is None or v == "") & changes["before"].notna()
            said = [" ".join(line.split()) for line in repr(shown).splitlines()[:2]]
            assert said[0].startswith("1 cell is CLEARED" if gone.sum() == 1 else f"{gone.sum()} cells are")
            if not len(changes):
                assert said[1] == "Nothing to do"
                continue
            tasks, calls = changes["id"].nunique(), len(list(shown.requests()))
            assert len(shown) == tasks
            parts = [p.rstrip("s") for p in said[1].split(" · ")[:3]]
            columns = changes["column"].nunique()
            assert parts == [f"{tasks} task", f"{calls} call", f"{len(changes)} cells in {columns} column"] or (
                parts[2].startswith("1 cell ")
            )


def test_a_plan_made_of_bad_files_is_refused(monday: Week, tmp_path: Path) -> None:
    """Cut, altered, or of a later version: FileError says which, and nothing is opened."""
    import gzip

    monday.monday.df.loc[monday.ids[0], monday.title] = "x"
    path = tmp_path / "a.plan"
    monday.monday.plan().save(path)
    whole = path.read_bytes()
    document = gzip.decompress(whole)
    later = document.replace(b'"version":1,', b'"version":2,', 1)
    altered = document.replace(b'"x"', b'"y"', 1)
    for spoilt, words in (
        (whole[: len(whole) // 2], "is cut"),
        (gzip.compress(altered), "its checksum does not fit"),
        (gzip.compress(later), "made by a newer taskframe"),
    ):
        path.write_bytes(spoilt)
        with pytest.raises(tf.FileError, match=words):
            tf.open_plan(path, monday.conn)


def _problem_rows(plan: tf.Plan) -> list[dict[str, Any]]:
    return plan.problems.to_dict("records")


def test_all_problems_come_at_once_with_what_would_be_right(monday: Week) -> None:
    """Id, column, value and line of each; of choices the nearest one; what is fine can be told from them."""
    first, second, third, fourth, *_ = monday.ids
    column = CHOICE[monday.service]
    near = {"reload": "hihg", "kore": "hihg", "pragmatiks": "5"}[monday.service]
    edits = {
        (first, column): near,
        (second, monday.title): "<clear>",
        (third, monday.title): "Fine",
        (third, READ_ONLY[monday.service]): "2030-01-01T00:00:00Z",
        (fourth, monday.title): "Fine, too",
    }
    edit_file(monday.file, edits)
    plan = monday.monday.plan_csv(monday.file)
    rows = _problem_rows(plan)
    assert [(r["id"], r["column"], r["value"], r["line"]) for r in rows] == [
        (first, column, near, monday.line(first)),
        (second, monday.title, "<clear>", monday.line(second)),
        (third, READ_ONLY[monday.service], "2030-01-01T00:00:00Z", monday.line(third)),
    ]
    right = {"reload": "did you mean 'high'?", "kore": "id you mean 'High'", "pragmatiks": "not one of 4, 3, 2, 1"}[
        monday.service
    ]
    assert right in rows[0]["problem"]
    only = plan.drop(cells=plan.problems[plan.problems["column"] == column])
    assert len(only.problems) == 2
    assert len(plan.select(cells=plan.problems).changes) == 0
    fine = plan.drop_problems()
    assert set(fine.changes["id"]) == {third, fourth}
    assert fine.apply().counts == {"applied": 2}
    assert complaints(monday.since, [(third, monday.title), (fourth, monday.title)]) == []
