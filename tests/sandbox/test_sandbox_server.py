"""The server: it starts, says where it is, and leaves nothing behind."""

from __future__ import annotations

import json
import os
import signal
import subprocess
import sys
import threading
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import httpx
import pytest

from taskframe.errors import ClosedError, MissingExtra, SettingsError
from taskframe.sandbox import Sandbox

ROOT = Path(__file__).parents[2]


def test_settings_are_all_a_client_needs(box: Sandbox) -> None:
    """Base URL and token from `settings` are enough for a first call."""
    settings = box.settings("reload")
    assert settings["base_url"] == f"{box.url}/reload"
    reply = httpx.get(
        f"{settings['base_url']}/v1/agent/list-tasks",
        headers={"Authorization": f"Bearer {settings['token']}"},
    )
    assert reply.status_code == 200


def test_closing_leaves_no_thread_and_no_socket(client_of: Any) -> None:
    """After `close` the thread has ended and the port is free again, even with a client still connected."""
    before = set(threading.enumerate())
    with Sandbox(tasks=3) as box:
        http = client_of(box)
        assert http.get("list-tasks").status_code == 200
        port = int(box.url.rpartition(":")[2])
    assert set(threading.enumerate()) == before
    with pytest.raises(httpx.TransportError):
        http.get("list-tasks")
    with Sandbox(tasks=3, port=port) as again:
        assert again.url == box.url


def test_closing_does_not_wait_for_a_stalled_call(client_of: Any) -> None:
    """A call that is held back for an hour is cut off by `close`, and the log knows that it had no reply."""
    box = Sandbox(tasks=3)
    box.faults.add("stall", seconds=3600)
    http = client_of(box)
    with ThreadPoolExecutor(1) as pool:
        pending = pool.submit(http.get, "list-tasks")
        while not len(box.log):
            pass
        box.close()
        assert isinstance(pending.exception(), httpx.TransportError)
    assert box.log[0].status is None
    assert box.log[0].ended is not None


def test_close_may_be_called_again(client_of: Any) -> None:
    """`close` is idempotent, and a closed sandbox says that it is closed."""
    box = Sandbox(tasks=1)
    box.close()
    box.close()
    with pytest.raises(ClosedError):
        box["reload"]


def test_a_taken_port_is_an_error_that_leaves_nothing(box: Sandbox) -> None:
    """Two sandboxes can't share a port; the second one says so and its thread is gone."""
    before = set(threading.enumerate())
    with pytest.raises(OSError, match="in use"):
        Sandbox(tasks=1, port=int(box.url.rpartition(":")[2]))
    assert set(threading.enumerate()) == before


def test_an_unknown_service_is_named_with_those_there_are() -> None:
    """A typo in a service's name gets the name that was meant."""
    with pytest.raises(SettingsError, match="reload"):
        Sandbox(tasks=1, services=["relod"])


def test_a_file_keeps_the_tasks(tmp_path: Path, client_of: Any) -> None:
    """A sandbox on a file goes on where the last one stopped, under the same token, and can create more."""
    path = tmp_path / "box.sqlite"
    with Sandbox(tasks=20, seed=3, path=path) as box:
        token = box.settings("reload")["token"]
        first = box["reload"].tasks()[0]["id"]
        box["reload"].edit(first, title="Kept")
        client_of(box).post("create-task", json={"title": "One"}).raise_for_status()
    with Sandbox(tasks=20, seed=3, path=path) as box:
        assert box["reload"].task(first)["title"] == "Kept"
        assert box.settings("reload")["token"] == token
        made = client_of(box).post("create-task", json={"title": "Two"}).raise_for_status().json()
        assert made["data"]["identifier"] == "T-22"
        assert len(box["reload"].tasks()) == 22
    with pytest.raises(SettingsError, match="seed=3"):
        Sandbox(tasks=20, seed=4, path=path)


def test_paths_of_no_service_are_404_and_logged(box: Sandbox) -> None:
    """A call outside every service's prefix is not found, and is in the log all the same."""
    assert httpx.get(f"{box.url}/nowhere?x=1").status_code == 404
    assert [(r.service, r.path, r.status) for r in box.log] == [("", "/nowhere", 404)]


def test_the_date_header_is_the_sandboxes_own_time(box: Sandbox, http: httpx.Client) -> None:
    """Replies are dated by the injected clock, so that a `Retry-After` date can be judged by them."""
    assert http.get("list-tasks").headers["date"] == "Fri, 09 Jan 2026 09:00:00 GMT"


def test_importing_the_sandbox_loads_no_server() -> None:
    """Starlette, uvicorn and sqlite3 load when a sandbox is made, not when it is imported."""
    code = "import sys, taskframe.sandbox; print({'starlette', 'uvicorn'} & set(sys.modules))"
    assert _python(code).strip() == "set()"


@pytest.mark.parametrize("missing", ["starlette", "uvicorn"])
def test_without_the_extra_the_error_names_the_pip_command(missing: str) -> None:
    """Making a sandbox without its extra is a `MissingExtra` that says what to install."""
    code = f"""
import sys
sys.modules[{missing!r}] = None
from taskframe.errors import MissingExtra
from taskframe.sandbox import Sandbox
try:
    Sandbox(tasks=1)
except MissingExtra as error:
    print(error)
"""
    assert 'pip install "taskframe[sandbox]"' in _python(code)
    assert issubclass(MissingExtra, ImportError)


@pytest.mark.skipif(os.name == "nt", reason="signals")
@pytest.mark.parametrize("stop", [signal.SIGINT, signal.SIGTERM])
def test_as_a_command_it_says_where_it_is_and_stops_when_told(stop: signal.Signals) -> None:
    """The first line is JSON with the settings; Ctrl-C and SIGTERM end it with exit code 0 and no traceback."""
    code = "from taskframe.sandbox import serve; serve(tasks=5, as_json=True)"
    command = [sys.executable, "-c", code]
    with subprocess.Popen(command, cwd=ROOT, stdout=subprocess.PIPE, stderr=subprocess.PIPE) as process:
        assert process.stdout is not None
        assert process.stderr is not None
        told = json.loads(process.stdout.readline())
        needed = told["settings"]["reload"]
        assert needed["base_url"] == told["url"] + "/reload"
        bearer = {"Authorization": f"Bearer {needed['token']}"}
        listed = httpx.get(needed["base_url"] + "/v1/agent/list-tasks", headers=bearer).json()
        assert len(listed["data"]) == 5
        process.send_signal(stop)
        assert process.wait(20) == 0
        assert process.stderr.read() == b""


def _python(code: str) -> str:
    done = subprocess.run(
        [sys.executable, "-W", "error", "-c", code], cwd=ROOT, capture_output=True, text=True, check=True
    )
    return done.stdout
