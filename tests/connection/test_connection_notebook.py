"""In a real kernel, whose own event loop is running: sync calls, `await`, bars, interrupts."""

from __future__ import annotations

from typing import Any

import pytest

import taskframe as tf

nbclient = pytest.importorskip("nbclient")
nbformat = pytest.importorskip("nbformat")
pytest.importorskip("ipykernel")

CELLS = (
    "import asyncio, threading, taskframe as tf\n"
    "assert asyncio.get_running_loop().is_running()\n"
    "conn = tf.connect('reload', base_url={base_url!r}, token={token!r})\n"
    "conn.check()",
    "tasks = conn.load()\ntasks",
    "tasks.df.loc[tasks.df['priority'] == 'none', 'priority'] = 'low'\nplan = tasks.plan()\nplan",
    "report = plan.apply()\nreport",
    "again = await conn.load_async(progress=False)\n(len(again), len(tasks.plan()), report.ok)",
    "conn.close()\n[t.name for t in threading.enumerate() if t.name == 'taskframe']",
)


@pytest.mark.slow
@pytest.mark.filterwarnings("ignore")  # those of the client that drives the kernel
def test_a_notebook_loads_plans_and_applies(box: tf.LocalSandbox) -> None:
    """Cell by cell, in the kernel's running loop; previews are HTML, bars are widgets that end full."""
    settings = box.settings("reload")
    sources = [cell.format(**settings) if "{base_url" in cell else cell for cell in CELLS]
    notebook = nbformat.v4.new_notebook(cells=[nbformat.v4.new_code_cell(source) for source in sources])
    nbclient.NotebookClient(notebook, timeout=60, kernel_name="python3", store_widget_state=True).execute()

    results: list[dict[str, Any]] = [
        next((o["data"] for o in cell["outputs"] if o["output_type"] == "execute_result"), {})
        for cell in notebook["cells"]
    ]
    assert box["reload"].workspace in results[0]["text/plain"]
    for result, words in zip(results[1:4], ("300 tasks", "none", "applied"), strict=True):
        assert words in result["text/html"]
        assert words in result["text/plain"]
    low = len(box.log.writes())
    assert low > 10
    assert results[4]["text/plain"] == "(300, 0, True)"
    assert results[5]["text/plain"] == "[]"
    errors = [o for cell in notebook["cells"] for o in cell["outputs"] if o["output_type"] == "error"]
    assert errors == []
    assert settings["token"] not in str([cell["outputs"] for cell in notebook["cells"]])

    state = notebook["metadata"]["widgets"]["application/vnd.jupyter.widget-state+json"]["state"]
    bars = [w["state"] for w in state.values() if w["model_name"] == "FloatProgressModel"]
    assert [(bar["value"], bar["max"]) for bar in bars] == [(300, 300), (low, low)]
    assert [bar["bar_style"] for bar in bars] == ["success", "success"]
