"""The notebooks run from top to bottom in a real kernel, whose own event loop is running."""

from __future__ import annotations

from pathlib import Path

import nbformat
import pytest
from nbclient import NotebookClient

NOTEBOOKS = sorted((Path(__file__).parents[2] / "notebooks").glob("*.ipynb"))


SHOWN = {
    "00_first_steps": ["tasks of Reload", "cells are", "1 conflict"],
    "01_analysis": [
        "2,000 tasks of Kore",
        "('status.name', 'currAssignee._id', 'dueDate', 'updatedAt')",
        "1,239 open tasks; groupby(…) alone counts 1,096, dropna=False 1,239",
        "0 edits in tasks.df, 461 in the copy",
    ],
    "02_bulk_reassignment": [
        "154 ready",
        "152 applied",
        "2 conflict",
        "Renamed by a colleague",
        "{'applied': 1}",
        "152 tasks to put back",
        "{'applied': 152}",
        "Ada has 152 of her 154 tasks back",
    ],
    "03_csv_updates": [
        "is not one of none, low",
        "this has 501",
        "dueAt is read-only",
        "no task of this load has this id",
        "41 tasks",
        "40 applied",
        "Written on Tuesday by a colleague",
        "urgent",
    ],
}
"""What each notebook shows, as text or as HTML."""


def _shown(notebook: nbformat.NotebookNode) -> str:
    outputs = [o for cell in notebook.cells for o in cell.get("outputs", ())]
    texts = [o.get("text", "") for o in outputs if o.get("name") == "stdout"]
    kinds = ("text/html", "text/plain")
    return "\n".join(texts + [o["data"].get(kind, "") for o in outputs if "data" in o for kind in kinds])


def test_all_are_looked_at() -> None:
    """A notebook that is added says what it shows."""
    assert {path.stem for path in NOTEBOOKS} == set(SHOWN)


@pytest.mark.slow
@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda p: p.stem)
def test_it_runs(path: Path, tmp_path: Path) -> None:
    """Each cell runs and shows what it should; nothing is written to stderr but progress bars."""
    notebook = nbformat.read(path, as_version=4)
    assert not any(cell.get("outputs") for cell in notebook.cells), "commit notebooks without outputs"
    resources = {"metadata": {"path": str(tmp_path)}}
    NotebookClient(notebook, timeout=240, kernel_name="python3", resources=resources).execute()
    shown = _shown(notebook)
    for words in SHOWN[path.stem]:
        assert words in shown, words
    errors = [o["text"] for c in notebook.cells for o in c.get("outputs", ()) if o.get("name") == "stderr"]
    assert all("Traceback" not in text and "Warning" not in text for text in errors), errors
