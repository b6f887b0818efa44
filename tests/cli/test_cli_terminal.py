"""In a terminal, in a pipe, interrupted: the command as a process."""

from __future__ import annotations

import os
import re
import signal
import subprocess
import time

import pytest

from taskframe.preview.width import width
from tests.cli.desk import COLUMNS, PATIENCE, TASKFRAME, Desk, Terminal

pytestmark = pytest.mark.skipif(os.name == "nt", reason="there are no pseudo-terminals")

COLOUR = "\x1b["


def test_apply_asks_with_the_numbers(desk: Desk) -> None:
    """The preview, then the question; `y` sends."""
    tasks = desk.planned(3)
    terminal = Terminal(desk, "apply", "monday.plan")
    shown = terminal.until("[y/N] ")
    assert "3 tasks · 3 calls · 3 cells in 1 column" in shown
    assert re.search(r"Update 3 tasks in 3 calls, on Reload at http://\S+ · workspaceId \S+\? \[y/N\] $", shown)
    assert desk.title(tasks[0]) != "A new title"
    terminal.type("y\n")
    assert terminal.end() == 0
    assert "3 applied" in terminal.shown
    assert desk.title(tasks[0]) == "A new title"


@pytest.mark.parametrize("answer", ["n\n", "\n", "yess\n", "\x04"])
def test_any_other_answer_sends_nothing(desk: Desk, answer: str) -> None:
    """Exit 1; Ctrl-D is one too."""
    tasks = desk.planned(1)
    terminal = Terminal(desk, "apply", "monday.plan")
    terminal.until("[y/N] ")
    terminal.type(answer)
    assert terminal.end() == 1
    assert "Nothing was sent." in terminal.shown
    assert desk.title(tasks[0]) != "A new title"


def test_a_large_plan_asks_for_its_number(desk: Desk) -> None:
    """As read in the preview: any other one sends nothing."""
    desk.ok("load", "reload", "-o", "tasks.csv", "--columns", COLUMNS)
    desk.edit(lambda _n, _row: {"title": "all alike"})
    number = desk.json("plan", "tasks.csv", "-o", "all.plan", code=2)["confirm"]
    for answer, code in (("y", 1), (f"{number:,}", 0)):
        terminal = Terminal(desk, "apply", "all.plan")
        terminal.until("How many tasks does it update")
        terminal.type(f"{answer}\n")
        assert terminal.end() == code
    assert f"{number} applied" in terminal.shown


def test_pages_fit_the_terminal(desk: Desk) -> None:
    """80 columns, or 50; colours and a bar where somebody sees them, none with NO_COLOR."""
    desk.load()
    desk.edit(lambda n, _row: {"title": "A title of some length " * 6, "priority": "urgent"} if n < 9 else {})
    for columns, more in ((80, {}), (50, {"NO_COLOR": "1"})):
        terminal = Terminal(desk, "plan", "tasks.csv", columns=columns, **more)
        assert terminal.end() == 2
        assert (COLOUR in terminal.shown) is (not more)
        plain = re.sub(r"\x1b\[[\d;]*m", "", terminal.shown)
        assert [line for line in plain.splitlines() if width(line) > columns] == []
    for command in (["services"], ["columns", "reload"], ["config"], ["runs"]):
        terminal = Terminal(desk, *command, NO_COLOR="1")
        assert terminal.end() == 0
        assert COLOUR not in terminal.shown
        long = [line for line in terminal.shown.splitlines() if width(line) > 80]
        assert all(str(desk.folder) in line for line in long), long  # a path is never cut
    terminal = Terminal(desk, "load", "reload")
    assert terminal.end() == 0
    assert "Loading Reload" in terminal.shown  # the bar


def test_a_pipe_gets_neither_colours_nor_bars(desk: Desk) -> None:
    """And whole lines, however long."""
    done = desk.process("load", "reload", "-o", "tasks.csv", TERM="xterm")
    assert (COLOUR in done.stdout + done.stderr, "Loading" in done.stderr) == (False, False)
    done = desk.process("columns", "reload", COLUMNS="40")
    assert "triage, backlog, todo, in_progress, blocked, in_review, done, cancelled" in done.stdout


def test_from_a_pipe_into_a_plan(desk: Desk) -> None:
    """`load -o - | … | plan - --baseline`: stdout has the file and nothing else."""
    loaded = desk.process("load", "reload", "--filter", "status=todo", "--baseline", "b", "-o", "-")
    assert loaded.stdout.startswith("id,identifier,")
    assert "plan - --baseline b" in loaded.stderr
    edited = loaded.stdout.replace(",medium,", ",high,")
    done = desk.process("plan", "-", "--baseline", "b", "-o", "p", code=2, stdin=edited)
    assert "medium → high" in done.stdout
    assert "Nothing to do" in desk.process("plan", "-", "--baseline", "b", stdin=loaded.stdout).stdout
    done = desk.process("plan", "-", "--baseline", "b", code=1, stdin='id,title\n"x')
    assert done.stderr.startswith("taskframe: standard input, line 2: ")
    assert "--baseline" in desk.process("plan", "-", code=1, stdin=edited).stderr
    assert desk.process("apply", "p", "--yes").stdout.endswith("\n")


def test_a_reader_that_has_enough_is_no_error(desk: Desk) -> None:
    """`taskframe load -o - | head -1` ends without a word."""
    command = f"'{TASKFRAME}' load reload -o - --baseline b | head -1"
    done = subprocess.run(command, shell=True, capture_output=True, text=True, cwd=desk.folder, env=desk.env)
    assert done.stdout.startswith("id,identifier,")
    assert "Traceback" not in done.stderr
    assert "Broken pipe" not in done.stderr
    assert "Exception ignored" not in done.stderr


@pytest.mark.parametrize("how", ["signal", "terminal"])
def test_a_ctrl_c_ends_an_apply_in_order(desk: Desk, how: str) -> None:
    """Exit 130; the report is printed and says how to go on, and `resume` does."""
    tasks = desk.planned(30)
    calls = len(desk.box.log)
    terminal = Terminal(desk, "apply", "monday.plan", "--yes", "--left-file", "left.csv", TASKFRAME_RELOAD_RATE="5/2")
    while sum(record.after is not None for record in desk.box.log[calls:]) < 3:
        assert terminal.process.poll() is None, terminal.shown
        time.sleep(0.01)
    if how == "signal":
        terminal.process.send_signal(signal.SIGINT)
    else:
        terminal.type("\x03")
    assert terminal.end() == 130
    assert "STOPPED EARLY: " in terminal.shown
    assert "skipped" in terminal.shown
    assert "Traceback" not in terminal.shown
    (run,) = set(re.findall(r"taskframe resume ([0-9a-f]{16})", terminal.shown))
    assert f"taskframe undo {run}" in terminal.shown
    left = {row["id"] for row in desk.rows("left.csv")}
    assert 0 < len(left) < 30
    assert {task for task in tasks if desk.title(task) != "A new title"} == left

    done = desk.ok("resume", run[:8])
    assert done.stdout.startswith("30 applied")
    assert all(desk.title(task) == "A new title" for task in tasks)


def test_a_ctrl_c_ends_a_load_and_leaves_nothing(desk: Desk) -> None:
    """Exit 130, one line, no file."""
    desk.box.faults.add("latency", seconds=3.0)
    process = subprocess.Popen(
        [TASKFRAME, "load", "reload", "-o", "tasks.csv"],
        stdout=subprocess.PIPE, stderr=subprocess.PIPE, text=True, cwd=desk.folder, env=desk.env,
    )  # fmt: skip
    while not desk.box.log and process.poll() is None:
        time.sleep(0.01)
    process.send_signal(signal.SIGINT)
    out, err = process.communicate(timeout=PATIENCE)
    assert (process.returncode, out, err) == (130, "", "taskframe: interrupted\n")
    assert sorted(p.name for p in desk.folder.iterdir()) == ["config.toml"]


def test_a_ctrl_c_at_the_question_sends_nothing(desk: Desk) -> None:
    """Exit 130."""
    tasks = desk.planned(1)
    terminal = Terminal(desk, "apply", "monday.plan")
    terminal.until("[y/N] ")
    terminal.type("\x03")
    assert terminal.end() == 130
    assert desk.title(tasks[0]) != "A new title"


def test_without_a_terminal_apply_refuses(desk: Desk) -> None:
    """It can't ask, and says how to go on without."""
    tasks = desk.planned(1)
    done = desk.process("apply", "monday.plan", code=1)
    assert "there is no terminal to ask on whether to update 1 task" in done.stderr
    assert "--yes" in done.stderr
    assert desk.process("apply", "monday.plan", stdin="y\n", code=1).stdout == ""
    assert desk.title(tasks[0]) != "A new title"


def test_completion(desk: Desk) -> None:
    """What a shell asks for: commands and options."""
    env = {"_TASKFRAME_COMPLETE": "complete_bash", "COMP_WORDS": "taskframe re", "COMP_CWORD": "1"}
    assert desk.process(**env).stdout.split() == ["report", "resume", "retry"]
    env = {**env, "COMP_WORDS": "taskframe apply --on", "COMP_CWORD": "2"}
    assert "--on-conflict" in desk.process(**env).stdout
