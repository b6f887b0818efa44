"""A Jupyter server for all browser tests, and why they are skipped where there can be none."""

from __future__ import annotations

import importlib.util
import shutil
from collections.abc import Iterator
from pathlib import Path
from typing import TYPE_CHECKING

import pytest

if TYPE_CHECKING:
    from browser_stage import Jupyter
    from playwright.sync_api import BrowserContext

_LACKING = [
    name for name in ("playwright", "jupyterlab", "notebook", "anywidget") if not importlib.util.find_spec(name)
]
if _LACKING:
    collect_ignore_glob = ["test_*.py"]


def pytest_collection_modifyitems(items: list[pytest.Item]) -> None:
    """They need a browser, and packages that are not needed elsewhere."""
    if shutil.which("chromium") or shutil.which("chromium-browser"):
        return
    here = Path(__file__).parent
    for item in items:
        if here in item.path.parents:
            item.add_marker(pytest.mark.skip("needs Chromium: apt-get install chromium fonts-dejavu-core"))


@pytest.fixture(scope="session")
def jupyter(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Jupyter]:
    """One server for all."""
    from browser_stage import Jupyter

    server = Jupyter(tmp_path_factory.mktemp("jupyter"))
    yield server
    server.close()


@pytest.fixture(scope="module")
def browser(jupyter: Jupyter, tmp_path_factory: pytest.TempPathFactory) -> Iterator[BrowserContext]:
    """One browser for a module: while it is open, tests of other folders could run no event loop."""
    from browser_stage import browsing

    with browsing(tmp_path_factory.mktemp("browser"), jupyter) as context:
        yield context
