"""A notebook in a real browser: a Jupyter server, Chromium, a kernel; and the sandbox, whose word is what counts."""

from __future__ import annotations

import contextlib
import json
import os
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import nbformat
from jupyter_client import BlockingKernelClient
from playwright.sync_api import Locator, Page, sync_playwright

import taskframe as tf

CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or ""
FLAGS = ("--no-sandbox", "--disable-gpu", "--disable-quic", "--no-first-run", "--disable-background-networking",
         "--disable-component-update", "--disable-sync")  # fmt: skip
TOKEN = "a-token-of-this-test"
PATIENCE = 60.0

CONNECT = """\
import taskframe as tf
conn = tf.connect({service!r}, **{settings!r}, progress=False, journal=None, rate=[])
tasks = conn.load()
print("READY" + "-KERNEL")
"""
OPEN = "editor = tasks.editor()\neditor"


class Jupyter:
    """A Jupyter server on 127.0.0.1, with folders of its own."""

    def __init__(self, folder: Path) -> None:
        self.home, self.runtime = folder / "home", folder / "runtime"
        self.notebooks = folder / "notebooks"
        for path in (self.home, self.runtime, self.notebooks):
            path.mkdir()
        with socket.socket() as free:
            free.bind(("127.0.0.1", 0))
            self.port = free.getsockname()[1]
        self.url = f"http://127.0.0.1:{self.port}"
        env = {
            **os.environ, "HOME": str(self.home), "JUPYTER_RUNTIME_DIR": str(self.runtime),
            "JUPYTER_CONFIG_DIR": str(self.home / "config"), "JUPYTER_DATA_DIR": str(self.home / "data"),
            "IPYTHONDIR": str(self.home / "ipython"),
        }  # fmt: skip
        options = (
            "--no-browser", "--allow-root", f"--port={self.port}", "--ServerApp.port_retries=0",
            "--ServerApp.ip=127.0.0.1", f"--IdentityProvider.token={TOKEN}", f"--ServerApp.root_dir={self.notebooks}",
            "--LabApp.check_for_updates_class=jupyterlab.NeverCheckForUpdate", "--LabApp.news_url=None",
        )  # fmt: skip
        self._output = (folder / "server.txt").open("w")
        self._process = subprocess.Popen(
            [sys.executable, "-m", "jupyterlab", *options], env=env, stdout=self._output, stderr=self._output
        )
        wait_for(self._answers, "the Jupyter server answers")

    def api(self, path: str, method: str = "GET") -> Any:
        """One call of the server's API."""
        request = urllib.request.Request(f"{self.url}/api/{path}?token={TOKEN}", method=method)
        with urllib.request.urlopen(request, timeout=30) as reply:
            body = reply.read()
        return json.loads(body) if body else None

    def close(self) -> None:
        """Ends the server, and with it its kernels."""
        for kernel in self.api("kernels"):
            with contextlib.suppress(OSError):
                self.api(f"kernels/{kernel['id']}", "DELETE")
        self._process.terminate()
        self._process.wait(30)
        self._output.close()

    def _answers(self) -> bool:
        with contextlib.suppress(OSError):
            return bool(self.api("status"))
        return False


class Notebook:
    """One notebook that is open in the browser."""

    def __init__(self, jupyter: Jupyter, page: Page, name: str, outside: list[str], errors: list[str]) -> None:
        self.jupyter, self.page, self.name = jupyter, page, name
        self.outside, self.errors = outside, errors
        self.received = 0
        self.kernel = ""

    # cells

    @property
    def cells(self) -> Locator:
        """All cells."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def output(self, n: int) -> Locator:
        """What is beneath a cell."""
        return self.cells.nth(n).locator(".jp-Cell-outputWrapper")

    def run(self, n: int) -> None:
        """Runs a cell by its keys."""
        self.cells.nth(n).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+Enter")

    def type_in(self, n: int, source: str) -> None:
        """Puts another source into a cell, and runs it."""
        self.cells.nth(n).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.page.keyboard.press("Control+Enter")

    def interrupt(self) -> None:
        """As the stop button of the notebook does."""
        self.jupyter.api(f"kernels/{self.kernel}/interrupt", "POST")

    def ask(self, expression: str) -> Any:
        """The value of an expression in the kernel."""
        client = BlockingKernelClient(connection_file=str(self.jupyter.runtime / f"kernel-{self.kernel}.json"))
        client.load_connection_file()
        client.start_channels()
        try:
            reply = client.execute_interactive(
                "", user_expressions={"x": f"__import__('json').dumps({expression})"}, store_history=False,
                timeout=PATIENCE, output_hook=lambda _: None,
            )  # fmt: skip
        finally:
            client.stop_channels()
        found = reply["content"]["user_expressions"]["x"]
        assert found["status"] == "ok", found
        return json.loads(eval(found["data"]["text/plain"]))

    # the editor

    @property
    def grid(self) -> Locator:
        """The first grid."""
        return self.page.locator(".tf-grid").first

    def cell(self, row: int, column: str, within: Locator | None = None) -> Locator:
        """A cell of the grid, by the number of its row (from 0) and its column's name."""
        grid = within or self.grid
        head = grid.locator(f'.tabulator-col[tabulator-field^="c"]:has(.tf-title > span:text-is("{column}"))')
        field = head.first.get_attribute("tabulator-field")
        number = grid.locator(f'.tabulator-row:has(.tf-rownum:text-is("{row + 1}"))')
        return number.locator(f'.tabulator-cell[tabulator-field="{field}"]')

    def ready(self, rows: int | None = None) -> None:
        """Waits until the grid shows its rows."""
        wanted = '.tf-grid[data-ready="1"]' + ("" if rows is None else f'[data-rows="{rows}"]')
        self.page.locator(wanted).first.wait_for(timeout=PATIENCE * 1000)
        if rows != 0:
            self.page.locator(".tf-grid .tabulator-cell span").first.wait_for(timeout=PATIENCE * 1000)

    def button(self, name: str) -> Locator:
        """A button of the panel."""
        return self.page.locator(".taskframe-editor button.jupyter-button", has_text=name).first

    def tab(self, name: str) -> None:
        """Turns to a tab."""
        self.page.locator(".taskframe-editor .lm-TabBar-tab", has_text=name).first.click()

    @property
    def note(self) -> str:
        """The line beneath the grid."""
        return self.grid.locator(".tf-note").inner_text()


def wait_for(what: Callable[[], Any], words: str, timeout: float = PATIENCE) -> Any:
    """Waits until `what` is true; gives what it gave."""
    end = time.monotonic() + timeout
    while not (found := what()):
        assert time.monotonic() < end, f"in {timeout:g} seconds it never came that {words}"
        time.sleep(0.05)
    return found


@contextlib.contextmanager
def opened(
    jupyter: Jupyter, folder: Path, cells: list[str], *, name: str = "editor", face: str = "lab", dark: bool = False,
    size: tuple[int, int] = (1500, 1250),
) -> Iterator[Notebook]:  # fmt: skip
    """A notebook with these cells, open in JupyterLab ("lab") or Notebook 7 ("notebook"), its kernel idle."""
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(document, jupyter.notebooks / f"{name}.ipynb")
    settings = jupyter.home / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
    settings.mkdir(parents=True, exist_ok=True)
    (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
    if dark:
        (settings / "themes.jupyterlab-settings").write_text('{"theme": "JupyterLab Dark"}')
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder / "browser"), executable_path=CHROMIUM, headless=True, args=list(FLAGS),
            viewport={"width": size[0], "height": size[1]}, color_scheme="dark" if dark else "light",
        )  # fmt: skip
        try:
            context.grant_permissions(["clipboard-read", "clipboard-write"], origin=jupyter.url)
            outside: list[str] = []
            errors: list[str] = []
            page = context.pages[0] if context.pages else context.new_page()
            ours = (jupyter.url, jupyter.url.replace("http", "ws", 1), "data:", "blob:")
            page.on("request", lambda r: None if r.url.startswith(ours) else outside.append(r.url))
            # Notebook 7 has errors of its own; what anywidget runs for us comes from a blob
            page.on(
                "pageerror", lambda e: errors.append(str(e)) if face == "lab" or "blob:" in (e.stack or "") else None
            )
            notebook = Notebook(jupyter, page, name, outside, errors)

            def counted(frame: Any) -> None:
                notebook.received += len(frame)

            page.on("websocket", lambda socket: socket.on("framereceived", counted))
            where = f"lab/tree/{name}.ipynb" if face == "lab" else f"notebooks/{name}.ipynb"
            page.goto(f"{jupyter.url}/{where}?token={TOKEN}" + ("&reset" if face == "lab" else ""))
            page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE * 1000)

            def idle() -> str:
                for session in jupyter.api("sessions"):
                    if session["path"] == f"{name}.ipynb" and session["kernel"]["execution_state"] == "idle":
                        return str(session["kernel"]["id"])
                page.wait_for_timeout(100)
                return ""

            notebook.kernel = wait_for(idle, "the kernel is idle")
            yield notebook
        finally:
            context.close()


@contextlib.contextmanager
def editing(
    jupyter: Jupyter, folder: Path, box: tf.LocalSandbox, *more: str, service: str = "reload", open_with: str = OPEN,
    **options: Any,
) -> Iterator[Notebook]:  # fmt: skip
    """A notebook with the editor open on the sandbox's tasks; `more` are further cells, not yet run."""
    connect = CONNECT.format(service=service, settings=box.settings(service))
    with opened(jupyter, folder, [connect, open_with, *more], **options) as notebook:
        notebook.run(0)
        notebook.output(0).get_by_text("READY-KERNEL").wait_for(timeout=PATIENCE * 1000)
        notebook.run(1)
        notebook.ready()
        yield notebook
