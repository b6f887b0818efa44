"""A desk for each test."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path

import pytest

import taskframe as tf
from tests.cli.desk import Desk


@pytest.fixture
def desk(tmp_path: Path) -> Iterator[Desk]:
    """A folder with settings, and a Reload with 200 tasks."""
    with tf.sandbox(tasks=200, services=["reload"]) as box:
        yield Desk(tmp_path, box)


@pytest.fixture
def all_three(tmp_path: Path) -> Iterator[Desk]:
    """The same with all services."""
    with tf.sandbox(tasks=60) as box:
        yield Desk(tmp_path, box)
