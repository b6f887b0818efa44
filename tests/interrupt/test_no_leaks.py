"""200 applies in one process leak no task, socket, thread, file or object of ours; nor do interrupted ones."""

from __future__ import annotations

import json
import subprocess
import sys
from pathlib import Path

import pytest
from interrupt_stage import SERVICES

import taskframe as tf

CHILD = Path(__file__).with_name("leaks_child.py")


@pytest.mark.skipif(not Path("/proc/self/fd").is_dir(), reason="counts files by /proc")
def test_many_applies_leave_nothing(tmp_path: Path) -> None:
    """On all services, with a connection each and with one for all: 204 that go through, 30 that are interrupted, 12
    that are cancelled. Afterwards all is as it was before."""
    journal = tmp_path / "journal.sqlite"
    with tf.sandbox(tasks=5) as box:
        settings = json.dumps({service: box.settings(service) for service in SERVICES})
        command = [sys.executable, "-W", "error", str(CHILD), settings, str(journal)]
        done = subprocess.run(command, capture_output=True, text=True, timeout=250, check=False)
        assert done.returncode == 0, done.stderr
        told = json.loads(done.stdout)
        assert told["after"] == told["before"]
        assert not list(tmp_path.glob("*.live"))
        found = 0
        for service in SERVICES:
            with box.connect(service, journal=journal, progress=False) as conn:
                runs = conn.runs()
            assert set(runs["state"]) <= {"ended", "stopped"}
            found += len(runs)
        assert found >= 3 * 2 * (34 + 5) + 3  # a cancelled one may not have begun
