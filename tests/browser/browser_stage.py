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
from playwright.sync_api import BrowserContext, Locator, Page, sync_playwright

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

    def __init__(self, folder: Path, *, theme: str = "JupyterLab Light") -> None:
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
        self._settle(theme)
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

    def _settle(self, theme: str) -> None:
        settings = self.home / "config" / "lab" / "user-settings" / "@jupyterlab" / "apputils-extension"
        settings.mkdir(parents=True, exist_ok=True)
        (settings / "notification.jupyterlab-settings").write_text('{"fetchNews": "false", "checkForUpdates": false}')
        (settings / "themes.jupyterlab-settings").write_text(json.dumps({"theme": theme}))

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
        self._client: BlockingKernelClient | None = None

    # cells

    @property
    def cells(self) -> Locator:
        """All cells."""
        return self.page.locator(".jp-Notebook .jp-Cell")

    def output(self, n: int) -> Locator:
        """What is beneath a cell."""
        return self.cells.nth(n).locator(".jp-Cell-outputWrapper")

    def run(self, n: int) -> None:
        """Runs a cell by its keys; again, where the notebook did not listen yet."""
        prompt = self.cells.nth(n).locator(".jp-InputPrompt")
        before = prompt.inner_text()
        for _ in range(3):
            self.cells.nth(n).locator(".jp-InputArea-editor").click()
            self.page.keyboard.press("Control+Enter")
            with contextlib.suppress(AssertionError):
                wait_for(lambda: prompt.inner_text() != before, "the cell runs", timeout=10)
                return
        raise AssertionError(f"cell {n} of {self.name} does not run")

    def type_in(self, n: int, source: str) -> None:
        """Puts another source into a cell, and runs it."""
        self.cells.nth(n).locator(".jp-InputArea-editor").click()
        self.page.keyboard.press("Control+a")
        self.page.keyboard.insert_text(source)
        self.run(n)

    def interrupt(self) -> None:
        """As the stop button of the notebook does."""
        self.jupyter.api(f"kernels/{self.kernel}/interrupt", "POST")

    def ask(self, expression: str) -> Any:
        """The value of an expression in the kernel."""
        if self._client is None:
            self._client = BlockingKernelClient(
                connection_file=str(self.jupyter.runtime / f"kernel-{self.kernel}.json")
            )
            self._client.load_connection_file()
            self._client.start_channels()
            self._client.wait_for_ready(timeout=PATIENCE)  # until then what the kernel publishes may not reach us
        reply = self._client.execute_interactive(
            "", user_expressions={"x": f"__import__('json').dumps({expression})"}, store_history=False,
            timeout=PATIENCE, output_hook=lambda _: None,
        )  # fmt: skip
        found = reply["content"]["user_expressions"]["x"]
        assert found["status"] == "ok", found
        return json.loads(eval(found["data"]["text/plain"]))

    def forget(self) -> None:
        """The kernel was restarted: `ask` knocks at the new one, as what it publishes first may miss an old client."""
        if self._client is not None:
            self._client.stop_channels()
            self._client = None

    def idle_kernel(self) -> str:
        """The kernel's id once it is idle; "" until then."""
        for session in self.jupyter.api("sessions"):
            if session["path"] == f"{self.name}.ipynb" and session["kernel"]["execution_state"] == "idle":
                return str(session["kernel"]["id"])
        self.page.wait_for_timeout(100)
        return ""

    def count(self, frame: str | bytes) -> None:
        """One frame of a websocket came in."""
        self.received += len(frame)

    def close(self) -> None:
        """Away with the page and the kernel."""
        self.forget()
        self.page.close()
        if self.kernel:
            self.jupyter.api(f"kernels/{self.kernel}", "DELETE")

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

    def edit(self, row: int, column: str, text: str, within: Locator | None = None) -> None:
        """Double-clicks a cell, types in place of what is there, and keeps it."""
        field = (within or self.grid).locator(".tf-field")
        for _ in range(3):
            self.cell(row, column, within).dblclick()
            with contextlib.suppress(AssertionError):
                wait_for(field.count, "the cell is being edited", timeout=10)
                break
        self.page.keyboard.press("Control+a")
        self.page.keyboard.type(text)
        self.page.keyboard.press("Enter")
        field.wait_for(state="detached")

    def pick(self, row: int, column: str, words: str, *, typed: str = "") -> None:
        """Double-clicks a cell, and chooses from its drop-down; `typed` narrows it before."""
        self.cell(row, column).dblclick()
        self.page.keyboard.type(typed)
        self.page.locator(".tabulator-edit-list-item", has_text=words).first.click()

    def filter(self, column: str) -> Locator:
        """The part of the filter that is about this column."""
        return self.page.locator(f'.taskframe-editor .widget-vbox:has(> .widget-label:text-is("{column}"))')

    def set_all(self, column: str, value: str, way: str = "value") -> None:
        """Sets a column of all filtered tasks: to one of its choices, to nothing, or by weights."""
        words = self.page.get_by_text("Set for all filtered")
        bulk = self.page.locator(".taskframe-editor .widget-box", has=words).last
        bulk.locator("select").nth(0).select_option(column)
        bulk.locator("select").nth(1).select_option(way)
        if way == "split among":
            bulk.get_by_placeholder("who: weight").fill(value)
            bulk.get_by_placeholder("who: weight").press("Tab")
        elif way == "value":
            bulk.locator("select").nth(2).select_option(value)
        bulk.get_by_role("button", name="Set ").click()

    def button(self, name: str) -> Locator:
        """A button of the panel."""
        return self.page.locator(".taskframe-editor button.jupyter-button", has_text=name).first

    def tab(self, name: str) -> None:
        """Turns to a tab, once the page shows the one that the kernel turned to: else it would be turned away again."""
        at = self.ask("editor.tabs.selected_index")
        tab = ".taskframe-editor .lm-TabBar-tab"
        self.page.locator(f"{tab}:nth-child({at + 1}).lm-mod-current").first.wait_for()
        self.page.locator(tab, has_text=name).first.click()

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
def browsing(folder: Path, jupyter: Jupyter, *, dark: bool = False) -> Iterator[BrowserContext]:
    """A browser for several notebooks, one after the other; its profile and cache are in `folder`.

    While it is open, nothing in this thread can run an event loop of its own.
    """
    with sync_playwright() as playwright:
        context = playwright.chromium.launch_persistent_context(
            str(folder), executable_path=CHROMIUM, headless=True, args=list(FLAGS),
            color_scheme="dark" if dark else "light",
        )  # fmt: skip
        try:
            context.grant_permissions(["clipboard-read", "clipboard-write"], origin=jupyter.url)
            yield context
        finally:
            context.close()


@contextlib.contextmanager
def opened(
    jupyter: Jupyter, browser: BrowserContext, cells: list[str], *, name: str = "editor", face: str = "lab",
    size: tuple[int, int] = (1500, 1250),
) -> Iterator[Notebook]:  # fmt: skip
    """A notebook with these cells, open in JupyterLab ("lab") or Notebook 7 ("notebook"), its kernel idle."""
    document = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(c) for c in cells])
    document.metadata["kernelspec"] = {"name": "python3", "display_name": "Python 3", "language": "python"}
    nbformat.write(document, jupyter.notebooks / f"{name}.ipynb")
    outside: list[str] = []
    errors: list[str] = []
    page = browser.new_page()
    page.set_viewport_size({"width": size[0], "height": size[1]})
    ours = (jupyter.url, jupyter.url.replace("http", "ws", 1), "data:", "blob:")
    page.on("request", lambda r: None if r.url.startswith(ours) else outside.append(r.url))

    def wrong(error: Any) -> None:
        if face == "lab" or "blob:" in (error.stack or ""):  # Notebook 7 has errors of its own; anywidget's is a blob
            errors.append(error.stack or str(error))

    page.on("pageerror", wrong)
    notebook = Notebook(jupyter, page, name, outside, errors)
    page.on("websocket", lambda socket: socket.on("framereceived", notebook.count))
    try:
        where = f"lab/tree/{name}.ipynb" if face == "lab" else f"notebooks/{name}.ipynb"
        page.goto(f"{jupyter.url}/{where}?token={TOKEN}" + ("&reset" if face == "lab" else ""))
        page.wait_for_selector(".jp-Notebook .jp-Cell", timeout=PATIENCE * 1000)
        notebook.kernel = wait_for(notebook.idle_kernel, "the kernel is idle")
        yield notebook
    finally:
        notebook.close()


@contextlib.contextmanager
def editing(
    jupyter: Jupyter, browser: BrowserContext, box: tf.LocalSandbox, *more: str, service: str = "reload",
    open_with: str = OPEN, **options: Any,
) -> Iterator[Notebook]:  # fmt: skip
    """A notebook with the editor open on the sandbox's tasks; `more` are further cells, not yet run."""
    connect = CONNECT.format(service=service, settings=box.settings(service))
    with opened(jupyter, browser, [connect, open_with, *more], **options) as notebook:
        notebook.run(0)
        notebook.output(0).get_by_text("READY-KERNEL").wait_for(timeout=PATIENCE * 1000)
        notebook.run(1)
        notebook.ready()
        yield notebook
