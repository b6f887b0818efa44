"""The job from a terminal: load, plan, show, apply; each exit code, and what is said."""

from __future__ import annotations

import json
import os
import stat
from pathlib import Path

import pytest

import taskframe as tf
from tests.cli.desk import COLUMNS, Desk


def test_the_whole_job(desk: Desk) -> None:
    """Load, edit, plan, show, apply: the server holds what was edited, and nothing else has moved."""
    before = {str(task): str(title) for task, title in _titles(desk).items()}
    said = desk.process("load", "reload", "-o", "tasks.csv", "--filter", "status=todo", "--columns", COLUMNS).stdout
    assert "tasks.csv is to be edited; tasks.csv.baseline is its baseline" in said
    assert desk.process("plan", "tasks.csv", "-o", "monday.plan").stdout.splitlines()[1] == "Nothing to do"
    assert not (desk.folder / "monday.plan").exists()

    rows = desk.edit(lambda n, _row: {"title": f"Title {n}"} if n < 3 else {})
    done = desk.process("plan", "tasks.csv", "-o", "monday.plan", code=2)
    assert "3 tasks · 3 calls · 3 cells in 1 column" in done.stdout
    assert "taskframe apply monday.plan" in done.stderr
    assert "→ Title 2" in desk.process("show", "monday.plan").stdout

    done = desk.process("apply", "monday.plan", "--yes")
    assert done.stdout.startswith("3 applied\n")
    after = _titles(desk)
    assert {t for t in after if after[t] != before[t]} == {row["id"] for row in rows[:3]}
    assert [after[row["id"]] for row in rows[:3]] == ["Title 0", "Title 1", "Title 2"]

    done = desk.process("apply", "monday.plan", "--yes", code=1)
    assert done.stderr.startswith("taskframe: this plan was applied before, as run ")
    assert "taskframe retry RUN" in done.stderr


def _titles(desk: Desk) -> dict[str, str]:
    return {task["id"]: task["title"] for task in desk.box["reload"].tasks()}


def test_without_a_file_load_says_what_there_is(desk: Desk) -> None:
    """How many tasks the filters find, before anything is written."""
    done = desk.ok(
        "load", "reload", "--filter", "status=todo", "--filter", "status=blocked", "--filter", "priority=high"
    )
    assert " tasks of Reload" in done.stdout
    assert "status = todo, blocked" in done.stdout
    assert sorted(p.name for p in desk.folder.iterdir()) == ["config.toml"]


def test_load_narrows(desk: Desk) -> None:
    """`--limit`, `--ids`, `--columns` (with commas or one by one)."""
    found = desk.json("load", "reload", "-o", "few.csv", "--limit", "7", "--columns", "title", "--columns", "status")
    assert (found["tasks"], found["complete"], found["baseline"]) == (7, True, "few.csv.baseline")
    rows = desk.rows("few.csv")
    assert list(rows[0]) == ["id", "title", "status"]
    two = f"{rows[1]['id']},{rows[4]['id']}"
    desk.ok("load", "reload", "-o", "two.csv", "--ids", two)
    assert {row["id"] for row in desk.rows("two.csv")} == set(two.split(","))
    assert "task nope was not found" in desk.ok("load", "reload", "--ids", "nope", code=1).stderr
    done = desk.ok("load", "reload", "-o", "cut.csv", "--ids", f"nope,{rows[0]['id']}", "--allow-incomplete")
    assert "INCOMPLETE: task nope was not found" in done.stdout


def test_load_replaces_no_file_unasked(desk: Desk) -> None:
    """Somebody's edits may be in it."""
    desk.load()
    desk.edit(lambda _n, _row: {"title": "hours of work"})
    done = desk.ok("load", "reload", "-o", "tasks.csv", code=1)
    assert "tasks.csv is there already" in done.stderr
    assert {row["title"] for row in desk.rows()} == {"hours of work"}
    desk.load("--replace")
    assert {row["title"] for row in desk.rows()} != {"hours of work"}


@pytest.mark.skipif(os.name == "nt", reason="there are no such modes")
def test_baselines_and_plans_are_for_their_owner_only(desk: Desk) -> None:
    """0600, as they hold what tasks say."""
    desk.planned()
    for name in ("tasks.csv.baseline", "monday.plan"):
        assert stat.S_IMODE((desk.folder / name).stat().st_mode) == 0o600


def test_a_failed_load_leaves_nothing_behind(desk: Desk) -> None:
    """Neither a file nor a baseline."""
    assert "--columns: there is no column 'tilte'. Did you mean 'title'?" in desk.ok(
        "load", "reload", "-o", "tasks.csv", "--columns", "tilte", code=1
    ).stderr  # fmt: skip
    assert sorted(p.name for p in desk.folder.iterdir()) == ["config.toml"]


def test_problems_are_listed_by_line_and_nothing_is_written(desk: Desk) -> None:
    """Exit 1; with --drop-problems the rest goes on."""
    desk.load()
    desk.edit(lambda n, _row: {"priority": "Hgih"} if n == 1 else {"title": "fine"} if n == 2 else {})
    done = desk.ok("plan", "tasks.csv", "-o", "monday.plan", code=1)
    assert done.stdout.startswith(
        "line 3, priority: 'Hgih' is not one of none, low, medium, high, urgent; did you mean"
    )
    assert "1 problem: mend it and plan again, or go on with what is fine (--drop-problems)" in done.stderr
    assert not (desk.folder / "monday.plan").exists()
    found = json.loads(desk.ok("plan", "tasks.csv", "--json", code=1).stdout)
    assert [(p["line"], p["column"], p["value"]) for p in found["problems"]] == [(3, "priority", "Hgih")]
    done = desk.ok("plan", "tasks.csv", "-o", "monday.plan", "--drop-problems", code=2)
    assert done.stderr.startswith("taskframe: 1 problem left out\n")
    assert desk.ok("apply", "monday.plan", "--yes").stdout.startswith("1 applied")


def test_plan_reads_as_plan_csv_does(desk: Desk) -> None:
    """`--blank`, `--key`, `--columns` and `--ids` are its options."""
    desk.load()
    desk.edit(lambda n, _row: {"assigneeUserId": "", "title": "new"} if n < 4 else {})
    had = sum(1 for row in desk.rows("tasks.csv")[:4])
    assert had == 4
    assert len(desk.json("plan", "tasks.csv", "--columns", "title", code=2)["changes"]) == 4
    one = desk.rows()[2]["id"]
    assert {c["id"] for c in desk.json("plan", "tasks.csv", "--ids", one, code=2)["changes"]} == {one}
    cleared = desk.json("plan", "tasks.csv", "--blank", "clear", "--columns", "assigneeUserId", code=2)
    assert cleared["cleared"] == cleared["cells"] > 0
    rows = [{k: v for k, v in row.items() if k != "id"} for row in desk.rows()]
    lines = [",".join(rows[0]), *(",".join(f'"{v}"' for v in row.values()) for row in rows)]
    (desk.folder / "no-ids.csv").write_text("\n".join(lines), "utf-8")
    found = desk.json("plan", "no-ids.csv", "--baseline", "tasks.csv.baseline", "--key", "identifier", code=2)
    assert found["tasks"] == 4


def test_a_plan_that_wants_its_number(desk: Desk) -> None:
    """`--yes` alone does not do for a plan that touches most of all tasks."""
    desk.ok("load", "reload", "-o", "tasks.csv", "--columns", COLUMNS)
    desk.edit(lambda _n, _row: {"priority": "urgent"})
    number = desk.json("plan", "tasks.csv", "-o", "all.plan", code=2)["confirm"]
    assert "(--confirm)" in desk.ok("show", "all.plan").stdout
    done = desk.ok("apply", "all.plan", "--yes", code=1)
    assert "more than half of all tasks" in done.stderr
    assert "--confirm" in done.stderr
    assert str(number) not in done.stderr
    assert "--confirm 3 is not that number" in desk.ok("apply", "all.plan", "--yes", "--confirm", "3", code=1).stderr
    assert desk.ok("apply", "all.plan", "--yes", "--confirm", str(number)).stdout.startswith(f"{number} applied")


def test_a_dry_run_writes_nothing(desk: Desk) -> None:
    """Exit 0 where an apply would go through, 3 where it would not."""
    tasks = desk.planned(2)
    calls = len(desk.box.log)
    assert desk.ok("apply", "monday.plan", "--dry-run").stdout.startswith("DRY RUN, nothing was written: 2 ready")
    desk.box["reload"].edit(tasks[0], title="a colleague's")
    found = desk.json("apply", "monday.plan", "--dry-run", code=3)
    assert found["counts"] == {"ready": 1, "conflict": 1}
    assert all(record.after is None for record in desk.box.log[calls:] if record.actor == "caller")


def test_conflicts_and_the_file_of_what_is_left(desk: Desk) -> None:
    """Exit 3; the file has exactly those rows, with why, and plans again as it is."""
    tasks = desk.planned(4)
    desk.box["reload"].edit(tasks[1], title="a colleague's")
    done = desk.process("apply", "monday.plan", "--yes", "--left-file", "left.csv", code=3)
    assert done.stdout.startswith("3 applied · 1 conflict")
    assert "--conflicts ours" in done.stderr
    assert "taskframe plan left.csv" in done.stderr
    (row,) = desk.rows("left.csv")
    assert (row["id"], row["title"], row["outcome"]) == (tasks[1], "A new title", "conflict")
    assert row["detail"]

    found = desk.json("plan", "left.csv", "-o", "again.plan", code=2)
    assert [(c["id"], c["column"], c["after"]) for c in found["changes"]] == [(tasks[1], "title", "A new title")]
    assert found["problems"] == []
    assert desk.ok("apply", "again.plan", "--yes", code=3).stdout.startswith("1 conflict")  # nobody was overwritten
    assert desk.title(tasks[1]) == "a colleague's"
    desk.ok("plan", "left.csv", "-o", "ours.plan", code=2)
    desk.ok("apply", "ours.plan", "--yes", "--on-conflict", "overwrite")
    assert desk.title(tasks[1]) == "A new title"


def test_what_failed_is_left_too(desk: Desk) -> None:
    """A file of failures, mended or not, is planned and applied like any other."""
    tasks = desk.planned(3)
    desk.box.faults.add("429", times=3, retry_after=3_600, match="update-task")
    desk.ok("apply", "monday.plan", "--yes", "--left-file", "left.csv", code=3)
    desk.box.faults.clear()
    assert {row["id"] for row in desk.rows("left.csv")} == set(tasks)
    desk.edit(lambda n, _row: {"title": "mended"} if n == 0 else {}, "left.csv")
    desk.ok("plan", "left.csv", "-o", "again.plan", code=2)
    desk.ok("apply", "again.plan", "--yes")
    assert sorted(desk.title(task) for task in tasks) == ["A new title", "A new title", "mended"]


def test_where_there_are_no_versions(all_three: Desk) -> None:
    """Kore and Pragmatiks the same way, with --verify."""
    desk = all_three
    for service, column, ways in (("kore", "priority.name", "listing"), ("pragmatiks", "title", "each")):
        file, plan = f"{service}.csv", f"{service}.plan"
        desk.ok("load", service, "-o", file)
        value = desk.rows(file)[0][column]
        desk.edit(lambda n, _row, c=column, v=value: {c: v if c != "title" else "new"} if n < 3 else {}, file)  # type: ignore[misc]
        code = desk.run("plan", file, "-o", plan).returncode
        if code == 2:
            assert "--verify none reads nothing" in " ".join(desk.ok("show", plan).stdout.split())
            done = desk.ok("apply", plan, "--yes", "--verify", ways)
            assert " applied" in done.stdout
    done = desk.ok("load", "pragmatiks", "--filter", "mine=true", code=1)
    assert "no filter 'mine'" in done.stderr


def test_machines_get_json(desk: Desk) -> None:
    """load, plan, show, apply: one document on stdout each."""
    desk.load()
    desk.edit(lambda n, _row: {"title": "new", "assigneeUserId": "<clear>"} if n == 0 else {})
    plan = desk.json("plan", "tasks.csv", "-o", "monday.plan", code=2)
    assert (plan["tasks"], plan["calls"], plan["file"]) == (1, 1, "monday.plan")
    assert desk.json("show", "monday.plan")["changes"] == plan["changes"]
    request = json.loads(desk.ok("show", "monday.plan", "--requests").stdout)
    assert request["method"] == "POST"
    assert request["json"]["title"] == "new"
    report = desk.json("apply", "monday.plan", "--yes")
    assert (report["ok"], report["counts"], report["plan"]) == (True, {"applied": 1}, plan["plan"])
    assert report["tasks"][0]["id"] == plan["changes"][0]["id"]


WRONG = [
    (["plan", "nope.csv"], "there is no file nope.csv"),
    (["plan", "lonely.csv"], "there is no baseline lonely.csv.baseline, which `taskframe load` writes"),
    (["plan", "lonely.csv", "--baseline", "lonely.csv"], "is not saved tasks that taskframe wrote"),
    (["show", "lonely.csv"], "(a CSV file goes to `taskframe plan`)"),
    (["apply", "nope.plan"], "there is no file nope.plan"),
    (["load", "relaod"], "Did you mean 'reload'?"),
    (["load", "reload", "--filter", "todo"], "--filter takes name=value"),
    (["load", "reload", "--filter", 'status={"a":'], "is not JSON"),
    (["load", "reload", "--filter", "stauts=todo"], "Did you mean 'status'?"),
    (["load", "reload", "-o", "-", "--json"], "both want standard output"),
    (["load", "reload", "--profile", "monday"], "has no profile [monday]"),
    (["load", "reload", "-o", "no/such/folder.csv"], "can't be written"),
    (["report", "last"], "has no runs"),
]


def test_an_error_is_one_line(desk: Desk) -> None:
    """On stderr, exit 1, nothing on stdout; it names what, where and the way out."""
    (desk.folder / "lonely.csv").write_text("id,title\r\nt_1,x\r\n", "utf-8")
    for arguments, words in WRONG:
        done = desk.ok(*arguments, code=1)
        assert words in done.stderr, arguments
        assert done.stdout == "", arguments
        assert len(done.stderr.splitlines()) == 1, arguments
        assert done.stderr.startswith("taskframe: "), arguments


def test_the_baseline_is_found_under_another_ending(desk: Desk) -> None:
    """tasks.txt of tasks.csv; where several may be meant, none is guessed."""
    desk.load()
    (desk.folder / "tasks.csv").rename(desk.folder / "tasks.txt")
    desk.ok("plan", "tasks.txt")
    desk.load(output="tasks.old.csv")
    desk.load(output="tasks.tsv")
    done = desk.ok("plan", "tasks.txt", code=1)
    assert "tasks.csv.baseline" in done.stderr
    assert "tasks.tsv.baseline" in done.stderr


def test_a_plan_goes_only_where_the_settings_lead(desk: Desk, tmp_path: Path) -> None:
    """A file names no address that gets our token; a profile that leads there is found by itself."""
    tasks = desk.planned(1)
    (desk.folder / "elsewhere.toml").write_text('[reload]\ntoken = "t"\nbase_url = "https://reload.example"\n', "utf-8")
    elsewhere = {"TASKFRAME_CONFIG": str(desk.folder / "elsewhere.toml")}
    done = desk.ok("apply", "monday.plan", "--yes", code=1, **elsewhere)
    assert "was made elsewhere" in done.stderr or "what was loaded from" in done.stderr
    assert "--profile" in done.stderr
    assert desk.ok("show", "monday.plan", **elsewhere).stdout  # to look at it needs no connection
    settings = desk.box.settings("reload")
    with (desk.folder / "elsewhere.toml").open("a", encoding="utf-8") as file:
        file.write(f'[test]\ntoken = "{settings["token"]}"\nbase_url = "{settings["base_url"]}"\n')
    desk.ok("apply", "monday.plan", "--yes", **elsewhere)
    assert desk.title(tasks[0]) == "A new title"


def test_without_settings_a_plan_can_be_made_and_shown(desk: Desk) -> None:
    """What sends nothing needs no token."""
    desk.load()
    desk.edit(lambda n, _row: {"title": "new"} if n == 0 else {})
    (desk.folder / "none.toml").touch()
    nothing = {"TASKFRAME_CONFIG": str(desk.folder / "none.toml")}
    desk.ok("plan", "tasks.csv", "-o", "monday.plan", code=2, **nothing)
    desk.ok("show", "monday.plan", **nothing)
    done = desk.ok("apply", "monday.plan", "--yes", code=1, **nothing)
    assert "set TASKFRAME_RELOAD_TOKEN" in done.stderr


def test_people_by_name(desk: Desk) -> None:
    """A table of people makes names of ids, in the file and in the preview."""
    people = desk.box["reload"].people
    lines = ["id,name,email,handle", *(f"{p['id']},{p['displayName']},{p['email']},{p['handle']}" for p in people)]
    (desk.folder / "people.csv").write_text("\n".join(lines), "utf-8")
    desk.load()
    desk.edit(lambda n, _row: {"assigneeUserId": "@grace"} if n < 2 else {})
    done = desk.ok("plan", "tasks.csv", "--people", "people.csv", code=2)
    assert "→ Grace O'Neill" in done.stdout
    (desk.folder / "none.toml").touch()
    done = desk.ok("plan", "tasks.csv", code=1, TASKFRAME_CONFIG="none.toml")  # nobody there to ask
    assert "@grace" in done.stdout


def test_the_saved_plan_opens_in_python(desk: Desk) -> None:
    """What the command writes is what `tf.open_plan` reads, and the other way round."""
    tasks = desk.planned(2)
    with desk.box.connect("reload", progress=False) as conn:
        plan = tf.open_plan(desk.folder / "monday.plan", conn)
        assert sorted(plan.changes["id"]) == sorted(tasks)
        plan.drop(ids=tasks[:1]).save(desk.folder / "less.plan")
    assert desk.ok("apply", "less.plan", "--yes").stdout.startswith("1 applied")


def test_a_workbook(desk: Desk) -> None:
    """`load -o tasks.xlsx`, edited, planned; and a CSV file of the same load."""
    openpyxl = pytest.importorskip("openpyxl")
    desk.load(output="tasks.xlsx")
    book = openpyxl.load_workbook(desk.folder / "tasks.xlsx")
    sheet = book.worksheets[0]
    heads = [cell.value for cell in sheet[1]]
    sheet.cell(2, heads.index("title") + 1).value = "from a workbook"
    book.save(desk.folder / "tasks.xlsx")
    found = desk.json("plan", "tasks.xlsx", "-o", "x.plan", code=2)
    assert [c["after"] for c in found["changes"]] == ["from a workbook"]
    assert desk.ok("apply", "x.plan", "--yes").stdout.startswith("1 applied")


def test_files_as_others_write_them(desk: Desk) -> None:
    """`--sep`, `--name`, `--encoding`: the options of plan_csv."""
    desk.load("--sep", ";", "--bom")
    text = (desk.folder / "tasks.csv").read_text("utf-8-sig").replace(";title;", ";Name of it;", 1)
    lines = text.splitlines()
    lines[1] = lines[1].replace(";low;", ";urgent;").replace(";medium;", ";urgent;")
    (desk.folder / "tasks.csv").write_text("\n".join(lines), "utf-16")
    plan = ["plan", "tasks.csv", "--sep", ";", "--encoding", "utf-16", "--name", "Name of it=title"]
    assert [c["after"] for c in desk.json(*plan, code=2)["changes"]] == ["urgent"]
    assert "--name takes THEIRS=OURS" in desk.ok("plan", "tasks.csv", "--name", "title", code=1).stderr


def test_numbers_with_a_comma(desk: Desk) -> None:
    """`--decimal`, `--thousands`: without them such a cell is a problem that names the option."""
    desk.load("--sep", ";")
    text = (desk.folder / "tasks.csv").read_text("utf-8")
    head, first, *rest = text.splitlines()
    cells = first.split(";")
    cells[head.split(";").index("version")] += ",0"
    cells[head.split(";").index("title")] = "A new title"
    (desk.folder / "tasks.csv").write_text("\n".join([head, ";".join(cells), *rest]), "utf-8")
    assert "stale" in desk.ok("plan", "tasks.csv", code=1).stdout
    for more in ((), ("--thousands", ".")):
        found = desk.json("plan", "tasks.csv", "--decimal", ",", *more, code=2)
        assert [c["after"] for c in found["changes"]] == ["A new title"]
    assert "decimal=';'" in desk.ok("plan", "tasks.csv", "--decimal", ";", code=1).stderr
