"""The notebooks run from top to bottom in a real kernel, whose own event loop is running."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


def _html(notebook: nbformat.NotebookNode) -> str:
    outputs = (o for cell in notebook.cells for o in cell.get("outputs", ()))
    return "\n".join(o["data"].get("text/html", "") for o in outputs if "data" in o)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    """Each cell runs, frame, plan and report show as HTML, and nothing is written to stderr but progress bars."""
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=120, kernel_name="python3", resources=resources).execute()
    shown = _html(notebook)
    assert "tasks of Reload" in shown
    assert "cells are" in shown
    assert "1 conflict" in shown
    errors = [o["text"] for c in notebook.cells for o in c.get("outputs", ()) if o.get("name") == "stderr"]
    assert all("Traceback" not in text and "Warning" not in text for text in errors), errors
