"""After a run, from a terminal: runs, report, resume, retry, undo."""

from __future__ import annotations

from tests.cli.desk import Desk


def _applied(desk: Desk, tasks: int = 3, code: int = 0) -> tuple[str, list[str]]:
    ids = desk.planned(tasks)
    desk.ok("apply", "monday.plan", "--yes", code=code)
    return desk.json("runs")[0]["run"], ids


def test_runs_are_listed_the_latest_first(all_three: Desk) -> None:
    """Of all services, without a connection; or of one."""
    desk = all_three
    assert desk.ok("runs").stderr == "No runs in the journal.\n"
    first, _ = _applied(desk, 2)
    desk.ok("load", "pragmatiks", "-o", "p.csv")
    desk.edit(lambda n, _row: {"title": "new"} if n == 0 else {}, "p.csv")
    desk.ok("plan", "p.csv", "-o", "p.plan", code=2)
    desk.ok("apply", "p.plan", "--yes")
    (desk.folder / "config.toml").unlink()
    nothing = {"TASKFRAME_CONFIG": ""}
    lines = desk.process("runs", **nothing).stdout.splitlines()
    assert lines[0].split() == ["run", "service", "started", "(UTC)", "state", "tasks", "outcomes"]
    assert [line.split()[1] for line in lines[1:]] == ["pragmatiks", "reload"]
    assert lines[2].startswith(first)
    assert lines[2].endswith("ended      2  2 applied")
    assert [line.split()[0] for line in desk.ok("runs", "reload", **nothing).stdout.splitlines()[1:]] == [first]


def test_a_report_is_had_again(desk: Desk) -> None:
    """By its name, its beginning or `last`; as JSON too; without settings."""
    run, tasks = _applied(desk)
    first = desk.process("report", run).stdout
    assert first.startswith("3 applied\n")
    assert desk.ok("report", run[:6]).stdout == desk.ok("report", "last").stdout == first
    found = desk.json("report", "last")
    assert (found["run"], found["counts"]) == (run, {"applied": 3})
    assert {task["id"] for task in found["tasks"]} == set(tasks)
    assert "has no run 'zzz': `taskframe runs` lists them" in desk.ok("report", "zzz", code=1).stderr
    assert "Every task holds what was planned." in desk.ok("report", run, "--csv", "left.csv").stderr
    assert not (desk.folder / "left.csv").exists()
    (desk.folder / "none.toml").touch()
    assert desk.ok("report", run, TASKFRAME_CONFIG="none.toml").stdout.startswith("3 applied\n")


def test_undo_puts_back(desk: Desk) -> None:
    """Asks, unless --yes; with -o it is a plan like any other."""
    before = {task["id"]: task["title"] for task in desk.box["reload"].tasks()}
    run, tasks = _applied(desk)
    assert "--yes" in desk.ok("undo", run, code=1).stderr
    done = desk.ok("undo", run, "-o", "undo.plan", code=2)
    assert f"puts back what run {run} wrote" in done.stdout or "3 tasks · 3 calls" in done.stdout
    assert desk.process("undo", run, "--yes").stdout.startswith("3 applied")
    assert all(desk.title(task) == before[task] for task in tasks)
    assert [entry["parent"] for entry in desk.json("runs")] == [run, None]
    assert desk.ok("apply", "undo.plan", "--yes").stdout.startswith("3 unchanged")  # it is done already


def test_retry_takes_what_did_not_go_through(desk: Desk) -> None:
    """Failures by themselves; conflicts when asked."""
    tasks = desk.planned(3)
    desk.box["reload"].edit(tasks[0], title="a colleague's")
    desk.ok("apply", "monday.plan", "--yes", code=3)
    assert desk.process("retry", "last", "--yes").stderr == "Nothing to do.\n"
    done = desk.process("retry", "last", "--conflicts", "ours", "-o", "ours.plan", code=2)
    assert "a colleague's" in done.stdout
    done = desk.ok("retry", "last", "--conflicts", "ours", "--yes")
    assert done.stdout.startswith("1 applied")
    assert desk.title(tasks[0]) == "A new title"


def test_resume_goes_on(desk: Desk) -> None:
    """A run that the service stopped: exit 3, then the rest; a third time there is none."""
    desk.planned(8)
    desk.box.faults.add("429", retry_after=3_600, after=3)
    done = desk.ok("apply", "monday.plan", "--yes", code=3)
    desk.box.faults.clear()
    assert "STOPPED EARLY" in done.stdout
    run = desk.json("runs")[0]["run"]
    assert f"taskframe resume {run}" in done.stderr
    assert desk.json("runs")[0]["state"] == "stopped"
    assert desk.process("resume", run).stdout.startswith("8 applied")
    done = desk.ok("resume", run)
    assert done.stderr == "Nothing was left to go on with.\n"
    assert "set TASKFRAME_RELOAD_TOKEN" in desk.ok("resume", run, code=1, TASKFRAME_CONFIG="/dev/null").stderr
