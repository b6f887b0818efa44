"""Where settings come from, from a terminal: services, columns, config, check; and tokens that are kept elsewhere."""

from __future__ import annotations

import json
import os
import shlex
import subprocess
import sys
from pathlib import Path
from typing import Any

import pytest

import taskframe as tf
from tests.cli.desk import Desk


def test_what_there_is(desk: Desk) -> None:
    """services and columns need no settings."""
    done = desk.process("services", TASKFRAME_CONFIG="")
    assert [line.split()[0] for line in done.stdout.splitlines()[1:]] == ["kore", "pragmatiks", "reload"]
    assert {one["name"]: one["versions"] for one in desk.json("services")}["reload"] is True
    lines = desk.process("columns", "kore").stdout.splitlines()
    assert any(line.split()[:4] == ["name", "text", "edited", "Name"] or line.startswith("name ") for line in lines)
    found = {column["name"]: column for column in desk.json("columns", "reload")}
    assert found["priority"]["choices"] == ["none", "low", "medium", "high", "urgent"]
    assert (found["title"]["editable"], found["dueAt"]["editable"]) == (True, False)
    assert "Did you mean 'reload'" in desk.ok("columns", "relaod", code=1).stderr


def test_columns_of_an_account(all_three: Desk) -> None:
    """A baseline tells of the account's own fields."""
    desk = all_three
    desk.ok("load", "kore", "-o", "k.csv")
    known, own = desk.json("columns", "kore"), desk.json("columns", "kore", "--baseline", "k.csv.baseline")
    assert {c["name"] for c in own} - {c["name"] for c in known}
    assert "is of kore, not of reload" in desk.ok("columns", "reload", "--baseline", "k.csv.baseline", code=1).stderr


def test_check(desk: Desk) -> None:
    """Exit 0 and the account, or 1 and why."""
    assert "takes these credentials: workspaceId " in desk.process("check", "reload").stdout
    assert desk.json("check", "reload")["account"]
    done = desk.process("check", "reload", code=1, TASKFRAME_RELOAD_TOKEN="rl_sk_wrong")
    assert done.stderr.startswith("taskframe: GET /v1/agent/list-tasks")
    assert "rl_sk_wrong" not in done.stderr


def test_config_says_where_each_setting_comes_from(desk: Desk) -> None:
    """And never a secret, nor a part of one."""
    secret = desk.box.settings("reload")["token"]
    lines = desk.process("config", "reload").stdout.splitlines()
    assert lines[-1].split() == ["reload", "token", "set", "[reload]"]
    done = desk.ok("config", "reload", TASKFRAME_RELOAD_TOKEN="rl_sk_environment")
    assert done.stdout.splitlines()[-1].split() == ["reload", "token", "set", "TASKFRAME_RELOAD_TOKEN"]
    done = desk.ok("config", "reload", TASKFRAME_RELOAD_TOKEN_FILE="t.txt")
    assert "in the file " in done.stdout
    assert "TASKFRAME_RELOAD_TOKEN_FILE" in done.stdout
    found = desk.json("config")
    assert found["profiles"] == ["reload"]
    assert {row["from"] for row in found["settings"] if row["service"] == "kore"} >= {"not set", "the default"}
    for text in (done.stdout, json.dumps(found)):
        assert secret not in text
        assert secret[-8:] not in text


def test_no_option_takes_a_token(desk: Desk) -> None:
    """It would be seen in the list of processes, and in the shell's history."""
    for command in ("load", "plan", "apply", "check", "resume"):
        assert "token" not in desk.ok(command, "--help").stdout.casefold()


@pytest.fixture
def kept(tmp_path: Path, monkeypatch: pytest.MonkeyPatch, box: tf.LocalSandbox) -> Any:
    """Writes a profile, and gives the token that a call goes out with."""
    monkeypatch.setenv("TASKFRAME_CONFIG", str(tmp_path / "config.toml"))
    (tmp_path / "token.txt").write_text(f"{box['reload'].token(label='file')}\r\n", "utf-8")
    for label in ("command", "keyring"):
        (tmp_path / f"{label}.txt").write_text(box["reload"].token(label=label), "utf-8")

    def used(profile: str) -> str:
        address = f"base_url = {json.dumps(box.settings('reload')['base_url'])}\n"
        (tmp_path / "config.toml").write_text(f"[reload]\n{address}{profile}\n", "utf-8")
        with tf.connect("reload", progress=False) as conn:
            conn.check()
        return str(box.log[-1].headers["authorization"])

    return used


def _printing(path: Path) -> list[str]:
    return [sys.executable, "-c", "import sys; print(open(sys.argv[1]).read())", str(path)]


def test_a_token_is_kept_in_a_file_or_behind_a_command(
    kept: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """By the profile (a path is taken from its folder), or by the environment, which goes first."""
    assert kept('token_file = "token.txt"') == "<file>"
    command = _printing(tmp_path / "command.txt")
    assert kept(f"token_command = {json.dumps(command)}") == "<command>"
    if os.name != "nt":
        assert kept(f"token_command = {json.dumps(shlex.join(command))}") == "<command>"
    monkeypatch.setenv("TASKFRAME_RELOAD_TOKEN_FILE", str(tmp_path / "token.txt"))
    assert kept(f"token_command = {json.dumps(command)}") == "<file>"
    assert kept('token = "rl_sk_old"') == "<file>"


def test_a_token_is_kept_in_the_keyring(kept: Any, tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """Under `taskframe` and the name that the profile says; without the package the pip command is named."""
    monkeypatch.setitem(sys.modules, "keyring", None)
    with pytest.raises(tf.AuthError) as caught:
        kept('token_keyring = "me"')
    assert isinstance(caught.value.__cause__, tf.MissingExtra)
    (tmp_path / "keyring.py").write_text(
        "from pathlib import Path\n"
        "def get_password(service, name):\n"
        "    there = (service, name) == ('taskframe', 'me')\n"
        "    return Path(__file__).with_suffix('.txt').read_text() if there else None\n",
        "utf-8",
    )
    monkeypatch.delitem(sys.modules, "keyring")
    monkeypatch.syspath_prepend(str(tmp_path))
    assert kept('token_keyring = "me"') == "<keyring>"
    with pytest.raises(tf.AuthError) as caught:
        kept('token_keyring = "you"')
    assert "run `keyring set taskframe you` first" in str(caught.value.__cause__)


def test_a_real_keyring_keeps_it_too(desk: Desk, tmp_path: Path) -> None:
    """What `keyring set` puts into a file backend of its own, `taskframe` takes out; `config` shows none of it."""
    env = {"PYTHON_KEYRING_BACKEND": "keyrings.alt.file.PlaintextKeyring", "XDG_DATA_HOME": str(tmp_path / "data")}
    settings = desk.box.settings("reload")
    profile = f'[reload]\nbase_url = {json.dumps(settings["base_url"])}\ntoken_keyring = "me"\n'
    (desk.folder / "config.toml").write_text(profile, "utf-8")
    done = desk.process("check", "reload", code=1, **env)
    assert "run `keyring set taskframe me` first" in done.stderr
    subprocess.run(
        [sys.executable, "-m", "keyring", "set", "taskframe", "me"],
        input=settings["token"], text=True, check=True, capture_output=True, env={**desk.env, **env},
    )  # fmt: skip
    assert "takes these credentials" in desk.process("check", "reload", **env).stdout
    assert settings["token"] not in desk.process("config", "reload", **env).stdout


WRONG = [
    ('token_file = "nope.txt"', "there is no file "),
    ('token_file = "empty.txt"', "there is nothing in it"),
    ('token_command = "nope-no-such-command"', "can't be run"),
    (f"token_command = {json.dumps([sys.executable, '-c', 'raise SystemExit(3)'])}", "ended with exit code 3"),
    ('token_command = "vault \'read"', "a quote is never closed"),
    ("token_command = 5", "takes a command"),
    ("token_file = 5", "takes a text"),
    ('token_file = "a"\ntoken_command = "b"', "name two places"),
    ("rate = 60", 'rate = ["600/60"]'),
    ('rate = ["60"]', "600/60 is 600 calls in 60 seconds"),
]


@pytest.mark.parametrize(("profile", "words"), WRONG, ids=[words for _, words in WRONG])
def test_a_token_that_cannot_be_had_is_said(kept: Any, tmp_path: Path, profile: str, words: str) -> None:
    """With the file and the setting that says where it is."""
    (tmp_path / "empty.txt").touch()
    with pytest.raises(tf.TaskframeError) as caught:
        kept(profile)
    said = f"{caught.value} {caught.value.__cause__ or ''}"
    assert words in said
    assert "config.toml, [reload]: " in said


def test_why_there_is_no_token_is_said_in_a_terminal(desk: Desk) -> None:
    """One line, with what the file or command said of it."""
    done = desk.ok("check", "reload", code=1, TASKFRAME_RELOAD_TOKEN_FILE="nope.txt")
    assert "TASKFRAME_RELOAD_TOKEN_FILE: there is no file " in done.stderr
    assert len(done.stderr.splitlines()) == 1


def test_a_command_gives_a_fresh_token_when_one_expires(kept: Any, tmp_path: Path, box: tf.LocalSandbox) -> None:
    """It is asked again in the middle of a connection's life."""
    token = box["reload"].token(label="first")
    (tmp_path / "token.txt").write_text(token, "utf-8")
    (tmp_path / "config.toml").write_text(
        f'[reload]\nbase_url = {json.dumps(box.settings("reload")["base_url"])}\ntoken_file = "token.txt"\n', "utf-8"
    )
    with tf.connect("reload", progress=False) as conn:
        conn.check()
        box["reload"].revoke(token)
        (tmp_path / "token.txt").write_text(box["reload"].token(label="second"), "utf-8")
        conn.check()
    assert box.log[-1].headers["authorization"] == "<second>"


def test_limits_may_stand_in_a_profile_or_the_environment(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """`rate`; what is passed to connect() goes first; an empty list means none."""
    (tmp_path / "c.toml").write_text(
        '[reload]\ntoken = "t"\nrate = ["600/60", "18000/3600"]\n[free]\ntoken = "t"\nrate = []\n', "utf-8"
    )
    monkeypatch.setenv("TASKFRAME_CONFIG", str(tmp_path / "c.toml"))

    def seconds(**options: Any) -> float | None:
        with tf.connect("reload", base_url="https://a.example", journal=None, **options) as conn:
            return conn.seconds_for(36_000)

    assert seconds() == 7_200
    assert seconds(profile="free", rate=[tf.Limit(36, per=1)]) == 1_000
    monkeypatch.setenv("TASKFRAME_RELOAD_RATE", "36/2")
    assert seconds() == 2_000


def test_the_sandbox_writes_profiles(tmp_path: Path, desk: Desk) -> None:
    """`sandbox --config` makes the other commands work on it."""
    from taskframe.cli.about import _write_profiles

    desk.box["reload"].limits = [(100, 60)]
    _write_profiles(desk.box, desk.folder / "box.toml")
    assert 'rate = ["100/60"]' in (desk.folder / "box.toml").read_text("utf-8")
    desk.ok("check", "reload", TASKFRAME_CONFIG="box.toml")
