"""An account of Kore's in a sandbox, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import taskframe as tf


@pytest.fixture
def box() -> Iterator[tf.LocalSandbox]:
    """120 tasks: three pages."""
    with tf.sandbox(tasks=120, services=["kore"]) as box:
        yield box


@pytest.fixture
def conn(box: tf.LocalSandbox) -> Iterator[tf.Connection]:
    """A connection to `box`, without progress bars."""
    with box.connect("kore", progress=False) as conn:
        yield conn
