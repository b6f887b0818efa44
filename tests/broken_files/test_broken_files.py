"""Each file of the corpus says what is wrong with it, sends nothing, and takes no more memory than it may."""

from __future__ import annotations

import subprocess
import sys
import tracemalloc
from pathlib import Path
from typing import Any

import pytest
from broken_corpus import CORPUS, Broken

import taskframe as tf

sys.path.insert(0, str(Path(__file__).parents[1] / "frame"))
from offline import tasks


def plan(broken: Broken, folder: Path) -> Any:
    made, path = tasks(6), broken.write(folder)
    if path.suffix == ".xlsx":
        return made.plan_excel(path, **broken.options)
    return made.plan_csv(path, **broken.options)


def test_the_corpus_is_large() -> None:
    """Sixty files or more, none of one name."""
    assert len({broken.name for broken in CORPUS}) == len(CORPUS) >= 60


@pytest.mark.parametrize("broken", CORPUS, ids=lambda broken: broken.name)
def test_a_broken_file_gives_its_message(broken: Broken, tmp_path: Path) -> None:
    """An error names the file, a problem its line; what was read otherwise than it stands is noted."""
    if broken.kind == "error":
        with pytest.raises((tf.FileError, tf.PlanError)) as caught:
            plan(broken, tmp_path)
        told = str(caught.value)
        assert broken.name in told or broken.options
    else:
        found = plan(broken, tmp_path)
        problems = found.problems
        told = "\n".join(problems["problem"] if broken.kind == "problem" else found.notes)
        if broken.kind == "problem":
            assert len(found.changes) == 0
            assert problems["line"].notna().all()
    for words in broken.words:
        assert words in told


@pytest.mark.parametrize("name", ["long.csv", "bomb.xlsx", "strings-bomb.xlsx"])
def test_memory_is_bounded(name: str, tmp_path: Path) -> None:
    """A line of 1 GB and a workbook that unpacks to 300 MB of blanks take little of it."""
    (broken,) = (b for b in CORPUS if b.name == name)
    path = broken.write(tmp_path)
    made = tasks(6)
    tracemalloc.start()
    try:
        with pytest.raises(tf.FileError):
            made.plan_excel(path) if path.suffix == ".xlsx" else made.plan_csv(path)
        assert tracemalloc.get_traced_memory()[1] < 32 << 20
    finally:
        tracemalloc.stop()


_PEAK = """
import sys, openpyxl, taskframe as tf
from pathlib import Path
sys.path.insert(0, sys.argv[2])
from offline import tasks
made, path = tasks(6), Path(sys.argv[1])
def peak():
    return int(next(l.split()[1] for l in open("/proc/self/status") if l.startswith("VmHWM")))
small = path.with_name("small.csv")
small.write_text("id,title\\ntsk_000,x\\n")
made.plan_csv(small)
Path("/proc/self/clear_refs").write_text("5")
before = peak()
try:
    made.plan_excel(path) if path.suffix == ".xlsx" else made.plan_csv(path)
except tf.FileError:
    print(peak() - before)
"""


@pytest.mark.slow
@pytest.mark.skipif(sys.platform != "linux", reason="where a process tells its peak")
@pytest.mark.parametrize("name", ["long.csv", "bomb.xlsx", "strings-bomb.xlsx"])
def test_so_is_that_of_the_process(name: str, tmp_path: Path) -> None:
    """All that it has, decompression and parsers too: less than 64 MB more."""
    (broken,) = (b for b in CORPUS if b.name == name)
    path = broken.write(tmp_path)
    offline = str(Path(__file__).parents[1] / "frame")
    done = subprocess.run(
        [sys.executable, "-c", _PEAK, str(path), offline], capture_output=True, text=True, check=True
    )  # fmt: skip
    assert int(done.stdout) < 64 << 10
