"""An organization of Pragmatiks in a sandbox, and a connection to it."""

from __future__ import annotations

from collections.abc import Iterator

import pytest

import taskframe as tf


@pytest.fixture
def box() -> Iterator[tf.LocalSandbox]:
    """120 tasks."""
    with tf.sandbox(tasks=120, services=["pragmatiks"]) as box:
        yield box


@pytest.fixture
def conn(box: tf.LocalSandbox) -> Iterator[tf.Connection]:
    """A connection to `box`, without progress bars."""
    with box.connect("pragmatiks", progress=False) as conn:
        yield conn
